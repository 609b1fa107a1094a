//! Sessions: records of hosts that are gone, hosts without a record, sockets nobody listens on.

use std::os::unix::net::UnixStream;
use std::path::PathBuf;

use super::{Finding, Health, mendable};
use crate::base::{Result, ResultExt};
use crate::session::registry;
use crate::work::Desk;

pub(super) fn all(desk: &Desk, fix: bool) -> Vec<Finding> {
    vec![records(desk, fix), sockets(desk, fix)]
}

fn records(desk: &Desk, fix: bool) -> Finding {
    const CHECK: &str = "sessions";
    let all = match registry::list(&desk.town) {
        Ok(all) => all,
        Err(error) => return Finding::failed(CHECK, &error),
    };
    let lost: Vec<&str> = all
        .iter()
        .filter(|record| record.exit.is_none() && !record.host_alive())
        .map(|record| record.name.as_str())
        .collect();
    if lost.is_empty() {
        let running = all.iter().filter(|record| registry::is_alive(record)).count();
        return Finding::ok(CHECK, format!("{running} run, each with its host"));
    }
    let message = format!("the host is gone of {}", lost.join(", "));
    mendable(CHECK, Health::Warning, message, fix, || registry::sweep(&desk.town).map(|_| ()))
}

fn sockets(desk: &Desk, fix: bool) -> Finding {
    const CHECK: &str = "sockets";
    let (dead, unknown) = match strays(desk) {
        Ok(found) => found,
        Err(error) => return Finding::failed(CHECK, &error),
    };
    if dead.is_empty() && unknown == 0 {
        return Finding::ok(CHECK, "each has its host, each host its record");
    }
    let message = format!("{} sockets nobody listens on, {unknown} hosts without a record", dead.len());
    mendable(CHECK, Health::Warning, message, fix, || {
        for path in &dead {
            std::fs::remove_file(path).with_context(|| format!("remove {}", path.display()))?;
        }
        registry::recall(&desk.town).map(|_| ())
    })
}

/// Sockets that refuse everybody, and how many hosts listen of which there is no record.
fn strays(desk: &Desk) -> Result<(Vec<PathBuf>, usize)> {
    let known: Vec<PathBuf> =
        registry::list(&desk.town)?.into_iter().filter(registry::is_alive).map(|record| record.socket).collect();
    let (mut dead, mut unknown) = (Vec::new(), 0);
    // Only looked at: making or mending it is a check of its own.
    let directory = desk.town.socket_path();
    if !directory.is_dir() {
        return Ok((dead, unknown));
    }
    for entry in std::fs::read_dir(&directory).with_context(|| format!("read {}", directory.display()))? {
        let path = entry?.path();
        if path.extension().is_none_or(|end| end != "sock") || known.contains(&path) {
            continue;
        }
        match UnixStream::connect(&path) {
            Ok(_) => unknown += 1,
            Err(_) => dead.push(path),
        }
    }
    Ok((dead, unknown))
}
