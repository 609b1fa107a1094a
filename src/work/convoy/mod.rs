//! Convoys: bundles of beads, of any rig, that land together when the last of them is closed.

mod change;
mod show;
mod stranded;

pub use change::{Added, Checked, Created, NewConvoy, add, check, close, create, refresh};
pub use show::{ConvoyLine, ConvoyList, ConvoyStatus, Progress, Tracked, list, resolve, status};
pub use stranded::{Stranded, StrandedConvoy, Stuck, held_up, stranded};

use rusqlite::{Connection, OptionalExtension};

use crate::base::{Error, Result};
use crate::ledger::{Bead, NewBead, NewDep, Tx, dep_type};
use crate::town::TOWN_PREFIX;

/// The bead type of a convoy.
pub const TYPE: &str = "convoy";

/// The beads a convoy tracks, in the order they were added.
pub fn members(convoy: &Bead) -> Vec<&str> {
    convoy
        .dependencies
        .iter()
        .filter(|dependency| dependency.dep_type == dep_type::TRACKS)
        .map(|dependency| dependency.depends_on_id.as_str())
        .collect()
}

/// The open convoy that tracks `bead`, the oldest when there are several.
///
/// # Errors
/// When the ledger can't be read.
pub fn tracking(conn: &Connection, bead: &str) -> Result<Option<String>> {
    let mut statement = conn.prepare_cached(
        "SELECT d.issue FROM deps d JOIN beads b ON b.id = d.issue \
         WHERE d.depends_on = ?1 AND d.type = 'tracks' AND b.issue_type = 'convoy' \
         AND b.status NOT IN ('closed', 'tombstone') ORDER BY b.created_ns LIMIT 1",
    )?;
    Ok(statement.query_row([bead], |row| row.get(0)).optional()?)
}

/// The convoy that tracks `bead`, open or landed; the newest when there are several.
///
/// # Errors
/// When the ledger can't be read.
pub fn ever_tracking(conn: &Connection, bead: &str) -> Result<Option<String>> {
    let mut statement = conn.prepare_cached(
        "SELECT d.issue FROM deps d JOIN beads b ON b.id = d.issue \
         WHERE d.depends_on = ?1 AND d.type = 'tracks' AND b.issue_type = 'convoy' ORDER BY b.created_ns DESC LIMIT 1",
    )?;
    Ok(statement.query_row([bead], |row| row.get(0)).optional()?)
}

/// Hours since `convoy` was made; 0 for none.
///
/// # Errors
/// When the ledger can't be read.
pub fn age_hours(conn: &Connection, convoy: &str, now: crate::base::Timestamp) -> Result<f64> {
    if convoy.is_empty() {
        return Ok(0.0);
    }
    let mut statement = conn.prepare_cached("SELECT created_at FROM beads WHERE id = ?1")?;
    let made: Option<String> = statement.query_row([convoy], |row| row.get(0)).optional()?;
    Ok(match made {
        Some(made) => super::queue::hours(made.parse()?, now),
        None => 0.0,
    })
}

/// Makes a convoy inside a transaction; returns its id.
///
/// # Errors
/// When a member does not exist or the ledger can't be written.
pub fn make(tx: &mut Tx<'_>, title: &str, members: &[String], owner: &str, notify: &[String]) -> Result<String> {
    let mut description = format!("Convoy tracking {} issues", members.len());
    if !owner.is_empty() {
        description.push_str(&format!("\nOwner: {owner}"));
    }
    for address in notify {
        description.push_str(&format!("\nNotify: {address}"));
    }
    let bead = tx.create(
        TOWN_PREFIX,
        NewBead {
            title: title.to_owned(),
            id_infix: Some("cv".into()),
            issue_type: TYPE.into(),
            description,
            deps: members.iter().map(|member| NewDep::new(member, dep_type::TRACKS)).collect(),
            ..NewBead::default()
        },
    )?;
    tx.event("convoy_created", Some(&bead.id), serde_json::json!({"title": title, "tracks": members}))?;
    Ok(bead.id)
}

/// Whom to tell when the convoy lands, beside the overseer: its owner and those asked for, each once.
pub fn audience(convoy: &Bead) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for line in convoy.description.lines() {
        if let Some(address) = line.strip_prefix("Owner: ").or_else(|| line.strip_prefix("Notify: ")) {
            let address = address.trim().to_owned();
            if !address.is_empty() && !out.contains(&address) {
                out.push(address);
            }
        }
    }
    out
}

/// The convoy `bead`, or an error that says it is none.
fn expect_convoy(bead: Bead) -> Result<Bead> {
    if bead.issue_type == TYPE {
        return Ok(bead);
    }
    Err(Error::not_found(format!("{} is a {}, no convoy", bead.id, bead.issue_type)).hint("gt convoy list --all"))
}
