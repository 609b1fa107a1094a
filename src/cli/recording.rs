//! `gt session replay`, `gt session export`: what sessions showed.

use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};
use crossterm::{cursor, execute, terminal};
use serde_json::json;

use crate::base::{Error, Result, ResultExt, files};
use crate::session::{HISTORY, Recording, What, registry};
use crate::terminal::{Attrs, Color, Emulator, Line, Run, Style, new_emulator, put_line};
use crate::town::Town;

/// A pause in a recording is played no longer than this.
const LONGEST_PAUSE: f64 = 2.0;

/// Arguments of `gt session replay`.
#[derive(Debug, Args)]
pub struct Replay {
    /// The agent or session
    agent: String,
    /// How many times as fast
    #[arg(long, short, default_value_t = 1.0)]
    speed: f64,
    /// Begin so many seconds after the session did
    #[arg(long, default_value_t = 0.0)]
    at: f64,
    /// Which of its runs: 1 is the latest, 2 the one before
    #[arg(long, default_value_t = 1)]
    run: usize,
}

/// Arguments of `gt session export`.
#[derive(Debug, Args)]
#[command(group(clap::ArgGroup::new("form").required(true).args(["cast", "text", "html"])))]
pub struct Export {
    /// The agent or session
    agent: String,
    /// As an asciicast, which asciinema and its players play
    #[arg(long)]
    cast: bool,
    /// As plain text
    #[arg(long)]
    text: bool,
    /// As a page with colours
    #[arg(long)]
    html: bool,
    /// Write to this file instead of standard output
    #[arg(long, short)]
    output: Option<PathBuf>,
    /// Which of its runs: 1 is the latest, 2 the one before
    #[arg(long, default_value_t = 1)]
    run: usize,
}

fn recording(town: &Town, agent: &str, run: usize) -> Result<Recording> {
    let record = registry::resolve(town, agent)?;
    if run <= 1 {
        return registry::recording(town, &record);
    }
    let mut all = registry::recordings(town, &record.name);
    let count = all.len();
    match count.checked_sub(run) {
        Some(index) => Ok(all.swap_remove(index)),
        None => Err(Error::not_found(format!("{} has {count} recorded runs", record.address))),
    }
}

/// What happened, in order, each with the seconds since the session began. A later segment's picture of the terminal is left out where
/// nothing is missing before it.
fn events(recording: &Recording, mut take: impl FnMut(f64, (u16, u16), What) -> Result<()>) -> Result<()> {
    let mut first = true;
    recording.each(|at, segment| {
        let size = (segment.header.width, segment.header.height);
        let whole = !first && segment.header.skipped == 0 && segment.header.checkpoint;
        if !first && !whole {
            let skipped = format!("{} bytes were not kept", segment.header.skipped);
            take(at, size, What::Mark(skipped))?;
            // The picture is drawn on a cleared screen.
            take(at, size, What::Output("\x1bc".into()))?;
        }
        first = false;
        for event in segment.events.into_iter().skip(usize::from(whole)) {
            take(at + event.time, size, event.what)?;
        }
        Ok(())
    })
}

impl Replay {
    /// Does it.
    ///
    /// # Errors
    /// When there is no recording or no terminal here.
    pub fn run(self, town: &Town) -> Result<()> {
        if !(self.speed > 0.0 && self.speed.is_finite()) {
            return Err(Error::usage("a speed above 0").hint("--speed 4 plays four times as fast"));
        }
        let recording = recording(town, &self.agent, self.run)?;
        if !io::stdout().is_terminal() {
            return Err(Error::usage("gt session replay needs a terminal")
                .hint(format!("gt session export {} --text prints it", self.agent)));
        }
        terminal::enable_raw_mode().context("terminal")?;
        execute!(io::stdout(), terminal::EnterAlternateScreen, cursor::Hide)?;
        let played = self.play(&recording);
        execute!(io::stdout(), cursor::Show, terminal::LeaveAlternateScreen)?;
        terminal::disable_raw_mode().context("terminal")?;
        match played {
            Err(error) if error.message() == LEFT => Ok(()),
            other => other,
        }
    }

