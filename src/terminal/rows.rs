//! The engine's rows as ours: cells put together to runs.

use std::sync::Arc;

use rio_vt::config::colors::AnsiColor;
use rio_vt::crosswords::Crosswords;
use rio_vt::crosswords::pos::{Column, Line as RioLine};
use rio_vt::crosswords::square::{Square, Wide};
use rio_vt::crosswords::style::{Style as RioStyle, StyleFlags, UnderlineKind};
use rio_vt::event::EventListener;
use unicode_segmentation::UnicodeSegmentation;

use super::screen::{Attrs, Color, Line, Run, Style};

/// Styles of the engine by their numbers, converted once in a pass over rows: numbers are only good until the next output.
#[derive(Debug, Default)]
pub(super) struct Styles {
    by_id: Vec<Option<Style>>,
    reverse: bool,
}

impl Styles {
    /// Begins a pass; `reverse` shows everything inverted.
    pub fn begin(&mut self, reverse: bool) {
        self.by_id.clear();
        self.reverse = reverse;
    }

    fn of<U: EventListener>(&mut self, term: &Crosswords<U>, cell: &Square) -> Style {
        let Some(id) = cell.style_id_checked().map(usize::from) else {
            return self.convert(&term.grid.style_of(cell));
        };
        if let Some(Some(style)) = self.by_id.get(id) {
            return *style;
        }
        let style = self.convert(&term.grid.style_of(cell));
        if self.by_id.len() <= id {
            self.by_id.resize(id + 1, None);
        }
        self.by_id[id] = Some(style);
        style
    }

    fn blank(&self, bg: Color) -> Style {
        let attrs = if self.reverse { Attrs::INVERSE } else { Attrs::default() };
        Style { bg, attrs, ..Style::default() }
    }

    fn convert(&self, style: &RioStyle) -> Style {
        let mut style = convert_style(style);
        if self.reverse {
            style.attrs.0 ^= Attrs::INVERSE.0;
        }
        style
    }
}

/// One row as runs; negative rows are history.
pub(super) fn line<U: EventListener>(term: &Crosswords<U>, row: i32, styles: &mut Styles) -> Line {
    let grid = &term.grid;
    let source = &grid[RioLine(row)];
    let cols = term.columns();
    let mut line = Line::default();
    let mut builder = Builder { runs: &mut line.runs, open: false, last: '\0' };
    // Blank cells are held back until something follows them: a row ends with its last visible cell.
    let mut blanks = 0u16;
    let mut col = 0;
    // Neighbours mostly share their style.
    let (mut bits, mut style) = (None, Style::default());
    while col < cols {
        let cell = &source[Column(col)];
        let wide = cell.wide() == Wide::Wide && col + 1 < cols;
        let c = match cell.c() {
            _ if matches!(cell.wide(), Wide::Spacer | Wide::LeadingSpacer) => ' ',
            c if c.is_control() => ' ',
            c => c,
        };
        let extras = cell.extras_id_checked().and_then(|id| grid.extras_table.get(id));
        col += if wide { 2 } else { 1 };
        let id = cell.style_id_checked();
        if id.is_none() || id != bits {
            style = styles.of(term, cell);
            bits = id;
        }
        // What was erased has the background only: no underline, nothing inverted.
        let style = if cell.c() == '\0' && extras.is_none() { styles.blank(style.bg) } else { style };
        if c == ' ' && extras.is_none() && style == Style::default() {
            blanks += 1;
            continue;
        }
        if blanks > 0 {
            builder.blanks(std::mem::take(&mut blanks));
        }
        let marks = extras.map_or(&[][..], |extras| extras.zerowidth.as_slice());
        let link = extras.and_then(|extras| extras.hyperlink.as_ref()).map(|link| link.uri());
        builder.push(c, marks, style, if wide { 2 } else { 1 }, link);
    }
    line.wrapped = cols > 0 && source[Column(cols - 1)].wrapline();
    line
}

