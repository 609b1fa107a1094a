//! Where everything is on the screen: worked out once after every update, for drawing and for the mouse.

mod home;
mod hooks;
mod tiles;

use ratatui::layout::Rect;

use super::actions::Action;
use super::app::{App, Overlay, Pane, Row, View};
use super::beads::{Shape, Stand};
use super::hooks::Part;

pub use home::ConvoyRow;
pub use tiles::tile_agents;

/// The smallest screen the cockpit can be used on.
pub const SMALLEST: (u16, u16) = (60, 16);

/// Rows, with its title, below which a terminal beside something else tells nothing.
const TERMINAL: u16 = 9;

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
    /// A member of the selected convoy.
    Member(usize),
    /// A file that differs, by its place.
    File(usize),
    /// A part of the hooks view, and the row in it.
    Hooks(Part, Option<usize>),
    /// A row of the view's one list.
    List(usize),
    /// A count in the top line, by the filter it stands for.
    Count(&'static str),
    /// A step of the trail in the top line.
    Trail(Step),
    /// A key in the bottom line, by what it does.
    Key(Action),
    /// A field of the form.
    Field(usize),
    /// A row of the dialog on top.
    Dialog(usize),
}

/// A step of the trail: where one is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// The town.
    Town,
    /// A view.
    View,
    /// A rig, by its name.
    Rig(String),
    /// An agent, by its address.
    Agent(String),
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
    // The heading above an agent should stay in sight.
    let above = |place: usize| place > 0 && !matches!(rows[place - 1], Row::Agent(_));
    let agent = agent.unwrap_or(0);
    let agent_top = if above(agent) { agent - 1 } else { agent };
    let need = app.needing().iter().position(|agent| Some(&agent.address) == app.selected.as_ref()).unwrap_or(0);
    let (needing, convoys, feed) = (app.needing().len(), app.convoys().len(), app.feed_lines().len());
    app.convoy = app.convoy.min(convoys.saturating_sub(1));
    app.feed = app.feed.min(feed.saturating_sub(1));
    let queued: usize = app.town.rigs.iter().map(|rig| rig.queue.len()).sum();
    app.queue = app.queue.min(queued.saturating_sub(1));
    let (convoy, event, request) = (app.convoy, app.feed, app.queue);
    let lines = if layout.agent_lines > 1 { usize::MAX } else { height(layout.agents) };
    keep_visible(&mut app.scroll.agents, agent, lines, rows.len());
    if height(layout.agents) > 1 {
        app.scroll.agents = app.scroll.agents.min(agent_top);
    }
    let (rigs, landed) = (app.town.rigs.len(), app.landings().len());
    app.rig = app.rig.min(rigs.saturating_sub(1));
    app.landed = app.landed.min(landed.saturating_sub(1));
    let (rig, merge) = (app.rig, app.landed);
    keep_visible(&mut app.scroll.rigs, rig, height(layout.rigs), rigs);
    keep_visible(&mut app.scroll.landed, merge, height(layout.landed), landed);
    keep_visible(&mut app.scroll.needs, need, height(layout.needs), needing);
    if layout.convoys_open {
        app.scroll.convoys = 0;
    } else {
        keep_visible(&mut app.scroll.convoys, convoy, height(layout.convoys), convoys);
    }
    keep_visible(&mut app.scroll.feed, event, height(layout.feed), feed);
    match app.view {
        View::Beads => {
            let (place, rows) = (app.beads.place(), app.beads.rows().len());
            keep_visible(&mut app.beads.scroll, place, height(layout.list), rows);
        }
        View::Hooks => hooks::scroll(app, layout),
        View::Convoys => {
            let members = app.members().len();
            app.member = app.member.filter(|_| members > 0).map(|place| place.min(members.saturating_sub(1)));
            // A member with the reason below it takes two rows, and the summary two above all.
            let rows = usize::from(below_title(layout.members).height.saturating_sub(2)) / 2;
            keep_visible(&mut app.scroll.list, app.member.unwrap_or(0), rows.max(1), members);
        }
        View::Mail => {
            keep_visible(&mut app.scroll.list, app.letter, height(layout.list), app.mail.as_ref().map_or(0, Vec::len))
        }
        View::Settings => {
            let rows = super::update::setting_rows(app);
            app.setting = app.setting.min(rows.len().saturating_sub(1));
            let lines = super::setup::lines(&rows);
            let place = super::setup::line_of(&lines, app.setting);
            keep_visible(&mut app.scroll.list, place, height(layout.list), lines.len());
            // The heading above the first setting of a place should stay in sight.
            if place > 0 && place == app.scroll.list && lines[place - 1].is_none() {
                app.scroll.list -= 1;
            }
        }
        View::Feed => {
            let (place, count) = (app.log.place(), app.log.count());
            keep_visible(&mut app.log.scroll, place, height(layout.list), count);
        }
        View::Costs => {
            // Below the title stand the names of the columns, at the end the sum.
            let rows = app.costs.spent.as_ref().map_or(0, |spent| spent.rows.len());
            app.costs.row = app.costs.row.min(rows.saturating_sub(1));
            keep_visible(&mut app.scroll.list, app.costs.row, height(layout.list).saturating_sub(3), rows);
        }
        _ => app.scroll.list = 0,
    }
    keep_visible(&mut app.scroll.queue, request, height(layout.queue), queued);
}

