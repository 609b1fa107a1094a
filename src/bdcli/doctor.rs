//! `bd doctor`: whether the ledger is whole, and mending it where that is safe.

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::{Global, dep, render};
use crate::base::report::Paint;
use crate::base::{Result, Timestamp};
use crate::ledger::jsonl;

/// Looks whether the ledger is whole: the database, its file, dependencies; exits 1 when something is wrong.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Mend what can be mended without losing anything
    #[arg(long)]
    fix: bool,
    /// Accepted for other programs; nothing is asked
    #[arg(long, short, hide = true)]
    yes: bool,
}

struct Check {
    name: &'static str,
    status: &'static str,
    message: String,
    fix: Option<String>,
}

impl Doctor {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        if self.fix {
            mend(&mut context)?;
        }
        let checks =
            [integrity(&context)?, in_step(&context)?, dangling(&context)?, cycles(&context)?, aside(&context)?];
        let paint = Paint::stdout();
        let ok = checks.iter().all(|check| check.status != "error");
        let mut text = String::new();
        for check in &checks {
            let sign = match check.status {
                "ok" => paint.green("✓"),
                "warning" => paint.yellow("!"),
                _ => paint.red("✗"),
            };
            text += &format!("{sign} {}: {}\n", check.name, render::clean(&check.message));
            if let Some(fix) = &check.fix {
                text += &format!("    {fix}\n");
            }
        }
        let list: Vec<Value> = checks
            .iter()
            .map(|check| {
                let mut value = json!({"name": check.name, "status": check.status, "message": check.message});
                if let Some(fix) = &check.fix {
                    value["fix"] = fix.as_str().into();
                }
                value
            })
            .collect();
        let json = json!({"path": context.ledger.store(&context.store)?.beads_dir, "checks": list, "overall_ok": ok,
            "cli_version": env!("CARGO_PKG_VERSION"), "timestamp": Timestamp::now().to_string(), "platform": std::env::consts::OS});
        render::print(context.output, json, text)?;
        if !ok {
            // What is to be said has been said.
            std::process::exit(1);
        }
        Ok(())
    }
}

fn check(name: &'static str, wrong: Option<(&'static str, String, Option<&str>)>, fine: &str) -> Check {
    match wrong {
        Some((status, message, fix)) => Check { name, status, message, fix: fix.map(str::to_owned) },
        None => Check { name, status: "ok", message: fine.to_owned(), fix: None },
    }
}

fn integrity(context: &Context) -> Result<Check> {
    let said: String = context.ledger.conn().query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    let fix = Some("move the database aside; the next command makes it anew from issues.jsonl");
    Ok(check("database", (said != "ok").then_some(("error", said, fix)), "whole"))
}

/// Every bead of a file is in the ledger and the other way round.
fn in_step(context: &Context) -> Result<Check> {
    let mut behind = Vec::new();
    for store in context.ledger.stores()? {
        let path = store.beads_dir.join(jsonl::FILE);
        let file = std::fs::read(&path).map(|bytes| jsonl::check(&bytes).created).ok();
        let beads: usize = context.ledger.conn().query_row(
            "SELECT count(*) FROM beads WHERE store = ?1 AND ephemeral = 0",
            [&store.name],
            |row| row.get::<_, i64>(0).map(|count| usize::try_from(count).unwrap_or(0)),
        )?;
        match file {
            None if beads > 0 => behind.push(format!("{} is missing", path.display())),
            Some(count) if count != beads => {
                behind.push(format!("{} has {count} beads, the ledger {beads}", path.display()));
            }
            _ => {}
        }
    }
    let wrong = (!behind.is_empty()).then(|| ("warning", behind.join("; "), Some("bd doctor --fix")));
    Ok(check("issues.jsonl", wrong, "in step with the database"))
}

const DANGLING: &str = "FROM deps d WHERE d.depends_on NOT LIKE 'external:%' \
    AND NOT EXISTS(SELECT 1 FROM beads b WHERE b.id = d.depends_on)";

fn dangling(context: &Context) -> Result<Check> {
    let mut statement =
        context.ledger.conn().prepare(&format!("SELECT d.issue, d.depends_on {DANGLING} ORDER BY d.issue LIMIT 20"))?;
    let found: Vec<String> = statement
        .query_map([], |row| Ok(format!("{} on {}", row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    // The other bead may still come with a sync, so nothing is taken away.
    let wrong = (!found.is_empty()).then(|| {
        ("warning", format!("on beads that are not here: {}", found.join(", ")), Some("bd sync, or bd dep remove"))
    });
    Ok(check("dependencies", wrong, "all on beads that are here"))
}

fn cycles(context: &Context) -> Result<Check> {
    let groups = dep::circles(context)?;
    let text: Vec<String> = groups.iter().map(|group| group.join(" -> ")).collect();
    let wrong = (!groups.is_empty()).then(|| ("error", text.join("; "), Some("bd dep remove one of them")));
    Ok(check("circles", wrong, "nothing waits for itself"))
}

fn aside(context: &Context) -> Result<Check> {
    let found: Vec<String> = context
        .ledger
        .stores()?
        .iter()
        .map(|store| store.beads_dir.join(jsonl::ASIDE))
        .filter(|path| path.exists())
        .map(|path| path.display().to_string())
        .collect();
    let wrong = (!found.is_empty())
        .then(|| ("warning", format!("lines that could not be read are in {}", found.join(", ")), None));
    Ok(check("unreadable lines", wrong, "none"))
}

fn mend(context: &mut Context) -> Result<()> {
    for store in context.ledger.stores()? {
        if store.beads_dir.join(jsonl::FILE).exists() {
            jsonl::import_store(&mut context.ledger, &store.name)?;
        }
        jsonl::export_store(&context.ledger, &store.name)?;
    }
    Ok(())
}
