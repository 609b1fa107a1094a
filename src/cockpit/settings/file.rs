//! The text of `settings/cockpit.toml`: read so that every mistake has its line, changed so that comments and order stay.

use std::collections::HashMap;
use std::ops::Range;

use toml_edit::{Document, DocumentMut, Item, Table, Value};

use super::super::actions::{Context, TABLE};
use super::super::app::{Sort, View};
use super::super::keys::{self, Chord};
use super::super::theme::{Depth, Theme};
use super::fields::{FIELDS, Field, Kind, field};
use super::{Notify, Occasion, Settings, unknown_word};
use crate::base::{Error, Result, text};

/// A word that makes no sense is a mistake of the file here, not of how a command was called.
fn of_file(error: Error) -> Error {
    let failed = Error::failed(error.message());
    match error.hint_text() {
        Some(hint) => failed.hint(hint),
        None => failed,
    }
}

/// The line of `span`, counted from 1.
fn line(content: &str, span: Option<Range<usize>>) -> usize {
    let start = span.map_or(0, |span| span.start).min(content.len());
    content.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count() + 1
}

/// The names on the level that `prefix` is (empty at the top, else with its dot).
fn names_below(prefix: &str) -> Vec<&'static str> {
    if prefix == "keys." {
        return TABLE.iter().map(|spec| spec.name).collect();
    }
    let mut names: Vec<&'static str> = Vec::new();
    for field in FIELDS {
        if let Some(rest) = field.name.strip_prefix(prefix) {
            let name = rest.split('.').next().unwrap_or(rest);
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    if prefix.is_empty() {
        names.push("keys");
    }
    names
}

/// Reads the file's text.
pub(super) fn parse(content: &str) -> Result<Settings> {
    let document = Document::parse(content).map_err(|error| {
        Error::failed(format!("line {}: {}", line(content, error.span()), error.message().trim_end()))
            .hint("mend the line, or remove the file")
    })?;
    let mut settings = Settings::default();
    let mut bound: Vec<(String, usize)> = Vec::new();
    read_table(content, document.as_table(), "", &mut settings, &mut bound).map_err(of_file)?;
    clash(&settings, &bound)?;
    Ok(settings)
}

fn read_table(
    content: &str,
    table: &Table,
    prefix: &str,
    settings: &mut Settings,
    bound: &mut Vec<(String, usize)>,
) -> Result<()> {
    for (name, item) in table {
        let span = table.key(name).and_then(toml_edit::Key::span).or_else(|| item.span());
        let line = line(content, span);
        let known = names_below(prefix);
        if !known.contains(&name) {
            let what = if prefix == "keys." { "action" } else { "setting" };
            let error = Error::failed(format!("line {line}: unknown {what} {name:?}"));
            return Err(match text::nearest(name, known.iter().copied()) {
                Some(near) => error.hint(format!("did you mean {near}?")),
                None if prefix == "keys." => error.hint("the cockpit's help (?) lists the actions"),
                None => error.hint(format!("settings are {}", known.join(", "))),
            });
        }
        let full = format!("{prefix}{name}");
        let at = |error: Error| error.context(format!("line {line}"));
        match field(&full) {
            None => match item {
                Item::Table(inner) => read_table(content, inner, &format!("{full}."), settings, bound)?,
                Item::Value(Value::InlineTable(inner)) => {
                    let inner = inner.clone().into_table();
                    read_table(content, &inner, &format!("{full}."), settings, bound).map_err(at)?;
                }
                _ => {
                    return Err(at(
                        Error::failed(format!("{full} is a table: [{full}]")).hint("names and values below it")
                    ));
                }
            },
            Some(field) => {
                take(settings, &full, field, item).map_err(at)?;
                if field.kind == Kind::Keys {
                    bound.push((name.to_owned(), line));
                }
            }
        }
    }
    Ok(())
}

fn words_of(item: &Item) -> Option<Vec<String>> {
    match item.as_value()? {
        Value::String(word) => Some(vec![word.value().clone()]),
        Value::Array(words) => words.iter().map(|word| word.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

/// Puts one value where it belongs.
fn take(settings: &mut Settings, name: &str, field: Field, item: &Item) -> Result<()> {
    let wrong = |what: &str| Error::failed(format!("{name} takes {what}"));
    match field.kind {
        Kind::Flag => {
            let flag = item.as_bool().ok_or_else(|| wrong("true or false").hint(format!("{} = true", short(name))))?;
            match name {
                "mouse" => settings.mouse = Some(flag),
                _ => settings.layout.events = Some(flag),
            }
        }
        Kind::Number(least, most) => {
            let between = format!("a whole number from {least} to {most}");
            let number = item.as_integer().and_then(|number| u16::try_from(number).ok());
            let number = number.filter(|number| (least..=most).contains(number));
            settings.layout.lists = Some(number.ok_or_else(|| wrong(&between).hint(format!("{} = 45", short(name))))?);
        }
        Kind::Text => {
            let text = item.as_str().ok_or_else(|| wrong("a text in quotes").hint(format!("{name} = \"...\"")))?;
            settings.notify_command = Some(text.to_owned()).filter(|text| !text.trim().is_empty());
        }
        Kind::Words(words) => {
            let first = words.first().unwrap_or(&"");
            let hint = format!("{name} = \"{first}\", or [\"{first}\", \"{}\"]", words.get(1).unwrap_or(&""));
            let chosen = words_of(item).ok_or_else(|| wrong("a word or a list of words").hint(hint))?;
            let place = |word: &String| {
                words.iter().position(|known| *known == word.as_str()).ok_or_else(|| unknown_word(word, words))
            };
            let places = chosen.iter().map(place).collect::<Result<Vec<usize>>>()?;
            if name == "notify" {
                settings.notify = Some(places.into_iter().map(|place| Notify::ALL[place]).collect());
            } else {
                settings.notify_on = Some(places.into_iter().map(|place| Occasion::ALL[place]).collect());
            }
        }
        Kind::Texts => {
            let hint = format!("{} = [\"playground\"]", short(name));
            settings.mute = words_of(item).ok_or_else(|| wrong("a list of texts").hint(hint))?;
        }
        Kind::Keys => {
            let hint = format!("{} = \"x\", or [\"x\", \"ctrl-x\"]; [] takes its keys away", short(name));
            let keys = words_of(item).ok_or_else(|| wrong("a key or a list of keys").hint(hint))?;
            for key in &keys {
                keys::parse(key)?;
            }
            settings.keys.insert(short(name).to_owned(), keys);
        }
        Kind::Word(words) => {
            let hint = format!("{} = \"{}\"", short(name), words.first().unwrap_or(&""));
            let word = item.as_str().ok_or_else(|| wrong("a text in quotes").hint(hint))?;
            take_word(settings, name, word, words)?;
        }
    }
    Ok(())
}

fn take_word(settings: &mut Settings, name: &str, word: &str, words: &[&str]) -> Result<()> {
    if name == "theme" {
        Theme::named(word, Depth::True)?;
        settings.theme = Some(word.to_owned());
        return Ok(());
    }
    let place = words.iter().position(|known| *known == word).ok_or_else(|| unknown_word(word, words))?;
    match name {
        "layout.start" => settings.layout.start = Some(View::ALL[place]),
        _ => settings.layout.order = Some(Sort::ALL[place]),
    }
    Ok(())
}

fn short(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// A key that two actions of one place would share, or that would hide a longer one, is a mistake of the file.
fn clash(settings: &Settings, bound: &[(String, usize)]) -> Result<()> {
    let mut taken: HashMap<(Context, Vec<Chord>), &str> = HashMap::new();
    let sequences = |name: &str, defaults: &[&str]| -> Vec<Vec<Chord>> {
        match settings.keys.get(name) {
            Some(own) => own.iter().filter_map(|key| keys::parse(key).ok()).collect(),
            None => defaults.iter().filter_map(|key| keys::parse(key).ok()).collect(),
        }
    };
    // Those of the file come last, so that the mistake is theirs.
    let own = |name: &str| bound.iter().find(|(other, _)| other == name).map(|(_, line)| *line);
    let mut specs: Vec<_> = TABLE.iter().collect();
    specs.sort_by_key(|spec| own(spec.name).is_some());
    for spec in specs {
        for keys in sequences(spec.name, spec.keys) {
            if let Some(line) = own(spec.name) {
                let hides = taken.iter().find(|((context, other), _)| {
                    *context == spec.context && (other.starts_with(&keys) || keys.starts_with(other))
                });
                if let Some((_, other)) = hides {
                    let key = keys::show(&keys);
                    let error = Error::failed(format!("line {line}: {key} is already a key of {other}"));
                    return Err(error.hint(format!("give that one another key too, or {other} = []")));
                }
            }
            taken.insert((spec.context, keys), spec.name);
        }
    }
    Ok(())
}

/// The text with the setting `key` at `value`, or without it; comments and order stay.
///
/// # Errors
/// When there is no such setting, or the value makes no sense for it.
pub fn changed(content: &str, key: &str, value: Option<&str>) -> Result<String> {
    let Some(field) = field(key) else {
        let names = FIELDS.iter().map(|field| field.name);
        let error = Error::not_found(format!("the cockpit has no setting {key:?}"));
        return Err(match text::nearest(key, names) {
            Some(near) => error.hint(format!("did you mean {near}?")),
            None => error.hint("theme, mouse, notify, notify-on, notify-command, mute, layout.<name>, keys.<action>"),
        });
    };
    let mut document: DocumentMut = content.parse().map_err(|error: toml_edit::TomlError| {
        Error::failed(format!("settings/cockpit.toml: line {}: {}", line(content, error.span()), error.message()))
            .hint("mend the file first")
    })?;
    let (table, name) = match key.split_once('.') {
        Some((table, name)) => {
            let inner = document.entry(table).or_insert_with(toml_edit::table);
            let inner = inner.as_table_like_mut();
            (inner.ok_or_else(|| Error::failed(format!("{table} is no table")).hint("mend the file first"))?, name)
        }
        None => (document.as_table_mut() as &mut dyn toml_edit::TableLike, key),
    };
    match value {
        None => drop(table.remove(name)),
        Some(value) => {
            let new = toml_edit::value(written(field.kind, key, value)?);
            match table.get_mut(name) {
                // What stands behind the old value, a remark mostly, stays behind the new one.
                Some(Item::Value(old)) => {
                    let decor = old.decor().clone();
                    if let Item::Value(mut new) = new {
                        *new.decor_mut() = decor;
                        *old = new;
                    }
                }
                _ => drop(table.insert(name, new)),
            }
        }
    }
    let text = document.to_string();
    parse(&text)?;
    Ok(text)
}

/// What a person's words mean as a value of the file.
fn written(kind: Kind, key: &str, value: &str) -> Result<Value> {
    let list = || value.split(',').map(str::trim).filter(|word| !word.is_empty());
    Ok(match kind {
        Kind::Flag => match value.trim() {
            "true" | "yes" | "on" => true.into(),
            "false" | "no" | "off" => false.into(),
            _ => return Err(Error::usage(format!("{key}: {value:?} is not true or false"))),
        },
        Kind::Number(..) => match value.trim().parse::<i64>() {
            Ok(number) => number.into(),
            Err(_) => return Err(Error::usage(format!("{key}: {value:?} is not a whole number"))),
        },
        Kind::Word(_) | Kind::Text => value.trim().into(),
        Kind::Texts => list().collect::<toml_edit::Array>().into(),
        Kind::Keys | Kind::Words(_) => match list().collect::<Vec<_>>().as_slice() {
            [one] => (*one).into(),
            several => several.iter().copied().collect::<toml_edit::Array>().into(),
        },
    })
}

/// What the text sets `key` to, in a person's words; nothing when it does not.
pub fn value_in(content: &str, key: &str) -> Option<String> {
    let document = Document::parse(content).ok()?;
    let item = match key.split_once('.') {
        Some((table, name)) => document.get(table)?.get(name)?,
        None => document.get(key)?,
    };
    match item.as_value()? {
        Value::Array(_) | Value::String(_) => words_of(item).map(|words| words.join(", ")),
        Value::Boolean(flag) => Some(flag.value().to_string()),
        Value::Integer(number) => Some(number.value().to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(content: &str) -> (String, String) {
        let error = parse(content).unwrap_err();
        (error.message().to_owned(), error.hint_text().unwrap_or_default().to_owned())
    }

    #[test]
    fn every_mistake_has_its_line_and_a_way_out() {
        for (content, said, hint) in [
            ("theme = \"dark\"\nthemes = 1\n", "line 2: unknown setting \"themes\"", "did you mean theme?"),
            ("theme = \n", "line 1", "mend the line"),
            ("\n\ntheme = \"ligth\"\n", "line 3", "did you mean light?"),
            ("mouse = \"yes\"\n", "line 1: mouse takes true or false", "mouse = true"),
            ("notify = \"bel\"\n", "line 1: \"bel\" is none of", "did you mean bell?"),
            ("notify = [\"bell\", 3]\n", "line 1: notify takes a word or a list of words", "[\"bell\", \"osc9\"]"),
            ("\nnotify-on = [\"needs-you\", \"ded\"]\n", "line 2: \"ded\" is none of", "did you mean dead?"),
            ("notify-command = 1\n", "line 1: notify-command takes a text", "notify-command = "),
            ("[layout]\nlists = 95\n", "line 2: layout.lists takes a whole number from 20 to 70", "lists = 45"),
            ("[layout]\nwidth = 1\n", "line 2: unknown setting \"width\"", "settings are start"),
            ("layout = 3\n", "line 1: layout is a table", "below it"),
            ("# mine\n[keys]\nslin = \"x\"\n", "line 3: unknown action \"slin\"", "did you mean sling?"),
            ("[keys]\nsling = \"jj\"\n", "line 2: \"jj\" is no key", "keys are written"),
            ("[keys]\nsling = 3\n", "line 2: keys.sling takes a key", "takes its keys away"),
            ("[keys]\nzoom = \"Z\"\nsling = \"m\"\n", "line 3: m is already a key of message", "message = []"),
            ("[keys]\nsling = \"g\"\n", "line 2: g is already a key of", "= []"),
        ] {
            let (message, hints) = wrong(content);
            assert!(message.contains(said) && hints.contains(hint), "{content}: {message}; {hints}");
        }
    }

    #[test]
    fn what_is_right_is_read() {
        let text = "theme = \"light\"\nmouse = false\nnotify = \"osc9\"\nmute = [\"playground\"]\n\
            notify-on = [\"dead\", \"done\"]\nnotify-command = \"ntfy publish town\"\n\
            [layout]\nstart = \"agents\"\norder = \"rig\"\nlists = 40\nevents = false\n\
            [keys]\nsling = [\"x\", \"ctrl-s\"]\nzoom = \"Z\"\nsave-set = []\n";
        let settings = parse(text).unwrap();
        assert_eq!(
            (settings.theme.as_deref(), settings.mouse, settings.notify.clone()),
            (Some("light"), Some(false), Some(vec![Notify::Osc9]))
        );
        assert!(settings.tells(Occasion::Done) && !settings.tells(Occasion::NeedsYou));
        assert_eq!(settings.notify_command.as_deref(), Some("ntfy publish town"));
        let usual = Settings::default();
        assert!(usual.tells(Occasion::Stuck) && !usual.tells(Occasion::Done) && usual.ways() == [Notify::Bell]);
        assert_eq!((settings.layout.start, settings.layout.order), (Some(View::Agents), Some(Sort::Rig)));
        assert_eq!((settings.layout.lists, settings.layout.events), (Some(40), Some(false)));
        assert_eq!(settings.keys["save-set"], Vec::<String>::new());
        assert!(settings.keymap().is_ok());
        assert_eq!(parse("layout = { lists = 30 }\n").unwrap().layout.lists, Some(30));
    }

    #[test]
    fn a_change_leaves_all_else_as_it_was() {
        let before = "# my cockpit\ntheme = \"dark\" # at night\n\n[keys]\n# as in vim\nzoom = \"Z\"\n";
        let after = changed(before, "theme", Some("light")).unwrap();
        assert_eq!(after, before.replace("\"dark\"", "\"light\""));
        let after = changed(before, "keys.sling", Some("x, ctrl-s")).unwrap();
        assert!(after.contains("# as in vim\nzoom = \"Z\"\nsling = [\"x\", \"ctrl-s\"]"), "{after}");
        assert_eq!(value_in(&after, "keys.sling").as_deref(), Some("x, ctrl-s"));
        assert_eq!(changed(&after, "keys.sling", None).unwrap(), before);
        let several = changed("", "notify", Some("bell, desktop")).unwrap();
        assert_eq!(several, "notify = [\"bell\", \"desktop\"]\n");
        let new = changed("", "layout.lists", Some("40")).unwrap();
        assert_eq!(value_in(&new, "layout.lists").as_deref(), Some("40"), "{new}");
        assert!(changed("", "layout.lists", Some("400")).is_err());
        assert!(changed("", "keys.sling", Some("m")).unwrap_err().message().contains("already a key of message"));
        assert_eq!(changed("", "them", Some("x")).unwrap_err().hint_text(), Some("did you mean theme?"));
    }
}
