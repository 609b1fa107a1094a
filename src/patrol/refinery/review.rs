//! Requests whose branch people review and merge at the origin.

use std::process::{Command, Stdio};

use super::{settle, target};
use crate::base::Result;
use crate::base::text::neutralise;
use crate::repo::{Bare, PushOutcome};
use crate::town::{MergeQueueSettings, Rig};
use crate::work::Desk;
use crate::work::queue::MergeRequest;

/// Seconds between two looks whether a branch was merged.
const LOOK_SECONDS: i64 = 60;

/// Brings the request's branch, rebased and green, to the origin and has a pull request opened, when the rig says how.
///
/// # Errors
/// When ledger or repository fail.
pub fn publish(
    desk: &mut Desk,
    rig: &Rig,
    bare: &Bare,
    settings: &MergeQueueSettings,
    request: &MergeRequest,
) -> Result<()> {
    let head = request.step.rebased.clone().unwrap_or_default();
    if !bare.has_origin() {
        return settle::hold(desk, rig, request, "the rig has no origin for a review: gt mq approve merges it here");
    }
    match bare.push_review(&head, &request.branch)? {
        PushOutcome::Pushed => {}
        PushOutcome::Rejected(reason) | PushOutcome::Refused { reason, .. } => {
            return settle::wait(desk, rig, request, &format!("the origin refuses the branch for review: {reason}"));
        }
        PushOutcome::Unreachable(reason) => {
            return settle::wait(desk, rig, request, &target::unreachable_origin(&reason));
        }
    }
    let mut reason = format!("{} is at the origin for review", request.branch);
    if !settings.pr_command.is_empty() {
        let title = desk.ledger.find(&request.source)?.map_or_else(|| request.branch.clone(), |bead| bead.title);
        reason = format!("{reason}: {}", open_pull_request(rig, settings, request, &title));
    }
    settle::review(desk, rig, request, &reason, LOOK_SECONDS)
}

/// What the program that opens pull requests said last, or why it failed.
fn open_pull_request(rig: &Rig, settings: &MergeQueueSettings, request: &MergeRequest, title: &str) -> String {
    let filled: Vec<String> = settings
        .pr_command
        .iter()
        .map(|word| {
            let facts = [
                ("{branch}", request.branch.as_str()),
                ("{target}", &request.target),
                ("{title}", title),
                ("{bead}", &request.source),
                ("{id}", &request.id),
            ];
            facts.iter().fold(word.clone(), |word, (name, value)| word.replace(name, value))
        })
        .collect();
    let Some((program, arguments)) = filled.split_first() else { return String::new() };
    let output =
        Command::new(program).args(arguments).current_dir(rig.refinery_worktree()).stdin(Stdio::null()).output();
    let last = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes).into_owned();
        neutralise(text.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default(), true).into_owned()
    };
    match output {
        Ok(output) if output.status.success() => last(&output.stdout),
        Ok(output) => format!("{program} failed: {}", last(&output.stderr)),
        Err(error) => format!("{program}: {error}"),
    }
}

/// Looks whether the request's branch was merged at the origin: as it is, or as commits with the same changes.
///
/// # Errors
/// When ledger or repository fail.
pub fn look(desk: &mut Desk, rig: &Rig, request: &MergeRequest) -> Result<()> {
    let bare = Bare::open(&rig.bare_repo())?;
    let head = request.step.rebased.clone().unwrap_or_default();
    let merged = match target::bring_up_to_date(&bare, &request.target)? {
        Err(_) => None,
        Ok(_) if bare.find_rev(&head)?.is_none() => None,
        Ok(onto) if bare.is_ancestor(&head, &onto)? => Some(head),
        Ok(onto) => bare.has_changes_of(&onto, &head)?.then_some(onto),
    };
    match merged {
        Some(commit) => settle::finish(desk, rig, request, &commit),
        None => settle::review(desk, rig, request, &request.reason, LOOK_SECONDS),
    }
}
