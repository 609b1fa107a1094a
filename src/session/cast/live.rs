//! The segment that is being written: the header's line, then what happened in a form that costs its host little, the program's bytes as
//! they came. When nothing needs it any more to go on it is turned into an asciicast.
//!
//! A record is its kind (1 byte), the microseconds since the segment began (8 bytes), the length of its data (4 bytes, both numbers with
//! the lowest byte first) and the data. A writer that is killed may leave the last one cut off.

use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::path::Path;
use std::time::Duration;

/// How the names of such segments end.
pub(super) const END: &str = "raw";
/// Bytes before a record's data.
const HEAD: usize = 13;

/// What a record tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The program wrote this.
    Output,
    /// The terminal's new size, as `80x24`.
    Resize,
    /// Something worth finding again.
    Mark,
}

impl Kind {
    /// The letter that asciicast has for it too.
    fn letter(self) -> u8 {
        match self {
            Self::Output => b'o',
            Self::Resize => b'r',
            Self::Mark => b'm',
        }
    }

    fn of(letter: u8) -> Option<Self> {
        [Self::Output, Self::Resize, Self::Mark].into_iter().find(|kind| kind.letter() == letter)
    }
}

/// Whether the segment at `path` is one of this form.
pub(super) fn is_live(path: &Path) -> bool {
    path.extension().is_some_and(|end| end == END)
}

/// Writes a record; returns the bytes it takes.
///
/// # Errors
/// When it can't be written.
pub(super) fn put(file: &mut File, time: Duration, kind: Kind, data: &[u8]) -> io::Result<u64> {
    let length = u32::try_from(data.len()).map_err(io::Error::other)?;
    let mut head = [0; HEAD];
    head[0] = kind.letter();
    head[1..9].copy_from_slice(&u64::try_from(time.as_micros()).unwrap_or(u64::MAX).to_le_bytes());
    head[9..].copy_from_slice(&length.to_le_bytes());
    let written = file.write_vectored(&[IoSlice::new(&head), IoSlice::new(data)])?;
    // The rest of what was not taken at once.
    file.write_all(&head[written.min(HEAD)..])?;
    file.write_all(&data[written.saturating_sub(HEAD)..])?;
    Ok((HEAD + data.len()) as u64)
}

/// The records in `bytes`, what follows the header's line. Of output that is cut off, what there is.
pub(super) fn records(mut bytes: &[u8]) -> impl Iterator<Item = (Duration, Kind, &[u8])> {
    std::iter::from_fn(move || {
        let (head, rest) = bytes.split_at_checked(HEAD)?;
        let kind = Kind::of(head[0])?;
        let time = u64::from_le_bytes(head[1..9].try_into().ok()?);
        let length = u32::from_le_bytes(head[9..].try_into().ok()?) as usize;
        if rest.len() < length && kind != Kind::Output {
            return None;
        }
        let (data, rest) = rest.split_at(length.min(rest.len()));
        bytes = rest;
        Some((Duration::from_micros(time), kind, data))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_as_they_were_written_up_to_where_they_are_cut_off() {
        let mut file = tempfile::tempfile().unwrap();
        let all =
            [(Kind::Output, &b"one \xff\xc3"[..]), (Kind::Resize, b"80x24"), (Kind::Mark, b""), (Kind::Output, b"two")];
        let mut size = 0;
        for (n, (kind, data)) in (0u64..).zip(all) {
            size += put(&mut file, Duration::from_micros(n), kind, data).unwrap();
        }
        let bytes = {
            use std::io::{Read, Seek, SeekFrom};
            file.seek(SeekFrom::Start(0)).unwrap();
            let mut bytes = Vec::new();
            file.read_to_end(&mut bytes).unwrap();
            bytes
        };
        assert_eq!(bytes.len() as u64, size);
        for end in 0..=bytes.len() {
            let found: Vec<_> = records(&bytes[..end]).collect();
            for (n, (time, kind, data)) in found.iter().enumerate() {
                assert_eq!((*time, *kind), (Duration::from_micros(n as u64), all[n].0));
                let whole = n + 1 < found.len() || *kind != Kind::Output;
                assert!(if whole { *data == all[n].1 } else { all[n].1.starts_with(data) }, "{end}: {data:?}");
            }
        }
        assert_eq!(records(&bytes).count(), all.len());
        assert_eq!(records(b"not a record, whatever it is").count(), 0);
    }
}
