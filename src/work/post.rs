//! Who gets a message: one address, everybody in a group, a queue or a channel; nobody who does not exist.

use std::collections::BTreeSet;

use super::mailbook::{self, Book, CHANNEL, Kind, QUEUE};
use super::{Desk, crew, hook};
use crate::base::{Error, Result, text};
use crate::town::{Address, Rig};

/// What a hint says of the forms there are.
const FORMS: &str = "addresses: mayor/, overseer, <rig>/crew/<name>, <rig>/polecats/<name>, patterns such as */witness or <rig>/*; \
                     groups: @town, @rig/<rig>, @crew/<rig>, group:<name>, queue:<name>, channel:<name>";
/// The groups there always are.
const GROUPS: &str =
    "groups: @town, @rig/<rig>, @crew[/<rig>], @polecats[/<rig>], @witnesses, @refineries, @dogs, @deacons, @overseer";

/// Everybody who can be written to.
///
/// # Errors
/// When the registry or the ledger can't be read.
pub fn everybody(desk: &Desk) -> Result<Vec<Address>> {
    let mut found: BTreeSet<Address> = [Address::Mayor, Address::Deacon, Address::Overseer].into();
    for rig in desk.town.rigs()? {
        found.insert(Address::Witness(rig.name.clone()));
        found.insert(Address::Refinery(rig.name.clone()));
        found.extend(crew::names(&rig)?.into_iter().map(|name| Address::Crew { rig: rig.name.clone(), name }));
        found.extend(polecats(&rig));
    }
    found.extend(
        directories(&desk.town.root.join("deacon/dogs")).filter_map(|name| format!("deacon/dogs/{name}").parse().ok()),
    );
    let hooks = hook::list(desk.ledger.conn(), false)?;
    found.extend(hooks.iter().filter_map(|hook| hook.agent.parse().ok()));
    Ok(found.into_iter().collect())
}

fn directories(path: &std::path::Path) -> impl Iterator<Item = String> + use<> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries.map(|entry| entry.file_name().to_string_lossy().into_owned())
}

fn polecats(rig: &Rig) -> impl Iterator<Item = Address> + use<> {
    let rig_name = rig.name.clone();
    directories(&rig.root.join("polecats")).filter_map(move |name| format!("{rig_name}/polecats/{name}").parse().ok())
}

/// The mailboxes `word` stands for. Forms: an address; `<rig>/<name>`, which leaves out the kind of agent; a pattern (`*/witness`, `<rig>/*`);
/// `<rig>/`, all workers and crew of a rig; `@town`, `@rig/<rig>`, `@crew[/<rig>]`, `@polecats[/<rig>]`, `@witnesses`, `@refineries`,
/// `@dogs`, `@deacons`, `@overseer`; `group:<name>` (also `list:`), whose members may be groups; `queue:<name>`, one copy for whoever claims
/// it; `channel:<name>`, the board and a copy for each subscriber; `announce:<name>`, the board alone; a name alone for a group, queue or
/// channel. What stands for many leaves out `me`.
///
/// # Errors
/// [`crate::base::Kind::NotFound`] with the nearest name for what nobody has, and for a group that is unknown or empty; usage for a name that
/// could be several things.
pub fn resolve(desk: &Desk, word: &str, me: &str) -> Result<Vec<String>> {
    let book = mailbook::read(&desk.town)?;
    let found = Lookup { desk, all: everybody(desk)?, book: &book }.boxes(word, &mut BTreeSet::new())?;
    let many = found.many;
    let mut boxes: Vec<String> = Vec::new();
    for one in found.boxes {
        let is_asker = many && one == me;
        if !is_asker && !boxes.contains(&one) {
            boxes.push(one);
        }
    }
    if boxes.is_empty() {
        return Err(Error::not_found(format!("nobody is in {word:?}")).hint(GROUPS));
    }
    Ok(boxes)
}

/// The mailboxes of everybody whom `words` name, nobody's twice.
///
/// # Errors
/// As [`resolve`].
pub fn resolve_all<'a>(desk: &Desk, words: impl IntoIterator<Item = &'a String>, me: &str) -> Result<Vec<String>> {
    let mut boxes: Vec<String> = Vec::new();
    for word in words {
        for one in resolve(desk, word, me)? {
            if !boxes.contains(&one) {
                boxes.push(one);
            }
        }
    }
    Ok(boxes)
}

/// The mailboxes a group or pattern stands for; none when it is empty.
///
/// # Errors
/// As [`resolve`].
pub fn members_of(desk: &Desk, word: &str) -> Result<Vec<String>> {
    let book = mailbook::read(&desk.town)?;
    Ok(Lookup { desk, all: everybody(desk)?, book: &book }.boxes(word, &mut BTreeSet::new())?.boxes)
}

struct Found {
    boxes: Vec<String>,
    /// Whether the word stands for many, however many it turned out to be.
    many: bool,
}

impl Found {
    fn one(address: impl ToString) -> Found {
        Found { boxes: vec![address.to_string()], many: false }
    }

    fn many(boxes: Vec<String>) -> Found {
        Found { boxes, many: true }
    }
}

struct Lookup<'a> {
    desk: &'a Desk,
    all: Vec<Address>,
    book: &'a Book,
}

