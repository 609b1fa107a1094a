//! What the views of beads, mail, feed, costs and settings are told in a made-up town.

use super::now;
use crate::cockpit::ask::{Home, Setting, Takes};
use crate::cockpit::costs::{Spent, SpentRow};
use crate::view::{BeadDetail, BeadLine, FeedLine, Letter, LogLine, Tone};

/// Beads of every stand: an epic with parts, some that wait, some in work, one done.
pub fn bead_lines() -> Vec<BeadLine> {
    let line = |id: &str, title: &str, status: &str, priority, kind: &str, waits_for: &[&str]| BeadLine {
        id: id.into(),
        title: title.into(),
        status: status.into(),
        priority,
        issue_type: kind.into(),
        assignee: if status == "hooked" { "shop/polecats/nux".into() } else { String::new() },
        rig: id.split('-').next().map_or("shop", |prefix| if prefix == "ap" { "api" } else { "shop" }).into(),
        blocked: !waits_for.is_empty(),
        waits_for: waits_for.iter().map(|id| (*id).into()).collect(),
        parent: id.rsplit_once('.').map(|(parent, _)| parent.to_owned()),
    };
    vec![
        line("ap-77tww", "Stop logging tokens", "open", 0, "bug", &[]),
        line("sh-k2x9m", "Publish the CLI package", "hooked", 1, "task", &[]),
        line("sh-w7b1k", "Checkout v2", "open", 1, "epic", &[]),
        line("sh-w7b1k.1", "Cart totals round wrongly", "hooked", 1, "bug", &[]),
        line("sh-w7b1k.2", "Pay by invoice, 日本語 too", "open", 2, "feature", &["sh-w7b1k.1"]),
        line("sh-w7b1k.3", "Thank people by name", "open", 3, "feature", &["sh-w7b1k.1"]),
        line("sh-q7w1z", "Cart page in storybook", "open", 2, "task", &[]),
        line("sh-m4n8b", "Cart analytics", "open", 2, "task", &["sh-q7w1z"]),
        line("sh-77d2b", "Fix flaky cart test", "closed", 2, "bug", &[]),
    ]
}

/// A bead with everything a bead can have.
pub fn bead_detail() -> BeadDetail {
    let event = |seq: i64, what: &str, text: &str, tone| FeedLine {
        seq,
        at: now().plus_seconds(seq * 60 - 3600),
        what: what.into(),
        bead: Some("ap-77tww".into()),
        text: text.into(),
        tone,
    };
    BeadDetail {
        line: bead_lines()[0].clone(),
        description: "They stand in the debug log, which support people read.\n\n- leave them out\n- say so in the log that something was left out, so that nobody wonders".into(),
        design: "One place: the layer that writes the log.".into(),
        acceptance: "A token in a request is nowhere in the log".into(),
        notes: String::new(),
        labels: vec!["security".into(), "logs".into()],
        depends_on: vec![("blocks".into(), "ap-99xkd".into(), "Rate limit the search route".into(), "closed".into())],
        needed_by: vec![("blocks".into(), "ap-1mfr0".into(), "Paginate /orders".into(), "open".into())],
        comments: vec![("overseer".into(), now().plus_seconds(-600), "Before the audit, please.".into())],
        history: vec![
            event(3, "updated", "Stop logging tokens · overseer", Tone::Plain),
            event(1, "new", "Stop logging tokens", Tone::Plain),
        ],
        created_by: "overseer".into(),
        created_at: now().plus_seconds(-7200),
        updated_at: now(),
        close_reason: String::new(),
    }
}

