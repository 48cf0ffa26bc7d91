// The first view: pictures, descriptions, a threshold, boxes, files.
import { at, h, seen } from "./dom.js";
import { ask } from "./server.js";
import { hue, place } from "./boxes.js";
import * as store from "./find_kept.js";
import * as models from "./find_models.js";
import * as zoom from "./find_zoom.js";
import { draw, strip, thumbnail } from "./find_strip.js";
import { counted, knows, marks, rows } from "./find_found.js";
import { download } from "./find_files.js";

const LEAST = 0.05; // asked for once; the threshold then moves without the server
const AT_ONCE = 2, WORDS = "skillbank-words";
const state = { pictures: [], current: -1, words: [], advice: {}, limits: null, model: null, touched: false, said: "" };
let turn = new AbortController(), made = [], adding = Promise.resolve();

const level = () => Number(at("threshold").value);
const here = () => state.pictures[state.current];
const above = (picture) => (picture.found?.detections || []).filter((item) => item.score >= level());
const colour = (phrase) => hue(Math.max(0, state.words.findIndex((word) => word.toLowerCase() === phrase.toLowerCase())));

export function start() {
  const drop = at("drop"), text = at("text");
  at("file").addEventListener("change", (event) => {
    take([...event.target.files]);
    event.target.value = ""; // the same file can be given again after it was removed
  });
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (!at("find").hidden) take([...event.dataTransfer.files]);
  });
  document.addEventListener("paste", (event) => {
    if (!at("find").hidden) take([...event.clipboardData.files]);
  });
  at("describe").addEventListener("submit", (event) => {
    event.preventDefault();
    add(text.value);
  });
  text.addEventListener("keydown", (event) => {
    if (event.key === "Backspace" && !text.value && state.words.length) remove(state.words.length - 1);
  });
  at("threshold").addEventListener("input", () => {
    state.touched = true;
    show();
  });
  at("save").addEventListener("click", (event) => event.target.dataset.format && files(event.target.dataset.format));
  at("clear").addEventListener("click", clear);
  at("remove-picture").addEventListener("click", removePicture);
  for (const id of ["strip", "view"]) at(id).addEventListener("keydown", turnPage);
  zoom.start(() => here()?.found && boxes());
  models.start((model) => learn({ model, limits: state.limits }));
  show();
  restore();
}

export function open() {
  models.list();
}

export function learn(about) {
  state.limits = about.limits;
  const before = state.model, now = about.model;
  const fresh = now.state === "ready" && (before?.state !== "ready" || before.name !== now.name);
  state.model = now;
  models.show(now);
  if (now.state === "failed" && before?.state !== "failed") models.list();
  if (fresh) {
    if (!state.touched) at("threshold").value = now.threshold;
    at("known").replaceChildren(...now.labels.map((label) => h("option", { value: label })));
    if (before) models.list();
    look();
  } else if (before?.state !== now.state) show();
}

// -- pictures

async function restore() {
  try {
    state.words = JSON.parse(localStorage.getItem(WORDS) || "[]").filter((word) => typeof word === "string");
  } catch { /* no store, or what no version of this page wrote */ }
  if (state.words.length) {
    chips();
    await read([], [...state.words]);
  }
  try {
    for (const { id, file } of await store.kept()) push(file, id);
  } catch { /* said when there is something to keep */ }
  if (state.pictures.length) choose(0);
  look();
}

function push(file, id) {
  const picture = { file, id, url: URL.createObjectURL(file), found: null, problem: "", waiting: true };
  thumbnail(picture);
  state.pictures.push(picture);
  return picture;
}

async function take(given) {
  if (!given.length) return;
  const most = state.limits?.bytes ?? Infinity, left = [], large = given.filter((file) => file.size > most);
  if (large.length) left.push(`${some(large)} larger than ${most >> 20} MB and left out.`);
  let room = store.MOST.pictures - state.pictures.length;
  let bytes = store.MOST.bytes - state.pictures.reduce((sum, picture) => sum + picture.file.size, 0);
  const fitting = given.filter((file) => file.size <= most && room-- > 0 && (bytes -= file.size) >= 0);
  const over = given.length - large.length - fitting.length;
  if (over) {
    left.push(`${counted(over, "picture was", "pictures were")} left out: the page holds ${store.MOST.pictures} pictures or ${store.MOST.bytes >> 20} MB; skillbank label takes any number.`);
  }
  const first = state.pictures.length, fresh = fitting.map((file) => push(file, 0));
  at("left-out").textContent = seen(left.join(" "));
  if (fresh.length) choose(first);
  if (state.words.length) look();
  else at("text").focus();
  try {
    for (const picture of fresh) picture.id = await store.keep(picture.file);
  } catch {
    at("left-out").textContent = seen([...left, "This browser keeps no pictures for the page: after a refresh they are to be given again."].join(" "));
  }
}

