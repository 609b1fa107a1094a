//! The rigs: how each stands, in one line.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::base::text::{fit, width as columns_of};
use crate::view::{AgentState, RigView, Tone};

use super::super::super::app::{App, Pane};
use super::super::super::layout::below_title;
use super::super::super::marks;
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
    let count = |state: AgentState| rig.agents.iter().filter(|agent| agent.state == state).count();
    let mut notes: Vec<(String, Style)> = Vec::new();
    for state in [
        AgentState::NeedsYou,
        AgentState::Stuck,
        AgentState::Dead,
        AgentState::Working,
        AgentState::Done,
        AgentState::Idle,
        AgentState::RateLimited,
    ] {
        let count = count(state) + if state == AgentState::Working { count(AgentState::Starting) } else { 0 };
        if count > 0 {
            notes.push((format!("{} {count}  ", marks::glyph(state)), theme.state(state)));
        }
    }
    for (count, words) in [(rig.waiting, "waiting"), (rig.queue.len(), "to merge"), (rig.landed, "landed")] {
        if count > 0 {
            notes.push((format!("{count} {words}  "), theme.dim()));
        }
    }
    // The last ones give way where there is no room.
    let mut pieces: Vec<_> = notes.iter().map(|(text, style)| (text.as_str(), *style)).collect();
    while !pieces.is_empty() && end + 2 + pen::width(&pieces) > row.right() {
        pieces.pop();
    }
    pen::pieces_right(buffer, row, end, &pieces);
}
