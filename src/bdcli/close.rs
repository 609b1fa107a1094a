//! `bd close` and `bd reopen`.

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::{Global, render};
use crate::base::report::Paint;
use crate::base::{Error, Result};
use crate::formula::molecule;
use crate::ledger::codec::Parts;
use crate::ledger::{Bead, Patch, Tx};

/// Closes beads.
#[derive(Debug, Args)]
pub struct Close {
    /// Their ids; the last touched one when none is given
    ids: Vec<String>,
    /// Why
    #[arg(long, short, default_value = "Closed", allow_hyphen_values = true)]
    reason: String,
    /// What came of it, for steps that go on from it: JSON, or a text; kept as `output` in the metadata
    #[arg(long, value_name = "JSON", allow_hyphen_values = true)]
    output: Option<String>,
    /// Even if something that blocks it is not done
    #[arg(long, short)]
    force: bool,
    /// The session that does this
    #[arg(long, value_name = "ID", env = "CLAUDE_SESSION_ID", hide_env = true)]
    session: Option<String>,
    /// Also show what can be worked on now because of it
    #[arg(long)]
    suggest_next: bool,
    /// Go on in the molecule: take up its next step
    #[arg(long = "continue")]
    go_on: bool,
    /// With --continue: only show the next step
    #[arg(long, requires = "go_on")]
    no_auto: bool,
}

impl Close {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        let ids = context.ids_or_last(&self.ids)?;
        let key = context.last_touched_key();
        let (closed, unblocked, landed, advances) = context.write(|tx| {
            let (mut closed, mut unblocked, mut landed) = (Vec::new(), Vec::new(), Vec::new());
            for id in &ids {
                if !self.force {
                    // Other beads of this very command may be what it waits for.
                    let left: Vec<String> = open_blockers(tx, id)?.into_iter().filter(|id| !ids.contains(id)).collect();
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
                if let Some(output) = &self.output {
                    tx.update(id, &with_output(&tx.get(id)?, output))?;
                }
                let result = tx.close(id, &self.reason)?;
                closed.push(result.bead);
                unblocked.extend(result.unblocked);
                landed.extend(result.landed);
            }
            tx.set_kv(&key, ids.last().map(String::as_str))?;
            let mut advances = Vec::new();
            if self.go_on
                && let Some(last) = ids.last()
            {
                advances.extend(molecule::advance(tx, last, &unblocked, !self.no_auto)?);
            }
            let unblocked =
                unblocked.iter().filter(|id| !ids.contains(id)).map(|id| tx.get(id)).collect::<Result<Vec<Bead>>>()?;
            let landed = landed.iter().map(|id| tx.get(id)).collect::<Result<Vec<Bead>>>()?;
            Ok((closed, unblocked, landed, advances))
        })?;
        let paint = Paint::stdout();
        let mut text = String::new();
        for (what, beads) in [("Closed", &closed), ("Landed", &landed), ("Ready now", &unblocked)] {
            for bead in beads {
                text += &format!("{what} {}\n", render::line(bead, paint));
            }
        }
        for advance in &advances {
            match &advance.next {
                Some(next) if advance.claimed => text += &format!("Taken up {}\n", render::line(next, paint)),
                Some(next) => text += &format!("Next {}\n", render::line(next, paint)),
                None if advance.complete => {
                    let id = &advance.molecule_id;
                    text += &format!("All steps of {id} are done: bd close {id}, or bd mol squash {id}\n");
                }
                None => text += &format!("Nothing in {} can be worked on now\n", advance.molecule_id),
            }
        }
        let json = if let Some(advance) = advances.first() {
            json!({
                "closed": render::issues(&closed),
                "continue": {
                    "closed_step": closed.last().map(|step| render::issue(step, Parts::LABELS)),
                    "molecule_id": advance.molecule_id, "closed_containers": advance.closed,
                    "next_step": advance.next.as_ref().map(|next| render::issue(next, Parts::LABELS)),
                    "auto_advanced": advance.claimed, "molecule_complete": advance.complete,
                },
            })
        } else if self.suggest_next && !unblocked.is_empty() {
            json!({"closed": render::issues(&closed), "unblocked": render::issues(&unblocked)})
        } else {
            render::issues(&closed)
        };
        render::print_change(context.output, json, text)
    }
}

/// The unfinished beads that block this one by themselves. A step that was only for a failure that did not come, or that waits for parts
/// which never came to be, can be closed as not needed.
fn open_blockers(tx: &Tx<'_>, id: &str) -> Result<Vec<String>> {
    let id = tx.resolve(id)?;
    let mut statement = tx.conn().prepare_cached(
        "SELECT depends_on FROM deps WHERE issue = ?1 AND type = 'blocks' AND active = 1 ORDER BY depends_on",
    )?;
    Ok(statement.query_map([id], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
}

/// The change that keeps a step's output beside the rest of its metadata.
fn with_output(bead: &Bead, output: &str) -> Patch {
    let mut metadata = bead.extra.get("metadata").and_then(Value::as_object).cloned().unwrap_or_default();
    metadata.insert("output".into(), serde_json::from_str(output).unwrap_or_else(|_| output.into()));
    let mut patch = Patch::default();
    patch.extra.insert("metadata".into(), metadata.into());
    patch
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
