//! `bd create` and `bd q`.

use std::path::PathBuf;

use clap::Args;
use serde_json::{Map, Value};

use super::context::{self, Context};
use super::{Global, markdown, parse, render, review};
use crate::base::report::Paint;
use crate::base::{Error, Result, ResultExt};
use crate::ledger::codec::Parts;
use crate::ledger::{Bead, Ledger, NewBead, NewDep, dep_type};

/// Fields of a new bead.
#[derive(Debug, Clone, Args)]
pub struct Fields {
    /// bug, feature, task, epic, chore or a type of your own
    #[arg(long = "type", short = 't', value_name = "TYPE", default_value = "task")]
    kind: String,
    /// 0 (most urgent) to 4, or P0 to P4
    #[arg(long, short, default_value = "2")]
    priority: String,
    /// Labels, separated by commas
    #[arg(long, short, visible_alias = "label", value_delimiter = ',')]
    labels: Vec<String>,
}

/// Makes a bead.
#[derive(Debug, Args)]
pub struct Create {
    /// One line that says what is to be done
    title: Option<String>,
    /// The title, for those who prefer an option
    #[arg(long = "title", value_name = "TITLE", conflicts_with = "title")]
    title_option: Option<String>,
    /// Make a bead of each "## Title" of a Markdown file, with "### Priority", "### Labels" and so on below it; - for standard input
    #[arg(long, short, value_name = "FILE", conflicts_with_all = ["title", "title_option", "id", "description", "body_file"])]
    file: Option<PathBuf>,
    #[command(flatten)]
    fields: Fields,
    /// What is to be done and why
    #[arg(long, short, allow_hyphen_values = true, visible_alias = "body")]
    description: Option<String>,
    /// Read the description from a file, - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "description")]
    body_file: Option<PathBuf>,
    /// How it is to be done
    #[arg(long, allow_hyphen_values = true)]
    design: Option<String>,
    /// How to see that it is done
    #[arg(long, allow_hyphen_values = true)]
    acceptance: Option<String>,
    /// Notes
    #[arg(long, allow_hyphen_values = true)]
    notes: Option<String>,
    /// Who is to do it
    #[arg(long, short)]
    assignee: Option<String>,
    /// What it depends on: ids, or type:id, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "[TYPE:]ID")]
    deps: Vec<String>,
    /// What it is a part of; its id becomes the parent's with a number
    #[arg(long, value_name = "ID")]
    parent: Option<String>,
    /// An id of your own choice
    #[arg(long)]
    id: Option<String>,
    /// Another prefix for the id
    #[arg(long)]
    prefix: Option<String>,
    /// Estimated minutes of work
    #[arg(long, short, value_name = "MINUTES")]
    estimate: Option<i64>,
    /// When it is due
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    due: Option<String>,
    /// Not ready before this time
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    defer: Option<String>,
    /// Its name elsewhere, such as gh-12
    #[arg(long, value_name = "REF")]
    external_ref: Option<String>,
    /// A wisp: stays in this ledger, never exported
    #[arg(long)]
    ephemeral: bool,
    /// swarm, patrol or work
    #[arg(long, value_name = "TYPE")]
    mol_type: Option<String>,
    /// Wait for the children of this bead
    #[arg(long, value_name = "ID")]
    waits_for: Option<String>,
    /// all-children or any-children
    #[arg(long, value_name = "GATE", default_value = "all-children", value_parser = ["all-children", "any-children"])]
    waits_for_gate: String,
    /// The agent's role, for agent beads
    #[arg(long, value_name = "ROLE")]
    role_type: Option<String>,
    /// The agent's rig, for agent beads
    #[arg(long, value_name = "RIG")]
    agent_rig: Option<String>,
    /// What happened, for event beads
    #[arg(long, value_name = "KIND")]
    event_category: Option<String>,
    /// Who did it, for event beads
    #[arg(long, value_name = "WHO")]
    event_actor: Option<String>,
    /// To what, for event beads
    #[arg(long, value_name = "WHAT")]
    event_target: Option<String>,
    /// Particulars, for event beads
    #[arg(long, value_name = "JSON")]
    event_payload: Option<String>,
    /// Make it in the ledger of another repository
    #[arg(long, value_name = "DIR")]
    repo: Option<PathBuf>,
    /// Print the id alone
    #[arg(long)]
    silent: bool,
    /// Show what would be made, make nothing
    #[arg(long)]
    dry_run: bool,
    /// Allow an id with a prefix that no store has
    #[arg(long)]
    force: bool,
    /// Refuse a bead that does not say enough, as bd lint sees it
    #[arg(long)]
    validate: bool,
}

