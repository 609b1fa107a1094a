//! The sessions that are watched: one thread each reads its frames; what is typed is sent at once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use crate::base::Kind;
use crate::session::{AttachMode, Client, ClientMsg, ServerMsg};
use crate::terminal::ScreenState;
use crate::town::Town;

use super::app::Wish;

/// How often a thread that waits for frames looks whether it is still wanted.
const LOOK_UP: Duration = Duration::from_millis(500);

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

/// Follows one session until it ends or nobody looks any more.
fn follow(town: &Town, wish: &Wish, outgoing: Receiver<ClientMsg>, news: &UnboundedSender<News>, over: &AtomicBool) {
    let ended = |why: String| {
        if !over.load(Ordering::Relaxed) {
            let _ = news.send(News::Ended(wish.session.clone(), why));
        }
    };
    let connected = Client::connect(town, &wish.session).and_then(|mut client| {
        client.attach(mode(wish.size), wish.size)?;
        let sender = client.sender()?;
        Ok((client, sender))
    });
    let (mut client, mut sender) = match connected {
        Ok(both) => both,
        Err(error) if error.kind() == Kind::NotFound => return ended("Its session has ended".into()),
        Err(error) => return ended(error.to_string()),
    };
    std::thread::spawn(move || {
        for message in outgoing {
            if sender.send(&message).is_err() {
                break;
            }
        }
    });
    let mut screen: Option<ScreenState> = None;
    let newest = Newest::default();
    while !over.load(Ordering::Relaxed) {
        let message = match client.recv(LOOK_UP) {
            Ok(Some(message)) => message,
            Ok(None) => continue,
            Err(error) if error.kind() == Kind::NotFound => return ended("Its session has ended".into()),
            Err(error) => return ended(error.to_string()),
        };
        match message {
            ServerMsg::Full(full) => screen = Some(*full),
            ServerMsg::Delta(delta) => match &mut screen {
                Some(screen) => delta.apply(screen),
                None => continue,
            },
            ServerMsg::Exit(exit) => return ended(format!("It ended: {}", exit.words())),
            ServerMsg::Error(problem) => {
                let _ = news.send(News::Problem(problem));
                continue;
            }
            _ => continue,
        }
        if let Some(screen) = &screen {
            let waiting = newest.put(screen.clone());
            if !waiting && news.send(News::Screen(wish.session.clone(), newest.clone())).is_err() {
                return;
            }
        }
    }
}
