//! `bd` commands beyond the daily ones: graphs, plans in Markdown, agents' beads, gates with waiters, lists in other forms.

use serde_json::json;

use crate::bd_basics::project;
use crate::support::{BD, Sandbox, wait_for};

#[test]
fn a_graph_puts_each_bead_after_what_it_waits_for() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    for (id, deps) in [("a", ""), ("b", "lab-a1"), ("c", "lab-b1,lab-a1"), ("z", "")] {
        sandbox.bd_in(&dir, ["create", &format!("Bead \"{id}\""), "--id", &format!("lab-{id}1"), "--deps", deps]).ok();
    }
    let graph = sandbox.bd_in(&dir, ["graph", "lab-b1", "--json"]).ok().json();
    assert_eq!(graph["layout"]["Layers"], json!([["lab-a1"], ["lab-b1"], ["lab-c1"]]));
    assert_eq!(graph["layout"]["Nodes"]["lab-c1"]["DependsOn"], json!(["lab-a1", "lab-b1"]));
    assert_eq!((&graph["root"]["id"], &graph["layout"]["MaxLayer"]), (&json!("lab-b1"), &json!(2)));
    let all = sandbox.bd_in(&dir, ["graph", "--all", "--json"]).ok().json();
    let sizes: Vec<usize> = all.as_array().unwrap().iter().map(|g| g["issues"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [3, 1]);
    let text = sandbox.bd_in(&dir, ["graph", "--all"]).ok().stdout;
    assert!(text.contains("Layer 2") && text.contains("waits for lab-a1, lab-b1"), "{text}");
    let dot = sandbox.bd_in(&dir, ["graph", "lab-a1", "--format", "dot"]).ok().stdout;
    assert!(dot.contains("\"lab-a1\" -> \"lab-b1\";") && dot.contains("Bead \\\"a\\\""), "{dot}");
    let chart = sandbox.bd_in(&dir, ["dep", "tree", "lab-c1", "--format", "mermaid"]).ok().stdout;
    assert!(chart.starts_with("flowchart") && chart.contains("lab_a1 --> lab_c1"), "{chart}");
    sandbox.bd_in(&dir, ["graph"]).code(2);
    sandbox.bd_in(&dir, ["graph", "nothing"]).code(3);
}

#[test]
fn a_plan_in_markdown_becomes_beads_all_or_none() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    sandbox.bd_in(&dir, ["create", "Before", "--id", "lab-a1"]).ok();
    let plan = "# Plan\n\n## Parse it\nWhy.\n### Type\nfeature\n### Priority\n1\n### Labels\nparser, core\n### Dependencies\nlab-a1\n\n\
                ## Print it\n### Acceptance Criteria\n- prints\n";
    std::fs::write(dir.join("plan.md"), plan).unwrap();
    let rehearsed = sandbox.bd_in(&dir, ["create", "-f", "plan.md", "--dry-run", "--json"]).ok().json();
    assert_eq!(rehearsed.as_array().unwrap().len(), 2);
    assert_eq!(sandbox.bd_in(&dir, ["count"]).ok().stdout, "1\n");
    let made = sandbox.bd_in(&dir, ["create", "-f", "plan.md", "-l", "plan", "--json"]).ok().json();
    let first = made[0]["id"].as_str().unwrap();
    let bead = sandbox.bd_in(&dir, ["show", first, "--json"]).ok().json()[0].clone();
    assert_eq!(
        (&bead["issue_type"], &bead["priority"], &bead["description"]),
        (&json!("feature"), &json!(1), &json!("Why."))
    );
    assert_eq!(bead["labels"], json!(["core", "parser", "plan"]));
    assert_eq!(bead["dependencies"][0]["id"], "lab-a1");
    std::fs::write(dir.join("bad.md"), "## One\n## Two\n### Deps\nlab-nothing\n").unwrap();
    sandbox.bd_in(&dir, ["create", "-f", "bad.md"]).code(3);
    assert_eq!(sandbox.bd_in(&dir, ["count"]).ok().stdout, "3\n");
    std::fs::write(dir.join("bad.md"), "## One\n### Priority\nsoon\n").unwrap();
    let run = sandbox.bd_in(&dir, ["create", "-f", "bad.md"]).code(2);
    assert!(run.stderr.contains("bad.md") && run.stderr.contains("line 2"), "{run:?}");
    let run = sandbox.bd_in(&dir, ["create", "Vague", "-t", "bug", "--validate"]).code(4);
    assert!(run.stderr.contains("reproduce"), "{run:?}");
}

