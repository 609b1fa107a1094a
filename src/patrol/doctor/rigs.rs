//! Rigs, hooks and runtimes: repositories that open, worktrees that are there, programs that are installed.

use std::collections::BTreeSet;

use super::{Finding, Health, mendable};
use crate::base::{Error, Result};
use crate::repo::{Bare, Worktree};
use crate::runtime;
use crate::town::{Address, Rig};
use crate::work::{Desk, hook};

pub(super) fn all(desk: &mut Desk, fix: bool) -> Vec<Finding> {
    let rigs = match desk.town.rigs() {
        Ok(rigs) => rigs,
        Err(error) => {
            return vec![Finding::new("rigs", Health::Error, error.to_string(), error.hint_text().unwrap_or(""))];
        }
    };
    let mut findings = vec![repositories(&rigs)];
    findings.extend(hooks(desk, &rigs, fix));
    findings
}

fn repositories(rigs: &[Rig]) -> Finding {
    let broken: Vec<String> = rigs
        .iter()
        .filter_map(|rig| {
            let whole = Bare::open(&rig.bare_repo()).and_then(|bare| {
                let branch = rig.target_branch()?;
                match bare.local_branch(&branch)? {
                    Some(_) => Ok(()),
                    None => Err(Error::failed(format!("has no branch {branch}"))),
                }
            });
            whole.err().map(|error| format!("{}: {error}", rig.name))
        })
        .collect();
    if broken.is_empty() {
        return Finding::ok("repositories", format!("of {} rigs open", rigs.len()));
    }
    let fix = "git -C <rig>/.repo.git fetch origin brings it back; else gt rig remove and gt rig add";
    Finding::new("repositories", Health::Error, broken.join("; "), fix)
}

/// Each hook in use has its worktree, on its branch, with its record; each worktree has a hook.
pub(super) fn hooks(desk: &mut Desk, rigs: &[Rig], fix: bool) -> Vec<Finding> {
    const CHECK: &str = "hooks";
    let all = match hook::list(desk.ledger.conn(), false) {
        Ok(all) => all,
        Err(error) => return vec![Finding::new(CHECK, Health::Error, error.to_string(), "")],
    };
    let mut findings = Vec::new();
    for place in &all {
        let Some(rig) = rigs.iter().find(|rig| rig.name == place.rig) else {
            let message = format!("{}: its rig {} is gone", place.agent, place.rig);
            findings.push(Finding::new(
                CHECK,
                Health::Warning,
                message,
                "gt rig add it again, or gt hooks list shows what it holds",
            ));
            continue;
        };
        if !place.worktree.join(".git").exists() {
            let message = format!("{}: the worktree {} is gone", place.agent, place.worktree.display());
            findings.push(mendable(CHECK, Health::Error, message, fix, || make_again(rig, place)));
            continue;
        }
        let record = Worktree::open(&place.worktree).and_then(|worktree| worktree.read_hook_record());
        match record {
            Ok(Some(record)) if record.agent == place.agent => {}
            Ok(_) => {
                let message = format!("{}: its record in git is missing", place.agent);
                findings.push(mendable(CHECK, Health::Warning, message, fix, || hook::write_record(place)));
            }
            Err(error) => {
                let message = format!("{}: {error}", place.agent);
                let fix = error.hint_text().unwrap_or("git worktree repair, in the rig's .repo.git, may mend it");
                findings.push(Finding::new(CHECK, Health::Error, message, fix));
            }
        }
    }
    for rig in rigs {
        for name in names(&rig.root.join("polecats")) {
            let Ok(address) = format!("{}/polecats/{name}", rig.name).parse::<Address>() else { continue };
            if !all.iter().any(|place| place.agent == address.to_string()) {
                let message = format!("{} belongs to nobody", rig.polecat_dir(&name).display());
                let fix = "look what is in it; git worktree remove takes it away";
                findings.push(Finding::new(CHECK, Health::Warning, message, fix));
            }
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok(CHECK, format!("{} have their worktrees", all.len())));
    }
    findings
}

fn names(directory: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

/// The worktree again, from its branch and the last snapshot that was taken on the branch's head.
fn make_again(rig: &Rig, place: &hook::Hook) -> Result<()> {
    let bare = Bare::open(&rig.bare_repo())?;
    bare.prune_worktrees()?;
    let worktree = bare.add_worktree_on(&place.worktree, &place.branch)?;
    if let Some(snapshot) = bare.snapshots(&place.agent)?.pop()
        && bare.find_rev(&format!("{}^1", snapshot.id))? == bare.local_branch(&place.branch)?
    {
        worktree.restore_files(&snapshot.id)?;
    }
    hook::write_record(place)
}

/// The runtimes that agents are started with are installed.
pub(super) fn runtimes(desk: &Desk) -> Vec<Finding> {
    const CHECK: &str = "runtimes";
    let rigs = desk.town.rigs().unwrap_or_default();
    let mut asked = vec![(None, "mayor")];
    asked.extend(rigs.iter().flat_map(|rig| [(Some(rig), "polecat"), (Some(rig), "crew")]));
    let (mut found, mut wrong): (BTreeSet<String>, BTreeSet<(String, String)>) = Default::default();
    for (rig, role) in asked {
        let preset = runtime::preset(&desk.town, rig, role, None);
        match preset.and_then(|preset| runtime::check_available(&preset).map(|()| preset.name)) {
            Ok(name) => {
                found.insert(name);
            }
            Err(error) => {
                wrong.insert((error.to_string(), error.hint_text().unwrap_or_default().to_owned()));
            }
        }
    }
    let mut findings: Vec<Finding> =
        wrong.into_iter().map(|(message, fix)| Finding::new(CHECK, Health::Warning, message, fix)).collect();
    if !found.is_empty() {
        findings
            .push(Finding::ok(CHECK, format!("{} can be started", found.into_iter().collect::<Vec<_>>().join(", "))));
    }
    findings
}