function some(list) {
  const names = list.slice(0, 3).map((file) => file.name).join(", ");
  return `${names}${list.length > 3 ? ` and ${list.length - 3} more` : ""} ${list.length === 1 ? "is" : "are"}`;
}

function choose(index) {
  state.current = Math.min(index, state.pictures.length - 1);
  const picture = here();
  at("shown").hidden = at("view").hidden = !picture;
  at("drop-label").hidden = Boolean(picture);
  at("drop").classList.toggle("filled", Boolean(picture));
  if (picture) {
    at("picture").src = picture.url;
    at("picture").alt = picture.file.name;
    zoom.whole();
  }
  show();
}

function turnPage(event) {
  const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!by || event.ctrlKey || event.metaKey || event.altKey || at("view").classList.contains("near") && event.currentTarget === at("view")) return;
  const next = state.current + by;
  if (next < 0 || next >= state.pictures.length) return;
  event.preventDefault();
  choose(next);
}

function removePicture() {
  const [gone] = state.pictures.splice(state.current, 1);
  URL.revokeObjectURL(gone.url);
  if (gone.id) store.drop(gone.id).catch(() => {});
  choose(state.current);
}

function clear() {
  for (const picture of state.pictures) URL.revokeObjectURL(picture.url);
  state.pictures = [];
  turn.abort();
  at("left-out").textContent = "";
  store.clear().catch(() => {});
  choose(-1);
}

// -- descriptions

function add(text) {
  if (!text.trim()) return;
  at("text").value = "";
  adding = adding.then(() => read([...state.words], [text])).then((done) => {
    if (done) look();
    else if (!at("text").value) at("text").value = text;
  });
}

// The server says which descriptions a text holds, as it does for every other door.
async function read(sent, texts) {
  const body = JSON.stringify({ texts: [...sent, ...texts] });
  try {
    const answer = await ask("descriptions", { method: "POST", headers: { "content-type": "application/json" }, body });
    const { descriptions, advice } = await answer.json();
    state.words = descriptions.filter((word) => state.words.includes(word) || !sent.includes(word));
    state.advice = advice;
    chips();
    return true;
  } catch (error) {
    tell(error.message);
    return false;
  }
}

function remove(index) {
  const [gone] = state.words.splice(index, 1);
  for (const picture of state.pictures) {
    if (picture.found) picture.found.detections = picture.found.detections.filter((item) => item.phrase !== gone);
    if (!state.words.length) picture.found = null;
  }
  chips();
  at("text").focus();
  look();
}

function chips() {
  try {
    localStorage.setItem(WORDS, JSON.stringify(state.words));
  } catch { /* a browser that keeps nothing */ }
  at("chips").replaceChildren(
    ...state.words.map((word, index) =>
      h("li", { "--hue": hue(index) }, h("i", { class: "swatch" }), h("span", { title: word }, word),
        h("button", { type: "button", "aria-label": `Remove ${word}`, onclick: () => remove(index) }, "×"))),
  );
}

// -- looking

// All pictures anew, the shown one first; what was asked before and is not answered yet is let go.
function look() {
  turn.abort();
  const mine = (turn = new AbortController());
  for (const picture of state.pictures) Object.assign(picture, { waiting: true, problem: "" });
  tell("");
  show();
  if (!state.words.length || state.model?.state !== "ready") return;
  const rest = new Set(state.pictures);
  const next = () => {
    const picture = rest.has(here()) ? here() : rest.values().next().value;
    rest.delete(picture);
    return picture;
  };
  const worker = async () => {
    for (let picture = next(); picture && !mine.signal.aborted; picture = next()) await find(picture, mine.signal);
  };
  for (let count = 0; count < AT_ONCE; count += 1) worker();
}

