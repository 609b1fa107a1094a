//! Lifecycle hooks: what a runtime is told to call when its conversation starts, works, asks and stops; and the note that is kept of it.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::AgentState;
use super::state::speaks_of_limits;
use crate::base::{Result, ResultExt, Timestamp, files};
use crate::town::Town;

/// What an agent's runtime last told by its hooks.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Note {
    /// The conversation's name, by which it can be taken up again.
    pub conversation: Option<String>,
    /// A turn was begun in it, so that the runtime has something to take up.
    pub begun: bool,
    /// Who the agent is was told with a prompt of it, where the runtime takes that only so.
    pub primed: bool,
    /// Where the runtime writes it down.
    pub transcript: Option<String>,
    /// The state it told.
    pub state: Option<AgentState>,
    /// Its own words. Text from outside.
    pub detail: String,
    /// The event that told the state.
    pub event: String,
    /// Since when it is in that state.
    pub since: Option<Timestamp>,
}

/// Where the town keeps what belongs to the session called `session`, outside every project's tree.
pub fn directory(town: &Town, session: &str) -> PathBuf {
    town.runtime_dir().join("agents").join(session)
}

/// The note of the session; empty when there is none. One that a crash left broken counts as none.
pub fn read_note(town: &Town, session: &str) -> Note {
    std::fs::read(directory(town, session).join("note.json"))
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default()
}

/// Writes the note. It may be lost in a power failure, which costs no more than one report of the agent's state.
///
/// # Errors
/// When the town can't be written.
pub fn write_note(town: &Town, session: &str, note: &Note) -> Result<()> {
    let directory = directory(town, session);
    files::make_dirs(&directory, 0o700)?;
    let path = directory.join("note.json");
    let making = directory.join(format!(".note-{}", std::process::id()));
    std::fs::write(&making, serde_json::to_vec(note)?).with_context(|| format!("write {}", making.display()))?;
    std::fs::rename(&making, &path).with_context(|| format!("write {}", path.display()))
}

/// What an event means, whatever the runtime calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A conversation starts, is taken up, or goes on after its context was shortened.
    Start,
    /// A prompt was submitted.
    Prompt,
    /// Anything else.
    Other,
}

/// The event in the words used here: Cursor and Copilot have others for the same.
fn canonical(event: &str) -> &str {
    match event {
        "sessionStart" => "SessionStart",
        "beforeSubmitPrompt" | "userPromptSubmitted" => "UserPromptSubmit",
        "postToolUse" => "PostToolUse",
        "stop" => "Stop",
        "sessionEnd" => "SessionEnd",
        "errorOccurred" => "StopFailure",
        "preCompact" => "PreCompact",
        "agentStop" => "Stop",
        other => other,
    }
}

/// What an agent does that was told to shorten its conversation.
const SHORTENS: &str = "shortens its conversation";

/// Which moment the event called `event` is.
pub fn moment(event: &str) -> Moment {
    match canonical(event) {
        "SessionStart" => Moment::Start,
        "UserPromptSubmit" | "BeforeAgent" => Moment::Prompt,
        _ => Moment::Other,
    }
}

/// Whether the event comes before the runtime shortens its context.
pub fn shortens(event: &str) -> bool {
    matches!(canonical(event), "PreCompact" | "PreCompress")
}

