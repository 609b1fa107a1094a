//! Where everything is on the screen: worked out once after every update, for drawing and for the mouse.

use ratatui::layout::Rect;

use super::app::{App, Overlay, Pane, Row, View};

/// The smallest screen the cockpit can be used on.
pub const SMALLEST: (u16, u16) = (60, 16);

/// What a cell of the screen stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Hit {
    /// A row of a list: the pane and the row's index in it.
    Row(Pane, usize),
    /// A list, for the wheel.
    Pane(Pane),
    /// An agent's live terminal.
    Terminal(String),
    /// A merge request.
    Queue(usize),
    /// A row of the dialog on top.
    Dialog(usize),
}

/// A live terminal on the screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// The agent's address.
    pub address: String,
    /// Its title rule.
    pub title: Rect,
    /// Its cells.
    pub area: Rect,
}

/// Where everything is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Layout {
    /// The screen is too small for anything.
    pub too_small: bool,
    /// The top line.
    pub header: Rect,
    /// The bottom line.
    pub footer: Rect,
    /// Between them.
    pub body: Rect,
    /// Each with its title rule as the first row; empty when it is not shown.
    pub needs: Rect,
    /// The agent list.
    pub agents: Rect,
    /// The convoys.
    pub convoys: Rect,
    /// The events.
    pub feed: Rect,
    /// The members of the selected convoy.
    pub members: Rect,
    /// The merge queue.
    pub queue: Rect,
    /// The column of the rule between left and right.
    pub divider: Option<u16>,
    /// The live terminals.
    pub tiles: Vec<Tile>,
    /// The dialog on top.
    pub dialog: Option<Rect>,
    /// What can be clicked, the topmost last.
    pub hits: Vec<(Rect, Hit)>,
}

impl Layout {
    /// What is at a cell.
    pub fn at(&self, column: u16, row: u16) -> Option<&Hit> {
        self.hits.iter().rev().find(|(area, _)| area.contains((column, row).into())).map(|(_, hit)| hit)
    }

    /// The panes of the town view that are shown, in the order of the tab key.
    pub fn panes(&self) -> Vec<Pane> {
        [(Pane::Needs, self.needs), (Pane::Agents, self.agents), (Pane::Convoys, self.convoys), (Pane::Feed, self.feed)]
            .into_iter()
            .filter(|(_, area)| area.height > 1)
            .map(|(pane, _)| pane)
            .collect()
    }

    /// The rows below the title of a pane.
    pub fn rows(&self, pane: Pane) -> Rect {
        below_title(match pane {
            Pane::Needs => self.needs,
            Pane::Agents => self.agents,
            Pane::Convoys => self.convoys,
            Pane::Feed => self.feed,
        })
    }

    /// The size an agent's terminal has on the screen.
    pub fn tile(&self, address: &str) -> Option<&Tile> {
        self.tiles.iter().find(|tile| tile.address == address)
    }
}

/// An area without its first row.
pub fn below_title(area: Rect) -> Rect {
    Rect { y: area.y + 1.min(area.height), height: area.height.saturating_sub(1), ..area }
}

fn titled(address: String, area: Rect) -> Tile {
    Tile { address, title: Rect { height: 1.min(area.height), ..area }, area: below_title(area) }
}

/// Works out where everything is, and scrolls lists so that what is selected can be seen.
pub fn arrange(app: &mut App) {
    let (width, height) = app.size;
    let mut layout = Layout {
        header: Rect::new(0, 0, width, 1.min(height)),
        footer: Rect::new(0, height.saturating_sub(1), width, 1.min(height)),
        body: Rect::new(0, 1, width, height.saturating_sub(2)),
        ..Layout::default()
    };
    if width < SMALLEST.0 || height < SMALLEST.1 {
        layout.too_small = true;
        app.layout = layout;
        return;
    }
    match app.view {
        View::Town => town(app, &mut layout),
        View::Agents => tiles(app, &mut layout),
        View::Convoys => {
            let (left, right) = halves(&mut layout, width * 2 / 5);
            layout.convoys = left;
            layout.members = right;
        }
        View::Queue => layout.queue = layout.body,
        View::Feed => layout.feed = layout.body,
    }
    scroll_lists(app, &layout);
    add_hits(app, &mut layout);
    if let Some(area) = app.overlay.as_ref().map(|overlay| dialog_area(overlay, layout.body)) {
        layout.dialog = Some(area);
        let list = dialog_list(area, app.overlay.as_ref());
        for (index, y) in (list.y..list.bottom()).enumerate() {
            layout.hits.push((Rect { y, height: 1, ..list }, Hit::Dialog(index)));
        }
    }
    app.layout = layout;
}

