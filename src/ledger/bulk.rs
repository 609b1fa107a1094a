//! Making very many beads at once, such as the steps of a molecule. They depend on nothing but each other, each on earlier ones, so
//! no circle can close, and what is blocked is known as they are made.

use std::collections::HashMap;

use serde_json::json;

use super::graph;
use super::model::{Bead, Dependency, NewBead, Status, Store, dep_type};
use super::tx::{self, Tx};
use super::{ids, links};
use crate::base::{Error, Result, Timestamp};

/// From this many beads on the history has one entry for all of them.
const MANY: usize = 1_000;
/// The page cache, in KiB, while many beads are made: their rows belong all over the indexes.
const CACHE: i64 = 512 * 1024;
/// SQLite's own default.
const USUAL_CACHE: i64 = 2_000;

/// A bead that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Its id.
    pub id: Box<str>,
    /// Whether something keeps it from being ready.
    pub blocked: bool,
}

/// What a bead depends on that is made together with others.
#[derive(Debug)]
pub struct On<'m> {
    /// The earlier bead.
    pub bead: &'m Made,
    /// One of [`dep_type`].
    pub dep_type: &'static str,
    /// JSON in a string; empty when there is none.
    pub metadata: String,
}

impl<'m> On<'m> {
    /// A dependency without metadata.
    pub fn new(bead: &'m Made, dep_type: &'static str) -> Self {
        Self { bead, dep_type, metadata: String::new() }
    }
}

/// Makes beads one after the other; from [`Tx::bulk`], ended by [`Bulk::finish`].
#[derive(Debug)]
pub struct Bulk<'t, 'c> {
    tx: &'t mut Tx<'c>,
    store: Store,
    each: bool,
    count: usize,
    stems: HashMap<String, (i64, i64)>,
    waits: Vec<(String, String)>,
}

impl<'c> Tx<'c> {
    /// Begins to make about `expected` beads in `store`.
    ///
    /// # Errors
    /// Not found for a store that does not exist.
    pub fn bulk(&mut self, store: &str, expected: usize) -> Result<Bulk<'_, 'c>> {
        let store = self.store(store)?;
        if expected > MANY {
            self.conn.pragma_update(None, "cache_size", -CACHE)?;
        }
        let each = expected <= MANY;
        Ok(Bulk { tx: self, store, each, count: 0, stems: HashMap::new(), waits: Vec::new() })
    }
}

impl Bulk<'_, '_> {
    /// Makes a bead; `new.deps` and `new.parent` are not looked at, it depends on what `on` says.
    ///
    /// # Errors
    /// As [`Tx::create`].
    pub fn add(&mut self, new: NewBead, on: &[On<'_>]) -> Result<Made> {
        let (given, infix) = (new.id.clone(), new.id_infix.clone());
        let mut bead = self.tx.shape(new)?;
        bead.store.clone_from(&self.store.name);
        bead.blocked = on.iter().any(|on| on.dep_type != dep_type::PARENT_CHILD || on.bead.blocked);
        // Somebody may have pointed at an id of the caller's choice before the bead existed.
        let known = given.is_some();
        match given {
            Some(id) => {
                ids::validate(&id)?;
                if self.tx.find(&id)?.is_some() {
                    return Err(Error::refused(format!("{id} exists already")).hint("leave --id out to get a free one"));
                }
                bead.id = id;
                tx::insert(self.tx.conn, &bead)?;
                ids::note(self.tx.conn, &bead.id)?;
            }
            None => self.insert_with_free_id(&mut bead, infix.as_deref())?,
        }
        self.tx.mark(None, &bead)?;
        let now = self.tx.now();
        for on in on {
            self.link(&bead, on, now)?;
        }
        if known || bead.status != Status::Open {
            graph::status_changed(self.tx.conn, &bead.id, &mut self.tx.effects)?;
        }
        if self.each {
            self.tx.event_created(&bead)?;
        }
        self.count += 1;
        Ok(Made { id: bead.id.into_boxed_str(), blocked: bead.blocked })
    }

    fn insert_with_free_id(&mut self, bead: &mut Bead, infix: Option<&str>) -> Result<()> {
        let prefix = self.store.prefix.trim_end_matches('-');
        let stem = infix.map_or_else(|| prefix.to_owned(), |infix| format!("{prefix}-{infix}"));
        if !self.stems.contains_key(&stem) {
            self.stems.insert(stem.clone(), (ids::known(self.tx.conn, &stem)?, 0));
        }
        let Some((known, added)) = self.stems.get_mut(&stem) else { return Ok(()) };
        let about = (&bead.title, &bead.description, &bead.created_by);
        for (length, nonce) in ids::attempts(*known + *added) {
            let hash = ids::hash(about.0, about.1, about.2, bead.created_at, nonce, length);
            let id = format!("{stem}-{hash}");
            if !ids::taken(self.tx.conn, &id)? {
                bead.id = id;
                *added += 1;
                return tx::insert(self.tx.conn, bead);
            }
        }
        Err(ids::exhausted(&stem))
    }

    fn link(&mut self, bead: &Bead, on: &On<'_>, now: Timestamp) -> Result<()> {
        let dependency = Dependency {
            issue_id: bead.id.clone(),
            depends_on_id: on.bead.id.to_string(),
            dep_type: on.dep_type.to_owned(),
            created_at: now,
            created_by: self.tx.actor().to_owned(),
            metadata: on.metadata.clone(),
            thread_id: String::new(),
            extra: serde_json::Map::new(),
        };
        // What is waited for is made later, so that is settled at the end.
        let waits = on.dep_type == dep_type::WAITS_FOR;
        links::put_held_dep(self.tx.conn, &dependency, true)?;
        if waits {
            self.waits.push((bead.id.clone(), on.bead.id.to_string()));
        }
        Ok(())
    }

    /// Writes down what belongs to all of them.
    ///
    /// # Errors
    /// When the database can't be written.
    pub fn finish(self) -> Result<usize> {
        let Self { tx, each, count, stems, waits, .. } = self;
        for (stem, (_, added)) in &stems {
            ids::count(tx.conn, stem, *added)?;
        }
        for (issue, on) in &waits {
            graph::edge_changed(tx.conn, issue, on, dep_type::WAITS_FOR, &mut tx.effects)?;
        }
        if !each {
            tx.conn.pragma_update(None, "cache_size", -USUAL_CACHE)?;
            tx.event("created_many", None, json!({"count": count}))?;
        }
        Ok(count)
    }
}
