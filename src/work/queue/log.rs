//! What the gates and the rebase of a request printed, also while they run.

use std::io::{self, Read, Seek, SeekFrom, Write};
use std::time::Duration;

use super::change::{no_request, resolve};
use super::{MergeRequest, find};
use crate::base::text::neutralise;
use crate::base::{Error, Result, ResultExt};
use crate::work::Desk;

/// The pause between two looks at a log that grows.
const TICK: Duration = Duration::from_millis(150);

/// Prints the log of a request; with `follow` what comes as well, until the refinery is through with it.
///
/// # Errors
/// [`crate::base::Kind::NotFound`] when there is no such request or it has no log yet.
pub fn log(desk: &Desk, which: &str, follow: bool) -> Result<()> {
    let id = resolve(desk, which)?;
    let mut shown = String::new();
    let mut position = 0;
    loop {
        let request = find(desk.ledger.conn(), &id)?.ok_or_else(|| no_request(&id))?;
        // Known before the last look at the file, so that nothing written until then is missed.
        let over = !follow || (!request.state.is_in_flight() && !waits(&request));
        if request.log != shown {
            shown.clone_from(&request.log);
            position = 0;
        }
        if !shown.is_empty() && !print_from(&shown, &mut position)? {
            return Ok(());
        }
        if over {
            if shown.is_empty() {
                return Err(Error::not_found(format!("{id} has no log yet: no gate ran for it"))
                    .hint(format!("gt mq status {id}")));
            }
            return Ok(());
        }
        std::thread::sleep(TICK);
    }
}

/// Whether the refinery will come to it by itself.
fn waits(request: &MergeRequest) -> bool {
    matches!(request.state, super::State::Ready)
}

/// Prints the file from `position` on; false when nobody reads what is printed any more.
fn print_from(path: &str, position: &mut u64) -> Result<bool> {
    let mut file = match std::fs::File::open(path) {
        Ok(file) => file,
        // Old logs are pruned.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error).with_context(|| format!("read {path}")),
    };
    if file.metadata().with_context(|| path.to_owned())?.len() < *position {
        *position = 0;
    }
    file.seek(SeekFrom::Start(*position)).with_context(|| path.to_owned())?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).with_context(|| path.to_owned())?;
    *position += bytes.len() as u64;
    if bytes.is_empty() {
        return Ok(true);
    }
    let text = String::from_utf8_lossy(&bytes);
    let text = neutralise(&text, false);
    let mut out = io::stdout();
    Ok(out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_ok())
}
