//! The program status protocol (OSC 7501): what a program says it is doing, kept per id.

use serde::{Deserialize, Serialize};
use termstate_core::{Message, Report, State};
use termstate_store::Store;

use crate::base::text;

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
    fn of(state: State) -> Self {
        match state {
            State::Idle => Self::Idle,
            State::Working => Self::Working,
            State::Done => Self::Done,
            State::Blocked => Self::Blocked,
            State::Error => Self::Error,
        }
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
#[derive(Debug, Default)]
pub struct StatusBoard {
    store: Store,
    /// The report that matters most.
    current: Option<ProgramStatus>,
    /// Which id spoke last.
    latest: String,
    /// How often it began to work.
    begun: u64,
}

impl StatusBoard {
    /// The report that matters most: one that waits for a person, else the program's own (empty id), else the latest.
    pub fn current(&self) -> Option<&ProgramStatus> {
        self.current.as_ref()
    }

    /// How often the program said that it begins to work; it may have ended before anybody looked.
    pub fn begun(&self) -> u64 {
        self.begun
    }

    /// Every id's last report.
    pub fn all(&self) -> impl Iterator<Item = ProgramStatus> {
        self.store.iter().map(|(id, _)| id.unwrap_or("").to_owned()).filter_map(|id| self.status(&id))
    }

    /// The reports again in the protocol's form.
    pub(super) fn reports(&self) -> Vec<String> {
        let form = |status: &ProgramStatus| {
            let encode = |text: &str| base64::Engine::encode(&base64::engine::general_purpose::STANDARD, text);
            let mut out = format!("state={}:app={}", status.state.as_str(), status.app);
            let mut add = |key: &str, value: Option<String>| {
                if let Some(value) = value {
                    out.push_str(&format!(":{key}={value}"));
                }
            };
            add("id", Some(status.id.clone()).filter(|id| !id.is_empty()));
            add("kind", status.kind.clone());
            add("progress", status.progress.map(|n| n.to_string()));
            add("title", status.title.as_deref().map(encode));
            add("msg", status.msg.as_deref().map(encode));
            out
        };
        self.all().map(|status| form(&status)).collect()
    }

    /// Takes a message. Returns whether the board changed.
    pub(super) fn apply(&mut self, message: &Message<'_>) -> bool {
        let before = match message {
            Message::Report(Report { id, .. }) => {
                let id = id.map(|id| id.as_str().to_owned()).unwrap_or_default();
                let before = self.status(&id);
                self.latest.clone_from(&id);
                Some((id, before))
            }
            _ => None,
        };
        let changed = !self.store.apply(message).is_empty();
        // The same again is no change.
        let changed = changed && before.is_none_or(|(id, before)| before != self.status(&id));
        self.settle();
        changed
    }

    /// The program ended: it neither works nor waits any more.
    pub(super) fn program_ended(&mut self) -> bool {
        let changed = !self.store.process_exited().is_empty();
        self.settle();
        changed
    }

    /// A shell asks for its next command: what ran before is over.
    pub(super) fn prompt_started(&mut self) -> bool {
        let changed = !self.store.prompt_started().is_empty();
        self.settle();
        changed
    }

    /// The terminal was reset.
    pub(super) fn reset(&mut self) -> bool {
        let changed = !self.store.reset().is_empty();
        self.settle();
        changed
    }

    /// Chooses anew what matters most. Only the chosen report is put together: there may be hundreds, each of some length.
    fn settle(&mut self) {
        let waits = |id: &str| {
            let record = self.store.get((!id.is_empty()).then_some(id));
            record.is_some_and(|record| record.state == State::Blocked)
        };
        let latest = Some(self.latest.as_str()).filter(|id| self.store.get((!id.is_empty()).then_some(*id)).is_some());
        let chosen = latest
            .filter(|id| waits(id))
            .or_else(|| {
                self.store.iter().find(|(_, record)| record.state == State::Blocked).map(|(id, _)| id.unwrap_or(""))
            })
            .or_else(|| self.store.get(None).map(|_| ""))
            .or(latest)
            .or_else(|| self.store.iter().last().map(|(id, _)| id.unwrap_or("")));
        let working =
            |status: &Option<ProgramStatus>| status.as_ref().is_some_and(|s| s.state == ProgramState::Working);
        let current = chosen.and_then(|id| self.status(id));
        self.begun += u64::from(working(&current) && !working(&self.current));
        self.current = current;
    }

    fn status(&self, id: &str) -> Option<ProgramStatus> {
        let address = (!id.is_empty()).then_some(id);
        let record = self.store.get(address)?;
        Some(ProgramStatus {
            state: ProgramState::of(record.state),
            app: clean(self.store.effective_app(address).unwrap_or("")),
            id: clean(id),
            kind: record.kind.map(|kind| kind.as_str().to_owned()),
            progress: record.progress,
            title: record.title.as_deref().map(clean),
            msg: record.msg.as_deref().map(clean),
        })
    }
}

fn clean(value: &str) -> String {
    text::neutralise(value, true).chars().take(MAX_VALUE).collect()
}

#[cfg(test)]
mod tests {
    use termstate_core::parse_body;

    use super::*;

    fn report(board: &mut StatusBoard, body: &str) -> bool {
        parse_body(body.as_bytes()).is_ok_and(|message| board.apply(&message))
    }

    #[test]
    fn reports_are_kept_by_id() {
        let mut board = StatusBoard::default();
        assert!(report(&mut board, "state=working:app=claude-code"));
        assert!(!report(&mut board, "state=working:app=claude-code"), "the same again is no change");
        assert_eq!(board.current().map(|s| s.state), Some(ProgramState::Working));
        assert!(report(&mut board, "state=blocked:id=sub/1:kind=permission:msg=ZGlhbG9nIG9wZW4="));
        let current = board.current().cloned();
        assert_eq!(current.as_ref().map(|s| s.state), Some(ProgramState::Blocked), "one that waits comes first");
        assert_eq!(current.as_ref().map(|s| s.app.as_str()), Some("claude-code"), "the name is inherited");
        assert_eq!(current.and_then(|s| s.msg).as_deref(), Some("dialog open"));
        assert!(report(&mut board, "state=clear:id=sub"));
        assert_eq!(board.all().count(), 1);
        assert!(board.program_ended());
        assert_eq!(board.current(), None);
    }

    #[test]
    fn what_is_over_is_forgotten() {
        let mut board = StatusBoard::default();
        for end in [StatusBoard::program_ended, StatusBoard::prompt_started] {
            report(&mut board, "state=working:id=a");
            report(&mut board, "state=done:id=b");
            assert!(end(&mut board));
            assert_eq!(board.all().map(|s| s.id).collect::<Vec<_>>(), ["b"], "what is done stays done");
        }
        assert!(board.reset());
        assert_eq!(board.all().count(), 0);
    }

    #[test]
    fn malformed_reports_change_nothing() {
        let mut board = StatusBoard::default();
        for body in [
            "",
            "state",
            "state=",
            "state=dancing:app=x",
            "app=x:id=1",
            ":::::",
            "state=idle:title=A",
            "state=idle:id=a b",
        ] {
            assert!(!report(&mut board, body), "{body:?}");
        }
        assert_eq!(board.all().count(), 0);
        assert!(report(&mut board, "state=working:progress=250:later=thing"));
        assert_eq!(board.current().and_then(|s| s.progress), None);
    }

    #[test]
    fn ids_are_bounded() {
        let mut board = StatusBoard::default();
        for n in 0..1000 {
            report(&mut board, &format!("state=idle:id={n}"));
        }
        assert_eq!(board.all().count(), 256);
    }
}
