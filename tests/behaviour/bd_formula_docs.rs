//! Every formula in docs/formulas.md is one that `bd` cooks, with the values its fence names.

use crate::support::Sandbox;

#[test]
fn every_example_of_the_document_cooks() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/formulas.md")).unwrap();
    let sandbox = Sandbox::new();
    let dir = sandbox.path("project");
    let shelf = dir.join(".beads/formulas");
    std::fs::create_dir_all(&shelf).unwrap();
    sandbox.bd_in(&dir, ["init", "--prefix", "lab", "-q"]).ok();
    let mut examples = Vec::new();
    for block in text.split("\n```toml").skip(1) {
        let (fence, rest) = block.split_once('\n').unwrap();
        let body = rest.split("\n```").next().unwrap();
        let name = body.lines().find_map(|line| line.strip_prefix("formula = ")).unwrap().trim_matches('"').to_owned();
        std::fs::write(shelf.join(format!("{name}.formula.toml")), format!("{body}\n")).unwrap();
        let vars: Vec<String> = fence.split_whitespace().map(str::to_owned).collect();
        examples.push((name, vars, body.contains("type = \"expansion\"") || body.contains("type = \"aspect\"")));
    }
    assert!(examples.len() >= 14, "{examples:?}");
    for (name, vars, part) in examples {
        let mut command = sandbox.command(crate::support::BD);
        command.current_dir(&dir).args(["cook", &name, "--json"]);
        command.args(vars.iter().flat_map(|var| ["--var", var]));
        // Expansions and aspects are parts of others, which cook them.
        let run = sandbox.run(command);
        if part {
            sandbox.bd_in(&dir, ["formula", "show", &name]).ok();
            continue;
        }
        let cooked = run.ok().json();
        let warnings = cooked["warnings"].as_array().map_or(0, Vec::len);
        assert!(!cooked["steps"].as_array().unwrap().is_empty() && warnings == 0, "{name}: {cooked}");
        let mut pour = sandbox.command(crate::support::BD);
        pour.current_dir(&dir).args(["mol", "pour", &name, "--dry-run"]);
        pour.args(vars.iter().flat_map(|var| ["--var", var]));
        sandbox.run(pour).ok();
    }
}
