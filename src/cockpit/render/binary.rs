//! What there is to say of a file that holds no text.

use crate::repo::{Change, FilePatch};

/// What happened to it, and how large it was and is.
pub(super) fn words(file: &FilePatch) -> String {
    let state = match file.what {
        Change::New => "new",
        Change::Changed => "changed",
        Change::Gone => "gone",
        Change::Moved => "moved",
        Change::Kind => "of another type or mode",
    };
    let sizes = match (file.what, file.sizes) {
        (_, None) => String::new(),
        (Change::New, Some((_, now))) => format!(", {}", size(now)),
        (Change::Gone, Some((before, _))) => format!(", {}", size(before)),
        (_, Some((before, now))) if before == now => format!(", {} before and after", size(now)),
        (_, Some((before, now))) => format!(", {} → {}", size(before), size(now)),
    };
    format!("binary file, {state}{sizes}")
}

/// A number of bytes in the largest unit it has one of.
fn size(bytes: usize) -> String {
    let units = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    match units.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, word)) if bytes < 10 * unit => format!("{}.{} {word}", bytes / unit, bytes % unit * 10 / unit),
        Some((unit, word)) => format!("{} {word}", bytes / unit),
        None if bytes == 1 => "1 byte".to_owned(),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_without_text_tell_their_sizes() {
        let told = |what: Change, sizes| words(&FilePatch { what, sizes, binary: true, ..FilePatch::default() });
        assert_eq!(told(Change::Changed, Some((1, 2048))), "binary file, changed, 1 byte → 2.0 KiB");
        assert_eq!(told(Change::New, Some((0, 3 << 20))), "binary file, new, 3.0 MiB");
        assert_eq!(told(Change::Gone, Some((19_999, 0))), "binary file, gone, 19 KiB");
        assert_eq!(told(Change::Moved, Some((7, 7))), "binary file, moved, 7 bytes before and after");
        assert_eq!(told(Change::Changed, None), "binary file, changed");
    }
}
