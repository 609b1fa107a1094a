//! Sessions in bad company: floods, full disks, stopped clients, sequences without an end, stubborn trees, and a thousand starts. The
//! long forms run with `GT_LONG=1`.

use std::path::Path;
use std::time::{Duration, Instant};

use gastown::session::{AttachMode, Client, ClientMsg, ServerMsg};
use gastown::terminal::{Key, KeyPress, ScreenState};

use crate::screen::Screen;
use crate::session::{World, held, kill_host, watch};
use crate::support::{GT, PATIENCE, wait_for};
use crate::town::kill;

/// What a host may take beside a flood, in KiB: the engine's own scrollback of 10,000 lines is most of it.
const ROOM: u64 = 96 * 1024;

fn long() -> bool {
    std::env::var_os("GT_LONG").is_some()
}

fn rss_kib(pid: i64) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn entries(directory: impl AsRef<Path>) -> usize {
    std::fs::read_dir(directory).map_or(0, Iterator::count)
}

#[test]
fn a_great_flood_costs_no_memory_and_stops_for_a_key() {
    let world = World::new();
    let mebibytes = if long() { 1024 } else { 48 };
    let record = world.start(
        "mayor/",
        &format!("stty -echo; head -c {mebibytes}M /dev/zero | tr '\\0' 'x' | fold -w 150; echo all of it; read -r x; echo got-$x; read -r y"),
    );
    let host = record["host_pid"].as_i64().unwrap();
    let mut client = world.client("hq-mayor");
    client.attach(AttachMode::Control, Some((120, 40))).unwrap();
    let mut most = 0;
    // The status is asked for beside the frames: both go on all the time.
    let start = Instant::now();
    while client.status().unwrap().bytes_out < (mebibytes << 20) {
        most = most.max(rss_kib(host));
        assert!(start.elapsed() < PATIENCE * 10, "the flood never ends");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(most < ROOM, "{most} KiB");
    let mut client = world.client("hq-mayor");
    client.attach(AttachMode::Control, Some((120, 40))).unwrap();
    watch(&mut client, |screen| screen.text().contains("all of it"));
    client.send(&ClientMsg::Input(b"key\r".to_vec())).unwrap();
    client.attach(AttachMode::Control, None).unwrap();
    watch(&mut client, |screen| screen.text().contains("got-key"));
    eprintln!("{mebibytes} MiB in {:.1} s, the host took {} MiB at most", start.elapsed().as_secs_f64(), most / 1024);
    world.gt(["session", "stop", "mayor"]).ok();
}

/// The numbers that the lines of the scrollback are, and whether each is one more than the one before.
fn counted(client: &mut Client) -> (u64, u64) {
    let (mut from, mut first, mut last) = (0, None, None);
    loop {
        let lines = client.history(from, 1000).unwrap();
        let texts: Vec<String> = lines.lines.iter().map(|line| line.text()).collect();
        let numbers: Vec<u64> = texts.iter().map_while(|text| text.trim().parse().ok()).collect();
        for number in &numbers {
            assert!(last.is_none_or(|last| last + 1 == *number), "{last:?} and then {number}");
            last = Some(*number);
        }
        first = first.or(numbers.first().copied());
        if numbers.len() < texts.len() || texts.is_empty() {
            return (first.unwrap(), last.unwrap());
        }
        from = lines.from + lines.lines.len() as u64;
    }
}

#[test]
fn a_flood_is_whole_through_resizes_an_upgrade_and_another_host() {
    let world = World::new();
    world.gt(["daemon", "start"]).ok();
    let most: u64 = 700_000;
    let digits: u64 = (1..=most).map(|number| u64::from(number.ilog10()) + 1).sum();
    let all = digits + most * 2 + "all of it ".len() as u64;
    world.start("mayor/", &format!("stty -echo; seq 1 {most}; printf 'all of it '; read -r x; exit 4"));
    let mut client = world.client("hq-mayor");
    let (mut upgraded, mut wide) = (false, false);
    let start = Instant::now();
    loop {
        wide = !wide;
        client.attach(AttachMode::Control, Some((if wide { 120 } else { 100 }, 30))).unwrap();
        let written = client.status().unwrap().bytes_out;
        if written >= all {
            break;
        }
        if written > all / 3 && !upgraded {
            world.gt(["session", "upgrade", "mayor"]).ok();
            upgraded = true;
        }
        assert!(start.elapsed() < PATIENCE, "{written} of {all} bytes");
    }
    client.attach(AttachMode::Control, None).unwrap();
    watch(&mut client, |screen| screen.text().contains("all of it"));
    assert_eq!((client.status().unwrap().bytes_out, upgraded), (all, true));
    let (first, last) = counted(&mut client);
    assert!(last == most && most - first >= 9_000, "{first} to {last}");
    // Whoever goes on from the recording has the same.
    wait_for("the daemon holds the session", || held(&world.sandbox.path("run"), "hq-mayor").then_some(()));
    kill_host(&world, "hq-mayor");
    let mut client = world.client("hq-mayor");
    assert_eq!(counted(&mut client), (first, last));
    client.send(&ClientMsg::Input(b"x\r".to_vec())).unwrap();
    wait_for("the end", || world.listed().into_iter().find(|line| !line["exit"].is_null()));
    world.gt(["daemon", "stop"]).ok();
}

#[test]
fn a_key_is_echoed_beside_floods() {
    let world = World::new();
    let floods = if long() { 29 } else { 5 };
    for n in 0..floods {
        world.start(&format!("deacon/dogs/d{n}"), "while :; do seq 1 100000; done");
    }
    world.start("mayor/", "exec cat");
    let mut client = world.client("hq-mayor");
    client.attach(AttachMode::Control, Some((80, 24))).unwrap();
    let mut screen: Option<ScreenState> = None;
    let mut times = Vec::new();
    for n in 0..100 {
        let key = char::from(b'a' + n % 26);
        let start = Instant::now();
        client.send(&ClientMsg::Key(KeyPress::plain(Key::Char(key)))).unwrap();
        let shown = |screen: &ScreenState| screen.lines[usize::from(screen.cursor.row)].text().ends_with(key);
        while !screen.as_ref().is_some_and(shown) {
            assert!(start.elapsed() < PATIENCE, "no echo");
            match client.recv(Duration::from_millis(100)).unwrap() {
                Some(ServerMsg::Full(full)) => screen = Some(*full),
                Some(ServerMsg::Delta(delta)) => delta.apply(screen.as_mut().unwrap()),
                _ => {}
            }
        }
        times.push(start.elapsed());
    }
    times.sort_unstable();
    eprintln!("echo beside {floods} floods: p50 {:?}, p99 {:?}", times[50], times[98]);
    // The floods went on meanwhile.
    for n in 0..floods {
        let session = format!("hq-dog-d{n}");
        assert!(world.client(&session).status().unwrap().bytes_out > 0);
        world.gt(["session", "stop", &session]).ok();
    }
    world.gt(["session", "stop", "mayor"]).ok();
}

#[test]
fn sequences_without_an_end_take_no_memory() {
    let world = World::new();
    let mebibytes = if long() { 128 } else { 6 };
    for (name, begin) in [("d0", "\\033]0;"), ("d1", "\\033P"), ("d2", "\\033["), ("d3", "\\033_G")] {
        let fill = if name == "d2" { "1" } else { "t" };
        let record = world.start(
            &format!("deacon/dogs/{name}"),
            &format!("printf '{begin}'; head -c {mebibytes}M /dev/zero | tr '\\0' '{fill}'; printf 'h\\033\\\\\\030\\nafter it\\n'; read -r x"),
        );
        let session = format!("hq-dog-{name}");
        world.wait_peek(&session, "after it");
        let taken = rss_kib(record["host_pid"].as_i64().unwrap());
        assert!(taken < 40 * 1024, "{begin}: {taken} KiB");
        world.gt(["session", "stop", &session]).ok();
    }
}

#[test]
fn a_stopped_client_is_waited_for_by_nobody() {
    let world = World::new();
    world.start("mayor/", "n=0; while :; do n=$((n+1)); echo \"line $n of a flood that never ends\"; done");
    let screen = Screen::start(&world.sandbox, &world.root, (80, 24), GT, &["attach", "mayor"], &[]);
    screen.wait_text("of a flood");
    let pid = screen.child.process_id().unwrap() as i32;
    kill(pid, "-STOP");
    let mut client = world.client("hq-mayor");
    let before = client.status().unwrap().bytes_out;
    let host = i64::from(client.status().unwrap().host_pid);
    wait_for("the flood to go on", || (client.status().unwrap().bytes_out > before + 8_000_000).then_some(()));
    assert!(rss_kib(host) < ROOM);
    kill(pid, "-CONT");
    let line =
        |text: &str| -> Option<u64> { text.lines().rev().find_map(|row| row.split_whitespace().nth(1)?.parse().ok()) };
    let stopped_at = line(&screen.text()).unwrap_or(0);
    screen.wait("the present", |text| line(text).is_some_and(|now| now > stopped_at + 1000));
    screen.send("\x1d");
    world.gt(["session", "stop", "mayor"]).ok();
}

#[test]
fn a_great_stubborn_tree_ends_whole() {
    let world = World::new();
    let count = if long() { 200 } else { 24 };
    // Each kind of stubbornness in turn: ignored signals, sessions of their own, daemons of a daemon, stopped ones.
    let script = format!(
        r#"i=0
while [ $i -lt {count} ]; do
  case $((i % 4)) in
    0) (trap '' TERM HUP INT; exec sleep 4000) & ;;
    1) setsid sh -c 'trap "" TERM HUP; exec sleep 4001' >/dev/null 2>&1 </dev/null & ;;
    2) (setsid sh -c '(trap "" TERM HUP; exec sleep 4002) & exit 0' &) ;;
    3) sh -c 'kill -STOP $$; exec sleep 4003' & ;;
  esac
  i=$((i+1))
