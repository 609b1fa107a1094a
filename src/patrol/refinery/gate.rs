//! The gate: the rig's own command that has to succeed before a request is merged.

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

use crate::base::{Result, ResultExt};
use crate::patrol::pulse::Pulse;

/// Marks every process of a gate in its environment, so that none survives it.
const MARK: &str = "GT_GATE";
/// How long a gate's processes may take to end when asked to.
const GRACE: Duration = Duration::from_secs(2);

/// A gate that is to be run.
#[derive(Debug)]
pub struct Gate<'a> {
    /// The command, for `sh -c`.
    pub command: &'a str,
    /// Where it runs.
    pub directory: &'a Path,
    /// Where its output goes.
    pub log: &'a Path,
    /// How long it may take.
    pub seconds: u64,
    /// What marks its processes.
    pub mark: &'a str,
}

/// What the gate says.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The work may be merged.
    Green,
    /// It may not, and why.
    Red(String),
    /// The gate was ended with the daemon; nothing is known.
    Stopped,
}

impl Gate<'_> {
    /// Runs the gate to its end, its time limit, or the daemon's end.
    ///
    /// # Errors
    /// When it can't be started.
    pub fn run(&self, pulse: &Pulse) -> Result<Verdict> {
        let what = || format!("gate log {}", self.log.display());
        let mut log = File::create(self.log).with_context(what)?;
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
            .with_context(|| format!("start the gate `{}`", self.command))?;
        let group = Pid::from_raw(child.id().cast_signed());
        let start = Instant::now();
        let limit = Duration::from_secs(self.seconds);
        loop {
            if let Some(status) = child.try_wait()? {
                // What the command left running in the background must not outlive its verdict.
                end_marked(self.mark);
                return Ok(verdict(status));
            }
            let overdue = start.elapsed() >= limit;
            // Short gates are answered soon, long ones are not asked often.
            let pause = if start.elapsed() < Duration::from_secs(1) { 5 } else { 50 };
            if overdue || !pulse.rest(Duration::from_millis(pause)) {
                end_group(group);
                end_marked(self.mark);
                child.wait()?;
                if !overdue {
                    return Ok(Verdict::Stopped);
                }
                let reason = format!("the gate took longer than {} s", self.seconds);
                writeln!(log, "\n{reason}").with_context(what)?;
                return Ok(Verdict::Red(reason));
            }
        }
    }
}

fn verdict(status: ExitStatus) -> Verdict {
    match (status.code(), status.signal()) {
        (Some(0), _) => Verdict::Green,
        (Some(code), _) => Verdict::Red(format!("the gate ended with {code}")),
        (None, signal) => Verdict::Red(format!("the gate was ended by signal {}", signal.unwrap_or_default())),
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
    processes().any(|pid| {
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else { return false };
        let Some((_, rest)) = stat.rsplit_once(')') else { return false };
        let mut fields = rest.split_ascii_whitespace();
        let state = fields.next();
        !matches!(state, Some("Z" | "X")) && fields.nth(1).and_then(|field| field.parse().ok()) == Some(group.as_raw())
    })
}

fn processes() -> impl Iterator<Item = i32> {
    fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok())
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
        let found: Vec<i32> = processes().filter(|pid| carries(*pid, &wanted)).collect();
        if found.is_empty() {
            return;
        }
        for pid in found {
            let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn carries(pid: i32, wanted: &str) -> bool {
    fs::read(format!("/proc/{pid}/environ"))
        .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|entry| entry == wanted.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(command: &str, seconds: u64, pulse: &Pulse, mark: &str) -> (Verdict, String) {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("log");
        let gate = Gate { command, directory: dir.path(), log: &log, seconds, mark };
        let verdict = gate.run(pulse).unwrap();
        (verdict, fs::read_to_string(&log).unwrap())
    }

    #[test]
    fn verdicts_and_logs() {
        let pulse = Pulse::default();
        let (verdict, log) = run("echo fine; echo bad >&2", 60, &pulse, "t:green");
        assert_eq!(verdict, Verdict::Green);
        assert!(log.contains("fine") && log.contains("bad"), "{log}");
        let (verdict, _) = run("exit 3", 60, &pulse, "t:red");
        assert_eq!(verdict, Verdict::Red("the gate ended with 3".into()));
    }

    #[test]
    fn a_gate_that_is_too_slow_is_ended_with_all_its_processes() {
        let mark = format!("t:slow-{}", std::process::id());
        let (verdict, log) = run("setsid sleep 1000 & trap '' TERM; sleep 1000", 1, &Pulse::default(), &mark);
        assert!(matches!(verdict, Verdict::Red(reason) if reason.contains("longer than 1 s")), "{log}");
        let wanted = format!("{MARK}={mark}");
        assert!(!processes().any(|pid| carries(pid, &wanted)), "something is left of it");
    }

    #[test]
    fn the_end_of_the_daemon_ends_the_gate() {
        let pulse = Pulse::default();
        pulse.stop();
        assert_eq!(run("sleep 1000", 60, &pulse, "t:stop").0, Verdict::Stopped);
    }
}
