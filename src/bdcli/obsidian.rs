//! Beads as tasks in Markdown, in the signs that the Tasks plug-in of Obsidian reads.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::render;
use crate::base::Timestamp;
use crate::ledger::{Bead, Status, dep_type};

/// One task a line, under the day on which it last changed, the newest day first; deleted beads are left out.
pub fn tasks(beads: &[Bead]) -> String {
    let mut days: BTreeMap<String, Vec<&Bead>> = BTreeMap::new();
    for bead in beads.iter().filter(|bead| bead.status != Status::Tombstone) {
        days.entry(day(bead.updated_at)).or_default().push(bead);
    }
    let mut text = "# Beads\n".to_owned();
    for (day, mut beads) in days.into_iter().rev() {
        beads.sort_by_key(|bead| (std::cmp::Reverse(bead.updated_at), bead.id.clone()));
        let _ = write!(text, "\n## {day}\n\n");
        beads.iter().for_each(|bead| text.push_str(&task(bead)));
    }
    text
}

fn day(time: Timestamp) -> String {
    time.to_string().chars().take(10).collect()
}

fn task(bead: &Bead) -> String {
    let mark = match bead.status {
        Status::Closed => 'x',
        Status::InProgress | Status::Hooked => '/',
        Status::Blocked => '!',
        Status::Deferred => '>',
        _ => ' ',
    };
    let urgency = ["🔺", "⏫", "🔼", "🔽", "⏬"];
    let mut line = format!("- [{mark}] {}", render::clean(&bead.title));
    let tag =
        |word: &str| word.chars().map(|c| if c.is_alphanumeric() || "-_/".contains(c) { c } else { '-' }).collect();
    let mut tags: Vec<String> = vec![tag(&bead.issue_type)];
    tags.extend(bead.labels.iter().map(|label| tag(label)));
    for tag in tags {
        let _ = write!(line, " #{tag}");
    }
    let _ = write!(line, " 🆔 {}", bead.id);
    let blockers: Vec<&str> = bead
        .dependencies
        .iter()
        .filter(|dep| dep.dep_type == dep_type::BLOCKS)
        .map(|dep| dep.depends_on_id.as_str())
        .collect();
    if !blockers.is_empty() {
        let _ = write!(line, " ⛔ {}", blockers.join(","));
    }
    if let Some(sign) = urgency.get(usize::from(bead.priority)) {
        let _ = write!(line, " {sign}");
    }
    let _ = write!(line, " ➕ {}", day(bead.created_at));
    for (sign, time) in [("🛫", bead.defer_until), ("📅", bead.due_at), ("✅", bead.closed_at)] {
        if let Some(time) = time {
            let _ = write!(line, " {sign} {}", day(time));
        }
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::Dependency;

    #[test]
    fn a_task_says_all_that_the_plug_in_knows() {
        let start = Timestamp::from_unix_nanos(1_767_225_600_000_000_000);
        let mut bead = Bead::new("gt-a1", "Fix\nit", start);
        (bead.priority, bead.issue_type) = (1, "bug".into());
        bead.labels = vec!["two words".into()];
        bead.dependencies = vec![Dependency {
            issue_id: "gt-a1".into(),
            depends_on_id: "gt-b2".into(),
            dep_type: "blocks".into(),
            created_at: start,
            created_by: String::new(),
            metadata: String::new(),
            thread_id: String::new(),
            extra: serde_json::Map::new(),
        }];
        let mut closed = Bead::new("gt-c3", "Done", start.plus_seconds(86_400));
        closed.status = Status::Closed;
        closed.closed_at = Some(closed.updated_at);
        let mut gone = bead.clone();
        gone.status = Status::Tombstone;
        assert_eq!(
            tasks(&[bead, closed, gone]),
            "# Beads\n\n## 2026-01-02\n\n- [x] Done #task 🆔 gt-c3 🔼 ➕ 2026-01-02 ✅ 2026-01-02\n\
             \n## 2026-01-01\n\n- [ ] Fix it #bug #two-words 🆔 gt-a1 ⛔ gt-b2 ⏫ ➕ 2026-01-01\n"
        );
    }
}
