//! The sessions that are watched: one thread each reads its frames; what is typed is sent at once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::mpsc::UnboundedSender;

use crate::base::{Kind, Result};
use crate::session::{self, AttachMode, Client, ClientMsg, ServerMsg};
use crate::terminal::{ScreenState, TermEvent};
use crate::town::Town;

use super::app::Wish;
use super::back::BackTold;

/// How often a thread that waits for frames looks whether it is still wanted.
const LOOK_UP: Duration = Duration::from_millis(500);

/// How long a size must stand before the agent is told.
const SETTLE: Duration = Duration::from_millis(50);
/// After so many sizes it is told all the same.
const SETTLES: usize = 40;

/// How long to wait before a connection is tried again.
const AGAIN: Duration = Duration::from_millis(250);
/// How long what is typed waits for a connection that is being made.
const CONNECTING: Duration = Duration::from_secs(3);
/// How many times a session may be missing before it is said to have ended.
const PATIENCE: u32 = 12;

/// The newest screen of a session that the loop has not taken yet: a burst of frames becomes one piece of news.
#[derive(Debug, Clone, Default)]
pub struct Newest(Arc<Mutex<Option<ScreenState>>>);

impl Newest {
    /// Puts a screen there; `true` when one was waiting already.
    fn put(&self, screen: ScreenState) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).replace(screen).is_some()
    }

    /// Takes the screen.
    pub fn take(&self) -> Option<ScreenState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// What a watched session tells.
#[derive(Debug)]
pub enum News {
    /// Its screen changed.
    Screen(String, Newest),
    /// There is no more to come, and why.
    Ended(String, String),
    /// An answer about its scrollback.
    Back(String, BackTold),
    /// Its terminal did something besides.
    Terminal(String, TermEvent),
    /// Its host refused something.
    Problem(String),
}

/// One watched session.
struct Link {
    wish: Wish,
    to_agent: Sender<ClientMsg>,
    over: Arc<AtomicBool>,
}

/// All watched sessions.
pub struct Links {
    town: Town,
    news: UnboundedSender<News>,
    links: HashMap<String, Link>,
}

impl Links {
    /// Watches nothing yet.
    pub fn new(town: Town, news: UnboundedSender<News>) -> Self {
        Self { town, news, links: HashMap::new() }
    }

    /// Watches exactly these from now on.
    pub fn watch(&mut self, wishes: Vec<Wish>) {
        self.links.retain(|session, link| {
            let wanted = wishes.iter().any(|wish| wish.session == *session);
            if !wanted {
                link.over.store(true, Ordering::Relaxed);
                // Wakes the sending thread, which then detaches.
                let _ = link.to_agent.send(ClientMsg::Detach);
            }
            wanted
        });
        for wish in wishes {
            match self.links.get_mut(&wish.session) {
                Some(link) if link.wish == wish => {}
                Some(link) => {
                    let _ = match (link.wish.size, wish.size) {
                        (Some(_), Some((cols, rows))) => link.to_agent.send(ClientMsg::Resize { cols, rows }),
                        (_, size) => link.to_agent.send(ClientMsg::Attach { mode: mode(size), size }),
                    };
                    link.wish = wish;
                }
                None => {
                    let (to_agent, outgoing) = mpsc::channel();
                    let over = Arc::new(AtomicBool::new(false));
                    let (town, news, stop) = (self.town.clone(), self.news.clone(), Arc::clone(&over));
                    let first = wish.clone();
                    std::thread::spawn(move || follow(&town, &first, outgoing, &news, &stop));
                    self.links.insert(wish.session.clone(), Link { wish, to_agent, over });
                }
            }
        }
    }

    /// Sends a message to a watched session.
    pub fn send(&self, session: &str, message: ClientMsg) {
        if let Some(link) = self.links.get(session) {
            // A link that broke has told so by an event.
            let _ = link.to_agent.send(message);
        }
    }
}

fn mode(size: Option<(u16, u16)>) -> AttachMode {
    if size.is_some() { AttachMode::Control } else { AttachMode::View }
}

/// The sending half of the connection of the moment.
#[derive(Default)]
struct Line {
    sender: Mutex<Option<session::Sender>>,
    made: Condvar,
}

