//! The loop: keys first, then agents' screens, then the ledger; one frame when something visible changed.

use std::io::{self, BufWriter, IsTerminal, Stdout, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;
use std::time::{Duration, Instant};

use crossterm::cursor::SetCursorStyle;
use crossterm::event::{Event as TerminalEvent, EventStream};
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate, SetTitle};
use crossterm::{execute, queue};
use futures_util::StreamExt;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::base::{Error, Result, ResultExt, Timestamp, files};
use crate::session::ClientMsg;
use crate::terminal::{self, CursorShape};
use crate::town::Town;

use super::app::{App, Cause, Effect, Event};
use super::back::BackAsk;
use super::guard::{self, Guard};
use super::links::{Links, News};
use super::memory::{self, Memory};
use super::settings::Settings;
use super::stats::Stats;
use super::worker::Worker;
use super::{render, telling, update};

/// No two frames are nearer than this, but for the echo of a key.
const FRAME: Duration = Duration::from_millis(16);
/// How long the first frame waits for the town, so that it does not flash up empty.
const FIRST: Duration = Duration::from_millis(80);

/// How the cockpit is opened.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The theme, before environment and settings.
    pub theme: Option<String>,
    /// Look, but change nothing.
    pub read_only: bool,
    /// Leave out the screen that first starts begin with.
    pub no_welcome: bool,
}

/// Opens the cockpit on `town` and returns when the person leaves it.
///
/// # Errors
/// When there is no terminal, or the settings are wrong.
pub fn run(town: &Town, options: Options) -> Result<()> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err(
            Error::usage("the cockpit needs a terminal").hint("gt agents, gt convoy list and gt peek print instead")
        );
    }
    // A slip in the file must not keep anybody from the town: it is told, and the defaults hold until it is mended.
    let text = files::read_optional(&settings_file(town)).map(Option::unwrap_or_default);
    let (settings, wrong) = match text.and_then(|text| Settings::parse(&text)) {
        Ok(settings) => (settings, None),
        Err(error) => (Settings::default(), Some(error)),
    };
    let theme = settings.theme(options.theme.as_deref())?;
    let keymap = settings.keymap()?;
    install_panic_hook(town.logs_dir().join("cockpit.log"));
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().context("start the cockpit's loop")?;
    let size = crossterm::terminal::size().unwrap_or((80, 24));
    let mut app = App::new(theme, keymap, size, Timestamp::now());
    app.read_only = options.read_only;
    app.settings_file = settings_file(town);
    app.settings = settings.clone();
    app.town.name.clone_from(&town.name);
    let mut memory = Memory::read(&memory::file(town));
    memory.welcomed |= options.no_welcome;
    // What the file says about colours counts more than what was chosen for a while.
    app.recall(memory, options.theme.is_none() && settings.theme.is_none());
    if let Some(error) = wrong {
        let hint = error.hint_text().map(|hint| format!(": {hint}")).unwrap_or_default();
        app.say(format!("settings/cockpit.toml: {error}{hint}; the defaults hold"), true);
    }
    let guard = Guard::take(settings.mouse.unwrap_or(true))?;
    let outcome = runtime.block_on(Cockpit::new(town, app, &guard)?.run());
    drop(guard);
    // Threads that wait for a slow host or disk must not keep the person waiting.
    runtime.shutdown_background();
    outcome
}

/// Where a town keeps the cockpit's settings.
pub fn settings_file(town: &Town) -> PathBuf {
    town.root.join("settings").join("cockpit.toml")
}

