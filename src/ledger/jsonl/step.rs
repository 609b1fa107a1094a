//! Whether the files of the stores say what the database says, and bringing them in step.

use super::{FILE, differences, export_store, import_store};
use crate::base::Result;
use crate::ledger::Ledger;

/// How many differences of one file are named.
const SHOWN: usize = 10;

/// What is out of step, in words, one for each file: it is missing, or beads differ.
///
/// # Errors
/// When the database or a file can't be read.
pub fn out_of_step(ledger: &Ledger) -> Result<Vec<String>> {
    let mut behind = Vec::new();
    for store in ledger.stores()? {
        let path = store.beads_dir.join(FILE);
        match differences(ledger, &store)? {
            None => behind.push(format!("{} is missing", path.display())),
            Some(found) if found.is_empty() => {}
            Some(found) => {
                let mut some: Vec<String> =
                    found.iter().take(SHOWN).map(|one| format!("{} {}", one.id, one.what)).collect();
                if found.len() > SHOWN {
                    some.push(format!("and {} more", found.len() - SHOWN));
                }
                behind.push(format!("{}: {}", path.display(), some.join(", ")));
            }
        }
    }
    Ok(behind)
}

/// Reads every file, then writes every file.
///
/// # Errors
/// When a file or the database can't be read or written.
pub fn bring_in_step(ledger: &mut Ledger) -> Result<()> {
    for store in ledger.stores()? {
        if store.beads_dir.join(FILE).exists() {
            import_store(ledger, &store.name)?;
        }
        export_store(ledger, &store.name)?;
    }
    Ok(())
}

/// Writes every file anew from the database alone: what only a file says is gone then.
///
/// # Errors
/// When a file or the database can't be written.
pub fn write_anew(ledger: &mut Ledger) -> Result<()> {
    for store in ledger.stores()? {
        {
            let _lock = super::lock(ledger, &store.name)?;
            let now = super::stat(&store.beads_dir.join(FILE));
            // Taken for read as it is, and for older than the database.
            ledger.conn().execute(
                "UPDATE stores SET changed = changed + 1, file_hash = '', file_stat = ?2 WHERE name = ?1",
                [&store.name, &now],
            )?;
        }
        export_store(ledger, &store.name)?;
    }
    Ok(())
}
