//! Making a town's directories and files.

use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::config::Document;
use super::{Town, place, registry, settings};
use crate::base::{Error, Result, ResultExt, Timestamp, files};

/// What to make.
#[derive(Debug, Clone, Default)]
pub struct InstallOptions {
    /// Where; made when missing, and otherwise has to be empty unless `force`.
    pub path: PathBuf,
    /// The town's name; the directory's when not given.
    pub name: Option<String>,
    /// Whose town it is.
    pub owner: Option<String>,
    /// Whether a directory that holds other things already will do.
    pub force: bool,
    /// What agents may do without asking; the default of the settings when not given.
    pub permission: Option<settings::Permission>,
}

/// What was made.
#[derive(Debug, Clone, Serialize)]
pub struct InstallReport {
    /// The town's directory.
    pub root: PathBuf,
    /// Its name.
    pub name: String,
    /// Whose town it is.
    pub owner: String,
    /// Everything made, relative to the town's directory.
    pub created: Vec<String>,
}

/// What a town's git repository leaves out: what can be rebuilt, and the rigs' checkouts, which are repositories of their own.
pub const GITIGNORE: &str = "\
# What can be rebuilt
/.runtime/
/.events.jsonl
*.tmp
.tmp-*
/.beads/*.db*

# The rigs' checkouts are repositories of their own
/*/.repo.git/
/*/refinery/
/*/polecats/
/*/crew/
/*/.beads/*.db*
/*/.adding.json
";

/// The absolute path of the place, when a town can be made there.
fn checked(options: &InstallOptions) -> Result<PathBuf> {
    let root = std::path::absolute(&options.path).with_context(|| format!("path {}", options.path.display()))?;
    if let Some(around) = Town::around(&root)? {
        let root = root.canonicalize().unwrap_or(root);
        return Err(if around.root == root {
            Error::refused(format!("{} is a town already", root.display()))
                .hint("go into it and type gt, or choose another place")
        } else {
            Error::refused(format!("{} lies in the town {}", root.display(), around.root.display()))
                .hint("towns do not nest; choose a place outside it")
        });
    }
    if root.exists() && !root.is_dir() {
        return Err(Error::refused(format!("{} is a file", root.display())).hint("choose another place"));
    }
    if !options.force && fs::read_dir(&root).is_ok_and(|mut entries| entries.next().is_some()) {
        return Err(Error::refused(format!("{} is not empty", root.display()))
            .hint("choose an empty or new directory, or --force to make the town among what is there"));
    }
    Ok(root)
}

type Write = Box<dyn FnOnce() -> Result<()>>;

/// What was made so far, to be taken back when a later step fails.
#[derive(Debug, Default)]
pub struct Made {
    paths: Vec<PathBuf>,
    trees: Vec<PathBuf>,
}

impl Made {
    fn directory(&mut self, path: &Path, mode: u32) -> Result<bool> {
        let missing: Vec<PathBuf> = path.ancestors().take_while(|p| !p.exists()).map(Path::to_owned).collect();
        let result = files::make_dirs(path, mode);
        self.paths.extend(missing.iter().rev().filter(|p| p.exists()).cloned());
        result.map(|()| !missing.is_empty())
    }

    /// Makes the file `path` with `write` and counts it among what was made; `false`, and nothing is written, when it exists.
    ///
    /// # Errors
    /// Those of `write`.
    pub fn file(&mut self, path: &Path, write: impl FnOnce() -> Result<()>) -> Result<bool> {
        if path.exists() {
            return Ok(false);
        }
        write()?;
        self.paths.push(path.to_owned());
        Ok(true)
    }

    /// Counts a directory that was made here, with all that gets into it, among what was made.
    pub fn whole(&mut self, directory: PathBuf) {
        self.trees.push(directory);
    }

    /// Removes what was made, the newest first.
    pub fn undo(&self) {
        for tree in &self.trees {
            let _ = fs::remove_dir_all(tree);
        }
        // Only what is still ours alone goes: a directory that got other contents meanwhile stays.
        for path in self.paths.iter().rev() {
            let _ = if path.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) };
        }
    }
}

/// Makes a town's directories and files and counts them in `made`, whether or not all of it succeeds.
///
/// # Errors
/// [`crate::base::Kind::Refused`] inside or over a town, or over other files; also when the place can't be written.
pub fn lay_out(options: &InstallOptions, made: &mut Made) -> Result<InstallReport> {
    let root = &checked(options)?;
    let mut created = Vec::new();
    made.directory(root, 0o755)?;
    let root = &root.canonicalize().with_context(|| format!("path {}", root.display()))?;
    let directories: [(&str, u32); 8] = [
        ("mayor", 0o755),
        ("settings", 0o755),
        (".beads", 0o755),
        (".beads/formulas", 0o755),
        (".runtime", 0o700),
        (".runtime/logs", 0o700),
        (".runtime/sessions", 0o700),
        (".runtime/agents", 0o700),
    ];
    for (name, mode) in directories {
        if made.directory(&root.join(name), mode)? {
            created.push(format!("{name}/"));
        }
    }
    let name = options
        .name
        .clone()
        .unwrap_or_else(|| root.file_name().map_or_else(|| "town".into(), |name| name.to_string_lossy().into_owned()));
    let owner = options.owner.clone().or_else(|| std::env::var("USER").ok()).unwrap_or_default();

    let town_file = root.join("mayor/town.json");
    let mut town = Document::new(&town_file, &place::FORMAT);
    for (key, value) in [
        ("name", name.clone().into()),
        ("owner", owner.clone().into()),
        ("created_at", serde_json::to_value(Timestamp::now())?),
    ] {
        town.keys_mut().insert(key.into(), value);
    }
    let mut rigs = Document::new(&root.join("mayor/rigs.json"), &registry::FORMAT);
    rigs.keys_mut().insert("rigs".into(), serde_json::Map::new().into());
    let defaults = settings::TownSettings::default();
    let mut config = Document::new(&root.join("settings/config.json"), &settings::TOWN_FORMAT);
    for (key, value) in [("default_agent", defaults.default_agent.into()), ("max_agents", defaults.max_agents.into())] {
        config.keys_mut().insert(key.into(), value);
    }
    let permission = options.permission.unwrap_or_default();
    config.keys_mut().insert("permissions".into(), serde_json::json!({"default": permission}));
    let text = |path: PathBuf, text: String| move || files::write_atomic(&path, text.as_bytes(), 0o644);
    let beads_config =
        format!("# Prefix of the beads that belong to the town itself\nissue-prefix: {}\n", super::TOWN_PREFIX);
    let steps: Vec<(&str, Write)> = vec![
        ("mayor/rigs.json", Box::new(move || rigs.save(0o600))),
        ("settings/config.json", Box::new(move || config.save(0o600))),
        (".beads/config.yaml", Box::new(text(root.join(".beads/config.yaml"), beads_config))),
        (".beads/issues.jsonl", Box::new(text(root.join(".beads/issues.jsonl"), String::new()))),
        (".gitignore", Box::new(text(root.join(".gitignore"), GITIGNORE.to_owned()))),
        // The last, because it makes the directory a town.
        ("mayor/town.json", Box::new(move || town.save(0o600))),
    ];
    for (file, write) in steps {
        if made.file(&root.join(file), write)? {
            created.push(file.to_owned());
        }
    }
    Ok(InstallReport { root: root.clone(), name, owner, created })
}