    fn play(&self, recording: &Recording) -> Result<()> {
        let mut emulator: Option<Box<dyn Emulator>> = None;
        let mut shown: Vec<Line> = Vec::new();
        let mut last = self.at;
        let mut drawn = Instant::now();
        events(recording, |time, (cols, rows), what| {
            let emulator = emulator.get_or_insert_with(|| new_emulator(cols, rows, 0));
            if time > last {
                draw(emulator.as_mut(), &mut shown)?;
                drawn = Instant::now();
                pause(Duration::from_secs_f64((time - last).min(LONGEST_PAUSE) / self.speed))?;
                last = time;
            } else if drawn.elapsed() > Duration::from_millis(100) {
                pause(Duration::ZERO)?;
                drawn = Instant::now();
            }
            match what {
                What::Output(text) => emulator.feed(text.as_bytes()),
                What::Resize(cols, rows) => emulator.resize(cols, rows),
                What::Mark(_) => {}
            }
            emulator.take_replies();
            emulator.take_events();
            Ok(())
        })?;
        if let Some(emulator) = &mut emulator {
            draw(emulator.as_mut(), &mut shown)?;
        }
        // The last picture stays until a key is pressed.
        loop {
            pause(Duration::from_secs(3600))?;
        }
    }
}

/// What leaving a replay is told by.
const LEFT: &str = "left";

/// Waits; a key ends the replay.
fn pause(time: Duration) -> Result<()> {
    let end = Instant::now() + time;
    loop {
        if !crossterm::event::poll(end.saturating_duration_since(Instant::now()))? {
            return Ok(());
        }
        if let Event::Key(key) = crossterm::event::read()?
            && key.kind == KeyEventKind::Press
            && (matches!(key.code, KeyCode::Char('q') | KeyCode::Esc | KeyCode::Enter)
                || key.modifiers.contains(KeyModifiers::CONTROL))
        {
            return Err(Error::failed(LEFT));
        }
    }
}

/// Draws the rows that differ from those shown, as far as they fit.
fn draw(emulator: &mut dyn Emulator, shown: &mut Vec<Line>) -> Result<()> {
    emulator.refresh(Instant::now());
    let (cols, rows) = terminal::size().context("terminal size")?;
    let screen = emulator.screen();
    let mut out = String::new();
    shown.resize(screen.lines.len(), Line::default());
    for (row, line) in screen.lines.iter().enumerate().take(usize::from(rows)) {
        if shown[row] != *line {
            let _ = write!(out, "\x1b[{};1H\x1b[0m", row + 1);
            put_line(&mut out, &cut(line, cols));
            out.push_str("\x1b[K");
            shown[row] = line.clone();
        }
    }
    io::stdout().write_all(out.as_bytes()).and_then(|()| io::stdout().flush()).context("terminal")
}

/// The part of `line` that fits into `cols` columns.
fn cut(line: &Line, cols: u16) -> Line {
    let cells = line.cells().take_while(|cell| cell.col + cell.width <= cols);
    let runs = cells.map(|cell| Run { text: cell.text.into(), style: cell.style, cols: cell.width, link: None });
    Line { runs: runs.collect(), wrapped: false }
}

impl Export {
    /// Does it.
    ///
    /// # Errors
    /// When there is no recording, or the file can't be written.
    pub fn run(self, town: &Town) -> Result<()> {
        let recording = recording(town, &self.agent, self.run)?;
        let text = if self.cast {
            cast(&recording)?
        } else {
            let lines = lines(&recording)?;
            if self.html { html(&self.agent, &lines) } else { plain(&lines) }
        };
        match &self.output {
            Some(path) => files::write_atomic(&std::path::absolute(path)?, text.as_bytes(), 0o600),
            None => io::stdout().write_all(text.as_bytes()).context("write"),
        }
    }
}

