//! The dashboard in a real browser, driven by chromedriver. Where there is none, these tests say so and do nothing.

use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::dashboard::Board;
use crate::http::{free_port, request};
use crate::support::wait_for;
use crate::town::Place;

struct Browser {
    driver: Child,
    port: u16,
    session: String,
}

impl Browser {
    /// A browser of the sandbox's own; `None` where Chromium or its driver is missing.
    fn start(place: &Place) -> Option<Browser> {
        let there = |program: &str| {
            Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
        };
        if !(there("chromium") && there("chromedriver")) {
            eprintln!("no chromium or chromedriver: the browser tests are left out");
            return None;
        }
        let port = free_port();
        let mut command = place.sandbox.command("chromedriver");
        let driver = command.arg(format!("--port={port}")).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        wait_for("the driver listens", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
        let mut browser = Browser { driver, port, session: String::new() };
        let profile = place.sandbox.path("browser");
        let args = json!([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            format!("--user-data-dir={}", profile.display()),
        ]);
        let wanted = json!({"capabilities": {"alwaysMatch": {"goog:chromeOptions": {"args": args}, "goog:loggingPrefs": {"browser": "ALL"}}}});
        // On a loaded machine a first start may take longer than the driver waits.
        browser.session = wait_for("a browser", || {
            let made = browser.call("POST", "", Some(wanted.clone()));
            made["sessionId"].as_str().map(|id| format!("/{id}"))
        });
        Some(browser)
    }

    fn call(&self, method: &str, path: &str, body: Option<Value>) -> Value {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let host = format!("127.0.0.1:{}", self.port);
        let headers = [("host", host.as_str()), ("content-type", "application/json")];
        let answer = request(self.port, method, &format!("/session{}{path}", self.session), &headers, &body);
        answer.json()["value"].clone()
    }

    fn go(&self, url: &str) {
        self.call("POST", "/url", Some(json!({"url": url})));
    }

    /// What `script`, the body of a function, gives in the page.
    fn run(&self, script: &str) -> Value {
        self.call("POST", "/execute/sync", Some(json!({"script": script, "args": []})))
    }

    /// Waits until `expression` is true in the page.
    #[track_caller]
    fn until(&self, expression: &str) {
        wait_for(&format!("{expression}\n{}", self.run("return document.body.innerText")), || {
            (self.run(&format!("return Boolean({expression})")) == json!(true)).then_some(())
        });
    }

    #[track_caller]
    fn sees(&self, words: &str) {
        self.until(&format!("document.body.innerText.includes({})", json!(words)));
    }

    /// Clicks the first element that fits, once it is there.
    #[track_caller]
    fn click(&self, selector: &str) {
        let selector = json!(selector);
        self.until(&format!(
            "(() => {{ const e = document.querySelector({selector}); if (e) e.click(); return e; }})()"
        ));
    }

    #[track_caller]
    fn write(&self, selector: &str, text: &str) {
        let (selector, text) = (json!(selector), json!(text));
        self.until(&format!("(() => {{ const e = document.querySelector({selector}); if (e) {{ e.value = {text}; e.dispatchEvent(new Event('change', {{bubbles: true}})); }} return e; }})()"));
    }

    fn key(&self, key: &str) {
        self.run(&format!(
            "document.body.dispatchEvent(new KeyboardEvent('keydown', {{key: {}, bubbles: true, cancelable: true}}))",
            json!(key)
        ));
    }

    /// What the page's console complained about.
    fn complaints(&self) -> Vec<String> {
        let log = self.call("POST", "/se/log", Some(json!({"type": "browser"})));
        log.as_array()
            .into_iter()
            .flatten()
            .map(|line| line["message"].as_str().unwrap_or_default().to_owned())
            .collect()
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() {
            self.call("DELETE", "", None);
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
    }
}

#[test]
fn every_panel_shows_what_happens_as_it_happens() {
    let place = Place::new(&["shop"]);
    let Some(browser) = Browser::start(&place) else { return };
    let board = Board::open(&place);
    let go = place.sandbox.path("go");
    let nasty = "<script>document.title='taken'</script><img src=x onerror=\"document.title='taken'\"> & \u{202e}";
    let waits = place.bead(
        "shop",
        "Wait for the word",
        &format!("# Wait\necho listening\nuntil [ -e {} ]; do sleep 0.05; done\necho a > a.txt", go.display()),
        &[],
    );
    let asks = place.bead("shop", "Ask somebody", "# Fail\nfalse", &[]);
    let title = place.easy("shop", nasty);
    browser.go(&board.login);
    browser.sees("Nothing needs you");
    assert_eq!(browser.run("return location.pathname + location.search"), "/", "the code is gone from the address");
    place.gt(["sling", &waits, &asks, "shop", "--convoy", "Two of them"]).ok();

    // Agents with their states and last lines, convoys, the feed.
    browser.until("document.querySelector('[data-state=working] .tail')?.textContent.includes('listening')");
    browser.until("document.querySelector('[data-panel=\"needs you\"] [data-state=needs_you]')");
    browser.sees("Two of them");
    browser.sees("0/2");
    browser.sees("started");

    // One agent's terminal, live.
    let agents = place.agents();
    let address =
        agents.iter().find(|agent| agent["bead"] == waits.as_str()).unwrap()["address"].as_str().unwrap().to_owned();
    browser.run(&format!("location.hash = '#/agent/{address}'"));
    browser.until("document.querySelector('.terminal')?.textContent.includes('listening')");
    browser.click("[data-act=diff]");
    browser.sees("commits ahead of main");

    // A title is text, whatever it says.
    browser.run("location.hash = '#/beads'");
    browser.until("document.querySelector('.list')?.textContent.includes('<script>')");
    browser.run(&format!("location.hash = '#/beads/{title}'"));
    browser.until("document.querySelector('h2')?.textContent.includes('<script>')");
    assert_eq!(browser.run("return document.querySelectorAll('main script, main img').length"), 0);
    assert_ne!(browser.run("return document.title"), "taken");

    browser.run("location.hash = '#/hooks'");
    browser.until("document.querySelector('.life [aria-current=step]')?.textContent === 'active'");
    browser.run("location.hash = '#/queue'");
    browser.sees("into main");
    place.gt(["mail", "send", "overseer", "-s", "A letter", "-m", "Dear reader"]).ok();
    browser.until("document.querySelector('#tabs .badge')?.textContent === '1'");
    browser.run("location.hash = '#/mail'");
    browser.click("[data-mail] a");
    browser.sees("Dear reader");

    // It is merged before one's eyes.
    browser.run("location.hash = '#/feed'");
    std::fs::write(&go, "").unwrap();
    browser.sees("merged");
    browser.run("location.hash = '#/convoys'");
    browser.sees("1/2");

    // Narrow as a phone nothing is wider than the screen.
    for (width, height) in [(390, 844), (1280, 860)] {
        browser.call("POST", "/window/rect", Some(json!({"width": width, "height": height})));
        for view in ["town", "convoys", "queue", "hooks", "beads", "mail", "feed", "settings"] {
            browser.run(&format!("location.hash = '#/{view}'"));
            browser.until("document.querySelector('main section')");
            assert_eq!(
                browser.run("return document.documentElement.scrollWidth <= innerWidth"),
                true,
                "{view} at {width}"
            );
        }
    }
    let complaints = browser.complaints();
    assert!(complaints.is_empty(), "{complaints:?}");
    drop(browser);
    board.end();
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn every_action_can_be_done_from_the_page() {
    let place = Place::new(&["shop"]);
    let Some(browser) = Browser::start(&place) else { return };
    let board = Board::open(&place);
    // The other way in: the token.
    browser.go(&format!("http://{}/", board.host()));
    browser.write("#token", &board.token);
    browser.click("button");
    browser.sees("Nothing needs you");

    // Make a bead and sling it, all by keys.
    let go = place.sandbox.path("go");
    browser.key("b");
    browser.write("dialog [name=title]", "Made in the browser");
    browser.write(
        "dialog [name=description]",
        &format!("```sh\n# Wait\necho waiting > said.txt\nuntil [ -e {} ]; do sleep 0.05; done\n```", go.display()),
    );
    browser.click("dialog [data-act=accept]");
    browser.sees("is made");
    browser.key("5");
    browser.click("[data-bead] input");
    browser.key("s");
    // Without marked beads the ready ones are offered; a click takes one.
    browser.click("dialog [data-offer]");
    browser.until("document.querySelector('dialog .plan')?.textContent.includes('a new worker in shop')");
    browser.run("document.querySelector('dialog').close()");
    browser.click("section [data-act=sling]");
    browser.until("document.querySelector('dialog .plan')?.textContent.includes('a new worker in shop')");
    browser.click("dialog [data-act=accept]");
    let agent = wait_for("it is slung", || place.agents().into_iter().find(|agent| agent["pid"].is_i64()));
    let address = agent["address"].as_str().unwrap();

    browser.until("!document.querySelector('dialog')");

    // Stop everything, and let it go on.
    browser.key("1");
    browser.until("document.querySelector('[data-state]')");
    browser.click("[data-act=estop]");
    browser.click("dialog [data-act=accept]");
    browser.sees("The town is frozen");
    assert!(place.gt(["scheduler", "status", "--json"]).ok().json()["frozen"].is_object());
    browser.click("[data-act=thaw]");
    browser.until("document.querySelector('[data-act=estop]')");

    // A message to the agent, which is busy, waits until it can read it.
    browser.run(&format!("location.hash = '#/agent/{address}'"));
    browser.until("document.querySelector('.terminal .row')");
    browser.key("m");
    browser.write("dialog [name=text]", "hello from the browser");
    browser.click("dialog [data-act=accept]");
    browser.sees("gets it later");

    browser.until("!document.querySelector('dialog')");

    // Mail, and its answer.
    browser.key("6");
    browser.click("[data-act=write]");
    browser.write("dialog [name=to]", "overseer");
    browser.write("dialog [name=subject]", "A note");
    browser.click("dialog [data-act=accept]");
    browser.until("!document.querySelector('dialog')");
    browser.click("[data-mail] a");
    browser.click("[data-act=reply]");
    browser.write("dialog [name=text]", "And its answer");
    browser.click("dialog [data-act=accept]");
    wait_for("the answer is there", || place.mail().iter().any(|mail| mail["body"] == "And its answer").then_some(()));

    // Settings: a value that can't be is refused where it was written, a good one holds.
    browser.until("!document.querySelector('dialog')");
    browser.key("8");
    browser.click("[data-setting=max_agents] button");
    browser.write("dialog [name=value]", "several");
    browser.click("dialog [data-act=accept]");
    browser.until("document.querySelector('dialog .bad').textContent.includes('whole number')");
    browser.write("dialog [name=value]", "5");
    browser.click("dialog [data-act=accept]");
    browser.until("document.querySelector('[data-setting=max_agents]')?.textContent.includes('5')");
    // What is changed elsewhere shows by itself.
    place.gt(["config", "set", "max_agents", "6"]).ok();
    browser.until("document.querySelector('[data-setting=max_agents]')?.textContent.includes('6')");
    browser.click("[data-act=new-agent]");
    browser.write("dialog [name=name]", "opus");
    browser.write("dialog [name=command]", "claude --model opus");
    browser.click("dialog [data-act=accept]");
    browser.until("document.querySelector('[data-preset=opus]')");
    browser.write("[data-role=mayor] select", "opus");
    wait_for("the role has its agent", || {
        let text = std::fs::read_to_string(place.root.join("settings/config.json")).unwrap();
        let settings: Value = serde_json::from_str(&text).unwrap();
        (settings["role_agents"]["mayor"] == "opus" && settings["max_agents"] == 6).then_some(())
    });
    let complaints: Vec<String> =
        browser.complaints().into_iter().filter(|line| !line.contains("400") && !line.contains("[DOM]")).collect();
    assert!(complaints.is_empty(), "{complaints:?}");
    drop(browser);
    board.end();
    place.gt(["daemon", "stop"]).ok();
}

/// An agent's program that asks as Claude Code does, shows what it was answered, and waits.
const ASKS: &str = r"#!/bin/sh
printf ' Bash(make release)\n\n Do you want to proceed?\n \342\235\257 1. Yes\n   2. Yes, always\n   3. No, say what to do instead\n'
stty raw -echo
key=$(dd bs=1 count=1 2>/dev/null)
stty sane
printf '\033[2J\033[Hanswered with %s\n' $key
exec sleep 1000
";

#[test]
fn agents_are_answered_from_the_list_rigs_parked_and_convoys_joined() {
    let place = Place::new(&["shop"]);
    let Some(browser) = Browser::start(&place) else { return };
    let program = place.sandbox.path("asks");
    std::fs::write(&program, ASKS).unwrap();
    std::fs::set_permissions(&program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let own = json!({"asker": {"provider": "claude", "command": program, "args": [], "hooks": "none", "login_files": [], "login_env": []}});
    place.set("settings/config.json", &[("agents", own)]);
    let work = place.bead("shop", "Release it", "# Nothing\ntrue", &[]);
    let more = place.easy("shop", "more");
    let fails = place.bead(
        "shop",
        "Try again",
        &format!("# Try\n[ -e {} ]\necho a > tried.txt", place.sandbox.path("go").display()),
        &[],
    );
    place.gt(["sling", &work, "shop", "--agent", "asker", "--convoy", "Release"]).ok();
    let board = Board::open(&place);
    browser.go(&board.login);

    // What is asked stands in the list, each choice a button with its words.
    let list = "document.querySelector('[data-panel=\"needs you\"]')";
    browser.until(&format!("{list}?.textContent.includes('Do you want to proceed?')"));
    browser.until(&format!(
        "{list}.querySelector('[data-key=\"3\"]')?.textContent.includes('No, say what to do instead')"
    ));
    assert_eq!(browser.run(&format!("return {list}.querySelector('.tail').textContent.includes('1. Yes')")), false);
    browser.click("[data-panel=\"needs you\"] [data-key=\"2\"]");
    browser.until("document.querySelector('.tail')?.textContent.includes('answered with 2')");

    // A step of a script that failed is tried again, and what it does is merged.
    place.gt(["sling", &fails, "shop"]).ok();
    browser.until(&format!("{list}?.querySelector('[data-key=r]')"));
    std::fs::write(place.sandbox.path("go"), "").unwrap();
    browser.click("[data-panel=\"needs you\"] [data-key=r]");
    place.wait_closed(std::slice::from_ref(&fails));

    // A convoy takes another bead.
    browser.run("location.hash = '#/convoys'");
    browser.until("document.querySelector('[data-convoy]')?.textContent.includes('Release it')");
    browser.click("[data-act=convoy-add]");
    browser.write("dialog [name=beads]", &more);
    // A parked rig starts nothing, so that what was added only waits.
    place.gt(["rig", "park", "shop"]).ok();
    browser.click("dialog [data-act=accept]");
    browser.until("document.querySelector('[data-convoy]')?.textContent.includes('0/2')");

    // Parked and used again by the page itself.
    browser.key("1");
    browser.until("document.querySelector('h3 .more')?.textContent.includes('parked')");
    browser.run("[...document.querySelectorAll('h3 button')].find(e => e.textContent === 'Use it again').click()");
    browser.click("[data-act=park]");
    browser.click("dialog [data-act=accept]");
    browser.until("document.querySelector('h3 .more')?.textContent.includes('parked')");
    let parked = place.gt(["scheduler", "status", "--json"]).ok().json()["parked"].clone();
    assert_eq!(parked, json!(["shop"]));
    let complaints = browser.complaints();
    assert!(complaints.is_empty(), "{complaints:?}");
    drop(browser);
    board.end();
    place.gt(["daemon", "stop"]).ok();
}
