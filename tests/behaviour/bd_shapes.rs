//! What each command of `bd` prints as JSON: the keys that programs written for other bd programs look for.

use std::path::Path;

use serde_json::Value;

use crate::bd_basics::project;
use crate::support::Sandbox;

/// Runs `bd` with the words of `call` (no word has a space in it) and checks that the answer has the keys of `shape`: `a,b` for an object,
/// `[a,b]` for a list whose first entry has them, `key:…` for what is at a key. ISSUE stands for what every bead has.
fn check(sandbox: &Sandbox, dir: &Path, call: &str, shape: &str) -> Value {
    let mut command = sandbox.command(crate::support::BD);
    command.current_dir(dir).args(call.split(' ')).arg("--json");
    let run = sandbox.run(command);
    assert!(matches!(run.status, Some(0 | 1)), "{call}: {run:?}");
    let answer = run.json();
    for part in shape.split(' ') {
        let mut at = &answer;
        let mut keys = part;
        while let Some((key, rest)) = keys.split_once(':') {
            at = match key {
                "[]" => &at[0],
                key => &at[key],
            };
            keys = rest;
        }
        let keys = keys.replace("ISSUE", "id,title,status,priority,issue_type,created_at,updated_at");
        let (object, keys) = match keys.strip_prefix('[') {
            Some(keys) => (&at[0], keys.trim_end_matches(']')),
            None => (at, keys.as_str()),
        };
        for key in keys.split(',').filter(|key| !key.is_empty()) {
            assert!(object.get(key).is_some(), "{call}: no {key} at {part} in {answer:#}");
        }
    }
    answer
}

