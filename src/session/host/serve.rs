//! The host's loop.

use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::draft::Draft;
use super::ending::{Ending, Progress};
use super::intake::{Intake, Tide};
use super::nudge::{Act, Nudger, View};
use super::os;
use super::output::TURN;
use super::peer::Peer;
use super::pty::{MAX_INPUT, Pty};
use super::sense::{Moment, Sense};
use super::share::Share;
use crate::base::lock::Lock;
use crate::base::{Result, Timestamp, os as system};
use crate::session::cast::Writer;
use crate::session::nudges::NudgeBook;
use crate::session::record::{Exit, LastScreen, SessionRecord};
use crate::session::tree::Processes;
use crate::session::wire::ServerMsg;
use crate::session::{HISTORY, complain, program};
use crate::terminal::Emulator;

/// A size that changes is passed on when it has stood still so long: agents redraw noisily at every step.
pub(super) const SETTLE: Duration = Duration::from_millis(50);
/// How long clients have to take what waits for them when the session is over.
const GOODBYE: Duration = Duration::from_millis(500);
/// Clients served at once.
const MAX_CLIENTS: usize = 64;

/// What a host is made of.
pub(super) struct Parts {
    pub record: SessionRecord,
    pub directory: PathBuf,
    pub pty: Pty,
    pub emulator: Box<dyn Emulator>,
    pub listener: UnixListener,
    pub signals: system::Signals,
    pub lock: Lock,
    pub cast: Writer,
    pub adopted: Option<OwnedFd>,
}

/// A session.
pub(super) struct Host {
    pub(super) record: SessionRecord,
    pub(super) directory: PathBuf,
    pub(super) pty: Pty,
    /// No process has the terminal open any more.
    pub(super) closed: bool,
    pub(super) emulator: Box<dyn Emulator>,
    pub(super) listener: UnixListener,
    pub(super) signals: system::Signals,
    pub(super) peers: Vec<Peer>,
    pub(super) next_peer: u64,
    /// The client whose size holds: the one that typed last.
    pub(super) leader: Option<u64>,
    pub(super) resize: Option<((u16, u16), Instant)>,
    pub(super) nudger: Nudger,
    /// What people typed while a nudge was being typed.
    pub(super) held: Vec<u8>,
    pub(super) ending: Option<Ending>,
    pub(super) exit: Option<Exit>,
    pub(super) stopped: bool,
    pub(super) bytes_out: u64,
    pub(super) started: Instant,
    pub(super) last_output: Option<Instant>,
    pub(super) last_output_at: Option<Timestamp>,
    /// What a person has typed and not sent.
    pub(super) draft: Draft,
    /// What the agent's program tells of itself.
    pub(super) sense: Sense,
    /// When old lines are packed unless more output comes.
    pub(super) pack_at: Option<Instant>,
    /// Room for what is read, while the program writes.
    pub(super) blocks: [Vec<u8>; 2],
    /// How much the program writes.
    pub(super) tide: Tide,
    /// Who reads it while it floods.
    pub(super) intake: Option<Intake>,
    /// The program's share of a busy CPU.
    pub(super) share: Share,
    pub(super) lock: Lock,
    /// The recording, from which another host could take over.
    pub(super) cast: Writer,
    /// The program, where it is not this process's child: it was adopted.
    pub(super) adopted: Option<OwnedFd>,
}

impl Host {
    pub fn new(parts: Parts) -> Host {
        Host {
            share: Share::new(parts.record.child_pid, parts.record.nice),
            nudger: Nudger::new(NudgeBook::open(&parts.directory, parts.record.bead.as_deref())),
            record: parts.record,
            directory: parts.directory,
            pty: parts.pty,
            closed: false,
            emulator: parts.emulator,
            listener: parts.listener,
            signals: parts.signals,
            peers: Vec::new(),
            next_peer: 1,
            leader: None,
            resize: None,
            draft: Draft::default(),
            sense: Sense::default(),
            held: Vec::new(),
            ending: None,
            exit: None,
            stopped: false,
            bytes_out: 0,
            started: Instant::now(),
            last_output: None,
            last_output_at: None,
            pack_at: None,
            blocks: Default::default(),
            tide: Tide::default(),
            intake: None,
            lock: parts.lock,
            cast: parts.cast,
            adopted: parts.adopted,
        }
    }

