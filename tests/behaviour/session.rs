//! Sessions as processes: they outlive their starter, end whole, keep how they ended, and take messages and clients.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use gastown::session::{AttachMode, Client, ClientMsg, ServerMsg};
use gastown::terminal::{Emulator, Key, KeyPress, ScreenState, new_emulator};
use gastown::town::Town;
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

use crate::support::{GT, PATIENCE, Run, Sandbox, wait_for};

pub struct World {
    pub sandbox: Sandbox,
    pub root: PathBuf,
}

impl World {
    pub fn new() -> World {
        let sandbox = Sandbox::new();
        let root = sandbox.path("town");
        sandbox.gt(["install", root.to_str().unwrap()]).ok();
        World { sandbox, root }
    }

    pub fn gt<const N: usize>(&self, args: [&str; N]) -> Run {
        self.sandbox.gt_in(&self.root, args)
    }

    /// Runs `script` with sh as the agent `address`.
    pub fn start(&self, address: &str, script: &str) -> serde_json::Value {
        self.gt([
            "--json",
            "session",
            "start",
            address,
            "--cwd",
            self.sandbox.path("").to_str().unwrap(),
            "--",
            "sh",
            "-c",
            script,
        ])
        .ok()
        .json()
    }

    pub fn file(&self, name: &str) -> PathBuf {
        self.sandbox.path(name)
    }

    pub fn wait_file(&self, name: &str, part: &str) -> String {
        wait_for(&format!("{part:?} in {name}"), || {
            std::fs::read(self.file(name))
                .ok()
                .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
                .filter(|text| text.contains(part))
        })
    }

    pub fn wait_peek(&self, who: &str, part: &str) -> String {
        wait_for(&format!("{part:?} on the terminal of {who}"), || {
            let run = self.gt(["peek", who]);
            (run.status == Some(0) && run.stdout.contains(part)).then_some(run.stdout)
        })
    }

    pub fn client(&self, name: &str) -> Client {
        Client::connect(&Town::open(&self.root).unwrap(), name).unwrap()
    }

    pub fn listed(&self) -> Vec<serde_json::Value> {
        self.gt(["--json", "session", "list", "--all"]).ok().json().as_array().unwrap().clone()
    }

    pub fn wait_no_process(&self) {
        wait_for("every process to be gone", || self.sandbox.processes().is_empty().then_some(()));
    }
}

/// Applies what the host sends until `done` says so.
pub fn watch(client: &mut Client, mut done: impl FnMut(&ScreenState) -> bool) -> ScreenState {
    let start = Instant::now();
    let mut screen: Option<ScreenState> = None;
    loop {
        assert!(start.elapsed() < PATIENCE, "the screen never came: {:?}", screen.map(|screen| screen.text()));
        match client.recv(Duration::from_secs(1)).unwrap() {
            Some(ServerMsg::Full(full)) => screen = Some(*full),
            Some(ServerMsg::Delta(delta)) => delta.apply(screen.as_mut().unwrap()),
            _ => continue,
        }
        if screen.as_ref().is_some_and(&mut done) {
            return screen.unwrap();
        }
    }
}

pub fn kill_9(pid: i64) {
    assert!(Command::new("kill").args(["-9", &pid.to_string()]).status().unwrap().success());
}

#[test]
fn a_session_outlives_its_starter() {
    let world = World::new();
    let mut starter = world.sandbox.command("sh");
    starter.current_dir(&world.root).args([
        "-c",
        &format!("{GT} session start mayor/ -- sh -c 'echo up; read x; echo got-$x; read y' && kill -9 $$"),
    ]);
    let run = world.sandbox.run(starter);
    assert_eq!(run.status, None, "the starter died by a signal: {run:?}");
    world.wait_peek("mayor", "up");
    let mut client = world.client("hq-mayor");
    client.send(&ClientMsg::Input(b"word\r".to_vec())).unwrap();
    world.wait_peek("mayor", "got-word");
    world.gt(["session", "stop", "mayor"]).ok();
    world.wait_no_process();
}

#[test]
fn the_end_is_kept() {
    let world = World::new();
    world.start("mayor/", "echo first; echo last; exit 7");
    let line = wait_for("the end", || world.listed().into_iter().find(|line| !line["exit"].is_null()));
    assert_eq!(line["exit"]["code"], 7);
    assert_eq!(line["running"], false);
    let peeked = world.gt(["peek", "mayor"]).ok().stdout;
    assert_eq!(peeked, "first\nlast\n");
    assert_eq!(world.gt(["peek", "mayor", "-n", "1"]).ok().stdout, "last\n");
    let error = world.gt(["attach", "mayor"]).code(2);
    assert!(error.stderr.contains("needs a terminal"), "{error:?}");
    let stopped = world.gt(["--json", "session", "stop", "mayor"]).ok().json();
    assert_eq!(stopped["already_gone"], true);
    // The name is free again.
    world.start("mayor/", "kill -KILL $$");
    let line = wait_for("the signal", || world.listed().into_iter().find(|line| line["exit"]["signal"] == 9));
    assert_eq!(line["exit"]["code"], serde_json::Value::Null);
}

