//! Capabilities of other projects: a bead that is blocked by `external:<project>:<capability>` waits until a closed bead of that
//! project carries the label `provides:<capability>`.

use rusqlite::Connection;

use crate::base::Result;

/// What the id of such a target begins with.
pub const PREFIX: &str = "external:";

/// Project and capability of a target; `None` for an id that is none.
pub fn parse(target: &str) -> Option<(&str, &str)> {
    let (project, capability) = target.strip_prefix(PREFIX)?.split_once(':')?;
    (!project.is_empty() && !capability.is_empty()).then_some((project, capability))
}

/// The label by which a bead says that it provides a capability.
pub fn label(capability: &str) -> String {
    format!("provides:{capability}")
}

/// All targets that some bead is blocked by.
///
/// # Errors
/// When the database can't be read.
pub fn targets(conn: &Connection) -> Result<Vec<String>> {
    // A range of the index, which is empty in nearly every ledger.
    let mut statement = conn.prepare_cached(
        "SELECT DISTINCT depends_on FROM deps WHERE depends_on >= 'external:' AND depends_on < 'external;' AND type = 'blocks'",
    )?;
    Ok(statement.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

/// Whether a closed bead of a store, or of all stores, provides the capability.
///
/// # Errors
/// When the database can't be read.
pub fn provides(conn: &Connection, store: Option<&str>, capability: &str) -> Result<bool> {
    Ok(conn
        .prepare_cached(
            "SELECT 1 FROM labels l JOIN beads b ON b.id = l.bead \
             WHERE l.label = ?1 AND b.status = 'closed' AND (?2 IS NULL OR b.store = ?2)",
        )?
        .exists(rusqlite::params![label(capability), store])?)
}

/// The targets in stores of this ledger (named by store or by prefix) that nobody provides, and those of `also` that are waited for.
pub(super) fn missing(conn: &Connection, also: &[String]) -> Result<Vec<String>> {
    let mut missing = Vec::new();
    for target in targets(conn)? {
        let Some((project, capability)) = parse(&target) else { continue };
        let store: Option<String> = conn
            .prepare_cached("SELECT name FROM stores WHERE name = ?1 OR prefix = ?1 ORDER BY name = ?1 DESC LIMIT 1")?
            .query_map([project], |row| row.get(0))?
            .next()
            .transpose()?;
        let lacks = match store {
            Some(store) => !provides(conn, Some(&store), capability)?,
            None => also.contains(&target),
        };
        if lacks {
            missing.push(target);
        }
    }
    Ok(missing)
}
