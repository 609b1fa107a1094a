//! What the emulator shows and answers, and that it agrees with another engine.

use std::time::{Duration, Instant};

use alacritty_terminal::Term;
use alacritty_terminal::event::VoidListener;
use alacritty_terminal::index::{Column, Line as AlaLine};
use alacritty_terminal::term::test::TermSize;
use alacritty_terminal::vte::ansi::{Processor, StdSyncHandler};
use proptest::prelude::*;

use super::guard::MAX_MARKS;
use super::*;

fn terminal(cols: u16, rows: u16) -> Box<dyn Emulator> {
    new_emulator(cols, rows, 100)
}

fn shown(emulator: &mut dyn Emulator) -> String {
    emulator.refresh(Instant::now());
    emulator.screen().text()
}

fn fed(bytes: &[u8]) -> Box<dyn Emulator> {
    let mut emulator = terminal(40, 6);
    emulator.feed(bytes);
    emulator.refresh(Instant::now());
    emulator
}

#[test]
fn text_styles_and_cursor() {
    let emulator = fed(b"plain \x1b[1;31;48;2;1;2;3mred\x1b[0m\x1b[4:3;58;5;9mcurl\x1b[0m\r\nnext");
    let screen = emulator.screen();
    assert_eq!(screen.text(), "plain redcurl\nnext");
    let runs = &screen.lines[0].runs;
    assert_eq!(runs.len(), 3);
    assert_eq!(runs[1].style.fg, Color::Indexed(1));
    assert_eq!(runs[1].style.bg, Color::Rgb(1, 2, 3));
    assert!(runs[1].style.attrs.has(Attrs::BOLD));
    assert!(runs[2].style.attrs.has(Attrs::CURLY_UNDERLINE));
    assert_eq!(runs[2].style.underline_color, Color::Indexed(9));
    assert_eq!((screen.cursor.col, screen.cursor.row, screen.cursor.visible), (4, 1, true));
}

#[test]
fn wide_characters_keep_their_columns() {
    let emulator = fed("漢字 👩‍👩‍👧 ❤️ e\u{301} 👍🏽|".as_bytes());
    let line = &emulator.screen().lines[0];
    let cells: Vec<_> = line.cells().filter(|c| c.text != " ").map(|c| (c.col, c.width, c.text.to_owned())).collect();
    let expected =
        [(0, 2, "漢"), (2, 2, "字"), (5, 2, "👩‍👩‍👧"), (8, 2, "❤️"), (11, 1, "e\u{301}"), (13, 2, "👍🏽"), (15, 1, "|")];
    assert_eq!(cells, expected.map(|(col, width, text)| (col, width, text.to_owned())));
}

#[test]
fn links_ride_on_their_text() {
    let emulator = fed(b"see \x1b]8;;https://example.org/\x1b\\here\x1b]8;;\x1b\\.");
    let links: Vec<_> = emulator.screen().lines[0].runs.iter().map(|r| (r.text.as_str(), r.link.as_deref())).collect();
    assert_eq!(links, [("see ", None), ("here", Some("https://example.org/")), (".", None)]);
}

/// The one write Claude Code makes at its start: with the first answers in another order it takes the terminal for a lesser one.
#[test]
fn answers_keep_the_order_of_the_queries() {
    let queries = b"\x1b[>0q\x1b[?u\x1b]7501;?\x07\x1b[c\x1b[?2026$p\x1b]11;?\x1b\\\x1b[6n\x1b[?4m\x1b[>c\x1b[=c";
    let version = format!("\x1bP>|gastown {}\x1b\\", env!("CARGO_PKG_VERSION"));
    let expected = [
        version.as_str(),
        "\x1b[?0u",
        "\x1b]7501;?:states=idle,working,done,blocked,error:kinds=permission,question,auth\x1b\\",
        "\x1b[?62;22;52c",
        "\x1b[?2026;2$y",
        "\x1b]11;rgb:1010/1010/1414\x1b\\",
        "\x1b[1;1R",
        "\x1b[>4;0m",
        "\x1b[>1;100;0c",
        "\x1bP!|47415354\x1b\\",
    ]
    .concat();
    let mut whole = terminal(80, 24);
    whole.feed(queries);
    assert_eq!(String::from_utf8(whole.take_replies()).unwrap(), expected);
    let mut bytewise = terminal(80, 24);
    for byte in queries {
        bytewise.feed(&[*byte]);
    }
    assert_eq!(String::from_utf8(bytewise.take_replies()).unwrap(), expected);
}

