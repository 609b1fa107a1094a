//! `gt demo`: a town with a sample project whose beads are done by `script` agents, merged and landed before one's eyes.

mod build;
mod project;
mod watch;

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use serde::Serialize;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use self::build::{Built, RIG};
use self::watch::Standing;
use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::neutralise;
use crate::base::{Error, Result, ResultExt};
use crate::cockpit;
use crate::patrol::daemon;
use crate::session;
use crate::town::Town;
use crate::work::Desk;
use crate::work::sling::{self, Request};

/// How much longer the steps' pauses are when a person looks on.
const SHOW_PACE: f64 = 2.5;

/// How large the demo is and where it is shown.
#[derive(Debug, clap::Args)]
pub struct Demo {
    /// An empty directory for it; a new one under the directory for temporary files when not named
    dir: Option<PathBuf>,
    /// Print progress instead of opening the cockpit
    #[arg(long)]
    headless: bool,
    /// How many agents work side by side [default: 6]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=30))]
    agents: Option<u16>,
    /// How many beads there are to do [default: two for each agent]
    #[arg(long)]
    beads: Option<usize>,
}

/// What a demo came to.
#[derive(Debug, Serialize)]
struct DemoReport {
    /// Whether every bead is merged, the merged project passes its tests and every convoy has landed.
    ok: bool,
    town: PathBuf,
    agents: usize,
    beads: usize,
    merged: usize,
    convoys: usize,
    landed: usize,
    commits: usize,
    tests_pass: bool,
    seconds: f64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    failures: Vec<String>,
}

impl Report for DemoReport {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let mark = |good: bool| if good { paint.green("✓") } else { paint.red("✗") };
        let Self { beads, merged, convoys, landed, commits, .. } = self;
        writeln!(
            out,
            "{} {merged} of {beads} beads merged, as {commits} commits by {} agents",
            mark(merged == beads),
            self.agents
        )?;
        writeln!(out, "{} {landed} of {convoys} convoys landed", mark(landed == convoys))?;
        let tests = if self.tests_pass { "passes its tests" } else { "fails its tests" };
        writeln!(out, "{} a fresh checkout of the merged project {tests}", mark(self.tests_pass))?;
        for failure in &self.failures {
            writeln!(out, "{} {}", paint.red("✗"), neutralise(failure, false))?;
        }
        let town = self.town.display().to_string();
        writeln!(out, "{} {:.1} s; the town stays in {}", paint.dim("·"), self.seconds, neutralise(&town, true))
    }
}

impl Demo {
    /// Builds the demo, runs it and ends every process it started.
    ///
    /// # Errors
    /// When a part of it fails; also when not all of the work was merged and landed in the end.
    pub fn run(self, output: Output) -> Result<()> {
        let agents = usize::from(self.agents.unwrap_or(6));
        let beads = self.beads.unwrap_or((2 * agents).max(project::FEWEST));
        let stop = Arc::new(AtomicBool::new(false));
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&stop)).context("watch for signals")?;
        }
        let start = Instant::now();
        let in_cockpit = !self.headless && !output.json && io::stdout().is_terminal() && io::stdin().is_terminal();
        // A plan that can't be is refused before anything is made.
        let plan = project::plan(beads, if in_cockpit { SHOW_PACE } else { 1.0 })?;
        let dir = build::directory(self.dir.as_deref())?;
        let mut say = |what: &str| {
            if !output.quiet {
                eprintln!("{} {}", Paint::stderr().dim("·"), neutralise(what, true));
            }
        };
        let built = build::build(&dir, agents, plan, &mut say)?;
        let town = built.desk.town.clone();

        let since = built.desk.ledger.change_seq()?;
        let worked =
            if in_cockpit { watch_in_cockpit(&built) } else { work_headless(&built, since, &stop, output.quiet) };
        let stopped = end_all(&town);
        let standing = Standing::of(&built)?;
        let report = examine(&built, agents, standing, start)?;
        report::print(output, &report)?;
        worked?;
        stopped?;
        if stop.load(Ordering::Relaxed) {
            return Err(Error::failed("the demo was interrupted").hint(go_on(&town)));
        }
        // In the cockpit a person may leave whenever they have seen enough.
        if report.ok || in_cockpit {
            return Ok(());
        }
        Err(Error::failed("not everything was merged and landed").hint(go_on(&town)))
    }
}

fn go_on(town: &Town) -> String {
    format!("the work is kept: cd {} && gt daemon start, then gt", town.root.display())
}

fn sling_ready(desk: &mut Desk, ready: Vec<String>) -> Result<()> {
    let request = Request { beads: ready, target: RIG.into(), ..Request::default() };
    let report = sling::sling(desk, &request)?;
    match report.failed.first() {
        Some(failure) => {
            let error = Error::failed(format!("{} could not be slung: {}", failure.bead, failure.error));
            Err(failure.hint.iter().fold(error, |error, hint| error.hint(hint.clone())))
        }
        None => Ok(()),
    }
}

fn work_headless(built: &Built, since: i64, stop: &Arc<AtomicBool>, quiet: bool) -> Result<()> {
    daemon::ensure_running(&built.desk.town)?;
    // Progress is printed while the agents are still being started.
    let (town, ready, halt) = (built.desk.town.clone(), built.ready.clone(), Arc::clone(stop));
    let slinging = std::thread::spawn(move || {
        let slung = Desk::of(town).and_then(|mut desk| sling_ready(&mut desk, ready));
        if slung.is_err() {
            halt.store(true, Ordering::Relaxed);
        }
        slung
    });
    let followed = watch::follow(built, since, stop, quiet, || slinging.is_finished());
    let slung = slinging.join().map_err(|_| Error::failed("starting the agents broke off"))?;
    slung.and(followed.map(|_| ()))
}

fn watch_in_cockpit(built: &Built) -> Result<()> {
    daemon::ensure_running(&built.desk.town)?;
    let (town, ready) = (built.desk.town.clone(), built.ready.clone());
    // What goes wrong in starting the agents is told when the cockpit has given the terminal back.
    let slinging = std::thread::spawn(move || sling_ready(&mut Desk::of(town)?, ready));
    let watched = cockpit::run(&built.desk.town, cockpit::Options { no_welcome: true, ..cockpit::Options::default() });
    slinging.join().map_err(|_| Error::failed("starting the agents broke off"))??;
    watched
}

/// Stops the daemon, so that nothing is started any more, then every session.
fn end_all(town: &Town) -> Result<()> {
    daemon::stop(town)?;
    for record in session::registry::list(town)? {
        session::kill(town, &record.name, &[])?;
    }
    Ok(())
}

fn examine(built: &Built, agents: usize, standing: Standing, start: Instant) -> Result<DemoReport> {
    let seconds = (start.elapsed().as_secs_f64() * 10.0).round() / 10.0;
    let (commits, tests) = build::examine(built)?;
    let (beads, convoys) = (built.beads.len(), built.convoys.len());
    let ok = standing.is_whole(built) && tests.is_ok();
    Ok(DemoReport {
        ok,
        town: built.desk.town.root.clone(),
        agents,
        beads,
        merged: standing.merged,
        convoys,
        landed: standing.landed,
        commits,
        tests_pass: tests.is_ok(),
        seconds,
        failures: tests.err().into_iter().collect(),
    })
}