impl Create {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = match &self.repo {
            Some(directory) => Context::open(&elsewhere(global, directory)?)?,
            None => Context::open(global)?,
        };
        if let Some(file) = self.file.clone() {
            return self.many(&mut context, &file);
        }
        let (silent, dry_run, force, validate) = (self.silent, self.dry_run, self.force, self.validate);
        let new = self.into_new(&context.ledger)?;
        let store = store_for(&context, &new, force)?;
        let key = context.last_touched_key();
        let made = |tx: &mut crate::ledger::Tx<'_>| {
            parse::free_reference(tx, new.external_ref.as_deref(), None)?;
            let bead = tx.create(&store, new)?;
            if validate {
                check(&bead)?;
            }
            tx.set_kv(&key, Some(&bead.id))?;
            Ok(bead)
        };
        let bead = if dry_run { rehearse(&mut context, made)? } else { context.write(made)? };
        if silent && !context.output.json {
            println!("{}", bead.id);
            return Ok(());
        }
        let text =
            format!("{} {}\n", if dry_run { "Would create" } else { "Created" }, render::line(&bead, Paint::stdout()));
        render::print_change(context.output, render::issue(&bead, Parts::BARE), text)
    }

    /// Makes the beads of a Markdown file, all or none. What the command line says holds for each of them.
    fn many(self, context: &mut Context, file: &std::path::Path) -> Result<()> {
        let (silent, dry_run, validate) = (self.silent, self.dry_run, self.validate);
        let name = file.display().to_string();
        let news = markdown::beads(&parse::body(file)?).context(&name)?;
        let common = Self { title: Some(String::from("common")), ..self }.into_new(&context.ledger)?;
        let (store, key) = (store_for(context, &common, false)?, context.last_touched_key());
        let work = |tx: &mut crate::ledger::Tx<'_>| {
            let mut beads = Vec::new();
            for new in news {
                let mut new = NewBead {
                    owner: common.owner.clone(),
                    parent: common.parent.clone(),
                    prefix: common.prefix.clone(),
                    ephemeral: common.ephemeral,
                    ..new
                };
                if new.assignee.is_empty() {
                    new.assignee.clone_from(&common.assignee);
                }
                new.labels.extend(common.labels.iter().cloned());
                new.deps.extend(common.deps.iter().cloned());
                let bead = tx.create(&store, new)?;
                if validate {
                    check(&bead)?;
                }
                tx.set_kv(&key, Some(&bead.id))?;
                beads.push(bead);
            }
            Ok(beads)
        };
        let beads = if dry_run { rehearse(context, work)? } else { context.write(work)? };
        if silent && !context.output.json {
            beads.iter().for_each(|bead| println!("{}", bead.id));
            return Ok(());
        }
        let what = if dry_run { "Would create" } else { "Created" };
        let text = beads.iter().map(|bead| format!("{what} {}\n", render::line(bead, Paint::stdout()))).collect();
        let json = beads.iter().map(|bead| Value::from(render::issue(bead, Parts::BARE))).collect::<Value>();
        render::print_change(context.output, json, text)
    }

    fn into_new(self, ledger: &Ledger) -> Result<NewBead> {
        let title = self
            .title
            .or(self.title_option)
            .ok_or_else(|| Error::usage("a bead needs a title").hint("bd create \"what is to be done\""))?;
        let description = match &self.body_file {
            Some(path) => parse::body(path)?,
            None => self.description.unwrap_or_default(),
        };
        let mut extra = Map::new();
        for (key, value) in [
            ("role_type", self.role_type),
            ("rig", self.agent_rig),
            ("mol_type", self.mol_type),
            ("event_kind", self.event_category),
            ("actor", self.event_actor),
            ("target", self.event_target),
            ("payload", self.event_payload),
        ] {
            if let Some(value) = value {
                extra.insert(key.to_owned(), Value::from(value));
            }
        }
        let mut deps: Vec<NewDep> =
            self.deps.iter().filter(|dep| !dep.trim().is_empty()).map(|dep| new_dep(dep)).collect();
        if let Some(spawner) = self.waits_for {
            let metadata = serde_json::json!({"gate": self.waits_for_gate}).to_string();
            deps.push(NewDep { metadata, ..NewDep::new(spawner, dep_type::WAITS_FOR) });
        }
        Ok(NewBead {
            title,
            description,
            design: self.design.unwrap_or_default(),
            acceptance_criteria: self.acceptance.unwrap_or_default(),
            notes: self.notes.unwrap_or_default(),
            assignee: self.assignee.unwrap_or_default(),
            owner: context::owner(),
            issue_type: parse::kind(ledger, &self.fields.kind)?,
            priority: Some(parse::priority(&self.fields.priority)?),
            labels: self.fields.labels.into_iter().filter(|label| !label.trim().is_empty()).collect(),
            deps,
            parent: self.parent,
            id: self.id,
            prefix: self.prefix,
            estimated_minutes: self.estimate,
            due_at: self.due.as_deref().map(parse::time).transpose().context("--due")?,
            defer_until: self.defer.as_deref().map(parse::time).transpose().context("--defer")?,
            external_ref: self.external_ref,
            ephemeral: self.ephemeral,
            extra,
            ..NewBead::default()
        })
    }
}

