//! Scrolling lists so that what is selected can be seen.

use ratatui::layout::Rect;

use super::super::app::{App, Row, View};
use super::{Layout, below_title, hooks};

pub(super) fn keep_visible(first: &mut usize, selected: usize, rows: usize, total: usize) {
    if selected < *first {
        *first = selected;
    } else if rows > 0 && selected >= *first + rows {
        *first = selected + 1 - rows;
    }
    *first = (*first).min(total.saturating_sub(rows));
}

pub(super) fn scroll_lists(app: &mut App, layout: &Layout) {
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
            let rows = super::super::update::setting_rows(app);
            app.setting = app.setting.min(rows.len().saturating_sub(1));
            let lines = super::super::setup::lines(&rows);
            let place = super::super::setup::line_of(&lines, app.setting);
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
