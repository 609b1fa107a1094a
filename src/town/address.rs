//! Who is who: the address of every agent and of the person, and the names made from it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::names::validate_agent_name;
use crate::base::{Error, Result, ResultExt};

/// The address of an agent, or of the person who runs the town.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Address {
    /// `mayor/`: the coordinator.
    Mayor,
    /// `deacon/`: the daemon's own name in mail and nudges.
    Deacon,
    /// `overseer`: the person.
    Overseer,
    /// `<rig>/witness`: watches a rig's workers.
    Witness(String),
    /// `<rig>/refinery`: merges a rig's work.
    Refinery(String),
    /// `<rig>/crew/<name>`: a long-lived workspace.
    Crew {
        /// The rig it works on.
        rig: String,
        /// Its name in the rig.
        name: String,
    },
    /// `<rig>/polecats/<name>`: a worker that does one piece of work and goes.
    Polecat {
        /// The rig it works on.
        rig: String,
        /// Its name in the rig.
        name: String,
    },
    /// `deacon/dogs/<name>`: a helper of the deacon.
    Dog(String),
}

/// What an agent is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Coordinates the town.
    Mayor,
    /// The daemon.
    Deacon,
    /// The person.
    Overseer,
    /// Watches a rig's workers.
    Witness,
    /// Merges a rig's work.
    Refinery,
    /// A long-lived workspace.
    Crew,
    /// A worker for one piece of work.
    Polecat,
    /// A helper of the deacon.
    Dog,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 8] = [
        Role::Mayor,
        Role::Deacon,
        Role::Overseer,
        Role::Witness,
        Role::Refinery,
        Role::Crew,
        Role::Polecat,
        Role::Dog,
    ];

    /// The role's name as settings and environments write it.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Mayor => "mayor",
            Role::Deacon => "deacon",
            Role::Overseer => "overseer",
            Role::Witness => "witness",
            Role::Refinery => "refinery",
            Role::Crew => "crew",
            Role::Polecat => "polecat",
            Role::Dog => "dog",
        }
    }

    /// What the role is in plain words, for people who don't know the lore.
    pub fn plain(self) -> &'static str {
        match self {
            Role::Mayor => "coordinator",
            Role::Deacon => "daemon",
            Role::Overseer => "you",
            Role::Witness => "watcher",
            Role::Refinery => "merge queue",
            Role::Crew => "workspace",
            Role::Polecat => "worker",
            Role::Dog => "helper",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Role {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        Role::ALL.into_iter().find(|role| role.as_str() == text).ok_or_else(|| {
            let names: Vec<_> = Role::ALL.iter().map(|role| role.as_str()).collect();
            Error::usage(format!("unknown role {text:?}")).hint(format!("roles: {}", names.join(", ")))
        })
    }
}

impl Address {
    /// What the agent is there for.
    pub fn role(&self) -> Role {
        match self {
            Address::Mayor => Role::Mayor,
            Address::Deacon => Role::Deacon,
            Address::Overseer => Role::Overseer,
            Address::Witness(_) => Role::Witness,
            Address::Refinery(_) => Role::Refinery,
            Address::Crew { .. } => Role::Crew,
            Address::Polecat { .. } => Role::Polecat,
            Address::Dog(_) => Role::Dog,
        }
    }

    /// The role in plain words: `worker` for a polecat.
    pub fn plain_role(&self) -> &'static str {
        self.role().plain()
    }

    /// The rig the agent belongs to; `None` for those of the town.
    pub fn rig(&self) -> Option<&str> {
        match self {
            Address::Witness(rig)
            | Address::Refinery(rig)
            | Address::Crew { rig, .. }
            | Address::Polecat { rig, .. } => Some(rig),
            Address::Mayor | Address::Deacon | Address::Overseer | Address::Dog(_) => None,
        }
    }

    /// The agent's own name: `nux` for a polecat, the role's name where there is one of a kind.
    pub fn name(&self) -> &str {
        match self {
            Address::Crew { name, .. } | Address::Polecat { name, .. } | Address::Dog(name) => name,
            other => other.role().as_str(),
        }
    }

    /// The name of the agent's session, unique in a town and made of `[a-z0-9_-]`.
    ///
    /// Rig names hold no `-` and `hq` is no rig, so that no two addresses share one; names that differ only in case are refused
    /// where rigs and agents are made.
    pub fn session_name(&self) -> String {
        let name = match self {
            Address::Mayor | Address::Deacon | Address::Overseer => format!("hq-{}", self.role()),
            Address::Dog(name) => format!("hq-dog-{name}"),
            Address::Witness(rig) | Address::Refinery(rig) => format!("{rig}-{}", self.role()),
            Address::Crew { rig, name } | Address::Polecat { rig, name } => format!("{rig}-{}-{name}", self.role()),
        };
        name.to_ascii_lowercase()
    }

    /// The agent's name and mail address as git writes them: `web/polecats/nux` and `web.polecats.nux@<domain>`.
    pub fn git_author(&self, domain: &str) -> (String, String) {
        let name = self.to_string();
        let name = name.trim_end_matches('/');
        (name.to_owned(), format!("{}@{domain}", name.replace('/', ".")))
    }

    /// Who runs this process: `BD_ACTOR`, else `GT_ROLE` with `GT_RIG` and `GT_POLECAT` or `GT_CREW`; `None` when neither is
    /// set to an address, as in a person's own shell.
    pub fn from_env() -> Option<Address> {
        let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        if let Some(address) = var("BD_ACTOR").and_then(|actor| actor.parse().ok()) {
            return Some(address);
        }
        let role = var("GT_ROLE")?;
        let Ok(role) = role.parse::<Role>() else { return role.parse().ok() };
        let rig = || var("GT_RIG");
        Some(match role {
            Role::Mayor => Address::Mayor,
            Role::Deacon => Address::Deacon,
            Role::Overseer => Address::Overseer,
            Role::Witness => Address::Witness(rig()?),
            Role::Refinery => Address::Refinery(rig()?),
            Role::Crew => Address::Crew { rig: rig()?, name: var("GT_CREW")? },
            Role::Polecat => Address::Polecat { rig: rig()?, name: var("GT_POLECAT")? },
            Role::Dog => Address::Dog(var("GT_DOG")?),
        })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Mayor => f.pad("mayor/"),
            Address::Deacon => f.pad("deacon/"),
            Address::Overseer => f.pad("overseer"),
            Address::Witness(rig) => f.pad(&format!("{rig}/witness")),
            Address::Refinery(rig) => f.pad(&format!("{rig}/refinery")),
            Address::Crew { rig, name } => f.pad(&format!("{rig}/crew/{name}")),
            Address::Polecat { rig, name } => f.pad(&format!("{rig}/polecats/{name}")),
            Address::Dog(name) => f.pad(&format!("deacon/dogs/{name}")),
        }
    }
}

