//! The members of a convoy: how far each is, who has it, and why nobody has it.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::base::text::{fit, width as columns_of};
use crate::view::{AgentState, MemberView, Tone};

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
    super::tiles(app, buffer);
    divider(app, buffer);
}

/// Rows that the members and what stands above them take.
pub fn members_height(app: &App) -> u16 {
    let rows: usize = app.members().iter().map(|member| member_rows(app, member)).sum();
    u16::try_from(rows).unwrap_or(u16::MAX).saturating_add(2 + HEAD)
}

/// The agent whose terminal is worth a look beside the members: the selected one's, else of one that asks, else of one at work.
pub fn watched_member(app: &App) -> Option<String> {
    let members = app.members();
    let running = |address: &&String| app.town.agent(address).is_some_and(|agent| agent.session.is_some());
    let of = |member: &&MemberView| member.agent.as_ref().filter(running).cloned();
    match app.member {
        Some(place) => members.get(place).and_then(of),
        None => {
            members.iter().filter_map(of).min_by_key(|address| match app.town.agent(address).map(|agent| agent.state) {
                Some(AgentState::NeedsYou) => 0,
                Some(AgentState::Working | AgentState::Starting) => 1,
                _ => 2,
            })
        }
    }
}

/// Rows above the members: how far the convoy is, and what there is to say about it.
const HEAD: u16 = 2;

/// Rows a member takes: one, and one for what keeps it.
fn member_rows(app: &App, member: &MemberView) -> usize {
    if app.held(&member.id).is_some() { 2 } else { 1 }
}

/// Where the members are: each with its reason below it, when it has one.
pub fn member_places(app: &App, area: Rect) -> Vec<(Rect, usize)> {
    let rows = below_title(area);
    let mut y = rows.y + HEAD;
    let mut places = Vec::new();
    for (index, member) in app.members().iter().enumerate().skip(app.scroll.list) {
        let height = u16::try_from(member_rows(app, member)).unwrap_or(1);
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
    summary(app, buffer, rows);
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
    let all = app.members();
    let held = all.iter().filter(|member| app.held(&member.id).is_some());
    let (waiting, stuck) = held.fold(
        (0, 0),
        |(waiting, stuck), member| if member.blocked { (waiting + 1, stuck) } else { (waiting, stuck + 1) },
    );
    if waiting > 0 {
        parts.push(format!("{waiting} waiting for others"));
    }
    if stuck > 0 {
        parts.push(format!("{stuck} that nobody moves"));
    }
    let color = theme.tone(if convoy.landed { Tone::Good } else { Tone::Moves });
    let line: [Piece<'_>; 5] = [
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
    ];
    pen::pieces(buffer, row.x, row.y, row.width.saturating_sub(1), &line);
    pen::put(buffer, row.x + 1, row.y + 1, row.width.saturating_sub(2), &parts.join(" · "), theme.dim());
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

/// How a member stands: the shape, its look, and the words beside it.
fn standing<'a>(app: &'a App, member: &MemberView) -> (&'static str, Style, &'a str) {
    let theme = &app.theme;
    let agent = member.agent.as_deref().and_then(|address| app.town.agent(address));
    let closed = is_closed(member);
    let held = app.held(&member.id);
    let queued = merging(app, member).map(super::views::state_words);
    match (closed, queued, agent, held) {
        (true, ..) => ("✓", theme.tone(Tone::Good), "merged"),
        (_, Some((words, tone)), ..) => ("✓", theme.tone(tone), words),
        (_, _, Some(agent), _) => (marks::glyph(agent.state), theme.state(agent.state), marks::word(agent.state)),
        (_, _, _, Some(_)) if member.blocked => ("◌", theme.dim(), "waits"),
        (_, _, _, Some(_)) => ("◌", theme.tone(Tone::Bad), "nobody's"),
        (_, _, None, None) => ("○", theme.dim(), "in line"),
    }
}

fn is_closed(member: &MemberView) -> bool {
    matches!(member.status.as_str(), "closed" | "tombstone")
}

/// The name of whoever has a member that is not done.
fn holder(member: &MemberView) -> &str {
    let address = member.agent.as_deref().filter(|_| !is_closed(member)).unwrap_or_default();
    address.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
}

fn member_row(app: &App, buffer: &mut Buffer, place: Rect, member: &MemberView) {
    let theme = &app.theme;
    let closed = is_closed(member);
    let held = app.held(&member.id);
    let (mark, style, words) = standing(app, member);
    let members = app.members();
    // As narrow as what stands in them lets them be.
    let names = members.iter().map(|member| columns_of(holder(member))).max().unwrap_or(0).min(12);
    let stands = members.iter().map(|member| columns_of(standing(app, member).2)).max().unwrap_or(0);
    let widest = app.members().iter().map(|member| columns_of(&member.id)).max().unwrap_or(8).min(14);
    let (id, who, words) = (fit(&member.id, widest), fit(holder(member), names), fit(words, stands));
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
        // What it waits for may be under way already; then nothing is asked of anybody.
        let names = |id: &str| held.reason.split([' ', ',']).any(|word| word == id);
        let busy = app.town.all_agents().find(|agent| agent.bead.as_deref().is_some_and(names));
        let (tone, hint) = match busy {
            Some(agent) => (theme.dim(), format!("  {} has it", agent.name)),
            None if held.hint.is_empty() => (theme.tone(Tone::Calls), String::new()),
            None => (theme.tone(Tone::Calls), format!("  {}", held.hint)),
        };
        let line: [Piece<'_>; 2] = [(&held.reason, tone), (&hint, theme.dim())];
        pen::pieces(buffer, place.x + indent, place.y + 1, place.width.saturating_sub(indent + 1), &line);
    }
}
