//! Escalations: what somebody has to look at, how urgent it is, and whom it is told; louder each time nobody answers.

use std::io::{self, Write};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::identity::OVERSEER;
use super::{Desk, mail, outside, post};
use crate::base::report::{Paint, Report};
use crate::base::text::{fit, neutralise};
use crate::base::{Error, Result, Timestamp};
use crate::ledger::{Bead, Filter, NewBead, Patch, Tx};
use crate::town::{EscalationSettings, Severity, TOWN_PREFIX};

/// The type of its bead.
pub const TYPE: &str = "escalation";
/// The label of one that somebody has seen.
const ACKED: &str = "acked";
/// The key of its own facts in the bead.
const FACTS: &str = "escalation";

/// Where those come from that the town raises by itself about work.
const OWN_SOURCES: [&str; 4] = ["dispatcher", "polecat", "refinery", "witness"];

/// What an escalation's bead keeps beside what every bead has.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Facts {
    /// How urgent it is.
    pub severity: Severity,
    /// Where it comes from: `daemon`, `polecat`, a plugin.
    pub source: String,
    /// The bead it is about.
    pub related: String,
    /// How often it was raised because nobody answered.
    pub raised: u32,
    /// When it was told last.
    pub told_at: Option<Timestamp>,
    /// Who has seen it.
    pub acked_by: String,
    /// When.
    pub acked_at: Option<Timestamp>,
    /// What was done to tell people, newest last.
    pub actions: Vec<String>,
}

/// An escalation.
#[derive(Debug, Clone, Serialize)]
pub struct Escalation {
    /// Its bead.
    pub id: String,
    /// What it is about.
    pub title: String,
    /// Why.
    pub reason: String,
    /// Who raised it.
    pub from: String,
    /// `open`, `acked` or `closed`.
    pub status: &'static str,
    /// When it was raised first.
    pub created_at: Timestamp,
    /// Why it was closed.
    pub close_reason: String,
    /// The rest.
    #[serde(flatten)]
    pub facts: Facts,
}

impl Escalation {
    fn of(bead: &Bead) -> Escalation {
        let facts =
            bead.extra.get(FACTS).and_then(|value| serde_json::from_value(value.clone()).ok()).unwrap_or_default();
        Escalation {
            id: bead.id.clone(),
            title: bead.title.clone(),
            reason: bead.description.clone(),
            from: bead.created_by.clone(),
            status: match (bead.status.is_done(), bead.has_label(ACKED)) {
                (true, _) => "closed",
                (false, true) => "acked",
                (false, false) => "open",
            },
            created_at: bead.created_at,
            close_reason: bead.close_reason.clone(),
            facts,
        }
    }
}

impl Report for Escalation {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        let Facts { severity, source, related, raised, acked_by, actions, .. } = &self.facts;
        writeln!(
            out,
            "{} {} [{}] {}",
            paint.dim(&self.id),
            paint_severity(*severity, paint),
            self.status,
            neutralise(&self.title, true)
        )?;
        writeln!(out, "  from     {}, {} ago", neutralise(&self.from, true), self.created_at.age(Timestamp::now()))?;
        let raised = if *raised == 0 { String::new() } else { format!("{raised} times, because nobody answered") };
        for (word, value) in [
            ("source", source.as_str()),
            ("about", related),
            ("raised", &raised),
            ("seen by", acked_by),
            ("closed", &self.close_reason),
        ] {
            if !value.is_empty() {
                writeln!(out, "  {word:<8} {}", neutralise(value, true))?;
            }
        }
        for action in actions {
            writeln!(out, "  {}", paint.dim(&neutralise(action, true)))?;
        }
        if !self.reason.is_empty() {
            writeln!(out, "\n{}", neutralise(&self.reason, false))?;
        }
        Ok(())
    }
}

fn paint_severity(severity: Severity, paint: Paint) -> String {
    let word = fit(severity.as_str(), 8);
    match severity {
        Severity::Critical | Severity::High => paint.red(&word),
        Severity::Medium => paint.yellow(&word),
        Severity::Low => word,
    }
}

