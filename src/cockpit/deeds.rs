//! Things done from the cockpit: what each is called, which command does the same, and what became of it.

use crate::base::Timestamp;

use super::answer::{Prompt, Reply};
use super::ask::{self, Home};

/// What is to be slung, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The beads.
    pub beads: Vec<String>,
    /// A rig, or one of its agents.
    pub target: String,
    /// The runtime; the rig's own choice when not given.
    pub runtime: Option<String>,
}

/// Where a merge request goes in its queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Before all others.
    First,
    /// One place to the front.
    Earlier,
    /// One place to the end.
    Later,
    /// After all others.
    Last,
}

impl Place {
    /// The word for it, also that of the command.
    pub fn words(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Earlier => "earlier",
            Self::Later => "later",
            Self::Last => "last",
        }
    }
}

/// An agent with its session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Its address.
    pub address: String,
    /// Its session.
    pub session: String,
    /// The bead it has.
    pub bead: Option<String>,
}

/// What a bead says, as far as the form shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BeadText {
    /// The title.
    pub title: String,
    /// The description.
    pub body: String,
    /// How to see that it is done.
    pub acceptance: String,
    /// The labels.
    pub labels: Vec<String>,
    /// The priority.
    pub priority: u8,
    /// The type.
    pub kind: String,
}

impl BeadText {
    /// The options of `bd` that say the same.
    fn options(&self) -> String {
        let mut out = format!(" -p {} -t {}", self.priority, quoted(&self.kind));
        for (option, text) in [("-d", &self.body), ("--acceptance", &self.acceptance)] {
            if !text.is_empty() {
                out.push_str(&format!(" {option} {}", quoted(text)));
            }
        }
        out
    }
}

/// Something to be done outside the cockpit's loop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    /// Sling beads to a target.
    Sling(Order),
    /// Take beads back from whoever has them.
    TakeBack(Vec<String>),
    /// Write to agents.
    Tell {
        /// Whom.
        to: Vec<Agent>,
        /// What.
        text: String,
    },
    /// Answer agents that ask `prompt`, and only those.
    Answer {
        /// Whom.
        to: Vec<Agent>,
        /// What they asked when the answer was given.
        prompt: Prompt,
        /// The answer.
        reply: Reply,
    },
    /// Stop agents; beads of theirs are given back.
    Stop(Vec<Agent>),
    /// Make a bead.
    CreateBead {
        /// The rig.
        rig: String,
        /// What it says.
        text: BeadText,
    },
    /// Change a bead.
    EditBead {
        /// Which.
        id: String,
        /// What it says from then on.
        text: BeadText,
    },
    /// Write a message.
    Write {
        /// To whom: an address, a group, a channel.
        to: String,
        /// What it is about.
        subject: String,
        /// What it says.
        text: String,
    },
    /// Set something, or take it out of its file.
    Set {
        /// Where it is written.
        home: Home,
        /// Its name there.
        key: String,
        /// Its value; nothing takes it out.
        value: Option<String>,
    },
    /// Close beads.
    CloseBeads(Vec<String>),
    /// Open beads again.
    ReopenBeads(Vec<String>),
    /// Remark on a bead.
    Comment(String, String),
    /// Answer a message.
    Reply(String, String),
    /// Count messages as read.
    ReadMail(Vec<String>),
    /// Count messages as not read.
    UnreadMail(Vec<String>),
    /// Put messages away.
    ArchiveMail(Vec<String>),
    /// Bring messages back that were put away.
    RestoreMail(Vec<String>),
    /// Try merge requests again.
    Retry(Vec<String>),
    /// Turn merge requests down, and why.
    Reject(Vec<String>, String),
    /// Let held merge requests be merged.
    Approve(Vec<String>),
    /// Move a merge request in its queue.
    Reorder(String, Place),
    /// Stop merging requests; they are held then.
    StopMerge(Vec<String>),
    /// Make an agent's worktree what it was at a snapshot.
    Rollback(String, u64),
    /// Heal an agent's worktree.
    Repair(String),
    /// Remove a worktree whose work is over.
    ArchiveHook(String),
    /// Make the worktree of an archived hook again.
    RestoreHook(String),
    /// Take a hunk out of an agent's files, or put it back.
    TakeOut {
        /// Whose files.
        agent: String,
        /// The file.
        path: String,
        /// Its line; 0 for all that happened to the file.
        line: u32,
        /// The hunk as git applies it.
        patch: String,
        /// Put it back.
        back: bool,
    },
    /// Send the remarks on an agent's changes.
    Review(String, Box<Deed>),
}

