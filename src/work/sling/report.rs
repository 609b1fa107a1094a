//! What a sling did or would do.

use std::io::{self, Write};

use serde::Serialize;

use super::{Committed, carry_out};
use crate::base::report::{Paint, Report};
use crate::base::text::neutralise;
use crate::work::Desk;

/// What would be done.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Plan {
    /// Each bead.
    pub lines: Vec<PlanLine>,
    /// The title of the convoy that would be made.
    pub new_convoy: Option<String>,
}

/// What would be done with one bead.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct PlanLine {
    /// The bead.
    pub bead: String,
    /// Its title.
    pub title: String,
    /// The rig.
    pub rig: String,
    /// The agent, where one was named.
    pub agent: Option<String>,
    /// The runtime.
    pub preset: String,
    /// The convoy it is in.
    pub convoy: Option<String>,
}

impl Report for Plan {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        for line in &self.lines {
            let agent = line.agent.clone().unwrap_or_else(|| format!("a new polecat of {}", line.rig));
            let title = neutralise(&line.title, true);
            writeln!(out, "would sling {} → {agent} ({})  {}", line.bead, line.preset, paint.dim(&title))?;
        }
        if let Some(title) = &self.new_convoy {
            writeln!(out, "would make convoy {}", neutralise(title, true))?;
        }
        Ok(())
    }
}

/// One slung bead.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Slung {
    /// The bead.
    pub bead: String,
    /// `active`, `queued`, `attached`, or `waiting` for a person to start the runtime.
    pub state: &'static str,
    /// The agent; empty while queued.
    pub agent: String,
    /// The rig.
    pub rig: String,
    /// The runtime.
    pub preset: String,
    /// The branch; empty while queued.
    pub branch: String,
    /// The worktree; empty while queued.
    pub worktree: String,
    /// The session; empty while queued.
    pub session: String,
    /// The agent's process.
    pub pid: Option<i32>,
    /// The command by which a person starts the runtime, where that is left to one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// Why it waits; empty when it does not.
    pub note: String,
}

/// A bead whose agent could not be started; all of it was taken back.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Failure {
    /// The bead.
    pub bead: String,
    /// Why.
    pub error: String,
    /// What can be done.
    pub hint: Option<String>,
}

/// What a sling did.
#[derive(Debug, Clone, Default, Serialize, schemars::JsonSchema)]
pub struct SlingReport {
    /// Beads with an agent or a place in the queue.
    pub slung: Vec<Slung>,
    /// Beads whose agent could not be started.
    pub failed: Vec<Failure>,
    /// The convoy that was made.
    pub convoy: Option<String>,
    /// What else is worth knowing, such as an origin that does not answer.
    pub notes: Vec<String>,
}

impl SlingReport {
    /// Starts what was decided for one bead and takes note of how it went.
    pub(super) fn add(&mut self, desk: &mut Desk, item: Committed) {
        match item {
            Committed::Begun(begun) => match carry_out(desk, &begun) {
                Ok(spawned) => self.slung.push(Slung {
                    bead: begun.ticket.bead.clone(),
                    state: if spawned.session.is_empty() { "waiting" } else { "active" },
                    agent: begun.ticket.agent.to_string(),
                    rig: begun.ticket.rig.clone(),
                    preset: spawned.preset,
                    branch: begun.ticket.branch.clone(),
                    worktree: begun.ticket.worktree.to_string_lossy().into_owned(),
                    session: spawned.session,
                    pid: spawned.pid,
                    command: spawned.command,
                    note: String::new(),
                }),
                Err(error) => self.failed.push(Failure {
                    bead: begun.ticket.bead.clone(),
                    error: error.to_string(),
                    hint: error.hint_text().map(str::to_owned),
                }),
            },
            Committed::Queued(row) => self.slung.push(Slung {
                bead: row.bead,
                state: "queued",
                agent: String::new(),
                rig: row.rig,
                preset: row.preset,
                branch: String::new(),
                worktree: String::new(),
                session: String::new(),
                pid: None,
                command: None,
                note: row.note,
            }),
            Committed::Attached(row) => self.slung.push(Slung {
                bead: row.bead,
                state: "attached",
                agent: row.agent,
                rig: row.rig,
                preset: row.preset,
                branch: row.branch,
                worktree: row.hook,
                session: row.session,
                pid: None,
                command: None,
                note: String::new(),
            }),
        }
    }
}

impl Report for SlingReport {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        for slung in &self.slung {
            match slung.state {
                "queued" => writeln!(
                    out,
                    "{} → {} {}",
                    slung.bead,
                    slung.rig,
                    paint.yellow(&format!("queued: {}", slung.note))
                )?,
                "waiting" => {
                    writeln!(out, "{} → {} on {}; start it yourself:", slung.bead, slung.agent, slung.branch)?;
                    writeln!(out, "  {}", slung.command.as_deref().unwrap_or_default())?;
                }
                "attached" => writeln!(out, "{} → {} (on its hook)", slung.bead, slung.agent)?,
                _ => writeln!(
                    out,
                    "{} → {} ({}) on {}",
                    slung.bead,
                    paint.green(&slung.agent),
                    slung.preset,
                    slung.branch
                )?,
            }
        }
        for failure in &self.failed {
            let message = format!("{}: {}", failure.bead, neutralise(&failure.error, true));
            writeln!(out, "{} {message}", paint.red("✗"))?;
            if let Some(hint) = &failure.hint {
                writeln!(out, "  hint: {hint}")?;
            }
        }
        if let Some(convoy) = &self.convoy {
            writeln!(out, "{}", paint.dim(&format!("convoy {convoy}: gt convoy show {convoy}")))?;
        }
        for note in &self.notes {
            writeln!(out, "{} {}", paint.yellow("note:"), neutralise(note, true))?;
        }
        Ok(())
    }
}
