//! The hooks view: hooks, what happened on the selected one, and what it changes, in colours.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::base::text::{fit, width as columns_of};
use crate::repo::{Change, FilePatch, LineKind};
use crate::view::{HookPicture, HookRow, Tone};
use crate::work::hook_review::{Step, StepKind};

use super::super::app::App;
use super::super::hooks::{DiffRow, Part};
use super::super::layout::below_title;
use super::super::marks;
use super::super::review::Review;
use super::super::update;
use super::lists::{advice, select_row};
use super::pen::{self, Piece};
use super::{age, binary, divider, words};

/// Draws the view.
pub(super) fn draw(app: &App, buffer: &mut Buffer) {
    list(app, buffer);
    steps(app, buffer);
    files(app, buffer);
    about(app, buffer);
    diff(app, buffer);
    divider(app, buffer);
}

fn focused(app: &App, part: Part) -> bool {
    app.hooks.part == part && app.overlay.is_none()
}

fn title_style(app: &App, part: Part) -> Style {
    if focused(app, part) { app.theme.accent() } else { app.theme.dim() }
}

/// The shape and the words of a hook's state.
fn state(app: &App, row: &HookRow) -> (&'static str, String, Style) {
    let theme = &app.theme;
    if !row.present && row.state != "archived" {
        return ("✗", "worktree gone".to_owned(), theme.tone(Tone::Bad));
    }
    if let Some(agent) = app.town.agent(&row.agent).filter(|agent| agent.session.is_some() && row.state == "active") {
        return (marks::glyph(agent.state), marks::word(agent.state).to_owned(), theme.state(agent.state));
    }
    match row.state.as_str() {
        "active" => ("●", "active".to_owned(), theme.tone(Tone::Good)),
        "suspended" => ("◌", "suspended".to_owned(), theme.tone(Tone::Calls)),
        "completed" => {
            let merge = app.town.agent(&row.agent).and_then(|agent| agent.merge.clone());
            ("✓", merge.unwrap_or_else(|| "handed in".to_owned()), theme.tone(Tone::Moves))
        }
        "archived" => ("·", "put away".to_owned(), theme.dim()),
        other => ("○", other.to_owned(), theme.dim()),
    }
}

fn list(app: &App, buffer: &mut Buffer) {
    let area = app.layout.list;
    if area.height == 0 {
        return;
    }
    let theme = &app.theme;
    let rows = app.hooks.rows.as_deref().unwrap_or_default();
    let note = match (rows.len(), app.hooks.archived) {
        (0, _) => String::new(),
        (1, false) => "1 worktree".to_owned(),
        (count, false) => format!("{count} worktrees"),
        (count, true) => format!("{count} with those put away"),
    };
    pen::rule(buffer, area, theme.rule(), &[("hooks", title_style(app, Part::List))], &[(&note, theme.dim())]);
    let inner = below_title(area);
    if rows.is_empty() {
        let words = if app.hooks.rows.is_none() {
            vec!["Reading the hooks …"]
        } else if app.hooks.all.iter().flatten().next().is_some() {
            vec!["No hook matches the filter; esc shows all."]
        } else {
            vec!["No hook yet: a hook is a worktree with work on it.", "s slings some; . shows those put away"]
        };
        for (line, y) in words.iter().zip(inner.y..inner.bottom()) {
            advice(app, buffer, Rect { y, height: 1, ..inner }, line);
        }
        return;
    }
    let names = rows.iter().map(|row| columns_of(&row.name)).max().unwrap_or(4).min(12);
    let states = rows.iter().map(|row| columns_of(&state(app, row).1)).max().unwrap_or(6).min(18);
    let rigs = rows.iter().map(|row| columns_of(&row.rig)).max().unwrap_or(4).min(10);
    for (row, y) in rows.iter().skip(app.hooks.scroll).zip(inner.y..inner.bottom()) {
        let place = Rect { y, height: 1, ..inner };
        let (glyph, words, style) = state(app, row);
        let (name, rig) = (fit(&row.name, names), fit(&row.rig, rigs));
        let remarks = app.memory.reviews.get(&row.agent).map_or(0, |review| review.remarks.len());
        let remarks = if remarks > 0 { format!("✎ {remarks}  ") } else { String::new() };
        let since = row.since.map(|since| age(since, app.now)).unwrap_or_default();
        let words = fit(&words, states);
        let since = format!("{since:>4} ");
        let right: [Piece<'_>; 3] = [(&remarks, theme.tone(Tone::Calls)), (&words, style), (&since, theme.dim())];
        let start = place.right().saturating_sub(pen::width(&right));
        let mut left: Vec<Piece<'_>> = vec![
            (" ", theme.text()),
            (glyph, style),
            (" ", theme.text()),
            (&name, theme.strong()),
            (" ", theme.text()),
        ];
        if place.width >= 60 {
            left.extend([(rig.as_str(), theme.dim()), (" ", theme.text())]);
        }
        left.push((if row.title.is_empty() { &row.bead } else { &row.title }, theme.text()));
        pen::pieces(buffer, place.x, y, start.saturating_sub(place.x + 1), &left);
        pen::pieces(buffer, start, y, place.right() - start, &right);
        if Some(&row.agent) == app.hooks.selected.as_ref() {
            select_row(app, buffer, place, focused(app, Part::List));
        }
    }
}

