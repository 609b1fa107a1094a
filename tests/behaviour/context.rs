//! What each role is told when it starts: short, whoever it is, and only commands that exist (`tests/docs.rs` checks the texts).

use std::path::PathBuf;

use crate::support::GT;
use crate::town::Place;

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
    println!("role          bytes   tokens (bytes / 4)");
    let worktree = PathBuf::from(slung["slung"][0]["worktree"].as_str().unwrap());
    for (role, home) in [
        ("mayor", place.root.join("mayor")),
        ("polecat", worktree),
        ("crew", place.root.join("web/crew/ann")),
        ("refinery", place.root.join("web/refinery/rig")),
        ("dog", place.root.join("deacon/dogs/rex")),
    ] {
        let mut prime = place.sandbox.command(GT);
        prime.current_dir(&home).args(["prime", "--json"]);
        let primed = place.sandbox.run(prime).ok().json();
        assert_eq!(primed["role"], role);
        let bytes = primed["text"].as_str().unwrap().len();
        println!("{role:<12} {bytes:>6}   {:>6}", bytes / 4);
        assert!((200..MOST).contains(&bytes), "{role}: {bytes} bytes");
    }
}
