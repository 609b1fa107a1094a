//! `gt completion`: scripts that teach a shell to complete gt's commands.

use clap::CommandFactory;

use super::Gt;
use crate::base::Result;
use crate::base::report::{self, Output, Paint, Report};

/// Which shell to write for.
#[derive(Debug, clap::Args)]
pub struct Completion {
    /// The shell: bash, zsh, fish, elvish or powershell
    shell: clap_complete::Shell,
}

#[derive(serde::Serialize)]
struct Script {
    shell: String,
    script: String,
}

impl Report for Script {
    fn human(&self, out: &mut dyn std::io::Write, _paint: Paint) -> std::io::Result<()> {
        out.write_all(self.script.as_bytes())
    }
}

impl Completion {
    /// Prints the script.
    ///
    /// # Errors
    /// When standard output can't be written.
    pub fn run(self, output: Output) -> Result<()> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Gt::command(), "gt", &mut script);
        let script = String::from_utf8_lossy(&script).into_owned();
        report::print(output, &Script { shell: self.shell.to_string(), script })
    }
}
