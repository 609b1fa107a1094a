//! Who is who: every role by its environment and by its directory, its session, its author, and what contradicts itself.

use std::path::PathBuf;

use crate::support::{GT, Run};
use crate::town::Place;

/// Address, variables that say so, directory below the town, session, git author.
type Row = (&'static str, &'static [(&'static str, &'static str)], &'static str, &'static str, &'static str);

const TABLE: &[Row] = &[
    ("mayor/", &[("GT_ROLE", "mayor")], "mayor", "hq-mayor", "mayor@x.org"),
    ("deacon/", &[("GT_ROLE", "deacon")], "", "hq-deacon", "deacon@x.org"),
    ("web/witness", &[("GT_ROLE", "witness"), ("GT_RIG", "web")], "", "web-witness", "web.witness@x.org"),
    (
        "web/refinery",
        &[("GT_ROLE", "refinery"), ("GT_RIG", "web")],
        "web/refinery/rig",
        "web-refinery",
        "web.refinery@x.org",
    ),
    (
        "web/crew/ann",
        &[("GT_ROLE", "crew"), ("GT_RIG", "web"), ("GT_CREW", "ann")],
        "web/crew/ann",
        "web-crew-ann",
        "web.crew.ann@x.org",
    ),
    (
        "web/polecats/nux",
        &[("GT_ROLE", "polecat"), ("GT_RIG", "web"), ("GT_POLECAT", "nux")],
        "web/polecats/nux",
        "web-polecat-nux",
        "web.polecats.nux@x.org",
    ),
    (
        "deacon/dogs/rex",
        &[("GT_ROLE", "dog"), ("GT_DOG", "rex")],
        "deacon/dogs/rex",
        "hq-dog-rex",
        "deacon.dogs.rex@x.org",
    ),
];

struct World {
    place: Place,
}

impl World {
    fn new() -> World {
        let place = Place::new(&["web"]);
        place.gt(["config", "agent-email-domain", "x.org"]).ok();
        place.gt(["crew", "add", "ann", "--rig", "web"]).ok();
        place.gt(["dog", "add", "rex"]).ok();
        let bead = place.bead("web", "Wait", "true", &[]);
        place.gt(["sling", &bead, "web/polecats/nux", "--no-start"]).ok();
        World { place }
    }

    fn gt(&self, cwd: &str, env: &[(&str, &str)], args: &[&str]) -> Run {
        let mut command = self.place.sandbox.command(GT);
        command.current_dir(self.place.root.join(cwd)).envs(env.iter().copied()).args(args);
        self.place.sandbox.run(command)
    }
}

#[test]
fn every_role_is_known_by_its_environment_and_its_directory() {
    let world = World::new();
    for (address, env, home, session, author) in TABLE {
        let role = env[0].1;
        let by_env = world.gt("", env, &["whoami", "--json"]).ok().json();
        assert_eq!((&by_env["address"], &by_env["role"]), (&(*address).into(), &role.into()));
        assert_eq!((&by_env["source"], &by_env["warning"]), (&"environment".into(), &serde_json::Value::Null));
        if !home.is_empty() {
            let by_place = world.gt(home, &[], &["whoami", "--json"]).ok().json();
            assert_eq!((&by_place["address"], &by_place["source"]), (&(*address).into(), &"directory".into()));
            let told = PathBuf::from(world.gt("", &[], &["role", "home", address]).ok().stdout.trim());
            assert_eq!(told.canonicalize().unwrap(), world.place.root.join(home).canonicalize().unwrap());
        }
        // Its environment as gt gives it makes the same of whoever has it, anywhere.
        let env = world.gt("", &[], &["role", "env", address, "--json"]).ok().json();
        assert_eq!((&env["GT_SESSION"], &env["GIT_AUTHOR_EMAIL"]), (&(*session).into(), &(*author).into()));
        let env: Vec<(&str, &str)> =
            env.as_object().unwrap().iter().map(|(key, value)| (key.as_str(), value.as_str().unwrap())).collect();
        assert_eq!(world.gt("", &env, &["whoami", "--json"]).ok().json()["address"], *address);
        // Written as an address in one variable it is the same.
        assert_eq!(world.gt("", &[("BD_ACTOR", address)], &["whoami", "--json"]).ok().json()["address"], *address);
        assert_eq!(world.gt("", &[("GT_ROLE", address)], &["whoami", "--json"]).ok().json()["address"], *address);
        // Mail and hook are its own.
        let to = if matches!(*address, "deacon/") { "mayor/" } else { address };
        world.gt("", &[], &["mail", "send", to, "-s", "To you", "-m", "x"]).ok();
        let inbox = world.gt("", &env, &["mail", "inbox", "--json"]).ok().json();
        let own = inbox.as_array().unwrap();
        assert!(*address == "deacon/" || own.iter().all(|message| message["to"] == *address), "{inbox}");
    }
    assert_eq!(world.gt("", &[], &["whoami", "--json"]).ok().json()["address"], "overseer");
    assert_eq!(world.gt("web", &[], &["whoami", "--json"]).ok().json()["source"], "nobody");
    let roles = world.gt("", &[], &["role", "list", "--json"]).ok().json();
    let names: Vec<&str> = roles.as_array().unwrap().iter().map(|line| line["role"].as_str().unwrap()).collect();
    for (_, env, ..) in TABLE {
        assert!(names.contains(&env[0].1), "{names:?}");
    }
}

#[test]
fn two_that_contradict_each_other_are_told() {
    let world = World::new();
    for (address, env, home, ..) in TABLE.iter().filter(|row| !row.2.is_empty()) {
        for (other, _, elsewhere, ..) in TABLE.iter().filter(|row| !row.2.is_empty() && row.0 != *address) {
            let told = world.gt(elsewhere, env, &["whoami", "--json"]).ok().json();
            assert_eq!(told["address"], *address, "the environment comes first");
            let warning = told["warning"].as_str().unwrap();
            assert!(warning.contains(other) && warning.contains(home), "{warning}");
        }
    }
    for wrong in [&[("GT_ROLE", "crew")][..], &[("GT_ROLE", "polecat"), ("GT_RIG", "web")], &[("GT_ROLE", "cat")]] {
        // Half an identity is none.
        assert_eq!(world.gt("", wrong, &["whoami", "--json"]).ok().json()["address"], "overseer", "{wrong:?}");
    }
    let home = |args: &[&str]| world.gt("", &[], &[&["role", "home"], args].concat()).ok().stdout.trim().to_owned();
    assert!(home(&["polecat", "--rig", "web", "--name", "nux"]).ends_with("web/polecats/nux"));
    assert!(home(&["witness", "--rig", "web"]).ends_with("/web") && home(&["mayor"]).ends_with("/mayor"));
    world.gt("", &[], &["role", "home", "crew", "--rig", "web"]).code(2);
    for wrong in ["web", "web/polecats/", "web/polecats/../x", "a/b/c/d", "mayors"] {
        world.gt("", &[], &["role", "home", wrong]).code(2);
    }
}
