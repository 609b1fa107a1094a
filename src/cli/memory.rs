//! `gt remember`, `gt recall`, `gt forget`: short notes that every agent they are for is given when it starts.

use std::io::{self, Write};

use clap::Args;
use serde::Serialize;

use crate::base::report::{self, Output, Paint, Report};
use crate::base::text::neutralise;
use crate::base::{Result, Timestamp};
use crate::town::Role;
use crate::work::memory::{self, Memory};
use crate::work::{Desk, identity};

/// Which rig a note is of.
#[derive(Debug, Args)]
struct Place {
    /// The rig; the one around you by default
    #[arg(long)]
    rig: Option<String>,
    /// Of the whole town
    #[arg(long, conflicts_with = "rig")]
    town: bool,
}

impl Place {
    fn rig(&self, desk: &Desk) -> Result<Option<String>> {
        if self.town {
            return Ok(None);
        }
        if let Some(name) = &self.rig {
            return Ok(Some(desk.town.rig(name)?.name));
        }
        let directory = std::env::current_dir()?;
        Ok(desk.town.rig_of_path(&directory)?.map(|rig| rig.name))
    }
}

/// Keep a short note for the agents to come
#[derive(Debug, Args)]
pub struct Remember {
    /// What it is called
    key: String,
    /// What it says
    text: String,
    /// Only for this role
    #[arg(long)]
    role: Option<Role>,
    #[command(flatten)]
    place: Place,
}

/// Show notes
#[derive(Debug, Args)]
pub struct Recall {
    /// Only those with this word in name or text
    #[arg(default_value = "")]
    word: String,
    #[command(flatten)]
    place: Place,
}

/// Drop a note
#[derive(Debug, Args)]
pub struct Forget {
    /// What it is called
    key: String,
    #[command(flatten)]
    place: Place,
}

impl Remember {
    /// Runs the command.
    ///
    /// # Errors
    /// When the note is too long or can't be written.
    pub fn run(self, out: Output) -> Result<()> {
        let desk = Desk::open_current()?;
        let rig = self.place.rig(&desk)?;
        let by = identity::actor();
        let memory = Memory { key: self.key, text: self.text, role: self.role, rig, by, at: Timestamp::now() };
        memory::remember(&desk, &memory)?;
        report::print(out, &Notes(vec![memory]))
    }
}

impl Recall {
    /// Runs the command.
    ///
    /// # Errors
    /// When a file of notes is broken.
    pub fn run(self, out: Output) -> Result<()> {
        let desk = Desk::open_current()?;
        let rig = self.place.rig(&desk)?;
        report::print(out, &Notes(memory::recall(&desk, rig.as_deref(), &self.word)?))
    }
}

impl Forget {
    /// Runs the command.
    ///
    /// # Errors
    /// When there is no such note.
    pub fn run(self, out: Output) -> Result<()> {
        let desk = Desk::open_current()?;
        let rig = self.place.rig(&desk)?;
        let dropped = memory::forget(&desk, rig.as_deref(), &self.key)?;
        report::print(out, &Forgotten { key: self.key, dropped })
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Notes(Vec<Memory>);

impl Report for Notes {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        if self.0.is_empty() {
            return writeln!(out, "No notes. Keep one: gt remember <key> \"text\"");
        }
        for note in &self.0 {
            let rig = note.rig.as_deref().unwrap_or("town");
            let role = note.role.map(|role| format!(", {role}")).unwrap_or_default();
            let place = paint.dim(&format!("({rig}{role})"));
            writeln!(out, "{} {place} {}", paint.bold(&neutralise(&note.key, true)), neutralise(&note.text, true))?;
        }
        Ok(())
    }
}

#[derive(Serialize)]
struct Forgotten {
    key: String,
    dropped: usize,
}

impl Report for Forgotten {
    fn human(&self, out: &mut dyn Write, paint: Paint) -> io::Result<()> {
        writeln!(out, "{} Forgot {}", paint.green("✓"), neutralise(&self.key, true))
    }
}