#[test]
fn agents_beads_say_how_they_are_and_what_is_on_their_hook() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    sandbox.bd_in(&dir, ["create", "Work", "--id", "lab-w1"]).ok();
    let state = sandbox.bd_in(&dir, ["agent", "state", "lab-rig-polecat-nux", "working", "--json"]).ok().json();
    assert_eq!((&state["agent"], &state["agent_state"]), (&json!("lab-rig-polecat-nux"), &json!("working")));
    let shown = sandbox.bd_in(&dir, ["agent", "show", "lab-rig-polecat-nux", "--json"]).ok().json();
    assert_eq!(
        (&shown["role_type"], &shown["rig"], &shown["hook_bead"]),
        (&json!("polecat"), &json!("rig"), &json!(null))
    );
    assert_eq!(shown["last_activity"], state["last_activity"]);
    sandbox.bd_in(&dir, ["agent", "heartbeat", "lab-rig-polecat-nux"]).ok();
    sandbox.bd_in(&dir, ["slot", "set", "lab-rig-polecat-nux", "hook", "lab-w1"]).ok();
    sandbox.bd_in(&dir, ["create", "Other", "--id", "lab-w2"]).ok();
    let run = sandbox.bd_in(&dir, ["slot", "set", "lab-rig-polecat-nux", "hook", "lab-w2"]).code(4);
    assert!(run.stderr.contains("lab-w1") && run.stderr.contains("slot clear"), "{run:?}");
    let slots = sandbox.bd_in(&dir, ["slot", "show", "lab-rig-polecat-nux", "--json"]).ok().json();
    assert_eq!(slots["slots"], json!({"hook": "lab-w1", "role": null}));
    sandbox.bd_in(&dir, ["slot", "clear", "lab-rig-polecat-nux", "hook"]).ok();
    sandbox.bd_in(&dir, ["slot", "set", "lab-rig-polecat-nux", "hook", "lab-w2"]).ok();
    sandbox.bd_in(&dir, ["agent", "state", "lab-w1", "idle"]).code(2);
    sandbox.bd_in(&dir, ["agent", "state", "lab-rig-polecat-nux", "sleepy"]).code(2);
    sandbox.bd_in(&dir, ["agent", "state", "nobody-known", "idle"]).code(3);
    let ready = sandbox.bd_in(&dir, ["ready", "--json"]).ok().json();
    assert_eq!(ready.as_array().unwrap().len(), 2, "an agent is not work: {ready}");
}

#[test]
fn ready_names_the_steps_of_a_molecule_and_what_an_opened_gate_lets_go_on() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    std::fs::create_dir_all(dir.join(".beads/formulas")).unwrap();
    let formula = "formula = \"two\"\n[[steps]]\nid = \"a\"\ntitle = \"A\"\n[[steps]]\nid = \"b\"\ntitle = \"B\"\n\
                   [[steps]]\nid = \"c\"\ntitle = \"C\"\nneeds = [\"a\", \"b\"]\n[steps.gate]\ntype = \"human\"\n";
    std::fs::write(dir.join(".beads/formulas/two.formula.toml"), formula).unwrap();
    let poured = sandbox.bd_in(&dir, ["mol", "pour", "two", "--json"]).ok().json();
    let root = poured["new_epic_id"].as_str().unwrap();
    let ids = &poured["id_mapping"];
    let ready = sandbox.bd_in(&dir, ["ready", "--mol", root, "--json"]).ok().json();
    assert_eq!((&ready["molecule_id"], &ready["ready_steps"]), (&json!(root), &json!(2)), "{ready}");
    assert_eq!(ready["parallel_groups"]["group-1"].as_array().unwrap().len(), 2);
    assert_eq!(sandbox.bd_in(&dir, ["ready", "--gated", "--json"]).ok().json(), json!({"molecules": [], "count": 0}));
    let gate = sandbox.bd_in(&dir, ["gate", "list", "--json"]).ok().json()[0]["id"].as_str().unwrap().to_owned();
    let waiting = sandbox.bd_in(&dir, ["gate", "add-waiter", &gate, "ann", "--json"]).ok().json();
    assert_eq!(waiting["waiters"], json!(["ann"]));
    let step = |name: &str| {
        ids.as_object()
            .unwrap()
            .iter()
            .find(|(key, _)| key.ends_with(&format!(".{name}")) || *key == name)
            .unwrap()
            .1
            .as_str()
            .unwrap()
            .to_owned()
    };
    sandbox.bd_in(&dir, ["close", &step("a"), &step("b")]).ok();
    sandbox.bd_in(&dir, ["gate", "resolve", &gate]).ok();
    let gated = sandbox.bd_in(&dir, ["ready", "--gated", "--json"]).ok().json();
    assert_eq!(gated["count"], 1, "{gated}");
    assert_eq!(
        (&gated["molecules"][0]["closed_gate"]["id"], &gated["molecules"][0]["ready_step"]["title"]),
        (&json!(gate), &json!("C"))
    );
    sandbox.bd_in(&dir, ["update", &step("c"), "--claim"]).ok();
    assert_eq!(sandbox.bd_in(&dir, ["ready", "--gated", "--json"]).ok().json()["count"], 0);
}

