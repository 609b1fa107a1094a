//! What the views of beads, mail, feed, costs and settings look like at four sizes and in every theme.

use super::fixtures::{bead_detail, bead_lines, letters, log, settings, spent};
use super::*;
use crate::cockpit::ask::Told;

/// A cockpit that was told everything its views ask for.
fn told(columns: u16, rows: u16) -> Bench {
    let mut bench = Bench::new(columns, rows);
    bench.event(Event::Screen("shop-polecat-nux".into(), Box::new(screen())));
    for told in [
        Told::Today(Some("$4.20".into())),
        Told::Beads(bead_lines()),
        Told::Bead(Box::new(bead_detail())),
        Told::Mail(letters()),
        Told::Log(log()),
        Told::Costs(Box::new(spent())),
        Told::Settings(settings()),
    ] {
        bench.event(Event::Told(told));
    }
    bench
}

/// Each view and how one gets there.
const VIEWS: [(&str, &str); 8] = [
    ("beads", "B"),
    ("beads_board", "B w"),
    ("beads_tree", "B w w"),
    ("beads_form", "B e"),
    ("mail", "M"),
    ("feed", "F"),
    ("costs", "$"),
    // Without the keys of every action, which come and go.
    ("settings", ", / sentence enter"),
];

fn hold(names: &[&str]) {
    for (name, keys) in VIEWS.iter().filter(|(name, _)| names.contains(name)) {
        super::frames::hold(name, |columns, rows| {
            let mut bench = told(columns, rows);
            bench.keys(keys);
            bench
        });
    }
}

#[test]
fn the_beads_in_every_layout() {
    hold(&["beads", "beads_board", "beads_tree", "beads_form"]);
}

#[test]
fn mail_feed_and_costs() {
    hold(&["mail", "feed", "costs"]);
}

#[test]
fn settings_at_every_size() {
    hold(&["settings"]);
}

#[test]
fn a_theme_has_one_accent_and_never_tells_by_colour_alone() {
    // The same frame without any colour says the same words.
    for (_, keys) in VIEWS {
        let mut colours = told(120, 40);
        let mut plain = told(120, 40);
        plain.app.theme = Theme::named("mono", Depth::Mono).unwrap();
        let (colours, plain) = (colours.keys(keys).text(), plain.keys(keys).text());
        assert_eq!(colours, plain, "{keys}");
        let cells = told(120, 40);
        let mono = Theme::named("mono", Depth::Mono).unwrap();
        let mut cells = cells;
        cells.app.theme = mono;
        let buffer = cells.keys(keys).draw();
        let coloured = buffer.content.iter().any(|cell| cell.fg != ratatui::style::Color::Reset);
        // Agents' own colours are left out too.
        assert!(!coloured, "{keys} has colours although there are none");
    }
}

#[test]
fn no_size_and_no_view_does_harm() {
    for (columns, rows) in [(1, 1), (2, 50), (59, 16), (60, 16), (61, 17), (72, 16), (100, 17), (110, 16), (300, 100)] {
        for (_, keys) in VIEWS {
            told(columns, rows).keys(keys).draw();
            told(columns, rows).keys(keys).keys("j j G g g J K / cart").draw();
        }
        for script in
            ["B c", "B enter", "M c", "M enter", ", j enter", ", enter", "F w w", "$ w w .", ": cart", "B + x"]
        {
            told(columns, rows).keys(script).draw();
        }
    }
}