#[test]
fn more_queries() {
    let table: &[(&[u8], &[u8])] = &[
        (b"\x1b[5n", b"\x1b[0n"),
        (b"\x1b[3;4H\x1b[6n", b"\x1b[3;4R"),
        (b"\x1b[3;4H\x1b[?6n", b"\x1b[?3;4;1R"),
        (b"\x1b[>5u\x1b[?u\x1b[<u\x1b[?u", b"\x1b[?5u\x1b[?0u"),
        (b"\x1b[=8;2u\x1b[?u", b"\x1b[?8u"),
        (b"\x1b[>4;2m\x1b[?4m", b"\x1b[>4;2m"),
        (b"\x1b[>4;?m", b"\x1b[>4;0m"),
        (b"\x1b[?2004h\x1b[?2004$p", b"\x1b[?2004;1$y"),
        (b"\x1b[?2031h\x1b[?2031$p\x1b[?996n", b"\x1b[?2031;1$y\x1b[?997;1n"),
        (b"\x1b]4;1;?\x07", b"\x1b]4;1;rgb:cdcd/0000/0000\x07"),
        (b"\x1b]10;#102030\x07\x1b]10;?\x07", b"\x1b]10;rgb:1010/2020/3030\x07"),
        (b"\x1b[18t", b"\x1b[8;24;80t"),
        (b"\x1b[1;31m\x1bP$qm\x1b\\", b"\x1bP1$r0;1;31m\x1b\\"),
        (b"\x1b[4 q\x1bP$q q\x1b\\", b"\x1bP1$r4 q\x1b\\"),
        (b"\x1bP$qz\x1b\\", b"\x1bP0$r\x1b\\"),
        (b"\x1b]52;c;?\x07", b""),
        (b"\x1b_Gi=1,a=q;AAAA\x1b\\", b""),
        (b"\x1b]99;i=7:p=?;\x1b\\", b"\x1b]99;i=7:p=?;p=title,body\x1b\\"),
    ];
    for (query, answer) in table {
        let mut emulator = terminal(80, 24);
        emulator.feed(query);
        let got = emulator.take_replies();
        assert_eq!(
            String::from_utf8_lossy(&got),
            String::from_utf8_lossy(answer),
            "{}",
            String::from_utf8_lossy(query)
        );
    }
}

#[test]
fn events_and_status() {
    let mut emulator = terminal(80, 24);
    emulator.feed(b"\x07\x1b]2;my \x1b[31mtitle\x07");
    emulator.feed(b"\x1b]2;Title\x07\x1b]9;done\x07\x1b]777;notify;T;B\x07\x1b]52;c;aGVsbG8=\x07\x1b]9;4;1;40\x07");
    emulator.feed(b"\x1b]99;i=1:d=0;Hello\x1b\\\x1b]99;i=1:p=body;world\x1b\\");
    emulator.feed(b"\x1b]7501;state=blocked:app=claude-code:kind=permission\x1b\\");
    let events = emulator.take_events();
    let notification = |title: &str, body: &str| TermEvent::Notification { title: title.into(), body: body.into() };
    assert_eq!(
        events,
        [
            TermEvent::Bell,
            TermEvent::Title("Title".into()),
            notification("", "done"),
            notification("T", "B"),
            TermEvent::Clipboard("hello".into()),
            TermEvent::Progress(Some(40)),
            notification("Hello", "world"),
            TermEvent::Status,
        ]
    );
    emulator.refresh(Instant::now());
    assert_eq!(emulator.screen().status.as_ref().map(|s| s.state), Some(ProgramState::Blocked));
    assert_eq!(emulator.screen().progress, Some(40));
    emulator.program_ended();
    emulator.refresh(Instant::now());
    assert_eq!(emulator.screen().status, None);
}

