//! The formula language as data. Field names are those of the files, in TOML and JSON alike.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::node::Place;

/// What a formula is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FormulaType {
    /// Steps in an order.
    #[default]
    Workflow,
    /// A template that takes the place of a step elsewhere.
    Expansion,
    /// Advice that is woven around the steps of other formulas.
    Aspect,
    /// Parallel legs and a synthesis.
    Convoy,
}

impl FormulaType {
    /// All types as the files spell them.
    pub const WORDS: [&'static str; 4] = ["workflow", "expansion", "aspect", "convoy"];

    /// The type a file's word stands for.
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "workflow" => Some(Self::Workflow),
            "expansion" => Some(Self::Expansion),
            "aspect" => Some(Self::Aspect),
            "convoy" => Some(Self::Convoy),
            _ => None,
        }
    }
}

impl fmt::Display for FormulaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Workflow => "workflow",
            Self::Expansion => "expansion",
            Self::Aspect => "aspect",
            Self::Convoy => "convoy",
        })
    }
}

/// The file a part of a formula was read from, with the places of its keys.
#[derive(Default)]
pub struct Source {
    /// The formula's name.
    pub formula: String,
    /// The file's path, or `built in`.
    pub path: String,
    pub(super) places: HashMap<String, Place>,
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The places of every key would hide everything else.
        f.debug_struct("Source").field("formula", &self.formula).field("path", &self.path).finish_non_exhaustive()
    }
}

impl Source {
    /// Where the key stands; the nearest enclosing key's place when it has none of its own.
    pub(super) fn place(&self, key: &str) -> Place {
        let mut key = key;
        loop {
            if let Some(place) = self.places.get(key) {
                return *place;
            }
            match key.rfind(['.', '[']) {
                Some(cut) => key = &key[..cut],
                None => return Place::default(),
            }
        }
    }
}

/// Where a step was written.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// The file.
    pub source: Arc<Source>,
    /// The key in that file: `steps[0]`, `steps[2].children[1]`, `advice[0].after`.
    pub key: Arc<str>,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.source.formula, self.key)
    }
}

fn none<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

type Words = BTreeMap<String, String>;

/// A formula.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Formula {
    /// Its name.
    pub formula: String,
    /// What it does.
    #[serde(skip_serializing_if = "none")]
    pub description: String,
    /// The format's version.
    pub version: i64,
    /// What it is for.
    #[serde(rename = "type")]
    pub kind: FormulaType,
    /// `liquid` (poured) or `vapor` (as a wisp).
    #[serde(skip_serializing_if = "none")]
    pub phase: String,
    /// How a workflow is carried out: `local` or `distributed`.
    #[serde(skip_serializing_if = "none")]
    pub execution: String,
    /// Later versions of the format say here whether the steps become beads; carried.
    #[serde(skip_serializing_if = "none")]
    pub pour: Option<bool>,
    /// Formulas it inherits from.
    #[serde(skip_serializing_if = "none")]
    pub extends: Vec<String>,
    /// Variables.
    #[serde(skip_serializing_if = "none")]
    pub vars: BTreeMap<String, Var>,
    /// The work.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// Steps of an expansion.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub template: Vec<Step>,
    /// How it is put together with others.
    #[serde(skip_serializing_if = "none")]
    pub compose: Compose,
    /// Steps inserted before and after others.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub advice: Vec<Advice>,
    /// Which steps the advice concerns.
    #[serde(skip_serializing_if = "none")]
    pub pointcuts: Vec<Pointcut>,
    /// Inputs of a convoy.
    #[serde(skip_serializing_if = "none")]
    pub inputs: BTreeMap<String, Input>,
    /// Prompts of a convoy; `base` goes before each leg.
    #[serde(skip_serializing_if = "none")]
    pub prompts: Words,
    /// Where a convoy's results go.
    #[serde(skip_serializing_if = "none")]
    pub output: Words,
    /// Parallel parts of a convoy.
    #[serde(skip_serializing_if = "none")]
    pub legs: Vec<Leg>,
    /// Parallel parts of an analysis.
    #[serde(skip_serializing_if = "none")]
    pub aspects: Vec<Leg>,
    /// What brings a convoy's results together.
    #[serde(skip_serializing_if = "none")]
    pub synthesis: Option<Synthesis>,
    /// The file it was read from.
    #[serde(rename = "source", serialize_with = "source_path")]
    pub source: Arc<Source>,
}

