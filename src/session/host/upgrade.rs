//! The host becomes another version of itself: the same process, the same program, terminal and clients.

use std::ffi::CString;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, FdFlag, fcntl};
use serde::{Deserialize, Serialize};

use super::peer::{Peer, PeerState};
use super::pty::Pty;
use super::serve::{Host, Parts};
use super::{age, cast, os, signals};
use crate::base::lock::Lock;
use crate::base::{Error, Result, ResultExt, Timestamp, os as system};
use crate::session::cast::Writer;
use crate::session::record::SessionRecord;
use crate::session::wire::ServerMsg;
use crate::session::{HISTORY, complain, program};
use crate::terminal::new_emulator;

/// The version of the state that is passed on; one side must know the other's.
const STATE: u32 = 1;
/// How long the new binary may take to say whether it can go on.
const PATIENCE: Duration = Duration::from_secs(10);

/// The state in front of the screen's.
#[derive(Debug, Serialize, Deserialize)]
struct State {
    version: u32,
    record: SessionRecord,
    directory: PathBuf,
    recording: bool,
    terminal: RawFd,
    listener: RawFd,
    lock: RawFd,
    #[serde(default)]
    adopted: Option<RawFd>,
    peers: Vec<PeerState>,
    asked: u64,
    next_peer: u64,
    leader: Option<u64>,
    unwritten: Vec<u8>,
    written: u64,
    bytes_out: u64,
    silent_ms: Option<u64>,
    last_output_at: Option<Timestamp>,
    size: (u16, u16),
    /// Lengths of the two parts that follow: the screen and the packed lines.
    dump: usize,
    packed: usize,
}

/// Whether this program can go on from a state of that version.
pub fn can_resume(version: u32) -> bool {
    version == STATE
}

impl Host {
    /// Becomes `binary`; returns only with the reason why not.
    pub(super) fn upgrade(&mut self, asked: u64, binary: &Path) -> Result<()> {
        if self.ending.is_some() || self.exit.is_some() {
            return Err(Error::refused("the session is ending"));
        }
        if self.nudger.typing() {
            return Err(Error::refused("a message is being typed to the agent").hint("try again in a moment"));
        }
        check(binary)?;
        self.stop_intake();
        self.cast.settle();
        // What has not been fed yet stays in the terminal; what has is all in here.
        let adopted = self.adopted.as_ref().map(program::to_pass).transpose()?;
        let state = self.state(asked, adopted.as_ref())?;
        let text = |bytes: &[u8]| CString::new(bytes).map_err(|_| Error::usage("a path with a zero in it"));
        let path = text(binary.as_os_str().as_bytes())?;
        let number = text(state.as_raw_fd().to_string().as_bytes())?;
        let args = [c"gt".to_owned(), c"session-host".to_owned(), c"--resume".to_owned(), number];
        let kept = self.kept(adopted.as_ref());
        let all = || kept.iter().copied().chain([state.as_raw_fd()]);
        let failed = all().try_for_each(|fd| keep(fd, true)).and_then(|()| {
            // The same mask of signals holds in the new program.
            nix::unistd::execv(&path, &args).map(|_| ()).with_context(|| format!("run {}", binary.display()))
        });
        for fd in all() {
            keep(fd, false)?;
        }
        failed
    }

    /// The descriptors that stay open.
    fn kept(&self, adopted: Option<&OwnedFd>) -> Vec<RawFd> {
        let mut kept = vec![self.pty.as_raw_fd(), self.listener.as_raw_fd(), self.lock.as_fd().as_raw_fd()];
        kept.extend(adopted.map(AsRawFd::as_raw_fd));
        kept.extend(self.peers.iter().map(|peer| peer.stream.as_raw_fd()));
        kept
    }

    fn state(&mut self, asked: u64, adopted: Option<&OwnedFd>) -> Result<File> {
        self.emulator.compact();
        let dump = self.emulator.dump(true);
        let packed = self.emulator.packed();
        let state = State {
            version: STATE,
            record: self.record.clone(),
            directory: self.directory.clone(),
            recording: self.cast.keeps(),
            terminal: self.pty.as_raw_fd(),
            listener: self.listener.as_raw_fd(),
            lock: self.lock.as_fd().as_raw_fd(),
            adopted: adopted.map(AsRawFd::as_raw_fd),
            peers: self.peers.iter().map(Peer::state).collect(),
            asked,
            next_peer: self.next_peer,
            leader: self.leader,
            unwritten: [self.pty.unwritten(), self.held.clone()].concat(),
            written: self.pty.written,
            bytes_out: self.bytes_out,
            silent_ms: self.last_output.map(|at| at.elapsed().as_millis() as u64),
            last_output_at: self.last_output_at,
            size: self.emulator.size(),
            dump: dump.len(),
            packed: packed.len(),
        };
        let mut file = system::memory_file().context("keep the state")?;
        let mut head = serde_json::to_vec(&state)?;
        head.push(b'\n');
        for part in [&head, dump.as_bytes(), &packed] {
            file.write_all(part)?;
        }
        file.seek(SeekFrom::Start(0))?;
        Ok(file)
    }
}

