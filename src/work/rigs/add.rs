//! Adding a project to the town.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::adopt::Tracked;
use super::marker::{self, Marker};
use crate::base::{Error, Result, ResultExt, Timestamp, files};
use crate::ledger::{Filter, jsonl};
use crate::repo::{Bare, redact_url};
use crate::town::RIG_FORMAT;
use crate::town::config::{Document, Format};
use crate::town::{Rig, free_prefix, registry, validate_prefix, validate_rig_name};
use crate::work::Desk;

/// The format of a rig's `config.json`.
const FORMAT: Format = Format { kind: "rig", versions: 1..=1 };

/// What to add.
#[derive(Debug, Clone, Default)]
pub struct AddOptions {
    /// The rig's name.
    pub name: String,
    /// Where its repository is: an address or a path; not needed with `adopt`.
    pub url: Option<String>,
    /// The prefix of its beads; the repository's own or one made from the name otherwise.
    pub prefix: Option<String>,
    /// The branch work starts from and is merged into; the repository's default otherwise.
    pub branch: Option<String>,
    /// Takes a rig back in whose directory is there already.
    pub adopt: bool,
}

/// Where a rig's prefix came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum PrefixSource {
    /// The command line.
    Given,
    /// The repository's own `.beads`.
    Repository,
    /// The rig's name.
    Name,
}

/// What was added.
#[derive(Debug, Clone, Serialize)]
pub struct AddReport {
    /// The rig.
    #[serde(flatten)]
    pub rig: Rig,
    /// Where the prefix came from.
    pub prefix_from: PrefixSource,
    /// How many beads the repository brought along.
    pub adopted_beads: usize,
    /// Lines of its `issues.jsonl` that could not be read.
    pub unread_lines: usize,
    /// Rigs half made by a killed `gt rig add`, which were cleaned up first.
    pub cleaned_up: Vec<String>,
}

/// What `<rig>/config.json` says, for people and for taking the rig back in.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct RigFile {
    name: String,
    git_url: String,
    default_branch: String,
    created_at: Option<Timestamp>,
    beads: RigFileBeads,
}

#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct RigFileBeads {
    prefix: String,
}

/// Adds a rig: the shared repository, settings, ledger store, the refinery's worktree, and the registry last. `progress` is told of
/// every step. All of it is undone when a step fails, and cleaned up by the next call when this one is killed.
///
/// # Errors
/// When the name or prefix is not a good one or taken, or the repository can't be cloned.
pub fn add(desk: &mut Desk, options: &AddOptions, progress: &mut dyn FnMut(&str)) -> Result<AddReport> {
    validate_rig_name(&options.name)?;
    if let Some(prefix) = &options.prefix {
        validate_prefix(prefix)?;
    }
    let cleaned_up = marker::clean_up_half_made(desk)?;
    let rigs = desk.town.rigs()?;
    for other in &rigs {
        registry::check_distinct(&options.name, options.prefix.as_deref().unwrap_or_default(), other)?;
    }
    let directory = desk.town.root.join(&options.name);
    let mut report = if options.adopt {
        take_back_in(desk, options, &directory, &rigs)?
    } else {
        let Some(url) = &options.url else {
            return Err(Error::usage("the repository's address or path is missing")
                .hint(format!("gt rig add {} <url-or-path>", options.name)));
        };
        let url = resolve_url(url)?;
        if let Some(other) = rigs.iter().find(|rig| rig.name.eq_ignore_ascii_case(&options.name)) {
            return Err(Error::refused(format!("the town has a rig called {} already", other.name)));
        }
        let marker = {
            let _turn = marker::turn(&desk.town)?;
            Marker::set(&directory)?
        };
        match make(desk, options, &url, &directory, &rigs, progress) {
            Ok(report) => {
                marker.done()?;
                report
            }
            Err(error) => {
                let undo = |desk: &mut Desk| {
                    let _turn = marker::turn(&desk.town)?;
                    marker::forget_store(desk, &options.name, &directory)?;
                    marker.undo()
                };
                undo(desk).map_err(|undo| {
                    Error::failed(format!("{error}; and what was made could not be removed: {undo}"))
                })?;
                return Err(error);
            }
        }
    };
    report.cleaned_up = cleaned_up;
    Ok(report)
}

/// A local path made absolute; any other address as it is.
fn resolve_url(url: &str) -> Result<String> {
    let path = Path::new(url);
    if path.exists() {
        return path.canonicalize().map(|p| p.display().to_string()).with_context(|| format!("path {url}"));
    }
    // What has no scheme and no `host:` can only be a path.
    if !url.contains(':') {
        return Err(Error::not_found(format!("no repository at {url}"))
            .hint("give an existing path or an address with its scheme"));
    }
    Ok(url.to_owned())
}

