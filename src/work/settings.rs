//! Settings by name: each with its value and the layer it comes from, changed so that the file can always be read again.

use std::path::PathBuf;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::base::{Error, Result, text};
use crate::runtime::{self, Layers};
use crate::town::config::{Document, Format};
use crate::town::fields::{self, Field, Kind};
use crate::town::{RIG_FORMAT, Rig, RigSettings, TOWN_FORMAT, Town, TownSettings};

/// Where a setting's value comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// The rig's own file.
    Rig,
    /// The town's file.
    Town,
    /// Nobody set it.
    BuiltIn,
}

impl Origin {
    /// In words.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rig => "rig",
            Self::Town => "town",
            Self::BuiltIn => "built in",
        }
    }
}

/// One setting.
#[derive(Debug, Clone, Serialize)]
pub struct Setting {
    /// Its name, with dots where it lies deeper.
    pub key: String,
    /// The value that holds.
    pub value: Value,
    /// Where that comes from.
    pub origin: Origin,
    /// What it means.
    pub about: String,
}

/// The file that is shown or changed.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'a> {
    /// The town's.
    Town(&'a Town),
    /// A rig's.
    Rig(&'a Town, &'a Rig),
}

impl<'a> Scope<'a> {
    /// The town's file, or that of a rig in it.
    pub fn of(town: &'a Town, rig: Option<&'a Rig>) -> Self {
        rig.map_or(Self::Town(town), |rig| Self::Rig(town, rig))
    }

    /// The file.
    pub fn file(self) -> PathBuf {
        match self {
            Self::Town(town) => town.settings_file(),
            Self::Rig(_, rig) => rig.settings_file(),
        }
    }

    fn format(self) -> Format {
        match self {
            Self::Town(_) => TOWN_FORMAT,
            Self::Rig(..) => RIG_FORMAT,
        }
    }

    /// The keys there are.
    pub fn fields(self) -> Vec<Field> {
        fields::fields_of(match self {
            Self::Town(_) => "TownSettings",
            Self::Rig(..) => "RigSettings",
        })
    }

    /// What holds where nothing is set.
    pub fn defaults(self) -> Result<Value> {
        Ok(match self {
            Self::Town(_) => serde_json::to_value(TownSettings::default())?,
            Self::Rig(..) => serde_json::to_value(RigSettings::default())?,
        })
    }

    fn document(self) -> Result<Option<Document>> {
        Document::load(&self.file(), &self.format())
    }

    fn check(self, document: &Document) -> Result<()> {
        match self {
            Self::Town(_) => TownSettings::of(document).map(drop),
            Self::Rig(..) => RigSettings::of(document).map(drop),
        }
    }

    fn change(self, change: impl FnOnce(&mut Document) -> Result<()>) -> Result<()> {
        let path = self.file();
        let mut document = self.document()?.unwrap_or_else(|| Document::new(&path, &self.format()));
        change(&mut document)?;
        self.check(&document)?;
        if let Some(directory) = path.parent() {
            crate::base::files::make_dirs(directory, 0o755)?;
        }
        document.save(0o644)
    }
}

/// The JSON Schema of a town's settings file.
///
/// # Errors
/// When the defaults can't be written as JSON.
pub fn town_schema() -> Result<Value> {
    let defaults = serde_json::to_value(TownSettings::default())?;
    let fields = fields::fields_of("TownSettings");
    Ok(fields::schema(TOWN_FORMAT.kind, "settings/config.json of a town", &fields, &defaults))
}

/// The JSON Schema of a rig's settings file.
///
/// # Errors
/// As [`town_schema`].
pub fn rig_schema() -> Result<Value> {
    let defaults = serde_json::to_value(RigSettings::default())?;
    let fields = fields::fields_of("RigSettings");
    Ok(fields::schema(RIG_FORMAT.kind, "settings/config.json of a rig", &fields, &defaults))
}

fn at<'a>(value: &'a Value, key: &str) -> Option<&'a Value> {
    key.split('.').try_fold(value, |value, part| value.get(part))
}

