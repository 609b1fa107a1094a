//! Control sequences that the engine lacks, gets wrong, or would answer in another's name.

use std::fmt::Write as _;

use rio_vt::ansi::CursorShape as RioCursorShape;
use rio_vt::ansi::mode::{NamedPrivateMode, PrivateMode};
use rio_vt::crosswords::pos::{CharsetIndex, Column, Line};
use rio_vt::crosswords::square::Wide;
use rio_vt::crosswords::{Mode, formatter};
use rio_vt::performer::handler::Handler as _;

use super::csi::Csi;
use super::guard::{Sink, StringKind};
use super::inner::Inner;
use super::query;

impl Sink for Inner {
    fn engine(&mut self, bytes: &[u8]) {
        if !self.extra.looks_at_text() {
            return self.run(bytes);
        }
        let bytes = self.shift_one(bytes);
        for part in bytes.split_inclusive(|b| matches!(b, 0x08 | b'\n' | 0x0b | 0x0c)) {
            match part.split_last() {
                // The engine knows the mode but moves to the next row only.
                Some((b'\n' | 0x0b | 0x0c, _)) if self.extra.newline => {
                    self.run(part);
                    self.run(b"\r");
                }
                Some((0x08, before)) if self.extra.wraps_back() => {
                    self.run(before);
                    self.go_back(1);
                }
                _ => self.run(part),
            }
        }
    }

    fn alone(&mut self, text: &str) {
        let clusters = PrivateMode::Named(NamedPrivateMode::GraphemeCluster);
        if self.extra.looks_at_text() || !self.term.mode().contains(Mode::GRAPHEME_CLUSTER) {
            return self.engine(text.as_bytes());
        }
        // The engine writes whole runs at once when it need not look for clusters.
        self.term.unset_private_mode(clusters);
        self.run(text.as_bytes());
        self.term.set_private_mode(clusters);
    }

    fn csi(&mut self, csi: &Csi) -> bool {
        match (csi.end, csi.prefix, csi.intermediate) {
            (b'c', prefix, None) => {
                if csi.param(0, 0) == 0
                    && let Some(answer) = query::device_attributes(prefix)
                {
                    self.reply(&answer);
                }
                true
            }
            (b'q', Some(b'>'), None) => {
                if csi.param(0, 0) == 0 {
                    self.reply(&query::version());
                }
                true
            }
            (b'm', Some(b'?'), None) => {
                if csi.param(0, 0) == 4 {
                    let level = self.term.modify_other_keys().unwrap_or(0);
                    self.reply(format!("\x1b[>4;{level}m").as_bytes());
                }
                true
            }
            // Without parameters all key options are reset; `n` turns one off.
            (b'm', Some(b'>'), None) if csi.count == 0 => {
                self.run(b"\x1b[>4;0m");
                true
            }
            (b'n', Some(b'>'), None) => {
                if matches!(csi.param(0, 4), 4) {
                    self.run(b"\x1b[>4;0m");
                }
                true
            }
            (b'n', private, None) => {
                let (row, col) = self.cursor_report();
                if let Some(answer) = query::device_status(private.is_some(), csi.param(0, 0), row, col) {
                    self.reply(&answer);
                }
                true
            }
            (b'p', Some(b'?'), Some(b'$')) => {
                let mode = csi.param(0, 0);
                let Some(set) = self.own_mode(mode) else { return false };
                self.reply(&query::private_mode(mode, set));
                true
            }
            (b'p', None, Some(b'!')) => {
                self.soft_reset();
                true
            }
            (b't', None, None) => match csi.param(0, 0) {
                // The stack of icon names is not one of titles.
                22 | 23 => csi.param(1, 0) == 1,
                what => {
                    if let Some(answer) = query::window(what, self.size()) {
                        self.reply(&answer);
                    }
                    true
                }
            },
            (b'x', None, None) => {
                if let Some(answer) = query::terminal_parameters(csi.param(0, 0)) {
                    self.reply(&answer);
                }
                true
            }
            (b'S', Some(b'?'), None) => {
                self.reply(&query::no_graphics(csi.param(0, 0)));
                true
            }
            (b'h' | b'l', Some(b'?'), None) => self.set_modes(csi),
            (b'h' | b'l', None, None) => {
                if csi.params().contains(&20) {
                    self.extra.newline = csi.end == b'h';
                }
                false
            }
            (b'r', None, None) => {
                self.set_region(csi);
                false
            }
            (b's', Some(b'?'), None) => {
                self.save_modes(csi);
                true
            }
            (b'r', Some(b'?'), None) => {
                self.restore_modes(csi);
                true
            }
            (b'@' | b'A', None, Some(b' ')) | (b'}' | b'~', None, Some(b'\'')) => {
                self.shift_columns(csi);
                true
            }
            (b'D', None, None) if self.extra.wraps_back() => {
                self.go_back(csi.param(0, 1));
                true
            }
            // Margins at the left and right, which there are none of; the cursor is saved without parameters only.
            (b's', None, None) => csi.count > 0,
            // No cell can be protected, so that selective erasing is erasing.
            (b'J' | b'K', Some(b'?'), None) => {
                self.run(format!("\x1b[{}{}", csi.param(0, 0), char::from(csi.end)).as_bytes());
                true
            }
            (b'J', None, None) => {
                self.erase_above(csi);
                false
            }
            (b'P', None, None) => {
                // The engine would take more characters than there are from the left of the cursor.
                let right = self.term.columns() - self.term.grid.cursor.pos.col.0;
                let count = usize::from(csi.param(0, 1)).min(right);
                self.run(format!("\x1b[{count}P").as_bytes());
                true
            }
            (b'W', Some(b'?'), None) => {
                if csi.param(0, 0) == 5 {
                    self.default_tabs();
                }
                true
            }
            (b'A' | b'B' | b'E' | b'F', None, None) => {
                self.move_in_region(csi);
                true
            }
            _ => false,
        }
    }

