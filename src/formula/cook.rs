//! Cooking: everything a formula says in short is written out, until only steps and what they need are left.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::library::Library;
use super::model::{Formula, FormulaType, Step};
use super::repoint::{Aliases, repoint};
use super::values::{Values, each_text, put};
use super::{compose, condition, convoy, graph, loops, template, values, weave};
use crate::base::{Error, Result};

/// More steps than this are a mistake in a range, not a plan; tests, which make many such mistakes, stop earlier.
const MOST_STEPS: usize = if cfg!(test) { 100_000 } else { 4_000_000 };

/// How far a formula is cooked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Variables stay as placeholders and no step is left out.
    Compile,
    /// Every variable has its value, steps whose condition does not hold are left out.
    Runtime,
}

/// A cooked formula: only steps and needs are left.
#[derive(Debug)]
pub struct Cooked {
    /// The formula with its steps written out.
    pub formula: Formula,
    /// The values of its variables.
    pub values: Values,
    /// How its steps hang together.
    pub graph: graph::Graph,
    /// What is odd but harmless.
    pub warnings: Vec<String>,
    /// How far it was cooked.
    pub mode: Mode,
}

impl Cooked {
    /// All steps in the order in which the graph numbers them: depth first, as written.
    pub fn steps(&self) -> Vec<&Step> {
        graph::flatten(&self.formula.steps)
    }
}

/// What is kept while one formula is cooked.
pub(super) struct Cook<'l> {
    library: &'l Library,
    expansions: HashMap<String, Arc<Formula>>,
    steps: usize,
    pub warnings: Vec<String>,
}

/// An error at a step's key.
pub(super) fn at(step: &Step, part: &str, message: &str) -> Error {
    let source = &step.origin.source;
    let place = source.place(&format!("{}.{part}", step.origin.key));
    Error::failed(format!("{}: line {}: {} ({}): {message}", source.path, place.line, step.origin.key, step.id))
}

/// An error at one of the formula's own keys.
pub(super) fn at_root(formula: &Formula, key: &str, message: &str) -> Error {
    let line = formula.source.place(key).line;
    Error::failed(format!("{}: line {line}: {key}: {message}", formula.source.path))
}

impl Cook<'_> {
    /// Counts a step against the limit.
    pub fn count(&mut self, step: &Step) -> Result<()> {
        self.steps += 1;
        self.room_for(step, 0)
    }

    /// Checks that so many more steps are within the limit.
    pub fn room_for(&self, step: &Step, more: u64) -> Result<()> {
        if (self.steps as u64).saturating_add(more) > MOST_STEPS as u64 {
            let message = format!("the formula has more than {MOST_STEPS} steps");
            return Err(at(step, "loop", &message).hint("make the loop's range smaller"));
        }
        Ok(())
    }

    /// Loads a formula that another one names, once.
    pub fn other(&mut self, name: &str) -> Result<Arc<Formula>> {
        if let Some(formula) = self.expansions.get(name) {
            return Ok(formula.clone());
        }
        let loaded = self.library.load(name)?;
        self.warnings.extend(loaded.warnings);
        let formula = Arc::new(loaded.formula);
        self.expansions.insert(name.to_owned(), formula.clone());
        Ok(formula)
    }
}

/// Loads and cooks the formula of this name or path with the variables given.
///
/// # Errors
/// Everything wrong with its file, its variables or what becomes of it.
pub fn cook(library: &Library, name: &str, given: &Values, mode: Mode) -> Result<Cooked> {
    let loaded = library.load(name)?;
    let mut cooked = cook_formula(library, loaded.formula, given, mode)?;
    cooked.warnings.splice(0..0, loaded.warnings);
    Ok(cooked)
}