done
echo planted; trap '' TERM HUP; while :; do sleep 4004; done"#
    );
    world.start("mayor/", &script);
    world.wait_peek("mayor", "planted");
    wait_for("the tree", || (world.sandbox.processes().len() > count).then_some(()));
    let stopped = world.gt(["--json", "session", "stop", "mayor"]).ok().json();
    assert!(stopped["ended"].as_u64().unwrap() >= count as u64, "{stopped}");
    assert!(stopped["forced"].as_u64().unwrap() >= count as u64 / 2, "{stopped}");
    assert_eq!(world.sandbox.processes(), Vec::<i32>::new(), "nothing is left when the stop returns");
}

#[test]
fn sessions_come_and_go_without_a_trace() {
    let world = World::new();
    world.gt(["daemon", "start"]).ok();
    let daemon = world.gt(["--json", "daemon", "status"]).ok().json()["pid"].as_i64().unwrap();
    let rounds = if long() { 1000 } else { 12 };
    let sockets = std::fs::read_dir(world.sandbox.path("run")).unwrap().flatten().next().unwrap().path();
    let holds = || entries(format!("/proc/{daemon}/fd"));
    let round = |n: usize| {
        let name = format!("d{}", n % 4);
        // Every other one ends by itself.
        let script =
            if n.is_multiple_of(2) { "echo here; exit 0" } else { "echo here; (setsid sleep 4005 &); read -r x" };
        world.start(&format!("deacon/dogs/{name}"), script);
        world.gt(["session", "stop", &format!("hq-dog-{name}")]).ok();
    };
    (0..4).for_each(round);
    let (before, listening) = wait_settled(|| (holds(), entries(&sockets)));
    (4..rounds).for_each(round);
    wait_for("everything to be let go", || (holds() <= before && entries(&sockets) <= listening).then_some(()));
    let left: Vec<i32> = world.sandbox.processes().into_iter().filter(|pid| i64::from(*pid) != daemon).collect();
    assert_eq!(left, Vec::<i32>::new());
    assert_eq!(entries(world.root.join(".runtime/sessions")), 4, "one directory a name");
    for n in 0..4 {
        let runs = entries(world.root.join(format!(".runtime/sessions/hq-dog-d{n}/cast")));
        assert!(runs <= 20, "{runs} recordings kept");
    }
    let zombies = std::fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
        let stat = std::fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        let mut fields = stat.rsplit(')').next().unwrap_or("").split_whitespace();
        fields.next() == Some("Z") && fields.next() == Some(daemon.to_string().as_str())
    });
    assert_eq!(zombies.count(), 0);
    world.gt(["daemon", "stop"]).ok();
    world.wait_no_process();
}