fn steps(app: &App, buffer: &mut Buffer) {
    let area = app.layout.members;
    if area.height == 0 {
        return;
    }
    let theme = &app.theme;
    let steps = app.hooks.steps();
    let snapshots = steps.iter().filter(|step| step.kind == StepKind::Snapshot).count();
    let commits = steps.iter().filter(|step| step.kind == StepKind::Commit).count();
    let note = if steps.is_empty() {
        String::new()
    } else {
        let many = |count: usize, word: &str| if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") };
        format!("{} · {}", many(commits, "commit"), many(snapshots, "snapshot"))
    };
    pen::rule(buffer, area, theme.rule(), &[("history", title_style(app, Part::Steps))], &[(&note, theme.dim())]);
    let inner = below_title(area);
    let Some(picture) = app.hooks.shown() else {
        if app.hooks.selected.is_some() {
            advice(app, buffer, inner, "Reading its history …");
        }
        return;
    };
    for ((index, step), y) in steps.iter().enumerate().skip(app.hooks.step_scroll).zip(inner.y..inner.bottom()) {
        let place = Rect { y, height: 1, ..inner };
        step_row(app, buffer, place, picture, step);
        if index == app.hooks.step {
            select_row(app, buffer, place, focused(app, Part::Steps));
        }
    }
}

