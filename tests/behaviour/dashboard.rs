//! `gt dashboard` over plain HTTP: what it shows, what it does, and whom it turns away.

use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use crate::http::{Answer, open, request, wait_event};
use crate::support::{Sandbox, wait_for};
use crate::town::{Place, kill};

/// A dashboard that runs, with a browser's login where there is one.
pub struct Board {
    child: Child,
    pub port: u16,
    pub login: String,
    pub token: String,
    cookie: String,
    csrf: String,
}

impl Board {
    pub fn open(place: &Place) -> Board {
        Self::with(&place.sandbox, &place.root, &[])
    }

    pub fn with(sandbox: &Sandbox, root: &std::path::Path, more: &[&str]) -> Board {
        let mut command = sandbox.command(crate::support::GT);
        command.current_dir(root).args(["dashboard", "--port", "0", "--json"]).args(more);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut text = String::new();
        let told: Value = loop {
            text.push_str(&lines.next().expect("it says where it listens").unwrap());
            if let Ok(told) = serde_json::from_str(&text) {
                break told;
            }
        };
        let url = told["url"].as_str().unwrap();
        let port = url.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
        let file = told["token_file"].as_str().unwrap();
        assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
        let token = std::fs::read_to_string(file).unwrap().trim().to_owned();
        let login = told["login"].as_str().unwrap().to_owned();
        Board { child, port, login, token, cookie: String::new(), csrf: String::new() }
    }

