//! `bd help`: the commands, or one command.

use clap::Args;
use serde_json::json;

use super::{Global, render};
use crate::base::{Error, Result, text};

/// Show help: the commands, or one command
#[derive(Debug, Args)]
pub struct Help {
    /// The command, for example: dep add
    what: Vec<String>,
}

impl Help {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut command = super::documented();
        command.build();
        let mut at = &mut command;
        for word in &self.what {
            let known =
                |sub: &clap::Command| sub.get_name() == word || sub.get_all_aliases().any(|alias| alias == word);
            if !at.get_subcommands().any(known) {
                let near = text::nearest(word, at.get_subcommands().map(clap::Command::get_name));
                let hint = near.map_or("bd help lists the commands".into(), |near| format!("did you mean {near}?"));
                return Err(Error::not_found(format!("no help on {:?}", self.what.join(" "))).hint(hint));
            }
            at = at.find_subcommand_mut(word).ok_or_else(|| Error::not_found(format!("no help on {word}")))?;
        }
        let words = std::iter::once("bd").chain(self.what.iter().map(String::as_str)).chain(["--help"]);
        let help =
            super::documented().try_get_matches_from(words).err().map(|help| help.to_string()).unwrap_or_default();
        render::print(global.output(), json!({"help": help}), help)
    }
}
