//! Beads as text for people and as the JSON shapes that programs expect of bd.

use std::io::{self, Write};

use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::base::report::{self, Output, Paint, Report};
use crate::base::{Result, Timestamp, text};
use crate::ledger::codec::{self, Parts};
use crate::ledger::{Bead, Status};

/// A report whose two forms are made already.
pub struct Rendered {
    json: Value,
    text: String,
}

impl Serialize for Rendered {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        self.json.serialize(serializer)
    }
}

impl Report for Rendered {
    fn human(&self, out: &mut dyn Write, _paint: Paint) -> io::Result<()> {
        out.write_all(self.text.as_bytes())
    }
}

/// Prints a result: `json` for programs, `text` for people.
pub fn print(output: Output, json: impl Into<Value>, text: String) -> Result<()> {
    report::print(output, &Rendered { json: json.into(), text })
}

/// Prints what a change did; nothing for people who asked for quiet.
pub fn print_change(output: Output, json: impl Into<Value>, text: String) -> Result<()> {
    if output.quiet && !output.json {
        return Ok(());
    }
    print(output, json, text)
}

/// A bead as most commands give it.
pub fn issue(bead: &Bead, parts: Parts) -> Map<String, Value> {
    codec::to_map(bead, parts)
}

/// Several beads as most commands give them.
pub fn issues(beads: &[Bead]) -> Value {
    Value::Array(beads.iter().map(|bead| issue(bead, Parts::LABELS).into()).collect())
}

/// One line of outside text, safe for a terminal.
pub fn clean(line: &str) -> String {
    text::neutralise(line, true).into_owned()
}

/// A sign for how a bead stands.
pub fn sign(bead: &Bead, paint: Paint) -> String {
    match &bead.status {
        Status::Closed => paint.green("✓"),
        Status::Tombstone => paint.dim("✗"),
        Status::InProgress | Status::Hooked => paint.yellow("◐"),
        Status::Deferred => paint.dim("❄"),
        Status::Pinned => paint.magenta("◆"),
        Status::Blocked => paint.red("●"),
        Status::Open if bead.blocked => paint.red("●"),
        Status::Open => "○".into(),
        Status::Custom(_) => "·".into(),
    }
}

/// A bead on one line.
pub fn line(bead: &Bead, paint: Paint) -> String {
    let mut out = format!(
        "{} {} {} {} {}",
        sign(bead, paint),
        paint.bold(&clean(&bead.id)),
        paint.dim(&format!("P{}", bead.priority)),
        paint.dim(&format!("{:<7}", clean(&bead.issue_type))),
        clean(&bead.title),
    );
    if !bead.assignee.is_empty() {
        out.push_str(&paint.dim(&format!(" @{}", clean(&bead.assignee))));
    }
    if !bead.labels.is_empty() {
        out.push_str(&paint.dim(&format!(" [{}]", clean(&bead.labels.join(", ")))));
    }
    out
}

/// Beads, one a line, with a word when there are none.
pub fn lines(beads: &[Bead], none: &str) -> String {
    let paint = Paint::stdout();
    if beads.is_empty() {
        return format!("{none}\n");
    }
    beads.iter().map(|bead| line(bead, paint) + "\n").collect()
}

/// How long ago something was, as a phrase.
pub fn ago(time: Timestamp) -> String {
    match time.age(Timestamp::now()).as_str() {
        "now" => "just now".into(),
        age => format!("{age} ago"),
    }
}
