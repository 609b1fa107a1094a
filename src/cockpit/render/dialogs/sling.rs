//! The sling dialog: beads, target, what will happen.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::base::text::{fit, width as columns_of};

use super::super::super::app::App;
use super::super::super::dialogs::{Preview, Side, Sling};
use super::super::super::layout::{dialog_list, sling_left};
use super::super::pen::{self, Piece};
use super::{heading, light_up, mark_row, query_line, scrolled, wrapped};

/// Draws the dialog.
pub(super) fn draw_sling(app: &App, buffer: &mut Buffer, area: Rect, sling: &Sling) -> Option<Position> {
    let theme = &app.theme;
    let left_width = sling_left(area);
    let left = Rect { width: left_width, ..area };
    let right = Rect { x: area.x + left_width, width: area.width - left_width, ..area };
    heading(app, buffer, area, "sling: give beads to workers", "");
    let on_beads = sling.side == Side::Beads;
    let beads_cursor = query_line(app, buffer, left, "beads › ", &sling.query, "type to search");
    draw_beads(app, buffer, left, sling, on_beads);
    let target_cursor = query_line(app, buffer, right, "to › ", &sling.target, "type to search");
    let targets_bottom = draw_targets(app, buffer, right, sling, !on_beads);
    draw_preview(app, buffer, right, sling, targets_bottom + 1);
    pen::upright(buffer, right.x, area.y + 1..area.bottom() - 1, theme.rule(), |_| (false, false));
    // The rule between the halves ends in the frame, but where the title stands.
    for (y, symbol) in [(area.y, "┬"), (area.bottom() - 1, "┴")] {
        if buffer[(right.x, y)].symbol() == "─" {
            buffer[(right.x, y)].set_symbol(symbol).set_style(theme.rule());
        }
    }
    Some(if on_beads { beads_cursor } else { target_cursor })
}

fn draw_beads(app: &App, buffer: &mut Buffer, area: Rect, sling: &Sling, focused: bool) {
    let theme = &app.theme;
    let list = dialog_list(app.layout.dialog.unwrap_or(area), app.overlay.as_ref());
    let Some(beads) = &sling.beads else {
        pen::put(buffer, list.x + 1, list.y, list.width, "Reading the ledger …", theme.dim());
        return;
    };
    let rows = sling.shown();
    if rows.is_empty() {
        let words =
            if beads.is_empty() { "No bead is ready. bd create \"...\" makes one." } else { "No ready bead matches." };
        pen::put(buffer, list.x + 1, list.y, list.width, words, theme.dim());
        return;
    }
    let id_width = rows.iter().map(|(bead, _)| columns_of(&bead.id)).max().unwrap_or(8).min(16);
    let first = scrolled(sling.query.row, usize::from(list.height));
    for ((index, (bead, hit)), y) in rows.iter().enumerate().skip(first).zip(list.y..list.bottom()) {
        let row = Rect { y, height: 1, ..list };
        let marked = sling.marks.contains(&bead.id);
        let id = fit(&bead.id, id_width);
        let priority = format!("P{}", bead.priority);
        let start = [
            (" ", theme.text()),
            (if marked { "▣" } else { "☐" }, if marked { theme.accent() } else { theme.dim() }),
            (" ", theme.text()),
        ];
        let x = pen::pieces(buffer, row.x, y, row.width, &start);
        // Beside little room the titles say more than the ids.
        let (id, gap) = if list.width < 42 { ("", "") } else { (id.as_str(), "  ") };
        let middle: [Piece<'_>; 4] = [
            (id, theme.dim()),
            (gap, theme.text()),
            (&priority, if bead.priority <= 1 { theme.strong() } else { theme.dim() }),
            ("  ", theme.text()),
        ];
        let title_x = pen::pieces(buffer, x, y, row.right().saturating_sub(x), &middle);
        let end = pen::put(buffer, title_x, y, row.right().saturating_sub(title_x + 1), &bead.title, theme.text());
        let id_letters = u32::try_from(bead.id.chars().count()).unwrap_or(0) + 1;
        let in_title: Vec<u32> = hit.letters.iter().filter_map(|letter| letter.checked_sub(id_letters)).collect();
        light_up(app, buffer, title_x, y, end, &bead.title, &in_title);
        if index == sling.query.row {
            mark_row(app, buffer, row, focused);
        }
    }
    if !sling.marks.is_empty() {
        let words = format!(" {} marked ", sling.marks.len());
        pen::put(buffer, area.x + 2, area.bottom() - 1, area.width.saturating_sub(4), &words, theme.accent());
    }
}

/// Draws the targets and returns the row after them.
fn draw_targets(app: &App, buffer: &mut Buffer, area: Rect, sling: &Sling, focused: bool) -> u16 {
    let theme = &app.theme;
    let top = area.y + 3;
    let most = (area.height / 3).max(2);
    let rows = sling.shown_targets();
    let first = scrolled(sling.target.row, usize::from(most));
    let mut y = top;
    for (index, (target, hit)) in rows.iter().enumerate().skip(first).take(usize::from(most)) {
        let row = Rect { x: area.x + 1, y, width: area.width.saturating_sub(2), height: 1 };
        let about = if target.contains('/') { "this worker" } else { "a new worker each" };
        let end = pen::pieces(buffer, row.x, y, row.width, &[(" ", theme.text()), (target, theme.text())]);
        light_up(app, buffer, row.x + 1, y, end, target, &hit.letters);
        pen::pieces_right(buffer, row, end, &[(about, theme.dim()), (" ", theme.dim())]);
        if index == sling.target.row {
            mark_row(app, buffer, row, focused);
        }
        y += 1;
    }
    if rows.is_empty() {
        pen::put(buffer, area.x + 2, y, area.width.saturating_sub(4), "No such rig or idle worker.", theme.dim());
        y += 1;
    }
    let runtime = sling.runtime.unwrap_or("what the rig is set to");
    let line = [("on ", theme.dim()), (runtime, if sling.runtime.is_some() { theme.text() } else { theme.dim() })];
    pen::pieces(buffer, area.x + 2, y + 1, area.width.saturating_sub(4), &line);
    y + 2
}

fn draw_preview(app: &App, buffer: &mut Buffer, area: Rect, sling: &Sling, top: u16) {
    let theme = &app.theme;
    let bottom = area.bottom().saturating_sub(1);
    let (x, room) = (area.x + 2, area.width.saturating_sub(4));
    if top >= bottom {
        return;
    }
    let (title, lines, style) = match &sling.preview {
        Preview::Empty => ("", Vec::new(), theme.dim()),
        Preview::Asking => ("what will happen", vec!["…".to_owned()], theme.dim()),
        Preview::Will(lines) => ("what will happen", lines.clone(), theme.text()),
        Preview::Refused(why) => {
            ("it would be refused", why.lines().map(str::to_owned).collect(), theme.tone(crate::view::Tone::Bad))
        }
    };
    pen::put(buffer, x, top, room, title, theme.dim());
    let mut y = top + 1;
    for line in &lines {
        for piece in wrapped(line, usize::from(room)) {
            if y >= bottom {
                return;
            }
            pen::put(buffer, x, y, room, &piece, style);
            y += 1;
        }
    }
}
