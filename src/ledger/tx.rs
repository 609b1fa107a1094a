//! A transaction on the ledger: making and changing beads. Each change writes its event and what follows from it.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use serde_json::{Map, Value, json};

use super::blocked;
use super::filter::{self, Filter};
use super::graph::{self, Effects};
use super::model::{Bead, NewBead, NewDep, Patch, Status, Store, dep_type};
use super::ready::{self, ReadyFilter};
use super::{closing, codec, events, ids, row, store};
use crate::base::{Error, Result, Timestamp};

/// Changes that happen together or not at all; made by [`super::Ledger::write`].
#[derive(Debug)]
pub struct Tx<'a> {
    pub(super) conn: &'a Connection,
    actor: String,
    now: Timestamp,
    created: i64,
    touched: BTreeSet<String>,
    pub(super) effects: Effects,
}

impl<'a> Tx<'a> {
    pub(super) fn new(conn: &'a Connection, actor: &str) -> Self {
        Self {
            conn,
            actor: actor.to_owned(),
            now: Timestamp::now(),
            created: 0,
            touched: BTreeSet::new(),
            effects: Effects::default(),
        }
    }

    /// Marks the stores whose files are to be written.
    pub(super) fn finish(&mut self) -> Result<()> {
        for store in std::mem::take(&mut self.touched) {
            self.conn.prepare_cached("UPDATE stores SET changed = changed + 1 WHERE name = ?1")?.execute([store])?;
        }
        Ok(())
    }

    /// Who makes the changes.
    pub fn actor(&self) -> &str {
        &self.actor
    }

    /// When the transaction began; the time of all its changes.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// The connection, for tables of higher floors; what is written through it belongs to this transaction.
    pub fn conn(&self) -> &Connection {
        self.conn
    }

    /// The bead that `id`, in full or in part, names.
    ///
    /// # Errors
    /// Not found when there is none, refused when several fit.
    pub fn get(&self, id: &str) -> Result<Bead> {
        store::get(self.conn, id)
    }

