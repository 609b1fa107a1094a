//! The face of `bd`: beads for shells, scripts and agents, one file a family of commands.

mod agent;
mod api;
mod close;
mod comment;
mod compat;
mod completion;
mod config;
mod context;
mod cook;
mod create;
mod data;
mod delete;
mod dep;
mod doctor;
mod draw;
mod epic;
mod examples;
mod external;
mod formula;
mod gate;
mod github;
mod graph;
mod help;
mod hooks;
mod import;
mod init;
mod label;
mod list;
mod man;
mod markdown;
mod mentions;
mod merge;
mod merge_slot;
mod mol;
mod obsidian;
mod parse;
mod ready;
mod render;
mod review;
mod show;
mod state;
mod stats;
mod swarm;
mod sync;
#[cfg(test)]
mod table;
mod teach;
mod template;
mod twins;
mod undo;
mod update;
mod wherein;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::base::report::{self, Output};
use crate::base::{Result, complete};

/// Beads: track work with its dependencies, in one file that git keeps.
#[derive(Debug, Parser)]
#[command(name = "bd", version, disable_help_subcommand = true)]
pub struct Bd {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Debug, Clone, Args)]
pub struct Global {
    /// Print the result as JSON
    #[arg(long, global = true)]
    json: bool,
    /// Print only what was asked for
    #[arg(long, short, global = true)]
    quiet: bool,
    /// Who acts; BD_ACTOR or git's user.name otherwise
    #[arg(long, global = true, value_name = "NAME")]
    actor: Option<String>,
    /// Use this database
    #[arg(long, global = true, value_name = "FILE", env = "BEADS_DB")]
    db: Option<PathBuf>,
    /// Work in this rig of the town rather than the working directory's
    #[arg(long, global = true, value_name = "RIG")]
    rig: Option<String>,
    /// Refuse to change anything
    #[arg(long, global = true)]
    readonly: bool,
    /// Work on issues.jsonl alone: the database is made for this one command and lies elsewhere
    #[arg(long, global = true, conflicts_with = "db")]
    no_db: bool,
    // What other bd programs take and ours has no need for: every command reads and writes the ledger itself.
    #[arg(long, global = true, hide = true)]
    no_daemon: bool,
    #[arg(long, global = true, hide = true)]
    no_auto_flush: bool,
    #[arg(long, global = true, hide = true)]
    no_auto_import: bool,
    #[arg(long, global = true, hide = true)]
    sandbox: bool,
    #[arg(long, global = true, hide = true)]
    allow_stale: bool,
    #[arg(long, global = true, hide = true, value_name = "TIME")]
    lock_timeout: Option<String>,
    #[arg(long, short, global = true, hide = true)]
    verbose: bool,
}

impl Global {
    fn output(&self) -> Output {
        Output { json: self.json, quiet: self.quiet }
    }
}

/// Every command of `bd`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Make a bead
    #[command(alias = "new")]
    Create(create::Create),
    /// Make a bead and print its id alone
    Q(create::Quick),
    /// Show beads with all that belongs to them
    #[command(alias = "view")]
    Show(show::Show),
    /// List beads
    List(list::List),
    /// List what can be worked on now
    Ready(ready::Ready),
    /// List what waits for something else, and for what
    Blocked(ready::Blocked),
    /// Find beads by their words
    Search(list::Search),
    /// Count beads
    Count(list::Count),
    /// Change beads
    Update(update::Update),
    /// Put beads off
    Defer(update::Defer),
    /// Take up beads that were put off
    Undefer(update::Undefer),
    /// Close beads
    #[command(alias = "done")]
    Close(close::Close),
    /// Open closed beads again
    Reopen(close::Reopen),
    /// Delete beads
    Delete(delete::Delete),
    /// Say what depends on what
    Dep(dep::Dep),
    /// Show what waits for what, in layers
    Graph(graph::Graph),
    /// Add, remove and list labels
    Label(label::Label),
    /// Read and add remarks
    Comments(comment::Comments),
    /// Add a remark
    Comment(comment::Comment),
    /// Look at epics and their parts
    Epic(epic::Epic),
    /// Look at formulas: workflows written down once
    Formula(formula::FormulaCommand),
    /// Write a formula out in full
    Cook(cook::Cook),
    /// Work with molecules: formulas poured into beads
    #[command(alias = "molecule")]
    Mol(mol::Mol),
    /// Look at and open gates: what steps wait for outside
    Gate(gate::GateCommand),
    /// Read and write agents' beads
    Agent(agent::Agent),
    /// Read and write what is on an agent's hook, and its role
    Slot(agent::Slot),
    /// Look at epics as work for several at once
    Swarm(swarm::Swarm),
    /// Show the states of a bead: its labels dimension:value
    State(state::State),
    /// Set a state of a bead
    SetState(state::SetState),
    /// Take turns at merging by hand
    MergeSlot(merge_slot::MergeSlot),
    /// Count beads by what they are
    #[command(alias = "status")]
    Stats(stats::Stats),
    /// Write beads as JSON lines
    Export(data::Export),
    /// Read beads from JSON lines
    Import(import::Import),
    /// Take back your last change
    Undo(undo::Undo),
    /// List beads that nobody touched for a while
    Stale(review::Stale),
    /// Say which beads do not say enough
    Lint(review::Lint),
    /// List open beads that commits name
    Orphans(review::Orphans),
    /// List open beads that say the same
    Duplicates(twins::Duplicates),
    /// Close a bead that says the same as another
    Duplicate(twins::Duplicate),
    /// Close a bead that a newer one takes the place of
    Supersede(twins::Supersede),
    /// Look whether the ledger is whole
    Doctor(doctor::Doctor),
    /// Print what an agent has to know
    Prime(teach::Prime),
    /// Print the manual page, or write one for each command
    Man(man::Man),
    /// Print a completion script for a shell
    Completion(completion::Completion),
    /// Print every command with what it takes, as JSON
    Api(api::Api),
    /// Show help: the commands, or one command
    Help(help::Help),
    /// Print a paragraph for AGENTS.md
    Onboard(teach::Onboard),
    /// Print the first steps
    #[command(alias = "human")]
    Quickstart(teach::Quickstart),
    /// Commit and exchange the ledger's files through git
    Sync(sync::Sync),
    /// Merge two versions of an issues.jsonl; git calls this
    Merge(merge::Merge),
    /// Read and write settings of the ledger
    Config(config::Config),
    /// Set up git hooks that put the ledger into commits
    Hooks(hooks::Hooks),
    /// Make a ledger here
    Init(init::Init),
    /// Show which ledger this is
    Info(wherein::Info),
    /// Show where the ledger is
    Where(wherein::Where),
    /// Print the version
    Version(wherein::Version),
}

