//! A look at the place that would be gone to.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::super::app::App;
use super::super::super::layout::places_left;
use super::super::super::marks;
use super::super::super::palette::Choice;
use super::super::{lists, pen, terminal};
use super::wrapped;

/// Draws what `choice` leads to on the right side of the dialog.
pub(super) fn look(app: &App, buffer: &mut Buffer, area: Rect, choice: &Choice) {
    let left = places_left(area);
    if left + 20 > area.width {
        return;
    }
    let theme = &app.theme;
    let divider = area.x + left;
    pen::upright(buffer, divider, area.y + 1..area.bottom() - 1, theme.rule(), |_| (false, false));
    let inner = Rect {
        x: divider + 2,
        y: area.y + 1,
        width: area.right().saturating_sub(divider + 3),
        height: area.height.saturating_sub(2),
    };
    let say = |buffer: &mut Buffer, row: u16, text: &str, style| {
        if row < inner.height {
            pen::put(buffer, inner.x, inner.y + row, inner.width, text, style);
        }
    };
    match choice {
        Choice::Agent(address) => {
            let Some(agent) = app.town.agent(address) else { return };
            say(buffer, 0, address, theme.strong());
            say(
                buffer,
                1,
                &format!("{} {}", marks::glyph(agent.state), marks::word(agent.state)),
                theme.state(agent.state),
            );
            let work = agent.title.as_deref().unwrap_or("no work");
            say(buffer, 2, work, theme.text());
            let rest = Rect { y: inner.y + 4, height: inner.height.saturating_sub(4), ..inner };
            let screen = agent.session.as_ref().and_then(|session| app.watched.get(session)?.screen.as_ref());
            match (screen, &agent.detail) {
                (Some(screen), _) => drop(terminal::draw(buffer, rest, screen, theme)),
                (None, Some(detail)) => {
                    for (line, row) in wrapped(detail, usize::from(inner.width)).iter().zip(4..) {
                        say(buffer, row, line, theme.dim());
                    }
                }
                (None, None) => {}
            }
        }
        Choice::Set(name) => {
            say(buffer, 0, name, theme.strong());
            for (address, row) in app.memory.sets.get(name).into_iter().flatten().zip(2..) {
                let state = app.town.agent(address).map_or("gone", |agent| marks::word(agent.state));
                say(buffer, row, &format!("{address}  {state}"), theme.text());
            }
        }
        Choice::Convoy(id) => {
            let Some(convoy) = app.town.convoys.iter().find(|convoy| convoy.id == *id) else { return };
            say(buffer, 0, &convoy.title, theme.strong());
            say(buffer, 1, &format!("{} of {} done", convoy.done, convoy.total), theme.dim());
            for (member, y) in convoy.members.iter().zip(inner.y + 3..inner.bottom()) {
                lists::member_row(app, buffer, Rect { y, height: 1, ..inner }, member);
            }
        }
        Choice::Rig(name) => {
            let Some(rig) = app.town.rigs.iter().find(|rig| rig.name == *name) else { return };
            say(buffer, 0, name, theme.strong());
            let queue = rig.queue.len();
            say(buffer, 1, &format!("{} · {queue} to merge · {} waiting", rig.branch, rig.waiting), theme.dim());
            for (agent, row) in rig.agents.iter().zip(3..) {
                let title = agent.title.as_deref().unwrap_or_default();
                say(buffer, row, &format!("{} {}  {title}", marks::glyph(agent.state), agent.name), theme.text());
            }
        }
        Choice::Bead(id) => {
            let Some(bead) = app.beads.lines.iter().flatten().find(|bead| bead.id == *id) else { return };
            say(buffer, 0, &bead.title, theme.strong());
            let about = format!("{id} · P{} {} in {}", bead.priority, bead.issue_type, bead.rig);
            say(buffer, 1, &about, theme.dim());
            let who = bead.assignee.trim_end_matches('/');
            let stand = super::super::super::beads::Stand::of(bead);
            let who = if who.is_empty() { String::new() } else { format!(", {who}") };
            say(buffer, 3, &format!("{} {}{who}", stand.glyph(), stand.words()), theme.text());
            if !bead.waits_for.is_empty() {
                say(buffer, 4, &format!("waits for {}", bead.waits_for.join(", ")), theme.dim());
            }
        }
        Choice::Do(_) | Choice::Where(..) => {}
    }
}