/// Every setting of the file with the value that holds and where it comes from.
///
/// # Errors
/// When a settings file is broken.
pub fn all(scope: Scope<'_>) -> Result<Vec<Setting>> {
    let document = scope.document()?;
    if let Some(document) = &document {
        scope.check(document)?;
    }
    let defaults = scope.defaults()?;
    let own = match scope {
        Scope::Town(_) => Origin::Town,
        Scope::Rig(..) => Origin::Rig,
    };
    let mut settings: Vec<Setting> = fields::flat(&scope.fields())
        .into_iter()
        .map(|(key, field)| {
            let (value, origin) = match document.as_ref().and_then(|document| document.get(&key)) {
                Some(value) => (value.clone(), own),
                None => (at(&defaults, &key).cloned().unwrap_or(Value::Null), Origin::BuiltIn),
            };
            Setting { key, value, origin, about: field.about }
        })
        .collect();
    if let Scope::Rig(town, _) = scope {
        inherit(&mut settings, all(Scope::Town(town))?);
    }
    Ok(settings)
}

/// What a rig does not set is what the town sets; `agent` stands in a rig for `default_agent` of the town.
fn inherit(settings: &mut Vec<Setting>, town: Vec<Setting>) {
    for outer in town {
        let name = if outer.key == "default_agent" { "agent" } else { outer.key.as_str() };
        match settings.iter_mut().find(|setting| setting.key == name) {
            Some(own) if own.origin == Origin::BuiltIn => (own.value, own.origin) = (outer.value, outer.origin),
            // A name that the rig gives to none of its own is still the town's.
            Some(own) => {
                if let (Value::Object(own), Value::Object(outer)) = (&mut own.value, outer.value) {
                    for (name, value) in outer {
                        own.entry(name).or_insert(value);
                    }
                }
            }
            None => settings.push(outer),
        }
    }
}

/// The setting called `key`; below a map of free names also one of its entries (`role_agents.mayor`).
///
/// # Errors
/// When there is none, with the nearest name; when a settings file is broken.
pub fn get(scope: Scope<'_>, key: &str) -> Result<Setting> {
    let settings = all(scope)?;
    if let Some(setting) = settings.iter().find(|setting| setting.key == key) {
        return Ok(setting.clone());
    }
    let group: Map<String, Value> = settings
        .iter()
        .filter_map(|setting| {
            Some((setting.key.strip_prefix(key)?.strip_prefix('.')?.to_owned(), setting.value.clone()))
        })
        .collect();
    if !group.is_empty() {
        let origin = settings.iter().find(|setting| setting.key.starts_with(key)).map_or(Origin::BuiltIn, |s| s.origin);
        return Ok(Setting { key: key.to_owned(), value: group.into(), origin, about: String::new() });
    }
    let inside = settings.iter().find_map(|setting| {
        let rest = key.strip_prefix(&setting.key)?.strip_prefix('.')?;
        Some((setting, at(&setting.value, rest)?.clone()))
    });
    match inside {
        Some((setting, value)) => Ok(Setting { key: key.to_owned(), value, ..setting.clone() }),
        None => Err(unknown(key, settings.iter().map(|setting| setting.key.as_str()))),
    }
}

fn unknown<'a>(key: &str, known: impl Iterator<Item = &'a str> + Clone) -> Error {
    let error = Error::not_found(format!("no setting {key:?}"));
    // A key is more often known by its last word than by where it lies.
    let last = |key: &'a str| key.rsplit('.').next().unwrap_or(key);
    let near = text::nearest(key, known.clone()).or_else(|| known.clone().find(|candidate| last(candidate) == key));
    match near {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error.hint("gt config show lists them"),
    }
}

/// The field that `key` is or lies in, and what of the key lies below it.
fn field_of(scope: Scope<'_>, key: &str) -> Result<(Field, Option<String>)> {
    let flat = fields::flat(&scope.fields());
    for (name, field) in &flat {
        if name == key {
            return Ok((field.clone(), None));
        }
        if let Some(rest) = key.strip_prefix(name.as_str()).and_then(|rest| rest.strip_prefix('.')) {
            let free = matches!(field.kind, Kind::Texts | Kind::Values | Kind::Any);
            if free && !rest.is_empty() {
                return Ok((field.clone(), Some(rest.to_owned())));
            }
        }
    }
    Err(unknown(key, flat.iter().map(|(name, _)| name.as_str())))
}

