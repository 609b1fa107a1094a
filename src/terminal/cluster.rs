//! Which characters may share a cell: where the guard has to count.

use unicode_width::UnicodeWidthChar;

/// Whether `c` may become part of the cell before it.
#[inline]
pub(super) fn clusters(c: char) -> bool {
    match c {
        '\0'..='\u{2ff}' | '\u{2010}'..='\u{2027}' | '\u{2070}'..='\u{20cf}' | '\u{2100}'..='\u{2fff}' => c == '\u{ad}',
        '\u{3000}'..='\u{3029}' | '\u{3030}'..='\u{3098}' | '\u{309b}'..='\u{a66e}' => false,
        '\u{1100}'..='\u{11ff}' | '\u{a960}'..='\u{a97f}' | '\u{d7b0}'..='\u{d7ff}' => true,
        '\u{ac00}'..='\u{d7a3}' => false,
        '\u{1f1e6}'..='\u{1f1ff}' | '\u{1f3fb}'..='\u{1f3ff}' => true,
        _ => prepends(c) || UnicodeWidthChar::width(c).unwrap_or(0) == 0,
    }
}

/// Whether `c` surely takes cells of its own, and as many as its width says, whatever stands before or after it, but for marks. Only
/// common ones are.
#[inline]
pub(super) fn stands_alone(c: char) -> bool {
    matches!(
        c,
        ' '..='~'
            | '\u{a1}'..='\u{a8}'
            | '\u{aa}'..='\u{ac}'
            | '\u{af}'..='\u{2ff}'
            | '\u{370}'..='\u{377}'
            | '\u{37a}'..='\u{37f}'
            | '\u{391}'..='\u{3a1}'
            | '\u{3a3}'..='\u{482}'
            | '\u{48a}'..='\u{52f}'
            | '\u{2010}'..='\u{2027}'
            | '\u{2500}'..='\u{259f}'
            | '\u{2800}'..='\u{28ff}'
            | '\u{3041}'..='\u{3096}'
            | '\u{30a1}'..='\u{30fa}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{ac00}'..='\u{d7a3}'
    )
}

/// Whether the character after `c` may become part of `c`'s cell whatever it is.
#[inline]
pub(super) fn joins_next(c: char) -> bool {
    if matches!(c, '\0'..='\u{5ff}' | '\u{2100}'..='\u{a66e}' | '\u{ac00}'..='\u{ffff}') {
        return false;
    }
    c == '\u{200d}' || links(c) || prepends(c)
}

/// The viramas that join consonants.
fn links(c: char) -> bool {
    matches!(
        c,
        '\u{94d}'
            | '\u{9cd}'
            | '\u{acd}'
            | '\u{b4d}'
            | '\u{c4d}'
            | '\u{d4d}'
            | '\u{1039}'
            | '\u{17d2}'
            | '\u{1a60}'
            | '\u{1b44}'
            | '\u{1bab}'
            | '\u{a9c0}'
            | '\u{aaf6}'
            | '\u{10a3f}'
            | '\u{11133}'
            | '\u{113d0}'
            | '\u{1193e}'
            | '\u{11a47}'
            | '\u{11a99}'
            | '\u{11f42}'
    )
}

fn prepends(c: char) -> bool {
    matches!(
        c,
        '\u{600}'..='\u{605}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{890}'..='\u{891}'
            | '\u{8e2}'
            | '\u{d4e}'
            | '\u{110bd}'
            | '\u{110cd}'
            | '\u{111c2}'..='\u{111c3}'
            | '\u{113d1}'
            | '\u{1193f}'
            | '\u{11941}'
            | '\u{11a3a}'
            | '\u{11a84}'..='\u{11a89}'
            | '\u{11d46}'
            | '\u{11f02}'
    )
}
