//! A bead as one JSON object: the key order and omissions of Go's encoder, and a reader that keeps what it does not know.

use serde_json::{Map, Value, json};

use super::model::{Bead, Comment, Dependency, Status};
use crate::base::{Error, Result, Timestamp};

/// Every key of a bead in the order real bd writes them.
pub const KEYS: [&str; 61] = [
    "id",
    "title",
    "description",
    "design",
    "acceptance_criteria",
    "notes",
    "status",
    "priority",
    "issue_type",
    "assignee",
    "owner",
    "estimated_minutes",
    "created_at",
    "created_by",
    "updated_at",
    "closed_at",
    "close_reason",
    "closed_by_session",
    "due_at",
    "defer_until",
    "external_ref",
    "source_system",
    "compaction_level",
    "compacted_at",
    "compacted_at_commit",
    "original_size",
    "labels",
    "dependencies",
    "comments",
    "deleted_at",
    "deleted_by",
    "delete_reason",
    "original_type",
    "sender",
    "ephemeral",
    "pinned",
    "is_template",
    "bonded_from",
    "creator",
    "validations",
    "quality_score",
    "crystallizes",
    "await_type",
    "await_id",
    "timeout",
    "waiters",
    "holder",
    "source_formula",
    "source_location",
    "hook_bead",
    "role_bead",
    "agent_state",
    "last_activity",
    "role_type",
    "rig",
    "mol_type",
    "work_type",
    "event_kind",
    "actor",
    "target",
    "payload",
];

/// Keys that later versions of bd add to a line from other records; derived, so never kept.
const DERIVED: [&str; 5] = ["_type", "dependency_count", "dependent_count", "comment_count", "parent"];

/// Which lists go into the object.
#[derive(Debug, Clone, Copy)]
pub struct Parts {
    /// `labels`.
    pub labels: bool,
    /// `dependencies` and `comments`.
    pub links: bool,
}

impl Parts {
    /// Everything: a line of `issues.jsonl`.
    pub const ALL: Self = Self { labels: true, links: true };
    /// What most commands print.
    pub const LABELS: Self = Self { labels: true, links: false };
    /// The bead's own fields only.
    pub const BARE: Self = Self { labels: false, links: false };
}

/// A bead as the JSON object that real bd would write.
pub fn to_map(bead: &Bead, parts: Parts) -> Map<String, Value> {
    let mut map = Map::new();
    for key in KEYS {
        if let Some(value) = typed(bead, key, parts).or_else(|| bead.extra.get(key).cloned()) {
            map.insert(key.to_owned(), value);
        }
    }
    for (key, value) in &bead.extra {
        if !map.contains_key(key) {
            map.insert(key.clone(), value.clone());
        }
    }
    map
}

fn text(value: &str) -> Option<Value> {
    (!value.is_empty()).then(|| Value::from(value))
}

fn time(value: Option<Timestamp>) -> Option<Value> {
    value.map(|time| Value::from(time.to_string()))
}

fn flag(value: bool) -> Option<Value> {
    value.then_some(Value::Bool(true))
}

fn list<T>(items: &[T], one: impl Fn(&T) -> Value) -> Option<Value> {
    (!items.is_empty()).then(|| Value::Array(items.iter().map(one).collect()))
}

fn typed(bead: &Bead, key: &str, parts: Parts) -> Option<Value> {
    match key {
        "id" => Some(Value::from(bead.id.as_str())),
        "title" => Some(Value::from(bead.title.as_str())),
        "description" => text(&bead.description),
        "design" => text(&bead.design),
        "acceptance_criteria" => text(&bead.acceptance_criteria),
        "notes" => text(&bead.notes),
        "status" => text(bead.status.as_str()),
        "priority" => Some(Value::from(bead.priority)),
        "issue_type" => text(&bead.issue_type),
        "assignee" => text(&bead.assignee),
        "owner" => text(&bead.owner),
        "estimated_minutes" => bead.estimated_minutes.map(Value::from),
        "created_at" => time(Some(bead.created_at)),
        "created_by" => text(&bead.created_by),
        "updated_at" => time(Some(bead.updated_at)),
        "closed_at" => time(bead.closed_at),
        "close_reason" => text(&bead.close_reason),
        "due_at" => time(bead.due_at),
        "defer_until" => time(bead.defer_until),
        "external_ref" => bead.external_ref.as_deref().map(Value::from),
        "labels" if parts.labels => list(&bead.labels, |label| Value::from(label.as_str())),
        "dependencies" if parts.links => list(&bead.dependencies, dependency_value),
        "comments" if parts.links => list(&bead.comments, comment_value),
        "deleted_at" => time(bead.deleted_at),
        "deleted_by" => text(&bead.deleted_by),
        "delete_reason" => text(&bead.delete_reason),
        "original_type" => text(&bead.original_type),
        "sender" => text(&bead.sender),
        "ephemeral" => flag(bead.ephemeral),
        "pinned" => flag(bead.pinned),
        "is_template" => flag(bead.is_template),
        "await_type" => text(&bead.await_type),
        "await_id" => text(&bead.await_id),
        "timeout" => (bead.timeout != 0).then(|| Value::from(bead.timeout)),
        "waiters" => list(&bead.waiters, |waiter| Value::from(waiter.as_str())),
        _ => None,
    }
}

