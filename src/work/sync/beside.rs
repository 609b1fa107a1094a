//! On a branch of its own, which nothing checks out: commits are made with a temporary index, merges file by file.

use super::{Options, Place, ROUNDS, Report, hold, message, push};
use crate::base::{Error, Result, ResultExt, files};
use crate::ledger::{Ledger, jsonl};
use crate::repo::{Checkout, Fetched};

/// Where this clone's own line of the branch is. It only ever moves to what the ledger has taken in, so that a commit of the ledger on
/// top of it takes nothing back.
fn own_ref(branch: &str) -> String {
    format!("refs/bd/sync/{branch}")
}

pub(super) fn run(ledger: &Ledger, place: &Place, branch: &str, options: &Options) -> Result<Report> {
    let checkout = place.checkout();
    if checkout.is_checked_out(branch)? {
        return Err(Error::refused(format!("{branch} is checked out, and the ledger's branch must not be"))
            .hint("git switch to another branch there, or: bd config unset sync-branch"));
    }
    let remote = checkout.remote(branch)?;
    let mut report = Report {
        repository: checkout.top().to_string_lossy().into_owned(),
        branch: branch.to_owned(),
        remote: remote.as_ref().map(|(name, _)| name.clone()),
        separate: true,
        files: place.files()?,
        ..Report::default()
    };
    let tip = checkout.rev(&own_ref(branch))?;
    report.changed = differing(checkout, tip.as_deref(), &report.files)?;
    if options.dry_run {
        return Ok(report);
    }
    let mut reached = remote.is_some();
    for _ in 0..ROUNDS {
        let mut heads = Vec::new();
        if let Some((name, there)) = remote.as_ref().filter(|_| options.pull && reached) {
            match checkout.fetch(name, there)? {
                Fetched::At(commit) => heads.push(commit),
                Fetched::NoBranch => {}
                Fetched::Unreachable(why) => {
                    reached = false;
                    report.later.push(format!("{name} was not reached: {why}"));
                }
            }
        }
        // Somebody may have moved the branch itself, by git fetch for example.
        heads.extend(checkout.rev(&format!("refs/heads/{branch}"))?);
        jsonl::export_all(ledger)?;
        let Some(tip) = advance(ledger, place, branch, &heads, options, &mut report)? else { continue };
        if !jsonl::export_all(ledger)?.is_empty() {
            continue;
        }
        let Some((name, there)) = remote.as_ref().filter(|_| options.push && reached) else { break };
        if heads.first() == Some(&tip) {
            report.pushed = true;
            break;
        }
        if push(checkout, (name, there), &tip, options, &mut report)? {
            break;
        }
    }
    if reached && remote.is_some() && options.push {
        report.outrun();
    }
    Ok(report)
}

/// Merges what `head` has of the files into `current`.
pub(super) fn merged(place: &Place, base: Option<&str>, head: &str, current: &mut [(String, Vec<u8>)]) -> Result<()> {
    let checkout = place.checkout();
    let ledger_files = place.ledger_files();
    for (file, bytes) in current {
        let Some(theirs) = checkout.file_at(head, file)? else { continue };
        let base = match base {
            Some(base) => checkout.file_at(base, file)?.unwrap_or_default(),
            // Two clones may each have begun the branch; what they have in common is then in the project's own history, if anywhere.
            None => checkout.file_at("HEAD", file)?.unwrap_or_default(),
        };
        if ledger_files.contains(file) {
            *bytes = jsonl::merge_files(&base, bytes, &theirs).with_context(|| format!("{file} of {head}"))?.bytes;
        } else if *bytes == base {
            *bytes = theirs;
        }
    }
    Ok(())
}

pub(super) fn contents(checkout: &Checkout, files: &[String]) -> Result<Vec<(String, Vec<u8>)>> {
    let read = |file: &String| {
        let path = checkout.top().join(file);
        Ok((file.clone(), std::fs::read(&path).with_context(|| format!("read {}", path.display()))?))
    };
    files.iter().map(read).collect()
}

fn differing(checkout: &Checkout, tip: Option<&str>, files: &[String]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for (file, bytes) in contents(checkout, files)? {
        let there = match tip {
            Some(tip) => checkout.file_at(tip, &file)?,
            None => None,
        };
        if there.as_deref() != Some(&bytes) {
            found.push(file);
        }
    }
    Ok(found)
}

/// Commits the ledger's files on top of this clone's line, merges every head into it and hands what came with them to the ledger; only
/// then does the line move. `None` when somebody else moved it meanwhile.
fn advance(
    ledger: &Ledger,
    place: &Place,
    branch: &str,
    heads: &[String],
    options: &Options,
    report: &mut Report,
) -> Result<Option<String>> {
    let checkout = place.checkout();
    let before = checkout.rev(&own_ref(branch))?;
    let held = hold(ledger, place.stores())?;
    let mut current = contents(checkout, &report.files)?;
    let mut tip = before.clone();
    if tip.is_none() || !differing(checkout, tip.as_deref(), &report.files)?.is_empty() {
        let parents: Vec<&str> = tip.as_deref().into_iter().collect();
        let commit = checkout.commit_beside(tip.as_deref(), &parents, &current, &message(options))?;
        report.committed = Some(commit.clone());
        tip = Some(commit);
    }
    let Some(mut tip) = tip else { return Ok(None) };
    for head in heads {
        if checkout.is_ancestor(head, &tip)? {
            continue;
        }
        let base = checkout.merge_base(&tip, head)?;
        merged(place, base.as_deref(), head, &mut current)?;
        tip = checkout.commit_beside(Some(head), &[&tip, head], &current, "Merge the ledger of others")?;
        report.merged = true;
    }
    for (file, bytes) in &current {
        let path = checkout.top().join(file);
        if std::fs::read(&path).ok().as_ref() != Some(bytes) {
            files::write_atomic(&path, bytes, 0o644)?;
        }
    }
    drop(held);
    report.count(&jsonl::refresh(ledger)?);
    if !checkout.move_ref(&own_ref(branch), &tip, before.as_deref())? {
        return Ok(None);
    }
    // The branch itself, for people to look at; it is behind or equal, since it was one of the heads.
    let name = format!("refs/heads/{branch}");
    let old = checkout.rev(&name)?;
    if old.as_deref() != Some(tip.as_str()) {
        checkout.move_ref(&name, &tip, old.as_deref())?;
    }
    Ok(Some(tip))
}
