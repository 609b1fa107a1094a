//! opencode's hooks: a plugin of ours in a configuration directory of its own.

use std::path::Path;

use super::Preset;
use crate::base::Result;

/// Writes the plugin; the variables that make opencode read it.
pub(super) fn install(_preset: &Preset, _directory: &Path) -> Result<Option<Vec<(String, String)>>> {
    Ok(None)
}