/// What `text` means as a value of `field`.
fn parse(field: &Field, below: bool, key: &str, text: &str) -> Result<Value> {
    let wrong = |what: &str| Err(Error::usage(format!("{key}: {text:?} is not {what}")));
    let json = || serde_json::from_str::<Value>(text).ok();
    match &field.kind {
        Kind::Flag => match text {
            "true" | "yes" | "on" => Ok(true.into()),
            "false" | "no" | "off" => Ok(false.into()),
            _ => wrong("true or false"),
        },
        Kind::Number => text.parse::<u64>().map(Value::from).or_else(|_| wrong("a whole number")),
        Kind::Decimal => text.parse::<f64>().map(Value::from).or_else(|_| wrong("a number")),
        Kind::Text => Ok(text.into()),
        Kind::Choice(words) if words.iter().any(|word| word == text) => Ok(text.into()),
        Kind::Choice(words) => wrong(&format!("one of {}", words.join(", "))),
        Kind::Texts if below => Ok(text.into()),
        Kind::List => match json() {
            Some(list @ Value::Array(_)) => Ok(list),
            _ => Ok(text.split(',').map(str::trim).filter(|word| !word.is_empty()).collect()),
        },
        Kind::Texts | Kind::Values if !below => match json() {
            Some(map @ Value::Object(_)) => Ok(map),
            _ => wrong("a JSON object"),
        },
        _ => Ok(json().unwrap_or_else(|| text.into())),
    }
}

/// Sets `key` to what `text` means for it.
///
/// # Errors
/// When there is no such setting or the value makes no sense for it; the file is then as it was.
pub fn set(scope: Scope<'_>, key: &str, text: &str) -> Result<Setting> {
    let (field, rest) = field_of(scope, key)?;
    put(scope, key, parse(&field, rest.is_some(), key, text)?)
}

/// Sets `key` to `value`.
///
/// # Errors
/// As [`set`].
pub fn put(scope: Scope<'_>, key: &str, value: Value) -> Result<Setting> {
    field_of(scope, key)?;
    refer(scope, key, &value)?;
    scope.change(|document| document.set(key, value))?;
    get(scope, key)
}

/// Makes the file with nothing set in it, for an editor to open.
///
/// # Errors
/// When it can't be written.
pub fn begin(scope: Scope<'_>) -> Result<()> {
    scope.change(|_| Ok(()))
}

/// Takes `key` out of the file, so that the next layer's value holds; false when it was not set there.
///
/// # Errors
/// When there is no such setting.
pub fn unset(scope: Scope<'_>, key: &str) -> Result<bool> {
    field_of(scope, key)?;
    let mut had = false;
    scope.change(|document| {
        had = document.unset(key);
        Ok(())
    })?;
    Ok(had)
}

/// A name of an agent has to be one, and an agent has to be one that can be run.
fn refer(scope: Scope<'_>, key: &str, value: &Value) -> Result<()> {
    let layers = match scope {
        Scope::Town(town) => Layers::of(town, None)?,
        Scope::Rig(town, rig) => Layers::of(town, Some(rig))?,
    };
    let named = |name: &Value| match name.as_str() {
        Some(name) => runtime::choose(&layers, "", Some(name)).map(drop),
        None => Ok(()),
    };
    match (key.split_once('.'), key) {
        (None, "default_agent" | "agent") => named(value),
        (Some(("role_agents", _)), _) => named(value),
        (Some(("agents", name)), _) => {
            crate::town::validate_agent_name(name)?;
            known_keys(&runtime::custom(name, value)?)
        }
        (None, "runtime") if !value.is_null() => known_keys(&runtime::custom("runtime", value)?),
        _ => Ok(()),
    }
}

/// Refuses a key of an agent that nothing knows: it is kept, but has no effect.
fn known_keys(preset: &runtime::Preset) -> Result<()> {
    let Some(unknown) = runtime::unknown_keys(preset).first().map(|key| (*key).to_owned()) else { return Ok(()) };
    let error = Error::usage(format!("an agent has no key `{unknown}`"));
    let known = serde_json::to_value(runtime::Preset::default())?;
    let known = known.as_object().into_iter().flat_map(|keys| keys.keys().map(String::as_str));
    Err(match crate::base::text::nearest(&unknown, known) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint("gt config agent get claude shows the keys there are"),
    })
}

/// Something that is wrong in a settings file.
#[derive(Debug, Clone, Serialize)]
pub struct Problem {
    /// File, line, key and what is wrong.
    pub problem: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        Self { problem: error.message().to_owned(), hint: error.hint_text().map(str::to_owned) }
    }
}

