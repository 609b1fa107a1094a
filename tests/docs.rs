//! Every `gt` and `bd` command that our documents name is one that our own parsers take.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};

use clap::CommandFactory;
use clap::error::ErrorKind;
use gastown::base::commands::{Described, describe, page};
use gastown::cockpit::actions::{Context, TABLE};

/// A command as a document names it.
#[derive(Debug, PartialEq, Eq)]
struct Named {
    words: Vec<String>,
    /// In running text a command may be named without what it needs.
    inline: bool,
}

fn documents() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = ["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(|name| root.join(name)).to_vec();
    for directory in ["assets", "docs", "formulas"] {
        walk(&root.join(directory), &mut found);
    }
    found.retain(|path| path.extension().is_some_and(|kind| kind == "md" || kind == "toml"));
    found.sort();
    found
}

fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { walk(&path, found) } else { found.push(path) }
    }
}

fn commands(text: &str) -> Vec<Named> {
    let mut found = Vec::new();
    let mut fenced = false;
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if fenced || line.starts_with("    ") {
            found.extend(shell_line(line.trim(), false));
        } else {
            let spans = line.split('`').skip(1).step_by(2);
            found.extend(spans.flat_map(|span| shell_line(span, true)));
        }
    }
    found
}

fn shell_line(line: &str, inline: bool) -> Vec<Named> {
    let line = line.strip_prefix("$ ").unwrap_or(line);
    let line = line.replace("cargo run --release -- ", "gt ");
    let mut found = Vec::new();
    let mut words: Vec<String> = Vec::new();
    let mut finish = |words: &mut Vec<String>| {
        let words = std::mem::take(words);
        if matches!(words.first().map(String::as_str), Some("gt" | "bd")) {
            found.push(Named { words, inline });
        }
    };
    let mut optional = 0;
    for word in split(&line) {
        match word.as_str() {
            "&&" | "||" | "|" | ";" => finish(&mut words),
            "#" => break,
            word if word.starts_with('#') || word.starts_with('>') => break,
            word => {
                // What stands in brackets may be left away.
                optional += word.matches('[').count();
                let closes = word.matches(']').count();
                if optional == 0 {
                    words.extend(filled_in(word));
                }
                optional -= closes.min(optional);
            }
        }
    }
    finish(&mut words);
    found
}

/// An example in the place of a placeholder.
fn filled_in(word: &str) -> Option<String> {
    if word.is_empty() {
        return Some(String::new());
    }
    let word = word.trim_end_matches("...").trim_end_matches('…');
    if word.is_empty() {
        return None;
    }
    let bare = word.trim_matches(['<', '>', '{', '}']);
    if bare.len() == word.len() {
        return Some(word.to_owned());
    }
    Some(match bare {
        "bead" | "id" | "bead-id" => "gt-abc12".into(),
        "convoy" => "hq-cv-abcde".into(),
        "agent" => "myproject/polecats/nux".into(),
        other => other.replace(' ', "-"),
    })
}

