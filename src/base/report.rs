//! What every command gives back: one report, printed as JSON or for people.

use std::io::{self, IsTerminal, Write};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::text::neutralise;
use super::{Error, Result};

/// How a command was asked to print.
#[derive(Debug, Clone, Copy, Default)]
pub struct Output {
    /// `--json`: print the report as JSON.
    pub json: bool,
    /// Print only what was asked for, no remarks.
    pub quiet: bool,
}

/// A command's result; serialised for `--json`, rendered for people otherwise.
pub trait Report: Serialize {
    /// Writes the human form. Text from outside must be neutralised by the implementation.
    ///
    /// # Errors
    /// When the writer fails.
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()>;
}

static NOTICES: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// Leaves a word for whoever gave the command: what was done is not quite what was asked for. Each is kept once.
pub fn notice(words: String) {
    let mut notices = NOTICES.lock().unwrap_or_else(PoisonError::into_inner);
    if !notices.contains(&words) {
        notices.push(words);
    }
}

/// Prints what [`notice`] was told, on standard error.
pub fn print_notices(output: Output) {
    let notices = std::mem::take(&mut *NOTICES.lock().unwrap_or_else(PoisonError::into_inner));
    if !output.quiet {
        for words in notices {
            eprintln!("{} {}", Paint::stderr().yellow("note:"), neutralise(&words, true));
        }
    }
}

/// Colours for people; empty when standard output is no terminal or `NO_COLOR` is set (<https://no-color.org>).
#[derive(Debug, Clone, Copy)]
pub struct Paint {
    on: bool,
}

impl Paint {
    /// Colours as standard output allows them.
    pub fn stdout() -> Self {
        Self { on: io::stdout().is_terminal() && no_color_unset() }
    }

    /// Colours as standard error allows them.
    pub fn stderr() -> Self {
        Self { on: io::stderr().is_terminal() && no_color_unset() }
    }

    /// No colours.
    pub fn plain() -> Self {
        Self { on: false }
    }

    fn wrap(self, code: &str, text: &str) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// For what matters most.
    pub fn bold(self, text: &str) -> String {
        self.wrap("1", text)
    }

    /// For what matters least: ids, ages.
    pub fn dim(self, text: &str) -> String {
        self.wrap("2", text)
    }

    /// For what went well or runs.
    pub fn green(self, text: &str) -> String {
        self.wrap("32", text)
    }

    /// For what failed.
    pub fn red(self, text: &str) -> String {
        self.wrap("31", text)
    }

    /// For what waits.
    pub fn yellow(self, text: &str) -> String {
        self.wrap("33", text)
    }

    /// For what needs a person.
    pub fn magenta(self, text: &str) -> String {
        self.wrap("35", text)
    }
}

fn no_color_unset() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Prints `report` to standard output as `output` asks. A closed pipe is not an error.
///
/// # Errors
/// When standard output can't be written.
pub fn print(output: Output, report: &impl Report) -> Result<()> {
    let mut out = io::BufWriter::new(io::stdout().lock());
    let written = if output.json {
        serde_json::to_writer_pretty(&mut out, report).map_err(io::Error::from).and_then(|()| writeln!(out))
    } else {
        report.human(&mut out, Paint::stdout())
    };
    match written.and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::failed(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints an error to standard error: one line, then `hint:` where there is one; with `--json`, an object
/// `{"error": …, "hint": …, "code": …}`. Returns the exit code.
pub fn print_error(output: Output, error: &Error) -> u8 {
    let paint = Paint::stderr();
    let mut err = io::stderr().lock();
    // Nothing can be done when standard error is gone.
    let _ = if output.json {
        let value = serde_json::json!({"error": error.message(), "hint": error.hint_text(), "code": error.exit_code()});
        writeln!(err, "{value}")
    } else {
        let message = super::text::neutralise(error.message(), false);
        writeln!(err, "{} {message}", paint.red("error:")).and_then(|()| match error.hint_text() {
            Some(hint) => writeln!(err, "{} {}", paint.bold("hint:"), super::text::neutralise(hint, false)),
            None => Ok(()),
        })
    };
    error.exit_code()
}
