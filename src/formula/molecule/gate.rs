//! Gates: steps wait for something outside, and open when it has happened.

use std::process::{Command, Stdio};

use serde::Serialize;
use serde_json::Value;

use crate::base::{Error, Result, Timestamp};
use crate::ledger::{Bead, Filter, Ledger, Patch, Status, Tx};

/// Marks a gate about which somebody was told.
pub const ESCALATED: &str = "escalated";

/// What a look at all gates led to.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Check {
    /// Gates looked at.
    pub checked: usize,
    /// Gates opened.
    pub resolved: usize,
    /// Gates that need somebody.
    pub escalated: usize,
    /// Gates that could not be looked at.
    pub errors: usize,
    /// Nothing was changed.
    pub dry_run: bool,
    /// What was found, gate by gate.
    pub gates: Vec<Finding>,
}

/// What was found at one gate.
#[derive(Debug, Clone, Serialize)]
pub struct Finding {
    /// The gate.
    pub id: String,
    /// What it waits for.
    pub await_type: String,
    /// `open`, `resolved`, `escalated` or `error`.
    pub state: &'static str,
    /// Why.
    pub reason: String,
}

/// How the outside of a gate stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outside {
    /// It has happened.
    Happened(String),
    /// Not yet.
    Waiting(String),
    /// It will not happen by itself: a failed run, a closed pull request, a time that has passed.
    Failed(String),
}

/// The gates, closed ones too with `all`; those of patterns wait for nothing.
///
/// # Errors
/// When the ledger can't be read.
pub fn list(ledger: &Ledger, all: bool) -> Result<Vec<Bead>> {
    ledger.list(&Filter { types: vec!["gate".into()], closed: all, templates: Some(false), ..Filter::default() })
}

/// The gate `id`.
///
/// # Errors
/// Not found; wrong usage when it is no gate.
pub fn get(ledger: &Ledger, id: &str) -> Result<Bead> {
    let bead = ledger.get(id)?;
    if bead.issue_type != "gate" {
        return Err(Error::usage(format!("{} is a {}, not a gate", bead.id, bead.issue_type))
            .hint("list gates with: bd gate list"));
    }
    Ok(bead)
}

/// What is done for each of those who want to know that a gate has opened: whom, which gate, why.
pub type Tell<'t> = &'t dyn Fn(&mut Tx<'_>, &str, &Bead, &str) -> Result<()>;

/// Opens a gate and tells those who wait for it; returns what can be worked on because of it.
///
/// # Errors
/// As closing a bead; those of `tell`.
pub fn resolve(tx: &mut Tx<'_>, gate: &Bead, reason: &str, tell: Tell<'_>) -> Result<Vec<String>> {
    let reason = if reason.is_empty() { "Resolved" } else { reason };
    let closed = tx.close(&gate.id, reason)?;
    tx.event("gate_resolved", Some(&gate.id), serde_json::json!({"reason": reason, "unblocked": closed.unblocked}))?;
    for waiter in &gate.waiters {
        tell(tx, waiter, gate, reason)?;
    }
    Ok(closed.unblocked)
}

/// A gate that has opened, and the step behind it that nobody has taken up.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The molecule.
    pub molecule: Bead,
    /// The gate.
    pub gate: Bead,
    /// The step.
    pub step: Bead,
}

/// The molecules that can go on because a gate has opened, each once; what somebody works in is not among them.
///
/// # Errors
/// When the ledger can't be read.
pub fn opened(ledger: &Ledger) -> Result<Vec<Opened>> {
    let pairs: Vec<(String, String)> = ledger
        .conn()
        .prepare_cached(
            "SELECT g.id, s.id FROM beads g JOIN deps d ON d.depends_on = g.id AND d.type = 'blocks' \
             JOIN beads s ON s.id = d.issue \
             WHERE g.issue_type = 'gate' AND g.status = 'closed' AND s.status = 'open' AND s.blocked = 0 \
             AND s.assignee = '' AND s.issue_type <> 'gate' AND s.is_template = 0 ORDER BY g.closed_ns, s.created_ns",
        )?
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?;
    let mut out: Vec<Opened> = Vec::new();
    for (gate, step) in pairs {
        let root = super::read::top(ledger.conn(), step.clone())?;
        if root == step || out.iter().any(|known| known.molecule.id == root) {
            continue;
        }
        let molecule = ledger.get(&root)?;
        if !molecule.status.is_done() && molecule.status != Status::Hooked {
            out.push(Opened { molecule, gate: ledger.get(&gate)?, step: ledger.get(&step)? });
        }
    }
    Ok(out)
}

