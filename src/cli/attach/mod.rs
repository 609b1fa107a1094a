//! `gt attach`: an agent's terminal, full size, in this one.

mod back;
mod compose;
mod keeper;
mod paint;
mod view;

use std::io::{self, IsTerminal, Write};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;

use clap::Args;
use crossterm::clipboard::CopyToClipboard;
use crossterm::event::Event;
use crossterm::execute;
use nix::sys::signal::{SigSet, Signal, raise};

use crate::base::report::Output;
use crate::base::{Error, Result, ResultExt};
use crate::cockpit::guard::{self, Guard};
use crate::cockpit::theme::Depth;
use crate::session::{AttachMode, Client, ClientMsg, ServerMsg, registry};
use crate::town::Town;

use keeper::Keeper;
pub use keeper::TerminalKeeper;
use paint::Painter;
use view::{Act, View};

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
    Signal(Signal),
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
        let view = View::new(&record.address, self.watch, size);
        let mode = if self.watch { AttachMode::View } else { AttachMode::Control };
        client.attach(mode, Some(view.inner()))?;
        let end = {
            let _keeper = Keeper::start();
            let (wakes, inbox) = mpsc::channel();
            watch_signals(wakes.clone())?;
            restore_on_panic();
            let guard = Guard::take(true)?;
            read_terminal(wakes.clone());
            let mut sender = client.sender()?;
            read_host(client, wakes);
            let painter = Painter::new(Depth::detect(|name| std::env::var(name).ok()));
            let mut attached = Attached { view, painter, guard: &guard, watch: self.watch };
            // The host says goodbye on its own; that the pipe is broken already is no news.
            attached.run(&inbox, |message| drop(sender.send(&message)))?
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

struct Attached<'a> {
    view: View,
    painter: Painter,
    guard: &'a Guard,
    watch: bool,
}

impl Attached<'_> {
    fn run(&mut self, inbox: &Receiver<Wake>, mut send: impl FnMut(ClientMsg)) -> Result<End> {
        loop {
            if std::mem::take(&mut self.view.dirty) {
                self.draw()?;
            }
            let Ok(first) = inbox.recv() else { return Ok(End::Signal) };
            let mut next = Some(first);
            // All that waits is taken before anything is drawn.
            while let Some(wake) = next {
                let act = match wake {
                    Wake::Signal(Signal::SIGTSTP) => {
                        guard::restore();
                        raise(Signal::SIGSTOP).context("stop")?;
                        None
                    }
                    Wake::Signal(Signal::SIGCONT) => {
                        self.guard.resume()?;
                        self.resized(&mut send)
                    }
                    Wake::Signal(_) => return Ok(End::Signal),
                    Wake::HostGone(error) => return Ok(End::Exited(error.message().to_owned())),
                    Wake::Host(ServerMsg::Detached(_)) => return Ok(End::Detached),
                    Wake::Host(ServerMsg::Exit(exit)) => return Ok(End::Exited(exit.words())),
                    Wake::Host(message) => self.view.hear(message),
                    Wake::Terminal(Event::Resize(..)) => self.resized(&mut send),
                    Wake::Terminal(event) => self.view.does(event),
                };
                match act {
                    None => {}
                    Some(Act::Send(message)) => send(message),
                    Some(Act::Bell) => write(b"\x07")?,
                    Some(Act::Copy(text)) => {
                        execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text)).context("terminal")?;
                    }
                    Some(Act::Detach) => {
                        send(ClientMsg::Detach);
                        return Ok(End::Detached);
                    }
                }
                next = inbox.try_recv().ok();
            }
        }
    }

    /// The terminal may have another size, and shows something else.
    fn resized(&mut self, send: &mut impl FnMut(ClientMsg)) -> Option<Act> {
        let (cols, rows) = crossterm::terminal::size().ok()?;
        self.painter.forget();
        let act = self.view.does(Event::Resize(cols, rows));
        if !self.watch {
            let (cols, rows) = self.view.inner();
            send(ClientMsg::Resize { cols, rows });
        }
        act
    }

    fn draw(&mut self) -> Result<()> {
        let (rows, cursor) = self.view.frame();
        write(&self.painter.frame(rows, self.view.inner().0, cursor))
    }
}

fn write(bytes: &[u8]) -> Result<()> {
    let mut out = io::stdout();
    out.write_all(bytes).and_then(|()| out.flush()).context("terminal")
}

/// Gives the terminal back before a panic is told, so that it can be read.
fn restore_on_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        guard::restore();
        before(info);
    }));
}

/// Turns the signals that would end or stop the process into messages, so that the terminal is restored first.
fn watch_signals(wakes: Sender<Wake>) -> Result<()> {
    let mut signals = SigSet::empty();
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTSTP, Signal::SIGCONT] {
        signals.add(signal);
    }
    // Blocked before any other thread is made, so that all of them inherit it.
    signals.thread_block().context("signals")?;
    std::thread::spawn(move || {
        loop {
            if let Ok(signal) = signals.wait()
                && wakes.send(Wake::Signal(signal)).is_err()
            {
                return;
            }
        }
    });
    Ok(())
}

fn read_terminal(wakes: Sender<Wake>) {
    std::thread::spawn(move || {
        loop {
            let wake = match crossterm::event::read() {
                Ok(event) => Wake::Terminal(event),
                // The terminal is gone.
                Err(_) => Wake::Signal(Signal::SIGHUP),
            };
            let over = matches!(wake, Wake::Signal(_));
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
