//! The lists of the town view: who needs you, agents, convoys, events.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::base::text::{fit, width as columns_of};
use crate::view::{AgentView, ConvoyView, RigView};

use super::super::app::{App, Pane, Row, Sort, View};
use super::super::layout::below_title;
use super::super::marks;
use super::age;
use super::pen::{self, Piece};

fn focused(app: &App, pane: Pane) -> bool {
    app.view == View::Town && app.pane == pane && !app.typing && app.overlay.is_none()
}

fn title(app: &App, buffer: &mut Buffer, area: Rect, pane: Pane, words: &str, note: &str) {
    let theme = &app.theme;
    let style = if focused(app, pane) { theme.accent() } else { theme.dim() };
    pen::rule(buffer, area, theme.rule(), &[(words, style)], &[(note, theme.dim())]);
}

/// Marks the row of what is selected.
fn select_row(app: &App, buffer: &mut Buffer, area: Rect, focused: bool) {
    buffer.set_style(area, app.theme.selected(focused));
    if focused {
        buffer[(area.x, area.y)].set_symbol("▌").set_style(app.theme.accent());
    }
}

/// A line of advice in an empty list.
pub(super) fn advice(app: &App, buffer: &mut Buffer, area: Rect, words: &str) {
    if area.height > 0 {
        pen::put(buffer, area.x + 2, area.y, area.width.saturating_sub(3), words, app.theme.dim());
    }
}

fn name_width(app: &App) -> usize {
    app.town.all_agents().map(|agent| columns_of(&agent.name)).max().unwrap_or(6).clamp(6, 14)
}

/// The agents that need you.
pub(super) fn needs(app: &App, buffer: &mut Buffer) {
    let area = app.layout.needs;
    if area.height == 0 {
        return;
    }
    let theme = &app.theme;
    let agents = app.needing();
    title(app, buffer, area, Pane::Needs, "needs you", "");
    let rows = below_title(area);
    let names = name_width(app);
    let rigs = agents.iter().filter_map(|agent| agent.rig.as_deref()).map(columns_of).max().unwrap_or(4).min(12);
    for (agent, y) in agents.iter().skip(app.scroll.needs).zip(rows.y..rows.bottom()) {
        let row = Rect { y, height: 1, ..rows };
        let mark = marks::glyph(agent.state);
        let name = fit(&agent.name, names);
        let rig = fit(agent.rig.as_deref().unwrap_or("town"), rigs) + "  ";
        let why = agent
            .detail
            .as_deref()
            .filter(|detail| !detail.trim().is_empty())
            .or(agent.title.as_deref())
            .unwrap_or_else(|| marks::word(agent.state));
        let since = agent.since.map(|since| age(since, app.now)).unwrap_or_default();
        let since = format!("{since:>4} ");
        let right = row.right() - pen::width(&[(&since, theme.dim())]);
        let content: Vec<Piece<'_>> = vec![
            (" ", theme.text()),
            (mark, theme.state(agent.state)),
            (" ", theme.text()),
            (&name, theme.strong()),
            ("  ", theme.text()),
            (&rig, theme.dim()),
            (why, theme.text()),
        ];
        pen::pieces(buffer, row.x, y, right.saturating_sub(row.x + 1), &content);
        pen::put(buffer, right, y, row.right() - right, &since, theme.dim());
        if app.pane == Pane::Needs && app.selected.as_ref() == Some(&agent.address) {
            select_row(app, buffer, row, focused(app, Pane::Needs));
        }
    }
}

