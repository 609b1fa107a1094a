//! A program in a session that writes to its terminal what the test gives it, and keeps what the terminal answers.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use gastown::session::{AttachMode, Client, ClientMsg, ServerMsg};
use gastown::terminal::ScreenState;
use gastown::town::Town;

use crate::support::{PATIENCE, Sandbox, wait_for};

/// The answer to the question asked after every case.
const DONE: &[u8] = b"\x1b[0n";

pub struct Target {
    _sandbox: Sandbox,
    client: Client,
    /// What is written here the program writes to its terminal.
    output: File,
    /// What the terminal answered.
    answers: File,
    screen: Option<ScreenState>,
    /// How many cases were run.
    count: u32,
}

impl Target {
    pub fn start(size: (u16, u16)) -> Target {
        let sandbox = Sandbox::new();
        let root: PathBuf = sandbox.path("town");
        sandbox.gt(["install", root.to_str().unwrap()]).ok();
        let here = sandbox.path("");
        let script =
            "mkfifo output; : >answers; exec 3<&0; stty raw -echo; cat <&3 >>answers & : >ready; exec cat <>output";
        let args = ["--json", "session", "start", "mayor/", "--cwd", here.to_str().unwrap(), "--", "sh", "-c", script];
        sandbox.gt_in(&root, args).ok();
        wait_for("the program", || sandbox.path("ready").exists().then_some(()));
        let output = File::options().write(true).open(sandbox.path("output")).unwrap();
        let answers = File::open(sandbox.path("answers")).unwrap();
        let mut client = Client::connect(&Town::open(&root).unwrap(), "hq-mayor").unwrap();
        client.attach(AttachMode::Control, Some(size)).unwrap();
        Target { _sandbox: sandbox, client, output, answers, screen: None, count: 0 }
    }

    /// Changes the terminal's size, and waits until it has it.
    pub fn resize(&mut self, size: (u16, u16)) {
        self.client.send(&ClientMsg::Resize { cols: size.0, rows: size.1 }).unwrap();
        self.watch(|screen| (screen.cols, screen.rows) == size);
    }

    /// The screen after `input` on a terminal that was reset, and what the program read.
    pub fn run(&mut self, input: &[u8]) -> (ScreenState, Vec<u8>) {
        self.answers.seek(SeekFrom::End(0)).unwrap();
        self.count += 1;
        let mark = format!("case{}", self.count);
        self.output.write_all(b"\x18\x1b\\\x1bc\x1b[3J").unwrap();
        self.output.write_all(input).unwrap();
        // The case may have left the status as it is, so that it can tell when all was taken.
        self.output.write_all(format!("\x1b[5n\x1b]7501;state=idle:app={mark}\x1b\\").as_bytes()).unwrap();
        let mut answer = Vec::new();
        wait_for("the answer", || {
            self.answers.read_to_end(&mut answer).unwrap();
            answer.ends_with(DONE).then_some(())
        });
        answer.truncate(answer.len() - DONE.len());
        let screen = self.watch(|screen| screen.status.as_ref().is_some_and(|status| status.app == mark));
        (screen, answer)
    }

    fn watch(&mut self, done: impl Fn(&ScreenState) -> bool) -> ScreenState {
        let start = Instant::now();
        loop {
            if let Some(screen) = self.screen.as_ref().filter(|screen| done(screen)) {
                return screen.clone();
            }
            assert!(start.elapsed() < PATIENCE, "the screen never came: {:?}", self.screen);
            match self.client.recv(Duration::from_secs(1)).unwrap() {
                Some(ServerMsg::Full(full)) => self.screen = Some(*full),
                Some(ServerMsg::Delta(delta)) => delta.apply(self.screen.as_mut().unwrap()),
                _ => {}
            }
        }
    }
}