/// Cooks a formula that has been loaded.
///
/// # Errors
/// As [`cook`].
pub fn cook_formula(library: &Library, mut formula: Formula, given: &Values, mode: Mode) -> Result<Cooked> {
    let mut cook = Cook { library, expansions: HashMap::new(), steps: 0, warnings: Vec::new() };
    let mut given = given.clone();
    convoy::lower(&mut formula, &mut given, mode)?;
    // Loop ranges and expansions are written out before the steps are known in full; what they use of the variables is checked below.
    let early = values::resolve(&formula, &given, false)?;
    if mode == Mode::Runtime && formula.steps.is_empty() {
        return Err(nothing_to_do(&formula));
    }
    let mut aliases = Aliases::new();
    let steps = std::mem::take(&mut formula.steps);
    let mut steps = loops::expand(&mut cook, steps, &early, &mut aliases)?;
    repoint(&mut steps, &aliases);
    compose::apply(&formula, &mut steps)?;
    steps = weave::advise(steps, &formula.advice, &formula.pointcuts);
    steps = template::expand(&mut cook, &formula, steps)?;
    for (index, name) in formula.compose.aspects.iter().enumerate() {
        let key = format!("compose.aspects[{index}]");
        let aspect = cook.other(name).map_err(|error| error.context(place(&formula, &key)))?;
        if aspect.advice.is_empty() {
            return Err(at_root(&formula, &key, &format!("{name:?} has no advice to weave in")));
        }
        for (variable, var) in &aspect.vars {
            formula.vars.entry(variable.clone()).or_insert_with(|| var.clone());
        }
        steps = weave::advise(steps, &aspect.advice, &aspect.pointcuts);
    }
    formula.steps = steps;
    let complete = mode == Mode::Runtime;
    let values = values::resolve(&formula, &given, complete)?;
    if complete {
        filter(&mut formula, &values)?;
        if formula.steps.is_empty() {
            return Err(Error::failed(format!("formula {}: no step is left: no condition holds", formula.formula)));
        }
        formula.steps.iter_mut().for_each(|step| fill(step, &values));
        put(&mut formula.description, &values);
    }
    let graph = graph::build(&formula)?;
    Ok(Cooked { formula, values, graph, warnings: cook.warnings, mode })
}

fn place(formula: &Formula, key: &str) -> String {
    format!("{}: line {}: {key}", formula.source.path, formula.source.place(key).line)
}

fn nothing_to_do(formula: &Formula) -> Error {
    let name = &formula.formula;
    match formula.kind {
        FormulaType::Expansion => {
            Error::failed(format!("formula {name} is an expansion: it only takes the place of steps"))
                .hint("name it in a step's expand, or under compose.expand or compose.map")
        }
        FormulaType::Aspect => Error::failed(format!("formula {name} is an aspect: it is only woven into others"))
            .hint("name it under compose.aspects"),
        _ => Error::failed(format!("formula {name} has no steps")),
    }
}

/// Leaves out the steps whose condition does not hold. What needed them needs what they needed.
fn filter(formula: &mut Formula, values: &Values) -> Result<()> {
    let mut gone = Aliases::new();
    keep(&mut formula.steps, values, &mut gone)?;
    repoint(&mut formula.steps, &gone);
    Ok(())
}

fn keep(steps: &mut Vec<Step>, values: &Values, gone: &mut Aliases) -> Result<()> {
    let mut left = Vec::with_capacity(steps.len());
    for mut step in steps.drain(..) {
        if condition::holds(&step.condition, values).map_err(|error| at(&step, "condition", &error))? {
            step.condition.clear();
            keep(&mut step.children, values, gone)?;
            left.push(step);
        } else {
            let needs: Vec<String> = step.all_needs().cloned().collect();
            drop_all(&step, &needs, gone);
        }
    }
    *steps = left;
    Ok(())
}

fn drop_all(step: &Step, needs: &[String], gone: &mut Aliases) {
    gone.insert(step.id.clone(), needs.to_vec());
    step.children.iter().for_each(|child| drop_all(child, needs, gone));
}

fn fill(step: &mut Step, values: &Values) {
    each_text(step, &mut |text| put(text, values));
    step.children.iter_mut().for_each(|child| fill(child, values));
}

/// The variables a cooked formula uses.
pub fn variables(cooked: &Cooked) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    values::used(&cooked.formula.steps, &mut names);
    values::used(&cooked.formula.template, &mut names);
    names
}
