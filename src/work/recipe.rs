//! Formulas as work: pouring one for a bead or as work of its own, and slinging what comes of it.

use std::io::{self, Write};

use serde::Serialize;

use super::identity::actor;
use super::molecule::{self, Hung};
use super::sling::{self, Request, SlingReport};
use super::{Desk, convoy};
use crate::base::report::{Paint, Report};
use crate::base::text::counted;
use crate::base::{Error, Result};
use crate::formula::{Cooked, FormulaType, Library, Mode, Values, cook, molecule as formula};
use crate::ledger::{Bead, ReadyFilter};

/// The formulas that the town knows, seen from the working directory.
pub fn library(desk: &Desk) -> Library {
    let here = std::env::current_dir().unwrap_or_else(|_| desk.town.root.clone());
    Library::standard(&here, Some(&desk.town.root))
}

/// The formula that `word` names, with or without `mol-` before it; `None` when there is none of that name.
pub fn named(library: &Library, word: &str) -> Option<String> {
    let names = library.names();
    [word, word.strip_prefix("mol-").unwrap_or(word)].into_iter().find(|name| names.contains(*name)).map(str::to_owned)
}

/// The values for a formula that is worked through on `bead`: what was given, and the bead for the variables `issue`, `bead`, `feature` and
/// `title` where the formula has them and nothing was given.
///
/// # Errors
/// When the formula can't be loaded.
pub fn values(library: &Library, name: &str, given: &Values, bead: Option<&Bead>) -> Result<Values> {
    let mut values = given.clone();
    let Some(bead) = bead else { return Ok(values) };
    let known = library.load(name)?.formula;
    for (variable, value) in [("issue", &bead.id), ("bead", &bead.id), ("feature", &bead.title), ("title", &bead.title)]
    {
        let has = known.vars.contains_key(variable) || known.inputs.contains_key(variable);
        // The title of the molecule's root is set by a variable of that name, declared or not.
        if (has || variable == "title") && !values.contains_key(variable) {
            values.insert(variable.to_owned(), value.clone());
        }
    }
    Ok(values)
}

/// What is to be slung.
#[derive(Debug, Clone)]
pub struct Recipe {
    /// The formula.
    pub formula: String,
    /// The bead its steps are for; `None` for work of its own.
    pub on: Option<String>,
    /// Values of its variables.
    pub values: Values,
}

/// What was poured and slung.
#[derive(Debug, Serialize)]
pub struct Cast {
    /// The formula.
    pub formula: String,
    /// The molecule.
    pub molecule: String,
    /// How many beads were made; those that would be, with a dry run.
    pub created: usize,
    /// What was slung.
    #[serde(flatten)]
    pub sling: SlingReport,
}

impl Report for Cast {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(
            out,
            "{} {} of {}, {}",
            paint.green("poured"),
            self.molecule,
            self.formula,
            counted(self.created, "bead")
        )?;
        self.sling.human(out, paint)
    }
}

/// Pours the formula and slings it: tied to a bead, or as work of its own. Nothing of it stays when it can't be slung.
///
/// # Errors
/// As cooking and slinging.
pub fn sling(desk: &mut Desk, recipe: &Recipe, request: Request) -> Result<Cast> {
    let library = library(desk);
    let Some(on) = &recipe.on else { return sling_alone(desk, &library, recipe, request) };
    let request = Request { beads: vec![on.clone()], ..request };
    // Everything is checked before anything is poured.
    sling::plan(desk, &request)?;
    let bead = desk.ledger.get(&desk.ledger.resolve(on)?)?;
    molecule::refuse_second(desk, &bead.id)?;
    let cooked = cooked(&library, recipe, Some(&bead))?;
    let hung = desk.ledger.write(&actor(), |tx| molecule::attach_in(tx, &cooked, &bead.id, &bead.store))?;
    finish(desk, &cooked, hung, &request)
}

fn sling_alone(desk: &mut Desk, library: &Library, recipe: &Recipe, request: Request) -> Result<Cast> {
    let target = store_of(desk, &request)?;
    let cooked = cooked(library, recipe, None)?;
    let pour = formula::Pour { store: target, ..formula::Pour::default() };
    let poured = desk.ledger.write(&actor(), |tx| formula::pour(tx, &cooked, &pour))?;
    let request = Request { beads: vec![poured.root.clone()], ..request };
    let hung = Hung { bead: poured.root.clone(), created: poured.created(), molecule: poured.root };
    finish(desk, &cooked, hung, &request)
}

/// The store that work for the request's target belongs to.
fn store_of(desk: &Desk, request: &Request) -> Result<String> {
    if request.target.is_empty() {
        return Err(Error::usage("a formula alone belongs to no rig").hint("name one: gt sling <formula> <rig>"));
    }
    Ok(sling::Target::parse(&desk.town, &request.target)?.rig().name.clone())
}

/// The formula cooked, with everything it needs.
///
/// # Errors
/// When it is unknown, wrong, or lacks a value.
pub fn cooked(library: &Library, recipe: &Recipe, bead: Option<&Bead>) -> Result<Cooked> {
    let values = values(library, &recipe.formula, &recipe.values, bead)?;
    cook(library, &recipe.formula, &values, Mode::Runtime)
}

fn finish(desk: &mut Desk, cooked: &Cooked, hung: Hung, request: &Request) -> Result<Cast> {
    let slung = sling::sling(desk, request);
    let failed = slung.as_ref().map_or(true, |report| report.slung.is_empty());
    if failed {
        let molecule = formula::load(&desk.ledger, &hung.molecule)?;
        desk.ledger.write(&actor(), |tx| formula::burn(tx, &molecule, true))?;
    }
    Ok(Cast { formula: cooked.formula.formula.clone(), molecule: hung.molecule, created: hung.created, sling: slung? })
}

/// Runs a formula: one whose parts are done side by side gives each part that can begin to an agent of its own, in one convoy; the others
/// follow by themselves. Any other formula becomes the work of one agent.
///
/// # Errors
/// As cooking and slinging.
pub fn run(desk: &mut Desk, recipe: &Recipe, request: Request) -> Result<Cast> {
    let library = library(desk);
    if library.load(&recipe.formula)?.formula.kind != FormulaType::Convoy {
        return sling(desk, recipe, request);
    }
    let store = store_of(desk, &request)?;
    let cooked = cooked(&library, recipe, None)?;
    let owner = actor();
    let pour = formula::Pour { store, ..formula::Pour::default() };
    let (poured, convoy) = desk.ledger.write(&owner, |tx| {
        let poured = formula::pour(tx, &cooked, &pour)?;
        let steps: Vec<String> = poured.ids.iter().skip(1).map(|(_, id)| id.clone()).collect();
        let convoy = convoy::make(tx, &cooked.formula.formula, &steps, &owner, &[])?;
        Ok((poured, convoy))
    })?;
    let ready = ReadyFilter { parent: Some(poured.root.clone()), ..ReadyFilter::default() };
    let beads: Vec<String> = desk.ledger.ready(&ready)?.into_iter().map(|bead| bead.id).collect();
    let slung = sling::sling(desk, &Request { beads, ..request });
    if slung.as_ref().map_or(true, |report| report.slung.is_empty()) {
        let molecule = formula::load(&desk.ledger, &poured.root)?;
        desk.ledger.write(&owner, |tx| {
            tx.close(&convoy, "Undone: nothing of it could be started")?;
            formula::burn(tx, &molecule, true)
        })?;
    }
    let mut report = slung?;
    report.convoy = Some(convoy);
    let created = poured.created();
    Ok(Cast { formula: cooked.formula.formula, molecule: poured.root, created, sling: report })
}
