//! The face of `gt` for shells and scripts: one file a family of commands.

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser, Subcommand};

use crate::base::report::{self, Output};
use crate::base::{Error, Result, complete};

// town and rigs
mod crew;
mod hooks;
mod install;
mod rig;
mod worktree;
// agents and sessions
mod attach;
mod checkpoint;
mod handoff;
mod hook_event;
mod mayor;
mod memory;
mod prime;
mod recording;
mod seance;
mod session;
mod standing;
// work
mod agents;
mod audit;
mod await_signal;
mod broadcast;
mod convoy;
mod costs;
mod daemon;
mod dog;
mod done;
mod escalate;
mod feed;
mod formula;
mod halt;
mod hook;
mod mail;
mod mail_book;
mod mol;
mod mq;
mod nudge;
mod patrols;
mod polecat;
mod power;
mod sling;
mod status;
// faces
mod api;
mod cockpit;
mod completion;
mod config;
mod dashboard;
mod demo;
mod help;
mod man;
mod mcp;
mod script;

/// Gas Town: run many coding agents side by side, track their work and merge what they finish.
#[derive(Debug, Parser)]
#[command(name = "gt", version, infer_subcommands = true, disable_help_subcommand = true)]
pub struct Gt {
    /// Print the result as JSON
    #[arg(long, global = true)]
    json: bool,
    /// Print only what was asked for
    #[arg(long, short, global = true)]
    quiet: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

/// Every command of `gt`.
#[derive(Debug, Subcommand)]
pub enum Command {
    // town and rigs
    /// Make a town
    Install(install::Install),
    /// The projects of the town
    #[command(subcommand)]
    Rig(rig::RigCommand),
    /// Workspaces of their own for people and long-lived agents
    #[command(subcommand)]
    Crew(crew::CrewCommand),
    /// Your workspace in another rig, made when there is none; for crew
    Worktree(worktree::WorktreeArgs),
    /// Bring the town up: the daemon and the mayor
    Up(power::Up),
    /// Take the town down: the daemon, the mayor, the crew
    Down(power::Down),
    /// Stop everything, and put away what is handed in
    Shutdown(power::Shutdown),
    /// Look at everything that can go wrong; --fix mends it
    Doctor(power::Doctor),
    /// Who looks after the town: the daemon
    #[command(subcommand)]
    Deacon(patrols::Deacon),
    /// Who looks after the agents of a rig: a part of the daemon
    #[command(subcommand)]
    Witness(patrols::Witness),
    /// Who merges the work of a rig: a part of the daemon
    #[command(subcommand)]
    Refinery(patrols::Refinery),
    /// The worktrees that keep agents' work
    #[command(subcommand)]
    Hooks(hooks::Hooks),
    // agents and sessions
    /// The agent that coordinates the town: tell it what you want
    #[command(subcommand)]
    Mayor(mayor::Mayor),
    /// Tell an agent who it is, what is on its hook, which step it is at and what mail waits
    Prime(prime::Prime),
    /// Show who you are to the town
    Whoami(prime::Whoami),
    /// Show your role, all roles, a role's home or environment
    Role(prime::RoleArgs),
    /// Hand over to your next session: writes what it must know, ends this one, starts that one in the same place
    Handoff(handoff::Handoff),
    /// Show what was handed over to you; with an agent, start its session again on its hook
    Resume(handoff::Resume),
    /// List the sessions agents had, newest first, or talk to one of them again
    Seance(seance::Seance),
    /// Keep a short note for the agents to come
    Remember(memory::Remember),
    /// Show notes
    Recall(memory::Recall),
    /// Drop a note
    Forget(memory::Forget),
    /// Where you stopped, for the session that goes on from there
    #[command(subcommand)]
    Checkpoint(checkpoint::CheckpointCommand),
    /// Start an agent's next session once the present one has ended
    #[command(hide = true)]
    SessionNext(handoff::SessionNext),
    /// Note what an agent's runtime tells by its hooks
    #[command(hide = true)]
    HookEvent(hook_event::HookEvent),
    /// Open an agent's terminal; ctrl-] leaves it again
    Attach(attach::Attach),
    /// Type a message to an agent
    Nudge(nudge::Nudge),
    /// Show what is on an agent's terminal
    Peek(session::Peek),
    /// The terminals agents run in
    #[command(subcommand)]
    Session(session::SessionCommand),
    /// Run one session (gt starts these itself)
    #[command(hide = true)]
    SessionHost(session::Host),
    /// Give the terminal back when what took it was killed (gt attach starts this itself)
    #[command(hide = true)]
    TerminalKeeper(attach::TerminalKeeper),
    // work
    /// Give beads to agents: each gets a branch, a worktree and a session
    Sling(sling::Sling),
    /// Take a bead back from its agent; branch, worktree and snapshots remain
    #[command(visible_alias = "unhook")]
    Unsling(sling::Unsling),
    /// Show what is on your hook
    #[command(visible_alias = "work")]
    Hook(hook::Hook),
    /// Hand in the work on your hook; ends your session
    Done(done::Done),
    /// Show the agents: state, bead, branch
    Agents(agents::Agents),
    /// Bundles of beads that land together
    #[command(subcommand)]
    Convoy(convoy::Convoy),
    /// The merge queue
    #[command(subcommand)]
    Mq(mq::Mq),
    /// Workflows that are written down once: list them, look at one, run one
    #[command(subcommand)]
    Formula(formula::FormulaCommand),
    /// The steps an agent's work is done in
    #[command(subcommand, visible_alias = "molecule")]
    Mol(mol::Mol),
    /// Show what the agents' models have cost: tokens and money
    Costs(costs::CostsArgs),
    /// Show who did what
    Audit(audit::Audit),
    /// Show what happened lately
    Trail(audit::Trail),
    /// Messages between agents and people
    #[command(subcommand)]
    Mail(mail::Mail),
    /// Type a message to every agent that runs
    Broadcast(broadcast::Broadcast),
    /// Be left in peace: no nudges, no word of mail
    Dnd(broadcast::Dnd),
    /// Tell those who have to know that something is wrong; list, acknowledge and close what was told
    Escalate(escalate::Escalate),
    /// Helpers of the deacon for maintenance
    #[command(subcommand)]
    Dog(dog::Dog),
    /// The workers of a rig: list them, look at one, remove one
    #[command(subcommand)]
    Polecat(polecat::Polecat),
    /// Show the town at a glance: agents, queues, convoys, what needs you
    Status(status::Status),
    /// How beads get agents: what waits, pause, resume
    #[command(subcommand)]
    Scheduler(halt::Scheduler),
    /// Emergency stop: freeze every agent at once, and start none
    Estop(halt::Estop),
    /// Let frozen agents go on where they were
    Thaw(halt::Thaw),
    /// Show what happened in the town
    Feed(feed::Feed),
    /// Show every event of the ledger, small changes included
    Log(feed::Log),
    /// The daemon: dispatch, merge queue, watching, export
    #[command(subcommand)]
    Daemon(daemon::Daemon),
    // faces
    /// The whole town on one screen: agents, their live terminals, convoys, events
    Cockpit(cockpit::Cockpit),
    /// The whole town in a browser
    Dashboard(dashboard::Dashboard),
    /// Offer the ledger, convoys and slinging as tools to any agent that speaks MCP, over standard input and output
    Mcp(mcp::Mcp),
    /// Tell scripts what they may rely on: commands, exit codes, the form of errors and of what --json prints
    Api(api::Api),
    /// Print a completion script for a shell
    Completion(completion::Completion),
    /// Print manual pages
    Man(man::Man),
    /// Show and change the town's settings
    Config(config::Config),
    /// Show the town at work on a sample project
    Demo(demo::Demo),
    /// Do the sh block of a bead step by step, commit and hand in
    #[command(hide = true)]
    ScriptAgent(script::ScriptAgent),
    /// Show help: the commands, one command, or a page about the town
    Help(help::Help),
    /// Print the version
    Version,
}

/// The parser with what only its readers need: an example under every command, the help pages.
pub fn documented() -> clap::Command {
    let command = crate::base::commands::with_examples(Gt::command(), include_str!("../../assets/help/gt.txt"));
    command.after_help(help::pages())
}

/// Parses `args` (the first is the program's name), runs the command and returns its exit code.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    if let Some(host) = args.get(1).filter(|arg| *arg == "session-host").and_then(|_| session::HostAlone::of(&args)) {
        return match host.run() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => ExitCode::from(report::print_error(Output::default(), &error)),
        };
    }
    match complete::answer(&args, || complete::teach(Gt::command(), &completion::source)) {
        Ok(false) => {}
        Ok(true) => return ExitCode::SUCCESS,
        Err(error) => return ExitCode::from(report::print_error(Output::default(), &error)),
    }
    let gt = match Gt::try_parse_from(&args) {
        Ok(gt) => gt,
        Err(error) => {
            // Only who asks for help waits until the examples are put in.
            let error = match error.kind() {
                ErrorKind::DisplayHelp => documented().try_get_matches_from(&args).err().unwrap_or(error),
                _ => error,
            };
            // clap prints help to stdout with code 0 and mistakes to stderr with code 2.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let output = Output { json: gt.json, quiet: gt.quiet };
    crate::ledger::follow_with(crate::formula::molecule::follow);
    let done = run(gt.command, output);
    report::print_notices(output);
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(report::print_error(output, &error)),
    }
}

