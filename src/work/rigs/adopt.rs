//! What a repository brings along: the beads it tracks and the prefix they have.

use std::collections::BTreeMap;

use crate::base::Result;
use crate::repo::Bare;
use crate::town::validate_prefix;

/// What the repository tracks under `.beads/` at one commit.
#[derive(Debug, Default)]
pub(super) struct Tracked {
    /// The text of `issues.jsonl`.
    pub issues: Option<Vec<u8>>,
    /// The prefix its `config.yaml` says, else the one most of its beads have.
    pub prefix: Option<String>,
}

impl Tracked {
    /// Reads it from the commit `rev` stands for.
    pub fn read(bare: &Bare, rev: &str) -> Result<Self> {
        let issues = bare.file_at(rev, ".beads/issues.jsonl")?.filter(|text| !text.is_empty());
        let config = bare.file_at(rev, ".beads/config.yaml")?.unwrap_or_default();
        let said = prefix_in_config(&String::from_utf8_lossy(&config));
        let counted = || prefix_of_issues(&String::from_utf8_lossy(issues.as_deref().unwrap_or_default()));
        let prefix = said.or_else(counted).filter(|prefix| validate_prefix(prefix).is_ok());
        Ok(Self { issues, prefix })
    }
}

/// The value of `issue-prefix:` at the top level of a `config.yaml`.
fn prefix_in_config(yaml: &str) -> Option<String> {
    let value = yaml.lines().find_map(|line| line.strip_prefix("issue-prefix:"))?;
    let value = value.split(" #").next().unwrap_or(value).trim().trim_matches(['"', '\'']);
    let value = value.trim_end_matches('-');
    (!value.is_empty()).then(|| value.to_owned())
}

/// The prefix that most beads of an `issues.jsonl` have.
fn prefix_of_issues(jsonl: &str) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Line {
        id: String,
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for line in jsonl.lines() {
        if let Ok(Line { id }) = serde_json::from_str(line)
            && let Some((prefix, _)) = id.rsplit_once('-')
        {
            *counts.entry(prefix.to_owned()).or_default() += 1;
        }
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(prefix, _)| prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prefix_is_found() {
        for (yaml, prefix) in [
            ("issue-prefix: web\n", Some("web")),
            ("# issue-prefix: no\nother: 1\nissue-prefix: \"web-\"  # ours\n", Some("web")),
            ("# issue-prefix: no\n", None),
            ("issue-prefix: \"\"\n", None),
        ] {
            assert_eq!(prefix_in_config(yaml).as_deref(), prefix, "{yaml}");
        }
        let issues = "{\"id\":\"my-app-abc12\"}\n{\"id\":\"my-app-abc12.1\"}\nbroken\n{\"id\":\"x-1\"}\n";
        assert_eq!(prefix_of_issues(issues).as_deref(), Some("my-app"));
        assert_eq!(prefix_of_issues(""), None);
    }
}
