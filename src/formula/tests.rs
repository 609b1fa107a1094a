//! The language, from text to cooked steps.

use std::path::Path;

use proptest::prelude::*;

use super::*;

const SHIP: &str = r#"
formula = "mol-ship"
description = "Ship {{feature}} to {{env}}"
[vars.feature]
required = true
[vars.env]
default = "staging"
[[steps]]
id = "design"
title = "Design {{feature}}"
priority = 1
labels = ["phase:design"]
[[steps]]
id = "build"
title = "Build {{feature}}"
needs = ["design"]
  [[steps.children]]
  id = "api"
  title = "API part"
  [[steps.children]]
  id = "ui"
  title = "UI part"
  needs = ["api"]
[[steps]]
id = "review"
title = "Review"
type = "bug"
needs = ["build"]
  [steps.gate]
  type = "gh:pr"
  id = "42"
  timeout = "24h"
[[steps]]
id = "retry"
title = "Retry"
  [steps.loop]
  count = 2
  [[steps.loop.body]]
  id = "try"
  title = "Deploy attempt"
"#;

struct Shelf {
    dir: tempfile::TempDir,
}

impl Shelf {
    fn new(files: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        Self { dir }
    }

    fn library(&self) -> Library {
        Library::of(vec![self.dir.path().to_owned()])
    }

    fn cook(&self, name: &str, given: &[(&str, &str)]) -> Cooked {
        self.try_cook(name, given).unwrap()
    }

    fn try_cook(&self, name: &str, given: &[(&str, &str)]) -> crate::base::Result<Cooked> {
        cook(&self.library(), name, &pairs(given), Mode::Runtime)
    }

    fn error(&self, name: &str) -> String {
        let dir = self.dir.path().display().to_string();
        self.try_cook(name, &[]).unwrap_err().to_string().replace(&dir, "DIR")
    }
}