#[test]
fn answers_have_the_keys_that_programs_look_for() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    let ask = |call: &str, shape: &str| check(&sandbox, &dir, call, shape);
    ask("create Epic -t epic --id lab-ep", "ISSUE,created_by,owner");
    ask("create Part --parent lab-ep -l x -d why", "ISSUE,description");
    ask("create Other --id lab-o1 -l x,y --deps lab-ep.1", "ISSUE");
    assert_eq!(ask("q Quick", "ISSUE")["title"], "Quick");
    ask("dep add lab-ep.1 lab-ep -t related", "issue_id,depends_on_id,type,status");
    ask("create Blocker --id lab-b1", "ISSUE");
    ask("dep lab-b1 --blocks lab-o1", "blocker_id,blocked_id,type,status");
    ask("comments add lab-o1 said", "id,issue_id,author,text,created_at");
    ask("comment lab-o1 again", "id,issue_id,author,text,created_at");
    let comments = ask("comments lab-o1", "[id,issue_id,author,text,created_at]");
    assert_eq!(comments[1]["text"], "again", "options after the text are options");
    ask("show lab-o1", "[ISSUE,labels,dependencies,comments] []:dependencies:[ISSUE,dependency_type]");
    ask("show lab-ep.1", "[ISSUE,labels,dependencies,dependents,parent]");
    ask("list", "[ISSUE,dependency_count,dependent_count]");
    ask("search Other", "[ISSUE,labels,dependency_count,dependent_count]");
    ask("ready", "[ISSUE]");
    ask("blocked", "[ISSUE,blocked_by_count,blocked_by]");
    ask("dep list lab-o1", "[ISSUE,dependency_type]");
    ask("dep tree lab-o1", "[ISSUE,depth,parent_id,truncated]");
    assert_eq!(ask("dep cycles", ""), serde_json::json!([]));
    ask("dep relate lab-ep lab-o1", "id1,id2,related");
    ask("dep unrelate lab-ep lab-o1", "id1,id2,unrelated");
    ask("dep rm lab-o1 lab-b1", "issue_id,depends_on_id,status");
    ask("label add lab-o1 lab-b1 urgent", "[issue_id,label,status]");
    ask("label remove lab-o1 urgent", "[issue_id,label,status]");
    assert!(ask("label list lab-o1", "")[0].is_string());
    ask("label list-all", "[label,count]");
    ask("count", "count");
    for by in ["status", "priority", "type", "assignee", "label"] {
        ask(&format!("count --by-{by}"), "total,groups groups:[group,count]");
    }
    ask("update lab-o1 -p 1 -a ann", "[ISSUE,assignee]");
    ask("defer lab-o1 --until +2d", "[ISSUE,defer_until]");
    ask("undefer lab-o1", "[ISSUE]");
    ask("close lab-b1", "[ISSUE,closed_at,close_reason,labels]");
    ask("reopen lab-b1", "[ISSUE]");
    assert!(ask("close lab-b1 --suggest-next", "").is_array(), "a plain list when nothing follows");
    ask("close lab-ep.1 --suggest-next", "closed,unblocked closed:[ISSUE] unblocked:[ISSUE]");
    ask("epic status", "[epic,total_children,closed_children,eligible_for_close] []:epic:ISSUE");
    ask("delete lab-b1 --force", "deleted,dependencies_removed,references_updated");
    ask(
        "stats",
        "summary,recent_activity recent_activity:hours_tracked,commit_count,issues_created,issues_closed,total_changes \
         summary:total_issues,open_issues,in_progress_issues,closed_issues,blocked_issues,deferred_issues,ready_issues \
         summary:tombstone_issues,pinned_issues,epics_eligible_for_closure,average_lead_time_hours",
    );
    let quiet = ask("status --no-activity", "summary");
    assert_eq!(quiet.get("recent_activity"), None);
    ask("export -o out.jsonl", "success,exported,skipped,total_issues,output_file");
    ask("import -i out.jsonl", "created,updated,unchanged,repaired,rejected");
    ask("doctor", "path,checks,overall_ok,cli_version,timestamp,platform checks:[name,status,message]");
    ask("info", "database_path,issue_count,mode,daemon_connected,config");
    ask("where", "path,prefix,database_path");
    ask("version", "version,build,branch");
    ask("config set types.custom spike", "key,value");
    ask("config list", "issue_prefix,types.custom");
    ask("graph lab-ep", "root,issues,dependencies,layout layout:Nodes,Layers,MaxLayer,RootID");
    ask("duplicates", "duplicate_groups,groups");
    ask("lint", "total,results results:[id,title,type,missing]");
    ask("create Agent -t agent --id lab-ag", "ISSUE");
    ask("agent state lab-ag working", "agent,agent_state,last_activity");
    ask("agent heartbeat lab-ag", "agent,last_activity");
    ask("slot set lab-ag hook lab-o1", "agent,slot,bead");
    ask("slot show lab-ag", "agent,slots slots:hook,role");
}