    /// The bead with exactly this id.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn find(&self, id: &str) -> Result<Option<Bead>> {
        row::find(self.conn, id)
    }

    /// The full id that `partial` stands for.
    ///
    /// # Errors
    /// Not found when there is none, refused when several fit.
    pub fn resolve(&self, partial: &str) -> Result<String> {
        ids::resolve(self.conn, partial)
    }

    /// The beads that pass `filter`, with their labels.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn list(&self, filter: &Filter) -> Result<Vec<Bead>> {
        filter::list(self.conn, filter, row::Links::Labels)
    }

    /// The beads that can be worked on now, with their labels.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn ready(&self, filter: &ReadyFilter) -> Result<Vec<Bead>> {
        ready::ready(self.conn, filter)
    }

    /// The bead's own blockers that hold now, sorted.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn blockers(&self, id: &str) -> Result<Vec<String>> {
        blocked::blockers(self.conn, id)
    }

    /// The store with this name.
    ///
    /// # Errors
    /// Not found when there is none.
    pub fn store(&self, name: &str) -> Result<Store> {
        store::store_named(self.conn, name)
    }

    /// The value kept under `key`.
    ///
    /// # Errors
    /// When the database can't be read.
    pub fn kv(&self, key: &str) -> Result<Option<String>> {
        store::kv(self.conn, key)
    }

    /// Keeps `value` under `key`; `None` forgets it.
    ///
    /// # Errors
    /// When the database can't be written.
    pub fn set_kv(&mut self, key: &str, value: Option<&str>) -> Result<()> {
        match value {
            Some(value) => self
                .conn
                .prepare_cached(
                    "INSERT INTO kv(key, value) VALUES(?1, ?2) ON CONFLICT(key) DO UPDATE SET value = excluded.value",
                )?
                .execute(params![key, value])?,
            None => self.conn.prepare_cached("DELETE FROM kv WHERE key = ?1")?.execute([key])?,
        };
        Ok(())
    }

    /// Writes an entry of the history; returns its place in it.
    ///
    /// # Errors
    /// When the database can't be written.
    pub fn event(&mut self, kind: &str, bead: Option<&str>, payload: Value) -> Result<i64> {
        events::append(self.conn, self.now, kind, &self.actor, bead, &payload)
    }

    /// Makes a bead in `store`.
    ///
    /// # Errors
    /// Wrong usage for a title, priority, label or id that can't be; refused when the id is taken; not found for a parent or
    /// dependency that does not exist.
    pub fn create(&mut self, store: &str, new: NewBead) -> Result<Bead> {
        let mut store = self.store(store)?;
        let mut new = new;
        let mut deps = std::mem::take(&mut new.deps);
        if let Some(parent) = &new.parent {
            let parent = self.get(parent)?;
            store.name.clone_from(&parent.store);
            new.ephemeral |= parent.ephemeral;
            deps.retain(|dep| dep.depends_on != parent.id || dep.dep_type != dep_type::PARENT_CHILD);
            deps.insert(0, NewDep::new(parent.id, dep_type::PARENT_CHILD));
        }
        let (id, parent, prefix, infix) = (new.id.take(), new.parent.take(), new.prefix.take(), new.id_infix.take());
        let mut bead = self.shape(new)?;
        bead.id = match (id, &parent) {
            (Some(id), _) => {
                ids::validate(&id)?;
                if self.find(&id)?.is_some() {
                    return Err(Error::refused(format!("{id} exists already")).hint("leave --id out to get a free one"));
                }
                id
            }
            (None, Some(_)) => ids::next_child(self.conn, &deps[0].depends_on)?,
            (None, None) => {
                let prefix = prefix.as_deref().unwrap_or(&store.prefix).trim_end_matches('-');
                let stem = match &infix {
                    Some(infix) => format!("{prefix}-{infix}"),
                    None => prefix.to_owned(),
                };
                ids::generate(self.conn, &stem, &bead.title, &bead.description, &self.actor, bead.created_at)?
            }
        };
        bead.store = store.name;
        insert(self.conn, &bead)?;
        ids::note(self.conn, &bead.id)?;
        self.mark(None, &bead)?;
        for dep in deps {
            self.link(&mut bead, &dep)?;
        }
        // Somebody may have pointed at this id before it existed.
        graph::status_changed(self.conn, &bead.id, &mut self.effects)?;
        self.event_created(&bead)?;
        bead.blocked = blocked(self.conn, &bead.id)?;
        Ok(bead)
    }

    /// The event of a bead that was made.
    pub(super) fn event_created(&mut self, bead: &Bead) -> Result<i64> {
        self.event(
            "created",
            Some(&bead.id),
            json!({"title": bead.title, "issue_type": bead.issue_type, "priority": bead.priority, "store": bead.store}),
        )
    }

    /// A bead as `new` describes it, checked, without id, store and dependencies.
    pub(super) fn shape(&mut self, new: NewBead) -> Result<Bead> {
        check_title(&new.title)?;
        // Beads made together differ by a nanosecond, so that equal content still gives different ids and a stable order.
        let created = Timestamp::from_unix_nanos(self.now.unix_nanos().saturating_add(self.created));
        self.created += 1;
        let mut bead = Bead::new(String::new(), new.title, created);
        bead.ephemeral = new.ephemeral;
        bead.created_by.clone_from(&self.actor);
        bead.description = new.description;
        bead.design = new.design;
        bead.acceptance_criteria = new.acceptance_criteria;
        bead.notes = new.notes;
        bead.status = new.status.unwrap_or_default();
        bead.priority = check_priority(new.priority.unwrap_or(2))?;
        if !new.issue_type.is_empty() {
            bead.issue_type = check_word("type", &new.issue_type)?;
        }
        bead.assignee = new.assignee;
        bead.owner = new.owner;
        bead.estimated_minutes = new.estimated_minutes;
        bead.due_at = new.due_at;
        bead.defer_until = new.defer_until;
        bead.external_ref = new.external_ref;
        bead.sender = new.sender;
        bead.pinned = new.pinned;
        bead.is_template = new.is_template;
        bead.await_type = new.await_type;
        bead.await_id = new.await_id;
        bead.timeout = new.timeout;
        bead.extra = new.extra;
        bead.labels = new.labels.iter().map(|label| check_label(label)).collect::<Result<_>>()?;
        bead.labels.sort();
        bead.labels.dedup();
        if bead.status == Status::Closed {
            bead.closed_at = Some(created);
        }
        Ok(bead)
    }

    /// Changes the fields that `patch` gives. Nothing is written when nothing differs.
    ///
    /// # Errors
    /// Not found; wrong usage for a value that can't be; refused for a deleted bead.
    pub fn update(&mut self, id: &str, patch: &Patch) -> Result<Bead> {
        let before = self.living(id)?;
        let mut after = before.clone();
        apply(&mut after, patch)?;
        if after == before {
            return Ok(before);
        }
        let kind = match (before.status == Status::Closed, after.status == Status::Closed) {
            (false, true) => "closed",
            (true, false) => "reopened",
            _ => "updated",
        };
        self.save(&before, &mut after, kind)?;
        Ok(after)
    }

    /// The bead, unless it was deleted.
    pub(super) fn living(&self, id: &str) -> Result<Bead> {
        let bead = self.get(id)?;
        if bead.status == Status::Tombstone {
            return Err(Error::refused(format!("{} was deleted", bead.id)).hint("make a new bead instead"));
        }
        Ok(bead)
    }

    /// Writes a changed bead with its event and everything that follows from a change of status.
    pub(super) fn save(&mut self, before: &Bead, after: &mut Bead, kind: &str) -> Result<()> {
        closing::follow(self, before, after)?;
        after.updated_at = later(self.now, before.updated_at);
        if after.status == Status::Closed {
            after.closed_at = after.closed_at.or(Some(self.now));
        } else if after.status != Status::Tombstone {
            after.closed_at = None;
            after.close_reason.clear();
        }
        self.mark(Some(before), after)?;
        write(self.conn, after)?;
        let (old, new) = difference(before, after);
        self.event(kind, Some(&after.id), json!({"before": old, "after": new}))?;
        if before.status != after.status || before.close_reason != after.close_reason {
            graph::status_changed(self.conn, &after.id, &mut self.effects)?;
            self.land_convoys()?;
        }
        after.blocked = blocked(self.conn, &after.id)?;
        Ok(())
    }

    /// Remembers that the bead's line in its store's file is out of date, and what it was. `before` must have all its links.
    pub(super) fn mark(&mut self, before: Option<&Bead>, after: &Bead) -> Result<()> {
        let was_exported = before.is_some_and(|bead| !bead.ephemeral);
        if after.ephemeral && !was_exported {
            return Ok(());
        }
        let known = self
            .conn
            .prepare_cached(
                "UPDATE dirty SET touched = (SELECT changed + 1 FROM stores WHERE name = store) WHERE bead = ?1",
            )?
            .execute([&after.id])?;
        if known == 0 {
            let base = match before.filter(|_| was_exported) {
                Some(bead) => String::from_utf8(codec::to_line(bead)?).ok(),
                None => None,
            };
            mark_dirty(self.conn, &after.id, &after.store, base.as_deref())?;
        }
        if !self.touched.contains(&after.store) {
            self.touched.insert(after.store.clone());
        }
        Ok(())
    }
}

