// One picture: going from one to the next, what the keys and buttons do, whether it is saved, and conflicts.
import { at, seen } from "./dom.js";
import { call, choose, className, isCandidate, link, picturePath, refresh, review } from "./review_set.js";
import * as canvas from "./review_canvas.js";
import * as panel from "./review_panel.js";
import * as grid from "./review_grid.js";
import { inWords, load } from "./review_picture.js";
import * as learning from "./review_learning.js";
import * as places from "./review_places.js";
import { help } from "./review_keys.js";
import { staying } from "./visits.js";

const KEPT = 180000; // ms after which a picture that is still looked at is asked for again: the server keeps it for ten minutes
const AHEAD = 2; // pictures that the queue keeps for a person: the next is fetched while one is looked at
let picture = null, door = null, queue = [], asking = "", busy = 0, heading = null, theirs = 0, stop = new AbortController();

const selected = () => picture?.box(canvas.canvas.selected);
const meant = () => picture?.box(canvas.canvas.aimed ?? canvas.canvas.selected); // under the pointer, or selected
export const number = () => picture?.number ?? null;
export const saved = async () => picture === null || picture.saved();
// On the way to another picture nothing is done to the one that is still shown.
export const active = (name) => picture !== null && (["undo", "redo"].includes(name) || free(name));
const free = (name) => busy === 0 && heading === null && (!["nudge", "size"].includes(name) || canvas.canvas.selected !== null)
  && (!["yes", "reject"].includes(name) || Boolean(meant()));

export function start(given) {
  door = given;
  canvas.start();
  panel.start(door.problem);
  learning.start(door);
  setInterval(keep, KEPT);
  document.addEventListener("visibilitychange", keep);
  canvas.canvas.onselect = () => { panel.boxes(); chosen(); };
  canvas.canvas.ondraw = add;
  canvas.canvas.onredraw = anew;
  const buttons = { accept: "accept", skip: "skip", next: "next", previous: "previous", reject: "reject", yes: "yes", draw: "draw",
    candidates: "candidates", learn: "learn", larger: "larger", smaller: "smaller", whole: "whole" };
  for (const [id, name] of Object.entries(buttons)) at(id).addEventListener("click", () => active(name) && actions[name]());
  at("mine").addEventListener("click", () => settle(true));
  at("theirs").addEventListener("click", () => settle(false));
}

export function leave() {
  picture?.send();
}

export function forget() {
  picture?.send();
  stop.abort(); // what is still to be saved is, and nobody is told of it here
  picture = null;
  queue = [];
  asking = "";
}

export async function open(text) {
  const wanted = Number(text);
  if (picture?.number === wanted) {
    heading = null;
    await picture.follow();
    return shown();
  }
  await hold(async () => turnTo(await load(wanted), wanted)).finally(() => { heading = null; });
}

// While something is under way that changes what is shown, keys and buttons do nothing to what was shown before.
export async function hold(work) {
  busy += 1;
  try {
    return await work();
  } finally {
    busy -= 1;
  }
}

const imageOf = (number, look) => `${picturePath(number, "image")}?v=${look}`; // kept by the browser

function turnTo(next, wanted) {
  if (location.hash !== link("picture", String(wanted))) return; // somebody went elsewhere meanwhile
  stop.abort();
  stop = new AbortController();
  picture = next;
  for (const kind of ["change", "named", "merged"]) picture.addEventListener(kind, (event) => told(kind, event), { signal: stop.signal });
  canvas.show(picture, imageOf(wanted, picture.base.look));
  at("part-picture").dataset.number = wanted;
  shown();
  panel.list();
  grid.stand(wanted);
  if (!at("part-picture").contains(document.activeElement)) at("canvas").focus({ preventScroll: true });
  fetchAhead();
}

export async function follow() {
  await picture?.follow();
  shown();
  panel.list();
}

function told(kind, event) {
  if (kind === "named" && event.detail.has(canvas.canvas.selected)) canvas.canvas.selected = event.detail.get(canvas.canvas.selected);
  if (kind === "named") return; // a change follows, with the boxes that have these numbers
  if (kind === "merged") door.said(`${somebody(event.detail)} changed this picture too; both changes are kept.`);
  else shown();
}

