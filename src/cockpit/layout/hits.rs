//! What a cell of the screen stands for, for the mouse.

use ratatui::layout::Rect;

use super::super::actions::Action;
use super::super::app::{App, Pane, Row, View};
use super::super::beads::Shape;
use super::super::hooks::Part;
use super::{ConvoyRow, Layout, below_title, hooks};

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

pub(super) fn add_hits(app: &App, layout: &mut Layout) {
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
        let lines = super::super::setup::lines(&super::super::update::setting_rows(app));
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
            super::super::render::member_places(app, layout.members)
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
    hits.extend(super::super::render::header_hits(app, layout));
    layout.hits = hits;
}
