//! The environment an agent works in.

use super::{Address, Town, TownSettings};

/// The variables that tell an agent, and the `gt` and `bd` it calls, who it is and where; the directory of our own binaries
/// comes first on its `PATH`.
pub fn agent_env(town: &Town, who: &Address, session: &str) -> Vec<(String, String)> {
    // Settings that can't be read are reported by the command that starts the session; the mail domain is no reason to fail.
    let domain = town.settings().unwrap_or_else(|_| TownSettings::default()).agent_email_domain;
    let (name, email) = who.git_author(&domain);
    let address = who.to_string();
    let mut env: Vec<(&str, String)> = vec![
        ("GT_ROOT", town.root.display().to_string()),
        ("GT_TOWN_ROOT", town.root.display().to_string()),
        ("GT_ROLE", who.role().to_string()),
        ("GT_SESSION", session.to_owned()),
        ("BD_ACTOR", address.trim_end_matches('/').to_owned()),
        ("BEADS_AGENT_NAME", address.trim_end_matches('/').to_owned()),
        ("GIT_AUTHOR_NAME", name.clone()),
        ("GIT_AUTHOR_EMAIL", email.clone()),
        ("GIT_COMMITTER_NAME", name),
        ("GIT_COMMITTER_EMAIL", email),
    ];
    if let Some(rig) = who.rig() {
        env.push(("GT_RIG", rig.to_owned()));
    }
    match who {
        Address::Polecat { name, .. } => env.push(("GT_POLECAT", name.clone())),
        Address::Crew { name, .. } => env.push(("GT_CREW", name.clone())),
        Address::Dog(name) => env.push(("GT_DOG", name.clone())),
        _ => {}
    }
    if let Some(path) = path_with_ours_first() {
        env.push(("PATH", path));
    }
    env.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn path_with_ours_first() -> Option<String> {
    let ours = std::env::current_exe().ok()?.parent()?.to_owned();
    let old = std::env::var_os("PATH").unwrap_or_default();
    let rest = std::env::split_paths(&old).filter(|directory| *directory != ours);
    std::env::join_paths(std::iter::once(ours.clone()).chain(rest)).ok()?.into_string().ok()
}
