//! Recordings that packages carry, shown by alacritty's emulator and by ours: the reference tests of alacritty_terminal, and what vttest
//! wrote, screen by screen, as tui-term's tests keep it.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use alacritty_terminal::Term;
use alacritty_terminal::event::VoidListener;
use alacritty_terminal::index::{Column, Line};
use alacritty_terminal::term::cell::Flags;
use alacritty_terminal::term::test::TermSize;
use alacritty_terminal::vte::ansi::{Color as Theirs, Processor, StdSyncHandler};
use gastown::terminal::{Attrs, Color, ScreenState, new_emulator};

use super::target::Target;

/// Recordings whose text comes out otherwise, and why.
const TEXT_DIFFERS: &[(&str, &str)] = &[
    ("deccolm_reset", COLUMNS),
    ("selective_erasure", "alacritty passes over DECSED and DECSEL; here they erase, as no cell can be protected"),
];
/// Recordings whose looks come out otherwise, and why.
const LOOKS_DIFFER: &[(&str, &str)] =
    &[("underline", "attribute 21 is a double underline, as in ECMA-48, xterm and kitty; for alacritty it ends bold")];

/// The same of vttest's screens.
const VTTEST_TEXT_DIFFERS: &[(&str, &str)] = &[
    ("vttest_01_03", COLUMNS),
    ("vttest_01_04", COLUMNS),
    ("vttest_01_05", COLUMNS),
    ("vttest_02_07", ORIGIN),
    ("vttest_02_09", ORIGIN),
    ("vttest_08_11", COLUMNS),
    ("vttest_08_12", DELETE),
    ("vttest_09_08", COLUMNS),
];
const VTTEST_LOOKS_DIFFER: &[(&str, &str)] = &[("vttest_02_03", LIGHT), ("vttest_02_14", LIGHT)];
const COLUMNS: &str =
    "as in xterm, changing the columns does nothing unless mode 40 allows it; alacritty clears the screen";
const ORIGIN: &str = "in origin mode moving down stops at the lower margin; alacritty counts the region's offset twice";
const DELETE: &str =
    "at the last column one character is deleted, as there is no other; alacritty clears as many as were asked for";
const LIGHT: &str = "a light background (DECSCNM) inverts the whole screen; alacritty doesn't know it";

/// What is in `directory` of the package, if it was unpacked here.
fn unpacked(package: &str, directory: &str) -> Vec<PathBuf> {
    let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")));
    let registries = home.and_then(|home| std::fs::read_dir(home.join("registry/src")).ok());
    let mut found: Vec<PathBuf> = registries
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|registry| std::fs::read_dir(registry.path().join(package).join(directory)).ok())
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .collect();
    found.sort();
    found.dedup_by_key(|path| path.file_name().map(std::ffi::OsStr::to_owned));
    if found.is_empty() {
        eprintln!("skipped: the package {package} is not unpacked here");
    }
    found
}

/// Alacritty's recordings.
fn recordings() -> Vec<Recording> {
    let all = unpacked("alacritty_terminal-0.26.0", "tests/ref");
    all.iter().filter(|path| path.join("alacritty.recording").exists()).map(|path| Recording::read(path)).collect()
}

/// vttest's screens.
fn vttest() -> Vec<Recording> {
    let all = unpacked("tui-term-0.3.4", "test/typescript");
    let name = |path: &Path| path.file_stem().unwrap().to_string_lossy().into_owned();
    all.iter()
        .filter(|path| name(path).starts_with("vttest_"))
        .map(|path| Recording { name: name(path), bytes: std::fs::read(path).unwrap(), size: (80, 24) })
        .collect()
}

#[derive(Clone)]
struct Recording {
    name: String,
    bytes: Vec<u8>,
    size: (u16, u16),
}

