//! `bd init`: a ledger of its own in any directory.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::json;

use super::context::{self, ALONE, Context};
use super::{Global, render, teach};
use crate::base::{Error, Result, files};
use crate::ledger::jsonl;
use crate::repo::{Checkout, HOOKS, HookOwner, install_hook};
use crate::town;
use crate::work::sync;

/// What `.beads/` keeps out of git: everything that is made from `issues.jsonl`.
const GITIGNORE: &str = "\
# The database is made from issues.jsonl, which is what git keeps.
*.db
*.db-*
*.lock
.tmp-*
redirect
last-touched
";

/// Makes a ledger here.
#[derive(Debug, Args)]
pub struct Init {
    /// The prefix of ids; otherwise that of the beads found here, or the directory's name
    #[arg(long, short)]
    prefix: Option<String>,
    /// Also read the beads in .beads/issues.jsonl (always done)
    #[arg(long, hide = true)]
    from_jsonl: bool,
    /// Set up no git hooks; bd hooks install does it later
    #[arg(long)]
    skip_hooks: bool,
    /// Leave AGENTS.md alone
    #[arg(long)]
    skip_agents: bool,
    /// Leave .gitattributes and git's merge driver alone
    #[arg(long)]
    skip_merge_driver: bool,
    /// Accepted for other programs; an existing ledger is never harmed
    #[arg(long, hide = true)]
    force: bool,
    /// Keep .beads out of git by .git/info/exclude
    #[arg(long, visible_alias = "setup-exclude")]
    stealth: bool,
    /// Exchange the ledger on this branch, which is never checked out
    #[arg(long, short, value_name = "NAME")]
    branch: Option<String>,
    /// For a team: exchange the ledger on the branch beads-sync
    #[arg(long, conflicts_with_all = ["branch", "contributor"])]
    team: bool,
    /// For work on somebody else's project: keep the ledger in ~/.beads-planning and out of the project
    #[arg(long, conflicts_with = "branch")]
    contributor: bool,
}

/// The branch of a team's ledger.
const TEAM_BRANCH: &str = "beads-sync";

impl Init {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let cwd = std::env::current_dir()?;
        if let Some(town) = context::find_town(&cwd)?.filter(|town| cwd.starts_with(&town.root)) {
            return Err(Error::refused(format!("this is in the town {}, which has a ledger", town.root.display()))
                .hint("bd create makes a bead in it, gt rig add adds a project"));
        }
        if let Some(prefix) = &self.prefix {
            town::validate_prefix(prefix.trim_end_matches('-'))?;
        }
        if self.contributor {
            return contribute(&cwd, self, global);
        }
        let branch = self.branch.clone().or_else(|| self.team.then(|| TEAM_BRANCH.to_owned()));
        let beads_dir = match std::env::var_os("BEADS_DIR").filter(|dir| !dir.is_empty()) {
            Some(dir) => PathBuf::from(dir),
            None => cwd.join(".beads"),
        };
        files::make_dirs(&beads_dir, 0o755)?;
        if let Some(prefix) = &self.prefix {
            set_prefix(&beads_dir.join("config.yaml"), prefix.trim_end_matches('-'))?;
        }
        let global = Global { db: Some(beads_dir.join("ledger.db")), ..global.clone() };
        let mut context = Context::open(&global)?;
        let mut store = context.ledger.store(ALONE)?;
        if let Some(prefix) = self.prefix.as_deref().map(|prefix| prefix.trim_end_matches('-')) {
            context.ledger.add_store(ALONE, &store.beads_dir, prefix)?;
            prefix.clone_into(&mut store.prefix);
        } else {
            set_prefix(&beads_dir.join("config.yaml"), &store.prefix)?;
        }
        if let Some(branch) = &branch {
            let ledger = &mut context.ledger;
            ledger.write("init", |tx| tx.set_kv("config.sync-branch", Some(branch)))?;
            set_line(&beads_dir.join("config.yaml"), "sync-branch", branch)?;
        }
        for (name, text) in [
            (".gitignore", GITIGNORE.to_owned()),
            (
                "metadata.json",
                "{\n  \"database\": \"ledger.db\",\n  \"jsonl_export\": \"issues.jsonl\"\n}\n".to_owned(),
            ),
        ] {
            let path = beads_dir.join(name);
            if !path.exists() {
                files::write_atomic(&path, text.as_bytes(), 0o644)?;
            }
        }
        let file = beads_dir.join(jsonl::FILE);
        if !file.exists() {
            jsonl::export_store(&context.ledger, ALONE)?;
        }
        let mut done = Vec::new();
        if self.stealth {
            exclude(&cwd)?;
        } else if let Some(checkout) = Checkout::around(&store.beads_dir)?
            && let Some(name) = checkout.inside(&file)
        {
            if !self.skip_merge_driver && sync::install_driver(&checkout, &[name], true)? {
                done.push("bd merge is git's merge driver for it".to_owned());
            }
            if !self.skip_hooks && !checkout.has_hooks_of_its_own()? {
                done.push("core.hooksPath is set: bd hooks install sets up git hooks there".to_owned());
            } else if !self.skip_hooks {
                let directory = checkout.hooks_directory()?;
                for (name, _) in HOOKS.iter().filter(|(_, usual)| *usual) {
                    if install_hook(&directory, name, &sync::bd_program())? == HookOwner::Other {
                        done.push(format!("the hook {name} is somebody else's; add to it: bd hooks run {name}"));
                    }
                }
                done.push("git's hooks put it into commits and read it after merges".to_owned());
            }
            if !self.skip_agents && teach::introduce(checkout.top())? {
                done.push("AGENTS.md tells agents of it".to_owned());
            }
        }
        let json = json!({"path": store.beads_dir, "prefix": store.prefix, "database_path": context.ledger.path()});
        let mut text = format!("A ledger with ids {}-... is in {}\n", store.prefix, store.beads_dir.display());
        text.extend(done.iter().map(|what| format!("{what}\n")));
        render::print_change(context.output, json, text)
    }
}

