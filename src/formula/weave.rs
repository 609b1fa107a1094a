//! Advice: steps inserted before and after those that match.

use super::glob;
use super::model::{Advice, AdviceStep, Origin, Pointcut, Step};
use super::values::substitute_single;

/// Inserts what the advice asks for around the steps it concerns, at all depths. With pointcuts, only steps that one of them selects are
/// concerned. Inserted steps are not advised again.
pub(super) fn advise(mut steps: Vec<Step>, advice: &[Advice], pointcuts: &[Pointcut]) -> Vec<Step> {
    for advice in advice {
        steps = one(steps, advice, pointcuts);
    }
    steps
}

fn one(steps: Vec<Step>, advice: &Advice, pointcuts: &[Pointcut]) -> Vec<Step> {
    let mut out = Vec::with_capacity(steps.len());
    for mut step in steps {
        if !step.children.is_empty() {
            step.children = one(std::mem::take(&mut step.children), advice, pointcuts);
        }
        if step.woven || !concerns(advice, pointcuts, &step) {
            out.push(step);
            continue;
        }
        let around = advice.around.as_ref();
        let before = advice.before.iter().chain(around.iter().flat_map(|around| &around.before));
        let after = around.iter().flat_map(|around| &around.after).chain(&advice.after);
        let before = insert(before, &step, advice, "before");
        let mut after = insert(after, &step, advice, "after");
        let mut last: Option<String> = None;
        for mut inserted in before {
            match last.replace(inserted.id.clone()) {
                Some(last) => inserted.needs.push(last),
                // What must come before the step must come before what is inserted before it.
                None => inserted.needs = step.all_needs().cloned().collect(),
            }
            inserted.condition.clone_from(&step.condition);
            out.push(inserted);
        }
        step.needs.extend(last);
        let mut last = step.id.clone();
        for inserted in &mut after {
            inserted.needs.push(std::mem::replace(&mut last, inserted.id.clone()));
            inserted.condition.clone_from(&step.condition);
        }
        out.push(step);
        out.extend(after);
    }
    out
}

fn concerns(advice: &Advice, pointcuts: &[Pointcut], step: &Step) -> bool {
    (advice.target.is_empty() || glob::matches(&advice.target, &step.id))
        && (pointcuts.is_empty() || pointcuts.iter().any(|pointcut| glob::selects(pointcut, step)))
}

fn insert<'a>(steps: impl Iterator<Item = &'a AdviceStep>, target: &Step, advice: &Advice, side: &str) -> Vec<Step> {
    let fill = |text: &str| {
        let value = |name: &str| match name {
            "step.id" | "step" => Some(target.id.as_str()),
            "step.title" => Some(target.title.as_str()),
            "step.description" => Some(target.description.as_str()),
            _ => None,
        };
        substitute_single(text, value).into_owned()
    };
    let make = |step: &AdviceStep| {
        let id = fill(&step.id);
        let mut metadata = serde_json::Map::new();
        for (key, words) in [("args", &step.args), ("output", &step.output)] {
            if !words.is_empty() {
                let words = words.iter().map(|(name, text)| (name.clone(), fill(text).into()));
                metadata.insert(key.to_owned(), serde_json::Value::Object(words.collect()));
            }
        }
        Step {
            title: if step.title.is_empty() { id.clone() } else { fill(&step.title) },
            id,
            description: fill(&step.description),
            kind: step.kind.clone(),
            metadata: (!metadata.is_empty()).then(|| Box::new(metadata)),
            origin: Origin {
                source: advice.origin.source.clone(),
                key: format!("{}.{side}", advice.origin.key).into(),
            },
            woven: true,
            ..Step::default()
        }
    };
    steps.map(make).collect()
}