/// Puts cells together to runs.
struct Builder<'a> {
    runs: &'a mut Vec<Run>,
    /// Whether the last run takes further cells.
    open: bool,
    last: char,
}

impl Builder<'_> {
    /// Columns of spaces in the default style.
    fn blanks(&mut self, count: u16) {
        self.push(' ', &[], Style::default(), 1, None);
        if let Some(run) = self.runs.last_mut() {
            run.text.extend(std::iter::repeat_n(' ', usize::from(count) - 1));
            run.cols += count - 1;
        }
    }

    fn push(&mut self, c: char, marks: &[char], style: Style, cols: u16, link: Option<&str>) {
        let alone = !marks.is_empty() || !measures(c, cols);
        let joins = self.open
            && !alone
            && stands_apart(self.last, c)
            && self.runs.last().is_some_and(|run| run.style == style && run.link.as_deref() == link);
        if joins {
            if let Some(run) = self.runs.last_mut() {
                run.text.push(c);
                run.cols += cols;
            }
        } else {
            let mut run = Run { text: String::new(), style, cols, link: link.map(Arc::from) };
            run.text.push(c);
            run.text.extend(marks);
            self.runs.push(run);
        }
        self.open = !alone;
        self.last = c;
    }
}

/// Whether `c` takes the columns that measuring it says.
fn measures(c: char, cols: u16) -> bool {
    c.is_ascii() || unicode_width::UnicodeWidthChar::width(c) == Some(usize::from(cols))
}

/// Whether `c` after `last` is a grapheme of its own.
fn stands_apart(last: char, c: char) -> bool {
    let plain = |c: char| matches!(c, ' '..='~' | '\u{a1}'..='\u{ac}' | '\u{ae}'..='\u{2ff}' | '\u{370}'..='\u{482}' | '\u{2190}'..='\u{2fff}' | '\u{3041}'..='\u{3096}' | '\u{4e00}'..='\u{9fff}');
    if plain(last) && plain(c) {
        return true;
    }
    let mut buffer = String::with_capacity(8);
    buffer.push(last);
    buffer.push(c);
    buffer.graphemes(true).count() == 2
}

fn convert_style(style: &RioStyle) -> Style {
    let flags = style.flags;
    let mut attrs = Attrs::default();
    for (flag, attr) in [
        (StyleFlags::BOLD, Attrs::BOLD),
        (StyleFlags::DIM, Attrs::DIM),
        (StyleFlags::ITALIC, Attrs::ITALIC),
        (StyleFlags::ALL_BLINK, Attrs::BLINK),
        (StyleFlags::INVERSE, Attrs::INVERSE),
        (StyleFlags::HIDDEN, Attrs::HIDDEN),
        (StyleFlags::STRIKEOUT, Attrs::STRIKE),
    ] {
        if flags.intersects(flag) {
            attrs = attrs.with(attr);
        }
    }
    attrs = match flags.underline_kind() {
        None => attrs,
        Some(UnderlineKind::Single) => attrs.with(Attrs::UNDERLINE),
        Some(UnderlineKind::Double) => attrs.with(Attrs::DOUBLE_UNDERLINE),
        Some(UnderlineKind::Curly) => attrs.with(Attrs::CURLY_UNDERLINE),
        Some(UnderlineKind::Dotted) => attrs.with(Attrs::DOTTED_UNDERLINE),
        Some(UnderlineKind::Dashed) => attrs.with(Attrs::DASHED_UNDERLINE),
    };
    Style {
        fg: convert_color(style.fg),
        bg: convert_color(style.bg),
        underline_color: style.underline_color.map_or(Color::Default, convert_color),
        attrs,
    }
}

fn convert_color(color: AnsiColor) -> Color {
    match color {
        AnsiColor::Indexed(index) => Color::Indexed(index),
        AnsiColor::Spec(rgb) => Color::Rgb(rgb.r, rgb.g, rgb.b),
        AnsiColor::Named(named) if (named as usize) < 16 => Color::Indexed(named as u8),
        AnsiColor::Named(_) => Color::Default,
    }
}
