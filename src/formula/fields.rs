//! Reads the keys of one table, noting wrong types and unknown keys on the way instead of stopping at the first.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::model::Source;
use super::node::{Entry, Node, Place, Value};
use super::problem::Problem;

/// What is gathered while a file is read.
#[derive(Default)]
pub(super) struct Reading {
    pub problems: Vec<Problem>,
    pub places: HashMap<String, Place>,
}

impl Reading {
    /// The file's source, with the places found.
    pub fn into_source(self, formula: &str, path: &str) -> (Arc<Source>, Vec<Problem>) {
        (Arc::new(Source { formula: formula.to_owned(), path: path.to_owned(), places: self.places }), self.problems)
    }

    fn wrong(&mut self, node: &Node, key: &str, wanted: &str) {
        let message = format!("must be {wanted}, not {}", node.value.kind());
        self.problems.push(Problem::error(node.place, key, message));
    }
}

/// The keys of one table.
pub(super) struct Fields<'a> {
    pub reading: &'a mut Reading,
    /// The table's own key: `steps[2].gate`.
    pub key: String,
    entries: Vec<Entry>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    /// Opens a table; notes a problem when it is something else.
    pub fn open(reading: &'a mut Reading, node: Node, key: &str) -> Option<Self> {
        if !key.is_empty() {
            reading.places.insert(key.to_owned(), node.place);
        }
        match node.value {
            Value::Table(entries) => Some(Self { reading, key: key.to_owned(), entries, known: Vec::new() }),
            _ => {
                reading.wrong(&node, key, "a table");
                None
            }
        }
    }

    /// The full key of `name` in this table.
    pub fn path(&self, name: &str) -> String {
        if self.key.is_empty() { name.to_owned() } else { format!("{}.{name}", self.key) }
    }

    /// Whether the table has this key.
    pub fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == name)
    }

    /// Takes the value of `name`; null counts as absent.
    pub fn take(&mut self, name: &'static str) -> Option<(String, Node)> {
        self.known.push(name);
        let at = self.entries.iter().position(|entry| entry.key == name)?;
        let entry = self.entries.remove(at);
        let path = self.path(name);
        self.reading.places.insert(path.clone(), entry.place);
        (!matches!(entry.node.value, Value::Null)).then_some((path, entry.node))
    }

    /// A string; empty when absent.
    pub fn text(&mut self, name: &'static str) -> String {
        match self.take(name) {
            Some((_, Node { value: Value::Text(text), .. })) => text,
            Some((path, node)) => {
                self.reading.wrong(&node, &path, "a string");
                String::new()
            }
            None => String::new(),
        }
    }

    /// A string, number or boolean, as text.
    pub fn scalar(&mut self, name: &'static str) -> Option<String> {
        let (path, node) = self.take(name)?;
        let scalar = node.value.scalar();
        if scalar.is_none() {
            self.reading.wrong(&node, &path, "a string, number or boolean");
        }
        scalar
    }

    /// A boolean; false when absent.
    pub fn flag(&mut self, name: &'static str) -> bool {
        self.maybe_flag(name).unwrap_or_default()
    }

    /// A boolean, where there is one.
    pub fn maybe_flag(&mut self, name: &'static str) -> Option<bool> {
        match self.take(name)? {
            (_, Node { value: Value::Bool(value), .. }) => Some(value),
            (path, node) => {
                self.reading.wrong(&node, &path, "true or false");
                None
            }
        }
    }

    /// An integer, where there is one.
    pub fn integer(&mut self, name: &'static str) -> Option<i64> {
        match self.take(name)? {
            (_, Node { value: Value::Integer(value), .. }) => Some(value),
            (path, node) => {
                self.reading.wrong(&node, &path, "an integer");
                None
            }
        }
    }

    /// A list of strings; a single string counts as a list of one.
    pub fn texts(&mut self, name: &'static str) -> Vec<String> {
        let Some((path, node)) = self.take(name) else { return Vec::new() };
        let items = match node.value {
            Value::Text(text) => return vec![text],
            Value::List(items) => items,
            _ => {
                self.reading.wrong(&node, &path, "a list of strings");
                return Vec::new();
            }
        };
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let path = format!("{path}[{index}]");
            self.reading.places.insert(path.clone(), item.place);
            match item.value.scalar() {
                Some(text) => texts.push(text),
                None => self.reading.wrong(&item, &path, "a string"),
            }
        }
        texts
    }

    /// A table of strings.
    pub fn words(&mut self, name: &'static str) -> BTreeMap<String, String> {
        let mut words = BTreeMap::new();
        for (path, key, node) in self.entries_of(name) {
            match node.value.scalar() {
                Some(text) => {
                    words.insert(key, text);
                }
                None => self.reading.wrong(&node, &path, "a string"),
            }
        }
        words
    }

    /// A table of things that `read` makes of each value.
    pub fn tables<T>(
        &mut self,
        name: &'static str,
        mut read: impl FnMut(&mut Reading, Node, &str) -> Option<T>,
    ) -> BTreeMap<String, T> {
        let mut out = BTreeMap::new();
        for (path, key, node) in self.entries_of(name) {
            if let Some(value) = read(self.reading, node, &path) {
                out.insert(key, value);
            }
        }
        out
    }

    /// A list of things that `read` makes of each item.
    pub fn list<T>(
        &mut self,
        name: &'static str,
        mut read: impl FnMut(&mut Reading, Node, &str) -> Option<T>,
    ) -> Vec<T> {
        let Some((path, node)) = self.take(name) else { return Vec::new() };
        let Value::List(items) = node.value else {
            self.reading.wrong(&node, &path, "a list of tables");
            return Vec::new();
        };
        let item = |(index, node)| read(self.reading, node, &format!("{path}[{index}]"));
        items.into_iter().enumerate().filter_map(item).collect()
    }

    /// A table that `read` makes something of.
    pub fn table<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Reading, Node, &str) -> Option<T>,
    ) -> Option<T> {
        let (path, node) = self.take(name)?;
        read(self.reading, node, &path)
    }

    fn entries_of(&mut self, name: &'static str) -> Vec<(String, String, Node)> {
        let Some((path, node)) = self.take(name) else { return Vec::new() };
        let Value::Table(entries) = node.value else {
            self.reading.wrong(&node, &path, "a table");
            return Vec::new();
        };
        let mut out = Vec::with_capacity(entries.len());
        for entry in entries {
            let path = format!("{path}.{}", entry.key);
            self.reading.places.insert(path.clone(), entry.place);
            out.push((path, entry.key, entry.node));
        }
        out
    }

    /// Warns about the keys nobody asked for.
    pub fn close(mut self) {
        for entry in std::mem::take(&mut self.entries) {
            let problem = Problem::warning(entry.place, self.path(&entry.key), "unknown key, ignored")
                .nearest(&entry.key, self.known.iter().copied());
            self.reading.problems.push(problem);
        }
    }
}
