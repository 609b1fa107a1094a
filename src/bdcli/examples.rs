//! How each command is called, shown at the end of its help.

use clap::Command;

/// Commands and calls of them.
const EXAMPLES: &[(&str, &str)] = &[
    (
        "create",
        "bd create \"Login fails with spaces in names\" -t bug -p 1 -d \"Steps: ...\"
bd create \"Write the parser\" --parent gt-abc12 --deps gt-x7k2m,discovered-from:gt-p9n4q
bd create -f plan.md --dry-run",
    ),
    ("q", "bd q \"Look at the flaky test\" -p 3 -l tests"),
    ("show", "bd show gt-abc12\nbd show abc gt-x7k2m --json\nbd show gt-abc12 --history"),
    (
        "list",
        "bd list --status open,in_progress --priority-max 1
bd list --assignee ann --updated-after -7d --sort updated
bd list --parent gt-abc12 --tree
bd list --all -n 0 --format '{{.ID}} {{.Status}} {{.Title}}'",
    ),
    ("ready", "bd ready\nbd ready --unassigned -t bug --json\nbd ready --mol gt-mol-abc12"),
    ("blocked", "bd blocked\nbd blocked --parent gt-abc12 --json"),
    ("search", "bd search login\nbd search \"parser error\" --status closed --long"),
    ("count", "bd count --status open\nbd count --by-assignee"),
    (
        "update",
        "bd update gt-abc12 --claim
bd update gt-abc12 gt-x7k2m -p 0 --add-label urgent
bd update gt-abc12 --parent '' --due 2026-01-31",
    ),
    ("defer", "bd defer gt-abc12 --until +2w\nbd defer gt-abc12"),
    ("undefer", "bd undefer gt-abc12"),
    (
        "close",
        "bd close gt-abc12 --reason \"Fixed in 3f2a9c1\"
bd close gt-abc12 --suggest-next
bd close gt-mol-abc12 --continue",
    ),
    ("reopen", "bd reopen gt-abc12 --reason \"It fails again\""),
    (
        "delete",
        "bd delete gt-abc12\nbd delete gt-abc12 --force --reason \"made by mistake\"\nbd delete --from-file ids.txt --force",
    ),
    (
        "dep",
        "bd dep add gt-abc12 gt-x7k2m              gt-abc12 waits for gt-x7k2m
bd dep gt-x7k2m --blocks gt-abc12         the same
bd dep add gt-abc12 external:api:login    waits until the project api provides login
bd dep tree gt-abc12 --direction both",
    ),
    ("graph", "bd graph gt-abc12\nbd graph --all --format dot"),
    ("label", "bd label add gt-abc12 gt-x7k2m urgent\nbd label list-all"),
    (
        "comments",
        "bd comments gt-abc12\nbd comments add gt-abc12 \"seen again today\"\nbd comments add gt-abc12 -f notes.md",
    ),
    ("comment", "bd comment gt-abc12 \"seen again today\""),
    ("epic", "bd epic status\nbd epic close-eligible --dry-run"),
    ("formula", "bd formula list\nbd formula show release\nbd formula convert old --to toml"),
    ("cook", "bd cook release --dry-run\nbd cook release --var version=1.2.0\nbd cook release --persist"),
    (
        "mol",
        "bd mol pour release --var version=1.2.0
bd mol current
bd mol bond bugfix gt-mol-abc12 --type parallel --var bug=gt-x7k2m
bd mol squash gt-wisp-abc12 --summary \"all well\"",
    ),
    (
        "gate",
        "bd gate list\nbd gate check --escalate\nbd gate discover --branch main\nbd gate resolve gt-abc12 --reason approved",
    ),
    ("agent", "bd agent state gt-abc12 working\nbd agent heartbeat gt-abc12"),
    ("slot", "bd slot set gt-abc12 hook gt-x7k2m\nbd slot clear gt-abc12 hook"),
    (
        "swarm",
        "bd swarm validate gt-abc12\nbd swarm create gt-abc12 --coordinator ann\nbd swarm status gt-abc12 --json",
    ),
    ("state", "bd state gt-abc12\nbd state gt-abc12 health"),
    ("set-state", "bd set-state gt-abc12 health=failing --reason \"three timeouts in a row\""),
    ("merge-slot", "bd merge-slot create\nbd merge-slot acquire --wait\nbd merge-slot release"),
    ("stats", "bd stats\nbd stats --assigned --no-activity --json"),
    (
        "export",
        "bd export > beads.jsonl\nbd export --status open -o open.jsonl\nbd export --format obsidian -o tasks.md",
    ),
    (
        "import",
        "bd import -i beads.jsonl --dry-run\nbd import -i theirs.jsonl --rename-on-import\nbd import --github issues.json\ngit show HEAD~3:.beads/issues.jsonl | bd import -i -",
    ),
    ("undo", "bd undo --dry-run\nbd undo"),
    ("stale", "bd stale --days 14 --status in_progress"),
    ("lint", "bd lint\nbd lint gt-abc12\nbd lint --type bug --status all"),
    ("orphans", "bd orphans --details\nbd orphans --fix"),
    ("duplicates", "bd duplicates\nbd duplicates --auto-merge --dry-run"),
    ("duplicate", "bd duplicate gt-abc12 --of gt-x7k2m"),
    ("supersede", "bd supersede gt-abc12 --with gt-x7k2m"),
    ("doctor", "bd doctor\nbd doctor --fix --dry-run\nbd doctor --perf --json"),
    ("prime", "bd prime"),
    ("man", "bd man | man -l -\nbd man --dir ~/.local/share/man/man1"),
    ("onboard", "bd onboard >> AGENTS.md"),
    ("quickstart", "bd quickstart"),
    ("sync", "bd sync\nbd sync --status\nbd sync --no-push -m \"Plan of the week\"\nbd sync --check"),
    (
        "merge",
        "git config merge.beads.driver 'bd merge %A %O %A %B'\nbd merge out.jsonl base.jsonl ours.jsonl theirs.jsonl",
    ),
    ("config", "bd config set types.custom decision,spike\nbd config set sync-branch beads-sync\nbd config list"),
    ("hooks", "bd hooks install\nbd hooks list"),
    ("init", "bd init --prefix gt\nbd init --branch beads-sync\nbd init --stealth"),
    ("info", "bd info --json"),
    (
        "completion",
        "bd completion bash > /etc/bash_completion.d/bd
bd completion zsh > \"${fpath[1]}/_bd\"
bd completion fish > ~/.config/fish/completions/bd.fish",
    ),
    ("api", "bd api"),
    ("help", "bd help\nbd help dep add"),
    ("where", "bd where"),
    ("version", "bd version --json"),
];

