//! The host: the process that is a session. It owns the terminal, the only emulator and the program, and serves clients; one thread,
//! one poll loop, and while the program floods a second thread that reads it.

mod draft;
mod ending;
mod intake;
mod nudge;
mod os;
mod output;
mod peer;
mod pty;
mod requests;
mod sense;
mod serve;
mod share;
mod taken;
mod upgrade;

use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use nix::sys::stat::Mode;

use super::cast::{self, Writer};
use super::place::{HOST_LOCK, Place};
use super::record::{SessionRecord, SessionSpec};
use super::start::{HostAnswer, HostOrder};
use super::{DEFAULT_SIZE, HISTORY, fds, holding, program, tree};
use crate::base::lock::Lock;
use crate::base::{Error, Kind, Result, ResultExt, Timestamp, os as system};
use crate::terminal::{Emulator, clamp_size, new_emulator};
use pty::Pty;
pub use upgrade::{can_resume, resume_host};

/// How long whoever settles a dead host of the same name may take.
const SETTLING: std::time::Duration = std::time::Duration::from_secs(30);

/// What `gt session-host` does: reads the order on standard input, leaves its starter behind, runs the session and answers on standard
/// output whether it runs. Returns in the starter's child at once, in the host when the session has ended.
///
/// # Errors
/// When the order can't be read or the process can't fork; all else is answered to the starter.
pub fn run_host() -> Result<()> {
    // Whatever the starter had open (a lock, a pipe) is not ours to keep.
    close_inherited();
    let (order, fds) = read_order().context("read the order")?;
    let order: HostOrder = serde_json::from_slice(&order).map_err(|error| {
        Error::usage(format!("not an order for a session: {error}")).hint("gt starts session hosts itself")
    })?;
    if !os::fork()? {
        return Ok(());
    }
    nix::unistd::setsid().context("setsid")?;
    // Forked again, the host is no session leader and never gets a controlling terminal by opening one.
    if !os::fork()? {
        return Ok(());
    }
    match prepare(&order, fds) {
        Ok(mut host) => {
            answer(&HostAnswer::Runs(Box::new(host.record.clone())));
            leave_starter();
            holding::announce(&order.place, &host.record.name);
            drop(order);
            os::give_back_memory();
            host.run()
        }
        Err(error) => {
            answer(&HostAnswer::Failed {
                refused: error.kind() == Kind::Refused,
                message: error.message().to_owned(),
                hint: error.hint_text().map(str::to_owned),
            });
            Ok(())
        }
    }
}

/// The order and the descriptors that came with it; from anything but a socket the order alone.
fn read_order() -> std::io::Result<(Vec<u8>, Vec<OwnedFd>)> {
    let stdin = std::io::stdin();
    let mut receiver = fds::Receiver { socket: &stdin, fds: Vec::new() };
    let mut order = Vec::new();
    match receiver.read_to_end(&mut order) {
        Err(error) if error.raw_os_error() == Some(nix::libc::ENOTSOCK) => {
            stdin.lock().read_to_end(&mut order)?;
        }
        Err(error) if error.kind() != ErrorKind::ConnectionReset => return Err(error),
        _ => {}
    }
    Ok((order, receiver.fds))
}

fn answer(answer: &HostAnswer) {
    if let Ok(mut line) = serde_json::to_vec(answer) {
        line.push(b'\n');
        // A starter that is gone has no use for the answer; the session runs all the same.
        let mut out = std::io::stdout().lock();
        let _ = out.write_all(&line).and_then(|()| out.flush());
    }
}

fn close_inherited() {
    for fd in system::descriptors().into_iter().filter(|fd| *fd > 2) {
        // The descriptor of the listing itself is among them and closed already.
        let _ = nix::unistd::close(fd);
    }
}

/// Lets go of the starter's pipes, so that it sees their end.
fn leave_starter() {
    if let Ok(null) = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null") {
        let _ = nix::unistd::dup2_stdin(&null);
        let _ = nix::unistd::dup2_stdout(&null);
    }
}