impl Recording {
    fn read(directory: &Path) -> Recording {
        let size: serde_json::Value =
            serde_json::from_slice(&std::fs::read(directory.join("size.json")).unwrap()).unwrap();
        let number = |key: &str| size[key].as_u64().and_then(|n| u16::try_from(n).ok()).unwrap();
        Recording {
            name: directory.file_name().unwrap().to_string_lossy().into_owned(),
            bytes: std::fs::read(directory.join("alacritty.recording")).unwrap(),
            size: (number("columns"), number("screen_lines")),
        }
    }
}

/// A cell's text, colours and attributes.
type Seen = (String, Color, Color, u16);

/// What alacritty shows, row by row.
fn theirs(recording: &Recording) -> Vec<Vec<Seen>> {
    let (cols, rows) = (usize::from(recording.size.0), usize::from(recording.size.1));
    let mut term = Term::new(alacritty_terminal::term::Config::default(), &TermSize::new(cols, rows), VoidListener);
    let mut parser: Processor<StdSyncHandler> = Processor::new();
    parser.advance(&mut term, &recording.bytes);
    parser.stop_sync(&mut term);
    let color = |color: Theirs| match color {
        Theirs::Indexed(n) => Color::Indexed(n),
        Theirs::Spec(rgb) => Color::Rgb(rgb.r, rgb.g, rgb.b),
        Theirs::Named(named) if (named as usize) < 16 => Color::Indexed(named as u8),
        Theirs::Named(_) => Color::Default,
    };
    let attrs = |flags: Flags| {
        let pairs = [
            (Flags::BOLD, Attrs::BOLD),
            (Flags::DIM, Attrs::DIM),
            (Flags::ITALIC, Attrs::ITALIC),
            (Flags::INVERSE, Attrs::INVERSE),
            (Flags::HIDDEN, Attrs::HIDDEN),
            (Flags::STRIKEOUT, Attrs::STRIKE),
            (Flags::UNDERLINE, Attrs::UNDERLINE),
            (Flags::DOUBLE_UNDERLINE, Attrs::DOUBLE_UNDERLINE),
            (Flags::UNDERCURL, Attrs::CURLY_UNDERLINE),
            (Flags::DOTTED_UNDERLINE, Attrs::DOTTED_UNDERLINE),
            (Flags::DASHED_UNDERLINE, Attrs::DASHED_UNDERLINE),
        ];
        pairs.iter().filter(|(theirs, _)| flags.contains(*theirs)).fold(0, |sum, (_, ours)| sum | ours.0)
    };
    (0..rows)
        .map(|row| {
            let cells = (0..cols).map(|col| &term.grid()[Line(row as i32)][Column(col)]);
            cells
                .filter(|cell| !cell.flags.contains(Flags::WIDE_CHAR_SPACER))
                .map(|cell| {
                    let c = if cell.c.is_control() { ' ' } else { cell.c };
                    let text = std::iter::once(c).chain(cell.zerowidth().into_iter().flatten().copied()).collect();
                    (text, color(cell.fg), color(cell.bg), attrs(cell.flags))
                })
                .collect()
        })
        .collect()
}

/// What we show, row by row.
fn ours(screen: &ScreenState) -> Vec<Vec<Seen>> {
    let blank = || (" ".to_owned(), Color::Default, Color::Default, 0);
    screen
        .lines
        .iter()
        .map(|line| {
            let known = !Attrs::BLINK.0;
            let mut row: Vec<Seen> = line
                .cells()
                .map(|cell| (cell.text.to_owned(), cell.style.fg, cell.style.bg, cell.style.attrs.0 & known))
                .collect();
            row.extend((line.cols()..screen.cols).map(|_| blank()));
            row
        })
        .collect()
}

fn texts(rows: &[Vec<Seen>]) -> Vec<String> {
    let row = |row: &Vec<Seen>| row.iter().map(|(text, ..)| text.as_str()).collect::<String>();
    rows.iter().map(row).map(|text| text.trim_end().to_owned()).collect()
}

