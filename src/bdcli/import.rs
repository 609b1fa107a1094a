//! `bd import`.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Map, Value};

use super::context::{self, Context};
use super::data::same_file;
use super::{Global, github, mentions, render, twins};
use crate::base::report::Paint;
use crate::base::{Error, Result, ResultExt, Timestamp};
use crate::ledger::{Ledger, ids, jsonl};

/// Reads beads from JSON lines and merges them with those that are there; lines that can't be read are kept aside.
#[derive(Debug, Args)]
pub struct Import {
    /// The file, - for standard input; the store's own issues.jsonl otherwise
    #[arg(long, short, value_name = "FILE")]
    input: Option<PathBuf>,
    /// Read issues of GitHub instead, as gh issue list --json wrote them; - for standard input. Those that were read before are
    /// brought up to date
    #[arg(long, value_name = "FILE", conflicts_with_all = ["input", "strict", "rename_on_import"])]
    github: Option<PathBuf>,
    /// Fail, and change nothing, when a line can't be read
    #[arg(long)]
    strict: bool,
    /// Only say what would happen
    #[arg(long)]
    dry_run: bool,
    /// Leave the beads that are there as they are
    #[arg(long, short)]
    skip_existing: bool,
    /// Give beads with another prefix an id with this ledger's, wherever it stands
    #[arg(long)]
    rename_on_import: bool,
    /// What becomes of parts whose whole is nowhere: allow takes them, skip leaves them out, strict fails, resurrect makes the whole
    #[arg(long, value_name = "HOW", default_value = "allow", value_parser = ["allow", "skip", "strict", "resurrect"])]
    orphan_handling: String,
    /// Take off the name elsewhere (external_ref) of all beads but the first that has it
    #[arg(long)]
    clear_duplicate_external_refs: bool,
    /// Afterwards say which open beads say the same
    #[arg(long)]
    dedupe_after: bool,
    // Other bd programs refuse what we take as it is.
    #[arg(long, hide = true)]
    force: bool,
}

/// The lines of a file; one that changes is written anew, the others stay as they were. Lines keep their numbers.
struct Lines {
    lines: Vec<(String, Option<Map<String, Value>>)>,
}

impl Lines {
    fn read(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let parse = |line: &str| match serde_json::from_str(line) {
            Ok(Value::Object(map)) if map.get("id").is_some_and(Value::is_string) => Some(map),
            _ => None,
        };
        Self { lines: text.lines().map(|line| (line.to_owned(), parse(line))).collect() }
    }

    fn ids(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter_map(|(_, map)| map.as_ref()?.get("id")?.as_str())
    }

    /// Lets `change` look at every bead: `Some(true)` when it changed it, `None` to leave it out.
    fn change(&mut self, mut change: impl FnMut(&mut Map<String, Value>) -> Result<Option<bool>>) -> Result<()> {
        for (text, bead) in &mut self.lines {
            let Some(map) = bead else { continue };
            match change(map)? {
                Some(false) => {}
                Some(true) => *text = Value::Object(map.clone()).to_string(),
                None => {
                    text.clear();
                    *bead = None;
                }
            }
        }
        Ok(())
    }

    fn bytes(self) -> Vec<u8> {
        self.lines.into_iter().flat_map(|(text, _)| [text.into_bytes(), b"\n".to_vec()].concat()).collect()
    }
}

