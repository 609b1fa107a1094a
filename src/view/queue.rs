//! One merge request in full, with what its gate has said so far.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::base::Result;
use crate::work::{Desk, queue};

/// At most so much of the end of a log is read.
const LOG_BYTES: u64 = 64 * 1024;

/// A merge request with its log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestDetail {
    /// The request.
    pub id: String,
    /// The bead it is for.
    pub source: String,
    /// Its title.
    pub title: String,
    /// How far it is.
    pub state: String,
    /// The branch.
    pub branch: String,
    /// The branch it goes to.
    pub target: String,
    /// Who did the work.
    pub worker: String,
    /// The commit that is merged.
    pub head: String,
    /// How many times it was tried again.
    pub retries: i64,
    /// Why it is in this state.
    pub reason: String,
    /// The end of its gate's or rebase's log, line by line.
    pub log: Vec<String>,
}

/// A merge request, by its id.
///
/// # Errors
/// When there is none, or the ledger can't be read.
pub fn request(desk: &Desk, id: &str) -> Result<RequestDetail> {
    let status = queue::status(desk, id)?;
    let log = if status.log.contains('\n') {
        status.log.lines().map(str::to_owned).collect()
    } else {
        // The log of a gate that has not begun is not there yet.
        tail(Path::new(&status.log)).unwrap_or_default()
    };
    Ok(RequestDetail {
        id: status.id,
        source: status.source_issue,
        title: status.title,
        state: status.status.to_owned(),
        branch: status.branch,
        target: status.target,
        worker: status.worker,
        head: status.head,
        retries: status.retry_count,
        reason: status.reason,
        log,
    })
}

/// The last lines of a file.
fn tail(path: &Path) -> std::io::Result<Vec<String>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LOG_BYTES)))?;
    let mut bytes = Vec::new();
    file.take(LOG_BYTES).read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    // The first line may be cut in two.
    let skip = usize::from(length > LOG_BYTES);
    Ok(text.lines().skip(skip).map(|line| line.rsplit('\r').next().unwrap_or(line).to_owned()).collect())
}
