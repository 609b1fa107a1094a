//! Lines that have left the engine's own scrollback, in a compact form: a tenth of what the engine needs for them.

use std::collections::VecDeque;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};

use super::screen::Line;

/// Lines packed together: enough to compress well, few enough to unpack in a moment.
const CHUNK: usize = 256;

/// Packed lines, the oldest first.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Compact {
    chunks: VecDeque<Chunk>,
    /// The newest lines, not yet enough for a chunk.
    open: Vec<Line>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Chunk {
    count: u32,
    packed: Box<[u8]>,
}

impl Chunk {
    fn of(lines: &[Line]) -> Option<Chunk> {
        let plain = postcard::to_stdvec(lines).ok()?;
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&plain).ok()?;
        let packed = encoder.finish().ok()?.into_boxed_slice();
        Some(Chunk { count: u32::try_from(lines.len()).ok()?, packed })
    }

    /// The lines; blank ones in place of what can't be read, so that the numbers of the others stay right.
    fn lines(&self) -> Vec<Line> {
        let mut plain = Vec::new();
        let read = DeflateDecoder::new(&self.packed[..]).read_to_end(&mut plain);
        let mut lines: Vec<Line> = read.ok().and_then(|_| postcard::from_bytes(&plain).ok()).unwrap_or_default();
        lines.resize(self.count as usize, Line::default());
        lines
    }
}

impl Compact {
    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.count as usize).sum::<usize>() + self.open.len()
    }

    /// Adds a line below the others.
    pub fn push(&mut self, line: Line) {
        self.open.push(line);
        if self.open.len() >= CHUNK
            && let Some(chunk) = Chunk::of(&self.open)
        {
            self.chunks.push_back(chunk);
            self.open = Vec::new();
        }
    }

    /// Forgets the oldest lines above `most`, in whole chunks.
    pub fn limit(&mut self, most: usize) {
        let mut length = self.len();
        while let Some(first) = self.chunks.front() {
            let count = first.count as usize;
            if length < most + count {
                break;
            }
            length -= count;
            self.chunks.pop_front();
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Compact::default();
    }

    /// Gives `take` the lines from number `from` to before `to`, the oldest being 0.
    pub fn each(&self, from: usize, to: usize, mut take: impl FnMut(Line)) {
        let mut at = 0;
        for chunk in &self.chunks {
            let end = at + chunk.count as usize;
            if end > from && at < to {
                let lines = chunk.lines().into_iter().enumerate();
                lines.filter(|(n, _)| (from..to).contains(&(at + n))).for_each(|(_, line)| take(line));
            }
            at = end;
        }
        for (n, line) in self.open.iter().enumerate() {
            if (from..to).contains(&(at + n)) {
                take(line.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::Run;

    fn line(n: usize) -> Line {
        let text = format!("line {n}");
        Line { runs: vec![Run { cols: text.len() as u16, text, ..Run::default() }], wrapped: n.is_multiple_of(3) }
    }

    #[test]
    fn lines_come_back_as_they_went() {
        let mut compact = Compact::default();
        (0..1000).for_each(|n| compact.push(line(n)));
        assert_eq!(compact.len(), 1000);
        let mut got = Vec::new();
        compact.each(250, 800, |line| got.push(line));
        assert_eq!(got, (250..800).map(line).collect::<Vec<_>>());
        compact.limit(600);
        assert_eq!(compact.len(), 744, "whole chunks leave");
        let mut first = None;
        compact.each(0, 1, |line| first = Some(line));
        assert_eq!(first, Some(line(256)));
        let bytes = postcard::to_stdvec(&compact).unwrap();
        assert_eq!(postcard::from_bytes::<Compact>(&bytes).unwrap().len(), 744);
        assert!(bytes.len() < 12_000, "{} bytes for 744 lines", bytes.len());
    }
}
