//! Messages for agents: when they are typed, what is told of them, and that none is lost, doubled or mixed with what a person types.

use std::time::Duration;

use gastown::session::{AttachMode, ClientMsg};
use gastown::terminal::{Key, KeyPress};

use crate::session::{World, kill_9, kill_host, watch};
use crate::support::{GT, wait_for};

/// A reader of lines that says by OSC 7501 whether it works: it does from `work` on until it finds a file called `free`.
const WORKER: &str = r#"
say() { printf '\033]7501;state=%s:app=test\033\\' "$1"; }
say idle; echo ready
while read -r line; do
  say working; echo "$line" >> lines; echo "took: $line"
  case "$line" in *work*) until [ -e free ]; do sleep 0.05; done ;; esac
  say idle
done"#;

fn nudge(world: &World, args: &[&str]) -> serde_json::Value {
    let mut command = world.sandbox.command(GT);
    command.current_dir(&world.root).args(["--json", "nudge", "mayor"]).args(args);
    world.sandbox.run(command).ok().json()
}

fn entries(world: &World) -> Vec<(String, String)> {
    let list = world.gt(["--json", "session", "nudges", "mayor"]).ok().json();
    let word = |entry: &serde_json::Value, key: &str| entry[key].as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(|entry| (word(entry, "text"), word(entry, "stage"))).collect()
}

fn stages(world: &World) -> Vec<String> {
    entries(world).into_iter().map(|(_, stage)| stage).collect()
}

