//! A program's commands as data, read off its parser: for scripts, documents and completion.

use std::fmt::Write;

use clap::builder::StyledStr;
use schemars::JsonSchema;
use serde::Serialize;

/// One command with everything below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Described {
    /// What is typed, for example `gt convoy create`.
    pub path: String,
    /// What it does.
    pub about: String,
    /// Other names of its last word.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<String>,
    /// Its form.
    pub usage: String,
    /// What it takes; what every command takes is told at the top alone.
    pub arguments: Vec<Argument>,
    /// How it is used.
    pub examples: Vec<Example>,
    /// The commands below it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub commands: Vec<Described>,
}

/// Something a command takes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Argument {
    /// Its name.
    pub name: String,
    /// What it means.
    pub about: String,
    /// `-n`, `--limit`; empty for what is known by its place.
    pub flags: Vec<String>,
    /// What stands for its value; nothing for a switch.
    pub value: Option<String>,
    /// Whether it has to be there.
    pub required: bool,
    /// Whether it may be given several times.
    pub many: bool,
    /// What holds without it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub default: Vec<String>,
    /// The values there are, where they are few.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub choices: Vec<String>,
}

/// A command line and what it is good for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Example {
    /// What is typed.
    pub command: String,
    /// What that does, where that has to be said.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub what: String,
}

/// Everything a parser takes, hidden commands and options left out.
pub fn describe(mut command: clap::Command) -> Described {
    command.build();
    one(&command, "", true)
}

fn one(command: &clap::Command, above: &str, top: bool) -> Described {
    let path = [above, command.get_name()].join(" ").trim().to_owned();
    let shown = |arg: &&clap::Arg| {
        !arg.is_hide_set() && (top || !arg.is_global_set()) && !matches!(arg.get_id().as_str(), "help" | "version")
    };
    let usage = command.clone().render_usage().to_string();
    let below = command.get_subcommands().filter(|below| !below.is_hide_set());
    Described {
        about: plain(command.get_long_about().or(command.get_about())),
        aliases: command.get_visible_aliases().map(str::to_owned).collect(),
        usage: usage.trim_start_matches("Usage:").split_whitespace().collect::<Vec<_>>().join(" "),
        arguments: command.get_arguments().filter(shown).map(argument).collect(),
        examples: examples(&plain(command.get_after_long_help().or(command.get_after_help()))),
        commands: below.map(|below| one(below, &path, false)).collect(),
        path,
    }
}

fn plain(text: Option<&StyledStr>) -> String {
    text.map(ToString::to_string).unwrap_or_default()
}

fn argument(arg: &clap::Arg) -> Argument {
    let takes = arg.get_num_args().is_some_and(|count| count.takes_values());
    let short = arg.get_short().map(|short| format!("-{short}"));
    let long = arg.get_long().map(|long| format!("--{long}"));
    let aliases = arg.get_visible_aliases().unwrap_or_default().into_iter().map(|alias| format!("--{alias}"));
    let several = arg.get_num_args().is_some_and(|count| count.max_values() > 1);
    let names = arg.get_value_names().unwrap_or_default().iter().map(|name| name.to_string()).collect::<Vec<_>>();
    Argument {
        name: arg.get_id().to_string(),
        about: plain(arg.get_long_help().or(arg.get_help())),
        flags: short.into_iter().chain(long).chain(aliases).collect(),
        value: takes.then(|| names.join(" ")),
        required: arg.is_required_set(),
        many: several || matches!(arg.get_action(), clap::ArgAction::Append | clap::ArgAction::Count),
        default: if takes {
            let shown = arg.get_default_values().iter().filter(|value| !value.is_empty());
            shown.map(|value| value.to_string_lossy().into_owned()).collect()
        } else {
            Vec::new()
        },
        choices: if takes {
            arg.get_possible_values().iter().filter(|v| !v.is_hide_set()).map(|v| v.get_name().to_owned()).collect()
        } else {
            Vec::new()
        },
    }
}

