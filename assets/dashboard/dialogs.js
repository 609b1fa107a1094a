// Questions to the person before something is done, and what came of it.
import { button, fill, h } from "./dom.js";
import { act, get, town } from "./live.js";

/** A remark at the lower edge that goes away by itself. */
export function say(text, bad) {
  const remark = h("p.remark" + (bad ? ".bad" : ""), { role: bad ? "alert" : "status" }, text);
  document.getElementById("remarks").append(remark);
  setTimeout(() => remark.remove(), bad ? 9000 : 4000);
}

/** Waits for an action and says what came of it. */
export async function doing(promise) {
  try {
    say((await promise).said ?? "Done");
  } catch (error) {
    say(error.message, true);
  }
}

/** A dialog with `body`; `go` gives what came of it, or throws what went wrong, which is then shown in the dialog. */
function open(title, body, label, go, kind = "primary") {
  const wrong = h("p.bad", { role: "alert" });
  const dialog = h("dialog", { "aria-label": title });
  const accept = h("button." + kind, { type: "submit", "data-act": "accept" }, label);
  const form = h("form", { method: "dialog" }, h("h2", null, h("span", null, title)), body, wrong,
    h("div.acts", null, button("Cancel", () => dialog.close()), accept));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    accept.disabled = true;
    fill(wrong);
    try {
      const { said } = await go(Object.fromEntries(new FormData(form)));
      dialog.close();
      if (said) say(said);
    } catch (error) {
      fill(wrong, error.message);
    }
    accept.disabled = false;
  });
  dialog.addEventListener("close", () => dialog.remove());
  dialog.append(form);
  document.body.append(dialog);
  dialog.showModal();
  return form;
}

function field({ name, label, value, long, required, options }) {
  const props = { name, id: "f-" + name, required, value: value ?? "" };
  const input = options ? h("select", { name, id: "f-" + name }, options.map(([key, text]) => h("option", { value: key, selected: key === value }, text)))
    : long ? h("textarea", { ...props, rows: 5 }) : h("input", { ...props, autocomplete: "off" });
  return h("div.field", null, h("label", { for: "f-" + name }, label), input);
}

export function ask(title, fields, label, go) {
  const form = open(title, fields.map(field), label, go);
  form.querySelector("input, textarea, select")?.focus();
  return form;
}

export function confirmThen(question, label, go, kind = "danger") {
  open("Sure?", h("p", null, question), label, go, kind);
}

export function nudge(agent) {
  ask("Message to " + agent, [{ name: "text", label: "It is typed to the agent as you write it here", long: true, required: true }], "Send",
    // Whether it was read may take a while to see; the dialog does not wait for that.
    ({ text }) => { doing(act("nudge", { agent, text })); return {}; });
}

export function rejectRequest(entry) {
  ask("Reject " + entry.id, [{ name: "reason", label: "Why", required: true }], "Reject", ({ reason }) => act("mq-reject", { id: entry.id, reason }));
}

export function writeMail() {
  ask("Mail", [{ name: "to", label: "To", value: "mayor/", required: true }, { name: "subject", label: "Subject", required: true }, { name: "text", label: "Text", long: true }],
    "Send", (fields) => act("mail-send", fields));
}

export function newBead() {
  ask("New bead", [{ name: "title", label: "What is to be done, in one line", required: true }, { name: "description", label: "More", long: true },
    { name: "rig", label: "Where", options: [...town.rigs.map((rig) => [rig.name, rig.name]), ["hq", "the town"]] },
    { name: "kind", label: "Kind", options: ["task", "bug", "feature", "epic", "chore"].map((kind) => [kind, kind]) },
    { name: "priority", label: "Priority", value: "2", options: [["0", "0, now"], ["1", "1"], ["2", "2"], ["3", "3"], ["4", "4, some day"]] }],
    "Make it", ({ priority, ...fields }) => act("bead-create", { ...fields, priority: Number(priority) }));
}

/** The first beads that could be slung, below the field for them: one click each. */
async function offerReady(field) {
  const { beads } = await get("beads", { status: "ready" }).catch(() => ({ beads: [] }));
  const offer = (bead) => button([h("span.id", null, bead.id), " ", bead.title], (event) => {
    field.value = (field.value.trim() + " " + bead.id).trim();
    event.currentTarget.remove();
    field.dispatchEvent(new Event("change", { bubbles: true }));
  }, { kind: "quiet", "data-offer": bead.id });
  if (beads.length) field.after(h("div.offers", { "aria-label": "ready beads" }, beads.slice(0, 6).map(offer)));
}

/** Slinging: what, to whom, with what; the plan is shown before anything happens. */
export async function slingBeads(ids) {
  const presets = (await get("settings").catch(() => ({ agents: [] }))).agents;
  const fields = [{ name: "beads", label: "Beads, parted by spaces", value: ids.join(" "), required: true },
    { name: "target", label: "To", options: [["", "their own rig"], ...town.rigs.map((rig) => [rig.name, rig.name + ": a new worker"]), ...town.agents.filter((one) => one.rig && !one.bead).map((one) => [one.address, one.address])] },
    { name: "agent", label: "With", options: [["", "as set"], ...presets.map((one) => [one.name, one.name + (one.available ? "" : " (not installed)")])] },
    { name: "convoy", label: "Name of the convoy, if it is to have one" }];
  const order = ({ beads, ...rest }) => ({ ...rest, beads: beads.split(/[\s,]+/).filter(Boolean) });
  const form = ask("Sling", fields, "Sling", (values) => act("sling", order(values)));
  if (!ids.length) offerReady(form.elements.beads);
  const plan = h("div.plan", { "aria-live": "polite" });
  form.querySelector(".bad").before(plan);
  let asked = 0;
  const preview = async () => {
    const number = ++asked;
    const wanted = order(Object.fromEntries(new FormData(form)));
    if (!wanted.beads.length) return fill(plan);
    try {
      const { plan: found } = await act("sling", { ...wanted, dry_run: true });
      if (number === asked) fill(plan, found.lines.map((line) => h("p", null, `${line.bead} → ${line.agent ?? "a new worker in " + line.rig} (${line.preset})`)), found.new_convoy ? h("p", null, `as a new convoy, "${found.new_convoy}"`) : null);
    } catch (error) {
      if (number === asked) fill(plan, h("p.bad", null, error.message));
    }
  };
  form.addEventListener("change", preview);
  preview();
}
