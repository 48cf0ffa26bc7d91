// Who one is at the server of a team, and what one may not do there.
import { at, seen } from "./dom.js";
import { ask, read } from "./server.js";

let me = null;

export async function learn(about) {
  if (!about.team || me) return;
  me = await read("api/me");
  at("nav-approvals").hidden = false;
  at("me").hidden = !me.signs_in;
  at("me-name").textContent = seen(`${me.name} · ${me.project}`);
  at("me-name").title = `May ${me.rights.join(", ")}`;
  for (const node of document.querySelectorAll("[data-right]")) {
    const why = lacks(node.dataset.right);
    if (!why) continue;
    node.disabled = true;
    node.title = why;
  }
  const model = at("models");
  model.disabled = true;
  model.title = "The model of this server is one of its settings.";
}

export const lacks = (right) => (!me || me.rights.includes(right) ? "" : `${me.name} does not have the right '${right}' here.`);
export const named = () => (me?.signs_in ? me.name : "");

export function start() {
  at("sign-out").addEventListener("click", async () => {
    await ask("session", { method: "DELETE" });
    location.reload(); // nothing of whom signed out stays in this page
  });
}
