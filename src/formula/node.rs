//! A formula file as a tree of values that know where they stand, read from TOML or JSON.

use std::cell::Cell;
use std::io::Read;
use std::rc::Rc;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use toml::de::{DeTable, DeValue};

use super::problem::Problem;

/// Where something stands in its file, counted from 1; 0 when unknown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The line.
    pub line: u32,
    /// The column in characters; JSON files are placed by line only.
    pub column: u32,
}

/// A value and its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub place: Place,
    pub value: Value,
}

#[derive(Debug, Clone)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    /// A float, date or oversized integer, as written.
    Other(String),
    Text(String),
    List(Vec<Node>),
    Table(Vec<Entry>),
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub key: String,
    pub place: Place,
    pub node: Node,
}

impl Value {
    /// What the value is, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Integer(_) => "an integer",
            Value::Other(_) => "a number or date",
            Value::Text(_) => "a string",
            Value::List(_) => "a list",
            Value::Table(_) => "a table",
        }
    }

    /// A string, or a scalar as it would be written.
    pub fn scalar(&self) -> Option<String> {
        match self {
            Value::Bool(value) => Some(value.to_string()),
            Value::Integer(value) => Some(value.to_string()),
            Value::Other(text) | Value::Text(text) => Some(text.clone()),
            Value::Null | Value::List(_) | Value::Table(_) => None,
        }
    }
}

/// Turns byte offsets into places.
struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        let starts = std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect();
        Self { text, starts }
    }

    fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset).saturating_sub(1);
        let before = self.text.get(self.starts[line]..offset).unwrap_or_default();
        Place { line: number(line + 1), column: number(before.chars().count() + 1) }
    }
}

fn number(value: usize) -> u32 {
    u32::try_from(value).unwrap_or(u32::MAX)
}

/// Reads TOML; every syntax error of the file is reported.
pub(super) fn from_toml(text: &str) -> Result<Node, Vec<Problem>> {
    let lines = Lines::new(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        let problem = |error: &toml::de::Error| {
            let place = error.span().map(|span| lines.place(span.start)).unwrap_or_default();
            Problem::error(place, "", error.message())
        };
        return Err(errors.iter().map(problem).collect());
    }
    let place = Place { line: 1, column: 1 };
    Ok(Node { place, value: Value::Table(toml_entries(table.get_ref(), &lines)) })
}

fn toml_entries(table: &DeTable<'_>, lines: &Lines<'_>) -> Vec<Entry> {
    let entry = |(key, value): (&toml::Spanned<_>, &toml::Spanned<DeValue<'_>>)| {
        let key: &toml::Spanned<std::borrow::Cow<'_, str>> = key;
        let place = lines.place(key.span().start);
        let mut node = toml_node(value, lines);
        if matches!(node.value, Value::Table(_)) {
            node.place = place;
        }
        Entry { key: key.get_ref().to_string(), place, node }
    };
    let mut entries: Vec<Entry> = table.iter().map(entry).collect();
    entries.sort_by_key(|entry| entry.place);
    entries
}

fn toml_node(value: &toml::Spanned<DeValue<'_>>, lines: &Lines<'_>) -> Node {
    let place = lines.place(value.span().start);
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(digits) => match i64::from_str_radix(digits.as_str(), digits.radix()) {
            Ok(value) => Value::Integer(value),
            Err(_) => Value::Other(digits.as_str().to_owned()),
        },
        DeValue::Float(digits) => Value::Other(digits.as_str().to_owned()),
        DeValue::Boolean(value) => Value::Bool(*value),
        DeValue::Datetime(time) => Value::Other(time.to_string()),
        DeValue::Array(list) => Value::List(list.iter().map(|item| toml_node(item, lines)).collect()),
        DeValue::Table(table) => Value::Table(toml_entries(table, lines)),
    };
    Node { place, value }
}

/// Reads JSON. `serde_json` gives no positions of what it reads well, but it takes its input byte by byte: a reader that counts
/// the lines it has handed out knows where each value stands.
pub(super) fn from_json(text: &str) -> Result<Node, Vec<Problem>> {
    let line = Rc::new(Cell::new(1));
    let mut deserializer =
        serde_json::Deserializer::from_reader(Counting { left: text.as_bytes(), line: line.clone() });
    let node = JsonNode(&line).deserialize(&mut deserializer).and_then(|node| deserializer.end().map(|()| node));
    node.map_err(|error| {
        let place = Place { line: number(error.line()), column: number(error.column()) };
        let message = error.to_string();
        let message = message.split(" at line ").next().unwrap_or_default();
        vec![Problem::error(place, "", message)]
    })
}

struct Counting<'a> {
    left: &'a [u8],
    line: Rc<Cell<u32>>,
}

impl Read for Counting<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let (Some(slot), Some((first, rest))) = (buffer.first_mut(), self.left.split_first()) else { return Ok(0) };
        *slot = *first;
        self.left = rest;
        if *first == b'\n' {
            self.line.set(self.line.get().saturating_add(1));
        }
        Ok(1)
    }
}

#[derive(Clone, Copy)]
struct JsonNode<'a>(&'a Cell<u32>);

impl JsonNode<'_> {
    fn place(self) -> Place {
        Place { line: self.0.get(), column: 0 }
    }

    fn node<E>(self, value: Value) -> Result<Node, E> {
        Ok(Node { place: self.place(), value })
    }
}

impl<'de> DeserializeSeed<'de> for JsonNode<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for JsonNode<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        self.node(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        self.node(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        self.node(Value::Integer(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        self.node(i64::try_from(value).map_or_else(|_| Value::Other(value.to_string()), Value::Integer))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        self.node(Value::Other(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Node, E> {
        self.node(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let place = self.place();
        let mut list = Vec::new();
        while let Some(node) = access.next_element_seed(self)? {
            list.push(node);
        }
        Ok(Node { place, value: Value::List(list) })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Node, A::Error> {
        let place = self.place();
        let mut entries: Vec<Entry> = Vec::new();
        while let Some(key) = access.next_key::<String>()? {
            let place = self.place();
            let node = access.next_value_seed(self)?;
            // As serde_json and Go do it: the last of several equal keys counts.
            entries.retain(|entry| entry.key != key);
            entries.push(Entry { key, place, node });
        }
        Ok(Node { place, value: Value::Table(entries) })
    }
}
