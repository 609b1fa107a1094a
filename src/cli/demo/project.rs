//! The demo's sample project and the beads that build it up, from `assets/demo/`.

use std::fmt::Write;

use serde::Deserialize;

use crate::base::{Error, Result, ResultExt};

/// A file of the sample project as it is before any bead is done.
pub(super) struct File {
    pub path: &'static str,
    pub text: &'static str,
    pub executable: bool,
}

macro_rules! file {
    ($path:literal, $executable:literal) => {
        File { path: $path, text: include_str!(concat!("../../../assets/demo/", $path)), executable: $executable }
    };
}

/// The sample project.
pub(super) const FILES: &[File] = &[
    file!("README.md", false),
    file!("test.sh", true),
    file!("tests/length.test", false),
    file!("units.sh", true),
    file!("units/length.tsv", false),
];

const QUANTITIES: &str = include_str!("../../../assets/demo/quantities.toml");

/// How many beads a demo can have.
pub(super) const FEWEST: usize = 4;
/// As [`FEWEST`].
pub(super) const MOST: usize = 60;

#[derive(Debug, Deserialize)]
struct Quantities {
    everyday: Vec<Quantity>,
    workshop: Vec<Quantity>,
}

#[derive(Debug, Deserialize)]
struct Quantity {
    name: String,
    words: String,
    units: Vec<String>,
    tests: Vec<String>,
    more: String,
    more_units: Vec<String>,
    more_tests: Vec<String>,
}

/// A convoy that the demo makes.
#[derive(Debug)]
pub(super) struct PlannedConvoy {
    pub title: &'static str,
    pub beads: Vec<PlannedBead>,
}

/// A bead that the demo makes.
#[derive(Debug)]
pub(super) struct PlannedBead {
    pub title: String,
    pub description: String,
    pub issue_type: &'static str,
    pub priority: u8,
    /// Beads of the same convoy that have to be merged first, by their index.
    pub needs: Vec<usize>,
}

/// The two convoys of a demo of `beads` beads. The pauses that let a person follow the steps are `pace` times as long as usual.
///
/// # Errors
/// When that is too few or too many.
pub(super) fn plan(beads: usize, pace: f64) -> Result<Vec<PlannedConvoy>> {
    if !(FEWEST..=MOST).contains(&beads) {
        return Err(Error::usage(format!("--beads {beads}: the sample project has work for {FEWEST} to {MOST} beads")));
    }
    let quantities: Quantities = toml::from_str(QUANTITIES).context("assets/demo/quantities.toml")?;
    let mut convoys = vec![
        convoy("Everyday units", "everyday", &quantities.everyday, beads.div_ceil(2)),
        convoy("Workshop units", "workshop", &quantities.workshop, beads / 2),
    ];
    for bead in convoys.iter_mut().flat_map(|convoy| &mut convoy.beads) {
        bead.description = paced(&bead.description, pace);
    }
    Ok(convoys)
}

fn paced(description: &str, pace: f64) -> String {
    let line = |line: &str| match line.split_once("sleep ").map(|(indent, seconds)| (indent, seconds.parse::<f64>())) {
        Some((indent, Ok(seconds))) => format!("{indent}sleep {:.1}\n", seconds * pace),
        _ => format!("{line}\n"),
    };
    description.lines().map(line).collect()
}

/// One catalogue page, and before it a table for each quantity, most of them with a second bead that adds to it.
fn convoy(title: &'static str, page: &str, quantities: &[Quantity], beads: usize) -> PlannedConvoy {
    let tables = (beads - 1).div_ceil(2);
    let additions = beads - 1 - tables;
    let quantities = &quantities[..tables.min(quantities.len())];
    let mut planned: Vec<PlannedBead> = quantities.iter().map(table).collect();
    for (index, quantity) in quantities.iter().take(additions).enumerate() {
        planned.push(addition(quantity, index));
    }
    let needs = (0..planned.len()).collect();
    planned.push(catalogue(title, page, quantities, needs));
    PlannedConvoy { title, beads: planned }
}

fn here_document(file: &str, redirect: &str, lines: &[String]) -> String {
    format!("cat {redirect} {file} <<'END'\n{}\nEND\n", lines.join("\n"))
}

fn table(quantity: &Quantity) -> PlannedBead {
    let Quantity { name, words, .. } = quantity;
    let mut script =
        format!("# See how a table is written\ncat units/length.tsv\nsleep 0.8\n\n# Write the table of {words}\n");
    script += &here_document(&format!("units/{name}.tsv"), ">", &quantity.units);
    script += "sleep 0.6\n\n# Read it over\n";
    let _ = write!(
        script,
        "while read -r unit above below _; do\n    printf '  \\033[38;2;255;176;59m■\\033[0m %-8s %s/%s\\n' \"$unit\" \"$above\" \"$below\"\n    sleep 0.2\ndone <units/{name}.tsv\n\n# Write down answers that have to come out right\n"
    );
    script += &here_document(&format!("tests/{name}.test"), ">", &quantity.tests);
    script += "sleep 0.6\n\n# Run every test\n./test.sh\nsleep 0.4\n";
    PlannedBead {
        title: format!("Convert {words}"),
        description: describe(
            &format!("The converter knows lengths only. Give it a table of {words}, and tests that prove it."),
            &script,
        ),
        issue_type: "feature",
        priority: 1,
        needs: Vec::new(),
    }
}