#[test]
fn a_name_runs_once() {
    let world = World::new();
    world.start("mayor/", "read x");
    let again = world.gt(["session", "start", "mayor/", "--", "true"]).code(4);
    assert!(again.stderr.contains("runs already") && again.stderr.contains("hint:"), "{again:?}");
    world.gt(["session", "stop", "mayor"]).ok();
}

#[test]
fn what_can_not_start_says_why() {
    let world = World::new();
    let missing = world.gt(["session", "start", "mayor/", "--", "no-such-program-anywhere"]).code(1);
    assert!(missing.stderr.contains("no-such-program-anywhere"), "{missing:?}");
    let nowhere = world.gt(["session", "start", "mayor/", "--cwd", "/no/such/place", "--", "true"]).code(1);
    assert!(nowhere.stderr.contains("/no/such/place"), "{nowhere:?}");
    std::fs::remove_dir_all(world.root.join(".runtime/sessions")).ok();
    std::fs::write(world.root.join(".runtime/sessions"), "in the way").unwrap();
    let blocked = world.gt(["session", "start", "mayor/", "--", "true"]).code(1);
    assert!(blocked.stderr.contains("sessions"), "{blocked:?}");
    world.wait_no_process();
}

/// Children that ignore the signals, left the process group, started sessions of their own or daemonised.
const STUBBORN: &str = r#"
nohup sleep 3001 >/dev/null 2>&1 &
setsid sleep 3002 &
(trap '' TERM HUP; while :; do sleep 3003; done) &
(setsid sh -c 'trap "" TERM HUP; (trap "" TERM HUP; exec sleep 3004) & exec sleep 3005' &)
env -u GT_SESSION_ID setsid sh -c 'trap "" TERM HUP INT; exec sleep 3006' </dev/null >/dev/null 2>&1 &
sh -c 'kill -STOP $$; sleep 3007' &
trap '' TERM HUP
echo planted
while :; do sleep 3008; done
"#;

#[test]
fn a_stop_takes_the_whole_tree() {
    let world = World::new();
    world.start("mayor/", STUBBORN);
    world.wait_peek("mayor", "planted");
    wait_for("the tree", || (world.sandbox.processes().len() >= 11).then_some(()));
    let stopped = world.gt(["--json", "session", "stop", "mayor"]).ok().json();
    assert!(stopped["ended"].as_u64().unwrap() >= 10, "{stopped}");
    assert_eq!(world.sandbox.processes(), Vec::<i32>::new(), "nothing is left when the stop returns");
    assert_eq!(world.listed()[0]["exit"]["reason"], "stopped");
}

#[test]
fn what_a_program_leaves_behind_ends_with_it() {
    let world = World::new();
    world.start("mayor/", "(setsid sh -c 'trap \"\" HUP TERM; exec sleep 3010' &) ; sleep 0.2; exit 0");
    wait_for("the end", || world.listed().into_iter().find(|line| line["exit"]["code"] == 0));
    world.wait_no_process();
}

#[test]
fn a_killed_host_leaves_nothing_behind() {
    let world = World::new();
    let record = world.start("mayor/", STUBBORN);
    world.wait_peek("mayor", "planted");
    kill_9(record["host_pid"].as_i64().unwrap());
    // The next command finds and ends what is left.
    let lines = wait_for("the sweep", || world.listed().into_iter().find(|line| !line["exit"].is_null()));
    assert_eq!(lines["exit"]["reason"], "host lost");
    world.wait_no_process();
    assert!(!Path::new(record["socket"].as_str().unwrap()).exists());
    world.start("mayor/", "echo again; read x");
    world.wait_peek("mayor", "again");
    world.gt(["session", "stop", "mayor"]).ok();
}

