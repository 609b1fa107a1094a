//! Whether a bead may be slung: every refusal with its own words.

use crate::base::{Error, Result};
use crate::ledger::{Bead, Status};
use crate::work::assignment::Assignment;
use crate::work::queue::MergeRequest;

/// Types of beads that are no work for an agent.
const NO_WORK: [&str; 10] =
    ["convoy", "escalation", "message", "merge-request", "agent", "role", "rig", "event", "gate", "slot"];

/// Whether beads of a type are work that an agent could be given.
pub fn is_work(issue_type: &str) -> bool {
    !NO_WORK.contains(&issue_type)
}

/// What is known of a bead that is to be slung.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The bead.
    pub bead: &'a Bead,
    /// Its assignment, if it ever had one.
    pub assignment: Option<&'a Assignment>,
    /// A merge request for it that is not over.
    pub merge_request: Option<&'a MergeRequest>,
    /// The open beads it waits for.
    pub blockers: &'a [String],
    /// The rig it is to be slung to.
    pub rig: &'a str,
    /// Whether it is to be slung although it waits for others, is somebody's already by name, or belongs to another rig.
    pub force: bool,
}

/// Refuses a bead that can't or should not be slung now.
///
/// # Errors
/// [`crate::base::Kind::Refused`], with its own message for each reason.
pub fn may_sling(facts: Facts<'_>) -> Result<()> {
    let Facts { bead, assignment, merge_request, blockers, rig, force } = facts;
    let id = &bead.id;
    if bead.status.is_done() {
        let reason = if bead.close_reason.is_empty() { String::new() } else { format!(" ({})", bead.close_reason) };
        return Err(Error::refused(format!("{id} is closed{reason}")).hint(format!("bd reopen {id}, then sling it")));
    }
    if !is_work(&bead.issue_type) {
        let hint = if bead.issue_type == "convoy" {
            format!("sling what it tracks: gt convoy show {id}")
        } else {
            format!("bd show {id}")
        };
        return Err(Error::refused(format!("{id} is a {}, no work for an agent", bead.issue_type)).hint(hint));
    }
    if let Some(row) = assignment.filter(|row| row.state.holds_bead()) {
        let whom = if row.agent.is_empty() { format!("the queue of {}", row.rig) } else { row.agent.clone() };
        return Err(Error::refused(format!("{id} is already assigned to {whom} ({})", row.state.as_str()))
            .hint(format!("gt unsling {id} takes it back")));
    }
    if let Some(request) = merge_request {
        return Err(Error::refused(format!(
            "{id} is already done by {} and in the merge queue as {} ({})",
            request.worker,
            request.id,
            request.state.as_str()
        ))
        .hint(format!("gt mq status {}", request.id)));
    }
    if force {
        return Ok(());
    }
    // Without an assignment of ours a name on the bead is somebody who took it by hand.
    if !bead.assignee.is_empty() && matches!(bead.status, Status::InProgress | Status::Hooked) {
        return Err(Error::refused(format!("{id} is already assigned to {} ({})", bead.assignee, bead.status))
            .hint(format!("--force slings it anyway, or: bd update {id} --status open --assignee ''")));
    }
    if bead.blocked || !blockers.is_empty() {
        let (whom, first) = match blockers.first() {
            Some(first) => (blockers.join(", "), first.as_str()),
            None => ("other beads".to_owned(), ""),
        };
        let hint = if first.is_empty() {
            "--force slings it anyway".to_owned()
        } else {
            format!("sling {first} first, or --force slings it anyway")
        };
        return Err(Error::refused(format!("{id} is blocked: it waits for {whom}")).hint(hint));
    }
    if bead.store != rig && bead.store != crate::town::TOWN_PREFIX {
        return Err(Error::refused(format!("{id} belongs to rig {}, not to {rig}", bead.store))
            .hint(format!("gt sling {id} {}, or --force slings it to {rig}", bead.store)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Timestamp;
    use crate::work::assignment::State;

    fn bead() -> Bead {
        let mut bead = Bead::new("sh-abc12", "A thing", Timestamp::now());
        bead.store = "shop".into();
        bead
    }

    fn refusal(bead: &Bead, assignment: Option<&Assignment>, blockers: &[String], force: bool) -> Option<String> {
        let facts = Facts { bead, assignment, merge_request: None, blockers, rig: "shop", force };
        may_sling(facts).err().map(|error| {
            assert_eq!(error.exit_code(), 4);
            assert!(error.hint_text().is_some(), "{error}");
            error.to_string()
        })
    }

    #[test]
    fn open_work_may_be_slung() {
        assert_eq!(refusal(&bead(), None, &[], false), None);
    }

    #[test]
    fn each_refusal_has_its_own_words() {
        let mut closed = bead();
        closed.status = Status::Closed;
        closed.close_reason = "Merged in abc".into();
        assert_eq!(refusal(&closed, None, &[], true).as_deref(), Some("sh-abc12 is closed (Merged in abc)"));

        let mut row = Assignment::queued("sh-abc12", "shop", "", "", Timestamp::now());
        row.agent = "shop/polecats/nux".into();
        for state in [State::Queued, State::Spawning, State::Active] {
            row.state = state;
            let said = refusal(&bead(), Some(&row), &[], true).unwrap_or_default();
            assert!(said.contains("already assigned to shop/polecats/nux"), "{said}");
        }
        for state in [State::Done, State::Failed, State::Released] {
            row.state = state;
            assert_eq!(refusal(&bead(), Some(&row), &[], false), None);
        }

        let waits = refusal(&bead(), None, &["sh-zzz99".into()], false).unwrap_or_default();
        assert!(waits.contains("blocked: it waits for sh-zzz99"), "{waits}");
        assert_eq!(refusal(&bead(), None, &["sh-zzz99".into()], true), None);

        let mut convoy = bead();
        convoy.issue_type = "convoy".into();
        assert!(refusal(&convoy, None, &[], true).is_some());

        let mut claimed = bead();
        claimed.status = Status::InProgress;
        claimed.assignee = "ann".into();
        assert!(refusal(&claimed, None, &[], false).is_some_and(|said| said.contains("ann")));
        assert_eq!(refusal(&claimed, None, &[], true), None);

        let mut foreign = bead();
        foreign.store = "bakery".into();
        assert!(refusal(&foreign, None, &[], false).is_some_and(|said| said.contains("belongs to rig bakery")));
    }
}
