//! Transcripts of one JSON object a line.

use serde_json::Value;

use super::super::TranscriptFormat;
use super::{Place, Tokens, Turn};

fn number(value: &Value, key: &str) -> u64 {
    value.get(key).and_then(Value::as_u64).unwrap_or(0)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// What `line` adds to what was counted before.
pub(super) fn turn(format: TranscriptFormat, line: &[u8], place: &mut Place) -> Option<Turn> {
    // Most lines are no answers; they are told apart without being parsed.
    let mark: &[u8] = match format {
        TranscriptFormat::Claude => b"\"usage\"",
        TranscriptFormat::Codex => b"\"payload\"",
        TranscriptFormat::Gemini => b"\"tokens\"",
        TranscriptFormat::Opencode | TranscriptFormat::None => return None,
    };
    memchr::memmem::find(line, mark)?;
    let value: Value = serde_json::from_slice(line).ok()?;
    let tokens = match format {
        TranscriptFormat::Claude => claude(&value, place)?,
        TranscriptFormat::Codex => codex(&value, place)?,
        _ => gemini(&value, place)?,
    };
    if tokens == Tokens::default() {
        return None;
    }
    let at = text(&value, "timestamp").parse().ok();
    Some(Turn { at, model: place.model.clone(), tokens, usd: None })
}

/// The part of `tokens` that was not yet counted of the answer `id`.
fn news(id: &str, tokens: Tokens, place: &mut Place) -> Tokens {
    let counted = if place.last == id { place.counted } else { Tokens::default() };
    id.clone_into(&mut place.last);
    place.counted = tokens;
    tokens.less(counted)
}

fn claude(value: &Value, place: &mut Place) -> Option<Tokens> {
    let message = value.get("message")?;
    let usage = message.get("usage")?;
    // Words the program puts into the model's mouth itself.
    if text(message, "model") == "<synthetic>" {
        return None;
    }
    text(message, "model").clone_into(&mut place.model);
    let tokens = Tokens {
        input: number(usage, "input_tokens"),
        cache_write: number(usage, "cache_creation_input_tokens"),
        cache_read: number(usage, "cache_read_input_tokens"),
        output: number(usage, "output_tokens"),
    };
    Some(news(text(message, "id"), tokens, place))
}

fn codex(value: &Value, place: &mut Place) -> Option<Tokens> {
    let payload = value.get("payload")?;
    if text(value, "type") == "turn_context" {
        text(payload, "model").clone_into(&mut place.model);
        return None;
    }
    if text(payload, "type") != "token_count" {
        return None;
    }
    let total = payload.get("info")?.get("total_token_usage")?;
    let cached = number(total, "cached_input_tokens");
    let tokens = Tokens {
        input: number(total, "input_tokens").saturating_sub(cached),
        cache_write: 0,
        cache_read: cached,
        output: number(total, "output_tokens"),
    };
    let added = tokens.less(place.counted);
    place.counted = tokens;
    Some(added)
}

fn gemini(value: &Value, place: &mut Place) -> Option<Tokens> {
    let tokens = value.get("tokens")?;
    if !text(value, "model").is_empty() {
        text(value, "model").clone_into(&mut place.model);
    }
    let cached = number(tokens, "cached");
    let tokens = Tokens {
        input: (number(tokens, "input") + number(tokens, "tool")).saturating_sub(cached),
        cache_write: 0,
        cache_read: cached,
        output: number(tokens, "output") + number(tokens, "thoughts"),
    };
    Some(news(text(value, "id"), tokens, place))
}
