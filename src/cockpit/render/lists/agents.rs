//! The agents: those that need you, and all of them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::base::text::{fit, width as columns_of};
use crate::view::model::wants_person;
use crate::view::{AgentView, RigView, Tone};

use super::super::super::app::{App, Pane, Row, Sort, Tier};
use super::super::super::layout::below_title;
use super::super::super::marks;
use super::super::age;
use super::super::dialogs::wrapped;
use super::super::pen::{self, Piece};
use super::{advice, focused, select_row, title};

fn widest<'a>(texts: impl Iterator<Item = &'a str>, least: usize, most: usize) -> usize {
    texts.map(columns_of).max().unwrap_or(least).clamp(least, most)
}

fn name_width(app: &App) -> usize {
    widest(app.town.all_agents().map(|agent| agent.name.as_str()), 6, 14)
}

fn rig_width(app: &App) -> usize {
    widest(app.town.rigs.iter().map(|rig| rig.name.as_str()), 4, 12)
}

/// Why an agent needs you, its own question first, or else what it works on.
fn why<'a>(app: &'a App, agent: &'a AgentView) -> &'a str {
    if let Some(question) = app.questions.get(&agent.address) {
        return question;
    }
    agent
        .detail
        .as_deref()
        .filter(|detail| !detail.trim().is_empty())
        .or(agent.title.as_deref())
        .unwrap_or_else(|| marks::word(agent.state))
}

/// The agents that need you.
pub(in super::super) fn needs(app: &App, buffer: &mut Buffer) {
    let area = app.layout.needs;
    if area.height == 0 {
        return;
    }
    let agents = app.needing();
    title(app, buffer, area, Pane::Needs, "needs you", "");
    let rows = below_title(area);
    for (agent, y) in agents.iter().skip(app.scroll.needs).zip(rows.y..rows.bottom()) {
        let row = Rect { y, height: 1, ..rows };
        row_of(app, buffer, row, agent, true);
        if app.pane == Pane::Needs && app.selected.as_ref() == Some(&agent.address) {
            select_row(app, buffer, row, focused(app, Pane::Needs));
        }
    }
}

/// Why the town can't be read; it stays as long as that holds.
fn unread(app: &App, buffer: &mut Buffer, area: Rect, problem: &str) {
    let room = area.width.saturating_sub(4);
    let lines = wrapped(problem, usize::from(room).max(10));
    for (line, y) in lines.iter().zip(area.y..area.bottom()) {
        pen::put(buffer, area.x + 2, y, room, line, app.theme.tone(Tone::Bad));
    }
}

/// All agents in the order chosen.
pub(in super::super) fn agents(app: &App, buffer: &mut Buffer) {
    let area = app.layout.agents;
    if area.height == 0 {
        return;
    }
    let all = app.agent_rows();
    let note = match app.sort {
        Sort::Attention => "by attention",
        Sort::Rig => "by rig",
        Sort::Age => "by age",
    };
    let marked = app.marked.len();
    let words = if marked == 0 { "agents".to_owned() } else { format!("agents · {marked} marked") };
    // The number of marks is worth more than the order.
    let quiet = all.is_empty() || (marked > 0 && area.width < 44);
    title(app, buffer, area, Pane::Agents, &words, if quiet { "" } else { note });
    let rows = below_title(area);
    if !app.loaded {
        match &app.problem {
            Some(problem) => unread(app, buffer, rows, problem),
            None => advice(app, buffer, rows, "Reading the town …"),
        }
        return;
    }
    let mut y = rows.y;
    for row in all.iter().skip(app.scroll.agents) {
        if y >= rows.bottom() {
            break;
        }
        let place = Rect { y, height: 1, ..rows };
        y += 1;
        match row {
            Row::Tier(tier) => {
                let agents = all.iter().skip_while(|other| *other != row).skip(1);
                let count = agents.take_while(|other| matches!(other, Row::Agent(_))).count();
                let number = format!(" {count}");
                let calls = if *tier == Tier::Needs { app.theme.tone(Tone::Calls) } else { app.theme.dim() };
                let line = [(" ", app.theme.dim()), (tier.words(), calls), (&*number, calls)];
                pen::pieces(buffer, place.x, place.y, place.width, &line);
            }
            Row::Rig(index) => {
                if let Some(rig) = app.town.rigs.get(*index) {
                    heading(app, buffer, place, rig);
                }
            }
            Row::Agent(address) => {
                let Some(agent) = app.town.agent(address) else { continue };
                let height = app.layout.agent_lines.max(1).min(rows.bottom() - place.y);
                row_of(app, buffer, place, agent, wants_person(agent.state) && app.sort == Sort::Attention);
                if height > 1 {
                    second_line(app, buffer, Rect { y, ..place }, agent);
                    y += 1;
                }
                if app.selected.as_ref() == Some(address) {
                    select_row(app, buffer, Rect { height, ..place }, focused(app, Pane::Agents));
                }
            }
        }
    }
    if !all.iter().any(|row| matches!(row, Row::Agent(_))) {
        nobody(app, buffer, Rect { y, height: rows.bottom().saturating_sub(y), ..rows });
    }
}