fn add_hits(app: &App, layout: &mut Layout) {
    let rows = app.agent_rows();
    let tall = |row: &Row| if matches!(row, Row::Agent(_)) { layout.agent_lines } else { 1 };
    // Of each pane its first row on the screen, and how high each is.
    let panes: [(Pane, usize, Vec<u16>); 6] = [
        (Pane::Needs, app.scroll.needs, vec![1; app.needing().len()]),
        (Pane::Agents, app.scroll.agents, rows.iter().map(tall).collect()),
        (Pane::Rigs, app.scroll.rigs, vec![1; app.town.rigs.len()]),
        (Pane::Convoys, app.scroll.convoys, vec![1; layout.convoy_rows.len()]),
        (Pane::Landed, app.scroll.landed, vec![1; app.town.landed.len()]),
        (Pane::Feed, app.scroll.feed, vec![1; if app.view == View::Feed { 0 } else { app.feed_lines().len() }]),
    ];
    let mut hits = Vec::new();
    for (pane, first, heights) in panes {
        let area = layout.rows(pane);
        if area.height == 0 {
            continue;
        }
        hits.push((area, Hit::Pane(pane)));
        let mut y = area.y;
        for (index, height) in heights.into_iter().enumerate().skip(first) {
            if y >= area.bottom() {
                break;
            }
            let index = match (pane, layout.convoy_rows.get(index)) {
                (Pane::Convoys, Some(ConvoyRow::Convoy(convoy) | ConvoyRow::Member(convoy, _))) => *convoy,
                _ => index,
            };
            let height = height.min(area.bottom() - y);
            hits.push((Rect { y, height, ..area }, Hit::Row(pane, index)));
            y += height;
        }
    }
    for (index, y) in (app.scroll.queue..).zip(below_title(layout.queue).y..layout.queue.bottom()) {
        hits.push((Rect { y, height: 1, ..layout.queue }, Hit::Queue(index)));
    }
    let (first, count) = match app.view {
        View::Beads if app.beads.shape != Shape::Board => (app.beads.scroll, app.beads.rows().len()),
        View::Mail => (app.scroll.list, app.mail.as_ref().map_or(0, Vec::len)),
        View::Feed => (app.log.scroll, app.log.count()),
        View::Costs => (app.scroll.list, app.costs.spent.as_ref().map_or(0, |spent| spent.rows.len())),
        _ => (0, 0),
    };
    let mut list = below_title(layout.list);
    if app.view == View::Costs {
        list = Rect { y: list.y + 1, height: list.height.saturating_sub(2), ..list };
    }
    if app.view == View::Settings {
        let lines = super::setup::lines(&super::update::setting_rows(app));
        for (line, y) in lines.iter().skip(app.scroll.list).zip(list.y..list.bottom()) {
            if let Some(index) = line {
                hits.push((Rect { y, height: 1, ..list }, Hit::List(*index)));
            }
        }
    }
    for (index, y) in (first..count).zip(list.y..list.bottom()) {
        hits.push((Rect { y, height: 1, ..list }, Hit::List(index)));
    }
    if app.view == View::Convoys {
        hits.extend(
            super::render::member_places(app, layout.members)
                .into_iter()
                .map(|(area, index)| (area, Hit::Member(index))),
        );
    }
    if app.view == View::Hooks {
        hits.extend(hooks::hits(app, layout));
    }
    for tile in &layout.tiles {
        hits.push((tile.title.union(tile.area), Hit::Terminal(tile.address.clone())));
    }
    hits.extend(super::render::header_hits(app, layout));
    layout.hits = hits;
}