#[test]
fn whoever_waits_for_a_gate_in_a_town_gets_mail() {
    let sandbox = Sandbox::new();
    let town = sandbox.path("town");
    sandbox.gt(["install", town.to_str().unwrap()]).ok();
    sandbox.bd_in(&town, ["create", "Approval", "--id", "hq-g1", "-t", "gate"]).ok();
    sandbox.bd_in(&town, ["gate", "add-waiter", "hq-g1", "mayor/"]).ok();
    sandbox.bd_in(&town, ["gate", "resolve", "hq-g1", "-r", "approved"]).ok();
    let inbox = sandbox.bd_in(&town, ["list", "-t", "message", "--wisps", "--json"]).ok().json();
    assert!(inbox[0]["title"].as_str().unwrap().contains("Approval"), "{inbox}");
    assert!(inbox[0]["assignee"].as_str().unwrap().starts_with("mayor"), "{inbox}");
}

#[test]
fn lists_as_trees_and_graphs_and_texts_that_name_a_bead() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    sandbox.bd_in(&dir, ["create", "Whole", "-t", "epic", "--id", "lab-e1", "-d", "All of it"]).ok();
    sandbox.bd_in(&dir, ["create", "Part", "--parent", "lab-e1"]).ok();
    sandbox.bd_in(&dir, ["create", "After", "--id", "lab-f1", "-d", "as lab-e1 says.", "--deps", "lab-e1"]).ok();
    let tree = sandbox.bd_in(&dir, ["list", "--pretty"]).ok().stdout;
    assert!(tree.lines().any(|line| line.starts_with("  ") && line.contains("lab-e1.1")), "{tree}");
    let long = sandbox.bd_in(&dir, ["list", "--long"]).ok().stdout;
    assert!(long.contains("All of it"), "{long}");
    let edges = sandbox.bd_in(&dir, ["list", "--format", "digraph"]).ok().stdout;
    assert!(edges.lines().any(|line| line == "lab-f1 lab-e1"), "{edges}");
    let shown = sandbox.bd_in(&dir, ["show", "lab-e1", "--refs", "--json"]).ok().json();
    assert_eq!(shown[0]["referenced_by"][0]["id"], "lab-f1");
    sandbox.bd_in(&dir, ["create", "Answer", "--id", "lab-m2", "--deps", "replies-to:lab-f1"]).ok();
    let thread = sandbox.bd_in(&dir, ["show", "lab-m2", "--thread", "--short", "--json"]).ok().json();
    let ids: Vec<&str> = thread.as_array().unwrap().iter().map(|bead| bead["id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["lab-f1", "lab-m2"]);
}

#[test]
fn a_watched_list_follows_the_ledger() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let out = sandbox.path("watched");
    let mut command = sandbox.command(BD);
    command.current_dir(&dir).args(["list", "--watch"]).stdout(std::fs::File::create(&out).unwrap());
    let mut child = command.spawn().unwrap();
    let shows = |word: &str| wait_for(word, || std::fs::read_to_string(&out).unwrap().contains(word).then_some(()));
    shows("Nothing to list");
    sandbox.bd_in(&dir, ["create", "Appears by itself"]).ok();
    shows("Appears by itself");
    child.kill().unwrap();
    child.wait().unwrap();
}
