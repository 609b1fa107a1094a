//! What a session's program may take of the machine: it gives way on a busy CPU, and goes first when memory runs out.

#![cfg(target_os = "linux")]

use gastown::session::ClientMsg;

use crate::session::World;
use crate::support::wait_for;

/// What the kernel says of a process in `/proc/<pid>/<file>`.
fn of_process(pid: &serde_json::Value, file: &str) -> String {
    std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default()
}

/// The nice value, field 19 of proc_pid_stat(5).
fn nice(pid: &serde_json::Value) -> i32 {
    let stat = of_process(pid, "stat");
    stat.rsplit(')').next().unwrap().split_whitespace().nth(16).unwrap().parse().unwrap()
}

/// How soon it goes when memory runs out, beside others of its size.
fn oom_score(pid: &serde_json::Value) -> i32 {
    of_process(pid, "oom_score_adj").trim().parse().unwrap()
}

#[test]
fn programs_give_way_and_their_hosts_do_not() {
    let world = World::new();
    let one = world.start("mayor/", "printf 'ready\n'; cat /proc/self/limits | grep core; read x");
    let (host, child) = (&one["host_pid"], &one["child_pid"]);
    let screen = world.wait_peek("mayor", "core file");
    // Whoever runs the tests may give way already.
    let me = std::process::id().into();
    assert_eq!((nice(child), nice(host)), (nice(&me).max(10), nice(&me)), "{one}");
    assert_eq!(oom_score(child), oom_score(&me).max(200));
    assert!(oom_score(host) <= oom_score(&me));
    assert!(screen.split("core file size").nth(1).unwrap().trim().starts_with('0'), "{screen}");
    // Where each session has its own share of the CPU, that counts.
    if !of_process(child, "autogroup").is_empty() {
        wait_for("the session's share", || of_process(child, "autogroup").contains("nice 10").then_some(()));
        assert!(of_process(host, "autogroup").contains("nice 0"));
        // But not the one that is typed into.
        world.client("hq-mayor").send(&ClientMsg::Input(b"x".to_vec())).unwrap();
        wait_for("its whole share", || of_process(child, "autogroup").contains("nice 0").then_some(()));
    }
    // A host that an agent starts is as near as any other.
    let order = ["session", "start", "overseer", "--cwd", "/", "--", "sh", "-c", "read x"];
    let inner = order.map(|word| format!("'{word}'")).join(" ");
    world.client("hq-mayor").send(&ClientMsg::Input(b"\r".to_vec())).unwrap();
    wait_for("the end", || world.listed().into_iter().find(|line| !line["exit"].is_null()));
    world.start("mayor/", &format!("cd {}; gt {inner}; read x", world.root.display()));
    let other = wait_for("the other session", || {
        let run = world.gt(["--json", "session", "status", "overseer"]);
        (run.status == Some(0)).then(|| run.json())
    });
    assert!(oom_score(&other["host_pid"]) <= oom_score(&me));
    for who in ["mayor", "overseer"] {
        world.gt(["session", "stop", who]).ok();
    }
    // As the settings say.
    world.gt(["config", "set", "limits.nice", "0"]).ok();
    let one = world.start("mayor/", "read x");
    assert_eq!(nice(&one["child_pid"]), nice(&me));
    let error = world.gt(["config", "set", "limits.nice", "20"]).code(1);
    assert!(error.stderr.contains("from 0 to 19"), "{error:?}");
}
