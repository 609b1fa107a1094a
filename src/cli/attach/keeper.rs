//! Gives the terminal back when this process is killed so that it can't do it itself: a second, tiny process waits for that.

use std::io::{self, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use clap::Args;
use nix::libc::tcflag_t;
use nix::sys::signal::SigSet;
use rustix::termios::{
    ControlModes, InputModes, LocalModes, OptionalActions, OutputModes, Termios, tcgetattr, tcsetattr,
};

use crate::base::{Error, Result, ResultExt};
use crate::cockpit::guard;

/// What is said on the pipe when the terminal was given back properly.
const GOODBYE: &[u8] = b".";

/// The process that waits.
pub(super) struct Keeper {
    child: Child,
}

impl Keeper {
    /// Starts it; the terminal is as it should be again. Without one only a kill that can't be caught leaves the terminal as it was.
    pub fn start() -> Option<Keeper> {
        let before = tcgetattr(io::stdout()).ok()?;
        let child = Command::new(std::env::current_exe().ok()?)
            .args(["terminal-keeper", &flags(&before)])
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .ok()?;
        Some(Keeper { child })
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        if let Some(mut pipe) = self.child.stdin.take() {
            // One that is gone keeps nothing.
            let _ = pipe.write_all(GOODBYE);
        }
        let _ = self.child.wait();
    }
}

fn flags(termios: &Termios) -> String {
    let Termios { input_modes, output_modes, control_modes, local_modes, .. } = termios;
    format!("{:x}:{:x}:{:x}:{:x}", input_modes.bits(), output_modes.bits(), control_modes.bits(), local_modes.bits())
}

/// Arguments of `gt terminal-keeper`.
#[derive(Debug, Args)]
pub struct TerminalKeeper {
    /// The terminal's settings: input, output, control and local modes
    modes: String,
}

impl TerminalKeeper {
    /// Waits on standard input for the goodbye; where it ends without one, gives the terminal on standard output back.
    ///
    /// # Errors
    /// When the modes make no sense or the terminal is gone.
    pub fn run(self) -> Result<()> {
        // As wide as the system has them.
        let modes: Vec<tcflag_t> =
            self.modes.split(':').filter_map(|part| tcflag_t::from_str_radix(part, 16).ok()).collect();
        let [input, output, control, local] = modes[..] else {
            return Err(Error::usage("no such modes").hint("gt attach starts this itself"));
        };
        // What is typed at the terminal is for others, and a process in the background may not be stopped for writing to it.
        SigSet::all().thread_block().context("signals")?;
        let mut said = Vec::new();
        io::stdin().lock().read_to_end(&mut said).context("wait")?;
        if said == GOODBYE {
            return Ok(());
        }
        guard::restore();
        let mut now = tcgetattr(io::stdout()).map_err(io::Error::from).context("terminal")?;
        now.input_modes = InputModes::from_bits_retain(input);
        now.output_modes = OutputModes::from_bits_retain(output);
        now.control_modes = ControlModes::from_bits_retain(control);
        now.local_modes = LocalModes::from_bits_retain(local);
        tcsetattr(io::stdout(), OptionalActions::Now, &now).map_err(io::Error::from).context("terminal")
    }
}
