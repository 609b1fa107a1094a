//! The one table of what `settings/cockpit.toml` may say: reading, changing, the settings view and the schema all use it.

use serde_json::{Map, Value, json};

use super::super::actions::TABLE;
use super::super::app::{Sort, View};
use super::super::theme::NAMES;
use super::{Notify, Occasion};

/// The kind of value a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// true or false.
    Flag,
    /// One of these words.
    Word(&'static [&'static str]),
    /// A whole number between these.
    Number(u16, u16),
    /// One or several of these words.
    Words(&'static [&'static str]),
    /// A text.
    Text,
    /// A list of texts.
    Texts,
    /// A key or a list of keys.
    Keys,
}

/// One setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// Its name, with a dot where it lies in a table.
    pub name: &'static str,
    /// The kind of value it takes.
    pub kind: Kind,
    /// What holds when it is not set, in words.
    pub default: &'static str,
    /// What it means.
    pub about: &'static str,
}

/// The table, without the keys of single actions (`keys.<action>`).
pub static FIELDS: &[Field] = &[
    Field { name: "theme", kind: Kind::Word(&NAMES), default: "dark", about: "The colours" },
    Field {
        name: "mouse",
        kind: Kind::Flag,
        default: "true",
        about: "Whether the mouse is used; off leaves selecting text to your terminal",
    },
    Field {
        name: "notify",
        kind: Kind::Words(&Notify::NAMES),
        default: "bell",
        about: "How you are told, beside the screen, of an agent you don't see: the terminal's bell, a notification by OSC 9 or \
                OSC 777 (over SSH too), one of this machine's desktop; several, or off",
    },
    Field {
        name: "notify-on",
        kind: Kind::Words(&Occasion::NAMES),
        default: "needs-you, stuck, dead, bell, message",
        about: "Of what you are told: an agent that comes to need you, is stuck, dies, is done, or has to wait for its limit; one \
                whose terminal rings, or sends a message",
    },
    Field {
        name: "notify-command",
        kind: Kind::Text,
        default: "",
        about: "A command that is run for each, too, by sh; the title and the text are its arguments: notify-send, ntfy publish town",
    },
    Field { name: "mute", kind: Kind::Texts, default: "", about: "Rigs whose agents never ring" },
    Field {
        name: "layout.start",
        kind: Kind::Word(&View::NAMES),
        default: "where the last one ended",
        about: "The view a start begins with",
    },
    Field {
        name: "layout.order",
        kind: Kind::Word(&Sort::NAMES),
        default: "the last one used",
        about: "The order of agents a start begins with",
    },
    Field {
        name: "layout.lists",
        kind: Kind::Number(20, 70),
        default: "by the screen's width",
        about: "How wide the lists are beside a terminal, in hundredths of the screen; < and > change it for now",
    },
    Field {
        name: "layout.events",
        kind: Kind::Flag,
        default: "true",
        about: "Whether what happened stands below the terminal in the town",
    },
];

/// The setting called `name`; that of an action's keys is called `keys.<action>`.
pub(super) fn field(name: &str) -> Option<Field> {
    let own = FIELDS.iter().find(|field| field.name == name).copied();
    own.or_else(|| {
        let spec = TABLE.iter().find(|spec| name.strip_prefix("keys.") == Some(spec.name))?;
        Some(Field { name: spec.name, kind: Kind::Keys, default: "", about: spec.about })
    })
}

fn form(kind: Kind) -> Value {
    match kind {
        Kind::Flag => json!({"type": "boolean"}),
        Kind::Word(words) => json!({"enum": words}),
        Kind::Number(least, most) => json!({"type": "integer", "minimum": least, "maximum": most}),
        Kind::Words(words) => json!({"anyOf": [{"enum": words}, {"type": "array", "items": {"enum": words}}]}),
        Kind::Text => json!({"type": "string"}),
        Kind::Texts => json!({"type": "array", "items": {"type": "string"}}),
        Kind::Keys => json!({"$ref": "#/$defs/keys"}),
    }
}

/// The JSON Schema of the file, for editors that check TOML.
pub fn schema() -> Value {
    let mut top: Map<String, Value> = Map::new();
    let mut tables: Map<String, Value> = Map::new();
    let described = |kind: Kind, about: &str, default: &str| {
        let mut value = form(kind);
        value["description"] = json!(about);
        if !default.is_empty() {
            value["description"] = json!(format!("{about}. When not set: {default}."));
        }
        value
    };
    for field in FIELDS {
        let value = described(field.kind, field.about, field.default);
        match field.name.split_once('.') {
            Some((table, name)) => {
                let table = tables.entry(table.to_owned()).or_insert_with(|| json!({}));
                table[name] = value;
            }
            None => drop(top.insert(field.name.to_owned(), value)),
        }
    }
    let mut keys = Map::new();
    for spec in TABLE {
        keys.insert(spec.name.to_owned(), described(Kind::Keys, spec.about, &spec.keys.join(", ")));
    }
    tables.insert("keys".to_owned(), Value::Object(keys));
    for (name, properties) in tables {
        top.insert(name, json!({"type": "object", "additionalProperties": false, "properties": properties}));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "settings/cockpit.toml of a town",
        "type": "object",
        "additionalProperties": false,
        "properties": top,
        "$defs": {"keys": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schema_knows_every_setting_and_every_action() {
        let schema = schema();
        let top = &schema["properties"];
        assert_eq!(top["theme"]["enum"][1], "light");
        assert_eq!(top["layout"]["properties"]["lists"]["maximum"], 70);
        assert_eq!(top["notify-on"]["anyOf"][1]["items"]["enum"][0], "needs-you");
        for spec in TABLE {
            let keys = &top["keys"]["properties"][spec.name];
            assert_eq!(keys["$ref"], "#/$defs/keys", "{}", spec.name);
        }
        assert_eq!(top["layout"]["additionalProperties"], false);
    }
}