/// Whether `fd` stays open in the program that this process becomes.
fn keep(fd: RawFd, kept: bool) -> Result<()> {
    let flags = if kept { FdFlag::empty() } else { FdFlag::FD_CLOEXEC };
    fcntl(os::borrow(&fd), FcntlArg::F_SETFD(flags)).context("keep a descriptor").map(|_| ())
}

/// Asks the binary whether it is one that can go on from here.
fn check(binary: &Path) -> Result<()> {
    let cannot = |why: String| {
        Err(Error::refused(format!("{} can't go on with this session: {why}", binary.display()))
            .hint("it goes on as it is; it can be ended and started again"))
    };
    let mut command = Command::new(binary);
    command.args(["session-host", "--can-resume", &STATE.to_string()]);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(error) => return cannot(error.to_string()),
    };
    let end = Instant::now() + PATIENCE;
    loop {
        match child.try_wait()? {
            Some(status) if status.success() => return Ok(()),
            Some(status) => return cannot(format!("it says so ({status})")),
            None if Instant::now() > end => {
                child.kill()?;
                child.wait()?;
                return cannot("it does not answer".into());
            }
            None => std::thread::sleep(Duration::from_millis(2)),
        }
    }
}

/// What `gt session-host --resume` does: goes on with the session whose state `fd` has.
///
/// # Errors
/// When the state can't be read; the session is lost then, which is why its writer asked before.
pub fn resume_host(fd: RawFd) -> Result<()> {
    let mut source = BufReader::new(File::from(os::inherited(fd)));
    let mut head = String::new();
    source.read_line(&mut head).context("read the state")?;
    let state: State = serde_json::from_str(&head).context("read the state")?;
    let mut dump = vec![0; state.dump];
    let mut packed = vec![0; state.packed];
    source.read_exact(&mut dump).and_then(|()| source.read_exact(&mut packed)).context("read the state")?;
    drop(source);
    let mut emulator = new_emulator(state.size.0, state.size.1, HISTORY);
    emulator.restore(&packed);
    emulator.feed(&dump);
    emulator.take_replies();
    emulator.take_events();
    let inherit = |fd: RawFd| -> Result<OwnedFd> {
        keep(fd, false)?;
        Ok(os::inherited(fd))
    };
    let mut record = state.record;
    record.host_version = env!("CARGO_PKG_VERSION").into();
    let lock = Lock::inherited(inherit(state.lock)?)?;
    let mut pty = Pty::of(inherit(state.terminal)?, record.child_pid)?;
    pty.written = state.written;
    let run = cast::run_directory(&state.directory, record.started_at);
    let mut cast = Writer::new(run, state.recording, &record.address, age(&record));
    cast.rotate(emulator.as_mut());
    cast.mark("its host was upgraded");
    if let Err(error) = record.write(&state.directory) {
        complain(&format!("record: {error}"));
    }
    let parts = Parts {
        directory: state.directory,
        pty,
        emulator,
        listener: UnixListener::from(inherit(state.listener)?),
        signals: signals()?,
        lock,
        cast,
        adopted: match state.adopted {
            Some(fd) => Some(program::given(inherit(fd)?, record.child_pid)?),
            None => None,
        },
        record,
    };
    let mut host = Host::new(parts);
    for peer in state.peers {
        let stream = UnixStream::from(inherit(peer.stream)?);
        host.peers.push(Peer::resume(peer, stream));
    }
    host.next_peer = state.next_peer;
    host.leader = state.leader;
    host.bytes_out = state.bytes_out;
    host.last_output_at = state.last_output_at;
    let now = Instant::now();
    host.last_output = state.silent_ms.and_then(|ms| now.checked_sub(Duration::from_millis(ms)));
    host.pty.send(&state.unwritten);
    host.tell(&[state.asked], &ServerMsg::Upgraded(env!("CARGO_PKG_VERSION").into()));
    host.run()
}
