//! The ledger's own rules, tried on databases of their own.

use super::*;
use crate::base::{Kind, Result};

struct Fixture {
    ledger: Ledger,
    _dir: tempfile::TempDir,
}

fn fixture() -> Result<Fixture> {
    let dir = tempfile::tempdir()?;
    let mut ledger = Ledger::open(&dir.path().join("ledger.db"))?;
    ledger.add_store("hq", dir.path(), "hq")?;
    ledger.add_store("rig", &dir.path().join("rig"), "gt")?;
    Ok(Fixture { ledger, _dir: dir })
}

impl Fixture {
    fn create(&mut self, title: &str, deps: &[(&str, &str)]) -> Result<String> {
        let mut new = NewBead::titled(title);
        new.deps = deps.iter().map(|(id, kind)| NewDep::new(*id, *kind)).collect();
        self.ledger.write("tester", |tx| tx.create("rig", new)).map(|bead| bead.id)
    }

    fn ready(&self) -> Result<Vec<String>> {
        let mut ids: Vec<String> =
            self.ledger.ready(&ReadyFilter::default())?.into_iter().map(|bead| bead.title).collect();
        ids.sort();
        Ok(ids)
    }

    fn close(&mut self, id: &str, reason: &str) -> Result<Closed> {
        self.ledger.write("tester", |tx| tx.close(id, reason))
    }
}

#[test]
fn a_bead_comes_back_as_it_was_made() -> Result<()> {
    let mut f = fixture()?;
    let mut new = NewBead::titled("A title");
    new.description = "Why".into();
    new.labels = vec!["b".into(), "a".into(), "b".into()];
    new.priority = Some(0);
    new.await_type = "timer".into();
    new.timeout = 5;
    new.extra.insert("hook_bead".into(), "gt-1".into());
    let made = f.ledger.write("tester", |tx| tx.create("rig", new))?;
    assert_eq!(made.labels, ["a", "b"]);
    assert!(made.id.starts_with("gt-") && made.id.len() == 8, "{}", made.id);
    assert_eq!(f.ledger.get(&made.id)?, made);
    assert_eq!(f.ledger.recent_events(1)?[0].kind, "created");
    Ok(())
}

#[test]
fn blockers_hold_until_they_are_closed_whatever_their_status() -> Result<()> {
    let mut f = fixture()?;
    let a = f.create("a", &[])?;
    let b = f.create("b", &[(&a, "blocks")])?;
    let child = f.create("child", &[(&b, "parent-child")])?;
    assert_eq!(f.ready()?, ["a"]);
    for status in [Status::Pinned, Status::Hooked, Status::Deferred, Status::Custom("mine".into())] {
        f.ledger.write("tester", |tx| tx.update(&a, &Patch { status: Some(status), ..Patch::default() }))?;
        assert!(f.ready()?.is_empty());
        assert_eq!(f.ledger.blockers(&child)?, *std::slice::from_ref(&a));
    }
    let closed = f.close(&a, "done")?;
    let mut want = vec![b.clone(), child.clone()];
    want.sort();
    assert_eq!(closed.unblocked, want);
    assert_eq!(f.ready()?, ["b", "child"]);
    f.ledger.write("tester", |tx| tx.reopen(&a, ""))?;
    assert_eq!(f.ready()?, ["a"]);
    Ok(())
}

#[test]
fn conditional_blocks_open_on_failure_only() -> Result<()> {
    let mut f = fixture()?;
    let a = f.create("a", &[])?;
    f.create("b", &[(&a, "conditional-blocks")])?;
    f.close(&a, "all good")?;
    assert!(f.ready()?.is_empty());
    f.ledger.write("tester", |tx| tx.reopen(&a, ""))?;
    assert_eq!(f.close(&a, "Tests FAILED")?.unblocked.len(), 1);
    assert_eq!(f.ready()?, ["b"]);
    Ok(())
}