fn halves(layout: &mut Layout, left: u16) -> (Rect, Rect) {
    let body = layout.body;
    layout.divider = Some(body.x + left);
    (Rect { width: left, ..body }, Rect { x: body.x + left + 1, width: body.width.saturating_sub(left + 1), ..body })
}

/// How wide the lists are beside the terminal, or `None` when there is no room for both.
fn list_width(width: u16, typing: bool) -> Option<u16> {
    match (width, typing) {
        (..72, _) => None,
        (..114, true) => None,
        (_, true) => Some((width * 3 / 10).clamp(32, 48)),
        (72..100, false) => Some(width * 45 / 100),
        (100..160, false) => Some(width * 47 / 100),
        (_, false) => Some((width * 2 / 5).min(88)),
    }
}

fn town(app: &App, layout: &mut Layout) {
    let body = layout.body;
    let whole = app.zoom || (app.typing && list_width(body.width, true).is_none());
    if whole && let Some(address) = app.selected.clone() {
        layout.tiles.push(titled(address, body));
        return;
    }
    let rows = body.height;
    let feed_rows = match rows {
        0..=17 => 0,
        18..=25 => 4,
        26..=37 => 6,
        38..=49 => 9,
        _ => 13,
    };
    let left = match list_width(body.width, app.typing) {
        Some(width) => {
            let (left, right) = halves(layout, width);
            let feed = if app.typing && rows < 38 { 0 } else { feed_rows };
            let terminal = Rect { height: right.height - feed, ..right };
            layout.feed = Rect { y: terminal.bottom(), height: feed, ..right };
            layout.tiles.push(titled(app.selected.clone().unwrap_or_default(), terminal));
            left
        }
        None => {
            let feed = feed_rows.min(4);
            layout.feed = Rect { y: body.bottom() - feed, height: feed, ..body };
            Rect { height: body.height - feed, ..body }
        }
    };
    let fit = |wanted: usize, most: u16| u16::try_from(wanted).unwrap_or(u16::MAX).min(most);
    let needing = app.needing().len();
    let needs = if needing == 0 { 0 } else { 1 + fit(needing, (left.height / 5).max(2)) };
    let convoys = 1 + fit(app.convoys().len().max(1), (left.height / 5).max(2));
    layout.needs = Rect { height: needs, ..left };
    layout.convoys = Rect { y: left.bottom() - convoys, height: convoys, ..left };
    layout.agents = Rect { y: left.y + needs, height: left.height - needs - convoys, ..left };
}

/// The agents that have a terminal, in the order of the list.
pub fn tile_agents(app: &App) -> Vec<String> {
    app.agent_order()
        .into_iter()
        .filter(|address| app.town.agent(address).is_some_and(|agent| agent.session.is_some()))
        .collect()
}

/// Columns and rows of the grid for `count` terminals on this much room.
fn grid(count: usize, area: Rect) -> (u16, u16) {
    let widest = (area.width / 44).clamp(1, 4);
    let highest = (area.height / 9).clamp(1, 4);
    [(1, 1), (2, 1), (2, 2), (3, 2), (3, 3), (4, 3)]
        .into_iter()
        .map(|(columns, rows): (u16, u16)| (columns.min(widest), rows.min(highest)))
        .find(|(columns, rows)| usize::from(columns * rows) >= count)
        .unwrap_or((4.min(widest), 3.min(highest)))
}

