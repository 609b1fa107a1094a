//! Where dialogs are, and their lists in them.

use ratatui::layout::Rect;

use super::super::app::{App, Overlay};

pub(super) fn dialog_area(app: &App, overlay: &Overlay, body: Rect) -> Rect {
    let (columns, rows) = match overlay {
        Overlay::Help(_) => (100, 34),
        Overlay::Journal(journal) => (100, rows_of(journal.lines(app).len() + 5, 10, 34)),
        Overlay::Palette(palette) if palette.places => (124, 24),
        Overlay::Palette(_) => (84, 20),
        Overlay::Answer(_) => {
            let asked = super::super::update::asked(app).map_or(0, |prompt| prompt.text.len() + prompt.choices.len());
            (100, rows_of(asked + 8, 12, 30))
        }
        Overlay::Confirm(confirm) => (84, u16::try_from(confirm.lines.len() + 6).unwrap_or(u16::MAX).min(24)),
        Overlay::Note(note) => {
            let columns = 92.min(body.width.saturating_sub(4));
            let lines = crate::cockpit::render::note_lines(note, columns.saturating_sub(6)).len();
            (92, rows_of(lines + 4, 5, u16::MAX))
        }
        Overlay::Sling(sling) => {
            let beads = sling.beads.as_ref().map_or(0, Vec::len).max(sling.targets.len().min(8) + 8);
            (128, u16::try_from(beads + 6).unwrap_or(u16::MAX).clamp(16, 34))
        }
        Overlay::Message(message) => {
            let lines = u16::try_from(message.area.lines().len()).unwrap_or(u16::MAX);
            if matches!(message.purpose, super::super::dialogs::Purpose::Set(_)) {
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