/// A dependency as real bd writes it.
pub fn dependency_value(dep: &Dependency) -> Value {
    let mut map = Map::new();
    map.insert("issue_id".into(), json!(dep.issue_id));
    map.insert("depends_on_id".into(), json!(dep.depends_on_id));
    map.insert("type".into(), json!(dep.dep_type));
    map.insert("created_at".into(), json!(dep.created_at.to_string()));
    for (key, value) in [("created_by", &dep.created_by), ("metadata", &dep.metadata), ("thread_id", &dep.thread_id)] {
        if !value.is_empty() {
            map.insert(key.into(), json!(value));
        }
    }
    map.extend(dep.extra.iter().map(|(k, v)| (k.clone(), v.clone())));
    Value::Object(map)
}

/// A comment as real bd writes it.
pub fn comment_value(comment: &Comment) -> Value {
    let mut map = Map::new();
    map.insert("id".into(), json!(comment.id));
    map.insert("issue_id".into(), json!(comment.issue_id));
    map.insert("author".into(), json!(comment.author));
    map.insert("text".into(), json!(comment.text));
    map.insert("created_at".into(), json!(comment.created_at.to_string()));
    map.extend(comment.extra.iter().map(|(k, v)| (k.clone(), v.clone())));
    Value::Object(map)
}

/// `value` on one line with the escapes of Go's encoder: `<`, `>`, `&`, U+2028 and U+2029.
pub fn go_json(value: &impl serde::Serialize, out: &mut Vec<u8>) -> Result<()> {
    struct Go;
    impl serde_json::ser::Formatter for Go {
        fn write_string_fragment<W: ?Sized + std::io::Write>(
            &mut self,
            out: &mut W,
            text: &str,
        ) -> std::io::Result<()> {
            let bytes = text.as_bytes();
            let mut from = 0;
            let mut at = 0;
            while at < bytes.len() {
                let (escape, width): (&[u8], usize) = match bytes[at] {
                    b'<' => (b"\\u003c", 1),
                    b'>' => (b"\\u003e", 1),
                    b'&' => (b"\\u0026", 1),
                    0xe2 if bytes[at..].starts_with("\u{2028}".as_bytes()) => (b"\\u2028", 3),
                    0xe2 if bytes[at..].starts_with("\u{2029}".as_bytes()) => (b"\\u2029", 3),
                    _ => {
                        at += 1;
                        continue;
                    }
                };
                out.write_all(&bytes[from..at])?;
                out.write_all(escape)?;
                at += width;
                from = at;
            }
            out.write_all(&bytes[from..])
        }
    }
    value.serialize(&mut serde_json::Serializer::with_formatter(out, Go))?;
    Ok(())
}

/// A bead's line for `issues.jsonl`, without the newline.
///
/// # Errors
/// Never in practice: a bead is always valid JSON.
pub fn to_line(bead: &Bead) -> Result<Vec<u8>> {
    let mut line = Vec::with_capacity(512 + bead.description.len());
    go_json(&to_map(bead, Parts::ALL), &mut line)?;
    Ok(line)
}

/// Takes one key after the other out of an object, whatever its case, and notes what had to be mended.
struct Reader<'a> {
    map: Map<String, Value>,
    repairs: &'a mut Vec<String>,
}

