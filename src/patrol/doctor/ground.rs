//! What a town stands on: settings, git, disk, clock, the directory of its sockets.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::SystemTime;

use super::{Finding, Health, mendable};
use crate::base::{Result, ResultExt, files, os};
use crate::repo;
use crate::runtime::screen::Rules;
use crate::town::{RigSettings, Town};
use crate::work::mailbook;

/// Less room than this is told, in MiB.
const LITTLE: u64 = 1024;
/// With less room than this nothing can be relied on.
const TOO_LITTLE: u64 = 100;
/// Seconds that the clock may be off.
const OFF: i64 = 60;

pub(super) fn all(town: &Town, fix: bool) -> Vec<Finding> {
    vec![settings(town), git(), disk(town), clock(town), writable(town), sockets(town, fix)]
}

fn settings(town: &Town) -> Finding {
    const CHECK: &str = "settings";
    let read = || -> Result<usize> {
        town.identity()?;
        town.settings()?;
        mailbook::read(town)?;
        Rules::check(town)?;
        let rigs = town.rigs()?;
        for rig in &rigs {
            RigSettings::load(&rig.settings_file())?;
        }
        Ok(rigs.len())
    };
    match read() {
        Ok(rigs) => Finding::ok(CHECK, format!("of the town and {rigs} rigs can be read")),
        // What a person wrote is not changed behind their back.
        Err(error) => {
            Finding::new(CHECK, Health::Error, error.to_string(), error.hint_text().unwrap_or("mend the file"))
        }
    }
}

fn git() -> Finding {
    const CHECK: &str = "git";
    match repo::git_version() {
        Ok((version, words)) if version >= (2, 25) => Finding::ok(CHECK, words),
        Ok((_, words)) => {
            Finding::new(CHECK, Health::Error, format!("{words} is too old"), "install git 2.25 or newer")
        }
        Err(error) => Finding::new(CHECK, Health::Error, error.to_string(), "install git 2.25 or newer"),
    }
}

fn disk(town: &Town) -> Finding {
    const CHECK: &str = "disk";
    let free = match os::free_space(&town.root) {
        Ok(bytes) => bytes >> 20,
        Err(error) => {
            return Finding::new(CHECK, Health::Error, error.to_string(), "look at the file system; df shows it");
        }
    };
    let message = format!("{free} MiB are free");
    match free {
        free if free < TOO_LITTLE => {
            Finding::new(CHECK, Health::Error, message, "make room: nothing can be written soon")
        }
        free if free < LITTLE => Finding::new(CHECK, Health::Warning, message, "make room before agents fill it"),
        _ => Finding::ok(CHECK, message),
    }
}

/// The clock must not be behind what was written already, nor differ from that of the file system.
fn clock(town: &Town) -> Finding {
    const CHECK: &str = "clock";
    let look = || -> Result<Option<i64>> {
        let probe = town.runtime_dir().join(format!(".clock-{}", std::process::id()));
        files::make_dirs(&town.runtime_dir(), 0o700)?;
        fs::write(&probe, b"").with_context(|| format!("write {}", probe.display()))?;
        let written = fs::metadata(&probe).and_then(|meta| meta.modified());
        let _ = fs::remove_file(&probe);
        let now = SystemTime::now();
        let seconds = |time: SystemTime| match time.duration_since(now) {
            Ok(ahead) => i64::try_from(ahead.as_secs()).unwrap_or(i64::MAX),
            Err(behind) => -i64::try_from(behind.duration().as_secs()).unwrap_or(i64::MAX),
        };
        let newest = fs::metadata(town.ledger_path()).and_then(|meta| meta.modified()).ok().map(seconds);
        let off = seconds(written?);
        Ok(if off.abs() > OFF { Some(off) } else { newest.filter(|ahead| *ahead > OFF) })
    };
    match look() {
        Ok(None) => Finding::ok(CHECK, "agrees with the file system and with what was written before"),
        Ok(Some(off)) => Finding::new(
            CHECK,
            Health::Warning,
            format!("what is on the disk is {off} s from it"),
            "set the clock; leases and ages go by it",
        ),
        Err(error) => Finding::failed(CHECK, &error),
    }
}

fn writable(town: &Town) -> Finding {
    const CHECK: &str = "files";
    for path in [&town.root, &town.beads_dir(), &town.runtime_dir()] {
        if !path.is_dir() {
            let fix = if path.ends_with(".runtime") {
                "gt makes it again by itself"
            } else {
                "gt install --force lays it out again"
            };
            return Finding::new(CHECK, Health::Error, format!("{} is missing", path.display()), fix);
        }
        if nix::unistd::access(path.as_path(), nix::unistd::AccessFlags::W_OK).is_err() {
            let fix = format!("chmod u+w {}", path.display());
            return Finding::new(CHECK, Health::Error, format!("{} can't be written", path.display()), fix);
        }
    }
    Finding::ok(CHECK, "the town's own can be written")
}

fn sockets(town: &Town, fix: bool) -> Finding {
    const CHECK: &str = "sockets' directory";
    let path = town.socket_path();
    match fs::symlink_metadata(&path) {
        Err(_) => Finding::ok(CHECK, "is made when the first session starts"),
        Ok(meta) if meta.is_dir() && meta.permissions().mode() & 0o077 != 0 => {
            let message = format!("{} is open to others", path.display());
            mendable(CHECK, Health::Error, message, fix, || town.socket_dir().map(|_| ()))
        }
        Ok(_) => match town.socket_dir() {
            Ok(_) => Finding::ok(CHECK, format!("{} is yours alone", path.display())),
            Err(error) => Finding::failed(CHECK, &error),
        },
    }
}
