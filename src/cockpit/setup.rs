//! The settings view: rows under headings, one heading a place.

use super::actions::{self, TABLE};
use super::app::App;
use super::ask::{Home, Setting, Takes};
use super::settings::{FIELDS, Kind, Notify, Occasion, Settings};

/// The lines of the view: a heading where the place changes, else the row with that index.
pub fn lines(rows: &[Setting]) -> Vec<Option<usize>> {
    let mut lines = Vec::with_capacity(rows.len() + 12);
    let mut last = "";
    for (index, row) in rows.iter().enumerate() {
        if row.place != last {
            last = &row.place;
            lines.push(None);
        }
        lines.push(Some(index));
    }
    lines
}

/// The line of the row `index`.
pub fn line_of(lines: &[Option<usize>], index: usize) -> usize {
    lines.iter().position(|line| *line == Some(index)).unwrap_or(0)
}

/// The heading of a place in plain words.
pub fn heading(place: &str) -> (&str, &'static str) {
    match place {
        "cockpit" => (place, "this screen"),
        "agents" => (place, "the programs that can be agents"),
        "roles" => (place, "which agent does what, and what it may do"),
        "budgets" => (place, "how much may run at once, and for how long"),
        "town" => (place, "for everything in it"),
        "keys" => (place, "of every action"),
        _ => (place, "a rig"),
    }
}

/// All rows the filter lets through: the cockpit's own, those of town and rigs, the keys of every action.
pub fn rows(app: &App) -> Vec<Setting> {
    let mut rows: Vec<Setting> = FIELDS.iter().map(|field| own(&app.settings, field.name)).collect();
    rows.extend(app.set.iter().cloned());
    for spec in TABLE {
        let place = actions::place(spec.context);
        let own = app.settings.keys.contains_key(spec.name);
        rows.push(Setting {
            place: "keys".to_owned(),
            home: Home::Cockpit,
            key: format!("keys.{}", spec.name),
            name: spec.name.to_owned(),
            value: app.keymap.keys(spec).join(", "),
            layer: if own { "yours" } else { "built in" }.to_owned(),
            own,
            about: if place.is_empty() { spec.about.to_owned() } else { format!("{} ({place})", spec.about) },
            takes: Takes::Keys,
        });
    }
    rows.retain(|row| app.lets_through(&[&row.place, &row.name, &row.key, &row.value, &row.about]));
    rows
}

fn names(places: impl Iterator<Item = usize>, names: &[&str]) -> String {
    places.filter_map(|place| names.get(place).copied()).collect::<Vec<_>>().join(", ")
}

/// A row of `settings/cockpit.toml`.
fn own(settings: &Settings, name: &str) -> Setting {
    let Some(field) = FIELDS.iter().find(|field| field.name == name) else { return Setting::default() };
    let layout = &settings.layout;
    let flag = |flag: Option<bool>| flag.map(|flag| flag.to_string());
    let word =
        |place: Option<usize>, words: &[&str]| place.and_then(|place| words.get(place)).map(|word| (*word).to_owned());
    let value = match name {
        "theme" => settings.theme.clone(),
        "mouse" => flag(settings.mouse),
        "notify" => settings.notify.as_ref().map(|ways| {
            let place = |way: &Notify| Notify::ALL.iter().position(|other| other == way);
            names(ways.iter().filter_map(place), &Notify::NAMES)
        }),
        "notify-on" => settings.notify_on.as_ref().map(|occasions| {
            let place = |occasion: &Occasion| Occasion::ALL.iter().position(|other| other == occasion);
            names(occasions.iter().filter_map(place), &Occasion::NAMES)
        }),
        "notify-command" => settings.notify_command.clone(),
        "mute" => (!settings.mute.is_empty()).then(|| settings.mute.join(", ")),
        "layout.start" => {
            let place = layout.start.and_then(|start| super::app::View::ALL.iter().position(|view| *view == start));
            word(place, &super::app::View::NAMES)
        }
        "layout.order" => {
            let place = layout.order.and_then(|order| super::app::Sort::ALL.iter().position(|sort| *sort == order));
            word(place, &super::app::Sort::NAMES)
        }
        "layout.lists" => layout.lists.map(|share| share.to_string()),
        _ => flag(layout.events),
    };
    let takes = match field.kind {
        Kind::Flag => Takes::Flag,
        Kind::Word(words) => Takes::Words(words.iter().map(|word| (*word).to_owned()).collect()),
        _ => Takes::Text,
    };
    Setting {
        place: "cockpit".to_owned(),
        home: Home::Cockpit,
        key: name.to_owned(),
        name: name.to_owned(),
        layer: if value.is_some() { "yours" } else { "built in" }.to_owned(),
        own: value.is_some(),
        value: value.unwrap_or_else(|| field.default.to_owned()),
        about: field.about.to_owned(),
        takes,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headings_stand_where_the_place_changes() {
        let row = |place: &str| Setting { place: place.into(), ..Setting::default() };
        let rows = [row("a"), row("a"), row("b")];
        let lines = lines(&rows);
        assert_eq!(lines, [None, Some(0), Some(1), None, Some(2)]);
        assert_eq!(line_of(&lines, 2), 4);
    }
}
