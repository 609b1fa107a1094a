//! Runs a bead's script on the terminal: step after step, then the commit, then `gt done`.

use std::io::Read;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};
use std::{io, thread};

use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{self, LocalFlags, SetArg, Termios};
use nix::unistd::Pid;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use super::display::{Display, Status};
use super::input::{Input, PASTE_OFF, PASTE_ON, Typed};
use super::parse::{Script, parse};
use super::progress::Progress;
use crate::base::{Error, Result, ResultExt};
use crate::repo::Worktree;

/// How long a step may take to end after it was told to.
const GRACE: Duration = Duration::from_secs(2);
/// How `gt done` ends when it could not do what was right to ask for.
const COULD_NOT: &str = "exit 1";
/// How often that is tried again.
const HAND_IN_TRIES: u32 = 4;

/// The words of a bead, read anew when a person asks to try again.
#[derive(Debug, Clone)]
pub struct BeadText {
    /// Its title, which becomes the commit's.
    pub title: String,
    /// Its description, which holds the script.
    pub description: String,
}

/// What is to be done, and where.
pub struct Job<'a> {
    /// The bead's id.
    pub bead: &'a str,
    /// The worktree the steps run in.
    pub worktree: &'a Path,
    /// Reads the bead.
    pub load: &'a mut dyn FnMut() -> Result<BeadText>,
    /// The command that hands the work in, as program and arguments.
    pub done: &'a [String],
}

/// What a person decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Retry,
    Skip,
    GiveUp,
}

/// Why a run ends early.
enum Stop {
    /// With this exit code.
    Exit(u8),
    Failed(Error),
}

impl<E: Into<Error>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

enum Event {
    Signal(i32),
    Input(Vec<u8>),
    InputEnded,
    Ended(io::Result<ExitStatus>),
}

/// Does the job; returns the exit code: 0 when the work is handed in, 1 when it was given up, 128 and the signal when told to end.
///
/// # Errors
/// When the terminal, the worktree or the record of progress can't be used at all. What a person can mend is asked instead.
pub fn run(job: &mut Job<'_>) -> Result<u8> {
    let worktree = Worktree::open(job.worktree)?;
    let progress = Progress::load(&worktree.private_dir()?, job.bead)?;
    let (sender, events) = channel();
    watch_signals(sender.clone())?;
    let quiet = QuietTerminal::enter();
    let answers = quiet.is_some();
    if answers {
        watch_input(sender.clone());
    }
    let mut runner = Runner {
        display: Display::new(),
        events,
        sender,
        input: Input::default(),
        answers,
        title: job.bead.to_owned(),
        percent: 0,
    };
    runner.display.control(PASTE_ON);
    let ended = runner.go(job, &worktree, progress);
    runner.display.control(PASTE_OFF);
    match ended {
        Ok(()) => Ok(0),
        Err(Stop::Exit(code)) => Ok(code),
        Err(Stop::Failed(error)) => Err(error),
    }
}

struct Runner {
    display: Display,
    events: Receiver<Event>,
    sender: Sender<Event>,
    input: Input,
    answers: bool,
    title: String,
    percent: usize,
}

impl Runner {
    fn go(&mut self, job: &mut Job<'_>, worktree: &Worktree, mut progress: Progress) -> std::result::Result<(), Stop> {
        let mut text = (job.load)()?;
        self.title = format!("{} {}", job.bead, text.title);
        let mut announced = false;
        loop {
            let script = match parse(&text.description) {
                Ok(script) => script,
                Err(error) => {
                    self.ask(
                        error.message(),
                        error.hint_text(),
                        &[(Answer::Retry, "read the bead again"), (Answer::GiveUp, "give up")],
                    )?;
                    text = (job.load)()?;
                    continue;
                }
            };
            if !announced {
                self.display.header(job.bead, &text.title, script.steps.len(), progress.next(&script));
                announced = true;
            }
            match self.steps(&script, &mut progress, job.worktree)? {
                true => break,
                // The bead may have been mended meanwhile.
                false => text = (job.load)()?,
            }
        }
        self.commit(job.bead, &text.title, worktree)?;
        self.hand_in(job)
    }

