//! The other side: a tmux server of its own, with our size and length of history.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use portable_pty::CommandBuilder;

use crate::Taken;
use crate::pty::{self, Drained};

const READY: &str = "ready-to-go";

pub struct Tmux {
    name: String,
    pid: i32,
}

impl Tmux {
    /// A server; `None` where there is no tmux.
    pub fn new() -> Option<Tmux> {
        let found = Command::new("tmux").arg("-V").stdout(Stdio::null()).status();
        if !found.is_ok_and(|status| status.success()) {
            return None;
        }
        let name = format!("gt-bench-{:08x}", fastrand::u32(..));
        let mut tmux = Tmux { name, pid: 0 };
        tmux.tell(&["-f", "/dev/null", "new-session", "-d", "-s", "keep", "-x", "200", "-y", "50", "sleep 100000"]);
        tmux.tell(&["set", "-g", "history-limit", "10000"]);
        tmux.tell(&["set", "-g", "default-terminal", "screen-256color"]);
        tmux.pid = tmux.tell(&["display-message", "-p", "#{pid}"]).trim().parse().unwrap();
        Some(tmux)
    }

    fn tell(&self, args: &[&str]) -> String {
        let done = Command::new("tmux").args(["-L", &self.name]).args(args).env_remove("TMUX").output().unwrap();
        assert!(done.status.success(), "tmux {args:?}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8(done.stdout).unwrap()
    }

    fn start(&self, name: &str, script: &str) {
        self.tell(&["new-session", "-d", "-s", name, "-x", "200", "-y", "50", script]);
    }

    fn start_feeding(&self, name: &str, file: &Path) {
        let me = format!("tmux -L {}", self.name);
        let file = file.display();
        self.start(
            name,
            &format!("stty -opost; printf {READY}; {me} wait-for go-{name}; cat {file}; {me} wait-for -S done-{name}; sleep 100000"),
        );
        std::thread::sleep(Duration::from_millis(300));
    }

    /// Waits until the session has taken everything: a command is answered after what was read is parsed.
    fn wait_taken(&self, name: &str) {
        self.tell(&["wait-for", &format!("done-{name}")]);
        self.tell(&["capture-pane", "-p", "-t", name]);
    }

    pub fn attach(&self) -> Drained {
        let mut command = CommandBuilder::new("tmux");
        command.args(["-L", &self.name, "attach", "-t", "s0"]);
        command.env_remove("TMUX");
        command.env("TERM", "xterm-256color");
        let attached = Drained::run(command, READY);
        attached.wait();
        attached
    }

    pub fn swallow(&self, file: &Path, attached: bool) -> Taken {
        self.start_feeding("s0", file);
        let attached = attached.then(|| self.attach());
        let (start, cpu) = (Instant::now(), pty::cpu(self.pid));
        self.tell(&["wait-for", "-S", "go-s0"]);
        self.wait_taken("s0");
        let megabytes = std::fs::metadata(file).unwrap().len() as f64 / 1e6;
        let taken =
            Taken { speed: megabytes / start.elapsed().as_secs_f64(), thrift: megabytes / (pty::cpu(self.pid) - cpu) };
        drop(attached);
        taken
    }

    pub fn swallow_many(&self, file: &Path, count: usize) -> f64 {
        let names: Vec<String> = (0..count).map(|n| format!("s{n}")).collect();
        names.iter().for_each(|name| self.start_feeding(name, file));
        let start = Instant::now();
        for name in &names {
            self.tell(&["wait-for", "-S", &format!("go-{name}")]);
        }
        names.iter().for_each(|name| self.wait_taken(name));
        std::fs::metadata(file).unwrap().len() as f64 * count as f64 / 1e6 / start.elapsed().as_secs_f64()
    }

    pub fn fill(&self, file: &Path, count: usize) {
        for n in 0..count {
            let name = format!("s{n}");
            self.start_feeding(&name, file);
            self.tell(&["wait-for", "-S", &format!("go-{name}")]);
            self.wait_taken(&name);
        }
    }

    pub fn start_idle(&self, count: usize) {
        (0..count).for_each(|n| self.start(&format!("s{n}"), &format!("printf {READY}; read x")));
    }

    pub fn start_marked(&self) {
        self.start_idle(1);
        std::thread::sleep(Duration::from_millis(300));
    }

    pub fn memory_mib(&self) -> f64 {
        pty::pss_mib(self.pid)
    }

    pub fn cpu_during(&self, time: Duration) -> f64 {
        let before = pty::cpu(self.pid);
        std::thread::sleep(time);
        (pty::cpu(self.pid) - before) / time.as_secs_f64() * 100.0
    }

    pub fn attach_time(&self) -> f64 {
        let start = Instant::now();
        let _attached = self.attach();
        start.elapsed().as_secs_f64() * 1e3
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        let _ = Command::new("tmux").args(["-L", &self.name, "kill-server"]).output();
    }
}