/// Escalations, newest first.
#[derive(Debug, Serialize)]
#[serde(transparent)]
pub struct Escalations(pub Vec<Escalation>);

impl Report for Escalations {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.0.is_empty() {
            return writeln!(out, "Nothing is escalated.");
        }
        let now = Timestamp::now();
        for one in &self.0 {
            let (severity, age) = (paint_severity(one.facts.severity, paint), fit(&one.created_at.age(now), 4));
            writeln!(out, "{} {severity} {age} [{}] {}", paint.dim(&one.id), one.status, neutralise(&one.title, true))?;
        }
        Ok(())
    }
}

/// What is to be escalated.
#[derive(Debug, Clone, Default)]
pub struct New {
    /// What it is about.
    pub title: String,
    /// Why.
    pub reason: String,
    /// How urgent it is.
    pub severity: Severity,
    /// Where it comes from.
    pub source: String,
    /// The bead it is about.
    pub related: String,
}

/// Raises it and tells those whom the town's settings name for its severity. What can't be told is said, and is no reason to fail.
///
/// # Errors
/// When there is no description, or the ledger or the settings can't be used.
pub fn raise(desk: &mut Desk, from: &str, new: &New) -> Result<Escalation> {
    let settings = desk.town.settings()?.escalation;
    let id = desk.ledger.write(from, |tx| file(tx, new))?;
    tell(desk, &settings, &id)
}

/// Tells of one that [`file`] filed just now. When that fails, [`tell_untold`] does it later: what it is about was done.
pub fn tell_filed(desk: &mut Desk, filed: Option<String>) {
    let Some(id) = filed else { return };
    let told = desk.town.settings().and_then(|settings| tell(desk, &settings.escalation, &id));
    if let Err(error) = told {
        tracing::warn!(escalation = id, %error, "not told yet");
    }
}

/// Closes those that the town raised by itself about a bead that is done by now.
///
/// # Errors
/// When the ledger can't be used.
pub fn close_settled(desk: &mut Desk) -> Result<Vec<Escalation>> {
    let mut closed = Vec::new();
    for one in list(desk, false)?.0.into_iter().filter(|one| OWN_SOURCES.contains(&one.facts.source.as_str())) {
        let bead = desk.ledger.find(&one.facts.related)?;
        if bead.is_some_and(|bead| bead.status.is_done()) {
            closed.push(close(desk, "deacon", &one.id, &format!("{} is done", one.facts.related))?);
        }
    }
    Ok(closed)
}

/// Files it as part of a transaction; its bead's id. [`tell_untold`] tells of it afterwards, whoever was killed meanwhile.
///
/// # Errors
/// When there is no description, or the ledger can't be written.
pub fn file(tx: &mut Tx<'_>, new: &New) -> Result<String> {
    if new.title.trim().is_empty() {
        return Err(Error::usage("nothing is said").hint("gt escalate \"what is wrong\" --severity high"));
    }
    let from = tx.actor().to_owned();
    let related = if new.related.is_empty() { String::new() } else { tx.resolve(&new.related)? };
    let facts = Facts { severity: new.severity, source: new.source.clone(), related, ..Facts::default() };
    let bead = tx.create(
        TOWN_PREFIX,
        NewBead {
            title: new.title.chars().take(200).collect(),
            description: new.reason.clone(),
            issue_type: TYPE.into(),
            priority: Some(new.severity.priority()),
            labels: vec![format!("severity:{}", new.severity)],
            extra: facts_map(&facts)?,
            ..NewBead::default()
        },
    )?;
    let about = Some(facts.related.as_str()).filter(|id| !id.is_empty()).unwrap_or(&bead.id);
    let data = json!({"agent": from, "reason": new.title, "severity": new.severity, "id": bead.id});
    tx.event("escalation", Some(about), data)?;
    Ok(bead.id)
}