/// The files that differ, in short.
fn files(app: &App, buffer: &mut Buffer) {
    let area = app.layout.files;
    if area.height == 0 {
        return;
    }
    let theme = &app.theme;
    let files = app.hooks.files();
    let rows = below_title(area);
    let more = files.len().saturating_sub(usize::from(rows.height));
    let note = if more > 0 { format!("{more} more") } else { String::new() };
    pen::rule(buffer, area, theme.rule(), &[("files", theme.dim())], &[(&note, theme.dim())]);
    let review = update::review(app);
    let here = app.hooks.diff(&review).get(app.hooks.row).map(|row| row.file());
    for ((index, file), y) in files.iter().enumerate().zip(rows.y..rows.bottom()) {
        let place = Rect { y, height: 1, ..rows };
        let fine = !file.hunks.is_empty() && file.hunks.iter().all(|hunk| review.is_fine(file, hunk));
        let (plus, minus) = counts(file);
        let right: [Piece<'_>; 3] = [
            (if file.binary { "binary " } else { "" }, theme.dim()),
            (&plus, theme.tone(Tone::Good)),
            (&minus, theme.tone(Tone::Bad)),
        ];
        let start = place.right().saturating_sub(pen::width(&right));
        let (directory, name) =
            file.path.rsplit_once('/').map_or(("", file.path.as_str()), |(path, name)| (path, name));
        let directory = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let mark = if fine { "✓" } else { " " };
        let left: [Piece<'_>; 4] =
            [(mark, theme.tone(Tone::Good)), ("  ", theme.text()), (&directory, theme.dim()), (name, theme.text())];
        pen::pieces(buffer, place.x + 1, y, start.saturating_sub(place.x + 2), &left);
        pen::pieces(buffer, start, y, place.right() - start, &right);
        if here == Some(index) && app.hooks.part == Part::Diff {
            select_row(app, buffer, place, false);
        }
    }
}

/// Where its files are and what they are for.
fn about(app: &App, buffer: &mut Buffer) {
    let area = app.layout.about;
    let (Some(picture), Some(row)) = (app.hooks.shown(), app.hooks.line()) else { return };
    if area.height == 0 {
        return;
    }
    let theme = &app.theme;
    pen::rule(buffer, area, theme.rule(), &[("about", theme.dim())], &[]);
    let mut lines: Vec<(&str, String, Style)> = Vec::new();
    if !row.bead.is_empty() {
        lines.push(("bead", format!("{}  {}", row.bead, row.title), theme.text()));
    }
    lines.push(("agent", picture.agent.clone(), theme.text()));
    lines.push(("branch", format!("{} → {}", picture.branch, picture.target), theme.text()));
    lines.push(("files", picture.worktree.clone(), theme.dim()));
    lines.extend(picture.problems.iter().map(|problem| ("", problem.clone(), theme.tone(Tone::Bad))));
    let rows = below_title(area);
    for ((word, text, style), y) in lines.iter().zip(rows.y..rows.bottom()) {
        let word = fit(word, 6);
        let line: [Piece<'_>; 4] = [(" ", theme.dim()), (&word, theme.dim()), ("  ", theme.dim()), (text, *style)];
        pen::pieces(buffer, rows.x, y, rows.width.saturating_sub(1), &line);
    }
}

fn step_row(app: &App, buffer: &mut Buffer, place: Rect, picture: &HookPicture, step: &Step) {
    let theme = &app.theme;
    let time = step.at.map_or_else(|| "  now".to_owned(), |at| at.hour_minute());
    let short: String = step.id.chars().take(7).collect();
    let (glyph, style, kind) = match step.kind {
        StepKind::Now => ("▸", theme.tone(Tone::Moves), String::new()),
        StepKind::Commit => ("●", theme.tone(Tone::Good), short),
        StepKind::Snapshot => ("◇", theme.dim(), step.number.map(|number| format!("#{number}")).unwrap_or_default()),
        StepKind::Start => ("┴", theme.dim(), short),
    };
    let words = match step.kind {
        StepKind::Now => match (picture.dirty, picture.conflicts) {
            (0, _) => "all committed".to_owned(),
            (1, 0) => "1 file not committed".to_owned(),
            (count, 0) => format!("{count} files not committed"),
            (count, conflicts) => format!("{count} files not committed, {conflicts} in conflict"),
        },
        StepKind::Start => format!("from {}: {}", picture.target, step.words),
        StepKind::Commit | StepKind::Snapshot => step.words.clone(),
    };
    let kind = if step.kind == StepKind::Now { String::new() } else { format!("{} ", fit(&kind, 7)) };
    let (plus, minus) = match step.change {
        Some((added, removed, files)) if files > 0 => (format!("+{added}"), format!(" −{removed} ")),
        _ => (String::new(), String::new()),
    };
    let right: [Piece<'_>; 2] = [(&plus, theme.tone(Tone::Good)), (&minus, theme.tone(Tone::Bad))];
    let start = place.right().saturating_sub(pen::width(&right));
    let left: [Piece<'_>; 7] = [
        (" ", theme.dim()),
        (&time, theme.dim()),
        (" ", theme.dim()),
        (glyph, style),
        (" ", theme.dim()),
        (&kind, theme.dim()),
        (&words, if step.kind == StepKind::Snapshot { theme.dim() } else { theme.text() }),
    ];
    pen::pieces(buffer, place.x, place.y, start.saturating_sub(place.x + 1), &left);
    pen::pieces(buffer, start, place.y, place.right() - start, &right);
}

/// Where the hook stands, for the title: its place in the merge queue, how far it is from its target.
fn standing(app: &App, picture: &HookPicture) -> String {
    let mut parts = Vec::new();
    for rig in &app.town.rigs {
        let place = rig.queue.iter().position(|entry| entry.worker == picture.agent);
        if let Some(place) = place {
            let (words, _) = super::views::state_words(&rig.queue[place].state);
            parts.push(format!("merge queue {} of {}: {words}", place + 1, rig.queue.len()));
        }
    }
    if let Some((ahead, behind)) = picture.apart {
        if ahead > 0 {
            parts.push(format!("{ahead} ahead"));
        }
        if behind > 0 {
            parts.push(format!("{behind} behind"));
        }
    }
    parts.join(" · ")
}

fn diff(app: &App, buffer: &mut Buffer) {
    let area = app.layout.reading;
    if area.height == 0 {
        return;
    }
    let theme = &app.theme;
    let Some(picture) = app.hooks.shown() else {
        let words = if app.hooks.selected.is_some() { "Reading what it changes …" } else { "" };
        pen::rule(buffer, area, theme.rule(), &[("changes", title_style(app, Part::Diff))], &[]);
        advice(app, buffer, below_title(area), words);
        return;
    };
    let review = update::review(app);
    let since = match app.hooks.chosen_step() {
        Some(step) if step.kind == StepKind::Snapshot => {
            format!("since snapshot {}", step.number.unwrap_or_default())
        }
        Some(step) if step.kind == StepKind::Commit => format!("since {}", step.id.get(..7).unwrap_or(&step.id)),
        _ => format!("against {}", picture.target),
    };
    if app.hooks.current().is_none() {
        let title = [(since.as_str(), title_style(app, Part::Diff))];
        pen::rule(buffer, area, theme.rule(), &title, &[]);
        advice(app, buffer, below_title(area), "Reading what has changed …");
        return;
    }
    let patch = &picture.patch;
    let hunks = patch.files.iter().flat_map(|file| file.hunks.iter().map(move |hunk| (file, hunk)));
    let (mut all, mut fine) = (0usize, 0usize);
    for (file, hunk) in hunks {
        all += 1;
        fine += usize::from(review.is_fine(file, hunk));
    }
    let files = if patch.files.len() == 1 { "1 file".to_owned() } else { format!("{} files", patch.files.len()) };
    let (plus, minus) = (format!("  +{}", patch.added), format!(" −{}", patch.removed));
    let name = picture.agent.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let mut title: Vec<Piece<'_>> =
        vec![(name, title_style(app, Part::Diff)), (" ", theme.dim()), (&since, theme.dim())];
    let right = if app.hooks.left > 0 { format!("  ›{}", app.hooks.left + 1) } else { String::new() };
    let seen = if fine > 0 { format!("  ✓ {fine} of {all}") } else { String::new() };
    let files = if area.width >= 84 { format!("  {files}") } else { String::new() };
    if !patch.files.is_empty() {
        title.extend([
            (plus.as_str(), theme.tone(Tone::Good)),
            (minus.as_str(), theme.tone(Tone::Bad)),
            (seen.as_str(), theme.tone(Tone::Good)),
            (right.as_str(), theme.dim()),
            (files.as_str(), theme.dim()),
        ]);
    }
    let standing = standing(app, picture);
    pen::rule(buffer, area, theme.rule(), &title, &[(&standing, theme.dim())]);
    let inner = below_title(area);
    let mut rows = inner;
    if patch.files.is_empty() {
        for problem in &picture.problems {
            advice(app, buffer, Rect { height: 1.min(rows.height), ..rows }, problem);
            rows = below_title(rows);
        }
        let words = match (app.hooks.from().is_some(), picture.problems.is_empty()) {
            (true, _) => "Nothing has changed since.".to_owned(),
            (false, true) => format!("Nothing differs from {} yet.", picture.target),
            (false, false) => String::new(),
        };
        advice(app, buffer, rows, &words);
        return;
    }
    let all = app.hooks.diff(&review);
    let digits = digits(picture);
    let range = app.hooks.mark.map(|mark| (mark.min(app.hooks.row), mark.max(app.hooks.row)));
    for ((index, row), y) in all.iter().enumerate().skip(app.hooks.top).zip(inner.y..inner.bottom()) {
        let place = Rect { y, height: 1, ..inner };
        diff_row(app, buffer, place, *row, &review, digits);
        let chosen = range.is_some_and(|(from, to)| (from..=to).contains(&index));
        if index == app.hooks.row && (focused(app, Part::Diff) || app.overlay.is_some()) {
            select_row(app, buffer, place, focused(app, Part::Diff));
        } else if chosen {
            buffer[(place.x, y)].set_symbol("┃").set_style(theme.accent());
        }
    }
}

/// How wide line numbers are.
fn digits(picture: &HookPicture) -> usize {
    let ends = picture.patch.files.iter().flat_map(|file| file.hunks.last()).map(|hunk| {
        let last = (hunk.old.0 + hunk.old.1).max(hunk.new.0 + hunk.new.1);
        last.to_string().len()
    });
    ends.max().unwrap_or(3).max(3)
}

fn diff_row(app: &App, buffer: &mut Buffer, place: Rect, row: DiffRow, review: &Review, digits: usize) {
    let theme = &app.theme;
    let Some(file) = app.hooks.file(row.file()) else { return };
    match row {
        DiffRow::File(_) => file_row(app, buffer, place, file, review),
        DiffRow::About(_) => {
            let words = match (file.binary, file.cut) {
                (true, _) => binary::words(file),
                (_, cut) if cut > 0 => format!("{cut} more lines are not shown: gt hooks diff shows all"),
                _ if file.what == Change::Kind => "only its type or mode differs".to_owned(),
                _ => "no line of it differs".to_owned(),
            };
            pen::put(buffer, place.x + 3, place.y, place.width.saturating_sub(3), &words, theme.dim());
        }
        DiffRow::Hunk(_, number) => {
            let Some(hunk) = file.hunks.get(number) else { return };
            let fine = review.is_fine(file, hunk);
            let mark = if fine { "✓ " } else { "  " };
            let lines = match (hunk.old, hunk.new) {
                ((from, count), (_, 0)) => format!("old {}", span(from, count)),
                (_, (from, count)) => span(from, count),
            };
            let closed = app.hooks.is_closed(file, hunk, review);
            let (added, removed) = hunk.lines.iter().fold((0, 0), |(added, removed), line| match line.kind {
                LineKind::Added => (added + 1, removed),
                LineKind::Removed => (added, removed + 1),
                LineKind::Same => (added, removed),
            });
            let counts = if closed { format!("  +{added} −{removed} fine") } else { String::new() };
            let line = [
                ("  ", theme.dim()),
                (mark, theme.tone(Tone::Good)),
                (lines.as_str(), theme.dim()),
                (counts.as_str(), theme.dim()),
                ("  ", theme.dim()),
                (hunk.heading.as_str(), theme.dim()),
            ];
            pen::pieces(buffer, place.x, place.y, place.width, &line);
        }
        DiffRow::Line(..) => code_row(app, buffer, place, row, digits),
        DiffRow::Remark(_, number, line) => {
            let Some(remark) = review.remarks.get(number) else { return };
            let indent = u16::try_from(digits * 2 + 3).unwrap_or(9);
            let text = remark.text.lines().nth(line).unwrap_or_default();
            let mut pieces: Vec<Piece<'_>> = vec![("┃ ", theme.tone(Tone::Calls))];
            if line == 0 {
                pieces.push(("you  ", theme.tone(Tone::Calls)));
            } else {
                pieces.push(("     ", theme.text()));
            }
            pieces.push((text, theme.text()));
            pen::pieces(buffer, place.x + indent, place.y, place.width.saturating_sub(indent), &pieces);
        }
    }
}

/// Lines in words.
fn span(from: u32, count: u32) -> String {
    match count {
        0 | 1 => format!("line {from}"),
        _ => format!("lines {from} to {}", from + count - 1),
    }
}

/// Lines that came and went; nothing where there are no lines.
fn counts(file: &FilePatch) -> (String, String) {
    if file.binary {
        return <(String, String)>::default();
    }
    (format!("+{}", file.added), format!(" −{} ", file.removed))
}

fn file_row(app: &App, buffer: &mut Buffer, place: Rect, file: &FilePatch, review: &Review) {
    let theme = &app.theme;
    let folded = app.hooks.folded.contains(&file.path);
    let what = match file.what {
        Change::New => "  new",
        Change::Gone => "  gone",
        Change::Moved => "  moved",
        Change::Kind => "  mode",
        Change::Changed => "",
    };
    let before = file.before.as_ref().map(|before| format!(" from {before}")).unwrap_or_default();
    let fine = !file.hunks.is_empty() && file.hunks.iter().all(|hunk| review.is_fine(file, hunk));
    let (plus, minus) = counts(file);
    let right: [Piece<'_>; 4] = [
        (if fine { "✓  " } else { "" }, theme.tone(Tone::Good)),
        (if file.binary { "binary " } else { "" }, theme.dim()),
        (&plus, theme.tone(Tone::Good)),
        (&minus, theme.tone(Tone::Bad)),
    ];
    let start = place.right().saturating_sub(pen::width(&right));
    let left: [Piece<'_>; 4] = [
        (if folded { " ▸ " } else { " ▾ " }, theme.dim()),
        (&file.path, theme.strong()),
        (&before, theme.dim()),
        (what, theme.dim()),
    ];
    buffer.set_style(place, theme.band());
    pen::pieces(buffer, place.x, place.y, start.saturating_sub(place.x + 1), &left);
    pen::pieces(buffer, start, place.y, place.right() - start, &right);
}

fn code_row(app: &App, buffer: &mut Buffer, place: Rect, row: DiffRow, digits: usize) {
    let theme = &app.theme;
    let (DiffRow::Line(file, hunk, number), Some(line)) = (row, app.hooks.line_at(row)) else { return };
    let shown = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
    let numbers = format!(" {:>digits$} {:>digits$} ", shown(line.old), shown(line.new));
    let (sign, style) = match line.kind {
        LineKind::Same => ("  ", theme.text()),
        LineKind::Added => ("+ ", theme.tone(Tone::Good)),
        LineKind::Removed => ("- ", theme.tone(Tone::Bad)),
    };
    let ground = theme.ground(line.kind);
    buffer.set_style(place, ground);
    let mut x = pen::put(buffer, place.x, place.y, place.width, &numbers, theme.dim().patch(ground));
    x = pen::put(buffer, x, place.y, place.right().saturating_sub(x), sign, style.patch(ground));
    let plain = if theme.colours_code() { theme.text() } else { style };
    let mut at = 0;
    let mut columns = 0;
    // What exactly differs from the line it replaces stands out.
    let changed = app.hooks.hunk(file, hunk).and_then(|hunk| words::changed(hunk, number)).unwrap_or(0..0);
    let strong = theme.changed(line.kind);
    let mut hidden = app.hooks.left;
    let inks = app.hooks.inks.of(file, hunk, number);
    let whole = [(super::super::ink::Ink::Plain, line.text.len())];
    let inks = if inks.is_empty() || !theme.colours_code() { &whole[..] } else { inks };
    for (ink, length) in inks {
        let style = if theme.colours_code() { theme.ink(*ink) } else { plain };
        for (piece, ground) in words::split(at..at + length, &changed, ground, strong) {
            let Some(part) = line.text.get(piece) else { break };
            let part = untabbed(part, &mut columns);
            let part = without(&part, &mut hidden);
            x = pen::put(buffer, x, place.y, place.right().saturating_sub(x), part, style.patch(ground));
        }
        at += length;
    }
    if line.last {
        pen::put(
            buffer,
            x + 1,
            place.y,
            place.right().saturating_sub(x + 1),
            "no line break at the end",
            theme.dim().patch(ground),
        );
    }
}

/// The text without its first columns that are out of sight; `hidden` becomes what is left of them.
fn without<'a>(text: &'a str, hidden: &mut usize) -> &'a str {
    let mut rest = text;
    while *hidden > 0 {
        let Some(c) = rest.chars().next() else { break };
        *hidden = hidden.saturating_sub(columns_of(c.encode_utf8(&mut [0; 4])));
        rest = &rest[c.len_utf8()..];
    }
    rest
}

/// The text with its tabs as spaces; `columns` are those before it, and become those behind it.
fn untabbed(text: &str, columns: &mut usize) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c == '\t' {
            let step = 4 - *columns % 4;
            out.extend(std::iter::repeat_n(' ', step));
            *columns += step;
        } else {
            out.push(c);
            *columns += columns_of(c.encode_utf8(&mut [0; 4]));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_is_left_of_the_sight_is_left_out() {
        let mut hidden = 5;
        assert_eq!(super::without("漢a", &mut hidden), "");
        assert_eq!(super::without("bcd", &mut hidden), "d");
    }

    #[test]
    fn tabs_go_to_the_next_stop() {
        let mut columns = 0;
        assert_eq!(super::untabbed("\ta\tb", &mut columns), "    a   b");
        assert_eq!(columns, 9);
    }
}
