//! Control sequences taken apart.

/// The most parameters looked at.
pub(super) const MAX_PARAMS: usize = 32;

/// A control sequence in its parts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Csi {
    /// `?`, `>`, `=`, `<` or none.
    pub prefix: Option<u8>,
    /// The first numbers of the parameters, 0 where absent.
    pub params: [u16; MAX_PARAMS],
    /// How many parameters there are.
    pub count: usize,
    /// An intermediate byte such as `$`.
    pub intermediate: Option<u8>,
    /// The byte that ends it.
    pub end: u8,
}

impl Csi {
    /// The parameter at `index`, `default` when absent or 0.
    pub fn param(&self, index: usize, default: u16) -> u16 {
        match self.params.get(index) {
            Some(0) | None => default,
            Some(n) => *n,
        }
    }

    /// All parameters; one 0 when none was given.
    pub fn params(&self) -> &[u16] {
        &self.params[..self.count.max(1)]
    }

    /// Parses a whole sequence, `ESC [` included; `None` when it is not plainly formed.
    pub fn parse(sequence: &[u8]) -> Option<Csi> {
        let (end, body) = sequence.get(2..)?.split_last()?;
        let mut csi = Csi { prefix: None, params: [0; MAX_PARAMS], count: 0, intermediate: None, end: *end };
        let mut digits = false;
        let mut subparameter = false;
        for (index, byte) in body.iter().enumerate() {
            match byte {
                b'<'..=b'?' if index == 0 => csi.prefix = Some(*byte),
                _ if csi.intermediate.is_some() => return None,
                b'0'..=b'9' => {
                    if !digits {
                        digits = true;
                        csi.count = (csi.count + 1).min(MAX_PARAMS);
                    }
                    if !subparameter {
                        let slot = &mut csi.params[csi.count - 1];
                        *slot = slot.saturating_mul(10).saturating_add(u16::from(byte - b'0'));
                    }
                }
                b';' => {
                    if !digits {
                        csi.count += 1;
                    }
                    if csi.count >= MAX_PARAMS {
                        return None;
                    }
                    (digits, subparameter) = (false, false);
                }
                b':' => subparameter = true,
                0x20..=0x2f => csi.intermediate = Some(*byte),
                _ => return None,
            }
        }
        Some(csi)
    }
}

/// Attributes (SGR) with 21, which the engine takes for the end of bold, as the double underline that ECMA-48 means by it; `None` when
/// there is no such parameter.
pub(super) fn with_double_underline(sequence: &[u8]) -> Option<Vec<u8>> {
    let body = sequence.strip_prefix(b"\x1b[")?.strip_suffix(b"m")?;
    let mut fields: Vec<&[u8]> = body.split(|b| *b == b';').collect();
    let mut found = false;
    let mut at = 0;
    while at < fields.len() {
        at += match (fields[at], fields.get(at + 1)) {
            // The numbers of a colour are no attributes.
            (b"38" | b"48" | b"58", Some(&b"5")) => 3,
            (b"38" | b"48" | b"58", Some(&b"2")) => 5,
            (b"21", _) => {
                fields[at] = b"4:2";
                found = true;
                1
            }
            _ => 1,
        };
    }
    found.then(|| [b"\x1b[", fields.join(&b';').as_slice(), b"m"].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn double_underlines_are_not_colours() {
        let rewritten = |text: &str| with_double_underline(text.as_bytes()).map(|b| String::from_utf8(b).unwrap());
        assert_eq!(rewritten("\x1b[1;21;3m").as_deref(), Some("\x1b[1;4:2;3m"));
        assert_eq!(rewritten("\x1b[38;5;21m"), None);
        assert_eq!(rewritten("\x1b[48;2;21;21;21m"), None);
        assert_eq!(rewritten("\x1b[38;5;21;21m").as_deref(), Some("\x1b[38;5;21;4:2m"));
        assert_eq!(rewritten("\x1b[4:21m"), None);
    }
}
