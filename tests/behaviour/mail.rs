//! `gt mail`: to those who exist, alone or in groups; threads; each message told of once.

use crate::support::{Run, Sandbox};

fn town() -> (Sandbox, std::path::PathBuf) {
    let sandbox = Sandbox::new();
    sandbox.gt(["install", "town"]).ok();
    let root = sandbox.path("town");
    let origin = sandbox.origin("project");
    sandbox.gt_in(&root, ["rig", "add", "web", origin.to_str().unwrap()]).ok();
    for name in ["ann", "bob"] {
        sandbox.gt_in(&root, ["crew", "add", name]).ok();
    }
    (sandbox, root)
}

#[test]
fn messages_reach_those_who_exist() {
    let (sandbox, root) = town();
    let send = |to: &str| sandbox.gt_in(&root, ["mail", "send", to, "-s", "Hello", "--json"]);
    assert_eq!(send("web/ann").ok().json()["to"], "web/crew/ann");
    assert_eq!(send("web/witness").ok().json()["to"], "web/witness");
    let to = |run: Run| -> Vec<String> {
        let all = run.ok().json();
        all.as_array().unwrap().iter().map(|one| one["to"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(to(send("@crew/web")), ["web/crew/ann", "web/crew/bob"]);
    assert_eq!(to(send("web/")), ["web/crew/ann", "web/crew/bob"]);
    assert_eq!(to(send("@town")), ["mayor/", "web/crew/ann", "web/crew/bob"]);
    for (wrong, hint) in [("web/crew/anm", "web/crew/ann"), ("mayr/", ""), ("@nobody", "groups:"), ("@crew/wob", "web")]
    {
        let refused = send(wrong).code(3);
        assert!(refused.stderr.contains(hint), "{wrong}: {refused:?}");
    }
}

#[test]
fn threads_are_answered_found_and_put_away() {
    let (sandbox, root) = town();
    let ann = root.join("web/crew/ann");
    let as_ann = |args: &[&str]| {
        let mut command = sandbox.command(crate::support::GT);
        command.current_dir(&ann).env("GT_ROLE", "crew").env("GT_RIG", "web").env("GT_CREW", "ann").args(args);
        sandbox.run(command)
    };
    as_ann(&["mail", "check"]).code(1);
    sandbox.gt_in(&root, ["mail", "send", "web/ann", "-s", "The roof", "-m", "Is it red?"]).ok();
    as_ann(&["mail", "check"]).ok();
    let told = as_ann(&["mail", "check", "--inject"]).ok().stdout;
    assert!(told.contains("<system-reminder>") && told.contains("1 unread") && told.contains("The roof"), "{told}");
    assert_eq!(as_ann(&["mail", "check", "--inject"]).ok().stdout, "", "each message is told of once");
    let answer = as_ann(&["mail", "reply", "1", "It is blue", "--json"]).ok().json();
    assert_eq!((&answer["to"], &answer["subject"]), (&"overseer".into(), &"Re: The roof".into()));
    sandbox.gt_in(&root, ["mail", "reply", "1", "Paint it"]).ok();
    let thread = as_ann(&["mail", "thread", "1", "--json"]).ok().json();
    let bodies: Vec<_> = thread.as_array().unwrap().iter().map(|one| one["body"].as_str().unwrap()).collect();
    assert_eq!(bodies, ["Is it red?", "It is blue", "Paint it"]);
    as_ann(&["mail", "archive", "1", "2"]).ok();
    assert_eq!(as_ann(&["mail", "inbox", "--json"]).ok().json().as_array().unwrap().len(), 0);
    let found = as_ann(&["mail", "search", "PAINT", "--json"]).ok().json();
    assert_eq!(found.as_array().unwrap().len(), 1);
    let other = answer["id"].as_str().unwrap();
    as_ann(&["mail", "archive", other]).code(4);
}
