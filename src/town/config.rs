//! JSON settings files: a `type` and a `version`, keys we don't know kept in their place, and errors that name file, line and key.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::base::{Error, Result, files, text};

/// What a file has to say in `type`, and the versions of it that we read; the last is the one we write.
#[derive(Debug, Clone)]
pub struct Format {
    /// The value of `type`.
    pub kind: &'static str,
    /// The values of `version` that we understand.
    pub versions: RangeInclusive<u64>,
}

/// A settings file in memory: the text as it was read, for line numbers, and its keys in their order.
#[derive(Debug, Clone)]
pub struct Document {
    path: PathBuf,
    text: String,
    keys: Map<String, Value>,
}

impl Document {
    /// Reads the file; `None` when it does not exist.
    ///
    /// # Errors
    /// When it can't be read, is not a JSON object, or says another type or version.
    pub fn load(path: &Path, format: &Format) -> Result<Option<Self>> {
        let Some(text) = files::read_optional(path)? else { return Ok(None) };
        let keys: Map<String, Value> = serde_json::from_str(&text).map_err(|error| {
            broken(path, error.line(), &without_position(&error))
                .hint("mend the file by hand, or move it aside to start from defaults")
        })?;
        let document = Self { path: path.to_owned(), text, keys };
        if let Some(kind) = document.keys.get("type")
            && kind.as_str() != Some(format.kind)
        {
            return Err(document.error("type", &format!("is {kind}, expected \"{}\"", format.kind)));
        }
        match document.keys.get("version") {
            // Settings are written by hand, and in the first form they had neither.
            None if format.kind.ends_with("-settings") => Ok(Some(document)),
            None => {
                Err(document.error("version", "is missing").hint(format!("add \"version\": {}", format.versions.end())))
            }
            Some(version) if version.as_u64().is_some_and(|version| format.versions.contains(&version)) => {
                Ok(Some(document))
            }
            Some(version) => Err(document
                .error("version", &format!("is {version}, this gt reads up to {}", format.versions.end()))
                .hint("a newer gt wrote this file; upgrade gt")),
        }
    }

    /// A new document, not yet on disk.
    pub fn new(path: &Path, format: &Format) -> Self {
        let mut keys = Map::new();
        keys.insert("type".into(), format.kind.into());
        keys.insert("version".into(), (*format.versions.end()).into());
        Self { path: path.to_owned(), text: String::new(), keys }
    }

    /// The keys, those we don't know included.
    pub fn keys(&self) -> &Map<String, Value> {
        &self.keys
    }

    /// The keys, to be changed.
    pub fn keys_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.keys
    }

    /// The file's settings as a type. A key the type does not have is left alone unless it is nearly one of its keys: then it is a
    /// slip of the pen whose silence would do harm.
    ///
    /// # Errors
    /// When a value has the wrong type or a key is misspelt; names file, line and key.
    pub fn typed<T: DeserializeOwned + Serialize + Default>(&self) -> Result<T> {
        // A `T` knows all its keys, so its default value tells which there are.
        if let Value::Object(mut known) = serde_json::to_value(T::default())? {
            known.insert("type".into(), Value::Null);
            known.insert("version".into(), Value::Null);
            self.check_keys(&self.keys, &known, &mut Vec::new())?;
        }
        serde_path_to_error::deserialize(Value::Object(self.keys.clone())).map_err(|error| {
            let key = error.path().to_string();
            self.error(&key, &error.inner().to_string()).hint("mend the value; gt keeps every key it does not know")
        })
    }

    fn check_keys(&self, found: &Map<String, Value>, known: &Map<String, Value>, at: &mut Vec<String>) -> Result<()> {
        for (key, value) in found {
            at.push(key.clone());
            match known.get(key) {
                // An empty object stands for a map with free keys.
                Some(Value::Object(inner)) if !inner.is_empty() => {
                    if let Value::Object(value) = value {
                        self.check_keys(value, inner, at)?;
                    }
                }
                Some(_) => {}
                None => {
                    let candidates = known.keys().filter(|known| !found.contains_key(*known)).map(String::as_str);
                    if let Some(near) = text::nearest(key, candidates) {
                        return Err(self.error(&at.join("."), "unknown key").hint(format!("did you mean {near}?")));
                    }
                }
            }
            at.pop();
        }
        Ok(())
    }

    /// Sets one value, named by its path (`merge_queue.test_command`); objects on the way are made.
    ///
    /// # Errors
    /// When something on the way is there and is no object.
    pub fn set(&mut self, key: &str, value: Value) -> Result<()> {
        let wrong = self.error(key, "is inside a value that holds no keys");
        let (parents, last) = key.rsplit_once('.').map_or((None, key), |(parents, last)| (Some(parents), last));
        let mut keys = &mut self.keys;
        for parent in parents.into_iter().flat_map(|parents| parents.split('.')) {
            match keys.entry(parent).or_insert_with(|| Value::Object(Map::new())) {
                Value::Object(inner) => keys = inner,
                _ => return Err(wrong),
            }
        }
        keys.insert(last.to_owned(), value);
        Ok(())
    }

    /// The value at a path (`merge_queue.test_command`), when the file has it.
    pub fn get(&self, key: &str) -> Option<&Value> {
        let mut parts = key.split('.');
        let first = self.keys.get(parts.next()?)?;
        parts.try_fold(first, |value, part| value.get(part))
    }

    /// Takes the value at a path out of the file; false when it had none.
    pub fn unset(&mut self, key: &str) -> bool {
        let (parents, last) = key.rsplit_once('.').map_or((None, key), |(parents, last)| (Some(parents), last));
        let mut keys = &mut self.keys;
        for parent in parents.into_iter().flat_map(|parents| parents.split('.')) {
            match keys.get_mut(parent).and_then(Value::as_object_mut) {
                Some(inner) => keys = inner,
                None => return false,
            }
        }
        keys.shift_remove(last).is_some()
    }

    /// Writes the file atomically.
    ///
    /// # Errors
    /// When it can't be written; the old file is then untouched.
    pub fn save(&self, mode: u32) -> Result<()> {
        files::write_json(&self.path, &self.keys, mode)
    }

    /// An error about `key` (a path with dots) in this file, with the line the key is on.
    pub fn error(&self, key: &str, what: &str) -> Error {
        broken(&self.path, line_of(&self.text, key), &format!("{key}: {what}"))
    }
}

