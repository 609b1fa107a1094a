//! `gt mcp`: the town as tools, spoken to as an agent's runtime does, over standard input and output.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::support::wait_for;
use crate::town::Place;

struct Client {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    last: u64,
}

impl Client {
    fn start(place: &Place, args: &[&str]) -> Client {
        let mut command = place.command(&["mcp"]);
        command.args(args).env("BD_ACTOR", "mayor/").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let mut client = Client { child, input, output, last: 0 };
        let hello = client.ask(
            "initialize",
            json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}),
        );
        assert_eq!(hello["result"]["serverInfo"]["name"], "gastown", "{hello}");
        assert!(hello["result"]["instructions"].as_str().unwrap().contains("sling"));
        client.say(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        client
    }

    fn say(&mut self, message: &Value) {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{message}").unwrap();
        input.flush().unwrap();
    }

    /// Asks, and waits for the answer to that question.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        self.say(&json!({"jsonrpc": "2.0", "id": self.last, "method": method, "params": params}));
        loop {
            let mut line = String::new();
            assert!(self.output.read_line(&mut line).unwrap() > 0, "the server has ended");
            let answer: Value = serde_json::from_str(&line).unwrap();
            if answer["id"] == self.last {
                return answer;
            }
        }
    }

    /// What a tool gave.
    fn call(&mut self, tool: &str, arguments: Value) -> Value {
        let answer = self.ask("tools/call", json!({"name": tool, "arguments": arguments}));
        let result = &answer["result"];
        assert_ne!(result["isError"], true, "{tool}: {answer}");
        // Old clients read the text, new ones the structure; both say the same.
        let text: Value = serde_json::from_str(result["content"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!(text, result["structuredContent"], "{tool}");
        result["structuredContent"]["result"].clone()
    }

    /// What a tool said when it refused.
    fn refused(&mut self, tool: &str, arguments: Value) -> String {
        let answer = self.ask("tools/call", json!({"name": tool, "arguments": arguments}));
        assert_eq!(answer["result"]["isError"], true, "{tool}: {answer}");
        answer["result"]["content"][0]["text"].as_str().unwrap().to_owned()
    }

    /// Ends as a runtime does: it closes standard input.
    fn end(mut self) {
        drop(self.input.take());
        assert_eq!(self.child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn an_agent_plans_slings_and_watches_through_its_tools() {
    let place = Place::new(&["shop"]);
    let mut client = Client::start(&place, &[]);
    let tools = client.ask("tools/list", json!({}))["result"]["tools"].as_array().unwrap().clone();
    assert!(tools.len() >= 20, "{}", tools.len());
    for tool in &tools {
        assert_eq!(tool["inputSchema"]["type"], "object", "{tool}");
        assert!(tool["description"].as_str().unwrap().len() > 20 && tool["annotations"]["readOnlyHint"].is_boolean());
        for (name, property) in tool["inputSchema"]["properties"].as_object().into_iter().flatten() {
            assert!(property["description"].is_string(), "{}: {name}", tool["name"]);
        }
    }

    let first = client.call(
        "bead_create",
        json!({"title": "Write a", "rig": "shop", "description": "```sh\n# Write\necho a > a.txt\n```", "priority": 1}),
    );
    let first = first["id"].as_str().unwrap().to_owned();
    let second = client.call("bead_create", json!({"title": "Then b", "rig": "shop", "depends_on": [first]}));
    let second = second["id"].as_str().unwrap().to_owned();
    assert_eq!(place.show(&first).created_by, "mayor/", "what is done is done in the caller's name");
    let ready = client.call("bead_ready", json!({"rig": "shop"}));
    assert_eq!((ready.as_array().unwrap().len(), &ready[0]["id"]), (1, &json!(first)));
    client.call("bead_update", json!({"id": second, "priority": 0, "add_labels": ["soon"]}));
    client.call("bead_comment", json!({"id": second, "text": "After the first."}));
    let shown = client.call("bead_show", json!({"ids": [second]}));
    assert_eq!((&shown[0]["priority"], &shown[0]["labels"][0]), (&json!(0), &json!("soon")), "{shown}");
    assert_eq!((&shown[0]["blockers"][0], &shown[0]["comments"][0]["author"]), (&json!(first), &json!("mayor/")));

    let convoy = client.call("convoy_create", json!({"title": "Both", "beads": [first], "notify": ["overseer"]}));
    let convoy = convoy["id"].as_str().unwrap().to_owned();
    client.call("convoy_add", json!({"id": convoy, "beads": [second]}));
    client.call("bead_depends", json!({"id": second, "on": first, "remove": true}));
    client.call("bead_close", json!({"id": second, "reason": "Not needed after all"}));

    let plan = client.call("sling", json!({"beads": [first], "dry_run": true}));
    assert_eq!((&plan["lines"][0]["rig"], place.agents().len()), (&json!("shop"), 0));
    let slung = client.call("sling", json!({"beads": [first], "target": "shop"}));
    assert!(slung["slung"][0]["agent"].as_str().unwrap().starts_with("shop/polecats/"), "{slung}");
    let landed = wait_for("the convoy has landed", || {
        let shown = client.call("convoy_show", json!({"id": convoy}));
        (shown["status"] == "closed").then_some(shown)
    });
    assert_eq!(landed["id"], json!(convoy));
    assert!(place.files(&place.origin("shop")).contains(&"a.txt".to_owned()));
    let feed = client.call("feed", json!({"limit": 500}));
    assert!(feed.as_array().unwrap().iter().any(|event| event["type"] == "merged"), "{feed}");
    let status = client.call("town_status", json!({}));
    assert_eq!(status["rigs"][0]["name"], "shop", "{status}");
    client.call("mail_send", json!({"to": ["mayor/"], "subject": "Note to myself"}));
    assert_eq!(client.call("mail_inbox", json!({"unread": true}))[0]["subject"], "Note to myself");

    // What can't be is said with what to do, to the agent and not to its runtime.
    for (tool, arguments, said) in [
        ("bead_show", json!({"ids": ["shop-nothing"]}), "hint"),
        ("bead_create", json!({"title": "x", "rig": "shpo"}), "did you mean shop?"),
        ("bead_create", json!({"title": "x", "rig": "shop", "prioritt": 1}), "prioritt"),
        ("sling", json!({"beads": [first]}), "closed"),
        ("agent_screen", json!({"agent": "nobody"}), "nobody"),
        ("bead_update", json!({"id": first, "status": "closed"}), "bead_close"),
    ] {
        let text = client.refused(tool, arguments);
        assert!(text.contains(said), "{tool}: {text}");
    }
    let unknown = client.ask("tools/call", json!({"name": "bead_craete", "arguments": {}}));
    assert!(unknown["error"]["message"].as_str().unwrap().contains("bead_create"), "{unknown}");
    client.end();
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn read_only_means_that_nothing_can_be_changed() {
    let place = Place::new(&["shop"]);
    let mut client = Client::start(&place, &["--read-only"]);
    let tools = client.ask("tools/list", json!({}))["result"]["tools"].as_array().unwrap().clone();
    assert!(!tools.is_empty() && tools.iter().all(|tool| tool["annotations"]["readOnlyHint"] == true), "{tools:?}");
    let refused = client.ask("tools/call", json!({"name": "bead_create", "arguments": {"title": "x", "rig": "shop"}}));
    assert!(refused["error"].is_object(), "{refused}");
    assert_eq!(client.call("bead_list", json!({})), json!([]));
    client.end();

    // Outside a town it says so at once.
    let lost = place.sandbox.gt(["mcp"]).code(3);
    assert!(lost.stderr.contains("hint:") && lost.stdout.is_empty(), "{lost:?}");
}
