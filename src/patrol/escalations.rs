//! Raises escalations that nobody has answered.

use std::time::Duration;

use super::pulse::Pulse;
use crate::base::Result;
use crate::town::Town;
use crate::work::{Desk, escalation};

/// How often it looks.
const ROUND: Duration = Duration::from_secs(30);

/// Raises until it is time to end.
///
/// # Errors
/// When ledger or settings can't be read; the caller tries again later.
pub fn run(town: &Town, pulse: &Pulse) -> Result<()> {
    let mut desk = Desk::of(town.clone())?;
    loop {
        for one in escalation::raise_stale(&mut desk)? {
            tracing::warn!(escalation = one.id, severity = %one.facts.severity, raised = one.facts.raised, "nobody answered");
        }
        if !pulse.rest(ROUND) {
            return Ok(());
        }
    }
}
