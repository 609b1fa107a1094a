//! `gt polecat`: the workers of a rig and what they hold.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Subcommand;
use serde::Serialize;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::{Error, Result, Timestamp};
use crate::repo::Worktree;
use crate::runtime::StateReading;
use crate::session;
use crate::town::Address;
use crate::work::agents::AgentInfo;
use crate::work::hook_status::HookDetails;
use crate::work::{Desk, agents, archive, assignment, hook, hook_status, queue, standing, unsling};

/// The workers of a rig
#[derive(Debug, Subcommand)]
pub enum Polecat {
    /// List them: state, bead, branch
    #[command(visible_alias = "ls")]
    List {
        /// Only those of this rig
        #[arg(conflicts_with = "all")]
        rig: Option<String>,
        /// Those of all rigs (the default)
        #[arg(long)]
        all: bool,
    },
    /// Show what one holds: branch, commits, what is not committed
    Status {
        /// Its address, or its name
        agent: String,
    },
    /// Show how its worktree stands: changed files, commits that are nowhere else, stashes
    GitState {
        /// Its address, or its name
        agent: String,
    },
    /// Say whether it holds anything that is nowhere else
    CheckRecovery {
        /// Its address, or its name
        agent: String,
    },
    /// End workers and remove their worktrees; everything they made stays reachable
    #[command(after_help = "Examples:\n  gt polecat nuke web/polecats/nux\n  gt polecat nuke web --all --dry-run")]
    Nuke {
        /// Their addresses or names; with --all a rig
        #[arg(required = true)]
        agents: Vec<String>,
        /// All workers of the rig
        #[arg(long)]
        all: bool,
        /// Only say what would be done, and what is in the way
        #[arg(long, short = 'n')]
        dry_run: bool,
        /// Although one works on something: its bead is open again then
        #[arg(long, short)]
        force: bool,
    },
}

/// A worker in a list.
#[derive(Serialize)]
struct Worker {
    name: String,
    issue: Option<String>,
    session_running: bool,
    /// The state's word, which scripts know by this name; `reading` has its source.
    state: &'static str,
    reading: StateReading,
    #[serde(flatten)]
    rest: serde_json::Map<String, serde_json::Value>,
    #[serde(skip)]
    info: AgentInfo,
}

impl Worker {
    fn of(info: AgentInfo) -> Result<Worker> {
        let address: Address = info.address.parse()?;
        let mut rest = serde_json::to_value(&info)?.as_object().cloned().unwrap_or_default();
        rest.remove("state");
        Ok(Worker {
            name: address.name().to_owned(),
            issue: Some(info.bead.clone()).filter(|bead| !bead.is_empty()),
            session_running: info.pid.is_some(),
            state: info.state.state.word(),
            reading: info.state.clone(),
            rest,
            info,
        })
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Workers(Vec<Worker>);

impl Report for Workers {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.0.is_empty() {
            return writeln!(out, "No workers.  {}", paint.dim("gt sling <bead> <rig> starts one"));
        }
        agents::AgentList { agents: self.0.iter().map(|worker| worker.info.clone()).collect() }.human(out, paint)
    }
}

/// A worker in full: its hook, and its session.
#[derive(Serialize)]
struct Details {
    #[serde(flatten)]
    hook: HookDetails,
    name: String,
    issue: Option<String>,
    clone_path: PathBuf,
    session_running: bool,
    session_id: String,
    /// How many look at its terminal.
    attached: u32,
    last_activity: Option<Timestamp>,
}

impl Details {
    fn of(desk: &Desk, which: &str) -> Result<Details> {
        let hook = hook_status::details(desk, which)?;
        let address: Address = hook.line.agent.parse()?;
        let session = address.session_name();
        let running = standing::running(desk, &address)?.is_some();
        // One that ends just now is looked at by nobody.
        let status = if running { session::status(&desk.town, &session).ok() } else { None };
        let silent = status.as_ref().map(|status| i64::try_from(status.silent_ms / 1000).unwrap_or(i64::MAX));
        Ok(Details {
            name: address.name().to_owned(),
            issue: hook.line.bead.clone(),
            clone_path: hook.line.worktree.clone(),
            session_running: running,
            session_id: session,
            attached: status.map_or(0, |status| status.clients),
            last_activity: silent.map(|seconds| Timestamp::now().plus_seconds(-seconds)),
            hook,
        })
    }
}

impl Report for Details {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        self.hook.human(out, paint)?;
        let session = if self.session_running { "runs" } else { "does not run" };
        writeln!(out, "  session    {} {session}, {} looking", self.session_id, self.attached)
    }
}

