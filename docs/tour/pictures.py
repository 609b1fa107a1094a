#!/usr/bin/env python3
"""Photographs every view of the cockpit, in several sizes and themes.

usage: pictures.py [--tool PROGRAM] [--gt DIRECTORY] [--town DIRECTORY] [--sizes 80x24,120x40] [--themes dark,light]
                   [--list] [--readme] OUT [NAME...]

PROGRAM takes the pictures: `PROGRAM --size 80x24 --cwd DIR --env K=V STEP... -- COMMAND...`, where the steps are `wait:REGEX`,
`sleep:SECONDS`, `type:TEXT`, `key:NAME` (as tmux names keys) and `shot:FILE.png`; the environment's TOUR_TOOL names it as well.
`--gt` is where the built `gt` and `bd` are; `--town` is where the tour's towns are, or are to be built (a temporary place
otherwise). NAMEs are those that `--list` prints, or beginnings of them; all when there is none. The pictures are called
NAME-SIZE-THEME.png. With `--readme` those of the README are taken, under the names they have there, with few colours so that
they load quickly (that needs Pillow).
"""
import argparse, json, os, shutil, subprocess, sys, tempfile, time

HERE = os.path.dirname(os.path.abspath(__file__))
SIZES = ["80x24", "120x40", "200x60"]
# What is drawn also on the smallest and the largest screens, and in every theme.
EXTREMES = ["60x16", "300x100"]
THEMES = ["light", "high-contrast", "catppuccin", "16", "mono"]


def shot(name, keys="", town="busy", until=None, extremes=False, themes=False, sizes=None, memory=None, args=(), env=()):
    return {"name": name, "keys": keys.split(), "town": town, "until": until, "extremes": extremes, "themes": themes,
            "sizes": sizes, "memory": memory or {}, "args": list(args), "env": list(env)}


# In `keys` a word is a key by its name, or letters to type; `=WORD` waits until the word is on the screen (`_` is a blank).
SHOTS = [
    shot("town", extremes=True, themes=True),
    shot("town-whole", until=r"\$\d", sizes=["120x40"]),
    shot("town-rigs", "Tab"),
    shot("town-filter", "/ cart"),
    shot("town-marks", "Space j Space j j v"),
    shot("town-typing", "Enter"),
    shot("town-jump", "f"),
    shot("town-which", "g", sizes=["80x24", "120x40"]),
    shot("town-read-only", args=["--read-only"], sizes=["120x40"]),
    *[shot(f"agents-{count}", "A", memory={"tiles": count}, extremes=count == 4, themes=count == 6) for count in (1, 2, 4, 6, 9, 12)],
    shot("agents-fit", "A"),
    shot("agents-rigs", "A", memory={"tiles": 6, "sort": "rig"}, sizes=["120x36"]),
    shot("convoys", "C", themes=True, extremes=True),
    shot("convoys-members", "C Enter j"),
    shot("beads-list", "B", themes=True, extremes=True),
    shot("beads-board", "B w", themes=True, extremes=True),
    shot("beads-tree", "B w w"),
    shot("beads-detail", "B /cart_total Enter Enter"),
    shot("beads-edit", "B /cart_total Enter e"),
    shot("beads-new", "B c"),
    shot("queue", "Q j j =cart_case", themes=True, extremes=True),
    shot("queue-held", "Q"),
    shot("hooks", "H", extremes=True),
    shot("hooks-diff", "H /totals Enter Enter", themes=True, extremes=True),
    shot("hooks-history", "H /totals Enter Tab j"),
    shot("mail", "M", themes=True, extremes=True),
    shot("mail-new", "M c", sizes=["120x40"]),
    shot("feed", "F", themes=True),
    shot("feed-topic", "F w", sizes=["120x40"]),
    shot("costs", "$ =together", themes=True, extremes=True),
    shot("costs-model", "$ =together w w w w", sizes=["120x40"]),
    shot("settings", ",", themes=True, extremes=True),
    shot("settings-choose", ", Enter", sizes=["80x24", "120x40"]),
    shot("help", "?", themes=True, extremes=True),
    shot("help-search", "? merge", sizes=["120x40"]),
    shot("palette", ":", themes=True),
    shot("palette-search", ": sling", sizes=["80x24", "120x40"]),
    shot("goto", "g o"),
    shot("sling", "s =P2 Down Down Space Down Down Space", themes=True, extremes=True),
    shot("sling-target", "s =P2 Down Down Space Down Down Space Tab", sizes=["120x40"]),
    shot("answer", "a", themes=True, extremes=True),
    shot("drain", "D", sizes=["80x24", "120x40"]),
    shot("message", "m", sizes=["80x24", "120x40"]),
    shot("explain", "e", sizes=["80x24", "120x40"]),
    shot("journal", "L", sizes=["80x24", "120x40"]),
    shot("confirm", "X", sizes=["80x24", "120x40"]),
    shot("back", "c k k v l l l l", sizes=["80x24", "120x40", "200x60"]),
    shot("error", "Q r", sizes=["80x24", "100x30", "120x40"]),
    shot("refused", "n n n u", sizes=["80x24", "100x30"]),
    shot("first-run", memory={"welcomed": False}, town="empty", sizes=["60x16", "80x24", "120x40", "200x60"], themes=True),
    shot("no-color", env=["NO_COLOR=1"], sizes=["120x40"]),
    *[shot(f"empty-{name}", key, town="empty", sizes=["80x24", "120x40"]) for name, key in
      [("town", ""), ("agents", "A"), ("convoys", "C"), ("beads", "B"), ("queue", "Q"), ("hooks", "H"), ("mail", "M"),
       ("feed", "F"), ("costs", "$"), ("sling", "s")]],
    # Last, because it ends what others photograph.
    shot("ended", "g o rictus Enter X y ~2", sizes=["120x40"]),
]


