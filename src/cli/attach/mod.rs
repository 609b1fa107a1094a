//! `gt attach`: an agent's terminal, full size, in this one.

mod draw;
mod keys;

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use clap::Args;
use crossterm::event::{
    DisableBracketedPaste, DisableFocusChange, DisableMouseCapture, EnableBracketedPaste, EnableFocusChange,
    EnableMouseCapture, Event, KeyboardEnhancementFlags, PopKeyboardEnhancementFlags, PushKeyboardEnhancementFlags,
};
use crossterm::terminal::{
    BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode,
    enable_raw_mode,
};
use crossterm::{cursor, execute, queue};
use nix::sys::signal::{SigSet, Signal};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

use crate::base::report::Output;
use crate::base::{Error, Result, ResultExt};
use crate::session::{AttachMode, Client, ClientMsg, ServerMsg, registry};
use crate::terminal::{MouseMode, ScreenState, TermEvent};
use crate::town::Town;

/// Arguments of `gt attach`.
#[derive(Debug, Args)]
pub struct Attach {
    /// The agent or session
    agent: String,
    /// Only look: keys other than ctrl-] are not passed on
    #[arg(long)]
    watch: bool,
}

/// What wakes the loop.
enum Wake {
    Terminal(Event),
    Host(ServerMsg),
    HostGone(Error),
    Signal,
}

/// Why the loop ended.
enum End {
    Detached,
    Exited(String),
    Signal,
}

impl Attach {
    /// Opens the terminal of `agent` to type in it.
    pub fn to(agent: &str) -> Attach {
        Attach { agent: agent.to_owned(), watch: false }
    }

    /// Does it.
    ///
    /// # Errors
    /// When there is no terminal here or no such session.
    pub fn run(self, _output: Output) -> Result<()> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Err(
                Error::usage("gt attach needs a terminal").hint(format!("gt peek {} prints the screen", self.agent))
            );
        }
        let town = Town::current()?;
        let record = registry::resolve(&town, &self.agent)?;
        let mut client = Client::connect_record(&record)?;
        let size = crossterm::terminal::size().context("terminal size")?;
        let mode = if self.watch { AttachMode::View } else { AttachMode::Control };
        client.attach(mode, Some(inner(size)))?;
        let end = {
            let (wakes, inbox) = mpsc::channel();
            watch_signals(wakes.clone())?;
            let _screen = OuterScreen::enter()?;
            read_terminal(wakes.clone());
            let mut sender = client.sender()?;
            read_host(client, wakes);
            let mut view = View {
                screen: None,
                name: record.address.clone(),
                watch: self.watch,
                mouse: false,
                terminal: Terminal::new(CrosstermBackend::new(io::stdout())).context("terminal")?,
            };
            view.run(&inbox, |message| sender.send(&message))?
        };
        match end {
            End::Detached => println!("left {}; it goes on", record.address),
            End::Exited(how) => println!("{} has ended: {how}", record.address),
            End::Signal => {}
        }
        // The threads that read end with the process.
        Ok(())
    }
}

/// The agent's part of a terminal of `size`: all but the status line.
fn inner((cols, rows): (u16, u16)) -> (u16, u16) {
    (cols, rows.saturating_sub(1).max(1))
}

struct View {
    screen: Option<ScreenState>,
    name: String,
    watch: bool,
    mouse: bool,
    terminal: Terminal<CrosstermBackend<io::Stdout>>,
}

impl View {
    fn run(&mut self, inbox: &Receiver<Wake>, mut send: impl FnMut(ClientMsg) -> Result<()>) -> Result<End> {
        self.draw()?;
        loop {
            let Ok(first) = inbox.recv() else { return Ok(End::Signal) };
            let mut next = Some(first);
            let mut dirty = false;
            while let Some(wake) = next {
                match wake {
                    Wake::Signal => return Ok(End::Signal),
                    Wake::HostGone(error) => return Ok(End::Exited(error.message().to_owned())),
                    Wake::Host(message) => match message {
                        ServerMsg::Detached(_) => return Ok(End::Detached),
                        ServerMsg::Exit(exit) => return Ok(End::Exited(exit.words())),
                        other => dirty |= self.take(other)?,
                    },
                    Wake::Terminal(event) => {
                        if keys::is_detach(&event) {
                            let _ = send(ClientMsg::Detach);
                            return Ok(End::Detached);
                        }
                        dirty |= matches!(event, Event::Resize(..));
                        let message = match event {
                            Event::Resize(cols, rows) => {
                                let (cols, rows) = inner((cols, rows));
                                Some(ClientMsg::Resize { cols, rows })
                            }
                            _ if self.watch => None,
                            other => keys::translate(other),
                        };
                        if let Some(message) = message {
                            // The host says goodbye on its own; that the pipe is broken already is no news.
                            let _ = send(message);
                        }
                    }
                }
                next = inbox.try_recv().ok();
            }
            if dirty {
                self.draw()?;
            }
        }
    }