#[test]
fn the_asker_is_spared_until_it_is_done() {
    let world = World::new();
    let out = world.file("asked.json");
    world.start(
        "mayor/",
        &format!("setsid sleep 3020 & echo $! > sleeper; cd {}; gt --json session stop mayor > {}.part; mv {1}.part {1}; sleep 3021",
            world.root.display(), out.display()).replace("{1}", out.to_str().unwrap()),
    );
    wait_for("the end", || world.listed().into_iter().find(|line| !line["exit"].is_null()));
    world.wait_no_process();
    let part = PathBuf::from(format!("{}.part", out.display()));
    let text = std::fs::read_to_string(&out).or_else(|_| std::fs::read_to_string(&part)).unwrap();
    let report: serde_json::Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text:?}"));
    assert_eq!(report["spared"].as_array().unwrap().len(), 1, "{report}");
    assert!(report["ended"].as_u64().unwrap() >= 1, "the others were ended first: {report}");
}

#[test]
fn a_session_started_from_inside_another_outlives_it() {
    let world = World::new();
    world.start(
        "mayor/",
        &format!(
            "cd {}; gt session start overseer -- sh -c 'echo inner-$GT_ROLE; read x'; read y",
            world.root.display()
        ),
    );
    world.wait_peek("overseer", "inner-overseer");
    let inner = world.listed().into_iter().find(|line| line["address"] == "overseer").unwrap();
    world.gt(["session", "stop", "mayor"]).ok();
    let pid = inner["pid"].as_i64().unwrap() as i32;
    assert!(world.sandbox.processes().contains(&pid), "the inner session goes on");
    assert_eq!(world.gt(["--json", "session", "status", "overseer"]).ok().json()["running"], true);
    // Its host dies: what it leaves is found although another host is above it.
    world.start("mayor/", "read x");
    world.gt(["session", "stop", "overseer"]).ok();
    world.gt(["session", "stop", "mayor"]).ok();
    world.wait_no_process();
}

#[test]
fn the_environment_is_the_agents_own() {
    let world = World::new();
    let mut command = world.sandbox.command(GT);
    command.current_dir(&world.root).args([
        "session",
        "start",
        "mayor/",
        "--",
        "sh",
        "-c",
        &format!("env > {}; read x", world.file("env").display()),
    ]);
    command
        .env("TMUX", "/tmp/x")
        .env("TERM_PROGRAM_VERSION", "9")
        .env("ZELLIJ_PANE_ID", "1")
        .env("TERM", "screen")
        .env("CLAUDECODE", "1");
    world.sandbox.run(command).ok();
    let text = world.wait_file("env", "GT_SESSION_ID=");
    let env: BTreeMap<&str, &str> = text.lines().filter_map(|line| line.split_once('=')).collect();
    for gone in ["TMUX", "TERM_PROGRAM_VERSION", "ZELLIJ_PANE_ID", "CLAUDECODE", "GT_DETACHED"] {
        assert!(!env.contains_key(gone), "{gone}");
    }
    assert_eq!(env["TERM"], "xterm-256color");
    assert_eq!(env["COLORTERM"], "truecolor");
    assert_eq!(env["TERM_PROGRAM"], "gastown");
    assert_eq!(env["GT_SESSION"], "hq-mayor");
    assert_eq!(env["GT_ROLE"], "mayor");
    let first = Path::new(env["PATH"].split(':').next().unwrap());
    assert_eq!(first, Path::new(GT).parent().unwrap());
    world.gt(["session", "stop", "mayor"]).ok();
}

#[test]
fn queries_are_answered_in_order_with_nobody_looking() {
    let world = World::new();
    world.start(
        "mayor/",
        "stty raw -echo; printf '\\033[>0q\\033[?u\\033]7501;?\\007\\033[c\\033[?2026$p\\033[6n'; dd bs=1 count=150 of=reply 2>/dev/null; sleep 3030",
    );
    let version = format!("\x1bP>|gastown {}\x1b\\", env!("CARGO_PKG_VERSION"));
    let expected = [
        version.as_str(),
        "\x1b[?0u",
        "\x1b]7501;?:states=idle,working,done,blocked,error:kinds=permission,question,auth\x1b\\",
        "\x1b[?62;22;52c",
        "\x1b[?2026;2$y",
        "\x1b[1;1R",
    ]
    .concat();
    let got = world.wait_file("reply", "\x1b[1;1R");
    assert_eq!(got, expected);
    world.gt(["session", "stop", "mayor"]).ok();
}

#[test]
fn program_status_is_told() {
    let world = World::new();
    world.start(
        "mayor/",
        "printf '\\033]7501;state=blocked:app=x:kind=question:msg=d2hpY2g/\\033\\\\\\033]2;My title\\007'; read x",
    );
    let status = wait_for("the status", || {
        let status = world.gt(["--json", "session", "status", "mayor"]).ok().json();
        (status["title"] == "My title").then_some(status)
    });
    assert_eq!(status["program"]["state"], "blocked");
    assert_eq!(status["program"]["kind"], "question");
    assert_eq!(status["program"]["msg"], "which?");
    // A message typed now would answer the question.
    let nudged = world.gt(["--json", "nudge", "mayor", "hello"]).ok().json();
    assert_eq!(nudged["outcome"], "queued", "{nudged}");
    world.gt(["session", "stop", "mayor"]).ok();
}

