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

const OPTION = /^\W*(\d)[.)] +(\S.*)$/;

/** The choices an agent's screen offers: its numbered lines, the latest run of them. */
function choices(agent) {
  const found = [];
  for (const line of town.tails[agent.session] ?? []) {
    const [, key, label] = line.match(OPTION) ?? [];
    if (key === "1") found.length = 0;
    if (key && Number(key) === found.length + 1) found.push([key, label]);
  }
  return found.length > 1 ? found : [];
}

/** The keys that answer what an agent asks. */
function answers(agent) {
  const numbered = choices(agent);
  const plain = (keys) => keys.map((key) => [key, key]);
  const keys = agent.preset === "script" ? [["r", "retry"], ["s", "skip the step"], ["q", "give up"]]
    : numbered.length ? [...numbered, ...plain(["enter", "escape"])] : plain(["1", "2", "3", "y", "n", "enter", "escape"]);
  return h("div.acts.answers", { "aria-label": "answers" }, keys.map(([key, label]) =>
    button(key === label || agent.preset === "script" ? label : [h("kbd", { "aria-hidden": "true" }, key), " ", label], () => doing(act("answer", { agent: agent.address, key })),
      { "data-key": key, kind: numbered.length && key === label ? "quiet" : null })));
}

/** What an agent waits for, in words. */
const ASKS = { permission: "asks for permission", question: "asks a question" };

