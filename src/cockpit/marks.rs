//! How a state looks: a shape and a word, so that it is never told by colour alone.

use crate::view::AgentState;

/// The shape of a state.
pub fn glyph(state: AgentState) -> &'static str {
    match state {
        AgentState::Starting => "·",
        AgentState::Working => "●",
        AgentState::NeedsYou => "▲",
        AgentState::Idle => "○",
        AgentState::Done => "✓",
        AgentState::Stuck => "◌",
        AgentState::RateLimited => "◷",
        AgentState::Dead => "✗",
    }
}

/// The state in plain words.
pub fn word(state: AgentState) -> &'static str {
    match state {
        AgentState::Starting => "starting",
        AgentState::Working => "working",
        AgentState::NeedsYou => "needs you",
        AgentState::Idle => "idle",
        AgentState::Done => "done",
        AgentState::Stuck => "stuck",
        AgentState::RateLimited => "limited",
        AgentState::Dead => "dead",
    }
}

/// A horizontal bar of `columns` cells, `done` of `total` filled, in eighths of a cell.
pub fn bar(done: usize, total: usize, columns: usize) -> (String, String) {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    let eighths = (columns * 8 * done.min(total)).checked_div(total).unwrap_or(0);
    let full = eighths / 8;
    let part = EIGHTHS[eighths % 8];
    let filled = format!("{}{part}", "█".repeat(full));
    let rest = columns - full - usize::from(!part.is_empty());
    (filled, "░".repeat(rest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::text::width;

    #[test]
    fn bars_fill_their_columns() {
        for total in 0..20 {
            for done in 0..=total {
                let (filled, rest) = bar(done, total, 12);
                assert_eq!(width(&filled) + width(&rest), 12, "{done}/{total}");
            }
        }
        assert_eq!(bar(1, 2, 4), ("██".into(), "░░".into()));
        assert_eq!(bar(1, 16, 4), ("▎".into(), "░░░".into()));
    }
}