impl Line {
    fn lock(&self) -> MutexGuard<'_, Option<session::Sender>> {
        self.sender.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a message. What is typed while the connection is being made waits for it, at most until `end`; how a session is to be
    /// attached to needs no wait, since it is looked at again when the connection is made.
    fn send(&self, message: &ClientMsg, end: Instant) {
        let mut sender = self.lock();
        let waits = !matches!(message, ClientMsg::Attach { .. } | ClientMsg::Resize { .. } | ClientMsg::Detach);
        while sender.is_none() && waits {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            sender = self.made.wait_timeout(sender, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        if let Some(sender) = sender.as_mut() {
            // The reading thread notices a broken connection and makes a new one.
            let _ = sender.send(message);
        }
    }

    /// The connection is made; `attached` is how the session was attached to, which may have been overtaken.
    fn make(&self, mut sender: session::Sender, attached: &Wish, latest: &Mutex<Wish>) {
        let mut place = self.lock();
        let size = latest.lock().unwrap_or_else(PoisonError::into_inner).size;
        if size != attached.size {
            let _ = sender.send(&ClientMsg::Attach { mode: mode(size), size });
        }
        *place = Some(sender);
        self.made.notify_all();
    }
}

/// Follows one session until nobody looks any more. One that is not there yet, or starts anew, is connected to as soon as it is.
fn follow(town: &Town, wish: &Wish, outgoing: Receiver<ClientMsg>, news: &UnboundedSender<News>, over: &AtomicBool) {
    let line = Arc::new(Line::default());
    let latest = Arc::new(Mutex::new(wish.clone()));
    let (outward, remembered) = (Arc::clone(&line), Arc::clone(&latest));
    std::thread::spawn(move || {
        let mut held: Option<ClientMsg> = None;
        let mut waits: Option<Instant> = None;
        while let Some(message) = held.take().or_else(|| outgoing.recv().ok()) {
            let message = settled(message, &outgoing, &mut held);
            remember(&remembered, &message);
            // What comes after something that waited in vain does not wait as well.
            let now = Instant::now();
            let end = *waits.get_or_insert(now + CONNECTING);
            outward.send(&message, end);
            if outward.lock().is_some() {
                waits = None;
            }
        }
    });
    let mut told: Option<String> = None;
    // Until it is clear whether it comes back, what it last showed is better than nothing.
    let mut shown = show_last(town, wish, news, over);
    for attempt in 0u32.. {
        let now = latest.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let (why, was_there) = match connect(town, &now) {
            Ok((mut client, sender)) => {
                line.make(sender, &now, &latest);
                let why = read(&mut client, wish, news, over);
                shown = false;
                *line.lock() = None;
                (why, true)
            }
            Err(error) if error.kind() == Kind::NotFound => (ending(town, &wish.session), false),
            Err(error) => (error.to_string(), false),
        };
        // What an agent ended with says more than that it ended.
        if !shown && attempt <= PATIENCE {
            shown = show_last(town, wish, news, over);
        }
        // A session on its way up is not one that has ended.
        let sure = was_there || attempt >= PATIENCE;
        if sure && told.as_ref() != Some(&why) && !over.load(Ordering::Relaxed) {
            if news.send(News::Ended(wish.session.clone(), why.clone())).is_err() {
                return;
            }
            told = Some(why);
        }
        std::thread::sleep(AGAIN);
        if over.load(Ordering::Relaxed) || news.is_closed() {
            return;
        }
    }
}

/// Shows what a session that does not run showed last; `false` when it runs or nothing was kept.
fn show_last(town: &Town, wish: &Wish, news: &UnboundedSender<News>, over: &AtomicBool) -> bool {
    let Ok(Some(record)) = session::registry::find(town, &wish.session) else { return false };
    if session::registry::is_alive(&record) || over.load(Ordering::Relaxed) {
        return false;
    }
    let Some(last) = session::registry::last_screen(town, &wish.session) else { return false };
    let newest = Newest::default();
    newest.put(last.screen);
    let _ = news.send(News::Screen(wish.session.clone(), newest));
    if let Some(exit) = record.exit {
        let _ = news.send(News::Ended(wish.session.clone(), format!("It ended: {}", exit.words())));
    }
    true
}

/// How a session that is not there ended.
fn ending(town: &Town, session: &str) -> String {
    let record = session::registry::find(town, session).ok().flatten();
    match record.and_then(|record| record.exit) {
        Some(exit) => format!("It ended: {}", exit.words()),
        None => "Its session has ended".to_owned(),
    }
}

/// Of sizes that come one after the other only the last: what is typed meanwhile (`held`) comes after it.
fn settled(first: ClientMsg, outgoing: &Receiver<ClientMsg>, held: &mut Option<ClientMsg>) -> ClientMsg {
    let ClientMsg::Resize { mut cols, mut rows } = first else { return first };
    for _ in 0..SETTLES {
        match outgoing.recv_timeout(SETTLE) {
            Ok(ClientMsg::Resize { cols: newer_cols, rows: newer_rows }) => (cols, rows) = (newer_cols, newer_rows),
            Ok(other) => {
                *held = Some(other);
                break;
            }
            Err(_) => break,
        }
    }
    ClientMsg::Resize { cols, rows }
}

/// Keeps in mind how the session is to be attached to when the connection has to be made anew.
fn remember(latest: &Mutex<Wish>, message: &ClientMsg) {
    let mut wish = latest.lock().unwrap_or_else(PoisonError::into_inner);
    match message {
        ClientMsg::Attach { size, .. } => wish.size = *size,
        ClientMsg::Resize { cols, rows } => wish.size = Some((*cols, *rows)),
        _ => {}
    }
}

fn connect(town: &Town, wish: &Wish) -> Result<(Client, session::Sender)> {
    let mut client = Client::connect(town, &wish.session)?;
    client.attach(mode(wish.size), wish.size)?;
    let sender = client.sender()?;
    Ok((client, sender))
}

/// Reads what the session's host sends until the connection ends, and says why it did.
fn read(client: &mut Client, wish: &Wish, news: &UnboundedSender<News>, over: &AtomicBool) -> String {
    let mut screen: Option<ScreenState> = None;
    let newest = Newest::default();
    let ended = || "Its session has ended".to_owned();
    while !over.load(Ordering::Relaxed) && !news.is_closed() {
        let message = match client.recv(LOOK_UP) {
            Ok(Some(message)) => message,
            Ok(None) => continue,
            Err(error) if error.kind() == Kind::NotFound => return ended(),
            Err(error) => return error.to_string(),
        };
        match message {
            ServerMsg::Full(full) => screen = Some(*full),
            ServerMsg::Delta(delta) => match &mut screen {
                Some(screen) => delta.apply(screen),
                None => continue,
            },
            ServerMsg::Detached(_) => return "Its terminals were closed; it goes on".into(),
            ServerMsg::Exit(exit) => return format!("It ended: {}", exit.words()),
            ServerMsg::Error(problem) => {
                let _ = news.send(News::Problem(problem));
                continue;
            }
            ServerMsg::History(lines) => {
                let _ = news.send(News::Back(wish.session.clone(), BackTold::Lines(lines)));
                continue;
            }
            ServerMsg::Found(found) => {
                let _ = news.send(News::Back(wish.session.clone(), BackTold::Found(found)));
                continue;
            }
            ServerMsg::Text(text) => {
                let _ = news.send(News::Back(wish.session.clone(), BackTold::Text(text)));
                continue;
            }
            ServerMsg::Event(event) => {
                let _ = news.send(News::Terminal(wish.session.clone(), event));
                continue;
            }
            _ => continue,
        }
        if let Some(screen) = &screen
            && !newest.put(screen.clone())
        {
            // The loop is gone when this fails; the next look at `news` ends the reading.
            let _ = news.send(News::Screen(wish.session.clone(), newest.clone()));
        }
    }
    ended()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interaction_28_of_a_storm_of_sizes_the_agent_is_told_the_last() {
        let (out, outgoing) = mpsc::channel();
        for cols in [100, 90, 80] {
            out.send(ClientMsg::Resize { cols, rows: 24 }).unwrap();
        }
        out.send(ClientMsg::Paste("typed".into())).unwrap();
        out.send(ClientMsg::Resize { cols: 70, rows: 24 }).unwrap();
        let first = outgoing.recv().unwrap();
        let mut held = None;
        assert_eq!(settled(first, &outgoing, &mut held), ClientMsg::Resize { cols: 80, rows: 24 });
        assert_eq!(held, Some(ClientMsg::Paste("typed".into())), "what was typed keeps its place");
        assert_eq!(settled(ClientMsg::Detach, &outgoing, &mut None), ClientMsg::Detach, "nothing else waits");
    }
}
