//! What comes into the cockpit and what goes out of it.

use std::path::PathBuf;

use crossterm::event::{KeyEvent, MouseEvent};

use crate::base::Timestamp;
use crate::terminal::{ScreenState, TermEvent};
use crate::view::{ReadyBead, TownView};

use super::ask::{Ask, Told};
use super::back::{BackAsk, BackTold};
use super::deeds::{Deed, Finished, Order};
use super::dialogs::Preview;
use super::memory::Memory;
use super::settings::Settings;

/// A session the cockpit wants to see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The session's name.
    pub session: String,
    /// The size it should have, when we type into it or show nothing else.
    pub size: Option<(u16, u16)>,
}

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// A key.
    Key(KeyEvent),
    /// The mouse.
    Mouse(MouseEvent),
    /// Text was pasted.
    Paste(String),
    /// The cockpit's terminal got or lost the focus.
    Focus(bool),
    /// The cockpit's terminal has this size now.
    Resize(u16, u16),
    /// The town as it is now.
    Town(Box<TownView>),
    /// Something in the ledger changed.
    Changed,
    /// The town could not be read.
    TownFailed(String),
    /// An agent's screen as it is now.
    Screen(String, Box<ScreenState>),
    /// An agent's screen won't change any more.
    ScreenEnded(String, String),
    /// The beads that could be slung.
    Ready(Result<Vec<ReadyBead>, String>),
    /// What slinging would do; the number is that of the question.
    Planned(u64, Preview),
    /// An answer to what was asked of a session.
    Back(String, BackTold),
    /// Something an agent's terminal did besides showing text.
    Terminal(String, TermEvent),
    /// An answer to what a view asked.
    Told(Told),
    /// The settings file changed: what it says now, or what is wrong with it.
    Settings(Box<std::result::Result<Settings, String>>),
    /// Of something that is being done: its number, how many parts are done, how many there are.
    Progress(u64, usize, usize),
    /// What was to be done is done, or not.
    Done(u64, Finished),
    /// Something went wrong that nobody asked for.
    Problem(String),
    /// Time passed.
    Tick(Timestamp),
}

/// Something to be done outside; its result comes back as an event.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// These are the sessions to watch from now on.
    Watch(Vec<Wish>),
    /// A key for an agent.
    Key(String, KeyEvent),
    /// A mouse event at this cell of an agent's screen.
    Mouse(String, MouseEvent, u16, u16),
    /// Text pasted to an agent.
    Paste(String, String),
    /// The agent's terminal got or lost the focus.
    Focus(String, bool),
    /// Read the beads that could be slung.
    LoadReady,
    /// Find out what slinging would do.
    Plan(u64, Order),
    /// Ask the ledger.
    Ask(Ask),
    /// Ask a session about its scrollback.
    Back(String, BackAsk),
    /// Open an address in the person's browser.
    Browse(String),
    /// Open a file in the person's editor, at a line.
    Edit(PathBuf, Option<u32>),
    /// Tell the person beside the screen: title and text.
    Notify(String, String),
    /// Do something; the number comes back with what became of it.
    Do(u64, Deed),
    /// Stop doing what has this number, as soon as a part of it is done.
    Stop(u64),
    /// Keep this for the next start.
    Remember(Box<Memory>),
    /// Put text on the clipboard of the cockpit's terminal.
    Copy(String),
    /// Set the title of the cockpit's terminal.
    Title(String),
    /// Take the mouse from the cockpit's terminal, or leave it to it.
    Capture(bool),
    /// Stop the program until the shell brings it back.
    Suspend,
    /// Leave.
    Quit,
}