impl Deed {
    /// Whether it only writes something down: such deeds are done one after the other, so that what was asked for last is what stays.
    /// The others take their time, and beside each other.
    pub fn only_notes(&self) -> bool {
        match self {
            Self::Sling(_)
            | Self::TakeBack(_)
            | Self::Tell { .. }
            | Self::Answer { .. }
            | Self::Stop(_)
            | Self::Rollback(..)
            | Self::Repair(_)
            | Self::ArchiveHook(_)
            | Self::RestoreHook(_)
            | Self::TakeOut { .. } => false,
            Self::Review(_, deed) => deed.only_notes(),
            Self::CreateBead { .. }
            | Self::EditBead { .. }
            | Self::Write { .. }
            | Self::Set { .. }
            | Self::CloseBeads(_)
            | Self::ReopenBeads(_)
            | Self::Comment(..)
            | Self::Reply(..)
            | Self::ReadMail(_)
            | Self::UnreadMail(_)
            | Self::ArchiveMail(_)
            | Self::RestoreMail(_)
            | Self::Retry(_)
            | Self::Reject(..)
            | Self::Approve(_)
            | Self::Reorder(..)
            | Self::StopMerge(_) => true,
        }
    }

    /// What is being done, for the remark and the journal.
    pub fn words(&self) -> String {
        let many =
            |count: usize, one: &str, more: &str| if count == 1 { one.to_owned() } else { format!("{count} {more}") };
        match self {
            Self::Sling(order) => {
                format!("Sling {} to {}", many(order.beads.len(), &order.beads[0], "beads"), order.target)
            }
            Self::TakeBack(beads) => format!("Take back {}", many(beads.len(), &beads[0], "beads")),
            Self::Tell { to, .. } => format!("Write to {}", many(to.len(), &to[0].address, "agents")),
            Self::Answer { to, reply, .. } => {
                let said = match reply {
                    Reply::Choice(choice) => format!("{} {}", choice.key, choice.text),
                    Reply::Text(text) => text.clone(),
                };
                format!("Answer {}: {said}", many(to.len(), &to[0].address, "agents"))
            }
            Self::CreateBead { text, rig } => format!("Make \"{}\" in {rig}", text.title),
            Self::Write { to, subject, .. } => format!("Write \"{subject}\" to {to}"),
            Self::Set { key, value: Some(value), .. } => format!("Set {key} to {value}"),
            Self::Set { key, .. } => format!("Take {key} out"),
            Self::EditBead { id, .. } => format!("Change {id}"),
            Self::CloseBeads(ids) => format!("Close {}", many(ids.len(), &ids[0], "beads")),
            Self::ReopenBeads(ids) => format!("Open {} again", many(ids.len(), &ids[0], "beads")),
            Self::Comment(id, _) => format!("Remark on {id}"),
            Self::Reply(id, _) => format!("Answer {id}"),
            Self::ReadMail(ids) => format!("Read {}", several(ids, "messages")),
            Self::UnreadMail(ids) => format!("Count {} as not read", several(ids, "messages")),
            Self::ArchiveMail(ids) => format!("Put {} away", several(ids, "messages")),
            Self::RestoreMail(ids) => format!("Bring {} back", several(ids, "messages")),
            Self::Retry(ids) => format!("Try {} again", several(ids, "merge requests")),
            Self::Reject(ids, _) => format!("Turn {} down", several(ids, "merge requests")),
            Self::Approve(ids) => format!("Approve {}", several(ids, "merge requests")),
            Self::Reorder(id, place) => format!("Merge {id} {}", place.words()),
            Self::StopMerge(ids) => format!("Stop merging {}", several(ids, "requests")),
            Self::Rollback(agent, number) => format!("Roll {agent} back to snapshot {number}"),
            Self::Repair(agent) => format!("Heal the worktree of {agent}"),
            Self::ArchiveHook(agent) => format!("Put the hook of {agent} away"),
            Self::RestoreHook(agent) => format!("Bring the hook of {agent} back"),
            Self::TakeOut { agent, path, line: 0, back: false, .. } => {
                format!("Undo the changes of {path}, of {agent}")
            }
            Self::TakeOut { agent, path, line: 0, .. } => format!("Bring the changes of {path} back, of {agent}"),
            Self::TakeOut { agent, path, back: false, .. } => format!("Take a hunk of {path} out, of {agent}"),
            Self::TakeOut { agent, path, .. } => format!("Put the hunk of {path} back, of {agent}"),
            Self::Review(agent, deed) => format!("Send the remarks on {agent}'s changes: {}", deed.words()),
            Self::Stop(agents) => format!("Stop {}", many(agents.len(), &agents[0].address, "agents")),
        }
    }