function agentRow(agent, brief) {
  // What an agent asks stands once, where it needs somebody; its screen is not to say it again.
  const asks = brief !== true && stateKey(agent.state) in WANT && agent.detail;
  const asked = stateKey(agent.state) === "needs_you" && !brief;
  const said = (line) => asked && (line.includes(agent.detail ?? "\u0000") || (agent.preset === "script" && line.includes("q give up")));
  const offered = asked ? choices(agent).length : 0;
  const tail = brief === true ? [] : (town.tails[agent.session] ?? []).filter((line) => !said(line) && !(offered && OPTION.test(line))).slice(-3);
  const indent = Math.min(...tail.map((line) => line.search(/\S|$/)));
  return h("li.agent", { "data-agent": agent.address, "data-state": stateKey(agent.state) },
    h("a.row", { href: agentLink(agent) },
      state(agent.state, true),
      h("span.who", null, agent.name),
      h("span.what", null, agent.bead ? h("span.id", null, agent.bead) : null, " ", agent.title ?? agent.role),
      agent.merge ? h("span.note", null, agent.merge) : null,
      h("span.preset", null, agent.preset), aged(agent.since)),
    asks ? h("p.asks", null, ASKS[agent.detail] ?? agent.detail) : null,
    tail.length ? h("pre.tail", { "aria-hidden": "true" }, tail.map((line) => line.slice(indent)).join("\n")) : null,
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

function convoyRow(convoy, ...below) {
  const stuck = !convoy.landed && !convoy.active && convoy.done < convoy.total;
  return h("li", { "data-convoy": convoy.id },
    h("a.row.convoy", { href: "#/convoys/" + convoy.id },
      h("span.what", null, convoy.title), bar(convoy.done, convoy.total, convoy.active),
      h("span.num", null, `${convoy.done}/${convoy.total}`),
      convoy.landed ? h("span.state.s-done", null, "✓ landed") : convoy.active ? h("span.state.s-working", null, `● ${convoy.active}`)
        : h("span.state" + (stuck ? ".s-stuck" : ""), null, stuck ? "◌ waits" : "")), below);
}

function memberRow(bead) {
  const worker = bead.agent && agentOf(bead.agent);
  const [kind, words] = bead.status === "closed" ? ["done", "✓ merged"] : bead.agent ? ["working", "● working"] : bead.blocked ? ["idle", "◌ waits"] : ["idle", "○ ready"];
  return h("li", null, h("div.row", null, worker && bead.status !== "closed" ? state(worker.state) : h("span.state.s-" + kind, null, words), beadLink(bead.id), h("span.what", null, bead.title),
    bead.agent ? h("a.note", { href: "#/agent/" + bead.agent }, bead.agent) : null));
}

function feedRow(line) {
  return h("li.feed." + line.tone, { "data-seq": line.seq },
    h("time", { title: new Date(line.at).toLocaleString() }, clock(line.at)),
    h("span.verb", null, line.what), line.bead ? beadLink(line.bead) : h("span.id"), h("span.what", null, line.text));
}

function queueRow(entry, rig, full) {
  const approve = () => doing(act("mq-approve", { id: entry.id }));
  const waits = ["held", "review"].includes(entry.state), back = ["conflict", "failed"].includes(entry.state);
  const [kind, glyph] = waits ? ["needs_you", "▲"] : back ? ["stuck", "✗"] : ["ready", "waiting"].includes(entry.state) ? ["idle", "○"] : ["working", "●"];
  return h("li", { "data-request": entry.id },
    h("div.row", null,
      h("span.state.s-" + kind, null, `${glyph} ${entry.state}`),
      beadLink(entry.source), h("a.what", { href: "#/queue/" + entry.id }, entry.title),
      waits && !full ? button("Approve", approve, { "data-act": "approve" }) : null,
      h("span.note", null, full ? entry.worker : rig),
      full && !waits && !back ? button("Reject …", () => rejectRequest(entry), { kind: "quiet", "data-act": "reject" }) : null),
    // What to type at a shell instead is for those who are at one.
    entry.reason && (full || !waits) ? h("p.asks.s-" + kind, null, entry.reason.replace(/: gt mq \S+ \S+$/, "")) : null,
    full && (waits || back || entry.state === "waiting") ? h("div.acts", null,
      waits ? button("Approve", approve, { kind: "primary", "data-act": "approve" }) : null,
      back || entry.state === "waiting" ? button("Try again", () => doing(act("mq-retry", { id: entry.id })), { "data-act": "retry" }) : null,
      entry.state === "waiting" ? null : button("Reject …", () => rejectRequest(entry), { kind: "quiet", "data-act": "reject" })) : null);
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
      section("Convoys", h("a", { href: "#/convoys" }, "all"), orEmpty(open.length ? [h("ul.lines", null, open.map((convoy) => convoyRow(convoy)))] : [], "No convoy is on its way.")),
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
    fill(place, h("section", { "data-panel": "agent" }, h("div.head"), h("div.asked"), h("div.acts.keys"), box, h("div.below")));
  }
  fill(place.querySelector(".head"), h("h2", null, h("span", null, one.address), h("span.more", null, `${one.role} · ${one.preset}`)),
    h("p.facts", null, state(one.state), aged(one.since), one.bead ? beadLink(one.bead) : null, h("span.what", null, one.title ?? ""), one.merge ? h("span.note", null, one.merge) : null));
  const asks = stateKey(one.state) === "needs_you";
  fill(place.querySelector(".asked"), one.detail ? h("p.asks.s-" + stateKey(one.state), null, ASKS[one.detail] ?? one.detail) : null,
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
  const open = town.convoys.filter((convoy) => !convoy.landed);
  // A few are shown with their beads; of many only the one that is asked for.
  const unfolded = (convoy) => convoy.id === id || (!id && !convoy.landed && open.length <= 6);
  const members = (convoy) => h("div.members", null, h("ul.lines", null, convoy.members.map(memberRow)),
    convoy.landed ? null : h("div.acts", null, button("Add beads …", () => ask("Add to " + convoy.title, [{ name: "beads", label: "Beads, parted by spaces", required: true }],
      "Add", ({ beads }) => act("convoy-add", { id: convoy.id, beads: beads.split(/[\s,]+/).filter(Boolean) })), { kind: "quiet", "data-act": "convoy-add" })));
  fill(place, section("Convoys", button("New …", () => ask("New convoy", [
    { name: "title", label: "Name", required: true }, { name: "beads", label: "Beads, parted by spaces", required: true }],
    "Make it", ({ title, beads }) => act("convoy-create", { title, beads: beads.split(/[\s,]+/).filter(Boolean) }))),
    orEmpty(town.convoys.length ? [h("ul.lines", null, town.convoys.map((convoy) => convoyRow(convoy, unfolded(convoy) ? members(convoy) : null)))] : [], "No convoys yet. Slinging makes one.")));
}

/** A way back from one thing to the list it was in. */
const back = (view, words) => h("a", { href: "#/" + view }, "← " + words);

function queue(place, id) {
  const rows = (rig) => rig.queue.filter((entry) => !id || entry.id === id).map((entry) => queueRow(entry, rig.name, true));
  const rigs = town.rigs.filter((rig) => !id || rows(rig).length);
  fill(place, rigs.map((rig) => section(rig.name, id ? back("queue", "the queue") : `into ${rig.branch}`, orEmpty(rows(rig).length ? [h("ul.lines", null, rows(rig))] : [], "Nothing waits to be merged."))),
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
  const shown = town.hooks.filter((hook) => !address || hook.agent === address);
  const title = (hook) => town.agents.find((agent) => agent.address === hook.agent && agent.bead === hook.bead)?.title;
  fill(place, section("Hooks", address ? back("hooks", "all hooks") : "worktrees that keep work", orEmpty(shown.length ? [h("ul.lines", null, shown.map((hook) => h("li.hook", { "data-hook": hook.agent },
    h("div.row", null, h("a.who", { href: "#/hooks/" + hook.agent }, hook.agent), hook.bead ? beadLink(hook.bead) : h("span.id"), h("span.what", null, title(hook) ?? ""),
      h("ol.life", { "aria-label": hook.state }, LIFE.map((step) => h("li" + (step === hook.state ? ".now" : ""), step === hook.state ? { "aria-current": "step" } : null, step))),
      aged(hook.updated_at)),
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
      h("span.note.kind", null, bead.type), h("span.note.whose", null, bead.assignee || (bead.rig === "hq" ? "town" : bead.rig)), aged(bead.updated_at)))))] : [], "No beads like that."),
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
  fill(place, section("Mail", [id ? back("mail", "all mail") : null, button("Write …", () => writeMail(), { kind: "primary", "data-act": "write" })], id ? null : orEmpty(town.mail.length ? [h("ul.lines", null, town.mail.map((message) => h("li" + (message.read ? "" : ".unread"), { "data-mail": message.id },
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
  settings: { title: "Settings", key: "8", draw: settings, shows: ["town"] },
};
