//! A disk that is full and one that can't be written: a clear error, nothing damaged, and work goes on once there is room.
//!
//! Both need a mount of the test's own, in a user namespace; where that is not permitted the tests say so and end.

use std::process::Command;

use crate::support::{BD, Run, Sandbox};

/// Runs a shell script in namespaces of its own with a small disk at `$DISK`; nothing where that is not permitted.
fn on_small_disk(sandbox: &Sandbox, kilobytes: usize, script: &str) -> Option<Run> {
    let disk = sandbox.path("disk");
    std::fs::create_dir_all(&disk).unwrap();
    let mount = format!("mount -t tmpfs -o size={kilobytes}k,mode=755 tmpfs \"$DISK\"");
    let shell = |script: &str| -> Command {
        let mut command = sandbox.command("unshare");
        command.args(["--user", "--map-root-user", "--mount", "sh", "-c", script]);
        command.env("DISK", &disk).env("BD", BD).env("BD_ACTOR", "tester");
        command
    };
    let permitted = shell(&mount).output().is_ok_and(|output| output.status.success());
    if !permitted {
        println!("skipped: no mounts of one's own here");
        return None;
    }
    Some(sandbox.run(shell(&format!("{mount} || exit 90\ncd \"$DISK\" || exit 91\n{script}"))))
}

/// The part of what a script printed that stands between `name {` and `}`.
fn part<'t>(text: &'t str, name: &str) -> &'t str {
    let from = text.split_once(&format!("{name} {{\n")).unwrap_or_else(|| panic!("no {name} in {text}")).1;
    from.split_once("\n}").unwrap_or_else(|| panic!("no end of {name} in {text}")).0
}

#[test]
fn a_full_disk_is_said_harms_nothing_and_heals_with_room() {
    let sandbox = Sandbox::new();
    let script = r#"
        "$BD" init --prefix lab -q || exit 92
        for n in 1 2 3; do "$BD" q "Before $n" >/dev/null || exit 93; done
        dd if=/dev/zero of=ballast bs=1k count=4000 2>/dev/null
        n=0
        while "$BD" q "While it fills $n" >>"$TMPDIR/made" 2>/dev/null; do n=$((n+1)); [ $n -gt 400 ] && exit 94; done
        error=$("$BD" create "One more" 2>&1 >/dev/null); code=$?
        echo "error {"; echo "$error"; echo "}"
        echo "code {"; echo $code; echo "}"
        echo "read {"; "$BD" count 2>&1; echo "}"
        rm ballast
        "$BD" q "After" >/dev/null || exit 95
        "$BD" sync --flush-only >/dev/null || exit 96
        echo "doctor {"; "$BD" doctor --json --quiet 2>&1 | tr -d '\n'; echo; echo "}"
        echo "count {"; "$BD" count; echo "}"
        echo "lines {"; wc -l < .beads/issues.jsonl; echo "}"
        echo "made {"; wc -l < "$TMPDIR/made"; echo "}"
        echo "all {"; "$BD" export | grep -c 'lab-'; echo "}"
    "#;
    let Some(run) = on_small_disk(&sandbox, 2_000, script) else { return };
    let run = run.ok();
    let error = part(&run.stdout, "error").to_lowercase();
    assert!(error.contains("full") || error.contains("no space"), "{error}");
    assert_eq!(part(&run.stdout, "code"), "1", "{run:?}");
    let number =
        |name: &str| part(&run.stdout, name).trim().parse::<usize>().unwrap_or_else(|e| panic!("{e}: {run:?}"));
    assert!(number("read") >= 3, "reading goes on: {run:?}");
    // Everything acknowledged is there; a refused one may have reached the database before its file could not be written.
    assert!(number("count") >= 4 + number("made"), "{run:?}");
    assert_eq!((number("lines"), number("all")), (number("count"), number("count")));
    assert!(part(&run.stdout, "doctor").contains("\"overall_ok\": true"), "{run:?}");
}

#[test]
fn a_ledger_on_media_that_can_not_be_written_is_read_or_said_to_be_so() {
    let sandbox = Sandbox::new();
    let script = r#"
        "$BD" init --prefix lab -q || exit 92
        "$BD" create "Kept" --id lab-a1 >/dev/null || exit 93
        before=$(cksum < .beads/issues.jsonl)
        mount -o remount,ro "$DISK" || exit 94
        echo "error {"; "$BD" create "Not to be" 2>&1 >/dev/null; echo "}"
        "$BD" create "Not to be" >/dev/null 2>&1; code=$?; echo "code {"; echo $code; echo "}"
        echo "list {"; "$BD" list 2>&1; echo "}"
        mount -o remount,rw "$DISK" || exit 95
        [ "$before" = "$(cksum < .beads/issues.jsonl)" ] || exit 96
        "$BD" q "Again" >/dev/null || exit 97
        echo "count {"; "$BD" count; echo "}"
    "#;
    let Some(run) = on_small_disk(&sandbox, 8_000, script) else { return };
    let run = run.ok();
    let error = part(&run.stdout, "error").to_lowercase();
    assert!(error.contains("read-only") || error.contains("readonly") || error.contains("read only"), "{error}");
    assert_eq!(part(&run.stdout, "code"), "1", "{run:?}");
    let list = part(&run.stdout, "list");
    assert!(list.contains("lab-a1") || list.to_lowercase().contains("read"), "{list}");
    assert_eq!(part(&run.stdout, "count").trim(), "2", "{run:?}");
}