    /// The command lines that do the same; nothing where there is none.
    pub fn commands(&self) -> Vec<String> {
        match self {
            Self::Sling(order) => {
                let runtime = order.runtime.as_ref().map(|name| format!(" --agent {name}")).unwrap_or_default();
                vec![format!("gt sling {} {}{runtime}", order.beads.join(" "), order.target)]
            }
            Self::TakeBack(beads) => beads.iter().map(|bead| format!("gt unsling {bead}")).collect(),
            Self::Tell { to, text } => {
                to.iter().map(|agent| format!("gt nudge {} {}", agent.address, quoted(text))).collect()
            }
            Self::Answer { to, .. } => to.iter().map(|agent| format!("gt attach {}", agent.address)).collect(),
            Self::CreateBead { rig, text } => {
                let labels = text.labels.join(",");
                let labels = if labels.is_empty() { String::new() } else { format!(" -l {}", quoted(&labels)) };
                vec![format!("bd create {} --rig {rig}{}{labels}", quoted(&text.title), text.options())]
            }
            Self::EditBead { id, text } => {
                let labels: String =
                    text.labels.iter().map(|label| format!(" --set-labels {}", quoted(label))).collect();
                vec![format!("bd update {id} --title {}{}{labels}", quoted(&text.title), text.options())]
            }
            Self::Write { to, subject, text } => {
                vec![format!("gt mail send {} -s {} -m {}", quoted(to), quoted(subject), quoted(text))]
            }
            Self::Set { home, key, value } => vec![ask::command(home, key, value.as_deref())],
            Self::CloseBeads(ids) => vec![format!("bd close {}", ids.join(" "))],
            Self::ReopenBeads(ids) => vec![format!("bd reopen {}", ids.join(" "))],
            Self::Comment(id, text) => vec![format!("bd comments add {id} {}", quoted(text))],
            Self::Reply(id, text) => vec![format!("gt mail reply {id} {}", quoted(text))],
            Self::ReadMail(ids) if ids.len() > 1 => vec![format!("gt mail mark-read {}", ids.join(" "))],
            Self::ReadMail(ids) => vec![format!("gt mail read {}", ids.join(" "))],
            Self::UnreadMail(ids) => vec![format!("gt mail mark-unread {}", ids.join(" "))],
            Self::ArchiveMail(ids) => vec![format!("gt mail archive {}", ids.join(" "))],
            Self::RestoreMail(ids) => vec![format!("bd reopen {}", ids.join(" "))],
            Self::Retry(ids) => ids.iter().map(|id| format!("gt mq retry {id}")).collect(),
            Self::Approve(ids) => ids.iter().map(|id| format!("gt mq approve {id}")).collect(),
            Self::Reorder(id, place) => vec![format!("gt mq reorder {id} --{}", place.words())],
            Self::StopMerge(ids) => ids.iter().map(|id| format!("gt mq cancel {id}")).collect(),
            Self::Rollback(agent, number) => vec![format!("gt hooks rollback {agent} {number}")],
            Self::Repair(agent) => vec![format!("gt hooks repair {agent}")],
            Self::ArchiveHook(agent) => vec![format!("gt hooks archive {agent}")],
            Self::RestoreHook(agent) => vec![format!("gt hooks restore {agent}")],
            Self::TakeOut { agent, path, line: 0, back: false, .. } => {
                vec![format!("gt hooks reject {agent} {}", quoted(path))]
            }
            Self::TakeOut { agent, path, line, back: false, .. } => {
                vec![format!("gt hooks reject {agent} {}", quoted(&format!("{path}:{line}")))]
            }
            // Once it is out, only its text tells what it was.
            Self::TakeOut { .. } => Vec::new(),
            Self::Review(_, deed) => deed.commands(),
            Self::Reject(ids, reason) => {
                ids.iter().map(|id| format!("gt mq reject {id} -r {}", quoted(reason))).collect()
            }
            Self::Stop(agents) => agents
                .iter()
                .map(|agent| match &agent.bead {
                    Some(bead) => format!("gt unsling {bead}"),
                    None => format!("gt session stop {}", agent.address),
                })
                .collect(),
        }
    }
}

