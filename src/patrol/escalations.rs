//! Escalations: tells of those whose filer could not, closes those whose bead is done, raises those that nobody has answered.

use std::time::Duration;

use super::pulse::Pulse;
use crate::base::Result;
use crate::town::Town;
use crate::work::{Desk, escalation};

/// How often it looks.
const ROUND: Duration = Duration::from_secs(30);

/// Seconds that whoever files one may take to tell of it.
const UNTOLD: i64 = 60;

/// Raises until it is time to end.
///
/// # Errors
/// When ledger or settings can't be read; the caller tries again later.
pub fn run(town: &Town, pulse: &Pulse) -> Result<()> {
    let mut desk = Desk::of(town.clone())?;
    loop {
        for one in escalation::tell_untold(&mut desk, UNTOLD)? {
            tracing::info!(escalation = one.id, "told late: whoever filed it could not");
        }
        for one in escalation::close_settled(&mut desk)? {
            tracing::info!(escalation = one.id, "its bead is done");
        }
        for one in escalation::raise_stale(&mut desk)? {
            tracing::warn!(escalation = one.id, severity = %one.facts.severity, raised = one.facts.raised, "nobody answered");
        }
        if !pulse.rest(ROUND) {
            return Ok(());
        }
    }
}
