#!/usr/bin/env python3
"""Builds the town of the pictures: three rigs, some two dozen beads, agents in every state, a merge queue that is busy, mail.

usage: town.py DIRECTORY [GT_BINARY_DIRECTORY]

Everything in it is real but the agents, which play their parts (player.py). `env.sh` in the directory says how to go in.
"""
import json, os, shutil, subprocess, sys, time

import sources

HERE = os.path.dirname(os.path.abspath(__file__))
BASE = os.path.abspath(sys.argv[1])
BINARIES = os.path.abspath(sys.argv[2]) if len(sys.argv) > 2 else os.path.dirname(shutil.which("gt") or "")
GT, BD = os.path.join(BINARIES, "gt"), os.path.join(BINARIES, "bd")
TOWN = os.path.join(BASE, "outback")
STAGE = os.path.join(BASE, "stage")
ENV = {"PATH": BINARIES + ":" + os.environ["PATH"], "HOME": os.path.join(BASE, "home"), "XDG_RUNTIME_DIR": os.path.join(BASE, "run"),
       "LANG": "C.UTF-8", "TERM": "xterm-256color", "TOUR_GT": GT}


def run(*words, cwd=None, check=True):
    done = subprocess.run(words, cwd=cwd or TOWN, env=ENV, text=True, capture_output=True)
    if check and done.returncode:
        sys.exit(f"{' '.join(words)}\n{done.stdout}{done.stderr}")
    return done.stdout


def wait(what, check):
    end = time.time() + 120
    while not check():
        if time.time() > end:
            sys.exit(f"gave up waiting for {what}")
        time.sleep(0.3)


def settings(path, **keys):
    path = os.path.join(TOWN, path)
    try:
        with open(path) as file:
            found = json.load(file)
    except FileNotFoundError:
        found = {"type": "rig-settings", "version": 1}
    found.update(keys)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        json.dump(found, file, indent=2)


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as file:
        file.write(text)


GATE = """#!/bin/sh
for n in $(seq 1 48); do
  printf '\\033[32mok\\033[0m   cart case %s\\n' "$n"
  while [ -e "STAGE/slow" ] && [ "$n" -gt 40 ]; do sleep 1; done
done
grep -rq BROKEN src && { printf '\\033[31mFAILED\\033[0m the receipt is BROKEN\\n'; exit 1; }
exit 0
""".replace("STAGE", STAGE)


def origin(name):
    work, bare = os.path.join(BASE, "origins", name + "-work"), os.path.join(BASE, "origins", name + ".git")
    write(os.path.join(work, "README.md"), f"# {name}\n")
    for path, text in sources.FILES[name].items():
        write(os.path.join(work, path), text)
    write(os.path.join(work, "test.sh"), GATE)
    for words in (["init", "-q", "-b", "main", work], ["-C", work, "add", "."], ["-C", work, "commit", "-qm", "First commit"],
                  ["clone", "-q", "--bare", work, bare]):
        run("git", *words, cwd=BASE)
    return bare


def bead(rig, title, body="", priority=2, kind="task", labels="", needs=(), parent=None):
    words = [BD, "create", title, "--rig", rig, "-p", str(priority), "-t", kind, "--json"]
    words += ["-d", body] if body else []
    words += ["-l", labels] if labels else []
    words += ["--parent", parent] if parent else []
    words += ["--deps", ",".join(f"blocks:{need}" for need in needs)] if needs else []
    found = json.loads(run(*words))
    return (found[0] if isinstance(found, list) else found)["id"]


def script(rig, title, commands, **more):
    return bead(rig, title, f"Do it.\n\n```sh\n{commands}\n```\n", **more)


def status(identity):
    found = json.loads(run(BD, "show", identity, "--json"))
    return (found[0] if isinstance(found, list) else found)["status"]


PARTS = {}


def plays(identity, kind, lines, **more):
    PARTS[identity] = {"kind": kind, "lines": lines, **more}
    return identity


