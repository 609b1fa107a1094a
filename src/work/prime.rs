//! What an agent needs to know to begin, or to go on after its context was lost: short, exact, and the same for every runtime.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::sync::LazyLock;

use serde::Serialize;

use super::hooked::{self, Hooked};
use super::identity::Identity;
use super::molecule::{self, Standing};
use super::{Desk, checkpoint, mail, memory, roles};
use crate::base::Result;
use crate::base::report::{Paint, Report};
use crate::base::text::neutralise;
use crate::runtime;
use crate::town::{Address, Role};

/// The most bytes of it, whatever hangs on the hook.
pub const MOST: usize = 6000;
/// The most bytes of a bead's description, and of a step's.
const MOST_TEXT: usize = 1500;
/// The most bytes of notes.
const MOST_NOTES: usize = 800;

/// What an agent is told.
#[derive(Debug, Serialize)]
pub struct Prime {
    /// Who it is.
    pub agent: String,
    /// Its role.
    pub role: Role,
    /// Its rig.
    pub rig: Option<String>,
    /// Why the directory says something else, where it does.
    pub warning: Option<String>,
    /// What is on its hook.
    pub hook: Hooked,
    /// The molecule it is in.
    pub molecule: Option<Standing>,
    /// How many messages it has not read.
    pub unread: usize,
    /// Subjects of the newest three.
    pub newest: Vec<String>,
    /// The ids of all of them.
    #[serde(skip)]
    pub messages: Vec<String>,
    /// What it comes back from: `post-handoff`, `crash-recovery`, `autonomous` with work on its hook, else `normal`.
    pub state: &'static str,
    /// The parts of the text, in their order.
    pub parts: Vec<Part>,
    /// All of it as the agent reads it.
    pub text: String,
}

/// A part of what an agent is told.
#[derive(Debug, Clone, Serialize)]
pub struct Part {
    /// What it is: `role`, `hook`, `steps`, ...
    pub name: &'static str,
    /// Its length in bytes.
    pub bytes: usize,
    /// About how many tokens that is: a token is four bytes of English.
    pub tokens: usize,
}

impl Part {
    fn of(name: &'static str, bytes: usize) -> Part {
        Part { name, bytes, tokens: bytes.div_ceil(4) }
    }
}

impl Report for Prime {
    fn human(&self, out: &mut dyn Write, _paint: Paint) -> io::Result<()> {
        writeln!(out, "{}", self.text)
    }
}

/// `text` without control characters, cut to at most `most` bytes at a character's end.
fn short(text: &str, most: usize, more: &str) -> String {
    let text = neutralise(text, false);
    if text.len() <= most {
        return text.into_owned();
    }
    let cut = text.char_indices().map(|(at, _)| at).take_while(|at| *at <= most).last().unwrap_or(0);
    format!("{}…\n[cut; all of it: {more}]", &text[..cut])
}

/// What `who` is told now. Nothing is changed by asking; [`super::told::note`] notes that the mail was told.
///
/// # Errors
/// When the ledger or the town's own texts can't be read.
pub fn prime(desk: &Desk, who: &Identity) -> Result<Prime> {
    let agent: &Address = &who.address;
    let hook = hooked::hooked(desk, agent)?;
    let bead = match &hook.bead_id {
        Some(id) => desk.ledger.find(id)?,
        None => None,
    };
    let molecule = molecule::current(desk, agent, bead.as_ref())?;
    let inbox = mail::inbox(desk, &agent.to_string(), true)?;
    let newest: Vec<String> = inbox.messages.iter().take(3).map(|message| message.subject.clone()).collect();

    let mut parts: Vec<(&'static str, String)> = Vec::new();
    if let Some(warning) = &who.disagreement {
        parts.push(("warning", format!("Careful: {warning}")));
    }
    let role = roles::text(&desk.town, agent, bead.as_ref())?;
    let role = if role.is_empty() { format!("You are {agent} in the town of {}.", desk.town.name) } else { role };
    parts.push(("role", role));
    parts.push(("hook", hook_words(&hook)));
    parts.extend(molecule.as_ref().map(|molecule| ("steps", molecule_words(molecule))));
    let handed = inbox.messages.iter().find(|message| message.handoff);
    if let Some(message) = handed {
        let read = format!("gt mail read {}", message.id);
        let body = short(&message.body, MOST_TEXT, &read);
        let words = format!(
            "## Handed over to you\n{}\n{body}\nGo on from there; `{read}` notes that you have it.",
            neutralise(&message.subject, true)
        );
        parts.push(("handoff", words));
    }
    let stopped = checkpoint::words(&desk.town, agent, &hook);
    let state = match (handed, &stopped, &hook.bead_id) {
        (Some(_), ..) => "post-handoff",
        (None, Some(_), _) => "crash-recovery",
        (None, None, Some(_)) => "autonomous",
        (None, None, None) => "normal",
    };
    parts.extend(stopped.map(|words| ("checkpoint", words)));
    parts.extend(instructions(desk, agent).map(|words| ("instructions", words)));
    if !inbox.messages.is_empty() {
        parts.push(("mail", mail_words(inbox.messages.len(), &newest)));
    }
    let notes = notes(desk, agent)?;
    if !notes.is_empty() {
        parts.push(("notes", notes));
    }
    let lengths = parts.iter().map(|(name, words)| Part::of(name, words.len())).collect();
    let words: Vec<String> = parts.into_iter().map(|(_, words)| words).collect();
    let text = short(words.join("\n\n").trim(), MOST - 60, "gt hook");
    Ok(Prime {
        state,
        parts: lengths,
        agent: agent.to_string(),
        role: agent.role(),
        rig: agent.rig().map(str::to_owned),
        warning: who.disagreement.clone(),
        unread: inbox.messages.len(),
        hook,
        molecule,
        newest,
        messages: inbox.messages.into_iter().map(|message| message.id).collect(),
        text,
    })
}

/// The files of instructions that some runtime reads by itself.
static INSTRUCTIONS: LazyLock<BTreeSet<&'static str>> = LazyLock::new(|| {
    runtime::builtin_names().filter_map(|name| runtime::builtin(name)?.instructions_file.as_deref()).collect()
});

