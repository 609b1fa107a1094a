//! Ids of beads in texts.

/// `text` with every mention of `id` as a word of its own replaced; `None` when there is none.
pub fn replaced(text: &str, id: &str, with: &str) -> Option<String> {
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let mut out = String::new();
    let mut done = 0;
    for (at, _) in text.match_indices(id) {
        let mut after = text[at + id.len()..].chars();
        // `gt-abc.1` is another bead, the full stop after `gt-abc.` is not.
        let ends = match after.next() {
            Some('.') => !after.next().is_some_and(|c| c.is_ascii_alphanumeric()),
            Some(c) => !part(c),
            None => true,
        };
        if ends && !text[..at].ends_with(part) {
            out.push_str(&text[done..at]);
            out.push_str(with);
            done = at + id.len();
        }
    }
    out.push_str(&text[done..]);
    (done > 0).then_some(out)
}

/// `text` with every id that `new` knows another one for replaced by that. Looks at each word once, however many ids there are.
pub fn renamed<'n>(text: &str, new: impl Fn(&str) -> Option<&'n str>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    while let Some(from) = rest.find(word) {
        let (before, after) = rest.split_at(from);
        let end = after.find(|c| !word(c)).unwrap_or(after.len());
        let (found, after) = after.split_at(end);
        let id = found.trim_end_matches('.');
        out.push_str(before);
        match new(id) {
            Some(new) => {
                out.push_str(new);
                out.push_str(&found[id.len()..]);
            }
            None => out.push_str(found),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::{renamed, replaced};

    #[test]
    fn only_whole_ids_are_replaced() {
        assert_eq!(
            replaced("see gt-abc. and gt-abc.1, gt-abcd", "gt-abc", "X").as_deref(),
            Some("see X. and gt-abc.1, gt-abcd")
        );
        assert_eq!(replaced("xgt-abc", "gt-abc", "X"), None);
        assert_eq!(replaced("gt-abcgt-abc", "gt-abc", "X"), None);
        let new = |id: &str| match id {
            "gt-abc" => Some("x-1"),
            "gt-abc.1" => Some("x-1.1"),
            _ => None,
        };
        assert_eq!(renamed("é gt-abc. (gt-abc.1) gt-abcd", new), "é x-1. (x-1.1) gt-abcd");
    }
}