    fn escape(&mut self, end: u8) -> bool {
        let screen = usize::from(self.term.mode().contains(Mode::ALT_SCREEN));
        match end {
            b'7' => {
                self.extra.saved_origin[screen] = self.term.mode().contains(Mode::ORIGIN);
                false
            }
            b'8' => {
                let end = if self.extra.saved_origin[screen] { 'h' } else { 'l' };
                self.run(format!("\x1b8\x1b[?6{end}").as_bytes());
                true
            }
            b'Z' => {
                if let Some(answer) = query::device_attributes(None) {
                    self.reply(&answer);
                }
                true
            }
            b'c' => {
                self.reset();
                false
            }
            b'N' | b'O' => {
                self.extra.single_shift = Some(if end == b'N' { CharsetIndex::G2 } else { CharsetIndex::G3 });
                true
            }
            b'n' | b'o' => {
                let set = if end == b'n' { CharsetIndex::G2 } else { CharsetIndex::G3 };
                self.term.set_active_charset(set);
                true
            }
            _ => false,
        }
    }

    fn looks_at_motion(&self) -> bool {
        self.extra.region.is_some() || self.extra.wraps_back()
    }

    fn repeat(&mut self, count: u16) {
        let cells = self.term.columns() * self.term.screen_lines();
        let mut sequence = String::new();
        let _ = write!(sequence, "\x1b[{}b", usize::from(count).min(cells));
        self.run(sequence.as_bytes());
    }

    fn string(&mut self, kind: StringKind, body: &[u8], bell: bool) {
        match kind {
            StringKind::Osc => self.osc(body, bell),
            StringKind::Title => self.set_title(&String::from_utf8_lossy(body)),
            StringKind::Dcs => {
                if let Some(name) = body.strip_prefix(b"$q") {
                    let value = self.setting(name);
                    self.reply(&query::setting(value.as_deref()));
                } else if let Some(names) = body.strip_prefix(b"+q").filter(|names| names.len() <= 4096) {
                    for name in names.split(|b| *b == b';') {
                        self.reply(&query::capability(name));
                    }
                }
            }
            StringKind::Other => {}
        }
    }

    fn marks_at_cursor(&self) -> usize {
        let grid = &self.term.grid;
        let mut col = grid.cursor.pos.col.0;
        if !grid.cursor.should_wrap {
            col = col.saturating_sub(1);
        }
        let row = &grid[grid.cursor.pos.row];
        if row[Column(col)].wide() == Wide::Spacer {
            col = col.saturating_sub(1);
        }
        row[Column(col)]
            .extras_id_checked()
            .and_then(|id| grid.extras_table.get(id))
            .map_or(0, |extras| extras.zerowidth.len())
    }
}

impl Inner {
    /// Row and column of the cursor as reports count them: from 1, from the region's top when the origin is there.
    fn cursor_report(&self) -> (i32, usize) {
        let pos = self.term.grid.cursor.pos;
        (pos.row.0 - self.origin() + 1, pos.col.0 + 1)
    }

    /// The row that row 1 of absolute motion means.
    fn origin(&self) -> i32 {
        match self.extra.region {
            Some((top, _)) if self.term.mode().contains(Mode::ORIGIN) => i32::from(top),
            _ => 0,
        }
    }