/// Words, with double and single quotes holding them together; quotes around nothing are an empty word.
fn split(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    for c in line.chars() {
        match quote {
            Some(open) if c == open => quote = None,
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            None if c.is_whitespace() => words.extend(word.take()),
            _ => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

fn complaint(named: &Named) -> Option<String> {
    let command = match named.words[0].as_str() {
        "gt" => gastown::cli::Gt::command(),
        _ => gastown::bdcli::Bd::command(),
    };
    let error = command.try_get_matches_from(&named.words).err()?;
    let fine = match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => true,
        ErrorKind::MissingRequiredArgument
        | ErrorKind::MissingSubcommand
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => named.inline,
        _ => false,
    };
    (!fine).then(|| format!("`{}`: {}", named.words.join(" "), error.to_string().lines().next().unwrap_or_default()))
}

#[test]
fn every_command_we_write_about_exists() {
    let mut wrong = Vec::new();
    for path in documents() {
        for named in commands(&std::fs::read_to_string(&path).unwrap()) {
            wrong.extend(complaint(&named).map(|what| format!("{}: {what}", path.display())));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The string literals of a Rust source, as they are written but for escaped quotes and line ends.
fn literals(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut chars = source.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        match c {
            '/' if chars.peek() == Some(&'/') => while chars.next_if(|c| *c != '\n').is_some() {},
            '\'' => {
                // A character, unless it is a lifetime.
                let rest: String = chars.clone().take(3).collect();
                if let Some(end) = rest.char_indices().skip(1).find(|(_, c)| *c == '\'') {
                    chars.nth(rest[..end.0].chars().count());
                }
            }
            '"' | '#' if c == '"' || before == 'r' && chars.peek() == Some(&'"') => {
                let raw = before == 'r';
                let hashed = c == '#';
                if hashed {
                    chars.next();
                }
                let mut text = String::new();
                while let Some(c) = chars.next() {
                    match c {
                        '\\' if !raw => match chars.next() {
                            Some('n') => text.push('\n'),
                            Some('\n') => while chars.next_if(|c| c.is_whitespace()).is_some() {},
                            Some(escaped) => text.push(escaped),
                            None => {}
                        },
                        '"' if !hashed || chars.peek() == Some(&'#') => break,
                        c => text.push(c),
                    }
                }
                found.push(text);
            }
            _ => {}
        }
        before = c;
    }
    found
}

/// What is wrong with the command at the beginning of `words`, which go on in English: as much of it as names a command has to exist.
fn complaint_of_beginning(words: &[String]) -> Option<String> {
    let named = |count: usize| Named { words: words[..count.min(words.len())].to_vec(), inline: true };
    let command = if words[0] == "gt" { gastown::cli::Gt::command() } else { gastown::bdcli::Bd::command() };
    let group = command.find_subcommand(words.get(1)?).is_some_and(clap::Command::is_subcommand_required_set);
    complaint(&named(if group { 3 } else { 2 }))
}

/// What stands behind `gt` in sentences about it.
const VERBS: [&str; 3] = ["makes", "needs", "starts"];

/// What the program itself says: hints, prompts and words to agents in its source.
#[test]
fn every_command_the_program_names_exists() {
    let mut files = Vec::new();
    walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    files.retain(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let (mut wrong, mut seen) = (Vec::new(), 0);
    for path in files {
        for text in literals(&std::fs::read_to_string(&path).unwrap()) {
            let spans = text.split('`').skip(1).step_by(2).map(|span| (span.to_owned(), true));
            let hint = std::iter::once((text.clone(), false)).filter(|(text, _)| !text.contains('`'));
            for (line, whole) in spans.chain(hint) {
                for mut named in shell_line(&line.replace("{}", "{x}"), true) {
                    named
                        .words
                        .iter_mut()
                        .for_each(|word| *word = word.trim_end_matches([',', ';', ':', '.']).to_owned());
                    let second = named.words.get(1).map_or("", String::as_str);
                    // Which command it is may be filled in, and `gt` is a subject too.
                    let unsaid = line.contains(&format!("{} {{", named.words[0]));
                    let half = line.contains(&format!("{} {second} {{", named.words[0]));
                    if unsaid || VERBS.contains(&second) || !second.starts_with(|c: char| c.is_ascii_lowercase()) {
                        continue;
                    }
                    seen += 1;
                    if half && !whole {
                        named.words.truncate(2);
                        named.words.push("--help".into());
                    }
                    let what = if whole { complaint(&named) } else { complaint_of_beginning(&named.words) };
                    wrong.extend(what.map(|what| format!("{}: {line:?}: {what}", path.display())));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen > 150, "only {seen} commands were found in the sources");
}

#[test]
fn literals_are_found_in_sources() {
    let source = "fn a<'a>(x: &'a str) { let c = '\"'; // \"no\"\n f(\"one \\\"two\\\" \\\n   three\", r#\"raw \"x\"\"#, b'\\'', \"`gt x`\"); }";
    assert_eq!(literals(source), ["one \"two\" three", "raw \"x\"", "`gt x`"]);
}

/// The documents that are made from the program, with what they have to be.
fn generated() -> [(&'static str, String); 2] {
    let head = "<!-- Made from the program by: GT_REGENERATE=1 cargo test --test docs -->\n";
    let gt = page(&describe(gastown::cli::documented()));
    let bd = page(&describe(gastown::bdcli::documented()));
    let about = "Every command of `gt` and `bd`, as `--help`, `gt help` and the manual pages show them too.";
    let commands = format!("{head}# Commands\n\n{about}\n\n{}\n\n{}\n", gt.trim_end(), bd.trim_end());
    [("docs/commands.md", commands), ("docs/keys.md", format!("{head}{}", keys()))]
}

/// The keys of the cockpit, by where they work.
fn keys() -> String {
    let mut text = "# Keys of the cockpit\n\nWhat is bound can be changed in `settings/cockpit.toml`, under `[keys]`, by the name in the \
                    last column; `?` in the cockpit shows what holds.\n"
        .to_owned();
    let mut places: Vec<Context> = Vec::new();
    for spec in TABLE {
        if !places.contains(&spec.context) {
            places.push(spec.context);
        }
    }
    for place in places {
        text += &format!("\n## {}\n\n| keys | what | name |\n|---|---|---|\n", place_words(place));
        for spec in TABLE.iter().filter(|spec| spec.context == place) {
            // A vertical bar parts the cells.
            let keys: Vec<String> = spec.keys.iter().map(|key| format!("`{}`", key.replace('|', "\\|"))).collect();
            let keys = keys.join(" ").replace("```", "`` ` ``");
            text += &format!("| {keys} | {} | {} |\n", spec.about, spec.name);
        }
    }
    text
}

#[allow(unreachable_patterns)]
fn place_words(place: Context) -> String {
    match place {
        Context::Main => "Everywhere there are lists".into(),
        Context::Typing => "While typing into an agent".into(),
        Context::Filter => "While filtering".into(),
        Context::Picker => "In what is found by typing: palette, help, journal".into(),
        Context::Sling => "Slinging".into(),
        Context::Message => "Writing a message".into(),
        Context::Answer => "Answering an agent".into(),
        Context::Confirm => "Before something that can't be taken back".into(),
        Context::Jump => "Jumping by letters".into(),
        Context::Note => "Reading".into(),
        Context::Form => "Writing a bead".into(),
        Context::Back => "Looking back in a terminal".into(),
        Context::Search => "Searching in a terminal".into(),
        Context::Beads => "Beads".into(),
        Context::Mail => "Mail".into(),
        Context::Queue => "The merge queue".into(),
        Context::Settings => "Settings".into(),
        other => format!("{other:?}"),
    }
}

#[test]
fn generated_documents_are_up_to_date() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (name, wanted) in generated() {
        let path = root.join(name);
        if std::env::var_os("GT_REGENERATE").is_some() {
            std::fs::write(&path, &wanted).unwrap();
        }
        let there = std::fs::read_to_string(&path).unwrap_or_default();
        let differs = there.lines().zip(wanted.lines()).find(|(there, wanted)| there != wanted);
        assert!(there == wanted, "{name} is out of date ({differs:?}): GT_REGENERATE=1 cargo test --test docs");
    }
}

/// Every command that people see has an example, and every example is a command.
#[test]
fn every_command_has_an_example() {
    fn walk<'d>(command: &'d Described, without: &mut Vec<&'d str>, wrong: &mut Vec<String>) {
        if command.examples.is_empty() && command.path.contains(' ') {
            without.push(&command.path);
        }
        for example in &command.examples {
            let named = shell_line(&example.command, false);
            let ours = ["gt ", "bd ", "claude mcp add "].iter().any(|name| example.command.contains(name));
            assert!(ours, "{}: {}", command.path, example.command);
            wrong.extend(named.iter().filter_map(complaint).map(|what| format!("{}: {what}", command.path)));
        }
        for below in &command.commands {
            walk(below, without, wrong);
        }
    }
    let (gt, bd) = (describe(gastown::cli::documented()), describe(gastown::bdcli::documented()));
    let (mut without, mut wrong) = (Vec::new(), Vec::new());
    walk(&gt, &mut without, &mut wrong);
    walk(&bd, &mut without, &mut wrong);
    assert!(without.is_empty(), "no example: {without:?}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // A line for a command that is no longer there would quietly go to its family.
    for (text, program) in [(include_str!("../assets/help/gt.txt"), &gt), (include_str!("../assets/help/bd.txt"), &bd)]
    {
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let first = words[1];
            assert!(
                program.commands.iter().any(|command| command.path.ends_with(&format!(" {first}"))
                    || command.aliases.iter().any(|alias| alias == first)),
                "{line}"
            );
        }
    }
}

/// What a path of our documents leads to is there.
#[test]
fn links_lead_somewhere() {
    let mut dead = Vec::new();
    for path in documents().into_iter().filter(|path| path.extension().is_some_and(|kind| kind == "md")) {
        let text = std::fs::read_to_string(&path).unwrap();
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let file = target.split('#').next().unwrap_or_default();
            if file.is_empty() || file.contains("://") || file.contains(' ') {
                continue;
            }
            if !path.parent().unwrap().join(file).exists() {
                dead.push(format!("{}: {target}", path.display()));
            }
        }
    }
    assert!(dead.is_empty(), "{}", dead.join("\n"));
}

/// The commands of the description of the existing system, as people know them.
const KNOWN: &str = r#"
gt install ~/gt --git
gt rig add myproject https://example.org/you/repo.git
gt rig list
gt crew add yourname --rig myproject
gt mayor attach
gt mayor detach
gt mayor start --agent auggie
gt config agent list
gt config agent set claude-glm "claude-glm --model glm-4"
gt config default-agent claude-glm
gt config show
gt convoy create "Feature X" gt-abc12 gt-def34 --notify --human
gt convoy create "Auth System" gt-x7k2m gt-p9n4q --notify
gt convoy create "Bug Fixes" --human
gt convoy list
gt convoy show
gt convoy add hq-cv-abc gt-m3k9p gt-w5t2x
gt convoy refresh hq-cv-abc
gt sling gt-abc12 myproject
gt sling gt-abc12 myproject --agent cursor
gt sling gt-m3k9p myproject/my-agent
gt agents
gt prime
gt mail check --inject
gt nudge deacon session-started
gt hooks list
gt hooks repair
gt completion bash
gt completion zsh
gt completion fish
bd formula list
bd cook release --var version=1.2.0
bd mol pour release --var version=1.2.0
bd mol list
"#;

#[test]
fn commands_that_people_know_are_taken() {
    let known: Vec<Named> = KNOWN.lines().flat_map(|line| shell_line(line, false)).collect();
    assert_eq!(known.len(), 34);
    let wrong: Vec<String> = known.iter().filter_map(complaint).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_readme_names_commands_at_all() {
    let readme = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md")).unwrap();
    assert!(commands(&readme).len() >= 15);
    assert!(readme.contains("cargo run --release -- demo") && readme.contains("cargo test"));
}

#[test]
fn the_pictures_of_the_readme_are_there_and_quickly_loaded() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    let paths = readme.split("](").skip(1).filter_map(|rest| rest.split(')').next());
    let mut shown: Vec<&str> = paths.filter(|path| path.starts_with("assets/pictures/")).collect();
    shown.sort_unstable();
    for path in &shown {
        let bytes = std::fs::metadata(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}")).len();
        assert!(bytes < 300_000, "{path} has {bytes} bytes");
    }
    let mut there: Vec<String> = std::fs::read_dir(root.join("assets/pictures"))
        .unwrap()
        .map(|entry| format!("assets/pictures/{}", entry.unwrap().file_name().display()))
        .collect();
    there.sort_unstable();
    assert_eq!(there, shown, "every picture is shown once");
}

/// The check above is worth something only if it can fail.
#[test]
fn the_check_can_fail() {
    let text = "Run `gt frobnicate`, or `gt config agent`.\n\n```sh\ncd x && gt config default-agent <name>  # set it\n$ gt completion\ngt sling-shot\n```\n";
    let named = commands(text);
    let words: Vec<String> = named.iter().map(|named| named.words.join(" ")).collect();
    assert_eq!(
        words,
        ["gt frobnicate", "gt config agent", "gt config default-agent name", "gt completion", "gt sling-shot"]
    );
    let wrong: Vec<bool> = named.iter().map(|named| complaint(named).is_some()).collect();
    assert_eq!(wrong, [true, false, false, true, true]);
    assert_eq!(commands("`gt rig add <name> <url> [--prefix <p>]`")[0].words.join(" "), "gt rig add name url");
    assert_eq!(commands("`bd show <id>...`")[0].words.join(" "), "bd show gt-abc12");
}
