#!/usr/bin/env python3
"""An agent that plays a part: the town of the pictures has no account at any provider.

It finds its bead by what the town tells every agent, looks its part up in parts.json beside it, tells the town by its hooks and
its program status what it does, shows it, and stays. Whatever is typed into it is answered with a line.
"""
import json, os, subprocess, sys, time

HERE = os.path.dirname(os.path.abspath(__file__))
OUT = sys.stdout


def status(words):
    OUT.write(f"\033]7501;state={words}\033\\")


def title(words):
    OUT.write(f"\033]0;{words}\007")


def paint(line):
    """`*` begins a step, `+` and `-` are changed lines, `|` is what a command printed."""
    kind, rest = line[:1], line[1:]
    return {
        "*": f"\033[38;2;143;197;127m●\033[0m {rest.strip()}",
        "+": f"    \033[32m+{rest}\033[0m",
        "-": f"    \033[31m-{rest}\033[0m",
        "|": f"  \033[90m⎿ {rest.strip()}\033[0m",
    }.get(kind, line)


def tell(event, **fields):
    gt = os.environ.get("TOUR_GT", "gt")
    subprocess.run([gt, "hook-event", event], input=json.dumps(fields), text=True, capture_output=True)


def spend(part, conversation):
    """A transcript as the runtime would write it, so that the town knows what the work cost."""
    tokens = part.get("tokens")
    if not tokens:
        return None
    path = os.path.join(HERE, f"{conversation}.jsonl")
    usage = {"input_tokens": tokens // 20, "cache_creation_input_tokens": tokens // 10, "cache_read_input_tokens": tokens,
             "output_tokens": tokens // 30}
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    line = {"type": "assistant", "timestamp": now,
            "message": {"id": "msg_1", "model": part.get("model", "claude-sonnet-4-5"), "role": "assistant", "usage": usage}}
    with open(path, "w") as file:
        file.write(json.dumps(line) + "\n")
    return path


def change(part):
    """What the agent has changed in its worktree by now."""
    def files(texts):
        for path, text in texts.items():
            os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
            with open(path, "w") as file:
                file.write(text)

    for words, texts in part.get("commits", []):
        files(texts)
        subprocess.run(["git", "add", "."], check=True)
        subprocess.run(["git", "commit", "-qm", words], check=True)
    files(part.get("edits", {}))


def main():
    with open(os.path.join(HERE, "parts.json")) as file:
        parts = json.load(file)
    part = parts.get(os.environ.get("GT_BEAD", ""), {"kind": "idle", "lines": ["What shall we do?"]})
    conversation = "c-" + os.environ.get("GT_SESSION", "x")
    transcript = spend(part, conversation)
    fields = {"session_id": conversation, **({"transcript_path": transcript} if transcript else {})}
    tell("SessionStart", **fields, source="startup")
    kind = part["kind"]
    if kind != "limit":
        tell("UserPromptSubmit", **fields, prompt="go on")
    change(part)
    if kind != "limit":
        status("working")
    if "title" in part:
        title(part["title"])
    for line in part["lines"]:
        print(paint(line))
    if kind == "permission":
        status("blocked:kind=permission")
        print("\n" + "\033[90m" + "─" * 60 + "\033[0m")
        print(f" {part['ask']}\n")
        print(" Do you want to proceed?")
        print(" \033[38;2;127;174;230m❯ 1. Yes\033[0m\n   2. Yes, and don't ask again for this command\n   3. No, and say what to do instead")
    elif kind == "question":
        status("blocked:kind=question")
        print(f"\n {part['ask']}\n")
        for number, choice in enumerate(part["choices"], 1):
            print(f" \033[38;2;127;174;230m❯ {number}. {choice}\033[0m" if number == 1 else f"   {number}. {choice}")
    elif kind == "limit":
        print("\n Usage limit reached. It resets at 15:40.")
    elif kind == "idle":
        status("idle")
        title("✳ ready")
        print("\n❯ ")
    else:
        print("\n\033[90m" + "─" * 60 + "\033[0m\n❯ \n\033[90m" + "─" * 60 + "\033[0m")
    OUT.flush()
    while not (kind == "crash" and os.path.exists(os.path.join(HERE, "crash"))):
        if kind == "flood":
            for number in range(200):
                print(f"test cart::case_{number:03} ... \033[32mok\033[0m")
            time.sleep(0.2)
            OUT.flush()
            continue
        if kind == "crash":
            time.sleep(0.2)
            continue
        line = sys.stdin.readline()
        if not line:
            return
        print(f"  {line.strip()}? Good.")
        OUT.flush()
    print("panic: out of memory")
    sys.exit(1)


main()
