//! What clients ask for.

use std::time::Instant;

use super::serve::{Host, SETTLE};
use crate::base::lock::Lock;
use crate::base::{Error, Result, files};
use crate::session::nudges::{NUDGE_TTL, NudgeOrder, NudgeWhen};
use crate::session::place::HOST_LOCK;
use crate::session::wire::{AttachMode, ClientMsg, MAX_LINES, NudgeOutcome, PROTOCOL, ServerMsg, Status};
use crate::terminal::{clamp_size, encode_focus, encode_key, encode_mouse, encode_paste};

impl Host {
    pub(super) fn handle(&mut self, index: usize, message: ClientMsg) {
        let now = Instant::now();
        let peer = &mut self.peers[index];
        if !peer.greeted {
            peer.greeted = true;
            if matches!(message, ClientMsg::Hello { .. }) {
                peer.send(&ServerMsg::Hello {
                    version: PROTOCOL,
                    name: self.record.name.clone(),
                    address: self.record.address.clone(),
                });
            } else {
                peer.send(&ServerMsg::Error("the first message must be a hello".into()));
                peer.closing = true;
            }
            return;
        }
        match message {
            ClientMsg::Hello { .. } => {}
            ClientMsg::Attach { mode, size } => {
                peer.attach(mode, size.map(|(cols, rows)| clamp_size(cols, rows)));
                let (id, size) = (peer.id, peer.size);
                if mode == AttachMode::Control && self.leader.is_none() {
                    self.leader = Some(id);
                    if let Some(size) = size {
                        self.set_size(size);
                    }
                }
            }
            ClientMsg::Detach => peer.mode = None,
            ClientMsg::DetachAll => {
                let asked = peer.id;
                let mut count = 0;
                for peer in self.peers.iter_mut().filter(|peer| peer.mode == Some(AttachMode::Control)) {
                    peer.mode = None;
                    peer.send(&ServerMsg::Detached(0));
                    count += 1;
                }
                self.tell(&[asked], &ServerMsg::Detached(count));
            }
            ClientMsg::Resize { cols, rows } => {
                peer.size = Some(clamp_size(cols, rows));
                if self.leader == Some(peer.id) {
                    self.resize = Some((clamp_size(cols, rows), now + SETTLE));
                }
            }
            ClientMsg::Key(press) => {
                self.emulator.refresh(now);
                let bytes = encode_key(press, &self.emulator.screen().modes);
                if self.typed(index, &bytes) {
                    self.draft.key(press, now);
                }
            }
            ClientMsg::Input(bytes) => {
                if self.typed(index, &bytes) {
                    self.draft.bytes(&bytes, now);
                }
            }
            ClientMsg::Paste(text) => {
                self.emulator.refresh(now);
                let bytes = encode_paste(&text, &self.emulator.screen().modes);
                if self.typed(index, &bytes) {
                    self.draft.paste(&text, now);
                }
            }
            ClientMsg::Mouse(event) => {
                self.emulator.refresh(now);
                let bytes = encode_mouse(event, &self.emulator.screen().modes);
                self.input(index, &bytes);
            }
            ClientMsg::Focus(gained) => {
                self.emulator.refresh(now);
                let bytes = encode_focus(gained, &self.emulator.screen().modes);
                self.input(index, bytes);
            }
            ClientMsg::Nudge { text, from } => {
                let ttl = NUDGE_TTL.as_secs() as u32;
                let order = NudgeOrder { text, from, when: NudgeWhen::Idle, ttl };
                self.take_nudge(index, &order, now);
            }
            ClientMsg::Deliver(order) => self.take_nudge(index, &order, now),
            ClientMsg::Hear { state, prompt } => {
                if prompt.is_some() {
                    self.draft.sent();
                }
                self.sense.hear(&state, prompt, now);
            }
            ClientMsg::Nudges => {
                let entries = self.nudger.entries();
                self.peers[index].send(&ServerMsg::Nudges(entries));
            }
            ClientMsg::ReadText { lines } => {
                let text = self.emulator.text(lines as usize);
                self.peers[index].send(&ServerMsg::Text(text));
            }
            ClientMsg::History { from, count } => {
                let lines = self.emulator.lines(from, count.min(MAX_LINES) as usize);
                self.peers[index].send(&ServerMsg::History(lines));
            }
            ClientMsg::Search { text, before, limit } => {
                let found = self.emulator.search(&text, before, limit.min(MAX_LINES) as usize);
                self.peers[index].send(&ServerMsg::Found(found));
            }
            ClientMsg::Select { from, to } => {
                let text = self.emulator.select(from, to);
                self.peers[index].send(&ServerMsg::Text(text));
            }
            ClientMsg::Status => {
                self.emulator.refresh(now);
                let status = self.status(now);
                self.peers[index].send(&ServerMsg::Status(Box::new(status)));
            }
            ClientMsg::Recall => {
                if let Err(error) = self.recall() {
                    self.peers[index].send(&ServerMsg::Error(error.to_string()));
                    return;
                }
                let status = self.status(now);
                self.peers[index].send(&ServerMsg::Status(Box::new(status)));
            }
            ClientMsg::Hold => {
                if let Err(error) = peer.hold(&self.pty, self.record.child_pid) {
                    peer.send(&ServerMsg::Error(error.to_string()));
                }
            }
            ClientMsg::Upgrade { binary } => {
                let asked = peer.id;
                // On success this process has become another program, which answers.
                if let Err(error) = self.upgrade(asked, &binary) {
                    let hint = error.hint_text().map(|hint| format!(" ({hint})")).unwrap_or_default();
                    self.tell(&[asked], &ServerMsg::Error(format!("{error}{hint}")));
                }
            }
            ClientMsg::Kill { exclude } => {
                let (id, pid) = (peer.id, peer.pid);
                let mut spare = exclude;
                spare.push(pid);
                self.end(Some((id, &spare)), now);
            }
        }
    }