#[test]
fn nudges_reach_a_line_reader_once_each() {
    let world = World::new();
    world.start("mayor/", "echo ready; while read -r line; do echo \"$line\" >> lines; echo \"took: $line\"; done");
    world.wait_peek("mayor", "ready");
    std::thread::scope(|scope| {
        for n in 0..4 {
            let world = &world;
            scope.spawn(move || {
                let message = format!("message number {n} \x1b[201~ end");
                let nudged = world.gt(["--json", "nudge", "mayor", &message]).ok().json();
                assert_eq!(nudged["outcome"], "delivered", "{nudged}");
            });
        }
    });
    let text = wait_for("four lines", || {
        let text = std::fs::read_to_string(world.file("lines")).unwrap_or_default();
        (text.lines().count() >= 4).then_some(text)
    });
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    let expected: Vec<String> = (0..4).map(|n| format!("message number {n} ^[[201~ end")).collect();
    assert_eq!(lines, expected);
    world.gt(["session", "stop", "mayor"]).ok();
}

#[test]
fn a_nudge_waits_for_the_person_who_types() {
    let world = World::new();
    world.start("mayor/", "echo ready; while read -r line; do echo \"$line\" >> lines; done");
    world.wait_peek("mayor", "ready");
    let mut client = world.client("hq-mayor");
    client.attach(AttachMode::Control, None).unwrap();
    for c in "typed by ".chars() {
        client.send(&ClientMsg::Key(KeyPress::plain(Key::Char(c)))).unwrap();
    }
    wait_for("the keys", || client.status().unwrap().bytes_in.ge(&9).then_some(()));
    let sender = std::thread::scope(|scope| {
        let nudge = scope.spawn(|| world.gt(["--json", "nudge", "mayor", "from another"]).ok().json());
        for c in "hand".chars() {
            client.send(&ClientMsg::Key(KeyPress::plain(Key::Char(c)))).unwrap();
        }
        client.send(&ClientMsg::Key(KeyPress::plain(Key::Enter))).unwrap();
        nudge.join().unwrap()
    });
    assert_eq!(sender["outcome"], "delivered");
    assert_eq!(world.wait_file("lines", "from another"), "typed by hand\nfrom another\n");
    world.gt(["session", "stop", "mayor"]).ok();
}

#[test]
fn two_clients_and_the_size_of_the_one_that_types() {
    let world = World::new();
    world.start("mayor/", "echo ready; while read -r x; do stty size; done");
    let mut first = world.client("hq-mayor");
    first.attach(AttachMode::Control, Some((90, 20))).unwrap();
    let screen = watch(&mut first, |screen| screen.text().contains("ready"));
    assert_eq!((screen.cols, screen.rows), (90, 20));
    let mut second = world.client("hq-mayor");
    second.attach(AttachMode::Control, Some((70, 10))).unwrap();
    watch(&mut second, |screen| screen.cols == 90 && screen.text().contains("ready"));
    second.send(&ClientMsg::Key(KeyPress::plain(Key::Enter))).unwrap();
    watch(&mut second, |screen| screen.cols == 70 && screen.text().contains("10 70"));
    watch(&mut first, |screen| screen.cols == 70 && screen.text().contains("10 70"));
    // One that only looks changes nothing.
    let mut third = world.client("hq-mayor");
    third.attach(AttachMode::View, Some((40, 5))).unwrap();
    third.send(&ClientMsg::Input(b"nonsense\r".to_vec())).unwrap();
    let screen = watch(&mut third, |screen| screen.cols == 70);
    assert!(!screen.text().contains("nonsense"));
    // A size of nothing is raised to the smallest there is.
    second.send(&ClientMsg::Resize { cols: 0, rows: 0 }).unwrap();
    watch(&mut second, |screen| (screen.cols, screen.rows) == (2, 1));
    world.gt(["session", "stop", "mayor"]).ok();
}

