//! A text of several fields that is being written.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::widgets::Widget;

use super::super::super::app::App;
use super::super::super::form::{Form, Subject};
use super::super::pen;
use super::heading;

/// The rows of each field's text.
pub fn places(form: &Form, area: Rect) -> Vec<Rect> {
    let inner = Rect {
        x: area.x + 2,
        y: area.y + 1,
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(2),
    };
    // A field without a number of rows takes what the others and the rules between them leave.
    let rules = u16::try_from(form.entries.len()).unwrap_or(0).saturating_sub(1);
    let fixed: u16 = form.entries.iter().map(|entry| entry.rows).sum();
    let mut left = inner.height.saturating_sub(rules);
    let rest = left.saturating_sub(fixed).max(1);
    let mut y = inner.y;
    form.entries
        .iter()
        .map(|entry| {
            let height = if entry.rows == 0 { rest } else { entry.rows }.min(left);
            left -= height;
            let place = Rect { y, height, ..inner };
            y += height + 1;
            place
        })
        .collect()
}

/// Draws the form.
pub(super) fn form(app: &App, buffer: &mut Buffer, area: Rect, form: &Form) -> Option<Position> {
    let theme = &app.theme;
    let note = match form.subject {
        Subject::Letter => String::new(),
        _ => format!("P{} · {} · {}", form.priority, form.kind, form.rig),
    };
    heading(app, buffer, area, &form.title(), &note);
    for ((index, entry), place) in form.entries.iter().enumerate().zip(places(form, area)) {
        let here = index == form.at;
        if index > 0 && place.y > area.y + 1 && place.y < area.bottom() {
            let line = Rect { x: area.x + 1, y: place.y - 1, width: area.width.saturating_sub(2), height: 1 };
            let style = if here { theme.accent() } else { theme.dim() };
            pen::rule(buffer, line, theme.rule(), &[(entry.label, style)], &[]);
        }
        if place.height == 0 {
            continue;
        }
        let mut text = entry.area.clone();
        let own = if entry.label == "title" || entry.label == "subject" {
            theme.panel().patch(theme.strong())
        } else {
            theme.panel()
        };
        text.set_style(own);
        text.set_cursor_style(if here { theme.panel().add_modifier(Modifier::REVERSED) } else { own });
        (&text).render(place, buffer);
    }
    None
}
