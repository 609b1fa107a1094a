//! What keeps convoys from landing.

use serde::{Deserialize, Serialize};

use crate::base::Result;
use crate::work::{Desk, convoy};

/// A bead of a convoy that nobody moves.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldUp {
    /// The bead.
    pub bead: String,
    /// Why nobody works on it.
    pub reason: String,
    /// What can be done.
    pub hint: String,
}

/// Which convoys stand still, and what keeps one of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delays {
    /// The convoys of which no bead is under way.
    pub stranded: Vec<String>,
    /// The convoy that was looked at.
    pub convoy: String,
    /// What keeps it.
    pub held: Vec<HeldUp>,
}

/// Which convoys stand still, and what keeps `convoy`.
///
/// # Errors
/// When the ledger can't be read.
pub fn delays(desk: &Desk, convoy: &str) -> Result<Delays> {
    let stranded = convoy::stranded(desk)?.convoys.into_iter().map(|convoy| convoy.id).collect();
    let held = convoy::held_up(desk, convoy)?;
    let held = held.into_iter().map(|held| HeldUp { bead: held.bead, reason: held.reason, hint: held.hint }).collect();
    Ok(Delays { stranded, convoy: convoy.to_owned(), held })
}
