//! One gate: a command of the rig's that has to succeed before a request is merged.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::base::os::{Process, has_in_environment};
use crate::base::{Result, ResultExt};

/// Marks every process of a gate in its environment, so that none survives it.
const MARK: &str = "GT_GATE";
/// How long a gate's processes may take to end when asked to.
const GRACE: Duration = Duration::from_secs(2);

/// A gate that is to be run.
#[derive(Debug)]
pub struct Gate<'a> {
    /// Its name.
    pub name: &'a str,
    /// The command, for `sh -c`.
    pub command: &'a str,
    /// Where it runs.
    pub directory: &'a Path,
    /// Where its output is added.
    pub log: &'a Path,
    /// How long it may take.
    pub seconds: u64,
    /// What marks its processes.
    pub mark: &'a str,
}

/// What the gate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The work may be merged.
    Green,
    /// It may not, and why.
    Red(String),
    /// The gate was ended before it could say anything.
    Ended(Halted),
}

/// Why the gates are not run to their end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halted {
    /// The daemon ends, or the town is frozen.
    Stopped,
    /// Somebody wants this request stopped: its id, and who.
    Cancelled(String, String),
}

impl Gate<'_> {
    /// Runs the gate to its end, its time limit, or until `rest`, which waits for the time it is given, says that it is to end.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn run(&self, rest: &mut dyn FnMut(Duration) -> Result<Option<Halted>>) -> Result<Verdict> {
        let what = || format!("gate log {}", self.log.display());
        let mut log = OpenOptions::new().create(true).append(true).open(self.log).with_context(what)?;
        writeln!(log, "$ {}", self.command).with_context(what)?;
        let mut child = Command::new("sh")
            .arg("-c")
            .arg(self.command)
            .current_dir(self.directory)
            .env(MARK, self.mark)
            .stdin(Stdio::null())
            .stdout(log.try_clone().with_context(what)?)
            .stderr(log.try_clone().with_context(what)?)
            .process_group(0)
            .spawn()
            .with_context(|| format!("start the gate {} `{}`", self.name, self.command))?;
        let group = Pid::from_raw(child.id().cast_signed());
        let start = Instant::now();
        let limit = Duration::from_secs(self.seconds);
        let verdict = loop {
            if let Some(status) = child.try_wait()? {
                // What the command left running in the background must not outlive its verdict.
                end_marked(self.mark);
                break self.verdict(status);
            }
            // Short gates are answered soon, long ones are not asked often.
            let pause = if start.elapsed() < Duration::from_secs(1) { 5 } else { 50 };
            let overdue = start.elapsed() >= limit;
            let halted = if overdue { Ok(None) } else { rest(Duration::from_millis(pause)) };
            if overdue || !matches!(halted, Ok(None)) {
                end_group(group);
                end_marked(self.mark);
                child.wait()?;
                break match halted? {
                    Some(halted) => Verdict::Ended(halted),
                    None => Verdict::Red(format!("the {} gate took longer than {} s", self.name, self.seconds)),
                };
            }
        };
        let seconds = start.elapsed().as_secs_f64();
        match &verdict {
            Verdict::Green => writeln!(log, "✓ {} {seconds:.1} s", self.name),
            Verdict::Red(reason) => writeln!(log, "✗ {reason} ({seconds:.1} s)"),
            Verdict::Ended(Halted::Stopped) => writeln!(log, "stopped after {seconds:.1} s"),
            Verdict::Ended(Halted::Cancelled(id, by)) => writeln!(log, "{id} cancelled by {by} after {seconds:.1} s"),
        }
        .with_context(what)?;
        Ok(verdict)
    }

    fn verdict(&self, status: ExitStatus) -> Verdict {
        match (status.code(), status.signal()) {
            (Some(0), _) => Verdict::Green,
            (Some(code), _) => Verdict::Red(format!("the {} gate ended with {code}", self.name)),
            (None, signal) => {
                Verdict::Red(format!("the {} gate was ended by signal {}", self.name, signal.unwrap_or_default()))
            }
        }
    }
}

fn end_group(group: Pid) {
    // A group that is gone already is what is wanted.
    let _ = killpg(group, Signal::SIGTERM);
    let end = Instant::now() + GRACE;
    while Instant::now() < end && killpg(group, None).is_ok() {
        std::thread::sleep(Duration::from_millis(10));
        // The child itself stays a zombie until it is waited for, so the group never looks empty while only it is left.
        if !has_living_member(group) {
            return;
        }
    }
    let _ = killpg(group, Signal::SIGKILL);
}

fn has_living_member(group: Pid) -> bool {
    Process::all().iter().any(|process| !process.zombie && process.group == group.as_raw())
}

/// Ends what a killed daemon's gate left running.
pub fn end_leftover(mark: &str) {
    end_marked(mark);
}

/// Ends every process that carries the mark, whatever group it is in.
fn end_marked(mark: &str) {
    let wanted = format!("{MARK}={mark}");
    // Each pass may find what was forked during the one before.
    for _ in 0..5 {
        let pids = Process::all().into_iter().map(|process| process.pid);
        let found: Vec<i32> = pids.filter(|pid| has_in_environment(*pid, &wanted)).collect();
        if found.is_empty() {
            return;
        }
        for pid in found {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn run(command: &str, seconds: u64, ending: bool, mark: &str) -> (Verdict, String) {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let gate = Gate { name: "test", command, directory: dir.path(), log: &log, seconds, mark };
        let mut rest = |time| {
            std::thread::sleep(time);
            Ok(ending.then_some(Halted::Stopped))
        };
        let verdict = gate.run(&mut rest).unwrap();
        (verdict, fs::read_to_string(&log).unwrap())
    }

    #[test]
    fn verdicts_and_logs() {
        let (verdict, log) = run("echo fine; echo bad >&2", 60, false, "t:green");
        assert_eq!(verdict, Verdict::Green);
        assert!(log.contains("fine") && log.contains("bad") && log.contains("✓ test"), "{log}");
        let (verdict, _) = run("exit 3", 60, false, "t:red");
        assert_eq!(verdict, Verdict::Red("the test gate ended with 3".into()));
    }

    #[test]
    fn a_gate_that_is_too_slow_is_ended_with_all_its_processes() {
        let mark = format!("t:slow-{}", std::process::id());
        let (verdict, log) = run("setsid sleep 1000 & trap '' TERM; sleep 1000", 1, false, &mark);
        assert!(matches!(verdict, Verdict::Red(reason) if reason.contains("longer than 1 s")), "{log}");
        let wanted = format!("{MARK}={mark}");
        assert!(
            !Process::all().iter().any(|process| has_in_environment(process.pid, &wanted)),
            "something is left of it"
        );
    }

    #[test]
    fn a_gate_that_is_to_end_ends() {
        assert_eq!(run("sleep 1000", 60, true, "t:stop").0, Verdict::Ended(Halted::Stopped));
    }
}