/// One asciicast of all segments.
fn cast(recording: &Recording) -> Result<String> {
    let mut out = String::new();
    events(recording, |time, (width, height), what| {
        if out.is_empty() {
            let timestamp = recording.started_at.unix_seconds();
            let env = json!({"TERM": "xterm-256color"});
            let header = json!({"version": 2, "width": width, "height": height, "timestamp": timestamp, "env": env});
            let _ = writeln!(out, "{header}");
        }
        let (code, data) = what.code();
        let _ = writeln!(out, "{}", json!([time, code, data]));
        Ok(())
    })?;
    Ok(out)
}

/// All lines a recording's terminal had at its end, as far back as they are kept.
fn lines(recording: &Recording) -> Result<Vec<Line>> {
    let mut emulator: Option<Box<dyn Emulator>> = None;
    events(recording, |_, (cols, rows), what| {
        let emulator = emulator.get_or_insert_with(|| new_emulator(cols, rows, HISTORY));
        match what {
            What::Output(text) => emulator.feed(text.as_bytes()),
            What::Resize(cols, rows) => emulator.resize(cols, rows),
            What::Mark(_) => {}
        }
        emulator.take_replies();
        emulator.take_events();
        Ok(())
    })?;
    let Some(mut emulator) = emulator else { return Ok(Vec::new()) };
    let mut lines = emulator.lines(0, usize::MAX).lines;
    emulator.refresh(Instant::now());
    if emulator.screen().modes.alt_screen {
        lines.extend(emulator.screen().lines.iter().cloned());
    }
    while lines.last().is_some_and(|line| line.text().is_empty()) {
        lines.pop();
    }
    Ok(lines)
}

fn plain(lines: &[Line]) -> String {
    let mut out = String::new();
    for line in lines {
        out.push_str(&line.text());
        if !line.wrapped {
            out.push('\n');
        }
    }
    out
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn html(title: &str, lines: &[Line]) -> String {
    let mut out = format!(
        "<!doctype html>\n<meta charset=\"utf-8\">\n<title>{}</title>\n<style>body{{background:#111;color:#ddd}}pre{{font:14px/1.25 \
         monospace}}</style>\n<pre>\n",
        escape(title)
    );
    for line in lines {
        for run in &line.runs {
            let css = css(run.style);
            if css.is_empty() {
                out.push_str(&escape(&run.text));
            } else {
                let _ = write!(out, "<span style=\"{css}\">{}</span>", escape(&run.text));
            }
        }
        out.push('\n');
    }
    out.push_str("</pre>\n");
    out
}

fn css(style: Style) -> String {
    let color = |color: Color| match color {
        Color::Default => None,
        Color::Indexed(index) => Some(crate::terminal::indexed_color(index)),
        Color::Rgb(r, g, b) => Some((r, g, b)),
    };
    let hex = |(r, g, b): (u8, u8, u8)| format!("#{r:02x}{g:02x}{b:02x}");
    let (mut fg, mut bg) = (color(style.fg).map(hex), color(style.bg).map(hex));
    if style.attrs.has(Attrs::INVERSE) {
        (fg, bg) = (Some(bg.unwrap_or("#111".into())), Some(fg.unwrap_or("#ddd".into())));
    }
    let mut out = String::new();
    let mut add = |key: &str, value: Option<String>| {
        if let Some(value) = value {
            let _ = write!(out, "{key}:{value};");
        }
    };
    add("color", fg);
    add("background", bg);
    for (attr, key, value) in [
        (Attrs::BOLD, "font-weight", "bold"),
        (Attrs::DIM, "opacity", ".6"),
        (Attrs::ITALIC, "font-style", "italic"),
        (Attrs::ANY_UNDERLINE, "text-decoration", "underline"),
        (Attrs::STRIKE, "text-decoration", "line-through"),
        (Attrs::HIDDEN, "visibility", "hidden"),
    ] {
        add(key, style.attrs.has(attr).then(|| value.to_owned()));
    }
    out
}