fn dialog_area(app: &App, overlay: &Overlay, body: Rect) -> Rect {
    let (columns, rows) = match overlay {
        Overlay::Help(_) => (100, 34),
        Overlay::Journal(journal) => (100, rows_of(journal.lines(app).len() + 5, 10, 34)),
        Overlay::Palette(palette) if palette.places => (124, 24),
        Overlay::Palette(_) => (84, 20),
        Overlay::Answer(_) => {
            let asked = super::update::asked(app).map_or(0, |prompt| prompt.text.len() + prompt.choices.len());
            (100, rows_of(asked + 8, 12, 30))
        }
        Overlay::Confirm(confirm) => (84, u16::try_from(confirm.lines.len() + 6).unwrap_or(u16::MAX).min(24)),
        Overlay::Note(note) => (92, u16::try_from(note.lines.len() + 4).unwrap_or(u16::MAX)),
        Overlay::Sling(sling) => {
            let beads = sling.beads.as_ref().map_or(0, Vec::len).max(sling.targets.len().min(8) + 8);
            (128, u16::try_from(beads + 6).unwrap_or(u16::MAX).clamp(16, 34))
        }
        Overlay::Message(message) => {
            let lines = u16::try_from(message.area.lines().len()).unwrap_or(u16::MAX);
            if matches!(message.purpose, super::dialogs::Purpose::Set(_)) {
                return centred(body, 60, 4);
            }
            (if lines > 6 { 100 } else { 80 }, lines.saturating_add(3).clamp(9, 30))
        }
        Overlay::Form(form) => (100, form.height()),
        Overlay::Choose(choose) => (72, u16::try_from(choose.words.len() + 6).unwrap_or(u16::MAX).min(24)),
    };
    centred(body, columns, rows)
}

/// `rows`, but between `least` and `most`.
fn rows_of(rows: usize, least: u16, most: u16) -> u16 {
    u16::try_from(rows).unwrap_or(u16::MAX).clamp(least, most)
}

fn centred(body: Rect, columns: u16, rows: u16) -> Rect {
    let width = (body.width.saturating_sub(4)).min(columns);
    let height = (body.height.saturating_sub(2)).min(rows);
    Rect { x: body.x + (body.width - width) / 2, y: body.y + (body.height - height) / 3, width, height }
}

/// The rows of a dialog's list.
pub fn dialog_list(area: Rect, overlay: Option<&Overlay>) -> Rect {
    match overlay {
        Some(Overlay::Message(_) | Overlay::Confirm(_) | Overlay::Note(_) | Overlay::Answer(_) | Overlay::Form(_))
        | None => Rect { height: 0, ..area },
        Some(Overlay::Palette(palette)) if palette.places => Rect {
            x: area.x + 1,
            y: area.y + 3,
            width: places_left(area).saturating_sub(1),
            height: area.height.saturating_sub(5),
        },
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

/// How wide the list of places to go to is, beside the look at them.
pub fn places_left(area: Rect) -> u16 {
    if area.width >= 90 { area.width * 50 / 100 } else { area.width.saturating_sub(1) }
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
