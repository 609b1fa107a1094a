//! A terminal for tests: runs a program in a real PTY and keeps its screen, by an emulator that is not our own.
#![allow(dead_code)]

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use alacritty_terminal::Term;
use alacritty_terminal::event::{Event, EventListener};
use alacritty_terminal::grid::Dimensions;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::Config;
use alacritty_terminal::term::TermMode;
use alacritty_terminal::term::cell::{Cell, Flags};
use alacritty_terminal::vte::ansi::Processor;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::support::{PATIENCE, Sandbox};

/// What the program's questions to its terminal are answered with, and what it put on the clipboard.
#[derive(Clone)]
struct Answers(Arc<Mutex<Box<dyn Write + Send>>>, Arc<Mutex<Vec<String>>>);

impl EventListener for Answers {
    fn send_event(&self, event: Event) {
        match event {
            Event::PtyWrite(text) => {
                let _ = self.0.lock().unwrap().write_all(text.as_bytes());
            }
            Event::ClipboardStore(_, text) => self.1.lock().unwrap().push(text),
            _ => {}
        }
    }
}

struct Size(usize, usize);

impl Dimensions for Size {
    fn total_lines(&self) -> usize {
        self.1
    }
    fn screen_lines(&self) -> usize {
        self.1
    }
    fn columns(&self) -> usize {
        self.0
    }
}

/// A program on a terminal.
pub struct Screen {
    term: Arc<Mutex<Term<Answers>>>,
    input: Arc<Mutex<Box<dyn Write + Send>>>,
    copied: Arc<Mutex<Vec<String>>>,
    written: Arc<Mutex<Vec<u8>>>,
    master: Box<dyn MasterPty + Send>,
    pub child: Box<dyn Child + Send + Sync>,
}

impl Screen {
    /// Starts `program` in the sandbox's environment on a terminal of this size.
    pub fn start(
        sandbox: &Sandbox,
        cwd: &Path,
        size: (u16, u16),
        program: &str,
        args: &[&str],
        env: &[(&str, &str)],
    ) -> Screen {
        let pty = native_pty_system()
            .openpty(PtySize { cols: size.0, rows: size.1, pixel_width: 0, pixel_height: 0 })
            .unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.cwd(cwd);
        command.env_clear();
        for (name, value) in sandbox.command(program).get_envs() {
            if let Some(value) = value {
                command.env(name, value);
            }
        }
        command.env("COLORTERM", "truecolor");
        for (name, value) in env {
            command.env(name, value);
        }
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let mut output = pty.master.try_clone_reader().unwrap();
        let input = Arc::new(Mutex::new(pty.master.take_writer().unwrap()));
        let config = Config { kitty_keyboard: true, ..Config::default() };
        let size = Size(usize::from(size.0), usize::from(size.1));
        let copied = Arc::default();
        let answers = Answers(Arc::clone(&input), Arc::clone(&copied));
        let term = Arc::new(Mutex::new(Term::new(config, &size, answers)));
        let shared = Arc::clone(&term);
        let written = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&written);
        std::thread::spawn(move || {
            let mut parser: Processor = Processor::new();
            let mut buffer = [0; 8192];
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                record.lock().unwrap().extend(&buffer[..count]);
                parser.advance(&mut *shared.lock().unwrap(), &buffer[..count]);
            }
        });
        Screen { term, input, copied, written, master: pty.master, child }
    }

    /// The screen as text, rows right-trimmed.
    pub fn text(&self) -> String {
        let term = self.term.lock().unwrap();
        let mut out = String::new();
        for row in 0..term.screen_lines() {
            let mut line = String::new();
            for column in 0..term.columns() {
                let cell = &term.grid()[Line(row as i32)][Column(column)];
                if !cell.flags.contains(Flags::WIDE_CHAR_SPACER) {
                    line.push(cell.c);
                    line.extend(cell.zerowidth().into_iter().flatten());
                }
            }
            out.push_str(line.trim_end());
            out.push('\n');
        }
        out
    }

    /// The cell at a row and column from 0.
    pub fn cell(&self, row: i32, column: usize) -> Cell {
        self.term.lock().unwrap().grid()[Line(row)][Column(column)].clone()
    }

    /// What the program put on the clipboard, the newest last.
    pub fn copied(&self) -> Vec<String> {
        self.copied.lock().unwrap().clone()
    }

    /// Waits until the program has written exactly these bytes at some time.
    #[track_caller]
    pub fn wait_written(&self, bytes: &str) {
        let start = Instant::now();
        let there = || self.written.lock().unwrap().windows(bytes.len()).any(|part| part == bytes.as_bytes());
        while !there() {
            assert!(start.elapsed() < PATIENCE, "{bytes:?} was not written; the screen:\n{}", self.text());
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    /// Whether the program uses the alternate screen, that is, holds the terminal.
    pub fn taken_over(&self) -> bool {
        self.term.lock().unwrap().mode().contains(TermMode::ALT_SCREEN)
    }

    /// The cursor's column and row, when it is shown.
    pub fn cursor(&self) -> Option<(usize, usize)> {
        let term = self.term.lock().unwrap();
        let point = term.grid().cursor.point;
        term.mode().contains(TermMode::SHOW_CURSOR).then_some((point.column.0, point.line.0 as usize))
    }

    /// Types bytes as they are.
    pub fn send(&self, bytes: impl AsRef<[u8]>) {
        let mut input = self.input.lock().unwrap();
        input.write_all(bytes.as_ref()).unwrap();
        input.flush().unwrap();
    }

    /// Changes the terminal's size.
    pub fn resize(&self, columns: u16, rows: u16) {
        self.term.lock().unwrap().resize(Size(usize::from(columns), usize::from(rows)));
        self.master.resize(PtySize { cols: columns, rows, pixel_width: 0, pixel_height: 0 }).unwrap();
    }

    /// Waits until `check` holds for the text; shows the screen when it never does.
    #[track_caller]
    pub fn wait(&self, what: &str, mut check: impl FnMut(&str) -> bool) -> String {
        let start = Instant::now();
        loop {
            let text = self.text();
            if check(&text) {
                return text;
            }
            assert!(start.elapsed() < PATIENCE, "gave up waiting for {what}; the screen:\n{text}");
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }

    /// Waits until the text is on the screen.
    #[track_caller]
    pub fn wait_text(&self, words: &str) -> String {
        self.wait(words, |text| text.contains(words))
    }

    /// Waits for the program's end and returns its exit code.
    pub fn end(&mut self) -> u32 {
        self.child.wait().unwrap().exit_code()
    }
}
