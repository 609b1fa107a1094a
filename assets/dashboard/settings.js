// The settings: agents, roles, budgets, and everything else there is, each with where its value comes from.
import { button, fill, h, section } from "./dom.js";
import { act, get, town } from "./live.js";
import { ask, confirmThen, doing } from "./dialogs.js";

let scope = "";
let drawn = "";

const show = (value) => value === null ? "" : typeof value === "string" ? value : Array.isArray(value) ? value.join(", ") : typeof value === "object" ? Object.entries(value).map(([key, one]) => `${key}: ${typeof one === "object" ? JSON.stringify(one) : one}`).join(", ") : String(value);
const write = (value) => value === null ? "" : typeof value === "string" ? value : JSON.stringify(value);

/** A key that may go on in the next line behind its points and underscores. */
const breakable = (key) => key.split(/(?<=[._])/).flatMap((part, index) => index ? [document.createElement("wbr"), part] : [part]);

/** What says how much may run, and how much it may cost. */
const isBudget = (key) => key.startsWith("max_") || key.startsWith("limits.");
/** Those have a part of the page for themselves. */
const isApart = (key) => ["agents", "role_agents", "default_agent", "agent"].includes(key);

export async function settings(place) {
  // Drawn anew when somebody changed a setting, wherever; not whenever anything happens in the town.
  if (place.dataset.view === "settings" && drawn === town.town?.settings) return;
  await draw(place);
}

async function draw(place) {
  place.dataset.view = "settings";
  drawn = town.town?.settings;
  try {
    const all = await get("settings", scope ? { rig: scope } : null);
    const again = (said) => { draw(place); return said; };
    const rig = scope || null;
    const set = (key, value) => act("setting-set", { rig, key, value }).then(again);
    const unset = (key) => act("setting-unset", { rig, key }).then(again);
    const edit = (one) => ask(one.key, [{ name: "value", label: one.about, value: write(one.value) }], "Set", ({ value }) => set(one.key, value));
    const line = (one) => h("li", { "data-setting": one.key }, h("div.row", null,
      h("span.who", null, breakable(one.key)), h("span.what", null, show(one.value) || "—"), h("span.note" + (one.origin === "built-in" ? "" : ".set"), null, one.origin.replace("-", " ")),
      h("span.acts", null, button("Change …", () => edit(one), { kind: "quiet" }), one.origin !== "built-in" ? button("Unset", () => doing(unset(one.key)), { kind: "quiet" }) : null)),
      h("p.branch", null, one.about));
    const choice = scope ? "agent" : "default_agent";
    const used = all.settings.find((one) => one.key === choice)?.value ?? "";
    const roles = all.settings.find((one) => one.key === "role_agents")?.value ?? {};
    const choose = (key, value, first, onchange) => h("select", { "aria-label": key, onchange }, first ? h("option", { value: "" }, first) : null,
      all.agents.map((one) => h("option", { value: one.name, selected: value === one.name }, one.name + (one.available ? "" : " (not installed)"))));
    fill(place,
      section("Settings", all.file, all.problems.map((one) => h("p.bad", null, one.problem, one.hint ? " — " + one.hint : "")),
        h("div.filters", null, h("select", { "aria-label": "whose", onchange: (event) => { scope = event.target.value; draw(place); } },
          [["", "the town's"], ...all.rigs.map((name) => [name, name])].map(([value, label]) => h("option", { value, selected: value === scope }, label))))),
      h("div.columns", null,
        h("div", null,
          section("Agents", button("New …", () => ask("New agent", [{ name: "name", label: "Name", required: true }, { name: "command", label: "Command line", required: true, value: "claude --model opus" }], "Add",
            ({ name, command }) => set("agents." + name, command)), { "data-act": "new-agent" }),
            h("ul.lines.presets", null, all.agents.map((one) => h("li", { "data-preset": one.name }, h("div.row", null,
              h("span.state." + (one.available ? "s-working" : "s-idle"), { title: one.available ? "installed" : "not installed" }, one.available ? "●" : "○"),
              h("span.who", null, one.name), h("code.what", null, one.command),
              one.custom ? button("Remove …", () => confirmThen(`Remove the agent ${one.name}?`, "Remove", () => unset("agents." + one.name)), { kind: "quiet" }) : null,
              one.name === used ? h("span.note.set", { "data-used": one.name }, scope ? "of this rig" : "by default")
                : button("Use by default", () => doing(set(choice, one.name)), { kind: "quiet", "data-act": "use" })))))),
          section("Role agents", "who runs on what", h("ul.lines", null, all.roles.filter((role) => !["overseer", "deacon"].includes(role)).map((role) =>
            h("li", { "data-role": role }, h("div.row", null, h("span.who", null, role), h("span.what"), choose(role, roles[role], "as everyone",
              (event) => doing(event.target.value ? set("role_agents." + role, event.target.value) : unset("role_agents." + role))))))))),
        h("div", null,
          section("Budgets", "how much may run", h("ul.lines.settings", null, all.settings.filter((one) => isBudget(one.key)).map(line))))),
      section("Everything else", "", h("ul.lines.settings", null, all.settings.filter((one) => !isBudget(one.key) && !isApart(one.key)).map(line))));
  } catch (error) {
    fill(place, h("p.bad", null, error.message));
  }
}
