//! `bd completion`: scripts that teach a shell to complete bd's commands, with the beads there are at that moment.

use clap::{Arg, Args};
use serde_json::json;

use super::{Global, render};
use crate::base::Result;
use crate::base::complete::{self, Source};
use crate::view::names;

/// Print a completion script for a shell
#[derive(Debug, Args)]
pub struct Completion {
    /// The shell
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(complete::shells()))]
    shell: String,
}

impl Completion {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let script = complete::script(&self.shell, "bd")?;
        render::print(global.output(), json!({"shell": self.shell, "script": script}), script)
    }
}

/// Where the values of an argument of the command `path` come from.
pub fn source(path: &str, arg: &Arg) -> Option<Source> {
    let value = arg.get_value_names()?.first()?.as_str();
    let family = path.split(' ').nth(1).unwrap_or_default();
    let find: fn(&str) -> Vec<complete::Candidate> = match (family, value) {
        (_, "FILE" | "OUT" | "BASE" | "LEFT" | "INPUT" | "OUTPUT") => return Some(Source::Files),
        (_, "DIR" | "PATH" | "SEARCH_PATH") => return Some(Source::Directories),
        ("agent" | "slot", "AGENT") => names::agents,
        ("formula", "NAME") => names::formulas,
        ("reopen", "IDS") => names::closed_beads,
        ("show" | "comments" | "comment" | "delete", "ID" | "IDS") => names::beads,
        ("gate", "ID") => names::gates,
        ("create", "ID") if arg.get_id() == "id" => return None,
        ("mol", "ID" | "IDS") => names::molecules,
        (_, "ID" | "IDS" | "ID LABEL" | "ISSUE" | "DEPENDS_ON" | "ONE" | "OTHER" | "[TYPE:]ID" | "BEAD" | "PARENT") => {
            names::open_beads
        }
        (_, "BLOCKS" | "BLOCKED_BY") => names::open_beads,
        ("mol", "FIRST" | "SECOND") => |begun| [names::molecules(begun), names::formulas(begun)].concat(),
        (_, "RIG") => names::rigs,
        (_, "FORMULA") => names::formulas,
        (_, "ASSIGNEE" | "ACTOR") => names::addresses,
        (_, "STATUS") => names::statuses,
        ("create" | "list" | "q" | "update" | "ready" | "search" | "count" | "export" | "lint", "TYPE") => names::types,
        (_, "LABEL" | "LABELS" | "LABEL_ANY" | "ADD_LABEL" | "REMOVE_LABEL" | "SET_LABELS") => names::labels,
        _ => return None,
    };
    Some(Source::Found(find))
}
