//! Two versions of a bead become one, field by field, with the version both came from.
//!
//! The result does not depend on which side is which. Rules: a field that only one side changed takes that change; text that both
//! changed takes the later bead's; what belongs to the status moves as one, in the order deleted (unless the deletion had expired
//! when the other side was last changed), closed, anything else; labels
//! and dependencies are united, removals included; comments are united, without those whose removal is marked. Keys that other programs are known to drop when they
//! rewrite a line are never taken for removed because they are absent.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::codec::{self, Parts};
use super::model::{Bead, Comment, Dependency, Status};
use super::remarks;
use crate::base::{Result, Timestamp};

/// How long a deletion stands against changes of other clones that had not heard of it: thirty days, and an hour for clocks that
/// disagree.
pub const TOMBSTONE_SECONDS: i64 = 30 * 24 * 3600 + 3600;

/// What belongs to the status and moves with it.
const STATUS: [&str; 7] =
    ["status", "closed_at", "close_reason", "deleted_at", "deleted_by", "delete_reason", "original_type"];

/// Keys whose absence means that the field was emptied; absence of any other key means nothing.
const CLEARABLE: [&str; 15] = [
    "description",
    "design",
    "acceptance_criteria",
    "notes",
    "assignee",
    "owner",
    "estimated_minutes",
    "due_at",
    "defer_until",
    "external_ref",
    "ephemeral",
    "pinned",
    "is_template",
    "await_id",
    "waiters",
];

/// One of two values: the changed one, or, when both changed, that of the side that `later` points at.
fn choose<'v>(
    base: Option<Option<&'v Value>>,
    ours: Option<&'v Value>,
    theirs: Option<&'v Value>,
    later: Ordering,
) -> Option<&'v Value> {
    if ours == theirs || base == Some(theirs) {
        return ours;
    }
    if base == Some(ours) {
        return theirs;
    }
    match later {
        Ordering::Greater => ours,
        Ordering::Less => theirs,
        // Equally late: the greater text, so that both clones choose the same.
        Ordering::Equal => {
            let text = |value: Option<&Value>| value.map(Value::to_string);
            if text(ours) >= text(theirs) { ours } else { theirs }
        }
    }
}

fn rank(status: &Status) -> u8 {
    match status {
        Status::Tombstone => 2,
        Status::Closed => 1,
        _ => 0,
    }
}

/// Whether `live` was still worked on after the deletion `dead` had expired: then it lives on.
fn outlives(live: &Bead, dead: &Bead) -> bool {
    live.status != Status::Tombstone
        && dead.status == Status::Tombstone
        && dead.deleted_at.unwrap_or(dead.updated_at).plus_seconds(TOMBSTONE_SECONDS) < live.updated_at
}

/// The later of two times; of two ways to write one moment always the same.
fn latest(one: Timestamp, other: Timestamp) -> Timestamp {
    if (one, one.to_string()) >= (other, other.to_string()) { one } else { other }
}

/// Two remarks never share a number, which other programs would take for one remark.
fn number_apart(comments: &mut [Comment]) {
    // Not by number: which of two keeps it must not depend on what was merged before.
    comments.sort_by(|a, b| (a.created_at, &a.author, &a.text).cmp(&(b.created_at, &b.author, &b.text)));
    let mut next = comments.iter().map(|comment| comment.id).max().unwrap_or(0);
    let mut taken = std::collections::BTreeSet::new();
    for comment in comments {
        if !taken.insert(comment.id) {
            next = next.saturating_add(1);
            comment.id = next;
            taken.insert(next);
        }
    }
}

/// Unites two lists keyed by `key`; what `base` has and a side lacks was removed there.
fn unite<T: Clone, K: Ord>(
    base: Option<&[T]>,
    ours: &[T],
    theirs: &[T],
    key: impl Fn(&T) -> K,
    newer: impl Fn(&T, &T) -> bool,
) -> Vec<T> {
    let index = |items: &[T]| items.iter().map(|item| (key(item), item.clone())).collect::<BTreeMap<K, T>>();
    let (mut left, mut right) = (index(ours), index(theirs));
    for item in base.unwrap_or_default() {
        let key = key(item);
        if left.contains_key(&key) != right.contains_key(&key) {
            left.remove(&key);
            right.remove(&key);
        }
    }
    for (key, item) in right {
        match left.get(&key) {
            Some(mine) if !newer(&item, mine) => {}
            _ => {
                left.insert(key, item);
            }
        }
    }
    left.into_values().collect()
}

/// What makes two comments the same remark: their numbers differ between clones.
pub fn comment_key(comment: &Comment) -> (i64, String, String) {
    (comment.created_at.unix_seconds(), comment.author.clone(), comment.text.trim().to_owned())
}

