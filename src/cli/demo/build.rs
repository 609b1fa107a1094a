//! Builds the demo's town: the sample project in an origin of its own, the rig, the beads, the convoys.

use std::path::{Path, PathBuf};

use git2::build::TreeUpdateBuilder;
use git2::{FileMode, Repository, RepositoryInitOptions, Signature};
use serde_json::json;

use super::project::{FILES, PlannedConvoy};
use crate::base::text::counted;
use crate::base::{Error, Result, ResultExt, files};
use crate::ledger::{NewBead, NewDep, dep_type};
use crate::town::config::Document;
use crate::town::install::InstallOptions;
use crate::town::{RIG_FORMAT, TOWN_FORMAT, Town};
use crate::work::rigs::AddOptions;
use crate::work::{Desk, convoy, install, rigs};

/// The rig's name.
pub(super) const RIG: &str = "units";

/// What was built.
pub(super) struct Built {
    pub desk: Desk,
    pub origin: PathBuf,
    /// The origin's commit before any work was done.
    pub first_commit: String,
    /// Every bead's id and title, in the order they were made.
    pub beads: Vec<(String, String)>,
    /// Every convoy's id and title.
    pub convoys: Vec<(String, String)>,
    /// Beads that wait for nothing.
    pub ready: Vec<String>,
}

/// The directory of a new demo, made: `wanted`, or a new one under the directory for temporary files.
pub(super) fn directory(wanted: Option<&Path>) -> Result<PathBuf> {
    let Some(path) = wanted else {
        let made = tempfile::Builder::new().prefix("gt-demo-").tempdir().context("make a directory for the demo")?;
        return Ok(made.keep());
    };
    if path.join("town").join("mayor").join("town.json").exists() {
        return Err(Error::refused(format!("{} holds a demo already", path.display()))
            .hint(format!("look into it with `cd {}/town && gt`, or name another directory", path.display())));
    }
    let empty = match std::fs::read_dir(path) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => true,
        Err(error) => return Err(Error::from(error).context(path.display())),
    };
    if !empty {
        return Err(Error::refused(format!("{} is not empty", path.display()))
            .hint("name a directory that is empty or does not exist, or none at all"));
    }
    files::make_dirs(path, 0o755)?;
    path.canonicalize().with_context(|| path.display().to_string())
}

/// Builds everything in `dir` for `agents` agents at once; `say` is told what is being done.
pub(super) fn build(
    dir: &Path,
    agents: usize,
    convoys: Vec<PlannedConvoy>,
    say: &mut dyn FnMut(&str),
) -> Result<Built> {
    let origin = dir.join("origin.git");
    let first_commit = make_origin(&origin).context("make the sample project")?;
    say(&format!("sample project in {}", origin.display()));

    let root = dir.join("town");
    install::install(
        &InstallOptions { path: root.clone(), name: Some("demo".into()), ..InstallOptions::default() },
        false,
    )?;
    let town = Town::open(&root)?;
    set(&town.settings_file(), &TOWN_FORMAT, &[("default_agent", json!("script")), ("max_agents", json!(agents))])?;
    let mut desk = Desk::of(town)?;
    let add = AddOptions { name: RIG.into(), url: Some(origin.display().to_string()), ..AddOptions::default() };
    let rig = rigs::add(&mut desk, &add, &mut |_| {})?.rig;
    let gate = [("merge_queue.test_command", json!("./test.sh")), ("max_polecats", json!(agents))];
    set(&rig.settings_file(), &RIG_FORMAT, &gate)?;
    say(&format!("town in {} with the rig {RIG}; nothing is merged before ./test.sh passes", root.display()));

    let mut built = Built { desk, origin, first_commit, beads: Vec::new(), convoys: Vec::new(), ready: Vec::new() };
    for planned in convoys {
        let actor = built.desk.actor();
        let (made, id) = built.desk.ledger.write(&actor, |tx| {
            let mut made: Vec<(String, String)> = Vec::new();
            for bead in &planned.beads {
                let deps = bead.needs.iter().map(|need| NewDep::new(made[*need].0.clone(), dep_type::BLOCKS)).collect();
                let new = NewBead {
                    title: bead.title.clone(),
                    description: bead.description.clone(),
                    issue_type: bead.issue_type.into(),
                    priority: Some(bead.priority),
                    deps,
                    ..NewBead::default()
                };
                made.push((tx.create(RIG, new)?.id, bead.title.clone()));
            }
            let members: Vec<String> = made.iter().map(|(id, _)| id.clone()).collect();
            let actor = tx.actor().to_owned();
            let id = convoy::make(tx, planned.title, &members, &actor, &[])?;
            Ok((made, id))
        })?;
        let ready = planned.beads.iter().zip(&made).filter(|(bead, _)| bead.needs.is_empty());
        built.ready.extend(ready.map(|(_, (id, _))| id.clone()));
        built.beads.extend(made);
        built.convoys.push((id, planned.title.to_owned()));
    }
    say(&format!("{} in {}", counted(built.beads.len(), "bead"), counted(built.convoys.len(), "convoy")));
    Ok(built)
}

