// What the server tells: one stream, one store, and the one way to change something.

export const town = { town: null, agents: [], rigs: [], convoys: [], feed: [], hooks: [], mail: [], tails: {}, screen: null, problem: null, complete: false };

const watchers = new Set();
let csrf = "";
let source = null;
let session = "";
let pending = new Set();

/** Calls `watcher` with the names of the parts that changed, at most once a frame. */
export function watch(watcher) {
  watchers.add(watcher);
}

function news(part) {
  if (pending.size === 0) {
    // A page in the background draws nothing, but must not lose what came.
    const later = document.hidden ? (work) => setTimeout(work, 200) : requestAnimationFrame;
    later(() => {
      const parts = pending;
      pending = new Set();
      for (const watcher of watchers) watcher(parts);
    });
  }
  pending.add(part);
}

/** Opens the stream; with a session its whole screen comes along. */
export function connect(wanted = "") {
  if (source && session === wanted && source.readyState !== EventSource.CLOSED) return;
  source?.close();
  session = wanted;
  town.screen = null;
  source = new EventSource("/events" + (wanted ? "?session=" + encodeURIComponent(wanted) : ""));
  for (const part of ["town", "agents", "rigs", "convoys", "feed", "hooks", "mail", "problem", "screen"]) {
    source.addEventListener(part, (event) => {
      town[part] = JSON.parse(event.data);
      // Mail is the last part to come.
      town.complete ||= part === "mail";
      news(part);
    });
  }
  source.addEventListener("tails", (event) => {
    Object.assign(town.tails, JSON.parse(event.data));
    news("tails");
  });
  source.onopen = () => document.body.classList.remove("offline");
  source.onerror = () => {
    document.body.classList.add("offline");
    if (source.readyState === EventSource.CLOSED) {
      // The server answered something else than a stream: most likely the login is over.
      setTimeout(async () => {
        const answer = await fetch("/api/me").catch(() => null);
        if (answer?.status === 401) location.assign("/");
        else connect(session);
      }, 1500);
    }
  };
}

export async function hello() {
  const answer = await fetch("/api/me");
  if (!answer.ok) return location.assign("/");
  csrf = (await answer.json()).csrf;
}

async function read(answer) {
  const body = await answer.json().catch(() => ({ error: answer.statusText }));
  if (answer.ok) return body;
  throw new Error(body.hint ? `${body.error}: ${body.hint}` : body.error);
}

/** Asks for something the stream does not carry. */
export async function get(path, params) {
  const query = params ? "?" + new URLSearchParams(params) : "";
  return read(await fetch("/api/" + path + query));
}

/** Does an action; the answer says in words what came of it. */
export async function act(name, fields) {
  return read(await fetch("/api/do", {
    method: "POST",
    headers: { "content-type": "application/json", "x-gt-csrf": csrf },
    body: JSON.stringify({ do: name, ...fields }),
  }));
}

export async function logout() {
  await fetch("/logout", { method: "POST", headers: { "x-gt-csrf": csrf } });
  location.assign("/");
}

export function agentOf(address) {
  return town.agents.find((agent) => agent.address === address);
}
