//! The view of many terminals side by side.

use ratatui::layout::Rect;

use super::{Layout, titled};
use crate::cockpit::app::App;

/// The agents that have a terminal: those shown already where they were, then others in the order of the set or of the list.
pub fn tile_agents(app: &App) -> Vec<String> {
    let set = app.set_name.as_ref().and_then(|name| app.memory.sets.get(name));
    let mut agents: Vec<String> = app
        .agent_order()
        .into_iter()
        .filter(|address| set.is_none_or(|set| set.contains(address)))
        .filter(|address| app.town.agent(address).is_some_and(|agent| agent.session.is_some()))
        .collect();
    let place = |list: &[String], address: &String| list.iter().position(|other| other == address);
    let in_set = |address: &String| set.and_then(|set| place(set, address)).unwrap_or(usize::MAX);
    // Sorting is stable, so that new ones keep the order of the list.
    agents.sort_by_key(|address| (place(&app.tile_order, address).unwrap_or(usize::MAX), in_set(address)));
    agents
}

/// The grids: how many tiles side by side, how many below each other.
const GRIDS: [(u16, u16); 6] = [(1, 1), (2, 1), (2, 2), (3, 2), (3, 3), (4, 3)];
/// The smallest tile that still tells something.
const SMALLEST: (u16, u16) = (28, 6);
/// The smallest tile one would choose.
const READABLE: (u16, u16) = (44, 9);

/// Columns and rows of the grid for `count` terminals on this much room; `wanted` at once, or with 0 as many as can be read.
pub(super) fn grid(count: usize, wanted: u8, area: Rect) -> (u16, u16) {
    let least = if wanted == 0 { READABLE } else { SMALLEST };
    let (widest, highest) = ((area.width / least.0).clamp(1, 4), (area.height / least.1).clamp(1, 4));
    let count = if wanted == 0 { count } else { count.min(usize::from(wanted)) };
    let (columns, rows) =
        GRIDS.into_iter().find(|(columns, rows)| usize::from(columns * rows) >= count).unwrap_or((4, 3));
    // Two that would be narrow stand below each other.
    let upright = (columns, rows) == (2, 1) && area.width < 2 * READABLE.0 && area.height >= 2 * SMALLEST.1;
    let (columns, rows) = if upright { (1, 2) } else { (columns, rows) };
    if wanted == 0 {
        let fits = |(columns, rows): (u16, u16)| (columns.min(widest), rows.min(highest));
        return GRIDS
            .into_iter()
            .map(fits)
            .find(|(columns, rows)| usize::from(columns * rows) >= count)
            .unwrap_or(fits((4, 3)));
    }
    (columns.min(widest), rows.min(highest))
}

/// Lays the terminals out; the selected one alone when it is typed into or zoomed.
pub(super) fn tiles(app: &App, layout: &mut Layout) {
    let body = layout.body;
    let agents = tile_agents(app);
    let selected = app.selected.as_ref().and_then(|address| agents.iter().position(|other| other == address));
    if (app.zoom || app.has_room())
        && let (Some(address), Some(_)) = (app.selected.clone(), selected)
    {
        layout.tiles.push(titled(address, body));
        layout.tile_columns = 1;
        return;
    }
    let total = agents.len();
    let (columns, rows) = grid(total.max(1), app.memory.tiles, body);
    let page_size = usize::from(columns * rows);
    let page = selected.unwrap_or(0) / page_size;
    let shown: Vec<String> = agents.into_iter().skip(page * page_size).take(page_size).collect();
    if shown.len() < total {
        let (first, last) = (page * page_size + 1, page * page_size + shown.len());
        layout.tile_words =
            if first == last { format!("{first} of {total}") } else { format!("{first} to {last} of {total}") };
    }
    (layout.tile_columns, layout.tile_page) = (columns, page_size);
    spread(layout, body, &shown, columns);
}

/// Spreads terminals over `area`, `columns` side by side.
pub(super) fn spread(layout: &mut Layout, area: Rect, shown: &[String], columns: u16) {
    let rows = u16::try_from(shown.len().div_ceil(usize::from(columns.max(1)))).unwrap_or(1).max(1);
    for (row, line) in (0u16..).zip(shown.chunks(usize::from(columns.max(1)))) {
        // A last row that is not full shares its width among those it has.
        let columns = u16::try_from(line.len()).unwrap_or(1);
        for (column, address) in (0u16..).zip(line) {
            let (x, right) = (area.width * column / columns, area.width * (column + 1) / columns);
            let (y, bottom) = (area.height * row / rows, area.height * (row + 1) / rows);
            let gap = u16::from(column + 1 < columns);
            let tile = Rect::new(area.x + x, area.y + y, right - x - gap, bottom - y);
            layout.tiles.push(titled(address.clone(), tile));
        }
    }
}
