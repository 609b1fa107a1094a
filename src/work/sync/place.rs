//! Which repository, branch and files a ledger is kept in.

use std::path::{Path, PathBuf};

use super::Options;
use crate::base::{Error, Result, files};
use crate::ledger::{Ledger, Store, jsonl};
use crate::repo::{self, Checkout};

/// What of a store's directory git keeps.
const KEPT: [&str; 4] = [jsonl::FILE, "config.yaml", "metadata.json", ".gitignore"];

/// The repository around a ledger.
#[derive(Debug)]
pub struct Place {
    checkout: Checkout,
    stores: Vec<Store>,
    branch: Option<String>,
}

impl Place {
    /// The repository that holds the stores of `ledger`: the one at `root`, which has to be its top where `exactly`, else the one around it.
    ///
    /// # Errors
    /// Refused when there is none, or when it leaves all the stores' files out.
    pub fn find(ledger: &Ledger, root: &Path, exactly: bool) -> Result<Self> {
        let found = Checkout::around(root)?.filter(|found| {
            !exactly || matches!((found.top().canonicalize(), root.canonicalize()), (Ok(top), Ok(root)) if top == root)
        });
        let Some(checkout) = found else {
            return Err(Error::refused(format!("{} is in no git repository of its own", root.display()))
                .hint(format!("make it one: git init {}", root.display())));
        };
        let all = ledger.stores()?;
        let branch = match std::env::var("BEADS_SYNC_BRANCH").ok().filter(|name| !name.is_empty()) {
            Some(name) => Some(name),
            None => configured(ledger, &all)?,
        };
        let mut stores = Vec::new();
        for store in all {
            if let Some(file) = checkout.inside(&store.beads_dir.join(jsonl::FILE))
                && (branch.is_some() || !checkout.ignores(&file)?)
            {
                stores.push(store);
            }
        }
        Ok(Self { checkout, stores, branch })
    }

    /// The repository.
    pub fn checkout(&self) -> &Checkout {
        &self.checkout
    }

    /// The stores whose files are in it.
    pub fn stores(&self) -> &[Store] {
        &self.stores
    }

    /// The branch that is set for the ledger, unless it is the one checked out.
    pub fn separate_branch(&self) -> Option<&str> {
        self.branch.as_deref()
    }

    /// Refuses what can't work.
    ///
    /// # Errors
    /// As said there.
    pub(super) fn check(&self, options: &Options) -> Result<()> {
        if self.stores.is_empty() {
            return Err(Error::refused(format!(
                "git leaves the ledger's files out of the repository {}",
                self.checkout.top().display()
            ))
            .hint("take .beads out of .gitignore and .git/info/exclude, or set: bd config set sync-branch <name>"));
        }
        if let Some(branch) = &self.branch {
            self.checkout.check_branch_name(branch)?;
        }
        if !options.dry_run {
            let names = self.ledger_files();
            install_driver(&self.checkout, &names, false)?;
        }
        Ok(())
    }

    /// The `issues.jsonl` of every store, as git names them.
    pub fn ledger_files(&self) -> Vec<String> {
        self.stores.iter().filter_map(|store| self.checkout.inside(&store.beads_dir.join(jsonl::FILE))).collect()
    }

    /// All files of the stores that git is to keep and that exist.
    ///
    /// # Errors
    /// When git can't be started.
    pub fn files(&self) -> Result<Vec<String>> {
        let mut found = Vec::new();
        for store in &self.stores {
            for name in KEPT {
                let path = store.beads_dir.join(name);
                if let Some(file) = self.checkout.inside(&path).filter(|_| path.exists())
                    && (self.branch.is_some() || !self.checkout.ignores(&file)?)
                {
                    found.push(file);
                }
            }
        }
        Ok(found)
    }
}

/// `sync-branch`, from the ledger's settings or a `config.yaml`.
fn configured(ledger: &Ledger, stores: &[Store]) -> Result<Option<String>> {
    for key in ["config.sync-branch", "config.sync.branch"] {
        if let Some(name) = ledger.kv(key)?.filter(|name| !name.trim().is_empty()) {
            return Ok(Some(name.trim().to_owned()));
        }
    }
    for store in stores {
        let text = files::read_optional(&store.beads_dir.join("config.yaml"))?.unwrap_or_default();
        let value = text.lines().find_map(|line| {
            let (key, value) = line.split_once(':')?;
            let value = value.split(" #").next().unwrap_or_default().trim().trim_matches(['"', '\'']);
            (matches!(key.trim(), "sync-branch" | "sync.branch") && !value.is_empty()).then(|| value.to_owned())
        });
        if value.is_some() {
            return Ok(value);
        }
    }
    Ok(None)
}

/// The `bd` that belongs to this program.
pub fn bd_program() -> PathBuf {
    match std::env::current_exe() {
        Ok(path) if path.file_name().is_some_and(|name| name == "bd") => path,
        Ok(path) => Some(path.with_file_name("bd")).filter(|bd| bd.exists()).unwrap_or_else(|| "bd".into()),
        Err(_) => "bd".into(),
    }
}

/// Makes `bd merge` the merge driver of these files: in this clone's configuration, and, with `tracked`, in `.gitattributes`, otherwise in
/// the attributes that stay in this clone, where they are not named yet.
///
/// # Errors
/// When git refuses or a file can't be written.
pub fn install_driver(checkout: &Checkout, files: &[String], tracked: bool) -> Result<bool> {
    repo::set_merge_driver(checkout.top(), &bd_program())?;
    let mut missing = Vec::new();
    for file in files {
        if !checkout.has_driver(file)? {
            missing.push(file.clone());
        }
    }
    if missing.is_empty() {
        return Ok(false);
    }
    let path = if tracked { checkout.top().join(".gitattributes") } else { checkout.own_attributes()? };
    repo::add_attributes(&path, &missing)
}
