//! Where formulas are found: the project, the town, the person, and those built in.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::model::{Formula, FormulaType};
use super::problem::{self, Problem};
use super::{decode, extends, node, validate};
use crate::base::{Error, Result, ResultExt, text};

macro_rules! built_in {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!("../../formulas/", $name, ".formula.toml")))),+]
    };
}

/// The formulas that come with the program.
const BUILT_IN: &[(&str, &str)] = built_in![
    "bugfix",
    "code-review",
    "dependency-update",
    "design",
    "docs-update",
    "draft-and-polish",
    "feature",
    "hanoi",
    "polecat-work",
    "refactor",
    "refinery-conflict",
    "release",
    "secure-feature",
    "security-audit",
    "witness-escalation",
];

const SUFFIXES: [&str; 2] = [".formula.toml", ".formula.json"];

/// A search path for formulas.
#[derive(Debug, Clone, Default)]
pub struct Library {
    directories: Vec<PathBuf>,
    built_in: bool,
}

/// One line of `bd formula list`.
#[derive(Debug, Clone, Serialize)]
pub struct Listed {
    /// Its name.
    pub name: String,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: FormulaType,
    /// The first line of its description.
    pub description: String,
    /// Its file, or `built in`.
    pub source: String,
    /// Steps as written.
    pub steps: usize,
    /// Variables.
    pub vars: usize,
    /// Why it can't be used, where it can't.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A formula ready to be cooked, and what is odd about its file.
#[derive(Debug)]
pub struct Loaded {
    /// The formula, with everything inherited.
    pub formula: Formula,
    /// What is odd but harmless: unknown keys.
    pub warnings: Vec<String>,
}

impl Library {
    /// The usual search path: `.beads/formulas` of `from` and every directory above it, of the town, of the person's home, built in.
    pub fn standard(from: &Path, town: Option<&Path>) -> Self {
        let home = std::env::var_os("HOME").map(PathBuf::from);
        let above = from.ancestors().map(Path::to_owned);
        let mut directories: Vec<PathBuf> = Vec::new();
        for base in above.chain(town.map(Path::to_owned)).chain(home) {
            let directory = base.join(".beads/formulas");
            if directory.is_dir() && !directories.contains(&directory) {
                directories.push(directory);
            }
        }
        Self { directories, built_in: true }
    }

    /// Only these directories, and what is built in.
    pub fn of(directories: Vec<PathBuf>) -> Self {
        Self { directories, built_in: true }
    }

    /// The directories searched, first to last.
    pub fn directories(&self) -> &[PathBuf] {
        &self.directories
    }

    /// The formula of this name or path, with everything inherited, checked.
    ///
    /// # Errors
    /// Not found, with the nearest name; or everything that is wrong with it, with file, line and key.
    pub fn load(&self, name: &str) -> Result<Loaded> {
        let (formula, problems) = self.read(name)?;
        let mut warnings: Vec<String> =
            problems.iter().map(|problem| format!("{}: {problem}", formula.source.path)).collect();
        let formula = extends::resolve(formula, self, &mut warnings)?;
        let problems = validate::check(&formula);
        let (soft, hard): (Vec<_>, Vec<_>) = problems.into_iter().partition(|problem| problem.warning);
        warnings.extend(soft.iter().map(|problem| format!("{}: {problem}", formula.source.path)));
        if !hard.is_empty() {
            return Err(problem::report(&formula.source.path, "formula validation failed", hard));
        }
        Ok(Loaded { formula, warnings })
    }

    /// Reads one formula's own file, without what it inherits; the problems returned are warnings.
    ///
    /// # Errors
    /// Not found, or everything that is wrong with the file's form.
    pub fn read(&self, name: &str) -> Result<(Formula, Vec<Problem>)> {
        let (text, path) = self.find(name)?;
        read_text(&text, &path)
    }

