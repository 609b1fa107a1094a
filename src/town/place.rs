//! The town: finding it, and where its parts lie.

use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::config::{Document, Format};
use super::{Address, Rig, TownSettings, registry};
use crate::base::{Error, Result, ResultExt, Timestamp, text};

/// The format of `mayor/town.json`.
pub const FORMAT: Format = Format { kind: "town", versions: 1..=2 };

/// The longest socket directory that leaves room for a session's name in the 108 bytes of a socket address.
const MAX_SOCKET_DIR: usize = 60;

/// A town: one directory with all its rigs, agents and beads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Town {
    /// Its directory, absolute and without symbolic links.
    pub root: PathBuf,
    /// Eight hexadecimal digits that name its sockets, made from its directory, so that a copy of a town is another town.
    pub id: String,
    /// Its name for people.
    pub name: String,
}

/// What `mayor/town.json` says.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct TownIdentity {
    /// The town's name for people.
    pub name: String,
    /// Whose town it is.
    pub owner: String,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

impl Town {
    /// The town around `from`, or the one `GT_ROOT` names when that is a town.
    ///
    /// # Errors
    /// [`crate::base::Kind::NotFound`] when there is none; also when its `town.json` is broken.
    pub fn find(from: &Path) -> Result<Town> {
        if let Some(root) = std::env::var_os("GT_ROOT").map(PathBuf::from).filter(|root| is_town(root)) {
            return Town::open(&root);
        }
        Town::around(from)?.ok_or_else(|| {
            Error::not_found(format!("{} is not in a town", from.display()))
                .hint("make one with: gt install ~/gt --git, or go into yours")
        })
    }

    /// The town whose directory `from` is or lies in, whatever `GT_ROOT` says.
    ///
    /// # Errors
    /// When there is one and its `town.json` is broken.
    pub fn around(from: &Path) -> Result<Option<Town>> {
        let from = std::path::absolute(from).unwrap_or_else(|_| from.to_owned());
        // A path through a symbolic link lies in the place it leads to as well.
        let real = from.canonicalize().unwrap_or_else(|_| from.clone());
        real.ancestors().chain(from.ancestors()).find(|directory| is_town(directory)).map(Town::open).transpose()
    }

    /// The town around the working directory, or the one `GT_ROOT` names.
    ///
    /// # Errors
    /// As [`Town::find`].
    pub fn current() -> Result<Town> {
        let from = std::env::current_dir().map_err(|error| {
            Error::failed(format!("the working directory: {error}")).hint("it may have been removed; go to another one")
        })?;
        Town::find(&from)
    }

    /// The town at `root`.
    ///
    /// # Errors
    /// When there is none at `root`, or its `town.json` is broken.
    pub fn open(root: &Path) -> Result<Town> {
        let root = root.canonicalize().with_context(|| format!("town {}", root.display()))?;
        let path = root.join("mayor/town.json");
        let Some(document) = Document::load(&path, &FORMAT)? else {
            return Err(
                Error::not_found(format!("no town at {}", root.display())).hint("make one with: gt install <path>")
            );
        };
        let identity: TownIdentity = document.typed()?;
        let digest = Sha256::digest(root.as_os_str().as_encoded_bytes());
        let id = digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
        let directory_name =
            || root.file_name().map_or_else(|| "town".into(), |name| name.to_string_lossy().into_owned());
        let name = if identity.name.is_empty() { directory_name() } else { identity.name };
        Ok(Town { id, name, root })
    }

    /// What `mayor/town.json` says.
    ///
    /// # Errors
    /// When the file is broken or gone.
    pub fn identity(&self) -> Result<TownIdentity> {
        Document::load(&self.root.join("mayor/town.json"), &FORMAT)?
            .map_or_else(|| Ok(TownIdentity::default()), |d| d.typed())
    }

    /// Where the town's own beads are exported.
    pub fn beads_dir(&self) -> PathBuf {
        self.root.join(".beads")
    }

    /// What is never in git and can be rebuilt.
    pub fn runtime_dir(&self) -> PathBuf {
        self.root.join(".runtime")
    }

    /// The ledger's database.
    pub fn ledger_path(&self) -> PathBuf {
        self.runtime_dir().join("ledger.db")
    }

    /// Where the daemon and the sessions write their logs.
    pub fn logs_dir(&self) -> PathBuf {
        self.runtime_dir().join("logs")
    }

    /// A directory for each session.
    pub fn sessions_dir(&self) -> PathBuf {
        self.runtime_dir().join("sessions")
    }

