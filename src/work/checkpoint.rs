//! Checkpoints: where an agent's session stopped, for the one that goes on from there.

use serde::{Deserialize, Serialize};

use super::hooked::Hooked;
use super::{Desk, hooked, molecule};
use crate::base::text::neutralise;
use crate::base::{Result, Timestamp, files};
use crate::repo::Worktree;
use crate::runtime::lifecycle;
use crate::town::{Address, Town};

/// One that is older says nothing any more, in seconds.
const STALE: i64 = 24 * 3600;
/// Changed files that are named.
const MOST_FILES: usize = 10;
/// The most bytes of notes.
const MOST_NOTES: usize = 600;

/// Where a session stopped.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Checkpoint {
    /// The bead that was on the hook.
    pub hooked_bead: String,
    /// The molecule it was worked through by.
    pub molecule_id: Option<String>,
    /// The step at hand.
    pub current_step: Option<String>,
    /// Its title.
    pub step_title: Option<String>,
    /// The branch that was checked out.
    pub branch: Option<String>,
    /// The commit that was checked out.
    pub last_commit: Option<String>,
    /// Its message's first line.
    pub last_subject: Option<String>,
    /// Files that were changed and not committed.
    pub modified_files: Vec<String>,
    /// The conversation that stopped.
    pub session_id: Option<String>,
    /// What whoever wrote it left to the next one.
    pub notes: String,
    /// When it was written.
    pub timestamp: Option<Timestamp>,
}

fn path(town: &Town, agent: &Address) -> std::path::PathBuf {
    lifecycle::directory(town, &agent.session_name()).join("checkpoint.json")
}

/// Notes where `agent` is: its bead, its step, and what its worktree holds. Without `notes` those of before stay.
///
/// # Errors
/// When the ledger can't be read or the town not be written; a worktree that can't be read is left out.
pub fn write(desk: &Desk, agent: &Address, notes: Option<&str>) -> Result<Checkpoint> {
    let hook = hooked::hooked(desk, agent)?;
    let bead = match &hook.bead_id {
        Some(id) => desk.ledger.find(id)?,
        None => None,
    };
    let molecule = molecule::current(desk, agent, bead.as_ref())?;
    let before = read(&desk.town, agent);
    let same = before.filter(|before| Some(&before.hooked_bead) == hook.bead_id.as_ref());
    let mut checkpoint = Checkpoint {
        hooked_bead: hook.bead_id.unwrap_or_default(),
        molecule_id: molecule.as_ref().map(|molecule| molecule.root.clone()),
        current_step: molecule.as_ref().and_then(|molecule| molecule.step.clone()),
        step_title: molecule.filter(|molecule| molecule.step.is_some()).map(|molecule| molecule.step_title),
        session_id: lifecycle::read_note(&desk.town, &agent.session_name()).conversation,
        notes: notes.map_or_else(|| same.map(|before| before.notes).unwrap_or_default(), str::to_owned),
        timestamp: Some(Timestamp::now()),
        ..Checkpoint::default()
    };
    if let Ok(worktree) = Worktree::open(&desk.town.home(agent)) {
        checkpoint.branch = worktree.branch().unwrap_or_default();
        if let Ok((id, subject)) = worktree.head_commit() {
            (checkpoint.last_commit, checkpoint.last_subject) = (Some(id), Some(subject));
        }
        let changed = worktree.status().unwrap_or_default();
        checkpoint.modified_files = changed.iter().map(|file| file.path.to_string_lossy().into_owned()).collect();
    }
    let path = path(&desk.town, agent);
    if let Some(directory) = path.parent() {
        files::make_dirs(directory, 0o700)?;
    }
    files::write_json(&path, &checkpoint, 0o600)?;
    Ok(checkpoint)
}

/// The checkpoint of `agent`; none when it is a day old, or was cut short by a crash.
pub fn read(town: &Town, agent: &Address) -> Option<Checkpoint> {
    let found: Checkpoint = files::read_json(&path(town, agent)).ok()??;
    let age = found.timestamp?.seconds_until(Timestamp::now());
    (age < STALE).then_some(found)
}

/// Drops the checkpoint; returns whether there was one.
///
/// # Errors
/// When it can't be removed.
pub fn clear(town: &Town, agent: &Address) -> Result<bool> {
    match std::fs::remove_file(path(town, agent)) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// What the next session is told of where the last one stopped; `None` when it worked on something else.
pub fn words(town: &Town, agent: &Address, hook: &Hooked) -> Option<String> {
    let bead = hook.bead_id.as_ref()?;
    let at = read(town, agent).filter(|at| at.hooked_bead == *bead)?;
    let age = at.timestamp.map(|at| at.age(Timestamp::now())).unwrap_or_default();
    let mut lines = vec![format!("## Where you stopped ({age} ago)")];
    if let (Some(commit), Some(subject)) = (&at.last_commit, &at.last_subject) {
        lines.push(format!("last commit: {} {}", commit.get(..10).unwrap_or(commit), neutralise(subject, true)));
    }
    let files = &at.modified_files;
    if files.is_empty() {
        lines.push("nothing was changed beside that".into());
    } else {
        lines.push(format!("{} changed and not committed:", counted(files.len(), "file")));
        lines.extend(files.iter().take(MOST_FILES).map(|file| format!("- {}", neutralise(file, true))));
        if files.len() > MOST_FILES {
            lines.push(format!("- and {} more: `git status`", files.len() - MOST_FILES));
        }
    }
    if let (Some(step), Some(title)) = (&at.current_step, &at.step_title) {
        lines.push(format!("step: {step} \"{}\"", neutralise(title, true)));
    }
    let notes = neutralise(at.notes.trim(), false);
    if !notes.is_empty() {
        let cut = notes.char_indices().map(|(at, c)| at + c.len_utf8()).take_while(|end| *end <= MOST_NOTES).last();
        lines.push(format!("notes: {}", &notes[..cut.unwrap_or(0)]));
    }
    lines.push("Look at what is there, and go on from it.".into());
    Some(lines.join("\n"))
}

fn counted(count: usize, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
