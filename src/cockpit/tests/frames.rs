//! Frames as snapshots: the text at four sizes, and below it which style stands where and what that style is in every theme.

use std::collections::HashMap;
use std::fmt::Write;

use ratatui::buffer::Cell;

use super::*;
use crate::cockpit::theme::NAMES;

/// From the smallest screen to a large one.
pub const SIZES: [(u16, u16); 4] = [(60, 16), (80, 24), (120, 40), (200, 60)];

/// Holds what `make` makes at every size, in every theme, to the snapshots called `name`.
pub fn hold(name: &str, make: impl Fn(u16, u16) -> Bench) {
    for (columns, rows) in SIZES {
        insta::assert_snapshot!(format!("{name}_{columns}x{rows}"), frame(make(columns, rows)));
    }
}

/// The frame as text and styles. What it says is the same in every theme.
fn frame(mut bench: Bench) -> String {
    let mut buffers = Vec::new();
    for name in NAMES {
        bench.app.theme = Theme::named(name, Depth::True).unwrap();
        buffers.push(bench.draw());
    }
    let text = text_of(&buffers[0]);
    for (name, buffer) in NAMES.iter().zip(&buffers) {
        assert_eq!(text_of(buffer), text, "{name} says something else than {}", NAMES[0]);
    }
    text + &styles(&buffers)
}

/// Letters for styles, those of most frames first.
const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ!#$%&*+-./:;<=>?@^_~";

/// The same frame in several themes: row by row `count letter` of runs of one style, `=count` for rows like the one above; then what
/// each letter is in each theme, without the ground when that is the theme's own.
fn styles(buffers: &[Buffer]) -> String {
    let area = buffers[0].area;
    let mut letters: HashMap<Vec<String>, char> = HashMap::new();
    let mut legend: Vec<(char, Vec<String>)> = Vec::new();
    let mut free = LETTERS.chars();
    let mut rows: Vec<(String, usize)> = Vec::new();
    for y in 0..area.height {
        let mut runs: Vec<(char, usize)> = Vec::new();
        for x in 0..area.width {
            let looks: Vec<String> =
                buffers.iter().map(|buffer| look(&buffer[(x, y)], buffer[(area.width - 1, 0)].bg)).collect();
            let letter = *letters.entry(looks).or_insert_with_key(|looks| {
                let letter = free.next().expect("a frame has fewer styles than there are letters");
                legend.push((letter, looks.clone()));
                letter
            });
            match runs.last_mut() {
                Some((last, count)) if *last == letter => *count += 1,
                _ => runs.push((letter, 1)),
            }
        }
        let row: String = runs.into_iter().map(|(letter, count)| format!("{count}{letter}")).collect();
        match rows.last_mut() {
            Some((last, count)) if *last == row => *count += 1,
            _ => rows.push((row, 1)),
        }
    }
    let mut out = String::from("== styles\n");
    for (row, count) in rows {
        let again = if count > 1 { format!(" ={count}") } else { String::new() };
        let _ = writeln!(out, "{row}{again}");
    }
    let _ = writeln!(out, "== {}", NAMES.join(" | "));
    for (letter, looks) in legend {
        let _ = writeln!(out, "{letter} {}", looks.join(" | "));
    }
    out
}

fn look(cell: &Cell, ground: ratatui::style::Color) -> String {
    let mut out = cell.fg.to_string();
    if cell.bg != ground {
        let _ = write!(out, " on {}", cell.bg);
    }
    if !cell.modifier.is_empty() {
        let _ = write!(out, " {:?}", cell.modifier);
    }
    out
}

#[test]
fn a_snapshot_changes_with_a_letter_a_colour_or_a_modifier_of_one_cell_in_one_theme() {
    use ratatui::style::{Color, Modifier, Style};
    let buffers = || vec![Bench::new(80, 24).draw(), Bench::new(80, 24).draw()];
    let before = styles(&buffers());
    for style in [Style::new().fg(Color::Red), Style::new().bg(Color::Red), Style::new().add_modifier(Modifier::ITALIC)]
    {
        let mut changed = buffers();
        changed[1][(40, 12)].set_style(style);
        assert_ne!(styles(&changed), before, "{style:?}");
    }
    let mut down = Bench::new(80, 24);
    down.keys("j");
    assert_ne!(frame(down), frame(Bench::new(80, 24)), "another row is selected");
}