fn source_path<S: Serializer>(source: &Arc<Source>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&source.path)
}

/// A variable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Var {
    /// What it means.
    #[serde(skip_serializing_if = "none")]
    pub description: String,
    /// Its value when none is given.
    #[serde(skip_serializing_if = "none")]
    pub default: Option<String>,
    /// It must be given.
    #[serde(skip_serializing_if = "none")]
    pub required: bool,
    /// The values it may have.
    #[serde(rename = "enum", skip_serializing_if = "none")]
    pub choices: Vec<String>,
    /// A regular expression its value must match.
    #[serde(skip_serializing_if = "none")]
    pub pattern: String,
    /// `string`, `int` or `bool`.
    #[serde(rename = "type", skip_serializing_if = "none")]
    pub kind: String,
}

/// An input of a convoy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Input {
    /// What it means.
    #[serde(skip_serializing_if = "none")]
    pub description: String,
    /// `string`, `int`, `bool` or another word.
    #[serde(rename = "type", skip_serializing_if = "none")]
    pub kind: String,
    /// It must be given.
    #[serde(skip_serializing_if = "none")]
    pub required: bool,
    /// It must be given unless one of these is.
    #[serde(skip_serializing_if = "none")]
    pub required_unless: Vec<String>,
    /// Its value when none is given.
    #[serde(skip_serializing_if = "none")]
    pub default: Option<String>,
}

/// A parallel part of a convoy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Leg {
    /// Its name in the formula.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What it looks at.
    #[serde(skip_serializing_if = "none")]
    pub focus: String,
    /// What is to be done.
    #[serde(skip_serializing_if = "none")]
    pub description: String,
}

/// What brings the legs' results together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Synthesis {
    /// Its title.
    pub title: String,
    /// What is to be done.
    #[serde(skip_serializing_if = "none")]
    pub description: String,
    /// The legs it waits for; all when empty.
    #[serde(skip_serializing_if = "none")]
    pub depends_on: Vec<String>,
}

/// A piece of work.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Step {
    /// Its name in the formula.
    pub id: String,
    /// Its title.
    pub title: String,
    /// What is to be done.
    #[serde(skip_serializing_if = "none")]
    pub description: String,
    /// How it is to be done.
    #[serde(skip_serializing_if = "none")]
    pub design: String,
    /// When it is done.
    #[serde(skip_serializing_if = "none")]
    pub acceptance: String,
    /// Remarks.
    #[serde(skip_serializing_if = "none")]
    pub notes: String,
    /// The bead's type.
    #[serde(rename = "type", skip_serializing_if = "none")]
    pub kind: String,
    /// 0 (first) to 4 (last).
    #[serde(skip_serializing_if = "none")]
    pub priority: Option<u8>,
    /// The bead's labels.
    #[serde(skip_serializing_if = "none")]
    pub labels: Vec<String>,
    /// Free data for the bead.
    #[serde(skip_serializing_if = "none")]
    pub metadata: Option<Box<serde_json::Map<String, serde_json::Value>>>,
    /// Steps that come before.
    #[serde(skip_serializing_if = "none")]
    pub depends_on: Vec<String>,
    /// Steps that come before; the same as `depends_on`.
    #[serde(skip_serializing_if = "none")]
    pub needs: Vec<String>,
    /// `all-children`, `any-children` or `children-of(step)`.
    #[serde(skip_serializing_if = "none")]
    pub waits_for: String,
    /// Who does it.
    #[serde(skip_serializing_if = "none")]
    pub assignee: String,
    /// The expansion that takes its place.
    #[serde(skip_serializing_if = "none")]
    pub expand: String,
    /// Variables of that expansion.
    #[serde(skip_serializing_if = "none")]
    pub expand_vars: Words,
    /// When it is left out.
    #[serde(skip_serializing_if = "none")]
    pub condition: String,
    /// The artefact it produces.
    #[serde(skip_serializing_if = "none")]
    pub output: String,
    /// It may run beside others with the same needs; carried.
    #[serde(skip_serializing_if = "none")]
    pub parallel: bool,
    /// Its parts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<Step>,
    /// What must happen outside first.
    #[serde(skip_serializing_if = "none")]
    pub gate: Option<Box<Gate>>,
    /// The steps it repeats.
    #[serde(rename = "loop", skip_serializing_if = "Option::is_none")]
    pub repeat: Option<Box<Loop>>,
    /// What follows from its output.
    #[serde(skip_serializing_if = "none")]
    pub on_complete: Option<Box<OnComplete>>,
    /// Where it was written.
    #[serde(skip)]
    pub origin: Origin,
    /// It was inserted by advice, to which advice does not apply again.
    #[serde(skip)]
    pub(super) woven: bool,
}

