//! Patterns for step ids: `*` stands for any text, `?` for one character.

use super::model::{Pointcut, Step};

/// Whether `id` matches the whole pattern. Linear in the id for each `*`.
pub(super) fn matches(pattern: &str, id: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let id: Vec<char> = id.chars().collect();
    let (mut p, mut i) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while i < id.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, i));
                p += 1;
            }
            Some(c) if *c == '?' || *c == id[i] => {
                p += 1;
                i += 1;
            }
            _ => match star {
                Some((at, from)) => {
                    p = at + 1;
                    i = from + 1;
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

/// Whether a pointcut says nothing.
pub(super) fn is_empty(pointcut: &Pointcut) -> bool {
    pointcut.glob.is_empty() && pointcut.kind.is_empty() && pointcut.label.is_empty()
}

/// Whether all that a pointcut says is true of the step.
pub(super) fn selects(pointcut: &Pointcut, step: &Step) -> bool {
    let kind = if step.kind.is_empty() { "task" } else { &step.kind };
    !is_empty(pointcut)
        && (pointcut.glob.is_empty() || matches(&pointcut.glob, &step.id))
        && (pointcut.kind.is_empty() || pointcut.kind == kind)
        && (pointcut.label.is_empty() || step.labels.contains(&pointcut.label))
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns() {
        for (pattern, id, wanted) in [
            ("*", "anything", true),
            ("implement", "implement", true),
            ("implement", "implement-2", false),
            ("*.implement", "shiny.implement", true),
            ("shiny.*", "shiny.", true),
            ("a?c", "abc", true),
            ("a*b*c", "axxbyyc", true),
            ("a*b*c", "axxbyy", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, id), wanted, "{pattern} {id}");
        }
    }
}