/// Notes what `event` with its `input` tells. Returns whether anything changed that has to be written.
pub fn take(note: &mut Note, event: &str, input: &Value, now: Timestamp) -> bool {
    let before = note.clone();
    let event = canonical(event);
    let text = |key: &str| input.get(key).and_then(Value::as_str).unwrap_or_default();
    // A helper agent's own events say nothing of the conversation it belongs to.
    if !text("agent_id").is_empty() {
        return false;
    }
    let names = ["session_id", "conversation_id", "sessionId"];
    let conversation = names.iter().map(|key| text(key)).find(|name| !name.is_empty()).unwrap_or_default();
    if !conversation.is_empty() && note.conversation.as_deref() != Some(conversation) {
        note.conversation = Some(conversation.to_owned());
        note.begun = matches!(text("source"), "resume" | "compact");
    }
    if !text("transcript_path").is_empty() {
        note.transcript = Some(text("transcript_path").to_owned());
    }
    // What was told before is forgotten with the rest.
    note.primed &= !matches!(event, "SessionStart" | "PreCompress");
    note.begun |= moment(event) == Moment::Prompt;
    let failure = [text("error"), text("error_details"), text("last_assistant_message")];
    let failure = failure.into_iter().filter(|words| !words.is_empty()).collect::<Vec<_>>().join(": ");
    let told = match event {
        "SessionStart" if note.state.is_none() => Some((AgentState::Idle, "")),
        // Where a person, or a nudge, has it shorten its conversation, no turn ends after that.
        "SessionStart" if text("source") == "compact" && note.detail == SHORTENS => Some((AgentState::Idle, "")),
        "PreCompact" if text("trigger") == "manual" => Some((AgentState::Working, SHORTENS)),
        "UserPromptSubmit" | "BeforeAgent" | "PreToolUse" | "PostToolUse" | "BeforeTool" | "AfterTool"
        | "PreCompact" => Some((AgentState::Working, "")),
        "Stop" | "AfterAgent" => Some((AgentState::Idle, "")),
        "PermissionRequest" => Some((AgentState::NeedsYou, text("tool_name"))),
        "StopFailure" if speaks_of_limits(&failure) => Some((AgentState::RateLimited, failure.as_str())),
        "StopFailure" => Some((AgentState::NeedsYou, failure.as_str())),
        "Notification" => match text("notification_type") {
            "idle_prompt" => Some((AgentState::Idle, "")),
            "permission_prompt" | "elicitation_dialog" | "agent_needs_input" | "ToolPermission" => {
                Some((AgentState::NeedsYou, text("message")))
            }
            _ => None,
        },
        _ => None,
    };
    if let Some((state, detail)) = told
        && (note.state != Some(state) || note.detail != detail)
    {
        if note.state != Some(state) {
            note.since = Some(now);
        }
        note.state = Some(state);
        note.detail = detail.to_owned();
        event.clone_into(&mut note.event);
    }
    *note != before
}

/// What `event` answers on standard output so that `context` reaches the model; nothing where there is nothing to tell.
pub fn answer(event: &str, context: &str) -> String {
    if context.is_empty() {
        return "{}".into();
    }
    if event == "sessionStart" {
        return json!({"additional_context": context}).to_string();
    }
    json!({"hookSpecificOutput": {"hookEventName": event, "additionalContext": context}}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(note: &mut Note, event: &str, input: Value) -> Option<AgentState> {
        take(note, event, &input, Timestamp::from_unix_nanos(1));
        note.state
    }

    #[test]
    fn events_tell_states() {
        let mut note = Note::default();
        assert_eq!(
            after(&mut note, "SessionStart", json!({"session_id": "c1", "source": "startup"})),
            Some(AgentState::Idle)
        );
        assert!(!note.begun, "there is nothing to take up before the first turn");
        assert_eq!(after(&mut note, "UserPromptSubmit", json!({"session_id": "c1"})), Some(AgentState::Working));
        assert!(note.begun);
        let asks = json!({"notification_type": "permission_prompt", "message": "Bash?"});
        assert_eq!(after(&mut note, "Notification", asks), Some(AgentState::NeedsYou));
        assert_eq!(note.detail, "Bash?");
        assert_eq!(after(&mut note, "PostToolUse", json!({})), Some(AgentState::Working));
        assert!(
            !take(&mut note, "PostToolUse", &json!({"session_id": "c1"}), Timestamp::now()),
            "nothing new, nothing written"
        );
        assert_eq!(after(&mut note, "Stop", json!({})), Some(AgentState::Idle));
        assert!(!take(&mut note, "UserPromptSubmit", &json!({"agent_id": "helper"}), Timestamp::now()));
        let compact = json!({"source": "compact"});
        assert_eq!(after(&mut note, "PreCompact", json!({"trigger": "manual"})), Some(AgentState::Working));
        assert_eq!(
            after(&mut note, "SessionStart", compact.clone()),
            Some(AgentState::Idle),
            "no turn ends after that"
        );
        assert_eq!(after(&mut note, "PreCompact", json!({"trigger": "auto"})), Some(AgentState::Working));
        assert_eq!(after(&mut note, "SessionStart", compact), Some(AgentState::Working), "its turn goes on");
        after(&mut note, "SessionStart", json!({"session_id": "c2", "source": "clear"}));
        assert_eq!((note.conversation.as_deref(), note.begun), (Some("c2"), false));
    }

    #[test]
    fn answers_are_json_and_nothing_else() {
        assert_eq!(answer("Stop", ""), "{}");
        let value: Value = serde_json::from_str(&answer("SessionStart", "a \"b\"\nc")).unwrap();
        assert_eq!(value["hookSpecificOutput"]["additionalContext"], "a \"b\"\nc");
    }
}
