//! Other projects whose capabilities beads here wait for: `external_projects` of the settings says where they are.

use std::path::Path;

use serde_json::Value;

use super::context::{self, Context};
use crate::base::{Result, files};
use crate::ledger::{external, jsonl};

/// The targets in projects whose place is known that are not provided there.
pub fn missing(context: &Context) -> Result<Vec<String>> {
    let mut missing = Vec::new();
    for target in external::targets(context.ledger.conn())? {
        let Some((project, capability)) = external::parse(&target) else { continue };
        if let Some(directory) = place(context, project)?
            && !provided(&directory, capability)?
        {
            missing.push(target);
        }
    }
    Ok(missing)
}

/// Where a project is, from `bd config` or `config.yaml`; relative to the directory that holds `.beads`.
fn place(context: &Context, project: &str) -> Result<Option<std::path::PathBuf>> {
    let beads_dir = context.ledger.store(&context.store)?.beads_dir;
    let set = match context.ledger.kv(&format!("config.external_projects.{project}"))? {
        Some(path) => Some(path),
        None => listed(&files::read_optional(&beads_dir.join("config.yaml"))?.unwrap_or_default(), project),
    };
    let top = beads_dir.parent().unwrap_or(&beads_dir);
    Ok(set.filter(|path| !path.is_empty()).map(|path| top.join(path)))
}

/// The line of a project below `external_projects:`; plain lines, so no YAML parser is needed for them.
fn listed(yaml: &str, project: &str) -> Option<String> {
    let mut lines = yaml.lines().skip_while(|line| line.trim_end() != "external_projects:").skip(1);
    lines.by_ref().take_while(|line| line.starts_with([' ', '\t']) || line.trim().is_empty()).find_map(|line| {
        let (key, value) = line.split(" #").next()?.split_once(':')?;
        let value = value.trim().trim_matches(['"', '\'']);
        (key.trim().trim_matches(['"', '\'']) == project).then(|| value.to_owned())
    })
}

/// Whether a closed bead of the project at `directory` provides the capability, as its file says.
fn provided(directory: &Path, capability: &str) -> Result<bool> {
    let Some(beads_dir) = context::alone(directory) else { return Ok(false) };
    let text = files::read_optional(&beads_dir.join(jsonl::FILE))?.unwrap_or_default();
    let label = external::label(capability);
    let provides = |line: &str| {
        let bead: Value = serde_json::from_str(line).ok()?;
        let labelled = bead.get("labels")?.as_array()?.iter().any(|found| found.as_str() == Some(&label));
        Some(labelled && bead.get("status")?.as_str() == Some("closed"))
    };
    // Only the few lines that hold the label are parsed.
    Ok(text.lines().filter(|line| line.contains(&label)).any(|line| provides(line) == Some(true)))
}

#[cfg(test)]
mod tests {
    use super::listed;

    #[test]
    fn a_project_s_line() {
        let yaml = "issue-prefix: lab\nexternal_projects:\n  one: ../one # beside us\n  \"two\": '/srv/two'\nother:\n  three: x\n";
        assert_eq!(listed(yaml, "one").as_deref(), Some("../one"));
        assert_eq!(listed(yaml, "two").as_deref(), Some("/srv/two"));
        assert_eq!(listed(yaml, "three"), None);
        assert_eq!(listed("", "one"), None);
    }
}