#[test]
fn answers_about_molecules_have_the_keys_that_programs_look_for() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    std::fs::create_dir_all(dir.join(".beads/formulas")).unwrap();
    let formula = "formula = \"two\"\n[vars.what]\ndefault = \"it\"\n[[steps]]\nid = \"one\"\ntitle = \"Begin {{what}}\"\n\
                   [[steps]]\nid = \"two\"\ntitle = \"End {{what}}\"\nneeds = [\"one\"]\n[steps.gate]\ntype = \"human\"\n";
    std::fs::write(dir.join(".beads/formulas/two.formula.toml"), formula).unwrap();
    let ask = |call: &str, shape: &str| check(&sandbox, &dir, call, shape);
    ask("formula list", "[name,type,description,source,steps,vars]");
    ask("formula show two", "formula,version,type,vars,steps,source");
    ask("cook two", "formula,steps,source");
    ask("cook two --persist", "proto_id,formula,created,variables");
    let poured = ask(
        "mol pour two --assignee ann",
        "new_epic_id,id_mapping,created,attached,phase id_mapping:two,two.one,two.gate-two",
    );
    let root = poured["new_epic_id"].as_str().unwrap().to_owned();
    let wisp = ask("mol wisp two", "new_epic_id,id_mapping,created,phase");
    assert_eq!((&poured["phase"], &wisp["phase"]), (&"liquid".into(), &"vapor".into()));
    let wisp = wisp["new_epic_id"].as_str().unwrap().to_owned();
    ask("mol wisp list", "wisps,count wisps:[id,title,status,priority,created_at,updated_at]");
    ask("mol wisp gc --dry-run", "cleaned_ids,cleaned_count,dry_run");
    ask(
        &format!("mol show {root}"),
        "root,issues,dependencies,variables,is_compound,bonded_from root:ISSUE issues:[ISSUE]",
    );
    ask(
        &format!("mol current {root}"),
        "[molecule_id,molecule_title,assignee,next_step,steps,completed,total] []:steps:[issue,status,is_current]",
    );
    ask(
        &format!("mol progress {root}"),
        "molecule_id,molecule_title,total,completed,in_progress,current_step_id,percent",
    );
    ask(
        &format!("ready --mol {root}"),
        "molecule_id,molecule_title,total_steps,ready_steps,steps,parallel_groups steps:[issue,parallel_info,parallel_group]",
    );
    ask("mol stale --all", "stale_molecules,total_count,blocking_count");
    let gates = ask("gate list", "[ISSUE,await_type]");
    assert_eq!(gates.as_array().unwrap().len(), 2, "the pattern's gate waits for nothing");
    assert_eq!(ask("mol list", "[id,title,status,total,completed]").as_array().unwrap().len(), 2);
    let step = poured["id_mapping"]["two.one"].as_str().unwrap();
    let closed = ask(
        &format!("close {step} --continue"),
        "closed,continue closed:[ISSUE] continue:closed_step,auto_advanced,molecule_complete,molecule_id",
    );
    assert_eq!(closed["continue"]["closed_step"]["id"], step);
    let gate = poured["id_mapping"]["two.gate-two"].as_str().unwrap();
    ask(&format!("gate show {gate}"), "ISSUE,await_type");
    ask("gate check --dry-run", "checked,resolved,escalated,errors,dry_run");
    ask(&format!("gate resolve {gate}"), "ISSUE");
    ask("ready --gated", "molecules,count molecules:[molecule_id,molecule_title,closed_gate,ready_step]");
    ask(
        &format!("mol squash {wisp} --force"),
        "molecule_id,digest_id,squashed_ids,squashed_count,deleted_count,kept_children",
    );
    ask(&format!("mol bond two {root}"), "result_id,result_type,bond_type,spawned,id_mapping");
    ask(&format!("mol distill {root} again"), "formula_name,formula_path,steps,variables");
    ask(&format!("mol burn {root} --force"), "molecule_id,deleted_ids,deleted_count");
}

#[test]
fn help_shows_how_a_command_is_called() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    for (command, call) in
        [("create", "bd create -f plan.md --dry-run"), ("dep", "--direction both"), ("sync", "bd sync --check")]
    {
        let help = sandbox.bd_in(&dir, [command, "--help"]).ok().stdout;
        assert!(help.contains("Examples:") && help.contains(call), "{help}");
    }
}

#[test]
fn what_was_only_for_a_failure_is_closed_as_not_needed() {
    let sandbox = Sandbox::new();
    let dir = project(&sandbox);
    sandbox.bd_in(&dir, ["create", "Try", "--id", "lab-a1"]).ok();
    sandbox.bd_in(&dir, ["create", "Clean up", "--id", "lab-b2", "--deps", "conditional-blocks:lab-a1"]).ok();
    sandbox.bd_in(&dir, ["create", "After", "--id", "lab-c3", "--deps", "lab-b2"]).ok();
    sandbox.bd_in(&dir, ["close", "lab-a1", "-r", "it worked"]).ok();
    sandbox.bd_in(&dir, ["close", "lab-c3"]).code(4);
    sandbox.bd_in(&dir, ["close", "lab-b2", "-r", "not needed"]).ok();
    sandbox.bd_in(&dir, ["close", "lab-c3"]).ok();
}
