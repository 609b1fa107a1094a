//! Our side: sessions of a town of its own.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use gastown::session::{Client, ClientMsg};
use gastown::town::Town;
use portable_pty::CommandBuilder;

use crate::Taken;
use crate::pty::{self, Drained};

const GT: &str = env!("CARGO_BIN_EXE_gt");
const READY: &str = "ready-to-go";
/// How long a session is left alone before it is measured.
const REST: Duration = Duration::from_millis(300);
/// How long a session may take for a file before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(300);

pub struct Ours {
    home: PathBuf,
    town: Town,
}

fn address(name: &str) -> String {
    format!("deacon/dogs/{name}")
}

fn names(count: usize) -> impl Iterator<Item = String> {
    (0..count).map(|n| format!("d{n}"))
}

impl Ours {
    pub fn new(directory: &Path) -> Ours {
        let home = directory.join(format!("home-{:08x}", fastrand::u32(..)));
        std::fs::create_dir_all(home.join("run")).unwrap();
        let root = home.join("town");
        let made = Self::command(&home).args(["install", root.to_str().unwrap()]).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        Ours { town: Town::open(&root).unwrap(), home }
    }

    fn command(home: &Path) -> Command {
        let mut command = Command::new(GT);
        command.current_dir(home).env("XDG_RUNTIME_DIR", home.join("run")).env_remove("GT_ROOT").env_remove("TMUX");
        command
    }

    fn gt(&self, args: &[&str]) {
        let done = Self::command(&self.home).current_dir(&self.town.root).args(args).output().unwrap();
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    }

    fn start(&self, name: &str, script: &str) {
        self.gt(&["session", "start", &address(name), "--cwd", "/", "--", "sh", "-c", script]);
    }

    fn client(&self, name: &str) -> Client {
        Client::connect(&self.town, &format!("hq-dog-{name}")).unwrap()
    }

    /// A terminal attached to the session.
    pub fn attach(&self, name: &str) -> Drained {
        let mut command = CommandBuilder::new(GT);
        command.args(["attach", &address(name)]);
        command.cwd(&self.town.root);
        command.env("XDG_RUNTIME_DIR", self.home.join("run"));
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        let attached = Drained::run(command, READY);
        attached.wait();
        attached
    }

    fn start_feeding(&self, name: &str, file: &Path) -> Client {
        let done = self.done(name);
        let _ = std::fs::remove_file(&done);
        let (file, done) = (file.display(), done.display());
        self.start(name, &format!("stty -opost; printf {READY}; read -r go; cat {file}; : > {done}; read -r x"));
        self.client(name)
    }

    /// The file that says that all is written.
    fn done(&self, name: &str) -> PathBuf {
        self.home.join(format!("done-{name}"))
    }

    /// Waits until the session has taken the whole file; returns its size. The host is asked nothing before all is written, as asking
    /// has it look at its screen; then it is asked until the rest is parsed.
    fn wait_taken(&self, name: &str, client: &mut Client, file: &Path) -> f64 {
        let size = std::fs::metadata(file).unwrap().len();
        let begun = Instant::now();
        while !self.done(name).exists() || client.status().unwrap().bytes_out < size {
            assert!(begun.elapsed() < PATIENCE, "{name} did not take {size} bytes within {PATIENCE:?}");
            std::thread::sleep(Duration::from_millis(1));
        }
        size as f64
    }

    /// How fast a session takes the file.
    pub fn swallow(&self, file: &Path, attached: bool) -> Taken {
        let mut client = self.start_feeding("d0", file);
        let attached = attached.then(|| self.attach("d0"));
        let host = client.status().unwrap().host_pid;
        // Whoever has just asked counts as looking for a moment; tmux is given the same rest.
        std::thread::sleep(REST);
        let (start, cpu) = (Instant::now(), pty::cpu(host));
        client.send(&ClientMsg::Input(b"\r".to_vec())).unwrap();
        let megabytes = self.wait_taken("d0", &mut client, file) / 1e6;
        let taken =
            Taken { speed: megabytes / start.elapsed().as_secs_f64(), thrift: megabytes / (pty::cpu(host) - cpu) };
        drop(attached);
        gastown::session::kill(&self.town, "hq-dog-d0", &[]).unwrap();
        taken
    }

    /// The same of so many at once, all together.
    pub fn swallow_many(&self, file: &Path, count: usize) -> f64 {
        let mut clients: Vec<Client> = names(count).map(|name| self.start_feeding(&name, file)).collect();
        std::thread::sleep(Duration::from_secs(1));
        let start = Instant::now();
        for client in &mut clients {
            client.send(&ClientMsg::Input(b"\r".to_vec())).unwrap();
        }
        let bytes: f64 =
            names(count).zip(&mut clients).map(|(name, client)| self.wait_taken(&name, client, file)).sum();
        bytes / 1e6 / start.elapsed().as_secs_f64()
    }

    /// Fills the scrollback of so many sessions and waits until they are at rest.
    pub fn fill(&self, file: &Path, count: usize) {
        for name in names(count) {
            let mut client = self.start_feeding(&name, file);
            client.send(&ClientMsg::Input(b"\r".to_vec())).unwrap();
            self.wait_taken(&name, &mut client, file);
        }
        std::thread::sleep(Duration::from_secs(3));
    }

    pub fn start_idle(&self, count: usize) {
        names(count).for_each(|name| self.start(&name, &format!("printf {READY}; read -r x")));
    }

    fn hosts(&self, count: usize) -> Vec<i32> {
        names(count).map(|name| self.client(&name).status().unwrap().host_pid).collect()
    }

    pub fn memory_mib(&self, count: usize) -> f64 {
        self.hosts(count).into_iter().map(pty::pss_mib).sum()
    }

    /// Percent of one CPU that the hosts use in that time.
    pub fn cpu_during(&self, count: usize, time: Duration) -> f64 {
        let hosts = self.hosts(count);
        let used = || hosts.iter().map(|pid| pty::cpu(*pid)).sum::<f64>();
        let before = used();
        std::thread::sleep(time);
        (used() - before) / time.as_secs_f64() * 100.0
    }

    /// Milliseconds until an attached terminal shows the screen.
    pub fn attach_time(&self) -> f64 {
        let start = Instant::now();
        let _attached = self.attach("d0");
        start.elapsed().as_secs_f64() * 1e3
    }
}

impl Drop for Ours {
    fn drop(&mut self) {
        let _ = Self::command(&self.home).current_dir(&self.town.root).args(["down", "--all"]).output();
        if let Ok(records) = gastown::session::registry::list(&self.town) {
            for record in records.iter().filter(|record| gastown::session::registry::is_alive(record)) {
                let _ = gastown::session::kill(&self.town, &record.name, &[]);
            }
        }
        let _ = std::fs::remove_dir_all(&self.home);
    }
}
