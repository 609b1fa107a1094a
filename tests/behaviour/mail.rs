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
    sandbox.gt_in(&root, ["mail", "group", "create", "leads", "mayor/", "web/ann"]).ok();
    sandbox.gt_in(&root, ["mail", "group", "create", "everyone", "group:leads", "@crew/web"]).ok();
    // A group that holds itself by a detour ends all the same.
    sandbox.gt_in(&root, ["mail", "group", "add", "leads", "group:everyone"]).ok();
    sandbox.gt_in(&root, ["mail", "queue", "create", "reviews", "--claimers", "web/crew/*"]).ok();
    sandbox.gt_in(&root, ["mail", "channel", "create", "news"]).ok();
    std::fs::create_dir_all(root.join("deacon/dogs/rex")).unwrap();
    let send = |to: &str| sandbox.gt_in(&root, ["mail", "send", to, "-s", "Hello", "--json"]);
    let to = |run: Run| -> Vec<String> {
        let sent = run.ok().json();
        let all = sent.as_array().cloned().unwrap_or_else(|| vec![sent]);
        all.iter().map(|one| one["to"].as_str().unwrap().to_owned()).collect()
    };
    let crew = ["web/crew/ann", "web/crew/bob"].as_slice();
    for (word, expected) in [
        ("mayor/", ["mayor/"].as_slice()),
        ("mayor", &["mayor/"]),
        ("overseer", &["overseer"]),
        ("@overseer", &["overseer"]),
        ("deacon/dogs/rex", &["deacon/dogs/rex"]),
        ("@dogs", &["deacon/dogs/rex"]),
        ("@deacons", &["deacon/"]),
        ("web/witness", &["web/witness"]),
        ("web/refinery", &["web/refinery"]),
        ("*/witness", &["web/witness"]),
        ("@witnesses", &["web/witness"]),
        ("@refineries", &["web/refinery"]),
        ("web/ann", &["web/crew/ann"]),
        ("web/crew/ann", &["web/crew/ann"]),
        ("web/crew/*", crew),
        ("web/*/bob", &["web/crew/bob"]),
        ("@crew/web", crew),
        ("@crew", crew),
        ("@rig/web", crew),
        ("web/", crew),
        ("@town", &["mayor/", "deacon/dogs/rex", "web/crew/ann", "web/crew/bob"]),
        ("group:leads", &["mayor/", "web/crew/ann", "web/crew/bob"]),
        ("list:everyone", &["mayor/", "web/crew/ann", "web/crew/bob"]),
        ("leads", &["mayor/", "web/crew/ann", "web/crew/bob"]),
        ("queue:reviews", &["queue:reviews"]),
        ("reviews", &["queue:reviews"]),
        ("announce:news", &["channel:news"]),
        ("news", &["channel:news"]),
    ] {
        let mut found = to(send(word));
        let mut expected = expected.to_vec();
        found.sort();
        expected.sort_unstable();
        assert_eq!(found, expected, "{word}");
    }
    for (wrong, hint) in [
        ("web/crew/anm", "web/crew/ann"),
        ("mayr/", "mayor/"),
        ("@nobody", "groups:"),
        ("@crewe", "@crew"),
        ("@crew/wob", "web"),
        ("@polecats/web", "groups:"),
        ("queue:review", "reviews"),
        ("group:leds", "leads"),
        ("channel:new", "news"),
        ("leds", "leads"),
        ("wob/*", "groups:"),
        ("pigeon:x", "addresses:"),
    ] {
        let refused = send(wrong).code(3);
        assert!(refused.stderr.contains(hint), "{wrong}: {refused:?}");
    }
    sandbox.gt_in(&root, ["mail", "group", "create", "news", "mayor/"]).code(4);
    sandbox.gt_in(&root, ["mail", "group", "create", "mayor", "mayor/"]).code(4);
    sandbox.gt_in(&root, ["mail", "group", "create", "birds", "web/crew/owl"]).code(3);
}

