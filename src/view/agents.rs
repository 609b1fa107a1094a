//! Agents as the faces show them.

use std::collections::HashMap;

use crate::base::Result;
use crate::work::Desk;
use crate::work::agents::{self, AgentInfo};

use super::build::build;
use super::model::{AgentView, TownView};

/// The town of `desk` as it is now.
///
/// # Errors
/// When the ledger, the registry or the sessions can't be read.
pub fn town(desk: &Desk) -> Result<TownView> {
    let agents = agents::list(desk)?;
    let merging = merging(desk)?;
    build(desk, agents.into_iter().map(|agent| show(agent, &merging)).collect())
}

fn some(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn show(agent: AgentInfo, merging: &HashMap<String, String>) -> AgentView {
    let name = agent.address.trim_end_matches('/').rsplit('/').next().unwrap_or(&agent.address).to_owned();
    let merge = merging.get(&agent.bead).cloned();
    AgentView {
        name,
        rig: some(agent.rig),
        role: plain_role(&agent.role).to_owned(),
        preset: agent.preset,
        state: agent.state.state,
        source: agent.state.source,
        detail: some(agent.state.detail),
        bead: some(agent.bead),
        title: some(agent.title),
        branch: some(agent.branch),
        worktree: some(agent.worktree),
        session: some(agent.session),
        since: agent.state.since.or(agent.since),
        merge,
        doing: some(still(&agent.doing)),
        address: agent.address,
    }
}

/// What a title says, without the signs before it that turn while the program works: they would have the screen drawn for nothing.
fn still(title: &str) -> String {
    let turns =
        |c: char| c.is_whitespace() || matches!(c, '\u{2190}'..='\u{2bff}' | '·' | '•' | '*' | '\u{fe0e}' | '\u{fe0f}');
    title.trim_start_matches(turns).to_owned()
}

/// A role in plain words beside the town's own.
fn plain_role(role: &str) -> &str {
    match role {
        "polecat" => "worker",
        "crew" => "your workspace",
        other => other,
    }
}

/// Where the work of each bead stands in the merge queue, in words.
fn merging(desk: &Desk) -> Result<HashMap<String, String>> {
    let mut statement = desk.ledger.conn().prepare_cached(
        "SELECT source, state FROM merge_requests WHERE state NOT IN ('merged', 'rejected') ORDER BY created_at",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?;
    let mut found = HashMap::new();
    for row in rows {
        let (source, state) = row?;
        let words = match state.as_str() {
            "ready" | "claimed" => "to be merged",
            "rebased" => "merging",
            "gating" => "gate runs",
            "pushing" => "pushing",
            "conflict" => "conflict",
            "failed" => "gate failed",
            "waiting" => "on hold",
            "held" => "needs approval",
            "review" => "in review",
            other => other,
        };
        found.insert(source, words.to_owned());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    #[test]
    fn signs_that_turn_are_no_part_of_what_is_done() {
        for (title, expected) in [
            ("⠐ Running the cart tests", "Running the cart tests"),
            ("✳ Rate limit", "Rate limit"),
            ("/review 3", "/review 3"),
            ("⠂", ""),
        ] {
            assert_eq!(super::still(title), expected);
        }
    }
}