impl FromStr for Address {
    type Err = Error;

    /// Reads an address as it is printed; the slash after `mayor` and `deacon` may be left out.
    fn from_str(text: &str) -> Result<Self> {
        let parts: Vec<&str> = text.trim_end_matches('/').split('/').collect();
        let named = |name: &str| validate_agent_name(name).map(|()| name.to_owned());
        let address = match parts.as_slice() {
            ["mayor"] => Address::Mayor,
            ["deacon"] => Address::Deacon,
            ["overseer"] => Address::Overseer,
            ["deacon", "dogs", name] => Address::Dog(named(name)?),
            [rig, "witness"] => Address::Witness(named(rig)?),
            [rig, "refinery"] => Address::Refinery(named(rig)?),
            [rig, "crew", name] => Address::Crew { rig: named(rig)?, name: named(name)? },
            [rig, "polecats", name] => Address::Polecat { rig: named(rig)?, name: named(name)? },
            _ => {
                return Err(Error::usage(format!("not an address: {text:?}")).hint(
                    "addresses: mayor/, deacon/, overseer, <rig>/witness, <rig>/refinery, <rig>/crew/<name>, <rig>/polecats/<name>",
                ));
            }
        };
        Ok(address)
    }
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> std::result::Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse::<Address>().context("address").map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn any_address() -> impl Strategy<Value = Address> {
        let rig = "[a-z][a-z0-9_]{0,8}".prop_filter("reserved", |rig| super::super::validate_rig_name(rig).is_ok());
        let name = "[a-z][a-z0-9_-]{0,8}";
        prop_oneof![
            Just(Address::Mayor),
            Just(Address::Deacon),
            Just(Address::Overseer),
            rig.clone().prop_map(Address::Witness),
            rig.clone().prop_map(Address::Refinery),
            (rig.clone(), name).prop_map(|(rig, name)| Address::Crew { rig, name }),
            (rig, name).prop_map(|(rig, name)| Address::Polecat { rig, name }),
            name.prop_map(Address::Dog),
        ]
    }

    proptest! {
        #[test]
        fn printed_and_read_back_it_is_the_same(address in any_address()) {
            prop_assert_eq!(address.to_string().parse::<Address>().unwrap(), address);
        }

        #[test]
        fn different_addresses_have_different_sessions(all in proptest::collection::hash_set(any_address(), 0..20)) {
            let names: HashSet<String> = all.iter().map(Address::session_name).collect();
            prop_assert_eq!(names.len(), all.len());
            for name in names {
                prop_assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_' || c == '-'));
            }
        }

        #[test]
        fn no_text_makes_reading_fail_badly(text in ".{0,40}") {
            let _ = text.parse::<Address>();
        }
    }

    #[test]
    fn addresses_that_leave_the_town_are_refused() {
        for bad in [
            "",
            "/",
            "web",
            "web/polecats/",
            "web/polecats/../x",
            "../witness",
            "web/polecats/a b",
            "a/b/c/d",
            "./witness",
        ] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
        assert_eq!("mayor".parse::<Address>().unwrap(), Address::Mayor);
    }

    #[test]
    fn authors() {
        let nux = Address::Polecat { rig: "web".into(), name: "nux".into() };
        assert_eq!(nux.git_author("x.org"), ("web/polecats/nux".into(), "web.polecats.nux@x.org".into()));
        assert_eq!(Address::Mayor.git_author("x.org"), ("mayor".into(), "mayor@x.org".into()));
    }
}
