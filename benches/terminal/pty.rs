//! A terminal that takes everything at once, for clients to be attached to.

use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::Taken;

/// A program on a terminal of 200 by 50.
pub struct Drained {
    child: Box<dyn Child + Send + Sync>,
    _master: Box<dyn MasterPty + Send>,
    /// What it wrote last.
    tail: Arc<Mutex<Vec<u8>>>,
    seen: Arc<AtomicBool>,
}

impl Drained {
    /// Runs the command; `mark` is what is waited for in what it writes.
    pub fn run(command: CommandBuilder, mark: &'static str) -> Drained {
        let (child, master) = spawn(command);
        let mut reader = master.try_clone_reader().unwrap();
        let (tail, seen) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (theirs, found) = (Arc::clone(&tail), Arc::clone(&seen));
        std::thread::spawn(move || {
            let mut buffer = vec![0; 64 * 1024];
            while let Ok(count) = reader.read(&mut buffer) {
                if count == 0 {
                    return;
                }
                if !found.load(Ordering::Relaxed) {
                    let mut tail = theirs.lock().unwrap();
                    tail.extend_from_slice(&buffer[..count]);
                    found.store(memchr::memmem::find(&tail, mark.as_bytes()).is_some(), Ordering::Relaxed);
                }
            }
        });
        Drained { child, _master: master, tail, seen }
    }

    /// Waits until the mark was written.
    pub fn wait(&self) {
        let start = Instant::now();
        while !self.seen.load(Ordering::Relaxed) {
            let tail = || String::from_utf8_lossy(&self.tail.lock().unwrap()).into_owned();
            assert!(start.elapsed() < Duration::from_secs(60), "the screen never came: {:?}", tail());
            std::thread::sleep(Duration::from_micros(200));
        }
    }
}

impl Drop for Drained {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs the command on a terminal of 200 by 50.
fn spawn(command: CommandBuilder) -> (Box<dyn Child + Send + Sync>, Box<dyn MasterPty + Send>) {
    let size = PtySize { rows: 50, cols: 200, pixel_width: 0, pixel_height: 0 };
    let pair = native_pty_system().openpty(size).unwrap();
    (pair.slave.spawn_command(command).unwrap(), pair.master)
}

/// How fast a terminal gives the file to somebody who does nothing with it: nobody who reads a terminal is faster.
pub fn bare(file: &Path) -> Taken {
    let mut command = CommandBuilder::new("sh");
    command.args(["-c", &format!("stty -opost; cat {}", file.display())]);
    let (start, before) = (Instant::now(), cpu(std::process::id().cast_signed()));
    let (mut child, master) = spawn(command);
    let mut reader = master.try_clone_reader().unwrap();
    let mut buffer = vec![0; 64 * 1024];
    let mut bytes = 0;
    while let Ok(count @ 1..) = reader.read(&mut buffer) {
        bytes += count;
    }
    let (time, used) = (start.elapsed().as_secs_f64(), cpu(std::process::id().cast_signed()) - before);
    child.wait().unwrap();
    Taken { speed: bytes as f64 / 1e6 / time, thrift: bytes as f64 / 1e6 / used }
}

/// Seconds of CPU the process has used.
pub fn cpu(pid: i32) -> f64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks = |n: usize| fields.get(n).and_then(|text| text.parse::<f64>().ok()).unwrap_or(0.0);
    (ticks(11) + ticks(12)) / 100.0
}

/// The process's proportional share of memory in MiB.
pub fn pss_mib(pid: i32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("Pss:")).unwrap_or("Pss: 0 kB");
    line.split_whitespace().nth(1).and_then(|n| n.parse::<f64>().ok()).unwrap_or(0.0) / 1024.0
}
