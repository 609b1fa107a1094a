//! The merge queue; and what is said where there is no terminal.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use crate::base::text::{fit, width as columns_of};
use crate::view::{AgentState, AgentView, Tone};

use super::super::app::{App, Watched};
use super::super::layout::below_title;
use super::super::marks;
use super::lists;
use super::pen::{self, Piece};

fn centred(buffer: &mut Buffer, area: Rect, lines: &[Vec<Piece<'_>>]) {
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(area.height);
    let widest = lines.iter().map(|line| pen::width(line)).max().unwrap_or(0).min(area.width.saturating_sub(2));
    let x = area.x + (area.width.saturating_sub(widest)) / 2;
    let y = area.y + (area.height - height) / 3;
    for (line, y) in lines.iter().zip(y..y + height) {
        pen::pieces(buffer, x, y, area.right().saturating_sub(x + 1), line);
    }
}

/// What the town is for, where there is no agent to look at.
pub(super) fn welcome(app: &App, buffer: &mut Buffer, area: Rect) {
    let theme = &app.theme;
    if !app.loaded {
        return;
    }
    let (dim, text, key) = (theme.dim(), theme.text(), theme.strong());
    let mut lines: Vec<Vec<Piece<'_>>> = vec![vec![("The terminals of your agents appear here.", text)], vec![]];
    if app.town.rigs.is_empty() {
        lines.push(vec![("1  ", dim), ("gt rig add <name> <repository>", key)]);
        lines.push(vec![("2  ", dim), ("bd create \"What is to be done\"", key)]);
        lines.push(vec![("3  ", dim), ("s", key), (" here, or ", dim), ("gt sling <bead> <rig>", key)]);
        lines.push(vec![]);
        lines.push(vec![("Or watch a whole town at work: ", dim), ("gt demo", key)]);
    } else if app.town.ready == 0 {
        lines.push(vec![("bd create \"What is to be done\"", key), ("  makes work", dim)]);
        lines.push(vec![("s", key), ("  gives it to a worker", dim)]);
    } else {
        lines.push(vec![("s", key), ("  gives ready beads to workers", dim)]);
        lines.push(vec![("?", key), ("  shows every key", dim)]);
    }
    centred(buffer, area, &lines);
}

/// Where no agent has a terminal.
pub(super) fn no_terminals(app: &App, buffer: &mut Buffer) {
    let theme = &app.theme;
    let words = if app.filter.is_empty() { "No agent runs now." } else { "No agent that matches the filter runs now." };
    let area = app.layout.body;
    pen::rule(buffer, area, theme.rule(), &[("agents", theme.accent())], &[]);
    if app.town.rigs.is_empty() || app.town.ready == 0 && app.filter.is_empty() {
        welcome(app, buffer, below_title(area));
        return;
    }
    let lines = vec![
        vec![(words, theme.text())],
        vec![],
        vec![("s", theme.strong()), ("  gives ready beads to workers", theme.dim())],
    ];
    centred(buffer, area, &lines);
}

/// Where an agent's screen would be.
pub(super) fn no_screen(app: &App, buffer: &mut Buffer, area: Rect, agent: &AgentView, watched: Option<&Watched>) {
    let theme = &app.theme;
    let word = marks::word(agent.state);
    let mut lines: Vec<Vec<Piece<'_>>> = Vec::new();
    let ended = watched.and_then(|watched| watched.ended.as_deref());
    let over = matches!(agent.state, AgentState::Done | AgentState::Dead);
    match (&agent.session, ended) {
        (Some(_), None) if !over => lines.push(vec![("Connecting …", theme.dim())]),
        (_, Some(why)) if !over => lines.push(vec![(why, theme.text())]),
        _ => {
            lines.push(vec![
                (marks::glyph(agent.state), theme.state(agent.state)),
                (" ", theme.text()),
                (word, theme.text()),
            ]);
            if let Some(detail) = &agent.detail {
                lines.push(vec![(detail, theme.dim())]);
            }
            if let Some(merge) = &agent.merge {
                lines.push(vec![("its work is ", theme.dim()), (merge, theme.text())]);
            }
            lines.push(vec![]);
            lines.push(vec![(ended.unwrap_or("It has no running terminal."), theme.dim())]);
        }
    }
    centred(buffer, area, &lines);
}

/// The merge queues of all rigs.
pub(super) fn queue(app: &App, buffer: &mut Buffer) {
    let theme = &app.theme;
    let area = app.layout.queue;
    let total: usize = app.town.rigs.iter().map(|rig| rig.queue.len()).sum();
    let busy = app.town.rigs.iter().flat_map(|rig| &rig.queue).filter(|entry| is_live(&entry.state)).count();
    let note = match (total, busy) {
        (0, _) => String::new(),
        (total, 0) => format!("{total} to merge"),
        (total, busy) => format!("{total} to merge, {busy} at it"),
    };
    let note = lists::marked_of(&app.marked_requests, &note);
    pen::rule(buffer, area, theme.rule(), &[("merge queue", theme.accent())], &[(note.as_str(), theme.dim())]);
    let rows = below_title(area);
    if total == 0 {
        lists::advice(app, buffer, rows, "Nothing waits to be merged. Finished work comes here by itself.");
        return;
    }
    let entries: Vec<_> = app
        .town
        .rigs
        .iter()
        .flat_map(|rig| rig.queue.iter().enumerate().map(move |(n, entry)| (rig, n + 1, entry)))
        .collect();
    let widest = |texts: &mut dyn Iterator<Item = usize>, most: usize| texts.max().unwrap_or(4).min(most);
    let several = app.town.rigs.iter().filter(|rig| !rig.queue.is_empty()).count() > 1;
    let rig_width = if several { widest(&mut entries.iter().map(|(rig, ..)| columns_of(&rig.name)), 14) } else { 0 };
    let source_width = widest(&mut entries.iter().map(|(.., entry)| columns_of(&entry.source)), 14);
    let name = |worker: &str| worker.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    let worker_width = widest(&mut entries.iter().map(|(.., entry)| columns_of(&name(&entry.worker))), 12);
    // On a narrow screen the title is worth more than the bead's id, and than a reason that is told below anyway.
    let wide = rows.width >= 70;
    let words_of = |entry: &crate::view::QueueEntry| {
        let (words, tone) = state_words(&entry.state);
        // What a person has to do needs no reason.
        let told = wide && tone != Tone::Calls && !entry.reason.is_empty();
        (if told { format!("{words}: {}", entry.reason) } else { words.to_owned() }, tone)
    };
    let most = usize::from(rows.width / 3);
    let words_width = widest(&mut entries.iter().map(|(.., entry)| columns_of(&words_of(entry).0)), most);
    for ((index, (rig, number, entry)), y) in
        entries.iter().enumerate().skip(app.scroll.queue).zip(rows.y..rows.bottom())
    {
        let row = Rect { y, height: 1, ..rows };
        let (words, tone) = words_of(entry);
        // Each rig merges in an order of its own: its name stands before the first.
        let own = if *number == 1 || index == app.scroll.queue { rig.name.as_str() } else { "" };
        let number = format!("{number:>2} ");
        let rig_name = if several { format!(" {}", fit(own, rig_width)) } else { String::new() };
        let source = if wide { fit(&entry.source, source_width) + "  " } else { String::new() };
        let worker = fit(&name(&entry.worker), worker_width);
        let words = fit(&words, words_width);
        let right: [Piece<'_>; 4] =
            [(&worker, theme.dim()), ("  ", theme.text()), (&words, theme.tone(tone)), (" ", theme.text())];
        let start = row.right().saturating_sub(pen::width(&right)).max(row.x + row.width / 3);
        let left: [Piece<'_>; 7] = [
            (&rig_name, theme.text()),
            (" ", theme.text()),
            (&number, theme.dim()),
            (state_glyph(&entry.state), theme.tone(tone)),
            lists::mark(app, &app.marked_requests, &entry.id),
            (&source, theme.dim()),
            (&entry.title, theme.text()),
        ];
        pen::pieces(buffer, row.x, y, start.saturating_sub(row.x + 1), &left);
        pen::pieces(buffer, start, y, row.right() - start, &right);
        if app.queue == index {
            lists::select_row(app, buffer, row, app.overlay.is_none());
        }
    }
}

/// Whether the refinery is at it.
pub(super) fn is_live(state: &str) -> bool {
    matches!(state, "claimed" | "rebased" | "gating" | "pushing")
}

/// The shape of a merge request's state.
fn state_glyph(state: &str) -> &'static str {
    match state {
        _ if is_live(state) => "●",
        "held" | "review" => "▲",
        "conflict" | "failed" | "rejected" => "✗",
        "merged" => "✓",
        "waiting" => "◌",
        _ => "○",
    }
}

/// A merge request's state in plain words.
pub fn state_words(state: &str) -> (&str, Tone) {
    match state {
        "ready" => ("waits its turn", Tone::Plain),
        "claimed" => ("next", Tone::Moves),
        "rebased" | "rebasing" => ("rebased", Tone::Moves),
        "gating" => ("gate runs", Tone::Moves),
        "pushing" => ("pushing", Tone::Moves),
        "merged" => ("merged", Tone::Good),
        "conflict" => ("conflict", Tone::Bad),
        "failed" => ("gate failed", Tone::Bad),
        "rejected" => ("rejected", Tone::Bad),
        "waiting" => ("on hold", Tone::Plain),
        "held" => ("needs approval", Tone::Calls),
        "review" => ("in review", Tone::Calls),
        other => (other, Tone::Plain),
    }
}