/// The value once it has been the same for half a second.
fn wait_settled<T: PartialEq>(mut read: impl FnMut() -> T) -> T {
    let (mut last, mut since) = (read(), Instant::now());
    wait_for("things to settle", || {
        let now = read();
        if now != last {
            (last, since) = (now, Instant::now());
        }
        (since.elapsed() > Duration::from_millis(500)).then_some(())
    });
    last
}

/// A frame may be asked of a terminal of no size at all.
#[test]
fn a_terminal_of_no_size_is_one() {
    let world = World::new();
    world.start("mayor/", "while read -r x; do stty size; done");
    let mut client: Client = world.client("hq-mayor");
    client.attach(AttachMode::Control, Some((0, 0))).unwrap();
    watch(&mut client, |screen| (screen.cols, screen.rows) == (2, 1));
    client.send(&ClientMsg::Input("some text that is wider than that\r漢字\r".into())).unwrap();
    client.send(&ClientMsg::Resize { cols: 65535, rows: 65535 }).unwrap();
    client.attach(AttachMode::Control, None).unwrap();
    watch(&mut client, |screen| (screen.cols, screen.rows) == (1000, 1000));
    client.send(&ClientMsg::Resize { cols: 40, rows: 10 }).unwrap();
    client.attach(AttachMode::Control, None).unwrap();
    watch(&mut client, |screen| (screen.cols, screen.rows) == (40, 10));
    client.send(&ClientMsg::Input(b"\r".to_vec())).unwrap();
    client.attach(AttachMode::Control, None).unwrap();
    watch(&mut client, |screen| screen.text().contains("10 40"));
    let small = Screen::start(&world.sandbox, &world.root, (1, 1), GT, &["attach", "mayor"], &[]);
    wait_for("it to be taken over", || small.taken_over().then_some(()));
    small.send("\x1d");
    wait_for("it to be given back", || (!small.taken_over()).then_some(()));
    world.gt(["session", "stop", "mayor"]).ok();
}

