//! A molecule for a runtime that does what it is told word for word.

use std::collections::HashSet;

use super::of_bead;
use crate::base::Result;
use crate::formula::molecule as formula;
use crate::ledger::{Bead, dep_type};
use crate::work::Desk;

/// The bead's own text and that of each step of its molecule, in an order in which they can be done; behind each step stands the command
/// that ends it, with `gt` as the program to call. `None` for a bead without a molecule.
///
/// # Errors
/// When the ledger can't be read.
pub fn script(desk: &Desk, bead: &Bead, gt: &str) -> Result<Option<String>> {
    let Some(root) = of_bead(desk, bead)? else { return Ok(None) };
    let molecule = formula::load(&desk.ledger, &root)?;
    let containers = molecule.containers();
    let steps: Vec<&Bead> = molecule.steps.iter().filter(|step| !containers.contains(step.id.as_str())).collect();
    let mut text = bead.description.clone();
    let gt = gt.replace('\'', r"'\''");
    for step in in_order(&steps) {
        let (id, title) = (&step.id, crate::base::text::neutralise(&step.title, true));
        text.push_str(&format!(
            "\n\n## {title}\n\n{}\n\n```sh\n# {id} is done\n'{gt}' mol step done {id}\n```\n",
            step.description
        ));
    }
    Ok(Some(text))
}

/// The steps, each behind those it waits for; what waits in a circle comes last.
fn in_order<'a>(steps: &[&'a Bead]) -> Vec<&'a Bead> {
    let ids: HashSet<&str> = steps.iter().map(|step| step.id.as_str()).collect();
    let mut done: HashSet<&str> = HashSet::new();
    let mut out: Vec<&Bead> = Vec::with_capacity(steps.len());
    while out.len() < steps.len() {
        let free = |step: &&&'a Bead| {
            !done.contains(step.id.as_str())
                && step.dependencies.iter().all(|on| {
                    on.dep_type != dep_type::BLOCKS
                        || !ids.contains(on.depends_on_id.as_str())
                        || done.contains(on.depends_on_id.as_str())
                })
        };
        let next = steps.iter().find(free).or_else(|| steps.iter().find(|step| !done.contains(step.id.as_str())));
        let Some(next) = next else { break };
        done.insert(next.id.as_str());
        out.push(next);
    }
    out
}
