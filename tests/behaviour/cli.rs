//! What holds for every command: versions, usage errors.

use crate::support::Sandbox;

#[test]
fn version_and_wrong_usage() {
    let sandbox = Sandbox::new();
    let version = sandbox.gt(["version"]).ok();
    assert!(version.stdout.starts_with("gt "), "{version:?}");
    let wrong = sandbox.gt(["no-such-command"]).code(2);
    assert!(wrong.stderr.contains("no-such-command"), "{wrong:?}");
}
