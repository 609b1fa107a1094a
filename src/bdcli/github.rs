//! Issues of GitHub as beads: reads what `gh issue list --json ...` wrote; nothing is asked of the network.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::context::Context;
use crate::base::{Error, Result, ResultExt, Timestamp};
use crate::ledger::{Bead, Comment, NewBead, Patch, Status, Tx, dep_type};

/// What has to be asked of `gh`; `number` and `title` are needed, the rest is taken where it is there.
pub const FIELDS: &str = "number,title,body,state,stateReason,url,author,assignees,labels,milestone,comments,createdAt";

/// One issue.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Issue {
    number: u64,
    title: String,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    state_reason: Option<String>,
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    author: Option<Person>,
    #[serde(default)]
    assignees: Vec<Person>,
    #[serde(default)]
    labels: Vec<Label>,
    #[serde(default)]
    milestone: Option<Milestone>,
    #[serde(default)]
    comments: Vec<Remark>,
    #[serde(default)]
    created_at: Option<Timestamp>,
}

#[derive(Debug, Default, Deserialize)]
struct Person {
    #[serde(default)]
    login: String,
}

#[derive(Debug, Deserialize)]
struct Label {
    name: String,
}

#[derive(Debug, Deserialize)]
struct Milestone {
    title: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Remark {
    #[serde(default)]
    author: Option<Person>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    created_at: Option<Timestamp>,
}

/// What an import did.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    /// How many issues were read.
    pub issues: usize,
    /// Beads that were made.
    pub created: Vec<String>,
    /// Beads that were changed.
    pub updated: Vec<String>,
    /// How many were as they are.
    pub unchanged: usize,
    /// Dependencies that were made.
    pub dependencies: usize,
}

impl Issue {
    /// Its name elsewhere: the address, which no issue of another repository shares.
    fn reference(&self) -> String {
        self.url.clone().filter(|url| !url.is_empty()).unwrap_or_else(|| self.short())
    }

    fn short(&self) -> String {
        format!("gh-{}", self.number)
    }

    /// As long as a bead's title may be.
    fn title(&self) -> &str {
        let title = self.title.trim();
        let end = (0..=title.len().min(500)).rev().find(|at| title.is_char_boundary(*at)).unwrap_or(0);
        &title[..end]
    }

    fn closed(&self) -> bool {
        self.state.as_deref().is_some_and(|state| state.eq_ignore_ascii_case("closed"))
    }

    fn reason(&self) -> String {
        match self.state_reason.as_deref().unwrap_or_default().to_ascii_lowercase().as_str() {
            "" => "closed on GitHub".into(),
            reason => format!("closed on GitHub: {}", reason.replace('_', " ")),
        }
    }

    fn kind(&self) -> &'static str {
        let has = |words: &[&str]| {
            self.labels.iter().any(|label| {
                let name = label.name.to_ascii_lowercase();
                let last = name.rsplit([':', '/']).next().unwrap_or_default().trim().to_owned();
                words.contains(&last.as_str())
            })
        };
        if has(&["bug", "defect", "regression"]) {
            "bug"
        } else if has(&["epic"]) {
            "epic"
        } else if has(&["enhancement", "feature", "feature request"]) {
            "feature"
        } else if has(&["chore", "maintenance", "dependencies"]) {
            "chore"
        } else {
            "task"
        }
    }

    fn priority(&self) -> Option<u8> {
        self.labels.iter().find_map(|label| {
            let name = label.name.to_ascii_lowercase();
            let word = name.rsplit([':', '/']).next().unwrap_or_default().trim();
            match word {
                "p0" | "critical" | "blocker" => Some(0),
                "p1" | "high" => Some(1),
                "p2" | "medium" => Some(2),
                "p3" | "low" => Some(3),
                "p4" | "backlog" => Some(4),
                _ => None,
            }
        })
    }

    fn labels(&self) -> Vec<String> {
        let milestone = self.milestone.iter().map(|milestone| format!("milestone:{}", milestone.title));
        let all = self.labels.iter().map(|label| label.name.clone()).chain(milestone);
        let word =
            |label: String| label.split([' ', ',', '\t', '\n']).filter(|w| !w.is_empty()).collect::<Vec<_>>().join("-");
        all.map(word).filter(|label| !label.is_empty()).collect()
    }

    /// The issues of the same repository that this one waits for, as its text says.
    fn waits_for(&self) -> Vec<u64> {
        let body = self.body.as_deref().unwrap_or_default().to_ascii_lowercase();
        let mut found = Vec::new();
        for phrase in ["blocked by", "depends on"] {
            for (at, _) in body.match_indices(phrase) {
                let rest = body[at + phrase.len()..].trim_start_matches([' ', ':']);
                let line = rest.lines().next().unwrap_or_default();
                for word in
                    line.split([' ', ',']).take_while(|word| word.is_empty() || *word == "and" || word.starts_with('#'))
                {
                    let digits: String =
                        word.trim_start_matches('#').chars().take_while(char::is_ascii_digit).collect();
                    found.extend(digits.parse::<u64>().ok());
                }
            }
        }
        found
    }

    fn origin(&self) -> String {
        let who = self.author.as_ref().map(|author| author.login.as_str()).filter(|login| !login.is_empty());
        let mut text = format!("GitHub issue #{}", self.number);
        if let Some(who) = who {
            text += &format!(", opened by {who}");
        }
        if let Some(at) = self.created_at {
            text += &format!(" on {}", at.to_string().get(..10).unwrap_or_default());
        }
        text
    }
}