/// What to do when there is no agent.
fn nobody(app: &App, buffer: &mut Buffer, area: Rect) {
    let lines: &[&str] = if !app.filter.is_empty() {
        &["Nothing matches the filter; esc shows everything."]
    } else if app.town.rigs.is_empty() {
        &["No repository yet. Add one:", "", "  gt rig add <name> <repository>"]
    } else if app.town.ready > 0 {
        &["No agents yet. Press s to give beads to workers."]
    } else {
        &["No agents yet, and no ready beads. Make one:", "", "  bd create \"What is to be done\""]
    };
    for (line, index) in lines.iter().zip(1..) {
        if index < area.height {
            advice(app, buffer, Rect { y: area.y + index, height: 1, ..area }, line);
        }
    }
}

fn heading(app: &App, buffer: &mut Buffer, row: Rect, rig: &RigView) {
    let theme = &app.theme;
    let left =
        [(" ", theme.text()), (rig.name.as_str(), theme.strong()), ("  ", theme.text()), (&rig.branch, theme.dim())];
    let end = pen::pieces(buffer, row.x, row.y, row.width, &left);
    let mut notes = Vec::new();
    if rig.waiting > 0 {
        notes.push(format!("{} waiting", rig.waiting));
    }
    if !rig.queue.is_empty() {
        notes.push(format!("{} to merge", rig.queue.len()));
    }
    let note = format!("{} ", notes.join(" · "));
    pen::pieces_right(buffer, row, end + 1, &[(note.as_str(), theme.dim())]);
}

/// One agent; `asks` shows what it needs in place of what it works on.
fn row_of(app: &App, buffer: &mut Buffer, row: Rect, agent: &AgentView, asks: bool) {
    let theme = &app.theme;
    let selected = app.selected.as_ref() == Some(&agent.address);
    let by_rig = app.sort == Sort::Rig;
    let name = fit(&agent.name, name_width(app));
    let name_style = if agent.bead.is_some() || selected { theme.text() } else { theme.dim() };
    let mark = if app.marked.contains(&agent.address) { ("▣ ", theme.accent()) } else { ("  ", theme.text()) };
    let mut left: Vec<Piece<'_>> = vec![
        (" ", theme.text()),
        mark,
        (marks::glyph(agent.state), theme.state(agent.state)),
        (" ", theme.text()),
        (&name, if asks { theme.strong() } else { name_style }),
        ("  ", theme.text()),
    ];
    let rig = fit(agent.rig.as_deref().unwrap_or("town"), rig_width(app)) + "  ";
    if (!by_rig || asks) && row.width >= 44 {
        left.push((&rig, theme.dim()));
    }
    let bead_width = widest(app.town.all_agents().filter_map(|agent| agent.bead.as_deref()), 8, 12);
    let bead = fit(agent.bead.as_deref().unwrap_or_default(), bead_width) + "  ";
    if row.width >= 64 {
        left.push((&bead, theme.dim()));
    }
    let nothing = if agent.bead.is_none() { agent.role.as_str() } else { "" };
    if asks {
        left.push((why(app, agent), theme.text()));
    } else {
        let title = agent.title.as_deref().unwrap_or(nothing);
        left.push((title, if agent.title.is_some() { theme.text() } else { theme.dim() }));
    }
    let note = match (&agent.merge, agent.state) {
        (Some(merge), _) => format!("{merge} "),
        (None, state) if !asks && !matches!(state, crate::view::AgentState::Working) => {
            format!("{} ", marks::word(state))
        }
        _ => String::new(),
    };
    let since = agent.since.map(|since| age(since, app.now)).unwrap_or_default();
    let since = format!("{since:>4} ");
    let mut right: Vec<Piece<'_>> = vec![(&since, theme.dim())];
    if row.width >= 44 {
        // Work that waits for a person is their concern, although its worker is done.
        let calls = agent.merge.as_deref().is_some_and(|merge| matches!(merge, "needs approval" | "in review"));
        right.insert(0, (&note, if calls { theme.tone(Tone::Calls) } else { theme.dim() }));
    }
    let start = row.right().saturating_sub(pen::width(&right));
    pen::pieces(buffer, row.x, row.y, start.saturating_sub(row.x + 1), &left);
    pen::pieces(buffer, start, row.y, row.right() - start, &right);
}

/// What it does just now, on what and where, where there is room to say it.
fn second_line(app: &App, buffer: &mut Buffer, row: Rect, agent: &AgentView) {
    let theme = &app.theme;
    let indent = 1 + 2 + 2 + u16::try_from(name_width(app)).unwrap_or(6) + 2;
    let mut words: Vec<&str> = vec![&agent.preset];
    // Titles often say again which bead it is.
    let mut own = agent.doing.clone().unwrap_or_default();
    for known in [&agent.title, &agent.bead].into_iter().flatten() {
        own = own.replace(known.as_str(), "");
    }
    let own = own.split_whitespace().collect::<Vec<_>>().join(" ");
    let doing = Some(own.as_str()).filter(|own| !own.is_empty()).or(if wants_person(agent.state) {
        agent.title.as_deref()
    } else {
        None
    });
    words.extend(doing);
    if doing.is_none() {
        words.extend(agent.branch.as_deref());
    }
    let text = words.join(" · ");
    pen::put(buffer, row.x + indent, row.y, row.width.saturating_sub(indent + 1), &text, theme.dim());
}