impl Import {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        if !self.dry_run {
            context.to_be_changed()?;
        }
        if let Some(file) = &self.github {
            return self.issues(&mut context, file);
        }
        let store = context.ledger.store(&context.store)?;
        let input = self.input.clone().unwrap_or_else(|| store.beads_dir.join(jsonl::FILE));
        let mut bytes = read(&input)?;
        if self.strict
            && let Some(first) = jsonl::check(&bytes).rejected.first()
        {
            return Err(Error::failed(format!("{}:{}: {}", input.display(), first.line, first.what))
                .hint("nothing was read; without --strict such lines are kept aside and the others read"));
        }
        let mut renamed = BTreeMap::new();
        let plain = !self.skip_existing
            && !self.rename_on_import
            && !self.clear_duplicate_external_refs
            && self.orphan_handling == "allow";
        if !plain {
            let mut lines = Lines::read(&bytes);
            if self.skip_existing {
                skip_existing(&mut lines, &context.ledger)?;
            }
            if self.rename_on_import {
                renamed = rename(&mut lines, &context.ledger, &store.prefix)?;
            }
            orphans(&mut lines, &context.ledger, &self.orphan_handling)?;
            if self.clear_duplicate_external_refs {
                clear_references(&mut lines, &context.ledger)?;
            }
            bytes = lines.bytes();
        }
        let own = plain && same_file(&input, &store.beads_dir.join(jsonl::FILE));
        let report = if self.dry_run {
            jsonl::rehearse(&mut context.ledger, &store.name, &input, &bytes)?
        } else if own {
            jsonl::import_store(&mut context.ledger, &store.name)?
        } else {
            jsonl::import_file(&mut context.ledger, &store.name, &input, &bytes)?
        };
        if !self.dry_run {
            context.flush()?;
        }
        context::tell(&report, context.output);
        let paint = Paint::stdout();
        let mut text = format!(
            "{} {} new, {} changed, {} as they were",
            if self.dry_run { "Would import:".to_owned() } else { paint.green("Imported:") },
            report.created,
            report.updated,
            report.unchanged
        );
        if !report.rejected.is_empty() {
            let what = if self.dry_run { "can't be read" } else { "kept aside" };
            text += &format!(", {} lines {what}", report.rejected.len());
        }
        text.push('\n');
        let mut json = serde_json::to_value(&report)?;
        for (old, new) in &renamed {
            text += &format!("{} is {new} here\n", render::clean(old));
        }
        if self.rename_on_import {
            json["renamed"] = serde_json::to_value(&renamed)?;
        }
        if self.dedupe_after && !self.dry_run {
            let groups = twins::groups(&context)?;
            for group in &groups {
                let ids: Vec<&str> = group.iter().map(|bead| bead.id.as_str()).collect();
                text += &format!("These say the same: {}; bd duplicates --auto-merge makes them one\n", ids.join(", "));
            }
            json["duplicates"] = twins::ids(&groups);
        }
        render::print_change(context.output, json, text)
    }
}

fn text<'m>(map: &'m Map<String, Value>, key: &str) -> &'m str {
    map.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn skip_existing(lines: &mut Lines, ledger: &Ledger) -> Result<()> {
    lines.change(|map| Ok(if ledger.find(text(map, "id"))?.is_some() { None } else { Some(false) }))
}

/// Gives beads with another prefix than `prefix` ids with that; what they were and what they are.
fn rename(lines: &mut Lines, ledger: &Ledger, prefix: &str) -> Result<BTreeMap<String, String>> {
    let mut taken: HashSet<String> = lines.ids().map(str::to_owned).collect();
    let mut new: HashMap<String, String> = HashMap::new();
    let foreign = |id: &str| ids::prefix_of(id).is_none_or(|found| found != prefix);
    // Wholes before their parts, so that these follow them.
    let mut old: Vec<String> = lines.ids().filter(|id| foreign(id)).map(str::to_owned).collect();
    old.sort_by_key(|id| (id.matches('.').count(), id.clone()));
    for id in old {
        let whole = id.rsplit_once('.').and_then(|(whole, part)| Some((new.get(whole)?.clone(), part)));
        let rest = id.strip_prefix(ids::prefix_of(&id).unwrap_or_default()).unwrap_or(&id).trim_start_matches('-');
        let wanted = match whole {
            Some((whole, part)) => format!("{whole}.{part}"),
            None => format!("{prefix}-{rest}"),
        };
        let mut free = wanted.clone();
        let mut nonce = 0;
        while taken.contains(&free) || ledger.find(&free)?.is_some() {
            let made = ids::hash(&id, "", "", Timestamp::from_unix_nanos(0), nonce, 6);
            free = format!("{prefix}-{made}");
            nonce += 1;
        }
        taken.insert(free.clone());
        new.insert(id, free);
    }
    let known = |id: &str| new.get(id).map(String::as_str);
    lines.change(|map| {
        let before = map.clone();
        for key in ["id", "title", "description", "design", "acceptance_criteria", "notes", "close_reason"] {
            if let Some(Value::String(text)) = map.get_mut(key) {
                *text = mentions::renamed(text, known);
            }
        }
        for key in ["dependencies", "comments"] {
            let items = map.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten();
            for item in items.filter_map(Value::as_object_mut) {
                for key in ["issue_id", "depends_on_id", "text"] {
                    if let Some(Value::String(text)) = item.get_mut(key) {
                        *text = mentions::renamed(text, known);
                    }
                }
            }
        }
        Ok(Some(*map != before))
    })?;
    Ok(new.into_iter().collect())
}

