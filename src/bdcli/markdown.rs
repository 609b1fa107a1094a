//! Beads written down in a Markdown file: `## Title`, what it is about, and sections `### Priority`, `### Labels` and so on.

use super::{create, parse};
use crate::base::{Error, Result};
use crate::ledger::NewBead;

/// The beads of a file, in its order. Text before the first `##` belongs to none.
pub fn beads(text: &str) -> Result<Vec<NewBead>> {
    let mut found: Vec<(usize, NewBead)> = Vec::new();
    let mut section: Option<(usize, String)> = None;
    let mut body = String::new();
    let mut fenced = false;
    for (index, line) in text.lines().enumerate() {
        fenced ^= line.trim_start().starts_with("```");
        let heading = |marks: &str| line.strip_prefix(marks).filter(|_| !fenced).map(str::trim);
        match (heading("## "), heading("### ")) {
            (Some(title), _) => {
                put(&mut found, section.take(), &mut body)?;
                found.push((index + 1, NewBead { priority: Some(2), ..NewBead::titled(title) }));
            }
            (None, Some(name)) if !found.is_empty() => {
                put(&mut found, section.take(), &mut body)?;
                section = Some((index + 1, name.to_owned()));
            }
            _ => {
                body.push_str(line);
                body.push('\n');
            }
        }
        if found.is_empty() {
            body.clear();
        }
    }
    put(&mut found, section, &mut body)?;
    if found.is_empty() {
        return Err(Error::usage("no bead in this file").hint("each begins with a line: ## What is to be done"));
    }
    Ok(found.into_iter().map(|(_, bead)| bead).collect())
}

/// Puts a section's text where it belongs.
fn put(found: &mut [(usize, NewBead)], section: Option<(usize, String)>, body: &mut String) -> Result<()> {
    let text = std::mem::take(body).trim().to_owned();
    let Some((line, bead)) = found.last_mut().filter(|_| !text.is_empty()) else { return Ok(()) };
    let words = || text.split([',', ' ', '\n']).map(str::trim).filter(|word| !word.is_empty());
    let (line, name) = section.unwrap_or((*line, "description".into()));
    let at = |error: Error| error.context(format!("line {line}: {name}"));
    let add = |field: &mut String| {
        if !field.is_empty() {
            field.push_str("\n\n");
        }
        field.push_str(&text);
    };
    match name.to_lowercase().as_str() {
        "priority" => bead.priority = Some(parse::priority(&text).map_err(at)?),
        "type" => bead.issue_type = parse::issue_type(&text),
        "description" => add(&mut bead.description),
        "design" => add(&mut bead.design),
        "acceptance criteria" | "acceptance" => add(&mut bead.acceptance_criteria),
        "notes" => add(&mut bead.notes),
        "assignee" => bead.assignee.clone_from(&text),
        "labels" => bead.labels = words().map(str::to_owned).collect(),
        "dependencies" | "deps" => bead.deps = words().map(create::new_dep).collect(),
        // A heading of the text's own.
        _ => {
            let own = format!("### {name}\n\n{text}");
            if !bead.description.is_empty() {
                bead.description.push_str("\n\n");
            }
            bead.description.push_str(&own);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_become_fields_and_other_headings_stay_text() -> Result<()> {
        let text = "# Plan\nnot a bead\n## One\nWhy.\n\nMore.\n### Priority\nP1\n### Labels\na, b\n### Background\nold\n\
                    ```\n## not a title\n```\n## Two\n### Deps\ngt-1 tracks:gt-2\n### Type\nbug\n";
        let beads = beads(text)?;
        assert_eq!(beads.len(), 2);
        assert_eq!((beads[0].title.as_str(), beads[0].priority), ("One", Some(1)));
        assert_eq!(beads[0].labels, ["a", "b"]);
        assert_eq!(beads[0].description, "Why.\n\nMore.\n\n### Background\n\nold\n```\n## not a title\n```");
        assert_eq!((beads[1].issue_type.as_str(), beads[1].deps.len()), ("bug", 2));
        assert!(super::beads("no heading").is_err());
        assert!(super::beads("## x\n### Priority\nhigh\n").is_err_and(|error| error.to_string().contains("line 2")));
        Ok(())
    }
}
