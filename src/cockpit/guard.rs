//! The terminal the cockpit runs in: taken over at the start, given back at the end, whatever the end is.

use std::cell::Cell;
use std::io::{self, Write};

use crossterm::cursor::{SetCursorStyle, Show};
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
    EnableMouseCapture, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::terminal::{
    EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{execute, queue};

use crate::base::{Result, ResultExt};

/// Holds the terminal; dropping it gives the terminal back.
#[derive(Debug)]
pub struct Guard {
    mouse: Cell<bool>,
}

impl Guard {
    /// Takes the terminal over: raw, alternate screen, mouse, pastes, focus, unambiguous keys.
    ///
    /// # Errors
    /// When standard output is no terminal that can be taken over.
    pub fn take(mouse: bool) -> Result<Self> {
        mend();
        enable_raw_mode().context("take over the terminal")?;
        let guard = Self { mouse: Cell::new(mouse) };
        guard.enter().context("take over the terminal")?;
        Ok(guard)
    }

    fn enter(&self) -> io::Result<()> {
        let mut out = io::stdout();
        queue!(out, EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange)?;
        if self.mouse.get() {
            queue!(out, EnableMouseCapture)?;
        }
        // Without these Shift+Enter arrives as Enter. Terminals that don't know them ignore the sequence.
        let flags =
            KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES | KeyboardEnhancementFlags::REPORT_ALTERNATE_KEYS;
        queue!(out, PushKeyboardEnhancementFlags(flags))?;
        out.flush()
    }

    /// Takes the mouse, or leaves it to the terminal, from now on.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn capture(&self, mouse: bool) -> Result<()> {
        self.mouse.set(mouse);
        let mut out = io::stdout();
        Ok(if mouse { execute!(out, EnableMouseCapture) } else { execute!(out, DisableMouseCapture) }?)
    }

    /// Takes the terminal over again after the program was stopped.
    ///
    /// # Errors
    /// When the terminal is gone.
    pub fn resume(&self) -> Result<()> {
        enable_raw_mode()?;
        Ok(self.enter()?)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        restore();
    }
}

/// A cockpit that was killed left the terminal as it had it, and what is so now is what is given back at the end: so it is made what a
/// shell expects first.
fn mend() {
    use nix::sys::termios::{InputFlags, LocalFlags, OutputFlags, SetArg, tcgetattr, tcsetattr};
    let terminal = io::stdin();
    // What can't be asked or set is left as it is.
    let Ok(mut how) = tcgetattr(&terminal) else { return };
    if how.local_flags.intersects(LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ISIG) {
        return;
    }
    how.local_flags |= LocalFlags::ICANON | LocalFlags::ECHO | LocalFlags::ECHOE | LocalFlags::ECHOK;
    how.local_flags |= LocalFlags::ISIG | LocalFlags::IEXTEN;
    how.input_flags |= InputFlags::ICRNL | InputFlags::IXON;
    how.output_flags |= OutputFlags::OPOST | OutputFlags::ONLCR;
    let _ = tcsetattr(&terminal, SetArg::TCSANOW, &how);
}

/// Gives the terminal back; harmless when it was not taken.
pub fn restore() {
    let mut out = io::stdout();
    // When the terminal is gone there is nobody left to tell.
    let _ = execute!(
        out,
        EndSynchronizedUpdate,
        PopKeyboardEnhancementFlags,
        DisableMouseCapture,
        DisableFocusChange,
        DisableBracketedPaste,
        SetCursorStyle::DefaultUserShape,
        LeaveAlternateScreen,
        Show
    );
    let _ = disable_raw_mode();
}
