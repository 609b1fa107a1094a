//! What the program writes: read, recorded, and shown.

use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use super::intake::{Intake, Turn};
use super::pty::{Input, MAX_INPUT};
use super::serve::Host;
use crate::base::Timestamp;
use crate::session::HISTORY;
use crate::session::wire::ServerMsg;
use crate::terminal::{TermEvent, new_emulator};

/// What the program may write before the clients have their turn.
pub(super) const TURN: usize = 64 * 1024;
/// What is read and recorded in one go.
const BLOCK: usize = 32 * 1024;
/// Old lines are packed when the program has been quiet so long.
const PACK: Duration = Duration::from_millis(500);

impl Host {
    /// Writes the emulator's answers to the program.
    pub(super) fn answer(&mut self) {
        let replies = self.emulator.take_replies();
        if !replies.is_empty() && self.pty.waiting() < MAX_INPUT {
            self.pty.send(&replies);
        }
    }

    /// Feeds up to `limit` bytes of the program's output.
    pub(super) fn read_output(&mut self, limit: usize) {
        let bytes = if self.intake.is_some() { self.take_output(limit) } else { self.read_terminal(limit) };
        self.took(bytes);
        match self.tide.count(bytes, Instant::now()) {
            Turn::Flood if self.intake.is_none() => self.begin_intake(),
            Turn::Ebb => self.stop_intake(),
            Turn::Flood | Turn::Same => {}
        }
    }

    /// Has the program read on a thread of its own; where none is to be had, it is read as before.
    fn begin_intake(&mut self) {
        if !self.closed {
            self.intake = Intake::begin(self.pty.as_fd()).ok();
        }
    }

    /// Feeds what the thread that reads has read, and goes on without it.
    pub(super) fn stop_intake(&mut self) {
        if let Some(intake) = &mut self.intake {
            intake.stop();
            let bytes = self.take_output(usize::MAX);
            self.intake = None;
            self.took(bytes);
        }
    }

    /// Feeds up to `limit` bytes, or a little more, of what the thread that reads has read.
    fn take_output(&mut self, limit: usize) -> usize {
        let [mut taken, spare] = std::mem::take(&mut self.blocks);
        let mut total = 0;
        while total < limit
            && let Some(intake) = &mut self.intake
        {
            if intake.take(&mut taken) {
                self.closed = true;
                self.intake = None;
            }
            if taken.is_empty() {
                break;
            }
            total += taken.len();
            self.cast.output(&taken);
            self.feed(&taken);
        }
        self.blocks = [taken, spare];
        total
    }

    /// Reads the terminal and feeds up to `limit` bytes.
    fn read_terminal(&mut self, limit: usize) -> usize {
        // The kernel gives a few kilobytes at a time, and asked again at once would have to be waited for: the emulator is given what was
        // read before meanwhile. The recording takes more at once for the same price, and always before the emulator does.
        let [mut reading, mut recorded] = std::mem::take(&mut self.blocks);
        reading.resize(BLOCK, 0);
        recorded.resize(BLOCK, 0);
        let (mut fed, mut end) = (0, 0);
        let mut total = 0;
        while total < limit {
            let mut filled = 0;
            let mut last = Input::Nothing;
            while filled < BLOCK {
                last = self.pty.read(&mut reading[filled..]);
                let Input::Bytes(count) = last else { break };
                filled += count;
                let next = end.min(fed + count);
                self.feed(&recorded[fed..next]);
                fed = next;
            }
            if filled > 0 {
                total += filled;
                self.feed(&recorded[fed..end]);
                self.cast.output(&reading[..filled]);
                std::mem::swap(&mut reading, &mut recorded);
                (fed, end) = (0, filled);
            }
            match last {
                Input::Bytes(_) => {}
                // By the time the emulator has seen this there is more, as a rule, and being woken for it would take longer.
                Input::Nothing if end > 0 => {
                    self.feed(&recorded[fed..end]);
                    (fed, end) = (0, 0);
                }
                Input::Nothing => break,
                Input::Closed => {
                    self.closed = true;
                    break;
                }
            }
        }
        self.feed(&recorded[fed..end]);
        self.blocks = [reading, recorded];
        total
    }

    /// So many bytes of the program's output have been fed.
    fn took(&mut self, total: usize) {
        if total == 0 {
            return;
        }
        if self.cast.is_due() {
            self.cast.rotate(self.emulator.as_mut());
        }
        self.bytes_out += total as u64;
        let now = Instant::now();
        self.last_output = Some(now);
        self.pack_at = Some(now + PACK);
        self.last_output_at = Some(Timestamp::now());
        self.answer();
        for event in self.emulator.take_events() {
            if let TermEvent::Title(title) = &event {
                self.record.title.clone_from(title);
            }
            for peer in self.peers.iter_mut().filter(|peer| peer.mode.is_some() && peer.waiting() < TURN) {
                peer.send(&ServerMsg::Event(event.clone()));
            }
        }
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let emulator = &mut self.emulator;
        if catch_unwind(AssertUnwindSafe(|| emulator.feed(bytes))).is_err() {
            // The agent must not die of an emulator's mistake: it goes on with a fresh one, which its next frame fills.
            let (cols, rows) = self.emulator.size();
            self.emulator = new_emulator(cols, rows, HISTORY);
            for peer in self.peers.iter_mut() {
                if let Some(mode) = peer.mode {
                    peer.attach(mode, None);
                }
            }
        }
    }
}