async function find(picture, signal) {
  const form = new FormData();
  form.append("picture", picture.file);
  for (const word of state.words) form.append("description", word);
  form.append("threshold", LEAST);
  form.append("preview", "1");
  while (!signal.aborted && state.pictures.includes(picture)) {
    try {
      const answer = await ask("detect", { method: "POST", body: form, signal });
      const found = await answer.json();
      if (signal.aborted) return;
      Object.assign(picture, { found, waiting: false, notes: found.notes.join(" ") });
      if (found.preview) preview(picture, found.preview);
    } catch (error) {
      if (signal.aborted) return;
      if (error.status === 503 && error.after) {
        tell(error.message);
        await new Promise((done) => setTimeout(done, 1000 * Math.min(error.after, 10)));
        continue;
      }
      Object.assign(picture, { found: null, waiting: false, problem: error.message });
    }
    if (picture === here()) tell("");
    show();
    return;
  }
}

// What the model sees, where the browser would show another picture or none: dark ones of 12 bits, TIFF.
function preview(picture, code) {
  const bytes = Uint8Array.from(atob(code), (letter) => letter.charCodeAt(0)), blob = new Blob([bytes], { type: "image/jpeg" });
  URL.revokeObjectURL(picture.url);
  picture.url = URL.createObjectURL(blob);
  draw(picture, blob);
  if (picture === here()) at("picture").src = picture.url;
}

// -- what is shown

// What is said of all pictures; what is said of the shown one comes before it.
function tell(problem) {
  state.said = problem;
  at("problem").textContent = seen(here()?.problem || problem || (here()?.found && here().notes) || "");
}

function boxes() { made = place(at("boxes"), above(here()), here().found, colour); }

function show() {
  at("level").textContent = level().toFixed(2);
  const slider = at("threshold"), picture = here(), found = picture?.found;
  slider.style.setProperty("--at", `${(100 * (level() - slider.min)) / (slider.max - slider.min)}%`);
  marks(found, level(), colour);
  strip(state.pictures, state.current, (each) => (each.found ? above(each).length : null), { choose });
  at("found").replaceChildren();
  at("boxes").replaceChildren();
  at("working").hidden = !(picture?.waiting && state.words.length && state.model?.state === "ready");
  at("save").hidden = !found;
  const done = state.pictures.filter((each) => each.found).length;
  at("all-line").hidden = done < 2;
  at("all-words").textContent = `of all ${done} pictures`;
  at("advice").textContent = "";
  at("took").textContent = found ? `${Math.max(1, Math.round(1000 * found.seconds))} ms` : "";
  at("about").hidden = !picture;
  at("name").textContent = picture ? seen(picture.file.name) + (found ? ` · ${found.width} × ${found.height}` : "") : "";
  tell(state.said);
  if (!found) {
    at("count").textContent = at("problem").textContent ? "" : missing(picture);
    return;
  }
  const shown = above(picture), hidden = found.detections.length - shown.length;
  at("count").textContent = `${counted(shown.length, "object", "objects")}${hidden ? `, ${hidden} below the threshold` : ""}`;
  boxes();
  rows(shown, () => made, colour);
  const missed = state.words.filter((word) => state.advice[word] && !shown.some((item) => item.phrase === word));
  at("advice").textContent = [...missed.map((word) => `Nothing was found for it: ${seen(state.advice[word])}`), ...(shown.length ? [] : [knows(state.model)])].join(" ");
}

function missing(picture) {
  if (state.model?.state === "failed") return "There is no model; see below what to do.";
  if (!picture) return "Give pictures and say what to find.";
  if (!state.words.length) return "Say what to find.";
  return state.model?.state === "loading" ? "The model is being loaded; then the pictures are looked at." : "";
}

async function files(format) {
  const all = at("all").checked && !at("all-line").hidden;
  const chosen = all ? state.pictures.filter((each) => each.found) : [here()];
  const given = chosen.map((each) => ({
    name: each.file.name, width: each.found.width, height: each.found.height, detections: above(each),
    image: async () => {
      const image = Object.assign(new Image(), { src: each.url });
      await image.decode();
      return image;
    },
  }));
  try {
    await download(format, given, state.words, colour);
  } catch (error) {
    tell(error.message);
  }
}
