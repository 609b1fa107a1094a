//! The end of beads and their return: close, reopen, delete, and the landing of convoys.

use serde_json::json;

use super::graph;
use super::links::is_convoy;
use super::model::{Bead, Closed, Status};
use super::tx::Tx;
use crate::base::{Error, Result};

impl Tx<'_> {
    /// Closes a bead. In the same transaction what it blocked becomes ready and convoys whose last open member it was land.
    /// A bead that is closed already stays as it is.
    ///
    /// # Errors
    /// Not found; refused for a deleted bead.
    pub fn close(&mut self, id: &str, reason: &str) -> Result<Closed> {
        let before = self.living(id)?;
        let outer = std::mem::take(&mut self.effects);
        let mut after = before.clone();
        if before.status != Status::Closed {
            after.status = Status::Closed;
            after.close_reason = reason.to_owned();
            self.save(&before, &mut after, "closed")?;
        }
        let effects = std::mem::replace(&mut self.effects, outer);
        let landed = effects.trackers.iter().cloned().collect();
        let unblocked = effects.unblocked.into_iter().collect();
        Ok(Closed { bead: after, unblocked, landed })
    }

    /// Opens a closed bead again; `reason`, when not empty, becomes a comment. A bead that is not closed stays as it is.
    ///
    /// # Errors
    /// Not found; refused for a deleted bead.
    pub fn reopen(&mut self, id: &str, reason: &str) -> Result<Bead> {
        let before = self.living(id)?;
        if before.status != Status::Closed {
            return Ok(before);
        }
        let mut after = before.clone();
        after.status = Status::Open;
        after.closed_at = None;
        after.close_reason.clear();
        self.save(&before, &mut after, "reopened")?;
        if !reason.is_empty() {
            self.add_comment(&after.id, &format!("Reopened: {reason}"))?;
        }
        self.get(&after.id)
    }

    /// Deletes a bead but keeps a tombstone, so that other clones learn of it. Its dependencies go, in both directions.
    ///
    /// # Errors
    /// Not found; refused when it was deleted before.
    pub fn delete(&mut self, id: &str, reason: &str) -> Result<Bead> {
        let before = self.living(id)?;
        if before.ephemeral {
            self.purge(&before.id)?;
            return Ok(before);
        }
        self.unlink(&before)?;
        let before = self.get(&before.id)?;
        let mut after = before.clone();
        after.status = Status::Tombstone;
        after.original_type.clone_from(&before.issue_type);
        after.deleted_at = Some(self.now());
        after.deleted_by = self.actor().to_owned();
        reason.clone_into(&mut after.delete_reason);
        self.save(&before, &mut after, "deleted")?;
        Ok(after)
    }

    /// Removes a bead without a trace but its event. Another clone that still has it brings it back; meant for wisps.
    ///
    /// # Errors
    /// Not found.
    pub fn purge(&mut self, id: &str) -> Result<()> {
        let bead = self.get(id)?;
        self.unlink(&bead)?;
        self.mark(Some(&bead), &bead)?;
        self.conn
            .prepare_cached("DELETE FROM texts WHERE n = (SELECT n FROM beads WHERE id = ?1)")?
            .execute([&bead.id])?;
        for sql in [
            "DELETE FROM beads WHERE id = ?1",
            "DELETE FROM labels WHERE bead = ?1",
            "DELETE FROM comments WHERE bead = ?1",
        ] {
            self.conn.prepare_cached(sql)?.execute([&bead.id])?;
        }
        graph::status_changed(self.conn, &bead.id, &mut self.effects)?;
        let kept = super::codec::to_map(&bead, super::codec::Parts::ALL);
        self.event("purged", Some(&bead.id), json!({"before": kept, "store": bead.store}))?;
        self.land_convoys()
    }

    /// Removes every dependency from and to the bead.
    fn unlink(&mut self, bead: &Bead) -> Result<()> {
        let pairs: Vec<(String, String, String)> = self
            .conn
            .prepare_cached("SELECT issue, depends_on, type FROM deps WHERE issue = ?1 OR depends_on = ?1")?
            .query_map([&bead.id], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?
            .collect::<rusqlite::Result<_>>()?;
        for (issue, depends_on, kind) in pairs {
            // An edge from a bead that was deleted itself is already of no account.
            match self.remove_dep(&issue, &depends_on, Some(&kind)) {
                Err(error) if error.kind() == crate::base::Kind::Refused => {
                    self.conn
                        .prepare_cached("DELETE FROM deps WHERE issue = ?1 AND depends_on = ?2 AND type = ?3")?
                        .execute([&issue, &depends_on, &kind])?;
                    graph::edge_changed(self.conn, &issue, &depends_on, &kind, &mut self.effects)?;
                }
                other => {
                    other?;
                }
            }
        }
        Ok(())
    }

    /// Closes the convoys among the beads whose tracked members have just changed, if all of those are done. What remains in
    /// `effects.trackers` has landed.
    pub(super) fn land_convoys(&mut self) -> Result<()> {
        let candidates = std::mem::take(&mut self.effects.trackers);
        let mut landed = std::collections::BTreeSet::new();
        for id in candidates {
            let Some(before) = self.find(&id)? else { continue };
            if before.status.is_done() || !is_convoy(&before) || !self.has_member(&id)? || self.has_open_member(&id)? {
                continue;
            }
            let mut after = before.clone();
            after.status = Status::Closed;
            after.close_reason = "All tracked beads are closed".into();
            // A convoy can itself be a member of another: `save` comes back here for that one.
            self.save(&before, &mut after, "closed")?;
            landed.append(&mut self.effects.trackers);
            self.event("convoy_landed", Some(&id), json!({"title": after.title}))?;
            landed.insert(id);
        }
        self.effects.trackers = landed;
        Ok(())
    }

    /// Lands the convoy if all it tracks is done; `false` when it does not.
    ///
    /// # Errors
    /// Not found; wrong usage when it is no convoy.
    pub fn check_convoy(&mut self, id: &str) -> Result<bool> {
        let convoy = self.living(id)?;
        if !is_convoy(&convoy) {
            return Err(Error::usage(format!("{} is a {}, not a convoy", convoy.id, convoy.issue_type)));
        }
        let outer = std::mem::take(&mut self.effects);
        graph::edge_changed(self.conn, &convoy.id, "", super::dep_type::TRACKS, &mut self.effects)?;
        self.land_convoys()?;
        let effects = std::mem::replace(&mut self.effects, outer);
        Ok(effects.trackers.contains(&convoy.id))
    }
}
