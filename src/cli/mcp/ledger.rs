//! The tools that read and change beads.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::base::{Error, Result};
use crate::ledger::codec::{self, Parts};
use crate::ledger::{Bead, Filter, NewBead, NewDep, Patch, ReadyFilter, dep_type, filter};
use crate::work::{Desk, desk::TOWN_STORE};

/// As many as an agent can use at once.
const FEW: usize = 50;
const MANY: usize = 500;

fn limit(wanted: Option<usize>) -> Option<usize> {
    Some(wanted.unwrap_or(FEW).clamp(1, MANY))
}

fn store(desk: &Desk, rig: Option<&str>) -> Result<Option<String>> {
    match rig {
        None | Some("") => Ok(None),
        Some(TOWN_STORE) => Ok(Some(TOWN_STORE.to_owned())),
        Some(name) => Ok(Some(desk.town.rig(name)?.name)),
    }
}

/// The id that `given` means.
fn id(desk: &Desk, given: &str) -> Result<String> {
    desk.ledger.resolve(given)
}

fn short(bead: &Bead) -> Value {
    json!({
        "id": bead.id, "title": bead.title, "status": bead.status.as_str(), "priority": bead.priority, "type": bead.issue_type,
        "assignee": bead.assignee, "rig": bead.store, "labels": bead.labels, "blocked": bead.blocked,
    })
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Ready {
    /// Only of this rig; hq for the town's own.
    #[serde(default)]
    rig: Option<String>,
    /// How many, 50 when not given.
    #[serde(default)]
    limit: Option<usize>,
}

pub fn ready(desk: &mut Desk, given: Ready) -> Result<Value> {
    let store = store(desk, given.rig.as_deref())?;
    let filter = ReadyFilter { unassigned: true, store, limit: limit(given.limit), ..ReadyFilter::default() };
    Ok(desk.ledger.ready(&filter)?.iter().map(short).collect())
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct List {
    /// open, in_progress, blocked, deferred, closed, hooked; all for every one; what is not closed when not given.
    #[serde(default)]
    status: Option<String>,
    /// Only of this rig; hq for the town's own.
    #[serde(default)]
    rig: Option<String>,
    /// Only of whom it is assigned to.
    #[serde(default)]
    assignee: Option<String>,
    /// task, bug, feature, epic, chore, ...
    #[serde(default, rename = "type")]
    kind: Option<String>,
    /// Only with all of these labels.
    #[serde(default)]
    labels: Vec<String>,
    /// Only where id, title or description contain it.
    #[serde(default)]
    text: Option<String>,
    /// How many, 50 when not given.
    #[serde(default)]
    limit: Option<usize>,
}

pub fn list(desk: &mut Desk, given: List) -> Result<Value> {
    let all = given.status.as_deref() == Some("all");
    let statuses = match given.status.as_deref() {
        None | Some("" | "all") => Vec::new(),
        Some(status) => vec![status.parse()?],
    };
    let not_types = if given.kind.is_none() { filter::NOT_WORK.map(str::to_owned).into() } else { Vec::new() };
    let filter = Filter {
        statuses,
        closed: all,
        types: given.kind.into_iter().collect(),
        not_types,
        assignee: given.assignee,
        labels: given.labels,
        text: given.text.filter(|text| !text.is_empty()),
        store: store(desk, given.rig.as_deref())?,
        limit: limit(given.limit),
        ..Filter::default()
    };
    Ok(desk.ledger.list(&filter)?.iter().map(short).collect())
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// Ids, in full or in part.
    ids: Vec<String>,
}

pub fn show(desk: &mut Desk, given: Which) -> Result<Value> {
    let one = |given: &String| -> Result<Value> {
        let bead = desk.ledger.get(&id(desk, given)?)?;
        let mut whole = codec::to_map(&bead, Parts::ALL);
        whole.insert("blockers".into(), json!(desk.ledger.blockers(&bead.id)?));
        whole.insert("rig".into(), json!(bead.store));
        Ok(Value::Object(whole))
    };
    given.ids.iter().map(one).collect()
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Create {
    /// One line that says what is to be done.
    title: String,
    /// The rig it belongs to; hq for the town itself.
    rig: String,
    /// What is to be done and why, and whatever whoever does it has to know.
    #[serde(default)]
    description: String,
    /// How to see that it is done.
    #[serde(default)]
    acceptance: String,
    /// task (when not given), bug, feature, epic or chore.
    #[serde(default, rename = "type")]
    kind: String,
    /// 0 (most urgent) to 4; 2 when not given.
    #[serde(default)]
    priority: Option<u8>,
    /// Labels.
    #[serde(default)]
    labels: Vec<String>,
    /// Ids of beads that have to be done first.
    #[serde(default)]
    depends_on: Vec<String>,
    /// The id of the epic it is a part of.
    #[serde(default)]
    parent: Option<String>,
}

pub fn create(desk: &mut Desk, given: Create) -> Result<Value> {
    let store = store(desk, Some(&given.rig))?
        .ok_or_else(|| Error::usage("which rig does it belong to?").hint("give rig; hq for the town itself"))?;
    let deps = given.depends_on.iter().map(|on| Ok(NewDep::new(id(desk, on)?, dep_type::BLOCKS)));
    let new = NewBead {
        deps: deps.collect::<Result<_>>()?,
        parent: given.parent.as_deref().map(|parent| id(desk, parent)).transpose()?,
        title: given.title,
        description: given.description,
        acceptance_criteria: given.acceptance,
        issue_type: given.kind,
        priority: given.priority,
        labels: given.labels,
        ..NewBead::default()
    };
    let bead = desk.ledger.write(&desk.actor(), |tx| tx.create(&store, new))?;
    Ok(short(&bead))
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Update {
    /// The bead.
    id: String,
    /// A new title.
    #[serde(default)]
    title: Option<String>,
    /// A new description.
    #[serde(default)]
    description: Option<String>,
    /// New acceptance criteria.
    #[serde(default)]
    acceptance: Option<String>,
    /// New notes.
    #[serde(default)]
    notes: Option<String>,
    /// A new priority, 0 to 4.
    #[serde(default)]
    priority: Option<u8>,
    /// open, in_progress, blocked or deferred; bead_close closes.
    #[serde(default)]
    status: Option<String>,
    /// Labels to add.
    #[serde(default)]
    add_labels: Vec<String>,
    /// Labels to remove.
    #[serde(default)]
    remove_labels: Vec<String>,
}

pub fn update(desk: &mut Desk, given: Update) -> Result<Value> {
    let id = id(desk, &given.id)?;
    let status = given.status.as_deref().map(str::parse).transpose()?;
    if status.as_ref().is_some_and(crate::ledger::Status::is_done) {
        return Err(Error::usage("an update does not close a bead").hint("bead_close does, with a reason"));
    }
    let patch = Patch {
        title: given.title,
        description: given.description,
        acceptance_criteria: given.acceptance,
        notes: given.notes,
        priority: given.priority,
        status,
        ..Patch::default()
    };
    let bead = desk.ledger.write(&desk.actor(), |tx| {
        for label in &given.add_labels {
            tx.add_label(&id, label)?;
        }
        for label in &given.remove_labels {
            tx.remove_label(&id, label)?;
        }
        tx.update(&id, &patch)
    })?;
    Ok(short(&bead))
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// The bead.
    id: String,
    /// The comment.
    text: String,
}

pub fn comment(desk: &mut Desk, given: Comment) -> Result<Value> {
    let id = id(desk, &given.id)?;
    let comment = desk.ledger.write(&desk.actor(), |tx| tx.add_comment(&id, &given.text))?;
    Ok(codec::comment_value(&comment))
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Depends {
    /// The bead that waits.
    id: String,
    /// The bead it waits for.
    on: String,
    /// No longer.
    #[serde(default)]
    remove: bool,
}

pub fn depends(desk: &mut Desk, given: Depends) -> Result<Value> {
    let (issue, on) = (id(desk, &given.id)?, id(desk, &given.on)?);
    let changed = desk.ledger.write(&desk.actor(), |tx| {
        if given.remove {
            tx.remove_dep(&issue, &on, Some(dep_type::BLOCKS)).map(|count| count > 0)
        } else {
            tx.add_dep(&issue, &on, dep_type::BLOCKS)
        }
    })?;
    Ok(json!({"id": issue, "on": on, "changed": changed, "blockers": desk.ledger.blockers(&issue)?}))
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Close {
    /// The bead.
    id: String,
    /// Why.
    reason: String,
}

pub fn close(desk: &mut Desk, given: Close) -> Result<Value> {
    let id = id(desk, &given.id)?;
    let closed = desk.ledger.write(&desk.actor(), |tx| tx.close(&id, &given.reason))?;
    Ok(json!({"closed": short(&closed.bead), "unblocked": closed.unblocked, "landed": closed.landed}))
}