/// Notes that a bead differs from its line in the store's file, where that is `base`.
pub(super) fn mark_dirty(conn: &Connection, id: &str, store: &str, base: Option<&str>) -> Result<()> {
    conn.prepare_cached(
        "INSERT OR REPLACE INTO dirty(bead, store, touched, base) \
         VALUES(?1, ?2, (SELECT changed + 1 FROM stores WHERE name = ?2), ?3)",
    )?
    .execute(params![id, store, base])?;
    Ok(())
}

/// `now`, or just after `previous` when clocks disagree: a change must not look older than what it changes.
fn later(now: Timestamp, previous: Timestamp) -> Timestamp {
    if now > previous { now } else { Timestamp::from_unix_nanos(previous.unix_nanos().saturating_add(1)) }
}

fn blocked(conn: &Connection, id: &str) -> Result<bool> {
    Ok(conn.prepare_cached("SELECT blocked FROM beads WHERE id = ?1")?.query_row([id], |row| row.get(0))?)
}

fn apply(bead: &mut Bead, patch: &Patch) -> Result<()> {
    fn set<T: Clone>(field: &mut T, value: Option<&T>) {
        if let Some(value) = value {
            field.clone_from(value);
        }
    }
    if let Some(title) = &patch.title {
        check_title(title)?;
    }
    if let Some(priority) = patch.priority {
        check_priority(priority)?;
    }
    if let Some(kind) = &patch.issue_type {
        bead.issue_type = check_word("type", kind)?;
    }
    if let Some(status) = &patch.status {
        if *status == Status::Tombstone {
            return Err(Error::usage("a bead is deleted with delete, not by its status").hint("bd delete <id>"));
        }
        bead.status = status.clone();
    }
    set(&mut bead.title, patch.title.as_ref());
    set(&mut bead.description, patch.description.as_ref());
    set(&mut bead.design, patch.design.as_ref());
    set(&mut bead.acceptance_criteria, patch.acceptance_criteria.as_ref());
    set(&mut bead.notes, patch.notes.as_ref());
    set(&mut bead.priority, patch.priority.as_ref());
    set(&mut bead.assignee, patch.assignee.as_ref());
    set(&mut bead.owner, patch.owner.as_ref());
    set(&mut bead.estimated_minutes, patch.estimated_minutes.as_ref());
    set(&mut bead.due_at, patch.due_at.as_ref());
    set(&mut bead.defer_until, patch.defer_until.as_ref());
    set(&mut bead.external_ref, patch.external_ref.as_ref());
    set(&mut bead.close_reason, patch.close_reason.as_ref());
    set(&mut bead.pinned, patch.pinned.as_ref());
    set(&mut bead.ephemeral, patch.ephemeral.as_ref());
    set(&mut bead.await_id, patch.await_id.as_ref());
    set(&mut bead.waiters, patch.waiters.as_ref());
    for (key, value) in &patch.extra {
        if value.is_null() {
            bead.extra.shift_remove(key);
        } else {
            bead.extra.insert(key.clone(), value.clone());
        }
    }
    Ok(())
}