    /// Runs the steps that are left; false when a person wants to try again.
    fn steps(&mut self, script: &Script, progress: &mut Progress, cwd: &Path) -> std::result::Result<bool, Stop> {
        let all = script.steps.len();
        for index in progress.next(script)..all {
            let step = &script.steps[index];
            self.percent = 100 * index / all;
            self.display.status(
                Status::Working,
                Some(self.percent),
                &format!("{}/{all} {}", index + 1, self.title),
                &step.title,
            );
            self.display.step(index + 1, all, &step.title, &step.body);
            let mut command = Command::new("sh");
            command.args(["-eu", "-c", &step.body]).current_dir(cwd).stdin(Stdio::null());
            let start = Instant::now();
            match self.child(command, true)? {
                Ok(()) => {
                    progress.finish(script, index, false)?;
                    self.display.finished(index + 1, all, start.elapsed());
                }
                Err(how) => {
                    let what = format!("step {}/{all} failed: {how}", index + 1);
                    let keys =
                        [(Answer::Retry, "retry"), (Answer::Skip, "skip this step"), (Answer::GiveUp, "give up")];
                    if self.ask(&what, None, &keys)? == Answer::Retry {
                        return Ok(false);
                    }
                    progress.finish(script, index, true)?;
                    self.display.note(&format!("step {}/{all} skipped", index + 1));
                }
            }
        }
        self.percent = 100;
        Ok(true)
    }

    fn commit(&mut self, bead: &str, title: &str, worktree: &Worktree) -> std::result::Result<(), Stop> {
        let message = format!("{} ({bead})\n", title.trim());
        loop {
            match worktree.commit_all(&message, &[]) {
                Ok(Some(commit)) => {
                    self.display.good(&format!("committed {}", commit.get(..10).unwrap_or(&commit)));
                    return Ok(());
                }
                Ok(None) => {
                    self.display.note("nothing changed, so there is nothing to commit");
                    return Ok(());
                }
                Err(error) => {
                    let keys = [(Answer::Retry, "try to commit again"), (Answer::GiveUp, "give up")];
                    self.ask(&format!("the commit failed: {error}"), error.hint_text(), &keys)?;
                }
            }
        }
    }

    fn hand_in(&mut self, job: &Job<'_>) -> std::result::Result<(), Stop> {
        let Some((program, arguments)) = job.done.split_first() else { return Ok(()) };
        let mut tries = 0;
        loop {
            self.display.status(Status::Done, Some(100), &self.title.clone(), "");
            let mut command = Command::new(program);
            command.args(arguments).current_dir(job.worktree).stdin(Stdio::null());
            match self.child(command, false)? {
                Ok(()) => return Ok(()),
                // Settings in the middle of a change, a full disk: what may mend itself is tried again before a person is asked.
                Err(how) if how == COULD_NOT && tries < HAND_IN_TRIES => {
                    self.display.note(&format!("it could not be handed in; again in {} s", 1 << tries));
                    self.pause(Duration::from_secs(1 << tries))?;
                    tries += 1;
                }
                Err(how) => {
                    let keys = [(Answer::Retry, "hand in again"), (Answer::GiveUp, "give up")];
                    self.ask(&format!("the work could not be handed in: {how}"), None, &keys)?;
                }
            }
        }
    }

