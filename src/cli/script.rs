//! `gt script-agent`: what the `script` runtime runs inside its session.

use std::path::PathBuf;

use crate::base::{Error, Result, ResultExt};
use crate::runtime::script::{BeadText, Job, run};
use crate::work::{Desk, molecule};

/// Which bead to do.
#[derive(Debug, clap::Args)]
pub struct ScriptAgent {
    /// The bead; the one on this agent's hook when not named
    #[arg(env = "GT_BEAD")]
    bead: Option<String>,
}

impl ScriptAgent {
    /// Runs the script. Ends the process with 1 when it was given up, with 128 and the signal when it was told to end.
    ///
    /// # Errors
    /// When there is no bead, or the worktree can't be used.
    pub fn run(self) -> Result<()> {
        let bead = self.bead.filter(|bead| !bead.is_empty()).ok_or_else(|| {
            Error::usage("there is no bead to do")
                .hint("this is what `gt sling <bead> <rig> --agent script` starts; by hand: gt script-agent <bead>")
        })?;
        let worktree = worktree()?;
        let own = std::env::current_exe().context("find the running gt")?.to_string_lossy().into_owned();
        let mut load = || {
            // The ledger is open only while it is read: a script may run for hours.
            let desk = Desk::open_current()?;
            let found = desk.ledger.get(&bead)?;
            let steps = molecule::script(&desk, &found, &own)?;
            Ok(BeadText { title: found.title, description: steps.unwrap_or(found.description) })
        };
        match run(&mut Job { bead: &bead, worktree: &worktree, load: &mut load, done: &[own.clone(), "done".into()] })?
        {
            0 => Ok(()),
            // No error is to be reported: the terminal has shown all there is to say.
            code => std::process::exit(code.into()),
        }
    }
}

/// The top of the worktree around the working directory.
fn worktree() -> Result<PathBuf> {
    let here = std::env::current_dir().context("the working directory")?;
    here.ancestors().find(|path| path.join(".git").exists()).map(PathBuf::from).ok_or_else(|| {
        Error::refused(format!("{} is in no git worktree", here.display()))
            .hint("run it in the worktree of the agent's hook")
    })
}
