//! From sling to merge, done by the real programs.

use super::models::Act;
use super::world::{World, alone};

/// What a worker does whose bead asks for a file.
const WORKER: &[Act] = &[
    Act::Write("greeting.txt", "hello\n"),
    Act::Run("git add greeting.txt && git commit -qm 'Greet'"),
    Act::Run("gt done"),
];

fn from_sling_to_merge(world: &World) {
    world.permit("bypass");
    let (bead, agent) = world.sling("Greet the reader");
    world.wait_for("the bead is merged", || world.place.is_closed(&bead).then_some(()));
    assert!(
        world.model.was_told(&["You are", &agent, "worktree: ", &bead]),
        "primed by its hook:\n{}",
        world.model.log()
    );
    let origin = world.place.origin("web");
    assert_eq!(world.place.files(&origin), ["README.md", "greeting.txt"]);
    let subject = &world.place.subjects(&origin)[0];
    assert_eq!(subject, "Greet");
    let costs = world.gt(["costs", "--by", "bead", "--json"]).ok().json();
    let row = &costs["rows"][0];
    assert!(row["key"] == bead.as_str() && row["input"].as_u64() > Some(500), "what it took is known: {costs}");
    assert!(row["cache_read"].as_u64() >= Some(6000) && row["output"].as_u64() >= Some(100), "{costs}");
    let seance = world.gt(["seance", "--json"]).ok().json();
    assert!(seance[0]["conversation"].is_string(), "its conversation can be found again: {seance}");
}

#[test]
fn claude_code_does_a_bead_and_hands_it_in() {
    alone("agents::work::claude_code_does_a_bead_and_hands_it_in", "claude", |cli| {
        from_sling_to_merge(&World::new(cli, WORKER));
    });
}

#[test]
fn codex_does_a_bead_and_hands_it_in() {
    alone("agents::work::codex_does_a_bead_and_hands_it_in", "codex", |cli| {
        from_sling_to_merge(&World::new(cli, WORKER));
    });
}

/// The others take their turn only when there is time for all.
fn long() -> bool {
    let long = std::env::var_os("GT_LONG").is_some();
    if !long {
        println!("skipped: GT_LONG is not set");
    }
    long
}

#[test]
fn gemini_does_a_bead_and_hands_it_in() {
    if !long() {
        return;
    }
    alone("agents::work::gemini_does_a_bead_and_hands_it_in", "gemini", |cli| {
        from_sling_to_merge(&World::new(cli, WORKER));
    });
}

#[test]
fn opencode_does_a_bead_and_hands_it_in() {
    if !long() {
        return;
    }
    alone("agents::work::opencode_does_a_bead_and_hands_it_in", "opencode", |cli| {
        from_sling_to_merge(&World::new(cli, WORKER));
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

#[test]
fn an_agent_at_its_first_dialog_needs_a_person() {
    alone("agents::work::an_agent_at_its_first_dialog_needs_a_person", "claude", |cli| {
        // Nobody has said that the worktree may be trusted, so that the program asks.
        let world = World::new(cli, WORKER);
        let (_, agent) = world.sling("Greet the reader");
        world.wait_for("it needs a person", || (world.state(&agent).0 == "needs-you").then_some(()));
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
