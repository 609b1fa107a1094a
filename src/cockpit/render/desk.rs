//! Mail, and a merge request with its log.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::base::text::{fit, width as columns_of};
use crate::view::Tone;

use super::super::app::App;
use super::super::layout::below_title;
use super::dialogs::{flowing, wrapped};
use super::lists::{self, advice, select_row};
use super::pen::{self, Piece};
use super::{age, divider, terminal};

/// The person's mail: the list, and the selected message.
pub(super) fn mail(app: &App, buffer: &mut Buffer) {
    let theme = &app.theme;
    let area = app.layout.list;
    let letters = app.mail.as_deref().unwrap_or_default();
    let unread = letters.iter().filter(|letter| !letter.read).count();
    let note = match (letters.len(), unread) {
        (0, _) => String::new(),
        (all, 0) => format!("{all} read"),
        (all, unread) => format!("{unread} unread of {all}"),
    };
    let note = lists::marked_of(&app.marked_mail, &note);
    pen::rule(buffer, area, theme.rule(), &[("mail", theme.accent())], &[(&note, theme.dim())]);
    let rows = below_title(area);
    if letters.is_empty() {
        let words = if app.mail.is_none() {
            "Reading the mail …"
        } else {
            "No mail. Agents that need you for longer write here."
        };
        advice(app, buffer, rows, words);
    }
    let senders = letters.iter().map(|letter| columns_of(&letter.from)).max().unwrap_or(6).min(20);
    for ((index, letter), y) in letters.iter().enumerate().skip(app.scroll.list).zip(rows.y..rows.bottom()) {
        let row = Rect { y, height: 1, ..rows };
        let from = fit(&letter.from, senders);
        let urgent = matches!(letter.priority.as_str(), "urgent" | "high");
        let mark = match (letter.read, urgent) {
            (false, true) => ("▲", theme.tone(Tone::Calls)),
            (false, false) => ("●", theme.tone(Tone::Moves)),
            (true, _) => (" ", theme.dim()),
        };
        let style = if letter.read { theme.dim() } else { theme.text() };
        let when = format!("{:>4} ", age(letter.at, app.now));
        let right = row.right().saturating_sub(pen::width(&[(&when, theme.dim())]));
        let left: [Piece<'_>; 6] = [
            (" ", style),
            mark,
            lists::mark(app, &app.marked_mail, &letter.id),
            (&from, theme.dim()),
            ("  ", theme.dim()),
            (&letter.subject, style),
        ];
        pen::pieces(buffer, row.x, y, right.saturating_sub(row.x + 1), &left);
        pen::put(buffer, right, y, row.right() - right, &when, theme.dim());
        if index == app.letter {
            select_row(app, buffer, row, app.overlay.is_none());
        }
    }
    let area = app.layout.reading;
    let Some(letter) = letters.get(app.letter) else { return };
    pen::rule(buffer, area, theme.rule(), &[(&letter.subject, theme.strong())], &[(&letter.id, theme.dim())]);
    let rows = below_title(area);
    let inner = Rect { x: rows.x + 2, width: rows.width.saturating_sub(4), ..rows };
    let when = super::day_and_time(letter.at);
    let state = if letter.read { "read" } else { "not read yet" };
    let head: [Piece<'_>; 4] =
        [("from ", theme.dim()), (&letter.from, theme.text()), ("   ", theme.dim()), (&when, theme.dim())];
    let end = pen::pieces(buffer, inner.x, inner.y, inner.width, &head);
    pen::pieces_right(buffer, inner, end + 1, &[(state, theme.dim())]);
    let body = Rect { y: inner.y + 2, height: inner.height.saturating_sub(2), ..inner };
    let lines: Vec<String> = letter.body.lines().flat_map(|line| flowing(line, usize::from(body.width))).collect();
    let first = app.scroll.log.min(lines.len().saturating_sub(usize::from(body.height)));
    for (line, y) in lines.iter().skip(first).zip(body.y..body.bottom()) {
        pen::put(buffer, body.x, y, body.width, line, theme.text());
    }
    super::more(app, buffer, body, lines.len().saturating_sub(first + usize::from(body.height)));
    divider(app, buffer);
}

/// The selected merge request with the end of its log, which grows while its gate runs.
pub(super) fn request(app: &App, buffer: &mut Buffer) {
    let theme = &app.theme;
    let area = app.layout.reading;
    if area.height == 0 {
        return;
    }
    let entry = app.selected_request();
    let shown = app.request.as_deref().filter(|request| entry.is_some_and(|entry| entry.id == request.id));
    let Some(request) = shown else {
        pen::rule(buffer, area, theme.rule(), &[("log", theme.dim())], &[]);
        return;
    };
    let (words, tone) = super::views::state_words(&request.state);
    let head: String = request.head.chars().take(7).collect();
    let tried = if request.retries > 0 { format!(" · tried again {}×", request.retries) } else { String::new() };
    let live = if super::views::is_live(&request.state) { " · live" } else { "" };
    let back = if app.scroll.log > 0 { format!(" · {} lines up", app.scroll.log) } else { live.to_owned() };
    let branch = if area.width < 100 { "" } else { request.branch.as_str() };
    let note = format!("{branch} → {} {head}{tried}{back}", request.target);
    pen::rule(
        buffer,
        area,
        theme.rule(),
        &[(&request.source, theme.strong()), ("  ", theme.dim()), (words, theme.tone(tone))],
        &[(&note, theme.dim())],
    );
    let rows = below_title(area);
    let mut y = rows.y;
    for line in
        wrapped(&request.reason, usize::from(rows.width.saturating_sub(4))).iter().filter(|line| !line.is_empty())
    {
        if y < rows.bottom() {
            pen::put(buffer, rows.x + 2, y, rows.width.saturating_sub(3), line, theme.tone(tone));
            y += 1;
        }
    }
    if request.log.is_empty() {
        let rest = Rect { y, height: rows.bottom().saturating_sub(y), ..rows };
        advice(app, buffer, rest, "No log yet. What the gate prints appears here while it runs.");
        return;
    }
    let room = usize::from(rows.bottom().saturating_sub(y));
    let end = request.log.len().saturating_sub(app.scroll.log.min(request.log.len().saturating_sub(room)));
    let area = Rect { x: rows.x + 1, y, width: rows.width.saturating_sub(2), height: rows.bottom().saturating_sub(y) };
    log(app, buffer, area, &request.log[end.saturating_sub(room)..end]);
}

/// The longest line of a log that is coloured; of longer ones no more would be seen anyway.
const LOG_COLUMNS: u16 = 400;

/// Lines of a log with the colours they were written in.
fn log(app: &App, buffer: &mut Buffer, area: Rect, lines: &[String]) {
    if area.height == 0 || area.width == 0 {
        return;
    }
    let rows = u16::try_from(lines.len()).unwrap_or(u16::MAX).max(1);
    let mut emulator = crate::terminal::new_emulator(LOG_COLUMNS, rows, 0);
    // Without wrapping, and with only such sequences as colour: a log is lines, whatever else was written into it.
    emulator.feed(b"\x1b[?7l\x1b[?25l");
    for (index, line) in lines.iter().enumerate() {
        let end = if index + 1 < lines.len() { "\x1b[m\r\n" } else { "" };
        emulator.feed(format!("{}{end}", coloured(line)).as_bytes());
    }
    emulator.refresh(std::time::Instant::now());
    terminal::draw_from(buffer, area, emulator.screen(), (0, 0), &app.theme);
}

/// A line of a log with the sequences that colour it, without all others.
fn coloured(line: &str) -> String {
    let mut out = String::new();
    let mut chars = line.chars().peekable();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            if chars.next_if_eq(&'[').is_some() {
                let mut sequence = String::new();
                let last = chars.by_ref().inspect(|c| sequence.push(*c)).find(|c| ('@'..='~').contains(c));
                if last == Some('m') {
                    out.push_str("\u{1b}[");
                    out.push_str(&sequence);
                }
            }
        } else if c == '\t' {
            out.push_str("    ");
        } else if !c.is_control() {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn of_what_steers_a_terminal_a_log_keeps_the_colours() {
        assert_eq!(super::coloured("\u{1b}[1;32mok\u{1b}[0m\tdone\u{1b}[2J\u{7}"), "\u{1b}[1;32mok\u{1b}[0m    done");
        assert_eq!(super::coloured("\u{1b}]0;title"), "]0;title");
    }
}
