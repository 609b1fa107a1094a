//! `bd close` and `bd reopen`.

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::{Global, render};
use crate::base::report::Paint;
use crate::base::{Error, Result};
use crate::ledger::{Bead, Patch};

/// Closes beads.
#[derive(Debug, Args)]
pub struct Close {
    /// Their ids; the last touched one when none is given
    ids: Vec<String>,
    /// Why
    #[arg(long, short, default_value = "Closed", allow_hyphen_values = true)]
    reason: String,
    /// Even if something that blocks it is not done
    #[arg(long, short)]
    force: bool,
    /// The session that does this
    #[arg(long, value_name = "ID", env = "CLAUDE_SESSION_ID", hide_env = true)]
    session: Option<String>,
    /// Also show what can be worked on now because of it
    #[arg(long)]
    suggest_next: bool,
}

impl Close {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        let ids = context.ids_or_last(&self.ids)?;
        let key = context.last_touched_key();
        let (closed, unblocked, landed) = context.write(|tx| {
            let (mut closed, mut unblocked, mut landed) = (Vec::new(), Vec::new(), Vec::new());
            for id in &ids {
                if !self.force {
                    // Other beads of this very command may be what it waits for.
                    let left: Vec<String> = tx.blockers(id)?.into_iter().filter(|id| !ids.contains(id)).collect();
                    if !left.is_empty() {
                        return Err(Error::refused(format!("{id} waits for {}", left.join(", ")))
                            .hint("close those first, or use --force"));
                    }
                }
                if let Some(session) = self.session.as_ref().filter(|session| !session.is_empty()) {
                    let mut patch = Patch::default();
                    patch.extra.insert("closed_by_session".into(), session.as_str().into());
                    tx.update(id, &patch)?;
                }
                let result = tx.close(id, &self.reason)?;
                closed.push(result.bead);
                unblocked.extend(result.unblocked);
                landed.extend(result.landed);
            }
            tx.set_kv(&key, ids.last().map(String::as_str))?;
            let unblocked =
                unblocked.iter().filter(|id| !ids.contains(id)).map(|id| tx.get(id)).collect::<Result<Vec<Bead>>>()?;
            let landed = landed.iter().map(|id| tx.get(id)).collect::<Result<Vec<Bead>>>()?;
            Ok((closed, unblocked, landed))
        })?;
        let paint = Paint::stdout();
        let mut text = String::new();
        for (what, beads) in [("Closed", &closed), ("Landed", &landed), ("Ready now", &unblocked)] {
            for bead in beads {
                text += &format!("{what} {}\n", render::line(bead, paint));
            }
        }
        let json = if self.suggest_next && !unblocked.is_empty() {
            json!({"closed": render::issues(&closed), "unblocked": render::issues(&unblocked)})
        } else {
            render::issues(&closed)
        };
        render::print_change(context.output, json, text)
    }
}

/// Opens closed beads again.
#[derive(Debug, Args)]
pub struct Reopen {
    /// Their ids
    #[arg(required = true)]
    ids: Vec<String>,
    /// Why; becomes a comment
    #[arg(long, short, default_value = "", allow_hyphen_values = true)]
    reason: String,
}

impl Reopen {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        let beads =
            context.write(|tx| self.ids.iter().map(|id| tx.reopen(id, &self.reason)).collect::<Result<Vec<_>>>())?;
        let text = beads.iter().map(|bead| format!("Reopened {}\n", render::line(bead, Paint::stdout()))).collect();
        render::print_change(context.output, render::issues(&beads), text)
    }
}
