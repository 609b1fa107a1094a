//! `bd mol pour`, and what `bd mol wisp` shares with it.

use clap::Args;
use serde_json::{Map, Value, json};

use super::super::context::Context;
use super::super::{Global, formula, render};
use crate::base::report::Paint;
use crate::base::text::counted;
use crate::base::{Error, Result};
use crate::formula::molecule::{self, BondType, Pour, Poured};
use crate::formula::{parse_pairs, tree};

/// Makes beads of a formula.
#[derive(Debug, Args)]
pub struct PourArgs {
    /// Its name or file
    formula: String,
    #[command(flatten)]
    how: How,
    /// A formula to attach; may be given several times
    #[arg(long, value_name = "FORMULA")]
    attach: Vec<String>,
    /// How it is attached
    #[arg(long, default_value = "sequential", value_parser = ["sequential", "parallel", "conditional"])]
    attach_type: String,
}

/// What pouring and making a wisp share.
#[derive(Debug, Args)]
pub struct How {
    /// A variable's value, as name=value
    #[arg(long = "var", value_name = "NAME=VALUE")]
    vars: Vec<String>,
    /// Who does it
    #[arg(long, default_value = "")]
    assignee: String,
    /// Only show the steps
    #[arg(long)]
    dry_run: bool,
}

/// The word `--type` and `--attach-type` take.
pub fn bond_type(word: &str) -> BondType {
    match word {
        "parallel" => BondType::Parallel,
        "conditional" => BondType::Conditional,
        _ => BondType::Sequential,
    }
}

impl PourArgs {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let kind = bond_type(&self.attach_type);
        pour(&self.formula, &self.how, &self.attach, kind, false, global)
    }
}

/// Names of steps and the beads they became; the root's name is the formula's. Nothing for more steps than are listed.
pub fn mapping(poured: &Poured) -> Map<String, Value> {
    let formula = &poured.formula;
    if !poured.is_listed() {
        return Map::new();
    }
    let key = |(at, (step, id)): (usize, &(String, String))| {
        let key = if at == 0 { step.clone() } else { format!("{formula}.{step}") };
        (key, Value::from(id.as_str()))
    };
    poured.ids.iter().enumerate().map(key).collect()
}

/// Pours a formula, as a wisp or not, with others attached.
pub fn pour(name: &str, how: &How, attach: &[String], kind: BondType, wisp: bool, global: &Global) -> Result<()> {
    let library = formula::library(&[])?;
    let given = parse_pairs(&how.vars)?;
    // A formula can be looked at where there is no ledger; a pattern is in one.
    let mut context = match Context::open(global) {
        Ok(context) => Some(context),
        Err(_) if how.dry_run => None,
        Err(error) => return Err(error),
    };
    // Values may be for attached formulas; then each takes its own.
    let own = if attach.is_empty() { given.clone() } else { molecule::known(&library, name, &given)? };
    let cooked = molecule::cook_or_pattern(context.as_ref().map(|context| &context.ledger), &library, name, &own)?;
    formula::warn(&cooked.warnings, global);
    if how.dry_run {
        let text = tree::dry_run(&cooked);
        return render::print(
            global.output(),
            serde_json::to_value(&cooked.formula)?,
            crate::base::text::neutralise(&text, false).into(),
        );
    }
    if !wisp && cooked.formula.phase == "vapor" && !global.output().quiet {
        eprintln!("warning: {name} is meant to be a wisp: bd mol wisp {name}");
    }
    let Some(context) = &mut context else {
        return Err(Error::not_found("no ledger to pour into").hint("make one with: bd init"));
    };
    let options = Pour { store: context.store.clone(), assignee: how.assignee.clone(), wisp, ..Pour::default() };
    let (poured, attached) = context.write(|tx| {
        let poured = molecule::pour(tx, &cooked, &options)?;
        let mut attached = 0;
        for second in attach {
            let bond = molecule::Bond {
                first: poured.root.clone(),
                second: second.clone(),
                kind,
                vars: given.clone(),
                store: options.store.clone(),
                wisp: Some(wisp),
                ..molecule::Bond::default()
            };
            attached += molecule::bond(tx, &library, &bond)?.spawned.len();
        }
        Ok((poured, attached))
    })?;
    let mut json = json!({
        "new_epic_id": poured.root, "id_mapping": mapping(&poured), "created": poured.created(),
        "attached": attached, "phase": if wisp { "vapor" } else { "liquid" },
    });
    if !poured.is_listed() {
        // A reader has to see that the mapping is not simply empty.
        let why = format!("more than {} beads; bd list --parent {} --json lists them", molecule::LISTED, poured.root);
        json["id_mapping_omitted"] = why.into();
    }
    let root = context.ledger.get(&poured.root)?;
    let next = molecule::next_step(&context.ledger, &poured.root)?;
    let mut text = format!("Poured {} ({})\n", render::line(&root, Paint::stdout()), counted(poured.created(), "bead"));
    if let Some(next) = next {
        text.push_str(&format!("Next   {}\n", render::line(&next, Paint::stdout())));
    }
    render::print_change(context.output, json, text)
}
