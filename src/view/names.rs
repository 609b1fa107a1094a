//! The names that a command line may hold, for completion. Only looks: nothing is imported, healed or written on the way, and
//! what can't be read gives no names.

use std::path::Path;

use rusqlite::params;

use crate::base::Result;
use crate::base::complete::Candidate;
use crate::formula::Library;
use crate::ledger::Ledger;
use crate::runtime::{self, Layers};
use crate::town::{Address, Role, Town};
use crate::work::settings::Scope;
use crate::work::{Desk, convoy, escalation, mail, mailbook, post, queue};

/// At most so many beads are offered.
const MOST: i64 = 200;

/// The ledger around the working directory, as it is.
fn ledger() -> Option<Ledger> {
    let here = std::env::current_dir().ok()?;
    let path = match Town::around(&here).ok()? {
        Some(town) => town.ledger_path(),
        None => here.ancestors().map(|dir| dir.join(".beads/ledger.db")).find(|path| path.exists())?,
    };
    Ledger::open_existing(&path).ok()
}

/// The town around the working directory with its ledger as it is.
fn desk() -> Option<Desk> {
    let town = Town::current().ok()?;
    let ledger = Ledger::open_existing(&town.ledger_path()).ok()?;
    Some(Desk { town, ledger, imported: Vec::new() })
}

fn from_desk(find: impl FnOnce(&Desk) -> Result<Vec<Candidate>>) -> Vec<Candidate> {
    desk().and_then(|desk| find(&desk).ok()).unwrap_or_default()
}

fn ids(begun: &str, which: &str) -> Vec<Candidate> {
    // Both orders have an index, so that the first few are found without looking at all of them.
    let range = if begun.is_empty() { "?1 = ''" } else { "id >= ?1 AND id < ?1 || char(1114111)" };
    let find = |ledger: Ledger| -> Result<Vec<Candidate>> {
        let sql = format!(
            "SELECT id, title FROM beads WHERE {range} AND ephemeral = 0 AND {which} \
             ORDER BY priority, created_ns DESC LIMIT ?2"
        );
        let mut statement = ledger.conn().prepare(&sql)?;
        let found = statement
            .query_map(params![begun, MOST], |row| Ok(Candidate { value: row.get(0)?, about: row.get(1)? }))?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    };
    ledger().and_then(|ledger| find(ledger).ok()).unwrap_or_default()
}

/// Beads that are not closed.
pub fn open_beads(begun: &str) -> Vec<Candidate> {
    let work = crate::ledger::filter::NOT_WORK.map(|kind| format!("'{kind}'")).join(", ");
    ids(begun, &format!("status NOT IN ('closed', 'tombstone') AND issue_type NOT IN ({work})"))
}

/// All beads.
pub fn beads(begun: &str) -> Vec<Candidate> {
    ids(begun, "status <> 'tombstone'")
}

/// Beads that are closed.
pub fn closed_beads(begun: &str) -> Vec<Candidate> {
    ids(begun, "status = 'closed'")
}

/// Molecules that were poured.
pub fn molecules(begun: &str) -> Vec<Candidate> {
    ids(begun, "status NOT IN ('closed', 'tombstone') AND issue_type IN ('molecule', 'epic')")
}

/// Gates that nobody has opened yet.
pub fn gates(begun: &str) -> Vec<Candidate> {
    ids(begun, "status NOT IN ('closed', 'tombstone') AND issue_type = 'gate'")
}

/// The rigs of the town.
pub fn rigs(_begun: &str) -> Vec<Candidate> {
    let rigs = Town::current().and_then(|town| town.rigs()).unwrap_or_default();
    rigs.into_iter().map(|rig| Candidate::new(rig.name, "rig")).collect()
}

/// Whoever can be written to, by address.
pub fn addresses(_begun: &str) -> Vec<Candidate> {
    from_desk(|desk| {
        let all = post::everybody(desk)?;
        Ok(all.iter().map(|one| Candidate::new(one.to_string(), one.plain_role())).collect())
    })
}

/// Agents, by address, and by their last word where only one has it.
pub fn agents(begun: &str) -> Vec<Candidate> {
    let mut found: Vec<Candidate> = addresses(begun).into_iter().filter(|one| one.value != "overseer").collect();
    let last = |one: &Candidate| one.value.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    let names: Vec<(String, String)> = found.iter().map(|one| (last(one), one.value.clone())).collect();
    for (name, address) in &names {
        let alone = names.iter().filter(|(other, _)| other == name).count() == 1;
        if alone && !begun.is_empty() && name != address.trim_end_matches('/') {
            found.push(Candidate::new(name.clone(), address.clone()));
        }
    }
    found
}

/// The workspaces that stay.
pub fn crew(_begun: &str) -> Vec<Candidate> {
    names_of(|address| match address {
        Address::Crew { rig, name } => Some(Candidate::new(name.clone(), rig.clone())),
        _ => None,
    })
}

/// The deacon's helpers.
pub fn dogs(_begun: &str) -> Vec<Candidate> {
    names_of(|address| match address {
        Address::Dog(name) => Some(Candidate::new(name.clone(), "dog")),
        _ => None,
    })
}

fn names_of(pick: impl Fn(&Address) -> Option<Candidate>) -> Vec<Candidate> {
    from_desk(|desk| Ok(post::everybody(desk)?.iter().filter_map(pick).collect()))
}

