//! The branch work is merged into, here and at the origin, and the worktree in which that is prepared.

use crate::base::{Kind, Result, ResultExt};
use crate::repo::{Bare, PushOutcome, Worktree};
use crate::town::{Address, Rig, Town};

/// The target's head after the origin was asked; an `Err` inside says what has to be waited for.
pub fn bring_up_to_date(bare: &Bare, target: &str) -> Result<Result<String, String>> {
    if bare.has_origin() {
        if let Err(error) = bare.fetch() {
            return Ok(Err(unreachable_origin(error.message())));
        }
        bare.fast_forward_from_origin(target)?;
    }
    let here = bare.local_branch(target)?;
    let there = bare.origin_branch(target)?;
    match (here, there) {
        (Some(here), Some(there)) if here != there && !bare.is_ancestor(&there, &here)? => {
            Ok(Err(format!("{target} here and at the origin have gone different ways")))
        }
        (Some(here), _) => Ok(Ok(here)),
        (None, _) => Ok(Err(format!("there is no branch {target} to merge into"))),
    }
}

/// What is waited for while the origin is away.
pub fn unreachable_origin(why: &str) -> String {
    format!("the origin can't be reached: {why}")
}

/// What became of an attempt to move the target.
#[derive(Debug, PartialEq, Eq)]
pub enum Moved {
    /// The commit is on the target, here and at the origin.
    Done,
    /// Somebody else moved it first.
    Elsewhere,
    /// It can't be moved now; why.
    Wait(String),
}

/// Moves `target` from `onto` to `tip`, at the origin first.
pub fn advance(bare: &Bare, target: &str, onto: &str, tip: &str) -> Result<Moved> {
    if bare.has_origin() {
        match bare.push(tip, target)? {
            PushOutcome::Pushed => {}
            PushOutcome::Rejected(_) => return Ok(Moved::Elsewhere),
            PushOutcome::Refused { reason, hint } => {
                return Ok(Moved::Wait(format!("the origin refuses the push: {reason} ({hint})")));
            }
            PushOutcome::Unreachable(reason) => return Ok(Moved::Wait(unreachable_origin(&reason))),
        }
    }
    match bare.update_ref(&format!("refs/heads/{target}"), tip, Some(onto)) {
        Ok(()) => Ok(Moved::Done),
        Err(error) if error.kind() == Kind::Refused => {
            let here = bare.local_branch(target)?.unwrap_or_default();
            // Somebody brought the branch up to date with the origin, where this commit was just pushed.
            let there = !here.is_empty() && bare.is_ancestor(tip, &here)?;
            Ok(if there { Moved::Done } else { Moved::Elsewhere })
        }
        Err(error) => Err(error),
    }
}

/// The refinery's worktree, made again when it is gone.
pub fn worktree(town: &Town, rig: &Rig, bare: &Bare, onto: &str) -> Result<Worktree> {
    let path = rig.refinery_worktree();
    let worktree = match Worktree::open(&path) {
        Ok(worktree) => worktree,
        Err(error) if error.kind() == Kind::NotFound => {
            if path.exists() {
                std::fs::remove_dir_all(&path).with_context(|| format!("remove {}", path.display()))?;
            }
            bare.prune_worktrees()?;
            bare.add_detached_worktree(&path, onto)?
        }
        Err(error) => return Err(error),
    };
    let (name, email) = Address::Refinery(rig.name.clone()).git_author(&town.settings()?.agent_email_domain);
    Ok(worktree.with_committer(&name, &email))
}
