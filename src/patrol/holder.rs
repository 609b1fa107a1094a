//! Holds a duplicate of every session's terminal, and gives a session whose host was killed another host.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::pulse::Pulse;
use crate::base::{Error, Result, ResultExt, os};
use crate::session::holding::{self, Ask, Held, News};
use crate::session::registry;
use crate::town::Town;

/// How often it looks whether it is time to end.
const TICK: u16 = 250;
/// How often it looks for sessions that did not announce themselves.
const SURVEY: Duration = Duration::from_secs(10);
/// How long one that asks may take to say what.
const PATIENCE: Duration = Duration::from_secs(1);
/// How often a session is given another host within [`LOOP`].
const MOST: usize = 5;
const LOOP: Duration = Duration::from_secs(60);

struct Holder<'a> {
    town: &'a Town,
    held: BTreeMap<String, Held>,
    /// When sessions were given another host.
    adoptions: BTreeMap<String, Vec<Instant>>,
}

/// Holds until it is time to end.
///
/// # Errors
/// When nobody can be listened to; the caller tries again later.
pub fn run(town: &Town, pulse: &Pulse) -> Result<()> {
    let path = holding::socket(town)?;
    // The daemon is one: a socket in the way is a dead one's.
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).with_context(|| format!("listen on {}", path.display()))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    listener.set_nonblocking(true)?;
    let mut holder = Holder { town, held: BTreeMap::new(), adoptions: BTreeMap::new() };
    let mut surveyed: Option<Instant> = None;
    while !pulse.is_stopping() {
        if surveyed.is_none_or(|at| at.elapsed() >= SURVEY) {
            holder.survey()?;
            surveyed = Some(Instant::now());
        }
        let mut fds = vec![PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
        fds.extend(holder.held.values().map(|held| PollFd::new(held.as_fd(), PollFlags::POLLIN)));
        match poll(&mut fds, PollTimeout::from(TICK)) {
            Ok(_) | Err(nix::errno::Errno::EINTR) => {}
            Err(error) => return Err(Error::from(error).context("wait")),
        }
        drop(fds);
        holder.hear();
        while let Ok((stream, _)) = listener.accept() {
            if os::own_peer(&stream).is_some()
                && let Err(error) = holder.answer(&stream)
            {
                tracing::debug!(%error, "an asker went away");
            }
        }
    }
    let _ = std::fs::remove_file(&path);
    Ok(())
}

impl Holder<'_> {
    /// Takes hold of every session that runs and is not held.
    fn survey(&mut self) -> Result<()> {
        for record in registry::list(self.town)? {
            if registry::is_alive(&record) && !self.held.contains_key(&record.name) {
                self.hold(&record.name);
            }
        }
        Ok(())
    }

    fn hold(&mut self, name: &str) {
        let taken = registry::find(self.town, name).and_then(|record| match record {
            Some(record) if registry::is_alive(&record) => holding::hold(&record).map(Some),
            _ => Ok(None),
        });
        match taken {
            Ok(Some(held)) => {
                self.held.insert(name.to_owned(), held);
            }
            Ok(None) => {}
            Err(error) => tracing::warn!(session = name, %error, "its terminal is not held"),
        }
    }

    fn answer(&mut self, stream: &UnixStream) -> Result<()> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        let mut line = String::new();
        BufReader::new(stream.take(4096)).read_line(&mut line)?;
        let yes = match serde_json::from_str(&line)? {
            Ask::Look(name) => {
                // A session of that name that was held is another one by now.
                if self.held.get_mut(&name).is_none_or(|held| held.news() != News::None) {
                    self.held.remove(&name);
                    self.hold(&name);
                }
                self.held.contains_key(&name)
            }
            Ask::Holds(name) => self.held.contains_key(&name),
            Ask::Release(name) => self.held.remove(&name).is_some(),
        };
        let mut stream = stream;
        // Who only announces a session does not wait for an answer.
        let _ = stream.write_all(if yes { b"true\n" } else { b"false\n" });
        Ok(())
    }

    /// Deals with what the hosts say, and with those that are gone.
    fn hear(&mut self) {
        let news: Vec<(String, News)> = self.held.iter_mut().map(|(name, held)| (name.clone(), held.news())).collect();
        for (name, news) in news {
            match news {
                News::None => {}
                News::Ends => {
                    self.held.remove(&name);
                }
                News::Gone => self.replace(&name),
            }
        }
    }

    fn replace(&mut self, name: &str) {
        let Some(held) = self.held.get(name) else { return };
        // A process that is killed closes its connections a moment before it is gone.
        if held.host_lingers(self.town).unwrap_or(false) {
            std::thread::sleep(Duration::from_millis(2));
            return;
        }
        let times = self.adoptions.entry(name.to_owned()).or_default();
        times.retain(|at| at.elapsed() < LOOP);
        if times.len() >= MOST {
            tracing::error!(session = name, "its host died {MOST} times within a minute; let go");
            self.held.remove(name);
            return;
        }
        times.push(Instant::now());
        match held.adopt(self.town) {
            Ok(Some(record)) => {
                tracing::warn!(
                    session = name,
                    host = record.host_pid,
                    "its host was killed; another one has taken over"
                );
                self.held.remove(name);
                self.hold(name);
            }
            Ok(None) => {
                self.held.remove(name);
            }
            Err(error) => {
                tracing::error!(session = name, %error, "its host was killed, and another one could not take over")
            }
        }
    }
}