fn lines(world: &World) -> Vec<String> {
    let text = std::fs::read_to_string(world.file("lines")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

#[test]
fn a_message_waits_for_the_prompt_unless_it_is_to_come_at_once() {
    let world = World::new();
    world.start("mayor/", WORKER);
    world.wait_peek("mayor", "ready");
    assert_eq!(nudge(&world, &["work now"])["outcome"], "seen", "the program says itself that it works");
    let waits = nudge(&world, &["one"]);
    assert_eq!((&waits["outcome"], &waits["reason"]), (&"queued".into(), &"the agent is at work".into()));
    assert_eq!(nudge(&world, &["--queue", "two"])["outcome"], "queued");
    // At once means at once: it stands in the terminal's line buffer and is read when the program reads again.
    let now = nudge(&world, &["--now", "three"]);
    assert_ne!(now["outcome"], "queued", "{now}");
    assert_eq!(stages(&world)[1..3], ["queued", "queued"]);
    assert_eq!(lines(&world), ["work now"], "nothing was read meanwhile");
    std::fs::write(world.file("free"), "").unwrap();
    wait_for("all to be taken", || (lines(&world).len() == 4).then_some(()));
    assert_eq!(lines(&world), ["work now", "three", "one", "two"]);
    wait_for("what became of them", || {
        stages(&world).iter().all(|stage| matches!(stage.as_str(), "seen" | "delivered" | "unconfirmed")).then_some(())
    });
    assert_eq!(stages(&world)[1], "seen");
    let human = world.gt(["session", "nudges", "mayor"]).ok().stdout;
    assert!(human.contains("seen") && human.contains("one"), "{human}");
    world.gt(["session", "stop", "mayor"]).ok();
}

#[test]
fn what_waits_outlives_its_host_and_is_typed_once() {
    let world = World::new();
    world.gt(["daemon", "start"]).ok();
    world.start("mayor/", WORKER);
    world.wait_peek("mayor", "ready");
    nudge(&world, &["work"]);
    nudge(&world, &["--queue", "after the kill"]);
    wait_for("the daemon to hold the session", || {
        crate::session::held(&world.sandbox.path("run"), "hq-mayor").then_some(())
    });
    kill_host(&world, "hq-mayor");
    assert_eq!(stages(&world).last().map(String::as_str), Some("queued"));
    world.gt(["session", "upgrade", "mayor"]).ok();
    assert_eq!(stages(&world).last().map(String::as_str), Some("queued"));
    std::fs::write(world.file("free"), "").unwrap();
    wait_for("it to be taken", || (lines(&world).len() == 2).then_some(()));
    assert_eq!(lines(&world), ["work", "after the kill"]);
    world.gt(["session", "stop", "mayor"]).ok();
    world.gt(["daemon", "stop"]).ok();
}

#[test]
fn what_waited_for_one_session_is_told_to_the_next() {
    let world = World::new();
    world.start("mayor/", WORKER);
    world.wait_peek("mayor", "ready");
    nudge(&world, &["work"]);
    nudge(&world, &["--queue", "for whoever comes"]);
    world.gt(["session", "stop", "mayor"]).ok();
    assert_eq!(stages(&world).last().map(String::as_str), Some("queued"), "of a session that ended, too");
    world.start("mayor/", WORKER);
    wait_for("it to be taken", || (lines(&world).len() == 2).then_some(()));
    assert_eq!(lines(&world)[1], "for whoever comes");
    world.gt(["session", "stop", "mayor"]).ok();
}

#[test]
fn a_message_is_not_typed_into_a_line_begun() {
    let world = World::new();
    world.start("mayor/", WORKER);
    world.wait_peek("mayor", "ready");
    let mut client = world.client("hq-mayor");
    client.attach(AttachMode::Control, None).unwrap();
    for c in "half a thought".chars() {
        client.send(&ClientMsg::Key(KeyPress::plain(Key::Char(c)))).unwrap();
    }
    watch(&mut client, |screen| screen.text().contains("half a thought"));
    // The person goes away and leaves the line as it is.
    let waits = nudge(&world, &["a message"]);
    assert_eq!(waits["outcome"], "queued", "{waits}");
    std::thread::sleep(Duration::from_secs(3));
    assert_eq!(stages(&world), ["queued"]);
    let reason = world.gt(["--json", "session", "nudges", "mayor"]).ok().json()[0]["reason"].clone();
    assert!(reason.as_str().unwrap().contains("person"), "{reason}");
    client.send(&ClientMsg::Key(KeyPress::plain(Key::Enter))).unwrap();
    wait_for("both lines", || (lines(&world).len() == 2).then_some(()));
    assert_eq!(lines(&world), ["half a thought", "a message"]);
    world.gt(["session", "stop", "mayor"]).ok();
}

#[test]
fn word_of_mail_waits_as_long_as_the_mail_is_unread() {
    let world = World::new();
    world.start("mayor/", WORKER);
    world.wait_peek("mayor", "ready");
    let mut client = world.client("hq-mayor");
    client.attach(AttachMode::Control, None).unwrap();
    for c in "half".chars() {
        client.send(&ClientMsg::Key(KeyPress::plain(Key::Char(c)))).unwrap();
    }
    watch(&mut client, |screen| screen.text().contains("half"));
    world.gt(["mail", "send", "mayor/", "-s", "The roof", "-m", "It leaks.", "--notify"]).ok();
    nudge(&world, &["--queue", "another"]);
    let list = world.gt(["--json", "session", "nudges", "mayor"]).ok().json();
    let year = |entry: usize| list[entry]["until"].as_str().unwrap()[..4].parse::<i32>().unwrap();
    assert!(list[0]["text"].as_str().unwrap().contains("mail") && list[0]["stage"] == "queued", "{list}");
    assert!(year(0) > year(1) + 50, "dropped like another message, it would be told by nobody: {list}");
    client.send(&ClientMsg::Key(KeyPress::plain(Key::Enter))).unwrap();
    wait_for("all three", || (lines(&world).len() == 3).then_some(()));
    assert!(
        lines(&world)[1].contains("1 unread message") && lines(&world)[1].contains("The roof"),
        "{:?}",
        lines(&world)
    );
    world.gt(["session", "stop", "mayor"]).ok();
}

#[test]
fn what_waits_too_long_is_dropped() {
    let world = World::new();
    world.start("mayor/", WORKER);
    world.wait_peek("mayor", "ready");
    nudge(&world, &["work"]);
    nudge(&world, &["--ttl", "1", "--queue", "too late"]);
    // A minute is the least that can be asked for; the book is told that it has passed.
    let record = world.gt(["--json", "session", "status", "mayor"]).ok().json();
    let path = world.root.join(".runtime/sessions/hq-mayor/nudges.json");
    world.gt(["daemon", "start"]).ok();
    wait_for("the daemon to hold the session", || {
        crate::session::held(&world.sandbox.path("run"), "hq-mayor").then_some(())
    });
    let mut book: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let entries = book["entries"].as_array_mut().unwrap();
    let at = entries.last().unwrap()["at"].clone();
    entries.last_mut().unwrap()["until"] = at;
    std::fs::write(&path, book.to_string()).unwrap();
    kill_9(record["host_pid"].as_i64().unwrap());
    wait_for("it to be dropped", || {
        let run = world.gt(["--json", "session", "nudges", "mayor"]);
        (run.status == Some(0) && run.stdout.contains("expired")).then_some(())
    });
    std::fs::write(world.file("free"), "").unwrap();
    nudge(&world, &["later"]);
    wait_for("the later one", || (lines(&world).len() == 2).then_some(()));
    assert_eq!(lines(&world), ["work", "later"]);
    world.gt(["session", "stop", "mayor"]).ok();
    world.gt(["daemon", "stop"]).ok();
}

#[test]
fn a_prompt_hook_is_evidence() {
    let world = World::new();
    // An agent that says nothing by its terminal, but calls its hooks as the runtimes do.
    let hook = format!("cd {}; {GT} hook-event", world.root.display());
    let script = format!(
        r#"echo ready
tell() {{ printf '%s' "$2" | (export GT_SESSION=hq-mayor; {hook} "$1") >/dev/null; }}
tell Stop '{{}}'; echo at the prompt
while read -r line; do
  tell UserPromptSubmit "{{\"prompt\": \"$line\"}}"; echo "$line" >> lines; echo working
  case "$line" in *work*) until [ -e free ]; do sleep 0.05; done ;; esac
  tell Stop '{{}}'; echo done
done"#
    );
    world.start("mayor/", &script);
    world.wait_peek("mayor", "at the prompt");
    assert_eq!(nudge(&world, &["some work"])["outcome"], "seen");
    let waits = nudge(&world, &["more"]);
    assert_eq!((&waits["outcome"], &waits["reason"]), (&"queued".into(), &"the agent is at work".into()));
    std::fs::write(world.file("free"), "").unwrap();
    wait_for("it to be seen", || (stages(&world) == ["seen", "seen"]).then_some(()));
    // It is told before the line is written.
    wait_for("both lines", || (lines(&world).len() == 2).then_some(()));
    assert_eq!(lines(&world), ["some work", "more"]);
    world.gt(["session", "stop", "mayor"]).ok();
}

#[test]
fn a_message_to_an_open_question_waits() {
    let world = World::new();
    world.start(
        "mayor/",
        "printf '\\033]7501;state=blocked:app=x:kind=permission\\033\\\\May I? '; read -r answer; echo \"answer=$answer\" > answer; printf '\\033]7501;state=idle:app=x\\033\\\\'; read -r line; echo \"$line\" > lines; sleep 100",
    );
    world.wait_peek("mayor", "May I?");
    assert_eq!(nudge(&world, &["--now", "hello"])["outcome"], "queued", "it would be taken for the answer");
    world.client("hq-mayor").send(&ClientMsg::Input(b"y\r".to_vec())).unwrap();
    assert_eq!(world.wait_file("answer", "answer="), "answer=y\n");
    assert_eq!(world.wait_file("lines", "hello"), "hello\n");
    world.gt(["session", "stop", "mayor"]).ok();
}

/// A program with a line of input, which reads late the first time, after so many seconds, as one that gets little of a busy CPU; an
/// Enter read together with a paste is a part of that for it, and so are as many Enters as the second argument says.
const LATE: &str = r#"
my ($wait, $swallows) = @ARGV;
system('stty raw -echo');
sub out { syswrite(STDOUT, $_[0]) }
sub state { out("\e]7501;state=$_[0]:app=test\e\\") }
out("\e[?2004hready\r\n> ");
state('idle');
my $draft = '';
while (1) {
    select(undef, undef, undef, $wait);
    $wait = 0;
    sysread(STDIN, my $data, 65536) or last;
    my $pasted = $data =~ /\e\[200~/;
    $data =~ s/\e\[(20[01]~|I)//g;
    if ($data eq "\r" && !$pasted && $swallows-- <= 0) {
        $draft =~ s/\r/|/g;
        open(my $lines, '>>', 'lines');
        print $lines "$draft\n";
        close($lines);
        state('working');
        out("\r\ntook: $draft\r\n> ");
        state('idle');
        $draft = '';
    } else {
        $draft .= $data;
        $data =~ s/\r/\r\n  /g;
        out($data);
    }
}"#;

fn takes_once(arguments: &str, line: &str) {
    let world = World::new();
    std::fs::write(world.file("late.pl"), LATE).unwrap();
    world.start("mayor/", &format!("exec perl late.pl {arguments}"));
    world.wait_peek("mayor", "ready");
    assert_eq!(nudge(&world, &["take this"])["outcome"], "seen");
    assert_eq!(lines(&world), [line]);
    world.gt(["session", "stop", "mayor"]).ok();
}

#[test]
fn a_program_that_reads_late_is_given_enter_when_it_has_read() {
    takes_once("2 0", "take this");
}

#[test]
fn an_enter_that_became_a_part_of_the_text_is_pressed_again() {
    takes_once("0 1", "take this|");
}