function shown() {
  if (!picture) return;
  const { base } = picture, state = { todo: "to do", reviewed: "reviewed", skipped: "skipped", accepted: "accepted unseen" }[base.state];
  at("picture-name").textContent = seen(base.name);
  at("picture-state").textContent = `${base.width} × ${base.height} · ${state}${base.reviewed_by ? ` by ${seen(base.reviewed_by)}` : ""} · ${base.split === "val" ? "validation" : "training"}`;
  at("saved").textContent = picture.problem ? `Not saved: ${seen(picture.problem)}` : picture.conflict ? "Not saved" : picture.busy ? "Saving …" : "Saved";
  at("saved").classList.toggle("problem", Boolean(picture.problem));
  chosen();
  at("candidates").setAttribute("aria-pressed", String(review.candidates));
  learning.render();
  conflict();
  canvas.draw();
  panel.boxes();
  grid.update(base);
}

function chosen() {
  const box = meant();
  at("reject").disabled = !box;
  at("yes").disabled = box?.state !== "proposed";
}

function conflict() {
  const there = picture.conflict;
  const fresh = there && at("conflict").hidden;
  at("conflict").hidden = !there;
  if (!there) return;
  picture.boxes = there.boxes; // theirs is shown; ours waits in words until it is decided
  at("conflict-text").textContent = `${seen(somebody(there))} changed the same thing while you worked on it. What is shown is theirs. `
    + `Yours is not saved yet: ${inWords(picture.waiting)}.`;
  if (fresh) at("conflict").focus();
}

function somebody(state) {
  const before = new Map((picture?.base.boxes ?? []).map((box) => [box.number, box]));
  const other = state.boxes.find((box) => box.by && JSON.stringify(before.get(box.number)) !== JSON.stringify(box));
  return other?.by ?? state.reviewed_by ?? "Somebody";
}

async function settle(mine) {
  await picture.settle(mine);
  door.said(mine ? "Yours was put on top of theirs." : "Theirs stays; yours was let go.");
  at("canvas").focus();
  shown();
}

// The queue: the server says which picture is worth most, and that nobody else has it. Or the random sample, in order.
export async function ask(way = asking || "queue", stays = staying()) {
  // What waited in the queue may have been opened otherwise meanwhile: it is not the next one.
  queue = way === asking ? queue.filter((each) => each !== picture?.number) : [];
  asking = way;
  try {
    if (!queue.length) {
      const { pictures, elsewhere } = await call("GET", `/next?count=${AHEAD}&of=${way}`);
      if (!stays()) return;
      theirs = elsewhere;
      if (way === "queue" && review.set.learns) await refresh(); // it may have learned just now
      const others = pictures.filter((each) => each !== picture?.number); // who goes on without a word wants another one
      queue = others.length ? others : pictures;
    }
    if (!stays()) return;
    if (!queue.length) return finished();
    go(queue.shift());
  } catch (error) {
    door.problem(error.message);
  }
}

function finished() {
  const all = asking === "queue";
  asking = "";
  if (!all && !theirs) return door.said("Nothing is left of the sample.");
  door.said(theirs ? `Nothing is left for you: ${theirs} ${theirs === 1 ? "picture is" : "pictures are"} with somebody else; ask again when they are done, or in some minutes.`
    : "Nothing is left: every picture is reviewed or skipped.");
}

// Who looks long at a picture keeps it, and the ones that wait behind it.
async function keep() {
  if (asking !== "queue" || !picture || document.hidden || at("review").hidden || at("part-picture").hidden) return;
  const wanted = picture.number, still = picture.base.state === "todo";
  try {
    const { pictures } = await call("POST", "/claims", { body: { pictures: [wanted, ...queue] } });
    queue = queue.filter((each) => pictures.includes(each));
    if (still && picture.number === wanted && picture.base.state === "todo" && !pictures.includes(wanted)) {
      door.said("Somebody else was given this picture, or has reviewed it, while nothing was done here.");
    }
  } catch { /* the next operation says what is wrong */ }
}

function go(wanted) {
  const there = link("picture", String(wanted));
  if (location.hash === there) open(String(wanted));
  else {
    heading = wanted; // until it is open
    location.hash = there;
  }
}

async function fetchAhead() {
  const next = asking ? queue[0] : grid.beside(picture.number, 1);
  if (next === undefined || next === null) return;
  try {
    const { look } = await call("GET", `/pictures/${next}`);
    new Image().src = imageOf(next, look);
  } catch { /* it is said when the picture is opened */ }
}

