//! Which ledger a command works on, for which store, and who acts.

use std::path::{Path, PathBuf};

use super::Global;
use crate::base::lock::Lock;
use crate::base::report::Output;
use crate::base::{Error, Result, ResultExt, files, text};
use crate::ledger::{self, Ledger, Store, Tx, ids, jsonl};
use crate::town::Town;
use crate::work::desk::{self, Desk};
use crate::work::event_log;

/// The store of a ledger that stands alone.
pub const ALONE: &str = "local";
/// Its database; not named as other bd programs name theirs, which have other tables.
pub const DATABASE: &str = "ledger.db";

/// An open ledger with what a command has to know around it.
pub struct Context {
    /// The ledger.
    pub ledger: Ledger,
    /// The town, when it is a town's.
    pub town: Option<Town>,
    /// The store of new beads.
    pub store: String,
    /// Who acts.
    pub actor: String,
    /// How to print.
    pub output: Output,
    /// Nothing may be changed.
    readonly: bool,
    /// Where the database is for one command's sake.
    _scratch: Option<tempfile::TempDir>,
}

impl Context {
    /// Opens the ledger of the town around the working directory, or else that of the nearest `.beads` directory.
    pub fn open(global: &Global) -> Result<Self> {
        let mut context = Self::find(global)?;
        if global.readonly {
            context.readonly = true;
            context.ledger.conn().pragma_update(None, "query_only", true)?;
        }
        Ok(context)
    }

    fn find(global: &Global) -> Result<Self> {
        let cwd = std::env::current_dir().map_err(|error| {
            Error::failed(format!("the working directory: {error}")).hint("it may have been removed; go to another one")
        })?;
        let explicit = global.db.clone().or_else(|| {
            std::env::var_os("BEADS_DIR").filter(|dir| !dir.is_empty()).map(|dir| PathBuf::from(dir).join(DATABASE))
        });
        let town = if explicit.is_some() { None } else { find_town(&cwd)? };
        let output = global.output();
        if let Some(town) = town {
            let store = match &global.rig {
                Some(name) if name == desk::TOWN_STORE => name.clone(),
                Some(name) => town.rig(name)?.name,
                None => town.rig_of_path(&cwd)?.map_or_else(|| desk::TOWN_STORE.to_owned(), |rig| rig.name),
            };
            let actor = global.actor.clone().unwrap_or_else(desk::actor);
            let Desk { town, ledger, imported } = Desk::of(town)?;
            for report in &imported {
                tell(report, output);
            }
            if global.no_db {
                return Err(Error::usage("a town's beads are of many files, which only its database brings together")
                    .hint("leave --no-db out"));
            }
            return Ok(Self { ledger, town: Some(town), store, actor, output, readonly: false, _scratch: None });
        }
        if let Some(rig) = &global.rig {
            return Err(Error::not_found(format!("no rig {rig}: this is not in a town"))
                .hint("leave --rig out, or go into the town"));
        }
        let database = match explicit {
            Some(path) => path,
            None => alone(&cwd)
                .ok_or_else(|| {
                    Error::not_found(format!("no ledger in {} or above", cwd.display())).hint("make one with: bd init")
                })?
                .join(DATABASE),
        };
        let beads_dir =
            database.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned();
        let scratch = match global.no_db {
            true => Some(tempfile::Builder::new().prefix("bd-").tempdir().context("a temporary directory")?),
            false => None,
        };
        let database = scratch.as_ref().map_or(database, |scratch| scratch.path().join(DATABASE));
        let (ledger, reports) = ledger::open_stores(&database, || {
            let prefix = prefix_of(&beads_dir)?;
            Ok(vec![Store { name: ALONE.into(), beads_dir: std::path::absolute(&beads_dir)?, prefix }])
        })?;
        for report in &reports {
            tell(report, output);
        }
        let mut context = Self {
            ledger,
            town: None,
            store: ALONE.into(),
            actor: String::new(),
            output,
            readonly: false,
            _scratch: scratch,
        };
        context.follow_move(&beads_dir)?;
        context.actor = global.actor.clone().unwrap_or_else(|| actor(&cwd));
        Ok(context)
    }

