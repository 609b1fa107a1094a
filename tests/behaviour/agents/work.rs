//! From sling to merge, done by the real programs.

use std::path::Path;

use serde_json::Value;

use super::models::Act;
use super::person::Person;
use super::world::{World, alone};
use crate::town::kill;

/// What a worker does whose bead asks for a file.
const WORKER: &[Act] = &[
    Act::Write("greeting.txt", "hello\n"),
    Act::Run("git add greeting.txt && git commit -qm 'Greet'"),
    Act::Run("gt done"),
];
/// The same by commands alone, for a program that is told by its first prompt and not by its hooks.
const BY_COMMANDS: &[Act] = &[
    Act::Run("gt hook"),
    Act::Run("echo hello > greeting.txt"),
    Act::Run("git add greeting.txt && git commit -qm 'Greet'"),
    Act::Run("gt done"),
];
const QUESTION: &str = "What did you greet them with?";

fn from_sling_to_merge(world: &World, told: &[&str]) {
    world.permit("bypass");
    let (bead, agent) = world.sling("Greet the reader");
    world.wait_for("the bead is merged", || world.place.is_closed(&bead).then_some(()));
    let words = [&["You are", agent.as_str(), bead.as_str()], told].concat();
    assert!(world.model.was_told(&words), "told who it is:\n{}", world.model.log());
    merged(world);
    let seance = world.gt(["seance", "--json"]).ok().json();
    assert!(seance[0]["conversation"].is_string(), "its conversation can be found again: {seance}");
    assert_eq!((&seance[0]["bead"], &seance[0]["agent"]), (&bead.as_str().into(), &agent.as_str().into()));
    assert_eq!(seance[0]["recorded"], true, "{seance}");
    // It answers for what it did, although its worktree is gone.
    let worktree = world.place.root.join(&agent);
    world.wait_for("its worktree to be put away", || (!worktree.exists()).then_some(()));
    let answer = world.gt(["seance", "--talk", &bead, "-p", QUESTION, "--json"]);
    assert_eq!(answer.status, Some(0), "{answer:?}\n{}", world.model.log());
    assert!(answer.json()["answer"].as_str().unwrap().contains("Done."), "{answer:?}");
    assert!(world.model.was_told(&[QUESTION, "greeting.txt"]), "in its old context:\n{}", world.model.log());
}

/// The work is at the origin.
fn merged(world: &World) {
    let origin = world.place.origin("web");
    assert_eq!(world.place.files(&origin), ["README.md", "greeting.txt"]);
    assert_eq!(world.place.subjects(&origin)[0], "Greet");
}

/// What it took is known, by the program's own account.
fn counted(world: &World) {
    let costs = world.gt(["costs", "--by", "bead", "--json"]).ok().json();
    let row = &costs["rows"][0];
    assert!(row["input"].as_u64() > Some(500), "what it took is known: {costs}");
    assert!(row["cache_read"].as_u64() >= Some(6000) && row["output"].as_u64() >= Some(100), "{costs}");
}

#[test]
fn claude_code_does_a_bead_and_hands_it_in() {
    alone("agents::work::claude_code_does_a_bead_and_hands_it_in", "claude", |cli| {
        let world = World::new(cli, WORKER);
        from_sling_to_merge(&world, &["worktree: "]);
        counted(&world);
    });
}

#[test]
fn codex_does_a_bead_and_hands_it_in() {
    alone("agents::work::codex_does_a_bead_and_hands_it_in", "codex", |cli| {
        let world = World::new(cli, WORKER);
        from_sling_to_merge(&world, &["worktree: "]);
        counted(&world);
    });
}

#[test]
fn gemini_does_a_bead_and_hands_it_in() {
    alone("agents::work::gemini_does_a_bead_and_hands_it_in", "gemini", |cli| {
        let world = World::new(cli, WORKER);
        from_sling_to_merge(&world, &["worktree: "]);
        counted(&world);
    });
}

#[test]
fn opencode_does_a_bead_and_hands_it_in() {
    alone("agents::work::opencode_does_a_bead_and_hands_it_in", "opencode", |cli| {
        let world = World::new(cli, WORKER);
        from_sling_to_merge(&world, &["worktree: "]);
        counted(&world);
    });
}