fn pairs(given: &[(&str, &str)]) -> Values {
    given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// `id: title [needs] parent` of every step.
fn lines(cooked: &Cooked) -> Vec<String> {
    let steps = cooked.steps();
    let line = |(at, step): (usize, &&Step)| {
        let needs: Vec<&str> = cooked.graph.needs(at).map(|need| steps[need].id.as_str()).collect();
        let parent = cooked.graph.parent(at).map(|parent| format!(" < {}", steps[parent].id)).unwrap_or_default();
        format!("{}: {} [{}]{parent}", step.id, step.title, needs.join(" "))
    };
    steps.iter().enumerate().map(line).collect()
}

fn toml_of(steps: &str) -> String {
    format!("formula = \"f\"\n{steps}")
}

#[test]
fn the_worked_example() {
    let shelf = Shelf::new(&[("mol-ship.formula.toml", SHIP)]);
    let cooked = shelf.cook("mol-ship", &[("feature", "auth")]);
    assert_eq!(
        lines(&cooked),
        [
            "design: Design auth []",
            "build: Build auth [design]",
            "api: API part [] < build",
            "ui: UI part [api] < build",
            "review: Review [build]",
            "retry.iter1.try: Deploy attempt []",
            "retry.iter2.try: Deploy attempt [retry.iter1.try]",
        ]
    );
    assert_eq!(cooked.formula.description, "Ship auth to staging");
    assert_eq!(cooked.formula.steps[2].origin.to_string(), "mol-ship@steps[2]");
}

#[test]
fn without_values_placeholders_stay_and_nothing_is_left_out() {
    let shelf = Shelf::new(&[("mol-ship.formula.toml", SHIP)]);
    let cooked = cook(&shelf.library(), "mol-ship", &Values::new(), Mode::Compile).unwrap();
    assert_eq!(cooked.formula.steps[0].title, "Design {{feature}}");
    let missing = shelf.try_cook("mol-ship", &[]).unwrap_err();
    assert!(missing.to_string().contains("feature is required"), "{missing}");
    assert_eq!(missing.hint_text(), Some("--var feature=…"));
    let typo = shelf.try_cook("mol-ship", &[("feature", "x"), ("featur", "y")]).unwrap_err();
    assert!(typo.to_string().contains("did you mean \"feature\"?"), "{typo}");
}

#[test]
fn every_problem_is_reported_at_once_with_its_line() {
    let shelf = Shelf::new(&[(
        "bad.formula.toml",
        r#"formula = "bad"
version = 0
type = "workflo"
[vars.v]
type = "strin"
pattern = "("
[[steps]]
id = "p"
title = "P"
[[steps]]
id = "q"
title = "Q"
needs = ["pp"]
waits_for = "all-childre"
titel = "x"
[[steps]]
id = "p"
priority = 7
title = "Again"
"#,
    )]);
    // What is wrong with the form hides what is wrong with the sense.
    assert_eq!(
        shelf.error("bad"),
        "DIR/bad.formula.toml: formula validation failed:\n  \
         - line 3, column 8: type: invalid value \"workflo\" (must be workflow, expansion, aspect, convoy) (did you mean \"workflow\"?)\n  \
         - line 18, column 12: steps[2].priority: priority must be 0-4"
    );
    let path = shelf.dir.path().join("bad.formula.toml");
    let text = std::fs::read_to_string(&path).unwrap().replace("workflo\"", "workflow\"").replace("= 7", "= 1");
    std::fs::write(&path, text).unwrap();
    assert_eq!(
        shelf.error("bad"),
        "DIR/bad.formula.toml: formula validation failed:\n  \
         - line 2, column 1: version: must be >= 1\n  \
         - line 5, column 1: vars.v.type: invalid type \"strin\" (must be string, int, bool) (did you mean \"string\"?)\n  \
         - line 13, column 10: steps[1] (q): needs references unknown step \"pp\" (did you mean \"p\"?)\n  \
         - line 14, column 1: steps[1] (q): waits_for has invalid value \"all-childre\" (must be all-children, any-children, or children-of(step-id)) (did you mean \"all-children\"?)\n  \
         - line 17, column 1: steps[2] (p): duplicate id \"p\" (first defined at steps[0])"
    );
    let (_, warnings) = read_text("formula = \"x\"\n[[steps]]\nid = \"a\"\ntitel = \"A\"", "x.toml").unwrap();
    assert_eq!(
        warnings[0].to_string(),
        "line 4, column 1: steps[0].titel: unknown key, ignored (did you mean \"title\"?)"
    );
}

#[test]
fn each_rule_has_its_message() {
    for (steps, wanted) in [
        ("[[steps]]\ntitle = \"a\"", "steps[0]: id is required"),
        ("[[steps]]\nid = \"a\"", "steps[0] (a): title is required (unless using expand)"),
        ("[[steps]]\nid = \"a\"\ntitle = \"A\"\nneeds = [\"a\"]", "needs names the step itself"),
        ("[[steps]]\nid = \"a\"\ntitle = \"A\"\ndepends_on = [\"b\"]", "depends_on references unknown step \"b\""),
        ("[[steps]]\nid = \"a\"\ntitle = \"A\"\nwaits_for = \"children-of(b)\"", "unknown step \"b\" in children-of()"),
        ("[[steps]]\nid = \"a\"\ntitle = \"A\"\nwaits_for = \"children-of()\"", "children-of() requires a step id"),
        ("[[steps]]\nid = \"a\"\ntitle = \"A\"\ncondition = \"x\"", "is no condition"),
        ("[[steps]]\nid = \"a\"\ntitle = 3", "steps[0].title: must be a string, not an integer"),
        (
            "[[steps]]\nid = \"a\"\ntitle = \"A\"\nneeds = 3",
            "steps[0].needs: must be a list of strings, not an integer",
        ),
        ("[[steps]]\nid = \"a\"\ntitle = \"A\"\n[steps.gate]\ntype = \"gh:prs\"", "(did you mean \"gh:pr\"?)"),
        ("[[steps]]\nid = \"a\"\ntitle = \"A\"\n[steps.gate]\ntype = \"timer\"", "a timer needs a timeout"),
        ("[[steps]]\nid = \"a\"\ntitle = \"A\"\n[steps.gate]\ntype = \"human\"\ntimeout = \"5\"", "is not a duration"),
        ("[[steps]]\nid = \"a\"\ntitle = \"A\"\n[steps.loop]\ncount = 2", "loop \"a\": body is required"),
        (
            "[[steps]]\nid = \"a\"\n[[steps.loop.body]]\nid = \"b\"\ntitle = \"B\"",
            "one of count, until, or range is required",
        ),
        (
            "[[steps]]\nid = \"a\"\n[steps.loop]\ncount = 1\nrange = \"1..2\"\n[[steps.loop.body]]\nid = \"b\"\ntitle = \"B\"",
            "only one of count, until, or range",
        ),
        (
            "[[steps]]\nid = \"a\"\n[steps.loop]\nuntil = \"step.status == 'done'\"\n[[steps.loop.body]]\nid = \"b\"\ntitle = \"B\"",
            "max is required when until is set",
        ),
        (
            "[[steps]]\nid = \"a\"\n[steps.loop]\nrange = \"1..\"\n[[steps.loop.body]]\nid = \"b\"\ntitle = \"B\"",
            "ends too early",
        ),
        (
            "[[steps]]\nid = \"a\"\ntitle = \"A\"\n[steps.on_complete]\nfor_each = \"output.x\"",
            "on_complete: bond is required when for_each is set",
        ),
        (
            "[[steps]]\nid = \"a\"\ntitle = \"A\"\n[steps.on_complete]\nfor_each = \"x\"\nbond = \"y\"\nparallel = true\nsequential = true",
            "for_each must start with 'output.' (got \"x\")",
        ),
        (
            "[[steps]]\nid = \"a\"\ntitle = \"A\"\n[[compose.bond_points]]\nid = \"p\"\nafter_step = \"a\"\nbefore_step = \"a\"",
            "compose.bond_points[0] (p): cannot have both after_step and before_step",
        ),
        ("[[compose.hooks]]\nattach = \"x\"", "compose.hooks[0]: trigger is required"),
        ("type = \"convoy\"", "a convoy needs at least one leg"),
        ("type = \"expansion\"", "an expansion needs a template"),
        ("[[legs]]\nid = \"a\"\ntitle = \"A\"\n[synthesis]\ntitle = \"S\"\ndepends_on = [\"b\"]", "unknown leg \"b\""),
        (
            "[[steps]]\nid = \"a\"\ntitle = \"A\"\n[[compose.branch]]\nfrom = \"a\"\njoin = \"b\"\nsteps = [\"a\"]",
            "compose.branch[0].join: unknown step \"b\"",
        ),
        (
            "[[steps]]\nid = \"a\"\ntitle = \"A\"\n[[compose.expand]]\ntarget = \"zz\"\nwith = \"release\"",
            "compose.expand[0].target: unknown step \"zz\"",
        ),
        (
            "[[steps]]\nid = \"a\"\ntitle = \"A\"\nneeds = [\"b\"]\n[[steps]]\nid = \"b\"\ntitle = \"B\"\nneeds = [\"a\"]",
            "steps wait for each other: a -> b -> a",
        ),
        (
            "[[steps]]\nid = \"a\"\ntitle = \"A\"\n[[steps.children]]\nid = \"b\"\ntitle = \"B\"\nneeds = [\"a\"]",
            "steps wait for each other",
        ),
        ("[[steps]]\nid = \"a\"\ntitle = \"A\"\nexpand = \"nowhere\"", "no formula called \"nowhere\""),
        ("[[steps]]\nid = \"a\"\ntitle = \"A\"\nexpand = \"release\"", "\"release\" is no expansion"),
        ("extends = [\"f\"]", "circular extends detected: f -> f"),
        ("", "has no steps"),
    ] {
        let shelf = Shelf::new(&[("f.formula.toml", &toml_of(steps))]);
        let error = shelf.error("f");
        assert!(error.contains(wanted), "{steps}\n  gave: {error}\n  not: {wanted}");
    }
}

#[test]
fn syntax_errors_name_file_and_line() {
    let shelf = Shelf::new(&[
        ("t.formula.toml", "formula = \"t\"\n[[steps]\nid = \"a\"\n"),
        ("j.formula.json", "{\"formula\": \"j\",\n  \"steps\": [\n    {\"id\": }\n  ]}"),
    ]);
    let error = shelf.error("t");
    assert!(error.starts_with("DIR/t.formula.toml: not valid TOML:\n  - line 2"), "{error}");
    let error = shelf.error("j");
    assert!(error.starts_with("DIR/j.formula.json: not valid JSON:\n  - line 3, column 12"), "{error}");
    let error = cook(&shelf.library(), "relase", &Values::new(), Mode::Compile).unwrap_err();
    assert_eq!(error.hint_text(), Some("did you mean release?"));
    assert_eq!(error.exit_code(), 3);
}

#[test]
fn json_places_are_lines() {
    let shelf = Shelf::new(&[(
        "j.formula.json",
        "{\"formula\": \"j\",\n \"steps\": [\n  {\"id\": \"a\", \"title\": \"A\",\n   \"needs\": [\"ghost\"]}\n ]}",
    )]);
    assert_eq!(
        shelf.error("j"),
        "DIR/j.formula.json: formula validation failed:\n  - line 4: steps[0] (a): needs references unknown step \"ghost\""
    );
}

#[test]
fn variables_are_held_to_their_declaration() {
    let text = "formula = \"f\"\n[vars]\nshort = \"s\"\n[vars.env]\nenum = [\"staging\", \"production\"]\ndefault = \"staging\"\n\
                [vars.n]\ntype = \"int\"\ndefault = 3\nrequired = true\n[vars.v]\npattern = '^\\d+$'\ndefault = \"1\"\n\
                [[steps]]\nid = \"a\"\ntitle = \"{{env}} {{n}} {{v}} {{short}}\"\nassignee = \"{{short}}-dev\"\nlabels = [\"env:{{env}}\"]\n\
                metadata = { k = \"{{n}}\", deep = { list = [\"{{v}}\"] } }";
    let shelf = Shelf::new(&[("f.formula.toml", text)]);
    let cooked = shelf.cook("f", &[]);
    let step = &cooked.formula.steps[0];
    assert_eq!(
        (step.title.as_str(), step.assignee.as_str(), step.labels[0].as_str()),
        ("staging 3 1 s", "s-dev", "env:staging")
    );
    assert_eq!(serde_json::to_string(&step.metadata).unwrap(), r#"{"k":"3","deep":{"list":["1"]}}"#);
    let error = shelf.try_cook("f", &[("env", "prod"), ("n", "x"), ("v", "a1")]).unwrap_err();
    assert_eq!(error.exit_code(), 2);
    for part in
        ["env: \"prod\" is not one of staging, production", "n: \"x\" is not an integer", "v: \"a1\" does not match"]
    {
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[test]
fn children_override_what_they_inherit() {
    let shelf = Shelf::new(&[
        (
            "base.formula.toml",
            "formula = \"base\"\nphase = \"vapor\"\n[vars.x]\ndefault = \"1\"\n[[steps]]\nid = \"a\"\ntitle = \"A {{x}}\"\n\
             [[steps]]\nid = \"b\"\ntitle = \"B\"\nneeds = [\"a\"]\n[[advice]]\ntarget = \"b\"\n[advice.before]\nid = \"pre-{step.id}\"\ntitle = \"Before {step.title}\"\n\
             [[compose.branch]]\nfrom = \"a\"\nsteps = [\"b\"]\njoin = \"c\"\n[[steps]]\nid = \"c\"\ntitle = \"C\"\n",
        ),
        (
            "other.formula.json",
            r#"{"formula":"other","steps":[{"id":"d","title":"D"}],"compose":{"gate":[{"before":"d","condition":"a.status == 'closed'"}]}}"#,
        ),
        (
            "child.formula.toml",
            "formula = \"child\"\nextends = [\"base\", \"other\"]\n[vars.x]\ndefault = \"2\"\n[[steps]]\nid = \"b\"\ntitle = \"B of child\"\n[compose]\nbond_points = [{ id = \"end\", after_step = \"d\" }]\n",
        ),
    ]);
    let cooked = shelf.cook("child", &[]);
    assert_eq!(cooked.formula.phase, "vapor");
    assert_eq!(
        lines(&cooked),
        ["a: A 2 []", "pre-b: Before B of child [a]", "b: B of child [a pre-b]", "c: C [b]", "d: D []",]
    );
    assert_eq!(cooked.formula.steps[4].labels, [r#"gate:{"condition":"a.status == 'closed'"}"#]);
    let shelf = Shelf::new(&[
        ("a.formula.toml", "formula = \"a\"\nextends = [\"b\"]"),
        ("b.formula.toml", "formula = \"b\"\nextends = [\"a\"]"),
    ]);
    assert!(shelf.error("a").contains("circular extends detected: a -> b -> a"));
}

#[test]
fn loops_chain_their_iterations_and_stand_for_their_last() {
    let text = r#"
[vars.n]
default = "2"
[[steps]]
id = "start"
title = "Start"
[[steps]]
id = "l"
title = "Loop"
needs = ["start"]
labels = ["round"]
  [steps.loop]
  range = "1..{n}^1"
  var = "i"
  [[steps.loop.body]]
  id = "x"
  title = "X {i}"
  [[steps.loop.body]]
  id = "y"
  title = "Y {i}"
  needs = ["x"]
    [steps.loop.body.loop]
    range = "{i}..2"
    var = "j"
    [[steps.loop.body.loop.body]]
    id = "z"
    title = "Z {i} {j}"
    needs = ["x"]
[[steps]]
id = "end"
title = "End"
needs = ["l"]
"#;
    let shelf = Shelf::new(&[("f.formula.toml", &toml_of(text))]);
    let cooked = shelf.cook("f", &[]);
    assert_eq!(
        lines(&cooked),
        [
            "start: Start []",
            "l.iter1.x: X 1 [start]",
            "l.iter1.y.iter1.z: Z 1 1 [l.iter1.x]",
            "l.iter1.y.iter2.z: Z 1 2 [l.iter1.x l.iter1.y.iter1.z]",
            "l.iter2.x: X 2 [l.iter1.y.iter2.z]",
            "l.iter2.y.iter1.z: Z 2 2 [l.iter2.x]",
            "end: End [l.iter2.y.iter1.z]",
        ]
    );
    assert_eq!(cooked.formula.steps[1].labels, ["round"]);
    let until = "[[steps]]\nid = \"l\"\n[steps.loop]\nuntil = \"step.status == 'complete'\"\nmax = 3\n[[steps.loop.body]]\nid = \"t\"\ntitle = \"T\"";
    let cooked = Shelf::new(&[("f.formula.toml", &toml_of(until))]).cook("f", &[]);
    assert_eq!(cooked.formula.steps[0].labels, [r#"loop:{"max":3,"until":"step.status == 'complete'"}"#]);
    let huge =
        "[[steps]]\nid = \"l\"\n[steps.loop]\nrange = \"1..2^40\"\n[[steps.loop.body]]\nid = \"t\"\ntitle = \"T\"";
    let huge = Shelf::new(&[("f.formula.toml", &toml_of(huge))]).error("f");
    assert!(huge.contains("more than 100000 steps"), "{huge}");
}

#[test]
fn expansions_take_the_place_of_steps() {
    let five = r#"
formula = "twice"
type = "expansion"
[vars.how]
default = "well"
[[template]]
id = "{target}.draft"
title = "Draft: {target.title}"
[[template]]
id = "{target}.polish"
title = "Polish {how}"
needs = ["{target}.draft"]
"#;
    let text = r#"
[[steps]]
id = "a"
title = "A"
[[steps]]
id = "b"
title = "B"
needs = ["a"]
expand = "twice"
assignee = "ann"
[steps.expand_vars]
how = "nicely {{who}}"
[[steps]]
id = "c"
title = "C"
needs = ["b"]
[[steps]]
id = "part.d"
title = "D"
needs = ["c"]
[[steps]]
id = "e"
title = "E"
needs = ["part.d"]
[vars.who]
default = "you"
[[compose.expand]]
target = "c"
with = "twice"
[[compose.map]]
select = "part.*"
with = "twice"
vars = { how = "fast" }
"#;
    let shelf = Shelf::new(&[("f.formula.toml", &toml_of(text)), ("twice.formula.toml", five)]);
    let cooked = shelf.cook("f", &[]);
    assert_eq!(
        lines(&cooked),
        [
            "a: A []",
            "b.draft: Draft: B [a]",
            "b.polish: Polish nicely you [b.draft]",
            "c.draft: Draft: C [b.polish]",
            "c.polish: Polish well [c.draft]",
            "part.d.draft: Draft: D [c.polish]",
            "part.d.polish: Polish fast [part.d.draft]",
            "e: E [part.d.polish]",
        ]
    );
    assert_eq!(cooked.formula.steps[1].assignee, "ann");
    let endless = "formula = \"twice\"\ntype = \"expansion\"\n[[template]]\nid = \"{target}.x\"\nexpand = \"twice\"";
    let shelf = Shelf::new(&[
        ("f.formula.toml", "formula = \"f\"\n[[steps]]\nid = \"a\"\ntitle = \"A\"\nexpand = \"twice\""),
        ("twice.formula.toml", endless),
    ]);
    assert!(shelf.error("f").contains("nested more than 5 deep"), "{}", shelf.error("f"));
}

#[test]
fn aspects_are_woven_where_their_pointcuts_say() {
    let aspect = r#"
formula = "audit"
type = "aspect"
[[pointcuts]]
label = "risky"
[[pointcuts]]
glob = "submit"
[[advice]]
target = "*"
[[advice.around.before]]
id = "{step.id}-pre"
title = "Pre {step.title}"
args = { what = "{step.id}" }
[[advice.around.after]]
id = "{step.id}-post"
title = "Post {step.title}"
"#;
    let text = r#"
[[steps]]
id = "design"
title = "Design"
[[steps]]
id = "implement"
title = "Implement"
needs = ["design"]
labels = ["risky"]
[[steps]]
id = "submit"
title = "Submit"
needs = ["implement"]
[compose]
aspects = ["audit"]
"#;
    let shelf = Shelf::new(&[("f.formula.toml", &toml_of(text)), ("audit.formula.toml", aspect)]);
    let cooked = shelf.cook("f", &[]);
    assert_eq!(
        lines(&cooked),
        [
            "design: Design []",
            "implement-pre: Pre Implement [design]",
            "implement: Implement [design implement-pre]",
            "implement-post: Post Implement [implement]",
            "submit-pre: Pre Submit [implement]",
            "submit: Submit [implement submit-pre]",
            "submit-post: Post Submit [submit]",
        ]
    );
    assert_eq!(serde_json::to_string(&cooked.formula.steps[1].metadata).unwrap(), r#"{"args":{"what":"implement"}}"#);
    assert!(shelf.error("audit").contains("is an aspect"));
}

#[test]
fn steps_left_out_pass_their_needs_on() {
    let text = r#"
[vars.docs]
default = "no"
[[steps]]
id = "a"
title = "A"
[[steps]]
id = "b"
title = "B"
needs = ["a"]
condition = "{{docs}}"
[[steps.children]]
id = "b1"
title = "B1"
[[steps]]
id = "c"
title = "C"
needs = ["b1"]
condition = "{{docs}} == yes"
[[steps]]
id = "d"
title = "D"
needs = ["c"]
"#;
    let shelf = Shelf::new(&[("f.formula.toml", &toml_of(text))]);
    assert_eq!(lines(&shelf.cook("f", &[])), ["a: A []", "d: D [a]"]);
    assert_eq!(shelf.cook("f", &[("docs", "yes")]).graph.len(), 5);
}

#[test]
fn convoys_become_legs_and_a_synthesis() {
    let text = r#"
formula = "look"
type = "convoy"
[inputs.pr]
type = "number"
required_unless = ["files"]
[inputs.files]
type = "string"
required_unless = ["pr"]
[prompts]
base = "Review {{if .pr}}PR {{.pr}}{{else}}{{.files}}{{end}}: {{.leg.description}} -> {{.output_path}}"
[output]
directory = ".reviews/{{.review_id}}"
leg_pattern = "{{.leg.id}}.md"
synthesis = "all.md"
[[legs]]
id = "style"
title = "Style"
focus = "names"
description = "Look at names"
[[legs]]
id = "speed"
title = "Speed"
description = "Look at loops"
[synthesis]
title = "Together"
description = "Read {{.output.directory}}"
"#;
    let shelf = Shelf::new(&[("look.formula.toml", text)]);
    assert!(shelf.error("look").contains("is required unless"), "{}", shelf.error("look"));
    let cooked = shelf.cook("look", &[("pr", "7")]);
    assert_eq!(lines(&cooked), ["style: Style []", "speed: Speed []", "synthesis: Together [style speed]"]);
    let description = &cooked.formula.steps[0].description;
    assert!(description.starts_with("Review PR 7: Look at names -> .reviews/look-"), "{description}");
    assert!(description.ends_with("/style.md"), "{description}");
    let compiled = cook(&shelf.library(), "look", &Values::new(), Mode::Compile).unwrap();
    assert_eq!(compiled.graph.len(), 3);
    let typo = shelf.try_cook("look", &[("pr", "7"), ("file", "x")]).unwrap_err();
    assert!(typo.to_string().contains("did you mean \"files\"?"), "{typo}");
}

#[test]
fn the_release_formula_runs_the_commands_asked_for() {
    let cooked = cook(
        &Library::standard(Path::new("/nonexistent"), None),
        "release",
        &pairs(&[("version", "1.2.0")]),
        Mode::Runtime,
    );
    let cooked = cooked.unwrap();
    let runs: Vec<&str> = cooked.formula.steps.iter().map(|step| step.description.as_str()).collect();
    assert_eq!(
        runs,
        [
            "Run ./scripts/bump-version.sh 1.2.0",
            "Run make test",
            "Run make build",
            "Run git tag -a v1.2.0 -m 'Release v1.2.0'",
            "Run ./scripts/publish.sh",
        ]
    );
    assert_eq!(cooked.graph.edge_count(), 4);
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "c", "d", "e", "l.iter1.a", "ghost", ""]).prop_map(str::to_owned)
}

fn step(depth: u32) -> BoxedStrategy<serde_json::Value> {
    let leaf = (
        word(),
        prop::collection::vec(word(), 0..3),
        prop::option::of(prop::sample::select(vec!["{{v}}", "!{{v}}", "{{v}} == x", "bad"])),
        prop::option::of(prop::sample::select(vec!["exp", "self", "release"])),
        any::<bool>(),
    )
        .prop_map(|(id, needs, condition, expand, gate)| {
            let mut step = serde_json::json!({"id": id, "title": format!("{id} {{{{v}}}} {{i}}"), "needs": needs});
            if let Some(condition) = condition {
                step["condition"] = condition.into();
            }
            if let Some(expand) = expand.filter(|_| gate) {
                step["expand"] = expand.into();
            }
            step
        });
    if depth == 0 {
        return leaf.boxed();
    }
    (leaf, prop::collection::vec(step(depth - 1), 0..3), 0..4_u8, -1..4_i64)
        .prop_map(|(mut step, inner, shape, count)| {
            match shape {
                0 => step["children"] = inner.into(),
                1 => step["loop"] = serde_json::json!({"count": count, "body": inner}),
                2 => step["loop"] = serde_json::json!({"range": format!("1..{count}"), "var": "i", "body": inner}),
                _ => {}
            }
            step
        })
        .boxed()
}

fn any_formula() -> impl Strategy<Value = serde_json::Value> {
    (prop::collection::vec(step(2), 0..5), prop::collection::vec((word(), word(), word()), 0..2), word()).prop_map(
        |(steps, branches, select)| {
            let branch: Vec<_> = branches
                .into_iter()
                .map(|(from, step, join)| serde_json::json!({"from": from, "steps": [step], "join": join}))
                .collect();
            serde_json::json!({
                "formula": "f", "version": 1, "steps": steps, "vars": {"v": {"default": "x"}},
                "compose": {"branch": branch, "map": [{"select": format!("{select}*"), "with": "exp"}], "aspects": ["asp"]},
            })
        },
    )
}

/// Works through the graph in any order that respects it; says how many steps could be done.
fn work_through(graph: &Graph) -> usize {
    let mut done = vec![false; graph.len()];
    let mut count = 0;
    loop {
        let ready = |step: &usize| {
            let up = std::iter::successors(Some(*step), |step| graph.parent(*step));
            !done[*step]
                && up.into_iter().all(|step| graph.needs(step).all(|need| done[need]))
                && (0..graph.len()).all(|child| graph.parent(child) != Some(*step) || done[child])
        };
        match (0..graph.len()).find(ready) {
            Some(step) => done[step] = true,
            None => return count,
        }
        count += 1;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn what_cooks_can_be_worked_through(formula in any_formula()) {
        let shelf = Shelf::new(&[
            ("f.formula.json", &formula.to_string()),
            ("self.formula.toml", "formula = \"self\"\ntype = \"expansion\"\n[[template]]\nid = \"{target}.s\"\nexpand = \"self\""),
            ("exp.formula.toml", "formula = \"exp\"\ntype = \"expansion\"\n[[template]]\nid = \"{target}.1\"\ntitle = \"1\"\n[[template]]\nid = \"{target}.2\"\ntitle = \"2\"\nneeds = [\"{target}.1\"]"),
            ("asp.formula.toml", "formula = \"asp\"\ntype = \"aspect\"\n[[advice]]\ntarget = \"b*\"\n[advice.before]\nid = \"{step.id}-pre\"\ntitle = \"Pre\""),
        ]);
        if let Ok(cooked) = shelf.try_cook("f", &[]) {
            let steps = cooked.steps();
            let mut ids: Vec<&str> = steps.iter().map(|step| step.id.as_str()).collect();
            ids.sort_unstable();
            ids.dedup();
            prop_assert_eq!(ids.len(), steps.len());
            prop_assert_eq!(work_through(&cooked.graph), steps.len());
        }
    }

    #[test]
    fn toml_and_json_say_the_same(formula in any_formula()) {
        let toml = toml::to_string(&formula).unwrap();
        let from_toml = read_text(&toml, "f.toml");
        let from_json = read_text(&formula.to_string(), "f.json");
        match (from_toml, from_json) {
            (Ok((a, _)), Ok((b, _))) => {
                let strip = |formula: &Formula| {
                    let mut value = serde_json::to_value(formula).unwrap();
                    value["source"] = "".into();
                    value
                };
                prop_assert_eq!(strip(&a), strip(&b));
            }
            (a, b) => prop_assert_eq!(a.is_err(), b.is_err()),
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}|[\\[\\]{}=\"a-z0-9\\n .,_#'-]{0,300}") {
        for path in ["f.toml", "f.json"] {
            if let Ok((formula, _)) = read_text(&text, path) {
                let _ = cook_formula(&Library::default(), formula, &Values::new(), Mode::Runtime);
            }
        }
    }

    #[test]
    fn changed_formulas_are_read_or_refused(cut in 0..SHIP.len(), with in "[\\[\\]{}=\"a-z0-9\\n .]{0,8}", length in 0..20_usize) {
        let end = (cut + length).min(SHIP.len());
        let text = format!("{}{with}{}", &SHIP[..cut], &SHIP[end..]);
        if let Ok((formula, _)) = read_text(&text, "f.toml") {
            let _ = cook_formula(&Library::default(), formula, &pairs(&[("feature", "x")]), Mode::Runtime);
        }
    }
}