    /// A directory that was moved or copied takes its ledger along.
    fn follow_move(&mut self, beads_dir: &Path) -> Result<()> {
        let here = std::path::absolute(beads_dir)?;
        let store = self.ledger.store(ALONE)?;
        if store.beads_dir != here {
            self.ledger.add_store(ALONE, &here, &store.prefix)?;
            for report in jsonl::refresh(&self.ledger)? {
                tell(&report, self.output);
            }
        }
        Ok(())
    }

    /// Refuses what changes something where nothing may be.
    pub fn to_be_changed(&self) -> Result<()> {
        match self.readonly {
            true => Err(Error::refused("--readonly: nothing is changed").hint("leave --readonly out")),
            false => Ok(()),
        }
    }

    /// Makes changes in one transaction, then sees to it that the files show them.
    pub fn write<T>(&mut self, work: impl FnOnce(&mut Tx<'_>) -> Result<T>) -> Result<T> {
        self.to_be_changed()?;
        let value = self.ledger.write(&self.actor, work)?;
        self.flush()?;
        Ok(value)
    }

    /// Writes the files that are out of date, unless the daemon does it.
    pub fn flush(&self) -> Result<()> {
        let daemon = self.town.as_ref().map(Town::daemon_lock);
        if let Some(town) = self.town.as_ref().filter(|town| !Lock::is_held(&town.daemon_lock())) {
            event_log::append(town, &self.ledger)?;
        }
        ledger::export_if_no_daemon(&self.ledger, daemon.as_deref()).map_err(|error| {
            let hint = error.hint_text().unwrap_or("bd export writes it again").to_owned();
            error.context("the change is in the ledger, but not in issues.jsonl yet").hint(hint)
        })
    }

    /// The store that a prefix belongs to.
    pub fn store_of_prefix(&self, id: &str) -> Result<Option<Store>> {
        let fits = |store: &Store| id.strip_prefix(store.prefix.as_str()).is_some_and(|rest| rest.starts_with('-'));
        Ok(self.ledger.stores()?.into_iter().filter(fits).max_by_key(|store| store.prefix.len()))
    }

    /// Where this actor's last touched bead is kept.
    pub fn last_touched_key(&self) -> String {
        format!("last_touched:{}", self.actor)
    }

    /// The ids given, or the bead this actor touched last when there are none.
    pub fn ids_or_last(&self, ids: &[String]) -> Result<Vec<String>> {
        if !ids.is_empty() {
            return ids.iter().map(|id| self.ledger.resolve(id)).collect();
        }
        match self.ledger.kv(&self.last_touched_key())? {
            Some(id) => Ok(vec![self.ledger.resolve(&id)?]),
            None => Err(Error::usage("which bead?").hint("give its id")),
        }
    }
}

/// Says on standard error what an import by the way had to mend or could not read.
pub fn tell(report: &jsonl::ImportReport, output: Output) {
    if output.quiet || output.json {
        return;
    }
    let file = report.file.display();
    if let Some(aside) = &report.kept_aside {
        let lines: Vec<String> = report.rejected.iter().take(10).map(|note| note.line.to_string()).collect();
        let more = if report.rejected.len() > 10 { ", ..." } else { "" };
        let count = report.rejected.len();
        eprintln!("{file}: {count} lines could not be read ({}{more}); kept in {}", lines.join(", "), aside.display());
    }
    for circle in &report.circles {
        eprintln!("these wait for each other now: {circle}; end it with bd dep remove");
    }
    for note in report.repaired.iter().take(10) {
        eprintln!("{file}:{}: {}: mended: {}", note.line, note.id, text::neutralise(&note.what, true));
    }
    if report.repaired.len() > 10 {
        eprintln!("{file}: {} more lines mended", report.repaired.len() - 10);
    }
}

/// The town that the working directory or the environment names; `None` outside of one.
pub fn find_town(cwd: &Path) -> Result<Option<Town>> {
    match Town::find(cwd) {
        Ok(town) => Ok(Some(town)),
        Err(error) if error.kind() == crate::base::Kind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The nearest `.beads` directory at or above `from`. In a linked git worktree, that of the main one: its branches share one ledger.
pub fn alone(from: &Path) -> Option<PathBuf> {
    for directory in from.ancestors() {
        if let Some(main) = main_worktree(directory)
            && let Some(found) = beads_in(&main)
        {
            return Some(found);
        }
        if let Some(found) = beads_in(directory) {
            return Some(found);
        }
    }
    None
}

fn beads_in(directory: &Path) -> Option<PathBuf> {
    let beads = directory.join(".beads");
    if !beads.is_dir() {
        return None;
    }
    let redirect = std::fs::read_to_string(beads.join("redirect")).unwrap_or_default();
    let target = redirect.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    Some(target.map(|target| directory.join(target)).filter(|target| target.is_dir()).unwrap_or(beads))
}

/// The main worktree, when `directory` is the top of a linked one: its `.git` is a file that names the shared repository.
fn main_worktree(directory: &Path) -> Option<PathBuf> {
    let dot_git = directory.join(".git");
    if !dot_git.is_file() {
        return None;
    }
    let link = std::fs::read_to_string(&dot_git).ok()?;
    let private = directory.join(link.strip_prefix("gitdir:")?.trim());
    let common = std::fs::read_to_string(private.join("commondir")).ok()?;
    let common = private.join(common.trim()).canonicalize().ok()?;
    Some(common.parent()?.to_owned())
}

/// The prefix of a store that is opened for the first time: from its `config.yaml`, from the beads in its file, from the
/// directory's name.
pub fn prefix_of(beads_dir: &Path) -> Result<String> {
    if let Some(prefix) = configured_prefix(beads_dir)? {
        return Ok(prefix);
    }
    let lines = files::read_optional(&beads_dir.join(jsonl::FILE)).ok().flatten().unwrap_or_default();
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    for line in lines.lines() {
        let id = line.strip_prefix("{\"id\":\"").and_then(|rest| rest.split('"').next());
        if let Some(prefix) = id.and_then(ids::prefix_of) {
            *counts.entry(prefix).or_default() += 1;
        }
    }
    if let Some((prefix, _)) = counts.into_iter().max_by_key(|(_, count)| *count) {
        return Ok(prefix.to_owned());
    }
    let directory = std::path::absolute(beads_dir)?;
    let name = directory.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().to_ascii_lowercase());
    let clean: String =
        name.unwrap_or_default().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let clean = clean.trim_matches('-');
    Ok(if clean.is_empty() { "bd".into() } else { clean.to_owned() })
}

/// `issue-prefix` of `config.yaml`; it is one plain line, so no YAML parser is needed for it.
fn configured_prefix(beads_dir: &Path) -> Result<Option<String>> {
    let text = files::read_optional(&beads_dir.join("config.yaml"))?.unwrap_or_default();
    let value = text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        matches!(key.trim(), "issue-prefix" | "issue_prefix" | "prefix").then(|| {
            value
                .split(" #")
                .next()
                .unwrap_or_default()
                .trim()
                .trim_matches(['"', '\''])
                .trim_end_matches('-')
                .to_owned()
        })
    });
    Ok(value.filter(|value| !value.is_empty()))
}

fn git_config(cwd: &Path, key: &str) -> Option<String> {
    let config = match git2::Repository::discover(cwd) {
        Ok(repository) => repository.config().ok()?,
        Err(_) => git2::Config::open_default().ok()?,
    };
    config.get_string(key).ok().filter(|value| !value.is_empty())
}

fn actor(cwd: &Path) -> String {
    let env = |key: &str| std::env::var(key).ok().filter(|value| !value.is_empty());
    env("BD_ACTOR")
        .or_else(|| env("BEADS_ACTOR"))
        .or_else(|| git_config(cwd, "user.name"))
        .or_else(|| env("USER"))
        .unwrap_or_else(|| "unknown".into())
}

/// The e-mail address of the person behind a new bead; empty when unknown.
pub fn owner() -> String {
    let env = std::env::var("GIT_AUTHOR_EMAIL").ok().filter(|value| !value.is_empty());
    env.or_else(|| git_config(&std::env::current_dir().ok()?, "user.email")).unwrap_or_default()
}
