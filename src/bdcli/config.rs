//! `bd config`.

use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};

use super::context::Context;
use super::{Global, render};
use crate::base::{Error, Result};
use crate::town;

/// Reads and writes settings of the ledger.
#[derive(Debug, Args)]
pub struct Config {
    #[command(subcommand)]
    command: ConfigCommand,
}

/// What `bd config` can do.
#[derive(Debug, Subcommand)]
pub enum ConfigCommand {
    /// Set a value
    Set {
        /// Its name, such as types.custom
        key: String,
        /// The value
        #[arg(allow_hyphen_values = true)]
        value: String,
    },
    /// Print a value
    Get {
        /// Its name
        key: String,
    },
    /// Forget a value
    Unset {
        /// Its name
        key: String,
    },
    /// Print all values
    List,
}

const PREFIX: &str = "issue_prefix";

/// Names of one setting that differ only in spelling.
fn canonical(key: &str) -> String {
    match key {
        "issue-prefix" | "prefix" => PREFIX.into(),
        other => other.to_owned(),
    }
}

impl Config {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        let store = context.ledger.store(&context.store)?;
        match self.command {
            ConfigCommand::Set { key, value } => {
                let key = canonical(&key);
                if key == PREFIX {
                    if context.town.is_some() {
                        return Err(
                            Error::refused("a rig's prefix is set when it is added").hint("gt rig add --prefix")
                        );
                    }
                    let prefix = value.trim_end_matches('-');
                    town::validate_prefix(prefix)?;
                    context.ledger.add_store(&store.name, &store.beads_dir, prefix)?;
                } else {
                    context.write(|tx| tx.set_kv(&format!("config.{key}"), Some(&value)))?;
                }
                render::print_change(
                    context.output,
                    json!({"key": key, "value": value}),
                    format!("{key} = {}\n", render::clean(&value)),
                )
            }
            ConfigCommand::Get { key } => {
                let key = canonical(&key);
                let value =
                    if key == PREFIX { Some(store.prefix) } else { context.ledger.kv(&format!("config.{key}"))? };
                let text = value
                    .as_deref()
                    .map_or_else(|| format!("{key} is not set\n"), |value| format!("{}\n", render::clean(value)));
                render::print(context.output, json!({"key": key, "value": value.unwrap_or_default()}), text)
            }
            ConfigCommand::Unset { key } => {
                let key = canonical(&key);
                if key == PREFIX {
                    return Err(Error::refused("a ledger needs a prefix").hint("bd config set issue_prefix <prefix>"));
                }
                context.write(|tx| tx.set_kv(&format!("config.{key}"), None))?;
                render::print_change(context.output, json!({"key": key, "status": "unset"}), format!("{key} unset\n"))
            }
            ConfigCommand::List => {
                let mut all = Map::new();
                all.insert(PREFIX.into(), store.prefix.into());
                let rows: Vec<(String, String)> = {
                    let mut statement = context.ledger.conn().prepare(
                        "SELECT substr(key, 8), value FROM kv WHERE key >= 'config.' AND key < 'config/' ORDER BY key",
                    )?;
                    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?
                };
                all.extend(rows.into_iter().map(|(key, value)| (key, Value::from(value))));
                let text = all
                    .iter()
                    .map(|(key, value)| format!("{key} = {}\n", render::clean(value.as_str().unwrap_or_default())))
                    .collect();
                render::print(context.output, Value::Object(all), text)
            }
        }
    }
}
