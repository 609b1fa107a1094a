//! Where work is slung to: a rig, or one agent of it.

use crate::base::{Error, Result, text};
use crate::town::{Address, Rig, Town, validate_agent_name};

/// Who is to get the work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Any new polecat of the rig.
    Rig(Rig),
    /// The polecat of that name, made when there is none.
    Polecat(Rig, String),
    /// A crew member's workspace.
    Crew(Rig, String),
}

impl Target {
    /// The rig.
    pub fn rig(&self) -> &Rig {
        match self {
            Target::Rig(rig) | Target::Polecat(rig, _) | Target::Crew(rig, _) => rig,
        }
    }

    /// The agent, where one was named.
    pub fn address(&self) -> Option<Address> {
        match self {
            Target::Rig(_) => None,
            Target::Polecat(rig, name) => Some(Address::Polecat { rig: rig.name.clone(), name: name.clone() }),
            Target::Crew(rig, name) => Some(Address::Crew { rig: rig.name.clone(), name: name.clone() }),
        }
    }

    /// Reads `<rig>`, `<rig>/<agent>`, `<rig>/polecats/<name>` or `<rig>/crew/<name>`.
    ///
    /// # Errors
    /// [`crate::base::Kind::NotFound`] with the nearest name when there is no such rig or agent; refused for agents that take no
    /// slung work.
    pub fn parse(town: &Town, word: &str) -> Result<Target> {
        let parts: Vec<&str> = word.trim_end_matches('/').split('/').collect();
        match parts.as_slice() {
            ["mayor" | "deacon" | "overseer"] | ["deacon", "dogs", ..] | [_, "witness" | "refinery"] => {
                Err(Error::refused(format!("{word} takes no slung work")).hint(
                    "sling to a rig, a polecat or a crew member; to tell others something: gt nudge, gt mail send",
                ))
            }
            [rig] => Ok(Target::Rig(town.rig(rig)?)),
            [rig, "polecats", name] => {
                let rig = town.rig(rig)?;
                validate_agent_name(name)?;
                Ok(Target::Polecat(rig, (*name).to_owned()))
            }
            [rig, "crew", name] => {
                let rig = town.rig(rig)?;
                if rig.crew_dir(name).is_dir() {
                    return Ok(Target::Crew(rig, (*name).to_owned()));
                }
                let known = entries(&rig, "crew");
                Err(unknown(word, name, &known)
                    .hint_if_none(format!("gt crew add {name} --rig {} makes the workspace", rig.name)))
            }
            [rig, name] => {
                let rig = town.rig(rig)?;
                if rig.crew_dir(name).is_dir() {
                    return Ok(Target::Crew(rig, (*name).to_owned()));
                }
                if rig.polecat_dir(name).is_dir() {
                    return Ok(Target::Polecat(rig, (*name).to_owned()));
                }
                let known: Vec<String> = entries(&rig, "crew").into_iter().chain(entries(&rig, "polecats")).collect();
                let hint = format!("a new polecat of that name: {}/polecats/{name}", rig.name);
                Err(unknown(word, name, &known).hint_if_none(hint))
            }
            _ => Err(Error::not_found(format!("no rig or agent {word:?}"))
                .hint("targets: <rig>, <rig>/<agent>, <rig>/polecats/<name>, <rig>/crew/<name>")),
        }
    }
}

fn unknown(word: &str, name: &str, known: &[String]) -> Error {
    let error = Error::not_found(format!("no agent {word:?}"));
    match text::nearest(name, known.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error,
    }
}

trait HintIfNone {
    fn hint_if_none(self, hint: String) -> Error;
}

impl HintIfNone for Error {
    fn hint_if_none(self, hint: String) -> Error {
        if self.hint_text().is_some() { self } else { self.hint(hint) }
    }
}

/// Names of the directories in `kind` of the rig, sorted.
fn entries(rig: &Rig, kind: &str) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(rig.root.join(kind))
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}