#[test]
fn a_flood_delays_neither_input_nor_other_clients() {
    let world = World::new();
    world.start("mayor/", "yes flood flood flood & read -r x; echo \"$x\" > got; wait");
    let mut stalled = world.client("hq-mayor");
    stalled.attach(AttachMode::View, None).unwrap();
    // Never read from again: the agent must not notice.
    let mut live = world.client("hq-mayor");
    live.attach(AttachMode::Control, Some((100, 30))).unwrap();
    watch(&mut live, |screen| screen.text().lines().count() >= 29);
    let before = live.status().unwrap().bytes_out;
    live.send(&ClientMsg::Input(b"through\r".to_vec())).unwrap();
    assert_eq!(world.wait_file("got", "through"), "through\n");
    wait_for("the flood to go on", || (live.status().unwrap().bytes_out > before + 1_000_000).then_some(()));
    // The one that stalled gets what is on the screen now, not what was.
    let screen = watch(&mut stalled, |screen| screen.cols == 100);
    assert!(screen.text().contains("flood"));
    world.gt(["session", "stop", "mayor"]).ok();
}

#[test]
fn output_that_is_no_text_is_shown_harmlessly() {
    let world = World::new();
    world.start("mayor/", "printf 'a\\377\\376b\\033]0;\\033[31mevil\\007 \\303'; printf '\\251c\\n'; read x");
    let shown = world.wait_peek("mayor", "éc");
    assert!(shown.starts_with("a\u{fffd}\u{fffd}b"), "{shown:?}");
    assert!(!shown.contains('\x1b'));
    world.gt(["session", "stop", "mayor"]).ok();
}

#[test]
fn unknown_sessions_are_named() {
    let world = World::new();
    world.start("mayor/", "read x");
    let wrong = world.gt(["peek", "hq-mayer"]).code(3);
    assert!(wrong.stderr.contains("did you mean hq-mayor?"), "{wrong:?}");
    world.gt(["nudge", "nobody", "x"]).code(3);
    world.gt(["session", "stop", "mayor"]).ok();
}

/// A terminal of our own around `gt attach`.
struct Outer {
    emulator: Box<dyn Emulator>,
    output: std::sync::mpsc::Receiver<Vec<u8>>,
    writer: Box<dyn std::io::Write + Send>,
    child: Box<dyn portable_pty::Child + Send + Sync>,
    master: Box<dyn portable_pty::MasterPty + Send>,
}