    /// Takes a message of the host. Returns whether the screen changed.
    fn take(&mut self, message: ServerMsg) -> Result<bool> {
        match message {
            ServerMsg::Full(screen) => self.screen = Some(*screen),
            ServerMsg::Delta(delta) => {
                if let Some(screen) = &mut self.screen {
                    delta.apply(screen);
                }
            }
            ServerMsg::Event(TermEvent::Bell) => {
                let mut out = io::stdout();
                out.write_all(b"\x07").and_then(|()| out.flush()).context("terminal")?;
                return Ok(false);
            }
            ServerMsg::Event(TermEvent::Clipboard(text)) if !self.watch => {
                execute!(io::stdout(), crossterm::clipboard::CopyToClipboard::to_clipboard_from(text))
                    .context("terminal")?;
                return Ok(false);
            }
            _ => return Ok(false),
        }
        let wants = self.screen.as_ref().is_some_and(|screen| {
            screen.modes.mouse != MouseMode::Off || (screen.modes.alt_screen && screen.modes.alternate_scroll)
        });
        if wants != self.mouse && !self.watch {
            self.mouse = wants;
            if wants {
                execute!(io::stdout(), EnableMouseCapture).context("terminal")?;
            } else {
                execute!(io::stdout(), DisableMouseCapture).context("terminal")?;
            }
        }
        Ok(true)
    }

    fn draw(&mut self) -> Result<()> {
        queue!(io::stdout(), BeginSynchronizedUpdate).context("terminal")?;
        let (screen, name, watch) = (self.screen.as_ref(), self.name.as_str(), self.watch);
        self.terminal.draw(|frame| draw::frame(frame, screen, name, watch)).context("terminal")?;
        let shape = screen.map(|screen| draw::cursor_style(&screen.cursor));
        if let Some(shape) = shape {
            queue!(io::stdout(), shape).context("terminal")?;
        }
        execute!(io::stdout(), EndSynchronizedUpdate).context("terminal")
    }
}

/// The outer terminal in the state an agent's terminal needs; put back when dropped, also by a panic.
struct OuterScreen;

impl OuterScreen {
    fn enter() -> Result<OuterScreen> {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            restore();
            before(info);
        }));
        enable_raw_mode().context("terminal")?;
        let screen = OuterScreen;
        execute!(
            io::stdout(),
            EnterAlternateScreen,
            EnableBracketedPaste,
            EnableFocusChange,
            // Terminals without this protocol ignore it.
            PushKeyboardEnhancementFlags(
                KeyboardEnhancementFlags::DISAMBIGUATE_ESCAPE_CODES | KeyboardEnhancementFlags::REPORT_ALTERNATE_KEYS
            ),
        )
        .context("terminal")?;
        Ok(screen)
    }
}

impl Drop for OuterScreen {
    fn drop(&mut self) {
        restore();
    }
}

fn restore() {
    // A terminal that is gone needs no restoring.
    let _ = execute!(
        io::stdout(),
        PopKeyboardEnhancementFlags,
        DisableMouseCapture,
        DisableFocusChange,
        DisableBracketedPaste,
        cursor::SetCursorStyle::DefaultUserShape,
        cursor::Show,
        LeaveAlternateScreen,
    );
    let _ = disable_raw_mode();
}

/// Turns the signals that would end the process into a message, so that the terminal is restored first.
fn watch_signals(wakes: Sender<Wake>) -> Result<()> {
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT] {
        signals.add(signal);
    }
    // Blocked before any other thread is made, so that all of them inherit it.
    signals.thread_block().context("signals")?;
    std::thread::spawn(move || {
        while signals.wait().is_err() {}
        let _ = wakes.send(Wake::Signal);
    });
    Ok(())
}

fn read_terminal(wakes: Sender<Wake>) {
    std::thread::spawn(move || {
        loop {
            let wake = match crossterm::event::read() {
                Ok(event) => Wake::Terminal(event),
                Err(_) => Wake::Signal,
            };
            let over = matches!(wake, Wake::Signal);
            if wakes.send(wake).is_err() || over {
                return;
            }
        }
    });
}

fn read_host(mut client: Client, wakes: Sender<Wake>) {
    std::thread::spawn(move || {
        loop {
            let wake = match client.recv(Duration::from_secs(60)) {
                Ok(Some(message)) => Wake::Host(message),
                Ok(None) => continue,
                Err(error) => Wake::HostGone(error),
            };
            let over = matches!(wake, Wake::HostGone(_));
            if wakes.send(wake).is_err() || over {
                return;
            }
        }
    });
}
