//! Three versions of an `issues.jsonl` become one: what git calls when two branches changed it.

use std::collections::BTreeSet;

use super::super::model::Bead;
use super::super::{codec, merge};
use super::lines;
use crate::base::{Error, Result, Timestamp};

/// What merging two versions of a file gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MergedFiles {
    /// The merged file.
    pub bytes: Vec<u8>,
    /// How many beads it holds.
    pub beads: usize,
    /// How many of them both sides had changed.
    pub both: usize,
    /// Lines that can't be read and stand, as they were, at the end.
    pub unreadable: usize,
}

/// Merges `left` and `right`, which were both made from `base` (empty when that is not known), bead by bead and field by field. Which
/// side is which makes no difference. A bead that one side lacks stays: deleting leaves a tombstone, and other programs drop lines.
///
/// # Errors
/// When a side holds something but not one bead, so that it can't be an `issues.jsonl` at all.
pub fn merge_files(base: &[u8], left: &[u8], right: &[u8]) -> Result<MergedFiles> {
    let now = Timestamp::now();
    let base = lines::read(base, now);
    let (left, mut right) = (side("left", left, now)?, side("right", right, now)?);
    let mut merged = MergedFiles::default();
    let mut beads: Vec<Bead> = Vec::with_capacity(left.beads.len().max(right.beads.len()));
    for (id, ours) in left.beads {
        beads.push(match right.beads.remove(&id) {
            // Compared as text: equal beads may have their unknown keys in another order.
            Some(theirs) if theirs == ours && codec::to_line(&theirs)? == codec::to_line(&ours)? => ours,
            Some(theirs) => {
                // A version that is younger than a side is not what that side was made from.
                let older = |bead: &&Bead| bead.updated_at <= ours.updated_at && bead.updated_at <= theirs.updated_at;
                let before = base.beads.get(&id).filter(older);
                merged.both += usize::from(before != Some(&ours) && before != Some(&theirs));
                merge::merge(before, &ours, &theirs)?
            }
            None => ours,
        });
    }
    beads.extend(right.beads.into_values());
    beads.sort_by(|one, other| one.id.cmp(&other.id));
    merged.beads = beads.len();
    for bead in &beads {
        merged.bytes.extend(codec::to_line(bead)?);
        merged.bytes.push(b'\n');
    }
    // What can't be read can't be merged; both sides' lines stay, for import to keep them aside by name.
    let kept: BTreeSet<String> = left.rejected.into_iter().chain(right.rejected).map(|(.., text)| text).collect();
    merged.unreadable = kept.len();
    for line in kept {
        merged.bytes.extend(line.into_bytes());
        merged.bytes.push(b'\n');
    }
    Ok(merged)
}

