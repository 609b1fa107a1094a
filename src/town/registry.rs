//! `mayor/rigs.json`: which rigs the town has.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::config::{Document, Format};
use super::{Rig, Town, validate_rig_name};
use crate::base::lock::Lock;
use crate::base::{Error, Result, ResultExt, Timestamp, files};

/// The format of `mayor/rigs.json`.
pub const FORMAT: Format = Format { kind: "rigs", versions: 1..=1 };

#[derive(Serialize, Deserialize)]
struct Entry {
    git_url: String,
    #[serde(default = "main_branch")]
    default_branch: String,
    added_at: Timestamp,
    beads: EntryBeads,
}

#[derive(Serialize, Deserialize)]
struct EntryBeads {
    prefix: String,
}

fn main_branch() -> String {
    "main".into()
}

/// All rigs, sorted by name.
///
/// # Errors
/// When the registry is broken; names file, line and key.
pub fn read(town: &Town) -> Result<Vec<Rig>> {
    let Some(document) = Document::load(&town.rigs_file(), &FORMAT)? else { return Ok(Vec::new()) };
    rigs_of(town, &document)
}

fn rigs_of(town: &Town, document: &Document) -> Result<Vec<Rig>> {
    let entries = match document.keys().get("rigs") {
        None => return Ok(Vec::new()),
        Some(Value::Object(entries)) => entries,
        Some(_) => return Err(document.error("rigs", "has to be an object, rig name to rig")),
    };
    let mut rigs = Vec::with_capacity(entries.len());
    for (name, value) in entries {
        let key = format!("rigs.{name}");
        validate_rig_name(name).map_err(|error| {
            document.error(&key, error.message()).hint(error.hint_text().unwrap_or("mend the name"))
        })?;
        let entry: Entry = serde_path_to_error::deserialize(value).map_err(|error| {
            let inner = error.path().to_string();
            let key = if inner == "." { key.clone() } else { format!("{key}.{inner}") };
            document
                .error(&key, &error.inner().to_string())
                .hint("mend the entry, or take it out and add the rig again")
        })?;
        rigs.push(Rig {
            root: town.root.join(name),
            name: name.clone(),
            prefix: entry.beads.prefix,
            default_branch: entry.default_branch,
            git_url: entry.git_url,
            added_at: entry.added_at,
        });
    }
    rigs.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(rigs)
}

/// Adds `rig`, or replaces the entry of its name.
///
/// # Errors
/// When the prefix or a name that differs only in case is another rig's, or the file is broken or can't be written.
pub fn insert(town: &Town, rig: &Rig) -> Result<()> {
    change(town, |document| {
        for other in rigs_of(town, document)?.iter().filter(|other| other.name != rig.name) {
            check_distinct(&rig.name, &rig.prefix, other)?;
        }
        let entry = Entry {
            git_url: rig.git_url.clone(),
            default_branch: rig.default_branch.clone(),
            added_at: rig.added_at,
            beads: EntryBeads { prefix: rig.prefix.clone() },
        };
        let mut entry = serde_json::to_value(entry)?;
        let rigs = document.keys_mut().entry("rigs").or_insert_with(|| Value::Object(Map::new()));
        if let (Some(Value::Object(old)), Value::Object(new)) = (rigs.get(&rig.name), &mut entry) {
            for (key, value) in old {
                new.entry(key.clone()).or_insert_with(|| value.clone());
            }
        }
        if let Value::Object(rigs) = rigs {
            rigs.insert(rig.name.clone(), entry);
        }
        Ok(())
    })
}

/// Whether a rig called `name` with `prefix` can stand beside `other`.
///
/// # Errors
/// [`crate::base::Kind::Refused`], saying what is taken.
pub fn check_distinct(name: &str, prefix: &str, other: &Rig) -> Result<()> {
    if other.name.eq_ignore_ascii_case(name) {
        return Err(Error::refused(format!("the town has a rig called {} already", other.name))
            .hint("choose another name, or: gt rig list"));
    }
    if other.prefix.eq_ignore_ascii_case(prefix) {
        return Err(Error::refused(format!("the prefix {prefix} belongs to the rig {}", other.name))
            .hint("give another with --prefix"));
    }
    Ok(())
}

/// Takes the rig called `name` out of the registry; does nothing when it is not there.
///
/// # Errors
/// When the file is broken or can't be written.
pub fn remove(town: &Town, name: &str) -> Result<()> {
    change(town, |document| {
        if let Some(Value::Object(rigs)) = document.keys_mut().get_mut("rigs") {
            rigs.shift_remove(name);
        }
        Ok(())
    })
}

fn change(town: &Town, edit: impl FnOnce(&mut Document) -> Result<()>) -> Result<()> {
    files::make_dirs(&town.runtime_dir(), 0o700)?;
    let _lock = Lock::acquire(&town.runtime_dir().join("rigs.lock")).context("the registry of rigs")?;
    let path = town.rigs_file();
    let mut document = Document::load(&path, &FORMAT)?.unwrap_or_else(|| Document::new(&path, &FORMAT));
    edit(&mut document)?;
    document.save(0o600)
}