fn run(command: Option<Command>, output: Output) -> Result<()> {
    match command {
        // town and rigs
        Some(Command::Install(command)) => command.run(output),
        Some(Command::Rig(command)) => command.run(output),
        Some(Command::Crew(command)) => command.run(output),
        Some(Command::Hooks(command)) => command.run(output),
        Some(Command::Worktree(command)) => command.run(output),
        Some(Command::Up(command)) => command.run(output),
        Some(Command::Down(command)) => command.run(output),
        Some(Command::Shutdown(command)) => command.run(output),
        Some(Command::Doctor(command)) => command.run(output),
        Some(Command::Deacon(command)) => command.run(output),
        Some(Command::Witness(command)) => command.run(output),
        Some(Command::Refinery(command)) => command.run(output),
        Some(Command::Dog(command)) => command.run(output),
        // agents and sessions
        Some(Command::Mayor(command)) => command.run(output),
        Some(Command::Prime(command)) => command.run(output),
        Some(Command::Whoami(command)) => command.run(output),
        Some(Command::Role(command)) => command.run(output),
        Some(Command::Handoff(command)) => command.run(output),
        Some(Command::Resume(command)) => command.run(output),
        Some(Command::Seance(command)) => command.run(output),
        Some(Command::Remember(command)) => command.run(output),
        Some(Command::Recall(command)) => command.run(output),
        Some(Command::Forget(command)) => command.run(output),
        Some(Command::Checkpoint(command)) => command.run(output),
        Some(Command::SessionNext(command)) => command.run(),
        Some(Command::HookEvent(command)) => {
            command.run();
            Ok(())
        }
        Some(Command::Attach(command)) => command.run(output),
        Some(Command::Nudge(command)) => command.run(output),
        Some(Command::Peek(command)) => command.run(output),
        Some(Command::Session(command)) => command.run(output),
        Some(Command::SessionHost(command)) => command.run(),
        Some(Command::TerminalKeeper(command)) => command.run(),
        // work
        Some(Command::Sling(command)) => command.run(output),
        Some(Command::Unsling(command)) => command.run(output),
        Some(Command::Hook(command)) => command.run(output),
        Some(Command::Done(command)) => command.run(output),
        Some(Command::Agents(command)) => command.run(output),
        Some(Command::Convoy(command)) => command.run(output),
        Some(Command::Mq(command)) => command.run(output),
        Some(Command::Formula(command)) => command.run(output),
        Some(Command::Mol(command)) => command.run(output),
        Some(Command::Costs(command)) => command.run(output),
        Some(Command::Audit(command)) => command.run(output),
        Some(Command::Trail(command)) => command.run(output),
        Some(Command::Mail(command)) => command.run(output),
        Some(Command::Broadcast(command)) => command.run(output),
        Some(Command::Dnd(command)) => command.run(output),
        Some(Command::Escalate(command)) => command.run(output),
        Some(Command::Polecat(command)) => command.run(output),
        Some(Command::Status(command)) => command.run(output),
        Some(Command::Scheduler(command)) => command.run(output),
        Some(Command::Estop(command)) => command.run(output),
        Some(Command::Thaw(command)) => command.run(output),
        Some(Command::Feed(command)) => command.run(output),
        Some(Command::Log(command)) => command.run(output),
        Some(Command::Daemon(command)) => command.run(output),
        // faces
        Some(Command::Cockpit(command)) => command.run(output),
        Some(Command::Dashboard(command)) => command.run(output),
        Some(Command::Mcp(command)) => command.run(output),
        Some(Command::Api(command)) => command.run(output),
        Some(Command::Help(command)) => command.run(output),
        Some(Command::Completion(command)) => command.run(output),
        Some(Command::Man(command)) => command.run(output),
        Some(Command::Config(command)) => command.run(output),
        Some(Command::Demo(command)) => command.run(output),
        Some(Command::ScriptAgent(command)) => command.run(),
        Some(Command::Version) => {
            println!("gt {}", env!("CARGO_PKG_VERSION"));
            Ok(())
        }
        None if output.json => Err(Error::usage("a command is needed").hint("gt --help lists them")),
        None => cockpit::run_alone(),
    }
}

/// After a command changed the ledger: the files that git tracks follow, at once or by the daemon.
fn after_change(desk: &crate::work::Desk) -> Result<()> {
    crate::patrol::after_command(desk)
}

/// Makes sure that what happens by itself does happen.
fn ensure_daemon(desk: &crate::work::Desk) -> Result<()> {
    crate::patrol::daemon::ensure_running(&desk.town)
}
