//! `gt crew`: workspaces of their own for people and long-lived agents.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde::Serialize;

use super::rig::rig_around;
use super::standing::Status;
use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::{fit, neutralise};
use crate::base::{Error, Result};
use crate::repo::{ChangeKind, Worktree};
use crate::town::Address;
use crate::work::crew::{self, CrewLine, CrewRemoved};
use crate::work::{Desk, identity, mail, standing};

/// `gt crew <what>`.
#[derive(Debug, Subcommand)]
pub enum CrewCommand {
    /// Make workspaces: clones of the rig's repository that share its objects
    Add {
        /// Their names
        #[arg(required = true)]
        names: Vec<String>,
        /// The rig; the one around you by default
        #[arg(long)]
        rig: Option<String>,
        /// Put each on a branch of its own, crew/<name>
        #[arg(long)]
        branch: bool,
    },
    /// List workspaces
    #[command(visible_alias = "ls")]
    List {
        /// Only those of this rig
        #[arg(long, conflicts_with = "all")]
        rig: Option<String>,
        /// Those of all rigs (the default)
        #[arg(long)]
        all: bool,
    },
    /// Open a member's terminal, starting its session when needed; ctrl-] leaves it again
    #[command(visible_alias = "attach")]
    At {
        #[command(flatten)]
        which: One,
        /// Start it, but don't open its terminal
        #[arg(long, short)]
        detached: bool,
        /// Start nothing; print the directory
        #[arg(long, visible_alias = "no-tmux", conflicts_with = "detached")]
        path: bool,
    },
    /// Start members' sessions
    #[command(
        visible_alias = "spawn",
        after_help = "Examples:\n  gt crew start ann --rig web\n  gt crew start web ann bob\n  gt crew start --all"
    )]
    Start(Several),
    /// End members' sessions where they run, and start them again
    #[command(visible_alias = "rs")]
    Restart(Several),
    /// End members' sessions
    Stop(Several),
    /// Show how a member is, or all of them
    Status(One),
    /// Give a workspace another name
    Rename {
        /// Its name
        name: String,
        /// The new one
        new: String,
        /// The rig; the one around you by default
        #[arg(long)]
        rig: Option<String>,
    },
    /// Remove workspaces; refused while one has anything that is nowhere else
    #[command(visible_alias = "rm")]
    Remove {
        /// Their names
        #[arg(required = true)]
        names: Vec<String>,
        /// The rig; the one around you by default
        #[arg(long)]
        rig: Option<String>,
        /// Remove it all the same; what only it has is kept in the rig's repository
        #[arg(long)]
        force: bool,
        /// Archive its mail too
        #[arg(long)]
        purge: bool,
    },
}

/// A member, and which program it is.
#[derive(Debug, Args)]
pub struct One {
    /// Its name, or <rig>/<name>; the one you are in by default
    name: Option<String>,
    /// The rig; the one around you by default
    #[arg(long)]
    rig: Option<String>,
    /// The runtime to use
    #[arg(long, value_name = "PRESET")]
    agent: Option<String>,
}

/// Members, and which program they are.
#[derive(Debug, Args)]
pub struct Several {
    /// Their names, or <rig>/<name>; a rig's name first says which rig
    words: Vec<String>,
    /// The rig; the one around you by default
    #[arg(long)]
    rig: Option<String>,
    /// All members of the rig; without a rig, of all rigs
    #[arg(long)]
    all: bool,
    /// The runtime to use
    #[arg(long, value_name = "PRESET")]
    agent: Option<String>,
    /// Only say whom it would be done to
    #[arg(long, short = 'n')]
    dry_run: bool,
}

/// The member that `word` names: `<name>`, `<rig>/<name>` or `<rig>/crew/<name>`.
fn named(desk: &Desk, word: &str, rig: Option<&str>) -> Result<Address> {
    let parts: Vec<&str> = word.trim_end_matches('/').split('/').collect();
    match (parts.as_slice(), rig) {
        ([rig, name] | [rig, "crew", name], None) => crew::member(desk, rig, name),
        ([name], Some(rig)) => crew::member(desk, rig, name),
        ([name], None) => crew::member(desk, &rig_around(desk)?, name),
        _ => Err(Error::usage(format!("not a member: {word:?}")).hint("<name> with --rig <rig>, or <rig>/<name>")),
    }
}

impl One {
    fn address(&self, desk: &Desk) -> Result<Address> {
        if let Some(word) = &self.name {
            return named(desk, word, self.rig.as_deref());
        }
        match identity::from_path(&desk.town, &std::env::current_dir()?)? {
            Some(member @ Address::Crew { .. }) => Ok(member),
            _ => Err(Error::usage("no member").hint("name one, or be in its workspace; gt crew list shows all")),
        }
    }
}