#[test]
fn a_full_disk_does_not_hurt_a_session() {
    let world = World::new();
    // A file system of its own, of which nothing but the recordings' part is full.
    let probe = world.sandbox.run({
        let mut command = world.sandbox.command("unshare");
        command.args(["-rm", "true"]);
        command
    });
    if probe.status != Some(0) {
        eprintln!("skipped: this system allows no file systems of one's own");
        return;
    }
    let sessions = world.root.join(".runtime/sessions");
    std::fs::create_dir_all(&sessions).unwrap();
    let script = format!(
        "mount -t tmpfs -o size=256k tmpfs {sessions} && {GT} session start mayor/ -- sh -c 'seq -f \"a line of some length, number %g\" 1 40000;          echo done; read x; echo got-$x; read y' && until {GT} peek mayor | grep -q done; do sleep 0.05; done && df {sessions} | tail -1 && {GT} session status mayor && {GT} peek mayor -n 2 &&          {GT} session stop mayor && echo all went well",
        sessions = sessions.display()
    );
    let mut command = world.sandbox.command("unshare");
    command.current_dir(&world.root).args(["-rm", "sh", "-c", &script]);
    let run = world.sandbox.run(command).ok();
    assert!(run.stdout.contains("number 40000\ndone") && run.stdout.contains("all went well"), "{run:?}");
    world.wait_no_process();
}