    /// Runs a command to its end. A signal to end is passed on to it when `ours`; `gt done` is not ours: it is what ends us.
    fn child(
        &mut self,
        mut command: Command,
        ours: bool,
    ) -> std::result::Result<std::result::Result<(), String>, Stop> {
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return Ok(Err(format!("{}: {error}", command.get_program().display()))),
        };
        let pid = Pid::from_raw(i32::try_from(child.id()).map_err(|error| Error::failed(error.to_string()))?);
        let sender = self.sender.clone();
        thread::spawn(move || {
            // The receiver is gone only when the process is ending.
            let _ = sender.send(Event::Ended(child.wait()));
        });
        loop {
            match self.next()? {
                Event::Ended(status) => {
                    let status = status?;
                    return Ok(if status.success() { Ok(()) } else { Err(how_it_ended(status)) });
                }
                Event::Signal(SIGINT) => {}
                Event::Signal(signal) => {
                    if ours {
                        // Gone already is as good.
                        let _ = kill(pid, Signal::SIGTERM);
                        self.wait_for_end();
                    }
                    return Err(exit_of(signal));
                }
                Event::Input(bytes) => {
                    self.typed(&bytes);
                }
                Event::InputEnded => self.answers = false,
            }
        }
    }

    /// Waits; a signal to end ends the run.
    fn pause(&mut self, time: Duration) -> std::result::Result<(), Stop> {
        let deadline = Instant::now() + time;
        while let Some(left) = deadline.checked_duration_since(Instant::now()) {
            match self.events.recv_timeout(left) {
                Ok(Event::Signal(signal)) if signal != SIGINT => return Err(exit_of(signal)),
                Ok(Event::Input(bytes)) => drop(self.typed(&bytes)),
                Ok(Event::InputEnded) => self.answers = false,
                Ok(_) => {}
                Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    fn wait_for_end(&self) {
        let deadline = Instant::now() + GRACE;
        while let Some(left) = deadline.checked_duration_since(Instant::now()) {
            match self.events.recv_timeout(left) {
                Ok(Event::Ended(_)) | Err(_) => return,
                Ok(_) => {}
            }
        }
    }

    /// Shows what is wrong and waits for a person; giving up ends the run.
    fn ask(&mut self, what: &str, hint: Option<&str>, answers: &[(Answer, &str)]) -> std::result::Result<Answer, Stop> {
        let keys: Vec<(char, &str)> = answers.iter().map(|(answer, does)| (key(*answer), *does)).collect();
        self.display.ask(what, hint, &keys);
        self.display.status(Status::Blocked, Some(self.percent), &self.title.clone(), what);
        // What was typed before the question is no answer to it.
        while let Ok(event) = self.events.try_recv() {
            match event {
                Event::Input(bytes) => drop(self.typed(&bytes)),
                Event::InputEnded => self.answers = false,
                Event::Signal(signal) if signal != SIGINT => return Err(exit_of(signal)),
                Event::Signal(_) | Event::Ended(_) => {}
            }
        }
        if !self.answers {
            self.display.note("no terminal to answer on: given up");
            return Err(Stop::Exit(1));
        }
        loop {
            match self.next()? {
                Event::Input(bytes) => {
                    for typed in self.typed(&bytes) {
                        let answer = answers.iter().map(|(answer, _)| *answer).find(|answer| key(*answer) == typed);
                        match answer {
                            Some(Answer::GiveUp) => return Err(Stop::Exit(1)),
                            Some(answer) => return Ok(answer),
                            None => {}
                        }
                    }
                }
                // The terminal hung up: the signal that says so ends us.
                Event::InputEnded | Event::Ended(_) => {}
                Event::Signal(SIGINT) => self.display.note("q gives up"),
                Event::Signal(signal) => return Err(exit_of(signal)),
            }
        }
    }

    /// Shows notes that came in and returns the keys.
    fn typed(&mut self, bytes: &[u8]) -> Vec<char> {
        let mut keys = Vec::new();
        for typed in self.input.feed(bytes) {
            match typed {
                Typed::Key(key) => keys.push(key),
                Typed::Note(text) => self.display.message(&text),
            }
        }
        keys
    }

    fn next(&self) -> Result<Event> {
        self.events.recv().map_err(|error| Error::failed(error.to_string()))
    }
}

fn key(answer: Answer) -> char {
    match answer {
        Answer::Retry => 'r',
        Answer::Skip => 's',
        Answer::GiveUp => 'q',
    }
}

fn exit_of(signal: i32) -> Stop {
    Stop::Exit(u8::try_from(128 + signal).unwrap_or(1))
}

fn how_it_ended(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit {code}"),
        (None, Some(signal)) => format!("signal {signal}"),
        (None, None) => "it was stopped".into(),
    }
}

fn watch_signals(sender: Sender<Event>) -> Result<()> {
    let mut signals = signal_hook::iterator::Signals::new([SIGTERM, SIGHUP, SIGINT]).context("watch for signals")?;
    thread::spawn(move || {
        for signal in signals.forever() {
            if sender.send(Event::Signal(signal)).is_err() {
                return;
            }
        }
    });
    Ok(())
}

fn watch_input(sender: Sender<Event>) {
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        loop {
            let event = match io::stdin().lock().read(&mut buffer) {
                Ok(0) | Err(_) => Event::InputEnded,
                Ok(count) => Event::Input(buffer[..count].to_vec()),
            };
            let last = matches!(event, Event::InputEnded);
            if sender.send(event).is_err() || last {
                return;
            }
        }
    });
}

/// The terminal with echo and line editing off, so that keys arrive one by one and don't spoil what is shown; put back when dropped.
struct QuietTerminal {
    before: Termios,
}

impl QuietTerminal {
    /// `None` when standard input is no terminal.
    fn enter() -> Option<Self> {
        let before = termios::tcgetattr(io::stdin().as_fd()).ok()?;
        let mut quiet = before.clone();
        quiet.local_flags.remove(LocalFlags::ICANON | LocalFlags::ECHO);
        termios::tcsetattr(io::stdin().as_fd(), SetArg::TCSANOW, &quiet).ok()?;
        Some(Self { before })
    }
}

impl Drop for QuietTerminal {
    fn drop(&mut self) {
        // A terminal that is gone needs no putting back.
        let _ = termios::tcsetattr(io::stdin().as_fd(), SetArg::TCSANOW, &self.before);
    }
}
