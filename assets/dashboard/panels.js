// The views: each draws what the store holds, and asks for more only when it is opened or what it shows has changed.
import { age, aged, bar, button, clock, fill, h, orEmpty, section, state, stateKey } from "./dom.js";
import { act, agentOf, connect, get, town } from "./live.js";
import { ask, confirmThen, doing, nudge, say, slingBeads, newBead, rejectRequest, writeMail } from "./dialogs.js";
import { draw } from "./screen.js";
import { settings } from "./settings.js";

const WANT = { needs_you: 0, dead: 1, stuck: 2 };
const agentLink = (agent) => "#/agent/" + agent.address;
const beadLink = (id) => h("a.id", { href: "#/beads/" + id }, id);

export function needing() {
  return town.agents.filter((agent) => stateKey(agent.state) in WANT)
    .sort((a, b) => WANT[stateKey(a.state)] - WANT[stateKey(b.state)] || String(a.since).localeCompare(String(b.since)));
}

/** The keys that answer what an agent asks. */
function answers(agent) {
  const keys = agent.preset === "script" ? [["r", "retry"], ["s", "skip the step"], ["q", "give up"]] : ["1", "2", "3", "y", "n", "enter", "escape"].map((key) => [key, key]);
  return h("div.acts.answers", { "aria-label": "answers" }, keys.map(([key, label]) => button(label, () => doing(act("answer", { agent: agent.address, key })), { "data-key": key })));
}

function agentRow(agent, brief) {
  // What an agent asks stands once, where it needs somebody; its screen is not to say it again.
  const asks = brief !== true && stateKey(agent.state) in WANT && agent.detail;
  const asked = stateKey(agent.state) === "needs_you" && !brief;
  const said = (line) => asked && (line.includes(agent.detail ?? "\u0000") || (agent.preset === "script" && line.includes("q give up")));
  const tail = brief === true ? [] : (town.tails[agent.session] ?? []).filter((line) => !said(line)).slice(-3);
  return h("li.agent", { "data-agent": agent.address, "data-state": stateKey(agent.state) },
    h("a.row", { href: agentLink(agent) },
      state(agent.state, true),
      h("span.who", null, agent.name),
      h("span.what", null, agent.bead ? h("span.id", null, agent.bead) : null, " ", agent.title ?? agent.role),
      agent.merge ? h("span.note", null, agent.merge) : null,
      h("span.preset", null, agent.preset), aged(agent.since)),
    asks ? h("p.asks", null, agent.detail) : null,
    tail.length ? h("pre.tail", { "aria-hidden": "true" }, tail.join("\n")) : null,
    asked ? answers(agent) : null);
}

function many(count, one, more) {
  return `${count} ${count === 1 ? one : more}`;
}

function agentsByRig() {
  const groups = new Map(town.rigs.map((rig) => [rig.name, []]));
  for (const agent of town.agents) {
    const key = agent.rig ?? "";
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(agent);
  }
  const blocks = [];
  for (const [name, agents] of groups) {
    const rig = town.rigs.find((rig) => rig.name === name);
    if (!name && !agents.length) continue;
    const parked = town.town?.scheduler.parked.includes(name);
    const facts = rig ? [rig.branch, rig.waiting ? `${rig.waiting} wait` : null, parked ? "parked" : null].filter(Boolean).join(" · ") : "";
    const rest = rig && (parked ? button("Use it again", () => doing(act("unpark", { rig: name })), { kind: "quiet", "data-act": "unpark" })
      : button("Park …", () => confirmThen(`Start nothing in ${name} for now? What runs there goes on.`, "Park", () => act("park", { rig: name }), "primary"), { kind: "quiet", "data-act": "park" }));
    blocks.push(h("h3", null, name || "town", h("span.more", null, facts), rest),
      agents.length ? h("ul.agents", null, agents.map((one) => agentRow(one, stateKey(one.state) in WANT))) : h("p.empty", null, "Nobody works here."));
  }
  return blocks;
}

function convoyRow(convoy) {
  const stuck = !convoy.landed && !convoy.active && convoy.done < convoy.total;
  return h("li", { "data-convoy": convoy.id },
    h("a.row", { href: "#/convoys/" + convoy.id },
      h("span.what", null, convoy.title), bar(convoy.done, convoy.total, convoy.active),
      h("span.num", null, `${convoy.done}/${convoy.total}`),
      convoy.landed ? h("span.state.s-done", null, "✓ landed") : convoy.active ? h("span.state.s-working", null, `● ${convoy.active}`)
        : stuck ? h("span.state.s-stuck", null, "◌ waits") : null));
}