#[test]
fn copilot_does_a_bead_and_hands_it_in() {
    alone("agents::work::copilot_does_a_bead_and_hands_it_in", "copilot", |cli| {
        from_sling_to_merge(&World::new(cli, BY_COMMANDS), &[]);
    });
}

/// What takes longer has its turn only when there is time for all.
fn long() -> bool {
    let long = std::env::var_os("GT_LONG").is_some();
    if !long {
        println!("skipped: GT_LONG is not set");
    }
    long
}

fn checkpoint(world: &World, session: &str) -> Value {
    let path = world.place.root.join(".runtime/agents").join(session).join("checkpoint.json");
    std::fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
}

#[test]
fn a_killed_agent_goes_on_in_its_conversation_and_a_shortened_one_is_told_again() {
    if !long() {
        return;
    }
    let name = "agents::work::a_killed_agent_goes_on_in_its_conversation_and_a_shortened_one_is_told_again";
    alone(name, "claude", |cli| {
        let world = World::new(cli, &[Act::Write("greeting.txt", "hello\n"), Act::Say("I wait for a word.")]);
        world.permit("bypass");
        let (_, agent) = world.sling("Greet the reader");
        world.wait_for("its turn to end", || (world.note(&agent)["event"] == "Stop").then_some(()));
        let first = world.place.agents()[0].clone();
        let conversation = world.note(&agent)["conversation"].clone();
        kill(first["pid"].as_i64().unwrap().try_into().unwrap(), "-9");
        world.wait_for("it goes on where it was", || {
            let words = ["Where you stopped", "greeting.txt", "1 file changed"];
            world.model.was_told(&words).then_some(())
        });
        assert_eq!(world.note(&agent)["conversation"], conversation, "in the same conversation");
        world.wait_for("its turn to end", || (world.note(&agent)["event"] == "Stop").then_some(()));
        let session = first["session"].as_str().unwrap();
        let before = checkpoint(&world, session)["timestamp"].clone();
        // Of this it has heard nothing yet: the shortened conversation has it only when the agent is told anew.
        world.gt(["remember", "style", "Tabs, never spaces.", "--town"]).ok();
        world.gt(["nudge", &agent, "/compact"]).ok();
        world.wait_for("a checkpoint", || (checkpoint(&world, session)["timestamp"] != before).then_some(()));
        world.wait_for("it is free again", || (world.note(&agent)["state"] == "idle").then_some(()));
        world.gt(["nudge", &agent, "Now go on."]).ok();
        world.wait_for("it is told again who it is", || {
            let words = ["Now go on.", "You are", &agent, "worktree: ", "Tabs, never spaces."];
            world.model.was_told(&words).then_some(())
        });
    });
}

#[test]
fn a_person_runs_the_runtime_by_hand_and_the_work_is_merged() {
    alone("agents::work::a_person_runs_the_runtime_by_hand_and_the_work_is_merged", "claude", |cli| {
        let world = World::new(cli, WORKER);
        world.permit("bypass");
        let bead = world.place.bead("web", "Greet the reader", "true", &[]);
        let slung = world.gt(["sling", &bead, "web", "--no-start", "--agent", "claude", "--json"]).ok().json();
        let slung = &slung["slung"][0];
        let line = slung["command"].as_str().unwrap();
        let ours = Path::new(crate::support::GT).parent().unwrap().display().to_string();
        let line = format!("PATH={ours}:$PATH; {line}");
        let mut person = Person::runs(&world.place.sandbox, &world.place.root, &line);
        world.wait_for("its input line", || person.sees().contains('❯').then_some(()));
        person.types("Begin.", |_| world.model.was_told(&["Begin."]));
        world.wait_for("the bead is merged", || {
            person.sees();
            world.place.is_closed(&bead).then_some(())
        });
        let agent = slung["agent"].as_str().unwrap();
        let told = world.model.was_told(&["You are", agent, "worktree: ", &bead]);
        assert!(told, "its hooks did the rest:\n{}\n{}", person.sees(), world.model.log());
        merged(&world);
        assert!(!person.has_ended(), "what a person runs, a person ends");
    });
}

