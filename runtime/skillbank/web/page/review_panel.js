// Beside the picture: its classes with their thresholds, and its boxes as a list that works without a pointer.
import { at, h } from "./dom.js";
import { call, choose, classes, className, isCandidate, review } from "./review_set.js";
import { canvas, colourOf, draw, select } from "./review_canvas.js";

const STATES = { proposed: "proposed", accepted: "accepted", edited: "edited", rejected: "rejected" };
let saving = Promise.resolve();

export const settled = () => saving; // thresholds that were moved are known to the server

export function start(said) {
  at("class-list").addEventListener("click", (event) => {
    const button = event.target.closest("[data-class]");
    if (button) pick(Number(button.dataset.class));
  });
  at("class-list").addEventListener("input", (event) => {
    const one = classes().find((each) => String(each.number) === event.target.dataset.level);
    if (!one) return;
    one.threshold = one.level = Number(event.target.value), one.threshold_run = null, one.moved = true; // moves without the model, and without the server
    event.target.nextElementSibling.textContent = one.threshold.toFixed(2);
    draw();
    boxes();
  });
  at("class-list").addEventListener("change", (event) => {
    const number = event.target.dataset.level;
    if (number === undefined) return;
    const threshold = Number(event.target.value), { name } = review; // another set may be open when its turn comes
    saving = saving.then(() => call("PATCH", `/classes/${number}`, { name, body: { threshold } })).catch((error) => said(error.message));
  });
}

// Take a class for the next box; a box that is selected, or meant otherwise, becomes one of it.
export function pick(number, meant = canvas.selected) {
  choose(number);
  const box = canvas.picture && meant !== null ? canvas.picture.box(meant) : null;
  if (box && box.class !== number && !canvas.picture.conflict) canvas.picture.change(box.number, { class: number });
  list();
  boxes();
}

export function list() {
  const focused = document.activeElement?.dataset?.level;
  if (focused !== undefined && at("class-list").contains(document.activeElement)) return; // a slider in use stays
  const held = document.activeElement?.dataset?.class;
  at("class-list").replaceChildren(...classes().map((one, index) => {
    const { level } = one, id = `level-${one.number}`;
    return h("li", { "--hue": colourOf(one.number) },
      h("button", { type: "button", "data-class": one.number, "aria-pressed": String(one.number === review.chosen), title: `${one.name}: ${one.captions.join(" | ")}` },
        h("i", { class: "swatch" }), h("span", {}, one.name), index < 9 ? h("kbd", { "aria-hidden": "true" }, String(index + 1)) : null),
      h("label", { class: "quiet", for: id }, `Threshold of ${one.name}`),
      h("input", { id, type: "range", min: 0.02, max: 0.95, step: 0.01, value: level, "data-level": one.number, title: one.threshold === null ? "the model's" : null }),
      h("output", { for: id }, level.toFixed(2)));
  }));
  if (held !== undefined) at("class-list").querySelector(`[data-class="${CSS.escape(held)}"]`)?.focus();
}

export function boxes() {
  const { picture } = canvas;
  if (!picture) return;
  const shown = picture.shown().sort((a, b) => (b.score ?? 2) - (a.score ?? 2));
  const hidden = picture.boxes.filter((box) => isCandidate(box)).length;
  const held = at("box-list").contains(document.activeElement) ? document.activeElement.dataset.box : undefined;
  at("box-list").replaceChildren(...shown.map((box) => {
    const told = isCandidate(box) ? "candidate" : STATES[box.state];
    const score = box.score === null ? "" : box.score.toFixed(2);
    return h("li", { "--hue": colourOf(box.class) },
      h("button", { type: "button", "data-box": box.number, "aria-pressed": String(box.number === canvas.selected),
          "aria-label": `${className(box.class)}, ${told}${score ? `, score ${score}` : ""}`, onclick: () => select(box.number, true) },
        h("i", { class: "swatch" }), h("span", { class: "what" }, className(box.class)),
        h("small", {}, box.caption && box.caption !== className(box.class) ? `${box.caption} · ${told}` : told), h("span", { class: "score" }, score)));
  }));
  if (held !== undefined) at("box-list").querySelector(`[data-box="${CSS.escape(held)}"]`)?.focus();
  const rejected = picture.boxes.filter((box) => box.state === "rejected").length;
  const parts = [`${shown.length} ${shown.length === 1 ? "box" : "boxes"}`];
  if (hidden && !review.candidates) parts.push(`${hidden} below the threshold`);
  if (rejected) parts.push(`${rejected} rejected`);
  at("box-count").textContent = parts.join(", ");
}

// Select the next box or the one before, in the order of the list.
export function walk(step) {
  const order = [...at("box-list").querySelectorAll("[data-box]")].map((node) => Number(node.dataset.box));
  if (!order.length) return;
  const place = order.indexOf(canvas.selected);
  select(order[(place < 0 ? (step > 0 ? 0 : order.length - 1) : place + step + order.length) % order.length], true);
}
