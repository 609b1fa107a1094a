//! The settings: what is set, by which layer, what it means and how it is changed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::app::App;
use super::super::ask::{Setting, Takes};
use super::super::layout::below_title;
use super::super::setup::{heading, lines};
use super::super::update::setting_rows;
use super::dialogs::wrapped;
use super::lists::{advice, select_row};
use super::pen::{self, Piece};
use crate::base::text::{fit, width as columns_of};

/// Draws the view.
pub(super) fn draw(app: &App, buffer: &mut Buffer) {
    let theme = &app.theme;
    let area = app.layout.list;
    let rows = setting_rows(app);
    let yours = rows.iter().filter(|row| row.own).count();
    let note = format!("{yours} set by you");
    pen::rule(buffer, area, theme.rule(), &[("settings", theme.accent())], &[(&note, theme.dim())]);
    let inside = below_title(area);
    if rows.is_empty() {
        advice(app, buffer, inside, "No setting matches the filter; esc shows all.");
    }
    let all = lines(&rows);
    let shown = all.iter().enumerate().skip(app.scroll.list).zip(inside.y..inside.bottom());
    let names = rows.iter().map(|row| columns_of(&row.name)).max().unwrap_or(8).clamp(8, 30);
    for ((place, line), y) in shown {
        let row = Rect { y, height: 1, ..inside };
        match line {
            None => {
                let next = all.get(place + 1).copied().flatten().and_then(|index| rows.get(index));
                let (name, about) = heading(next.map_or("", |row| row.place.as_str()));
                let head: [Piece<'_>; 4] =
                    [(" ", theme.dim()), (name, theme.strong()), ("  ", theme.dim()), (about, theme.dim())];
                pen::pieces(buffer, row.x, y, row.width, &head);
            }
            Some(index) => {
                setting(app, buffer, row, &rows[*index], names);
                if *index == app.setting {
                    select_row(app, buffer, row, app.overlay.is_none());
                }
            }
        }
    }
    detail(app, buffer, app.layout.reading, rows.get(app.setting));
    super::divider(app, buffer);
}

fn setting(app: &App, buffer: &mut Buffer, row: Rect, setting: &Setting, names: usize) {
    let theme = &app.theme;
    let layer = format!("{} ", setting.layer);
    let right = row.right().saturating_sub(pen::width(&[(&layer, theme.dim())]));
    let names = names.min(usize::from(row.width / 3));
    let name = fit(&setting.name, names);
    let value = if setting.value.is_empty() { "—" } else { &setting.value };
    let style = if setting.own { theme.strong() } else { theme.text() };
    let left: [Piece<'_>; 4] = [("   ", theme.text()), (&name, theme.dim()), ("  ", theme.text()), (value, style)];
    pen::pieces(buffer, row.x, row.y, right.saturating_sub(row.x + 1), &left);
    let layered = if setting.own { theme.accent() } else { theme.dim() };
    pen::put(buffer, right, row.y, row.right() - right, &layer, layered);
}

fn detail(app: &App, buffer: &mut Buffer, area: Rect, setting: Option<&Setting>) {
    let theme = &app.theme;
    let Some(setting) = setting else {
        pen::rule(buffer, area, theme.rule(), &[], &[]);
        return;
    };
    pen::rule(buffer, area, theme.rule(), &[(&setting.key, theme.strong())], &[(&setting.place, theme.dim())]);
    let rows = below_title(area);
    let inner = Rect { x: rows.x + 1, width: rows.width.saturating_sub(2), ..rows };
    let mut y = inner.y;
    let mut say = |words: &str, style| {
        for line in wrapped(words, usize::from(inner.width)) {
            if y < inner.bottom() {
                pen::put(buffer, inner.x, y, inner.width, line.trim_start(), style);
            }
            y += 1;
        }
    };
    say(&format!("{}.", setting.about.trim_end_matches('.')), theme.text());
    say("", theme.dim());
    let value = if setting.value.is_empty() { "—" } else { &setting.value };
    say(&format!("now  {value}"), theme.text());
    say(&format!("from  {}", setting.layer), theme.dim());
    match &setting.takes {
        Takes::Flag => say("takes  true or false", theme.dim()),
        Takes::Words(words) => say(&format!("takes  {}", words.join(", ")), theme.dim()),
        Takes::Keys => say("takes  keys parted by commas, as j, ctrl-s, g o; none takes them away", theme.dim()),
        Takes::Text => {}
    }
    say("", theme.dim());
    say(&setting.command(Some(if setting.value.is_empty() { "…" } else { &setting.value })), theme.dim());
}