    fn set_modes(&mut self, csi: &Csi) -> bool {
        let set = csi.end == b'h';
        let ours = |mode: &u16| matches!(mode, 3 | 5 | 6 | 40 | 45 | 47 | 1045 | 1047 | 1048 | 2026 | 2031 | 2048);
        if !csi.params().iter().any(ours) {
            return false;
        }
        let end = char::from(csi.end);
        for mode in csi.params() {
            match mode {
                2026 => {
                    self.synchronize(set);
                    self.run(format!("\x1b[?2026{end}").as_bytes());
                }
                2031 => self.extra.color_scheme_reports = set,
                2048 => {
                    self.extra.size_reports = set;
                    if set {
                        self.reply(&query::size_report(self.size()));
                    }
                }
                40 => self.extra.column_modes = set,
                45 => self.extra.reverse_wrap = set,
                1045 => self.extra.reverse_wrap_far = set,
                // Unasked for, changing the columns would only wipe the screen.
                3 if !self.extra.column_modes => {}
                3 => {
                    self.extra.region = None;
                    self.run(format!("\x1b[?3{end}\x1b[H").as_bytes());
                }
                5 => {
                    self.extra.reverse = set;
                    self.term.mark_fully_damaged();
                }
                6 => self.run(format!("\x1b[?6{end}\x1b[H").as_bytes()),
                // The engine knows the alternate screen by its newest number only, with which the cursor comes back.
                47 | 1047 => self.switch_screen(set, *mode == 47),
                1048 => {
                    let end = if set { b'7' } else { b'8' };
                    if !self.escape(end) {
                        self.run(&[0x1b, end]);
                    }
                }
                other => self.run(format!("\x1b[?{other}{end}").as_bytes()),
            }
        }
        true
    }

    /// Keeps in mind the scrolling region (DECSTBM), by the engine's own rules.
    fn set_region(&mut self, csi: &Csi) {
        let rows = self.term.screen_lines() as u16;
        let (top, bottom) = (csi.param(0, 1), csi.param(1, rows).min(rows));
        if top < csi.param(1, rows) {
            let whole = top == 1 && bottom == rows;
            self.extra.region = (!whole).then(|| ((top - 1).min(rows), bottom));
        }
    }

    /// Up and down inside a scrolling region: the cursor stops at its margins.
    fn move_in_region(&mut self, csi: &Csi) {
        let pos = self.term.grid.cursor.pos;
        let rows = self.term.screen_lines() as i32;
        let (top, bottom) = self.extra.region.map_or((0, rows), |(top, end)| (i32::from(top), i32::from(end)));
        let count = i32::from(csi.param(0, 1));
        let row = if matches!(csi.end, b'A' | b'F') {
            let stop = if pos.row.0 >= top { top } else { 0 };
            (pos.row.0 - count).max(stop)
        } else {
            let stop = if pos.row.0 < bottom { bottom } else { rows };
            (pos.row.0 + count).min(stop - 1)
        };
        self.run(format!("\x1b[{}d", row - self.origin() + 1).as_bytes());
        if matches!(csi.end, b'E' | b'F') {
            self.run(b"\r");
        }
    }

    /// ED 1 in the second row, where the engine forgets the first.
    fn erase_above(&mut self, csi: &Csi) {
        let row = self.term.grid.cursor.pos.row;
        if csi.param(0, 0) == 1 && row == Line(1) {
            self.term.grid.cursor.pos.row = Line(0);
            self.run(b"\x1b[2K");
            self.term.grid.cursor.pos.row = row;
        }
    }

    /// DECST8C: a tab stop at every eighth column.
    fn default_tabs(&mut self) {
        let at = self.term.grid.cursor.pos.col;
        self.run(b"\x1b[3g");
        for col in (8..self.term.columns()).step_by(8) {
            self.term.grid.cursor.pos.col = Column(col);
            self.run(b"\x1bH");
        }
        self.term.grid.cursor.pos.col = at;
    }

    /// DECSTR: modes and attributes as at the start; the text stays.
    fn soft_reset(&mut self) {
        let pos = self.term.grid.cursor.pos;
        self.run(b"\x1b[?6l\x1b[r\x1b[m\x1b(B\x1b)B\x0f\x1b[4l\x1b[?1l\x1b[?7h\x1b[?25h\x1b>\x1b7");
        self.run(format!("\x1b[{};{}H", pos.row.0 + 1, pos.col.0 + 1).as_bytes());
        self.extra.region = None;
        self.extra.saved_origin = [false; 2];
        self.synchronize(false);
    }

    /// DECRQSS: the settings that can be told.
    pub(super) fn setting(&self, name: &[u8]) -> Option<String> {
        let (cols, rows) = self.size();
        match name {
            b"m" => {
                let mut sgr = String::new();
                formatter::write_sgr(&mut sgr, &self.term.grid.template_style());
                let first = sgr.split_inclusive('m').next()?;
                first.strip_prefix("\x1b[").map(str::to_owned)
            }
            b" q" => {
                let shape = match self.term.cursor_shape {
                    RioCursorShape::Underline => 4,
                    RioCursorShape::Beam => 6,
                    RioCursorShape::Block | RioCursorShape::Hidden => 2,
                };
                Some(format!("{} q", shape - i32::from(self.term.blinking_cursor)))
            }
            b"r" => {
                let (top, bottom) = self.extra.region.unwrap_or((0, rows));
                Some(format!("{};{bottom}r", top + 1))
            }
            b"t" => Some(format!("{rows}t")),
            b"*|" => Some(format!("{rows}*|")),
            b"$|" => Some(format!("{cols}$|")),
            b"\"p" => Some("62;1\"p".to_owned()),
            b"\"q" => Some("0\"q".to_owned()),
            _ => None,
        }
    }
}