impl Outer {
    fn attach(world: &World, args: &[&str]) -> Outer {
        let pair =
            native_pty_system().openpty(PtySize { rows: 24, cols: 80, pixel_width: 0, pixel_height: 0 }).unwrap();
        let mut command = CommandBuilder::new(GT);
        command.arg("attach");
        command.args(args);
        command.cwd(&world.root);
        command.env_clear();
        for (key, value) in world.sandbox.command("true").get_envs() {
            command.env(key, value.unwrap());
        }
        let child = pair.slave.spawn_command(command).unwrap();
        let mut reader = pair.master.try_clone_reader().unwrap();
        let (sender, output) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let mut buffer = [0u8; 4096];
            while let Ok(count) = reader.read(&mut buffer) {
                if count == 0 || sender.send(buffer[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        let writer = pair.master.take_writer().unwrap();
        Outer { emulator: new_emulator(80, 24, 100), output, writer, child, master: pair.master }
    }

    fn wait(&mut self, what: &str, mut done: impl FnMut(&ScreenState) -> bool) {
        wait_for(what, || {
            while let Ok(bytes) = self.output.try_recv() {
                self.emulator.feed(&bytes);
                let replies = self.emulator.take_replies();
                self.writer.write_all(&replies).unwrap();
            }
            self.emulator.refresh(Instant::now());
            done(self.emulator.screen()).then_some(())
        });
    }

    fn type_in(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).unwrap();
        self.writer.flush().unwrap();
    }
}

#[test]
fn attach_shows_passes_keys_and_leaves_by_its_chord() {
    let world = World::new();
    world.start("mayor/", "echo ready; stty -echo raw; printf 'wide 漢字 \\033[31mred'; dd bs=1 count=7 of=keys 2>/dev/null; printf '\\r\\nkeys came'; sleep 3040");
    let mut outer = Outer::attach(&world, &["mayor"]);
    outer.wait("the agent's screen", |screen| screen.text().contains("漢字 red") && screen.modes.alt_screen);
    let screen = outer.emulator.screen();
    let last = screen.lines[23].text();
    assert!(last.contains("mayor/") && last.contains("ctrl-]"), "{last:?}");
    assert_ne!(screen.modes.kitty_flags, 0, "keys are asked for in full");
    // Up, Escape, a control key, a letter beyond ASCII: in the newer forms, as this terminal was asked to send them.
    outer.type_in(b"\x1b[A\x1b[27u\x1b[97;5u\xc3\xa9");
    outer.wait("the answer", |screen| screen.text().contains("keys came"));
    assert_eq!(std::fs::read(world.file("keys")).unwrap(), b"\x1b[A\x1b\x01\xc3\xa9");
    outer.type_in(b"\x1b[93;5u");
    let status = wait_for("gt attach to end", || outer.child.try_wait().unwrap());
    assert!(status.success(), "{status:?}");
    outer.wait("the outer terminal as it was", |screen| {
        !screen.modes.alt_screen
            && screen.modes.kitty_flags == 0
            && !screen.modes.bracketed_paste
            && screen.cursor.visible
    });
    assert!(outer.emulator.screen().text().contains("it goes on"));
    assert_eq!(world.gt(["--json", "session", "status", "mayor"]).ok().json()["running"], true);
    world.gt(["session", "stop", "mayor"]).ok();
}

#[test]
fn attach_restores_the_terminal_when_it_is_ended_or_the_session_ends() {
    let world = World::new();
    world.start("mayor/", "echo ready; read x; exit 3");
    let mut outer = Outer::attach(&world, &["mayor"]);
    outer.wait("the agent's screen", |screen| screen.text().contains("ready"));
    // The outer terminal changes its size; the agent's follows.
    outer.master.resize(PtySize { rows: 30, cols: 100, pixel_width: 0, pixel_height: 0 }).unwrap();
    outer.emulator.resize(100, 30);
    wait_for("the new size", || {
        let status = world.gt(["--json", "session", "status", "mayor"]).ok().json();
        (status["cols"] == 100 && status["rows"] == 29).then_some(())
    });
    Command::new("kill").arg(outer.child.process_id().unwrap().to_string()).status().unwrap();
    wait_for("gt attach to end", || outer.child.try_wait().unwrap());
    outer.wait("the outer terminal as it was", |screen| !screen.modes.alt_screen && screen.modes.kitty_flags == 0);
    let mut again = Outer::attach(&world, &["mayor"]);
    again.wait("the agent's screen", |screen| screen.text().contains("ready") && screen.modes.alt_screen);
    again.type_in(b"\r");
    wait_for("gt attach to end", || again.child.try_wait().unwrap());
    again.wait("how it ended", |screen| !screen.modes.alt_screen && screen.text().contains("exit 3"));
}

#[test]
fn scrollback_is_read_searched_and_copied_on_request() {
    let world = World::new();
    world.start("mayor/", "stty cols 40; seq -f 'number %g of many' 1 6000; printf '\\033[?1049hfull screen'; read x");
    let mut client = world.client("hq-mayor");
    wait_for("the lines", || (client.history(0, 1).unwrap().end >= 5900).then_some(()));
    wait_for("the other screen", || client.status().unwrap().alt_screen.then_some(()));
    let head = client.history(0, 3).unwrap();
    assert_eq!(head.first, 0);
    let text: Vec<String> = head.lines.iter().map(gastown::terminal::Line::text).collect();
    assert_eq!(text, ["number 1 of many", "number 2 of many", "number 3 of many"]);
    let tail = client.history(head.end, 1000).unwrap();
    assert!(tail.lines.iter().any(|line| line.text() == "number 6000 of many"), "{tail:?}");
    assert_eq!(client.history(4990, u32::MAX).unwrap().lines.len(), 1011, "no more than there are");
    let found = client.search("NUMBER 4321 ", u64::MAX, 10).unwrap();
    assert_eq!(found.matches, []);
    let found = client.search("number 4321 ", u64::MAX, 10).unwrap();
    assert_eq!(found.matches.iter().map(|place| (place.line, place.col)).collect::<Vec<_>>(), [(4320, 0)]);
    assert_eq!(client.select((4320, 7), (4321, 6)).unwrap(), "4321 of many\nnumber");
    world.gt(["session", "stop", "mayor"]).ok();
}

/// The record of the session called `name`, as it is on disk now.
fn record(world: &World, name: &str) -> serde_json::Value {
    let path = world.root.join(".runtime/sessions").join(name).join("session.json");
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Kills the host and waits until another one has taken over.
pub fn kill_host(world: &World, name: &str) -> serde_json::Value {
    let before = record(world, name);
    kill_9(before["host_pid"].as_i64().unwrap());
    wait_for("another host", || {
        let now = record(world, name);
        (now["host_pid"] != before["host_pid"] && now["exit"].is_null()).then_some(now)
    })
}

#[test]
fn with_a_daemon_a_killed_host_loses_nothing() {
    let world = World::new();
    world.gt(["daemon", "start"]).ok();
    world.start(
        "mayor/",
        "seq -f 'line %g' 3000; printf '\\033]2;My title\\007\\033[?2004h\\033[31mred\\033[0m '; while read -r x; do echo \"got $x\"; [ \"$x\" = end ] && exit 7; done",
    );
    world.wait_peek("mayor", "red");
    let mut client = world.client("hq-mayor");
    client.attach(AttachMode::View, None).unwrap();
    let before = watch(&mut client, |screen| screen.text().contains("red"));
    let holds = || world.root.join(".runtime/logs/daemon.log");
    let first = record(&world, "hq-mayor");
    let run = world.sandbox.path("run");
    let wait_held = || {
        let start = Instant::now();
        while !held(&run, "hq-mayor") {
            let log = || std::fs::read_to_string(holds()).unwrap_or_default();
            assert!(start.elapsed() < PATIENCE, "the daemon never holds the session\n{}", log());
            std::thread::sleep(Duration::from_millis(20));
        }
    };
    for n in 0..3 {
        wait_held();
        let now = kill_host(&world, "hq-mayor");
        assert_eq!(now["child_pid"], first["child_pid"]);
        assert_eq!(now["started_at"], first["started_at"]);
        let mut client = world.client("hq-mayor");
        client.attach(AttachMode::Control, None).unwrap();
        let after = watch(&mut client, |screen| screen.text().contains("red"));
        if n == 0 {
            assert_eq!(
                after,
                before,
                "the screen is the same\n{}",
                std::fs::read_to_string(holds()).unwrap_or_default()
            );
        }
        let lines = client.history(0, 3).unwrap();
        assert_eq!(lines.lines[1].text(), "line 2");
        client.send(&ClientMsg::Input(format!("round {n}\r").into_bytes())).unwrap();
        client.attach(AttachMode::Control, None).unwrap();
        watch(&mut client, |screen| screen.text().contains(&format!("got round {n}")));
        if n == 1 {
            // The daemon's duplicates die with it; the next daemon asks the hosts for others.
            kill_9(world.gt(["--json", "daemon", "status"]).ok().json()["pid"].as_i64().unwrap());
            wait_for("another daemon", || {
                let run = world.gt(["--json", "daemon", "start"]);
                (run.status == Some(0)).then_some(())
            });
        }
    }
    world.client("hq-mayor").send(&ClientMsg::Input(b"end\r".to_vec())).unwrap();
    let line = wait_for("the end", || world.listed().into_iter().find(|line| !line["exit"].is_null()));
    let code = &line["exit"]["code"];
    assert!(*code == 7 || code.is_null() && line["exit"]["reason"].as_str().unwrap().contains("unknown"), "{line}");
    // A session that is stopped stays so.
    world.start("mayor/", "read x");
    world.gt(["session", "stop", "mayor"]).ok();
    assert_eq!(record(&world, "hq-mayor")["exit"]["reason"], "stopped");
    world.gt(["daemon", "stop"]).ok();
    world.wait_no_process();
}

/// Whether the daemon whose socket is somewhere below `run` holds the session.
pub fn held(run: &Path, name: &str) -> bool {
    use std::io::{Read, Write};
    let Ok(entries) = std::fs::read_dir(run) else { return false };
    entries.flatten().any(|entry| {
        let Ok(mut stream) = std::os::unix::net::UnixStream::connect(entry.path().join("holder")) else { return false };
        let mut answer = String::new();
        writeln!(stream, "{{\"holds\":\"{name}\"}}").is_ok()
            && stream.read_to_string(&mut answer).is_ok()
            && answer.trim() == "true"
    })
}

#[test]
fn a_host_is_upgraded_in_place() {
    let world = World::new();
    world.start("mayor/", "seq -f 'line %g' 2000; printf 'ready '; while read -r x; do echo \"got $x\"; done; exit 5");
    world.wait_peek("mayor", "ready");
    let before = record(&world, "hq-mayor");
    let mut client = world.client("hq-mayor");
    client.attach(AttachMode::Control, None).unwrap();
    watch(&mut client, |screen| screen.text().contains("ready"));
    let upgraded = world.gt(["--json", "session", "upgrade", "mayor"]).ok().json();
    assert_eq!(upgraded[0]["version"], env!("CARGO_PKG_VERSION"));
    let after = record(&world, "hq-mayor");
    assert_eq!((&after["host_pid"], &after["child_pid"]), (&before["host_pid"], &before["child_pid"]));
    // The client of before is still there, and the program too.
    client.send(&ClientMsg::Input(b"word\r".to_vec())).unwrap();
    watch(&mut client, |screen| screen.text().contains("got word"));
    assert_eq!(client.history(0, 2).unwrap().lines[1].text(), "line 2");
    // What can't go on is not become.
    assert!(client.upgrade(Path::new("/bin/false")).is_err());
    assert!(client.upgrade(Path::new("/no/such/file")).is_err());
    world.gt(["session", "upgrade", "--all"]).ok();
    client.send(&ClientMsg::Input(b"more\r".to_vec())).unwrap();
    client.attach(AttachMode::Control, None).unwrap();
    watch(&mut client, |screen| screen.text().contains("got more"));
    client.send(&ClientMsg::Input(vec![4])).unwrap();
    let line = wait_for("the end", || world.listed().into_iter().find(|line| !line["exit"].is_null()));
    assert_eq!(line["exit"]["code"], 5, "it is still the program's parent");
    world.wait_no_process();
}

#[test]
fn sessions_are_recorded() {
    let world = World::new();
    world.start("mayor/", "printf 'first \\033[31mred\\033[0m <tag>\\n'; read x; echo \"größer $x\"");
    world.wait_peek("mayor", "red");
    world.client("hq-mayor").send(&ClientMsg::Input(b"answer\r".to_vec())).unwrap();
    wait_for("the end", || world.listed().into_iter().find(|line| !line["exit"].is_null()));
    let text = wait_for("the recording", || {
        let run = world.gt(["session", "export", "mayor", "--text"]);
        run.stdout.contains("größer answer").then_some(run.stdout)
    });
    assert_eq!(text, "first red <tag>\nanswer\ngrößer answer\n");
    let html = world.gt(["session", "export", "mayor", "--html"]).ok().stdout;
    assert!(html.contains("red</span> &lt;tag&gt;"), "{html}");
    let cast = world.gt(["session", "export", "mayor", "--cast"]).ok().stdout;
    let header: serde_json::Value = serde_json::from_str(cast.lines().next().unwrap()).unwrap();
    assert_eq!((&header["version"], &header["width"]), (&2.into(), &200.into()));
    assert!(cast.lines().skip(1).all(|line| serde_json::from_str::<(f64, String, String)>(line).is_ok()), "{cast}");
    let error = world.gt(["session", "replay", "mayor"]).code(2);
    assert!(error.stderr.contains("needs a terminal"), "{error:?}");
    // Switched off, nothing is left of it.
    let path = world.root.join("settings/config.json");
    let mut settings: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    settings["recording"] = false.into();
    std::fs::write(&path, settings.to_string()).unwrap();
    world.start("overseer", "echo secret");
    wait_for("the end", || {
        world.listed().into_iter().find(|line| line["address"] == "overseer" && !line["exit"].is_null())
    });
    wait_for("the log to be gone", || (!world.root.join(".runtime/sessions/hq-overseer/cast").exists()).then_some(()));
    world.gt(["session", "export", "overseer", "--text"]).code(3);
}

#[test]
fn an_older_host_is_spoken_to() {
    use std::io::{Read, Write};
    let world = World::new();
    let mut made = world.start("mayor/", "read x");
    world.gt(["session", "stop", "mayor"]).ok();
    // A host that speaks version 1 and knows no newer message, under the record of a living process.
    let socket = world.sandbox.path("run/old.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut asked = [0u8; 256];
            while let Ok(count) = stream.read(&mut asked) {
                if count == 0 {
                    break;
                }
                // A hello's body is its number and the version; all else is answered as text.
                let body = if asked[4] == 0 {
                    b"\x00\x01\x08hq-mayor\x06mayor/".to_vec()
                } else {
                    b"\x05\x07old one".to_vec()
                };
                let mut frame = (body.len() as u32).to_le_bytes().to_vec();
                frame.extend_from_slice(&body);
                if stream.write_all(&frame).is_err() {
                    break;
                }
            }
        }
    });
    let pid = std::process::id();
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let start: u64 = stat.rsplit(')').next().unwrap().split_whitespace().nth(19).unwrap().parse().unwrap();
    made["host_pid"] = pid.into();
    made["host_start"] = start.into();
    made["socket"] = socket.to_str().unwrap().into();
    made["exit"] = serde_json::Value::Null;
    std::fs::write(world.root.join(".runtime/sessions/hq-mayor/session.json"), made.to_string()).unwrap();
    assert_eq!(world.gt(["peek", "mayor"]).ok().stdout, "old one\n");
    let mut client = world.client("hq-mayor");
    assert_eq!(client.host_version(), 1);
    let error = client.history(0, 10).unwrap_err();
    assert!(error.to_string().contains("older version"), "{error}");
    drop(client);
    let refused = world.gt(["session", "upgrade", "mayor"]).code(4);
    assert!(refused.stderr.contains("older version") && refused.stderr.contains("hint:"), "{refused:?}");
}
