//! Needs on steps that became others: a loop, an expanded step, a step left out.

use std::collections::{HashMap, HashSet};

use super::model::Step;

/// For each id that is gone, the ids that stand for it; these may be gone in turn.
pub(super) type Aliases = HashMap<String, Vec<String>>;

/// Replaces every need on a gone step by what stands for it in the end.
pub(super) fn repoint(steps: &mut [Step], aliases: &Aliases) {
    if !aliases.is_empty() {
        let settled = settle(aliases);
        each(steps, &settled);
    }
}

fn each(steps: &mut [Step], settled: &Aliases) {
    for step in steps {
        replace(&mut step.needs, settled);
        replace(&mut step.depends_on, settled);
        let spawner = step.waits_for.strip_prefix("children-of(").and_then(|rest| rest.strip_suffix(')'));
        if let Some(targets) = spawner.and_then(|id| settled.get(id)) {
            step.waits_for = match targets.first() {
                Some(first) => format!("children-of({first})"),
                None => String::new(),
            };
        }
        each(&mut step.children, settled);
    }
}

fn replace(needs: &mut Vec<String>, settled: &Aliases) {
    if !needs.iter().any(|need| settled.contains_key(need)) {
        return;
    }
    let mut seen = HashSet::new();
    let mut out = Vec::with_capacity(needs.len());
    for need in needs.drain(..) {
        match settled.get(&need) {
            Some(targets) => out.extend(targets.iter().filter(|target| seen.insert((*target).clone())).cloned()),
            None if seen.insert(need.clone()) => out.push(need),
            None => {}
        }
    }
    *needs = out;
}

/// Follows aliases of aliases to their ends, each once, without recursion; those that only lead to each other end nowhere.
fn settle(aliases: &Aliases) -> Aliases {
    let mut settled = Aliases::with_capacity(aliases.len());
    let mut entered: HashSet<&str> = HashSet::new();
    let mut stack: Vec<&str> = Vec::new();
    for id in aliases.keys() {
        stack.push(id);
        while let Some(top) = stack.last().copied() {
            let targets = aliases.get(top).map(Vec::as_slice).unwrap_or_default();
            if settled.contains_key(top) {
                stack.pop();
            } else if entered.insert(top) {
                let open = |target: &&String| aliases.contains_key(*target) && !entered.contains(target.as_str());
                let open: Vec<&str> = targets.iter().filter(open).map(String::as_str).collect();
                stack.extend(open);
            } else {
                stack.pop();
                let mut seen = HashSet::new();
                let mut ends = Vec::new();
                for target in targets {
                    let further = match aliases.contains_key(target) {
                        true => settled.get(target).map(Vec::as_slice).unwrap_or_default(),
                        false => std::slice::from_ref(target),
                    };
                    ends.extend(further.iter().filter(|end| seen.insert((*end).clone())).cloned());
                }
                settled.insert(top.to_owned(), ends);
            }
        }
    }
    settled
}

/// The steps of a group that nothing before them in the group must precede, and those that nothing in the group needs.
pub(super) struct Ends {
    /// Ids without a need inside the group.
    pub sources: HashSet<String>,
    /// Ids that no other step of the group needs, in order.
    pub sinks: Vec<String>,
}

/// The ends of a group of sibling steps. A need on a child of a sibling counts for that sibling.
pub(super) fn ends(group: &[Step]) -> Ends {
    let mut owner: HashMap<&str, usize> = HashMap::new();
    for (index, step) in group.iter().enumerate() {
        own(step, index, &mut owner);
    }
    let mut needed = vec![false; group.len()];
    let mut free = vec![true; group.len()];
    for (index, step) in group.iter().enumerate() {
        mark(step, index, &owner, &mut needed, &mut free);
    }
    let chosen = |flags: &[bool], wanted: bool| {
        let steps = group.iter().zip(flags).filter(|(_, flag)| **flag == wanted);
        steps.map(|(step, _)| step.id.clone()).collect::<Vec<_>>()
    };
    Ends { sources: chosen(&free, true).into_iter().collect(), sinks: chosen(&needed, false) }
}

fn own<'a>(step: &'a Step, index: usize, owner: &mut HashMap<&'a str, usize>) {
    owner.insert(&step.id, index);
    step.children.iter().for_each(|child| own(child, index, owner));
}

fn mark(step: &Step, index: usize, owner: &HashMap<&str, usize>, needed: &mut [bool], free: &mut [bool]) {
    for need in step.all_needs() {
        if let Some(before) = owner.get(need.as_str()).filter(|before| **before != index) {
            needed[*before] = true;
            free[index] = false;
        }
    }
    step.children.iter().for_each(|child| mark(child, index, owner, needed, free));
}