#[test]
fn a_synchronized_update_shows_the_last_whole_frame() {
    let mut emulator = terminal(40, 4);
    emulator.feed(b"\x1b[?2026h\x1b[Hwhole\x1b[?2026l\x1b[?2026h\x1b[Hbroken");
    let now = Instant::now();
    emulator.refresh(now);
    assert_eq!(emulator.screen().text(), "whole");
    assert!(emulator.sync_deadline().is_some());
    emulator.feed(b" then mended\x1b[?2026l");
    emulator.refresh(now);
    assert_eq!(emulator.screen().text(), "broken then mended");
    emulator.feed(b"\x1b[?2026h\x1b[Hnever ended");
    emulator.refresh(now);
    assert_eq!(emulator.screen().text(), "broken then mended");
    emulator.refresh(now + Duration::from_secs(1));
    assert_eq!(emulator.screen().text(), "never ended mended");
}

#[test]
fn resizing_reflows_and_loses_nothing() {
    let mut emulator = new_emulator(80, 10, 100);
    let text = "0123456789".repeat(8);
    emulator.feed(text.as_bytes());
    emulator.resize(30, 10);
    assert_eq!(emulator.screen().cols, 30);
    assert_eq!(emulator.text(100).replace('\n', ""), text);
    assert_eq!(emulator.text(100).lines().count(), 3);
    emulator.resize(80, 10);
    assert_eq!(emulator.text(100), text);
    for size in [(0, 0), (1, 1), (2, 1), (65535, 65535), (80, 24)] {
        emulator.resize(size.0, size.1);
        emulator.feed("x漢\r\n".as_bytes());
        let (cols, rows) = emulator.size();
        assert_eq!(usize::from(rows), emulator.screen().lines.len());
        assert!(cols >= MIN_SIZE.0 && rows >= MIN_SIZE.1);
    }
}

#[test]
fn history_is_kept_and_told() {
    let mut emulator = terminal(20, 4);
    for n in 0..50 {
        emulator.feed(format!("line {n}\r\n").as_bytes());
    }
    assert_eq!(emulator.text(3), "line 47\nline 48\nline 49");
    assert!(emulator.history() > 40);
    assert_eq!(emulator.text(1000).lines().next(), Some("line 0"));
}

#[test]
fn alternate_screen_by_its_older_numbers() {
    for number in ["47", "1047", "1049"] {
        let mut emulator = terminal(20, 4);
        emulator.feed(format!("main\x1b[?{number}h\x1b[2J\x1b[Halt").as_bytes());
        emulator.refresh(Instant::now());
        assert!(emulator.screen().modes.alt_screen, "{number}");
        emulator.feed(format!("\x1b[?{number}l").as_bytes());
        assert_eq!(shown(emulator.as_mut()), "main", "{number}");
    }
}

