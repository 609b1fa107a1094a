//! `bd hooks`: git hooks that put the ledger's file into commits and read it after merges.

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::context::Context;
use super::{Global, render};
use crate::base::{Error, Result};
use crate::ledger::jsonl;
use crate::repo::{Checkout, HOOKS, HookOwner, hook_owner, install_hook, remove_hook};
use crate::work::sync::{Place, bd_program};

/// Sets up git hooks: every commit then has the ledger as it stands, and what a merge brings is read at once.
#[derive(Debug, Args)]
pub struct Hooks {
    #[command(subcommand)]
    command: Command,
}

/// What `bd hooks` can do.
#[derive(Debug, Subcommand)]
enum Command {
    /// Set up pre-commit and post-merge; hooks that are somebody else's are left alone
    Install {
        /// Also post-checkout, and pre-push, which refuses while changes of the ledger are not committed
        #[arg(long)]
        all: bool,
    },
    /// Remove them
    Uninstall,
    /// Show which are there
    List,
    /// What a hook calls
    Run {
        /// Its name
        hook: String,
        /// What git gave it
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

impl Hooks {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = match self.command {
            // A hook that finds no ledger has nothing to do, and stands in nobody's way.
            Command::Run { .. } => match Context::open(global) {
                Ok(context) => context,
                Err(error) => {
                    eprintln!("bd: {error}");
                    return Ok(());
                }
            },
            _ => Context::open(global)?,
        };
        let store = context.ledger.store(&context.store)?;
        let checkout = Checkout::around(&store.beads_dir)?.ok_or_else(|| {
            Error::refused(format!("{} is in no git repository", store.beads_dir.display())).hint("git init")
        })?;
        let directory = checkout.hooks_directory()?;
        let word = |owner: HookOwner| match owner {
            HookOwner::Nobody => "none",
            HookOwner::Us => "ours",
            HookOwner::Other => "another's",
        };
        let (mut rows, mut text) = (Vec::new(), String::new());
        match self.command {
            Command::Install { all } => {
                for (name, usual) in HOOKS {
                    if !usual && !all {
                        continue;
                    }
                    let owner = install_hook(&directory, name, &bd_program())?;
                    text += &match owner {
                        HookOwner::Other => {
                            format!("{name} is somebody else's; add this line to it: bd hooks run {name}\n")
                        }
                        _ => format!("{name} set up\n"),
                    };
                    rows.push(json!({"hook": name, "installed": owner != HookOwner::Other}));
                }
            }
            Command::Uninstall => {
                for (name, _) in HOOKS {
                    let owner = remove_hook(&directory, name)?;
                    if owner == HookOwner::Us {
                        text += &format!("{name} removed\n");
                    }
                    rows.push(json!({"hook": name, "removed": owner == HookOwner::Us}));
                }
            }
            Command::List => {
                for (name, _) in HOOKS {
                    let owner = hook_owner(&directory.join(name))?;
                    text += &format!("{name:<14} {}\n", word(owner));
                    rows.push(json!({"hook": name, "owner": word(owner)}));
                }
            }
            Command::Run { hook, .. } => return run(&context, &hook),
        }
        if text.is_empty() {
            text = "No hooks of ours\n".into();
        }
        render::print_change(context.output, Value::Array(rows), text)
    }
}

/// What git's hook `name` does. Only pre-push may say no.
fn run(context: &Context, name: &str) -> Result<()> {
    let work = || -> Result<Vec<String>> {
        // What the last merge or checkout brought has been read by now.
        context.flush()?;
        jsonl::export_all(&context.ledger)?;
        let store = context.ledger.store(&context.store)?;
        let place = Place::find(&context.ledger, &store.beads_dir, false)?;
        if place.separate_branch().is_some() || place.stores().is_empty() {
            return Ok(Vec::new());
        }
        let changed = place.checkout().changed(&place.ledger_files())?;
        if name == "pre-commit" && !changed.is_empty() {
            place.checkout().add_to_commit(&changed)?;
        }
        Ok(changed)
    };
    match work() {
        Ok(changed) if name == "pre-push" && !changed.is_empty() => {
            Err(Error::refused(format!("not committed: {}", changed.join(", ")))
                .hint("bd sync commits it; git push --no-verify pushes without"))
        }
        Ok(_) => Ok(()),
        Err(error) => {
            eprintln!("bd: {error}");
            Ok(())
        }
    }
}