fn broken(path: &Path, line: usize, what: &str) -> Error {
    Error::failed(format!("{}:{line}: {what}", path.display()))
}

fn without_position(error: &serde_json::Error) -> String {
    let message = error.to_string();
    message.rsplit_once(" at line ").map_or(message.clone(), |(what, _)| what.to_owned())
}

/// The line of `key` (a path with dots, as `serde_path_to_error` writes it) in valid JSON text, or of the nearest object around it.
fn line_of(text: &str, key: &str) -> usize {
    let wanted: Vec<&str> = key.split('.').map(|part| part.split('[').next().unwrap_or(part)).collect();
    let mut objects: Vec<Option<String>> = Vec::new();
    let mut best = (0, 1);
    let (mut line, mut is_key) = (1, false);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\n' => line += 1,
            '{' => {
                objects.push(Some(String::new()));
                is_key = true;
            }
            '[' => objects.push(None),
            '}' | ']' => {
                objects.pop();
            }
            ',' => is_key = matches!(objects.last(), Some(Some(_))),
            '"' => {
                let mut word = String::new();
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => word.extend(chars.next()),
                        c => word.push(c),
                    }
                }
                if is_key && let Some(Some(key)) = objects.last_mut() {
                    *key = word;
                    let path: Vec<&str> = objects.iter().flatten().map(String::as_str).collect();
                    if path.len() > best.0 && wanted.starts_with(&path) {
                        best = (path.len(), line);
                    }
                }
                is_key = false;
            }
            _ => {}
        }
    }
    best.1
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Default, Serialize, Deserialize)]
    #[serde(default)]
    struct Inner {
        test_command: Option<String>,
        timeout: u64,
    }

    #[derive(Debug, Default, Serialize, Deserialize)]
    #[serde(default)]
    struct Outer {
        queue: Inner,
        agents: std::collections::BTreeMap<String, String>,
    }

    const FORMAT: Format = Format { kind: "t", versions: 1..=2 };

    fn read(text: &str) -> Result<Outer> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("c.json");
        std::fs::write(&path, text)?;
        Document::load(&path, &FORMAT)?.ok_or_else(|| Error::failed("missing"))?.typed()
    }

    #[test]
    fn errors_name_line_and_key() {
        let message = |text| read(text).unwrap_err().to_string();
        let wrong_type =
            message("{\n \"version\": 1,\n \"x\": {\"timeout\": 1},\n \"queue\": {\n  \"timeout\": \"soon\"\n }\n}");
        assert!(wrong_type.contains("c.json:5: queue.timeout:"), "{wrong_type}");
        let syntax = message("{\n \"version\": 1,\n oops\n}");
        assert!(syntax.contains("c.json:3:"), "{syntax}");
        let version = message("{\n \"version\": 3\n}");
        assert!(version.contains("c.json:2: version: is 3"), "{version}");
        let kind = message("{\"version\": 1,\n\"type\": \"u\"}");
        assert!(kind.contains("c.json:2: type:"), "{kind}");
        let slip = read("{\"version\": 1, \"queue\": {\n\"test_comand\": \"x\"}}").unwrap_err();
        assert!(slip.to_string().contains("c.json:2: queue.test_comand"), "{slip}");
        assert_eq!(slip.hint_text(), Some("did you mean test_command?"));
    }

    #[test]
    fn free_keys_and_foreign_keys_pass() -> Result<()> {
        let outer = read("{\"version\": 1, \"agents\": {\"queu\": \"x\"}, \"something_else\": 3}")?;
        assert_eq!(outer.agents.len(), 1);
        Ok(())
    }

    #[test]
    fn unknown_keys_and_order_survive_a_change() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("c.json");
        std::fs::write(&path, "{\"z\": 1, \"version\": 1, \"queue\": {\"b\": 1, \"timeout\": 2}, \"a\": null}")?;
        let mut document = Document::load(&path, &FORMAT)?.ok_or_else(|| Error::failed("missing"))?;
        document.set("queue.timeout", 9.into())?;
        document.set("new.deep.key", "x".into())?;
        assert!(document.set("z.inner", 1.into()).is_err());
        document.save(0o600)?;
        let text: String = std::fs::read_to_string(&path)?.split_whitespace().collect();
        let expected = r#"{"z":1,"version":1,"queue":{"b":1,"timeout":9},"a":null,"new":{"deep":{"key":"x"}}}"#;
        assert_eq!(text, expected);
        Ok(())
    }
}
