//! `gt api`: what commands print is what their schemas say; `gt feed --follow` is a stream scripts can rely on; help is found.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::support::{Sandbox, wait_for};
use crate::town::{Place, kill};

/// What in `value` is not as `schema` says, keys that it does not know included.
#[track_caller]
fn fits(schema: &Value, value: &Value) {
    let validator = jsonschema::validator_for(schema).unwrap();
    let problems: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(problems.is_empty(), "{problems:?}\n{value:#}");
}

/// Objects that say which keys they have take no others: so the schema is complete.
fn closed(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.contains_key("properties") && !map.contains_key("additionalProperties") {
                map.insert("unevaluatedProperties".into(), false.into());
            }
            map.values_mut().for_each(closed);
        }
        Value::Array(items) => items.iter_mut().for_each(closed),
        _ => {}
    }
}

#[test]
fn what_commands_print_is_what_their_schemas_say() {
    let place = Place::new(&["shop"]);
    let schema = |name: &str| {
        let mut schema = place.gt(["api", "schema", name]).ok().json();
        closed(&mut schema);
        schema
    };
    let go = place.sandbox.path("go");
    let wait = format!("# Wait\nuntil [ -e {} ]; do sleep 0.05; done\necho a > a.txt", go.display());
    let bead = place.bead("shop", "Wait", &wait, &[]);
    let other = place.easy("shop", "other");
    fits(&schema("sling-plan"), &place.gt(["sling", &bead, "shop", "--dry-run", "--json"]).ok().json());
    fits(&schema("sling"), &place.gt(["sling", &bead, &other, "shop", "--convoy", "Both", "--json"]).ok().json());
    place.wait_closed(std::slice::from_ref(&other));
    wait_for("the agent works", || place.agents().iter().any(|agent| agent["pid"].is_i64()).then_some(()));
    for (name, args) in [
        ("status", &["status"][..]),
        ("agents", &["agents"]),
        ("convoys", &["convoy", "list"]),
        ("convoys", &["convoy", "list", "--tree", "--all"]),
        ("queue", &["mq", "list", "--all"]),
        ("scheduler", &["scheduler", "status"]),
        ("api", &["api", "commands"]),
    ] {
        let mut command = place.command(args);
        command.arg("--json");
        let printed = place.sandbox.run(command).ok().json();
        assert!(printed.as_array().is_none_or(|list| !list.is_empty()), "{args:?} shows something");
        fits(&schema(name), &printed);
    }
    fits(&schema("api"), &place.sandbox.bd_in(&place.root, ["api", "--json"]).ok().json());
    let convoy = place.gt(["convoy", "list", "--json"]).ok().json()[0]["id"].as_str().unwrap().to_owned();
    fits(&schema("convoy"), &place.gt(["convoy", "show", &convoy, "--json"]).ok().json());
    let request = place.gt(["mq", "list", "--all", "--json"]).ok().json()[0]["id"].as_str().unwrap().to_owned();
    fits(&schema("request"), &place.gt(["mq", "status", &request, "--json"]).ok().json());
    let event = schema("event");
    for line in place.gt(["log", "-n", "500", "--json"]).ok().json().as_array().unwrap() {
        fits(&event, line);
    }
    let failed = place.gt(["sling", "shop-zzzzz", "shop", "--json"]).code(3);
    fits(&schema("error"), &serde_json::from_str(&failed.stderr).unwrap());

    // Every schema there is has been looked at above, and what is printed has to fit its own schema alone.
    let listed = place.gt(["api", "schema"]).ok().json();
    assert_eq!(listed.as_array().unwrap().len(), 12, "a new schema needs a check here");
    let wrong = jsonschema::validator_for(&schema("status")).unwrap().is_valid(&place.agents().into());
    assert!(!wrong);
    let near = place.gt(["api", "schema", "agnets"]).code(3);
    assert!(near.stderr.contains("did you mean agents?"), "{near:?}");
    std::fs::write(&go, "").unwrap();
    place.wait_closed(&[bead]);
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn the_event_stream_is_one_object_a_line_in_order() {
    let place = Place::new(&["shop"]);
    let mut command = place.command(&["feed", "--follow", "--json", "-n", "0"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let id = place.easy("shop", "one");
    place.gt(["sling", &id, "shop"]).ok();
    let (mut seq, mut kinds) = (0, Vec::new());
    while !kinds.contains(&"merged".to_owned()) {
        let line = lines.next().unwrap().unwrap();
        let event: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        let now = event["seq"].as_i64().unwrap();
        assert!(now > seq, "{line}");
        seq = now;
        kinds.push(event["type"].as_str().unwrap().to_owned());
    }
    let at = |kind: &str| kinds.iter().position(|known| known == kind).unwrap_or_else(|| panic!("{kind}: {kinds:?}"));
    assert!(at("sling") < at("done") && at("done") < at("merged"), "{kinds:?}");
    kill(i32::try_from(child.id()).unwrap(), "-TERM");
    child.wait().unwrap();
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn help_is_found_from_every_side() {
    let sandbox = Sandbox::new();
    let home = sandbox.path("home");
    let all = sandbox.gt(["help"]).ok().stdout;
    assert!(all.contains("sling") && all.contains("gt help concepts"), "{all}");
    let one = sandbox.gt(["help", "convoy", "create"]).ok().stdout;
    assert_eq!(one, sandbox.gt(["convoy", "create", "--help"]).ok().stdout, "one help, however it is asked for");
    assert!(one.contains("Examples:"), "{one}");
    for (page, said) in [
        ("concepts", "propulsion"),
        ("glossary", "polecat"),
        ("workflows", "gt mayor attach"),
        ("troubleshooting", "gt hooks repair"),
        ("keys", "ctrl-]"),
    ] {
        let text = sandbox.gt(["help", page]).ok().stdout;
        assert!(text.contains(said) && !text.contains("**"), "{page}: {text}");
        let wide = |line: &str| line.chars().count() > 130 && !line.starts_with("    ");
        assert!(!text.lines().any(wide), "{page}");
        assert_eq!(sandbox.gt(["help", page, "--json"]).ok().json()["page"], page);
    }
    // Slips are seen, in words and in names of pages.
    for (args, said) in [(["help", "concpets"], "did you mean concepts?"), (["help", "slign"], "did you mean sling?")] {
        let slip = sandbox.gt(args).code(3);
        assert!(slip.stderr.contains(said), "{slip:?}");
    }
    for (program, args, said) in [
        (crate::support::GT, &["conovy", "list"][..], "convoy"),
        (crate::support::GT, &["convoy", "craete", "x"], "create"),
        (crate::support::GT, &["agents", "--jsno"], "--json"),
        (crate::support::BD, &["raedy"], "ready"),
        (crate::support::BD, &["label", "ad"], "add"),
    ] {
        let mut command = sandbox.command(program);
        command.current_dir(&home).args(args);
        let slip = sandbox.run(command).code(2);
        assert!(slip.stderr.contains("similar") && slip.stderr.contains(said), "{args:?}: {slip:?}");
    }
    let one = sandbox.bd_in(&home, ["help", "dep", "add"]).ok().stdout;
    assert!(one.contains("bd dep add") && one.contains("Examples:"), "{one}");
}

/// A slip in any kind of name is answered with the name that was meant.
#[test]
fn slips_in_names_are_seen_everywhere() {
    let place = Place::new(&["shop"]);
    let bead = place.easy("shop", "one");
    let convoy = place.gt(["convoy", "create", "Both", &bead, "--json"]).ok().json()["id"].as_str().unwrap().to_owned();
    place.gt(["crew", "add", "adele", "--rig", "shop"]).ok();
    place.gt(["dog", "add", "rover"]).ok();
    place.gt(["mail", "group", "create", "reviewers", "mayor/"]).ok();
    // The last two letters change places, or the last is another.
    let slip = |name: &str| {
        let mut letters: Vec<char> = name.chars().collect();
        let end = letters.len();
        letters.swap(end - 1, end - 2);
        if letters[end - 1] == letters[end - 2] {
            letters[end - 1] = if letters[end - 1] == 'x' { 'y' } else { 'x' };
        }
        letters.into_iter().collect::<String>()
    };
    let cases: Vec<(Vec<String>, &str)> = [
        (vec!["sling", &slip(&bead), "shop"], &*bead),
        (vec!["sling", &bead, "shpo"], "shop"),
        (vec!["sling", &bead, "shop", "--agent", "scirpt"], "script"),
        (vec!["convoy", "show", &slip(&convoy)], &convoy),
        (vec!["convoy", "add", &convoy, &slip(&bead)], &bead),
        (vec!["rig", "status", "shpo"], "shop"),
        (vec!["mq", "list", "shpo"], "shop"),
        (vec!["crew", "status", "adlee"], "adele"),
        (vec!["dog", "status", "roevr"], "rover"),
        (vec!["formula", "show", "relaese"], "release"),
        (vec!["mail", "send", "shop/crew/adlee", "-s", "x"], "adele"),
        (vec!["mail", "group", "show", "reviewres"], "reviewers"),
        (vec!["config", "get", "max_agnets"], "max_agents"),
        (vec!["config", "default-agent", "cluade"], "claude"),
        (vec!["config", "agent", "get", "cdoex"], "codex"),
        (vec!["feed", "--rig", "shpo"], "shop"),
        (vec!["costs", "--by", "convyo"], "convoy"),
        (vec!["unsling", &slip(&bead)], &bead),
    ]
    .into_iter()
    .map(|(args, wanted)| (args.into_iter().map(str::to_owned).collect(), wanted))
    .collect();
    for (args, wanted) in cases {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let run = place.sandbox.run(place.command(&args));
        assert!(run.status != Some(0) && run.stderr.contains(wanted), "gt {args:?} should name {wanted}: {run:?}");
    }
    for args in [&["show"][..], &["close"], &["update", "--priority", "1"], &["dep", "list"], &["comment"]] {
        let mut command = place.sandbox.command(crate::support::BD);
        command.current_dir(place.root.join("shop")).args(args).arg(slip(&bead));
        if args == ["comment"] {
            command.arg("text");
        }
        let run = place.sandbox.run(command).code(3);
        assert!(run.stderr.contains(&bead), "bd {args:?}: {run:?}");
    }
}
