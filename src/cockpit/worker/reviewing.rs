//! Reads a hook in full and colours its code, on a thread of its own: a large worktree takes longer to read than the town.

use std::path::Path;
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use tokio::sync::mpsc::UnboundedSender;

use super::super::app::Event;
use super::super::ask::Told;
use super::super::ink::Painter;
use super::words;
use crate::town::Town;
use crate::view;
use crate::work::Desk;
use crate::work::hook_review::Reader;

/// What is coloured in this time comes with the picture; the rest comes after it.
const FIRST: Duration = Duration::from_millis(60);
/// How long the rest may take at a time; a newer question is then looked at first.
const REST: Duration = Duration::from_millis(400);

/// An agent, and the commit its files are compared with.
type Question = (String, Option<String>);

/// A file longer than this is not read for its colours.
const LONGEST: u64 = 512 * 1024;

/// A file of the worktree as it is now.
fn whole(worktree: &str, path: &str) -> Option<String> {
    let path = Path::new(worktree).join(path);
    // A link leads anywhere; what git compares is the link itself.
    let kind = path.symlink_metadata().ok()?;
    if !kind.is_file() || kind.len() > LONGEST {
        return None;
    }
    std::fs::read_to_string(path).ok()
}

/// Starts the thread; it ends when nobody asks any more.
pub(super) fn start(town: &Town, events: UnboundedSender<Event>) -> Sender<Question> {
    let (asks, inbox) = mpsc::channel();
    let town = town.clone();
    std::thread::spawn(move || answer_all(&town, &inbox, &events));
    asks
}

fn answer_all(town: &Town, inbox: &Receiver<Question>, events: &UnboundedSender<Event>) {
    let mut desk: Option<Desk> = None;
    let mut reader = Reader::default();
    let mut painter = Painter::default();
    let mut next: Option<Question> = None;
    loop {
        let Some(mut question) = next.take().or_else(|| inbox.recv().ok()) else { return };
        // Only the newest question is still of interest.
        while let Ok(newer) = inbox.try_recv() {
            question = newer;
        }
        let opened = match desk.take() {
            Some(desk) => Ok(desk),
            None => Desk::of(town.clone()),
        };
        let read = opened.and_then(|opened| {
            let desk = desk.insert(opened);
            view::hooks::hook(desk, &mut reader, &question.0, question.1.as_deref())
        });
        let picture = match read {
            Ok(picture) => picture,
            // The agent at hand may have no hook; the list tells so.
            Err(error) if error.kind() == crate::base::Kind::NotFound => continue,
            Err(error) => {
                if events.send(Event::Problem(words(&error))).is_err() {
                    return;
                }
                continue;
            }
        };
        let mut time = FIRST;
        loop {
            let (inks, all) = painter.paint(&picture.patch, |file| whole(&picture.worktree, &file.path), time);
            if events.send(Event::Told(Told::Hook(Box::new(picture.clone()), inks))).is_err() {
                return;
            }
            if all {
                break;
            }
            if let Ok(newer) = inbox.try_recv() {
                next = Some(newer);
                break;
            }
            time = REST;
        }
    }
}
