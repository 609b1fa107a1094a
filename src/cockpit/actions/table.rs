//! The table itself.

use super::{Action, Context, Spec};

macro_rules! table {
    ($($context:ident { $($action:ident, $name:literal, $words:literal, [$($key:literal),*], $bar:literal, $about:literal;)+ })+) => {
        &[$($(Spec {
            action: Action::$action, name: $name, words: $words, about: $about, keys: &[$($key),*], context: Context::$context, bar: $bar,
        }),+),+]
    };
}

/// The table.
pub static TABLE: &[Spec] = table! {
    Main {
        Answer, "answer", "answer", ["a"], 1, "Answer what the selected agent asks, without opening it";
        Open, "open", "type into it", ["enter"], 2, "Type into the selected agent; ctrl-] comes back";
        NextNeeding, "next-needing-you", "needs you", ["n", "] n"], 3, "Go to the next agent that needs you";
        Sling, "sling", "sling work", ["s"], 4, "Give ready beads to workers";
        Message, "message", "message", ["m"], 5, "Write to the selected agent, or to every marked one";
        Filter, "filter", "filter", ["/"], 6, "Show only what matches some words";
        Palette, "palette", "everything", [":", "ctrl-p"], 7, "Find any action, agent, convoy, rig or bead by name";
        Undo, "undo", "undo", ["u"], 8, "Take back the last thing done, where that is possible";
        Zoom, "zoom", "zoom", ["z"], 9, "Show the selected terminal on the whole screen, or go back";
        Help, "help", "all", ["?"], 0, "Show all keys";
        Drain, "drain", "answer all", ["D"], 0, "Answer one agent after the other until nobody asks";
        Explain, "explain", "why", ["e"], 0, "Say why the selected agent is in its state";
        GoTo, "go-to", "go to", ["g o", "ctrl-g"], 0, "Go to an agent, convoy, rig or bead, with a look at it first";
        Jump, "jump", "jump", ["f"], 0, "Put a letter beside everything in sight; the letter goes there";
        Pick, "pick", "pick", ["1", "2", "3", "4", "5", "6", "7", "8", "9"], 0, "Go to the agent in that place";
        LookBack, "look-back", "look back", ["c"], 0, "Look back in the selected agent's terminal: scroll, search, copy, open links";
        SaveSet, "save-set", "keep tiles", ["S"], 0, "Keep the marked agents, or the tiles shown, as a set with a name";
        NextSet, "next-set", "next tiles", ["t"], 0, "Show the next kept set of tiles, after the last all of them";
        ForgetSet, "forget-set", "forget tiles", [], 0, "Forget the set of tiles that is shown";
        Mark, "mark-agent", "mark", ["space"], 0, "Mark what is selected, or take the mark away";
        MarkRange, "mark-range", "mark range", ["v"], 0, "Mark everything from the last mark to here";
        MarkAll, "mark-all", "mark all", ["V"], 0, "Mark everything in the list, or nothing";
        MarkInvert, "mark-invert", "invert marks", ["I"], 0, "Mark what is not marked and the other way round";
        Stop, "stop", "stop", ["X"], 0, "Stop the selected agent, or every marked one; asks first";
        Snooze, "snooze", "hush", ["b"], 0, "Notify of nothing in the selected agent's rig for a quarter of an hour, or again";
        Journal, "journal", "journal", ["L"], 0, "Show what was done from here, what runs, and what was said";
        Down, "down", "down", ["j", "down", "ctrl-n"], 0, "Go down one row";
        Up, "up", "up", ["k", "up"], 0, "Go up one row";
        Top, "top", "first", ["g g", "home"], 0, "Go to the first row";
        Bottom, "bottom", "last", ["G", "end"], 0, "Go to the last row";
        PageDown, "page-down", "page down", ["pgdn", "ctrl-d", "ctrl-f"], 0, "Go down one page";
        PageUp, "page-up", "page up", ["pgup", "ctrl-u", "ctrl-b"], 0, "Go up one page";
        NextPane, "next-pane", "next pane", ["tab", "l", "right"], 0, "Go to the next pane";
        PreviousPane, "previous-pane", "pane before", ["shift-tab", "h", "left"], 0, "Go to the pane before";
        PreviousNeeding, "previous-needing-you", "needs you, before", ["N", "[ n"], 0, "Go to the agent before that needs you";
        LastAgent, "last-agent", "last agent", ["`"], 0, "Go back to the agent you looked at before";
        CopyCommand, "copy-command", "copy command", ["y c"], 0, "Copy the command line that does the same";
        Sort, "sort", "order", ["o"], 0, "Order agents by attention, by rig or by age";
        OnlyNeeding, "only-needing-you", "who needs me", ["i n"], 0, "Show only agents that need you";
        OnlyWorking, "only-working", "who works", ["i w"], 0, "Show only agents at work";
        OnlyDone, "only-done", "who is done", ["i d"], 0, "Show only agents that are done and not looked at yet";
        OnlyIdle, "only-idle", "who is idle", ["i i"], 0, "Show only agents with nothing to do";
        OnlyDead, "only-dead", "who died", ["i x"], 0, "Show only agents whose process is gone";
        Lists, "lists", "lists on/off", ["\\"], 0, "Hide the lists beside the terminal, or show them again";
        Wider, "wider", "wider lists", [">"], 0, "Give the lists more room";
        Narrower, "narrower", "narrower lists", ["<"], 0, "Give the lists less room";
        ViewTown, "town", "town", ["T"], 0, "Show the town: what needs you, agents, convoys, events";
        ViewAgents, "agents", "tiles", ["A"], 0, "Show agents side by side as live terminals";
        ViewConvoys, "convoys", "convoys", ["C"], 0, "Show convoys and who works on what";
        ViewQueue, "queue", "queue", ["Q"], 0, "Show the merge queues";
        ViewHooks, "hooks", "hooks", ["H"], 0, "Show worktrees: what happened on them, what they change, your remarks on it";
        ViewBeads, "beads", "beads", ["B"], 0, "Show all beads: list, board or tree, and each in full";
        ViewMail, "mail", "mail", ["M"], 0, "Show your mail";
        ViewSettings, "settings", "settings", [","], 0, "Show what is set: theme, keys, agents, limits";
        Costs, "costs", "costs", ["$"], 0, "Show what the models cost: by agent, bead, convoy, rig, model and day";
        ViewFeed, "feed", "feed", ["F"], 0, "Show what happened";
        NextTheme, "next-theme", "theme", [], 0, "Change to the next theme";
        Back, "back", "back", ["esc", "backspace"], 0, "Go up one level";
        Suspend, "suspend", "suspend", ["ctrl-z"], 0, "Stop the cockpit; fg brings it back";
        Quit, "quit", "quit", ["q", "ctrl-c"], 0, "Leave the cockpit; agents go on working";
    }
    Beads {
        Open, "bead-open", "read", ["enter"], 1, "Read the selected bead on the whole screen, or go back";
        New, "bead-new", "new", ["c"], 2, "Make a bead";
        Edit, "bead-edit", "edit", ["e"], 3, "Change the selected bead";
        Sling, "bead-sling", "sling", ["s"], 4, "Give the selected bead, or every marked one, to workers";
        Comment, "bead-comment", "remark", ["+"], 5, "Remark on the selected bead";
        Close, "bead-close", "close", ["x"], 6, "Close the selected bead, or every marked one; or open them again";
        Shape, "bead-layout", "layout", ["w"], 7, "List, board or tree";
        ShowClosed, "bead-closed", "done ones", ["."], 0, "Show done beads too, or hide them";
        ReadDown, "bead-read-down", "read on", ["J", "shift-down"], 0, "Go on in the bead's text";
        ReadUp, "bead-read-up", "read back", ["K", "shift-up"], 0, "Go back in the bead's text";
    }
    Mail {
        Open, "mail-open", "read", ["enter"], 1, "Count the selected message, or every marked one, as read";
        Reply, "mail-reply", "reply", ["r"], 2, "Answer the selected message";
        New, "mail-new", "write", ["c"], 3, "Write a message to an agent, a group or a channel";
        Archive, "mail-archive", "put away", ["d"], 4, "Put the selected message away, or every marked one";
        ReadDown, "mail-read-down", "read on", ["J", "shift-down"], 0, "Go on in the message";
        ReadUp, "mail-read-up", "read back", ["K", "shift-up"], 0, "Go back in the message";
    }
    Queue {
        Open, "queue-diff", "diff", ["enter"], 1, "Look at what the selected request changes, and remark on it";
        Approve, "queue-approve", "approve", ["a"], 2, "Let the request be merged that is held or under review, or every marked one";
        StopMerge, "queue-stop", "stop", ["c"], 5, "Stop merging the request, or every marked one, gates too; held until approved";
        Earlier, "queue-earlier", "earlier", ["K"], 6, "Merge the selected request one place earlier";
        Later, "queue-later", "later", ["J"], 7, "Merge the selected request one place later";
        First, "queue-first", "first", ["("], 0, "Merge the selected request before all others of its rig";
        Last, "queue-last", "last", [")"], 0, "Merge the selected request after all others of its rig";
        Retry, "queue-retry", "retry", ["r"], 3, "Have the request tried again, or every marked one";
        Reject, "queue-reject", "reject", ["x"], 4, "Turn the request down, or every marked one, with a reason; branches stay";
        ReadDown, "queue-log-down", "log on", ["}", "shift-down"], 0, "Go on in the log";
        ReadUp, "queue-log-up", "log back", ["{", "shift-up"], 0, "Go back in the log";
    }
    Hooks {
        Open, "hook-open", "look closer", ["enter"], 1, "Go on to what the hook changes; there, remark on a line or fold a file";
        Comment, "hook-remark", "remark", ["c"], 2, "Remark on the line, the range or the hunk at the cursor";
        Message, "hook-send", "send remarks", ["m"], 3, "Send your remarks to the agent, or to its merge request or bead when it has gone";
        Mark, "hook-fine", "hunk is fine", ["space"], 4, "Mark the hunk, or the file, at the cursor as fine and go on; it is folded from then on";
        Reject, "hook-take-out", "take hunk out", ["x"], 5, "Take the hunk at the cursor out of the agent's files, or the remark away";
        Rollback, "hook-rollback", "roll back", ["R"], 6, "Make the worktree what it was at the selected snapshot; asks first";
        Repair, "hook-repair", "heal", ["r"], 7, "Heal the worktree: locks, half-done rebases, lost directories and records";
        NextHunk, "next-hunk", "next hunk", ["}"], 8, "Go to the next hunk";
        PreviousHunk, "previous-hunk", "hunk before", ["{"], 0, "Go to the hunk before";
        NextFile, "next-file", "next file", ["J"], 0, "Go to the next file";
        PreviousFile, "previous-file", "file before", ["K"], 0, "Go to the file before";
        MarkRange, "hook-range", "range", ["v"], 0, "Begin a range of lines to remark on, or end it";
        Wider, "hook-right", "right", [">", "shift-right"], 0, "Show what is further right of long lines";
        Narrower, "hook-left", "left", ["<", "shift-left"], 0, "Go back to the left of long lines";
        Edit, "hook-edit", "edit", ["e"], 0, "Open the file in your editor, at the line of the cursor";
        Archive, "hook-archive", "put away", ["d"], 0, "Remove a worktree whose work is over, or bring it back; nothing is lost";
        ShowClosed, "hook-archived", "put away too", ["."], 0, "Show hooks that were put away too, or hide them";
    }
    Agents {
        Shape, "tiles-layout", "layout", ["w"], 3, "Show 1, 2, 4, 6, 9 or 12 terminals at once, or as many as fit";
    }
    Convoys {
        Open, "convoy-open", "open", ["enter"], 1, "Go to the members, and there to the agent or the bead";
        Sling, "convoy-sling", "sling what is left", ["s"], 2, "Sling the selected bead, or all of the convoy that nobody has";
        ViewHooks, "convoy-hook", "changes", ["H"], 3, "Look at what the selected bead's agent has changed";
    }
    Settings {
        Open, "setting-change", "change", ["enter"], 1, "Change the selected setting";
        Unset, "setting-unset", "take out", ["d"], 2, "Take the selected setting out of its file: the next layer's value holds";
        Edit, "setting-edit", "edit the file", ["e"], 3, "Open settings/cockpit.toml in your editor";
        NextPane, "setting-next-place", "next part", ["tab", "l", "right"], 4, "Go to the next part: agents, roles, budgets and so on";
        PreviousPane, "setting-previous-place", "part before", ["shift-tab", "h", "left"], 0, "Go to the part before";
    }
    Feed {
        Open, "feed-open", "the bead", ["enter"], 1, "Read the bead of the selected event";
        Shape, "feed-topic", "topic", ["w"], 2, "Another topic: trouble, merges, work, messages, every change";
    }
    Costs {
        Open, "costs-open", "go there", ["enter"], 1, "Go to the agent, bead or convoy of the selected row";
        Shape, "costs-by", "by", ["w"], 2, "Add up by agent, bead, convoy, rig or model";
        ShowClosed, "costs-span", "since", ["."], 3, "Today, the last seven days, or ever";
    }
    Typing {
        LookBack, "typing-look-back", "look back", ["shift-pgup"], 2, "Look back in the agent's terminal";
        Leave, "leave", "back to the list", ["ctrl-]"], 1, "Stop typing into the agent; every other key goes to it";
    }
    Filter {
        Accept, "filter-keep", "keep", ["enter"], 1, "Keep the filter and go back to the list";
        Cancel, "filter-clear", "clear", ["esc"], 2, "Show everything again";
    }
    Picker {
        Accept, "choose", "choose", ["enter"], 1, "Do or open what is highlighted";
        Down, "picker-down", "down", ["down", "ctrl-n", "ctrl-j", "tab"], 0, "Go down one row";
        Up, "picker-up", "up", ["up", "ctrl-k", "shift-tab"], 0, "Go up one row";
        PageDown, "picker-page-down", "page down", ["pgdn"], 0, "Go down one page";
        PageUp, "picker-page-up", "page up", ["pgup"], 0, "Go up one page";
        CopyCommand, "picker-copy-command", "copy command", ["ctrl-y"], 3, "Copy the command line that does the same";
        StopTask, "stop-task", "stop", ["ctrl-x"], 0, "Stop what runs and is highlighted in the journal";
        Cancel, "picker-close", "close", ["esc", "ctrl-c"], 2, "Close this";
    }
    Sling {
        Mark, "mark", "mark", ["space"], 1, "Mark the bead, or take the mark away";
        SwitchSide, "switch-side", "beads or target", ["tab", "shift-tab"], 2, "Go on to the other list";
        NextRuntime, "next-runtime", "runtime", ["ctrl-r"], 3, "Choose what the workers run on: claude, codex, script and so on";
        Accept, "sling-now", "sling", ["enter"], 4, "Sling the marked beads to the target";
        Down, "sling-down", "down", ["down", "ctrl-n", "ctrl-j"], 0, "Go down one row";
        Up, "sling-up", "up", ["up", "ctrl-p", "ctrl-k"], 0, "Go up one row";
        PageDown, "sling-page-down", "page down", ["pgdn"], 0, "Go down one page";
        PageUp, "sling-page-up", "page up", ["pgup"], 0, "Go up one page";
        Cancel, "sling-close", "cancel", ["esc", "ctrl-c"], 5, "Close this; nothing is slung";
    }
    Message {
        Send, "send", "send", ["enter"], 1, "Send the message, keep the remark, set the value";
        Cancel, "message-close", "cancel", ["esc", "ctrl-c"], 3, "Close this; nothing is sent";
    }
    Answer {
        Accept, "answer-send", "send", ["enter"], 1, "Send what is written, or the highlighted choice";
        AnswerAll, "answer-all", "same to all", ["ctrl-a"], 2, "Send it to every agent that asks exactly the same";
        NextNeeding, "answer-skip", "skip", ["tab", "ctrl-n"], 3, "Leave this one as it is and go on to the next that asks";
        Open, "answer-open", "type into it", ["ctrl-o"], 4, "Open the agent's terminal instead";
        Down, "answer-down", "down", ["down"], 0, "Highlight the next choice";
        Up, "answer-up", "up", ["up"], 0, "Highlight the choice before";
        Cancel, "answer-close", "close", ["esc", "ctrl-c"], 5, "Close this; nothing is sent";
    }
    Confirm {
        Yes, "confirm-yes", "yes", ["y"], 1, "Do it";
        No, "confirm-no", "no", ["n", "enter", "esc", "ctrl-c"], 2, "Leave everything as it is";
    }
    Jump {
        Cancel, "jump-cancel", "cancel", ["esc", "ctrl-c"], 1, "Stay here";
    }
    Form {
        Send, "form-save", "save", ["ctrl-s", "alt-enter"], 1, "Make or save the bead, send the message";
        SwitchSide, "form-field", "next field", ["tab"], 2, "Go on to the next field";
        PreviousPane, "form-field-before", "field before", ["shift-tab"], 0, "Go back to the field before";
        NextPriority, "form-priority", "priority", ["ctrl-p"], 3, "Another priority";
        NextKind, "form-type", "type", ["ctrl-t"], 4, "Another type";
        NextRig, "form-rig", "rig", ["ctrl-r"], 5, "Another rig, for a new bead";
        Cancel, "form-close", "cancel", ["esc", "ctrl-c"], 6, "Close this; nothing is saved or sent";
    }
    Back {
        Cancel, "back-leave", "back", ["esc", "q", "ctrl-c"], 1, "Stop looking back";
        Mark, "back-select", "select", ["v", "space"], 2, "Begin to select at the cursor, or stop";
        CopyCommand, "back-copy", "copy", ["y"], 3, "Copy what is selected, or the line";
        Filter, "back-search", "search", ["/"], 4, "Search upwards";
        NextNeeding, "back-next", "next match", ["n"], 5, "Go to the next match above";
        PreviousNeeding, "back-previous", "match before", ["N"], 0, "Go to the match below";
        Open, "back-open", "open link", ["enter", "o"], 6, "Open the link or the file under the cursor";
        Down, "back-down", "down", ["j", "down"], 0, "Go down one line";
        Up, "back-up", "up", ["k", "up"], 0, "Go up one line";
        NextPane, "back-right", "right", ["l", "right"], 0, "Go right one column";
        PreviousPane, "back-left", "left", ["h", "left"], 0, "Go left one column";
        PageDown, "back-page-down", "page down", ["pgdn", "ctrl-d", "ctrl-f", "shift-pgdn"], 0, "Go down one page";
        PageUp, "back-page-up", "page up", ["pgup", "ctrl-u", "ctrl-b", "shift-pgup"], 0, "Go up one page";
        Top, "back-top", "first", ["g g", "home"], 0, "Go to the oldest line";
        Bottom, "back-bottom", "last", ["G", "end"], 0, "Go to the newest line";
    }
    Search {
        Accept, "search-go", "search", ["enter"], 1, "Search";
        Cancel, "search-cancel", "cancel", ["esc", "ctrl-c"], 2, "Stay where you are";
    }
    Note {
        Cancel, "note-close", "close", ["esc", "enter", "q", "ctrl-c"], 1, "Close this";
        Down, "note-down", "down", ["j", "down"], 2, "Go down one line";
        Up, "note-up", "up", ["k", "up"], 3, "Go up one line";
        PageDown, "note-page-down", "page down", ["pgdn", "space"], 0, "Go down one page";
        PageUp, "note-page-up", "page up", ["pgup"], 0, "Go up one page";
    }
};