/// Tells of those that were filed at least `seconds` ago and of which nobody was told: whoever filed them may have been killed.
///
/// # Errors
/// When ledger or settings can't be used.
pub fn tell_untold(desk: &mut Desk, seconds: i64) -> Result<Vec<Escalation>> {
    let now = Timestamp::now();
    let mut untold = list(desk, false)?.0;
    untold.retain(|one| one.facts.told_at.is_none() && one.created_at.seconds_until(now) >= seconds);
    if untold.is_empty() {
        return Ok(untold);
    }
    let settings = desk.town.settings()?.escalation;
    untold.into_iter().map(|one| tell(desk, &settings, &one.id)).collect()
}

fn facts_map(facts: &Facts) -> Result<serde_json::Map<String, Value>> {
    let mut extra = serde_json::Map::new();
    extra.insert(FACTS.into(), serde_json::to_value(facts)?);
    Ok(extra)
}

fn put_facts(tx: &mut Tx<'_>, id: &str, facts: &Facts) -> Result<()> {
    tx.update(id, &Patch { extra: facts_map(facts)?, ..Patch::default() }).map(|_| ())
}

/// What a route of the settings means.
enum Route {
    /// The bead itself: it stands in the list.
    Bead,
    /// A message.
    Mail(String),
    /// A command of the settings.
    Command(String),
}

fn route(word: &str) -> Route {
    match word.split_once(':') {
        _ if word == "bead" => Route::Bead,
        Some(("mail", to)) => Route::Mail(to.to_owned()),
        _ => Route::Command(word.to_owned()),
    }
}

/// Tells those whom the settings name, and notes what became of it. Messages and the note are one transaction.
fn tell(desk: &mut Desk, settings: &EscalationSettings, id: &str) -> Result<Escalation> {
    let one = Escalation::of(&desk.ledger.get(id)?);
    let mut boxes: Vec<String> = Vec::new();
    let mut actions = Vec::new();
    for word in settings.routes(one.facts.severity) {
        actions.push(match route(&word) {
            Route::Bead => format!("bead: {id}"),
            Route::Mail(to) => match post::resolve(desk, &to, "") {
                Ok(found) => {
                    boxes.extend(found);
                    format!("mail: sent to {to}")
                }
                Err(error) => format!("mail: not sent to {to}: {error}"),
            },
            Route::Command(name) => match settings.commands.get(&name) {
                None => {
                    format!("{name}: not told, as no command is set (settings/config.json: escalation.commands.{name})")
                }
                Some(argv) => match outside::run(argv, &one.reason, &environment(&one)) {
                    Ok(()) => format!("{name}: told"),
                    Err(error) => format!("{name}: not told: {error}"),
                },
            },
        });
    }
    boxes.sort();
    boxes.dedup();
    let from = one.from.clone();
    let subject = format!("[{}] {}", one.facts.severity, one.title);
    let about =
        if one.facts.related.is_empty() { String::new() } else { format!("It is about {}.\n", one.facts.related) };
    let body = format!(
        "{}\n\n{about}Seen: gt escalate ack {id}. Settled: gt escalate close {id} --reason <what was done>.",
        one.reason
    );
    desk.ledger.write("deacon", |tx| {
        for to in &boxes {
            mail::post(
                tx,
                &from,
                to,
                &subject.chars().take(200).collect::<String>(),
                body.trim(),
                one.facts.severity.priority().min(2),
            )?;
        }
        let facts = Facts { told_at: Some(tx.now()), actions: actions.clone(), ..one.facts.clone() };
        put_facts(tx, id, &facts)
    })?;
    Ok(Escalation::of(&desk.ledger.get(id)?))
}

fn environment(one: &Escalation) -> Vec<(String, String)> {
    let pairs = [
        ("ID", one.id.as_str()),
        ("TITLE", &one.title),
        ("SEVERITY", one.facts.severity.as_str()),
        ("FROM", &one.from),
        ("RELATED", &one.facts.related),
    ];
    pairs.into_iter().map(|(key, value)| (format!("GT_ESCALATION_{key}"), value.to_owned())).collect()
}