    /// Makes what is on disk again after it was deleted: directory, lock, record.
    fn recall(&mut self) -> Result<()> {
        if self.directory.join("session.json").exists() {
            return Ok(());
        }
        files::make_dirs(&self.directory, 0o700)?;
        // The lock held so far is on a file that has no name any more. When another host has the new one, it is the session.
        let Some(lock) = Lock::try_acquire(&self.directory.join(HOST_LOCK))? else {
            return Err(Error::refused(format!("session {} runs in another host", self.record.name)));
        };
        self.lock = lock;
        self.record.write(&self.directory)
    }

    fn take_nudge(&mut self, index: usize, order: &NudgeOrder, now: Instant) {
        let outcome = if self.exit.is_some() || self.ending.is_some() {
            Some(NudgeOutcome::Refused("the session is ending".into()))
        } else {
            self.nudger.push(self.peers[index].id, order, now)
        };
        if let Some(outcome) = outcome {
            self.peers[index].send(&ServerMsg::Nudged(outcome));
        }
    }

    /// Input that a person makes: it moves the leadership, and with it the size. Returns whether the program is given it.
    fn typed(&mut self, index: usize, bytes: &[u8]) -> bool {
        let peer = &self.peers[index];
        if bytes.is_empty() || peer.mode == Some(AttachMode::View) {
            return false;
        }
        self.share.typed(Instant::now());
        if peer.mode == Some(AttachMode::Control) && self.leader != Some(peer.id) {
            self.leader = Some(peer.id);
            if let Some(size) = peer.size.filter(|size| *size != self.emulator.size()) {
                self.resize = None;
                self.set_size(size);
            }
        }
        self.input(index, bytes);
        true
    }

    fn input(&mut self, index: usize, bytes: &[u8]) {
        if self.peers[index].mode == Some(AttachMode::View) {
            return;
        }
        if self.nudger.typing() {
            self.held.extend_from_slice(bytes);
        } else {
            self.pty.send(bytes);
        }
    }

    fn status(&self, now: Instant) -> Status {
        let screen = self.emulator.screen();
        let silent = now.saturating_duration_since(self.last_output.unwrap_or(self.started));
        Status {
            name: self.record.name.clone(),
            address: self.record.address.clone(),
            role: self.record.role.clone(),
            preset: self.record.preset.clone(),
            bead: self.record.bead.clone(),
            running: self.exit.is_none(),
            host_pid: self.record.host_pid,
            child_pid: self.record.child_pid,
            started_at: self.record.started_at,
            title: if screen.title.is_empty() { self.record.title.clone() } else { screen.title.clone() },
            program: screen.status.clone(),
            progress: screen.progress,
            silent_ms: u64::try_from(silent.as_millis()).unwrap_or(u64::MAX),
            last_output_at: self.last_output_at,
            cursor: (screen.cursor.col, screen.cursor.row),
            cols: screen.cols,
            rows: screen.rows,
            bracketed_paste: screen.modes.bracketed_paste,
            alt_screen: screen.modes.alt_screen,
            clients: self.peers.iter().filter(|peer| peer.mode.is_some()).count() as u32,
            queued_nudges: self.nudger.waiting() as u32,
            bytes_out: self.bytes_out,
            bytes_in: self.pty.written,
        }
    }
}
