//! The cockpit without a terminal: made-up towns, keys by name, frames as text.

mod acting;
mod desk;
mod fixtures;
mod forty;
mod frames;
mod interactions;
mod looks;
mod review;
mod terminals;
mod tiles;
mod views;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::app::{App, Effect, Event};
use super::deeds::Deed;
use super::keymap::Keymap;
use super::keys;
use super::theme::{Depth, Theme};
use super::{render, update};
use crate::base::Timestamp;
use crate::terminal::{Color, Cursor, Line, Run, ScreenState, Style};
use crate::view::{
    AgentState, AgentView, ConvoyView, Counts, FeedLine, Landing, MemberView, QueueEntry, ReadyBead, RigView, Tone,
    TownView,
};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// A fixed moment; every made-up town is of then.
pub fn now() -> Timestamp {
    "2026-11-22T14:00:00Z".parse().unwrap()
}

pub fn agent(rig: &str, name: &str, state: AgentState, bead: &str, title: &str, minutes: i64) -> AgentView {
    AgentView {
        address: format!("{rig}/polecats/{name}"),
        name: name.into(),
        rig: Some(rig.into()),
        role: "worker".into(),
        preset: "claude".into(),
        state,
        source: "program status".into(),
        detail: (state == AgentState::NeedsYou).then(|| "Run `npm publish --dry-run`?".into()),
        bead: (!bead.is_empty()).then(|| bead.into()),
        title: (!title.is_empty()).then(|| title.into()),
        branch: None,
        worktree: None,
        session: (state != AgentState::Dead).then(|| format!("{rig}-polecat-{name}")),
        since: Some(now().plus_seconds(-60 * minutes)),
        merge: (state == AgentState::Done).then(|| "gate runs".into()),
        doing: (state == AgentState::Working).then(|| "✳ Reading the tests".into()),
    }
}

/// A busy town: two rigs, eight agents, two that need a person.
pub fn town() -> TownView {
    use AgentState::{Dead, Done, Idle, NeedsYou, RateLimited, Working};
    let shop = vec![
        agent("shop", "furiosa", Working, "sh-p81qa", "Cart totals round wrongly", 3),
        agent("shop", "nux", NeedsYou, "sh-k2x9m", "Publish the CLI package", 12),
        agent("shop", "slit", Working, "sh-0zz4c", "Move sessions to Redis", 9),
        agent("shop", "toast", Done, "sh-a7h1e", "Dark mode toggle", 1),
        agent("shop", "ada", Idle, "", "", 75),
    ];
    let api = vec![
        agent("api", "capable", Working, "ap-99xkd", "Rate limit the search route, 日本語 too", 6),
        agent("api", "dag", RateLimited, "ap-1mfr0", "Paginate /orders", 20),
        agent("api", "rictus", Dead, "ap-77tww", "Retry the webhook", 4),
    ];
    let member = |id: &str, title: &str, status: &str, agent: Option<&str>| MemberView {
        id: id.into(),
        title: title.into(),
        status: status.into(),
        agent: agent.map(Into::into),
        blocked: false,
    };
    let convoy = |id: &str, title: &str, done, total, active, landed| ConvoyView {
        id: id.into(),
        title: title.into(),
        done,
        total,
        active,
        landed,
        members: vec![
            member("sh-77d2b", "Fix flaky cart test", "closed", None),
            member("sh-k2x9m", "Publish the CLI package", "hooked", Some("shop/polecats/nux")),
            member("sh-m4n8b", "Cart analytics", "open", None),
        ],
    };
    let event = |seq: i64, what: &str, bead: &str, text: &str, tone| FeedLine {
        seq,
        at: now().plus_seconds(seq * 60),
        what: what.into(),
        bead: Some(bead.into()),
        text: text.into(),
        tone,
    };
    let counts = Counts::of(shop.iter().chain(&api).map(|agent| agent.state));
    TownView {
        name: "outback".into(),
        agents: Vec::new(),
        rigs: vec![
            RigView {
                name: "api".into(),
                branch: "main".into(),
                agents: api,
                queue: Vec::new(),
                waiting: 2,
                ..RigView::default()
            },
            RigView {
                name: "shop".into(),
                branch: "main".into(),
                agents: shop,
                queue: vec![
                    QueueEntry {
                        id: "sh-mr-1".into(),
                        source: "sh-a7h1e".into(),
                        title: "Dark mode toggle".into(),
                        worker: "shop/polecats/toast".into(),
                        branch: "polecat/toast/sh-a7h1e@1".into(),
                        state: "gating".into(),
                        reason: String::new(),
                    },
                    QueueEntry {
                        id: "sh-mr-2".into(),
                        source: "sh-19cde".into(),
                        title: "Upgrade vite".into(),
                        worker: "shop/polecats/slit".into(),
                        branch: "polecat/slit/sh-19cde@1".into(),
                        state: "conflict".into(),
                        reason: "package.json".into(),
                    },
                ],
                waiting: 0,
                landed: 2,
                healthy: Some(true),
            },
        ],
        convoys: vec![
            convoy("hq-cv-aaaaa", "Checkout v2", 11, 16, 4, false),
            convoy("hq-cv-bbbbb", "API hardening", 3, 12, 2, false),
            convoy("hq-cv-ccccc", "Dependency updates", 5, 5, 0, true),
        ],
        feed: vec![
            event(9, "merged", "sh-77d2b", "Fix flaky cart test  9c1e2f0", Tone::Good),
            event(8, "slung", "sh-k2x9m", "Publish the CLI package → shop", Tone::Moves),
            event(7, "came back", "sh-19cde", "Upgrade vite: conflict in package.json", Tone::Bad),
            event(6, "landed", "hq-cv-ccccc", "convoy Dependency updates", Tone::Good),
        ],
        counts,
        ready: 3,
        unread: 0,
        landed: [("sh-77d2b", "Fix flaky cart test", 9), ("sh-6b2aa", "Show the delivery date", 31)]
            .map(|(bead, title, minutes)| Landing {
                at: now().plus_seconds(-60 * minutes),
                rig: "shop".into(),
                bead: bead.into(),
                title: title.into(),
                worker: "shop/polecats/nux".into(),
                commit: "9c1e2f0aa".into(),
            })
            .into(),
    }
}