impl Step {
    /// All steps that come before, from `needs` and `depends_on`.
    pub fn all_needs(&self) -> impl Iterator<Item = &String> {
        self.needs.iter().chain(&self.depends_on)
    }
}

/// A condition outside the formula that a step waits for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Gate {
    /// `gh:run`, `gh:pr`, `timer`, `human`, `mail` or `bead`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What of that kind: a run, a pull request, a bead.
    #[serde(skip_serializing_if = "none")]
    pub id: String,
    /// How long to wait before somebody is told: `30m`, `24h`.
    #[serde(skip_serializing_if = "none")]
    pub timeout: String,
}

/// How a step repeats its body.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Loop {
    /// So many times.
    #[serde(skip_serializing_if = "none")]
    pub count: Option<i64>,
    /// Until this holds.
    #[serde(skip_serializing_if = "none")]
    pub until: String,
    /// At most so many times.
    #[serde(skip_serializing_if = "none")]
    pub max: Option<i64>,
    /// From a number to a number: `1..2^{discs}-1`.
    #[serde(skip_serializing_if = "none")]
    pub range: String,
    /// The name under which the body sees the number.
    #[serde(skip_serializing_if = "none")]
    pub var: String,
    /// What is repeated.
    pub body: Vec<Step>,
}

/// What follows from a step's output.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct OnComplete {
    /// A list in the output: `output.workers`.
    #[serde(skip_serializing_if = "none")]
    pub for_each: String,
    /// The formula for each item.
    #[serde(skip_serializing_if = "none")]
    pub bond: String,
    /// Its variables.
    #[serde(skip_serializing_if = "none")]
    pub vars: Words,
    /// All at once.
    #[serde(skip_serializing_if = "none")]
    pub parallel: bool,
    /// One after the other.
    #[serde(skip_serializing_if = "none")]
    pub sequential: bool,
}

/// How a formula is put together with others.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Compose {
    /// Named places where others can be attached.
    #[serde(skip_serializing_if = "none")]
    pub bond_points: Vec<BondPoint>,
    /// What is attached by itself.
    #[serde(skip_serializing_if = "none")]
    pub hooks: Vec<Hook>,
    /// Single steps replaced by an expansion.
    #[serde(skip_serializing_if = "none")]
    pub expand: Vec<Expand>,
    /// All matching steps replaced by an expansion.
    #[serde(skip_serializing_if = "none")]
    pub map: Vec<Map>,
    /// Paths that part and meet again.
    #[serde(skip_serializing_if = "none")]
    pub branch: Vec<Branch>,
    /// Conditions before steps.
    #[serde(skip_serializing_if = "none")]
    pub gate: Vec<GateRule>,
    /// Aspects woven in.
    #[serde(skip_serializing_if = "none")]
    pub aspects: Vec<String>,
}

