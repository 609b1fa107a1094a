//! The cooked steps as a graph: numbered depth first, with parents and needs; no duplicates, no loose ends, no cycles.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use super::model::{Formula, Step};
use crate::base::{Error, Result, text};

/// Stands for "no parent".
const NONE: u32 = u32::MAX;

/// How steps hang together. Steps are numbered in the order in which they are written, a parent before its children.
#[derive(Debug, Default)]
pub struct Graph {
    parents: Vec<u32>,
    starts: Vec<u32>,
    edges: Vec<u32>,
}

impl Graph {
    /// How many steps there are.
    pub fn len(&self) -> usize {
        self.parents.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.parents.is_empty()
    }

    /// The parent of a step; nothing for a step at the top.
    pub fn parent(&self, step: usize) -> Option<usize> {
        Some(self.parents[step]).filter(|parent| *parent != NONE).map(|parent| parent as usize)
    }

    /// The steps that a step needs, each once.
    pub fn needs(&self, step: usize) -> impl Iterator<Item = usize> {
        let from = self.starts[step] as usize;
        let to = self.starts[step + 1] as usize;
        self.edges[from..to].iter().map(|need| *need as usize)
    }

    /// An order in which every step comes after its parent and what it needs, and otherwise as written.
    pub fn order(&self) -> Vec<usize> {
        let count = self.len();
        let mut waits = vec![0u32; count];
        let mut starts = vec![0u32; count + 1];
        let each = |visit: &mut dyn FnMut(usize, usize)| {
            for step in 0..count {
                self.needs(step).chain(self.parent(step)).for_each(|before| visit(before, step));
            }
        };
        each(&mut |before, step| {
            starts[before + 1] += 1;
            waits[step] += 1;
        });
        for at in 0..count {
            starts[at + 1] += starts[at];
        }
        let mut slots = starts.clone();
        let mut after = vec![0u32; starts[count] as usize];
        each(&mut |before, step| {
            after[slots[before] as usize] = index(step);
            slots[before] += 1;
        });
        let mut ready: BinaryHeap<Reverse<u32>> =
            (0..count).filter(|step| waits[*step] == 0).map(|step| Reverse(index(step))).collect();
        let mut order = Vec::with_capacity(count);
        while let Some(Reverse(step)) = ready.pop() {
            order.push(step as usize);
            for next in &after[starts[step as usize] as usize..starts[step as usize + 1] as usize] {
                waits[*next as usize] -= 1;
                if waits[*next as usize] == 0 {
                    ready.push(Reverse(*next));
                }
            }
        }
        order
    }

    /// How many needs there are in all.
    pub fn edge_count(&self) -> usize {
        self.edges.len()
    }
}

/// The steps in the graph's order.
pub(super) fn flatten(steps: &[Step]) -> Vec<&Step> {
    let mut out = Vec::new();
    push(steps, NONE, &mut out, &mut Vec::new());
    out
}

fn push<'a>(steps: &'a [Step], parent: u32, out: &mut Vec<&'a Step>, parents: &mut Vec<u32>) {
    for step in steps {
        let index = index(out.len());
        out.push(step);
        parents.push(parent);
        push(&step.children, index, out, parents);
    }
}

fn index(length: usize) -> u32 {
    // Cooking stops long before this many steps.
    u32::try_from(length).unwrap_or(NONE - 1)
}