/// The lines below `Examples:`; what stands behind two or more spaces says what the command does.
fn examples(text: &str) -> Vec<Example> {
    let lines = text.lines().skip_while(|line| line.trim() != "Examples:").skip(1);
    lines
        .take_while(|line| line.starts_with("  "))
        .map(|line| {
            let (command, what) = line.trim().split_once("  ").unwrap_or((line.trim(), ""));
            let what = what.trim().trim_start_matches('#').trim_start();
            Example { command: command.to_owned(), what: what.to_owned() }
        })
        .collect()
}

/// `command` with an `Examples:` part under every command that is called in a line of `text` and has none of its own. A line is
/// a command line, with ` # ` before what it does; lines that begin with `#` are for those who read the file.
pub fn with_examples(command: clap::Command, text: &str) -> clap::Command {
    let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    let words: Vec<Vec<&str>> = lines.iter().map(|line| line.split_whitespace().skip(1).collect()).collect();
    let lines: Vec<Call<'_>> = words.iter().map(Vec::as_slice).zip(lines).collect();
    give(command, &lines)
}

/// The words of a line that are still to be looked at, and the line.
type Call<'l> = (&'l [&'l str], &'l str);

fn give(command: clap::Command, lines: &[Call<'_>]) -> clap::Command {
    let mut own = Vec::new();
    let mut below: Vec<(String, Vec<Call<'_>>)> = Vec::new();
    for &(words, line) in lines {
        let next = words.iter().find(|word| !word.starts_with('-'));
        match next.and_then(|next| command.find_subcommand(next)) {
            Some(sub) => {
                let rest = words.iter().position(|word| !word.starts_with('-')).map_or(words, |at| &words[at + 1..]);
                match below.iter_mut().find(|(name, _)| name == sub.get_name()) {
                    Some((_, lines)) => lines.push((rest, line)),
                    None => below.push((sub.get_name().to_owned(), vec![(rest, line)])),
                }
            }
            None => own.push(line),
        }
    }
    // Nothing is not worth showing as what holds otherwise.
    let mut command = command.mut_args(|arg| {
        let nothing =
            !arg.get_default_values().is_empty() && arg.get_default_values().iter().all(|value| value.is_empty());
        if nothing { arg.hide_default_value(true) } else { arg }
    });
    let rest: Vec<String> = command.get_subcommands().map(|sub| sub.get_name().to_owned()).collect();
    for name in rest.iter().filter(|name| !below.iter().any(|(known, _)| known == *name)) {
        command = command.mut_subcommand(name, |sub| give(sub, &[]));
    }
    for (name, lines) in &below {
        command = command.mut_subcommand(name, |sub| give(sub, lines));
    }
    // A family shows one example of each of its commands.
    if own.is_empty() && command.get_subcommands().next().is_some() {
        own = below.iter().filter_map(|(_, lines)| lines.first().map(|(_, line)| *line)).take(6).collect();
    }
    let has = command
        .get_after_help()
        .or(command.get_after_long_help())
        .is_some_and(|text| text.to_string().contains("Examples:"));
    if own.is_empty() || has { command } else { command.after_help(block(&own)) }
}

fn block(lines: &[&str]) -> String {
    let parted: Vec<(&str, &str)> = lines.iter().map(|line| line.split_once(" # ").unwrap_or((line, ""))).collect();
    let widest = parted.iter().map(|(command, _)| command.trim_end().len()).filter(|len| *len < 56).max().unwrap_or(0);
    let mut text = "Examples:".to_owned();
    for (command, what) in parted {
        let line = format!("\n  {:<widest$}  {}", command.trim_end(), what.trim());
        text.push_str(line.trim_end());
    }
    text
}

/// The page of a program in Markdown: every command with what it takes.
pub fn page(program: &Described) -> String {
    let mut text = String::new();
    let _ =
        writeln!(text, "## {}\n\n{}\n\n<code>{}</code>\n", program.path, safe(&program.about), safe(&program.usage));
    if !program.arguments.is_empty() {
        let _ = writeln!(text, "Every command takes these:\n");
        arguments(&mut text, &program.arguments);
    }
    for command in &program.commands {
        section(&mut text, command);
    }
    text
}

fn section(text: &mut String, command: &Described) {
    let level = "#".repeat(command.path.split(' ').count() + 1);
    let _ = writeln!(text, "{level} {}\n\n{}\n", command.path, safe(&command.about));
    if !command.aliases.is_empty() {
        let _ = writeln!(text, "Also: {}\n", command.aliases.join(", "));
    }
    let _ = writeln!(text, "<code>{}</code>\n", safe(&command.usage));
    if !command.arguments.is_empty() {
        arguments(text, &command.arguments);
    }
    if !command.examples.is_empty() {
        let _ = writeln!(text, "```sh");
        for example in &command.examples {
            let what = if example.what.is_empty() { String::new() } else { format!("  # {}", example.what) };
            let _ = writeln!(text, "{}{what}", example.command);
        }
        let _ = writeln!(text, "```\n");
    }
    for below in &command.commands {
        section(text, below);
    }
}

/// Angle brackets are text here, not HTML.
fn safe(text: &str) -> String {
    text.replace('<', "&lt;").replace('|', "\\|")
}

fn arguments(text: &mut String, all: &[Argument]) {
    let _ = writeln!(text, "| argument | what |\n|---|---|");
    for argument in all {
        let value = argument.value.as_deref().map(|value| format!("<{value}>")).unwrap_or_default();
        let mut form = argument.flags.join(" ");
        if form.is_empty() || !value.is_empty() {
            form = format!("{form} {value}").trim().to_owned();
        }
        let mut about = safe(&argument.about).replace('\n', " ");
        if !argument.choices.is_empty() {
            let _ = write!(about, " ({})", argument.choices.join(", "));
        } else if !argument.default.is_empty() {
            let _ = write!(about, " ({})", argument.default.join(", "));
        }
        let _ = writeln!(text, "| <code>{}</code> | {} |", safe(&form), about.trim());
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program() -> clap::Command {
        let create = clap::Command::new("create")
            .about("Make one")
            .visible_alias("new")
            .arg(clap::Arg::new("name").required(true).value_name("NAME").help("How it is called"))
            .arg(clap::Arg::new("kind").long("kind").short('k').value_parser(["a", "b"]).default_value("a"));
        let program = clap::Command::new("gt").disable_help_subcommand(true);
        program.arg(clap::Arg::new("json").long("json").global(true).num_args(0)).subcommand(
            clap::Command::new("convoy")
                .about("Bundles")
                .subcommand(create)
                .subcommand(clap::Command::new("old").hide(true)),
        )
    }

    #[test]
    fn commands_are_described_with_what_they_take() {
        let text = "# bundles\ngt convoy create \"One\" --kind a # the first\n";
        let all = describe(with_examples(program(), text));
        assert_eq!(all.arguments.len(), 1, "{all:?}");
        let convoy = &all.commands[0];
        assert_eq!((convoy.path.as_str(), convoy.commands.len()), ("gt convoy", 1));
        let create = &convoy.commands[0];
        assert_eq!(create.usage, "gt convoy create [OPTIONS] <NAME>");
        assert_eq!(create.aliases, ["new"]);
        assert_eq!((create.arguments[0].required, create.arguments[1].choices.len()), (true, 2));
        assert_eq!(create.arguments[1].flags, ["-k", "--kind"]);
        assert_eq!(create.examples.len(), 1);
        assert_eq!(create.examples[0].command, "gt convoy create \"One\" --kind a");
        assert_eq!(create.examples[0].what, "the first");
        assert_eq!(convoy.examples, create.examples, "the family shows its commands' first examples");
        let page = page(&all);
        assert!(page.contains("#### gt convoy create") && page.contains("&lt;NAME>"), "{page}");
    }
}
