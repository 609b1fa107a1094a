//! The convoys, and the beads that travel in them.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::base::text::fit;
use crate::view::{ConvoyView, MemberView, Tone};

use super::super::super::app::{App, Pane, View};
use super::super::super::layout::{ConvoyRow, below_title};
use super::super::super::marks;
use super::super::pen;
use super::{advice, focused, select_row, title};

/// The convoys with their progress.
pub(in super::super) fn convoys(app: &App, buffer: &mut Buffer) {
    let area = app.layout.convoys;
    if area.height == 0 {
        return;
    }
    let convoys = app.convoys();
    let open = convoys.iter().filter(|convoy| !convoy.landed).count();
    let note = if convoys.is_empty() || open == convoys.len() {
        String::new()
    } else {
        format!("{} landed", convoys.len() - open)
    };
    title(app, buffer, area, Pane::Convoys, "convoys", &note);
    let rows = below_title(area);
    if convoys.is_empty() && app.loaded {
        let words = if app.filter.is_empty() {
            "Beads slung together travel as a convoy: s"
        } else {
            "No convoy matches the filter"
        };
        advice(app, buffer, rows, words);
    }
    let shown = app.layout.convoy_rows.iter().skip(app.scroll.convoys);
    for (place, y) in shown.zip(rows.y..rows.bottom()) {
        let row = Rect { y, height: 1, ..rows };
        match place {
            ConvoyRow::Convoy(index) => {
                let Some(convoy) = convoys.get(*index) else { continue };
                convoy_row(app, buffer, row, convoy);
                let chosen = app.convoy == *index;
                if chosen && (app.view == View::Convoys || (app.pane == Pane::Convoys && app.view == View::Town)) {
                    let here = app.view == View::Convoys && app.overlay.is_none() && app.member.is_none();
                    let strong = focused(app, Pane::Convoys) || here;
                    select_row(app, buffer, row, strong);
                }
            }
            ConvoyRow::Member(index, member) => {
                if let Some(member) = convoys.get(*index).and_then(|convoy| convoy.members.get(*member)) {
                    let inner = Rect { x: row.x + 4, width: row.width.saturating_sub(4), ..row };
                    member_row(app, buffer, inner, member);
                }
            }
        }
    }
}

fn convoy_row(app: &App, buffer: &mut Buffer, row: Rect, convoy: &ConvoyView) {
    let theme = &app.theme;
    let whole = app.view == View::Convoys;
    let bar_width = match row.width {
        0..=89 if whole => 8,
        0..=39 => 8,
        40..=59 => 12,
        60..=79 => 18,
        _ => 24,
    };
    let count = format!(" {:>5} ", format!("{}/{}", convoy.done, convoy.total));
    let (filled, rest) = marks::bar(convoy.done, convoy.total, bar_width);
    let stranded = app.delays.stranded.contains(&convoy.id);
    let status_style = if stranded && !convoy.landed {
        theme.tone(crate::view::Tone::Bad)
    } else {
        theme.tone(crate::view::Tone::Good)
    };
    let color = if convoy.landed { theme.tone(crate::view::Tone::Good) } else { theme.tone(crate::view::Tone::Moves) };
    let status = match (convoy.landed, convoy.active) {
        _ if row.width < 44 => String::new(),
        (true, _) => "✓ landed  ".to_owned(),
        (false, 0) if app.delays.stranded.contains(&convoy.id) => "◌ stranded".to_owned(),
        (false, 0) => format!("{:10}", ""),
        (false, active) => format!("{:10}", format!("● {active}")),
    };
    let right = [
        (filled.as_str(), color),
        (rest.as_str(), theme.rule()),
        (count.as_str(), theme.text()),
        (status.as_str(), if convoy.landed || convoy.active == 0 { status_style } else { color }),
    ];
    let start = row.right().saturating_sub(pen::width(&right));
    let name = [("   ", theme.text()), (convoy.title.as_str(), if convoy.landed { theme.dim() } else { theme.text() })];
    pen::pieces(buffer, row.x, row.y, start.saturating_sub(row.x + 2), &name);
    pen::pieces(buffer, start, row.y, row.right() - start, &right);
}

/// A bead of a convoy: how far it is and who has it.
pub(in super::super) fn member_row(app: &App, buffer: &mut Buffer, row: Rect, member: &MemberView) {
    let theme = &app.theme;
    let agent = member.agent.as_deref().and_then(|address| app.town.agent(address));
    let closed = member.status == "closed";
    let (mark, style) = match (closed, agent, member.blocked) {
        (true, ..) => ("✓", theme.tone(Tone::Good)),
        (false, Some(agent), _) => (marks::glyph(agent.state), theme.state(agent.state)),
        (false, None, true) => ("◌", theme.dim()),
        (false, None, false) => ("○", theme.dim()),
    };
    let id = fit(&member.id, 10);
    let short = |address: &str| {
        let name = address.trim_end_matches('/').rsplit('/').next().unwrap_or(address);
        if row.width < 70 { name.to_owned() } else { address.to_owned() }
    };
    let note = match (closed, &member.agent, member.blocked) {
        (true, ..) => "merged ".to_owned(),
        (false, Some(address), _) => format!("{} ", short(address)),
        (false, None, true) => if row.width < 70 { "waits " } else { "waits for another bead " }.to_owned(),
        (false, None, false) => "ready ".to_owned(),
    };
    let start = row.right().saturating_sub(pen::width(&[(&note, theme.dim())]));
    let title_style = if closed { theme.dim() } else { theme.text() };
    let left = [
        (" ", theme.text()),
        (mark, style),
        (" ", theme.text()),
        (id.as_str(), theme.dim()),
        (" ", theme.text()),
        (&member.title, title_style),
    ];
    pen::pieces(buffer, row.x, row.y, start.saturating_sub(row.x + 1), &left);
    pen::put(buffer, start, row.y, row.right() - start, &note, theme.dim());
}
