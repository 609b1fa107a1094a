//! The view of many terminals side by side.

use ratatui::layout::Rect;

use super::{Layout, titled};
use crate::cockpit::app::App;

/// The agents that have a terminal, in the order of the list.
pub fn tile_agents(app: &App) -> Vec<String> {
    let set = app.set_name.as_ref().and_then(|name| app.memory.sets.get(name));
    app.agent_order()
        .into_iter()
        .filter(|address| set.is_none_or(|set| set.contains(address)))
        .filter(|address| app.town.agent(address).is_some_and(|agent| agent.session.is_some()))
        .collect()
}

/// Columns and rows of the grid for `count` terminals on this much room.
pub(super) fn grid(count: usize, area: Rect) -> (u16, u16) {
    let widest = (area.width / 44).clamp(1, 4);
    let highest = (area.height / 9).clamp(1, 4);
    [(1, 1), (2, 1), (2, 2), (3, 2), (3, 3), (4, 3)]
        .into_iter()
        .map(|(columns, rows): (u16, u16)| (columns.min(widest), rows.min(highest)))
        .find(|(columns, rows)| usize::from(columns * rows) >= count)
        .unwrap_or((4.min(widest), 3.min(highest)))
}

/// Lays the terminals out; the selected one alone when it is typed into or zoomed.
pub(super) fn tiles(app: &App, layout: &mut Layout) {
    let body = layout.body;
    let agents = tile_agents(app);
    let selected = app.selected.as_ref().and_then(|address| agents.iter().position(|other| other == address));
    if (app.zoom || app.typing)
        && let (Some(address), Some(_)) = (app.selected.clone(), selected)
    {
        layout.tiles.push(titled(address, body));
        return;
    }
    let (columns, rows) = grid(agents.len().max(1), body);
    let page_size = usize::from(columns * rows);
    let page = selected.unwrap_or(0) / page_size;
    let shown: Vec<String> = agents.into_iter().skip(page * page_size).take(page_size).collect();
    let rows = u16::try_from(shown.len().div_ceil(usize::from(columns))).unwrap_or(1).max(1);
    for (row, line) in (0u16..).zip(shown.chunks(usize::from(columns))) {
        // A last row that is not full shares its width among those it has.
        let columns = u16::try_from(line.len()).unwrap_or(1);
        for (column, address) in (0u16..).zip(line) {
            let (x, right) = (body.width * column / columns, body.width * (column + 1) / columns);
            let (y, bottom) = (body.height * row / rows, body.height * (row + 1) / rows);
            let gap = u16::from(column + 1 < columns);
            let area = Rect::new(body.x + x, body.y + y, right - x - gap, bottom - y);
            layout.tiles.push(titled(address.clone(), area));
        }
    }
}