    pub fn host(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn logged_in(mut self) -> Board {
        let path = self.login.strip_prefix(&format!("http://{}", self.host())).unwrap().to_owned();
        let answer = request(self.port, "GET", &path, &[("host", &self.host())], "");
        assert_eq!(answer.status, 303, "{answer:?}");
        let cookie = answer.header("set-cookie").unwrap().to_owned();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        self.cookie = cookie.split(';').next().unwrap().to_owned();
        self.csrf = self.get("/api/me").json()["csrf"].as_str().unwrap().to_owned();
        self
    }

    pub fn get(&self, path: &str) -> Answer {
        request(self.port, "GET", path, &[("host", &self.host()), ("cookie", &self.cookie)], "")
    }

    pub fn act(&self, body: Value) -> Answer {
        let origin = format!("http://{}", self.host());
        let headers = [
            ("host", self.host()),
            ("cookie", self.cookie.clone()),
            ("origin", origin),
            ("x-gt-csrf", self.csrf.clone()),
            ("content-type", "application/json".into()),
        ];
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        request(self.port, "POST", "/api/do", &headers, &body.to_string())
    }

    /// Opens the event stream.
    pub fn stream(&self, query: &str) -> BufReader<std::net::TcpStream> {
        let (status, _, reader) =
            open(self.port, "GET", &format!("/events{query}"), &[("host", &self.host()), ("cookie", &self.cookie)], "");
        assert_eq!(status, 200);
        reader
    }

    /// Bytes of memory it has resident.
    fn memory(&self) -> usize {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
    }

    pub fn end(mut self) -> Option<i32> {
        kill(i32::try_from(self.child.id()).unwrap(), "-TERM");
        self.child.wait().unwrap().code()
    }
}

#[test]
fn strangers_are_turned_away() {
    let place = Place::new(&["shop"]);
    let board = Board::open(&place);
    let host = board.host();
    let ask = |method: &str, path: &str, headers: &[(&str, &str)], body: &str| {
        request(board.port, method, path, headers, body)
    };

    // Without a login there is a form and nothing else.
    let page = ask("GET", "/", &[("host", &host)], "");
    assert!(page.status == 200 && page.body.contains("Token") && !page.body.contains("app.js"), "{page:?}");
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    for path in
        ["/api/state", "/api/beads", "/events", "/api/settings", "/assets/app.js", "/api/diff?agent=x", "/nothing"]
    {
        let answer = ask("GET", path, &[("host", &host)], "");
        assert_eq!(answer.status, 401, "{path}: {answer:?}");
        assert!(!answer.body.contains("shop"), "{path}");
        let forged = ask("GET", path, &[("host", &host), ("cookie", "gt_x=1; gt_=2")], "");
        assert_eq!(forged.status, 401, "{path}");
    }

    // Another host name, as a page that points its own name here would send; the token does not help it.
    for bad in ["evil.example", &format!("evil.example:{}", board.port), "127.0.0.1:1", ""] {
        for path in ["/", "/api/state", "/assets/app.css"] {
            let answer = ask("GET", path, &[("host", bad)], "");
            assert!(matches!(answer.status, 400 | 403), "{bad} {path}: {answer:?}");
            assert!(!answer.body.contains("<html"), "{bad} {path}");
        }
    }
    // Another origin, and none at all where something would change.
    let form = format!("token={}", board.token);
    let kind = ("content-type", "application/x-www-form-urlencoded");
    let own = format!("http://{host}");
    for origin in [Some("http://evil.example"), Some("null"), Some("http://localhost"), None] {
        let mut headers = vec![("host", host.as_str()), kind];
        headers.extend(origin.map(|origin| ("origin", origin)));
        assert_eq!(ask("POST", "/login", &headers, &form).status, 403, "{origin:?}");
    }
    assert_eq!(ask("POST", "/login", &[("host", &host), kind, ("origin", &own)], "token=guess").status, 401);
    assert_eq!(ask("POST", "/login", &[("host", &host), kind, ("origin", &own)], &form).status, 303);

    // The printed address works once.
    let path = board.login.strip_prefix(&own).unwrap().to_owned();
    assert_eq!(ask("GET", "/login?code=wrong", &[("host", &host)], "").status, 401);
    assert_eq!(ask("GET", &path, &[("host", &host)], "").status, 303);
    assert_eq!(ask("GET", &path, &[("host", &host)], "").status, 401);
    assert_eq!(board.end(), Some(0));
}

#[test]
fn nothing_changes_without_the_pages_own_token() {
    let place = Place::new(&["shop"]);
    let board = Board::open(&place).logged_in();
    let host = board.host();
    let own = format!("http://{host}");
    let body = json!({"do": "bead-create", "title": "Forged", "rig": "shop"}).to_string();
    let base = [("host", host.as_str()), ("cookie", board.cookie.as_str()), ("content-type", "application/json")];
    let with = |more: &[(&str, &str)]| {
        let mut headers = base.to_vec();
        headers.extend_from_slice(more);
        request(board.port, "POST", "/api/do", &headers, &body).status
    };
    assert_eq!(with(&[("origin", &own)]), 403, "no CSRF token");
    assert_eq!(with(&[("origin", &own), ("x-gt-csrf", "0000")]), 403);
    assert_eq!(with(&[("x-gt-csrf", &board.csrf)]), 403, "no origin");
    assert_eq!(with(&[("origin", "http://evil.example"), ("x-gt-csrf", &board.csrf)]), 403);
    assert_eq!(with(&[("origin", &own), ("x-gt-csrf", &board.csrf), ("sec-fetch-site", "cross-site")]), 403);
    assert_eq!(request(board.port, "GET", "/api/do", &base, "").status, 405);
    assert_eq!(board.get("/api/beads?status=").json()["beads"], json!([]));

    assert_eq!(board.act(json!({"do": "format-disk"})).status, 400);
    assert_eq!(board.act(json!({"do": "thaw", "more": 1})).status, 400, "unknown fields are not passed over");
    let huge = board.act(json!({"do": "nudge", "agent": "x", "text": "x".repeat(200_000)}));
    assert!(matches!(huge.status, 400 | 413), "{}", huge.status);
    assert_eq!(board.act(json!({"do": "bead-create", "title": "Real", "rig": "shop"})).status, 200);
    assert_eq!(board.get("/api/beads?status=").json()["beads"][0]["title"], "Real");

    // After logging out the cookie is worth nothing.
    let headers = [("host", host.as_str()), ("cookie", &board.cookie), ("origin", &own), ("x-gt-csrf", &board.csrf)];
    assert_eq!(request(board.port, "POST", "/logout", &headers, "").status, 204);
    assert_eq!(board.get("/api/state").status, 401);
    board.end();
}

#[test]
fn paths_lead_nowhere_but_to_the_page() {
    let place = Place::new(&[]);
    let board = Board::open(&place).logged_in();
    for path in [
        "/assets/../../../../etc/passwd",
        "/assets/..%2f..%2fCargo.toml",
        "/assets/%2e%2e/%2e%2e/etc/passwd",
        "/assets//etc/passwd",
        "/assets/app.css/../../x",
        "/assets/app.js%00.css",
        "/..",
        "//evil.example/",
        "/.runtime/dashboard.token",
        "/assets/",
    ] {
        let answer = board.get(path);
        assert!(matches!(answer.status, 400 | 404), "{path}: {answer:?}");
        assert!(!answer.body.contains("root:") && !answer.body.contains(&board.token), "{path}");
    }
    for name in ["app.css", "app.js", "dom.js", "dialogs.js", "live.js", "panels.js", "screen.js", "icon.svg"] {
        let answer = board.get(&format!("/assets/{name}"));
        assert!(answer.status == 200 && answer.body.len() > 100, "{name}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        // Nothing comes from elsewhere, and no text is ever read as HTML.
        for bad in ["http:", "https:", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("] {
            let body = answer.body.replace("http://www.w3.org/2000/svg", "");
            assert!(!body.contains(bad), "{name}: {bad}");
        }
    }
    for bad in [
        "/api/bead?id=nothing",
        "/api/diff?agent=nobody",
        "/api/request?id=x",
        "/api/message?id=x",
        "/api/text?agent=../../etc",
    ] {
        assert_eq!(board.get(bad).status, 404, "{bad}");
    }
    board.end();
}

#[test]
fn work_is_slung_shown_and_merged() {
    let place = Place::new(&["shop"]);
    let go = place.sandbox.path("go");
    let board = Board::open(&place).logged_in();
    let script = format!(
        "# Wait for the word\necho waiting for the word\nuntil [ -e {} ]; do sleep 0.05; done\necho done > done.txt",
        go.display()
    );
    let made = board.act(json!({"do": "bead-create", "title": "Wait", "rig": "shop", "description": format!("```sh\n{script}\n```"), "priority": 1, "kind": "task"}));
    let id = made.json()["id"].as_str().unwrap().to_owned();

    let mut stream = board.stream("");
    wait_event(&mut stream, "town", |town| town["ready"] == 1);
    let plan = board.act(json!({"do": "sling", "beads": [id], "dry_run": true})).json();
    assert_eq!(plan["plan"]["lines"][0]["rig"], "shop", "{plan}");
    let slung = board.act(json!({"do": "sling", "beads": [id], "target": "shop", "convoy": "First"})).json();
    assert!(slung["said"].as_str().unwrap().contains("shop/polecats/"), "{slung}");

    // The agent appears by itself, and what it writes.
    let agents = wait_event(&mut stream, "agents", |agents| agents[0]["bead"] == id.as_str());
    let (address, session) = (agents[0]["address"].as_str().unwrap(), agents[0]["session"].as_str().unwrap());
    wait_event(&mut stream, "tails", |tails| tails[session].to_string().contains("waiting for the word"));
    let mut close = board.stream(&format!("?session={session}"));
    wait_event(&mut close, "screen", |screen| screen["rows"].to_string().contains("waiting for the word"));
    drop(close);
    let state = board.get("/api/state").json();
    assert_eq!(
        (&state["convoys"][0]["title"], &state["hooks"][0]["state"]),
        (&"First".into(), &"active".into()),
        "{state}"
    );

    // Frozen and thawed from here.
    assert_eq!(board.act(json!({"do": "estop", "reason": "a look"})).json()["said"], "1 agents are frozen");
    wait_event(&mut stream, "town", |town| town["scheduler"]["frozen"]["reason"] == "a look");
    board.act(json!({"do": "thaw"}));
    wait_event(&mut stream, "town", |town| town["scheduler"]["frozen"].is_null());

    std::fs::write(&go, "").unwrap();
    wait_event(&mut stream, "convoys", |convoys| convoys[0]["landed"] == true);
    wait_event(&mut stream, "feed", |feed| feed.as_array().unwrap().iter().any(|line| line["what"] == "merged"));
    assert!(place.files(&place.origin("shop")).contains(&"done.txt".to_owned()));
    let bead = board.get(&format!("/api/bead?id={id}")).json();
    assert_eq!((&bead["status"], &bead["title"]), (&"closed".into(), &"Wait".into()));
    assert!(!address.is_empty());

    board.act(json!({"do": "mail-send", "to": "overseer", "subject": "To myself", "text": "Remember."}));
    let mail = wait_event(&mut stream, "mail", |mail| mail.to_string().contains("To myself"));
    let message = mail.as_array().unwrap().iter().find(|message| message["subject"] == "To myself").unwrap();
    let thread = board.get(&format!("/api/message?id={}", message["id"].as_str().unwrap())).json();
    assert_eq!(thread["thread"][0]["body"], "Remember.", "{thread}");
    board.end();
    place.gt(["daemon", "stop"]).ok();
}

#[test]
fn settings_are_changed_and_wrong_ones_refused() {
    let place = Place::new(&["shop"]);
    let board = Board::open(&place).logged_in();
    let set = |key: &str, value: &str| board.act(json!({"do": "setting-set", "key": key, "value": value}));
    assert_eq!(set("max_agents", "3").status, 200);
    assert_eq!(set("agents.opus", "claude --model opus").status, 200);
    assert_eq!(set("role_agents.mayor", "opus").status, 200);
    for (key, value) in [
        ("max_agents", "many"),
        ("max_agents", "0"),
        ("default_agent", "opsu"),
        ("max_agnets", "3"),
        ("role_agents.king", "opus"),
        ("agents.x", ""),
    ] {
        let answer = set(key, value);
        assert!(matches!(answer.status, 400..=500) && answer.json()["error"].is_string(), "{key}: {answer:?}");
    }
    let all = board.get("/api/settings").json();
    let of = |all: &Value, key: &str| {
        all["settings"].as_array().unwrap().iter().find(|one| one["key"] == key).unwrap().clone()
    };
    assert_eq!((&of(&all, "max_agents")["value"], &of(&all, "max_agents")["origin"]), (&3.into(), &"town".into()));
    assert_eq!(of(&all, "role_agents")["value"]["mayor"], "opus");
    assert!(
        all["agents"].as_array().unwrap().iter().any(|one| one["name"] == "opus" && one["custom"] == true),
        "{all}"
    );
    assert_eq!(board.act(json!({"do": "setting-set", "rig": "shop", "key": "max_polecats", "value": "2"})).status, 200);
    let shop = board.get("/api/settings?rig=shop").json();
    assert_eq!(of(&shop, "max_polecats")["origin"], "rig");
    assert_eq!((&of(&shop, "agent")["value"], &of(&shop, "agent")["origin"]), (&"script".into(), &"town".into()));
    assert_eq!(board.act(json!({"do": "setting-unset", "key": "max_agents"})).status, 200);
    assert_eq!(of(&board.get("/api/settings").json(), "max_agents")["origin"], "built-in");
    board.end();
}

/// Ten thousand events in one go, and a browser that does not read: nothing piles up, everybody else is answered meanwhile, and who
/// reads again has the newest; the log itself misses none.
#[test]
fn a_flood_of_events_is_taken_in_sips() {
    const ROUNDS: usize = 10;
    const EACH: usize = 1000;
    let place = Place::new(&["shop"]);
    let board = Board::open(&place).logged_in();
    let mut stream = board.stream("");
    wait_event(&mut stream, "feed", |_| true);
    // It opened a stream and never reads it.
    let mut deaf = board.stream("");
    let before = board.memory();
    let mut desk = place.desk();
    let first = desk.ledger.recent_events(1).unwrap()[0].seq;
    let mut answers = 0;
    for round in 0..ROUNDS {
        desk.ledger
            .write("overseer", |tx| {
                for n in 0..EACH {
                    tx.event("escalation", None, json!({"reason": format!("{round}/{n}")}))?;
                }
                Ok(())
            })
            .unwrap();
        answers += usize::from(board.get("/api/state").status == 200);
    }
    assert_eq!(answers, ROUNDS, "the page is answered while it goes on");
    let newest = format!("{}/{}", ROUNDS - 1, EACH - 1);
    let mut pictures = 0;
    let feed = wait_event(&mut stream, "feed", |feed| {
        pictures += 1;
        feed[0].to_string().contains(&newest)
    });
    let lines = feed.as_array().unwrap();
    assert!(lines.len() <= 200, "{} lines", lines.len());
    // What is shown of them is a run without a gap, newest first.
    for (line, n) in lines.iter().zip((0..EACH).rev()) {
        assert!(line.to_string().contains(&format!("{}/{n}", ROUNDS - 1)), "{line} is not {n}");
    }
    assert!(pictures <= ROUNDS + 1, "{pictures} pictures of {ROUNDS} rounds of {EACH} events");
    // None is missing from what it was made of.
    let all = desk.ledger.events_since(first, 2 * ROUNDS * EACH).unwrap();
    assert_eq!(all.iter().filter(|event| event.kind == "escalation").count(), ROUNDS * EACH);
    // What ten thousand events weigh is not kept for whoever does not listen, nor for anybody else.
    let grown = board.memory().saturating_sub(before);
    assert!(grown < 32 << 20, "{} MiB more than before", grown >> 20);
    wait_event(&mut deaf, "feed", |feed| feed[0].to_string().contains(&newest));
    board.end();
}

#[test]
fn where_it_can_t_listen_it_says_why() {
    let place = Place::new(&[]);
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let refused = place.gt(["dashboard", "--port", &port]).code(1);
    assert!(refused.stderr.contains(&port) && refused.stderr.contains("--port 0"), "{refused:?}");
    place.sandbox.gt(["dashboard", "--port", "0"]).code(3);

    // Told to end, it ends, though a browser still holds its stream.
    let board = Board::open(&place).logged_in();
    let mut stream = board.stream("");
    wait_event(&mut stream, "town", |_| true);
    assert_eq!(board.end(), Some(0));
    wait_for("nothing is left over", || place.sandbox.processes().is_empty().then_some(()));
}