/// Makes the ledger in the person's planning directory and leads this project to it.
fn contribute(project: &Path, init: Init, global: &Global) -> Result<()> {
    let home = std::env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from);
    let home = home.ok_or_else(|| Error::failed("HOME is not set").hint("set it to your home directory"))?;
    let planning = home.join(".beads-planning");
    let beads_dir = planning.join(".beads");
    files::make_dirs(&planning, 0o755)?;
    if git2::Repository::open(&planning).is_err() {
        git2::Repository::init(&planning)?;
    }
    let own = project.join(".beads");
    if own.join(jsonl::FILE).exists() && std::fs::metadata(own.join(jsonl::FILE)).is_ok_and(|meta| meta.len() > 0) {
        return Err(Error::refused(format!("{} holds beads of the project", own.display()))
            .hint("use the project's own ledger: bd init"));
    }
    if !beads_dir.join("ledger.db").exists() {
        std::env::set_current_dir(&planning)?;
        let prefix = init.prefix.or_else(|| Some("plan".into()));
        Init { prefix, contributor: false, skip_agents: true, ..init }.run(global)?;
        std::env::set_current_dir(project)?;
    }
    files::make_dirs(&own, 0o755)?;
    files::write_atomic(&own.join("redirect"), format!("{}\n", beads_dir.display()).as_bytes(), 0o644)?;
    exclude(project)?;
    let json = json!({"path": beads_dir, "redirect": own.join("redirect")});
    let text = format!("Beads of this project are kept in {}, and git does not see them\n", beads_dir.display());
    render::print_change(global.output(), json, text)
}

fn set_prefix(path: &Path, prefix: &str) -> Result<()> {
    set_line(path, "issue-prefix", prefix)
}

/// Writes one key into `config.yaml` and leaves everything else in it as it is.
fn set_line(path: &Path, key: &str, value: &str) -> Result<()> {
    let text = files::read_optional(path)?.unwrap_or_default();
    let line = format!("{key}: \"{value}\"");
    let mut found = false;
    let mut lines: Vec<String> = text
        .lines()
        .map(|old| {
            if old.trim_start().strip_prefix(key).is_some_and(|rest| rest.starts_with(':')) {
                found = true;
                line.clone()
            } else {
                old.to_owned()
            }
        })
        .collect();
    if !found {
        lines.push(line);
    }
    files::write_atomic(path, (lines.join("\n") + "\n").as_bytes(), 0o644)
}

/// Lists `.beads/` among what this clone's git leaves out.
fn exclude(cwd: &Path) -> Result<()> {
    let repository = git2::Repository::discover(cwd)?;
    let path = repository.commondir().join("info/exclude");
    let text = files::read_optional(&path)?.unwrap_or_default();
    if text.lines().any(|line| line.trim() == ".beads/") {
        return Ok(());
    }
    let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
    files::make_dirs(&repository.commondir().join("info"), 0o755)?;
    files::write_atomic(&path, format!("{text}{gap}.beads/\n").as_bytes(), 0o644)
}
