//! Molecules: cooked formulas as beads of the ledger, and what is done with them.

mod bond;
mod change;
mod distill;
mod follow;
pub mod gate;
mod pattern;
mod pour;
mod read;
mod stale;

pub use bond::{Bond, BondType, Bonded, bond, check_bond, known};
pub use change::{Advance, Burned, Squashed, advance, burn, squash};
pub use distill::{Distilled, distill, distilled};
pub use follow::follow;
pub use gate::{Opened, opened};
pub use pattern::cook_or_pattern;
pub use pour::{LISTED, Pour, Poured, pour};
pub use read::{
    Molecule, Progress, StepState, StepView, Summary, list, load, next_step, of_agent, progress, root_of, state_of,
};
pub use stale::{Stale, WispSweep, collect, stale, wisps};

/// The word between prefix and hash of a molecule's ids.
pub const MOLECULE: &str = "mol";
/// The word between prefix and hash of a wisp's ids.
pub const WISP: &str = "wisp";