/// Each of these cost the bare engine seconds and gigabytes.
#[test]
fn hostile_output_costs_what_it_is_long() {
    let start = Instant::now();
    let mut emulator = new_emulator(80, 24, 100);
    emulator.feed("e\u{301}\x1b[65535b".as_bytes());
    emulator.feed("e".as_bytes());
    emulator.feed("\u{301}".repeat(200_000).as_bytes());
    emulator.feed("\u{1100}\x1b[65535b".as_bytes());
    emulator.feed("\u{1100}".repeat(100_000).as_bytes());
    emulator.feed("👩\u{200d}".repeat(50_000).as_bytes());
    emulator.feed("\u{600}".repeat(100_000).as_bytes());
    // Marks added a few at a time, with the cursor moved back to the same cell in between.
    emulator.feed(b"\x1b[H");
    for _ in 0..20_000 {
        emulator.feed("\x1b[2;2Hx\x1b[1;1He\x1b[1;2H\u{301}\u{302}\x1b[1;2H\u{303}".as_bytes());
        emulator.feed("\x1b[1;2H\u{301}\u{301}".as_bytes());
    }
    emulator.feed(b"\x1b]0;");
    emulator.feed(&b"never ends ".repeat(1_000_000));
    emulator.feed(b"\x1b\\\x1b[");
    emulator.feed(&b"1;".repeat(1_000_000));
    emulator.feed(b"m\x1bPq");
    emulator.feed(&b"#0".repeat(1_000_000));
    emulator.feed(&b"\x1b]\x1bP\x1b_".repeat(100_000));
    emulator.feed(b"\x1b\\\x1b[2J\x1b[Halive");
    assert_eq!(shown(emulator.as_mut()), "alive");
    assert!(start.elapsed() < Duration::from_secs(300), "far beyond what even a busy machine needs");
}

#[test]
fn marks_in_one_cell_are_bounded() {
    let emulator = fed(format!("e{}x", "\u{301}".repeat(1000)).as_bytes());
    let cells: Vec<_> = emulator.screen().lines[0].cells().map(|c| c.text.chars().count()).collect();
    assert_eq!(cells, [1 + MAX_MARKS, 1]);
}

#[test]
fn replies_nobody_takes_are_bounded() {
    let mut emulator = terminal(80, 24);
    emulator.feed(&b"\x1b[c".repeat(100_000));
    assert!(emulator.take_replies().len() <= 64 * 1024);
    emulator.feed(b"\x1b[5n");
    assert_eq!(emulator.take_replies(), b"\x1b[0n");
}

#[test]
fn bytes_that_are_no_text() {
    let mut emulator = terminal(40, 4);
    emulator.feed(b"a\xff\xfeb\xc3(c\xe6\xbc");
    emulator.feed(b"\xa2d\x00\x01");
    assert_eq!(shown(emulator.as_mut()), "a\u{fffd}\u{fffd}b\u{fffd}(c漢d");
}

fn oracle(chunks: &[Vec<u8>], cols: usize, rows: usize) -> Vec<String> {
    let mut term = Term::new(alacritty_terminal::term::Config::default(), &TermSize::new(cols, rows), VoidListener);
    let mut parser: Processor<StdSyncHandler> = Processor::new();
    for chunk in chunks {
        parser.advance(&mut term, chunk);
    }
    (0..rows)
        .map(|row| {
            let line: String = (0..cols)
                .filter(|col| {
                    !term.grid()[AlaLine(row as i32)][Column(*col)]
                        .flags
                        .contains(alacritty_terminal::term::cell::Flags::WIDE_CHAR_SPACER)
                })
                .map(|col| term.grid()[AlaLine(row as i32)][Column(col)].c)
                .map(|c| if c == '\t' { ' ' } else { c })
                .collect();
            line.trim_end().to_owned()
        })
        .collect()
}

/// Whole outputs: either with scrolling regions or with motion up and down, which we stop at a region's margins as xterm does, unlike
/// the oracle.
fn output(pieces: usize) -> impl Strategy<Value = Vec<Vec<u8>>> {
    prop_oneof![
        proptest::collection::vec(piece("[CDGdJKLMSTX@]", 29), 0..pieces),
        proptest::collection::vec(piece("[ABCDGdJKLMSTX@]", 0), 0..pieces)
    ]
}

