//! What exactly differs between a line that went and the line that came in its place.

use std::ops::Range;

use ratatui::style::Style;

use crate::repo::{Hunk, LineKind};

/// The bytes of line `number` that differ from those of the line it stands against; `None` when it stands against none, or has too
/// little in common with it for that to tell anything.
pub(super) fn changed(hunk: &Hunk, number: usize) -> Option<Range<usize>> {
    let lines = &hunk.lines;
    let kind = lines.get(number)?.kind;
    if kind == LineKind::Same {
        return None;
    }
    // The run of lines of its kind it is in, and its place there.
    let first = (0..number).rev().take_while(|place| lines[*place].kind == kind).last().unwrap_or(number);
    let other = if kind == LineKind::Removed {
        let end = (first..lines.len()).find(|place| lines[*place].kind != kind)?;
        let count = (end..lines.len()).take_while(|place| lines[*place].kind == LineKind::Added).count();
        (end - first == count).then_some(end + (number - first))?
    } else {
        let start = (0..first).rev().take_while(|place| lines[*place].kind == LineKind::Removed).last()?;
        let count = (first..lines.len()).take_while(|place| lines[*place].kind == kind).count();
        (first - start == count).then_some(start + (number - first))?
    };
    differs(&lines[number].text, &lines.get(other)?.text)
}

fn differs(text: &str, other: &str) -> Option<Range<usize>> {
    let same = |a: &mut dyn Iterator<Item = char>, b: &mut dyn Iterator<Item = char>| -> usize {
        a.zip(b).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
    };
    let front = same(&mut text.chars(), &mut other.chars());
    let (rest, other) = (&text[front..], &other[front..]);
    let back = same(&mut rest.chars().rev(), &mut other.chars().rev());
    let common = text[..front].trim_start().len() + rest[rest.len() - back..].len();
    // Less than a third in common: all of it is new.
    (common * 3 >= text.trim_start().len() && back < rest.len()).then_some(front..text.len() - back)
}

/// The parts of `whole` outside and inside of `inner`, each with its ground.
pub(super) fn split(
    whole: Range<usize>,
    inner: &Range<usize>,
    outside: Style,
    inside: Style,
) -> impl Iterator<Item = (Range<usize>, Style)> {
    let from = inner.start.clamp(whole.start, whole.end);
    let to = inner.end.clamp(from, whole.end);
    [(whole.start..from, outside), (from..to, inside), (to..whole.end, outside)]
        .into_iter()
        .filter(|(range, _)| !range.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repo::PatchLine;

    fn hunk(lines: &[&str]) -> Hunk {
        let line = |text: &&str| PatchLine {
            kind: match text.as_bytes()[0] {
                b'+' => LineKind::Added,
                b'-' => LineKind::Removed,
                _ => LineKind::Same,
            },
            old: None,
            new: None,
            text: text[1..].to_owned(),
            last: false,
        };
        Hunk { lines: lines.iter().map(line).collect(), ..Hunk::default() }
    }

    fn found(hunk: &Hunk, number: usize) -> Option<&str> {
        changed(hunk, number).map(|range| &hunk.lines[number].text[range])
    }

    #[test]
    fn only_what_differs_stands_out() {
        let hunk = hunk(&[" a", "-let sum = 0;", "-return sum", "+let total = 0;", "+return total", " b"]);
        assert_eq!(found(&hunk, 1), Some("sum"));
        assert_eq!(found(&hunk, 3), Some("total"));
        assert_eq!(found(&hunk, 4), Some("total"));
        assert_eq!(found(&hunk, 0), None);
    }

    #[test]
    fn lines_without_a_counterpart_or_with_little_in_common_stand_as_they_are() {
        let uneven = hunk(&["-let sum = 0;", "+let sum = 1;", "+let more = 2;"]);
        assert_eq!(found(&uneven, 0), None);
        let other = hunk(&["-漢字 is text", "+fn main() {}"]);
        assert_eq!(found(&other, 1), None);
        let wide = hunk(&["-let a = \"漢字\";", "+let a = \"漢語\";"]);
        assert_eq!(found(&wide, 1), Some("語"), "never in the middle of a character");
    }

    #[test]
    fn a_stretch_is_split_where_the_change_begins_and_ends() {
        let (out, inside) = (Style::new(), Style::new().bold());
        let parts: Vec<_> = split(4..10, &(6..8), out, inside).collect();
        assert_eq!(parts, [(4..6, out), (6..8, inside), (8..10, out)]);
        assert_eq!(split(4..10, &(0..0), out, inside).collect::<Vec<_>>(), [(4..10, out)]);
    }
}
