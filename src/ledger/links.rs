//! Dependencies and labels of beads.

use rusqlite::{OptionalExtension, params};
use serde_json::json;

use super::model::{Bead, Dependency, NewDep, Status, dep_type};
use super::tx::{self, Tx};
use super::{codec, graph};

use crate::base::{Error, Result};

/// Writes a dependency row; `false` when it was there. Whether it holds is worked out afterwards.
pub(super) fn put_dep(conn: &rusqlite::Connection, dep: &Dependency) -> Result<bool> {
    put_held_dep(conn, dep, false)
}

/// As [`put_dep`], when it is known whether the dependency holds.
pub(super) fn put_held_dep(conn: &rusqlite::Connection, dep: &Dependency, holds: bool) -> Result<bool> {
    let extra = if dep.extra.is_empty() { String::new() } else { serde_json::to_string(&dep.extra)? };
    Ok(conn
        .prepare_cached(
            "INSERT OR IGNORE INTO deps(issue, depends_on, type, created_at, created_by, metadata, thread_id, extra, spawner, active) \
             VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            dep.issue_id,
            dep.depends_on_id,
            dep.dep_type,
            dep.created_at.to_string(),
            dep.created_by,
            dep.metadata,
            dep.thread_id,
            extra,
            graph::spawner(&dep.dep_type, &dep.depends_on_id, &dep.metadata),
            holds,
        ])?
        > 0)
}