/// Everything that is wrong in the settings of the town and its rigs, and which files were looked at.
pub fn check(town: &Town) -> (Vec<PathBuf>, Vec<Problem>) {
    let mut files = vec![town.root.join("mayor/town.json"), town.rigs_file()];
    let mut problems: Vec<Problem> = town.identity().err().map(Problem::from).into_iter().collect();
    let rigs = town.rigs().unwrap_or_else(|error| {
        problems.push(error.into());
        Vec::new()
    });
    let scopes = std::iter::once(Scope::Town(town)).chain(rigs.iter().map(|rig| Scope::Rig(town, rig)));
    for scope in scopes {
        files.push(scope.file());
        problems.extend(check_one(scope).into_iter().map(Problem::from));
    }
    (files, problems)
}

fn check_one(scope: Scope<'_>) -> Vec<Error> {
    let document = match scope.document() {
        Ok(None) => return Vec::new(),
        Ok(Some(document)) => document,
        Err(error) => return vec![error],
    };
    if let Err(error) = scope.check(&document) {
        return vec![error];
    }
    // What it refers to is in the town's file too; that one is looked at by itself.
    if let Scope::Rig(town, _) = scope
        && Layers::of(town, None).is_err()
    {
        return Vec::new();
    }
    let mut wrong = Vec::new();
    let mut look = |key: &str, value: &Value| {
        if let Err(error) = refer(scope, key, value) {
            let hint = error.hint_text().unwrap_or("gt config agent list shows the agents").to_owned();
            wrong.push(document.error(key, error.message()).hint(hint));
        }
    };
    for key in ["default_agent", "agent", "runtime"] {
        if let Some(value) = document.get(key) {
            look(key, value);
        }
    }
    for map in ["role_agents", "agents"] {
        for (name, value) in document.get(map).and_then(Value::as_object).into_iter().flatten() {
            look(&format!("{map}.{name}"), value);
        }
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The schemas are files, for editors to point at; `GT_WRITE=1 cargo test` writes them anew.
    #[test]
    fn the_schemas_are_those_of_the_types() {
        let place = tempfile::tempdir().unwrap();
        let town = Town { root: place.path().to_owned(), id: "0".into(), name: "t".into() };
        let rig = Rig {
            name: "r".into(),
            root: place.path().to_owned(),
            prefix: "r".into(),
            default_branch: "main".into(),
            git_url: String::new(),
            added_at: crate::base::Timestamp::now(),
        };
        for (scope, name) in [(Scope::Town(&town), "town"), (Scope::Rig(&town, &rig), "rig")] {
            let schema = if name == "town" { town_schema() } else { rig_schema() }.unwrap();
            let text = serde_json::to_string_pretty(&schema).unwrap() + "\n";
            let path = format!("{}/assets/schemas/{name}-settings.schema.json", env!("CARGO_MANIFEST_DIR"));
            if std::env::var_os("GT_WRITE").is_some() {
                std::fs::write(&path, &text).unwrap();
            }
            let written: Value = serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            for (key, rule) in written["properties"].as_object().unwrap() {
                let now = &schema["properties"][key];
                assert_eq!(
                    now["type"], rule["type"],
                    "{path}: {key}; write it anew: GT_WRITE=1 cargo test --lib schemas"
                );
            }
            // What a schema calls right the reader takes, and what it calls wrong the reader refuses.
            for (key, field) in fields::flat(&scope.fields()) {
                let (good, bad) = match field.kind {
                    Kind::Flag => (Value::from(true), Value::from("true")),
                    Kind::Number => (Value::from(7), Value::from("seven")),
                    Kind::Decimal => (Value::from(0.5), Value::from("half")),
                    Kind::List => (serde_json::json!(["ada"]), Value::from("ada")),
                    Kind::Choice(ref words) => (Value::from(words[0].clone()), Value::from("neither")),
                    Kind::Texts => (serde_json::json!({"mayor": "claude"}), serde_json::json!({"mayor": 1})),
                    Kind::Values => (serde_json::json!({}), Value::from(3)),
                    // Which words a text may be is said by the reader alone.
                    _ => continue,
                };
                let read = |value: Value| {
                    let mut document = Document::new(&place.path().join("c.json"), &scope.format());
                    document.set(&key, value).unwrap();
                    scope.check(&document)
                };
                assert!(read(good).is_ok(), "{name}: {key}");
                assert!(read(bad).is_err(), "{name}: {key}");
                assert_eq!(read(Value::Null).is_ok(), field.optional, "{name}: {key}: null");
            }
        }
    }
}