#[test]
fn waits_for_follows_the_children() -> Result<()> {
    let mut f = fixture()?;
    let parent = f.create("parent", &[])?;
    let one = f.create("one", &[(&parent, "parent-child")])?;
    let two = f.create("two", &[(&parent, "parent-child")])?;
    let all = f.create("all", &[(&parent, "waits-for")])?;
    let any = f.create("any", &[])?;
    let dep = NewDep {
        depends_on: parent.clone(),
        dep_type: "waits-for".into(),
        metadata: r#"{"gate":"any-children"}"#.into(),
    };
    f.ledger.write("tester", |tx| tx.add_dep_with(&any, &dep))?;
    assert_eq!(f.ready()?, ["one", "parent", "two"]);
    assert_eq!(f.close(&one, "done")?.unblocked, [any]);
    assert_eq!(f.close(&two, "done")?.unblocked, *std::slice::from_ref(&all));
    let three = f.create("three", &[(&parent, "parent-child")])?;
    assert!(f.ledger.get(&all)?.blocked);
    f.ledger.write("tester", |tx| tx.remove_dep(&three, &parent, None))?;
    assert!(!f.ledger.get(&all)?.blocked);
    // Without children there is nothing to wait for, but also none of which one could be done.
    let childless = f.create("childless", &[])?;
    let all = f.create("all of none", &[(&childless, "waits-for")])?;
    let any = f.create("any of none", &[])?;
    f.ledger.write("tester", |tx| tx.add_dep_with(&any, &NewDep { depends_on: childless.clone(), ..dep }))?;
    assert!(!f.ledger.get(&all)?.blocked && f.ledger.get(&any)?.blocked);
    let child = f.create("child", &[(&childless, "parent-child")])?;
    assert!(f.ledger.get(&all)?.blocked && f.ledger.get(&any)?.blocked);
    f.close(&child, "done")?;
    assert!(!f.ledger.get(&all)?.blocked && !f.ledger.get(&any)?.blocked);
    Ok(())
}

#[test]
fn external_capabilities_hold_back_until_they_are_provided() -> Result<()> {
    let mut f = fixture()?;
    let needs = f.create("needs", &[])?;
    let unknown = f.create("of nobody we know", &[])?;
    f.ledger.write("tester", |tx| {
        tx.add_dep(&needs, "external:rig:login", "blocks")?;
        tx.add_dep(&unknown, "external:elsewhere:login", "blocks")
    })?;
    assert_eq!(f.ready()?, ["of nobody we know"]);
    let other = ReadyFilter { missing: vec!["external:elsewhere:login".into()], ..ReadyFilter::default() };
    assert!(f.ledger.ready(&other)?.is_empty());
    let login = f.create("login", &[])?;
    f.ledger.write("tester", |tx| tx.add_label(&login, "provides:login"))?;
    assert_eq!(f.ready()?, ["login", "of nobody we know"], "promised is not provided");
    f.close(&login, "done")?;
    assert_eq!(f.ready()?, ["needs", "of nobody we know"]);
    Ok(())
}

#[test]
fn circles_are_refused_and_nothing_of_the_transaction_stays() -> Result<()> {
    let mut f = fixture()?;
    let a = f.create("a", &[])?;
    let b = f.create("b", &[(&a, "blocks")])?;
    let c = f.create("c", &[(&b, "parent-child")])?;
    let refused = f.ledger.write("tester", |tx| {
        tx.add_label(&a, "marked")?;
        tx.add_dep(&a, &c, "blocks")
    });
    assert_eq!(refused.err().map(|e| e.kind()), Some(Kind::Refused));
    assert!(f.ledger.get(&a)?.labels.is_empty());
    f.ledger.write("tester", |tx| tx.add_dep(&a, &c, "relates-to"))?;
    assert_eq!(f.ready()?, ["a"]);
    Ok(())
}