/// What the mayor does when it is told to build something.
const MAYOR: &[Act] = &[
    Act::Run(
        "cd ../web && bead=$(bd create 'Greet the reader' --silent) && gt convoy create 'What you asked for' \"$bead\" && gt sling \"$bead\" web",
    ),
    Act::Say("One worker is at it."),
];

#[test]
fn a_mayor_who_is_told_in_words_has_it_built() {
    alone("agents::work::a_mayor_who_is_told_in_words_has_it_built", "claude", |cli| {
        let world = World::of(cli, &[("You are mayor/", MAYOR), ("", WORKER)]);
        world.permit("bypass");
        world.place.set("settings/config.json", &[("default_agent", "claude".into())]);
        world.gt(["mayor", "start"]).ok();
        world.wait_for("the mayor to be there", || (world.state("mayor/").0 == "idle").then_some(()));
        let told = world.gt(["mayor", "tell", "Have the reader greeted.", "--wait", "--json"]).ok().json();
        let screen = told["screen"].as_str().unwrap();
        assert!(screen.contains("One worker is at it."), "{screen}\n{}", world.model.log());
        let convoy = world.wait_for("the convoy to land", || {
            let all = world.gt(["convoy", "list", "--all", "--json"]).ok().json();
            let all = all.as_array().unwrap().clone();
            all.into_iter().find(|one| one["title"] == "What you asked for" && one["status"] == "closed")
        });
        assert!(convoy["id"].as_str().unwrap().starts_with("hq-cv-"), "{convoy}");
        merged(&world);
    });
}

#[test]
fn a_refusal_for_too_many_requests_is_told() {
    let refusal = Act::Refuse(429, "rate_limit_error", "This request would exceed your account's rate limit.");
    alone("agents::work::a_refusal_for_too_many_requests_is_told", "claude", |cli| {
        let world = World::new(cli, &[refusal]);
        world.permit("bypass");
        let (_, agent) = world.sling("Greet the reader");
        world.wait_for("the agent is rate-limited", || (world.state(&agent).0 == "rate-limited").then_some(()));
        assert!(world.note(&agent)["conversation"].is_string());
    });
}

fn needs_a_person_at_its_first_dialog(world: &World) -> String {
    let (_, agent) = world.sling("Greet the reader");
    world.wait_for("it needs a person", || (world.state(&agent).0 == "needs-you").then_some(()));
    agent
}

#[test]
fn an_agent_at_its_first_dialog_needs_a_person() {
    alone("agents::work::an_agent_at_its_first_dialog_needs_a_person", "claude", |cli| {
        // Nobody has said that the worktree may be trusted, so that the program asks.
        let world = World::new(cli, WORKER);
        let agent = needs_a_person_at_its_first_dialog(&world);
        let explained = world.gt(["agents", "explain", &agent, "--json"]).ok().json();
        assert_eq!((&explained["agent"], &explained["preset"]), (&agent.as_str().into(), &"claude".into()));
        let counts = explained["state"]["source"].as_str().unwrap();
        let sources: Vec<&str> =
            explained["evidence"].as_array().unwrap().iter().map(|item| item["source"].as_str().unwrap()).collect();
        assert!(sources.contains(&counts) && sources.contains(&"process"), "{explained}");
        let told = world.gt(["agents", "explain", &agent]).ok().stdout;
        assert!(told.contains("needs-you") && told.contains("\u{2192} "), "{told}");
        world.gt(["agents", "explain", "nobody"]).code(3);
    });
}

#[test]
fn gemini_at_its_first_dialog_needs_a_person() {
    alone("agents::work::gemini_at_its_first_dialog_needs_a_person", "gemini", |cli| {
        needs_a_person_at_its_first_dialog(&World::new(cli, WORKER));
    });
}

#[test]
fn copilot_at_its_first_dialog_needs_a_person() {
    alone("agents::work::copilot_at_its_first_dialog_needs_a_person", "copilot", |cli| {
        needs_a_person_at_its_first_dialog(&World::new(cli, WORKER));
    });
}

#[test]
fn codex_at_its_first_dialog_needs_a_person() {
    alone("agents::work::codex_at_its_first_dialog_needs_a_person", "codex", |cli| {
        needs_a_person_at_its_first_dialog(&World::new(cli, WORKER));
    });
}