/// How a worktree stands.
#[derive(Serialize)]
struct GitState {
    agent: String,
    clean: bool,
    uncommitted_files: Vec<String>,
    /// Commits that the target branch lacks; absent where that can't be told.
    unpushed_commits: Option<usize>,
    stash_count: usize,
}

impl GitState {
    fn of(desk: &Desk, which: &str) -> Result<GitState> {
        let details = hook_status::details(desk, which)?;
        let worktree = Worktree::open(&details.line.worktree)?;
        let uncommitted_files: Vec<String> =
            details.dirty.iter().map(|file| file.path.to_string_lossy().into_owned()).collect();
        let stash_count = worktree.stashes()?;
        Ok(GitState {
            clean: uncommitted_files.is_empty() && stash_count == 0 && details.ahead == Some(0),
            agent: details.line.agent,
            uncommitted_files,
            unpushed_commits: details.ahead,
            stash_count,
        })
    }
}

impl Report for GitState {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let word = if self.clean { paint.green("clean") } else { paint.yellow("holds work") };
        writeln!(out, "{}: {word}", self.agent)?;
        let ahead = self.unpushed_commits.map_or_else(|| "?".to_owned(), |count| count.to_string());
        let (files, stashes) = (self.uncommitted_files.len(), self.stash_count);
        writeln!(out, "  {files} files not committed, {ahead} commits not merged, {stashes} stashes of the rig")
    }
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
            Polecat::List { rig, all: _ } => {
                if let Some(rig) = &rig {
                    desk.town.rig(rig)?;
                }
                let list = agents::list(&desk)?.into_iter();
                let list =
                    list.filter(|agent| agent.role == "polecat" && rig.as_ref().is_none_or(|rig| agent.rig == *rig));
                report::print(out, &Workers(list.map(Worker::of).collect::<Result<_>>()?))
            }
            Polecat::Status { agent } => report::print(out, &Details::of(&desk, &agent)?),
            Polecat::GitState { agent } => report::print(out, &GitState::of(&desk, &agent)?),
            Polecat::CheckRecovery { agent } => report::print(out, &Recovery::of(&desk, &agent)?),
            Polecat::Nuke { agents, all, dry_run, force } => {
                let several = all || agents.len() > 1;
                let agents = if all { all_of(&desk, &agents)? } else { agents };
                if dry_run {
                    return report::print(out, &plan(&desk, &agents)?);
                }
                let (mut gone, mut last) = (Vec::new(), None);
                for agent in &agents {
                    match nuke(&mut desk, agent, force) {
                        Ok(nuked) => gone.push(nuked),
                        Err(error) => {
                            // The others are not kept from it.
                            if let Some(before) = last.replace(error) {
                                report::print_error(out, &before);
                            }
                        }
                    }
                }
                match gone.as_slice() {
                    [] if last.is_some() => {}
                    [one] if !several => report::print(out, one)?,
                    _ => report::print(out, &AllNuked(gone))?,
                }
                super::after_change(&desk)?;
                last.map_or(Ok(()), Err)
            }
        }
    }
}

/// The workers of the rigs that are named.
fn all_of(desk: &Desk, rigs: &[String]) -> Result<Vec<String>> {
    for rig in rigs {
        desk.town.rig(rig)?;
    }
    let lines = hook_status::list(desk, false)?.into_iter();
    let workers = lines.filter(|line| rigs.contains(&line.rig) && line.agent.contains("/polecats/"));
    Ok(workers.map(|line| line.agent).collect())
}

/// What would be removed, and what is in the way.
fn plan(desk: &Desk, agents: &[String]) -> Result<Plan> {
    let mut lines = Vec::new();
    for agent in agents {
        let line = hook_status::find(desk, agent)?;
        let works = assignment::of_agent(desk.ledger.conn(), &line.agent)?.map(|row| row.bead);
        lines.push(Planned { agent: line.agent, branch: line.branch, works_on: works });
    }
    Ok(Plan(lines))
}

#[derive(Serialize)]
struct Planned {
    agent: String,
    branch: Option<String>,
    /// The bead for which it would take --force.
    works_on: Option<String>,
}

#[derive(Serialize)]
#[serde(transparent)]
struct Plan(Vec<Planned>);

impl Report for Plan {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.0.is_empty() {
            return writeln!(out, "No workers.");
        }
        for line in &self.0 {
            match &line.works_on {
                Some(bead) => writeln!(out, "{} works on {bead}: {}", line.agent, paint.yellow("only with --force"))?,
                None => writeln!(out, "{} would go", line.agent)?,
            }
        }
        Ok(())
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct AllNuked(Vec<Nuked>);

impl Report for AllNuked {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.0.is_empty() {
            return writeln!(out, "No workers.");
        }
        self.0.iter().try_for_each(|one| one.human(out, paint))
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