#[test]
fn a_convoy_lands_in_the_transaction_that_closes_its_last_member() -> Result<()> {
    let mut f = fixture()?;
    let a = f.create("a", &[])?;
    let b = f.create("b", &[])?;
    let mut new = NewBead::titled("Trip");
    new.issue_type = "convoy".into();
    new.id_infix = Some("cv".into());
    new.deps = vec![NewDep::new(&a, "tracks"), NewDep::new(&b, "tracks")];
    let convoy = f.ledger.write("tester", |tx| tx.create("hq", new))?.id;
    assert!(convoy.starts_with("hq-cv-"));
    assert!(f.close(&a, "done")?.landed.is_empty());
    assert_eq!(f.close(&b, "done")?.landed, *std::slice::from_ref(&convoy));
    assert_eq!(f.ledger.get(&convoy)?.status, Status::Closed);
    assert_eq!(f.ledger.recent_events(9)?.iter().filter(|e| e.kind == "convoy_landed").count(), 1);
    let c = f.create("c", &[])?;
    f.ledger.write("tester", |tx| tx.add_dep(&convoy, &c, "tracks"))?;
    assert_eq!(f.ledger.get(&convoy)?.status, Status::Open);
    f.ledger.write("tester", |tx| tx.delete(&c, "not needed"))?;
    assert_eq!(f.ledger.get(&convoy)?.status, Status::Closed);
    Ok(())
}

#[test]
fn children_count_on_and_partial_ids_are_never_ambiguous() -> Result<()> {
    let mut f = fixture()?;
    let mut made = Vec::new();
    for id in ["gt-abc12", "gt-abc34", "hq-abc99"] {
        let new = NewBead { id: Some(id.into()), ..NewBead::titled(id) };
        made.push(f.ledger.write("tester", |tx| tx.create("rig", new))?.id);
    }
    let child = |title: &str| NewBead { parent: Some("gt-abc12".into()), ..NewBead::titled(title) };
    let ids =
        f.ledger.write("tester", |tx| Ok([tx.create("rig", child("x"))?.id, tx.create("rig", child("y"))?.id]))?;
    assert_eq!(ids, ["gt-abc12.1", "gt-abc12.2"]);
    assert_eq!(f.ledger.resolve("abc12")?, "gt-abc12");
    assert_eq!(f.ledger.resolve("gt-abc3")?, "gt-abc34");
    assert_eq!(f.ledger.resolve("gt-abc12.2")?, "gt-abc12.2");
    assert_eq!(f.ledger.resolve("abc").err().map(|e| e.kind()), Some(Kind::Refused));
    assert_eq!(f.ledger.resolve("zzz").err().map(|e| e.kind()), Some(Kind::NotFound));
    Ok(())
}

#[test]
fn many_beads_of_one_content_in_one_transaction() -> Result<()> {
    let mut f = fixture()?;
    let ids = f.ledger.write("tester", |tx| {
        (0..300).map(|_| tx.create("rig", NewBead::titled("same")).map(|b| b.id)).collect::<Result<Vec<_>>>()
    })?;
    assert_eq!(f.ledger.count(&Filter::default())?, ids.len());
    Ok(())
}

/// The real ledgers lie beside the repository on the machines where this is developed.
fn real_data(name: &str) -> Option<Vec<u8>> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data").join(name);
    let found = std::fs::read(path).ok();
    if found.is_none() {
        eprintln!("skipped: ../shared/data/{name} is not here");
    }
    found
}

#[test]
fn real_ledgers_come_back_byte_for_byte() -> Result<()> {
    for (name, lines, mended) in [("beads-v0.44.0.jsonl", 980, 0), ("beads-v0.47.0.jsonl", 1955, 1)] {
        let Some(bytes) = real_data(name) else { return Ok(()) };
        let dir = tempfile::tempdir()?;
        std::fs::write(dir.path().join(jsonl::FILE), &bytes)?;
        let store = Store { name: "local".into(), beads_dir: dir.path().to_owned(), prefix: "bd".into() };
        let (ledger, reports) = open_stores(&dir.path().join("beads.db"), || Ok(vec![store]))?;
        assert_eq!((reports[0].created, reports[0].rejected.len(), reports[0].repaired.len()), (lines, 0, mended));
        assert!(jsonl::refresh(&ledger)?.is_empty(), "read once only");
        ledger.conn().execute("UPDATE stores SET changed = changed + 1, file_hash = ''", [])?;
        jsonl::export_all(&ledger)?;
        let out = std::fs::read(dir.path().join(jsonl::FILE))?;
        let different = bytes.split(|b| *b == b'\n').zip(out.split(|b| *b == b'\n')).filter(|(a, b)| a != b).count();
        assert_eq!((out.iter().filter(|b| **b == b'\n').count(), different), (lines, mended));
    }
    Ok(())
}
