//! Formulas: workflows written down once, in TOML or JSON, and cooked into steps.
//!
//! A formula goes through these stations: [`Library::load`] finds and reads it, adds what it inherits and checks it; [`cook()`] writes out
//! loops, branches, advice, expansions and aspects, puts the variables in and checks that the steps can be worked through.

mod compose;
mod condition;
pub mod convert;
mod convoy;
mod cook;
mod decode;
mod expr;
mod extends;
mod fields;
#[cfg(test)]
mod fuzz;
mod glob;
mod graph;
#[cfg(test)]
mod keys;
mod library;
mod loops;
mod model;
pub mod molecule;
mod node;
mod problem;
mod prompt;
mod repoint;
mod template;
#[cfg(test)]
mod tests;
pub mod timeout;
pub mod tree;
mod validate;
mod values;
mod weave;

pub use cook::{Cooked, Mode, cook, cook_formula, variables};
pub use graph::Graph;
pub use library::{Library, Listed, Loaded, read_text};
pub use model::{
    Advice, AdviceStep, Around, BondPoint, Branch, Compose, Expand, Formula, FormulaType, Gate, GateRule, Hook, Input,
    Leg, Loop, Map, OnComplete, Origin, Pointcut, Source, Step, Synthesis, Var,
};
pub use node::Place;
pub use problem::Problem;
pub use values::{Values, parse_pairs};
