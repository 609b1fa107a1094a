//! Writing recordings.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use super::live::{self, Kind};
use super::reader::{self, Ours, RawHeader, segments};
use crate::base::{Timestamp, files};
use crate::session::{HISTORY, complain};
use crate::terminal::Emulator;

/// When a segment has so many bytes, the next begins.
const SEGMENT: u64 = if cfg!(test) { 256 << 10 } else { 4 << 20 };
/// A segment that filled up faster than this is a flood nobody will look at: it is not kept.
const FLOOD: Duration = Duration::from_secs(4);
/// How much of one run is kept, packed.
const KEPT: u64 = 32 << 20;
/// After a failed write, how long until the next try.
const AGAIN: Duration = Duration::from_secs(10);

/// Writes the recording of one run.
pub struct Writer {
    directory: PathBuf,
    /// Whether more than the present is kept.
    keep: bool,
    title: String,
    began: Instant,
    number: u32,
    file: Option<File>,
    failed: Option<Instant>,
    segment_began: Instant,
    written: u64,
    /// Bytes lost to failed writes or not kept since the last segment that is.
    skipped: u64,
    /// Lines that had scrolled off when the segment began.
    scrolled: u64,
    /// Segments written and not yet packed or removed, and whether each was a flood.
    past: Vec<(u32, bool)>,
    /// The beginning of a character whose rest has not come: the next segment needs it too.
    cut: Vec<u8>,
    packer: Option<JoinHandle<()>>,
}

impl Writer {
    /// A recording in `directory`; `age` is how long the session has run already. Nothing is written before [`Writer::rotate`].
    pub fn new(directory: PathBuf, keep: bool, title: &str, age: Duration) -> Writer {
        let now = Instant::now();
        let number = segments(&directory).last().map_or(0, |(number, _)| *number);
        let past = segments(&directory)
            .into_iter()
            .filter(|(_, path)| live::is_live(path))
            .map(|(number, _)| (number, false))
            .collect();
        Writer {
            directory,
            keep,
            title: title.to_owned(),
            began: now.checked_sub(age).unwrap_or(now),
            number,
            file: None,
            failed: None,
            segment_began: now,
            written: 0,
            skipped: 0,
            scrolled: 0,
            past,
            cut: Vec::new(),
            packer: None,
        }
    }

    /// Whether the next segment should begin.
    pub fn is_due(&self) -> bool {
        match (&self.file, self.failed) {
            (Some(_), _) => self.written >= SEGMENT,
            (None, Some(at)) => at.elapsed() >= AGAIN,
            (None, None) => true,
        }
    }

    /// Takes what the program wrote; before the emulator does, so that the recording never lacks what was shown.
    pub fn output(&mut self, bytes: &[u8]) {
        if bytes.last().is_some_and(u8::is_ascii) {
            self.cut.clear();
        } else {
            self.cut.extend_from_slice(&bytes[bytes.len().saturating_sub(3)..]);
            self.cut.drain(..reader::whole_characters(&self.cut));
        }
        if self.file.is_none() {
            self.skipped += bytes.len() as u64;
            return;
        }
        self.put(Kind::Output, bytes);
    }

    /// Takes the terminal's new size.
    pub fn resized(&mut self, (cols, rows): (u16, u16)) {
        self.put(Kind::Resize, format!("{cols}x{rows}").as_bytes());
    }

    /// Notes something worth finding again.
    pub fn mark(&mut self, what: &str) {
        self.put(Kind::Mark, what.as_bytes());
    }

    fn put(&mut self, kind: Kind, data: &[u8]) {
        let Some(file) = &mut self.file else { return };
        match live::put(file, self.segment_began.elapsed(), kind, data) {
            Ok(written) => self.written += written,
            Err(error) => {
                // The session goes on unrecorded: the disk is full, or the directory is gone.
                complain(&format!("recording: {error}"));
                self.file = None;
                self.failed = Some(Instant::now());
            }
        }
    }

