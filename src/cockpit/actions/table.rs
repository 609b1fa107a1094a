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
        Mark, "mark-agent", "mark", ["space"], 0, "Mark the selected agent, or take the mark away";
        MarkRange, "mark-range", "mark range", ["v"], 0, "Mark everything from the last mark to here";
        MarkAll, "mark-all", "mark all", ["V"], 0, "Mark every agent in the list, or none";
        MarkInvert, "mark-invert", "invert marks", ["I"], 0, "Mark what is not marked and the other way round";
        Stop, "stop", "stop", ["X"], 0, "Stop the selected agent, or every marked one; asks first";
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
        ViewFeed, "feed", "feed", ["F"], 0, "Show what happened";
        NextTheme, "next-theme", "theme", [], 0, "Change to the next theme";
        Back, "back", "back", ["esc", "backspace"], 0, "Go up one level";
        Suspend, "suspend", "suspend", ["ctrl-z"], 0, "Stop the cockpit; fg brings it back";
        Quit, "quit", "quit", ["q", "ctrl-c"], 0, "Leave the cockpit; agents go on working";
    }
    Typing {
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
        Send, "send", "send", ["enter"], 1, "Send the message";
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
    Note {
        Cancel, "note-close", "close", ["esc", "enter", "q", "ctrl-c"], 1, "Close this";
        Down, "note-down", "down", ["j", "down"], 2, "Go down one line";
        Up, "note-up", "up", ["k", "up"], 3, "Go up one line";
        PageDown, "note-page-down", "page down", ["pgdn", "space"], 0, "Go down one page";
        PageUp, "note-page-up", "page up", ["pgup"], 0, "Go up one page";
    }
};
