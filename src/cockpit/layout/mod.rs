//! Where everything is on the screen: worked out once after every update, for drawing and for the mouse.

mod dialogs;
mod hits;
mod home;
mod hooks;
mod scrolling;
mod tiles;

use ratatui::layout::Rect;

use super::app::{App, Overlay, Pane, View};
use super::beads::{Shape, Stand};

pub use dialogs::{dialog_list, places_left, sling_left};
pub use hits::{Hit, Step};
pub use home::ConvoyRow;
pub use tiles::tile_agents;

use dialogs::dialog_area;
use hits::add_hits;
use scrolling::{keep_visible, scroll_lists};

/// The smallest screen the cockpit can be used on.
pub const SMALLEST: (u16, u16) = (60, 16);

/// Rows, with its title, below which a terminal beside something else tells nothing.
const TERMINAL: u16 = 9;

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
    /// The rigs.
    pub rigs: Rect,
    /// What was merged today.
    pub landed: Rect,
    /// Rows an agent takes in the list.
    pub agent_lines: u16,
    /// The members of convoys are listed too.
    pub convoys_open: bool,
    /// The rows of the convoy list.
    pub convoy_rows: Vec<ConvoyRow>,
    /// The list of a view of one list.
    pub list: Rect,
    /// Beside it, what is selected in full.
    pub reading: Rect,
    /// The columns of the board.
    pub columns: Vec<(Stand, Rect)>,
    /// The events.
    pub feed: Rect,
    /// The members of the selected convoy.
    pub members: Rect,
    /// More about what is selected.
    pub about: Rect,
    /// The files that differ.
    pub files: Rect,
    /// The merge queue.
    pub queue: Rect,
    /// The column of the rule between left and right.
    pub divider: Option<u16>,
    /// The live terminals.
    pub tiles: Vec<Tile>,
    /// How many of them stand side by side.
    pub tile_columns: u16,
    /// How many of them a page has.
    pub tile_page: usize,
    /// Which of all tiles these are, in words; empty when they are all.
    pub tile_words: String,
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
        [Pane::Needs, Pane::Agents, Pane::Rigs, Pane::Convoys, Pane::Landed, Pane::Feed]
            .into_iter()
            .filter(|pane| self.area(*pane).height > 1)
            .collect()
    }

    /// The rows below the title of a pane.
    pub fn rows(&self, pane: Pane) -> Rect {
        below_title(self.area(pane))
    }

    /// A pane with its title.
    pub fn area(&self, pane: Pane) -> Rect {
        match pane {
            Pane::Needs => self.needs,
            Pane::Agents => self.agents,
            Pane::Rigs => self.rigs,
            Pane::Convoys => self.convoys,
            Pane::Landed => self.landed,
            Pane::Feed => self.feed,
        }
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
        agent_lines: 1,
        ..Layout::default()
    };
    if width < SMALLEST.0 || height < SMALLEST.1 {
        layout.too_small = true;
        app.layout = layout;
        return;
    }
    match app.view {
        View::Town => home::town(app, &mut layout),
        View::Agents => {
            app.tile_order = tile_agents(app);
            tiles::tiles(app, &mut layout);
        }
        View::Convoys => {
            // Side by side where a title has room beside its bar, else below each other.
            let body = layout.body;
            let (left, right) = if width >= 100 {
                halves(&mut layout, (width * 2 / 5).clamp(44, 76))
            } else {
                let rows = u16::try_from(app.convoys().len().max(1)).unwrap_or(u16::MAX).saturating_add(1);
                let height = rows.min(body.height / 2);
                (Rect { height, ..body }, Rect { y: body.y + height, height: body.height - height, ..body })
            };
            layout.convoys = left;
            layout.convoy_rows = (0..app.convoys().len()).map(ConvoyRow::Convoy).collect();
            layout.members = right;
            // What the members leave shows the terminal of one of them.
            let members = super::render::members_height(app);
            if members + TERMINAL <= right.height
                && let Some(address) = super::render::watched_member(app)
            {
                layout.members.height = members;
                let y = layout.members.bottom();
                layout.tiles.push(titled(address, Rect { y, height: right.bottom() - y, ..right }));
            }
        }
        View::Queue => {
            let body = layout.body;
            let waiting: usize = app.town.rigs.iter().map(|rig| rig.queue.len()).sum();
            if width >= 150 && waiting > 0 {
                let (left, right) = halves(&mut layout, width * 9 / 20);
                (layout.queue, layout.reading) = (left, right);
                // What landed fills what the queue leaves.
                let rows = u16::try_from(waiting).unwrap_or(u16::MAX).saturating_add(2);
                if rows + 4 <= left.height {
                    layout.queue.height = rows;
                    layout.landed = Rect { y: left.y + rows, height: left.height - rows, ..left };
                }
                return finish(app, layout);
            }
            let rows =
                u16::try_from(app.town.rigs.iter().map(|rig| rig.queue.len()).sum::<usize>()).unwrap_or(u16::MAX);
            let height = (rows + 2).clamp(4, (body.height / 2).max(4));
            let height = if rows == 0 { body.height } else { height.min(body.height) };
            if rows == 0 && !app.town.landed.is_empty() {
                layout.queue = Rect { height: 3.min(body.height), ..body };
                let y = layout.queue.bottom();
                layout.landed = Rect { y, height: body.bottom() - y, ..body };
                return finish(app, layout);
            }
            layout.queue = Rect { height, ..body };
            layout.reading =
                Rect { y: body.y + layout.queue.height, height: body.height - layout.queue.height, ..body };
        }
        View::Beads => beads(app, &mut layout),
        View::Mail => {
            if app.mail.as_ref().is_none_or(Vec::is_empty) {
                layout.list = layout.body;
                return finish(app, layout);
            }
            let (left, right) = list_and_reading(&mut layout, 48);
            layout.list = left;
            layout.reading = right;
            // What few letters leave is the open one's.
            let letters = u16::try_from(app.mail.as_ref().map_or(0, Vec::len)).unwrap_or(u16::MAX);
            if layout.divider.is_none() && letters + 2 < left.height {
                layout.list.height = letters + 2;
                let y = layout.list.bottom();
                layout.reading = Rect { y, height: layout.body.bottom() - y, ..right };
            }
        }
        View::Feed => log(app, &mut layout),
        View::Costs | View::Settings => {
            let (left, right) = beside(&mut layout, 64);
            layout.list = left;
            layout.reading = right;
        }
        View::Hooks => hooks::hooks(app, &mut layout),
    }
    finish(app, layout);
}

