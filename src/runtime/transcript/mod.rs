//! What a conversation has cost: tokens read off the transcripts that runtimes write themselves, each byte once.

mod database;
mod lines;
mod prices;

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::{Add, AddAssign};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use database::opencode;
pub use prices::Prices;

use super::TranscriptFormat;
use crate::base::{Result, ResultExt, Timestamp};

/// Tokens of one kind of price each.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Tokens {
    /// Read anew.
    pub input: u64,
    /// Written to the provider's cache.
    pub cache_write: u64,
    /// Read from the provider's cache.
    pub cache_read: u64,
    /// Written by the model, its thoughts included.
    pub output: u64,
}

impl Tokens {
    /// All of them.
    pub fn total(self) -> u64 {
        self.input + self.cache_write + self.cache_read + self.output
    }

    fn less(self, other: Self) -> Self {
        Self {
            input: self.input.saturating_sub(other.input),
            cache_write: self.cache_write.saturating_sub(other.cache_write),
            cache_read: self.cache_read.saturating_sub(other.cache_read),
            output: self.output.saturating_sub(other.output),
        }
    }
}

impl Add for Tokens {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            input: self.input + other.input,
            cache_write: self.cache_write + other.cache_write,
            cache_read: self.cache_read + other.cache_read,
            output: self.output + other.output,
        }
    }
}

impl AddAssign for Tokens {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

/// What one answer of a model took.
#[derive(Debug, Clone, PartialEq)]
pub struct Turn {
    /// When; `None` where the transcript does not say.
    pub at: Option<Timestamp>,
    /// Which model.
    pub model: String,
    /// How much.
    pub tokens: Tokens,
    /// What the runtime itself says it cost, in dollars.
    pub usd: Option<f64>,
}

/// How far a transcript was read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Place {
    /// Bytes read, up to the end of a line.
    pub offset: u64,
    /// The answer read last: a transcript repeats an answer as it grows.
    last: String,
    /// What was counted of it; where the transcript counts up, all that was counted.
    counted: Tokens,
    /// The model named last.
    model: String,
}

/// The most bytes that are read in one go.
const MOST: u64 = 64 << 20;

/// What was added to the transcript since `place`, which moves on. One that is gone has nothing more to tell.
///
/// # Errors
/// When the file is there but can't be read.
pub fn read(format: TranscriptFormat, path: &Path, place: &mut Place) -> Result<Vec<Turn>> {
    let mut turns = Vec::new();
    let Ok(mut file) = File::open(path) else { return Ok(turns) };
    let what = || format!("read {}", path.display());
    let length = file.metadata().with_context(what)?.len();
    if length < place.offset {
        // It was written anew.
        *place = Place::default();
    }
    if length == place.offset {
        return Ok(turns);
    }
    file.seek(SeekFrom::Start(place.offset)).with_context(what)?;
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes).with_context(what)?;
    // A line that is still being written is read when it is whole.
    let whole = memchr::memrchr(b'\n', &bytes).map_or(0, |end| end + 1);
    for line in bytes[..whole].split(|byte| *byte == b'\n') {
        turns.extend(lines::turn(format, line, place));
    }
    place.offset += whole as u64;
    Ok(turns)
}

/// The transcript and those of the helpers it called, as far as they are files of their own.
pub fn files(format: TranscriptFormat, path: &Path) -> Vec<PathBuf> {
    let mut found = vec![path.to_owned()];
    if format == TranscriptFormat::Claude {
        let helpers = path.with_extension("").join("subagents");
        let mut more: Vec<PathBuf> = std::fs::read_dir(helpers)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
            .filter(|path| path.extension().is_some_and(|extension| extension == "jsonl"))
            .collect();
        more.sort();
        found.extend(more);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn total(turns: &[Turn]) -> Tokens {
        turns.iter().fold(Tokens::default(), |sum, turn| sum + turn.tokens)
    }

    #[test]
    fn a_transcript_is_read_on_where_it_was_left() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.jsonl");
        let line = |id: &str, output: u64| {
            format!(
                r#"{{"type":"assistant","timestamp":"2026-01-02T03:04:05Z","message":{{"id":"{id}","model":"claude-x","usage":{{"input_tokens":10,"cache_creation_input_tokens":2,"cache_read_input_tokens":3,"output_tokens":{output}}}}}}}"#
            )
        };
        let mut place = Place::default();
        let mut text = format!("{}\nnot json\n{}\n{}", line("a", 1), line("a", 5), line("b", 7));
        std::fs::write(&path, &text).unwrap();
        let first = read(TranscriptFormat::Claude, &path, &mut place).unwrap();
        assert_eq!(total(&first), Tokens { input: 10, cache_write: 2, cache_read: 3, output: 5 }, "b is not whole");
        assert_eq!((first[0].model.as_str(), first[0].at.is_some()), ("claude-x", true));
        assert!(read(TranscriptFormat::Claude, &path, &mut place).unwrap().is_empty());
        text.push('\n');
        std::fs::write(&path, &text).unwrap();
        assert_eq!(total(&read(TranscriptFormat::Claude, &path, &mut place).unwrap()).output, 7);
        std::fs::write(&path, format!("{}\n", line("c", 2))).unwrap();
        assert_eq!(total(&read(TranscriptFormat::Claude, &path, &mut place).unwrap()).output, 2, "written anew");
        assert!(read(TranscriptFormat::Claude, &dir.path().join("gone"), &mut Place::default()).unwrap().is_empty());
    }

    #[test]
    fn codex_counts_up_and_gemini_repeats() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("t.jsonl");
        let count = |input: u64, cached: u64, output: u64| {
            format!(
                r#"{{"timestamp":"2026-01-02T03:04:05Z","type":"event_msg","payload":{{"type":"token_count","info":{{"total_token_usage":{{"input_tokens":{input},"cached_input_tokens":{cached},"output_tokens":{output}}}}}}}}}"#
            )
        };
        let model = r#"{"type":"turn_context","payload":{"model":"gpt-x"}}"#;
        std::fs::write(&path, format!("{model}\n{}\n{}\n", count(100, 60, 5), count(250, 160, 9))).unwrap();
        let turns = read(TranscriptFormat::Codex, &path, &mut Place::default()).unwrap();
        assert_eq!(turns.len(), 2);
        assert_eq!((turns[1].model.as_str(), turns[1].tokens.input, turns[1].tokens.cache_read), ("gpt-x", 50, 100));
        assert_eq!(total(&turns), Tokens { input: 90, cache_write: 0, cache_read: 160, output: 9 });

        let answer = r#"{"id":"1","type":"gemini","model":"gemini-x","tokens":{"input":40,"output":5,"cached":30,"thoughts":2,"tool":0,"total":47}}"#;
        std::fs::write(&path, format!("{answer}\n{answer}\n")).unwrap();
        let turns = read(TranscriptFormat::Gemini, &path, &mut Place::default()).unwrap();
        assert_eq!(total(&turns), Tokens { input: 10, cache_write: 0, cache_read: 30, output: 7 });
    }
}