/// The only one of `ids`, or how many `more` there are.
pub fn several(ids: &[String], more: &str) -> String {
    match ids {
        [one] => one.clone(),
        ids => format!("{} {more}", ids.len()),
    }
}

/// `text` as one word of a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// What became of a deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// When.
    pub at: Timestamp,
    /// Whether all of it was done.
    pub ok: bool,
    /// In a sentence.
    pub text: String,
    /// Part by part, where there are several.
    pub parts: Vec<String>,
    /// What takes it back.
    pub undo: Option<Deed>,
}

/// A deed in the journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// Its number.
    pub id: u64,
    /// The deed.
    pub deed: Deed,
    /// When it was begun.
    pub begun: Timestamp,
    /// What became of it; nothing while it is being done.
    pub finished: Option<Finished>,
    /// Whether it was taken back.
    pub undone: bool,
    /// How many of its parts are done, and how many there are, while it runs.
    pub progress: Option<(usize, usize)>,
    /// Whether the person wants it stopped.
    pub stopped: bool,
}

/// How long a deed can be taken back.
pub const UNDO_SECONDS: i64 = 30;

/// From so many seconds on a deed that runs is told of.
const LONG_SECONDS: i64 = 3;

impl Task {
    /// Whether it runs, and has for a while.
    pub fn is_long(&self, now: Timestamp) -> bool {
        self.finished.is_none() && self.begun.seconds_until(now) >= LONG_SECONDS
    }

    /// How far it is, in words.
    pub fn far(&self, now: Timestamp) -> String {
        let parts = self.progress.map(|(done, of)| format!("{done} of {of} · ")).unwrap_or_default();
        let stops = if self.stopped { " · stops" } else { "" };
        format!("{parts}{} s{stops}", self.begun.seconds_until(now).max(0))
    }

    /// What would take it back now.
    pub fn undo(&self, now: Timestamp) -> Option<&Deed> {
        let finished = self.finished.as_ref()?;
        (!self.undone && finished.at.seconds_until(now) <= UNDO_SECONDS).then_some(finished.undo.as_ref()).flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_deed_has_its_command() {
        let agent = |bead: Option<&str>| Agent {
            address: "shop/polecats/nux".into(),
            session: "s".into(),
            bead: bead.map(Into::into),
        };
        let order =
            Order { beads: vec!["a-1".into(), "a-2".into()], target: "shop".into(), runtime: Some("codex".into()) };
        assert_eq!(Deed::Sling(order).commands(), ["gt sling a-1 a-2 shop --agent codex"]);
        assert_eq!(
            Deed::Tell { to: vec![agent(None)], text: "it's late".into() }.commands(),
            ["gt nudge shop/polecats/nux 'it'\\''s late'"]
        );
        assert_eq!(
            Deed::Stop(vec![agent(Some("a-1")), agent(None)]).commands(),
            ["gt unsling a-1", "gt session stop shop/polecats/nux"]
        );
    }
}
