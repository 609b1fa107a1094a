//! `gt hook`: what hangs on an agent's hook.

use clap::Args;

use crate::base::Result;
use crate::base::report::{self, Output};
use crate::town::Address;
use crate::work::{Desk, hooked, identity};

/// Show what is on your hook
#[derive(Debug, Args)]
pub struct Hook {
    /// Another agent's
    agent: Option<String>,
}

impl Hook {
    /// Runs the command.
    ///
    /// # Errors
    /// As the command's own work.
    pub fn run(self, out: Output) -> Result<()> {
        let desk = Desk::open_current()?;
        let agent: Address = match self.agent.as_deref() {
            None | Some("show" | "status") => identity::this_agent(&desk.town)?,
            Some(word) => word.parse()?,
        };
        report::print(out, &hooked::hooked(&desk, &agent)?)
    }
}
