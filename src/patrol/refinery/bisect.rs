//! Which part of a stack of requests has to be tested next, and when it is known who turned it red.

/// What to do with a stack, by what is known of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Run the gates on the stack up to this request, its own commits included.
    Test(usize),
    /// Merge so many from the bottom; the request above them, if named, is what turned the stack red.
    Merge {
        /// How many.
        count: usize,
        /// The request that is to be given back.
        culprit: Option<usize>,
    },
}

/// The next step for a stack of which `green[i]` says what the gates said to it up to request `i`. At first the whole stack is
/// tested; when that is red, the halves of what is undecided, so that n requests with one culprit need 1 + log₂ n runs.
pub fn next(green: &[Option<bool>]) -> Next {
    let red = green.iter().position(|verdict| *verdict == Some(false));
    let undecided = red.unwrap_or(green.len());
    let known = green[..undecided].iter().rposition(|verdict| *verdict == Some(true)).map_or(0, |index| index + 1);
    if known == undecided {
        return Next::Merge { count: known, culprit: red };
    }
    match red {
        None => Next::Test(green.len() - 1),
        Some(red) => Next::Test(known + (red - known - 1) / 2),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Merges a stack in which every request of `bad` turns the gates red from itself on; returns what was merged, what was given
    /// back, and how many times the gates ran.
    fn settle(count: usize, bad: &[usize]) -> (Vec<usize>, Vec<usize>, usize) {
        let (mut merged, mut back, mut runs) = (Vec::new(), Vec::new(), 0);
        let mut stack: Vec<usize> = (0..count).collect();
        while !stack.is_empty() {
            let mut green = vec![None; stack.len()];
            loop {
                match next(&green) {
                    Next::Test(index) => {
                        assert_eq!(green[index], None, "nothing is tested twice");
                        runs += 1;
                        green[index] = Some(!stack[..=index].iter().any(|request| bad.contains(request)));
                    }
                    Next::Merge { count, culprit } => {
                        merged.extend(stack.drain(..count));
                        if let Some(culprit) = culprit {
                            assert_eq!(culprit, count, "right above what is merged");
                            back.push(stack.remove(0));
                        }
                        break;
                    }
                }
            }
        }
        (merged, back, runs)
    }

    #[test]
    fn a_green_stack_needs_one_run() {
        assert_eq!(settle(5, &[]), (vec![0, 1, 2, 3, 4], vec![], 1));
    }

    #[test]
    fn one_culprit_among_five_is_found_in_few_runs() {
        for bad in 0..5 {
            let (merged, back, runs) = settle(5, &[bad]);
            assert_eq!((merged.len(), back), (4, vec![bad]));
            assert!(runs <= 5, "{runs} runs: one for all, three to find it, one for those above it");
        }
    }

    proptest! {
        #[test]
        fn the_innocent_merge_and_the_culprits_go_back(count in 1_usize..12, bad in proptest::collection::hash_set(0_usize..12, 0..6)) {
            let bad: Vec<usize> = bad.into_iter().filter(|index| *index < count).collect();
            let (merged, mut back, _) = settle(count, &bad);
            let innocent: Vec<usize> = (0..count).filter(|index| !bad.contains(index)).collect();
            let mut bad = bad;
            bad.sort_unstable();
            back.sort_unstable();
            prop_assert_eq!(merged, innocent);
            prop_assert_eq!(back, bad);
        }
    }
}
