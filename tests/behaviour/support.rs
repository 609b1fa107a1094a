//! A sandbox a test: its own home, runtime directory, git identity and towns; every process it started is gone when it ends.
#![allow(dead_code)]

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub const GT: &str = env!("CARGO_BIN_EXE_gt");
pub const BD: &str = env!("CARGO_BIN_EXE_bd");

/// How long a condition may take before a test gives up; generous, since no test depends on speed.
pub const PATIENCE: Duration = Duration::from_secs(120);

pub struct Sandbox {
    dir: tempfile::TempDir,
}

#[derive(Debug)]
pub struct Run {
    pub status: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    #[track_caller]
    pub fn ok(self) -> Run {
        self.code(0)
    }

    #[track_caller]
    pub fn code(self, code: i32) -> Run {
        assert_eq!(self.status, Some(code), "stdout: {}\nstderr: {}", self.stdout, self.stderr);
        self
    }

    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

impl Sandbox {
    pub fn new() -> Sandbox {
        let dir = tempfile::Builder::new().prefix("gt-test-").tempdir().unwrap();
        for name in ["home", "run", "tmp"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        std::fs::write(
            dir.path().join("home/.gitconfig"),
            "[user]\n\tname = Test Person\n\temail = person@example.org\n[init]\n\tdefaultBranch = main\n[gc]\n\tauto = 0\n",
        )
        .unwrap();
        Sandbox { dir }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The person of this sandbox is logged in with every runtime of which that can be told.
    pub fn log_in(&self) {
        for file in [
            ".claude/.credentials.json",
            ".codex/auth.json",
            ".gemini/oauth_creds.json",
            ".config/cursor/auth.json",
            ".augment/session.json",
        ] {
            let path = self.path("home").join(file);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "{}").unwrap();
        }
        let amp = self.path("home/.local/share/amp");
        std::fs::create_dir_all(&amp).unwrap();
        std::fs::write(amp.join("secrets.json"), r#"{"apiKey@https://ampcode.com/": "made-up"}"#).unwrap();
    }

    /// A command with this sandbox's environment and nothing of ours around the test.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env_clear().current_dir(self.dir.path()).stdin(Stdio::null());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("HOME", self.path("home")).env("XDG_RUNTIME_DIR", self.path("run")).env("TMPDIR", self.path("tmp"));
        command.env("LANG", "C.UTF-8").env("TERM", "xterm-256color").env("GIT_CONFIG_NOSYSTEM", "1");
        command.env("GT_TEST_SANDBOX", self.dir.path());
        command
    }

    pub fn run(&self, mut command: Command) -> Run {
        let output = command.output().unwrap();
        Run {
            status: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    pub fn program<const N: usize>(&self, program: &str, cwd: &Path, args: [&str; N]) -> Run {
        let mut command = self.command(program);
        command.current_dir(cwd).args(args);
        self.run(command)
    }

    pub fn gt<const N: usize>(&self, args: [&str; N]) -> Run {
        self.program(GT, self.dir.path(), args)
    }

    pub fn gt_in<const N: usize>(&self, cwd: &Path, args: [&str; N]) -> Run {
        self.program(GT, cwd, args)
    }

    pub fn bd_in<const N: usize>(&self, cwd: &Path, args: [&str; N]) -> Run {
        self.program(BD, cwd, args)
    }

    pub fn git<const N: usize>(&self, cwd: &Path, args: [&str; N]) -> Run {
        self.program("git", cwd, args).ok()
    }

    /// A bare repository with one commit on `main`, usable as an origin.
    pub fn origin(&self, name: &str) -> PathBuf {
        let work = self.path(&format!("{name}-work"));
        let bare = self.path(&format!("{name}.git"));
        self.git(self.dir.path(), ["init", "-q", work.to_str().unwrap()]);
        std::fs::write(work.join("README.md"), format!("# {name}\n")).unwrap();
        self.git(&work, ["add", "."]);
        self.git(&work, ["commit", "-qm", "First commit"]);
        self.git(self.dir.path(), ["clone", "-q", "--bare", work.to_str().unwrap(), bare.to_str().unwrap()]);
        bare
    }

    /// Processes, alive and not zombies, that carry this sandbox's mark in their environment.
    pub fn processes(&self) -> Vec<i32> {
        let mark = format!("GT_TEST_SANDBOX={}\0", self.dir.path().display()).into_bytes();
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").unwrap().flatten() {
            let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<i32>().ok()) else { continue };
            let mut environ = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            environ.push(0);
            let zombie = std::fs::read_to_string(entry.path().join("stat")).is_ok_and(|stat| {
                stat.rsplit(')').next().is_some_and(|rest| rest.trim_start().starts_with(['Z', 'X']))
            });
            if !zombie && environ.windows(mark.len()).any(|window| window == mark) {
                found.push(pid);
            }
        }
        found
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        // Whatever a failing test left running is ended here, so that it can't disturb the others.
        for _ in 0..20 {
            let left = self.processes();
            if left.is_empty() {
                break;
            }
            for pid in left {
                let _ = Command::new("kill").args(["-9", &pid.to_string()]).stderr(Stdio::null()).status();
            }
        }
    }
}

/// Waits until `check` gives a value; panics with `what` when patience ends.
#[track_caller]
pub fn wait_for<T>(what: &str, mut check: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(value) = check() {
            return value;
        }
        assert!(start.elapsed() < PATIENCE, "gave up waiting for: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
