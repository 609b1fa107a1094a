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

/// A horizontal bar of `columns` cells, `done` of `total` filled, in halves of a cell: a heavy line, then a thin one.
pub fn bar(done: usize, total: usize, columns: usize) -> (String, String) {
    let halves = (columns * 2 * done.min(total)).checked_div(total).unwrap_or(0);
    // What has begun shows, and what is not complete does not look it.
    let begun = usize::from(done > 0 && columns > 0);
    let halves = if done < total { halves.clamp(begun, (columns * 2).saturating_sub(begun)) } else { halves };
    let (full, half) = (halves / 2, halves % 2);
    let filled = format!("{}{}", "━".repeat(full), "╸".repeat(half));
    (filled, "─".repeat(columns - full - half))
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
        assert_eq!(bar(1, 2, 4), ("━━".into(), "──".into()));
        assert_eq!(bar(1, 16, 4), ("╸".into(), "───".into()));
        assert_eq!(bar(15, 16, 4), ("━━━╸".into(), String::new()));
        assert_eq!(bar(16, 16, 4), ("━━━━".into(), String::new()));
        assert_eq!(bar(0, 0, 4), (String::new(), "────".into()));
    }
}
