//! Whether settings have changed since somebody looked.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};

use super::Town;

/// The settings files of a town or a rig, below its directory.
const FILES: [&str; 3] = ["settings/config.json", "settings/agents.json", "settings/screens.toml"];

impl Town {
    /// A number that is another one whenever a settings file of the town or of one of its rigs was written, made or removed. Asks for
    /// the files' times only.
    pub fn settings_stamp(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        let rigs = self.rigs().unwrap_or_default();
        let files = std::iter::once(self.rigs_file())
            .chain(in_directory(&self.root))
            .chain(rigs.iter().flat_map(|rig| in_directory(&rig.root)));
        for file in files {
            let meta = file.metadata().ok();
            meta.and_then(|meta| Some((meta.modified().ok()?, meta.len()))).hash(&mut hasher);
        }
        hasher.finish()
    }
}

fn in_directory(root: &Path) -> impl Iterator<Item = PathBuf> {
    FILES.map(|name| root.join(name)).into_iter()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_is_seen() {
        let place = tempfile::tempdir().unwrap();
        let town = Town { root: place.path().to_owned(), id: "0".into(), name: "t".into() };
        let mut seen = vec![town.settings_stamp()];
        assert_eq!(town.settings_stamp(), seen[0]);
        std::fs::create_dir(place.path().join("settings")).unwrap();
        for (name, text) in [(FILES[0], "{}"), (FILES[1], "{}"), (FILES[0], "{\"max_agents\": 3}")] {
            std::fs::write(place.path().join(name), text).unwrap();
            let now = town.settings_stamp();
            assert!(!seen.contains(&now), "{name}");
            seen.push(now);
        }
        std::fs::remove_file(place.path().join(FILES[1])).unwrap();
        assert!(!seen.contains(&town.settings_stamp()));
    }
}
