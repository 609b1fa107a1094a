//! `bd info`, `where` and `version`: which ledger and which program this is.

use clap::Args;
use serde_json::json;

use super::context::Context;
use super::{Global, render};
use crate::base::Result;
use crate::base::lock::Lock;
use crate::base::text::counted;
use crate::ledger::Filter;

/// Shows which ledger this is.
#[derive(Debug, Args)]
pub struct Info {}

impl Info {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = Context::open(global)?;
        let count = context.ledger.count(&Filter { closed: true, ..Filter::default() })?;
        let mode = if context.town.is_some() { "town" } else { "alone" };
        let daemon = context.town.as_ref().is_some_and(|town| Lock::is_held(&town.daemon_lock()));
        let stores = context.ledger.stores()?;
        let prefix = stores.iter().find(|store| store.name == context.store).map(|store| store.prefix.clone());
        let json = json!({
            "database_path": context.ledger.path(), "issue_count": count, "mode": mode, "daemon_connected": daemon,
            "config": {"issue_prefix": prefix}, "store": context.store, "actor": context.actor, "stores": stores,
        });
        let mut text = format!("{} in {}\n", counted(count, "bead"), context.ledger.path().display());
        text += &match &context.town {
            Some(town) => format!(
                "the town {} ({}), daemon {}\n",
                town.name,
                town.root.display(),
                if daemon { "running" } else { "not running" }
            ),
            None => "a ledger alone\n".into(),
        };
        for store in &stores {
            let here = if store.name == context.store { "*" } else { " " };
            text += &format!("{here} {:<12} {}-  {}\n", store.name, store.prefix, store.beads_dir.display());
        }
        text += &format!("you are {}\n", render::clean(&context.actor));
        render::print(context.output, json, text)
    }
}

/// Shows where the ledger is.
#[derive(Debug, Args)]
pub struct Where {}

impl Where {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = Context::open(global)?;
        let store = context.ledger.store(&context.store)?;
        let json = json!({"path": store.beads_dir, "prefix": store.prefix, "database_path": context.ledger.path()});
        render::print(context.output, json, format!("{}\n", store.beads_dir.display()))
    }
}

/// Prints the version.
#[derive(Debug, Args)]
pub struct Version {}

impl Version {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let version = env!("CARGO_PKG_VERSION");
        let build = if cfg!(debug_assertions) { "debug" } else { "release" };
        let json = json!({"version": version, "build": build, "branch": ""});
        render::print(global.output(), json, format!("bd {version}\n"))
    }
}
