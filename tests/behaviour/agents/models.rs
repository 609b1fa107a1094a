//! A model that plays its part from a script, in the protocols of Anthropic, OpenAI (responses and chat) and Google.
//!
//! What it says next follows from how many answers of tools a request brings back, so that a request sent twice is answered twice.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use super::http::{Request, Response, serve};

/// What the model does.
#[derive(Clone, Debug)]
pub enum Act {
    /// Writes a file in the worktree.
    Write(&'static str, &'static str),
    /// Runs a command.
    Run(&'static str),
    /// Says so, and ends its turn.
    Say(&'static str),
    /// The provider refuses: status, kind of error, words.
    Refuse(u16, &'static str, &'static str),
}

/// What the model was asked, and where it listens.
#[derive(Clone)]
pub struct Model {
    pub port: u16,
    seen: Arc<Mutex<Vec<(String, Value)>>>,
}

impl Model {
    /// `parts` are what it does, by words that tell who asks: the first that a request holds count; empty words fit all.
    pub fn start(parts: &[(&'static str, &[Act])]) -> Model {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let parts: Vec<(&str, Vec<Act>)> = parts.iter().map(|(words, acts)| (*words, acts.to_vec())).collect();
        let record = Arc::clone(&seen);
        let port = serve(move |request| {
            let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
            record.lock().unwrap().push((request.path.clone(), body.clone()));
            let text = strings(&body);
            let acts = parts.iter().find(|(words, _)| text.contains(words)).map_or(&[][..], |(_, acts)| acts);
            reply(request, &body, acts)
        });
        Model { port, seen }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Whether a request held all these words.
    pub fn was_told(&self, words: &[&str]) -> bool {
        self.seen.lock().unwrap().iter().any(|(_, body)| {
            let text = strings(body);
            words.iter().all(|word| text.contains(word))
        })
    }

    /// For a failed test: what came, shortened.
    pub fn log(&self) -> String {
        let seen = self.seen.lock().unwrap();
        let line = |(path, body): &(String, Value)| {
            let said = ["messages", "input", "contents"].map(|key| strings(&body[key])).concat();
            let tail: String = said.chars().rev().take(600).collect::<Vec<_>>().into_iter().rev().collect();
            format!("{path} … {tail}")
        };
        seen.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

/// All text in a value, joined.
fn strings(value: &Value) -> String {
    match value {
        Value::String(text) => format!("{text}\n"),
        Value::Array(items) => items.iter().map(strings).collect(),
        Value::Object(map) => map.values().map(strings).collect(),
        _ => String::new(),
    }
}

/// How many objects in `value` hold `key` with `wanted`, or at all where that is null.
fn count(value: &Value, key: &str, wanted: &Value) -> usize {
    match value {
        Value::Array(items) => items.iter().map(|item| count(item, key, wanted)).sum(),
        Value::Object(map) => {
            let own = map.get(key).is_some_and(|found| wanted.is_null() || found == wanted);
            usize::from(own) + map.values().map(|item| count(item, key, wanted)).sum::<usize>()
        }
        _ => 0,
    }
}

/// The worktree, as the agent was told when it was primed; the model knows of it only if that worked.
fn worktree(body: &Value) -> String {
    let text = strings(body);
    let told = text.split("worktree: ").nth(1).and_then(|rest| rest.split_whitespace().next());
    told.unwrap_or("/nowhere-was-told").to_owned()
}

fn reply(request: &Request, body: &Value, acts: &[Act]) -> Response {
    let path = request.path.split('?').next().unwrap_or_default();
    let tools = body["tools"].as_array().is_some_and(|tools| !tools.is_empty());
    let act =
        |done: usize| if tools { acts.get(done).cloned().unwrap_or(Act::Say("Done.")) } else { Act::Say("A title") };
    if let Some(Act::Refuse(status, kind, words)) = acts.first().cloned()
        && request.method == "POST"
    {
        let body = json!({"type": "error", "error": {"type": kind, "code": kind, "message": words}});
        return Response { status, ..Response::new("application/json", body.to_string()) };
    }
    match path {
        "/v1/messages" => {
            let done = count(&body["messages"], "type", &json!("tool_result"));
            Response::new("text/event-stream", anthropic(body, done, &act(done)))
        }
        "/v1/messages/count_tokens" => Response::new("application/json", json!({"input_tokens": 100}).to_string()),
        "/v1/responses" => {
            let done = count(&body["input"], "type", &json!("function_call_output"));
            Response::new("text/event-stream", responses(body, done, &act(done)))
        }
        "/v1/chat/completions" => {
            let done = count(&body["messages"], "role", &json!("tool"));
            Response::new("text/event-stream", chat(body, done, &act(done)))
        }
        _ if path.ends_with(":streamGenerateContent") => {
            let done = count(&body["contents"], "functionResponse", &Value::Null);
            let line = format!("data: {}\r\n\r\n", gemini(body, &act(done)));
            Response::new("text/event-stream", line)
        }
        _ if path.ends_with(":generateContent") => {
            let choice = json!({"reasoning": "simple", "model_choice": "flash", "complexity_reasoning": "simple", "complexity_score": 1});
            let answer = json!({"candidates": [{"content": {"role": "model", "parts": [{"text": choice.to_string()}]},
                "finishReason": "STOP", "index": 0}]});
            Response::new("application/json", answer.to_string())
        }
        _ => Response { status: 404, ..Response::new("application/json", "{}".into()) },
    }
}

fn anthropic(body: &Value, done: usize, act: &Act) -> String {
    let (block, deltas, stop) = match act {
        Act::Say(words) => {
            (json!({"type": "text", "text": ""}), json!({"type": "text_delta", "text": words}), "end_turn")
        }
        tool => {
            let (name, input) = match tool {
                Act::Write(file, text) => {
                    ("Write", json!({"file_path": format!("{}/{file}", worktree(body)), "content": text}))
                }
                Act::Run(command) => ("Bash", json!({"command": command, "description": "Run it"})),
                _ => unreachable!(),
            };
            let id = format!("toolu_{done:04}");
            (
                json!({"type": "tool_use", "id": id, "name": name, "input": {}}),
                json!({"type": "input_json_delta", "partial_json": input.to_string()}),
                "tool_use",
            )
        }
    };
    let usage = json!({"input_tokens": 1000, "cache_creation_input_tokens": 200, "cache_read_input_tokens": 3000, "output_tokens": 1});
    let message = json!({"id": format!("msg_{done:04}"), "type": "message", "role": "assistant", "model": body["model"],
        "content": [], "stop_reason": null, "stop_sequence": null, "usage": usage});
    let events = [
        json!({"type": "message_start", "message": message}),
        json!({"type": "content_block_start", "index": 0, "content_block": block}),
        json!({"type": "content_block_delta", "index": 0, "delta": deltas}),
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": null}, "usage": {"output_tokens": 50}}),
        json!({"type": "message_stop"}),
    ];
    named(&events)
}

fn named(events: &[Value]) -> String {
    events.iter().map(|event| format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap())).collect()
}

fn responses(body: &Value, done: usize, act: &Act) -> String {
    let item = match act {
        Act::Say(words) => json!({"type": "message", "role": "assistant", "id": format!("msg_{done}"),
            "content": [{"type": "output_text", "text": words}]}),
        tool => {
            let command = match tool {
                Act::Write(file, text) => format!("cat > '{}/{file}' <<'END'\n{text}END", worktree(body)),
                Act::Run(command) => (*command).to_owned(),
                _ => unreachable!(),
            };
            json!({"type": "function_call", "id": format!("fc_{done}"), "call_id": format!("call_{done}"),
                "name": "exec_command", "arguments": json!({"cmd": command}).to_string()})
        }
    };
    let usage = json!({"input_tokens": 4000, "input_tokens_details": {"cached_tokens": 3000}, "output_tokens": 50,
        "output_tokens_details": {"reasoning_tokens": 10}, "total_tokens": 4050});
    let id = format!("resp_{done}");
    named(&[
        json!({"type": "response.created", "response": {"id": id}}),
        json!({"type": "response.output_item.done", "item": item}),
        json!({"type": "response.completed", "response": {"id": id, "usage": usage}}),
    ])
}

fn chat(body: &Value, done: usize, act: &Act) -> String {
    let (delta, reason) = match act {
        Act::Say(words) => (json!({"role": "assistant", "content": words}), "stop"),
        tool => {
            let (name, mut input) = match tool {
                Act::Write(file, text) => {
                    ("write", json!({"filePath": format!("{}/{file}", worktree(body)), "content": text}))
                }
                Act::Run(command) => ("bash", json!({"command": command, "description": "Run it"})),
                _ => unreachable!(),
            };
            // Some want to be told how a command is run.
            let tools = body["tools"].as_array().unwrap();
            let tool = tools.iter().map(|tool| &tool["function"]).find(|tool| tool["name"] == name);
            if tool.is_some_and(|tool| !tool["parameters"]["properties"]["mode"].is_null()) {
                input["mode"] = "sync".into();
            }
            let call = json!({"index": 0, "id": format!("call_{done}"), "type": "function",
                "function": {"name": name, "arguments": input.to_string()}});
            (json!({"role": "assistant", "tool_calls": [call]}), "tool_calls")
        }
    };
    let chunk = |delta: Value, reason: Value, usage: Value| {
        let chunk = json!({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m1",
            "choices": [{"index": 0, "delta": delta, "finish_reason": reason}], "usage": usage});
        format!("data: {chunk}\n\n")
    };
    let usage = json!({"prompt_tokens": 4000, "completion_tokens": 50, "total_tokens": 4050,
        "prompt_tokens_details": {"cached_tokens": 3000}});
    format!("{}{}data: [DONE]\n\n", chunk(delta, Value::Null, Value::Null), chunk(json!({}), reason.into(), usage))
}

fn gemini(body: &Value, act: &Act) -> Value {
    let part = match act {
        Act::Say(words) => json!({"text": words}),
        Act::Write(file, text) => json!({"functionCall": {"name": "write_file",
            "args": {"file_path": format!("{}/{file}", worktree(body)), "content": text}}}),
        Act::Run(command) => {
            json!({"functionCall": {"name": "run_shell_command", "args": {"command": command, "description": "Run it"}}})
        }
        Act::Refuse(..) => unreachable!(),
    };
    json!({"candidates": [{"content": {"role": "model", "parts": [part]}, "finishReason": "STOP", "index": 0}],
        "usageMetadata": {"promptTokenCount": 4000, "candidatesTokenCount": 50, "cachedContentTokenCount": 3000,
            "thoughtsTokenCount": 10, "totalTokenCount": 4060}})
}