function feedRow(line) {
  return h("li.feed." + line.tone, { "data-seq": line.seq },
    h("time", { title: new Date(line.at).toLocaleString() }, clock(line.at)),
    h("span.verb", null, line.what), line.bead ? beadLink(line.bead) : h("span.id"), h("span.what", null, line.text));
}

function queueRow(entry, rig, full) {
  const back = ["conflict", "failed", "held", "review"].includes(entry.state);
  return h("li", { "data-request": entry.id },
    h("div.row", null,
      h("span.state." + (back ? "s-stuck" : entry.state === "ready" ? "s-idle" : "s-working"), null, `${back ? "◌" : entry.state === "ready" ? "○" : "●"} ${entry.state}`),
      beadLink(entry.source), h("a.what", { href: "#/queue/" + entry.id }, entry.title),
      h("span.note", null, full ? entry.worker : rig)),
    entry.reason ? h("p.asks", null, entry.reason) : null,
    full ? h("div.acts", null,
      ["held", "review"].includes(entry.state) ? button("Approve", () => doing(act("mq-approve", { id: entry.id })), { kind: "primary", "data-act": "approve" }) : null,
      button("Try again", () => doing(act("mq-retry", { id: entry.id }))),
      button("Reject …", () => rejectRequest(entry), { kind: "quiet" })) : null);
}

/** The two-second answer: what needs me, what runs, how far it is, what happened. */
function home(place) {
  if (!town.complete) return fill(place, h("p.empty", null, town.problem ?? "Reading the town …"));
  const wanting = needing();
  const queued = town.rigs.flatMap((rig) => rig.queue.map((entry) => queueRow(entry, rig.name)));
  const waiting = town.town?.scheduler.queued ?? [];
  const open = town.convoys.filter((convoy) => !convoy.landed);
  const sentence = town.agents.length ? `Nothing needs you. ${many(town.town?.counts.working ?? 0, "agent is", "agents are")} working.` : "Nothing needs you.";
  fill(place, h("div.columns", null,
    h("div", null,
      section("Needs you", wanting.length ? String(wanting.length) : "", wanting.length ? h("ul.agents", null, wanting.map((one) => agentRow(one))) : h("p.empty.calm", null, sentence)),
      section("Agents", town.town ? `${town.agents.length} of at most ${town.town.scheduler.max_agents}` : "",
        town.agents.length || town.rigs.length ? agentsByRig() : h("p.empty", null, "No rigs yet. ", h("code", null, "gt rig add <name> <url>"), " adds a project.")),
      waiting.length ? section("Waiting", "for a free place", h("ul.lines", null, waiting.map((one) => h("li", null, h("div.row", null, beadLink(one.bead), h("span.what", null, one.reason), h("span.note", null, one.rig)))))) : null),
    h("div", null,
      section("Convoys", h("a", { href: "#/convoys" }, "all"), orEmpty(open.length ? [h("ul.lines", null, open.map(convoyRow))] : [], "No convoy is on its way.")),
      section("Merge queue", h("a", { href: "#/queue" }, "open"), orEmpty(queued.length ? [h("ul.lines", null, queued)] : [], "Nothing waits to be merged.")),
      section("Feed", h("a", { href: "#/feed" }, "more"), orEmpty(town.feed.length ? [h("ul.lines", null, town.feed.slice(0, 14).map(feedRow))] : [], "Nothing has happened yet.")))));
}