impl Tx<'_> {
    /// Makes `issue` depend on `depends_on`; `false` when it does already. A closed convoy that gets an unfinished member
    /// is opened again.
    ///
    /// # Errors
    /// Not found for beads that don't exist (`external:` targets aside); refused when it would close a circle.
    pub fn add_dep(&mut self, issue: &str, depends_on: &str, dep_type: &str) -> Result<bool> {
        self.add_dep_with(issue, &NewDep::new(depends_on, dep_type))
    }

    /// As [`Tx::add_dep`], with metadata.
    ///
    /// # Errors
    /// As [`Tx::add_dep`].
    pub fn add_dep_with(&mut self, issue: &str, dep: &NewDep) -> Result<bool> {
        let before = self.living(issue)?;
        let mut after = before.clone();
        if !self.link(&mut after, dep)? {
            return Ok(false);
        }
        let added =
            json!({"depends_on": after.dependencies.last().map(|d| d.depends_on_id.clone()), "type": dep.dep_type});
        self.relinked(&before, &mut after, "dep_added", added)?;
        let convoy = is_convoy(&after) && after.status == Status::Closed && dep.dep_type == dep_type::TRACKS;
        if convoy && self.has_open_member(&after.id)? {
            self.reopen(&after.id, "a member was added")?;
        }
        Ok(true)
    }

    /// Adds a dependency to a bead whose row exists, without marking it changed.
    pub(super) fn link(&mut self, bead: &mut Bead, dep: &NewDep) -> Result<bool> {
        let kind = tx::check_word("dependency type", &dep.dep_type)?;
        let target = if dep.depends_on.starts_with("external:") {
            dep.depends_on.clone()
        } else {
            self.resolve(&dep.depends_on)?
        };
        if bead.id == target {
            return Err(Error::refused(format!("{} can't depend on itself", bead.id)));
        }
        if dep_type::HOLDING.contains(&kind.as_str()) {
            self.check_circle(&bead.id, &target, &kind)?;
        }
        let dependency = Dependency {
            issue_id: bead.id.clone(),
            depends_on_id: target.clone(),
            dep_type: kind.clone(),
            created_at: self.now(),
            created_by: self.actor().to_owned(),
            metadata: dep.metadata.clone(),
            thread_id: String::new(),
            extra: serde_json::Map::new(),
        };
        if !put_dep(self.conn, &dependency)? {
            return Ok(false);
        }
        bead.dependencies.push(dependency);
        graph::edge_changed(self.conn, &bead.id, &target, &kind, &mut self.effects)?;
        Ok(true)
    }

    /// Refuses an edge that could never come to rest.
    fn check_circle(&self, issue: &str, target: &str, kind: &str) -> Result<()> {
        // Nothing leads to a bead on which nothing depends: making beads in order costs no walk.
        let pointed_at = self
            .conn
            .prepare_cached(
                "SELECT 1 FROM deps WHERE depends_on = ?1 \
                 AND type IN ('blocks', 'conditional-blocks', 'waits-for', 'parent-child')",
            )?
            .exists([issue])?;
        if pointed_at && let Some(path) = graph::reaches(self.conn, target, issue)? {
            return Err(Error::refused(format!("{issue} would wait for itself: {issue} -> {}", path.join(" -> ")))
                .hint("remove one of these dependencies first: bd dep remove"));
        }
        let is_part = kind != dep_type::PARENT_CHILD
            && self
                .conn
                .prepare_cached("SELECT 1 FROM deps WHERE issue = ?1 AND depends_on = ?2 AND type = 'parent-child'")?
                .exists([issue, target])?;
        if is_part {
            return Err(Error::refused(format!("{issue} is part of {target}, which waits for its parts already"))
                .hint("let it depend on another part instead"));
        }
        Ok(())
    }

    /// Removes the dependency of `issue` on `depends_on`, of one type or of every type; returns how many there were.
    ///
    /// # Errors
    /// Not found when there is none.
    pub fn remove_dep(&mut self, issue: &str, depends_on: &str, dep_type: Option<&str>) -> Result<usize> {
        let before = self.living(issue)?;
        let is_there = before.dependencies.iter().any(|d| d.depends_on_id == depends_on);
        let target = if is_there { depends_on.to_owned() } else { self.resolve(depends_on)? };
        let mut after = before.clone();
        let gone = |d: &Dependency| d.depends_on_id == target && dep_type.is_none_or(|kind| kind == d.dep_type);
        let removed: Vec<Dependency> = before.dependencies.iter().filter(|d| gone(d)).cloned().collect();
        if removed.is_empty() {
            return Err(Error::not_found(format!("{} does not depend on {target}", before.id))
                .hint(format!("bd dep list {} shows what it depends on", before.id)));
        }
        after.dependencies.retain(|d| !gone(d));
        for dep in &removed {
            self.conn
                .prepare_cached("DELETE FROM deps WHERE issue = ?1 AND depends_on = ?2 AND type = ?3")?
                .execute([&dep.issue_id, &dep.depends_on_id, &dep.dep_type])?;
            graph::edge_changed(self.conn, &dep.issue_id, &dep.depends_on_id, &dep.dep_type, &mut self.effects)?;
        }
        let types: Vec<&str> = removed.iter().map(|d| d.dep_type.as_str()).collect();
        let whole: Vec<serde_json::Value> = removed.iter().map(codec::dependency_value).collect();
        let payload = json!({"depends_on": target, "type": types.join(","), "dependencies": whole});
        self.relinked(&before, &mut after, "dep_removed", payload)?;
        self.land_convoys()?;
        Ok(removed.len())
    }

    /// Adds a label; `false` when the bead carries it already.
    ///
    /// # Errors
    /// Not found; wrong usage for a label that can't be.
    pub fn add_label(&mut self, id: &str, label: &str) -> Result<bool> {
        let label = tx::check_label(label)?;
        let before = self.living(id)?;
        if !tx::put_label(self.conn, &before.id, &label)? {
            return Ok(false);
        }
        let mut after = before.clone();
        after.labels.push(label.clone());
        after.labels.sort();
        self.relinked(&before, &mut after, "label_added", json!({"label": label}))?;
        Ok(true)
    }

    /// Takes a label off; `false` when the bead does not carry it.
    ///
    /// # Errors
    /// Not found.
    pub fn remove_label(&mut self, id: &str, label: &str) -> Result<bool> {
        let before = self.living(id)?;
        let removed = self
            .conn
            .prepare_cached("DELETE FROM labels WHERE bead = ?1 AND label = ?2")?
            .execute([&before.id, label])?;
        if removed == 0 {
            return Ok(false);
        }
        let mut after = before.clone();
        after.labels.retain(|l| l != label);
        self.relinked(&before, &mut after, "label_removed", json!({"label": label}))?;
        Ok(true)
    }

    /// Writes the change time, dirty mark and event of a bead whose links changed.
    pub(super) fn relinked(
        &mut self,
        before: &Bead,
        after: &mut Bead,
        kind: &str,
        payload: serde_json::Value,
    ) -> Result<()> {
        self.mark(Some(before), after)?;
        let now = self.now();
        if now > before.updated_at {
            after.updated_at = now;
            self.conn
                .prepare_cached("UPDATE beads SET updated_at = ?2, updated_ns = ?3 WHERE id = ?1")?
                .execute(params![after.id, now.to_string(), now.unix_nanos()])?;
        }
        self.event(kind, Some(&after.id), payload)?;
        Ok(())
    }

    /// Whether the convoy tracks a bead that is not done.
    pub(super) fn has_open_member(&self, convoy: &str) -> Result<bool> {
        Ok(self
            .conn
            .prepare_cached("SELECT 1 FROM deps WHERE issue = ?1 AND type = 'tracks' AND active = 1")?
            .exists([convoy])?)
    }

    /// Whether the convoy tracks anything.
    pub(super) fn has_member(&self, convoy: &str) -> Result<bool> {
        Ok(self
            .conn
            .prepare_cached("SELECT 1 FROM deps WHERE issue = ?1 AND type = 'tracks'")?
            .query_row([convoy], |_| Ok(()))
            .optional()?
            .is_some())
    }
}

/// Whether a bead is a convoy: by its type, or by the label that older towns gave.
pub fn is_convoy(bead: &Bead) -> bool {
    bead.issue_type == "convoy" || bead.has_label("gt:convoy")
}
