//! What is on the agents' terminals: one thread watches all of them while somebody looks.

use std::collections::HashMap;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::picture::Live;
use crate::session::{AttachMode, Client, ServerMsg};
use crate::terminal::{Attrs, Color, Line, ScreenState};

/// How often changes are told.
const TELL: Duration = Duration::from_millis(120);
/// How long a wait for output may last before it is looked whether sessions came or went.
const SURVEY: u16 = 1000;
/// How long to wait before a session that could not be reached is tried again.
const AGAIN: Duration = Duration::from_secs(2);
/// How many of the last written lines stand for a screen in a list.
const TAIL: usize = 10;
/// The longest such line.
const WIDEST: usize = 160;

/// A session's screen as JSON.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// How often the screen has changed.
    pub version: u64,
    /// The last lines that have something on them.
    pub tail: Arc<str>,
    /// The whole screen in colours; made only while somebody looks at it.
    pub whole: Arc<str>,
}

/// The screens of all sessions.
#[derive(Debug, Default)]
pub struct Screens {
    seen: Mutex<HashMap<String, Seen>>,
    /// How many browsers show a session as a whole.
    shown: Mutex<HashMap<String, usize>>,
    changed: watch::Sender<u64>,
}

/// A browser that shows a session as a whole.
pub struct Showing {
    screens: Arc<Screens>,
    session: String,
}

impl Drop for Showing {
    fn drop(&mut self) {
        let mut shown = self.screens.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = shown.get_mut(&self.session) {
            *count -= 1;
            if *count == 0 {
                shown.remove(&self.session);
            }
        }
    }
}

impl Screens {
    /// Watches the sessions that `live` shows, whenever somebody looks.
    pub fn start(live: Arc<Live>) -> Arc<Self> {
        let screens = Arc::new(Self::default());
        let thread = Arc::clone(&screens);
        std::thread::spawn(move || Watcher { live, screens: thread, links: HashMap::new() }.run());
        screens
    }

    /// Tells of changes.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Every screen.
    pub fn all(&self) -> HashMap<String, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The whole screen of `session` is wanted while the guard lives.
    pub fn show(self: &Arc<Self>, session: &str) -> Showing {
        *self.shown.lock().unwrap_or_else(PoisonError::into_inner).entry(session.to_owned()).or_default() += 1;
        Showing { screens: Arc::clone(self), session: session.to_owned() }
    }

    fn is_shown(&self, session: &str) -> bool {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner).contains_key(session)
    }
}

/// A connection to a session's host, or when to try for one again.
enum Link {
    Up { client: Box<Client>, screen: Option<Box<ScreenState>>, changed: bool, whole: bool },
    Down(Instant),
}

struct Watcher {
    live: Arc<Live>,
    screens: Arc<Screens>,
    links: HashMap<String, Link>,
}

impl Watcher {
    fn run(mut self) {
        let mut told = Instant::now();
        loop {
            if self.live.streams() == 0 {
                // The hosts have nothing to send while nobody looks.
                self.links.clear();
                self.live.wait_for_somebody();
            }
            self.follow();
            let pending = self.links.values().any(|link| matches!(link, Link::Up { changed: true, .. }));
            let left = TELL.saturating_sub(told.elapsed());
            if pending && left.is_zero() {
                self.tell();
                told = Instant::now();
                continue;
            }
            let wait = if pending { u16::try_from(left.as_millis()).unwrap_or(SURVEY) + 1 } else { self.patience() };
            self.listen(PollTimeout::from(wait));
        }
    }

    /// A new connection answers at once; without one there is nothing to wait for but new sessions.
    fn patience(&self) -> u16 {
        if self.links.is_empty() { 100 } else { SURVEY / 2 }
    }

    /// Connects to sessions that came, forgets those that went.
    fn follow(&mut self) {
        let wanted = self.live.sessions();
        self.links.retain(|session, _| wanted.contains(session));
        for session in wanted {
            let due = match self.links.get_mut(&session) {
                None => true,
                Some(Link::Down(since)) => since.elapsed() >= AGAIN,
                Some(Link::Up { changed, whole, .. }) => {
                    // Somebody who just began to look is shown what is there.
                    let shown = self.screens.is_shown(&session);
                    *changed |= shown && !*whole;
                    *whole = shown;
                    false
                }
            };
            if due {
                let connected = Client::connect(self.live.town(), &session)
                    .and_then(|mut client| client.attach(AttachMode::View, None).map(|()| client));
                let link = match connected {
                    Ok(client) => Link::Up { client: Box::new(client), screen: None, changed: false, whole: false },
                    Err(_) => Link::Down(Instant::now()),
                };
                self.links.insert(session, link);
            }
        }
    }

