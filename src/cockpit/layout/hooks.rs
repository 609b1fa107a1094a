//! The hooks view: hooks and steps on the left, the diff on the right; on narrow screens the diff has its turn alone.

use ratatui::layout::Rect;

use super::{Hit, Layout, below_title, halves, keep_visible};
use crate::cockpit::app::App;
use crate::cockpit::hooks::Part;
use crate::cockpit::update;

/// Below this width the parts stand below each other.
const WIDE: u16 = 100;

/// Rows of what is told about a hook, with their title.
const ABOUT: u16 = 5;

/// Lays the view out.
pub(super) fn hooks(app: &App, layout: &mut Layout) {
    let body = layout.body;
    if app.zoom || (body.width < WIDE && app.hooks.part == Part::Diff) {
        layout.reading = body;
        return;
    }
    if app.hooks.all.as_ref().is_some_and(Vec::is_empty) {
        layout.list = body;
        return;
    }
    let hooks = u16::try_from(app.hooks.rows.as_ref().map_or(1, Vec::len)).unwrap_or(u16::MAX).max(2) + 1;
    let steps = u16::try_from(app.hooks.steps().len()).unwrap_or(u16::MAX).max(2) + 1;
    if body.width < WIDE {
        let list = hooks.min(body.height / 3);
        let steps = steps.min(body.height / 3).max(4);
        layout.list = Rect { height: list, ..body };
        layout.members = Rect { y: body.y + list, height: steps, ..body };
        let y = body.y + list + steps;
        layout.reading = Rect { y, height: body.bottom().saturating_sub(y), ..body };
        return;
    }
    let (left, right) = halves(layout, (body.width * 2 / 5).clamp(42, 72));
    // The list takes what it needs; the steps get at least a third, or what they need.
    let list = hooks.min(left.height - steps.min(left.height / 3).max(4));
    layout.list = Rect { height: list, ..left };
    let rest = left.height - list;
    let about = ABOUT + u16::try_from(app.hooks.shown().map_or(0, |picture| picture.problems.len())).unwrap_or(0);
    let about = if rest >= steps.min(12) + about { about } else { 0 };
    // The files in short take what the history leaves.
    let count = u16::try_from(app.hooks.files().len()).unwrap_or(u16::MAX);
    let room = (rest - about).saturating_sub(steps);
    let files = if count > 1 && room >= 4 { (count + 1).min(room) } else { 0 };
    layout.members = Rect { y: left.y + list, height: rest - about - files, ..left };
    layout.files = Rect { y: layout.members.bottom(), height: files, ..left };
    layout.about = Rect { y: layout.files.bottom(), height: about, ..left };
    layout.reading = right;
}

/// Keeps what is selected in sight.
pub(super) fn scroll(app: &mut App, layout: &Layout) {
    let height = |area: Rect| usize::from(below_title(area).height);
    let (place, hooks) = (app.hooks.place(), app.hooks.rows.as_ref().map_or(0, Vec::len));
    keep_visible(&mut app.hooks.scroll, place, height(layout.list), hooks);
    let steps = app.hooks.steps().len();
    app.hooks.step = app.hooks.step.min(steps.saturating_sub(1));
    keep_visible(&mut app.hooks.step_scroll, app.hooks.step, height(layout.members), steps);
    let rows = app.hooks.diff(&update::review(app)).len();
    app.hooks.row = app.hooks.row.min(rows.saturating_sub(1));
    app.hooks.mark = app.hooks.mark.filter(|mark| *mark < rows);
    keep_visible(&mut app.hooks.top, app.hooks.row, height(layout.reading), rows);
}

/// What can be clicked.
pub(super) fn hits(app: &App, layout: &Layout) -> Vec<(Rect, Hit)> {
    let rows = app.hooks.diff(&update::review(app)).len();
    let parts = [
        (Part::List, layout.list, app.hooks.scroll, app.hooks.rows.as_ref().map_or(0, Vec::len)),
        (Part::Steps, layout.members, app.hooks.step_scroll, app.hooks.steps().len()),
        (Part::Diff, layout.reading, app.hooks.top, rows),
    ];
    let mut hits = Vec::new();
    for (part, area, first, count) in parts {
        let area = below_title(area);
        hits.push((area, Hit::Hooks(part, None)));
        for (index, y) in (first..count).zip(area.y..area.bottom()) {
            hits.push((Rect { y, height: 1, ..area }, Hit::Hooks(part, Some(index))));
        }
    }
    let area = below_title(layout.files);
    for (index, y) in (0..app.hooks.files().len()).zip(area.y..area.bottom()) {
        hits.push((Rect { y, height: 1, ..area }, Hit::File(index)));
    }
    hits
}
