//! What real programs wrote to their terminals, replayed: the state read off it is the expected one at every moment, without flicker.
//!
//! `GT_RECORD=1 cargo test --test behaviour agents::streams::record` makes the recordings in `tests/data/agents` anew (asciicast v2).

use std::io::{Read, Write};
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use gastown::runtime::screen::Rules;
use gastown::runtime::{Facts, Program, Settle, builtin, read_state};
use gastown::terminal::{Emulator, new_emulator};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};
use serde_json::{Value, json};

use super::models::Act;
use super::world::{World, alone};

const SIZE: (u16, u16) = (100, 30);

fn recordings() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/agents"))
}

fn text(emulator: &dyn Emulator) -> Vec<String> {
    emulator.screen().lines.iter().map(gastown::terminal::Line::text).collect()
}

/// Runs the program on a terminal of ours that answers its questions or, as an old one, does not; presses Enter at each dialog that
/// holds one of `dialogs`, and ends it when `end` stands on the screen and nothing is written any more.
fn record(world: &World, name: &str, args: &[&str], dialogs: &[&str], end: &str, answers: bool) {
    let directory = world.place.sandbox.path("project");
    std::fs::create_dir_all(&directory).unwrap();
    world.place.sandbox.git(&directory, ["init", "-q"]);
    let pty =
        native_pty_system().openpty(PtySize { cols: SIZE.0, rows: SIZE.1, pixel_width: 0, pixel_height: 0 }).unwrap();
    let mut command = CommandBuilder::new(world.cli.bin.join(world.cli.name));
    command.args(args);
    command.cwd(&directory);
    command.env_clear();
    for (key, value) in world.place.sandbox.command("true").get_envs() {
        command.env(key, value.unwrap());
    }
    let agents: Value =
        serde_json::from_slice(&std::fs::read(world.place.root.join("settings/agents.json")).unwrap()).unwrap();
    for (key, value) in agents["agents"][world.cli.name]["env"].as_object().unwrap() {
        command.env(key, value.as_str().unwrap());
    }
    let mut child = pty.slave.spawn_command(command).unwrap();
    drop(pty.slave);
    let mut reader = pty.master.try_clone_reader().unwrap();
    let mut writer = pty.master.take_writer().unwrap();
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(count) = reader.read(&mut buffer) {
            if count == 0 || sender.send(buffer[..count].to_vec()).is_err() {
                break;
            }
        }
    });
    let mut emulator = new_emulator(SIZE.0, SIZE.1, 200);
    let (start, mut quiet, mut pressed) = (Instant::now(), Instant::now(), 0);
    let mut lines = vec![json!({"version": 2, "width": SIZE.0, "height": SIZE.1, "title": name}).to_string()];
    while start.elapsed() < Duration::from_secs(60) {
        match receiver.recv_timeout(Duration::from_millis(50)) {
            Ok(bytes) => {
                quiet = Instant::now();
                lines.push(json!([start.elapsed().as_secs_f64(), "o", latin(&bytes)]).to_string());
                emulator.feed(&bytes);
                let replies = emulator.take_replies();
                if answers {
                    writer.write_all(&replies).unwrap();
                }
            }
            Err(mpsc::RecvTimeoutError::Timeout) => {}
            Err(mpsc::RecvTimeoutError::Disconnected) => break,
        }
        emulator.refresh(Instant::now());
        let screen = text(emulator.as_ref()).join("\n");
        if quiet.elapsed() < Duration::from_millis(900) && pressed < dialogs.len()
            || quiet.elapsed() < Duration::from_millis(300)
        {
            continue;
        }
        if pressed < dialogs.len() && screen.contains(dialogs[pressed]) {
            writer.write_all(b"\r").unwrap();
            pressed += 1;
            quiet = Instant::now();
        } else if pressed == dialogs.len() && screen.contains(end) && quiet.elapsed() > Duration::from_secs(2) {
            break;
        }
    }
    let _ = child.kill();
    let _ = child.wait();
    std::fs::create_dir_all(recordings()).unwrap();
    let home = world.place.sandbox.path("").display().to_string();
    // The machine's own places don't belong into a recording; the replacement is as long, so that the screen stays the same.
    let cover = format!("/tmp/{}", "x".repeat(home.len().saturating_sub(6))) + "/";
    std::fs::write(recordings().join(format!("{name}.cast")), lines.join("\n").replace(&home, &cover) + "\n").unwrap();
    println!("{name}: {} dialogs, screen at the end:\n{}", pressed, text(emulator.as_ref()).join("\n"));
}