/** One agent: its terminal, live, and everything one can do to it. */
function agent(place, address) {
  const one = agentOf(address);
  if (!one) return fill(place, h("p.empty", null, `${address} is not there any more. `, h("a", { href: "#/town" }, "Back to the town")));
  connect(one.session ?? "");
  let box = place.querySelector(".terminal");
  if (place.dataset.agent !== address || !box) {
    place.dataset.agent = address;
    box = h("div.terminal", { role: "img", "aria-label": "the agent's terminal" });
    fill(place, h("section", { "data-panel": "agent" }, h("div.head"), h("div.asked"), box, h("div.acts.keys"), h("div.below")));
  }
  fill(place.querySelector(".head"), h("h2", null, h("span", null, one.address), h("span.more", null, `${one.role} · ${one.preset}`)),
    h("p.facts", null, state(one.state), aged(one.since), one.bead ? beadLink(one.bead) : null, h("span.what", null, one.title ?? ""), one.merge ? h("span.note", null, one.merge) : null));
  const asks = stateKey(one.state) === "needs_you";
  fill(place.querySelector(".asked"), one.detail ? h("p.asks", null, one.detail) : null,
    asks ? answers(one) : null);
  if (town.screen) draw(box, town.screen);
  else if (!box.children.length) fill(box, h("div.row", null, one.session ? "…" : "No session runs."));
  const keys = place.querySelector(".keys");
  if (keys.dataset.for !== address) {
    keys.dataset.for = address;
    fill(keys, button("Message …", () => nudge(address), { kind: "primary", "data-act": "nudge" }),
      button("Diff", () => showDiff(place.querySelector(".below"), address), { "data-act": "diff" }),
      one.bead ? button("Take work back …", () => confirmThen(`Take ${one.bead} back from ${address}? Branch, worktree and snapshots remain.`, "Take back", () => act("unsling", { bead: one.bead })), { kind: "quiet" }) : null,
      button("Stop …", () => confirmThen(`Stop the session of ${address}? Its work stays on its hook.`, "Stop", () => act("stop-session", { agent: address })), { kind: "quiet" }));
  }
}

async function showDiff(place, address) {
  fill(place, h("p.empty", null, "Reading …"));
  try {
    const { diff, cut, hook, snapshots } = await get("diff", { agent: address });
    const lines = diff.split("\n").map((line) => h("div." + (line.startsWith("+") ? "plus" : line.startsWith("-") ? "minus" : line.startsWith("@@") ? "hunk" : line.startsWith("diff ") ? "file" : "same"), null, line || "\u00a0"));
    fill(place, h("p.facts", null, h("span.note", null, hook.state), `${hook.ahead ?? 0} commits ahead of ${hook.target}, ${hook.dirty.length} files not committed, ${snapshots.length} snapshots`),
      diff ? h("div.diff", { tabindex: 0 }, lines) : h("p.empty", null, "Nothing has changed yet."), cut ? h("p.empty", null, "The diff is longer; gt hooks diff shows all of it.") : null,
      snapshots.length ? [h("h3", null, "Snapshots"), h("ul.lines", null, snapshots.slice(-20).reverse().map((one) => h("li", { "data-snapshot": one.number }, h("div.row", null, h("span.num", null, one.number), h("span.what", null, one.why), aged(one.time)))))] : null);
  } catch (error) {
    fill(place, h("p.bad", null, error.message));
  }
}

function convoys(place, id) {
  const one = id && town.convoys.find((convoy) => convoy.id === id);
  const all = [...town.convoys];
  fill(place, section("Convoys", button("New …", () => ask("New convoy", [
    { name: "title", label: "Name", required: true }, { name: "beads", label: "Beads, parted by spaces", required: true }],
    "Make it", ({ title, beads }) => act("convoy-create", { title, beads: beads.split(/[\s,]+/).filter(Boolean) }))),
    orEmpty(all.length ? [h("ul.lines", null, all.map(convoyRow))] : [], "No convoys yet. Slinging makes one.")),
    one ? section(one.title, button("Add beads …", () => ask("Add to " + one.title, [{ name: "beads", label: "Beads, parted by spaces", required: true }],
      "Add", ({ beads }) => act("convoy-add", { id: one.id, beads: beads.split(/[\s,]+/).filter(Boolean) })), { kind: "quiet", "data-act": "convoy-add" }), h("ul.lines", null, one.members.map((bead) => h("li", null, h("div.row", null,
      h("span.state." + (bead.status === "closed" ? "s-done" : bead.agent ? "s-working" : bead.blocked ? "s-stuck" : "s-idle"), null, bead.status === "closed" ? "✓ merged" : bead.agent ? "● working" : bead.blocked ? "◌ blocked" : "○ ready"),
      beadLink(bead.id), h("span.what", null, bead.title), bead.agent ? h("a.note", { href: "#/agent/" + bead.agent }, bead.agent) : null))))) : null);
}