/// The lock of the session's name. One that settles what a dead host left behind holds it for a moment.
fn take_place(directory: &Path, name: &str) -> Result<Lock> {
    let begin = std::time::Instant::now();
    loop {
        if let Some(lock) = Lock::try_acquire(&directory.join(HOST_LOCK))? {
            return Ok(lock);
        }
        let runs = SessionRecord::read(directory)?.is_some_and(|record| record.host_alive());
        if runs || begin.elapsed() > SETTLING {
            return Err(Error::refused(format!("session {name} runs already"))
                .hint(format!("gt attach {name}, or gt session stop {name}")));
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

fn prepare(order: &HostOrder, fds: Vec<OwnedFd>) -> Result<serve::Host> {
    let HostOrder { spec, place, .. } = order;
    let directory = place.make_directory(&spec.name)?;
    let lock = take_place(&directory, &spec.name)?;
    // Whoever had the lock before may have settled what was to be taken over.
    if order.adopt.is_some() && !SessionRecord::read(&directory)?.is_some_and(|record| record.is_orphaned()) {
        return Err(Error::refused(format!("session {} has ended", spec.name)));
    }
    nix::unistd::chdir("/").context("leave the directory")?;
    system::adopt_orphans()?;
    system::be_last_to_go();
    let signals = signals()?;
    let socket = place.socket(&spec.name)?;
    let listener = listen(&socket)?;
    let parts = match &order.adopt {
        Some(record) => adopt(order, record, &directory, fds),
        None => begin(order, &directory, &socket),
    };
    let parts = parts.inspect_err(|_| {
        let _ = std::fs::remove_file(&socket);
    })?;
    let Begun { record, pty, mut emulator, mut cast, adopted } = parts;
    // From the first byte on, another host could go on from here.
    cast.rotate(emulator.as_mut());
    if adopted.is_some() {
        cast.mark("its host was replaced");
    }
    Ok(serve::Host::new(serve::Parts { record, directory, pty, emulator, listener, signals, lock, cast, adopted }))
}

/// The signals a host listens to, kept from doing what they do by default.
fn signals() -> Result<system::Signals> {
    system::hear(&[Signal::SIGCHLD, Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM, Signal::SIGQUIT])
}

/// A session with its program running.
struct Begun {
    record: SessionRecord,
    pty: Pty,
    emulator: Box<dyn Emulator>,
    cast: Writer,
    adopted: Option<OwnedFd>,
}

/// Begins a session: runs the program.
fn begin(order: &HostOrder, directory: &Path, socket: &Path) -> Result<Begun> {
    let HostOrder { spec, place, .. } = order;
    let wished = |wish: u16, default: u16| if wish == 0 { default } else { wish };
    let size = clamp_size(wished(spec.cols, DEFAULT_SIZE.0), wished(spec.rows, DEFAULT_SIZE.1));
    // The last screen of an earlier session of this name is not this one's.
    let _ = std::fs::remove_file(directory.join("screen.bin"));
    let pid = std::process::id().cast_signed();
    let mut record = SessionRecord {
        kind: "session".into(),
        version: 1,
        name: spec.name.clone(),
        address: spec.address.clone(),
        role: spec.role.clone(),
        preset: spec.preset.clone(),
        bead: spec.bead.clone(),
        cwd: spec.cwd.clone(),
        program: spec.argv.first().cloned().unwrap_or_default(),
        host_pid: pid,
        host_start: tree::start_time(pid).unwrap_or(0),
        host_version: env!("CARGO_PKG_VERSION").into(),
        child_pid: 0,
        child_start: 0,
        mark: mark(place, spec),
        socket: socket.to_owned(),
        started_at: Timestamp::now(),
        exit: None,
        last_state: None,
        title: spec.title.clone(),
        ways: spec.ways.clone(),
        nice: order.nice,
    };
    // Written before the program runs: its first act may be a gt command that looks for its own session.
    record.write(directory)?;
    let started = Pty::spawn(spec, size, &record.mark).and_then(|pty| {
        program::give_way(pty.child, order.nice);
        record.child_pid = pty.child;
        record.child_start = tree::start_time(pty.child).unwrap_or(0);
        record.write(directory)?;
        Ok(pty)
    });
    let pty = started.inspect_err(|_| {
        super::registry::end_leftovers(&record, &[]);
        let _ = std::fs::remove_file(SessionRecord::path(directory));
    })?;
    cast::forget_old(directory);
    let run = cast::run_directory(directory, record.started_at);
    let cast = Writer::new(run, order.record, &record.address, Duration::ZERO);
    Ok(Begun { record, pty, emulator: new_emulator(size.0, size.1, HISTORY), cast, adopted: None })
}

/// Takes over a session whose host was killed: its terminal and its program come as descriptors, its screen from the recording.
fn adopt(order: &HostOrder, record: &SessionRecord, directory: &Path, fds: Vec<OwnedFd>) -> Result<Begun> {
    let Ok([terminal, sent]) = <[OwnedFd; 2]>::try_from(fds) else {
        return Err(Error::failed("a session is taken over by two descriptors"));
    };
    let pid = std::process::id().cast_signed();
    let record = SessionRecord {
        host_pid: pid,
        host_start: tree::start_time(pid).unwrap_or(0),
        host_version: env!("CARGO_PKG_VERSION").into(),
        ..record.clone()
    };
    let sent = program::given(sent, record.child_pid)?;
    let pty = Pty::of(terminal, record.child_pid)?;
    let run = cast::run_directory(directory, record.started_at);
    let emulator = cast::rebuild(&run).unwrap_or_else(|| {
        let (cols, rows) = pty.size().unwrap_or(DEFAULT_SIZE);
        new_emulator(cols, rows, HISTORY)
    });
    let age = age(&record);
    let cast = Writer::new(run, order.record, &record.address, age);
    record.write(directory)?;
    Ok(Begun { record, pty, emulator, cast, adopted: Some(sent) })
}

/// How long ago a session began.
fn age(record: &SessionRecord) -> Duration {
    let nanos = Timestamp::now().unix_nanos().saturating_sub(record.started_at.unix_nanos());
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(0))
}

/// The value that marks the processes of this session and no other.
fn mark(place: &Place, spec: &SessionSpec) -> String {
    format!("{}/{}/{:016x}", place.town_id, spec.name, fastrand::u64(..))
}

fn listen(socket: &Path) -> Result<UnixListener> {
    let what = || format!("listen on {}", socket.display());
    // The lock says that no host of this name runs: a socket in the way is one of the dead.
    match std::fs::remove_file(socket) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error).with_context(what),
        _ => {}
    }
    let old = nix::sys::stat::umask(Mode::from_bits_truncate(0o177));
    let listener = UnixListener::bind(socket);
    nix::sys::stat::umask(old);
    let listener = listener.with_context(what)?;
    std::fs::set_permissions(socket, std::fs::Permissions::from_mode(0o600)).with_context(what)?;
    listener.set_nonblocking(true).with_context(what)?;
    Ok(listener)
}