impl Lookup<'_> {
    /// `open` are the groups on the way here: one that holds itself adds nothing.
    fn boxes(&self, word: &str, open: &mut BTreeSet<String>) -> Result<Found> {
        if let Some((kind, name)) = word.split_once(':') {
            return self.named(kind, name, word, open);
        }
        if let Some(group) = word.strip_prefix('@') {
            return self.standing_group(group, word);
        }
        if word.contains('*') {
            let all = self.all.iter().map(ToString::to_string);
            return Ok(Found::many(all.filter(|address| mailbook::fits(word, address)).collect()));
        }
        if let Ok(address) = word.parse::<Address>()
            && self.all.contains(&address)
        {
            return Ok(Found::one(address));
        }
        if let Some(rig) = word.strip_suffix('/').filter(|rig| self.desk.town.rig(rig).is_ok()) {
            return self.standing_group(&format!("rig/{rig}"), word);
        }
        // `<rig>/<name>` leaves out the kind of agent.
        if let Some((rig, name)) = word.split_once('/') {
            let fits = |address: &&Address| address.rig() == Some(rig) && address.name() == name;
            if let Some(address) = self.all.iter().find(fits) {
                return Ok(Found::one(address));
            }
        }
        match self.book.kinds(word).as_slice() {
            [] => Err(self.nobody(word)),
            [kind] => self.named(kind.word(), word, word, open),
            kinds => {
                let forms: Vec<String> = kinds.iter().map(|kind| format!("{}:{word}", kind.word())).collect();
                Err(Error::usage(format!("{word} could be {}", forms.join(", "))).hint("name one in full"))
            }
        }
    }

    fn named(&self, kind: &str, name: &str, word: &str, open: &mut BTreeSet<String>) -> Result<Found> {
        match kind {
            "group" | "list" => {
                let members = self.book.group(name)?;
                if !open.insert(name.to_owned()) {
                    return Ok(Found::many(Vec::new()));
                }
                let mut boxes = Vec::new();
                for member in members {
                    boxes.extend(self.boxes(member, open)?.boxes);
                }
                open.remove(name);
                Ok(Found::many(boxes))
            }
            "queue" => self.book.queue(name).map(|_| Found::one(format!("{QUEUE}{name}"))),
            "announce" => self.book.channel(name).map(|_| Found::one(format!("{CHANNEL}{name}"))),
            "channel" => {
                let subscribers = self.book.channel(name)?.subscribers.iter().cloned();
                Ok(Found::many(std::iter::once(format!("{CHANNEL}{name}")).chain(subscribers).collect()))
            }
            _ => Err(self.nobody(word)),
        }
    }

    fn nobody(&self, word: &str) -> Error {
        let mut names: Vec<String> =
            self.all.iter().map(|one| one.to_string().trim_end_matches('/').to_owned()).collect();
        for kind in [Kind::Group, Kind::Queue, Kind::Channel] {
            names.extend(self.book.names(kind).into_iter().map(|name| format!("{}:{name}", kind.word())));
            names.extend(self.book.names(kind).into_iter().map(str::to_owned));
        }
        let error = Error::not_found(format!("nobody has the address {word:?}"));
        match text::nearest(word, names.iter().map(String::as_str)) {
            Some(near) => error.hint(format!("did you mean {near}?")),
            None => error.hint(FORMS),
        }
    }

    /// A group that follows from who there is.
    fn standing_group(&self, group: &str, word: &str) -> Result<Found> {
        let (kind, rig) = group.split_once('/').map_or((group, None), |(kind, rig)| (kind, Some(rig)));
        const KINDS: [&str; 9] =
            ["town", "rig", "crew", "polecats", "witnesses", "refineries", "dogs", "deacons", "overseer"];
        let known = KINDS.contains(&kind) && (kind != "rig" || rig.is_some()) && (kind != "town" || rig.is_none());
        if !known {
            let error = Error::not_found(format!("no group {word:?}"));
            return Err(match text::nearest(kind, KINDS) {
                Some(near) if near != kind => error.hint(format!("did you mean @{near}? {GROUPS}")),
                _ => error.hint(GROUPS),
            });
        }
        if let Some(rig) = rig {
            self.desk.town.rig(rig)?;
        }
        let is_in = |address: &&Address| {
            let here = rig.is_none_or(|rig| address.rig() == Some(rig));
            here && match kind {
                // The daemon reads no mail.
                "town" => !matches!(address, Address::Deacon | Address::Witness(_) | Address::Refinery(_)),
                "rig" => matches!(address, Address::Crew { .. } | Address::Polecat { .. }),
                "crew" => matches!(address, Address::Crew { .. }),
                "polecats" => matches!(address, Address::Polecat { .. }),
                "witnesses" => matches!(address, Address::Witness(_)),
                "refineries" => matches!(address, Address::Refinery(_)),
                "dogs" => matches!(address, Address::Dog(_)),
                "deacons" => matches!(address, Address::Deacon),
                _ => matches!(address, Address::Overseer),
            }
        };
        let boxes: Vec<String> = self.all.iter().filter(is_in).map(ToString::to_string).collect();
        // `@overseer` is one, whoever asks.
        Ok(if kind == "overseer" || kind == "deacons" { Found { boxes, many: false } } else { Found::many(boxes) })
    }
}
