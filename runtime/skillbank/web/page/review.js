// The view "Review": which set and which part of it is open, who reviews, how far it is.
import { named } from "./people.js";
import { at, h, span } from "./dom.js";
import { read } from "./server.js";
import { call, kept, link, refresh, review } from "./review_set.js";
import * as grid from "./review_grid.js";
import * as one from "./review_one.js";
import * as keys from "./review_keys.js";
import * as crops from "./review_crops.js";
import * as classes from "./review_classes.js";
import * as audit from "./review_audit.js";
import * as model from "./review_ask.js";
import { staying } from "./visits.js";

const PARTS = { pictures: grid, picture: one, crops, classes, audit };
const NEWS = 5000; // ms between two looks at what others did
const MEMORY = 20; // reviews that the speed is taken of
let part = "", started = false, timer = 0, asking = null, turning = Promise.resolve(), entering = Promise.resolve();
const times = [];

export async function open(name, where = "pictures", what = undefined) {
  const stays = staying();
  begin();
  clearTimeout(timer);
  for (const id of ["remove", "help"]) at(id).close(); // asked where one was
  problem("");
  if (!name) return sets();
  try {
    if (review.name !== name) entering = enter(name);
    await entering; // who goes elsewhere in a set while it is read waits for it too
    if (!stays()) return;
    show(PARTS[where] ? where : "pictures");
    await person();
    if (!stays()) return;
    await PARTS[part].open(what);
  } catch (error) {
    if (!stays()) return;
    if (review.set === null) await sets();
    problem(error.message);
  }
  if (stays()) news();
}

export const learn = (about) => model.learn(about.model);

export function leave() {
  clearTimeout(timer);
  one.leave();
}

function begin() {
  if (started) return;
  started = true;
  for (const each of Object.values(PARTS)) each.start?.({ said, problem, counted, progress });
  model.start({ said, problem }, one);
  keys.start({ ...one.actions, accept: () => (part === "crops" ? crops.accept() : one.actions.accept()), undo: () => turn("undo"), redo: () => turn("redo"),
    active: (name) => (part === "picture" ? one.active(name) : (part === "crops" && name === "accept") || (["crops", "audit"].includes(part) && ["undo", "redo"].includes(name))) });
  window.addEventListener("refused", (event) => problem(event.detail));
  for (const button of document.querySelectorAll("[data-turn]")) button.addEventListener("click", () => turn(button.dataset.turn));
  at("review-start").addEventListener("click", () => one.ask("queue"));
  at("review-person").addEventListener("click", () => rename());
  document.addEventListener("visibilitychange", () => document.hidden || at("review").hidden || news());
}

async function enter(name) {
  Object.assign(review, { name, set: null, chosen: null });
  times.length = 0;
  const chosen = kept.get(`class of ${name}`);
  if (chosen !== null) review.chosen = Number(chosen);
  grid.grid.filter = kept.get(`filter of ${name}`) ?? "all";
  grid.grid.rows = [];
  one.forget();
  try {
    await refresh();
  } catch (error) {
    if (review.name === name) review.name = ""; // it is asked for anew the next time
    throw error;
  }
}

function show(name) {
  part = name;
  at("review-sets").hidden = true;
  at("review-set").hidden = false;
  at("review-name").textContent = review.name;
  for (const key of Object.keys(PARTS)) at(`part-${key}`).hidden = key !== part;
  const links = { pictures: link(), crops: link("crops"), classes: link("classes"), audit: link("audit") };
  for (const node of document.querySelectorAll("#review-parts a")) {
    node.href = links[node.dataset.part];
    if (node.dataset.part === part || (part === "picture" && node.dataset.part === "pictures")) node.setAttribute("aria-current", "page");
    else node.removeAttribute("aria-current");
  }
  document.title = `${review.name} · skillbank`;
  progress();
}

async function sets() {
  review.name = "";
  at("review-sets").hidden = false;
  at("review-set").hidden = true;
  try {
    const { sets: found } = await read("api/sets");
    at("set-list").replaceChildren(...found.map((set) => h("li", {},
      h("a", { href: `#/review/${encodeURIComponent(set.name)}` }, h("strong", {}, set.name),
        h("small", {}, `${set.reviewed} of ${set.pictures} reviewed`)))));
    at("set-none").hidden = found.length > 0;
  } catch (error) {
    problem(error.message);
  }
}

// The name is asked for once and kept in the browser.
async function person() {
  if (review.person) return;
  review.person = named() || (kept.get("person") ?? "");
  at("review-person").disabled = Boolean(named()); // whose decisions they are, a token says
  if (!review.person) await rename();
  progress();
}

function rename() {
  asking ??= (async () => {
    const { person: usual } = await read("api/sets");
    const dialog = at("who");
    at("who-name").value = review.person || usual;
    dialog.showModal();
    at("who-name").select();
    await new Promise((done) => dialog.addEventListener("close", done, { once: true }));
    review.person = at("who-name").value.trim() || usual;
    kept.set("person", review.person);
    progress();
  })().finally(() => { asking = null; });
  return asking;
}

export function progress() {
  const { set } = review;
  if (!set) return;
  const done = set.reviewed + set.skipped, now = times.length > 1 ? (times.length - 1) / ((times.at(-1) - times[0]) / 60000) : 0;
  const bar = at("review-bar");
  bar.max = Math.max(1, set.pictures);
  bar.value = done;
  const speed = now ? ` · ${now >= 10 ? Math.round(now) : now.toFixed(1)} a minute` : "";
  at("review-progress").textContent = `${set.reviewed} of ${set.pictures} reviewed${set.skipped ? `, ${set.skipped} skipped` : ""}${set.accepted ? `, ${set.accepted} accepted unseen` : ""}${speed}`;
  at("review-person").textContent = review.person || "Who?";
  at("review-people").replaceChildren(...set.people.map((each) => h("li", {}, `${each.name} ${each.reviewed}`,
    h("small", {}, each.reviewed ? `${span(each.seconds / each.reviewed)} each` : ""))));
  at("review-people").hidden = set.people.length === 0;
}

function counted() {
  times.push(performance.now());
  if (times.length > MEMORY) times.shift();
  refresh().then(progress, () => {});
}

// What others did in the meantime.
async function news() {
  clearTimeout(timer);
  if (document.hidden || !review.name || at("review").hidden) return;
  const before = review.set?.version;
  try {
    await refresh();
    progress();
    if (review.set.version !== before) await PARTS[part].follow?.();
  } catch { /* the next look says more, and so does the next operation */ }
  timer = setTimeout(news, NEWS);
}

// One after the other, however fast the key is pressed.
function turn(way) {
  const { name } = review, here = () => name === review.name && !at("review").hidden;
  turning = turning.then(() => here() && one.hold(() => turned(way, here))).catch((error) => problem(error.message));
  return turning;
}

async function turned(way, here) {
  if (part === "picture" && !(await one.saved())) return;
  if (!here()) return; // another set's last change is not meant
  const { event } = await call("POST", `/${way}`, { body: {} });
  if (!event) return said(way === "undo" ? "There is nothing of yours to undo." : "There is nothing to redo.");
  await refresh();
  progress();
  if (!here()) return;
  if (part === "picture" && event.picture && event.picture !== one.number()) location.hash = link("picture", String(event.picture));
  else await PARTS[part].follow?.();
  said(`${way === "undo" ? "Undone" : "Redone"}: ${event.said}.`);
}

export function said(text) {
  at("review-said").textContent = text;
}

export function problem(text) {
  at("review-problem").textContent = text;
}
