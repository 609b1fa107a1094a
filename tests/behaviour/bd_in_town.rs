//! Which store `bd` works on inside a town: that of the rig around the working directory, wherever in it that is, or of `--rig`.

use crate::support::Sandbox;

#[test]
fn new_beads_belong_to_the_rig_one_stands_in_and_ids_lead_anywhere() {
    let sandbox = Sandbox::new();
    let town = sandbox.path("town");
    sandbox.gt(["install", town.to_str().unwrap()]).ok();
    for (name, prefix) in [("alpha", "al"), ("beta", "be")] {
        let origin = sandbox.origin(name);
        sandbox.gt_in(&town, ["rig", "add", name, origin.to_str().unwrap(), "--prefix", prefix]).ok();
    }
    sandbox.gt_in(&town, ["crew", "add", "ann", "--rig", "alpha"]).ok();
    let inside = town.join("alpha/crew/ann/deep/down");
    std::fs::create_dir_all(&inside).unwrap();
    let places = [
        (town.clone(), "hq-"),
        (town.join("mayor"), "hq-"),
        (town.join("alpha"), "al-"),
        (town.join("alpha/crew/ann"), "al-"),
        (inside.clone(), "al-"),
        (town.join("beta"), "be-"),
    ];
    for (cwd, prefix) in &places {
        let id = sandbox.bd_in(cwd, ["q", "Made here"]).ok().stdout;
        assert!(id.starts_with(prefix), "{id} in {}", cwd.display());
        let shown = sandbox.bd_in(cwd, ["where", "--json"]).ok().json();
        assert_eq!(shown["prefix"].as_str().map(|p| format!("{p}-")).as_deref(), Some(*prefix), "{shown}");
    }
    let id = sandbox.bd_in(&inside, ["q", "For the other", "--rig", "beta"]).ok().stdout.trim().to_owned();
    assert!(id.starts_with("be-"), "{id}");
    let id = sandbox.bd_in(&town.join("beta"), ["q", "For the town", "--rig", "hq"]).ok().stdout;
    assert!(id.starts_with("hq-"), "{id}");
    sandbox.bd_in(&inside, ["q", "For nobody", "--rig", "gamma"]).code(3);
    // A list looks at all of the town unless a rig is named; an id leads to its bead from anywhere.
    let all = sandbox.bd_in(&inside, ["list", "--json"]).ok().json();
    assert_eq!(all.as_array().unwrap().len(), places.len() + 2);
    let beta = sandbox.bd_in(&town, ["list", "--rig", "beta", "--json"]).ok().json();
    let ids: Vec<&str> = beta.as_array().unwrap().iter().map(|bead| bead["id"].as_str().unwrap()).collect();
    assert!(ids.len() == 2 && ids.iter().all(|id| id.starts_with("be-")), "{ids:?}");
    sandbox.bd_in(&inside, ["close", ids[0]]).ok();
    let file = std::fs::read_to_string(town.join("beta/.beads/issues.jsonl")).unwrap();
    assert!(file.contains("\"closed\"") && !file.contains("\"al-"), "{file}");
    // A worktree that git made outside the rig is in no town: there is no ledger there to be written by mistake.
    let run = sandbox.bd_in(&sandbox.path("tmp"), ["q", "Nowhere"]).code(3);
    assert!(run.stderr.contains("bd init"), "{run:?}");
}