    /// The lock the daemon holds while it runs.
    pub fn daemon_lock(&self) -> PathBuf {
        self.runtime_dir().join("daemon.lock")
    }

    /// The log of events that other programs may follow.
    pub fn events_file(&self) -> PathBuf {
        self.root.join(".events.jsonl")
    }

    /// The registry of rigs.
    pub fn rigs_file(&self) -> PathBuf {
        self.root.join("mayor/rigs.json")
    }

    /// The town's settings file, which need not exist.
    pub fn settings_file(&self) -> PathBuf {
        self.root.join("settings/config.json")
    }

    /// The town's settings; defaults when the file does not exist.
    ///
    /// # Errors
    /// When the file is broken; names file, line and key.
    pub fn settings(&self) -> Result<TownSettings> {
        TownSettings::load(&self.settings_file())
    }

    /// Where the directory of the sessions' sockets is, or would be.
    pub fn socket_path(&self) -> PathBuf {
        let uid = nix::unistd::getuid();
        let runtime =
            std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|dir| dir.is_absolute() && dir.is_dir());
        runtime
            .map(|dir| dir.join(format!("gt-{}", self.id)))
            .filter(|dir| dir.as_os_str().len() <= MAX_SOCKET_DIR)
            .unwrap_or_else(|| PathBuf::from(format!("/tmp/gt-{uid}-{}", self.id)))
    }

    /// The directory of the sessions' sockets, made when missing and checked: ours alone (0700) and no symbolic link.
    ///
    /// # Errors
    /// [`crate::base::Kind::Refused`] when the directory is someone else's; also when it can't be made.
    pub fn socket_dir(&self) -> Result<PathBuf> {
        let uid = nix::unistd::getuid();
        let path = self.socket_path();
        let what = || format!("socket directory {}", path.display());
        match fs::DirBuilder::new().mode(0o700).create(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error).with_context(what),
            _ => {}
        }
        let found = fs::symlink_metadata(&path).with_context(what)?;
        if !found.is_dir() || found.uid() != uid.as_raw() {
            return Err(Error::refused(format!("{} is not a directory of yours", path.display()))
                .hint("someone else made it; remove it, or set XDG_RUNTIME_DIR to a directory of your own"));
        }
        if found.permissions().mode() & 0o077 != 0 {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).with_context(what)?;
        }
        Ok(path)
    }

    /// All rigs, sorted by name.
    ///
    /// # Errors
    /// When the registry is broken; names file, line and key.
    pub fn rigs(&self) -> Result<Vec<Rig>> {
        registry::read(self)
    }

    /// The rig called `name`.
    ///
    /// # Errors
    /// [`crate::base::Kind::NotFound`] with the nearest name; also when the registry is broken.
    pub fn rig(&self, name: &str) -> Result<Rig> {
        let rigs = self.rigs()?;
        if let Some(rig) = rigs.iter().find(|rig| rig.name == name) {
            return Ok(rig.clone());
        }
        let error = Error::not_found(format!("no rig called {name:?}"));
        let names: Vec<&str> = rigs.iter().map(|rig| rig.name.as_str()).collect();
        Err(match text::nearest(name, names.iter().copied()) {
            Some(near) => error.hint(format!("did you mean {near}?")),
            None if names.is_empty() => error.hint("the town has no rigs yet: gt rig add <name> <url-or-path>"),
            None => error.hint(format!("rigs: {}", names.join(", "))),
        })
    }

    /// The rig in whose directory `path` lies.
    ///
    /// # Errors
    /// When the registry is broken.
    pub fn rig_of_path(&self, path: &Path) -> Result<Option<Rig>> {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let Ok(inside) = path.strip_prefix(&self.root) else { return Ok(None) };
        let Some(first) = inside.components().next() else { return Ok(None) };
        Ok(self.rigs()?.into_iter().find(|rig| first.as_os_str() == rig.name.as_str()))
    }

    /// The directory an agent works in.
    pub fn home(&self, who: &Address) -> PathBuf {
        match who {
            Address::Mayor => self.root.join("mayor"),
            Address::Deacon | Address::Overseer => self.root.clone(),
            Address::Dog(name) => self.root.join("deacon/dogs").join(name),
            Address::Witness(rig) => self.root.join(rig),
            Address::Refinery(rig) => self.root.join(rig).join("refinery/rig"),
            Address::Crew { rig, name } => self.root.join(rig).join("crew").join(name),
            Address::Polecat { rig, name } => self.root.join(rig).join("polecats").join(name),
        }
    }
}

fn is_town(directory: &Path) -> bool {
    directory.join("mayor/town.json").is_file()
}