fn finish(app: &mut App, mut layout: Layout) {
    scroll_lists(app, &layout);
    add_hits(app, &mut layout);
    if let Some(area) = app.overlay.as_ref().map(|overlay| dialog_area(app, overlay, layout.body)) {
        layout.dialog = Some(area);
        let list = dialog_list(area, app.overlay.as_ref());
        for (index, y) in (list.y..list.bottom()).enumerate() {
            layout.hits.push((Rect { y, height: 1, ..list }, Hit::Dialog(index)));
        }
        if let Some(Overlay::Form(form)) = &app.overlay {
            let places = super::render::form_places(form, area);
            layout.hits.extend(places.into_iter().enumerate().map(|(index, place)| (place, Hit::Field(index))));
        }
    }
    let keys = super::render::footer_hits(app, layout.footer);
    layout.hits.extend(keys);
    app.layout = layout;
}

/// A list on the left and what is selected on the right; below each other where that is too narrow.
fn list_and_reading(layout: &mut Layout, share: u16) -> (Rect, Rect) {
    let body = layout.body;
    if body.width >= 100 {
        return halves(layout, body.width * share / 100);
    }
    let height = body.height.div_ceil(2);
    (Rect { height, ..body }, Rect { y: body.y + height, height: body.height - height, ..body })
}

/// A list with `share` hundredths of the width, and what is selected beside it; below it where the screen is narrow.
fn beside(layout: &mut Layout, share: u16) -> (Rect, Rect) {
    let body = layout.body;
    if body.width >= 110 {
        return halves(layout, body.width * share / 100);
    }
    let height = body.height - (body.height / 4).clamp(4, 8);
    (Rect { height, ..body }, Rect { y: body.y + height, height: body.height - height, ..body })
}

fn log(app: &App, layout: &mut Layout) {
    // What is known of one event is worth room only where there is some.
    if layout.body.width < 110 && layout.body.height < 20 || app.log.count() == 0 {
        layout.list = layout.body;
        return;
    }
    (layout.list, layout.reading) = beside(layout, 66);
}

fn beads(app: &App, layout: &mut Layout) {
    if app.beads.open {
        layout.reading = layout.body;
        return;
    }
    if app.beads.shape == Shape::Board {
        layout.list = layout.body;
        let rows = below_title(layout.body);
        let count = u16::try_from(Stand::ALL.len()).unwrap_or(1).max(1);
        layout.columns = (0u16..)
            .zip(Stand::ALL)
            .map(|(place, stand)| {
                let (x, right) = (rows.width * place / count, rows.width * (place + 1) / count);
                (stand, Rect { x: rows.x + x, width: right - x, ..rows })
            })
            .collect();
        return;
    }
    if app.beads.lines.as_ref().is_some_and(Vec::is_empty) {
        layout.list = layout.body;
        return;
    }
    (layout.list, layout.reading) = list_and_reading(layout, 54);
}

fn halves(layout: &mut Layout, left: u16) -> (Rect, Rect) {
    let body = layout.body;
    layout.divider = Some(body.x + left);
    (Rect { width: left, ..body }, Rect { x: body.x + left + 1, width: body.width.saturating_sub(left + 1), ..body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_hold_their_terminals() {
        let area = Rect::new(0, 0, 200, 58);
        for (count, expected) in [(1, (1, 1)), (2, (2, 1)), (3, (2, 2)), (5, (3, 2)), (9, (3, 3)), (30, (4, 3))] {
            assert_eq!(tiles::grid(count, 0, area), expected, "{count}");
        }
        assert_eq!(tiles::grid(6, 0, Rect::new(0, 0, 80, 22)), (1, 2));
        // A number that was asked for is kept to as long as anything can be read.
        for (wanted, expected) in [(1, (1, 1)), (2, (2, 1)), (4, (2, 2)), (6, (3, 2)), (9, (3, 3)), (12, (4, 3))] {
            assert_eq!(tiles::grid(30, wanted, area), expected, "{wanted}");
        }
        assert_eq!(tiles::grid(30, 4, Rect::new(0, 0, 80, 22)), (2, 2));
        assert_eq!(tiles::grid(30, 12, Rect::new(0, 0, 60, 14)), (2, 2));
        assert_eq!(tiles::grid(2, 2, Rect::new(0, 0, 60, 40)), (1, 2), "below each other where it is narrow");
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