/// The parser, with examples in its help.
pub fn command() -> clap::Command {
    examples::add(Bd::command())
}

/// The parser with what only its readers need: an example under every command, those below others too.
pub fn documented() -> clap::Command {
    crate::base::commands::with_examples(command(), include_str!("../../assets/help/bd.txt"))
}

/// Parses `args` (the first is the program's name), runs the command and returns its exit code.
pub fn main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let args: Vec<OsString> = args.into_iter().collect();
    match complete::answer(&args, || complete::teach(Bd::command(), &completion::source)) {
        Ok(false) => {}
        Ok(true) => return ExitCode::SUCCESS,
        Err(error) => return ExitCode::from(report::print_error(Output::default(), &error)),
    }
    let parsed = Bd::command().try_get_matches_from(&args).and_then(|matches| Bd::from_arg_matches(&matches));
    let bd = match parsed {
        Ok(bd) => bd,
        Err(error) => {
            // Only who asks for help waits until all examples are put in.
            let error = match error.kind() {
                ErrorKind::DisplayHelp => documented().try_get_matches_from(&args).err().unwrap_or(error),
                _ => error,
            };
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let output = bd.global.output();
    crate::ledger::follow_with(crate::formula::molecule::follow);
    match run(bd.command, &bd.global) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => ExitCode::from(report::print_error(output, &error)),
    }
}

fn run(command: Command, global: &Global) -> Result<()> {
    match command {
        Command::Create(command) => command.run(global),
        Command::Q(command) => command.run(global),
        Command::Show(command) => command.run(global),
        Command::List(command) => command.run(global),
        Command::Ready(command) => command.run(global),
        Command::Blocked(command) => command.run(global),
        Command::Search(command) => command.run(global),
        Command::Count(command) => command.run(global),
        Command::Update(command) => command.run(global),
        Command::Defer(command) => command.run(global),
        Command::Undefer(command) => command.run(global),
        Command::Close(command) => command.run(global),
        Command::Reopen(command) => command.run(global),
        Command::Delete(command) => command.run(global),
        Command::Dep(command) => command.run(global),
        Command::Graph(command) => command.run(global),
        Command::Label(command) => command.run(global),
        Command::Comments(command) => command.run(global),
        Command::Comment(command) => command.run(global),
        Command::Epic(command) => command.run(global),
        Command::Formula(command) => command.run(global),
        Command::Cook(command) => command.run(global),
        Command::Mol(command) => command.run(global),
        Command::Gate(command) => command.run(global),
        Command::Agent(command) => command.run(global),
        Command::Slot(command) => command.run(global),
        Command::Swarm(command) => command.run(global),
        Command::State(command) => command.run(global),
        Command::SetState(command) => command.run(global),
        Command::MergeSlot(command) => command.run(global),
        Command::Stats(command) => command.run(global),
        Command::Export(command) => command.run(global),
        Command::Import(command) => command.run(global),
        Command::Undo(command) => command.run(global),
        Command::Stale(command) => command.run(global),
        Command::Lint(command) => command.run(global),
        Command::Orphans(command) => command.run(global),
        Command::Duplicates(command) => command.run(global),
        Command::Duplicate(command) => command.run(global),
        Command::Supersede(command) => command.run(global),
        Command::Doctor(command) => command.run(global),
        Command::Prime(command) => command.run(global),
        Command::Man(command) => command.run(global),
        Command::Completion(command) => command.run(global),
        Command::Api(command) => command.run(global),
        Command::Help(command) => command.run(global),
        Command::Onboard(command) => command.run(global),
        Command::Quickstart(command) => command.run(global),
        Command::Sync(command) => command.run(global),
        Command::Merge(command) => command.run(global),
        Command::Config(command) => command.run(global),
        Command::Hooks(command) => command.run(global),
        Command::Init(command) => command.run(global),
        Command::Info(command) => command.run(global),
        Command::Where(command) => command.run(global),
        Command::Version(command) => command.run(global),
    }
}
