//! The rigs: how each stands, in one line.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::base::text::{fit, width as columns_of};
use crate::view::{AgentState, RigView, Tone};

use super::super::super::app::{App, Pane};
use super::super::super::layout::below_title;
use super::super::pen;
use super::{focused, select_row, title};

/// The rigs with their agents by state, their queue and the health of their branch.
pub(in super::super) fn rigs(app: &App, buffer: &mut Buffer) {
    let area = app.layout.rigs;
    if area.height == 0 {
        return;
    }
    title(app, buffer, area, Pane::Rigs, "rigs", "");
    let rows = below_title(area);
    let names = app.town.rigs.iter().map(|rig| columns_of(&rig.name)).max().unwrap_or(4).clamp(4, 16);
    for (index, y) in (app.scroll.rigs..app.town.rigs.len()).zip(rows.y..rows.bottom()) {
        let row = Rect { y, height: 1, ..rows };
        rig_row(app, buffer, row, &app.town.rigs[index], names);
        if app.rig == index && app.pane == Pane::Rigs {
            select_row(app, buffer, row, focused(app, Pane::Rigs));
        }
    }
}

fn rig_row(app: &App, buffer: &mut Buffer, row: Rect, rig: &RigView, names: usize) {
    let theme = &app.theme;
    let health = match rig.healthy {
        Some(true) => ("✓", theme.tone(Tone::Good)),
        Some(false) => ("✗", theme.tone(Tone::Bad)),
        None => ("·", theme.dim()),
    };
    let name = fit(&rig.name, names);
    let left = [
        ("   ", theme.text()),
        (&*name, theme.text()),
        ("  ", theme.text()),
        (&rig.branch, theme.dim()),
        (" ", theme.dim()),
        health,
    ];
    let end = pen::pieces(buffer, row.x, row.y, row.width, &left);
    // Every count has a column of its own in all rows; the last ones give way where there is no room.
    let columns = columns(app);
    let mut room = usize::from(row.right().saturating_sub(end + 2));
    let mut shown = Vec::new();
    for column in &columns {
        if column.width > room {
            break;
        }
        room -= column.width;
        shown.push(column);
    }
    let cells: Vec<(String, Style)> = shown
        .iter()
        .map(|column| {
            let count = (column.count)(rig);
            let text = if count == 0 { String::new() } else { format!("{}{count}{}", column.before, column.after) };
            (format!("{}  ", fit(&text, column.width - 2)), column.style)
        })
        .collect();
    let pieces: Vec<_> = cells.iter().map(|(text, style)| (text.as_str(), *style)).collect();
    pen::pieces_right(buffer, row, end, &pieces);
}

/// A count of a rig, as a column over all rigs.
struct Column {
    before: &'static str,
    after: &'static str,
    width: usize,
    style: Style,
    count: Box<dyn Fn(&RigView) -> usize>,
}

/// The columns that any rig has something in.
fn columns(app: &App) -> Vec<Column> {
    let theme = &app.theme;
    let mut columns = Vec::new();
    let mut add = |before: &'static str, after: &'static str, style: Style, count: Box<dyn Fn(&RigView) -> usize>| {
        let most = app.town.rigs.iter().map(&count).max().unwrap_or(0);
        if most > 0 {
            let width = columns_of(before) + most.to_string().len() + columns_of(after) + 2;
            columns.push(Column { before, after, width, style, count });
        }
    };
    for (state, mark) in [
        (AgentState::NeedsYou, "▲ "),
        (AgentState::Stuck, "◌ "),
        (AgentState::Dead, "✗ "),
        (AgentState::Working, "● "),
        (AgentState::Done, "✓ "),
        (AgentState::Idle, "○ "),
        (AgentState::RateLimited, "◷ "),
    ] {
        let count = move |rig: &RigView| {
            let starting = |other: AgentState| state == AgentState::Working && other == AgentState::Starting;
            rig.agents.iter().filter(|agent| agent.state == state || starting(agent.state)).count()
        };
        add(mark, "", theme.state(state), Box::new(count));
    }
    add("", " waiting", theme.dim(), Box::new(|rig| rig.waiting));
    add("", " to merge", theme.dim(), Box::new(|rig| rig.queue.len()));
    add("", " landed", theme.dim(), Box::new(|rig| rig.landed));
    columns
}