    /// Begins the next segment with the terminal as it is now.
    pub fn rotate(&mut self, emulator: &mut dyn Emulator) {
        let scrolled = emulator.scrolled();
        let flood = self.segment_began.elapsed() < FLOOD;
        // When this segment alone makes all the scrollback there is, the next one needs no copy of it.
        let chained = self.file.is_some() && scrolled - self.scrolled >= HISTORY as u64;
        let next = self.number + 1;
        let base = if chained { self.number } else { next };
        match self.begin(next, base, emulator) {
            Ok((file, written)) => {
                if self.file.replace(file).is_some() {
                    self.past.push((self.number, flood));
                }
                (self.number, self.written, self.scrolled) = (next, written, scrolled);
                self.segment_began = Instant::now();
                self.failed = None;
                self.retire(base);
            }
            Err(error) => {
                if self.failed.is_none() {
                    complain(&format!("recording: {error}"));
                }
                let _ = fs::remove_file(self.path(next, live::END));
                let _ = fs::remove_file(self.path(next, "back"));
                self.file = None;
                self.failed = Some(Instant::now());
            }
        }
    }

    fn begin(&mut self, number: u32, base: u32, emulator: &mut dyn Emulator) -> io::Result<(File, u64)> {
        files::make_dirs(&self.directory, 0o700).map_err(io::Error::other)?;
        let whole = base == number;
        if whole {
            emulator.compact();
            create(&self.path(number, "back"))?.write_all(&emulator.packed())?;
        }
        let (width, height) = emulator.size();
        let header = RawHeader {
            version: 2,
            width,
            height,
            timestamp: Timestamp::now().unix_seconds(),
            title: self.title.clone(),
            env: json!({"TERM": "xterm-256color"}),
            gt: Ours {
                segment: number,
                at: self.began.elapsed().as_secs_f64(),
                checkpoint: true,
                base,
                skipped: self.skipped,
            },
        };
        let mut head = serde_json::to_vec(&header)?;
        head.push(b'\n');
        let mut file = create(&self.path(number, live::END))?;
        file.write_all(&head)?;
        live::put(&mut file, Duration::ZERO, Kind::Output, emulator.dump(whole).as_bytes())?;
        if !self.cut.is_empty() {
            live::put(&mut file, Duration::ZERO, Kind::Output, &self.cut)?;
        }
        self.skipped = 0;
        Ok((file, 0))
    }

    fn path(&self, number: u32, end: &str) -> PathBuf {
        self.directory.join(format!("{number:04}.{end}"))
    }

    /// Packs or removes the segments before `base`, which nothing needs to go on.
    fn retire(&mut self, base: u32) {
        let (old, past) = std::mem::take(&mut self.past).into_iter().partition(|(number, _)| *number < base);
        self.past = past;
        let mut pack = Vec::new();
        for (number, flood) in old {
            let path = self.path(number, live::END);
            let _ = fs::remove_file(self.path(number, "back"));
            if self.keep && !flood {
                pack.push(path);
            } else {
                self.skipped += path.metadata().map_or(0, |meta| meta.len());
                let _ = fs::remove_file(path);
            }
        }
        if !pack.is_empty() {
            self.wait_for_packer();
            let directory = self.directory.clone();
            // Beside the loop, which has a program to listen to.
            let spawned = std::thread::Builder::new().name("packer".into()).spawn(move || pack_all(&directory, &pack));
            self.packer = spawned.ok();
        }
    }

    fn wait_for_packer(&mut self) {
        if let Some(packer) = self.packer.take() {
            // What it could not pack stays as it is.
            let _ = packer.join();
        }
    }

    /// Whether more than the present is kept.
    pub fn keeps(&self) -> bool {
        self.keep
    }

    /// Waits until nothing but the caller writes here; before the process becomes another program.
    pub fn settle(&mut self) {
        self.wait_for_packer();
    }