/// Makes `agent` one of those that are told when the gate opens; `false` when it is one.
///
/// # Errors
/// As changing a bead.
pub fn add_waiter(tx: &mut Tx<'_>, gate: &Bead, agent: &str) -> Result<bool> {
    if gate.waiters.iter().any(|waiter| waiter == agent) {
        return Ok(false);
    }
    let mut waiters = gate.waiters.clone();
    waiters.push(agent.to_owned());
    tx.update(&gate.id, &Patch { waiters: Some(waiters), ..Patch::default() })?;
    Ok(true)
}

/// Whether a gate of this type is meant by `--type`.
pub fn wanted(gate: &Bead, kind: &str) -> bool {
    match kind {
        "" | "all" => true,
        "gh" => gate.await_type.starts_with("gh:"),
        kind => gate.await_type == kind,
    }
}

/// Looks at what an open gate waits for. Gates for people and mail stay until somebody resolves them.
///
/// # Errors
/// When it can't be looked at: no `gh`, no such bead.
pub fn look(ledger: &Ledger, gate: &Bead) -> Result<Outside> {
    let now = crate::base::Timestamp::now();
    let seconds = gate.timeout / 1_000_000_000;
    let overdue = gate.timeout > 0 && gate.created_at.plus_seconds(seconds) <= now;
    let found = match gate.await_type.as_str() {
        "timer" if overdue => Outside::Happened("the time has passed".into()),
        "timer" => Outside::Waiting("the time has not passed".into()),
        "bead" => bead(ledger, &gate.await_id)?,
        "gh:run" => run_state(&gh(&["run", "view", &gate.await_id, "--json", "status,conclusion"])?),
        "gh:pr" => pr_state(&gh(&["pr", "view", &gate.await_id, "--json", "state"])?),
        other => Outside::Waiting(format!("waits for {}", if other.is_empty() { "somebody" } else { other })),
    };
    Ok(match found {
        Outside::Waiting(_) if overdue => Outside::Failed("it has waited longer than its timeout".into()),
        found => found,
    })
}

fn bead(ledger: &Ledger, id: &str) -> Result<Outside> {
    // The rig before the colon says nothing that the id does not.
    let id = id.rsplit(':').next().unwrap_or(id);
    let bead = ledger.get(id)?;
    Ok(match bead.status {
        Status::Closed => Outside::Happened(format!("{} is closed", bead.id)),
        Status::Tombstone => Outside::Failed(format!("{} was deleted", bead.id)),
        status => Outside::Waiting(format!("{} is {}", bead.id, status.as_str())),
    })
}

fn gh(args: &[&str]) -> Result<Value> {
    if args.iter().any(|arg| arg.starts_with('-') && !arg.starts_with("--json")) {
        return Err(Error::failed("the gate's id begins with a hyphen"));
    }
    gh_told(args)
}

