//! The program status protocol (OSC 7501): what a program says it is doing, kept per id.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::base::text;

/// The answer to the query: the states and kinds this terminal understands.
pub(super) const QUERY_REPLY: &[u8] =
    b"\x1b]7501;?:states=idle,working,done,blocked,error:kinds=permission,question,auth\x1b\\";

/// How many ids one program may keep; later ones are ignored.
const MAX_IDS: usize = 64;
/// The longest value kept, in characters.
const MAX_VALUE: usize = 512;

/// What a program can be doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ProgramState {
    /// Waiting for the next task.
    Idle,
    /// Busy.
    Working,
    /// Finished a task that nobody has looked at.
    Done,
    /// Waiting for a person.
    Blocked,
    /// Stopped by an error.
    Error,
}

impl ProgramState {
    fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "idle" => Self::Idle,
            "working" => Self::Working,
            "done" => Self::Done,
            "blocked" => Self::Blocked,
            "error" => Self::Error,
            _ => return None,
        })
    }

    /// The protocol's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Working => "working",
            Self::Done => "done",
            Self::Blocked => "blocked",
            Self::Error => "error",
        }
    }
}

/// One report. Its texts are harmless but may hold whole commands: treat them as sensitive.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramStatus {
    /// What it is doing.
    pub state: ProgramState,
    /// The program's name, possibly empty.
    pub app: String,
    /// Which part of the program speaks; empty for the whole.
    pub id: String,
    /// What it needs when blocked: `permission`, `question`, `auth`.
    pub kind: Option<String>,
    /// Percent done.
    pub progress: Option<u8>,
    /// A title for what it does.
    pub title: Option<String>,
    /// A message.
    pub msg: Option<String>,
}

/// The reports of one terminal by id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StatusBoard {
    entries: BTreeMap<String, (u64, ProgramStatus)>,
    sequence: u64,
}

impl StatusBoard {
    /// The report that matters most: one that waits for a person, else the program's own (empty id), else the latest.
    pub fn current(&self) -> Option<&ProgramStatus> {
        let blocked = self.entries.values().filter(|(_, s)| s.state == ProgramState::Blocked).max_by_key(|(n, _)| *n);
        blocked
            .or_else(|| self.entries.get(""))
            .or_else(|| self.entries.values().max_by_key(|(n, _)| *n))
            .map(|(_, status)| status)
    }

    /// Every id's last report.
    pub fn all(&self) -> impl Iterator<Item = &ProgramStatus> {
        self.entries.values().map(|(_, status)| status)
    }

    /// Takes the payload of a report (what follows `7501;`). Returns whether the board changed; malformed reports change nothing.
    pub(super) fn report(&mut self, payload: &str) -> bool {
        let mut fields: BTreeMap<&str, &str> = BTreeMap::new();
        for field in payload.split(':') {
            let Some((key, value)) = field.split_once('=') else { continue };
            fields.entry(key).or_insert(value);
        }
        let Some(state) = fields.get("state") else { return false };
        let id = clean(fields.get("id").copied().unwrap_or(""));
        if *state == "clear" {
            return self.clear(&id);
        }
        let Some(state) = ProgramState::parse(state) else { return false };
        if !self.entries.contains_key(&id) && self.entries.len() >= MAX_IDS {
            return false;
        }
        let status = ProgramStatus {
            state,
            app: clean(fields.get("app").copied().unwrap_or("")),
            kind: fields.get("kind").map(|kind| clean(kind)),
            progress: fields.get("progress").and_then(|n| n.parse::<u8>().ok()).filter(|n| *n <= 100),
            title: fields.get("title").and_then(|value| decode(value)),
            msg: fields.get("msg").and_then(|value| decode(value)),
            id: id.clone(),
        };
        let changed = self.entries.get(&id).is_none_or(|(_, old)| *old != status);
        self.sequence += 1;
        self.entries.insert(id, (self.sequence, status));
        changed
    }

    /// Forgets `id` and all below it (`id/...`, `id.…`); everything when empty.
    fn clear(&mut self, id: &str) -> bool {
        let before = self.entries.len();
        if id.is_empty() {
            self.entries.clear();
        } else {
            self.entries.retain(|key, _| {
                key.strip_prefix(id).is_none_or(|rest| !(rest.is_empty() || rest.starts_with(['/', '.'])))
            });
        }
        self.entries.len() != before
    }

    /// The program ended: it neither works nor waits any more.
    pub(super) fn program_ended(&mut self) -> bool {
        let before = self.entries.len();
        self.entries.retain(|_, (_, status)| !matches!(status.state, ProgramState::Working | ProgramState::Blocked));
        self.entries.len() != before
    }
}

fn clean(value: &str) -> String {
    text::neutralise(value, true).chars().take(MAX_VALUE).collect()
}

/// Standard base64 (padding optional) of UTF-8 text, made harmless.
fn decode(value: &str) -> Option<String> {
    let bytes = decode_base64(value.as_bytes())?;
    Some(clean(&String::from_utf8_lossy(&bytes)))
}

/// Standard base64, padding optional; `None` when it isn't.
pub(super) fn decode_base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 2);
    let (mut bits, mut count) = (0u32, 0u32);
    let body = text.iter().position(|b| *b == b'=').map_or(text, |end| &text[..end]);
    for byte in body {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_kept_by_id() {
        let mut board = StatusBoard::default();
        assert!(board.report("state=working:app=claude-code"));
        assert!(!board.report("state=working:app=claude-code"), "the same again is no change");
        assert_eq!(board.current().map(|s| s.state), Some(ProgramState::Working));
        assert!(board.report("state=blocked:app=claude-code:id=sub/1:kind=permission:msg=ZGlhbG9nIG9wZW4="));
        let current = board.current().cloned();
        assert_eq!(current.as_ref().map(|s| s.state), Some(ProgramState::Blocked), "one that waits comes first");
        assert_eq!(current.and_then(|s| s.msg).as_deref(), Some("dialog open"));
        assert!(board.report("state=clear:id=sub"));
        assert_eq!(board.all().count(), 1);
        assert!(board.program_ended());
        assert_eq!(board.current(), None);
    }

    #[test]
    fn malformed_reports_change_nothing() {
        let mut board = StatusBoard::default();
        for payload in ["", "state", "state=", "state=dancing:app=x", "app=x:id=1", ":::::"] {
            assert!(!board.report(payload), "{payload:?}");
        }
        assert_eq!(board, StatusBoard::default());
        board.report("state=idle:app=a\u{1b}[31m:progress=250:title=!!!");
        let status = board.current().cloned();
        assert_eq!(status.as_ref().map(|s| s.app.as_str()), Some("a^[[31m"));
        assert_eq!(status.and_then(|s| s.progress), None);
    }

    #[test]
    fn ids_are_bounded() {
        let mut board = StatusBoard::default();
        for n in 0..1000 {
            board.report(&format!("state=idle:id={n}"));
        }
        assert_eq!(board.all().count(), MAX_IDS);
    }
}
