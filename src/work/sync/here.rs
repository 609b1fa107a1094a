//! On the branch that is checked out.

use super::beside::{contents, merged};
use super::{Options, Place, ROUNDS, Report, busy, hold, message, push};
use crate::base::{Error, Result, files};
use crate::ledger::{Ledger, jsonl};
use crate::repo::{Fetched, Joined};

pub(super) fn run(ledger: &Ledger, place: &Place, options: &Options) -> Result<Report> {
    let checkout = place.checkout();
    let Some(branch) = checkout.branch()? else {
        return Err(Error::refused(format!("no branch is checked out in {}", checkout.top().display()))
            .hint("git switch <branch>, or keep the ledger on a branch of its own: bd config set sync-branch <name>"));
    };
    if checkout.is_busy()? {
        return Err(busy(place));
    }
    let remote = checkout.remote(&branch)?;
    let files = place.files()?;
    let mut report = Report {
        repository: checkout.top().to_string_lossy().into_owned(),
        branch,
        remote: remote.as_ref().map(|(name, _)| name.clone()),
        changed: checkout.changed(&files)?,
        files,
        ..Report::default()
    };
    if options.dry_run {
        return Ok(report);
    }
    let mut theirs = None;
    let mut reached = remote.is_some();
    for _ in 0..ROUNDS {
        if let Some((name, there)) = remote.as_ref().filter(|_| options.pull && reached) {
            // Before the files are held, since a network may take its time.
            match checkout.fetch(name, there)? {
                Fetched::At(commit) => theirs = Some(commit),
                Fetched::NoBranch => theirs = None,
                Fetched::Unreachable(why) => {
                    reached = false;
                    report.later.push(format!("{name} was not reached: {why}"));
                }
            }
        }
        {
            let _held = hold(ledger, place.stores())?;
            report.committed = checkout.commit(&report.files, &message(options))?.or(report.committed);
            if let Some(theirs) = &theirs
                && !checkout.is_ancestor(theirs, "HEAD")?
            {
                let joined = match unite(place, &report.files, theirs)? {
                    true => Joined::Merged,
                    // They changed more than the ledger, so git has to bring it into the working tree.
                    false => checkout.join(theirs, "Merge the ledger of others")?,
                };
                match joined {
                    Joined::Merged => report.merged = true,
                    Joined::Not(why) => {
                        return Err(Error::failed(format!("what others did can't be merged: {why}")).hint(
                            "nothing is lost: your changes are committed here; merge by hand with git pull, then bd sync",
                        ));
                    }
                }
            }
        }
        report.count(&jsonl::refresh(ledger)?);
        if !jsonl::export_all(ledger)?.is_empty() && !checkout.changed(&report.files)?.is_empty() {
            continue;
        }
        let Some((name, there)) = remote.as_ref().filter(|_| options.push && reached) else { break };
        let Some(head) = checkout.rev("HEAD")? else { break };
        if theirs.as_ref() == Some(&head) {
            report.pushed = true;
            break;
        }
        if push(checkout, (name, there), &head, options, &mut report)? {
            break;
        }
    }
    if reached && remote.is_some() && options.push {
        report.outrun();
    }
    Ok(report)
}

/// Merges `theirs` where only the ledger's files differ from what both sides came from, without git's merge, which wants an index
/// with nothing staged. `false` when it is not for us.
fn unite(place: &Place, files: &[String], theirs: &str) -> Result<bool> {
    let checkout = place.checkout();
    let Some(head) = checkout.rev("HEAD")? else { return Ok(false) };
    let Some(base) = checkout.merge_base(&head, theirs)? else { return Ok(false) };
    let changed = checkout.difference(&base, theirs)?;
    if base == head || !changed.iter().all(|name| files.contains(name)) {
        return Ok(false);
    }
    let mut current = contents(checkout, files)?;
    merged(place, Some(&base), theirs, &mut current)?;
    let commit = checkout.commit_beside(Some(&head), &[&head, theirs], &current, "Merge the ledger of others")?;
    // In this order an end in between leaves changes that the next run commits.
    for (file, bytes) in &current {
        files::write_atomic(&checkout.top().join(file), bytes, 0o644)?;
    }
    checkout.stage(&current)?;
    if !checkout.move_ref("HEAD", &commit, Some(&head))? {
        return Err(Error::refused("somebody else committed at the same moment").hint("run bd sync again"));
    }
    Ok(true)
}
