//! Where a rig's work starts from: the target branch here, or the origin's when that is further on.

use std::sync::mpsc;
use std::time::Duration;

use super::Desk;
use crate::base::{Error, Result, Timestamp};
use crate::repo::Bare;
use crate::town::Rig;

/// How old news from the origin may be before a new piece of work asks for more.
const FRESH_SECONDS: i64 = 30;
/// How long a new piece of work waits for the origin.
const PATIENCE: Duration = Duration::from_secs(4);

/// The commit that new work on `target` starts from.
///
/// # Errors
/// When the branch does not exist or the repository can't be read.
pub fn head(bare: &Bare, target: &str) -> Result<String> {
    let here = bare.local_branch(target)?;
    let there = bare.origin_branch(target)?;
    match (here, there) {
        (Some(here), Some(there)) if here != there && bare.is_ancestor(&here, &there)? => Ok(there),
        (Some(here), _) => Ok(here),
        (None, Some(there)) => Ok(there),
        (None, None) => Err(Error::not_found(format!("branch {target} does not exist in {}", bare.path.display()))
            .hint("set merge_queue.target_branch in the rig's settings/config.json to a branch that does")),
    }
}

/// Asks the origin for news unless it was asked lately; says why when that did not work. A dead origin holds nobody up for long.
///
/// # Errors
/// When the ledger can't be read or written.
pub fn freshen(desk: &mut Desk, rig: &Rig, bare: &Bare) -> Result<Option<String>> {
    if !bare.has_origin() {
        return Ok(None);
    }
    let key = format!("fetched.{}", rig.name);
    let now = Timestamp::now().unix_seconds();
    let last = desk.ledger.kv(&key)?;
    if last.and_then(|value| value.parse::<i64>().ok()).is_some_and(|last| (0..FRESH_SECONDS).contains(&(now - last))) {
        return Ok(None);
    }
    let path = bare.path.clone();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let outcome = Bare::open(&path).and_then(|bare| bare.fetch());
        // The one who asked may have stopped waiting.
        let _ = sender.send(outcome);
    });
    let trouble = match receiver.recv_timeout(PATIENCE) {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error.to_string()),
        Err(_) => Some(format!("the origin of {} did not answer in time", rig.name)),
    };
    desk.ledger.write("deacon", |tx| tx.set_kv(&key, Some(&now.to_string())))?;
    Ok(trouble)
}