    /// Runs the session to its end.
    ///
    /// # Errors
    /// When waiting for events fails, which nothing can mend.
    pub fn run(&mut self) -> Result<()> {
        loop {
            let now = Instant::now();
            if self.advance(now) {
                self.finish();
                return Ok(());
            }
            self.show(now);
            self.wait(now)?;
        }
    }

    /// Does what is due. Returns whether the session is over.
    fn advance(&mut self, now: Instant) -> bool {
        if let Some((size, due)) = self.resize
            && now >= due
        {
            self.resize = None;
            self.set_size(size);
        }
        self.share.step(now);
        if self.pack_at.is_some_and(|at| now >= at) {
            self.pack_at = None;
            self.stop_intake();
            self.blocks = Default::default();
            if self.emulator.compact() {
                os::give_back_memory();
            }
        }
        if self.nudger.waiting() > 0 && self.ending.is_none() {
            self.emulator.refresh(now);
            let screen = self.emulator.screen();
            let at = Moment { now, screen, last_output: self.last_output, started: self.started };
            let ways = &self.record.ways;
            let in_the_way = self.sense.asking(ways, &at).or(self.draft.in_the_way(screen, now));
            let busy = self.sense.busy(ways, &at);
            let view = View {
                now,
                screen,
                last_output: self.last_output,
                bytes_out: self.bytes_out,
                in_the_way,
                busy,
                tells: self.sense.tells(screen),
                begun: self.emulator.status().begun(),
                prompts: &self.sense.prompts,
                submit: ways.submit(),
            };
            let acts = self.nudger.step(&view);
            self.act(acts);
        }
        if !self.nudger.typing() && !self.held.is_empty() {
            let held = std::mem::take(&mut self.held);
            self.pty.send(&held);
        }
        let Some(ending) = &mut self.ending else { return false };
        match ending.step(now) {
            Progress::Going => false,
            Progress::Spared => {
                let (askers, report) = ending.report();
                self.tell(&askers, &ServerMsg::Killed(report));
                false
            }
            Progress::Over => {
                self.reap();
                true
            }
        }
    }

    pub(super) fn act(&mut self, acts: Vec<Act>) {
        for act in acts {
            match act {
                Act::Write(bytes) => self.pty.send(&bytes),
                Act::Tell(client, outcome) => self.tell(&[client], &ServerMsg::Nudged(outcome)),
            }
        }
    }

    pub(super) fn tell(&mut self, clients: &[u64], message: &ServerMsg) {
        for peer in self.peers.iter_mut().filter(|peer| clients.contains(&peer.id)) {
            peer.send(message);
        }
    }

    /// Sends every client that is due one its frame.
    fn show(&mut self, now: Instant) {
        if self.peers.iter().any(|peer| peer.wants_frame(now)) {
            self.emulator.refresh(now);
            for peer in self.peers.iter_mut().filter(|peer| peer.wants_frame(now)) {
                peer.frame(self.emulator.as_ref(), now);
            }
        }
        let leader = self.leader;
        self.peers.retain(|peer| !(peer.closing && peer.waiting() == 0));
        if leader.is_some_and(|id| !self.peers.iter().any(|peer| peer.id == id)) {
            self.leader = None;
        }
    }

    /// When something is due although nothing happens.
    fn deadline(&self, now: Instant) -> Option<Instant> {
        let looked_at = self.peers.iter().any(|peer| peer.mode.is_some());
        let frame = self.peers.iter().filter_map(Peer::next_frame).min();
        let sync = self.emulator.sync_deadline().filter(|_| looked_at);
        let ending = self.ending.as_ref().map(Ending::deadline);
        let resize = self.resize.map(|(_, due)| due);
        [frame, sync, ending, resize, self.share.deadline(), self.pack_at, self.nudger.deadline(now)]
            .into_iter()
            .flatten()
            .min()
    }

