// Elements from data. Text only ever becomes text: nothing here or elsewhere parses HTML.

/** An element: h("a.link", {href: "#"}, "text", child). Handlers are given as onclick and so on. */
export function h(what, props, ...children) {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag || "div");
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "value" || name === "checked") element[name] = value;
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  add(element, children);
  return element;
}

function add(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    element.append(child instanceof Node ? child : visible(String(child)));
  }
}

/** Characters that steer or disguise text are shown instead of obeyed. */
export function visible(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]/g,
    (c) => "\\u{" + c.codePointAt(0).toString(16) + "}");
}

/** Puts `children` in the place of what `element` holds. */
export function fill(element, ...children) {
  element.replaceChildren();
  add(element, children);
}

/** How long ago, in one short word. */
export function age(time) {
  if (!time) return "";
  const seconds = Math.max(0, (Date.now() - new Date(time).getTime()) / 1000);
  if (seconds < 60) return "now";
  if (seconds < 3600) return Math.floor(seconds / 60) + "m";
  if (seconds < 86400) return Math.floor(seconds / 3600) + "h";
  return Math.floor(seconds / 86400) + "d";
}

export function clock(time) {
  return new Date(time).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
}

/** An age that stays true: refreshed by `tick`. */
export function aged(time) {
  return h("time.age", { datetime: time, title: time ? new Date(time).toLocaleString() : "" }, age(time));
}

export function tick() {
  for (const element of document.querySelectorAll("time.age")) {
    const text = age(element.getAttribute("datetime"));
    if (element.textContent !== text) element.textContent = text;
  }
}

export const STATES = {
  needs_you: ["▲", "needs you"], working: ["●", "working"], starting: ["·", "starting"], done: ["✓", "done"],
  idle: ["○", "idle"], stuck: ["◌", "stuck"], rate_limited: ["◷", "limited"], limited: ["◷", "limited"], dead: ["✗", "dead"],
};

export function stateKey(state) {
  return String(state).replace(/-/g, "_").replace(/([a-z])([A-Z])/g, "$1_$2").toLowerCase();
}

/** A state by glyph, word and colour; never by colour alone. */
export function state(name, short) {
  const key = stateKey(name);
  const [glyph, word] = STATES[key] ?? ["·", key];
  return h("span.state.s-" + key, { title: word }, h("span.glyph", { "aria-hidden": "true" }, glyph), short ? h("span.sr", null, word) : " " + word);
}

export function button(label, onclick, more) {
  const { kind, ...props } = more ?? {};
  return h("button" + (kind ? "." + kind : ""), { type: "button", onclick, ...props }, label);
}

export function bar(done, total, active) {
  const part = (kind, count) => {
    const element = h("span." + kind);
    element.style.flexGrow = count;
    return element;
  };
  const words = `${done} of ${total} done, ${active} being worked on`;
  return h("span.bar", { role: "img", "aria-label": words, title: words }, part("done", done), part("active", active), part("rest", Math.max(total - done - active, 0)));
}

/** The list or a sentence in its place. */
export function orEmpty(items, sentence) {
  return items.length ? items : h("p.empty", null, sentence);
}

/** A section with its title in the rule above it. */
export function section(title, more, ...children) {
  return h("section", { "data-panel": title.toLowerCase() }, h("h2", null, h("span", null, title), h("span.more", null, more ?? "")), children);
}