function queue(place, id) {
  fill(place, town.rigs.map((rig) => section(rig.name, `into ${rig.branch}`, orEmpty(rig.queue.length ? [h("ul.lines", null, rig.queue.map((entry) => queueRow(entry, rig.name, true)))] : [], "Nothing waits to be merged."))),
    town.rigs.length ? null : h("p.empty", null, "No rigs yet."), h("div.below"));
  if (!id) return;
  get("request", { id }).then((one) => fill(place.querySelector(".below"), section(one.title || id, id,
    h("dl.facts-list", null, [["state", one.status + (one.reason ? ": " + one.reason : "")], ["branch", `${one.branch} → ${one.target}`], ["bead", beadLink(one.source_issue)], ["worker", one.worker],
      ["commit", one.head.slice(0, 12)], ["merged as", one.merge_commit.slice(0, 12)], ["tried again", one.retry_count ? `${one.retry_count} times` : ""], ["handed in", age(one.created_at)]]
      .filter(([, value]) => value).map(([name, value]) => [h("dt", null, name), h("dd", null, value)])),
    one.log ? h("pre.log", { tabindex: 0 }, one.log) : null)), (error) => say(error.message, true));
}

const LIFE = ["created", "active", "suspended", "completed", "archived"];

function hooks(place, address) {
  fill(place, section("Hooks", "worktrees that keep work", orEmpty(town.hooks.length ? [h("ul.lines", null, town.hooks.map((hook) => h("li", { "data-hook": hook.agent },
    h("div.row", null, h("a.who", { href: "#/hooks/" + hook.agent }, hook.agent),
      h("ol.life", { "aria-label": hook.state }, LIFE.map((step) => h("li" + (step === hook.state ? ".now" : ""), step === hook.state ? { "aria-current": "step" } : null, step))),
      hook.bead ? beadLink(hook.bead) : null, aged(hook.updated_at)),
    h("p.branch", null, hook.branch ?? "no branch", hook.present ? "" : " · worktree missing"))))] : [], "No hooks yet. Slinging a bead makes one.")), h("div.below"));
  if (address) showDiff(place.querySelector(".below"), address);
}

let wanted = { status: "ready", rig: "", text: "" };
const marked = new Set();

function beads(place, id) {
  if (id) return bead(place, id);
  if (place.dataset.view !== "beads") {
    place.dataset.view = "beads";
    const pick = (name, options) => h("select", { "aria-label": name, onchange: (event) => { wanted[name] = event.target.value; listBeads(place); } },
      options.map(([value, label]) => h("option", { value, selected: wanted[name] === value }, label)));
    let later;
    fill(place, section("Beads", button("New …", () => newBead(), { "data-act": "new-bead" }),
      h("div.filters", null, pick("status", [["ready", "ready"], ["", "open"], ["in_progress", "in progress"], ["blocked", "blocked"], ["closed", "closed"], ["all", "all"]]),
        pick("rig", [["", "every rig"], ["hq", "town"], ...town.rigs.map((rig) => [rig.name, rig.name])]),
        h("input", { type: "search", placeholder: "words", "aria-label": "words", value: wanted.text, oninput: (event) => { wanted.text = event.target.value; clearTimeout(later); later = setTimeout(() => listBeads(place), 200); } }),
        button("Sling …", () => slingBeads([...marked]), { kind: "primary", "data-act": "sling" })), h("div.list")));
  }
  listBeads(place);
}

async function listBeads(place) {
  const list = place.querySelector(".list");
  if (!list) return;
  try {
    const { beads, more } = await get("beads", wanted);
    const shown = new Set(beads.map((bead) => bead.id));
    for (const id of marked) if (!shown.has(id)) marked.delete(id);
    fill(list, orEmpty(beads.length ? [h("ul.lines", null, beads.map((bead) => h("li", { "data-bead": bead.id }, h("div.row", null,
      h("input", { type: "checkbox", "aria-label": `mark ${bead.id}`, checked: marked.has(bead.id), onchange: (event) => event.target.checked ? marked.add(bead.id) : marked.delete(bead.id) }),
      beadLink(bead.id), h("span.prio.p" + bead.priority, null, "P" + bead.priority), h("a.what", { href: "#/beads/" + bead.id }, bead.title),
      h("span.note", null, bead.type), h("span.note", null, bead.assignee || bead.rig), aged(bead.updated_at)))))] : [], "No beads like that."),
      more ? h("p.empty", null, "There are more; narrow the list.") : null);
  } catch (error) {
    fill(list, h("p.bad", null, error.message));
  }
}