fn make(
    desk: &mut Desk,
    options: &AddOptions,
    url: &str,
    directory: &Path,
    rigs: &[Rig],
    progress: &mut dyn FnMut(&str),
) -> Result<AddReport> {
    let bare_path = directory.join(".repo.git");
    let bare = Bare::clone_from(url, &bare_path, options.branch.as_deref(), progress).map_err(|error| {
        let local = Path::new(url).is_dir() && error.message().contains("does not appear to be a git repository");
        if local { error.hint(format!("make it one: git -C {url} init, then commit something")) } else { error }
    })?;
    let branch = bare.default_branch()?;
    let tracked = Tracked::read(&bare, &branch)?;
    let taken: HashSet<String> = rigs.iter().map(|rig| rig.prefix.clone()).collect();
    let (prefix, prefix_from) = match (&options.prefix, tracked.prefix) {
        (Some(prefix), _) => (prefix.clone(), PrefixSource::Given),
        (None, Some(prefix)) => (prefix, PrefixSource::Repository),
        (None, None) => (free_prefix(&options.name, &taken), PrefixSource::Name),
    };
    for other in rigs {
        registry::check_distinct(&options.name, &prefix, other)?;
    }
    let rig = Rig {
        name: options.name.clone(),
        root: directory.to_owned(),
        prefix,
        default_branch: branch.clone(),
        git_url: redact_url(url),
        added_at: Timestamp::now(),
    };
    progress("writing the rig's settings");
    write_files(&rig, tracked.issues.as_deref().unwrap_or_default())?;
    progress("checking out the refinery's worktree");
    bare.add_detached_worktree(&rig.refinery_worktree(), &format!("refs/heads/{branch}"))?;
    progress("opening the rig's ledger");
    let (adopted_beads, unread_lines) = open_store(desk, &rig)?;
    registry::insert(&desk.town, &rig)?;
    Ok(AddReport { rig, prefix_from, adopted_beads, unread_lines, cleaned_up: Vec::new() })
}

fn write_files(rig: &Rig, issues: &[u8]) -> Result<()> {
    for name in ["settings", ".beads", "refinery", "polecats", "crew"] {
        files::make_dirs(&rig.root.join(name), 0o755)?;
    }
    let mut config = Document::new(&rig.root.join("config.json"), &FORMAT);
    let described = serde_json::to_value(RigFile {
        name: rig.name.clone(),
        git_url: rig.git_url.clone(),
        default_branch: rig.default_branch.clone(),
        created_at: Some(rig.added_at),
        beads: RigFileBeads { prefix: rig.prefix.clone() },
    })?;
    if let serde_json::Value::Object(described) = described {
        config.keys_mut().extend(described);
    }
    config.save(0o600)?;
    let mut settings = Document::new(&rig.settings_file(), &RIG_FORMAT);
    settings.set("merge_queue.test_command", serde_json::Value::Null)?;
    settings.save(0o600)?;
    files::write_atomic(&rig.beads_dir().join("issues.jsonl"), issues, 0o644)?;
    let config = format!("# Prefix of this rig's beads\nissue-prefix: {}\n", rig.prefix);
    files::write_atomic(&rig.beads_dir().join("config.yaml"), config.as_bytes(), 0o644)
}

/// Makes the rig a store of the ledger and reads its beads; returns how many there are and how many lines could not be read.
fn open_store(desk: &mut Desk, rig: &Rig) -> Result<(usize, usize)> {
    desk.ledger.add_store(&rig.name, &rig.beads_dir(), &rig.prefix)?;
    let report = jsonl::import_store(&mut desk.ledger, &rig.name)?;
    let all = Filter { store: Some(rig.name.clone()), closed: true, ..Filter::default() };
    Ok((desk.ledger.count(&all)?, report.rejected.len()))
}

/// Puts a rig that was removed from the registry, and whose directory is still whole, back in.
fn take_back_in(desk: &mut Desk, options: &AddOptions, directory: &Path, rigs: &[Rig]) -> Result<AddReport> {
    let Some(document) = Document::load(&directory.join("config.json"), &FORMAT)? else {
        return Err(Error::not_found(format!("no rig to adopt at {}", directory.display()))
            .hint(format!("gt rig add {} <url-or-path>", options.name)));
    };
    let file: RigFile = document.typed()?;
    let rig = Rig {
        name: options.name.clone(),
        root: directory.to_owned(),
        prefix: options.prefix.clone().unwrap_or(file.beads.prefix),
        default_branch: options.branch.clone().unwrap_or(file.default_branch),
        git_url: file.git_url,
        added_at: file.created_at.unwrap_or_else(Timestamp::now),
    };
    validate_prefix(&rig.prefix).with_context(|| format!("{}", directory.join("config.json").display()))?;
    for other in rigs {
        registry::check_distinct(&rig.name, &rig.prefix, other)?;
    }
    let bare = Bare::open(&rig.bare_repo())?;
    bare.rev(&format!("refs/heads/{}", rig.default_branch))?;
    bare.prune_worktrees()?;
    if fs::symlink_metadata(rig.refinery_worktree()).is_err() {
        bare.add_detached_worktree(&rig.refinery_worktree(), &format!("refs/heads/{}", rig.default_branch))?;
    }
    let (adopted_beads, unread_lines) = open_store(desk, &rig)?;
    registry::insert(&desk.town, &rig)?;
    Ok(AddReport { rig, prefix_from: PrefixSource::Repository, adopted_beads, unread_lines, cleaned_up: Vec::new() })
}