/// Each byte as one character: a recording may cut a character in two.
fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}

fn bytes(text: &str) -> Vec<u8> {
    text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect()
}

#[test]
fn record_claude() {
    if std::env::var_os("GT_RECORD").is_none() {
        return;
    }
    alone("agents::streams::record_claude", "claude", |cli| {
        let world = World::new(cli, &[Act::Run("sleep 1"), Act::Say("All done here.")]);
        record(&world, "claude-trust", &["Please wait a second"], &[], "trust this folder", false);
        let home = world.place.sandbox.path("home/.claude.json");
        let mut known: Value = serde_json::from_slice(&std::fs::read(&home).unwrap()).unwrap();
        let project = world.place.sandbox.path("project");
        known["projects"][project.to_str().unwrap()] = json!({"hasTrustDialogAccepted": true});
        std::fs::write(&home, known.to_string()).unwrap();
        let dialogs = ["Do you want to proceed"];
        record(&world, "claude", &["Please wait a second"], &dialogs, "All done here", true);
        record(&world, "claude-plain", &["Please wait a second"], &dialogs, "All done here", false);
    });
}

#[test]
fn record_codex() {
    if std::env::var_os("GT_RECORD").is_none() {
        return;
    }
    alone("agents::streams::record_codex", "codex", |cli| {
        let world = World::new(cli, &[Act::Run("sleep 1"), Act::Say("All done here.")]);
        record(
            &world,
            "codex",
            &["--no-daemon", "Please wait a second"],
            &["Trust this folder"],
            "All done here",
            true,
        );
    });
}

/// The states a recording shows, without repetition.
fn timeline(runtime: &str, name: &str) -> Vec<String> {
    let text_of = std::fs::read_to_string(recordings().join(format!("{name}.cast"))).unwrap();
    let mut lines = text_of.lines();
    let head: Value = serde_json::from_str(lines.next().unwrap()).unwrap();
    let size = |key: &str| u16::try_from(head[key].as_u64().unwrap()).unwrap();
    let mut emulator = new_emulator(size("width"), size("height"), 200);
    let (rules, preset) = (Rules::builtin().unwrap(), builtin(runtime).unwrap());
    let (begin, mut states, mut settle) = (Instant::now(), Vec::<String>::new(), Settle::default());
    let mut show = |emulator: &dyn Emulator, now: Instant| {
        let (rows, screen) = (text(emulator), emulator.screen());
        let program = screen.status.as_ref();
        let seen = if program.is_none() { rules.read(runtime, &rows) } else { None };
        let reading = read_state(&Facts {
            has_session: true,
            process_alive: true,
            assignment: Some("active"),
            program: program.map(|status| Program {
                state: status.state.as_str(),
                kind: status.kind.as_deref().unwrap_or_default(),
                message: status.msg.as_deref().unwrap_or_default(),
            }),
            screen: seen.as_ref().map(|seen| (seen.state, seen.detail.as_str())),
            title: &screen.title,
            title_rules: &preset.titles,
            seconds_since_output: Some(0),
            ..Facts::default()
        });
        let state = settle.take(reading, now).state.to_string();
        if states.last() != Some(&state) {
            states.push(state);
        }
    };
    // Somebody looks ten times a second, and at every change.
    let (mut now, tick) = (begin, Duration::from_millis(100));
    for line in lines {
        let event: Value = serde_json::from_str(line).unwrap();
        let at = begin + Duration::from_secs_f64(event[0].as_f64().unwrap());
        while now + tick < at {
            now += tick;
            show(emulator.as_ref(), now);
        }
        now = at;
        emulator.feed(&bytes(event[2].as_str().unwrap()));
        emulator.take_replies();
        emulator.refresh(now);
        show(emulator.as_ref(), now);
    }
    for _ in 0..10 {
        now += tick;
        show(emulator.as_ref(), now);
    }
    states
}

#[test]
fn recorded_programs_are_read_without_flicker() {
    let expected = std::fs::read_to_string(recordings().join("expected.toml")).unwrap();
    let expected: toml::Table = expected.parse().unwrap();
    assert!(expected.len() >= 4);
    for (name, states) in &expected {
        let states: Vec<&str> = states.as_array().unwrap().iter().map(|state| state.as_str().unwrap()).collect();
        assert_eq!(timeline(name.split('-').next().unwrap(), name), states, "{name}");
    }
}
