//! `gt completion`: scripts that teach a shell to complete gt's commands, with the names the town has at that moment.

use clap::Arg;

use crate::base::Result;
use crate::base::complete::{self, Source};
use crate::base::report::{self, Output, Paint, Report};
use crate::view::names;

/// Which shell to write for.
#[derive(Debug, clap::Args)]
pub struct Completion {
    /// The shell
    #[arg(value_parser = clap::builder::PossibleValuesParser::new(complete::shells()))]
    shell: String,
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
        let script = complete::script(&self.shell, "gt")?;
        report::print(output, &Script { shell: self.shell, script })
    }
}

/// Where the values of an argument of the command `path` come from.
pub fn source(path: &str, arg: &Arg) -> Option<Source> {
    let value = arg.get_value_names()?.first()?.as_str();
    let family = path.split(' ').nth(1).unwrap_or_default();
    let find: fn(&str) -> Vec<complete::Candidate> = match (family, value) {
        (_, "FILE") => return Some(Source::Files),
        (_, "DIR" | "PATH" | "CWD") => return Some(Source::Directories),
        ("sling", "BEAD... [TARGET]") => names::targets,
        ("mol", "[BEAD] MOLECULE") => |begun| [names::open_beads(begun), names::formulas(begun)].concat(),
        ("mol", "TARGET") => |begun| [names::open_beads(begun), names::agents(begun)].concat(),
        ("mq", "ID") => names::requests,
        ("escalate", "ID") => names::escalations,
        ("mail", "MESSAGE" | "MESSAGES") => names::letters,
        ("mail", "REPLY_TO") => names::letters,
        ("mail", "QUEUE") => names::queues,
        ("mail", "CHANNEL") => names::channels,
        ("mail", "NAME") if path.contains(" group ") => names::groups,
        ("mail", "NAME") if path.contains(" queue ") => names::queues,
        ("mail", "NAME") if path.contains(" channel ") => names::channels,
        ("mail", "ADDRESS" | "CC" | "MEMBER" | "MEMBERS") => names::addresses,
        ("crew", "NAME") if path != "gt crew add" => names::crew,
        ("dog", "NAME") if path != "gt dog add" => names::dogs,
        ("rig", "NAME") if path != "gt rig add" => names::rigs,
        ("config", "KEY") => names::settings,
        ("config", "NAME") if path != "gt config agent set" => names::presets,
        ("formula", "NAME") => names::formulas,
        (_, "PRESET") => names::presets,
        ("mayor", "AGENT") => names::presets,
        (_, "RIG") => names::rigs,
        (_, "AGENT") if arg.get_long().is_some() => names::presets,
        (_, "AGENT" | "OF" | "TALK" | "FOLLOW" | "ACTOR") if family != "config" => names::agents,
        ("convoy", "ADDRESS" | "NOTIFY" | "OWNER") => names::addresses,
        (_, "CONVOY") => names::convoys,
        (_, "BEAD" | "BEADS" | "ON" | "RELATED") => names::open_beads,
        (_, "FORMULA") => names::formulas,
        _ => return None,
    };
    Some(Source::Found(find))
}
