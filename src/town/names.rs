//! Which names rigs, agents and bead prefixes may have, and the prefix a rig gets when none is given.

use std::collections::HashSet;

use crate::base::{Error, Result};

/// Endings that split a one-word rig name in two for its prefix: `gastown` is `gas` + `town`.
pub const COMPOUND_SUFFIXES: [&str; 8] = ["town", "ville", "port", "place", "land", "field", "wood", "ford"];

/// Directories and addresses of the town itself, which no rig may take.
const RESERVED_RIGS: [&str; 16] = [
    "hq", "mayor", "deacon", "overseer", "witness", "refinery", "crew", "polecats", "polecat", "dogs", "settings",
    "config", "plugins", "logs", "town", "runtime",
];

const MAX_NAME: usize = 32;

/// Checks a rig's name: a letter, then letters, digits and underscores, at most 32, and not a name of the town's own.
///
/// # Errors
/// [`crate::base::Kind::Usage`], with a name that would do as the hint.
pub fn validate_rig_name(name: &str) -> Result<()> {
    let refuse = |why: &str| {
        let error = Error::usage(format!("rig name {name:?}: {why}"));
        match suggestion(name) {
            Some(better) => error.hint(format!("use {better}")),
            None => error.hint("use letters, digits and underscores, for example my_project"),
        }
    };
    if name.is_empty() {
        return Err(refuse("is empty"));
    }
    if let Some(bad) = name.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '_') {
        return Err(refuse(&format!(
            "may not contain {bad:?} (it separates the parts of addresses and session names)"
        )));
    }
    if !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Err(refuse("has to start with a letter"));
    }
    if name.len() > MAX_NAME {
        return Err(refuse("is longer than 32 characters"));
    }
    if RESERVED_RIGS.contains(&name.to_ascii_lowercase().as_str()) {
        return Err(refuse("is a name of the town's own"));
    }
    Ok(())
}

fn suggestion(name: &str) -> Option<String> {
    let mapped: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let mut better = mapped.trim_matches('_').to_owned();
    while better.contains("__") {
        better = better.replace("__", "_");
    }
    if better.starts_with(|c: char| c.is_ascii_digit()) {
        better.insert_str(0, "p_");
    }
    better.truncate(MAX_NAME);
    let mut better = better.trim_end_matches('_').to_owned();
    if RESERVED_RIGS.contains(&better.to_ascii_lowercase().as_str()) {
        better.push_str("_project");
    }
    (better != name && !better.is_empty() && validate_rig_name(&better).is_ok()).then_some(better)
}

/// Checks an agent's name: a letter or digit, then letters, digits, `_` and `-`, at most 32.
///
/// # Errors
/// [`crate::base::Kind::Usage`], saying what is wrong with it.
pub fn validate_agent_name(name: &str) -> Result<()> {
    let good = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.len() <= MAX_NAME
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    if good {
        return Ok(());
    }
    Err(Error::usage(format!("not a name: {name:?}"))
        .hint("names have 1 to 32 letters, digits, '_' and '-', the first a letter or digit"))
}

/// Checks a bead prefix: `^[a-zA-Z][a-zA-Z0-9-]{0,19}$`, not ending in `-`, and not the town's own `hq`.
///
/// # Errors
/// [`crate::base::Kind::Usage`], with a prefix that would do as the hint.
pub fn validate_prefix(prefix: &str) -> Result<()> {
    let refuse = |why: &str| {
        let mut better: String = prefix.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        better = better.trim_start_matches(|c: char| !c.is_ascii_alphabetic()).to_owned();
        better.truncate(20);
        let better = better.trim_end_matches('-');
        let error = Error::usage(format!("prefix {prefix:?}: {why}"));
        if better.is_empty() || better.eq_ignore_ascii_case(super::TOWN_PREFIX) {
            error.hint("use 1 to 20 letters, digits and '-', the first a letter, for example gt")
        } else {
            error.hint(format!("use {better}"))
        }
    };
    if !prefix.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Err(refuse("has to start with a letter"));
    }
    if let Some(bad) = prefix.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-') {
        return Err(refuse(&format!("may not contain {bad:?}")));
    }
    if prefix.len() > 20 {
        return Err(refuse("is longer than 20 characters"));
    }
    if prefix.ends_with('-') {
        return Err(refuse("may not end in '-' (the one before the hash is added by itself)"));
    }
    if prefix.eq_ignore_ascii_case(super::TOWN_PREFIX) {
        return Err(refuse("belongs to the town"));
    }
    Ok(())
}