/// Escalations, newest first; closed ones only with `all`.
///
/// # Errors
/// When the ledger can't be read.
pub fn list(desk: &Desk, all: bool) -> Result<Escalations> {
    let filter = Filter { types: vec![TYPE.into()], closed: all, ..Filter::default() };
    let mut found: Vec<Escalation> = desk.ledger.list(&filter)?.iter().map(Escalation::of).collect();
    found.sort_by(|a, b| b.created_at.cmp(&a.created_at).then_with(|| b.id.cmp(&a.id)));
    Ok(Escalations(found))
}

/// The escalation `which` names.
///
/// # Errors
/// [`crate::base::Kind::NotFound`] when it is none.
pub fn get(desk: &Desk, which: &str) -> Result<Escalation> {
    let bead = desk.ledger.get(&desk.ledger.resolve(which)?)?;
    if bead.issue_type != TYPE {
        return Err(Error::not_found(format!("{} is no escalation", bead.id)).hint("gt escalate list"));
    }
    Ok(Escalation::of(&bead))
}

/// Notes that `by` has seen it: it is not raised again.
///
/// # Errors
/// Refused when it is closed; not found when it is none.
pub fn ack(desk: &mut Desk, by: &str, which: &str) -> Result<Escalation> {
    let one = get(desk, which)?;
    if one.status == "closed" {
        return Err(Error::refused(format!("{} is closed", one.id)).hint("gt escalate list shows the open ones"));
    }
    if one.status == "open" {
        desk.ledger.write(by, |tx| {
            tx.add_label(&one.id, ACKED)?;
            let facts = Facts { acked_by: by.to_owned(), acked_at: Some(tx.now()), ..one.facts.clone() };
            put_facts(tx, &one.id, &facts)
        })?;
    }
    get(desk, &one.id)
}

/// Closes it.
///
/// # Errors
/// Not found when it is none.
pub fn close(desk: &mut Desk, by: &str, which: &str, reason: &str) -> Result<Escalation> {
    let one = get(desk, which)?;
    if one.status != "closed" {
        desk.ledger.write(by, |tx| tx.close(&one.id, reason).map(|_| ()))?;
    }
    get(desk, &one.id)
}

/// Open escalations that nobody has seen for longer than the settings allow, and that may be raised once more.
///
/// # Errors
/// When ledger or settings can't be read.
pub fn stale(desk: &Desk, now: Timestamp) -> Result<Vec<Escalation>> {
    let settings = desk.town.settings()?.escalation;
    let mut found = list(desk, false)?.0;
    found.retain(|one| {
        let waited = one.facts.told_at.unwrap_or(one.created_at).seconds_until(now);
        one.status == "open"
            && one.facts.raised < settings.max_raises
            && waited >= settings.stale_minutes.saturating_mul(60)
    });
    Ok(found)
}

/// Raises what [`stale`] finds: one step more urgent, and told again. Returns them as they are then.
///
/// # Errors
/// As [`stale`].
pub fn raise_stale(desk: &mut Desk) -> Result<Vec<Escalation>> {
    let settings = desk.town.settings()?.escalation;
    let mut raised = Vec::new();
    for one in stale(desk, Timestamp::now())? {
        let severity = one.facts.severity.raised();
        let due = desk.ledger.write("deacon", |tx| {
            // Somebody may have seen it meanwhile, or another daemon raised it.
            let now = Escalation::of(&tx.get(&one.id)?);
            if now.status != "open" || now.facts.told_at != one.facts.told_at {
                return Ok(false);
            }
            if severity != one.facts.severity {
                tx.remove_label(&one.id, &format!("severity:{}", one.facts.severity))?;
                tx.add_label(&one.id, &format!("severity:{severity}"))?;
            }
            let facts = Facts { severity, raised: one.facts.raised + 1, told_at: Some(tx.now()), ..now.facts };
            tx.update(&one.id, &Patch { priority: Some(severity.priority()), extra: facts_map(&facts)?, ..Patch::default() })?;
            let payload = json!({"agent": OVERSEER, "reason": one.title, "severity": severity, "id": one.id, "raised": facts.raised});
            tx.event("escalation", Some(&one.id), payload)?;
            Ok(true)
        })?;
        if due {
            raised.push(tell(desk, &settings, &one.id)?);
        }
    }
    Ok(raised)
}
