//! What every operating system tells in its own way: its processes, signals, peers and memory. Linux is what we run on; macOS has the
//! same or the nearest it offers, said where it is less.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(not(target_os = "linux"))]
mod macos;

use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use nix::sys::signal::{SigSet, Signal};

#[cfg(target_os = "linux")]
use linux as system;
#[cfg(not(target_os = "linux"))]
use macos as system;

use super::{Result, ResultExt};

pub use system::{
    Signals, adopt_orphans, available_memory, be_last_to_go, descriptors, environment, let_go_first, memory_file,
    threads,
};

/// A process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Process {
    /// Its number, which comes again once it is gone.
    pub pid: i32,
    /// The process that started it, or took it over.
    pub parent: i32,
    /// Its process group.
    pub group: i32,
    /// Its process session.
    pub session: i32,
    /// When it started, in a unit of the system's own: two with the same pid differ in it.
    pub start: u64,
    /// Gone but for its exit status.
    pub zombie: bool,
    /// Stands still, by SIGSTOP or the like.
    pub stopped: bool,
}

impl Process {
    /// The process `pid`; `None` when there is none.
    pub fn find(pid: i32) -> Option<Process> {
        if pid > 0 { system::process(pid) } else { None }
    }

    /// All there are.
    pub fn all() -> Vec<Process> {
        system::processes()
    }
}

/// When the process `pid` started; `None` when there is none or it is a zombie.
pub fn start_time(pid: i32) -> Option<u64> {
    Process::find(pid).filter(|process| !process.zombie).map(|process| process.start)
}

/// Whether the environment of the process `pid` has the line `entry`.
pub fn has_in_environment(pid: i32, entry: &str) -> bool {
    environment(pid).split(|byte| *byte == 0).any(|line| line == entry.as_bytes())
}

/// What a program works on.
#[derive(Debug, Default)]
struct Task {
    directory: Option<PathBuf>,
    /// Its arguments, each ended by a zero.
    arguments: Vec<u8>,
}

/// Whether some git works in `directory` or below; with `named`, also one that was told of it. Where the system can't say, one may.
pub fn git_works_at(directory: &Path, named: bool) -> bool {
    let (Ok(directory), Some(tasks)) = (directory.canonicalize(), system::tasks("git")) else { return true };
    let name = directory.as_os_str().as_encoded_bytes();
    tasks.iter().any(|task| {
        task.directory.as_ref().is_some_and(|at| at.starts_with(&directory))
            || named && task.arguments.windows(name.len()).any(|part| part == name)
    })
}

/// Bytes that can still be written at `path`.
///
/// # Errors
/// When there is no such place.
pub fn free_space(path: &Path) -> Result<u64> {
    let disk = rustix::fs::statvfs(path)
        .map_err(std::io::Error::from)
        .with_context(|| format!("look at {}", path.display()))?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// The process at the other end of `stream`, when it is one of this user's.
pub fn own_peer(stream: &UnixStream) -> Option<i32> {
    let (uid, pid) = system::peer(stream).ok()?;
    (uid == nix::unistd::getuid().as_raw()).then_some(pid)
}

/// Takes `signals` off this and all later threads, and gives what hears them.
///
/// # Errors
/// When the system has no descriptor left.
pub fn hear(signals: &[Signal]) -> Result<Signals> {
    let set: SigSet = signals.iter().copied().collect();
    set.thread_block().context("block signals")?;
    Signals::of(&set).context("signals")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_told_of() {
        let pid = std::process::id().cast_signed();
        let me = Process::find(pid).unwrap();
        assert_eq!((me.pid, me.zombie, me.stopped), (pid, false, false));
        assert_eq!(me.group, nix::unistd::getpgrp().as_raw());
        assert_eq!(me.parent, nix::unistd::getppid().as_raw());
        assert!(Process::all().contains(&me));
        assert_eq!(start_time(pid), Some(me.start));
        assert_eq!((Process::find(0), Process::find(-1), start_time(i32::MAX)), (None, None, None));
        assert!(threads() >= 1 && available_memory().is_some_and(|bytes| bytes > 0));
        assert!(free_space(Path::new("/")).unwrap() > 0 && free_space(Path::new("/nowhere")).is_err());
    }

    #[test]
    fn what_a_child_was_given_is_told() {
        use std::io::{BufRead, BufReader};
        let directory = tempfile::tempdir().unwrap();
        let mut child = std::process::Command::new("sh")
            .args(["-c", "echo; read x"])
            .env("GT_TEST_MARK", "one two")
            .current_dir(&directory)
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        // Until the program runs, the child is still a copy of this process.
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
        let pid = child.id().cast_signed();
        assert!(has_in_environment(pid, "GT_TEST_MARK=one two"));
        assert!(!has_in_environment(pid, "GT_TEST_MARK=one"));
        let here = directory.path().canonicalize().unwrap();
        let found = system::tasks("sh").unwrap();
        assert!(found.iter().any(|task| task.directory.as_ref() == Some(&here)
            && task.arguments.split(|byte| *byte == 0).any(|word| word == b"echo; read x")));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(start_time(pid), None);
    }

    #[test]
    fn peers_and_files_without_a_name() {
        use std::io::{Read, Seek, Write};
        let (one, _other) = UnixStream::pair().unwrap();
        assert_eq!(own_peer(&one), Some(std::process::id().cast_signed()));
        let mut file = memory_file().unwrap();
        file.write_all(b"kept").unwrap();
        file.rewind().unwrap();
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        assert_eq!(text, "kept");
    }

    #[test]
    fn signals_are_heard_through_a_descriptor() {
        use std::os::fd::AsFd;

        use nix::poll::{PollFd, PollFlags, poll};
        // In a thread of its own: others of the test's threads keep theirs.
        let heard = std::thread::spawn(|| {
            let signals = hear(&[Signal::SIGUSR2]).unwrap();
            let before = signals.next();
            nix::sys::signal::raise(Signal::SIGUSR2).unwrap();
            let mut wait = [PollFd::new(signals.as_fd(), PollFlags::POLLIN)];
            let ready = poll(&mut wait, 10_000u16).unwrap();
            (before, ready, signals.next(), signals.next())
        });
        assert_eq!(heard.join().unwrap(), (None, 1, Some(Signal::SIGUSR2), None));
    }
}