    fn wait(&mut self, now: Instant) -> Result<()> {
        let timeout = match self.deadline(now) {
            _ if self.intake.as_ref().is_some_and(|intake| intake.more) => PollTimeout::ZERO,
            None => PollTimeout::NONE,
            Some(at) => {
                let left = at.saturating_duration_since(now);
                let millis = left.as_micros().div_ceil(1000);
                PollTimeout::from(u16::try_from(millis).unwrap_or(u16::MAX))
            }
        };
        let crowded = self.pty.waiting() + self.held.len() > MAX_INPUT;
        let mut fds = Vec::with_capacity(3 + self.peers.len());
        fds.push(PollFd::new(self.signals.as_fd(), PollFlags::POLLIN));
        fds.push(PollFd::new(self.listener.as_fd(), PollFlags::POLLIN));
        for peer in &self.peers {
            let mut flags = PollFlags::empty();
            if !crowded && !peer.closing {
                flags |= PollFlags::POLLIN;
            }
            if peer.waiting() > 0 {
                flags |= PollFlags::POLLOUT;
            }
            fds.push(PollFd::new(peer.stream.as_fd(), flags));
        }
        let out = if self.pty.waiting() > 0 { PollFlags::POLLOUT } else { PollFlags::empty() };
        let read = if self.intake.is_some() { PollFlags::empty() } else { PollFlags::POLLIN };
        let mut add = |fd, flags| {
            fds.push(PollFd::new(fd, flags));
            fds.len() - 1
        };
        let pty_at = (!self.closed && !(read | out).is_empty()).then(|| add(self.pty.as_fd(), read | out));
        let program_at = self.adopted.as_ref().map(|adopted| add(adopted.as_fd(), PollFlags::POLLIN));
        let intake_at = self.intake.as_ref().map(|intake| add(intake.as_fd(), PollFlags::POLLIN));
        match poll(&mut fds, timeout) {
            Ok(_) | Err(Errno::EINTR) => {}
            Err(error) => return Err(error.into()),
        }
        let ready: Vec<PollFlags> = fds.iter().map(|fd| fd.revents().unwrap_or(PollFlags::empty())).collect();
        drop(fds);
        let is = |at: Option<usize>, flags| at.is_some_and(|at: usize| ready[at].intersects(flags));
        // Keys first, so that they never wait behind a flood of output.
        for index in (0..self.peers.len()).rev() {
            self.serve_peer(index, ready[2 + index]);
        }
        if is(pty_at, PollFlags::POLLOUT) {
            self.pty.flush();
        }
        let more = self.intake.as_ref().is_some_and(|intake| intake.more);
        if more
            || is(pty_at, PollFlags::POLLIN | PollFlags::POLLHUP | PollFlags::POLLERR)
            || is(intake_at, PollFlags::all())
        {
            self.read_output(TURN);
        }
        if is(program_at, PollFlags::all())
            && let Some(adopted) = self.adopted.take()
        {
            let (code, signal) = program::exit_status(&adopted).unwrap_or((None, None));
            self.ended(code, signal, Instant::now());
        }
        if !ready[0].is_empty() {
            self.take_signals();
        }
        if !ready[1].is_empty() {
            self.accept();
        }
        Ok(())
    }

    fn accept(&mut self) {
        while let Ok((stream, _)) = self.listener.accept() {
            let Some(pid) = system::own_peer(&stream).filter(|_| self.peers.len() < MAX_CLIENTS) else { continue };
            if stream.set_nonblocking(true).is_ok() {
                self.peers.push(Peer::new(self.next_peer, stream, pid));
                self.next_peer += 1;
            }
        }
    }

    fn serve_peer(&mut self, index: usize, flags: PollFlags) {
        let peer = &mut self.peers[index];
        if flags.contains(PollFlags::POLLOUT) {
            peer.flush();
        }
        if !flags.intersects(PollFlags::POLLIN | PollFlags::POLLHUP | PollFlags::POLLERR) {
            return;
        }
        match peer.read() {
            Ok(messages) => {
                for message in messages {
                    self.handle(index, message);
                }
            }
            Err(()) => {
                self.peers.remove(index);
            }
        }
    }

    pub(super) fn set_size(&mut self, size: (u16, u16)) {
        if size != self.emulator.size() {
            // What came before it is recorded before it.
            self.stop_intake();
            self.cast.resized(size);
            self.emulator.resize(size.0, size.1);
            self.pty.resize(size);
            // A program may want to hear of its size in band.
            self.answer();
        }
    }