/// A named place where another formula can be attached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct BondPoint {
    /// Its name.
    pub id: String,
    /// What belongs there.
    #[serde(skip_serializing_if = "none")]
    pub description: String,
    /// The step it follows.
    #[serde(skip_serializing_if = "none")]
    pub after_step: String,
    /// The step it precedes.
    #[serde(skip_serializing_if = "none")]
    pub before_step: String,
    /// Beside the step.
    #[serde(skip_serializing_if = "none")]
    pub parallel: bool,
}

/// A formula attached by itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Hook {
    /// When: `label:security`, `type:bug`, `priority:0-1`.
    pub trigger: String,
    /// What is attached.
    pub attach: String,
    /// At which bond point.
    #[serde(skip_serializing_if = "none")]
    pub at: String,
    /// Its variables.
    #[serde(skip_serializing_if = "none")]
    pub vars: Words,
}

/// One step replaced by an expansion.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Expand {
    /// The step.
    pub target: String,
    /// The expansion.
    pub with: String,
    /// Its variables.
    #[serde(skip_serializing_if = "none")]
    pub vars: Words,
}

/// All matching steps replaced by an expansion.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Map {
    /// A pattern for ids, with `*` and `?`.
    pub select: String,
    /// The expansion.
    pub with: String,
    /// Its variables.
    #[serde(skip_serializing_if = "none")]
    pub vars: Words,
}

/// Paths that part and meet again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Branch {
    /// Where they part.
    pub from: String,
    /// What runs side by side.
    pub steps: Vec<String>,
    /// Where they meet.
    pub join: String,
}

/// A condition before a step.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct GateRule {
    /// The step.
    pub before: String,
    /// The condition.
    pub condition: String,
}

/// Which steps advice concerns; all given parts must match.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Pointcut {
    /// A pattern for ids, with `*` and `?`.
    #[serde(skip_serializing_if = "none")]
    pub glob: String,
    /// A bead type.
    #[serde(rename = "type", skip_serializing_if = "none")]
    pub kind: String,
    /// A label.
    #[serde(skip_serializing_if = "none")]
    pub label: String,
}

/// Steps inserted before and after those that match.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Advice {
    /// A pattern for ids, with `*` and `?`; every step of the pointcuts when empty.
    #[serde(skip_serializing_if = "none")]
    pub target: String,
    /// Inserted before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<AdviceStep>,
    /// Inserted after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub after: Option<AdviceStep>,
    /// Inserted before and after.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub around: Option<Around>,
    /// Where it was written.
    #[serde(skip)]
    pub origin: Origin,
}

/// Steps before and after.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Around {
    /// Inserted before, in this order.
    #[serde(skip_serializing_if = "none")]
    pub before: Vec<AdviceStep>,
    /// Inserted after, in this order.
    #[serde(skip_serializing_if = "none")]
    pub after: Vec<AdviceStep>,
}

/// A step inserted by advice; `{step.id}`, `{step.title}` and `{step.description}` stand for the step it is inserted at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AdviceStep {
    /// Its name in the formula.
    pub id: String,
    /// Its title.
    #[serde(skip_serializing_if = "none")]
    pub title: String,
    /// What is to be done.
    #[serde(skip_serializing_if = "none")]
    pub description: String,
    /// The bead's type.
    #[serde(rename = "type", skip_serializing_if = "none")]
    pub kind: String,
    /// Context for the step; becomes part of the bead's metadata.
    #[serde(skip_serializing_if = "none")]
    pub args: Words,
    /// What the step produces; becomes part of the bead's metadata.
    #[serde(skip_serializing_if = "none")]
    pub output: Words,
}