/// On a panic the terminal is given back first; the report goes to the log and to standard error.
fn install_panic_hook(log: PathBuf) {
    static ONCE: Once = Once::new();
    ONCE.call_once(move || {
        // Another part of the program may have installed it already.
        let _ = color_eyre::install();
        let report = std::panic::take_hook();
        let drawing = std::thread::current().id();
        std::panic::set_hook(Box::new(move |info| {
            let text = format!("{} {info}\n{}\n", Timestamp::now(), std::backtrace::Backtrace::force_capture());
            let written = std::fs::create_dir_all(log.parent().unwrap_or(&log)).and_then(|()| {
                std::fs::OpenOptions::new().create(true).append(true).open(&log)?.write_all(text.as_bytes())
            });
            // A thread in the background leaves the screen alone; its work ends with an error of its own.
            if std::thread::current().id() == drawing {
                guard::restore();
                report(info);
                if written.is_ok() {
                    eprintln!("The cockpit broke; your agents go on working. Report: {}", log.display());
                }
            }
        }));
    });
}

/// The loop with all it holds.
struct Cockpit<'a> {
    app: App,
    guard: &'a Guard,
    terminal: Terminal<CrosstermBackend<BufWriter<Stdout>>>,
    links: Links,
    worker: Worker,
    news: mpsc::UnboundedReceiver<News>,
    events: mpsc::UnboundedReceiver<Event>,
    stats: Stats,
    drawn: Option<Instant>,
    /// The session a key was sent to; its next frame is drawn at once.
    echo: Option<String>,
    shape: Option<CursorShape>,
    over: bool,
}