impl Reader<'_> {
    fn take(&mut self, key: &str) -> Option<Value> {
        let value = self.map.shift_remove(key).or_else(|| {
            let other = self.map.keys().find(|k| k.eq_ignore_ascii_case(key))?.clone();
            self.map.shift_remove(&other)
        })?;
        (!value.is_null()).then_some(value)
    }

    fn text(&mut self, key: &str) -> String {
        match self.take(key) {
            Some(Value::String(text)) => text,
            Some(other) => {
                self.repairs.push(format!("{key}: not a string"));
                other.to_string()
            }
            None => String::new(),
        }
    }

    fn time(&mut self, key: &str) -> Option<Timestamp> {
        let value = self.take(key)?;
        let parsed = value.as_str().and_then(read_time);
        match (parsed, value) {
            (Some(time), _) if time.unix_seconds() > -62_000_000_000 => return Some(time),
            // Go's zero time stands for "none".
            (Some(_), _) => {}
            (None, value) => self.repairs.push(format!("{key}: not a time: {value}")),
        }
        None
    }

    fn number(&mut self, key: &str) -> Option<i64> {
        let value = self.take(key)?;
        let number = value.as_i64().or_else(|| value.as_str().and_then(|text| text.trim().parse().ok()));
        #[expect(clippy::cast_possible_truncation, reason = "a whole number written as 2.0")]
        let number = number.or_else(|| value.as_f64().filter(|f| f.fract() == 0.0).map(|f| f as i64));
        if !value.is_i64() {
            self.repairs.push(format!("{key}: not a whole number: {value}"));
        }
        number
    }

    fn flag(&mut self, key: &str) -> bool {
        match self.take(key) {
            Some(Value::Bool(flag)) => flag,
            Some(other) => {
                self.repairs.push(format!("{key}: neither true nor false: {other}"));
                other.as_i64() == Some(1) || other.as_str() == Some("true")
            }
            None => false,
        }
    }

    fn strings(&mut self, key: &str) -> Vec<String> {
        match self.take(key) {
            Some(Value::Array(items)) => items
                .into_iter()
                .filter_map(|item| match item {
                    Value::String(text) => Some(text),
                    Value::Null => None,
                    other => Some(other.to_string()),
                })
                .collect(),
            Some(other) => {
                self.repairs.push(format!("{key}: not a list: {other}"));
                Vec::new()
            }
            None => Vec::new(),
        }
    }

    fn objects(&mut self, key: &str) -> Vec<Map<String, Value>> {
        match self.take(key) {
            Some(Value::Array(items)) => items
                .into_iter()
                .filter_map(|item| match item {
                    Value::Object(map) => Some(map),
                    other => {
                        self.repairs.push(format!("{key}: not an object: {other}"));
                        None
                    }
                })
                .collect(),
            Some(other) => {
                self.repairs.push(format!("{key}: not a list: {other}"));
                Vec::new()
            }
            None => Vec::new(),
        }
    }
}

/// Reads RFC 3339, and the forms other programs are known to leave behind (a space for the `T`, no zone: taken as UTC).
fn read_time(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    text.parse().ok().or_else(|| format!("{}Z", text.replacen(' ', "T", 1)).parse().ok())
}

