//! The question of an agent, and the question before something that can't be taken back.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use crate::base::text::width as columns_of;
use crate::view::Tone;

use super::super::super::app::App;
use super::super::super::dialogs::{AnswerBox, Confirm};
use super::super::super::marks;
use super::super::super::update::asked;
use super::super::pen;
use super::{heading, wrapped};

/// Draws what the agent asks, word for word, and how it can be answered.
pub(super) fn answer(app: &App, buffer: &mut Buffer, area: Rect, open: &AnswerBox) -> Option<Position> {
    let theme = &app.theme;
    let left = app.asking().iter().filter(|agent| agent.address != open.agent.address).count();
    let note = match (open.drain, left) {
        (true, 0) => "the last one".to_owned(),
        (true, left) => format!("{left} more after this"),
        (false, _) => String::new(),
    };
    let title = if open.drain { "answer all: " } else { "" };
    heading(app, buffer, area, &format!("{title}{} asks", open.agent.address), &note);
    let inner = Rect {
        x: area.x + 2,
        y: area.y + 1,
        width: area.width.saturating_sub(4),
        height: area.height.saturating_sub(2),
    };
    let mut y = inner.y;
    let agent = app.town.agent(&open.agent.address);
    if let Some(agent) = agent {
        let title = agent.title.as_deref().unwrap_or("no work");
        let line = [(marks::glyph(agent.state), theme.state(agent.state)), (" ", theme.dim()), (title, theme.dim())];
        pen::pieces(buffer, inner.x, y, inner.width, &line);
        y += 2;
    }
    let Some(prompt) = asked(app) else {
        pen::put(buffer, inner.x, y, inner.width, "Its screen is on the way …", theme.dim());
        return None;
    };
    let below = u16::try_from(prompt.choices.len()).unwrap_or(u16::MAX).saturating_add(4);
    let room = usize::from(inner.bottom().saturating_sub(y.saturating_add(below))).max(1);
    let skipped = prompt.text.len().saturating_sub(room);
    for line in prompt.text.iter().skip(skipped) {
        pen::put(buffer, inner.x + 1, y, inner.width.saturating_sub(1), line, theme.text());
        y += 1;
    }
    y += 1;
    for (index, choice) in prompt.choices.iter().enumerate() {
        if y + 2 >= inner.bottom() {
            break;
        }
        let key = choice.key.to_string();
        let row = Rect { x: area.x + 1, y, width: area.width.saturating_sub(2), height: 1 };
        let line = [
            (" ", theme.text()),
            (key.as_str(), theme.accent()),
            ("  ", theme.text()),
            (choice.text.as_str(), theme.text()),
        ];
        pen::pieces(buffer, row.x, y, row.width, &line);
        if index == open.row && open.text.is_empty() {
            super::mark_row(app, buffer, row, true);
        }
        y += 1;
    }
    let y = inner.bottom().saturating_sub(1).max(y);
    let words = if prompt.choices.is_empty() { "answer › " } else { "or in words › " };
    let at = pen::put(buffer, inner.x, y, inner.width, words, theme.accent());
    let end = pen::put(buffer, at, y, inner.right().saturating_sub(at), &open.text, theme.text());
    Some(Position::new(end.min(inner.right()), y))
}

/// Draws what would be done, and that No is the answer unless Yes is said.
pub(super) fn confirm(app: &App, buffer: &mut Buffer, area: Rect, confirm: &Confirm) -> Option<Position> {
    let theme = &app.theme;
    heading(app, buffer, area, &confirm.question, "");
    let width = area.width.saturating_sub(4);
    let bottom = area.bottom().saturating_sub(2);
    let mut y = area.y + 1;
    'all: for line in &confirm.lines {
        for piece in wrapped(line, usize::from(width)) {
            if y + 1 >= bottom {
                pen::put(buffer, area.x + 2, y, width, "…", theme.dim());
                break 'all;
            }
            pen::put(buffer, area.x + 2, y, width, &piece, theme.text());
            y += 1;
        }
    }
    let commands = confirm.deed.commands();
    let all = commands.join(" && ");
    let command = match commands.as_slice() {
        [first, rest @ ..] if !rest.is_empty() && columns_of(&all) + 20 > usize::from(width) => {
            format!("{first}  and {} more", rest.len())
        }
        _ => all,
    };
    let end = pen::pieces(
        buffer,
        area.x + 2,
        bottom,
        width,
        &[("y", theme.tone(Tone::Bad)), (" yes   ", theme.text()), ("enter", theme.strong()), (" no", theme.text())],
    );
    pen::pieces_right(buffer, Rect { x: area.x + 2, y: bottom, width, height: 1 }, end + 2, &[(&command, theme.dim())]);
    None
}
