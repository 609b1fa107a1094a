//! `bd comments` and `bd comment`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::context::Context;
use super::{Global, parse, render};
use crate::base::report::Paint;
use crate::base::{Error, Result, text};
use crate::ledger::codec;

/// Reads and adds remarks.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub struct Comments {
    /// The bead whose remarks to show
    #[arg(required = true)]
    id: Option<String>,
    #[command(subcommand)]
    command: Option<CommentsCommand>,
}

/// What `bd comments` can do besides showing.
#[derive(Debug, Subcommand)]
pub enum CommentsCommand {
    /// Add a remark
    Add(Comment),
    /// Take a remark off; bd undo puts it back
    #[command(alias = "rm")]
    Remove {
        /// The bead
        id: String,
        /// The remark's number, as bd comments shows it
        number: i64,
    },
}

/// Adds a remark.
#[derive(Debug, Args)]
pub struct Comment {
    /// The bead
    id: String,
    /// What to say; after -- when it begins with a hyphen
    text: Vec<String>,
    /// Read the text from a file, - for standard input
    #[arg(long, short, value_name = "FILE", conflicts_with = "text")]
    file: Option<PathBuf>,
    /// In whose name
    #[arg(long, short)]
    author: Option<String>,
}

impl Comments {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        match self.command {
            Some(CommentsCommand::Add(add)) => return add.run(global),
            Some(CommentsCommand::Remove { id, number }) => {
                let mut context = Context::open(global)?;
                let comment = context.write(|tx| tx.remove_comment(&id, number))?;
                let human = format!("Remark {number} taken off {}\n", comment.issue_id);
                return render::print_change(context.output, codec::comment_value(&comment), human);
            }
            None => {}
        }
        let context = Context::open(global)?;
        let bead = context.ledger.get(self.id.as_deref().unwrap_or_default())?;
        let paint = Paint::stdout();
        let mut human = String::new();
        for comment in &bead.comments {
            let author = render::clean(&comment.author);
            let head = format!("{} {author}, {}", comment.id, render::ago(comment.created_at));
            human += &format!("{}\n", paint.dim(&head));
            human += &format!("{}\n", text::neutralise(comment.text.trim_end(), false));
        }
        if human.is_empty() {
            human = format!("No remarks on {}.\n", bead.id);
        }
        render::print(context.output, bead.comments.iter().map(codec::comment_value).collect::<Value>(), human)
    }
}

impl Comment {
    /// Runs the command.
    pub fn run(self, global: &Global) -> Result<()> {
        let mut context = Context::open(global)?;
        let text = match &self.file {
            Some(path) => parse::body(path)?,
            None if self.text.is_empty() => {
                return Err(Error::usage("a comment needs a text").hint("bd comment <id> \"what you found\""));
            }
            None => self.text.join(" "),
        };
        let author = self.author.unwrap_or_else(|| context.actor.clone());
        let comment = context.write(|tx| tx.add_comment_by(&self.id, &author, &text))?;
        let human = format!("Remark added to {}\n", comment.issue_id);
        render::print_change(context.output, codec::comment_value(&comment), human)
    }
}
