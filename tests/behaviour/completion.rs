//! Completion in the shells themselves: bash, zsh and fish, with the names a town has at that moment. A shell that is not here is
//! left out with a word.

use std::fs;
use std::path::Path;

use crate::screen::Screen;
use crate::support::{BD, GT, Run, wait_for};
use crate::town::Place;

fn here(shell: &str) -> bool {
    let there = std::process::Command::new(shell).args(["-c", "true"]).status().is_ok();
    if !there {
        eprintln!("no {shell} here: its completion is not tried");
    }
    there
}

/// A town with something of everything, and both programs on the search path.
struct Town {
    place: Place,
    bead: String,
    convoy: String,
    path: String,
}

fn town() -> Town {
    let place = Place::new(&["shop", "shed"]);
    let bead = place.easy("shop", "one");
    let made = place.gt(["convoy", "create", "Both", &bead, "--json"]).ok().json();
    let bin = place.sandbox.path("bin");
    fs::create_dir_all(&bin).unwrap();
    for (name, program) in [("gt", GT), ("bd", BD)] {
        std::os::unix::fs::symlink(program, bin.join(name)).unwrap();
    }
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    place.gt(["crew", "add", "ada", "--rig", "shop"]).ok();
    Town { convoy: made["id"].as_str().unwrap().to_owned(), place, bead, path }
}

impl Town {
    fn shell(&self, shell: &str, args: &[&str]) -> Run {
        let mut command = self.place.sandbox.command(shell);
        command.current_dir(&self.place.root).env("PATH", &self.path).args(args);
        self.place.sandbox.run(command)
    }

    /// What every shell has to offer: what is typed, and what has to be among the answers.
    fn wanted(&self) -> Vec<(String, String)> {
        let start: String = self.bead.chars().take(self.bead.len() - 2).collect();
        [
            ("gt conv", "convoy"),
            ("gt convoy cr", "create"),
            (&*format!("gt sling {start}"), &*self.bead),
            (&*format!("gt sling {} sho", self.bead), "shop"),
            ("gt sling --agent cod", "codex"),
            ("gt convoy show hq-cv", &self.convoy),
            ("gt formula show rel", "release"),
            ("gt rig status sh", "shed"),
            ("gt attach shop/crew/a", "shop/crew/ada"),
            ("gt crew at ad", "ada"),
            ("gt config set max_a", "max_agents"),
            ("gt config set --rig sh", "shop"),
            (&*format!("bd show {start}"), &*self.bead),
            ("bd cook rel", "release"),
            ("bd list --status in_", "in_progress"),
        ]
        .map(|(typed, wanted)| (typed.to_owned(), wanted.to_owned()))
        .into()
    }
}

#[test]
fn bash_completes_the_names_of_the_town() {
    if !here("bash") {
        return;
    }
    let town = town();
    // The file that the README writes, read as bash-completion would.
    let file = town.place.sandbox.path("completions");
    fs::write(&file, format!("{}{}", town.place.gt(["completion", "bash"]).ok().stdout, bd(&town, "bash"))).unwrap();
    for (typed, wanted) in town.wanted() {
        let words: Vec<&str> = typed.split(' ').collect();
        let list = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" ");
        let script = format!(
            "source '{}'; COMP_WORDS=({list}); COMP_CWORD={}; COMP_TYPE=9; _clap_complete_{} {} '{}' ''; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            file.display(),
            words.len() - 1,
            words[0],
            words[0],
            words[words.len() - 1]
        );
        let run = town.shell("bash", &["--norc", "-c", &script]).ok();
        assert!(run.stdout.lines().any(|line| line.trim() == wanted), "{typed}: {run:?}");
    }
}

fn bd(town: &Town, shell: &str) -> String {
    town.place.sandbox.bd_in(&town.place.root, ["completion", shell]).ok().stdout
}