// Who opens something else meanwhile stays there.
async function onward(step, wanted, stays = staying()) {
  door.said("");
  if (!(await picture.saved()) || !stays()) return;
  if (asking && step > 0) return ask(asking, stays);
  const next = grid.beside(picture.number, step, wanted);
  if (next !== null) return go(next);
  if (step > 0 && grid.grid.rows.length === 0) return ask("queue", stays); // the picture was opened by its address: there is no list
  door.said(step > 0 ? "This was the last picture of the list." : "This is the first picture of the list.");
}

async function decide(state) {
  const done = picture, stays = staying();
  if (state === "reviewed" && canvas.isBroken()) return door.problem(`${at("canvas").dataset.why} Nobody can say that its boxes are right; S skips it.`);
  const saved = await hold(async () => {
    await panel.settled();
    done.do({ op: "review", state });
    return done.saved();
  });
  if (!saved) return;
  door.counted();
  if (stays()) await onward(1, (row) => row.state === "todo" && row.number !== done.number, stays);
}

function add(box) {
  canvas.setDrawing(false);
  if (review.chosen === null) return door.problem("The set has no class yet; add one under Classes.");
  const fresh = picture.add(review.chosen, box);
  canvas.select(fresh);
  door.said(`A box of ${className(review.chosen)}.`);
}

// A candidate under the pointer becomes a box of the class that a digit says: the surest of that class, or what is there.
function found(number) {
  const there = canvas.canvas.aimed === null || picture.conflict ? null : picture.box(canvas.canvas.aimed);
  if (!there || !isCandidate(there)) return false;
  const box = canvas.candidate(number) ?? there;
  choose(number);
  picture.do(box.class === number ? { op: "accept", number: box.number } : { op: "change", number: box.number, class: number });
  canvas.select(box.number);
  panel.list();
  door.said(`A box of ${className(number)}, found below the threshold.`);
  return true;
}

function anew(corners) {
  const box = places.meant(picture, corners);
  if (!box) return door.said("No box lies there that could be drawn anew; D draws one.");
  picture.change(box.number, { box: corners });
  canvas.select(box.number);
  door.said(`The box of ${className(box.class)} was drawn anew.`);
}

export const actions = {
  accept: () => decide("reviewed"),
  skip: () => decide("skipped"),
  next: () => onward(1),
  previous: () => { asking = ""; return onward(-1); },
  yes() {
    const box = meant();
    if (box?.state === "proposed") picture.do({ op: "accept", number: box.number });
  },
  reject() {
    const box = meant();
    if (!box || picture.conflict) return;
    if (canvas.canvas.selected === box.number) {
      panel.walk(1);
      if (canvas.canvas.selected === box.number) canvas.select(null);
    }
    picture.reject(box.number);
  },
  draw() {
    if (!canvas.canvas.drawing) canvas.select(null); // a digit now means the class of what is drawn
    canvas.setDrawing(!canvas.canvas.drawing);
  },
  enter() {
    if (canvas.canvas.drawing) add(canvas.middle());
  },
  escape() {
    if (canvas.isDragging()) canvas.cancel();
    else if (canvas.canvas.drawing) canvas.setDrawing(false);
    else canvas.select(null);
  },
  candidates() {
    review.candidates = !review.candidates;
    shown();
  },
  async learn() {
    if (await hold(learning.turn)) await follow();
  },
  nudge(x, y) {
    const box = selected();
    if (box) picture.change(box.number, { box: canvas.moved(box.box, x, y) });
  },
  size(x, y) {
    const box = selected();
    if (box) picture.change(box.number, { box: canvas.resized(box.box, x, y) });
  },
  pick(index) {
    const one = review.set.classes[index];
    if (one && !found(one.number)) panel.pick(one.number, canvas.canvas.aimed ?? canvas.canvas.selected);
  },
  box: (step) => panel.walk(step),
  larger: () => canvas.zoomTo(canvas.canvas.zoom * 1.5),
  smaller: () => canvas.zoomTo(canvas.canvas.zoom / 1.5),
  whole: () => canvas.zoomTo(1),
  grid: () => { asking = ""; location.hash = link(); },
  help,
};
