//! `gt worktree`: a crew member's workspaces in other rigs.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::{fit, neutralise, shell_word};
use crate::base::{Error, Result};
use crate::work::elsewhere::{self, Elsewhere};
use crate::work::{Desk, identity};

/// Your workspace in another rig, made when there is none; for crew
#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    arg_required_else_help = true,
    after_help = "Examples:\n  gt worktree api               in a crew workspace of another rig: prints where to go\n  cd \"$(gt worktree api --no-cd)\""
)]
pub struct WorktreeArgs {
    #[command(subcommand)]
    command: Option<WorktreeCommand>,
    /// The rig
    rig: Option<String>,
    /// Print the path alone
    #[arg(long)]
    no_cd: bool,
}

/// `gt worktree <what>`.
#[derive(Debug, Subcommand)]
enum WorktreeCommand {
    /// List yours
    #[command(visible_alias = "ls")]
    List,
    /// Remove one; refused while it has anything that is nowhere else
    #[command(visible_alias = "rm")]
    Remove {
        /// The rig
        rig: String,
        /// Remove it all the same; what only it has is kept in the rig's repository
        #[arg(long, short)]
        force: bool,
    },
}

#[derive(Serialize)]
#[serde(transparent)]
struct Made(Elsewhere);

impl Report for Made {
    fn human(&self, out: &mut dyn Write, _paint: Paint) -> io::Result<()> {
        writeln!(out, "cd {}", neutralise(&shell_word(&self.0.path.to_string_lossy()), true))
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct List(Vec<Elsewhere>);

impl Report for List {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.0.is_empty() {
            return writeln!(out, "None.  {}", paint.dim("gt worktree <rig> makes one"));
        }
        for one in &self.0 {
            let state = if one.git_clean { paint.dim("clean") } else { paint.yellow("uncommitted changes") };
            let branch = neutralise(one.branch.as_deref().unwrap_or("no branch"), true).into_owned();
            writeln!(
                out,
                "{} {branch}  {state}  {}",
                fit(&one.rig, 16),
                neutralise(&one.path.to_string_lossy(), true)
            )?;
        }
        Ok(())
    }
}

impl WorktreeArgs {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command's own work.
    pub fn run(self, out: Output) -> Result<()> {
        let desk = Desk::open_current()?;
        let me = identity::who(&desk.town)?.address;
        match (self.command, self.rig) {
            (Some(WorktreeCommand::List), _) => report::print(out, &List(elsewhere::list(&desk, &me)?)),
            (Some(WorktreeCommand::Remove { rig, force }), _) => {
                report::print(out, &elsewhere::remove(&desk, &me, &rig, force)?)
            }
            (None, Some(rig)) => {
                let made = elsewhere::make(&desk, &me, &rig)?;
                if self.no_cd && !out.json {
                    println!("{}", made.path.display());
                    return Ok(());
                }
                report::print(out, &Made(made))
            }
            (None, None) => Err(Error::usage("no rig").hint("gt worktree <rig>")),
        }
    }
}
