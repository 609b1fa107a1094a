//! `gt api`: what scripts may rely on, told by the program itself: every command with what it takes, exit codes, the form of
//! errors, and JSON Schemas of what `--json` prints.

use std::io::{self, Write};

use clap::{Args, Subcommand};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::Value;

use super::{feed, status};
use crate::base::commands::{Described, describe};
use crate::base::report::{self, Output, Paint, Report};
use crate::base::{Error, Result, text};
use crate::work::{agents, convoy, halt, queue, sling};

/// Tell scripts what they may rely on: commands, exit codes, the form of errors and of what --json prints
#[derive(Debug, Args)]
pub struct Api {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print every command with what it takes, as JSON
    Commands,
    /// Print the JSON Schema of what a command prints with --json; without a name, list the schemas
    Schema {
        /// The schema's name
        name: Option<String>,
    },
}

/// Something that is printed as JSON, and by which commands.
struct Shape {
    name: &'static str,
    commands: &'static [&'static str],
    about: &'static str,
    schema: fn() -> Schema,
}

fn of<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<T>()
}

const SHAPES: &[Shape] = &[
    Shape {
        name: "error",
        commands: &[],
        about: "on standard error, whenever the exit code is not 0",
        schema: of::<Failure>,
    },
    Shape {
        name: "status",
        commands: &["gt status --json"],
        about: "the town at a glance",
        schema: of::<status::TownStatus>,
    },
    Shape {
        name: "agents",
        commands: &["gt agents --json", "gt agents list --json"],
        about: "who works on what, and how they are",
        schema: of::<agents::AgentList>,
    },
    Shape {
        name: "event",
        commands: &["gt feed --follow --json", "gt log --follow --json"],
        about: "one line an event, as in .events.jsonl; without --follow an array of them",
        schema: of::<feed::Told>,
    },
    Shape {
        name: "convoys",
        commands: &["gt convoy list --json"],
        about: "convoys and how far they are",
        schema: of::<convoy::ConvoyList>,
    },
    Shape {
        name: "convoy",
        commands: &["gt convoy show hq-cv-abcde --json"],
        about: "one convoy with what it tracks",
        schema: of::<convoy::ConvoyStatus>,
    },
    Shape {
        name: "sling",
        commands: &["gt sling gt-abc12 myproject --json"],
        about: "what was slung, to whom, and what failed",
        schema: of::<sling::SlingReport>,
    },
    Shape {
        name: "sling-plan",
        commands: &["gt sling gt-abc12 myproject --dry-run --json"],
        about: "what would be slung to whom",
        schema: of::<sling::Plan>,
    },
    Shape { name: "queue", commands: &["gt mq list --json"], about: "the merge queue", schema: of::<queue::QueueList> },
    Shape {
        name: "request",
        commands: &["gt mq status gt-mr-abcde --json"],
        about: "one merge request with its log",
        schema: of::<queue::QueueStatus>,
    },
    Shape {
        name: "scheduler",
        commands: &["gt scheduler status --json"],
        about: "how beads get agents",
        schema: of::<halt::SchedulerStatus>,
    },
    Shape {
        name: "api",
        commands: &["gt api commands", "bd api"],
        about: "a program's commands",
        schema: of::<Described>,
    },
];

/// What an error looks like with `--json`.
#[derive(Debug, Serialize, JsonSchema)]
struct Failure {
    /// What went wrong.
    error: String,
    /// What to do next, where there is something.
    hint: Option<String>,
    /// The exit code: 1 could not be done, 2 wrong usage, 3 not found, 4 refused.
    code: u8,
}

#[derive(Serialize)]
struct ExitCode {
    code: u8,
    meaning: &'static str,
}

const EXIT_CODES: [ExitCode; 5] = [
    ExitCode { code: 0, meaning: "done" },
    ExitCode { code: 1, meaning: "the thing asked could not be done" },
    ExitCode { code: 2, meaning: "wrong usage" },
    ExitCode { code: 3, meaning: "not found" },
    ExitCode { code: 4, meaning: "refused: it would lose work, something is taken, or a budget is used up" },
];

#[derive(Serialize)]
struct Listed {
    name: &'static str,
    commands: &'static [&'static str],
    about: &'static str,
}

#[derive(Serialize)]
struct Whole {
    version: &'static str,
    exit_codes: [ExitCode; 5],
    schemas: Vec<Listed>,
    program: Described,
}

impl Report for Whole {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{} {}", paint.bold("gt"), self.version)?;
        writeln!(out, "\n{}", paint.bold("Exit codes"))?;
        for ExitCode { code, meaning } in &self.exit_codes {
            writeln!(out, "  {code}  {meaning}")?;
        }
        writeln!(out, "\n{}", paint.bold("What --json prints"))?;
        for Listed { name, commands, about } in &self.schemas {
            writeln!(out, "  {} {about}", text::fit(name, 11))?;
            for command in *commands {
                writeln!(out, "  {:11} {}", "", paint.dim(command))?;
            }
        }
        writeln!(
            out,
            "\n{} {}",
            count(&self.program),
            paint.dim("commands: gt api commands; a schema: gt api schema <name>")
        )
    }
}

fn count(command: &Described) -> usize {
    if command.commands.is_empty() { 1 } else { command.commands.iter().map(count).sum() }
}

/// Printed as JSON whether or not that is asked for.
#[derive(Serialize)]
#[serde(transparent)]
struct Json(Value);

impl Report for Json {
    fn human(&self, out: &mut dyn Write, _paint: Paint) -> io::Result<()> {
        writeln!(out, "{}", serde_json::to_string_pretty(&self.0)?)
    }
}

fn listed() -> Vec<Listed> {
    SHAPES.iter().map(|Shape { name, commands, about, .. }| Listed { name, commands, about }).collect()
}

impl Api {
    /// Runs the command.
    ///
    /// # Errors
    /// When there is no schema of that name.
    pub fn run(self, output: Output) -> Result<()> {
        let program = || describe(super::documented());
        match self.command {
            None => {
                let version = env!("CARGO_PKG_VERSION");
                report::print(output, &Whole { version, exit_codes: EXIT_CODES, schemas: listed(), program: program() })
            }
            Some(Command::Commands) => report::print(output, &Json(serde_json::to_value(program())?)),
            Some(Command::Schema { name: None }) => report::print(output, &Json(serde_json::to_value(listed())?)),
            Some(Command::Schema { name: Some(name) }) => {
                let shape = SHAPES.iter().find(|shape| shape.name == name).ok_or_else(|| {
                    let names = SHAPES.iter().map(|shape| shape.name);
                    let hint = match text::nearest(&name, names.clone()) {
                        Some(near) => format!("did you mean {near}?"),
                        None => format!("there are {}", names.collect::<Vec<_>>().join(", ")),
                    };
                    Error::not_found(format!("no schema {name:?}")).hint(hint)
                })?;
                let mut schema = (shape.schema)();
                schema.insert("title".into(), shape.name.into());
                report::print(output, &Json(schema.to_value()))
            }
        }
    }
}
