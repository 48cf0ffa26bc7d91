// Which view is shown, whether the server lets us in, and how its model is.
import { at, h, seen } from "./dom.js";
import { enter, read } from "./server.js";
import * as find from "./find.js";
import * as review from "./review.js";
import * as jobs from "./jobs.js";
import * as experiments from "./experiments.js";
import * as approvals from "./approvals.js";
import * as people from "./people.js";
import { moved } from "./visits.js";

const VIEWS = { find, review, jobs, experiments, approvals };
let shown = null, timer = 0, locked = false, away = false;

function route() {
  moved();
  const [name, id, ...more] = location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
  const view = VIEWS[name] ? name : "find";
  for (const key of Object.keys(VIEWS)) at(key).hidden = locked || key !== view;
  for (const link of document.querySelectorAll("header nav a")) {
    if (link.hash === `#/${view}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.title = `${view[0].toUpperCase()}${view.slice(1)} · skillbank`;
  if (shown && shown !== view) VIEWS[shown].leave?.();
  shown = view;
  needed();
  if (!locked) VIEWS[view].open(id, ...more);
}

async function model() {
  clearTimeout(timer);
  if (locked) return;
  let about;
  try {
    about = await read("api/about");
  } catch (error) {
    away = true;
    if (error.status !== 401) tell("failed", error.message);
    timer = setTimeout(model, 5000);
    return;
  }
  away = false;
  await people.learn(about).catch(() => {}); // who one is can be asked again with the next look
  const { state, name, device, precision, message } = about.model;
  const where = precision && precision !== "fp32" ? `${device}, ${precision}` : device;
  const words = { ready: `${name} · ${where}`, loading: `loading ${name}`, failed: `no model` };
  tell(state, words[state], message);
  find.learn(about);
  review.learn(about);
  timer = setTimeout(model, state === "loading" ? 700 : 15000);
}

function tell(state, words, more) {
  const line = at("model");
  if (line.textContent !== words) line.replaceChildren(h("i", { class: `dot ${state}` }), h("span", {}, words));
  line.title = more || words;
  line.dataset.state = state;
  needed();
}

// Reviewing needs no model, so that none is no fault there.
function needed() {
  at("model").hidden = shown === "review" && at("model").dataset.state === "failed" && !away;
}

function lock(on) {
  locked = on;
  at("enter").hidden = !on;
  route();
  if (on) at("token").focus();
  else model();
}

async function unlock(token) {
  try {
    await enter(token);
    lock(false);
  } catch (error) {
    at("refused").textContent = error.status === 401 ? "That is not the token." : seen(error.message);
  }
}

window.addEventListener("locked", () => locked || lock(true));
window.addEventListener("hashchange", route);
at("enter").addEventListener("submit", (event) => {
  event.preventDefault();
  unlock(at("token").value.trim());
});

find.start();
people.start();
const given = /^#token=([^&]+)(?:&view=(.+))?$/.exec(location.hash);
if (given) {
  history.replaceState(null, "", `#/${given[2] ?? "find"}`);
  await unlock(decodeURIComponent(given[1]));
}
route();
model();
