//! The return of what was deleted, for whoever takes a deletion back.

use serde_json::{Map, Value, json};

use super::model::{Bead, Dependency, Status};
use super::tx::{self, Tx};
use super::{codec, graph, ids, links, remarks};
use crate::base::{Error, Result, Timestamp};

impl Tx<'_> {
    /// Brings a deleted bead back; `status` is what it had. Its dependencies were taken off when it was deleted and are put back one
    /// by one.
    ///
    /// # Errors
    /// Not found; refused when it is not deleted.
    pub fn undelete(&mut self, id: &str, status: Status) -> Result<Bead> {
        let before = self.get(id)?;
        if before.status != Status::Tombstone {
            return Err(Error::refused(format!("{} is not deleted", before.id)));
        }
        let mut after = before.clone();
        after.status = status;
        after.deleted_at = None;
        for text in [&mut after.deleted_by, &mut after.delete_reason, &mut after.original_type] {
            text.clear();
        }
        self.save(&before, &mut after, "restored")?;
        Ok(after)
    }

    /// Brings back a bead that was removed without a trace, from what its event kept of it.
    ///
    /// # Errors
    /// Refused when its id is taken again; failed when the event does not hold a bead.
    pub fn unpurge(&mut self, kept: Map<String, Value>, store: &str) -> Result<Bead> {
        let mut bead = codec::from_map(kept, self.now(), &mut Vec::new())?;
        if self.find(&bead.id)?.is_some() {
            return Err(Error::refused(format!("{} exists already", bead.id)));
        }
        bead.store = self.store(store)?.name;
        bead.updated_at = bead.updated_at.max(self.now());
        tx::insert(self.conn, &bead)?;
        ids::note(self.conn, &bead.id)?;
        for comment in &bead.comments {
            remarks::put(self.conn, comment)?;
        }
        self.mark(None, &bead)?;
        let dependencies = std::mem::take(&mut bead.dependencies);
        for dep in &dependencies {
            self.put_back(dep)?;
        }
        graph::status_changed(self.conn, &bead.id, &mut self.effects)?;
        self.event("restored", Some(&bead.id), json!({"title": bead.title}))?;
        self.get(&bead.id)
    }

    /// Puts a dependency back as it was, metadata and all; nothing happens when it is there, or when its other end is gone.
    ///
    /// # Errors
    /// Not found for a bead that does not exist, refused for one that was deleted.
    pub fn restore_dep(&mut self, dep: &Dependency) -> Result<()> {
        let external = dep.depends_on_id.starts_with("external:");
        if !external && self.find(&dep.depends_on_id)?.is_none() {
            return Ok(());
        }
        let before = self.living(&dep.issue_id)?;
        let mut after = before.clone();
        if !self.put_back(dep)? {
            return Ok(());
        }
        after.dependencies.push(dep.clone());
        let payload = json!({"depends_on": dep.depends_on_id, "type": dep.dep_type});
        self.relinked(&before, &mut after, "dep_added", payload)
    }

    fn put_back(&mut self, dep: &Dependency) -> Result<bool> {
        let added = links::put_dep(self.conn, dep)?;
        if added {
            graph::edge_changed(self.conn, &dep.issue_id, &dep.depends_on_id, &dep.dep_type, &mut self.effects)?;
        }
        Ok(added)
    }
}

/// The dependencies that an event of their removal kept.
pub fn kept_dependencies(issue: &str, payload: &Value) -> Vec<Dependency> {
    let list = payload["dependencies"].as_array().into_iter().flatten();
    let map: Map<String, Value> =
        [("id".to_owned(), issue.into()), ("dependencies".to_owned(), list.cloned().collect())].into_iter().collect();
    codec::from_map(map, Timestamp::now(), &mut Vec::new()).map(|bead| bead.dependencies).unwrap_or_default()
}

/// The remark that an event of its removal kept.
pub fn kept_comment(issue: &str, payload: &Value) -> Option<super::Comment> {
    let map: Map<String, Value> =
        [("id".to_owned(), issue.into()), ("comments".to_owned(), json!([payload["comment"]]))].into_iter().collect();
    codec::from_map(map, Timestamp::now(), &mut Vec::new()).ok()?.comments.pop()
}