fn addition(quantity: &Quantity, table: usize) -> PlannedBead {
    let Quantity { name, words, more, .. } = quantity;
    let mut script = format!("# Look at the table\ncat units/{name}.tsv\nsleep 0.8\n\n# Add {more}\n");
    script += &here_document(&format!("units/{name}.tsv"), ">>", &quantity.more_units);
    script += "sleep 0.6\n\n# Try them\n";
    for line in &quantity.more_tests {
        let question = line.split(" = ").next().unwrap_or_default();
        let _ = write!(script, "printf '%s is ' '{question}'\n./units.sh {question}\nsleep 0.3\n");
    }
    script += "\n# Hold the answers fast\n";
    script += &here_document(&format!("tests/{name}.test"), ">>", &quantity.more_tests);
    script += "sleep 0.4\n\n# Run every test\n./test.sh\nsleep 0.4\n";
    PlannedBead {
        title: format!("Add {more} to {words}"),
        description: describe(
            &format!("People ask for {more}. They belong into the table of {words}, which has to be there first."),
            &script,
        ),
        issue_type: "task",
        priority: 2,
        needs: vec![table],
    }
}

fn catalogue(title: &str, page: &str, quantities: &[Quantity], needs: Vec<usize>) -> PlannedBead {
    let names: Vec<&str> = quantities.iter().map(|quantity| quantity.name.as_str()).collect();
    let script = format!(
        "# See what there is\n./units.sh\nsleep 0.8\n\n# Write the page\nmkdir -p catalogue\n{{\n    echo '# {title}'\n    for table in {names}; do\n        printf '\\n## %s\\n\\n' \"$table\"\n        while read -r unit _; do echo \"- $unit\"; done <\"units/$table.tsv\"\n    done\n}} >catalogue/{page}.md\nsleep 0.6\n\n# Read it over\ncat catalogue/{page}.md\nsleep 0.6\n\n# Run every test\n./test.sh\nsleep 0.4\n",
        names = names.join(" ")
    );
    PlannedBead {
        title: format!("List the {} in a catalogue", title.to_lowercase()),
        description: describe("A page that lists every unit of these tables, once all of them are merged.", &script),
        issue_type: "chore",
        priority: 2,
        needs,
    }
}

fn describe(why: &str, script: &str) -> String {
    format!("{why}\n\n```sh\n{script}```\n")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;
    use std::process::Command;

    use super::*;
    use crate::runtime::script::parse;

    fn sh(cwd: &Path, body: &str) {
        let output = Command::new("sh")
            .args(["-eu", "-c", &format!("sleep() {{ :; }}\n{body}")])
            .current_dir(cwd)
            .output()
            .unwrap();
        assert!(output.status.success(), "{body}\n{}", String::from_utf8_lossy(&output.stderr));
    }

    #[test]
    fn every_bead_of_the_largest_demo_does_what_it_says() {
        let dir = tempfile::tempdir().unwrap();
        for file in FILES {
            let path = dir.path().join(file.path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, file.text).unwrap();
            std::fs::set_permissions(
                &path,
                std::fs::Permissions::from_mode(if file.executable { 0o755 } else { 0o644 }),
            )
            .unwrap();
        }
        for convoy in plan(MOST, 1.0).unwrap() {
            assert_eq!(convoy.beads.len(), MOST / 2);
            for (index, bead) in convoy.beads.iter().enumerate() {
                assert!(bead.needs.iter().all(|need| *need < index));
                // The tests of everything before are run once a convoy, which is enough and much faster.
                let last = index + 1 == convoy.beads.len();
                for step in parse(&bead.description).unwrap().steps {
                    sh(dir.path(), &if last { step.body } else { step.body.replace("./test.sh", "true") });
                }
            }
        }
        let wine = Command::new("./units.sh")
            .args(["1", "nebuchadnezzar", "piccolo"])
            .current_dir(dir.path())
            .output()
            .unwrap();
        assert_eq!(wine.stdout, b"80\n");
    }

    #[test]
    fn the_plan_has_as_many_beads_as_were_asked_for() {
        for beads in FEWEST..=MOST {
            assert_eq!(plan(beads, 1.0).unwrap().iter().map(|convoy| convoy.beads.len()).sum::<usize>(), beads);
        }
        let slow = plan(FEWEST, 2.5).unwrap().remove(0).beads.remove(0).description;
        assert!(slow.contains("\nsleep 2.0\n") && slow.contains("\n    sleep 0.5\n"), "{slow}");
        assert!(plan(FEWEST - 1, 1.0).is_err() && plan(MOST + 1, 1.0).is_err());
    }
}