/// Three messages, one of them urgent, one read.
pub fn letters() -> Vec<Letter> {
    let letter = |id: &str, from: &str, subject: &str, body: &str, minutes: i64, read, priority: &str| Letter {
        id: id.into(),
        from: from.into(),
        subject: subject.into(),
        body: body.into(),
        at: now().plus_seconds(-60 * minutes),
        read,
        priority: priority.into(),
    };
    vec![
        letter(
            "hq-83pdc",
            "shop/witness",
            "The staging database is out of disk",
            "Nothing can be written there since 13:40.\n\nSeen: gt escalate ack hq-83pdc. Settled: gt escalate close hq-83pdc --reason <what was done>.",
            4,
            false,
            "high",
        ),
        letter(
            "hq-lu85f",
            "mayor/",
            "Two routes have no owner",
            "/orders/export and /health. Who looks after them?",
            31,
            false,
            "normal",
        ),
        letter(
            "hq-8gw1j",
            "deacon/",
            "Convoy landed: Dependency updates",
            "5 of 5 beads are merged.",
            180,
            true,
            "normal",
        ),
    ]
}

/// The event log with who did it and how.
pub fn log() -> Vec<LogLine> {
    let line = |seq: i64, what: &str, bead: &str, text: &str, tone, actor: &str, facts: &[(&str, &str)]| LogLine {
        line: FeedLine {
            seq,
            at: now().plus_seconds(seq * 60),
            what: what.into(),
            bead: (!bead.is_empty()).then(|| bead.into()),
            text: text.into(),
            tone,
        },
        actor: actor.into(),
        facts: facts.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
    };
    vec![
        line(
            9,
            "merged",
            "sh-77d2b",
            "Fix flaky cart test  9c1e2f0",
            Tone::Good,
            "shop/refinery",
            &[("commit", "9c1e2f0aa"), ("target", "main")],
        ),
        line(
            8,
            "slung",
            "sh-w7b1k.1",
            "Cart totals round wrongly → shop",
            Tone::Moves,
            "overseer",
            &[("target", "shop")],
        ),
        line(
            7,
            "came back",
            "sh-19cde",
            "Upgrade vite: conflict in package.json",
            Tone::Bad,
            "shop/refinery",
            &[("reason", "conflict in package.json")],
        ),
        line(6, "calls you", "hq-83pdc", "The staging database is out of disk", Tone::Calls, "shop/witness", &[]),
        line(5, "frozen", "", "every agent", Tone::Calls, "overseer", &[]),
    ]
}

/// Costs by agent, one of them without a price.
pub fn spent() -> Spent {
    let row = |key: &str, usd: Option<f64>| SpentRow {
        key: key.into(),
        usd,
        read: 9_000,
        cached: 1_234_567,
        written: 800,
        unpriced: 0,
    };
    Spent {
        by: 0,
        all: row("", Some(4.2)),
        rows: vec![
            row("shop/polecats/nux", Some(3.1)),
            row("shop/polecats/slit", Some(1.1)),
            row("api/polecats/dag", None),
        ],
        days: vec![("2026-11-22".into(), Some(4.2)), ("2026-11-21".into(), Some(9.0)), ("2026-11-19".into(), None)],
        unknown: vec![("api/polecats/dag".into(), "amp".into())],
        prices: "2025-12-01".into(),
    }
}

/// Settings of every part and layer.
pub fn settings() -> Vec<Setting> {
    let row = |place: &str, key: &str, value: &str, layer: &str, takes: Takes| Setting {
        place: place.into(),
        home: if place == "shop" { Home::Rig("shop".into()) } else { Home::Town },
        key: key.into(),
        name: key.rsplit_once("agents.").map_or(key, |(_, name)| name).into(),
        value: value.into(),
        layer: layer.into(),
        own: layer == "town" || layer == "rig",
        about: "What it means, in a sentence".into(),
        takes,
    };
    let names = || Takes::Words(vec!["claude".into(), "codex".into(), "opus".into()]);
    vec![
        row("agents", "default_agent", "claude", "built in", names()),
        row("agents", "agents.opus", "claude --model opus", "town", Takes::Text),
        row("roles", "role_agents.mayor", "opus", "town", names()),
        row("budgets", "max_agents", "30", "town", Takes::Text),
        row("town", "recording", "true", "built in", Takes::Flag),
        row(
            "shop",
            "merge_queue.strategy",
            "hold",
            "rig",
            Takes::Words(vec!["direct".into(), "pr".into(), "hold".into()]),
        ),
    ]
}
