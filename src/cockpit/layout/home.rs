//! The town view: lists on the left, the selected agent's terminal and the events on the right.
//!
//! Lists take what they need from the top; what is left over opens convoys, then gives agents a second line, then shows what landed.

use ratatui::layout::Rect;

use super::tiles::spread;
use super::{Layout, halves, titled};
use crate::cockpit::app::{App, Row, Sort};
use crate::view::model::{attention, wants_person};
use crate::view::{AgentState, AgentView};

/// A row of the convoy list: a convoy, or one of its members.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConvoyRow {
    /// A convoy, by its place.
    Convoy(usize),
    /// A member of a convoy, by the places of both.
    Member(usize, usize),
}

/// How wide the lists are beside the terminal, or `None` when there is no room for both.
fn list_width(app: &App) -> Option<u16> {
    if app.memory.lists_hidden {
        return None;
    }
    let width = app.size.0;
    let asked = app.settings.layout.lists.map(|share| width * share / 100);
    let natural = match (width, app.has_room()) {
        (..72, _) => None,
        (..114, true) => None,
        (_, true) => Some((width * 3 / 10).clamp(32, 56)),
        (72..100, false) => Some(width * 45 / 100),
        (100..160, false) => Some(width * 47 / 100),
        (_, false) => Some((width * 2 / 5).min(84)),
    };
    // The terminal keeps half of the screen, the lists enough for a name and a few words.
    natural
        .map(|columns| asked.unwrap_or(columns))
        .map(|columns| columns.saturating_add_signed(app.memory.wider).clamp(28, width.saturating_sub(36).max(28)))
}

/// How many rows the events get.
fn feed_rows(rows: u16, typing: bool) -> u16 {
    match rows {
        0..=17 => 0,
        18..=25 => 4,
        26..=37 => 6,
        38..=49 => 9,
        // Few programs fill a terminal that high, unless somebody works with them.
        _ if typing => 13,
        _ => rows * 2 / 5,
    }
}

/// The least room for a terminal, of several in the town view: most agents were begun in one of that size.
const WHOLE: (u16, u16) = (80, 25);

/// The selected agent, and those beside it that need somebody most, as many as there is room for.
fn in_sight(app: &App, area: Rect) -> (Vec<String>, u16) {
    let (columns, rows) = ((area.width / WHOLE.0).clamp(1, 2), (area.height / WHOLE.1).clamp(1, 2));
    let mut agents: Vec<String> = app.selected.iter().cloned().collect();
    if app.has_room() || agents.is_empty() {
        return (vec![app.selected.clone().unwrap_or_default()], 1);
    }
    let mut others: Vec<&AgentView> = app.town.all_agents().filter(|agent| agent.session.is_some()).collect();
    others.retain(|agent| Some(&agent.address) != app.selected.as_ref() && app.shows(agent));
    // Of those that want nothing one sees more where something goes on.
    let goes_on = |state| wants_person(state) || matches!(state, AgentState::Working | AgentState::Starting);
    others.sort_by_key(|agent| (!goes_on(agent.state), attention(agent.state), agent.since));
    let more = usize::from(columns * rows).saturating_sub(1);
    agents.extend(others.into_iter().take(more).map(|agent| agent.address.clone()));
    (agents, columns)
}

/// Lays the view out.
pub(super) fn town(app: &App, layout: &mut Layout) {
    let body = layout.body;
    let lists = list_width(app);
    let hidden = app.memory.lists_hidden && app.selected_agent().is_some();
    let whole = app.zoom || (lists.is_none() && (app.has_room() || hidden));
    if whole && let Some(address) = app.selected.clone() {
        layout.tiles.push(titled(address, body));
        return;
    }
    let feed_rows = if app.settings.layout.events == Some(false) { 0 } else { feed_rows(body.height, app.has_room()) };
    let left = match lists {
        Some(width) => {
            let (left, right) = halves(layout, width);
            let feed = if app.has_room() && body.height < 38 { 0 } else { feed_rows };
            let terminal = Rect { height: right.height - feed, ..right };
            layout.feed = Rect { y: terminal.bottom(), height: feed, ..right };
            let (agents, columns) = in_sight(app, terminal);
            spread(layout, terminal, &agents, columns);
            left
        }
        None => {
            let feed = feed_rows.min(4);
            layout.feed = Rect { y: body.bottom() - feed, height: feed, ..body };
            Rect { height: body.height - feed, ..body }
        }
    };
    lists_into(app, layout, left);
}

fn rows(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

fn lists_into(app: &App, layout: &mut Layout, left: Rect) {
    let needing = if app.sort == Sort::Attention { 0 } else { app.needing().len() };
    let needs = if needing == 0 { 0 } else { 1 + rows(needing).min((left.height / 5).max(2)) };
    let rigs = match app.town.rigs.len() {
        0 => 0,
        1 if left.height < 34 => 0,
        _ if left.height < 20 => 0,
        // Where not all agents can be seen, they are worth more than the sums of their rigs.
        _ if left.height < 30 && usize::from(left.height) < app.agent_rows().len() + 8 => 0,
        count => 1 + rows(count).min((left.height / 6).max(3)),
    };
    let convoys = app.convoys();
    // What a convoy is takes two lines to say.
    let least = if convoys.is_empty() { 2 } else { 1 };
    let mut convoy_rows = 1 + rows(convoys.len().max(least)).min((left.height / 5).max(2));
    let listed = app.agent_rows();
    let agents = listed.iter().filter(|row| matches!(row, Row::Agent(_))).count();
    // Advice in an empty list needs a few rows.
    let wanted = 1 + rows(listed.len()).max(if agents == 0 { 5 } else { 3 });
    let room = left.height.saturating_sub(needs + rigs + convoy_rows);
    let mut agent_rows = wanted.min(room);
    let mut rest = room - agent_rows;
    // Whoever is in the convoys is worth more than an empty half of the screen.
    let members: usize = convoys.iter().filter(|convoy| !convoy.landed).map(|convoy| convoy.members.len()).sum();
    let opened = 1 + rows(convoys.len() + members);
    if members > 0 && agent_rows == wanted && opened.saturating_sub(convoy_rows) <= rest {
        rest -= opened.saturating_sub(convoy_rows);
        convoy_rows = convoy_rows.max(opened);
        layout.convoys_open = true;
    }
    if agents > 0 && agent_rows == wanted && rows(agents) + 4 <= rest {
        layout.agent_lines = 2;
        agent_rows += rows(agents);
        rest -= rows(agents);
    }
    let landed = if rest >= 4 { rest } else { 0 };
    if landed == 0 {
        agent_rows += rest;
    }
    let mut y = left.y;
    let mut next = |height: u16| {
        let area = Rect { y, height, ..left };
        y += height;
        area
    };
    layout.needs = next(needs);
    layout.agents = next(agent_rows);
    layout.rigs = next(rigs);
    layout.convoys = next(convoy_rows);
    layout.landed = next(landed);
    layout.convoy_rows = convoys
        .iter()
        .enumerate()
        .flat_map(|(index, convoy)| {
            let open = if layout.convoys_open && !convoy.landed { convoy.members.len() } else { 0 };
            std::iter::once(ConvoyRow::Convoy(index))
                .chain((0..open).map(move |member| ConvoyRow::Member(index, member)))
        })
        .collect();
}
