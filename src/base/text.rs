//! Text from outside, made safe and fitted into columns.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Makes control characters visible (`^[` for Escape, `\u{9b}` for C1 and for characters that reorder or hide text), so that text
/// from outside can't steer a terminal. Newlines and tabs become one space each when `single_line`, and stay otherwise.
pub fn neutralise(text: &str, single_line: bool) -> Cow<'_, str> {
    let harmless = |c: char| !is_hazard(c) || (!single_line && (c == '\n' || c == '\t'));
    if text.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            c if harmless(c) => out.push(c),
            '\n' | '\t' => out.push(' '),
            '\r' if !single_line => {}
            c if (c as u32) < 0x20 => {
                out.push('^');
                out.push((c as u8 + 0x40) as char);
            }
            '\u{7f}' => out.push_str("^?"),
            c => out.extend(c.escape_unicode()),
        }
    }
    Cow::Owned(out)
}

/// Controls of C0, DEL and C1, and the bidirectional and invisible format characters that can disguise text.
fn is_hazard(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

/// How many of a thing, in words: "1 bead", "2 beads". For things whose plural takes an s.
pub fn counted<N: std::fmt::Display + PartialEq + From<u8>>(count: N, thing: &str) -> String {
    if count == N::from(1) { format!("1 {thing}") } else { format!("{count} {thing}s") }
}

/// Columns that `text` takes on a terminal.
pub fn width(text: &str) -> usize {
    UnicodeWidthStr::width(text)
}

/// `text` cut to at most `columns`, ending in `…` when something was cut; never splits a grapheme.
pub fn truncate(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let mut out = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let next = width(grapheme);
        if used + next > columns - 1 {
            break;
        }
        out.push_str(grapheme);
        used += next;
    }
    out.push('…');
    Cow::Owned(out)
}

/// `text` truncated and padded with spaces to exactly `columns`.
pub fn fit(text: &str, columns: usize) -> String {
    let text = truncate(text, columns);
    let pad = columns.saturating_sub(width(&text));
    format!("{text}{}", " ".repeat(pad))
}

/// The candidate nearest to `word` within an edit distance of a third of its length, for "did you mean".
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (edit_distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Insertions, deletions, replacements and swaps of neighbours that make one word of the other.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    let mut previous = None;
    for (i, ca) in a.chars().enumerate() {
        let mut next = vec![i + 1; b.len() + 1];
        for (j, cb) in b.iter().enumerate() {
            let substitute = row[j] + usize::from(ca != *cb);
            next[j + 1] = substitute.min(row[j + 1] + 1).min(next[j] + 1);
            if j > 0 && previous == Some(*cb) && b[j - 1] == ca {
                next[j + 1] = next[j + 1].min(before[j - 1] + 1);
            }
        }
        previous = Some(ca);
        before = std::mem::replace(&mut row, next);
    }
    row[b.len()]
}

/// `text` as one word for a shell.
pub fn shell_word(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_become_visible() {
        assert_eq!(neutralise("a\x1b[31mb\u{9b}2J\x07", true), "a^[[31mb\\u{9b}2J^G");
        assert_eq!(neutralise("two\nlines", true), "two lines");
        assert_eq!(neutralise("two\r\nlines", false), "two\nlines");
        assert!(matches!(neutralise("plain é 漢", true), Cow::Borrowed(_)));
    }

    #[test]
    fn truncation_counts_columns() {
        assert_eq!(truncate("漢字漢字", 5), "漢字…");
        assert_eq!(fit("ab", 4), "ab  ");
        assert_eq!(truncate("abc", 3), "abc");
    }

    #[test]
    fn nearest_word() {
        assert_eq!(nearest("convoi", ["convoy", "crew"]), Some("convoy"));
        assert_eq!(nearest("titel", ["type", "title"]), Some("title"));
        assert_eq!(nearest("zzz", ["convoy", "crew"]), None);
    }
}