impl Several {
    fn addresses(&self, desk: &Desk) -> Result<Vec<Address>> {
        let mut words = self.words.as_slice();
        let mut rig = self.rig.clone();
        // `gt crew start web ann`: a word that is a rig, and with more behind it or --all.
        if let (None, Some(first)) = (&rig, words.first())
            && (self.all || words.len() > 1)
            && let Ok(found) = desk.town.rig(first)
        {
            (rig, words) = (Some(found.name), &words[1..]);
        }
        if self.all {
            let lines = crew::list(desk, rig.as_deref())?;
            return lines.iter().map(|line| line.address.parse()).collect();
        }
        if words.is_empty() {
            return Err(Error::usage("no member").hint("name one, or --all"));
        }
        words.iter().map(|word| named(desk, word, rig.as_deref())).collect()
    }

    /// Does `act` for every member; one that fails is told and keeps none of the others from it.
    fn each<T: Report>(&self, desk: &Desk, output: Output, act: impl Fn(&Address) -> Result<T>) -> Result<()> {
        let all = self.addresses(desk)?;
        if self.dry_run {
            return report::print(output, &Would { would: all.iter().map(ToString::to_string).collect() });
        }
        many(&all, self.all || self.words.len() > 1, output, act)
    }
}

/// Does `act` for each of `all` and prints what came of it: one report, or with `list` a list. One that fails keeps none of the others
/// from it.
fn many<A, T: Report>(all: &[A], list: bool, output: Output, act: impl Fn(&A) -> Result<T>) -> Result<()> {
    let (mut done, mut failed) = (Vec::new(), Vec::new());
    for one in all {
        match act(one) {
            Ok(report) => done.push(report),
            Err(error) => failed.push(error),
        }
    }
    let last = failed.pop();
    for error in &failed {
        report::print_error(output, error);
    }
    match (done.len(), list) {
        (0, _) if last.is_some() => {}
        (1, false) => report::print(output, &done[0])?,
        _ => report::print(output, &Each(done))?,
    }
    last.map_or(Ok(()), Err)
}

#[derive(Serialize)]
#[serde(transparent)]
struct Each<T>(Vec<T>);

impl<T: Report> Report for Each<T> {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.0.is_empty() {
            return writeln!(out, "No crew. Make a workspace: gt crew add <name> --rig <rig>");
        }
        self.0.iter().try_for_each(|one| one.human(out, paint))
    }
}

#[derive(Serialize)]
struct Would {
    would: Vec<String>,
}

impl Report for Would {
    fn human(&self, out: &mut dyn Write, _paint: Paint) -> io::Result<()> {
        self.would.iter().try_for_each(|one| writeln!(out, "would be: {one}"))
    }
}

impl CrewCommand {
    /// Does it.
    ///
    /// # Errors
    /// Those of the operation; of several, the last one that failed.
    pub fn run(self, output: Output) -> Result<()> {
        let mut desk = Desk::open_current()?;
        let chosen = |desk: &Desk, rig: Option<String>| rig.map_or_else(|| rig_around(desk), Ok);
        match self {
            CrewCommand::Add { names, rig, branch } => {
                let rig = chosen(&desk, rig)?;
                many(&names, names.len() > 1, output, |name| crew::add(&desk, &rig, name, branch).map(Added))
            }
            CrewCommand::List { rig, all: _ } => report::print(output, &List(crew::list(&desk, rig.as_deref())?)),
            CrewCommand::At { which, detached, path } => {
                let member = which.address(&desk)?;
                if path {
                    return report::print(output, &Place { path: desk.town.home(&member) });
                }
                if !detached {
                    return super::standing::attach(&desk, &member, which.agent.as_deref(), output);
                }
                let record = match standing::running(&desk, &member)? {
                    Some(record) => record,
                    None => standing::start(&desk, &member, which.agent.as_deref(), true)?,
                };
                report::print(output, &super::standing::Started(record))
            }
            CrewCommand::Start(several) => several.each(&desk, output, |member| {
                standing::start(&desk, member, several.agent.as_deref(), true).map(super::standing::Started)
            }),
            CrewCommand::Restart(several) => several.each(&desk, output, |member| {
                if standing::running(&desk, member)?.is_some() {
                    standing::stop(&desk, member)?;
                }
                standing::start(&desk, member, several.agent.as_deref(), true).map(super::standing::Started)
            }),
            CrewCommand::Stop(several) => several.each(&desk, output, |member| {
                let report = standing::stop(&desk, member)?;
                Ok(super::standing::Stopped { address: member.to_string(), report })
            }),
            CrewCommand::Status(one) if one.name.is_none() && one.address(&desk).is_err() => {
                let lines = crew::list(&desk, one.rig.as_deref())?;
                let all: Result<Vec<_>> = lines.into_iter().map(|line| Member::of(&desk, line)).collect();
                report::print(output, &Each(all?))
            }
            CrewCommand::Status(one) => {
                let member = one.address(&desk)?;
                report::print(output, &Member::of(&desk, crew::line_of(&desk, &member)?)?)
            }
            CrewCommand::Rename { name, new, rig } => {
                let rig = chosen(&desk, rig)?;
                report::print(output, &Renamed { line: crew::rename(&desk, &rig, &name, &new)?, name })
            }
            CrewCommand::Remove { names, rig, force, purge } => {
                let rig = chosen(&desk, rig)?;
                many(&names, names.len() > 1, output, |name| crew::remove(&desk, &rig, name, force))?;
                if purge {
                    for name in names {
                        let owner = Address::Crew { rig: rig.clone(), name }.to_string();
                        mail::clear(&mut desk, &owner)?;
                    }
                    super::after_change(&desk)?;
                }
                Ok(())
            }
        }
    }
}

