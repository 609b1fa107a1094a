//! Installs the programs of `tests/clis.toml` into a cache, each once.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use gastown::base::lock::Lock;

/// How long npm may take before the program counts as one that can't be had here.
const PATIENCE: Duration = Duration::from_secs(300);

/// An installed program.
pub struct Cli {
    pub name: &'static str,
    pub version: String,
    /// A directory that holds it under its own name, for `PATH`.
    pub bin: PathBuf,
}

fn cache() -> Option<PathBuf> {
    let set = |key: &str| std::env::var_os(key).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = set("XDG_CACHE_HOME").or_else(|| Some(set("HOME")?.join(".cache")))?;
    Some(cache.join("gastown-tests"))
}

fn has(program: &str) -> bool {
    std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default())
        .any(|directory| directory.join(program).exists())
}

/// The program, installed; or why it can't be had.
pub fn get(name: &'static str) -> Result<Cli, String> {
    let file: toml::Table = include_str!("../../clis.toml").parse().unwrap();
    let text = |key: &str| file[name].get(key).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
    let (package, version, needs) = (text("package"), text("version"), text("needs"));
    let arch = match std::env::consts::ARCH {
        "x86_64" => "x64",
        "aarch64" => "arm64",
        other => return Err(format!("no build of {name} for {other}")),
    };
    if !needs.is_empty() && !has(&needs) {
        return Err(format!("{name} needs {needs}, which is not here"));
    }
    let cache = cache().ok_or("there is no place for a cache")?;
    let home = cache.join(format!("{name}-{version}"));
    fs::create_dir_all(&cache).map_err(|error| error.to_string())?;
    // Two test runs on one machine install it once.
    let _lock = Lock::acquire(&cache.join(format!("{name}.lock"))).map_err(|error| error.to_string())?;
    if !home.is_dir() {
        install(&cache, &home, &format!("{package}@{version}"))?;
    }
    let program = home.join(text("program").replace("{arch}", arch));
    if !program.exists() {
        return Err(format!("{} was installed, but {} is not there", name, program.display()));
    }
    let bin = home.join("bin");
    fs::create_dir_all(&bin).map_err(|error| error.to_string())?;
    if !bin.join(name).exists() {
        symlink(&program, bin.join(name)).map_err(|error| error.to_string())?;
    }
    Ok(Cli { name, version, bin })
}

fn install(cache: &Path, home: &Path, what: &str) -> Result<(), String> {
    if !has("npm") {
        return Err(format!("npm, which installs {what}, is not here"));
    }
    let making = tempfile::Builder::new().prefix(".making-").tempdir_in(cache).map_err(|error| error.to_string())?;
    let mut npm = Command::new("npm")
        .args(["install", "--no-audit", "--no-fund", "--no-update-notifier", "--ignore-scripts", "--fetch-retries=1"])
        .arg("--prefix")
        .arg(making.path())
        .arg(what)
        .current_dir(making.path())
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(fs::File::create(making.path().join("npm.log")).map_err(|error| error.to_string())?)
        .spawn()
        .map_err(|error| format!("npm: {error}"))?;
    let start = Instant::now();
    let status = loop {
        match npm.try_wait().map_err(|error| error.to_string())? {
            Some(status) => break status,
            None if start.elapsed() > PATIENCE => {
                let _ = npm.kill();
                let _ = npm.wait();
                return Err(format!("npm took longer than {} s for {what}", PATIENCE.as_secs()));
            }
            None => std::thread::sleep(Duration::from_millis(100)),
        }
    };
    if !status.success() {
        let log = fs::read_to_string(making.path().join("npm.log")).unwrap_or_default();
        return Err(format!("npm can't install {what}: {}", log.lines().last().unwrap_or_default()));
    }
    fs::rename(making.keep(), home).map_err(|error| error.to_string())
}