/// The fields that differ, before and after; `updated_at` aside.
fn difference(before: &Bead, after: &Bead) -> (Map<String, Value>, Map<String, Value>) {
    let (old, new) = (codec::to_map(before, codec::Parts::LABELS), codec::to_map(after, codec::Parts::LABELS));
    let pick = |from: &Map<String, Value>, other: &Map<String, Value>| {
        from.iter()
            .filter(|(key, value)| key.as_str() != "updated_at" && other.get(key.as_str()) != Some(value))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect()
    };
    (pick(&old, &new), pick(&new, &old))
}

pub(super) fn check_title(title: &str) -> Result<()> {
    let hint = "say in one line of at most 500 bytes what is to be done; the rest belongs in the description";
    if title.trim().is_empty() {
        return Err(Error::usage("a bead needs a title").hint(hint));
    }
    if title.len() > 500 {
        return Err(Error::usage(format!("the title has {} bytes, at most 500 are allowed", title.len())).hint(hint));
    }
    Ok(())
}

fn check_priority(priority: u8) -> Result<u8> {
    if priority > 4 {
        return Err(Error::usage(format!("priority {priority} is not 0 to 4")).hint("0 is most urgent, 2 is usual"));
    }
    Ok(priority)
}

pub(super) fn check_word(what: &str, word: &str) -> Result<String> {
    let word = word.trim();
    if word.is_empty() || word.len() > 50 || word.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(
            Error::usage(format!("not a {what}: {word:?}")).hint("it is one word of at most 50 bytes, without spaces")
        );
    }
    Ok(word.to_owned())
}

pub(super) fn check_label(label: &str) -> Result<String> {
    let label = label.trim();
    if label.is_empty() || label.len() > 255 || label.chars().any(char::is_control) {
        return Err(Error::usage(format!("not a label: {label:?}")).hint("a label is 1 to 255 bytes on one line"));
    }
    Ok(label.to_owned())
}

