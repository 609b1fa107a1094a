//! `bd mol bond`, `squash`, `burn` and `distill`.

use clap::Args;
use serde_json::{Value, json};

use super::super::context::Context;
use super::super::{Global, formula, render};
use super::pour::{bond_type, mapping};
use crate::base::text::counted;
use crate::base::{Result, text};
use crate::formula::molecule;
use crate::formula::{convert, parse_pairs};

/// Puts molecules and formulas together.
#[derive(Debug, Args)]
pub struct Bond {
    /// A molecule or a formula
    first: String,
    /// A molecule or a formula
    second: String,
    /// How the second follows the first
    #[arg(long = "type", default_value = "sequential", value_parser = ["sequential", "parallel", "conditional"])]
    kind: String,
    /// A name under the molecule for what is spawned; may hold {{variables}}
    #[arg(long = "ref", value_name = "NAME", default_value = "")]
    reference: String,
    /// A variable's value, as name=value
    #[arg(long = "var", value_name = "NAME=VALUE")]
    vars: Vec<String>,
    /// Another title for the result
    #[arg(long = "as", value_name = "TITLE", default_value = "")]
    title: String,
    /// Spawn as a wisp
    #[arg(long, conflicts_with = "pour")]
    ephemeral: bool,
    /// Spawn as a molecule that is exported
    #[arg(long)]
    pour: bool,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

impl Bond {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let library = formula::library(&[])?;
        let mut context = Context::open(global)?;
        let bond = molecule::Bond {
            first: self.first,
            second: self.second,
            kind: bond_type(&self.kind),
            reference: self.reference,
            title: self.title,
            vars: parse_pairs(&self.vars)?,
            store: context.store.clone(),
            wisp: match (self.ephemeral, self.pour) {
                (true, _) => Some(true),
                (_, true) => Some(false),
                _ => None,
            },
        };
        if self.dry_run {
            molecule::check_bond(&context.ledger, &library, &bond)?;
            let text = format!("Would bond {} and {} ({})\n", bond.first, bond.second, self.kind);
            let json = json!({"first": bond.first, "second": bond.second, "bond_type": self.kind, "dry_run": true});
            return render::print(context.output, json, text);
        }
        let bonded = context.write(|tx| molecule::bond(tx, &library, &bond))?;
        let mut json =
            json!({"result_id": bonded.result, "result_type": "compound_molecule", "bond_type": bonded.kind});
        let created: usize = bonded.spawned.iter().map(molecule::Poured::created).sum();
        if created > 0 {
            json["spawned"] = created.into();
            let mut all = serde_json::Map::new();
            for poured in &bonded.spawned {
                all.extend(mapping(poured));
            }
            json["id_mapping"] = Value::Object(all);
        }
        let mut text = format!("Bonded {} and {} ({})\n", bond.first, bond.second, self.kind);
        for poured in &bonded.spawned {
            text.push_str(&format!("Poured {} ({})\n", poured.root, counted(poured.created(), "bead")));
        }
        render::print_change(context.output, json, text)
    }
}

/// Replaces a finished molecule's steps by one bead.
#[derive(Debug, Args)]
pub struct Squash {
    /// The molecule
    id: String,
    /// What was done
    #[arg(long, default_value = "", allow_hyphen_values = true)]
    summary: String,
    /// Leave the steps
    #[arg(long)]
    keep_children: bool,
    /// Even with open steps
    #[arg(long, short)]
    force: bool,
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
}

impl Squash {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        let mol = molecule::load(&context.ledger, &self.id)?;
        if self.dry_run {
            let open = mol.steps.iter().filter(|step| !step.status.is_done()).count();
            let text = format!("Would squash {} of {}, {open} open\n", counted(mol.steps.len(), "step"), mol.root.id);
            let json = json!({"molecule_id": mol.root.id, "squashed_ids": ids(&mol), "squashed_count": mol.steps.len(),
                              "open": open, "kept_children": self.keep_children, "dry_run": true});
            return render::print(context.output, json, text);
        }
        let squashed = context.write(|tx| molecule::squash(tx, &mol, &self.summary, self.keep_children, self.force))?;
        let text = format!(
            "Squashed {} of {} into {}\n",
            counted(squashed.squashed_count, "step"),
            squashed.molecule_id,
            squashed.digest_id
        );
        render::print_change(context.output, serde_json::to_value(&squashed)?, text)
    }
}

/// Deletes molecules.
#[derive(Debug, Args)]
pub struct Burn {
    /// Their ids
    #[arg(required = true)]
    ids: Vec<String>,
    /// Even what is no wisp, or is being worked on
    #[arg(long, short)]
    force: bool,
    /// Only say what would be deleted
    #[arg(long)]
    dry_run: bool,
}

impl Burn {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        let mols = self.ids.iter().map(|id| molecule::load(&context.ledger, id)).collect::<Result<Vec<_>>>()?;
        if self.dry_run {
            let text = mols
                .iter()
                .map(|mol| format!("Would burn {} ({})\n", mol.root.id, counted(mol.steps.len() + 1, "bead")))
                .collect();
            let all: Vec<Value> = mols
                .iter()
                .map(|mol| json!({"molecule_id": mol.root.id, "would_delete": ids(mol), "dry_run": true}))
                .collect();
            return render::print(context.output, Value::Array(all), text);
        }
        let burned = context
            .write(|tx| mols.iter().map(|mol| molecule::burn(tx, mol, self.force)).collect::<Result<Vec<_>>>())?;
        let text = burned
            .iter()
            .map(|burned| format!("Burned {} ({})\n", burned.molecule_id, counted(burned.deleted_count, "bead")))
            .collect();
        let json = match burned.as_slice() {
            [one] => serde_json::to_value(one)?,
            many => serde_json::to_value(many)?,
        };
        render::print_change(context.output, json, text)
    }
}

fn ids(mol: &molecule::Molecule) -> Vec<&str> {
    mol.steps.iter().map(|step| step.id.as_str()).collect()
}

/// Makes a formula of an epic or a molecule.
#[derive(Debug, Args)]
pub struct Distill {
    /// The epic or molecule
    id: String,
    /// The formula's name; made of the title otherwise
    #[arg(default_value = "")]
    name: String,
    /// A text that becomes a variable, as name=text
    #[arg(long = "var", value_name = "NAME=TEXT")]
    vars: Vec<String>,
    /// Print the formula instead of writing its file
    #[arg(long)]
    dry_run: bool,
    /// The directory to write it to; the ledger's own formulas otherwise
    #[arg(long, short, value_name = "DIR")]
    output: Option<std::path::PathBuf>,
}

impl Distill {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let context = Context::open(global)?;
        let mol = molecule::load(&context.ledger, &self.id)?;
        let variables = parse_pairs(&self.vars)?;
        if self.dry_run {
            let made = molecule::distilled(&mol, &self.name, &variables)?;
            let text = convert::to_toml(&made)?;
            return render::print(context.output, serde_json::to_value(&made)?, text::neutralise(&text, false).into());
        }
        let directory = match self.output {
            Some(directory) => directory,
            None => formula::own_directory(&context.ledger, &mol.root.store)?,
        };
        let distilled = molecule::distill(&mol, &self.name, &variables, &directory)?;
        let text = format!("Wrote {} ({} steps)\n", distilled.formula_path.display(), distilled.steps);
        render::print_change(context.output, serde_json::to_value(&distilled)?, text)
    }
}