/// Numbers the steps and checks what they need.
pub(super) fn build(formula: &Formula) -> Result<Graph> {
    let mut steps: Vec<&Step> = Vec::new();
    let mut parents = Vec::new();
    push(&formula.steps, NONE, &mut steps, &mut parents);
    let mut numbers: HashMap<&str, u32> = HashMap::with_capacity(steps.len());
    let mut wrong = Vec::new();
    for (number, step) in steps.iter().enumerate() {
        if let Some(first) = numbers.insert(&step.id, index(number)) {
            let first = &steps[first as usize].origin;
            wrong.push(format!("duplicate id {:?} after cooking (from {first} and {})", step.id, step.origin));
        }
    }
    let mut graph = Graph { parents, starts: Vec::with_capacity(steps.len() + 1), edges: Vec::new() };
    let mut last_seen = vec![NONE; steps.len()];
    for (number, step) in steps.iter().enumerate() {
        graph.starts.push(index(graph.edges.len()));
        for need in step.all_needs() {
            match numbers.get(need.as_str()) {
                Some(before) if last_seen[*before as usize] == index(number) => {}
                Some(before) => {
                    last_seen[*before as usize] = index(number);
                    graph.edges.push(*before);
                }
                None => {
                    let near = text::nearest(need, numbers.keys().copied().take(10_000));
                    let near = near.map(|near| format!(" (did you mean {near:?}?)")).unwrap_or_default();
                    let line = step.origin.source.place(&step.origin.key).line;
                    wrong
                        .push(format!("line {line}: {} ({}): needs unknown step {need:?}{near}", step.origin, step.id));
                }
            }
        }
    }
    graph.starts.push(index(graph.edges.len()));
    if wrong.is_empty()
        && let Some(cycle) = cycle(&graph)
    {
        let ids: Vec<&str> = cycle.iter().map(|step| steps[*step].id.as_str()).collect();
        wrong.push(format!("steps wait for each other: {}", ids.join(" -> ")));
    }
    if wrong.is_empty() {
        return Ok(graph);
    }
    const SHOWN: usize = 20;
    let more = wrong.len().saturating_sub(SHOWN);
    wrong.truncate(SHOWN);
    if more > 0 {
        wrong.push(format!("and {more} more"));
    }
    Err(Error::failed(format!("{}: cooking failed:\n  - {}", formula.source.path, wrong.join("\n  - "))))
}

/// Steps that wait for each other, the first again at the end. A step starts after its parent has started and after all it needs has ended; it
/// ends after its children have ended.
fn cycle(graph: &Graph) -> Option<Vec<usize>> {
    let count = graph.len();
    // Node 2n is the start of step n, 2n+1 its end.
    let mut child_starts = vec![0u32; count + 1];
    for step in 0..count {
        if let Some(parent) = graph.parent(step) {
            child_starts[parent + 1] += 1;
        }
    }
    for at in 0..count {
        child_starts[at + 1] += child_starts[at];
    }
    let mut slots = child_starts.clone();
    let mut child_list = vec![0u32; child_starts[count] as usize];
    for step in 0..count {
        if let Some(parent) = graph.parent(step) {
            child_list[slots[parent] as usize] = index(step);
            slots[parent] += 1;
        }
    }
    // The k-th thing that a node waits for.
    let before = |node: usize, k: usize| -> Option<usize> {
        let step = node / 2;
        if node % 2 == 1 {
            if k == 0 {
                return Some(2 * step);
            }
            let list = &child_list[child_starts[step] as usize..child_starts[step + 1] as usize];
            return list.get(k - 1).map(|child| 2 * *child as usize + 1);
        }
        let needs = &graph.edges[graph.starts[step] as usize..graph.starts[step + 1] as usize];
        match needs.get(k) {
            Some(need) => Some(2 * *need as usize + 1),
            None if k == needs.len() => graph.parent(step).map(|parent| 2 * parent),
            None => None,
        }
    };
    const OPEN: u8 = 1;
    const DONE: u8 = 2;
    let mut state = vec![0u8; 2 * count];
    let mut path: Vec<(u32, u32)> = Vec::new();
    for root in 0..2 * count {
        if state[root] != 0 {
            continue;
        }
        state[root] = OPEN;
        path.push((index(root), 0));
        while let Some((node, k)) = path.last_mut() {
            let (at, next) = (*node as usize, *k as usize);
            *k += 1;
            match before(at, next) {
                None => {
                    state[at] = DONE;
                    path.pop();
                }
                Some(other) if state[other] == OPEN => {
                    let from = path.iter().position(|(node, _)| *node as usize == other).unwrap_or(0);
                    let mut steps: Vec<usize> = path[from..].iter().map(|(node, _)| *node as usize / 2).collect();
                    steps.push(other / 2);
                    steps.dedup();
                    return Some(steps);
                }
                Some(other) if state[other] == 0 => {
                    state[other] = OPEN;
                    path.push((index(other), 0));
                }
                Some(_) => {}
            }
        }
    }
    None
}