impl<'a> Cockpit<'a> {
    fn new(town: &Town, app: App, guard: &'a Guard) -> Result<Self> {
        let (news_in, news) = mpsc::unbounded_channel();
        let (events_in, events) = mpsc::unbounded_channel();
        let backend = CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout()));
        Ok(Self {
            app,
            guard,
            terminal: Terminal::new(backend).context("draw on the terminal")?,
            links: Links::new(town.clone(), news_in),
            worker: Worker::start(town, events_in),
            news,
            events,
            stats: Stats::from_env(),
            drawn: None,
            echo: None,
            shape: None,
            over: false,
        })
    }

    async fn run(mut self) -> Result<()> {
        let (keys_in, mut keys) = mpsc::unbounded_channel();
        // The stream remembers only the waker of its first wait, so one task waits on it and nobody else polls it.
        let reading = tokio::spawn(async move {
            let mut stream = EventStream::new();
            while let Some(Ok(event)) = stream.next().await {
                if keys_in.send(event).is_err() {
                    break;
                }
            }
        });
        let mut terminate = signal(SignalKind::terminate()).context("watch for signals")?;
        let mut hang_up = signal(SignalKind::hangup()).context("watch for signals")?;
        let mut go_on = signal(SignalKind::from_raw(nix::libc::SIGCONT)).context("watch for signals")?;
        if let Ok(Some(event)) = tokio::time::timeout(FIRST, self.events.recv()).await {
            self.take(event)?;
        }
        let mut clock = tokio::time::interval(Duration::from_secs(1));
        while !self.over {
            let due = self.due();
            if due.is_some_and(|due| due <= Instant::now()) {
                self.draw()?;
                continue;
            }
            tokio::select! {
                biased;
                _ = terminate.recv() => break,
                _ = hang_up.recv() => break,
                _ = go_on.recv() => self.come_back()?,
                key = keys.recv() => match key {
                    Some(event) => {
                        self.key(event)?;
                        // All that waits is taken before anything is drawn.
                        while let Ok(event) = keys.try_recv() {
                            self.key(event)?;
                        }
                    }
                    // The terminal is gone.
                    None => break,
                },
                Some(news) = self.news.recv() => self.hear(news)?,
                Some(event) = self.events.recv() => self.take(event)?,
                () = wait_until(due) => {}
                _ = clock.tick() => {
                    self.stats.write();
                    self.take(Event::Tick(Timestamp::now()))?;
                }
            }
        }
        reading.abort();
        self.stats.write();
        Ok(())
    }

    /// When the next frame is to be drawn, if one is.
    fn due(&self) -> Option<Instant> {
        let cause = self.app.dirty?;
        match self.drawn {
            Some(drawn) if cause != Cause::Input => Some(drawn + FRAME),
            _ => Some(Instant::now()),
        }
    }

    fn key(&mut self, event: TerminalEvent) -> Result<()> {
        let event = match event {
            TerminalEvent::Key(key) => Event::Key(key),
            TerminalEvent::Mouse(mouse) => Event::Mouse(mouse),
            TerminalEvent::Paste(text) => Event::Paste(text),
            TerminalEvent::FocusGained => Event::Focus(true),
            TerminalEvent::FocusLost => Event::Focus(false),
            TerminalEvent::Resize(columns, rows) => Event::Resize(columns, rows),
        };
        self.take(event)
    }

    fn hear(&mut self, news: News) -> Result<()> {
        match news {
            News::Screen(session, newest) => {
                let Some(screen) = newest.take() else { return Ok(()) };
                if self.echo.as_ref() == Some(&session) {
                    self.echo = None;
                    self.drawn = None;
                }
                self.take(Event::Screen(session, Box::new(screen)))
            }
            News::Ended(session, why) => self.take(Event::ScreenEnded(session, why)),
            News::Back(session, told) => self.take(Event::Back(session, told)),
            News::Terminal(session, event) => self.take(Event::Terminal(session, event)),
            News::Problem(problem) => self.take(Event::Problem(problem)),
        }
    }

    fn take(&mut self, event: Event) -> Result<()> {
        let begun = Instant::now();
        let effects = update(&mut self.app, event);
        self.stats.update(begun.elapsed());
        for effect in effects {
            self.effect(effect)?;
        }
        Ok(())
    }

    fn effect(&mut self, effect: Effect) -> Result<()> {
        match effect {
            Effect::Watch(wishes) => self.links.watch(wishes),
            Effect::Key(session, key) => {
                if let Some(press) = terminal::key_press(&key) {
                    self.links.send(&session, ClientMsg::Key(press));
                    self.echo = Some(session);
                }
            }
            Effect::Mouse(session, mouse, column, row) => {
                self.links.send(&session, ClientMsg::Mouse(terminal::mouse_event(&mouse, column, row)));
            }
            Effect::Paste(session, text) => self.links.send(&session, ClientMsg::Paste(text)),
            Effect::Focus(session, focus) => self.links.send(&session, ClientMsg::Focus(focus)),
            Effect::LoadReady => self.worker.load_ready(),
            Effect::Plan(number, order) => self.worker.plan(number, order),
            Effect::Ask(ask) => self.worker.ask(ask),
            Effect::Edit(path, line) => self.edit(&path, line)?,
            Effect::Back(session, ask) => self.links.send(
                &session,
                match ask {
                    BackAsk::Lines(from, count) => ClientMsg::History { from, count },
                    BackAsk::Search(text) => ClientMsg::Search { text, before: u64::MAX, limit: 1000 },
                    BackAsk::Select(from, to) => ClientMsg::Select { from, to },
                },
            ),
            Effect::Capture(mouse) => self.guard.capture(mouse)?,
            Effect::Browse(address) => self.browse(&address)?,
            Effect::Notify(title, body) => self.notify(&title, &body)?,
            Effect::Do(id, deed) => self.worker.perform(id, deed),
            Effect::Stop(id) => self.worker.stop(id),
            Effect::Remember(memory) => self.worker.remember(*memory),
            Effect::Copy(text) => {
                execute!(self.terminal.backend_mut(), crossterm::clipboard::CopyToClipboard::to_clipboard_from(text))?;
            }
            Effect::Title(title) => {
                let title = crate::base::text::neutralise(&title, true).into_owned();
                execute!(self.terminal.backend_mut(), SetTitle(title))?;
            }
            Effect::Suspend => {
                guard::restore();
                // The whole job stops, as the shell's own ctrl-z would do it; SIGCONT brings us to `come_back`.
                nix::sys::signal::kill(nix::unistd::Pid::from_raw(0), nix::sys::signal::Signal::SIGTSTP)?;
            }
            Effect::Quit => self.over = true,
        }
        Ok(())
    }

    /// Gives the terminal to the person's editor until it ends.
    fn edit(&mut self, path: &Path, line: Option<u32>) -> Result<()> {
        let editor =
            ["VISUAL", "EDITOR"].iter().find_map(|name| std::env::var(name).ok()).filter(|name| !name.is_empty());
        let editor = editor.unwrap_or_else(|| "vi".to_owned());
        guard::restore();
        // Through the shell, as git does it: the variable may hold arguments.
        // What opens files at a line, vi and nano and their kin, takes +line before the name.
        let at = line.map(|line| format!(" +{line}")).unwrap_or_default();
        let done = Command::new("sh").arg("-c").arg(format!("{editor}{at} \"$1\"")).arg("sh").arg(path).status();
        self.come_back()?;
        match done {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => self.take(Event::Problem(format!("{editor} ended with {status}"))),
            Err(error) => self.take(Event::Problem(format!("{editor} could not be started: {error}"))),
        }
    }

    /// Opens an address in the person's browser, out of the way of the screen.
    fn browse(&mut self, address: &str) -> Result<()> {
        let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
        let opener = std::env::var("BROWSER").ok().filter(|name| !name.is_empty()).unwrap_or_else(|| opener.to_owned());
        let mut command = Command::new(&opener);
        command.arg(address);
        match telling::start(command) {
            None => Ok(()),
            Some(problem) => self.take(Event::Problem(problem)),
        }
    }

    /// Tells the person beside the screen, in the way the settings say.
    fn notify(&mut self, title: &str, body: &str) -> Result<()> {
        match telling::tell(&self.app.settings, title, body, self.terminal.backend_mut())? {
            Some(problem) => self.take(Event::Problem(problem)),
            None => Ok(()),
        }
    }

    fn come_back(&mut self) -> Result<()> {
        self.guard.resume()?;
        // Not the terminal's own clearing: it asks where the cursor is, and the answer would go to the task that reads keys.
        execute!(self.terminal.backend_mut(), crossterm::terminal::Clear(crossterm::terminal::ClearType::All))?;
        let backend = CrosstermBackend::new(BufWriter::with_capacity(1 << 16, io::stdout()));
        self.terminal = Terminal::new(backend).context("draw on the terminal")?;
        let (columns, rows) = crossterm::terminal::size().unwrap_or(self.app.size);
        self.take(Event::Resize(columns, rows))
    }

    fn draw(&mut self) -> Result<()> {
        let Some(cause) = self.app.dirty.take() else { return Ok(()) };
        let begun = Instant::now();
        // Tests break it here, to see that the terminal is given back.
        #[cfg(debug_assertions)]
        assert!(std::env::var_os("GT_COCKPIT_BREAK").is_none(), "asked to break");
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        let app = &self.app;
        self.terminal.draw(|frame| render::render(app, frame)).context("draw on the terminal")?;
        let shape = app.typing.then(|| app.typed_into().map(|screen| screen.cursor.shape)).flatten();
        if shape != self.shape {
            self.shape = shape;
            let style = match shape {
                None => SetCursorStyle::DefaultUserShape,
                Some(CursorShape::Block) => SetCursorStyle::SteadyBlock,
                Some(CursorShape::Underline) => SetCursorStyle::SteadyUnderScore,
                Some(CursorShape::Bar) => SetCursorStyle::SteadyBar,
            };
            queue!(self.terminal.backend_mut(), style)?;
        }
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        self.drawn = Some(Instant::now());
        self.stats.frame(cause, begun.elapsed());
        Ok(())
    }
}

/// Ends at `due`; never without one.
async fn wait_until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due.into()).await,
        None => std::future::pending().await,
    }
}
