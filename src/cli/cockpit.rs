//! `gt cockpit`, and `gt` alone on a terminal.

use std::io::{self, IsTerminal, Write};

use clap::Args;
use serde::Serialize;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::neutralise;
use crate::base::{Error, Kind, Result};
use crate::cockpit::theme::Depth;
use crate::cockpit::{self, Options, settings, settings_file};
use crate::town::Town;

/// What `gt cockpit` takes.
#[derive(Debug, Args)]
pub struct Cockpit {
    /// Colours: dark, light, high-contrast, catppuccin, 16 or mono
    #[arg(long, value_name = "NAME")]
    theme: Option<String>,
    /// Look, but change nothing
    #[arg(long)]
    read_only: bool,
    /// Check the settings and the terminal instead of opening
    #[arg(long)]
    check: bool,
    /// Set something in settings/cockpit.toml instead of opening: theme light, layout.lists 40, keys.sling "s, ctrl-s"
    #[arg(long, num_args = 2, value_names = ["NAME", "VALUE"], conflicts_with_all = ["check", "unset", "schema"])]
    set: Option<Vec<String>>,
    /// Take something out of settings/cockpit.toml instead of opening
    #[arg(long, value_name = "NAME", conflicts_with_all = ["check", "schema"])]
    unset: Option<String>,
    /// Print the JSON Schema of settings/cockpit.toml instead of opening
    #[arg(long, conflicts_with = "check")]
    schema: bool,
}

impl Cockpit {
    /// Opens the cockpit, or checks whether it could.
    ///
    /// # Errors
    /// When there is no town or no terminal, or the settings are wrong.
    pub fn run(self, output: Output) -> Result<()> {
        if self.schema {
            return report::print(output, &Schema(settings::schema()));
        }
        let town = Town::current()?;
        if self.check {
            return check(&town, self.theme.as_deref(), output);
        }
        if let Some([name, value]) = self.set.as_deref() {
            return change(&town, name, Some(value), output);
        }
        if let Some(name) = &self.unset {
            return change(&town, name, None, output);
        }
        cockpit::run(&town, Options { theme: self.theme, read_only: self.read_only, ..Options::default() })
    }
}

/// `gt` alone: the cockpit inside a town, the first steps outside of one.
///
/// # Errors
/// When standard input or output is no terminal, or the cockpit can't be opened.
pub fn run_alone() -> Result<()> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err(
            Error::usage("a command is needed").hint("gt --help lists them; on a terminal, gt alone opens the cockpit")
        );
    }
    match Town::current() {
        Ok(town) => cockpit::run(&town, Options::default()),
        Err(error) if error.kind() == Kind::NotFound => first_steps(),
        Err(error) => Err(error),
    }
}

fn first_steps() -> Result<()> {
    let paint = Paint::stdout();
    let mut out = io::stdout().lock();
    let step =
        |command: &str, about: &str| format!("  {}  {}\n", paint.bold(&format!("{command:<34}")), paint.dim(about));
    let text = format!(
        "Gas Town runs many coding agents side by side and merges what they finish.\nThere is no town here yet.\n\n{}{}{}{}\n{}",
        step("gt demo", "watch a whole town at work; needs nothing"),
        step("gt install ~/gt && cd ~/gt", "make your own town"),
        step("gt rig add <name> <repository>", "add a repository to it"),
        step("gt", "open its cockpit"),
        paint.dim("gt --help lists every command.\n"),
    );
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

/// A schema.
#[derive(Debug, Serialize)]
#[serde(transparent)]
struct Schema(serde_json::Value);

impl Report for Schema {
    fn human(&self, out: &mut dyn Write, _: Paint) -> io::Result<()> {
        writeln!(out, "{:#}", self.0)
    }
}

/// A change of the settings file.
#[derive(Debug, Serialize)]
struct Changed {
    settings: String,
    name: String,
    value: Option<String>,
}

impl Report for Changed {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let name = neutralise(&self.name, true);
        match &self.value {
            Some(value) => writeln!(out, "{} {name} is {}", paint.green("✓"), neutralise(value, true)),
            None => writeln!(out, "{} {name} is not set any more", paint.green("✓")),
        }
    }
}

fn change(town: &Town, name: &str, value: Option<&str>, output: Output) -> Result<()> {
    let file = settings_file(town);
    settings::Settings::change(&file, name, value)?;
    let value = value.map(str::to_owned);
    report::print(output, &Changed { settings: file.display().to_string(), name: name.to_owned(), value })
}

/// What the cockpit would use.
#[derive(Debug, Serialize)]
struct Checked {
    settings: String,
    settings_exist: bool,
    theme: &'static str,
    colours: &'static str,
    terminal: bool,
    size: Option<(u16, u16)>,
    term: String,
}

impl Report for Checked {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let found = if self.settings_exist { "" } else { " (none; defaults hold)" };
        writeln!(out, "settings  {}{found}", self.settings)?;
        writeln!(out, "theme     {}, {}", self.theme, self.colours)?;
        let size =
            self.size.map(|(columns, rows)| format!("{columns}×{rows}")).unwrap_or_else(|| "unknown size".into());
        let place = if self.terminal { size } else { "not a terminal".into() };
        writeln!(out, "terminal  {}, {place}", if self.term.is_empty() { "TERM is not set" } else { &self.term })?;
        writeln!(out, "{}", paint.green("The cockpit can be opened on a terminal."))
    }
}

fn check(town: &Town, theme: Option<&str>, output: Output) -> Result<()> {
    let file = settings_file(town);
    let settings = settings::Settings::read(&file)?;
    let theme = settings.theme(theme)?;
    settings.keymap().map_err(|error| error.context(file.display()))?;
    let colours = match theme.depth() {
        Depth::True => "24-bit colours",
        Depth::Indexed => "256 colours",
        Depth::Ansi => "16 colours",
        Depth::Mono => "no colours",
    };
    let terminal = io::stdout().is_terminal();
    report::print(
        output,
        &Checked {
            settings_exist: file.exists(),
            settings: file.display().to_string(),
            theme: theme.name(),
            colours,
            terminal,
            size: crossterm::terminal::size().ok().filter(|_| terminal),
            term: std::env::var("TERM").unwrap_or_default(),
        },
    )
}