/// What a bead can be slung to: rigs, agents, and formulas in the place of a bead.
pub fn targets(begun: &str) -> Vec<Candidate> {
    let mut found = open_beads(begun);
    found.extend(rigs(begun));
    found.extend(
        agents(begun).into_iter().filter(|one| one.value.contains("/polecats/") || one.value.contains("/crew/")),
    );
    found.extend(formulas(begun));
    found
}

/// Convoys that are under way.
pub fn convoys(_begun: &str) -> Vec<Candidate> {
    from_desk(|desk| {
        let open = convoy::list(desk, false)?;
        Ok(open.convoys.into_iter().map(|one| Candidate::new(one.id, one.title)).collect())
    })
}

/// Requests in the merge queues.
pub fn requests(_begun: &str) -> Vec<Candidate> {
    from_desk(|desk| {
        let rows = queue::list(desk, None, false)?.rows;
        Ok(rows.into_iter().map(|row| Candidate::new(row.id, row.branch)).collect())
    })
}

/// Escalations that are not closed.
pub fn escalations(_begun: &str) -> Vec<Candidate> {
    from_desk(|desk| {
        let open = escalation::list(desk, false)?;
        Ok(open.0.into_iter().map(|one| Candidate::new(one.id, one.title)).collect())
    })
}

/// The messages in one's mailbox.
pub fn letters(_begun: &str) -> Vec<Candidate> {
    from_desk(|desk| {
        let inbox = mail::inbox(desk, &desk.actor(), false)?;
        Ok(inbox.messages.into_iter().map(|one| Candidate::new(one.id, one.subject)).collect())
    })
}

/// Groups of addresses.
pub fn groups(_begun: &str) -> Vec<Candidate> {
    book(mailbook::Kind::Group)
}

/// Queues that messages are claimed from.
pub fn queues(_begun: &str) -> Vec<Candidate> {
    book(mailbook::Kind::Queue)
}

/// Channels that can be subscribed to.
pub fn channels(_begun: &str) -> Vec<Candidate> {
    book(mailbook::Kind::Channel)
}

fn book(kind: mailbook::Kind) -> Vec<Candidate> {
    let Some(book) = Town::current().ok().and_then(|town| mailbook::read(&town).ok()) else { return Vec::new() };
    book.names(kind).into_iter().map(|name| Candidate::new(name, kind.word())).collect()
}

/// Formulas, one's own and those that come with the program.
pub fn formulas(_begun: &str) -> Vec<Candidate> {
    let Ok(here) = std::env::current_dir() else { return Vec::new() };
    let town = Town::around(&here).ok().flatten().map(|town| town.root);
    library_names(&here, town.as_deref()).into_iter().map(|name| Candidate::new(name, "formula")).collect()
}

fn library_names(here: &Path, town: Option<&Path>) -> Vec<String> {
    Library::standard(here, town).names().into_iter().collect()
}

/// Runtimes, one's own and those that are built in.
pub fn presets(_begun: &str) -> Vec<Candidate> {
    let layers = Town::current().ok().and_then(|town| Layers::of(&town, None).ok());
    let own = layers.iter().flat_map(|layers| layers.agents.iter().flat_map(|agents| agents.keys()));
    let mut found: Vec<Candidate> = own.map(|name| Candidate::new(name.clone(), "yours")).collect();
    found.extend(runtime::builtin_names().map(|name| Candidate::new(name, "built in")));
    found
}

/// The names of settings, of the town and of rigs.
pub fn settings(begun: &str) -> Vec<Candidate> {
    let Ok(town) = Town::current() else { return Vec::new() };
    let mut fields = crate::town::fields::flat(&Scope::Town(&town).fields());
    if let Some(rig) = town.rigs().ok().and_then(|rigs| rigs.into_iter().next()) {
        fields.extend(crate::town::fields::flat(&Scope::Rig(&town, &rig).fields()));
    }
    let roles = Role::ALL
        .iter()
        .map(|role| Candidate::new(format!("role_agents.{}", role.as_str()), "the runtime of this role"));
    let named = fields.into_iter().map(|(key, field)| Candidate::new(key, field.about));
    let mut found: Vec<Candidate> = named.chain(roles).filter(|one| one.value.starts_with(begun)).collect();
    found.sort_by(|one, other| one.value.cmp(&other.value));
    found.dedup_by(|one, other| one.value == other.value);
    found
}

/// What a bead can be.
pub fn statuses(_begun: &str) -> Vec<Candidate> {
    ["open", "in_progress", "blocked", "deferred", "closed", "pinned", "hooked"]
        .map(|word| Candidate::new(word, ""))
        .into()
}

/// What kinds of beads there are.
pub fn types(_begun: &str) -> Vec<Candidate> {
    ["task", "bug", "feature", "epic", "chore"].map(|word| Candidate::new(word, "")).into()
}

/// Labels that beads carry.
pub fn labels(_begun: &str) -> Vec<Candidate> {
    let find = |ledger: Ledger| -> Result<Vec<Candidate>> {
        let mut statement = ledger.conn().prepare("SELECT DISTINCT label FROM labels ORDER BY label LIMIT 500")?;
        let found = statement.query_map([], |row| Ok(Candidate { value: row.get(0)?, about: String::new() }))?;
        Ok(found.collect::<rusqlite::Result<_>>()?)
    };
    ledger().and_then(|ledger| find(ledger).ok()).unwrap_or_default()
}