/// Adds its examples to every command that has some.
pub fn add(mut bd: Command) -> Command {
    for (name, calls) in EXAMPLES {
        let text =
            format!("Examples:\n{}", calls.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n"));
        bd = bd.mut_subcommand(name, |command| command.after_help(text));
    }
    bd
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::EXAMPLES;
    use crate::bdcli::Bd;

    /// The words of a call as a shell would see them; what a shell does besides is left out.
    fn words(line: &str) -> Vec<String> {
        let line = line.split(" > ").next().unwrap_or_default().split(" >> ").next().unwrap_or_default();
        let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
        for c in line.chars() {
            match (c, quote) {
                (c, Some(mark)) if c == mark => quote = None,
                ('"' | '\'', None) => {
                    quote = Some(c);
                    word.get_or_insert_default();
                }
                (' ', None) => words.extend(word.take()),
                (c, _) => word.get_or_insert_default().push(c),
            }
        }
        words.extend(word);
        words
    }

    #[test]
    fn every_command_has_examples_and_every_example_is_understood() {
        let bd = Bd::command();
        for command in bd.get_subcommands().filter(|command| !command.is_hide_set()) {
            let name = command.get_name();
            assert!(EXAMPLES.iter().any(|(known, _)| *known == name), "{name} has no examples");
        }
        for (name, calls) in EXAMPLES {
            for call in calls.lines() {
                // Where it is part of a line for git or a shell only the call of bd is ours.
                let Some(at) = call.find("bd ") else { panic!("{name}: {call}") };
                let call = call[at..].split(" | ").next().unwrap_or_default();
                // What stands far to the right is a remark.
                let call = call.split("   ").next().unwrap_or_default().trim_end_matches('\'');
                let parsed = Bd::command().try_get_matches_from(words(call));
                assert!(parsed.is_ok(), "{name}: {call}: {}", parsed.err().map(|e| e.to_string()).unwrap_or_default());
            }
        }
    }
}
