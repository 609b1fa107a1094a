// The frame: which view is shown, the counts, the keys.
import { button, fill, h, state, STATES, tick } from "./dom.js";
import { act, connect, hello, logout, town, watch } from "./live.js";
import { ask, confirmThen, doing, newBead, nudge, slingBeads } from "./dialogs.js";
import { needing, VIEWS } from "./panels.js";

const place = document.getElementById("view");
let shown = { view: "town", rest: "" };

function route() {
  const [view, ...rest] = location.hash.replace(/^#\/?/, "").split("/");
  return { view: view in VIEWS ? view : "town", rest: rest.map(decodeURIComponent).join("/") };
}

function go() {
  shown = route();
  delete place.dataset.view;
  delete place.dataset.agent;
  if (shown.view !== "agent") connect("");
  fill(place);
  place.className = "view-" + shown.view;
  VIEWS[shown.view].draw(place, shown.rest);
  tabs();
  document.querySelector("#tabs .now")?.scrollIntoView({ inline: "center", block: "nearest" });
  scrollTo(0, 0);
}

function tabs() {
  const unread = town.town?.unread ?? 0;
  fill(document.getElementById("tabs"), Object.entries(VIEWS).filter(([, view]) => view.title).map(([name, view]) =>
    h("a" + (shown.view === name || (name === "town" && shown.view === "agent") ? ".now" : ""), { href: "#/" + name, "aria-current": shown.view === name ? "page" : null }, view.title, name === "mail" && unread ? h("span.badge", null, unread) : null)));
}

function head() {
  if (!town.town) return;
  const { counts, name, scheduler } = town.town;
  document.getElementById("name").textContent = name;
  document.title = (counts.needs_you ? `(${counts.needs_you}) ` : "") + name + " · Gas Town";
  const some = ["needs_you", "working", "done", "idle", "stuck", "limited", "dead"].filter((key) => counts[key]);
  fill(document.getElementById("counts"), some.map((key) => h("span.count", { "data-count": key }, state(key, true), h("b", null, counts[key]), h("span.word", null, key === "needs_you" && counts[key] > 1 ? "need you" : STATES[key][1]))));
  fill(document.getElementById("tools"), button("Sling …", () => slingBeads([]), { kind: "primary", "data-act": "sling-any" }),
    scheduler.frozen ? button("Thaw", () => doing(act("thaw", {})), { kind: "primary", "data-act": "thaw" })
      : button("Stop all …", () => confirmThen("Freeze every agent at once, and start none? Thaw lets them go on where they were.", "Freeze", () => act("estop", { reason: "from the dashboard" })), { kind: "danger", "data-act": "estop" }));
  banner(scheduler);
}

function banner(scheduler) {
  const element = document.getElementById("banner");
  const why = (halt) => (halt.reason ? `: ${halt.reason}` : "") + ` (${halt.by})`;
  const lines = [];
  if (town.problem) lines.push(h("span.bad", null, town.problem));
  if (scheduler.frozen) lines.push(h("span", null, "The town is frozen" + why(scheduler.frozen)));
  if (scheduler.paused) lines.push(h("span", null, "No agents are started" + why(scheduler.paused)), button("Go on", () => doing(act("resume", {}))));
  if (!town.town.daemon && town.agents.length) lines.push(h("span", null, "The daemon does not run: nothing is merged or started by itself."), button("Start it", () => doing(act("daemon-start", {}))));
  element.hidden = lines.length === 0;
  fill(element, lines);
}

function help() {
  const keys = [["1 … 8", "the views"], ["] or [", "the next or previous agent that needs you"], ["s", "sling"], ["m", "message to the agent shown"], ["b", "new bead"], ["/", "search beads"], ["j k", "down and up in a list"], ["enter", "open"], ["esc", "back"], ["E", "stop all, or thaw"], ["?", "this"]];
  ask("Keys", [], "Close", async () => ({})).querySelector("h2").after(h("dl.keys", null, keys.map(([key, what]) => [h("dt", null, h("kbd", null, key)), h("dd", null, what)])),
    h("p.facts", null, button("Log out", () => logout(), { kind: "quiet" })));
}

function step(by) {
  const links = [...place.querySelectorAll("a.row, .row a.what, a.who")];
  const at = links.indexOf(document.activeElement);
  links[Math.min(Math.max(at + by, 0), links.length - 1)]?.focus();
}

function nextNeeding(by) {
  const all = needing();
  if (!all.length) return;
  const at = all.findIndex((agent) => shown.view === "agent" && agent.address === shown.rest);
  location.hash = "#/agent/" + all[(at + by + all.length) % all.length].address;
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
  if (event.target.matches("input, textarea, select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const view = Object.entries(VIEWS).find(([, view]) => view.key === event.key);
  const keys = {
    "?": help, s: () => slingBeads([]), b: newBead, j: () => step(1), k: () => step(-1), "]": () => nextNeeding(1), "[": () => nextNeeding(-1),
    m: () => shown.view === "agent" && nudge(shown.rest),
    E: () => document.querySelector("[data-act=estop], [data-act=thaw]")?.click(),
    "/": () => { location.hash = "#/beads"; setTimeout(() => document.querySelector("input[type=search]")?.focus(), 50); },
    Escape: () => { location.hash = shown.rest && shown.view !== "agent" ? "#/" + shown.view : "#/town"; },
  };
  const work = view ? () => { location.hash = "#/" + view[0]; } : keys[event.key];
  if (!work) return;
  event.preventDefault();
  work();
});

watch((parts) => {
  if (["town", "agents", "problem"].some((part) => parts.has(part))) head();
  if (parts.has("town")) tabs();
  const view = VIEWS[shown.view];
  const concerns = view.shows.some((part) => parts.has(part));
  // What is being read or marked stays under the reader's eyes.
  const busy = view.once && shown.rest;
  if (concerns && !busy && !place.contains(document.activeElement?.closest?.("input, textarea, select") ?? null)) {
    const focus = document.activeElement?.getAttribute?.("href");
    view.draw(place, shown.rest);
    if (focus) place.querySelector(`a[href="${CSS.escape(focus)}"]`)?.focus({ preventScroll: true });
  }
});

addEventListener("hashchange", go);
setInterval(tick, 20000);
await hello();
connect("");
go();