/// One side, unless nothing in it is a bead.
fn side(name: &str, bytes: &[u8], now: Timestamp) -> Result<lines::Found> {
    let found = lines::read(bytes, now);
    match found.rejected.first() {
        Some((line, why, _)) if found.beads.is_empty() => {
            Err(Error::failed(format!("the {name} version holds no beads; line {line}: {why}"))
                .hint("look at that version with git show; nothing was written"))
        }
        _ => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    use super::super::super::model::{Comment, Dependency, Status};
    use super::super::super::remarks;
    use super::*;

    /// One edit of one bead.
    #[derive(Debug, Clone)]
    enum Edit {
        Text(usize, String),
        Priority(u8),
        Status(u8),
        Label(u8, bool),
        Dep(u8, bool),
        Comment(String),
        Unremark(u8),
        Unknown(u8, i64),
        New(u8),
    }

    fn edit() -> impl Strategy<Value = Edit> {
        prop_oneof![
            (0..6usize, "[a-z<&]{0,4}").prop_map(|(field, text)| Edit::Text(field, text)),
            (0..5u8).prop_map(Edit::Priority),
            (0..5u8).prop_map(Edit::Status),
            (0..4u8, any::<bool>()).prop_map(|(n, on)| Edit::Label(n, on)),
            (0..4u8, any::<bool>()).prop_map(|(n, on)| Edit::Dep(n, on)),
            "[a-z]{1,3}".prop_map(Edit::Comment),
            (0..3u8).prop_map(Edit::Unremark),
            (0..3u8, any::<i64>()).prop_map(|(n, value)| Edit::Unknown(n, value)),
            (0..4u8).prop_map(Edit::New),
        ]
    }

    fn edits() -> impl Strategy<Value = Vec<(u8, i64, Edit)>> {
        prop::collection::vec((0..4u8, 0..6i64, edit()), 0..12)
    }

    fn base() -> Vec<Bead> {
        let start = Timestamp::from_unix_nanos(1_700_000_000_000_000_000);
        (0..4).map(|n| Bead::new(format!("gt-aaa0{n}"), format!("Bead {n}"), start)).collect()
    }

    fn apply(beads: &mut Vec<Bead>, who: &str, edits: &[(u8, i64, Edit)]) {
        for (which, days, edit) in edits {
            let count = beads.len();
            let bead = &mut beads[usize::from(*which) % count];
            bead.updated_at = bead.updated_at.plus_seconds(days * 12 * 24 * 3600 + 1);
            let now = bead.updated_at;
            match edit {
                Edit::Text(field, text) => match field {
                    0 => bead.title = format!("t{text}"),
                    1 => bead.description.clone_from(text),
                    2 => bead.design.clone_from(text),
                    3 => bead.notes.clone_from(text),
                    4 => bead.assignee.clone_from(text),
                    _ => bead.acceptance_criteria.clone_from(text),
                },
                Edit::Priority(priority) => bead.priority = *priority,
                Edit::Status(status) => {
                    (bead.closed_at, bead.close_reason, bead.deleted_at) = (None, String::new(), None);
                    bead.status = match status {
                        0 => Status::Open,
                        1 => Status::InProgress,
                        2 => Status::Custom("review".into()),
                        3 => {
                            bead.closed_at = Some(now);
                            bead.close_reason = format!("by {who}");
                            Status::Closed
                        }
                        _ => {
                            bead.deleted_at = Some(now);
                            Status::Tombstone
                        }
                    };
                }
                Edit::Label(n, on) => {
                    let label = format!("l{n}");
                    bead.labels.retain(|l| *l != label);
                    if *on {
                        bead.labels.push(label);
                        bead.labels.sort();
                    }
                }
                Edit::Dep(n, on) => {
                    let target = format!("gt-zzz0{n}");
                    bead.dependencies.retain(|dep| dep.depends_on_id != target);
                    if *on {
                        bead.dependencies.push(Dependency {
                            issue_id: bead.id.clone(),
                            depends_on_id: target,
                            dep_type: "blocks".into(),
                            created_at: now,
                            created_by: who.into(),
                            metadata: String::new(),
                            thread_id: String::new(),
                            extra: Map::new(),
                        });
                        codec::sort_links(bead);
                    }
                }
                Edit::Comment(text) => {
                    bead.comments.push(Comment {
                        id: i64::try_from(bead.comments.len()).unwrap_or(0) + 1,
                        issue_id: bead.id.clone(),
                        author: who.into(),
                        text: text.clone(),
                        created_at: now,
                        extra: Map::new(),
                    });
                    codec::sort_links(bead);
                }
                Edit::Unremark(n) => {
                    if usize::from(*n) < bead.comments.len() {
                        let gone = bead.comments.remove(usize::from(*n));
                        let marks = remarks::marks(bead).into_iter().chain([remarks::mark(&gone)]).collect();
                        remarks::set_marks(bead, marks);
                    }
                }
                Edit::Unknown(n, value) => {
                    bead.extra.insert(format!("their_{n}"), json!({"v": value}));
                }
                Edit::New(n) => {
                    let id = format!("gt-new0{n}");
                    if !beads.iter().any(|bead| bead.id == id) {
                        beads.push(Bead::new(id, format!("Made by {who}"), now));
                    }
                }
            }
        }
    }

    fn file(beads: &[Bead]) -> Vec<u8> {
        let mut sorted = beads.to_vec();
        sorted.sort_by(|one, other| one.id.cmp(&other.id));
        let mut out = Vec::new();
        super::super::write_lines(&sorted, &mut out).unwrap_or_default();
        out
    }

    /// Every value of a key on either side must be explained: it is in the result, or the other side changed the same key.
    fn nothing_lost(base: &[Bead], mine: &[Bead], other: &[Bead], merged: &[Bead]) -> Result<(), String> {
        let find = |beads: &[Bead], id: &str| beads.iter().find(|bead| bead.id == id).cloned();
        let map = |bead: &Bead| codec::to_map(bead, codec::Parts::BARE);
        for bead in mine {
            let result = find(merged, &bead.id).ok_or_else(|| format!("{} is gone", bead.id))?;
            let before = find(base, &bead.id);
            let theirs = find(other, &bead.id);
            let (was, their) = (before.as_ref().map(map).unwrap_or_default(), theirs.as_ref().map(map));
            for (key, value) in &map(bead) {
                let grouped = ["removed_comments", "updated_at", "status", "closed_at", "close_reason", "deleted_at"];
                let changed_here = was.get(key) != Some(value);
                let changed_there = their.as_ref().is_some_and(|their| their.get(key) != was.get(key));
                if changed_here && !changed_there && !grouped.contains(&key.as_str()) {
                    let got: Option<Value> = map(&result).get(key).cloned();
                    if got.as_ref() != Some(value) {
                        return Err(format!("{} {key}: {value} became {got:?}", bead.id));
                    }
                }
            }
            let taken_off = |comment: &Comment| {
                theirs.as_ref().is_some_and(|b| remarks::marks(b).contains(&remarks::mark(comment)))
            };
            for comment in &bead.comments {
                if taken_off(comment) {
                    if result.comments.iter().any(|c| remarks::mark(c) == remarks::mark(comment)) {
                        return Err(format!("{}: a remark that was taken off came back", bead.id));
                    }
                    continue;
                }
                if !result.comments.iter().any(|c| c.text == comment.text && c.author == comment.author) {
                    return Err(format!("{}: lost the remark {}", bead.id, comment.text));
                }
            }
            for label in bead.labels.iter().filter(|l| !before.as_ref().is_some_and(|b| b.labels.contains(l))) {
                if !result.labels.contains(label) {
                    return Err(format!("{}: lost the label {label}", bead.id));
                }
            }
        }
        Ok(())
    }

    #[test]
    fn any_two_edits_in_either_order_give_one_result_that_lost_nothing() {
        crate::base::fuzz::run("merge", &(edits(), edits(), edits()), |(shared, left, right)| {
            let mut base = base();
            apply(&mut base, "both", &shared);
            let (mut mine, mut its) = (base.clone(), base.clone());
            apply(&mut mine, "ann", &left);
            apply(&mut its, "bob", &right);
            let (b, l, r) = (file(&base), file(&mine), file(&its));
            let fail = |error: Error| TestCaseError::fail(error.to_string());
            let one = merge_files(&b, &l, &r).map_err(fail)?;
            let other = merge_files(&b, &r, &l).map_err(fail)?;
            prop_assert_eq!(String::from_utf8_lossy(&one.bytes), String::from_utf8_lossy(&other.bytes));
            let again = merge_files(&b, &one.bytes, &one.bytes).map_err(fail)?;
            prop_assert_eq!(String::from_utf8_lossy(&one.bytes), String::from_utf8_lossy(&again.bytes));
            let caught_up = merge_files(&l, &l, &one.bytes).map_err(fail)?;
            prop_assert_eq!(String::from_utf8_lossy(&one.bytes), String::from_utf8_lossy(&caught_up.bytes));
            let merged: Vec<Bead> = lines::read(&one.bytes, Timestamp::now()).beads.into_values().collect();
            nothing_lost(&base, &mine, &its, &merged).map_err(TestCaseError::fail)?;
            nothing_lost(&base, &its, &mine, &merged).map_err(TestCaseError::fail)?;
            Ok(())
        });
    }

    #[test]
    fn a_side_without_a_bead_is_no_side() {
        let good = file(&base());
        assert!(merge_files(b"", &good, b"binary\x00 rubbish\n").is_err());
        let merged = merge_files(b"", &good, b"").map(|merged| merged.bytes);
        assert_eq!(
            merged.ok(),
            Some(good.clone()),
            "an empty side is one that lacks everything, and lacking is not deleting"
        );
        let broken = [good.as_slice(), b"{\"id\": half a li\n"].concat();
        let merged = merge_files(&good, &good, &broken).unwrap_or_default();
        assert_eq!((merged.beads, merged.unreadable, merged.bytes == broken), (4, 1, true));
    }

    #[test]
    fn a_deletion_stands_for_thirty_days_against_those_who_had_not_heard_of_it() -> Result<()> {
        let base = base();
        for (days, status) in [(29, Status::Tombstone), (32, Status::Open)] {
            let (mut dead, mut live) = (base.clone(), base.clone());
            dead[0].status = Status::Tombstone;
            dead[0].updated_at = base[0].updated_at.plus_seconds(60);
            dead[0].deleted_at = Some(dead[0].updated_at);
            live[0].title = "Still worked on".into();
            live[0].updated_at = base[0].updated_at.plus_seconds(days * 24 * 3600);
            let merged = merge_files(&file(&base), &file(&dead), &file(&live))?;
            let found = lines::read(&merged.bytes, Timestamp::now());
            assert_eq!(found.beads["gt-aaa00"].status, status, "{days} days");
            assert_eq!(found.beads["gt-aaa00"].title, "Still worked on");
        }
        Ok(())
    }
}