async function bead(place, id) {
  delete place.dataset.view;
  try {
    const one = await get("bead", { id });
    const part = (title, text) => text ? [h("h3", null, title), h("pre.text", null, text)] : null;
    fill(place, section(one.title, one.id,
      h("p.facts", null, h("span.prio.p" + one.priority, null, "P" + one.priority), one.status, " · ", one.type, " · ", one.rig, one.assignee ? " · " + one.assignee : "", one.labels.map((label) => h("span.note", null, label))),
      h("div.acts", null, one.status === "closed" ? null : [button("Sling …", () => slingBeads([one.id]), { kind: "primary", "data-act": "sling" }),
        button("Close …", () => ask("Close " + one.id, [{ name: "reason", label: "Why", required: true }], "Close it", ({ reason }) => act("bead-close", { id: one.id, reason }).then((said) => { beads(place, id); return said; })), { kind: "quiet", "data-act": "close" })]),
      part("What", one.description), part("Design", one.design), part("Done when", one.acceptance_criteria), part("Notes", one.notes), part("Closed", one.close_reason),
      one.blockers.length ? [h("h3", null, "Waits for"), h("p", null, one.blockers.map((id) => [beadLink(id), " "]))] : null,
      one.comments.length ? [h("h3", null, "Remarks"), one.comments.map((remark) => h("div.remark", null, h("p.facts", null, remark.author, " ", aged(remark.at)), h("pre.text", null, remark.text)))] : null,
      h("h3", null, "What happened"), h("ul.lines", null, one.events.map(feedRow))));
  } catch (error) {
    fill(place, h("p.bad", null, error.message));
  }
}

async function mail(place, id) {
  fill(place, section("Mail", button("Write …", () => writeMail(), { kind: "primary", "data-act": "write" }), orEmpty(town.mail.length ? [h("ul.lines", null, town.mail.map((message) => h("li" + (message.read ? "" : ".unread"), { "data-mail": message.id },
    h("a.row", { href: "#/mail/" + message.id }, h("span.glyph", null, message.read ? " " : "●"), h("span.who", null, message.from), h("span.what", null, message.subject), aged(message.timestamp)))))] : [], "No mail.")), h("div.below"));
  if (!id) return;
  try {
    const { thread } = await get("message", { id });
    fill(place.querySelector(".below"), section(thread[0]?.subject ?? id, "", thread.slice().reverse().map((message) => h("article.letter", null,
      h("p.facts", null, message.from, " → ", message.to, " ", aged(message.timestamp)), h("pre.text", null, message.body))),
      h("div.acts", null, button("Answer …", () => ask("Answer", [{ name: "text", label: "Text", long: true, required: true }], "Send", ({ text }) => act("mail-reply", { id, text })), { kind: "primary", "data-act": "reply" }),
        button("Archive", () => doing(act("mail-archive", { ids: [id] })).then(() => { location.hash = "#/mail"; }), { "data-act": "archive" }))));
    if (town.mail.some((message) => message.id === id && !message.read)) act("mail-read", { id }).catch(() => {});
  } catch (error) {
    fill(place.querySelector(".below"), h("p.bad", null, error.message));
  }
}

function feed(place) {
  fill(place, section("Feed", "newest first", orEmpty(town.feed.length ? [h("ul.lines", null, town.feed.map(feedRow))] : [], "Nothing has happened yet.")));
}

/** Every view: how it is drawn, and which parts of the store it shows. */
export const VIEWS = {
  town: { title: "Town", key: "1", draw: home, shows: ["town", "agents", "rigs", "convoys", "feed", "tails", "mail", "problem"] },
  agent: { draw: agent, shows: ["agents", "screen", "town"] },
  convoys: { title: "Convoys", key: "2", draw: convoys, shows: ["convoys"] },
  queue: { title: "Queue", key: "3", draw: queue, shows: ["rigs"] },
  hooks: { title: "Hooks", key: "4", draw: hooks, shows: ["hooks"], once: true },
  beads: { title: "Beads", key: "5", draw: beads, shows: ["town", "feed"] },
  mail: { title: "Mail", key: "6", draw: mail, shows: ["mail"] },
  feed: { title: "Feed", key: "7", draw: feed, shows: ["feed"] },
  settings: { title: "Settings", key: "8", draw: settings, shows: [] },
};