#[derive(Serialize)]
struct Place {
    path: PathBuf,
}

impl Report for Place {
    fn human(&self, out: &mut dyn Write, _paint: Paint) -> io::Result<()> {
        writeln!(out, "{}", self.path.display())
    }
}

/// A member in full: its workspace, its session, its mail.
#[derive(Serialize)]
struct Member {
    #[serde(skip)]
    line: CrewLine,
    #[serde(skip)]
    standing: Status,
    /// Line and standing, which share keys.
    #[serde(flatten)]
    both: serde_json::Map<String, serde_json::Value>,
    git_modified: usize,
    git_untracked: usize,
    mail_total: usize,
    mail_unread: usize,
}

impl Member {
    fn of(desk: &Desk, line: CrewLine) -> Result<Member> {
        let address: Address = line.address.parse()?;
        // What can't be read is told as the line's problem.
        let changed = Worktree::open(&line.path).and_then(|clone| clone.status()).unwrap_or_default();
        let untracked = changed.iter().filter(|file| file.kind == ChangeKind::Untracked).count();
        let inbox = mail::inbox(desk, &line.address, false)?.messages;
        let standing = standing::status(desk, &address)?;
        let mut both = serde_json::Map::new();
        for value in [serde_json::to_value(&line)?, serde_json::to_value(&standing)?] {
            both.extend(value.as_object().cloned().unwrap_or_default());
        }
        Ok(Member {
            both,
            git_modified: changed.len() - untracked,
            git_untracked: untracked,
            mail_total: inbox.len(),
            mail_unread: inbox.iter().filter(|message| !message.read).count(),
            standing: Status(standing),
            line,
        })
    }
}

impl Report for Member {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        self.standing.human(out, paint)?;
        let branch = neutralise(self.line.branch.as_deref().unwrap_or("no branch"), true).into_owned();
        match &self.line.problem {
            Some(problem) => writeln!(out, "  git        {}", paint.red(&neutralise(problem, true)))?,
            None => {
                writeln!(out, "  git        {branch}, {} changed, {} untracked", self.git_modified, self.git_untracked)?
            }
        }
        writeln!(out, "  mail       {}, {} unread", self.mail_total, self.mail_unread)
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Added(CrewLine);

#[derive(Serialize)]
#[serde(transparent)]
struct List(Vec<CrewLine>);

#[derive(Serialize)]
struct Renamed {
    #[serde(flatten)]
    line: CrewLine,
    #[serde(skip)]
    name: String,
}

impl Report for Renamed {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let path = self.line.path.display().to_string();
        let address = paint.bold(&self.line.address);
        writeln!(out, "{} {} is {address} now", paint.green("✓"), neutralise(&self.name, true))?;
        writeln!(out, "  cd {}", neutralise(&super::install::shell_word(&path), true))
    }
}

impl Report for Added {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let path = self.0.path.display().to_string();
        writeln!(out, "{} Made the workspace {}", paint.green("✓"), paint.bold(&self.0.address))?;
        writeln!(out, "  branch  {}", neutralise(self.0.branch.as_deref().unwrap_or("none"), true))?;
        writeln!(out, "  cd {}", neutralise(&super::install::shell_word(&path), true))
    }
}

impl Report for List {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.0.is_empty() {
            return writeln!(out, "No crew. Make a workspace: gt crew add <name> --rig <rig>");
        }
        let widest = self.0.iter().map(|member| member.address.len()).max().unwrap_or(0);
        for member in &self.0 {
            let state = match (&member.problem, member.git_clean) {
                (Some(problem), _) => paint.red(&neutralise(problem, true)),
                (None, true) => paint.dim("clean"),
                (None, false) => paint.yellow("uncommitted changes"),
            };
            let branch = neutralise(member.branch.as_deref().unwrap_or("no branch"), true).into_owned();
            let runs = if member.has_session { paint.green("●") } else { paint.dim("○") };
            writeln!(out, "{runs} {}  {branch}  {state}", paint.bold(&fit(&member.address, widest)))?;
        }
        Ok(())
    }
}

impl Report for CrewRemoved {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{} Removed the workspace {} of {}", paint.green("✓"), paint.bold(&self.name), self.rig)?;
        match &self.kept {
            Some(kept) => writeln!(out, "  What only it had is kept under {kept} in the rig's repository"),
            None => Ok(()),
        }
    }
}
