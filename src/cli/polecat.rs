//! `gt polecat`: the workers of a rig and what they hold.

use std::io::{self, Write};

use clap::Subcommand;
use serde::Serialize;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::{Error, Result};
use crate::session;
use crate::town::Address;
use crate::work::{Desk, agents, archive, assignment, hook, hook_status, queue, unsling};

/// The workers of a rig
#[derive(Debug, Subcommand)]
pub enum Polecat {
    /// List them: state, bead, branch
    #[command(visible_alias = "ls")]
    List {
        /// Only those of this rig
        rig: Option<String>,
    },
    /// Show what one holds: branch, commits, what is not committed
    Status {
        /// Its address, or its name
        agent: String,
    },
    /// Say whether it holds anything that is nowhere else
    CheckRecovery {
        /// Its address, or its name
        agent: String,
    },
    /// End one and remove its worktree; everything it made stays reachable
    Nuke {
        /// Its address, or its name
        agent: String,
        /// Although it works on something: the bead is open again then
        #[arg(long)]
        force: bool,
    },
}

#[derive(Serialize)]
struct Nuked {
    agent: String,
    bead: Option<String>,
    branch: Option<String>,
}

impl Report for Nuked {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{} {} is gone", paint.green("✓"), self.agent)?;
        if let Some(bead) = &self.bead {
            writeln!(out, "  {bead} is open again")?;
        }
        match &self.branch {
            Some(branch) => {
                writeln!(out, "  its commits are kept as {}{branch} in the rig's repository", archive::ARCHIVE)
            }
            None => Ok(()),
        }
    }
}

#[derive(Serialize)]
struct Recovery {
    rig: String,
    polecat: String,
    /// `clean`, `has_work`, `has_uncommitted`, `has_unmerged`, or `unknown`.
    cleanup_status: &'static str,
    needs_recovery: bool,
    verdict: &'static str,
    branch: Option<String>,
    issue: Option<String>,
    uncommitted: usize,
    unmerged: Option<usize>,
}

impl Recovery {
    fn of(desk: &Desk, which: &str) -> Result<Recovery> {
        let details = hook_status::details(desk, which)?;
        let line = &details.line;
        let works = assignment::of_agent(desk.ledger.conn(), &line.agent)?.is_some();
        let in_queue = match &line.bead {
            Some(bead) => queue::of_source(desk.ledger.conn(), bead)?.iter().any(|one| one.state.is_open()),
            None => false,
        };
        let unmerged = details.ahead.filter(|_| line.state != "archived");
        let cleanup_status = match (works || in_queue, details.dirty.is_empty(), unmerged) {
            (true, ..) => "has_work",
            (_, false, _) => "has_uncommitted",
            (_, _, Some(ahead)) if ahead > 0 => "has_unmerged",
            (_, _, None) if line.state != "archived" => "unknown",
            _ => "clean",
        };
        let needs_recovery = cleanup_status != "clean";
        let address: Address = line.agent.parse()?;
        Ok(Recovery {
            rig: line.rig.clone(),
            polecat: address.name().to_owned(),
            cleanup_status,
            needs_recovery,
            verdict: if needs_recovery { "NEEDS_RECOVERY" } else { "SAFE_TO_NUKE" },
            branch: line.branch.clone(),
            issue: line.bead.clone(),
            uncommitted: details.dirty.len(),
            unmerged,
        })
    }
}

impl Report for Recovery {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let verdict = if self.needs_recovery { paint.yellow(self.verdict) } else { paint.green(self.verdict) };
        writeln!(out, "{}/{}: {verdict} ({})", self.rig, self.polecat, self.cleanup_status)?;
        let unmerged = self.unmerged.map_or_else(|| "?".to_owned(), |count| count.to_string());
        writeln!(out, "  {} files not committed, {unmerged} commits not merged", self.uncommitted)
    }
}

impl Polecat {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command's own work.
    pub fn run(self, out: Output) -> Result<()> {
        let mut desk = Desk::open_current()?;
        match self {
            Polecat::List { rig } => {
                if let Some(rig) = &rig {
                    desk.town.rig(rig)?;
                }
                let mut list = agents::list(&desk)?;
                list.retain(|agent| agent.role == "polecat" && rig.as_ref().is_none_or(|rig| agent.rig == *rig));
                report::print(out, &agents::AgentList { agents: list })
            }
            Polecat::Status { agent } => report::print(out, &hook_status::details(&desk, &agent)?),
            Polecat::CheckRecovery { agent } => report::print(out, &Recovery::of(&desk, &agent)?),
            Polecat::Nuke { agent, force } => {
                report::print(out, &nuke(&mut desk, &agent, force)?)?;
                super::after_change(&desk)
            }
        }
    }
}

/// Refused while the worktree holds anything that would be unreachable: archiving looks.
fn nuke(desk: &mut Desk, which: &str, force: bool) -> Result<Nuked> {
    let line = hook_status::find(desk, which)?;
    let address: Address = line.agent.parse()?;
    if !matches!(address, Address::Polecat { .. }) {
        return Err(Error::refused(format!("{address} is no polecat")).hint("gt crew remove removes a workspace"));
    }
    let bead = match assignment::of_agent(desk.ledger.conn(), &line.agent)? {
        Some(row) if !force => {
            return Err(Error::refused(format!("{address} works on {}", row.bead))
                .hint(format!("gt unsling {} first, or --force", row.bead)));
        }
        Some(row) => {
            unsling::unsling(desk, &row.bead, true)?;
            Some(row.bead)
        }
        None => None,
    };
    session::kill(&desk.town, &address.session_name(), &[])?;
    if hook::find(desk.ledger.conn(), &line.agent)?.is_some_and(|hook| hook.state == hook::State::Active) {
        desk.ledger.write(&line.agent, |tx| hook::set_state(tx, &line.agent, hook::State::Suspended))?;
    }
    archive::archive(desk, &line.agent)?;
    Ok(Nuked { agent: line.agent, bead, branch: line.branch })
}
