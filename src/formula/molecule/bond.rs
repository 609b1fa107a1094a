//! Bonding: molecules and formulas put together.

use serde::Serialize;

use super::super::cook::{self, Mode};
use super::super::library::Library;
use super::super::model::Formula;
use super::super::values::{Values, put};
use super::pattern;
use super::pour::{Pour, Poured, pour, slug};
use crate::base::{Error, Kind, Result};
use crate::ledger::{Bead, Ledger, Patch, Tx, dep_type};

/// How the second follows the first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BondType {
    /// When the first is done.
    #[default]
    Sequential,
    /// Beside the first, as a part of it.
    Parallel,
    /// When the first has failed.
    Conditional,
}

impl BondType {
    fn dependency(self) -> &'static str {
        match self {
            Self::Sequential => dep_type::BLOCKS,
            Self::Parallel => dep_type::PARENT_CHILD,
            Self::Conditional => dep_type::CONDITIONAL_BLOCKS,
        }
    }
}

/// What is to be bonded.
#[derive(Debug, Clone, Default)]
pub struct Bond {
    /// A bead or a formula.
    pub first: String,
    /// A bead or a formula.
    pub second: String,
    /// How.
    pub kind: BondType,
    /// A name for the spawned molecule under the other: `arm-{{name}}` gives `mol.arm-ace`.
    pub reference: String,
    /// Another title for the result.
    pub title: String,
    /// Values for the formulas.
    pub vars: Values,
    /// The store of spawned molecules.
    pub store: String,
    /// Spawned as wisps; decided by the molecule they are bonded to when not said.
    pub wisp: Option<bool>,
}

/// What was bonded.
#[derive(Debug, Clone)]
pub struct Bonded {
    /// The molecule that holds both.
    pub result: String,
    /// How.
    pub kind: BondType,
    /// What was poured for it.
    pub spawned: Vec<Poured>,
}

/// Checks that both operands exist and the formulas among them can be poured.
///
/// # Errors
/// As [`bond`].
pub fn check_bond(ledger: &Ledger, library: &Library, bond: &Bond) -> Result<()> {
    for operand in [&bond.first, &bond.second] {
        if ledger.find(operand)?.is_some() {
            continue;
        }
        match library.load(operand) {
            Ok(_) => {
                cook::cook(library, operand, &known(library, operand, &bond.vars)?, Mode::Runtime)?;
            }
            Err(error) if error.kind() == Kind::NotFound => {
                ledger.get(operand)?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// The values that a formula knows; several formulas may share one set.
///
/// # Errors
/// As loading the formula.
pub fn known(library: &Library, name: &str, values: &Values) -> Result<Values> {
    Ok(known_to(&library.load(name)?.formula, values))
}

fn known_to(formula: &Formula, values: &Values) -> Values {
    let known = |variable: &String| {
        formula.vars.contains_key(variable)
            || formula.inputs.contains_key(variable)
            || variable == "title"
            || variable == "desc"
    };
    values.iter().filter(|(variable, _)| known(variable)).map(|(k, v)| (k.clone(), v.clone())).collect()
}

enum Side {
    Bead(Box<Bead>),
    /// Something to pour.
    Source(Source),
}

enum Source {
    Formula(String),
    Pattern(Box<Bead>),
}

/// Bonds two molecules or formulas; the second depends on the first, and a spawned one on the one that was there.
///
/// # Errors
/// Not found when an operand is neither; what is wrong with a formula; a circle.
pub fn bond(tx: &mut Tx<'_>, library: &Library, bond: &Bond) -> Result<Bonded> {
    let first = side(tx, library, &bond.first)?;
    let second = side(tx, library, &bond.second)?;
    let mut spawned = Vec::new();
    let (base, added) = match (first, second) {
        (Side::Bead(first), Side::Bead(second)) => (first.id, second.id),
        (Side::Bead(there), Side::Source(source)) | (Side::Source(source), Side::Bead(there)) => {
            let poured = spawn(tx, library, bond, &source, Some(&there))?;
            let root = poured.root.clone();
            spawned.push(poured);
            (there.id, root)
        }
        (Side::Source(first), Side::Source(second)) => {
            let first = spawn(tx, library, bond, &first, None)?;
            let there = tx.get(&first.root)?;
            let second = spawn(tx, library, bond, &second, Some(&there))?;
            let ids = (first.root.clone(), second.root.clone());
            spawned.extend([first, second]);
            ids
        }
    };
    tx.add_dep(&added, &base, bond.kind.dependency())?;
    if !bond.title.is_empty() {
        tx.update(&base, &Patch { title: Some(bond.title.clone()), ..Patch::default() })?;
    }
    Ok(Bonded { result: base, kind: bond.kind, spawned })
}

fn side(tx: &Tx<'_>, library: &Library, operand: &str) -> Result<Side> {
    // An id given in full comes first, then a formula's name, then the beginning of an id.
    let of = |bead: Bead| match bead.is_template {
        true => Side::Source(Source::Pattern(Box::new(bead))),
        false => Side::Bead(Box::new(bead)),
    };
    if let Some(bead) = tx.find(operand)? {
        return Ok(of(bead));
    }
    match library.load(operand) {
        Ok(_) => Ok(Side::Source(Source::Formula(operand.to_owned()))),
        Err(error) if error.kind() == Kind::NotFound && !error.message().contains(": line ") => match tx.get(operand) {
            Ok(bead) => Ok(of(bead)),
            Err(bead) if bead.kind() == Kind::NotFound => {
                let missing = Error::not_found(format!("{operand:?} is neither a bead nor a formula"));
                Err(missing.hint("list them with bd mol list and bd formula list"))
            }
            Err(bead) => Err(bead),
        },
        Err(error) => Err(error),
    }
}

fn spawn(tx: &mut Tx<'_>, library: &Library, bond: &Bond, source: &Source, there: Option<&Bead>) -> Result<Poured> {
    let formula = match source {
        Source::Formula(name) => library.load(name)?.formula,
        Source::Pattern(root) => pattern::formula(tx, root)?,
    };
    let given = known_to(&formula, &bond.vars);
    let cooked = cook::cook_formula(library, formula, &given, Mode::Runtime)?;
    let root_id = there.filter(|_| !bond.reference.is_empty()).map(|there| {
        let mut reference = bond.reference.clone();
        put(&mut reference, &bond.vars);
        format!("{}.{}", there.id, slug(&reference))
    });
    let wisp = bond.wisp.unwrap_or_else(|| there.is_some_and(|there| there.ephemeral));
    let store = there.map_or_else(|| bond.store.clone(), |there| there.store.clone());
    pour(tx, &cooked, &Pour { store, wisp, root_id, ..Pour::default() })
}