/// Names of the recordings whose text and whose looks differ, when each is shown by `show`.
fn differences(recordings: &[Recording], mut show: impl FnMut(&Recording) -> ScreenState) -> [Vec<String>; 2] {
    let (mut text, mut looks) = (Vec::new(), Vec::new());
    for recording in recordings {
        let (ours, theirs) = (ours(&show(recording)), theirs(recording));
        if texts(&ours) != texts(&theirs) {
            text.push(recording.name.clone());
            eprintln!("{}:", recording.name);
            for (ours, theirs) in texts(&ours).iter().zip(texts(&theirs)).filter(|(ours, theirs)| *ours != theirs) {
                eprintln!("  ours   {ours:?}\n  theirs {theirs:?}");
            }
        } else if ours != theirs {
            looks.push(recording.name.clone());
            let pairs = ours.iter().zip(&theirs).filter(|(ours, theirs)| ours != theirs);
            for (ours, theirs) in pairs.take(2) {
                let cell = ours.iter().zip(theirs).position(|(ours, theirs)| ours != theirs);
                eprintln!("{}: {:?}", recording.name, cell.map(|at| (at, &ours[at], &theirs[at])));
            }
        }
    }
    [text, looks]
}

/// The results as the document shows them.
fn table(recordings: usize, text: &[(&str, &str)], looks: &[(&str, &str)]) -> String {
    let mut out = format!(
        "| Recordings | same text | same colours and attributes too |\n|---:|---:|---:|\n| {recordings} | {} | {} |\n",
        recordings - text.len(),
        recordings - text.len() - looks.len()
    );
    if !text.is_empty() || !looks.is_empty() {
        out.push_str("\nWhere it differs, and why:\n\n");
    }
    for (name, why) in text.iter().chain(looks) {
        out.push_str(&format!("- **{name}**: {why}.\n"));
    }
    out
}

fn check(found: &[Vec<String>; 2], text: &[(&str, &str)], looks: &[(&str, &str)]) {
    let known = |list: &[(&str, &str)]| list.iter().map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>();
    assert_eq!(found[0], known(text), "text");
    assert_eq!(found[1], known(looks), "looks");
}

fn emulate(recording: &Recording) -> ScreenState {
    let mut emulator = new_emulator(recording.size.0, recording.size.1, 100);
    emulator.feed(&recording.bytes);
    emulator.refresh(Instant::now() + Duration::from_secs(1));
    emulator.screen().clone()
}

#[test]
fn recordings_show_what_alacritty_shows() {
    let recordings = recordings();
    if !recordings.is_empty() {
        check(&differences(&recordings, emulate), TEXT_DIFFERS, LOOKS_DIFFER);
        super::shown("recordings", &table(recordings.len(), TEXT_DIFFERS, LOOKS_DIFFER));
    }
}

#[test]
fn vttest_shows_what_alacritty_shows() {
    let recordings = vttest();
    if !recordings.is_empty() {
        check(&differences(&recordings, emulate), VTTEST_TEXT_DIFFERS, VTTEST_LOOKS_DIFFER);
        super::shown("vttest", &table(recordings.len(), VTTEST_TEXT_DIFFERS, VTTEST_LOOKS_DIFFER));
    }
}

/// Each on its own session; a few of them unless there is time.
#[test]
fn recordings_show_the_same_through_a_session() {
    let mut all = [recordings(), vttest()].concat();
    if std::env::var_os("GT_LONG").is_none() {
        let few = ["vim_large_window_scroll", "tmux_htop", "ll", "vttest_01_01", "vttest_02_12", "vttest_08_14"];
        all.retain(|recording| few.contains(&recording.name.as_str()));
    }
    let mut target: Option<Target> = None;
    for recording in &all {
        let target = target.get_or_insert_with(|| Target::start(recording.size));
        target.resize(recording.size);
        let (through, _) = target.run(&recording.bytes);
        assert_eq!(ours(&through), ours(&emulate(recording)), "{}", recording.name);
    }
}
