//! What the script runtime shows: its steps on the terminal, its state by OSC 7501, its title.

use std::io::{self, IsTerminal, Write};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::base::text::{self, neutralise};

/// The state that is reported, in the words of OSC 7501.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    /// A step runs.
    Working,
    /// A person has to decide.
    Blocked,
    /// The work is done.
    Done,
}

type Rgb = (u8, u8, u8);
const AMBER: Rgb = (255, 176, 59);
const ROSE: Rgb = (224, 92, 134);
const GREEN: Rgb = (126, 200, 120);
const RED: Rgb = (240, 98, 86);
const SKY: Rgb = (110, 180, 230);
const GREY: Rgb = (140, 140, 150);

/// Writes to standard output.
#[derive(Debug)]
pub(super) struct Display {
    colours: bool,
    terminal: bool,
}

impl Display {
    pub(super) fn new() -> Self {
        let terminal = io::stdout().is_terminal();
        let no_color = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { colours: terminal && !no_color, terminal }
    }

    /// Prints what no reader can be told about when it fails: the terminal itself is gone then, and a signal says so.
    fn print(&self, text: &str) {
        let mut out = io::stdout().lock();
        let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    }

    /// Prints a control sequence, to terminals only.
    pub(super) fn control(&self, sequence: &str) {
        if self.terminal {
            self.print(sequence);
        }
    }

    fn paint(&self, (r, g, b): Rgb, bold: bool, text: &str) -> String {
        if !self.colours {
            return text.to_owned();
        }
        let bold = if bold { "1;" } else { "" };
        format!("\x1b[{bold}38;2;{r};{g};{b}m{text}\x1b[0m")
    }

    fn width(&self) -> usize {
        crossterm::terminal::size().map_or(80, |(columns, _)| usize::from(columns)).clamp(20, 120)
    }

    /// A bar of `width` columns of which `done` of `all` are bright, from amber to rose.
    fn bar(&self, done: usize, all: usize, width: usize) -> String {
        let lit = width * done / all.max(1);
        let mut out = String::new();
        for column in 0..width {
            let blend = |from: u8, to: u8| {
                let (from, to) = (usize::from(from), usize::from(to));
                let mixed = (from * (width - column) + to * column) / width.max(1);
                u8::try_from(mixed).unwrap_or(u8::MAX)
            };
            let colour = (blend(AMBER.0, ROSE.0), blend(AMBER.1, ROSE.1), blend(AMBER.2, ROSE.2));
            out.push_str(&if column < lit {
                self.paint(colour, false, "━")
            } else {
                self.paint((70, 70, 80), false, "─")
            });
        }
        out
    }

    /// The head of a run: the bead, how much there is to do and what was done before.
    pub(super) fn header(&self, bead: &str, title: &str, steps: usize, before: usize) {
        let width = self.width();
        let title = neutralise(title, true);
        let room = width.saturating_sub(bead.len() + 5);
        let mut out = format!(
            "\n📿 {}  {}\n{}\n",
            self.paint(AMBER, true, bead),
            self.paint((235, 235, 240), true, &text::truncate(&title, room)),
            self.bar(before, steps, width)
        );
        if before > 0 {
            let line = format!("↻ goes on after step {before}/{steps}; what is finished is not done again");
            out.push_str(&format!("{}\n", self.paint(GREY, false, &line)));
        }
        self.print(&out);
    }

    /// A step begins.
    pub(super) fn step(&self, number: usize, all: usize, title: &str, body: &str) {
        let count = format!("▸ {number}/{all}");
        let mut out =
            format!("\n{} {}\n", self.paint(AMBER, true, &count), self.paint(SKY, true, &neutralise(title, true)));
        for (index, line) in body.lines().filter(|line| !line.trim_start().starts_with('#')).enumerate() {
            let mark = if index == 0 { "$" } else { " " };
            out.push_str(&format!(
                "  {} {}\n",
                self.paint(GREEN, false, mark),
                self.paint(GREY, false, &neutralise(line, true))
            ));
        }
        self.print(&out);
    }

    /// A step went well.
    pub(super) fn finished(&self, number: usize, all: usize, took: Duration) {
        let seconds = format!("{:.1} s", took.as_secs_f64());
        let bar = self.bar(number, all, self.width().saturating_sub(seconds.len() + 3).min(48));
        self.print(&format!("{} {} {bar}\n", self.paint(GREEN, true, "✓"), self.paint(GREY, false, &seconds)));
    }

    /// Something went well that is no step.
    pub(super) fn good(&self, what: &str) {
        self.print(&format!("{} {}\n", self.paint(GREEN, true, "✓"), neutralise(what, true)));
    }

    /// A remark.
    pub(super) fn note(&self, what: &str) {
        self.print(&format!("{}\n", self.paint(GREY, false, &format!("· {}", neutralise(what, true)))));
    }

    /// A text that someone sent to this agent.
    pub(super) fn message(&self, what: &str) {
        self.print(&format!("{} {}\n", self.paint(SKY, true, "✉"), neutralise(what, false)));
    }

    /// Something went wrong and a person has to decide; `keys` are what they can press, with what each does.
    pub(super) fn ask(&self, what: &str, hint: Option<&str>, keys: &[(char, &str)]) {
        let mut out = format!("\n{} {}\n", self.paint(RED, true, "✗"), self.paint(RED, true, &neutralise(what, false)));
        if let Some(hint) = hint {
            out.push_str(&format!("  {}\n", neutralise(hint, false)));
        }
        let keys: Vec<String> =
            keys.iter().map(|(key, does)| format!("{} {does}", self.paint(AMBER, true, &key.to_string()))).collect();
        out.push_str(&format!("  {}\n", keys.join("   ")));
        self.print(&out);
    }

    /// Tells whoever shows this terminal what state the work is in (OSC 7501) and what it is about (the title).
    pub(super) fn status(&self, status: Status, progress: Option<usize>, title: &str, message: &str) {
        let (word, glyph) = match status {
            Status::Working => ("working", "▸"),
            Status::Blocked => ("blocked", "✋"),
            Status::Done => ("done", "✓"),
        };
        let mut report = format!("\x1b]7501;state={word}:app=script");
        if status == Status::Blocked {
            report.push_str(":kind=question");
        }
        if let Some(percent) = progress {
            report.push_str(&format!(":progress={percent}"));
        }
        if !message.is_empty() {
            report.push_str(&format!(":msg={}", STANDARD.encode(text::truncate(message, 200).as_bytes())));
        }
        report.push_str(&format!("\x1b\\\x1b]2;{glyph} {}\x1b\\", text::truncate(&neutralise(title, true), 80)));
        self.control(&report);
    }
}