/// Does what is wanted with parts (`whole.1`) whose whole is neither in the file nor in the ledger.
fn orphans(lines: &mut Lines, ledger: &Ledger, how: &str) -> Result<()> {
    if how == "allow" {
        return Ok(());
    }
    let here: HashSet<String> = lines.ids().map(str::to_owned).collect();
    let mut missing = BTreeMap::new();
    let mut alone = HashSet::new();
    for id in &here {
        let Some((whole, part)) = id.rsplit_once('.') else { continue };
        if part.parse::<u32>().is_ok() && !here.contains(whole) && ledger.find(whole)?.is_none() {
            missing.insert(whole.to_owned(), id.clone());
            alone.insert(id.clone());
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    match how {
        "strict" => {
            let list: Vec<String> = missing.iter().map(|(whole, part)| format!("{part} of {whole}")).collect();
            Err(Error::refused(format!("parts whose whole is nowhere: {}", list.join(", ")))
                .hint("nothing was read; --orphan-handling allow, skip or resurrect goes on"))
        }
        "skip" => lines.change(|map| Ok(if alone.contains(text(map, "id")) { None } else { Some(false) })),
        _ => {
            let now = Timestamp::now().to_string();
            for (whole, part) in missing {
                let mut map = Map::new();
                for (key, value) in [
                    ("id", whole.as_str()),
                    ("title", "Made again for its parts"),
                    ("description", &format!("It was gone when {part} was imported.")),
                    ("status", "closed"),
                    ("issue_type", "epic"),
                    ("created_at", &now),
                    ("updated_at", &now),
                    ("closed_at", &now),
                    ("close_reason", "Made again for its parts"),
                ] {
                    map.insert(key.to_owned(), value.into());
                }
                map.insert("priority".into(), 4.into());
                lines.lines.push((Value::Object(map.clone()).to_string(), Some(map)));
            }
            Ok(())
        }
    }
}

/// Takes off names elsewhere that another bead has already.
fn clear_references(lines: &mut Lines, ledger: &Ledger) -> Result<()> {
    let mut known: HashMap<String, String> = {
        let mut statement = ledger.conn().prepare(
            "SELECT json_extract(t.more, '$.external_ref'), b.id FROM texts t JOIN beads b ON b.n = t.n \
             WHERE t.more LIKE '%external_ref%' AND json_extract(t.more, '$.external_ref') IS NOT NULL",
        )?;
        statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<rusqlite::Result<_>>()?
    };
    lines.change(|map| {
        let (reference, id) = (text(map, "external_ref").to_owned(), text(map, "id").to_owned());
        if reference.is_empty() || known.entry(reference).or_insert_with(|| id.clone()) == &id {
            return Ok(Some(false));
        }
        map.shift_remove("external_ref");
        Ok(Some(true))
    })
}

impl Import {
    /// Issues of GitHub.
    fn issues(&self, context: &mut Context, file: &Path) -> Result<()> {
        let report = github::import(context, &read(file)?, self.skip_existing, self.dry_run)
            .map_err(|error| error.context(file.display()))?;
        let paint = Paint::stdout();
        let done = if self.dry_run { "Would import:" } else { "Imported:" };
        let text = format!(
            "{} {} issues: {} new, {} changed, {} as they were, {} dependencies\n",
            paint.green(done),
            report.issues,
            report.created.len(),
            report.updated.len(),
            report.unchanged,
            report.dependencies
        );
        render::print_change(context.output, serde_json::to_value(&report)?, text)
    }
}

/// A file, or standard input for `-`.
fn read(input: &Path) -> Result<Vec<u8>> {
    if input == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().read_to_end(&mut bytes).context("read standard input")?;
        return Ok(bytes);
    }
    std::fs::read(input).map_err(|error| {
        Error::not_found(format!("read {}: {error}", input.display()))
            .hint("give the file with -i, - for standard input")
    })
}
