//! `bd formula`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::{Global, context, render};
use crate::base::report::Paint;
use crate::base::{Error, Result, ResultExt, files};
use crate::formula::{Formula, FormulaType, Library, convert, tree};
use crate::ledger::Ledger;

/// Looks at formulas.
#[derive(Debug, Args)]
pub struct FormulaCommand {
    #[command(subcommand)]
    command: Command,
}

/// What `bd formula` can do.
#[derive(Debug, Subcommand)]
enum Command {
    /// List formulas: the project's, the town's, your own, those built in
    List {
        /// Only of this type
        #[arg(long = "type", value_name = "TYPE", value_parser = FormulaType::WORDS)]
        kind: Option<String>,
    },
    /// Show a formula with everything it inherits
    Show {
        /// Its name or file
        name: String,
    },
    /// Write a JSON formula as TOML, or the other way round, beside its file
    Convert {
        /// Its name or file
        #[arg(required_unless_present = "all")]
        name: Option<String>,
        /// Every formula on the search path that has the other form
        #[arg(long, conflicts_with = "name")]
        all: bool,
        /// Remove the file it was read from
        #[arg(long, conflicts_with = "stdout")]
        delete: bool,
        /// Print it instead of writing a file
        #[arg(long, conflicts_with = "all")]
        stdout: bool,
        /// The form to write
        #[arg(long, default_value = "toml", value_parser = ["toml", "json"])]
        to: String,
    },
}

/// The search path of the working directory.
pub fn library(search: &[PathBuf]) -> Result<Library> {
    if !search.is_empty() {
        return Ok(Library::of(search.to_vec()));
    }
    let cwd = std::env::current_dir().context("the working directory")?;
    let town = context::find_town(&cwd)?;
    Ok(Library::standard(&cwd, town.as_ref().map(|town| town.root.as_path())))
}

/// Says on standard error what is odd about a formula.
pub fn warn(warnings: &[String], global: &Global) {
    if !global.output().quiet {
        for warning in warnings {
            eprintln!("warning: {}", render::clean(warning));
        }
    }
}

/// The directory of the ledger's own formulas, for new ones.
pub fn own_directory(ledger: &Ledger, store: &str) -> Result<PathBuf> {
    Ok(ledger.store(store)?.beads_dir.join("formulas"))
}

impl FormulaCommand {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let library = library(&[])?;
        match self.command {
            Command::List { kind } => list(&library, kind.as_deref(), global),
            Command::Show { name } => show(&library, &name, global),
            Command::Convert { name: Some(name), delete, stdout, to, .. } => {
                let (formula, problems) = library.read(&name)?;
                warn(&problems.iter().map(ToString::to_string).collect::<Vec<_>>(), global);
                if stdout {
                    print!("{}", written(&formula, &to)?);
                    return Ok(());
                }
                let path = convert_file(&formula, &to, delete)?;
                render::print_change(
                    global.output(),
                    json!([{"name": formula.formula, "path": path}]),
                    format!("Wrote {}\n", path.display()),
                )
            }
            Command::Convert { delete, to, .. } => {
                let mut done = Vec::new();
                let mut text = String::new();
                for name in library.names() {
                    let (formula, _) = library.read(&name)?;
                    let other = if to == "toml" { ".json" } else { ".toml" };
                    if formula.source.path.ends_with(other) && PathBuf::from(&formula.source.path).is_file() {
                        let path = convert_file(&formula, &to, delete)?;
                        text.push_str(&format!("Wrote {}\n", path.display()));
                        done.push(json!({"name": formula.formula, "path": path}));
                    }
                }
                if done.is_empty() {
                    text.push_str("Nothing to convert\n");
                }
                render::print_change(global.output(), Value::Array(done), text)
            }
        }
    }
}

fn written(formula: &Formula, to: &str) -> Result<String> {
    if to == "json" { convert::to_json(formula) } else { convert::to_toml(formula) }
}

fn convert_file(formula: &Formula, to: &str, delete: bool) -> Result<PathBuf> {
    let from = PathBuf::from(&formula.source.path);
    if !from.is_file() {
        return Err(Error::refused(format!("{} is built in, there is no file to write beside", formula.formula))
            .hint("print it with --stdout"));
    }
    let stem = formula.source.path.trim_end_matches(".toml").trim_end_matches(".json");
    let path = PathBuf::from(format!("{stem}.{to}"));
    if path == from {
        return Err(Error::usage(format!("{} is {to} already", from.display())));
    }
    if path.exists() {
        return Err(Error::refused(format!("{} exists already", path.display())).hint("move it away first"));
    }
    files::write_atomic(&path, written(formula, to)?.as_bytes(), 0o644)?;
    if delete {
        std::fs::remove_file(&from).with_context(|| format!("remove {}", from.display()))?;
    }
    Ok(path)
}

fn list(library: &Library, kind: Option<&str>, global: &Global) -> Result<()> {
    let mut found = library.list();
    found.retain(|formula| kind.is_none_or(|kind| formula.kind.to_string() == kind));
    render::print(global.output(), serde_json::to_value(&found)?, tree::listing(&found, Paint::stdout()))
}

fn show(library: &Library, name: &str, global: &Global) -> Result<()> {
    let loaded = library.load(name)?;
    warn(&loaded.warnings, global);
    let text = tree::details(&loaded.formula, Paint::stdout());
    render::print(global.output(), serde_json::to_value(&loaded.formula)?, text)
}