/// Where the project's instructions are in a file that the agent's own runtime does not read by itself.
fn instructions(desk: &Desk, agent: &Address) -> Option<String> {
    if !matches!(agent, Address::Polecat { .. } | Address::Crew { .. }) {
        return None;
    }
    let name = std::env::var("GT_AGENT").ok().filter(|name| !name.is_empty())?;
    let home = desk.town.home(agent);
    let there: Vec<&str> = INSTRUCTIONS.iter().copied().filter(|file| home.join(file).is_file()).collect();
    let rig = desk.town.rig(agent.rig()?).ok()?;
    let preset = runtime::preset(&desk.town, Some(&rig), agent.role().as_str(), Some(&name)).ok()?;
    let own = preset.instructions_file?;
    if there.is_empty() || there.contains(&own.as_str()) {
        return None;
    }
    Some(format!("The project's instructions for agents are in {}: read them before you change anything.", there[0]))
}

fn hook_words(hook: &Hooked) -> String {
    let Some(bead) = &hook.bead_id else { return "## On your hook\nNothing.".into() };
    let mut lines = vec![format!("## On your hook\n{bead} \"{}\" ({})", neutralise(&hook.title, true), hook.state)];
    for (name, value) in [("branch", &hook.branch), ("worktree", &hook.worktree)] {
        if !value.is_empty() {
            lines.push(format!("{name}: {}", neutralise(value, true)));
        }
    }
    if !hook.description.is_empty() {
        lines.push(short(&hook.description, MOST_TEXT, "gt hook"));
    }
    if !hook.acceptance_criteria.is_empty() {
        lines.push(format!("Done when: {}", short(&hook.acceptance_criteria, MOST_TEXT / 3, "gt hook")));
    }
    lines.join("\n")
}

fn molecule_words(molecule: &Standing) -> String {
    let title = neutralise(&molecule.title, true);
    let mut text = format!("## Steps\n{} \"{title}\": {} of {} done.", molecule.root, molecule.done, molecule.total);
    if let Some(step) = &molecule.step {
        text.push_str(&format!("\nNow: {step} \"{}\"", neutralise(&molecule.step_title, true)));
        if !molecule.step_text.is_empty() {
            text.push_str(&format!("\n{}", short(&molecule.step_text, MOST_TEXT, &format!("bd show {step}"))));
        }
        text.push_str("\n`gt mol step done` ends this step and shows the next.");
    }
    text
}

/// How many messages wait, with the newest subjects.
pub fn mail_words(unread: usize, newest: &[String]) -> String {
    let plural = if unread == 1 { "message" } else { "messages" };
    let mut text = format!("## Mail\n{unread} unread {plural}; `gt mail inbox` lists them. Newest:");
    for subject in newest {
        text.push_str(&format!("\n- {}", crate::base::text::truncate(&neutralise(subject, true), 120)));
    }
    text
}

fn notes(desk: &Desk, agent: &Address) -> Result<String> {
    let mut text = String::new();
    for note in memory::of_agent(desk, agent)? {
        let line = format!("\n- {}: {}", neutralise(&note.key, true), neutralise(&note.text, true));
        if text.len() + line.len() > MOST_NOTES {
            text.push_str("\n- more: `gt recall`");
            break;
        }
        text.push_str(&line);
    }
    Ok(if text.is_empty() { text } else { format!("## Remember{text}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_at_a_character() {
        let cut = short(&"ü".repeat(100), 9, "gt hook");
        assert!(cut.starts_with("üüüü…") && cut.contains("gt hook"), "{cut}");
        assert!(!short("a\u{1b}[2Jb", 50, "").contains('\u{1b}'));
    }
}