fn gh_told(args: &[&str]) -> Result<Value> {
    let output = Command::new("gh").args(args).stdin(Stdio::null()).output().map_err(|error| {
        Error::failed(format!("gh: {error}")).hint("install the GitHub CLI, or open the gate with: bd gate resolve")
    })?;
    if !output.status.success() {
        let message = String::from_utf8_lossy(&output.stderr);
        return Err(Error::failed(format!("gh {}: {}", args.join(" "), message.trim())));
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

/// A run that a gate was found to wait for.
#[derive(Debug, Clone, Serialize)]
pub struct Discovered {
    /// The gate.
    #[serde(rename = "gate_id")]
    pub gate: String,
    /// The run's number.
    #[serde(rename = "run_id")]
    pub run: String,
    /// What it is a run of.
    pub workflow: String,
    /// When it began.
    #[serde(rename = "created_at")]
    pub begun: Timestamp,
}

/// The runs of `branch` that gates wait for which name no run, only a workflow or nothing: for each gate the newest that has not begun
/// more than `slack` seconds before the gate was made.
///
/// # Errors
/// When `gh` can't be asked.
pub fn discover(ledger: &Ledger, branch: &str, limit: usize, slack: i64) -> Result<Vec<Discovered>> {
    let vague = |gate: &Bead| {
        gate.await_type == "gh:run" && (gate.await_id.is_empty() || gate.await_id.bytes().any(|b| !b.is_ascii_digit()))
    };
    let gates: Vec<Bead> = list(ledger, false)?.into_iter().filter(vague).collect();
    if gates.is_empty() {
        return Ok(Vec::new());
    }
    let limit = limit.to_string();
    let fields = "databaseId,workflowName,createdAt";
    if branch.starts_with('-') {
        return Err(Error::usage("the branch's name begins with a hyphen"));
    }
    let runs = gh_told(&["run", "list", "--branch", branch, "--limit", &limit, "--json", fields])?;
    let mut out = Vec::new();
    for gate in gates {
        let newest = runs
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|run| {
                let workflow = run.get("workflowName").and_then(Value::as_str).unwrap_or_default().to_owned();
                let begun: Timestamp = run.get("createdAt")?.as_str()?.parse().ok()?;
                Some(Discovered {
                    gate: gate.id.clone(),
                    run: run.get("databaseId")?.as_u64()?.to_string(),
                    workflow,
                    begun,
                })
            })
            .filter(|run| run.begun >= gate.created_at.plus_seconds(-slack))
            .filter(|run| gate.await_id.is_empty() || gate.await_id == run.workflow)
            .max_by_key(|run| run.begun);
        out.extend(newest);
    }
    Ok(out)
}

/// Makes the gate wait for this run.
///
/// # Errors
/// As changing a bead.
pub fn await_run(tx: &mut Tx<'_>, gate: &str, run: &str) -> Result<Bead> {
    tx.update(gate, &Patch { await_id: Some(run.to_owned()), ..Patch::default() })
}

fn run_state(run: &Value) -> Outside {
    let text = |key: &str| run.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    match (text("status").as_str(), text("conclusion").as_str()) {
        ("completed", "success" | "skipped") => Outside::Happened("the run succeeded".into()),
        ("completed", conclusion) => Outside::Failed(format!("the run ended: {conclusion}")),
        (status, _) => Outside::Waiting(format!("the run is {status}")),
    }
}

fn pr_state(pr: &Value) -> Outside {
    match pr.get("state").and_then(Value::as_str).unwrap_or_default() {
        "MERGED" => Outside::Happened("the pull request is merged".into()),
        "CLOSED" => Outside::Failed("the pull request was closed without a merge".into()),
        state => Outside::Waiting(format!("the pull request is {}", state.to_ascii_lowercase())),
    }
}

/// Looks at every open gate of the type and opens those whose time has come. What will not happen by itself is marked `escalated`, once, when
/// `escalate`.
///
/// # Errors
/// When the ledger can't be read or written; a gate that can't be looked at is counted, not an error.
pub fn check(
    ledger: &mut Ledger,
    actor: &str,
    kind: &str,
    escalate: bool,
    dry_run: bool,
    tell: Tell<'_>,
) -> Result<Check> {
    let mut report = Check { dry_run, ..Check::default() };
    let gates: Vec<Bead> = list(ledger, false)?.into_iter().filter(|gate| wanted(gate, kind)).collect();
    // Looking may take as long as the network does, so it happens before the transaction.
    let found: Vec<(Bead, Result<Outside>)> = gates
        .into_iter()
        .map(|gate| {
            let outside = look(ledger, &gate);
            (gate, outside)
        })
        .collect();
    let mut record = |tx: &mut Option<&mut Tx<'_>>| -> Result<()> {
        for (gate, outside) in &found {
            report.checked += 1;
            let (state, reason) = match outside {
                Ok(Outside::Happened(reason)) => {
                    report.resolved += 1;
                    if let Some(tx) = tx {
                        resolve(tx, gate, reason, tell)?;
                    }
                    ("resolved", reason.clone())
                }
                Ok(Outside::Failed(reason)) => {
                    report.escalated += 1;
                    if let Some(tx) = tx.as_mut().filter(|_| escalate)
                        && tx.add_label(&gate.id, ESCALATED)?
                    {
                        tx.add_comment(&gate.id, &format!("Needs somebody: {reason}"))?;
                        tx.event("escalation", Some(&gate.id), serde_json::json!({"reason": reason}))?;
                    }
                    ("escalated", reason.clone())
                }
                Ok(Outside::Waiting(reason)) => ("open", reason.clone()),
                Err(error) => {
                    report.errors += 1;
                    ("error", error.to_string())
                }
            };
            report.gates.push(Finding { id: gate.id.clone(), await_type: gate.await_type.clone(), state, reason });
        }
        Ok(())
    };
    match dry_run {
        true => record(&mut None)?,
        false => ledger.write(actor, |tx| record(&mut Some(tx)))?,
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_of_runs_and_pull_requests() {
        let run = |status: &str, conclusion: &str| {
            run_state(&serde_json::json!({"status": status, "conclusion": conclusion}))
        };
        assert!(matches!(run("completed", "success"), Outside::Happened(_)));
        assert!(matches!(run("completed", "failure"), Outside::Failed(_)));
        assert!(matches!(run("in_progress", ""), Outside::Waiting(_)));
        let pr = |state: &str| pr_state(&serde_json::json!({"state": state}));
        assert!(matches!(pr("MERGED"), Outside::Happened(_)));
        assert!(matches!(pr("CLOSED"), Outside::Failed(_)));
        assert!(matches!(pr("OPEN"), Outside::Waiting(_)));
    }
}
