//! Who sits before the cockpit: presses keys, reads the screen, and looks at the clock.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::town::{environment, gt_binary};

/// How long something may take before the measurement is given up.
const PATIENCE: Duration = Duration::from_secs(20);

/// A cockpit on a terminal.
pub struct Person {
    output: Receiver<Vec<u8>>,
    input: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
}

/// What something cost.
pub struct Cost {
    /// Hundredths of a core.
    pub share: f64,
    /// Bytes written to the terminal.
    pub bytes: usize,
}

impl Person {
    /// Opens the cockpit of the town in `home`.
    pub fn open(home: &Path) -> Self {
        let pty =
            native_pty_system().openpty(PtySize { cols: 160, rows: 48, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = CommandBuilder::new(gt_binary());
        command.arg("cockpit");
        command.cwd(home.join("town"));
        for (name, value) in environment(home) {
            command.env(name, value);
        }
        command.env("TERM", "xterm-256color");
        command.env("GT_COCKPIT_STATS", home.join("stats.json"));
        let child = pty.slave.spawn_command(command).unwrap();
        let mut reader = pty.master.try_clone_reader().unwrap();
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 65536];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self { output, input: pty.master.take_writer().unwrap(), child, _master: pty.master }
    }

    /// Types.
    pub fn press(&mut self, keys: &str) {
        self.input.write_all(keys.as_bytes()).unwrap();
        self.input.flush().unwrap();
    }

    /// Waits until `words` are in what is written from now on.
    pub fn until(&mut self, words: &str) {
        let mut seen: Vec<u8> = Vec::new();
        let start = Instant::now();
        let mut looked = 0usize;
        while let Some(left) = PATIENCE.checked_sub(start.elapsed()) {
            let Ok(more) = self.output.recv_timeout(left) else { break };
            seen.extend(more);
            // Only what is new, and what may be the beginning of the words.
            let from = looked.saturating_sub(words.len());
            if seen[from..].windows(words.len()).any(|part| part == words.as_bytes()) {
                return;
            }
            looked = seen.len();
        }
        let last = String::from_utf8_lossy(&seen[seen.len().saturating_sub(4000)..]).replace('\x1b', "␛");
        panic!("{words:?} did not come within {PATIENCE:?}; of {} bytes the last are: {last}", seen.len());
    }

    /// Waits for anything at all.
    pub fn any(&self) {
        self.output.recv_timeout(PATIENCE).expect("nothing was drawn");
    }

    /// Leaves out what was written so far.
    pub fn skip(&self) {
        while self.output.try_recv().is_ok() {}
    }

    /// Takes what is written until nothing was for `pause`, at most for a while.
    pub fn settle(&self, pause: Duration) {
        let start = Instant::now();
        while start.elapsed() < PATIENCE && self.output.recv_timeout(pause).is_ok() {}
    }

    /// Takes what is written for `time`.
    pub fn pass(&self, time: Duration) {
        let start = Instant::now();
        while let Some(left) = time.checked_sub(start.elapsed()) {
            let _ = self.output.recv_timeout(left);
        }
    }

    /// What it costs for `time`, while what it writes is read.
    pub fn watch(&self, time: Duration) -> Cost {
        let (cpu, start) = (self.cpu(), Instant::now());
        let mut bytes = 0;
        while let Some(left) = time.checked_sub(start.elapsed()) {
            bytes += self.output.recv_timeout(left).map_or(0, |more| more.len());
        }
        Cost { share: (self.cpu() - cpu).as_secs_f64() / start.elapsed().as_secs_f64() * 100.0, bytes }
    }

    /// Memory that is its own, in KiB: its part of what it shares with others.
    pub fn memory(&self) -> u64 {
        let path = format!("/proc/{}/smaps_rollup", self.child.process_id().unwrap());
        let text = std::fs::read_to_string(path).unwrap();
        let line = text.lines().find(|line| line.starts_with("Pss:")).unwrap();
        line.split_whitespace().nth(1).unwrap().parse().unwrap()
    }

    fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.process_id().unwrap())).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks: u64 = fields[11].parse::<u64>().unwrap() + fields[12].parse::<u64>().unwrap();
        Duration::from_millis(ticks * 10)
    }

    /// Leaves the cockpit.
    pub fn leave(mut self) {
        self.press("q");
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            self.skip();
            if self.child.try_wait().unwrap().is_some() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        panic!("the cockpit did not end");
    }
}

/// The time that `part` of them stay below.
pub fn percentile(times: &mut [Duration], part: f64) -> Duration {
    times.sort_unstable();
    times[((times.len() - 1) as f64 * part) as usize]
}
