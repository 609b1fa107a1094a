//! A bead that is being written.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};
use ratatui::style::Modifier;
use ratatui::widgets::Widget;

use super::super::super::app::App;
use super::super::super::dialogs::{Field, Form};
use super::super::pen;
use super::heading;

/// Draws the form.
pub(super) fn form(app: &App, buffer: &mut Buffer, area: Rect, form: &Form) -> Option<Position> {
    let theme = &app.theme;
    let title = match &form.id {
        Some(id) => format!("change {id}"),
        None => format!("a new bead in {}", form.rig),
    };
    let note = format!("P{} · {} · {}", form.priority, form.kind, form.rig);
    heading(app, buffer, area, &title, &note);
    let inner = Rect {
        x: area.x + 2,
        y: area.y + 1,
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(2),
    };
    let rows = [
        (Field::Title, &form.title, Rect { height: 1.min(inner.height), ..inner }),
        (Field::Body, &form.body, Rect { y: inner.y + 2, height: inner.height.saturating_sub(2), ..inner }),
    ];
    let line = Rect { x: area.x + 1, y: inner.y + 1, width: area.width.saturating_sub(2), height: 1 };
    pen::rule(buffer, line, theme.rule(), &[], &[]);
    for (field, text, place) in rows {
        let mut text = text.clone();
        text.set_style(if field == Field::Title { theme.panel().patch(theme.strong()) } else { theme.panel() });
        let cursor = if field == form.field { theme.panel().add_modifier(Modifier::REVERSED) } else { theme.panel() };
        text.set_cursor_style(cursor);
        (&text).render(place, buffer);
    }
    None
}
