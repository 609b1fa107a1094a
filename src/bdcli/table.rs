//! The commands and options that people and programs know of bd: all of them are understood, by their long and their short names.

use clap::{Command, CommandFactory};

use super::Bd;

/// A command, then its options; a long one and its short one are written apart.
const TABLE: &str = "\
init -p -b -q --from-jsonl --skip-hooks --skip-merge-driver --stealth --team --contributor --setup-exclude --force
create -t -p -d --body-file -a -l --deps --parent --id --notes --design --acceptance -e --due --defer --external-ref --ephemeral \
 --mol-type --waits-for --waits-for-gate --rig --prefix --repo -f --silent --dry-run --validate --force --event-category --event-actor \
 --event-target --event-payload --role-type --agent-rig --title --type --priority --description --assignee --labels --estimate --file
new --title
q -t -p -l
show --short --refs --thread
view --short
list -s -t -p -a -l --label-any --parent --all -n --id --title --title-contains --desc-contains --notes-contains --created-after \
 --created-before --updated-after --updated-before --closed-after --closed-before --due-after --due-before --defer-after \
 --defer-before --priority-min --priority-max --no-assignee --no-labels --empty-description --overdue --deferred --pinned --no-pinned \
 --include-templates --include-gates --mol-type --sort -r --pretty --tree --long --format --watch --status --type --priority \
 --assignee --label --limit --reverse --tag
ready -n -p -a -u -l --label-any -t -s --parent --mol-type --include-deferred --pretty --mol --gated --limit --unassigned --sort
blocked --parent
update -s -p -t -a -d --body-file --title --notes --design --acceptance -e --due --defer --parent --add-label --remove-label \
 --set-labels --external-ref --await-id --claim --session --status --priority --type --assignee --description --estimate --unassign
close -r --reason -f --force --session --suggest-next --continue --no-auto
done -r
reopen -r --reason
delete --force --hard --cascade --from-file --reason --dry-run
dep --blocks
dep add -t --type --blocked-by --depends-on
dep remove
dep rm
dep list --direction -t
dep tree --direction -d --status -t --format
dep cycles
dep relate
dep unrelate
label add
label remove
label list
label list-all
comments
comments add -a -f
comment -a -f
search -s -t -p -a -l --label-any -n --sort -r --long --created-after --priority-max --no-assignee
count --by-status --by-priority --by-type --by-assignee --by-label -s -t -p -a -l
stats --no-activity --assigned
status --no-activity --assigned
sync -m --message --dry-run --no-push --no-pull --flush-only --import-only --squash --from-main --status --merge --check \
 --rename-on-import --no-git-history --accept-rebase
export -o -s -t -a -l -p --force --format
import -i -s --dry-run --strict --dedupe-after --rename-on-import --orphan-handling --force --clear-duplicate-external-refs
merge
doctor --fix -y -i --deep --check --check-health --perf -o --source
prime --full --mcp --stealth --export
onboard
quickstart
human
info
where
version
config set
config get
config unset
config list
formula list --type
formula show
formula convert --all --delete --stdout
cook --dry-run --mode --var --persist --force --prefix --search-path
mol pour --var --assignee --attach --attach-type --dry-run
mol wisp --var --dry-run
mol wisp create --var --dry-run
mol wisp list --all
mol wisp gc --age --all
mol list
mol show -p
mol current --for --limit --range
mol progress
mol bond --type --ref --var --as --ephemeral --pour --dry-run
mol squash --summary --keep-children
mol burn --force
mol distill --var
mol stale --blocking --unassigned --all
gate list -a
gate show
gate resolve -r
gate check -t -e --dry-run
gate discover
gate add-waiter
agent state
agent heartbeat
agent show
slot set
slot clear
slot show
epic status
epic close-eligible
defer --until
undefer
stale -d
lint -t
orphans --fix
duplicates --auto-merge
graph --all
duplicate
supersede
swarm create
swarm status
swarm list
swarm validate
state
set-state --reason
merge-slot create
merge-slot check
merge-slot acquire --wait
merge-slot release
hooks install
hooks run
";

const GLOBAL: &str = "--json --actor --db --no-daemon --no-auto-flush --no-auto-import --no-db --readonly --sandbox --allow-stale --lock-timeout -q -v";

fn knows(command: &Command, option: &str) -> bool {
    command.get_arguments().any(|argument| match option.strip_prefix("--") {
        Some(long) => {
            argument.get_long() == Some(long) || argument.get_all_aliases().unwrap_or_default().contains(&long)
        }
        None => {
            let short = option.chars().nth(1);
            argument.get_short() == short && short.is_some()
                || argument.get_all_short_aliases().unwrap_or_default().iter().any(|alias| Some(*alias) == short)
        }
    })
}

#[test]
fn every_command_and_option_of_the_table_is_understood() {
    let mut bd = Bd::command();
    bd.build();
    let mut missing = Vec::new();
    for line in TABLE.lines() {
        let mut command = &bd;
        for word in line.split_whitespace() {
            if word.starts_with('-') {
                if !knows(command, word) {
                    missing.push(format!("{} {word}", command.get_name()));
                }
                continue;
            }
            match command.find_subcommand(word) {
                Some(found) => command = found,
                None => {
                    missing.push(line.to_owned());
                    break;
                }
            }
        }
    }
    missing.extend(GLOBAL.split(' ').filter(|option| !knows(&bd, option)).map(str::to_owned));
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Every command says what it does, and how it is called where that is not plain.
#[test]
fn every_command_explains_itself() {
    fn walk(command: &Command, silent: &mut Vec<String>) {
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            if sub.get_about().is_none() {
                silent.push(sub.get_name().to_owned());
            }
            for argument in sub.get_arguments().filter(|argument| !argument.is_hide_set()) {
                if argument.get_help().is_none() && !argument.is_global_set() {
                    silent.push(format!("{} {}", sub.get_name(), argument.get_id()));
                }
            }
            walk(sub, silent);
        }
    }
    let mut silent = Vec::new();
    walk(&Bd::command(), &mut silent);
    assert!(silent.is_empty(), "{silent:#?}");
}
