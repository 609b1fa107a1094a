// Tells Gas Town how this conversation stands, and the model what the town has to say. Written by gt at every start of a session.
import { spawn } from "node:child_process";

const GT = "{gt}";

// Calls the town's one command for hooks; never fails, because an agent must not stop for it.
function hook(event, input) {
  return new Promise((resolve) => {
    let told = "";
    const child = spawn(GT, ["hook-event", event], { stdio: ["pipe", "pipe", "ignore"] });
    const timer = setTimeout(() => child.kill(), 10000);
    child.on("error", () => resolve(""));
    child.stdout.on("data", (data) => (told += data));
    child.on("close", () => {
      clearTimeout(timer);
      try {
        resolve(JSON.parse(told).hookSpecificOutput?.additionalContext ?? "");
      } catch {
        resolve("");
      }
    });
    child.stdin.on("error", () => {});
    child.stdin.end(JSON.stringify(input));
  });
}

export const Gastown = async () => {
  // What the model is told, by conversation.
  const told = new Map();
  // Helpers' conversations, which are not the agent's own.
  const helpers = new Set();
  const own = (id) => id && !helpers.has(id);
  const prime = (id, source) => told.set(id, [hook("SessionStart", { session_id: id, source })]);
  return {
    event: async ({ event }) => {
      const properties = event.properties ?? {};
      const id = properties.sessionID;
      if (event.type === "session.created" && properties.info?.parentID) helpers.add(id);
      if (!own(id)) return;
      if (event.type === "session.compacted") prime(id, "compact");
      if (event.type === "session.idle") await hook("Stop", { session_id: id });
      if (event.type === "session.error") {
        const error = properties.error?.data?.message ?? properties.error?.name ?? "";
        await hook("StopFailure", { session_id: id, error });
      }
      if (event.type === "permission.asked") {
        await hook("PermissionRequest", { session_id: id, tool_name: properties.permission ?? "" });
      }
      if (event.type === "permission.replied") await hook("PostToolUse", { session_id: id });
    },
    "chat.message": async ({ sessionID }) => {
      if (!own(sessionID)) return;
      if (!told.has(sessionID)) prime(sessionID, "startup");
      told.get(sessionID).push(hook("UserPromptSubmit", { session_id: sessionID }));
    },
    "tool.execute.after": async ({ sessionID }) => {
      if (own(sessionID)) await hook("PostToolUse", { session_id: sessionID });
    },
    "experimental.chat.system.transform": async ({ sessionID }, output) => {
      if (!own(sessionID)) return;
      if (!told.has(sessionID)) prime(sessionID, "resume");
      for (const text of await Promise.all(told.get(sessionID))) if (text) output.system.push(text);
    },
  };
};