fn read(bytes: &[u8]) -> Result<Vec<Issue>> {
    let ask = || format!("write the file with: gh issue list --state all --limit 1000 --json {FIELDS} > issues.json");
    let value: Value =
        serde_json::from_slice(bytes).map_err(|error| Error::failed(format!("no JSON: {error}")).hint(ask()))?;
    let list = if value.is_array() { value } else { Value::Array(vec![value]) };
    serde_path_to_error::deserialize(list)
        .map_err(|error| Error::failed(format!("{}: {}", error.path(), error.inner())).hint(ask()))
}

/// The bead that stands for an issue already.
fn known(tx: &Tx<'_>, issue: &Issue, by_ref: &HashMap<String, String>) -> Result<Option<Bead>> {
    match by_ref.get(&issue.reference()).or_else(|| by_ref.get(&issue.short())) {
        Some(id) => tx.find(id),
        None => Ok(None),
    }
}

/// Makes a bead of every issue that has none, and takes over what changed in the others. What was done here stays: who has the
/// bead, notes, dependencies, that it is closed.
///
/// # Errors
/// When the file is not what `gh` writes, or the ledger can't be written: nothing is changed then.
pub fn import(context: &mut Context, bytes: &[u8], skip_existing: bool, dry_run: bool) -> Result<Report> {
    let issues = read(bytes)?;
    let store = context.store.clone();
    let mut report = Report { issues: issues.len(), ..Report::default() };
    let mut work = |tx: &mut Tx<'_>| -> Result<()> {
        let by_ref = references(tx, &store)?;
        let mut ids: HashMap<u64, String> = HashMap::new();
        for issue in &issues {
            let at = || format!("issue #{}", issue.number);
            let id = match known(tx, issue, &by_ref)? {
                Some(bead) => {
                    if !skip_existing && refresh(tx, &bead, issue).with_context(at)? {
                        report.updated.push(bead.id.clone());
                    } else {
                        report.unchanged += 1;
                    }
                    bead.id
                }
                None => {
                    let id = make(tx, &store, issue).with_context(at)?;
                    report.created.push(id.clone());
                    id
                }
            };
            ids.insert(issue.number, id);
        }
        for issue in &issues {
            let Some(id) = ids.get(&issue.number) else { continue };
            for other in issue.waits_for().iter().filter_map(|number| ids.get(number)).filter(|other| *other != id) {
                // A circle in the issues' texts is theirs; it must not keep the others out.
                if let Ok(true) = tx.add_dep(id, other, dep_type::BLOCKS) {
                    report.dependencies += 1;
                }
            }
        }
        Ok(())
    };
    if dry_run {
        let tried = context.ledger.write(&context.actor, |tx| {
            work(tx)?;
            Err::<(), Error>(Error::failed(UNDONE))
        });
        match tried {
            Err(error) if error.message() == UNDONE => {}
            Err(error) => return Err(error),
            Ok(()) => {}
        }
    } else {
        context.write(work)?;
    }
    Ok(report)
}

/// Takes back what a dry run did.
const UNDONE: &str = "only tried";

fn references(tx: &Tx<'_>, store: &str) -> Result<HashMap<String, String>> {
    let mut statement = tx.conn().prepare(
        "SELECT json_extract(t.more, '$.external_ref'), b.id FROM beads b JOIN texts t USING (n) \
         WHERE b.store = ?1 AND t.more LIKE '%external_ref%' AND b.status <> 'tombstone'",
    )?;
    let rows = statement.query_map([store], |row| Ok((row.get::<_, Option<String>>(0)?, row.get(1)?)))?;
    let mut found = HashMap::new();
    for row in rows {
        if let (Some(reference), id) = row? {
            found.insert(reference, id);
        }
    }
    Ok(found)
}

fn make(tx: &mut Tx<'_>, store: &str, issue: &Issue) -> Result<String> {
    let new = NewBead {
        description: issue.body.clone().unwrap_or_default(),
        notes: issue.origin(),
        issue_type: issue.kind().into(),
        priority: issue.priority(),
        assignee: issue.assignees.first().map(|person| person.login.clone()).unwrap_or_default(),
        labels: issue.labels(),
        external_ref: Some(issue.reference()),
        ..NewBead::titled(issue.title())
    };
    let bead = tx.create(store, new)?;
    remarks(tx, &bead, issue)?;
    if issue.closed() {
        tx.close(&bead.id, &issue.reason())?;
    }
    Ok(bead.id)
}

/// Whether something was changed.
fn refresh(tx: &mut Tx<'_>, bead: &Bead, issue: &Issue) -> Result<bool> {
    let patch = Patch {
        title: Some(issue.title().to_owned()),
        description: Some(issue.body.clone().unwrap_or_default()),
        priority: issue.priority(),
        ..Patch::default()
    };
    let after = tx.update(&bead.id, &patch)?;
    let mut changed = after.updated_at != bead.updated_at;
    for label in issue.labels() {
        changed |= tx.add_label(&bead.id, &label)?;
    }
    changed |= remarks(tx, bead, issue)?;
    if issue.closed() && bead.status != Status::Closed {
        tx.close(&bead.id, &issue.reason())?;
        changed = true;
    }
    Ok(changed)
}

/// Adds the comments that are not there yet.
fn remarks(tx: &mut Tx<'_>, bead: &Bead, issue: &Issue) -> Result<bool> {
    let mut added = false;
    for remark in issue.comments.iter().filter(|remark| !remark.body.trim().is_empty()) {
        let author = remark.author.as_ref().map_or("github", |author| author.login.as_str());
        if bead.comments.iter().any(|old| old.text == remark.body && old.author == author) {
            continue;
        }
        let comment = Comment {
            id: 0,
            issue_id: bead.id.clone(),
            author: author.to_owned(),
            text: remark.body.clone(),
            created_at: remark.created_at.unwrap_or(tx.now()),
            extra: serde_json::Map::new(),
        };
        tx.restore_comment(&bead.id, &comment)?;
        added = true;
    }
    Ok(added)
}