fn as_crew<'a>(sandbox: &'a Sandbox, root: &std::path::Path, name: &'a str) -> impl Fn(&[&str]) -> Run + 'a {
    let home = root.join("web/crew").join(name);
    move |args| {
        let mut command = sandbox.command(crate::support::GT);
        command.current_dir(&home).env("GT_ROLE", "crew").env("GT_RIG", "web").env("GT_CREW", name).args(args);
        sandbox.run(command)
    }
}

#[test]
fn a_queue_gives_each_message_to_one_and_a_channel_to_all() {
    let (sandbox, root) = town();
    let (ann, bob) = (as_crew(&sandbox, &root, "ann"), as_crew(&sandbox, &root, "bob"));
    let gt = |args: &[&str]| {
        let mut command = sandbox.command(crate::support::GT);
        command.current_dir(&root).args(args);
        sandbox.run(command)
    };
    gt(&["mail", "queue", "create", "reviews", "--claimers", "@crew/web"]).ok();
    for subject in ["First", "Second"] {
        gt(&["mail", "send", "queue:reviews", "-s", subject]).ok();
    }
    assert_eq!(gt(&["mail", "queue", "list", "--json"]).ok().json()[0]["waiting"], 2);
    gt(&["mail", "claim", "reviews"]).code(4);
    gt(&["mail", "queue", "delete", "reviews"]).code(4);
    let claimed = ann(&["mail", "claim", "--json"]).ok().json();
    assert_eq!((&claimed["subject"], &claimed["queue"]), (&"First".into(), &"reviews".into()));
    let id = claimed["id"].as_str().unwrap();
    bob(&["mail", "release", id]).code(4);
    assert_eq!(bob(&["mail", "claim", "reviews", "--json"]).ok().json()["subject"], "Second");
    assert_eq!(bob(&["mail", "claim", "--json"]).ok().stdout.trim(), "null");
    ann(&["mail", "release", id]).ok();
    assert_eq!(bob(&["mail", "claim", "--json"]).ok().json()["subject"], "First");
    assert_eq!(ann(&["mail", "inbox", "--json"]).ok().json().as_array().unwrap().len(), 0);

    gt(&["mail", "channel", "create", "news", "--retain-count", "2"]).ok();
    ann(&["mail", "channel", "subscribe", "news"]).ok();
    for subject in ["One", "Two", "Three"] {
        gt(&["mail", "send", "channel:news", "-s", subject]).ok();
    }
    let subjects = |run: Run| -> Vec<String> {
        run.ok().json().as_array().unwrap().iter().map(|one| one["subject"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(subjects(bob(&["mail", "announces", "news", "--json"])), ["Two", "Three"]);
    assert_eq!(subjects(ann(&["mail", "inbox", "--json"])), ["Three", "Two", "One"]);
    ann(&["mail", "channel", "unsubscribe", "news"]).ok();
    gt(&["mail", "send", "news", "-s", "Four"]).ok();
    assert_eq!(subjects(ann(&["mail", "inbox", "--json"])).len(), 3);

    // Marks, copies, answers.
    ann(&["mail", "mark-read", "1", "2"]).ok();
    assert_eq!(subjects(ann(&["mail", "inbox", "--unread", "--json"])), ["One"]);
    ann(&["mail", "mark-unread", "1"]).ok();
    assert_eq!(ann(&["mail", "peek", "--json"]).ok().json()["subject"], "Three");
    let sent =
        ann(&["mail", "send", "web/bob", "--cc", "mayor/", "-s", "Re: news", "--reply-to", "1", "--json"]).ok().json();
    assert_eq!(sent.as_array().unwrap().len(), 2);
    bob(&["mail", "peek", "--json"]).ok();
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

#[test]
fn of_many_who_ask_while_mail_comes_each_message_is_told_to_one() {
    let (sandbox, root) = town();
    const MESSAGES: usize = 12;
    let is_over = std::sync::atomic::AtomicBool::new(false);
    let told: Vec<String> = std::thread::scope(|scope| {
        let asker = || {
            let mut told = Vec::new();
            let mut ask = || {
                let mut command = sandbox.command(crate::support::GT);
                command.current_dir(&root).env("BD_ACTOR", "web/crew/ann").args(["mail", "check", "--inject"]);
                command.env("GT_ROLE", "web/crew/ann");
                told.push(sandbox.run(command).ok().stdout);
            };
            while !is_over.load(std::sync::atomic::Ordering::SeqCst) {
                ask();
            }
            ask();
            told.join("")
        };
        let askers = [scope.spawn(asker), scope.spawn(asker)];
        for number in 0..MESSAGES {
            let subject = format!("<subject {number}>");
            sandbox.gt_in(&root, ["mail", "send", "web/ann", "-s", &subject, "-m", "x"]).ok();
        }
        is_over.store(true, std::sync::atomic::Ordering::SeqCst);
        askers.into_iter().map(|asker| asker.join().unwrap()).collect()
    });
    let told = told.join("");
    // What is said is a count and the newest subjects: the counts have to add up to what was sent.
    let counts = told.lines().filter_map(|line| line.split_once(" unread message")?.0.trim().parse::<usize>().ok());
    assert_eq!(counts.sum::<usize>(), MESSAGES, "{told}");
}

#[test]
fn a_message_is_what_its_sender_says_and_found_by_it() {
    let (sandbox, root) = town();
    let (ann, bob) = (as_crew(&sandbox, &root, "ann"), as_crew(&sandbox, &root, "bob"));
    ann(&["mail", "send", "web/bob", "--pinned", "--type", "task", "-s", "Keep this", "-m", "on top"]).ok();
    ann(&["mail", "send", "web/bob", "--cc", "mayor/", "-s", "News of the roof", "-m", "It is (almost) red."]).ok();
    sandbox.gt_in(&root, ["mail", "send", "web/bob", "--permanent", "-s", "For the record", "-m", "roof"]).ok();
    let inbox = bob(&["mail", "inbox", "--json"]).ok().json();
    let subjects: Vec<&str> = inbox.as_array().unwrap().iter().map(|one| one["subject"].as_str().unwrap()).collect();
    assert_eq!(subjects, ["Keep this", "For the record", "News of the roof"], "what is pinned is on top");
    assert_eq!((&inbox[0]["type"], &inbox[0]["pinned"]), (&"task".into(), &true.into()));
    assert_eq!((&inbox[1]["wisp"], &inbox[0]["wisp"]), (&false.into(), &true.into()));
    assert_eq!(inbox[2]["cc"], serde_json::json!(["mayor/"]));
    // What is pinned and old does not make what is new told again.
    assert!(bob(&["mail", "check", "--inject"]).ok().stdout.contains("3 unread"));
    assert_eq!(bob(&["mail", "check", "--inject"]).ok().stdout, "");
    let found = |args: &[&str]| {
        let all = bob(&[&["mail", "search", "--json"], args].concat()).ok().json();
        all.as_array().unwrap().iter().map(|one| one["subject"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found(&["ROOF"]), ["For the record", "News of the roof"]);
    assert_eq!(found(&["roof", "--subject"]), ["News of the roof"]);
    assert_eq!(found(&["roof", "--body"]), ["For the record"]);
    assert_eq!(found(&["roof", "--from", "web/crew/ann"]), ["News of the roof"]);
    assert_eq!(found(&["\\(almost\\)|record$"]), ["For the record", "News of the roof"]);
    bob(&["mail", "search", "("]).code(2);
    assert_eq!(bob(&["mail", "reply", "3", "-m", "Good", "--json"]).ok().json()["to"], "web/crew/ann");
    // Another's mailbox, by option too; and one's own by the directory one is in.
    assert_eq!(bob(&["mail", "inbox", "--address", "mayor/", "--json"]).ok().json().as_array().unwrap().len(), 1);
    bob(&["mail", "check", "--identity", "mayor/"]).ok();
    let here = sandbox.gt_in(&root.join("web/crew/bob"), ["mail", "inbox", "--json"]).ok().json();
    assert_eq!(here.as_array().unwrap().len(), 3);
    assert_eq!(bob(&["mail", "clear", "--json"]).ok().json()["archived"], 3);
    assert!(bob(&["mail", "inbox", "--json"]).ok().json().as_array().unwrap().is_empty());
    assert_eq!(bob(&["mail", "inbox", "--all", "--json"]).ok().json().as_array().unwrap().len(), 3);
}
