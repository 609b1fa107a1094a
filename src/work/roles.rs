//! What each role is told: texts of the binary, which a town may replace by its own in `roles/<role>.md`.

use crate::base::text::neutralise;
use crate::base::{Result, files};
use crate::ledger::Bead;
use crate::town::{Address, Role, Town};

/// The text of `role` that comes with the binary; empty for roles that are no agents.
pub fn builtin(role: Role) -> &'static str {
    match role {
        Role::Mayor => include_str!("../../assets/roles/mayor.md"),
        Role::Polecat => include_str!("../../assets/roles/polecat.md"),
        Role::Crew => include_str!("../../assets/roles/crew.md"),
        Role::Witness => include_str!("../../assets/roles/witness.md"),
        Role::Refinery => include_str!("../../assets/roles/refinery.md"),
        Role::Dog => include_str!("../../assets/roles/dog.md"),
        Role::Deacon | Role::Overseer => "",
    }
}

/// What `agent` is told of its role, with who and what it is filled in. Lines about a bead are left out when there is none.
///
/// # Errors
/// When the town's own text can't be read.
pub fn text(town: &Town, agent: &Address, bead: Option<&Bead>) -> Result<String> {
    let role = agent.role();
    let own = files::read_optional(&town.root.join("roles").join(format!("{role}.md")))?;
    let text = own.as_deref().unwrap_or_else(|| builtin(role));
    let lines = text.lines().filter(|line| bead.is_some() || !line.contains("{bead}"));
    let text = lines.collect::<Vec<_>>().join("\n");
    let (id, title) = bead.map_or(("", ""), |bead| (bead.id.as_str(), bead.title.as_str()));
    // The title goes in last, so that nothing in it is taken for a place.
    Ok(text
        .replace("{town}", &neutralise(&town.name, true))
        .replace("{agent}", &agent.to_string())
        .replace("{rig}", agent.rig().unwrap_or_default())
        .replace("{bead}", id)
        .replace("{title}", &neutralise(title, true)))
}