fn tiles(app: &App, layout: &mut Layout) {
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

fn keep_visible(first: &mut usize, selected: usize, rows: usize, total: usize) {
    if selected < *first {
        *first = selected;
    } else if rows > 0 && selected >= *first + rows {
        *first = selected + 1 - rows;
    }
    *first = (*first).min(total.saturating_sub(rows));
}

fn scroll_lists(app: &mut App, layout: &Layout) {
    let height = |area: Rect| usize::from(below_title(area).height);
    let rows = app.agent_rows();
    let at = |row: &Row| matches!((row, &app.selected), (Row::Agent(address), Some(selected)) if address == selected);
    let agent = rows.iter().position(at);
    // The heading above the first agent should stay in sight.
    let agent = agent.map_or(0, |place| if place == 1 { 0 } else { place });
    let need = app.needing().iter().position(|agent| Some(&agent.address) == app.selected.as_ref()).unwrap_or(0);
    let (needing, convoys, feed) = (app.needing().len(), app.convoys().len(), app.town.feed.len());
    app.convoy = app.convoy.min(convoys.saturating_sub(1));
    app.feed = app.feed.min(feed.saturating_sub(1));
    let queued: usize = app.town.rigs.iter().map(|rig| rig.queue.len()).sum();
    app.queue = app.queue.min(queued.saturating_sub(1));
    let (convoy, event, request) = (app.convoy, app.feed, app.queue);
    keep_visible(&mut app.scroll.agents, agent, height(layout.agents), rows.len());
    keep_visible(&mut app.scroll.needs, need, height(layout.needs), needing);
    keep_visible(&mut app.scroll.convoys, convoy, height(layout.convoys), convoys);
    keep_visible(&mut app.scroll.feed, event, height(layout.feed), feed);
    keep_visible(&mut app.scroll.queue, request, height(layout.queue), queued);
}

fn add_hits(app: &App, layout: &mut Layout) {
    let counts = [
        (Pane::Needs, app.scroll.needs, app.needing().len()),
        (Pane::Agents, app.scroll.agents, app.agent_rows().len()),
        (Pane::Convoys, app.scroll.convoys, app.convoys().len()),
        (Pane::Feed, app.scroll.feed, app.town.feed.len()),
    ];
    let mut hits = Vec::new();
    for (pane, first, total) in counts {
        let area = layout.rows(pane);
        if area.height == 0 {
            continue;
        }
        hits.push((area, Hit::Pane(pane)));
        for (index, y) in (first..total).zip(area.y..area.bottom()) {
            hits.push((Rect { y, height: 1, ..area }, Hit::Row(pane, index)));
        }
    }
    for (index, y) in (app.scroll.queue..).zip(below_title(layout.queue).y..layout.queue.bottom()) {
        hits.push((Rect { y, height: 1, ..layout.queue }, Hit::Queue(index)));
    }
    for tile in &layout.tiles {
        hits.push((tile.title.union(tile.area), Hit::Terminal(tile.address.clone())));
    }
    layout.hits = hits;
}

fn dialog_area(overlay: &Overlay, body: Rect) -> Rect {
    let (columns, rows) = match overlay {
        Overlay::Help(_) => (100, 34),
        Overlay::Palette(_) => (84, 20),
        Overlay::Sling(sling) => {
            let beads = sling.beads.as_ref().map_or(0, Vec::len).max(sling.targets.len().min(8) + 8);
            (128, u16::try_from(beads + 6).unwrap_or(u16::MAX).clamp(16, 34))
        }
        Overlay::Message(_) => (80, 9),
    };
    let width = (body.width.saturating_sub(4)).min(columns);
    let height = (body.height.saturating_sub(2)).min(rows);
    Rect { x: body.x + (body.width - width) / 2, y: body.y + (body.height - height) / 3, width, height }
}

/// The rows of a dialog's list.
pub fn dialog_list(area: Rect, overlay: Option<&Overlay>) -> Rect {
    match overlay {
        Some(Overlay::Message(_)) | None => Rect { height: 0, ..area },
        Some(Overlay::Sling(_)) => {
            let width = sling_left(area);
            Rect { x: area.x + 1, y: area.y + 3, width: width.saturating_sub(1), height: area.height.saturating_sub(5) }
        }
        Some(_) => Rect {
            x: area.x + 1,
            y: area.y + 3,
            width: area.width.saturating_sub(2),
            height: area.height.saturating_sub(5),
        },
    }
}

/// How wide the bead list of the sling dialog is.
pub fn sling_left(area: Rect) -> u16 {
    area.width * 55 / 100
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_hold_their_terminals() {
        let area = Rect::new(0, 0, 200, 58);
        for (count, expected) in [(1, (1, 1)), (2, (2, 1)), (3, (2, 2)), (5, (3, 2)), (9, (3, 3)), (30, (4, 3))] {
            assert_eq!(grid(count, area), expected, "{count}");
        }
        assert_eq!(grid(6, Rect::new(0, 0, 80, 22)), (1, 2));
    }

    #[test]
    fn scrolling_keeps_the_selection_in_sight() {
        let mut first = 0;
        keep_visible(&mut first, 12, 5, 20);
        assert_eq!(first, 8);
        keep_visible(&mut first, 3, 5, 20);
        assert_eq!(first, 3);
        keep_visible(&mut first, 3, 50, 20);
        assert_eq!(first, 0);
    }
}