/// An agent's screen of 80 by 24 with colours, a question and the cursor at its end.
pub fn screen() -> ScreenState {
    let run = |text: &str, fg: Color| Run {
        text: text.into(),
        cols: u16::try_from(crate::base::text::width(text)).unwrap(),
        style: Style { fg, ..Style::default() },
        link: None,
    };
    let mut lines: Vec<Line> = vec![
        Line {
            runs: vec![run("● ", Color::Rgb(0x4e, 0xba, 0x65)), run("Bash(npm publish --dry-run)", Color::Default)],
            wrapped: false,
        },
        Line::default(),
        Line { runs: vec![run(" Do you want to proceed? 続けますか", Color::Default)], wrapped: false },
        Line { runs: vec![run(" ❯ 1. Yes", Color::Indexed(12))], wrapped: false },
        Line { runs: vec![run("   2. No, tell Claude what to do differently", Color::Default)], wrapped: false },
        Line { runs: vec![run(" > ", Color::Indexed(8))], wrapped: false },
    ];
    lines.resize(24, Line::default());
    ScreenState {
        cols: 80,
        rows: 24,
        lines,
        cursor: Cursor { col: 3, row: 5, visible: true, ..Cursor::default() },
        ..ScreenState::default()
    }
}

pub fn beads() -> Vec<ReadyBead> {
    [
        ("sh-c3k0d", "Cart keeps on reload", 1),
        ("sh-q7w1z", "Cart page in storybook", 2),
        ("sh-zzz11", "Publish the docs", 3),
    ]
    .into_iter()
    .map(|(id, title, priority)| ReadyBead {
        id: id.into(),
        title: title.into(),
        priority,
        issue_type: "task".into(),
        rig: "shop".into(),
    })
    .collect()
}

/// A cockpit in front of [`town`], with what it asked for.
pub struct Bench {
    pub app: App,
    pub effects: Vec<Effect>,
}

impl Bench {
    pub fn new(columns: u16, rows: u16) -> Self {
        Self::of(town(), columns, rows)
    }

    pub fn of(town: TownView, columns: u16, rows: u16) -> Self {
        let app = App::new(Theme::dark(Depth::True), Keymap::default(), (columns, rows), now());
        let mut bench = Self { app, effects: Vec::new() };
        bench.event(Event::Town(Box::new(town)));
        bench.effects.clear();
        bench
    }

    pub fn event(&mut self, event: Event) -> &mut Self {
        self.effects.extend(update(&mut self.app, event));
        self
    }

    /// Presses keys by name; a word that is no key is typed letter by letter.
    pub fn keys(&mut self, script: &str) -> &mut Self {
        for word in script.split_whitespace() {
            let chords = keys::parse(word).unwrap_or_else(|_| {
                word.chars().map(|c| keys::Chord { code: KeyCode::Char(c), modifiers: KeyModifiers::NONE }).collect()
            });
            for chord in chords {
                self.event(Event::Key(KeyEvent::new(chord.code, chord.modifiers)));
            }
        }
        self
    }

    /// The deeds asked for so far.
    pub fn deeds(&self) -> Vec<Deed> {
        let deed = |effect: &Effect| match effect {
            Effect::Do(_, deed) => Some(deed.clone()),
            _ => None,
        };
        self.effects.iter().filter_map(deed).collect()
    }

    pub fn selected(&self) -> &str {
        self.app.selected.as_deref().unwrap_or_default()
    }

    pub fn draw(&self) -> Buffer {
        let (columns, rows) = self.app.size;
        let mut terminal = Terminal::new(TestBackend::new(columns, rows)).unwrap();
        terminal.draw(|frame| render::render(&self.app, frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// The frame as text, times of day replaced (they depend on the time zone).
    pub fn text(&self) -> String {
        text_of(&self.draw())
    }
}

pub fn text_of(buffer: &Buffer) -> String {
    let mut out = String::new();
    for y in 0..buffer.area.height {
        let mut row = String::new();
        let mut skip = 0;
        for x in 0..buffer.area.width {
            let symbol = buffer[(x, y)].symbol();
            if skip == 0 {
                row.push_str(symbol);
            }
            skip = crate::base::text::width(symbol).max(skip).saturating_sub(1);
        }
        out.push_str(row.trim_end());
        out.push('\n');
    }
    let is_time = |bytes: &[u8]| matches!(bytes, [a, b, b':', c, d] if [a, b, c, d].iter().all(|x| x.is_ascii_digit()));
    let mut clean = String::new();
    let mut rest = out.as_str();
    while let Some(c) = rest.chars().next() {
        if rest.len() >= 5 && is_time(&rest.as_bytes()[..5]) {
            clean.push_str("hh:mm");
            rest = &rest[5..];
        } else {
            clean.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    clean
}