#[test]
fn fish_completes_the_names_of_the_town() {
    if !here("fish") {
        return;
    }
    let town = town();
    let dir = town.place.sandbox.path("home/.config/fish/completions");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("gt.fish"), town.place.gt(["completion", "fish"]).ok().stdout).unwrap();
    fs::write(dir.join("bd.fish"), bd(&town, "fish")).unwrap();
    for (typed, wanted) in town.wanted() {
        let run = town.shell("fish", &["-c", &format!("complete --do-complete '{typed}'")]).ok();
        let found = run.stdout.lines().any(|line| line.split('\t').next() == Some(wanted.as_str()));
        assert!(found, "{typed}: {run:?}");
    }
}

/// zsh completes only at a terminal: keys are typed and the line is looked at.
#[test]
fn zsh_completes_the_names_of_the_town() {
    if !here("zsh") {
        return;
    }
    let town = town();
    let functions = town.place.sandbox.path("functions");
    fs::create_dir_all(&functions).unwrap();
    fs::write(functions.join("_gt"), town.place.gt(["completion", "zsh"]).ok().stdout).unwrap();
    fs::write(functions.join("_bd"), bd(&town, "zsh")).unwrap();
    let rc = format!("fpath=('{}' $fpath)\nautoload -Uz compinit\ncompinit -u -D\nPS1='> '\n", functions.display());
    fs::write(town.place.sandbox.path("home/.zshrc"), rc).unwrap();
    let mut screen = Screen::start(
        &town.place.sandbox,
        Path::new(&town.place.root),
        (100, 30),
        "zsh",
        &["-i"],
        &[("PATH", &town.path)],
    );
    screen.wait("the prompt", |text| text.lines().any(|line| line == ">"));
    for (typed, wanted) in town.wanted() {
        screen.send(&typed);
        screen.send("\t");
        let before = typed.rsplit_once(' ').map_or("", |(before, _)| before);
        // One answer is put in; of several the rest is listed below.
        let whole = format!("> {before} {wanted}");
        screen.wait(&format!("{typed} becomes {wanted}"), |text| {
            text.lines().any(|line| line.trim_end() == whole)
                || text.lines().skip(1).any(|line| line.split_whitespace().any(|word| word == wanted))
        });
        // Away with the line, and with what is listed.
        screen.send("\u{15}\u{c}");
        screen.wait("an empty screen", |text| text.trim() == ">");
    }
    screen.send("exit\r");
    wait_for("zsh has ended", || screen.child.try_wait().unwrap());
}

/// Completion only looks: a town that is damaged, or none at all, gives nothing and breaks nothing.
#[test]
fn where_there_is_nothing_nothing_is_offered() {
    let place = Place::new(&["shop"]);
    let ask = |dir: &Path, words: &[&str]| {
        let mut command = place.sandbox.command(GT);
        command.current_dir(dir).env("GT_COMPLETE", "fish").arg("--").args(words);
        place.sandbox.run(command).ok().stdout
    };
    assert_eq!(ask(&place.sandbox.path("home"), &["gt", "sling", "x"]), "");
    assert!(ask(&place.sandbox.path("home"), &["gt", "conv"]).starts_with("convoy\t"));
    // Words that a shell would not take as they are are never offered.
    let desk = place.desk();
    let mut ledger = desk.ledger;
    let new = |title: &str| gastown::ledger::NewBead { title: title.into(), ..Default::default() };
    let id = ledger.write("overseer", |tx| tx.create("shop", new("A `rm -rf` title\u{1b}[31m"))).unwrap().id;
    let offered = ask(&place.root, &["gt", "sling", &id[..id.len() - 1]]);
    assert!(offered.starts_with(&format!("{id}\t")) && !offered.contains('\u{1b}'), "{offered:?}");
    fs::write(place.root.join(".runtime/ledger.db"), "no database").unwrap();
    assert_eq!(ask(&place.root, &["gt", "hook", "zzz"]), "");
}