# The README's pictures: which of the above, how large, in which theme.
README = {"cockpit": ("town-whole", "120x40", "dark"), "answer": ("answer", "100x30", "dark"), "tiles": ("agents-rigs", "120x36", "dark"),
          "sling": ("sling", "120x32", "dark"), "beads": ("beads-board", "120x32", "dark"), "hooks": ("hooks-diff", "120x36", "dark"),
          "queue": ("queue", "110x30", "dark"), "light": ("convoys-members", "120x34", "light")}


def build(place, binaries):
    """The towns of the pictures: a busy one and an empty one."""
    if not os.path.exists(os.path.join(place, "busy", "env.sh")):
        os.makedirs(os.path.join(place, "busy"), exist_ok=True)
        subprocess.run([sys.executable, os.path.join(HERE, "town.py"), os.path.join(place, "busy"), binaries], check=True,
                       stdout=subprocess.DEVNULL)
        time.sleep(3)
    if not os.path.exists(os.path.join(place, "empty", "fresh")):
        base = os.path.join(place, "empty")
        os.makedirs(os.path.join(base, "home"))
        os.makedirs(os.path.join(base, "run"), mode=0o700)
        subprocess.run([os.path.join(binaries, "gt"), "install", os.path.join(base, "fresh")], check=True, stdout=subprocess.DEVNULL,
                       env={**os.environ, **dict(pair.split("=", 1) for pair in surroundings(base, binaries))})


def surroundings(base, binaries):
    return [f"PATH={binaries}:{os.environ['PATH']}", f"HOME={base}/home", f"XDG_RUNTIME_DIR={base}/run", "LANG=C.UTF-8"]


def steps(keys):
    for word in keys:
        if len(word) > 1 and word[0] == "=":
            yield "wait:" + word[1:].replace("_", " ")
        elif len(word) > 1 and word[0] == "~":
            yield "sleep:" + word[1:]
        elif len(word) > 1 and (word[0].isupper() and word.isalnum() or word[1:2] == "-"):
            yield "key:" + word
        else:
            yield "type:" + word.replace("_", " ")
        yield "sleep:0.15"


def shrink(path):
    """Few colours are all a terminal shows, and make a small file."""
    from PIL import Image
    Image.open(path).convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE).save(path, optimize=True)


def take(one, size, theme, options, name=None):
    base = os.path.join(options.town, one["town"])
    town = os.path.join(base, "outback" if one["town"] == "busy" else "fresh")
    with open(os.path.join(town, ".runtime", "cockpit.json"), "w") as file:
        json.dump({"welcomed": True, **one["memory"]}, file)
    picture = os.path.join(options.out, f"{name or '-'.join([one['name'], size, theme])}.png")
    words = [options.tool, "--size", size, "--cwd", town]
    for pair in surroundings(base, options.gt) + one["env"]:
        words += ["--env", pair]
    until = [f"wait:20:{one['until']}"] if one["until"] else []
    words += ["wait: gt › ", "sleep:0.5", *steps(one["keys"]), *until, "sleep:0.6", f"shot:{picture}", "--",
              os.path.join(options.gt, "gt"), "cockpit", "--theme", theme, *one["args"]]
    done = subprocess.run(words, text=True, capture_output=True)
    print(picture if done.returncode == 0 else f"{picture}: {done.stderr.strip()}", flush=True)
    return done.returncode == 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tool", default=os.environ.get("TOUR_TOOL"))
    parser.add_argument("--gt", default=os.path.dirname(shutil.which("gt") or ""))
    parser.add_argument("--town", default=None)
    parser.add_argument("--sizes", type=lambda text: text.split(","), default=None)
    parser.add_argument("--themes", type=lambda text: text.split(","), default=None)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--readme", action="store_true")
    parser.add_argument("out", nargs="?")
    parser.add_argument("names", nargs="*")
    options = parser.parse_intermixed_args()
    if options.list:
        print("\n".join(one["name"] for one in SHOTS))
        return 0
    if not options.tool or not options.gt or not options.out:
        parser.error("OUT, --tool and --gt (or gt in the PATH) are needed")
    options.gt, options.tool, options.out = (os.path.abspath(path) for path in (options.gt, options.tool, options.out))
    options.town = os.path.abspath(options.town or tempfile.mkdtemp(prefix="tour-"))
    os.makedirs(options.out, exist_ok=True)
    build(options.town, options.gt)
    if options.readme:
        for name, (wanted, size, theme) in README.items():
            if options.names and name not in options.names:
                continue
            one = next(one for one in SHOTS if one["name"] == wanted)
            if not take(one, size, theme, options, name):
                return 1
            shrink(os.path.join(options.out, f"{name}.png"))
        return 0
    wanted = [one for one in SHOTS if not options.names or any(one["name"].startswith(name) for name in options.names)]
    good = True
    for one in wanted:
        for size in options.sizes or one["sizes"] or SIZES + (EXTREMES if one["extremes"] else []):
            for theme in options.themes or ["dark"]:
                good &= take(one, size, theme, options)
        for theme in THEMES if one["themes"] and not options.themes and not options.sizes else []:
            good &= take(one, "120x40", theme, options)
    return 0 if good else 1


sys.exit(main())
