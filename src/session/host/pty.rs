//! The agent's terminal and its program.

use std::collections::{BTreeMap, VecDeque};
use std::ffi::OsString;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use rustix::termios::{Winsize, tcsetwinsize};

use super::os;
use crate::base::{Error, Result};
use crate::session::record::SessionSpec;
use crate::session::start::{DETACHED_ENV, SESSION_ID_ENV};

/// Bytes for the program that may wait; clients that send more are not read until it has taken some.
pub(super) const MAX_INPUT: usize = 1024 * 1024;

/// Variables that tell a program about a terminal other than ours, or that it runs inside another agent.
const FOREIGN: &[&str] = &[
    "TMUX",
    "TMUX_PANE",
    "STY",
    "WINDOW",
    "TERM_PROGRAM_VERSION",
    "TERM_SESSION_ID",
    "TERMINAL_EMULATOR",
    "VTE_VERSION",
    "WT_SESSION",
    "WT_PROFILE_ID",
    "INSIDE_EMACS",
    "LINES",
    "COLUMNS",
    "CLAUDECODE",
    "CLAUDE_CODE_ENTRYPOINT",
    "CLAUDE_CODE_SSE_PORT",
    DETACHED_ENV,
];
const FOREIGN_PREFIXES: &[&str] =
    &["ZELLIJ", "KITTY_", "ITERM_", "WEZTERM_", "ALACRITTY_", "GHOSTTY_", "KONSOLE_", "VSCODE_", "HERDR_"];

/// What reading the terminal gave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Input {
    /// So many bytes.
    Bytes(usize),
    /// Nothing for now.
    Nothing,
    /// No process has the terminal open any more.
    Closed,
}

/// Reads what was written to the terminal whose master side `fd` is.
pub(super) fn read(fd: &OwnedFd, buffer: &mut [u8]) -> Input {
    match nix::unistd::read(fd, buffer) {
        Ok(0) | Err(Errno::EIO) => Input::Closed,
        Ok(count) => Input::Bytes(count),
        Err(Errno::EAGAIN | Errno::EINTR) => Input::Nothing,
        Err(_) => Input::Closed,
    }
}

/// The master side of the terminal.
pub(super) struct Pty {
    fd: OwnedFd,
    input: VecDeque<u8>,
    /// The program's pid.
    pub child: i32,
    /// Bytes the program was given.
    pub written: u64,
}

impl Pty {
    /// Opens a terminal and runs the program of `spec` on it, marked with `mark`.
    ///
    /// # Errors
    /// When there is no terminal to be had, the directory is missing or the program can't be run.
    pub fn spawn(spec: &SessionSpec, size: (u16, u16), mark: &str) -> Result<Pty> {
        let Some((program, args)) = spec.argv.split_first() else {
            return Err(Error::usage("no program to run"));
        };
        if !spec.cwd.is_dir() {
            return Err(Error::failed(format!("no directory {}", spec.cwd.display())));
        }
        let pair = native_pty_system()
            .openpty(pty_size(size))
            .map_err(|error| Error::failed(format!("open a terminal: {error:#}")))?;
        let mut command = CommandBuilder::new(program);
        command.args(args);
        command.cwd(&spec.cwd);
        command.env_clear();
        for (key, value) in environment(spec, mark) {
            command.env(key, value);
        }
        let child = pair.slave.spawn_command(command).map_err(|error| {
            Error::failed(format!("run {program}: {error:#}"))
                .hint(format!("is {program} installed and on PATH? `gt config agent list` shows the command"))
        })?;
        let pid = child.process_id().and_then(|pid| i32::try_from(pid).ok());
        let Some(pid) = pid else { return Err(Error::failed(format!("run {program}: it has no pid"))) };
        let raw = pair.master.as_raw_fd().ok_or_else(|| Error::failed("the terminal has no descriptor"))?;
        Pty::of(os::duplicate(raw)?, pid)
    }

    /// The terminal whose master side `fd` is, with the program `child` on it.
    ///
    /// # Errors
    /// When `fd` is no open descriptor.
    pub fn of(fd: OwnedFd, child: i32) -> Result<Pty> {
        let flags = OFlag::from_bits_truncate(fcntl(&fd, FcntlArg::F_GETFL)?);
        fcntl(&fd, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
        Ok(Pty { fd, input: VecDeque::new(), child, written: 0 })
    }

    /// Reads what the program wrote.
    pub fn read(&self, buffer: &mut [u8]) -> Input {
        read(&self.fd, buffer)
    }

    /// Queues bytes for the program and writes what it takes at once.
    pub fn send(&mut self, bytes: &[u8]) {
        self.input.extend(bytes);
        self.flush();
    }

    /// Writes what the program takes.
    pub fn flush(&mut self) {
        while !self.input.is_empty() {
            let (first, _) = self.input.as_slices();
            match nix::unistd::write(&self.fd, first) {
                Ok(count) => {
                    self.input.drain(..count);
                    self.written += count as u64;
                }
                Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => break,
                // The program is gone; what it was to be given goes with it.
                Err(_) => self.input.clear(),
            }
        }
        if self.input.is_empty() && self.input.capacity() > 64 * 1024 {
            self.input = VecDeque::new();
        }
    }

    /// Bytes that wait for the program.
    pub fn waiting(&self) -> usize {
        self.input.len()
    }

    /// Tells the program the terminal's new size.
    pub fn resize(&self, (cols, rows): (u16, u16)) {
        let size = Winsize { ws_row: rows, ws_col: cols, ws_xpixel: 0, ws_ypixel: 0 };
        // The only failure is a terminal that is gone.
        let _ = tcsetwinsize(&self.fd, size);
    }

    /// The terminal's size as the program sees it.
    pub fn size(&self) -> Option<(u16, u16)> {
        rustix::termios::tcgetwinsize(&self.fd).ok().map(|size| (size.ws_col, size.ws_row))
    }

    /// What waits for the program.
    pub fn unwritten(&self) -> Vec<u8> {
        self.input.iter().copied().collect()
    }
}

impl AsFd for Pty {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

impl AsRawFd for Pty {
    fn as_raw_fd(&self) -> i32 {
        self.fd.as_raw_fd()
    }
}

fn pty_size((cols, rows): (u16, u16)) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

/// The program's environment: ours without what speaks of other terminals, then the session's, then the terminal's and the marks.
fn environment(spec: &SessionSpec, mark: &str) -> BTreeMap<OsString, OsString> {
    let mut env: BTreeMap<OsString, OsString> = std::env::vars_os()
        .filter(|(key, _)| {
            let key = key.to_string_lossy();
            !FOREIGN.contains(&key.as_ref()) && !FOREIGN_PREFIXES.iter().any(|prefix| key.starts_with(prefix))
        })
        .collect();
    let mut set = |key: &str, value: &str| {
        env.insert(key.into(), value.into());
    };
    for (key, value) in &spec.env {
        set(key, value);
    }
    set("TERM", "xterm-256color");
    set("COLORTERM", "truecolor");
    set("TERM_PROGRAM", "gastown");
    set("GT_SESSION", &spec.name);
    set(SESSION_ID_ENV, mark);
    let ours = std::env::current_exe().ok().and_then(|exe| exe.parent().map(Path::to_owned));
    if let Some(ours) = ours {
        let path = env.get(&OsString::from("PATH")).cloned().unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
        let rest = std::env::split_paths(&path).filter(|directory| *directory != ours);
        if let Ok(path) = std::env::join_paths(std::iter::once(ours.clone()).chain(rest)) {
            env.insert("PATH".into(), path);
        }
    }
    env
}