/// Merges two versions of a bead; `base` is what both were made from, where that is known.
///
/// # Errors
/// Never for beads that were read from a ledger.
pub fn merge(base: Option<&Bead>, ours: &Bead, theirs: &Bead) -> Result<Bead> {
    let map = |bead: &Bead| codec::to_map(bead, Parts::BARE);
    let (b, o, t) = (base.map(map), map(ours), map(theirs));
    let later = ours.updated_at.cmp(&theirs.updated_at);
    let mut merged: Map<String, Value> = Map::new();
    let mut keys: Vec<&String> = o.keys().chain(t.keys()).collect();
    keys.sort();
    keys.dedup();
    for key in keys {
        let name = key.as_str();
        if STATUS.contains(&name) || name == "updated_at" || name == remarks::REMOVED {
            continue;
        }
        let (mut left, mut right) = (o.get(name), t.get(name));
        if !CLEARABLE.contains(&name) {
            left = left.or(right);
            right = right.or(left);
        }
        if let Some(value) = choose(b.as_ref().map(|b| b.get(name)), left, right, later) {
            merged.insert(key.clone(), value.clone());
        }
    }
    let group = |map: &Map<String, Value>| -> Value {
        STATUS.iter().filter_map(|key| Some(((*key).to_owned(), map.get(*key)?.clone()))).collect::<Map<_, _>>().into()
    };
    let (mine, its) = (group(&o), group(&t));
    let before = b.as_ref().map(group);
    let order = rank(&ours.status).cmp(&rank(&theirs.status)).then(later);
    let status = if outlives(ours, theirs) {
        Some(&mine)
    } else if outlives(theirs, ours) {
        Some(&its)
    } else {
        choose(before.as_ref().map(Some), Some(&mine), Some(&its), order)
    };
    if let Some(Value::Object(chosen)) = status {
        merged.extend(chosen.clone());
    }
    let updated = latest(ours.updated_at, theirs.updated_at);
    merged.insert("updated_at".into(), updated.to_string().into());

    let mut bead = codec::from_map(merged, updated, &mut Vec::new())?;
    // Repairs of a single line must not make a merged one differ from both.
    if bead.status == Status::Closed && bead.closed_at.is_none() {
        bead.closed_at = Some(updated);
    }
    bead.store.clone_from(&ours.store);
    bead.blocked = ours.blocked;
    bead.labels = unite(base.map(|b| b.labels.as_slice()), &ours.labels, &theirs.labels, Clone::clone, |_, _| false);
    bead.dependencies = unite(
        base.map(|b| b.dependencies.as_slice()),
        &ours.dependencies,
        &theirs.dependencies,
        |dep: &Dependency| (dep.depends_on_id.clone(), dep.dep_type.clone()),
        |a, b| {
            let key = |dep: &Dependency| (dep.created_at, codec::dependency_value(dep).to_string());
            key(a) > key(b)
        },
    );
    bead.comments = unite(None, &ours.comments, &theirs.comments, comment_key, |a, b| {
        // The higher number is the one that an earlier merge gave to tell it from another remark.
        let key = |comment: &Comment| (comment.id, codec::comment_value(comment).to_string());
        key(a) > key(b)
    });
    let marks = |bead: &Bead| remarks::marks(bead);
    let before = base.map(marks);
    // A mark that one side lacks was taken back there only if that side's remark is there again; other programs drop unknown keys.
    let (ours_marks, theirs_marks) = (marks(ours), marks(theirs));
    let back = |mark: &String| {
        before.as_ref().is_some_and(|before| before.contains(mark))
            && [(ours, &ours_marks), (theirs, &theirs_marks)].iter().any(|(side, marks)| {
                !marks.contains(mark) && side.comments.iter().any(|comment| remarks::mark(comment) == *mark)
            })
    };
    let all: std::collections::BTreeSet<String> =
        ours_marks.iter().chain(&theirs_marks).filter(|mark| !back(mark)).cloned().collect();
    remarks::set_marks(&mut bead, all);
    remarks::drop_removed(&mut bead);
    number_apart(&mut bead.comments);
    codec::sort_links(&mut bead);
    Ok(bead)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;

    fn base() -> Bead {
        let mut bead = Bead::new("gt-abc12", "Title", Timestamp::from_unix_nanos(1_000_000_000_000));
        bead.labels = vec!["a".into(), "b".into()];
        bead
    }

    fn changed(seconds: i64, change: impl FnOnce(&mut Bead)) -> Bead {
        let mut bead = base();
        bead.updated_at = bead.updated_at.plus_seconds(seconds);
        change(&mut bead);
        bead
    }

    #[test]
    fn edits_of_different_fields_both_stay() -> Result<()> {
        let ours = changed(1, |bead| bead.title = "New".into());
        let theirs = changed(2, |bead| {
            bead.priority = 0;
            bead.labels = vec!["b".into(), "c".into()];
        });
        for (left, right) in [(&ours, &theirs), (&theirs, &ours)] {
            let merged = merge(Some(&base()), left, right)?;
            assert_eq!((merged.title.as_str(), merged.priority), ("New", 0));
            assert_eq!(merged.labels, ["b", "c"]);
            assert_eq!(merged.updated_at, theirs.updated_at);
        }
        Ok(())
    }

    #[test]
    fn closed_wins_over_a_later_edit_and_deleted_over_both() -> Result<()> {
        let closed = changed(1, |bead| {
            bead.status = Status::Closed;
            bead.closed_at = Some(bead.updated_at);
        });
        let worked = changed(5, |bead| bead.status = Status::InProgress);
        let deleted = changed(2, |bead| bead.status = Status::Tombstone);
        assert_eq!(merge(Some(&base()), &worked, &closed)?.status, Status::Closed);
        assert_eq!(merge(Some(&base()), &deleted, &closed)?.status, Status::Tombstone);
        Ok(())
    }

    #[test]
    fn keys_that_others_drop_stay() -> Result<()> {
        let ours = changed(0, |bead| {
            bead.extra.insert("hook_bead".into(), "gt-1".into());
            bead.assignee = "ann".into();
        });
        let theirs = changed(3, |bead| bead.notes = "seen".into());
        let merged = merge(Some(&ours), &ours, &theirs)?;
        assert_eq!(merged.extra.get("hook_bead"), Some(&Value::from("gt-1")));
        assert_eq!((merged.assignee.as_str(), merged.notes.as_str()), ("", "seen"));
        Ok(())
    }
}