    fn listen(&mut self, wait: PollTimeout) {
        let ready: Vec<String> = {
            let clients = self.links.iter().filter_map(|(name, link)| match link {
                Link::Up { client, .. } => Some((name, client.as_fd())),
                Link::Down(_) => None,
            });
            let (names, descriptors): (Vec<&String>, Vec<_>) = clients.unzip();
            let mut polled: Vec<PollFd<'_>> =
                descriptors.into_iter().map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
            if polled.is_empty() {
                std::thread::sleep(Duration::from_millis(100));
            } else if poll(&mut polled, wait).is_err() {
                return;
            }
            let hot = polled.iter().zip(names).filter(|(fd, _)| fd.revents().is_some_and(|events| !events.is_empty()));
            hot.map(|(_, name)| name.clone()).collect()
        };
        for name in ready {
            let over = match self.links.get_mut(&name) {
                Some(Link::Up { client, screen, changed, .. }) => !take(client, screen, changed),
                _ => false,
            };
            if over {
                self.links.insert(name, Link::Down(Instant::now()));
                self.live.stir();
            }
        }
    }

    /// Puts what changed where the streams find it, and tells them.
    fn tell(&mut self) {
        let mut seen = self.screens.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|session, _| self.links.contains_key(session));
        let mut news = false;
        for (session, link) in &mut self.links {
            let Link::Up { screen: Some(screen), changed, whole, .. } = link else { continue };
            if !std::mem::take(changed) {
                continue;
            }
            let slot = seen.entry(session.clone()).or_default();
            let last: Arc<str> = tail(screen).to_string().into();
            let full: Arc<str> = if *whole { whole_screen(screen).to_string().into() } else { Arc::default() };
            if last != slot.tail || full != slot.whole {
                *slot = Seen { version: slot.version + 1, tail: last, whole: full };
                news = true;
            }
        }
        drop(seen);
        if news {
            self.live.stir();
            self.screens.changed.send_modify(|count| *count += 1);
        }
    }
}

/// Reads what has come; false when the session is over.
fn take(client: &mut Client, screen: &mut Option<Box<ScreenState>>, changed: &mut bool) -> bool {
    loop {
        match client.recv(Duration::ZERO) {
            Ok(Some(ServerMsg::Full(full))) => (*screen, *changed) = (Some(full), true),
            Ok(Some(ServerMsg::Delta(delta))) => {
                if let Some(screen) = screen {
                    delta.apply(screen);
                    *changed = true;
                }
            }
            Ok(Some(ServerMsg::Exit(_))) | Err(_) => return false,
            Ok(Some(_)) => {}
            Ok(None) => return true,
        }
    }
}

fn tail(screen: &ScreenState) -> Value {
    let mut lines: Vec<String> = screen
        .lines
        .iter()
        .rev()
        .map(Line::text)
        // Rules and frames say nothing by themselves.
        .filter(|line| line.chars().any(char::is_alphanumeric))
        .take(TAIL)
        .map(|line| inside(&line).chars().take(WIDEST).collect())
        .collect();
    lines.reverse();
    // What stands under each other stays so.
    let indent = lines.iter().map(|line| line.len() - line.trim_start_matches(' ').len()).min().unwrap_or(0);
    json!(lines.iter().map(|line| &line[indent..]).collect::<Vec<_>>())
}

/// A line without the sides of a box around it.
fn inside(line: &str) -> &str {
    let sides = ['│', '┃', '║', '|'];
    line.trim_end().trim_end_matches(sides).trim_end().trim_start_matches(sides)
}

/// The screen as rows of `[text, style]`; a style is `[foreground, background, attributes]`, left out where it is plain.
fn whole_screen(screen: &ScreenState) -> Value {
    let rows: Vec<Value> = screen
        .lines
        .iter()
        .map(|line| {
            let runs = line.runs.iter().map(|run| {
                let style = run.style;
                if style.fg == Color::Default && style.bg == Color::Default && style.attrs == Attrs::default() {
                    json!([run.text])
                } else {
                    json!([run.text, [colour(style.fg), colour(style.bg), style.attrs.0]])
                }
            });
            runs.collect()
        })
        .collect();
    let cursor = screen.cursor.visible.then_some([screen.cursor.col, screen.cursor.row]);
    json!({"cols": screen.cols, "rows": rows, "cursor": cursor, "title": screen.title})
}

/// A number for one of 256, `#rrggbb` for a colour written out, null for the default.
fn colour(colour: Color) -> Value {
    match colour {
        Color::Default => Value::Null,
        Color::Indexed(index) => json!(index),
        Color::Rgb(red, green, blue) => json!(format!("#{red:02x}{green:02x}{blue:02x}")),
    }
}