/// Changes a settings file that is there or not.
fn set(path: &Path, format: &crate::town::config::Format, values: &[(&str, serde_json::Value)]) -> Result<()> {
    let mut document = Document::load(path, format)?.unwrap_or_else(|| Document::new(path, format));
    for (key, value) in values {
        document.set(key, value.clone())?;
    }
    document.save(0o644)
}

/// A bare repository with the sample project as its first commit on `main`.
fn make_origin(path: &Path) -> Result<String> {
    let repository = Repository::init_opts(path, RepositoryInitOptions::new().bare(true).initial_head("main"))?;
    let empty = repository.find_tree(repository.treebuilder(None)?.write()?)?;
    let mut update = TreeUpdateBuilder::new();
    for file in FILES {
        let mode = if file.executable { FileMode::BlobExecutable } else { FileMode::Blob };
        update.upsert(file.path, repository.blob(file.text.as_bytes())?, mode);
    }
    let tree = repository.find_tree(update.create_updated(&repository, &empty)?)?;
    let author = Signature::now("Gas Town demo", "demo@gastown.local")?;
    let message = "Convert lengths, with tests that prove it\n";
    Ok(repository.commit(Some("refs/heads/main"), &author, &author, message, &tree, &[])?.to_string())
}

/// What became of the project: the commits that were merged, and whether its tests pass in a fresh checkout.
pub(super) fn examine(built: &Built) -> Result<(usize, std::result::Result<(), String>)> {
    let repository = Repository::open(&built.origin)?;
    let mut walk = repository.revwalk()?;
    walk.push_ref("refs/heads/main")?;
    walk.hide(git2::Oid::from_str(&built.first_commit)?)?;
    let commits = walk.count();

    let checkout =
        tempfile::Builder::new().prefix("gt-demo-check-").tempdir().context("make a directory for the check")?;
    let address = built.origin.display().to_string();
    Repository::clone(&address, checkout.path()).with_context(|| format!("clone {address}"))?;
    let output = std::process::Command::new("./test.sh")
        .current_dir(checkout.path())
        .stdin(std::process::Stdio::null())
        .output()
        .context("run ./test.sh in a fresh checkout")?;
    let tests =
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stdout).into_owned()) };
    Ok((commits, tests))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_demo_is_never_built_over_anything() -> Result<()> {
        let dir = tempfile::tempdir()?;
        assert_eq!(directory(Some(dir.path()))?, dir.path().canonicalize()?);
        std::fs::write(dir.path().join("mine"), "")?;
        assert_eq!(directory(Some(dir.path())).err().map(|error| error.exit_code()), Some(4));
        std::fs::create_dir_all(dir.path().join("town/mayor"))?;
        std::fs::write(dir.path().join("town/mayor/town.json"), "{}")?;
        let again = directory(Some(dir.path())).unwrap_err();
        assert!(again.to_string().contains("holds a demo already"), "{again}");
        Ok(())
    }

    #[test]
    fn the_origin_passes_its_own_tests() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let origin = dir.path().join("origin.git");
        let commit = make_origin(&origin)?;
        let repository = Repository::open(&origin)?;
        let tree = repository.find_commit(git2::Oid::from_str(&commit)?)?.tree()?;
        let script = tree.get_path(Path::new("test.sh"))?;
        assert_eq!(script.filemode(), 0o100_755);
        Ok(())
    }
}
