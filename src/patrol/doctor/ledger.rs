//! The ledger: the database whole, its files in step.

use std::path::Path;

use super::{Finding, Health, control, mendable};
use crate::base::{Error, Result, ResultExt, Timestamp};
use crate::ledger::{Ledger, jsonl};
use crate::town::Town;
use crate::work::Desk;

/// Whether the database is whole. A broken one is put aside, and made again from what git and the files have.
pub(super) fn database(town: &Town, fix: bool) -> Finding {
    const CHECK: &str = "ledger";
    let path = town.ledger_path();
    if !path.exists() {
        return Finding::ok(CHECK, "is made from the files at the first use");
    }
    match look(&path) {
        Ok(()) => Finding::ok(CHECK, "the database is whole"),
        Err(error) => mendable(CHECK, Health::Error, error.to_string(), fix, || {
            // The daemon would go on with the broken one.
            control::stop(town)?;
            put_aside(&path)?;
            Desk::of(town.clone()).map(|_| ())
        }),
    }
}

fn look(path: &Path) -> Result<()> {
    let ledger = Ledger::open_existing(path)?;
    let said: String = ledger.conn().query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if said != "ok" {
        return Err(Error::failed(format!("the database is damaged: {said}")));
    }
    if ledger.conn().prepare("PRAGMA foreign_key_check")?.exists([])? {
        return Err(Error::failed("the database is damaged: rows name others that are not there"));
    }
    Ok(())
}

/// Moves the database and its companions; nothing is deleted.
fn put_aside(path: &Path) -> Result<()> {
    let stamp = Timestamp::now().unix_seconds();
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    for end in ["", "-wal", "-shm"] {
        let from = path.with_file_name(format!("{name}{end}"));
        if from.exists() {
            let to = path.with_file_name(format!("broken-{stamp}-{name}{end}"));
            std::fs::rename(&from, &to).with_context(|| format!("put {} aside", from.display()))?;
        }
    }
    Ok(())
}

pub(super) fn files(desk: &mut Desk, fix: bool) -> Vec<Finding> {
    const CHECK: &str = "issues.jsonl";
    let step = match jsonl::out_of_step(&desk.ledger) {
        Ok(behind) if behind.is_empty() => Finding::ok(CHECK, "in step with the ledger"),
        Ok(behind) => {
            mendable(CHECK, Health::Warning, behind.join("; "), fix, || jsonl::bring_in_step(&mut desk.ledger))
        }
        Err(error) => Finding::failed(CHECK, &error),
    };
    let aside: Vec<String> = desk
        .ledger
        .stores()
        .unwrap_or_default()
        .iter()
        .map(|store| store.beads_dir.join(jsonl::ASIDE))
        .filter(|path| path.exists())
        .map(|path| path.display().to_string())
        .collect();
    let unreadable = if aside.is_empty() {
        Finding::ok("unreadable lines", "none")
    } else {
        let fix = "mend the lines, put them back into issues.jsonl and remove the file";
        Finding::new("unreadable lines", Health::Warning, format!("kept in {}", aside.join(", ")), fix)
    };
    vec![step, unreadable]
}