/// The bead prefix a rig called `name` gets when none is given: the initials of its words, a short name as it is, else its first
/// two letters; always in lower case.
pub fn derive_prefix(name: &str) -> String {
    let name = name.trim_end_matches("-py").trim_end_matches("-go").to_ascii_lowercase();
    let mut words: Vec<&str> = name.split(['-', '_']).filter(|word| !word.is_empty()).collect();
    if let [word] = words[..]
        && let Some(first) =
            COMPOUND_SUFFIXES.iter().find_map(|suffix| word.strip_suffix(suffix).filter(|w| !w.is_empty()))
    {
        words = vec![first, &word[first.len()..]];
    }
    if words.len() >= 2 {
        words.iter().filter_map(|word| word.chars().next()).collect()
    } else {
        let word = words.first().copied().unwrap_or_default();
        word.chars().take(if word.chars().count() <= 3 { 3 } else { 2 }).collect()
    }
}

/// A prefix for a rig called `name` that none of `taken` has: the derived one when it is free, else more of its letters, else a
/// number behind it.
pub fn free_prefix(name: &str, taken: &HashSet<String>) -> String {
    let letters: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let derived = derive_prefix(name);
    let longer = (2..=letters.len().min(8)).map(|n| letters[..n].to_owned());
    let numbered = (2..).map(|n| format!("{}{n}", if derived.is_empty() { "p" } else { &derived }));
    let free =
        |prefix: &String| validate_prefix(prefix).is_ok() && !taken.iter().any(|t| t.eq_ignore_ascii_case(prefix));
    std::iter::once(derived.clone()).chain(longer).chain(numbered).find(free).unwrap_or(derived)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn prefixes_of_known_names() {
        for (name, prefix) in [
            ("gastown", "gt"),
            ("beads", "be"),
            ("my_project", "mp"),
            ("my-project", "mp"),
            ("nashville", "nv"),
            ("town", "to"),
            ("foo", "foo"),
            ("ab", "ab"),
            ("a", "a"),
            ("web_app_server", "was"),
            ("tool-py", "to"),
            ("tool-go", "to"),
            ("MyApp", "my"),
            ("oxford", "of"),
            ("_x_", "x"),
        ] {
            assert_eq!(derive_prefix(name), prefix, "{name}");
        }
    }

    #[test]
    fn rig_names_with_a_better_one_in_the_hint() {
        for (bad, better) in [
            ("my-project", "my_project"),
            ("my.project", "my_project"),
            ("my project", "my_project"),
            ("3d", "p_3d"),
            ("mayor", "mayor_project"),
            ("a/../b", "a_b"),
        ] {
            let error = validate_rig_name(bad).unwrap_err();
            assert_eq!(error.hint_text(), Some(format!("use {better}").as_str()), "{bad}");
        }
        for bad in ["", "-", "é"] {
            assert!(validate_rig_name(bad).is_err(), "{bad}");
        }
        assert!(validate_rig_name("Web_2").is_ok());
    }

    #[test]
    fn prefixes_checked() {
        for good in ["gt", "a", "my-app", "A1"] {
            assert!(validate_prefix(good).is_ok(), "{good}");
        }
        for bad in ["", "1a", "gt-", "g_t", "hq", "HQ", "a b", "abcdefghijklmnopqrstu", "é"] {
            assert!(validate_prefix(bad).is_err(), "{bad}");
        }
        assert_eq!(validate_prefix("gt-").unwrap_err().hint_text(), Some("use gt"));
    }

    #[test]
    fn a_taken_prefix_is_avoided() {
        let taken = HashSet::from(["WE".to_owned()]);
        assert_eq!(free_prefix("website", &taken), "web");
        assert_eq!(free_prefix("we", &taken), "we2");
        assert_eq!(free_prefix("high_quality", &HashSet::new()), "hi");
    }

    proptest! {
        #[test]
        fn every_good_rig_name_has_a_good_free_prefix(name in "[a-zA-Z][a-zA-Z0-9_]{0,31}", taken in proptest::collection::hash_set("[a-z]{1,3}", 0..30)) {
            prop_assume!(validate_rig_name(&name).is_ok());
            let prefix = free_prefix(&name, &taken);
            prop_assert!(validate_prefix(&prefix).is_ok(), "{}", prefix);
            prop_assert!(!taken.contains(&prefix));
        }

        #[test]
        fn a_suggested_name_is_good(name in ".{0,50}") {
            if let Some(better) = suggestion(&name) {
                prop_assert!(validate_rig_name(&better).is_ok());
            }
        }
    }
}
