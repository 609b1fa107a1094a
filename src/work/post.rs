//! Who gets a message: one address, or everybody in a group; nobody who does not exist.

use std::collections::BTreeSet;

use super::{Desk, crew, hook};
use crate::base::{Error, Result, text};
use crate::town::{Address, Rig};

/// Everybody who can be written to.
///
/// # Errors
/// When the registry or the ledger can't be read.
pub fn everybody(desk: &Desk) -> Result<Vec<Address>> {
    let mut found: BTreeSet<Address> = [Address::Mayor, Address::Deacon, Address::Overseer].into();
    for rig in desk.town.rigs()? {
        found.insert(Address::Witness(rig.name.clone()));
        found.insert(Address::Refinery(rig.name.clone()));
        found.extend(crew::list(desk, Some(&rig.name))?.iter().filter_map(|line| line.address.parse().ok()));
        found.extend(polecats(&rig));
    }
    let hooks = hook::list(desk.ledger.conn(), false)?;
    found.extend(hooks.iter().filter_map(|hook| hook.agent.parse().ok()));
    Ok(found.into_iter().collect())
}

fn polecats(rig: &Rig) -> Vec<Address> {
    let entries = std::fs::read_dir(rig.root.join("polecats")).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    names.filter_map(|name| format!("{}/polecats/{name}", rig.name).parse().ok()).collect()
}

/// The addresses `word` stands for: an address, `<rig>/<name>`, or a group: `@town`, `@rig/<rig>` (also `<rig>/`), `@crew/<rig>`,
/// `@polecats/<rig>`, `@crew`, `@polecats`, `@witnesses`, `@refineries`, `@overseer`. A group leaves out `me`.
///
/// # Errors
/// [`crate::base::Kind::NotFound`] with the nearest name for an address nobody has, and for a group that is unknown or empty.
pub fn resolve(desk: &Desk, word: &str, me: &str) -> Result<Vec<String>> {
    let all = everybody(desk)?;
    let group = match (word.strip_prefix('@'), word.strip_suffix('/')) {
        (Some(group), _) => Some(group.to_owned()),
        (None, Some(rig)) if rig != "mayor" && rig != "deacon" && !rig.contains('/') => Some(format!("rig/{rig}")),
        _ => None,
    };
    if let Some(group) = group {
        return members(desk, &all, &group, word, me);
    }
    if let Ok(address) = word.parse::<Address>()
        && all.contains(&address)
    {
        return Ok(vec![address.to_string()]);
    }
    // `<rig>/<name>` leaves out the kind of agent.
    if let Some((rig, name)) = word.split_once('/') {
        let fits = |address: &&Address| address.rig() == Some(rig) && address.name() == name;
        if let Some(address) = all.iter().find(fits) {
            return Ok(vec![address.to_string()]);
        }
    }
    let names: Vec<String> = all.iter().map(ToString::to_string).collect();
    let error = Error::not_found(format!("nobody has the address {word:?}"));
    Err(match text::nearest(word, names.iter().map(String::as_str)) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error.hint("addresses: mayor/, overseer, <rig>/crew/<name>, <rig>/polecats/<name>; groups: @town, @rig/<rig>, @crew/<rig>"),
    })
}

fn members(desk: &Desk, all: &[Address], group: &str, word: &str, me: &str) -> Result<Vec<String>> {
    let (kind, rig) = group.split_once('/').map_or((group, None), |(kind, rig)| (kind, Some(rig)));
    if let Some(rig) = rig {
        desk.town.rig(rig)?;
    }
    let is_in = |address: &&Address| {
        let here = rig.is_none_or(|rig| address.rig() == Some(rig));
        here && match kind {
            // The daemon reads no mail.
            "town" if rig.is_none() => !matches!(address, Address::Deacon | Address::Witness(_) | Address::Refinery(_)),
            "rig" if rig.is_some() => matches!(address, Address::Crew { .. } | Address::Polecat { .. }),
            "crew" => matches!(address, Address::Crew { .. }),
            "polecats" => matches!(address, Address::Polecat { .. }),
            "witnesses" => matches!(address, Address::Witness(_)),
            "refineries" => matches!(address, Address::Refinery(_)),
            "overseer" => matches!(address, Address::Overseer),
            _ => false,
        }
    };
    let found: Vec<String> = all.iter().filter(is_in).map(ToString::to_string).filter(|one| one != me).collect();
    if found.is_empty() {
        return Err(Error::not_found(format!("nobody is in {word:?}"))
            .hint("groups: @town, @rig/<rig>, @crew/<rig>, @polecats/<rig>, @witnesses, @refineries, @overseer"));
    }
    Ok(found)
}
