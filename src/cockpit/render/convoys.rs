//! The members of a convoy: how far each is, who has it, and why nobody has it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::base::text::{fit, width as columns_of};
use crate::view::{MemberView, Tone};

use super::super::app::App;
use super::super::layout::below_title;
use super::super::marks;
use super::lists::{advice, select_row};
use super::pen::{self, Piece};
use super::{divider, lists};

/// Draws the view.
pub(super) fn draw(app: &App, buffer: &mut Buffer) {
    lists::convoys(app, buffer);
    members(app, buffer);
    divider(app, buffer);
}

/// Where the members are: each with its reason below it, when it has one.
pub fn member_places(app: &App, area: Rect) -> Vec<(Rect, usize)> {
    let rows = below_title(area);
    let mut y = rows.y + 2;
    let mut places = Vec::new();
    for (index, member) in app.members().iter().enumerate().skip(app.scroll.list) {
        let height = if app.held(&member.id).is_some() { 2 } else { 1 };
        if y >= rows.bottom() {
            break;
        }
        places.push((Rect { y, height: height.min(rows.bottom() - y), ..rows }, index));
        y += height;
    }
    places
}

fn members(app: &App, buffer: &mut Buffer) {
    let theme = &app.theme;
    let area = app.layout.members;
    let Some(convoy) = app.selected_convoy() else {
        pen::rule(buffer, area, theme.rule(), &[("members", theme.dim())], &[]);
        advice(app, buffer, below_title(area), "Beads slung together travel as a convoy and land together.");
        return;
    };
    let focused = app.member.is_some() && app.overlay.is_none();
    let title = if focused { theme.accent() } else { theme.strong() };
    pen::rule(buffer, area, theme.rule(), &[(&convoy.title, title)], &[(&convoy.id, theme.dim())]);
    let rows = below_title(area);
    if rows.height < 3 {
        return;
    }
    summary(app, buffer, Rect { height: 1, ..rows });
    let members = app.members();
    for (place, index) in member_places(app, area) {
        let Some(member) = members.get(index) else { continue };
        member_row(app, buffer, place, member);
        if app.member == Some(index) {
            select_row(app, buffer, Rect { height: 1, ..place }, focused);
        }
    }
}

/// How far the convoy is as a whole.
fn summary(app: &App, buffer: &mut Buffer, row: Rect) {
    let theme = &app.theme;
    let Some(convoy) = app.selected_convoy() else { return };
    let (filled, rest) = marks::bar(convoy.done, convoy.total, usize::from((row.width / 4).clamp(8, 30)));
    let count = format!("  {} of {} done", convoy.done, convoy.total);
    let stranded = app.delays.stranded.contains(&convoy.id);
    let merging = convoy.members.iter().filter(|member| merging(app, member).is_some()).count();
    let mut parts = Vec::new();
    if convoy.active > 0 {
        parts.push(format!("{} under way", convoy.active));
    }
    if merging > 0 {
        parts.push(format!("{merging} in the merge queue"));
    }
    let held = app.members().iter().filter(|member| app.held(&member.id).is_some()).count();
    if held > 0 {
        parts.push(format!("{held} that nobody moves"));
    }
    let parts = if parts.is_empty() { String::new() } else { format!(" · {}", parts.join(" · ")) };
    let color = theme.tone(if convoy.landed { Tone::Good } else { Tone::Moves });
    let line: [Piece<'_>; 6] = [
        (" ", theme.text()),
        (&filled, color),
        (&rest, theme.rule()),
        (&count, theme.text()),
        (
            if convoy.landed {
                "  ✓ landed"
            } else if stranded {
                "  ◌ stranded"
            } else {
                ""
            },
            if stranded { theme.tone(Tone::Bad) } else { color },
        ),
        (&parts, theme.dim()),
    ];
    pen::pieces(buffer, row.x, row.y, row.width.saturating_sub(1), &line);
}

/// Where a member's work stands in a merge queue.
fn merging<'a>(app: &'a App, member: &MemberView) -> Option<&'a str> {
    app.town
        .rigs
        .iter()
        .flat_map(|rig| &rig.queue)
        .find(|entry| entry.source == member.id)
        .map(|entry| entry.state.as_str())
}

fn member_row(app: &App, buffer: &mut Buffer, place: Rect, member: &MemberView) {
    let theme = &app.theme;
    let agent = member.agent.as_deref().and_then(|address| app.town.agent(address));
    let closed = matches!(member.status.as_str(), "closed" | "tombstone");
    let held = app.held(&member.id);
    let queued = merging(app, member).map(super::views::state_words);
    let (mark, style, words) = match (closed, queued, agent, held) {
        (true, ..) => ("✓", theme.tone(Tone::Good), "merged".to_owned()),
        (_, Some((words, tone)), ..) => ("✓", theme.tone(tone), words.to_owned()),
        (_, _, Some(agent), _) => {
            (marks::glyph(agent.state), theme.state(agent.state), marks::word(agent.state).to_owned())
        }
        (_, _, _, Some(_)) if member.blocked => ("◌", theme.dim(), "waits".to_owned()),
        (_, _, _, Some(_)) => ("◌", theme.tone(Tone::Bad), "nobody's".to_owned()),
        (_, _, None, None) => ("○", theme.dim(), "in line".to_owned()),
    };
    let who = match (&member.agent, closed) {
        (Some(address), false) => address.trim_end_matches('/').rsplit('/').next().unwrap_or(address).to_owned(),
        _ => String::new(),
    };
    let widest = app.members().iter().map(|member| columns_of(&member.id)).max().unwrap_or(8).min(14);
    let (id, who, words) = (fit(&member.id, widest), fit(&who, 10), fit(&words, 12));
    let right: [Piece<'_>; 4] = [(&who, theme.dim()), ("  ", theme.text()), (&words, style), (" ", theme.text())];
    let start = place.right().saturating_sub(pen::width(&right));
    let left: [Piece<'_>; 6] = [
        (" ", theme.text()),
        (mark, style),
        (" ", theme.text()),
        (&id, theme.dim()),
        ("  ", theme.text()),
        (&member.title, if closed { theme.dim() } else { theme.text() }),
    ];
    pen::pieces(buffer, place.x, place.y, start.saturating_sub(place.x + 1), &left);
    pen::pieces(buffer, start, place.y, place.right() - start, &right);
    if let (Some(held), 2) = (held, place.height) {
        let indent = u16::try_from(widest + 5).unwrap_or(13);
        let hint = if held.hint.is_empty() { String::new() } else { format!("  {}", held.hint) };
        let line: [Piece<'_>; 2] = [(&held.reason, theme.tone(Tone::Calls)), (&hint, theme.dim())];
        pen::pieces(buffer, place.x + indent, place.y + 1, place.width.saturating_sub(indent + 1), &line);
    }
}
