//! A person at a terminal of their own, who runs a command there and types.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use gastown::terminal::{Emulator, Line, new_emulator};
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::support::Sandbox;

const SIZE: (u16, u16) = (100, 30);

pub struct Person {
    emulator: Box<dyn Emulator>,
    output: mpsc::Receiver<Vec<u8>>,
    keys: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    // The terminal is closed with it.
    _terminal: Box<dyn MasterPty + Send>,
}

impl Person {
    /// Runs `line` in a shell with the environment of `sandbox`.
    pub fn runs(sandbox: &Sandbox, cwd: &Path, line: &str) -> Person {
        let size = PtySize { cols: SIZE.0, rows: SIZE.1, pixel_width: 0, pixel_height: 0 };
        let pty = native_pty_system().openpty(size).unwrap();
        let mut command = CommandBuilder::new("/bin/sh");
        command.args(["-c", line]);
        command.cwd(cwd);
        command.env_clear();
        for (key, value) in sandbox.command("true").get_envs() {
            command.env(key, value.unwrap());
        }
        let child = pty.slave.spawn_command(command).unwrap();
        drop(pty.slave);
        let mut reader = pty.master.try_clone_reader().unwrap();
        let keys = pty.master.take_writer().unwrap();
        let (sender, output) = mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count) = reader.read(&mut buffer) {
                if count == 0 || sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        Person { emulator: new_emulator(SIZE.0, SIZE.1, 200), output, keys, child, _terminal: pty.master }
    }

    /// What the terminal shows now, once the program has been still for a moment.
    pub fn sees(&mut self) -> String {
        while let Ok(bytes) = self.output.recv_timeout(Duration::from_millis(100)) {
            self.emulator.feed(&bytes);
            let replies = self.emulator.take_replies();
            let _ = self.keys.write_all(&replies);
        }
        self.emulator.refresh(Instant::now());
        self.emulator.screen().lines.iter().map(Line::text).collect::<Vec<_>>().join("\n")
    }

    /// Types a line and presses Enter until it is no longer where it was typed: a program that is still drawing its first screen may take
    /// an Enter for a part of the text.
    pub fn types(&mut self, text: &str, is_taken: impl Fn(&str) -> bool) {
        let _ = write!(self.keys, "{text}");
        let begin = Instant::now();
        while begin.elapsed() < crate::support::PATIENCE {
            std::thread::sleep(Duration::from_millis(500));
            let _ = write!(self.keys, "\r");
            std::thread::sleep(Duration::from_millis(500));
            if is_taken(&self.sees()) {
                return;
            }
        }
        panic!("{text:?} was never taken:\n{}", self.sees());
    }

    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }
}

impl Drop for Person {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
