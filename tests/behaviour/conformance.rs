//! What sequences do, held to the standards' own words and to another terminal's recordings: in the emulator and through a session, where
//! a program on the real terminal writes them and reads the answers. `docs/terminal-conformance.md` shows the results; it is written anew
//! with `GT_BLESS=1`, and all goes through sessions with `GT_LONG=1`.

mod recordings;
mod target;

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use gastown::terminal::{ScreenState, new_emulator};

use target::Target;

/// Columns and rows of the terminal the cases are written for.
const SIZE: (u16, u16) = (20, 6);

struct Case {
    section: String,
    name: String,
    input: Vec<u8>,
    screen: Option<String>,
    cursor: Option<String>,
    answer: Option<String>,
    /// Why this terminal differs.
    differs: Option<String>,
}

/// `text` with its escapes made bytes.
fn unescape(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.extend_from_slice(&rest.as_bytes()[..at]);
        let escape = &rest[at + 1..];
        let mut used = 1;
        match escape.as_bytes()[0] {
            b'e' => out.push(0x1b),
            b'r' => out.push(b'\r'),
            b'n' => out.push(b'\n'),
            b't' => out.push(b'\t'),
            b'a' => out.push(7),
            b'b' => out.push(8),
            b'x' => {
                out.push(u8::from_str_radix(&escape[1..3], 16).unwrap());
                used = 3;
            }
            b'{' => {
                let end = escape.find('}').unwrap();
                let (count, text) = escape[1..end].split_once('*').unwrap();
                out.extend(text.repeat(count.parse().unwrap()).bytes());
                used = end + 1;
            }
            other => out.push(other),
        }
        rest = &escape[used..];
    }
    out.extend_from_slice(rest.as_bytes());
    out
}

fn cases() -> Vec<Case> {
    let mut section = String::new();
    let mut out = Vec::new();
    for line in include_str!("conformance/sequences.txt").lines() {
        if let Some(name) = line.strip_prefix("== ") {
            name.clone_into(&mut section);
        } else if !line.starts_with('#') && !line.is_empty() {
            let mut fields = line.split(";;").map(str::trim);
            let name = fields.next().unwrap().to_owned();
            let input = unescape(fields.next().unwrap_or_else(|| panic!("no input: {line}")));
            let mut looked_at = || fields.next().filter(|field| *field != "-").map(str::to_owned);
            let screen = looked_at().map(|text| String::from_utf8(unescape(&text)).unwrap());
            let cursor = looked_at().filter(|text| !text.is_empty());
            let answer = looked_at().map(|text| String::from_utf8(unescape(&text)).unwrap());
            let differs = fields.next().map(str::to_owned);
            out.push(Case { section: section.clone(), name, input, screen, cursor, answer, differs });
        }
    }
    out
}

/// What came of a case.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    screen: String,
    cursor: String,
    answer: String,
}

impl Outcome {
    fn of(screen: &ScreenState, answer: &[u8]) -> Outcome {
        let rows: Vec<String> = screen.lines.iter().map(gastown::terminal::Line::text).collect();
        Outcome {
            screen: rows.join("/").trim_end_matches('/').to_owned(),
            cursor: format!("{},{}", screen.cursor.row + 1, screen.cursor.col + 1),
            answer: String::from_utf8_lossy(answer).into_owned(),
        }
    }

    fn agrees(&self, case: &Case) -> bool {
        case.screen.as_ref().is_none_or(|screen| screen.trim_end_matches('/') == self.screen)
            && case.cursor.as_ref().is_none_or(|cursor| *cursor == self.cursor)
            && case.answer.as_ref().is_none_or(|answer| *answer == self.answer)
    }
}

fn emulate(input: &[u8], chunk: usize) -> Outcome {
    let mut emulator = new_emulator(SIZE.0, SIZE.1, 100);
    for bytes in input.chunks(chunk.max(1)) {
        emulator.feed(bytes);
    }
    emulator.refresh(Instant::now() + Duration::from_secs(1));
    let answer = emulator.take_replies();
    Outcome::of(emulator.screen(), &answer)
}

/// Complains of every case that comes out otherwise than its line says.
fn judge<'a>(outcomes: impl Iterator<Item = (&'a Case, Outcome)>) {
    let mut wrong = String::new();
    for (case, outcome) in outcomes {
        match (&case.differs, outcome.agrees(case)) {
            (None, true) | (Some(_), false) => {}
            (None, false) => {
                let (screen, cursor, answer) = (&case.screen, &case.cursor, &case.answer);
                let _ = writeln!(
                    wrong,
                    "{}: {}\n  want {screen:?} {cursor:?} {answer:?}\n  got  {outcome:?}",
                    case.section, case.name
                );
            }
            (Some(_), true) => {
                let _ = writeln!(wrong, "{}: {}: said to differ, but doesn't", case.section, case.name);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn the_emulator_does_as_the_standards_say() {
    judge(cases().iter().map(|case| (case, emulate(&case.input, usize::MAX))));
}

#[test]
fn how_output_is_cut_changes_nothing() {
    for case in cases() {
        let whole = emulate(&case.input, usize::MAX);
        for chunk in [1, 2, 3] {
            assert_eq!(emulate(&case.input, chunk), whole, "{} cut to pieces of {chunk}", case.name);
        }
    }
}

#[test]
fn a_program_in_a_session_sees_the_same() {
    let cases = cases();
    let step = if std::env::var_os("GT_LONG").is_some() { 1 } else { 9 };
    let mut target = Target::start(SIZE);
    judge(cases.iter().step_by(step).map(|case| {
        let (screen, answer) = target.run(&case.input);
        (case, Outcome::of(&screen, &answer))
    }));
}

/// The results as the document shows them.
fn table() -> String {
    let cases = cases();
    let mut sections: Vec<&str> = cases.iter().map(|case| case.section.as_str()).collect();
    sections.dedup();
    let mut out = "| Sequences | cases | as the standard says |\n|---|---:|---:|\n".to_owned();
    let as_said = |case: &&Case| case.differs.is_none();
    for section in sections {
        let all = cases.iter().filter(|case| case.section == section);
        let _ = writeln!(out, "| {section} | {} | {} |", all.clone().count(), all.filter(as_said).count());
    }
    let _ = writeln!(out, "| **all** | {} | {} |", cases.len(), cases.iter().filter(as_said).count());
    out.push_str("\nWhere it differs, and why:\n\n");
    for case in &cases {
        if let Some(why) = &case.differs {
            let _ = writeln!(out, "- **{}**: {why}.", case.name);
        }
    }
    out
}

/// Replaces what stands between the marks called `name` in the document, or checks that it is `content`.
fn shown(name: &str, content: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/terminal-conformance.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let from = text.find(&begin).unwrap() + begin.len();
    let to = text.find(&end).unwrap();
    if std::env::var_os("GT_BLESS").is_some() {
        std::fs::write(&path, format!("{}{content}{}", &text[..from], &text[to..])).unwrap();
    } else {
        assert_eq!(&text[from..to], content, "GT_BLESS=1 brings the document up to date");
    }
}

#[test]
fn the_document_shows_the_results() {
    shown("sequences", &table());
}