/// All agents, rig by rig.
pub(super) fn agents(app: &App, buffer: &mut Buffer) {
    let area = app.layout.agents;
    if area.height == 0 {
        return;
    }
    let all = app.agent_rows();
    let note = match app.sort {
        Sort::Rig => String::new(),
        Sort::Attention => "by attention".to_owned(),
    };
    title(app, buffer, area, Pane::Agents, "agents", &note);
    let rows = below_title(area);
    if !app.loaded {
        advice(app, buffer, rows, "Reading the town …");
        return;
    }
    let has_agents = all.iter().any(|row| matches!(row, Row::Agent(_)));
    for (row, y) in all.iter().skip(app.scroll.agents).zip(rows.y..rows.bottom()) {
        let place = Rect { y, height: 1, ..rows };
        match row {
            Row::Rig(index) => {
                if let Some(rig) = app.town.rigs.get(*index) {
                    heading(app, buffer, place, rig);
                }
            }
            Row::Agent(address) => {
                if let Some(agent) = app.town.agent(address) {
                    agent_row(app, buffer, place, agent);
                }
            }
        }
    }
    if !has_agents {
        let used = u16::try_from(all.len()).unwrap_or(u16::MAX).min(rows.height);
        let rest = Rect { y: rows.y + used, height: rows.height - used, ..rows };
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
            if index < rest.height {
                advice(app, buffer, Rect { y: rest.y + index, height: 1, ..rest }, line);
            }
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

fn agent_row(app: &App, buffer: &mut Buffer, row: Rect, agent: &AgentView) {
    let theme = &app.theme;
    let selected = app.selected.as_ref() == Some(&agent.address);
    let indent = if app.sort == Sort::Rig && agent.rig.is_some() { "   " } else { " " };
    let name = fit(&agent.name, name_width(app));
    let name_style = if agent.bead.is_some() || selected { theme.text() } else { theme.dim() };
    let mut left: Vec<Piece<'_>> = vec![
        (indent, theme.text()),
        (marks::glyph(agent.state), theme.state(agent.state)),
        (" ", theme.text()),
        (&name, name_style),
        ("  ", theme.text()),
    ];
    let rig = agent.rig.as_deref().map(|rig| format!("{rig}  ")).unwrap_or_default();
    if app.sort == Sort::Attention {
        left.push((&rig, theme.dim()));
    }
    let bead = agent.bead.as_deref().map(|bead| format!("{bead}  ")).unwrap_or_default();
    if row.width >= 54 {
        left.push((&bead, theme.dim()));
    }
    let about = match (&agent.title, agent.role.as_str()) {
        (Some(title), _) => title.as_str(),
        (None, role) => role,
    };
    left.push((about, if agent.title.is_some() { theme.text() } else { theme.dim() }));
    let since = agent.since.map(|since| age(since, app.now)).unwrap_or_default();
    let state =
        agent.merge.as_deref().filter(|_| row.width >= 44).map(|merge| format!("{merge}  ")).unwrap_or_default();
    let since = format!("{since:>4} ");
    let right = [(state.as_str(), theme.state(agent.state)), (since.as_str(), theme.dim())];
    let start = row.right().saturating_sub(pen::width(&right));
    pen::pieces(buffer, row.x, row.y, start.saturating_sub(row.x + 1), &left);
    pen::pieces(buffer, start, row.y, row.right() - start, &right);
    if selected {
        select_row(app, buffer, row, focused(app, Pane::Agents));
    }
}

/// The convoys with their progress.
pub(super) fn convoys(app: &App, buffer: &mut Buffer) {
    let area = app.layout.convoys;
    if area.height == 0 {
        return;
    }
    let convoys = app.convoys();
    let open = convoys.iter().filter(|convoy| !convoy.landed).count();
    let note = if convoys.is_empty() || open == convoys.len() {
        String::new()
    } else {
        format!("{} landed", convoys.len() - open)
    };
    title(app, buffer, area, Pane::Convoys, "convoys", &note);
    let rows = below_title(area);
    if convoys.is_empty() && app.loaded {
        let words = if app.filter.is_empty() {
            "Beads slung together travel as a convoy: s"
        } else {
            "No convoy matches the filter"
        };
        advice(app, buffer, rows, words);
    }
    for (index, y) in (app.scroll.convoys..convoys.len()).zip(rows.y..rows.bottom()) {
        let row = Rect { y, height: 1, ..rows };
        convoy_row(app, buffer, row, convoys[index]);
        if app.pane == Pane::Convoys && app.convoy == index && app.view == View::Town
            || app.view == View::Convoys && app.convoy == index
        {
            let strong = focused(app, Pane::Convoys) || (app.view == View::Convoys && app.overlay.is_none());
            select_row(app, buffer, row, strong);
        }
    }
}

fn convoy_row(app: &App, buffer: &mut Buffer, row: Rect, convoy: &ConvoyView) {
    let theme = &app.theme;
    let bar_width = match row.width {
        0..=39 => 8,
        40..=59 => 12,
        60..=79 => 18,
        _ => 24,
    };
    let count = format!(" {:>5} ", format!("{}/{}", convoy.done, convoy.total));
    let (filled, rest) = marks::bar(convoy.done, convoy.total, bar_width);
    let color = if convoy.landed { theme.tone(crate::view::Tone::Good) } else { theme.tone(crate::view::Tone::Moves) };
    let status = match (convoy.landed, convoy.active) {
        _ if row.width < 44 => String::new(),
        (true, _) => "✓ landed  ".to_owned(),
        (false, 0) => format!("{:10}", ""),
        (false, active) => format!("{:10}", format!("● {active}")),
    };
    let right = [
        (filled.as_str(), color),
        (rest.as_str(), theme.rule()),
        (count.as_str(), theme.text()),
        (status.as_str(), color),
    ];
    let start = row.right().saturating_sub(pen::width(&right));
    let name = [("   ", theme.text()), (convoy.title.as_str(), if convoy.landed { theme.dim() } else { theme.text() })];
    pen::pieces(buffer, row.x, row.y, start.saturating_sub(row.x + 2), &name);
    pen::pieces(buffer, start, row.y, row.right() - start, &right);
}

/// What happened, newest first.
pub(super) fn feed(app: &App, buffer: &mut Buffer, whole: bool) {
    let area = app.layout.feed;
    if area.height == 0 {
        return;
    }
    let theme = &app.theme;
    title(app, buffer, area, Pane::Feed, "what happened", "");
    let rows = below_title(area);
    if app.town.feed.is_empty() && app.loaded {
        advice(app, buffer, rows, "Nothing yet. Everything agents do will be told here.");
    }
    let words = app.town.feed.iter().map(|line| columns_of(&line.what)).max().unwrap_or(6).clamp(6, 12);
    for (index, y) in (app.scroll.feed..app.town.feed.len()).zip(rows.y..rows.bottom()) {
        let line = &app.town.feed[index];
        let row = Rect { y, height: 1, ..rows };
        let time = line.at.hour_minute();
        let what = fit(&line.what, words);
        let bead = line.bead.as_deref().map(|bead| format!("{bead}  ")).unwrap_or_default();
        let mut content: Vec<Piece<'_>> = vec![
            (" ", theme.dim()),
            (&time, theme.dim()),
            ("  ", theme.dim()),
            (&what, theme.tone(line.tone)),
            ("  ", theme.dim()),
        ];
        if row.width >= 56 {
            content.push((&bead, theme.dim()));
        }
        content.push((&line.text, theme.text()));
        pen::pieces(buffer, row.x, y, row.width.saturating_sub(1), &content);
        if app.feed == index && (whole || app.pane == Pane::Feed) {
            select_row(app, buffer, row, whole || focused(app, Pane::Feed));
        }
    }
}
