//! A step whose end leads to more: a formula poured for each item of its output.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::{Run, Sandbox};

const PART: &str = r#"
formula = "part"
[vars.name]
required = true
pattern = "^[a-z]+$"
[vars.place]
default = "nowhere"
[[steps]]
id = "do"
title = "Do {{name}} at {{place}}"
"#;

fn survey(how: &str) -> String {
    format!(
        r#"
formula = "survey"
[[steps]]
id = "look"
title = "Look"
[steps.on_complete]
for_each = "output.found.items"
bond = "part"
vars = {{ name = "{{item.name}}", place = "{{index}}" }}
{how} = true
[[steps]]
id = "report"
title = "Report"
needs = ["look"]
"#
    )
}

struct Poured {
    sandbox: Sandbox,
    dir: PathBuf,
    root: String,
    look: String,
}

impl Poured {
    fn new(how: &str) -> Self {
        let sandbox = Sandbox::new();
        let dir = sandbox.path("project");
        std::fs::create_dir_all(dir.join(".beads/formulas")).unwrap();
        sandbox.bd_in(&dir, ["init", "--prefix", "gt", "--quiet"]).ok();
        std::fs::write(dir.join(".beads/formulas/part.formula.toml"), PART).unwrap();
        std::fs::write(dir.join(".beads/formulas/survey.formula.toml"), survey(how)).unwrap();
        let root = sandbox.bd_in(&dir, ["mol", "pour", "survey", "--json"]).ok().json();
        let root = root["new_epic_id"].as_str().unwrap_or_else(|| panic!("{root}")).to_owned();
        let mut poured = Self { sandbox, dir, root, look: String::new() };
        poured.look = poured.id("Look");
        poured
    }

    fn bd<const N: usize>(&self, args: [&str; N]) -> Run {
        self.sandbox.bd_in(self.dir(), args)
    }

    fn dir(&self) -> &Path {
        &self.dir
    }

    fn all(&self) -> Vec<Value> {
        self.bd(["list", "--all", "--limit", "0", "--json"]).ok().json().as_array().unwrap().clone()
    }

    fn id(&self, title: &str) -> String {
        let all = self.all();
        let found = all.iter().find(|bead| bead["title"] == title).unwrap_or_else(|| panic!("no {title}: {all:?}"));
        found["id"].as_str().unwrap().to_owned()
    }

    /// The titles of the steps that can be worked on, sorted.
    fn ready(&self) -> Vec<String> {
        let ready = self.bd(["ready", "--type", "task", "--limit", "0", "--json"]).ok().json();
        let titles = ready.as_array().unwrap().iter().map(|bead| bead["title"].as_str().unwrap().to_owned());
        let mut titles: Vec<String> = titles.collect();
        titles.sort();
        titles
    }

    fn work_off(&self, title: &str) {
        self.bd(["close", &self.id(title), "--continue", "--no-auto"]).ok();
    }
}

const TWO: &str = r#"{"found": {"items": [{"name": "docs"}, {"name": "tests"}]}}"#;

#[test]
fn each_item_gets_a_molecule_and_later_steps_wait_for_all() {
    let poured = Poured::new("parallel");
    assert_eq!(poured.ready(), ["Look"]);
    poured.bd(["close", &poured.look, "--output", TWO]).ok();
    assert_eq!(poured.ready(), ["Do docs at 1", "Do tests at 2"]);
    let report = poured.id("Report");
    poured.bd(["close", &report]).code(4);
    poured.work_off("Do tests at 2");
    assert_eq!(poured.ready(), ["Do docs at 1"]);
    poured.work_off("Do docs at 1");
    assert_eq!(poured.ready(), ["Report"]);
    // All of it is one molecule.
    let shown = poured.bd(["mol", "progress", &poured.root, "--json"]).ok().json();
    assert_eq!((&shown["total"], &shown["completed"]), (&6.into(), &5.into()), "{shown}");
    // Closing the step a second time does not make them a second time.
    let before = poured.all().len();
    poured.bd(["reopen", &poured.look]).ok();
    poured.bd(["close", &poured.look]).ok();
    assert_eq!(poured.all().len(), before);
}

#[test]
fn sequential_molecules_wait_for_each_other() {
    let poured = Poured::new("sequential");
    poured.bd(["close", &poured.look, "--output", TWO]).ok();
    assert_eq!(poured.ready(), ["Do docs at 1"]);
    poured.work_off("Do docs at 1");
    assert_eq!(poured.ready(), ["Do tests at 2"]);
    poured.work_off("Do tests at 2");
    assert_eq!(poured.ready(), ["Report"]);
}

#[test]
fn a_step_without_its_list_is_not_closed_and_an_empty_one_frees_what_follows() {
    let poured = Poured::new("parallel");
    let refused = poured.bd(["close", &poured.look]).code(4).stderr;
    assert!(refused.contains("output.found.items") && refused.contains("hint:"), "{refused}");
    poured.bd(["update", &poured.look, "--status", "closed"]).code(4);
    // One bad item and nothing of it happens, the good ones before it included.
    let before = poured.all().len();
    for wrong in [r#"{"name": "docs"}, {"name": "No Name"}"#, r#"{"name": "docs"}, {"nmae": "x"}"#] {
        let output = format!(r#"{{"found": {{"items": [{wrong}]}}}}"#);
        let run = poured.bd(["close", &poured.look, "--output", &output]);
        assert!(run.status != Some(0) && run.stderr.contains("item 2"), "{}", run.stderr);
    }
    assert_eq!((poured.all().len(), poured.ready()), (before, vec!["Look".to_owned()]));
    poured.bd(["close", &poured.look, "--output", r#"{"found": {"items": []}}"#]).ok();
    assert_eq!(poured.ready(), ["Report"]);
}
