//! What each role is told when it starts: short, whoever it is, and only commands that exist (`tests/docs.rs` checks the texts).

use std::path::PathBuf;

use crate::support::GT;
use crate::town::Place;

const MANUAL: &str = include_str!("../../docs/agents.md");
/// The most bytes a start may cost.
const MOST: usize = 6 * 1024;

#[test]
fn every_role_starts_with_little_to_read() {
    let place = Place::new(&["web"]);
    place.gt(["crew", "add", "ann", "--rig", "web"]).ok();
    place.gt(["dog", "add", "rex"]).ok();
    // As much as there can be: a long bead with steps on the hook, mail, notes.
    let words = "Many words that nobody needs to read at once. ".repeat(200);
    let bead =
        place.bead("web", "A piece of work with a title of an ordinary length", &format!("# {words}\ntrue"), &[]);
    place.gt(["sling", "feature", "--on", &bead, "web/crew/ann"]).ok();
    let other = place.bead("web", "Another piece of work", &format!("# {words}\ntrue"), &[]);
    let slung = place.gt(["sling", "polecat-work", "--on", &other, "web", "--no-start", "--json"]).ok().json();
    let worker = slung["slung"][0]["agent"].as_str().unwrap().to_owned();
    for to in ["mayor/", "web/ann", &worker, "deacon/dogs/rex"] {
        for n in 0..20 {
            place.gt(["mail", "send", to, "-s", &format!("Message {n}, {}", &words[..400]), "-m", &words]).ok();
        }
    }
    for n in 0..10 {
        place.gt(["remember", &format!("note-{n}"), &words[..900], "--town"]).ok();
    }
    println!("role          bytes   tokens");
    let worktree = PathBuf::from(slung["slung"][0]["worktree"].as_str().unwrap());
    place.gt(["mail", "send", "web/witness", "-s", &words[..400], "-m", &words]).ok();
    for (role, home) in [
        ("mayor", place.root.join("mayor")),
        ("witness", place.root.clone()),
        ("polecat", worktree),
        ("crew", place.root.join("web/crew/ann")),
        ("refinery", place.root.join("web/refinery/rig")),
        ("dog", place.root.join("deacon/dogs/rex")),
    ] {
        let mut prime = place.sandbox.command(GT);
        prime.current_dir(&home).args(["prime", "--explain", "--json"]);
        if role == "witness" {
            // It has no directory of its own.
            prime.env("GT_ROLE", "witness").env("GT_RIG", "web");
        }
        let told = place.sandbox.run(prime).ok().json();
        assert_eq!(told["role"], role);
        let (bytes, tokens) = (told["bytes"].as_u64().unwrap(), told["tokens"].as_u64().unwrap());
        println!("{role:<12} {bytes:>6}   {tokens:>6}");
        assert!((200..MOST as u64).contains(&bytes), "{role}: {bytes} bytes");
        // What the manual says of it is about right.
        let row = MANUAL.lines().find_map(|line| line.strip_prefix(&format!("| {role} | "))).unwrap();
        let said: Vec<u64> = row.split('|').filter_map(|cell| cell.trim().parse().ok()).collect();
        let about = |said: u64, is: u64| said.abs_diff(is) * 8 < is;
        assert!(
            about(said[0], bytes) && about(said[1], tokens),
            "docs/agents.md: {role}: {bytes} bytes, {tokens} tokens"
        );
        let parts = told["parts"].as_array().unwrap();
        assert!(parts.iter().any(|part| part["name"] == "role" && part["bytes"].as_u64() < Some(2048)), "{told}");
    }
}
