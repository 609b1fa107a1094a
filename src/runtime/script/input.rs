//! What comes in on the script's terminal: single keys of a person, and pastes, which is how nudges arrive.

/// The host writes a nudge as a bracketed paste once this was printed, so that its letters are no keys.
pub(super) const PASTE_ON: &str = "\x1b[?2004h";
/// Takes [`PASTE_ON`] back.
pub(super) const PASTE_OFF: &str = "\x1b[?2004l";

const BEGIN: &[u8] = b"\x1b[200~";
const END: &[u8] = b"\x1b[201~";
/// A paste is shown, not acted upon; more than this of it is of no use on the screen.
const LIMIT: usize = 16 * 1024;

/// One thing that came in.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Typed {
    /// A single key.
    Key(char),
    /// A pasted text.
    Note(String),
}

/// Takes the bytes apart as they come.
#[derive(Debug, Default)]
pub(super) struct Input {
    paste: Option<Vec<u8>>,
}

impl Input {
    /// What one read brought. Several bytes at once outside a paste are no key of a person at this prompt, and are dropped.
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Typed> {
        let mut out = Vec::new();
        let mut rest = bytes;
        loop {
            if let Some(paste) = &mut self.paste {
                paste.extend_from_slice(rest);
                let Some(end) = find(paste, END) else {
                    // Room for an end mark that is not complete yet.
                    if paste.len() > LIMIT {
                        let tail = paste.split_off(paste.len() - END.len());
                        paste.truncate(LIMIT - END.len());
                        paste.extend(tail);
                    }
                    return out;
                };
                let after = paste.split_off(end + END.len());
                paste.truncate(end);
                let text = String::from_utf8_lossy(paste).trim().to_owned();
                if !text.is_empty() {
                    out.push(Typed::Note(text));
                }
                self.paste = None;
                rest = &rest[rest.len() - after.len()..];
            }
            let begin = find(rest, BEGIN);
            if let [byte @ b' '..=b'~'] = rest {
                out.push(Typed::Key(char::from(*byte)));
            }
            let Some(begin) = begin else { return out };
            rest = &rest[begin + BEGIN.len()..];
            self.paste = Some(Vec::new());
        }
    }
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_letters_of_a_nudge_are_no_keys() {
        let mut input = Input::default();
        assert_eq!(input.feed(b"r"), [Typed::Key('r')]);
        assert_eq!(input.feed(b"please skip\r"), []);
        assert_eq!(input.feed(b"\x1b[200~are you\x1b[2"), []);
        assert_eq!(input.feed(b"01~\r"), [Typed::Note("are you".into())]);
        assert_eq!(input.feed(b"\r"), []);
        assert_eq!(input.feed(b"q"), [Typed::Key('q')]);
    }

    proptest! {
        #[test]
        fn a_paste_is_found_however_it_is_cut(text in "[a-z ]{1,40}", cut in 0usize..60) {
            let whole = [BEGIN, text.as_bytes(), END].concat();
            let cut = cut.clamp(BEGIN.len(), whole.len());
            let mut input = Input::default();
            let mut out = input.feed(&whole[..cut]);
            out.extend(input.feed(&whole[cut..]));
            let notes: Vec<_> = out.into_iter().collect();
            let expected = text.trim();
            if expected.is_empty() { prop_assert!(notes.is_empty()) } else { prop_assert_eq!(notes, [Typed::Note(expected.into())]) }
        }
    }
}
