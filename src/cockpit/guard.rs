//! The terminal the cockpit runs in: taken over at the start, given back at the end, whatever the end is.

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
    mouse: bool,
}

impl Guard {
    /// Takes the terminal over: raw, alternate screen, mouse, pastes, focus, unambiguous keys.
    ///
    /// # Errors
    /// When standard output is no terminal that can be taken over.
    pub fn take(mouse: bool) -> Result<Self> {
        enable_raw_mode().context("take over the terminal")?;
        let guard = Self { mouse };
        guard.enter().context("take over the terminal")?;
        Ok(guard)
    }

    fn enter(&self) -> io::Result<()> {
        let mut out = io::stdout();
        queue!(out, EnterAlternateScreen, EnableBracketedPaste, EnableFocusChange)?;
        if self.mouse {
            queue!(out, EnableMouseCapture)?;
        }
        // Without these Shift+Enter arrives as Enter. Terminals that don't know them ignore the sequence.
        let flags =
            KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES | KeyboardEnhancementFlags::REPORT_ALTERNATE_KEYS;
        queue!(out, PushKeyboardEnhancementFlags(flags))?;
        out.flush()
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