    /// The session is over: packs what is left, or removes everything where nothing is kept.
    pub fn finish(&mut self) {
        self.wait_for_packer();
        self.file = None;
        if !self.keep {
            let _ = fs::remove_dir_all(&self.directory);
            // Its parent too, when that was the only run.
            let _ = self.directory.parent().map(fs::remove_dir);
            return;
        }
        let mut pack = Vec::new();
        for (number, path) in segments(&self.directory) {
            let _ = fs::remove_file(self.path(number, "back"));
            if !reader::is_packed(&path) {
                pack.push(path);
            }
        }
        pack_all(&self.directory, &pack);
    }
}

fn create(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).write(true).truncate(true).mode(0o600).open(path)
}

fn pack_all(directory: &Path, paths: &[PathBuf]) {
    for path in paths {
        // A full disk leaves the plain file.
        let _ = pack(path);
    }
    let all = segments(directory);
    let size = |path: &Path| path.metadata().map_or(0, |meta| meta.len());
    let mut total: u64 = all.iter().map(|(_, path)| size(path)).sum();
    for (_, path) in all.iter().filter(|(_, path)| path.extension().is_some_and(|end| end == "gz")) {
        if total <= KEPT {
            break;
        }
        total -= size(path);
        let _ = fs::remove_file(path);
    }
}

fn pack(path: &Path) -> io::Result<()> {
    let part = path.with_extension("cast.gz.part");
    let packed = (|| {
        let mut encoder = GzEncoder::new(create(&part)?, Compression::fast());
        reader::convert(path, &mut encoder)?;
        encoder.finish()?;
        fs::rename(&part, path.with_extension("cast.gz"))
    })();
    if packed.is_err() {
        let _ = fs::remove_file(&part);
    } else {
        fs::remove_file(path)?;
    }
    packed
}

#[cfg(test)]
mod tests {
    use super::super::reader::rebuild;
    use super::*;
    use crate::terminal::new_emulator;

    /// Writes as a host does, cut anywhere, and rebuilds as its successor would at every moment.
    #[test]
    fn a_terminal_is_rebuilt_from_what_was_written() {
        let directory = tempfile::tempdir().unwrap();
        let mut emulator = new_emulator(60, 10, HISTORY);
        let mut writer = Writer::new(directory.path().join("run"), true, "t", Duration::ZERO);
        let mut data = Vec::new();
        let long = |from: usize, data: &mut Vec<u8>| {
            for n in from..from + 4000 {
                data.extend_from_slice(
                    format!("\x1b[3{}mzeile {n} — größer 漢字 and more\x1b[0m\r\n", n % 8).as_bytes(),
                );
            }
        };
        long(0, &mut data);
        // So many lines that one segment makes all the scrollback.
        (0..150_000).for_each(|n| data.extend_from_slice(if n % 2 == 0 { b"a\r\n" } else { b"b\r\n" }));
        long(4000, &mut data);
        let mut checks = 0;
        for (n, chunk) in data.chunks(3001).enumerate() {
            if writer.is_due() {
                writer.rotate(emulator.as_mut());
            }
            writer.output(chunk);
            emulator.feed(chunk);
            if n == 30 {
                writer.resized((50, 12));
                emulator.resize(50, 12);
            }
            if n % 41 == 0 {
                checks += 1;
                let mut again = rebuild(&directory.path().join("run")).unwrap();
                let now = Instant::now();
                emulator.refresh(now);
                again.refresh(now);
                assert_eq!(again.screen(), emulator.screen(), "chunk {n}");
                let (ours, theirs) = (emulator.lines(0, usize::MAX), again.lines(0, usize::MAX));
                let kept = ours.lines.len().min(HISTORY);
                assert_eq!(
                    theirs.lines[theirs.lines.len() - kept..],
                    ours.lines[ours.lines.len() - kept..],
                    "chunk {n}"
                );
            }
        }
        assert!(checks > 5);
        writer.finish();
        let left: Vec<_> = segments(&directory.path().join("run"));
        assert!(!left.is_empty() && left.iter().all(|(_, path)| path.extension().unwrap() == "gz"), "{left:?}");
    }
}
