//! Rigs, hooks and runtimes: repositories that open, worktrees that are there, programs that are installed.

use std::collections::BTreeSet;

use super::{FIX, Finding, Health, mendable};
use crate::base::Error;
use crate::repo::Bare;
use crate::runtime::{self, Login};
use crate::town::{Address, Rig};
use crate::work::{Desk, hook, hook_repair};

pub(super) fn all(desk: &mut Desk, fix: bool) -> Vec<Finding> {
    let rigs = match desk.town.rigs() {
        Ok(rigs) => rigs,
        Err(error) => {
            return vec![Finding::failed("rigs", &error)];
        }
    };
    let mut findings = vec![repositories(&rigs), locks(&rigs, fix), snapshots(&rigs, fix)];
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

/// Lock files that killed gits left.
fn locks(rigs: &[Rig], fix: bool) -> Finding {
    const CHECK: &str = "git's locks";
    let bares: Vec<Bare> = rigs.iter().filter_map(|rig| Bare::open(&rig.bare_repo()).ok()).collect();
    let mut left = Vec::new();
    for bare in &bares {
        match bare.leftover_locks() {
            Ok(found) => left.extend(found),
            Err(error) => return Finding::failed(CHECK, &error),
        }
    }
    let Some(first) = left.first() else { return Finding::ok(CHECK, "none is left over") };
    let message = format!("{} left by killed gits: {}", left.len(), first.display());
    mendable(CHECK, Health::Warning, message, fix, || bares.iter().try_for_each(|bare| bare.clear_locks().map(|_| ())))
}

/// Snapshots whose authors could give them no reference.
fn snapshots(rigs: &[Rig], fix: bool) -> Finding {
    const CHECK: &str = "snapshots";
    let bares: Vec<Bare> = rigs.iter().filter_map(|rig| Bare::open(&rig.bare_repo()).ok()).collect();
    let mut unnamed = 0;
    for bare in &bares {
        match bare.unnamed() {
            Ok(count) => unnamed += count,
            Err(error) => return Finding::failed(CHECK, &error),
        }
    }
    if unnamed == 0 {
        return Finding::ok(CHECK, "have their references");
    }
    let message = format!("{unnamed} have no reference: the disk was full, or they were interrupted");
    mendable(CHECK, Health::Warning, message, fix, || bares.iter().try_for_each(|bare| bare.name_unnamed().map(|_| ())))
}

/// Each hook in use has its worktree, on its branch, with its record; each worktree has a hook.
fn hooks(desk: &mut Desk, rigs: &[Rig], fix: bool) -> Vec<Finding> {
    const CHECK: &str = "hooks";
    let all = match hook::list(desk.ledger.conn(), false) {
        Ok(all) => all,
        Err(error) => return vec![Finding::failed(CHECK, &error)],
    };
    let mut findings = Vec::new();
    for place in all.iter().filter(|place| !rigs.iter().any(|rig| rig.name == place.rig)) {
        let message = format!("{}: its rig {} is gone", place.agent, place.rig);
        let fix = "gt rig add it again, or gt hooks list shows what it holds";
        findings.push(Finding::new(CHECK, Health::Warning, message, fix));
    }
    for place in all.iter().filter(|place| rigs.iter().any(|rig| rig.name == place.rig)) {
        match hook_repair::repair(desk, Some(&place.agent), !fix) {
            Ok(checkups) => {
                for checkup in checkups {
                    let (health, hint) = if fix { (Health::Fixed, "") } else { (Health::Warning, FIX) };
                    let told = |what: &String| format!("{}: {what}", checkup.agent);
                    findings.extend(checkup.healed.iter().map(|what| Finding::new(CHECK, health, told(what), hint)));
                    let by_hand = format!("gt hooks show {}; what is left wants a person", checkup.agent);
                    let left = checkup.left.iter().map(|what| Finding::new(CHECK, Health::Error, told(what), &by_hand));
                    findings.extend(left);
                }
            }
            Err(error) => {
                let of = error.context(place.agent.clone());
                findings.push(Finding::failed(CHECK, &of));
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

/// The runtimes that agents are started with are installed, and somebody is logged in there as far as that can be told.
pub(super) fn runtimes(desk: &Desk) -> Vec<Finding> {
    const CHECK: &str = "runtimes";
    let rigs = desk.town.rigs().unwrap_or_default();
    let mut asked = vec![(None, "mayor")];
    asked.extend(rigs.iter().flat_map(|rig| [(Some(rig), "polecat"), (Some(rig), "crew")]));
    let (mut found, mut wrong): (BTreeSet<String>, BTreeSet<(String, String)>) = Default::default();
    for (rig, role) in asked {
        let preset = runtime::preset(&desk.town, rig, role, None);
        match preset.and_then(|preset| runtime::check_available(&preset).map(|()| preset)) {
            Ok(preset) => {
                let untold = preset.command != "gt" && runtime::login(&preset) == Login::Unknown;
                found.insert(preset.name + if untold { " (whether it is logged in can't be told)" } else { "" });
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