    fn take_signals(&mut self) {
        while let Some(signal) = self.signals.next() {
            // SIGHUP is somebody else's terminal going away.
            if matches!(signal, Signal::SIGTERM | Signal::SIGINT | Signal::SIGQUIT) {
                self.end(None, Instant::now());
            }
        }
        self.reap();
    }

    /// Takes the exit status of every process that ended, adopted ones included.
    fn reap(&mut self) {
        loop {
            let (pid, code, signal) = match waitpid(Pid::from_raw(-1), Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, code)) => (pid, Some(code), None),
                Ok(WaitStatus::Signaled(pid, signal, _)) => (pid, None, Some(signal as i32)),
                Ok(WaitStatus::StillAlive) | Err(Errno::ECHILD) => break,
                Ok(_) | Err(Errno::EINTR) => continue,
                Err(_) => break,
            };
            let now = Instant::now();
            if let Some(ending) = &mut self.ending {
                ending.hurry(now);
            }
            if pid.as_raw() == self.record.child_pid {
                self.ended(code, signal, now);
            }
        }
    }

    /// The program has ended.
    fn ended(&mut self, code: Option<i32>, signal: Option<i32>, now: Instant) {
        if self.exit.is_some() {
            return;
        }
        // What it wrote last is still in the terminal.
        self.stop_intake();
        self.read_output(4 * 1024 * 1024);
        let unknown = (code, signal) == (None, None);
        let reason = if self.stopped {
            Some("stopped".to_owned())
        } else {
            unknown.then(|| "how is unknown: its host was killed".to_owned())
        };
        self.exit = Some(Exit { code, signal, at: Timestamp::now(), reason });
        self.record.last_state = self.emulator.status().current().map(|status| status.state.as_str().to_owned());
        self.emulator.program_ended();
        // Without its program a session has no purpose: what the program left behind ends with it.
        self.end(None, now);
    }

    /// Begins the end, or adds an asker to it.
    pub(super) fn end(&mut self, asker: Option<(u64, &[i32])>, now: Instant) {
        let host = self.record.host_pid;
        if self.exit.is_none() {
            self.stopped = true;
        }
        // Who holds the terminal for the case of this process's death lets go of it: nobody shall take over what ends.
        for peer in &mut self.peers {
            if std::mem::take(&mut peer.holder) {
                peer.send(&ServerMsg::Release);
            }
        }
        let child = (self.record.child_pid, self.record.child_start);
        let ending = self.ending.get_or_insert_with(|| Ending::new(host, child, &self.record.mark, now));
        if let Some((client, spare)) = asker {
            // Only a process of this session needs sparing; others are not touched anyway.
            ending.ask(client, &Processes::now().descendants_among(spare, host), now);
        }
        let acts = self.nudger.give_up();
        self.act(acts);
    }

    /// Everything has ended: records it, says goodbye, removes the socket.
    fn finish(&mut self) {
        let now = Instant::now();
        let exit = self.exit.clone().unwrap_or(Exit {
            code: None,
            signal: None,
            at: Timestamp::now(),
            reason: Some("stopped".into()),
        });
        self.emulator.program_ended();
        self.emulator.refresh(now);
        let last = LastScreen { screen: self.emulator.screen().clone(), text: self.emulator.text(HISTORY) };
        if let Err(error) = last.write(&self.directory) {
            complain(&format!("last screen not kept: {error}"));
        }
        self.record.exit = Some(exit.clone());
        if let Err(error) = self.record.write(&self.directory) {
            complain(&format!("end not recorded: {error}"));
        }
        let _ = std::fs::remove_file(&self.record.socket);
        if let Some((askers, report)) = self.ending.as_mut().map(Ending::report) {
            self.tell(&askers, &ServerMsg::Killed(report));
        }
        for peer in &mut self.peers {
            if peer.mode.is_some() {
                peer.frame(self.emulator.as_ref(), now);
            }
            peer.send(&ServerMsg::Exit(exit.clone()));
        }
        let end = now + GOODBYE;
        while Instant::now() < end && self.peers.iter().any(|peer| peer.waiting() > 0 && !peer.closing) {
            for peer in &mut self.peers {
                peer.flush();
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        self.cast.finish();
    }
}
