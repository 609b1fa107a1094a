//! A mayor who is told in words: it makes beads and a convoy, slings them, watches, and sums up. A scripted one proves the plumbing.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use crate::support::{BD, GT};
use crate::town::Place;

/// A runtime with Claude Code's hooks whose wits are a shell script: `build <names>` is what it understands.
const MAYOR: &str = r#"#!/bin/sh
settings=
while [ $# -gt 0 ]; do
    case "$1" in --settings) settings=$2; shift ;; esac
    shift
done
hook() {
    told=$(sed -n "s/.*\"command\": \"\(.*hook-event $1\)\".*/\1/p" "$settings")
    printf '{"session_id":"mayor","hook_event_name":"%s","source":"startup"}' "$1" | sh -c "$told" > /dev/null 2>&1
}
build() {
    beads=
    for name in "$@"; do
        text=$(printf 'Write %s.\n\n```sh\necho %s > %s.txt\n```\n' "$name" "$name" "$name")
        id=$(cd ../web && "@BD@" create "Write $name" --description "$text" --silent) || exit 1
        beads="$beads $id"
    done
    convoy=$("@GT@" convoy create "What you asked for" $beads --json | sed -n 's/.*"id": "\(hq-cv-[a-z0-9]*\)".*/\1/p' | head -n 1)
    "@GT@" sling $beads web --agent script > /dev/null || exit 1
    until "@GT@" convoy show "$convoy" --json | grep -q '"status": "closed"'; do sleep 0.2; done
    echo "Done: $# of $# landed in $convoy."
}
hook SessionStart
echo ready
while read -r line; do
    hook UserPromptSubmit
    case "$line" in
        *"build "*) build ${line#*build } ;;
        *) echo "I don't know how." ;;
    esac
    hook Stop
done
"#;

#[test]
fn what_the_mayor_is_told_is_built_and_summed_up() {
    let place = Place::new(&["web"]);
    let fake = place.sandbox.path("mayor-runtime");
    fs::write(&fake, MAYOR.replace("@GT@", GT).replace("@BD@", BD)).unwrap();
    fs::set_permissions(&fake, fs::Permissions::from_mode(0o755)).unwrap();
    let runtime = json!({"provider": "claude", "command": fake.to_str().unwrap()});
    place.set(
        "settings/config.json",
        &[("agents", json!({"wits": runtime})), ("role_agents", json!({"mayor": "wits"}))],
    );
    place.gt(["up"]).ok();
    let told = place.gt(["mayor", "tell", "Please build door window roof", "--wait", "--json"]).ok().json();
    let screen = told["screen"].as_str().unwrap();
    assert!(screen.contains("Done: 3 of 3 landed in hq-cv-"), "{screen}\n{}", place.log());
    assert_eq!(place.files(&place.origin("web")), ["README.md", "door.txt", "roof.txt", "window.txt"]);
    let convoys = place.gt(["convoy", "list", "--all", "--json"]);
    assert!(convoys.stdout.contains("What you asked for"), "{convoys:?}");
    place.gt(["down", "--polecats"]).ok();
}
