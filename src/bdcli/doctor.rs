//! `bd doctor`: whether the ledger is whole, and mending it where that is safe.

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::{Global, compat, dep, render};
use crate::base::report::Paint;
use crate::base::{Error, Result, Timestamp};
use crate::ledger::{Filter, ReadyFilter, jsonl};

/// Looks whether the ledger is whole: the database, its file, dependencies; exits 1 when something is wrong.
#[derive(Debug, Args)]
pub struct Doctor {
    /// Mend what can be mended without losing anything
    #[arg(long)]
    fix: bool,
    /// With --fix: ask before it
    #[arg(long, short)]
    interactive: bool,
    /// With --fix --interactive: yes to what is asked
    #[arg(long, short)]
    yes: bool,
    /// With --fix: only say what would be mended
    #[arg(long)]
    dry_run: bool,
    /// With --fix: what counts where database and file differ: both, merged (auto), or one of them
    #[arg(long, default_value = "auto", value_parser = ["auto", "jsonl", "db"])]
    source: String,
    /// Also say how long common questions take
    #[arg(long)]
    perf: bool,
    /// Only this check: database, issues.jsonl, dependencies, circles, "unreadable lines" or "other programs"
    #[arg(long, value_name = "NAME")]
    check: Option<String>,
    /// Also write the report, as JSON, to this file
    #[arg(long, short, value_name = "FILE")]
    output: Option<std::path::PathBuf>,
    // Everything is always looked at.
    #[arg(long, hide = true)]
    deep: bool,
    #[arg(long, hide = true)]
    check_health: bool,
}

impl Doctor {
    /// Whether to go on with the mending.
    fn wanted_by_all(&self, context: &Context) -> Result<bool> {
        let behind = jsonl::out_of_step(&context.ledger)?;
        if self.dry_run {
            behind.iter().for_each(|what| eprintln!("would mend {}", render::clean(what)));
            return Ok(false);
        }
        if !self.interactive || self.yes || behind.is_empty() {
            return Ok(true);
        }
        eprint!("{}\nMend it? [y/N] ", render::clean(&behind.join("; ")));
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
    }
}

/// How long common questions take, in milliseconds, without the start of the program.
fn times(context: &Context) -> Result<Vec<(&'static str, f64)>> {
    let ledger = &context.ledger;
    let mut times = Vec::new();
    let mut take = |what: &'static str, ask: &dyn Fn() -> Result<()>| -> Result<()> {
        let start = std::time::Instant::now();
        ask()?;
        times.push((what, start.elapsed().as_secs_f64() * 1e3));
        Ok(())
    };
    let filter = Filter { limit: Some(50), ..Filter::default() };
    take("ready", &|| ledger.ready(&ReadyFilter { limit: Some(10), ..ReadyFilter::default() }).map(|_| ()))?;
    take("list", &|| ledger.list(&filter).map(|_| ()))?;
    take("count", &|| ledger.count(&Filter::default()).map(|_| ()))?;
    take("search", &|| ledger.list(&Filter { text: Some("nothing has this".into()), ..filter.clone() }).map(|_| ()))?;
    take("integrity check", &|| integrity(context).map(|_| ()))?;
    Ok(times)
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
        if self.fix && self.wanted_by_all(&context)? {
            match self.source.as_str() {
                "jsonl" => {
                    for store in context.ledger.stores()? {
                        if store.beads_dir.join(jsonl::FILE).exists() {
                            jsonl::import_store(&mut context.ledger, &store.name)?;
                        }
                    }
                }
                "db" => jsonl::write_anew(&mut context.ledger)?,
                _ => jsonl::bring_in_step(&mut context.ledger)?,
            }
        }
        type Look = fn(&Context) -> Result<Check>;
        const LOOKS: [(&str, Look); 6] = [
            ("database", integrity),
            ("issues.jsonl", in_step),
            ("dependencies", dangling),
            ("circles", cycles),
            ("unreadable lines", aside),
            ("other programs", compatible),
        ];
        let wanted = |name: &str| self.check.as_ref().is_none_or(|check| check == name);
        let checks = LOOKS
            .iter()
            .filter(|(name, _)| wanted(name))
            .map(|(_, look)| look(&context))
            .collect::<Result<Vec<_>>>()?;
        if let Some(name) = self.check.as_ref().filter(|_| checks.is_empty()) {
            let names = LOOKS.map(|(name, _)| name);
            return Err(
                Error::usage(format!("no check is called {name:?}")).hint(format!("they are {}", names.join(", ")))
            );
        }
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
        let mut json = json;
        if self.perf {
            let times = times(&context)?;
            text += &times.iter().map(|(what, ms)| format!("  {what:<18} {ms:>8.2} ms\n")).collect::<String>();
            json["performance"] = times.iter().map(|(what, ms)| json!({"what": what, "milliseconds": ms})).collect();
        }
        if let Some(path) = &self.output {
            crate::base::files::write_atomic(path, format!("{json:#}\n").as_bytes(), 0o644)?;
        }
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

/// Every line of a file says what the ledger says, and the other way round.
fn in_step(context: &Context) -> Result<Check> {
    let behind = jsonl::out_of_step(&context.ledger)?;
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

/// What costs nothing here and a bd 0.47 of somebody else much.
fn compatible(context: &Context) -> Result<Check> {
    let found = compat::troubles(context)?;
    let wrong = (!found.is_empty()).then(|| {
        (
            "warning",
            found.join("; "),
            Some("only where other bd programs share this ledger: tell such beads apart by a note"),
        )
    });
    Ok(check("other programs", wrong, "bd 0.47 takes every line"))
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