/// Reads a bead from a JSON object; `now` stands in for times that are missing. What had to be mended is added to `repairs`.
///
/// # Errors
/// When there is no usable id.
pub fn from_map(map: Map<String, Value>, now: Timestamp, repairs: &mut Vec<String>) -> Result<Bead> {
    let mut reader = Reader { map, repairs };
    let id = reader.text("id");
    if id.is_empty() || id.len() > 255 || id.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Error::failed(format!("no usable id: {id:?}")));
    }
    let mut bead = Bead::new(id, reader.text("title"), now);
    bead.description = reader.text("description");
    bead.design = reader.text("design");
    bead.acceptance_criteria = reader.text("acceptance_criteria");
    bead.notes = reader.text("notes");
    bead.status = Status::from(reader.text("status").as_str());
    // A missing priority reads as 0, as in real bd.
    bead.priority = match reader.number("priority") {
        Some(p @ 0..=4) => u8::try_from(p).unwrap_or(2),
        Some(p) => {
            reader.repairs.push(format!("priority: {p} is not 0 to 4"));
            if p < 0 { 0 } else { 4 }
        }
        None => 0,
    };
    let kind = reader.text("issue_type");
    bead.issue_type = if kind.is_empty() { "task".into() } else { kind };
    bead.assignee = reader.text("assignee");
    bead.owner = reader.text("owner");
    bead.estimated_minutes = reader.number("estimated_minutes");
    let created = reader.time("created_at");
    bead.created_by = reader.text("created_by");
    let updated = reader.time("updated_at");
    bead.created_at = created.or(updated).unwrap_or(now);
    bead.updated_at = updated.or(created).unwrap_or(now);
    bead.closed_at = reader.time("closed_at");
    bead.close_reason = reader.text("close_reason");
    bead.due_at = reader.time("due_at");
    bead.defer_until = reader.time("defer_until");
    bead.external_ref = Some(reader.text("external_ref")).filter(|text| !text.is_empty());
    bead.labels = reader.strings("labels");
    bead.labels.sort();
    bead.labels.dedup();
    for map in reader.objects("dependencies") {
        match dependency_from(map, &bead.id, bead.created_at, reader.repairs) {
            Some(dep) => bead.dependencies.push(dep),
            None => reader.repairs.push("dependencies: one without depends_on_id".into()),
        }
    }
    for map in reader.objects("comments") {
        bead.comments.push(comment_from(map, &bead.id, bead.created_at, reader.repairs));
    }
    sort_links(&mut bead);
    bead.deleted_at = reader.time("deleted_at");
    bead.deleted_by = reader.text("deleted_by");
    bead.delete_reason = reader.text("delete_reason");
    bead.original_type = reader.text("original_type");
    bead.sender = reader.text("sender");
    let wisp = reader.flag("wisp");
    bead.ephemeral = reader.flag("ephemeral") || wisp;
    bead.pinned = reader.flag("pinned");
    bead.is_template = reader.flag("is_template");
    bead.await_type = reader.text("await_type");
    bead.await_id = reader.text("await_id");
    bead.timeout = reader.number("timeout").unwrap_or(0);
    bead.waiters = reader.strings("waiters");
    bead.extra = reader.map;
    bead.extra.retain(|key, value| !value.is_null() && !DERIVED.contains(&key.as_str()));
    Ok(bead)
}

/// Puts dependencies and comments into the order of the file: by time, then by what does not change between clones.
pub fn sort_links(bead: &mut Bead) {
    bead.dependencies.sort_by(|a, b| {
        (a.created_at, &a.depends_on_id, &a.dep_type).cmp(&(b.created_at, &b.depends_on_id, &b.dep_type))
    });
    bead.dependencies.dedup_by(|a, b| a.depends_on_id == b.depends_on_id && a.dep_type == b.dep_type);
    bead.comments
        .sort_by(|a, b| (a.created_at, a.id, &a.author, &a.text).cmp(&(b.created_at, b.id, &b.author, &b.text)));
}

fn dependency_from(
    map: Map<String, Value>,
    issue: &str,
    fallback: Timestamp,
    repairs: &mut Vec<String>,
) -> Option<Dependency> {
    let mut reader = Reader { map, repairs };
    reader.take("issue_id");
    let depends_on_id = reader.text("depends_on_id");
    if depends_on_id.is_empty() {
        return None;
    }
    let kind = reader.text("type");
    let created_at = reader.time("created_at").unwrap_or(fallback);
    let created_by = reader.text("created_by");
    let metadata = match reader.take("metadata") {
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let thread_id = reader.text("thread_id");
    let mut extra = reader.map;
    extra.retain(|_, value| !value.is_null());
    Some(Dependency {
        issue_id: issue.to_owned(),
        depends_on_id,
        dep_type: if kind.is_empty() { super::dep_type::BLOCKS.into() } else { kind },
        created_at,
        created_by,
        metadata,
        thread_id,
        extra,
    })
}

fn comment_from(map: Map<String, Value>, issue: &str, fallback: Timestamp, repairs: &mut Vec<String>) -> Comment {
    let mut reader = Reader { map, repairs };
    // Later versions of bd number comments with UUIDs; ours get a number of this ledger when they are stored.
    let id = reader.take("id").and_then(|id| id.as_i64()).unwrap_or(0);
    reader.take("issue_id");
    let author = reader.text("author");
    let text = reader.text("text");
    let created_at = reader.time("created_at").unwrap_or(fallback);
    let mut extra = reader.map;
    extra.retain(|_, value| !value.is_null());
    Comment { id, issue_id: issue.to_owned(), author, text, created_at, extra }
}