/// Adds a bead's row, texts, labels and comments; dependencies are added by the caller.
pub(super) fn insert(conn: &Connection, bead: &Bead) -> Result<()> {
    conn.prepare_cached(
        "INSERT INTO beads(id, store, title, status, priority, issue_type, assignee, owner, created_by, created_at, \
         updated_at, closed_at, defer_until, due_at, created_ns, updated_ns, closed_ns, defer_ns, due_ns, ephemeral, pinned, \
         is_template, blocked) \
         VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23)",
    )?
    .execute(params![
        bead.id,
        bead.store,
        bead.title,
        bead.status.as_str(),
        bead.priority,
        bead.issue_type,
        bead.assignee,
        bead.owner,
        bead.created_by,
        bead.created_at.to_string(),
        bead.updated_at.to_string(),
        bead.closed_at.map(|t| t.to_string()),
        bead.defer_until.map(|t| t.to_string()),
        bead.due_at.map(|t| t.to_string()),
        bead.created_at.unix_nanos(),
        bead.updated_at.unix_nanos(),
        bead.closed_at.map(Timestamp::unix_nanos),
        bead.defer_until.map(Timestamp::unix_nanos),
        bead.due_at.map(Timestamp::unix_nanos),
        bead.ephemeral,
        bead.pinned,
        bead.is_template,
        bead.blocked,
    ])?;
    let n = conn.last_insert_rowid();
    conn.prepare_cached(
        "INSERT INTO texts(n, description, design, acceptance_criteria, notes, close_reason, more) \
         VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        n,
        bead.description,
        bead.design,
        bead.acceptance_criteria,
        bead.notes,
        bead.close_reason,
        row::pack(bead)
    ])?;
    for label in &bead.labels {
        put_label(conn, &bead.id, label)?;
    }
    Ok(())
}

pub(super) fn put_label(conn: &Connection, id: &str, label: &str) -> Result<bool> {
    Ok(conn.prepare_cached("INSERT OR IGNORE INTO labels(bead, label) VALUES(?1, ?2)")?.execute([id, label])? > 0)
}

/// Writes the row and texts of a bead that exists.
pub(super) fn write(conn: &Connection, bead: &Bead) -> Result<()> {
    let n: i64 = conn
        .prepare_cached(
            "UPDATE beads SET store = ?2, title = ?3, status = ?4, priority = ?5, issue_type = ?6, assignee = ?7, owner = ?8, \
             created_by = ?9, created_at = ?10, updated_at = ?11, closed_at = ?12, defer_until = ?13, due_at = ?14, \
             created_ns = ?15, updated_ns = ?16, closed_ns = ?17, defer_ns = ?18, due_ns = ?19, ephemeral = ?20, pinned = ?21, \
             is_template = ?22 WHERE id = ?1 RETURNING n",
        )?
        .query_row(
            params![
                bead.id,
                bead.store,
                bead.title,
                bead.status.as_str(),
                bead.priority,
                bead.issue_type,
                bead.assignee,
                bead.owner,
                bead.created_by,
                bead.created_at.to_string(),
                bead.updated_at.to_string(),
                bead.closed_at.map(|t| t.to_string()),
                bead.defer_until.map(|t| t.to_string()),
                bead.due_at.map(|t| t.to_string()),
                bead.created_at.unix_nanos(),
                bead.updated_at.unix_nanos(),
                bead.closed_at.map(Timestamp::unix_nanos),
                bead.defer_until.map(Timestamp::unix_nanos),
                bead.due_at.map(Timestamp::unix_nanos),
                bead.ephemeral,
                bead.pinned,
                bead.is_template,
            ],
            |row| row.get(0),
        )?;
    conn.prepare_cached(
        "UPDATE texts SET description = ?2, design = ?3, acceptance_criteria = ?4, notes = ?5, close_reason = ?6, more = ?7 \
         WHERE n = ?1",
    )?
    .execute(params![
        n,
        bead.description,
        bead.design,
        bead.acceptance_criteria,
        bead.notes,
        bead.close_reason,
        row::pack(bead)
    ])?;
    Ok(())
}