/// One piece of output, with control sequences that end in one of `ends` and regions whose top is up to `tops`.
fn piece(ends: &'static str, tops: u16) -> impl Strategy<Value = Vec<u8>> {
    let number = 0u16..30;
    prop_oneof![
        4 => "[ -~]{0,12}".prop_map(String::into_bytes),
        // No wide characters: on what deleting half of one leaves, engines differ.
        1 => "[äöüж│─█]{0,6}".prop_map(String::into_bytes),
        2 => prop_oneof![Just("\r\n"), Just("\n"), Just("\r"), Just("\x08"), Just("\t")].prop_map(|s| s.as_bytes().to_vec()),
        2 => (number.clone(), number.clone()).prop_map(|(a, b)| format!("\x1b[{a};{b}H").into_bytes()),
        2 => (number.clone(), ends).prop_map(|(n, end)| {
            let n = match end.as_str() {
                // In the second row the oracle forgets the first.
                "J" => n % 2 * 2,
                "K" => n % 3,
                _ => n,
            };
            format!("\x1b[{n}{end}").into_bytes()
        }),
        1 => (number, 0..=tops).prop_map(|(a, top)| match top {
            0 => Vec::new(),
            _ => format!("\x1b[{};{}r", top, top + a + 1).into_bytes(),
        }),
        1 => "(0|1|7|31|42|38;5;200|48;2;1;2;3)".prop_map(|s| format!("\x1b[{s}m").into_bytes()),
        1 => prop_oneof![Just("\x1b7"), Just("\x1b8"), Just("\x1bM"), Just("\x1bD"), Just("\x1b[4h"), Just("\x1b[4l")]
            .prop_map(|s| s.as_bytes().to_vec()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// On what two good engines agree about, ours shows the same text, however the bytes are cut.
    #[test]
    fn agrees_with_the_oracle(pieces in output(60), cut in 1usize..40) {
        let whole: Vec<u8> = pieces.concat();
        let mut emulator = new_emulator(24, 8, 50);
        for chunk in whole.chunks(cut) {
            emulator.feed(chunk);
        }
        emulator.refresh(Instant::now());
        let ours: Vec<String> = emulator.screen().lines.iter().map(Line::text).collect();
        prop_assert_eq!(ours, oracle(&[whole], 24, 8));
    }

    /// Runs that are given to the engine at once come out as the same characters one by one.
    #[test]
    fn runs_are_written_as_their_characters(
        pieces in proptest::collection::vec(
            prop_oneof![
                6 => "[ -~─│█äé漢字한글かカбδ—⠋]{0,40}",
                2 => "(e\u{301}|\u{200d}|👩\u{200d}👧|❤\u{fe0f}|👍🏽|\u{1100}\u{1161}|\u{11a8}|क\u{94d}ष|🇩🇪|\u{600}|©|\u{ad}){1,3}",
                2 => "(\r\n|\r|\t|\x08|\x1b\\[4h|\x1b\\[4l|\x1b\\[\\?7l|\x1b\\[\\?7h|\x1b\\[31m|\x1b\\[0m|\x1b\\[3D|\x1b\\[2;5H|\x1b\\(0|\x1b\\(B|\x1b\\[5b|\x1b\\[\\?2027l|\x1b\\[\\?2027h)",
            ],
            0..40,
        ),
        cols in 2u16..40,
    ) {
        let whole = pieces.concat();
        let mut at_once = new_emulator(cols, 6, 50);
        at_once.feed(whole.as_bytes());
        let mut one_by_one = new_emulator(cols, 6, 50);
        for c in whole.chars() {
            one_by_one.feed(c.to_string().as_bytes());
        }
        at_once.refresh(Instant::now());
        one_by_one.refresh(Instant::now());
        prop_assert_eq!(&at_once.screen().lines, &one_by_one.screen().lines);
        prop_assert_eq!(at_once.screen().cursor, one_by_one.screen().cursor);
        prop_assert_eq!(at_once.lines(0, usize::MAX), one_by_one.lines(0, usize::MAX));
    }

    /// The rows said to have changed are all that changed: a client that applies them has the whole screen.
    #[test]
    fn damage_is_complete(pieces in output(60)) {
        let mut emulator = new_emulator(24, 8, 50);
        let mut client = emulator.screen().lines.clone();
        let mut seen = emulator.version();
        for piece in &pieces {
            emulator.feed(piece);
            emulator.refresh(Instant::now());
            for (row, version) in emulator.row_versions().iter().enumerate() {
                if *version > seen {
                    client[row] = emulator.screen().lines[row].clone();
                }
            }
            seen = emulator.version();
        }
        let mut again = new_emulator(24, 8, 50);
        again.feed(&pieces.concat());
        again.refresh(Instant::now());
        prop_assert_eq!(&client, &again.screen().lines);
    }

    /// Nothing that can be fed ends the emulator.
    #[test]
    fn survives_anything(chunks in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 0..10), cols in 0u16..50, rows in 0u16..20) {
        let mut emulator = new_emulator(cols, rows, 20);
        for chunk in &chunks {
            emulator.feed(b"\x1b[");
            emulator.feed(chunk);
            emulator.resize(rows, cols);
            emulator.refresh(Instant::now());
        }
        emulator.feed(b"\x18\x1b\\\x1bcok");
        emulator.refresh(Instant::now());
    }
}

/// Numbered lines, some coloured, so many that most of them are packed.
fn long_history(emulator: &mut dyn Emulator) {
    for n in 0..5000 {
        emulator.feed(format!("\x1b[3{}mline {n}\x1b[0m plain\r\n", n % 8).as_bytes());
        if n % 1700 == 0 {
            emulator.compact();
        }
    }
    emulator.compact();
}

#[test]
fn packed_lines_are_read_like_others() {
    let mut emulator = new_emulator(40, 10, 10_000);
    long_history(emulator.as_mut());
    assert!(!emulator.compact(), "nothing is left to pack");
    emulator.refresh(Instant::now());
    let before = emulator.screen().clone();
    let check = |emulator: &mut dyn Emulator| {
        let all = emulator.lines(0, usize::MAX);
        assert_eq!((all.first, all.end, all.lines.len()), (0, 4991, 5001));
        for (n, line) in all.lines[..5000].iter().enumerate() {
            assert_eq!(line.text(), format!("line {n} plain"));
            assert_eq!(line.runs[0].style.fg, Color::Indexed((n % 8) as u8), "line {n}");
        }
        let some = emulator.lines(4980, 15);
        assert_eq!((some.from, some.lines.len()), (4980, 15));
        assert_eq!(some.lines[0].text(), "line 4980 plain");
        let found = emulator.search("line 77", u64::MAX, 5);
        assert_eq!(found.matches.iter().map(|found| found.line).collect::<Vec<_>>(), [779, 778, 777, 776, 775]);
        assert_eq!(emulator.search("Line 77", u64::MAX, 5).matches, []);
        assert_eq!(emulator.select((12, 5), (14, 4)), "12 plain\nline 13 plain\nline");
    };
    check(emulator.as_mut());
    emulator.feed(b"\x1b[?1049h\x1b[5;5Hother");
    emulator.refresh(Instant::now());
    check(emulator.as_mut());
    assert_eq!(emulator.text(100), "\n\n\n\n    other");
    emulator.refresh(Instant::now());
    assert_eq!(emulator.screen().lines[4].text(), "    other");
    assert_eq!((emulator.screen().cursor.col, emulator.screen().cursor.row), (9, 4));
    emulator.feed(b"\x1b[?1049l");
    emulator.refresh(Instant::now());
    assert_eq!(emulator.screen().lines, before.lines);
    assert_eq!(emulator.text(2), "line 4998 plain\nline 4999 plain");
}

#[test]
fn dropped_and_cleared_lines_take_the_packed_ones_along() {
    let mut emulator = new_emulator(40, 10, 3000);
    long_history(emulator.as_mut());
    let lines = emulator.lines(0, usize::MAX);
    assert!((1736..=1991).contains(&lines.first), "{}", lines.first);
    assert_eq!(lines.lines[0].text(), format!("line {} plain", lines.first));
    // A flood leaves a gap: what is above it is of no use.
    for n in 5000..9000 {
        emulator.feed(format!("line {n} plain\r\n").as_bytes());
    }
    let lines = emulator.lines(0, usize::MAX);
    assert_eq!(lines.lines[0].text(), format!("line {} plain", lines.first));
    assert_eq!(lines.end - lines.first, 3000);
    emulator.feed(b"\x1b[3J");
    let lines = emulator.lines(0, usize::MAX);
    assert_eq!((lines.first, lines.lines.len()), (lines.end, 10));
}

/// Everything a client could see of two emulators is the same.
#[track_caller]
fn same(a: &mut dyn Emulator, b: &mut dyn Emulator, when: &[u8]) {
    let now = Instant::now() + Duration::from_secs(1);
    a.refresh(now);
    b.refresh(now);
    let (ours, theirs) = (a.lines(0, usize::MAX), b.lines(0, usize::MAX));
    for (ours, theirs) in ours.lines.iter().zip(&theirs.lines) {
        assert_eq!(ours, theirs, "{:?}", String::from_utf8_lossy(when));
    }
    assert_eq!((ours.first, ours.end, ours.lines.len()), (theirs.first, theirs.end, theirs.lines.len()));
    assert_eq!(a.screen(), b.screen());
}

#[test]
fn a_dump_brings_everything_back() {
    let mut first = new_emulator(40, 10, 10_000);
    long_history(first.as_mut());
    first.feed(
        "\x1b]8;;https://example.org/\x1b\\link\x1b]8;;\x1b\\ 漢字 👩‍👩‍👧 \x1b[4:3;58;2;1;2;3mcurly\x1b[0m\r\n".as_bytes(),
    );
    first.feed(b"\x1b[44mback   \x1b[0m\r\na line that is so long that it is wrapped at the right side\r\n");
    first.feed(b"\x1b]2;Title\x07\x1b]7501;state=blocked:app=x:kind=question:msg=d2hpY2g/\x1b\\\x1b]9;4;1;40\x1b\\");
    first.feed(b"\x1b[?2004h\x1b[?1h\x1b=\x1b[?1002h\x1b[?1006h\x1b[>4;2m\x1b[5 q\x1b[>5u\x1b[3;7H\x1b[1;35m");
    first.compact();
    for more in [
        &b"same"[..],
        b"\x1b[9;33Hto the end",
        b"\x1b[?1049h\x1b[>1u\x1b[2;2H\x1b[7minverse\x1b[0m\x1b[5;5H\x1b[?25l",
        b"x\x1b[38;5;12",
        b"\x1b[?1049l",
    ] {
        first.feed(more);
        let mut second = new_emulator(40, 10, 10_000);
        assert!(second.restore(&first.packed()));
        second.feed(first.dump(true).as_bytes());
        assert_eq!(second.take_replies(), b"");
        same(first.as_mut(), second.as_mut(), more);
        // And they go on alike.
        let mut third = new_emulator(40, 10, 10_000);
        assert!(third.restore(&first.packed()));
        third.feed(first.dump(true).as_bytes());
        for more in [&b"m!\x1b[0m?"[..], b"\x1b[?1049l", b"\x1b[<u\x1b8saved"] {
            second.feed(more);
            third.feed(more);
            same(second.as_mut(), third.as_mut(), more);
        }
    }
}

proptest! {
    #[test]
    fn a_dump_of_anything_shows_the_same(pieces in prop::collection::vec("[a-z \\x{e9}\\x{6f22}]{0,30}|\\r\\n|\\x1b\\[[0-9;]{0,5}[mHABCDJKPL@]", 0..60)) {
        let mut first = new_emulator(30, 8, 500);
        for piece in &pieces {
            first.feed(piece.as_bytes());
        }
        let mut second = new_emulator(30, 8, 500);
        second.feed(first.dump(true).as_bytes());
        first.refresh(Instant::now());
        second.refresh(Instant::now());
        let trimmed = |emulator: &mut dyn Emulator| emulator.lines(0, usize::MAX).lines.iter().map(Line::text).collect::<Vec<_>>();
        prop_assert_eq!(trimmed(first.as_mut()), trimmed(second.as_mut()));
        prop_assert_eq!(first.screen().cursor, second.screen().cursor);
    }
}
