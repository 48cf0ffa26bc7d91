// The first view: a picture, descriptions, a threshold, boxes, files.
import { at, h, seen } from "/dom.js";
import { ask, save } from "/server.js";
import { drawn, hue, place } from "/boxes.js";

const LEAST = 0.05; // asked for once; the threshold then moves without the server
const state = { file: null, url: "", words: [], advice: {}, found: null, limits: null, model: null, touched: false };
let running = null, later = 0, made = [], adding = Promise.resolve();

const level = () => Number(at("threshold").value);
const visible = () => (state.found?.detections || []).filter((item) => item.score >= level());
const colour = (phrase) => hue(Math.max(0, state.words.findIndex((word) => word.toLowerCase() === phrase.toLowerCase())));
const counted = (count, one, many) => `${count} ${count === 1 ? one : many}`;

export function start() {
  const drop = at("drop"), text = at("text");
  at("file").addEventListener("change", (event) => event.target.files[0] && take(event.target.files[0]));
  document.addEventListener("dragover", (event) => {
    event.preventDefault();
    drop.classList.add("over");
  });
  document.addEventListener("dragleave", (event) => event.relatedTarget || drop.classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    drop.classList.remove("over");
    if (event.dataTransfer.files[0] && !at("find").hidden) take(event.dataTransfer.files[0]);
  });
  document.addEventListener("paste", (event) => {
    const file = event.clipboardData.files[0];
    if (file && !at("find").hidden) take(file);
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
  at("save").addEventListener("click", (event) => event.target.dataset.format && download(event.target.dataset.format));
  new ResizeObserver(() => state.found && boxes()).observe(at("picture"));
  show();
}

export function open() {}

export function learn(about) {
  state.limits = about.limits;
  const fresh = about.model.state === "ready" && state.model?.state !== "ready";
  state.model = about.model;
  if (about.model.state === "failed") tell(about.model.message);
  if (!fresh) return;
  tell("");
  if (!state.touched) at("threshold").value = about.model.threshold;
  at("known").replaceChildren(...about.model.labels.map((label) => h("option", { value: label })));
  show();
  detect();
}

function take(file) {
  if (state.limits && file.size > state.limits.bytes) {
    tell(`${file.name} is larger than ${state.limits.bytes >> 20} MB; make it smaller.`);
    return;
  }
  URL.revokeObjectURL(state.url);
  Object.assign(state, { file, url: URL.createObjectURL(file), found: null });
  at("picture").src = state.url;
  at("picture").alt = file.name;
  at("shown").hidden = at("about").hidden = false;
  at("drop-label").hidden = true;
  at("drop").classList.add("filled");
  at("name").textContent = seen(file.name);
  tell("");
  show();
  if (state.words.length) detect();
  else at("text").focus();
}

function add(text) {
  if (!text.trim()) return;
  at("text").value = "";
  adding = adding.then(() => read(text));
}

// The server says which descriptions a text holds, as it does for every other door.
async function read(text) {
  const sent = [...state.words], body = JSON.stringify({ texts: [...sent, text] });
  try {
    const answer = await ask("/descriptions", { method: "POST", headers: { "content-type": "application/json" }, body });
    const { descriptions, advice } = await answer.json();
    state.words = descriptions.filter((word) => state.words.includes(word) || !sent.includes(word));
    state.advice = advice;
    chips();
    detect();
  } catch (error) {
    if (!at("text").value) at("text").value = text;
    tell(error.message);
  }
}

function remove(index) {
  const [gone] = state.words.splice(index, 1);
  if (state.found) {
    state.found.detections = state.found.detections.filter((item) => item.phrase !== gone);
  }
  chips();
  show();
  at("text").focus();
  if (state.words.length) detect();
  else state.found = null;
}

function chips() {
  at("chips").replaceChildren(
    ...state.words.map((word, index) =>
      h("li", { "--hue": hue(index) }, h("i", { class: "swatch" }), h("span", { title: word }, word),
        h("button", { type: "button", "aria-label": `Remove ${word}`, onclick: () => remove(index) }, "×"))),
  );
}

function detect() {
  clearTimeout(later);
  if (!state.file || !state.words.length || state.model?.state !== "ready") {
    show();
    return;
  }
  running?.abort();
  const mine = (running = new AbortController());
  const form = new FormData();
  form.append("picture", state.file);
  for (const word of state.words) form.append("description", word);
  form.append("threshold", LEAST);
  form.append("preview", "1");
  at("working").hidden = false;
  tell("");
  ask("/detect", { method: "POST", body: form, signal: mine.signal })
    .then((answer) => answer.json())
    .then((found) => {
      state.found = found;
      if (found.preview) preview(found.preview);
      tell(found.notes.join(" "));
    })
    .catch((error) => {
      if (error.name === "AbortError") return;
      if (error.status === 503 && error.after) later = setTimeout(detect, 1000 * Math.min(error.after, 10));
      else state.found = null;
      tell(error.message);
    })
    .finally(() => {
      if (mine !== running) return;
      at("working").hidden = true;
      show();
    });
}

// What the model sees, where the browser would show another picture or none: dark ones of 12 bits, TIFF.
function preview(code) {
  const bytes = Uint8Array.from(atob(code), (letter) => letter.charCodeAt(0));
  URL.revokeObjectURL(state.url);
  state.url = URL.createObjectURL(new Blob([bytes], { type: "image/jpeg" }));
  at("picture").src = state.url;
}

function tell(problem) { at("problem").textContent = seen(problem); }

function boxes() { made = place(at("boxes"), visible(), state.found, colour); }

function show() {
  at("level").textContent = level().toFixed(2);
  const slider = at("threshold");
  slider.style.setProperty("--at", `${(100 * (level() - slider.min)) / (slider.max - slider.min)}%`);
  marks();
  at("found").replaceChildren();
  at("boxes").replaceChildren();
  at("save").hidden = !state.found;
  at("advice").textContent = "";
  at("took").textContent = state.found ? `${Math.max(1, Math.round(1000 * state.found.seconds))} ms` : "";
  at("about").hidden = !state.file;
  if (!state.found) {
    const next = !state.file ? "Give a picture and say what to find." : !state.words.length ? "Say what to find." : "";
    at("count").textContent = at("problem").textContent ? "" : next;
    return;
  }
  at("name").textContent = `${seen(state.file.name)} · ${state.found.width} × ${state.found.height}`;
  const shown = visible(), hidden = state.found.detections.length - shown.length;
  at("count").textContent = `${counted(shown.length, "object", "objects")}${hidden ? `, ${hidden} below the threshold` : ""}`;
  boxes();
  at("found").replaceChildren(...shown.map(row));
  const missed = state.words.filter((word) => state.advice[word] && !shown.some((item) => item.phrase === word));
  at("advice").textContent = missed.map((word) => `Nothing was found for it: ${seen(state.advice[word])}`).join(" ");
}

function row(item, index) {
  const point = (on) => () => {
    at("boxes").classList.toggle("focused", on);
    made[index]?.classList.toggle("on", on);
  };
  const name = `${item.phrase}, score ${item.score.toFixed(2)}`;
  return h("li", {},
    h("button", { type: "button", "--hue": colour(item.phrase), "aria-label": name,
        onmouseenter: point(true), onmouseleave: point(false), onfocus: point(true), onblur: point(false) },
      h("i", { class: "swatch" }), h("span", { class: "what" }, item.phrase),
      h("span", { class: "bar" }, h("i", { style: { width: `${100 * item.score}%` } })),
      h("span", { class: "score" }, item.score.toFixed(2))));
}

function marks() {
  const slider = at("threshold"), low = Number(slider.min), high = Number(slider.max);
  at("marks").replaceChildren(
    ...(state.found?.detections || []).map((item) => {
      const x = (1000 * (Math.min(item.score, high) - low)) / (high - low);
      return h("svg:line", { x1: x, x2: x, y1: 6, y2: 24, stroke: colour(item.phrase), class: item.score < level() ? "off" : "on" });
    }),
  );
}

async function download(format) {
  const stem = state.file.name.replace(/\.[^.]*$/, "") || "picture", detections = visible();
  try {
    if (format === "picture") {
      save(await drawn(at("picture"), detections, colour), `${stem}-found.png`);
      return;
    }
    const { width, height } = state.found;
    const body = JSON.stringify({
      format, descriptions: state.words,
      pictures: [{ name: state.file.name, width, height, detections }],
    });
    const answer = await ask("/labels", { method: "POST", headers: { "content-type": "application/json" }, body });
    const kind = answer.headers.get("content-type").includes("zip") ? "zip" : "json";
    save(await answer.blob(), `${stem}-${format}.${kind}`);
  } catch (error) {
    tell(error.message);
  }
}