    /// The text of the formula and its path.
    fn find(&self, name: &str) -> Result<(String, String)> {
        if name.contains('/') || SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
            let path = Path::new(name);
            if path.is_file() || name.contains('/') {
                return read_file(path);
            }
        }
        let name = SUFFIXES.iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(name);
        for directory in &self.directories {
            for suffix in SUFFIXES {
                let path = directory.join(format!("{name}{suffix}"));
                if path.is_file() {
                    return read_file(&path);
                }
            }
        }
        match BUILT_IN.iter().find(|(built_in, _)| self.built_in && *built_in == name) {
            Some((name, text)) => Ok(((*text).to_owned(), built_in_path(name))),
            None => Err(self.unknown(name)),
        }
    }

    fn unknown(&self, name: &str) -> Error {
        let error = Error::not_found(format!("no formula called {name:?}"));
        let names = self.names();
        match text::nearest(name, names.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean {near}?")),
            None => error.hint("list them with: bd formula list"),
        }
    }

    /// The names of all formulas that can be found.
    pub fn names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for directory in &self.directories {
            for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
                let file = entry.file_name();
                let file = file.to_string_lossy();
                names.extend(SUFFIXES.iter().filter_map(|suffix| file.strip_suffix(suffix)).map(str::to_owned));
            }
        }
        if self.built_in {
            names.extend(Self::built_in().map(str::to_owned));
        }
        names
    }

    /// The names of the formulas that come with the program.
    pub fn built_in() -> impl Iterator<Item = &'static str> {
        BUILT_IN.iter().map(|(name, _)| *name)
    }

    /// All formulas by name; those that can't be used say why.
    pub fn list(&self) -> Vec<Listed> {
        self.names().into_iter().map(|name| self.listed(name)).collect()
    }

    fn listed(&self, name: String) -> Listed {
        let nothing = Formula::default();
        let (formula, error) = match (self.load(&name), self.read(&name)) {
            (Ok(loaded), _) => (loaded.formula, None),
            (Err(error), Ok((formula, _))) => (formula, Some(error.to_string())),
            (Err(error), Err(_)) => (nothing, Some(error.to_string())),
        };
        let steps = formula.steps.len() + formula.template.len() + formula.legs.len() + formula.aspects.len();
        Listed {
            name,
            kind: formula.kind,
            description: formula.description.trim().lines().next().unwrap_or_default().to_owned(),
            source: match self.find(&formula.formula) {
                _ if !formula.source.path.is_empty() => formula.source.path.clone(),
                Ok((_, path)) => path,
                Err(_) => String::new(),
            },
            steps,
            vars: formula.vars.len() + formula.inputs.len(),
            error,
        }
    }
}

fn built_in_path(name: &str) -> String {
    format!("built in: {name}.formula.toml")
}

fn read_file(path: &Path) -> Result<(String, String)> {
    let shown = path.display().to_string();
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            return Err(Error::not_found(format!("{shown}: no such file")).hint("list formulas with: bd formula list"));
        }
        Err(error) => return Err(error).context(shown),
    };
    match String::from_utf8(bytes) {
        Ok(text) => Ok((text, shown)),
        Err(error) => {
            let line = 1 + error.as_bytes()[..error.utf8_error().valid_up_to()].iter().filter(|b| **b == b'\n').count();
            Err(Error::failed(format!("{shown}: line {line}: not valid UTF-8")))
        }
    }
}

/// Reads a formula from its text; a path that ends in `.json` makes it JSON, any other TOML. The problems returned are warnings.
///
/// # Errors
/// Everything that is wrong with the file's form.
pub fn read_text(text: &str, path: &str) -> Result<(Formula, Vec<Problem>)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (root, language) = match path.ends_with(".json") {
        true => (node::from_json(text), "JSON"),
        false => (node::from_toml(text), "TOML"),
    };
    let root = root.map_err(|problems| problem::report(path, &format!("not valid {language}"), problems))?;
    let (formula, problems) = decode::formula(root, path);
    if problems.iter().any(|problem| !problem.warning) {
        return Err(problem::report(path, "formula validation failed", problems));
    }
    Ok((formula, problems))
}