/// The same call for the ledger of the repository at `directory`.
fn elsewhere(global: &Global, directory: &std::path::Path) -> Result<Global> {
    match context::alone(directory) {
        Some(beads_dir) => Ok(Global { db: Some(beads_dir.join(context::DATABASE)), ..global.clone() }),
        None => Err(Error::not_found(format!("no ledger in {} or above", directory.display()))
            .hint("make one there with: bd init; in a town choose the rig with --rig")),
    }
}

/// Refuses a bead that does not say enough.
fn check(bead: &Bead) -> Result<()> {
    let missing = review::lacks(bead);
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::refused(format!("{:?} lacks {}", bead.title, missing.join(" and ")))
        .hint("say it with -d, --design or --acceptance; without --validate it is made as it is"))
}

/// `type:id` or `id`; external targets have colons of their own.
pub fn new_dep(text: &str) -> NewDep {
    let text = text.trim();
    match text.split_once(':') {
        Some((kind, id)) if kind != "external" => NewDep::new(id.trim(), kind.trim()),
        _ => NewDep::new(text, dep_type::BLOCKS),
    }
}

/// The store that a new bead's id or prefix belongs to, or else the one of the working directory.
fn store_for(context: &Context, new: &NewBead, force: bool) -> Result<String> {
    let named = match (&new.id, &new.prefix) {
        (Some(id), _) => id.clone(),
        (None, Some(prefix)) => format!("{}-", prefix.trim_end_matches('-')),
        (None, None) => return Ok(context.store.clone()),
    };
    match context.store_of_prefix(&named)? {
        Some(store) => Ok(store.name),
        None if force => Ok(context.store.clone()),
        None => {
            let prefixes: Vec<String> = context.ledger.stores()?.into_iter().map(|store| store.prefix).collect();
            Err(Error::refused(format!("{named}: no store has this prefix"))
                .hint(format!("prefixes here: {}; --force takes another one", prefixes.join(", "))))
        }
    }
}

/// Does `work` in a transaction that is then undone.
fn rehearse<T>(context: &mut Context, work: impl FnOnce(&mut crate::ledger::Tx<'_>) -> Result<T>) -> Result<T> {
    let mut made = None;
    let undone = context.ledger.write(&context.actor, |tx| {
        made = Some(work(tx)?);
        Err::<(), _>(Error::failed("only a rehearsal"))
    });
    match (made, undone) {
        (Some(made), _) => Ok(made),
        (None, Err(error)) => Err(error),
        (None, Ok(())) => Err(Error::failed("nothing was made")),
    }
}

/// Makes a bead and prints its id alone.
#[derive(Debug, Args)]
pub struct Quick {
    /// One line that says what is to be done
    #[arg(required = true)]
    title: Vec<String>,
    #[command(flatten)]
    fields: Fields,
}

impl Quick {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        let new = NewBead {
            title: self.title.join(" "),
            owner: context::owner(),
            issue_type: parse::kind(&context.ledger, &self.fields.kind)?,
            priority: Some(parse::priority(&self.fields.priority)?),
            labels: self.fields.labels,
            ..NewBead::default()
        };
        let (store, key) = (context.store.clone(), context.last_touched_key());
        let bead = context.write(|tx| {
            let bead = tx.create(&store, new)?;
            tx.set_kv(&key, Some(&bead.id))?;
            Ok(bead)
        })?;
        render::print(context.output, render::issue(&bead, Parts::BARE), format!("{}\n", bead.id))
    }
}
