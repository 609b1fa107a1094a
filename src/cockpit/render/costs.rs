//! What the models cost: sums by agent, bead and so on, and day by day.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::super::app::App;
use super::super::costs::{GROUPS, Spent, SpentRow, dollars, tokens};
use super::super::layout::below_title;
use super::super::marks;
use super::lists::{advice, select_row};
use super::pen::{self, Piece};
use crate::base::text::{fit, width as columns_of};

/// Draws the view.
pub(super) fn draw(app: &App, buffer: &mut Buffer) {
    let theme = &app.theme;
    let area = app.layout.list;
    let by = GROUPS.get(app.costs.by).map_or("agent", |(_, name)| *name);
    let note = format!("by {by} · {}", app.costs.span.words());
    pen::rule(buffer, area, theme.rule(), &[("costs", theme.accent())], &[(&note, theme.dim())]);
    let rows = below_title(area);
    let Some(spent) = app.costs.spent.as_deref() else {
        advice(app, buffer, rows, "Adding up what the agents' runtimes wrote down …");
        super::divider(app, buffer);
        return;
    };
    table(app, buffer, rows, spent);
    days(app, buffer, app.layout.reading, spent);
    super::divider(app, buffer);
}

/// `row` as cells of the columns behind the name: dollars, read, cached, written.
fn cells(row: &SpentRow) -> [String; 4] {
    [dollars(row.usd), tokens(row.read), tokens(row.cached), tokens(row.written)]
}

fn table(app: &App, buffer: &mut Buffer, rows: Rect, spent: &Spent) {
    let theme = &app.theme;
    let few = rows.width < 56;
    let names = spent.rows.iter().map(|row| columns_of(&row.key)).max().unwrap_or(0).clamp(6, 40);
    let room = usize::from(rows.width).saturating_sub(if few { 14 } else { 38 });
    let names = names.min(room.max(6));
    let most = spent.rows.iter().filter_map(|row| row.usd).fold(0.0f64, f64::max);
    let line = |buffer: &mut Buffer, y: u16, name: &str, cells: &[String; 4], head: bool| {
        let (own, rest) = if head { (theme.dim(), theme.dim()) } else { (theme.text(), theme.dim()) };
        let name = fit(name, names);
        let money = format!("{:>9}", cells[0]);
        let mut pieces: Vec<Piece<'_>> = vec![("  ", own), (&name, own), (&money, own)];
        let numbers: Vec<String> = cells[1..].iter().map(|cell| format!("{cell:>8}")).collect();
        if !few {
            pieces.extend(numbers.iter().map(|number| (number.as_str(), rest)));
        }
        pen::pieces(buffer, rows.x, y, rows.width, &pieces)
    };
    if spent.rows.is_empty() {
        let words = "Nothing was spent, as far as the agents' runtimes tell. . looks further back.";
        advice(app, buffer, Rect { y: rows.y + 1, ..rows }, words);
        return;
    }
    let head = ["cost", "read", "cached", "written"].map(str::to_owned);
    line(buffer, rows.y, GROUPS.get(spent.by).map_or("", |(_, name)| *name), &head, true);
    let last = rows.bottom().saturating_sub(1);
    for ((index, row), y) in spent.rows.iter().enumerate().skip(app.scroll.list).zip(rows.y + 1..last) {
        let name = if row.key.is_empty() { "without one" } else { &row.key };
        let end = line(buffer, y, name, &cells(row), false);
        let left = rows.right().saturating_sub(end + 3);
        if left >= 8 && most > 0.0 {
            let share = (row.usd.unwrap_or(0.0) / most * 1000.0).round();
            let (filled, rest) = marks::bar(share as usize, 1000, usize::from(left.min(24)));
            let bar: [Piece<'_>; 2] = [(&filled, theme.tone(crate::view::Tone::Moves)), (&rest, theme.rule())];
            pen::pieces(buffer, end + 2, y, left, &bar);
        }
        if index == app.costs.row {
            select_row(app, buffer, Rect { y, height: 1, ..rows }, app.overlay.is_none());
        }
    }
    let count = u16::try_from(spent.rows.len()).unwrap_or(u16::MAX);
    let sum = rows.y.saturating_add(count).saturating_add(2).min(last);
    line(buffer, sum, "together", &cells(&spent.all), false);
}

/// Day by day, then what is not known.
fn days(app: &App, buffer: &mut Buffer, area: Rect, spent: &Spent) {
    let theme = &app.theme;
    if area.height == 0 {
        return;
    }
    pen::rule(buffer, area, theme.rule(), &[("day by day", theme.dim())], &[]);
    let rows = below_title(area);
    let mut y = rows.y;
    let most = spent.days.iter().filter_map(|(_, usd)| *usd).fold(0.0f64, f64::max);
    let unknown = u16::try_from(spent.unknown.len().min(6)).unwrap_or(0);
    let below = if unknown > 0 { unknown + 4 } else { 2 };
    for (day, usd) in &spent.days {
        if y + below > rows.bottom() && y > rows.y {
            break;
        }
        let money = format!("{:>9}  ", dollars(*usd));
        let columns = rows.width.saturating_sub(25).min(40);
        let share = if most > 0.0 { (usd.unwrap_or(0.0) / most * 1000.0).round() } else { 0.0 };
        let (filled, rest) = marks::bar(share as usize, 1000, usize::from(columns));
        let line: [Piece<'_>; 5] = [
            (" ", theme.dim()),
            (day, theme.dim()),
            (&money, theme.text()),
            (&filled, theme.tone(crate::view::Tone::Moves)),
            (&rest, theme.rule()),
        ];
        pen::pieces(buffer, rows.x, y, rows.width, &line);
        y += 1;
    }
    let mut say = |words: &str| {
        if y < rows.bottom() {
            pen::put(buffer, rows.x + 1, y, rows.width.saturating_sub(2), words, theme.dim());
        }
        y += 1;
    };
    say("");
    if !spent.unknown.is_empty() {
        say("not known, because these tell no tokens:");
        for (agent, preset) in spent.unknown.iter().take(6) {
            say(&format!("  {agent} ({preset})"));
        }
        say("");
    }
    if spent.all.unpriced > 0 {
        say(&format!("{} tokens have no known price", tokens(spent.all.unpriced)));
    }
    if !spent.prices.is_empty() {
        say(&format!("prices of {}", spent.prices));
        say("settings/prices.toml changes them");
    }
}