def build():
    os.makedirs(ENV["HOME"])
    os.makedirs(ENV["XDG_RUNTIME_DIR"], mode=0o700)
    write(os.path.join(ENV["HOME"], ".gitconfig"), "[user]\n\tname = Ada\n\temail = ada@example.org\n")
    os.makedirs(STAGE)
    shutil.copy(os.path.join(HERE, "player.py"), STAGE)
    run(GT, "install", TOWN, "--git", cwd=BASE)
    same = {name: {"provider": name, "command": "python3", "args": [f"{STAGE}/player.py"]} for name in ("claude", "codex")}
    settings("settings/config.json", max_agents=30, agents=same, witness={"nudge_seconds": 86400, "answer_seconds": 86400})
    for rig in ("shop", "api", "docs"):
        run(GT, "rig", "add", rig, origin(rig))
    settings("shop/settings/config.json", merge_queue={"test_command": "sh test.sh", "retry_flaky_tests": 0, "batch_size": 1})
    settings("api/settings/config.json", merge_queue={"strategy": "hold"}, max_polecats=4)

    # What landed before.
    early = [script("shop", title, f"echo {n} > src/early-{n}.txt") for n, title in enumerate(
        ["Fix the flaky cart test", "Show the delivery date", "Upgrade the build image"])]
    early += [script("docs", title, f"echo {n} > src/early-{n}.txt") for n, title in enumerate(["Say how to install", "A page for every error"])]
    run(GT, "convoy", "create", "Dependency updates", early[2])
    run(GT, "sling", *early[:3], "shop", "--agent", "script", "--no-convoy")
    run(GT, "sling", *early[3:], "docs", "--agent", "script", "--no-convoy")
    wait("the first merges", lambda: all(status(one) == "closed" for one in early))

    # What is in the queue now.
    write(os.path.join(STAGE, "slow"), "")
    queued = [script("shop", "Dark mode toggle", "echo dark > src/dark.txt"),
              script("shop", "Mail the receipt in the reader's language", "echo BROKEN > src/mail.txt"),
              script("shop", "Remember the last address", "echo addr > src/address.txt")]
    held = [script("api", "Return problem details as JSON", "echo json > src/problem.txt"),
            script("api", "Version the public routes", "echo v2 > src/routes.txt")]
    run(GT, "sling", queued[0], "shop", "--agent", "script", "--no-convoy")
    run(GT, "sling", *held, "api", "--agent", "script", "--no-convoy")

    # What is to be done.
    epic = bead("shop", "Checkout v2", "One page from cart to thanks.", 1, "epic")
    cart = plays(bead("shop", "Cart totals round wrongly",
                      "Three items at 0.335 come to 1.00, not 1.01.\n\nRound once, at the end.", 1, "bug", "cart,money", parent=epic),
                 "work", ["*Read src/cart.rs", "|214 lines", "*Search for \"round\" in src", "|6 places in 3 files",
                          "*Edit src/cart.rs", "-   let total = lines.map(|l| l.price.round()).sum();",
                          "+   let total = lines.map(|l| l.price).sum::<Money>().round();", "*Bash(cargo test cart)",
                          "|running 48 tests"], title="⠐ Running the cart tests", tokens=820000,
                 commits=[["Round only the sum of a cart", {"src/cart.rs": sources.CART_NOW}]],
                 edits={"tests/cart.rs": sources.CART_TEST, "src/cart.txt": "total = round(sum)\n" * 2 + "total = sum\n" * 10})
    publish = plays(bead("shop", "Publish the command line package", "From main only. Use the dry run first.", 1, "task", "release"),
                    "permission", ["*Read package.json", "*Bash(npm pack)", "|shop-cli-2.4.0.tgz, 31 kB"],
                    ask="Bash(npm publish --dry-run)", title="✳ Publish the package", tokens=310000)
    redis = plays(bead("shop", "Move sessions to Redis", "They are lost at every restart.", 2, "feature", parent=epic),
                  "work", ["*Read src/session.rs", "*Edit src/session.rs", "-   let session = memory.get(id)?;",
                           "+   let session = redis.get(key(id)).await?;", "*Bash(cargo check)", "|Finished in 4.1 s"],
                  title="⠐ Writing the store", tokens=540000, edits={"web/session.ts": sources.SESSION_NOW})
    limit = plays(bead("api", "Rate limit the search route", "429 with Retry-After.", 1, "feature"),
                  "question", ["*Read src/routes/search.rs", "*Read docs/limits.md", "|says nothing of search"],
                  ask="How many searches a minute may one key make?", choices=["60, as the other routes", "20", "Ask the team first"],
                  title="✳ Rate limit", tokens=190000, edits={"api/search.py": sources.SEARCH_NOW})
    pages = plays(bead("api", "Paginate /orders", "By cursor, not by page.", 2, "feature"),
                  "limit", ["*Read src/routes/orders.rs", "*Edit src/routes/orders.rs", "+   let after = query.cursor;"],
                  title="✳ Paginate", tokens=260000, model="gpt-5")
    hook = plays(bead("api", "Retry the webhook with backoff", "It gives up after one failure.", 2, "bug"),
                 "crash", ["*Read src/webhook.rs", "*Bash(cargo test webhook)"], title="⠐ Testing")
    flaky = plays(bead("shop", "Run the cart tests a thousand times", "Find the one that fails.", 3, "chore"),
                  "flood", ["*Bash(seq 1000 | xargs -n1 cargo test)"], title="⠐ A thousand runs", tokens=90000)
    guide = plays(bead("docs", "A guide for the first day", "For people who have never used it.", 2, "task"),
                  "work", ["*Read README.md", "*Write guide/first-day.md", "+ # Your first day", "+ Install it, then open the shop."],
                  title="⠐ Writing the guide", tokens=150000, model="claude-haiku-4-5",
                  commits=[["A guide for the first day", {"guide/first-day.md": sources.GUIDE}]])
    later = [bead("shop", "Pay by invoice", "For companies.", 2, "feature", parent=epic, needs=[cart]),
             bead("shop", "Cart page in the storybook", "", 3, parent=epic),
             bead("shop", "Thank people by name", "日本語 names too.", 3, "feature", parent=epic, needs=[redis]),
             bead("shop", "Ask for the tax number", "", 2, "feature", "tax"),
             bead("api", "Say which field is wrong", "", 2, "bug"),
             bead("api", "Sign webhooks", "", 1, "feature", needs=[hook]),
             bead("api", "Stop logging tokens", "They are in the debug log.", 0, "bug", "security"),
             bead("docs", "Screenshots of the new cart", "", 3, needs=[cart]),
             bead("docs", "Translate the guide", "", 4, needs=[guide])]
    run(BD, "comments", "add", cart, "The accountant says: round once, at the end.")
    run(BD, "comments", "add", publish, "Use the dry run first.")
    write(os.path.join(STAGE, "parts.json"), json.dumps(PARTS))
    run(GT, "sling", queued[1], queued[2], "shop", "--agent", "script", "--no-convoy")
    for identity, rig, agent in [(publish, "shop", "claude"), (cart, "shop", "claude"), (redis, "shop", "codex"),
                                 (flaky, "shop", "claude"), (limit, "api", "claude"), (pages, "api", "codex"), (hook, "api", "claude"),
                                 (guide, "docs", "claude")]:
        run(GT, "sling", identity, rig, "--agent", agent, "--no-convoy")
    # A convoy gives out by itself what in it is ready.
    run(GT, "convoy", "create", "Checkout v2", cart, redis, later[0], later[2], queued[0])
    run(GT, "convoy", "create", "API hardening", limit, hook, later[5], *held)
    run(GT, "crew", "add", "ada", "--rig", "shop")
    run(GT, "mail", "send", "overseer", "-s", "The release needs a name", "-m",
        "2.4.0 is ready but for its name.\n\nThe last three were rivers. Shall we go on with rivers, or call it\nwhat it is?")
    run(GT, "mail", "send", "overseer", "-s", "Two routes have no owner", "-m", "/orders/export and /health. Who looks after them?")
    run(GT, "escalate", "The staging database is out of disk", "--severity", "high", check=False)
    write(os.path.join(BASE, "env.sh"), "".join(f"export {key}='{value}'\n" for key, value in ENV.items()) + f"cd '{TOWN}'\n")


build()
print(f". {BASE}/env.sh && gt")
