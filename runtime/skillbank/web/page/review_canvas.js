// The picture with its boxes, drawn in SVG over it; pointers and fingers draw, move and resize.
import { at, h, seen } from "./dom.js";
import { hue } from "./boxes.js";
import { call, classes, className, isCandidate } from "./review_set.js";
import { sureness } from "./review_places.js";

const SLOP = 3; // px that a pointer moves before it drags
const LEAST = 2; // px of the picture: the smallest edge of a box
const MOST = 16; // times enlarged
const HANDLES = [[0, 0, "nw"], [0.5, 0, "n"], [1, 0, "ne"], [1, 0.5, "e"], [1, 1, "se"], [0.5, 1, "s"], [0, 1, "sw"], [0, 0.5, "w"]];

export const canvas = { picture: null, selected: null, aimed: null, drawing: false, zoom: 1, onselect() {}, ondraw() {}, onredraw() {} };
let drag = null; // { kind: "draw" | "redraw" | "move" | "resize" | "pan", ... }
// What lies under the pointer is what keys act on, once it moved there; what is selected since is meant instead.
let under = null, spot = null;
let pinch = null; // two fingers: where their middle is, how far apart they began, and what the zoom was

export const colourOf = (number) => hue(Math.max(0, classes().findIndex((one) => one.number === number)));
const scale = () => at("canvas-boxes").clientWidth / (canvas.picture?.base.width || 1) || 1; // screen pixels of one of the picture

export function start() {
  const boxes = at("canvas-boxes"), view = at("canvas");
  boxes.addEventListener("pointerdown", press);
  boxes.addEventListener("contextmenu", (event) => event.preventDefault()); // the right button draws a box anew
  boxes.addEventListener("pointermove", move);
  boxes.addEventListener("pointerup", release);
  boxes.addEventListener("pointercancel", () => finish(false));
  boxes.addEventListener("pointerleave", () => { if (!drag) aim(null, null); });
  // A finger that drags a box does not scroll; what CSS says of touch does not reach parts of an SVG everywhere.
  boxes.addEventListener("touchstart", (event) => { if (drag) event.preventDefault(); }, { passive: false });
  for (const kind of ["touchstart", "touchend", "touchcancel"]) view.addEventListener(kind, touch, { passive: false });
  view.addEventListener("touchmove", pinched, { passive: false });
  view.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return; // without them the wheel scrolls
    event.preventDefault();
    zoomTo(canvas.zoom * Math.exp(-event.deltaY / 300), event.clientX, event.clientY);
  }, { passive: false });
  new ResizeObserver(() => fit()).observe(view);
  at("canvas-image").addEventListener("load", () => view.classList.remove("waiting"));
  at("canvas-image").addEventListener("error", broken);
}

export const isBroken = () => at("canvas").classList.contains("broken");

// A picture that is gone or changed: the server says why, and nobody can say of what is not seen that it is right.
async function broken() {
  const view = at("canvas"), { picture } = canvas;
  view.dataset.why = "The picture cannot be shown.";
  view.classList.add("broken");
  try {
    await call("GET", `/pictures/${picture.number}/image`);
  } catch (error) {
    if (canvas.picture === picture) view.dataset.why = `The picture cannot be shown: ${seen(error.message)}.`;
  }
}

export function show(picture, src) {
  finish(false);
  Object.assign(canvas, { picture, selected: null, aimed: null, drawing: false, zoom: 1 });
  [under, spot] = [null, null];
  const image = at("canvas-image"), view = at("canvas");
  view.classList.remove("broken");
  view.classList.add("waiting");
  image.src = src;
  image.alt = "";
  at("canvas-boxes").setAttribute("viewBox", `0 0 ${picture.base.width} ${picture.base.height}`);
  fit();
}

export function fit() {
  if (!canvas.picture) return;
  const view = at("canvas"), { width, height } = canvas.picture.base;
  const whole = Math.min(view.clientWidth / width, view.clientHeight / height, 8);
  Object.assign(at("sheet").style, { width: `${width * whole * canvas.zoom}px`, height: `${height * whole * canvas.zoom}px` });
  draw();
}

export function zoomTo(zoom, x, y) {
  const view = at("canvas"), sheet = at("sheet");
  const frame = view.getBoundingClientRect(), before = sheet.getBoundingClientRect();
  const left = x ?? frame.left + frame.width / 2, top = y ?? frame.top + frame.height / 2;
  const share = [(left - before.left) / before.width, (top - before.top) / before.height];
  canvas.zoom = Math.max(1, Math.min(MOST, zoom));
  fit();
  const now = sheet.getBoundingClientRect(); // what was under the pointer stays there
  view.scrollBy(now.left + share[0] * now.width - left, now.top + share[1] * now.height - top);
}

const fingers = ({ touches: [a, b] }) => ({ apart: Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1,
  x: (a.clientX + b.clientX) / 2, y: (a.clientY + b.clientY) / 2 });

// A second finger means the picture and no box: what the first one had begun is let go.
function touch(event) {
  pinch = event.touches.length === 2 && canvas.picture ? { ...fingers(event), zoom: canvas.zoom } : null;
  if (!pinch) return;
  event.preventDefault();
  finish(false);
}

function pinched(event) {
  if (!pinch || event.touches.length !== 2) return;
  event.preventDefault();
  const now = fingers(event);
  at("canvas").scrollBy(pinch.x - now.x, pinch.y - now.y);
  zoomTo(pinch.zoom * now.apart / pinch.apart, now.x, now.y);
  Object.assign(pinch, { x: now.x, y: now.y });
}

export function select(number, scroll = false) {
  Object.assign(canvas, { selected: number, aimed: null });
  draw();
  canvas.onselect(number);
  if (scroll) at("canvas-boxes").querySelector(".selected")?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

export function setDrawing(on) {
  canvas.drawing = on;
  at("canvas").classList.toggle("drawing", on);
  at("draw").setAttribute("aria-pressed", String(on));
  if (on) aim(null, null);
  if (on) at("canvas").focus({ preventScroll: true }); // Enter is the canvas's now, and no button's
}

// A box for those who draw with the keyboard: in the middle of what is seen, a fifth as large.
export function middle() {
  const view = at("canvas").getBoundingClientRect(), sheet = at("sheet").getBoundingClientRect(), size = scale();
  const left = Math.max(view.left, sheet.left), right = Math.min(view.right, sheet.right);
  const top = Math.max(view.top, sheet.top), bottom = Math.min(view.bottom, sheet.bottom);
  const [x, y] = [((left + right) / 2 - sheet.left) / size, ((top + bottom) / 2 - sheet.top) / size];
  const [w, t] = [(right - left) / size / 10, (bottom - top) / size / 10];
  return [x - w, y - t, x + w, y + t];
}

export function draw() {
  const { picture } = canvas, size = scale();
  if (!picture) return;
  const area = ({ box: [a, b, c, d] }) => (c - a) * (d - b);
  const shown = picture.shown().sort((a, b) => area(b) - area(a)); // what is small lies on top and can be reached
  const chosen = shown.find((box) => box.number === canvas.selected);
  if (!chosen) canvas.selected = null;
  at("canvas-boxes").replaceChildren(...shown.map((box) => boxNode(box, size)), ...(chosen ? handles(chosen, size) : []), ...ghost(), h("svg:g", { id: "canvas-aim" }));
  drawAim();
}

// What keys would act on: handles at a box, and a candidate that is not shown otherwise.
function drawAim() {
  const box = canvas.aimed === null ? null : canvas.picture.box(canvas.aimed), size = scale();
  if (!box || box.state === "rejected") canvas.aimed = null;
  for (const node of at("canvas-boxes").querySelectorAll(".mark")) node.classList.toggle("aimed", Number(node.dataset.box) === canvas.aimed);
  const shown = canvas.aimed !== null && canvas.picture.shown().includes(box);
  const nodes = canvas.aimed === null || (shown && canvas.aimed === canvas.selected) ? [] : shown ? handles(box, size) : [hint(box, size)];
  at("canvas-aim")?.replaceChildren(...nodes);
}

function hint(box, size) {
  const node = boxNode(box, size);
  node.setAttribute("class", "hint-box candidate");
  return node;
}

const holds = ([a, b, c, d], [x, y]) => x >= a && x <= c && y >= b && y <= d;
const surest = (boxes) => boxes.reduce((best, box) => (best && sureness(best) >= sureness(box) ? best : box), null);

// The surest candidate where the pointer is, of a class or of any.
export function candidate(number = null) {
  if (!spot || !canvas.picture) return null;
  return surest(canvas.picture.boxes.filter((box) => isCandidate(box) && holds(box.box, spot) && (number === null || box.class === number)));
}

function aim(number, where) {
  spot = where;
  const now = number ?? candidate()?.number ?? null;
  if (now === under) return;
  canvas.aimed = under = now;
  drawAim();
  canvas.onselect(canvas.selected);
}

function look(event) {
  if (event.pointerType === "touch" || canvas.drawing || !canvas.picture) return;
  const node = event.target.closest("[data-box], [data-handle]");
  aim(node ? Number(node.dataset.box ?? node.dataset.of) : null, point(event));
}

function boxNode(box, size) {
  const [left, top, right, bottom] = live(box), letter = 12.5 / size, inside = top * size < 18;
  const kind = isCandidate(box) ? "candidate" : box.state;
  const words = `${className(box.class)}${box.state === "proposed" && box.score !== null ? ` ${box.score.toFixed(2)}` : ""}`;
  return h("svg:g", { class: `mark ${kind}${box.number === canvas.selected ? " selected" : ""}`, "data-box": box.number, "--hue": colourOf(box.class) },
    h("svg:rect", { x: left, y: top, width: right - left, height: bottom - top }),
    h("svg:text", { x: left + 3 / size, y: inside ? top + 15 / size : top - 5 / size, "font-size": letter, "stroke-width": 3.2 / size }, words));
}

function handles(box, size) {
  const [left, top, right, bottom] = live(box), edge = 10 / size, touch = 30 / size;
  return HANDLES.map(([x, y, name]) => {
    const [cx, cy] = [left + x * (right - left), top + y * (bottom - top)];
    const square = (side, kind) => h("svg:rect", { class: kind, x: cx - side / 2, y: cy - side / 2, width: side, height: side });
    return h("svg:g", { class: `handle ${name}`, "data-handle": `${x} ${y}`, "data-of": box.number, "--hue": colourOf(box.class) }, square(touch, "reach"), square(edge, "grip"));
  });
}

const draws = (one) => one.kind === "draw" || one.kind === "redraw";
const ghost = () => (drag && draws(drag) && drag.box ? [h("svg:rect", { class: "ghost", x: drag.box[0], y: drag.box[1], width: drag.box[2] - drag.box[0], height: drag.box[3] - drag.box[1] })] : []);
const live = (box) => (drag?.box && !draws(drag) && drag.number === box.number ? drag.box : box.box);

function point(event) {
  const frame = at("canvas-boxes").getBoundingClientRect(), { width, height } = canvas.picture.base;
  const inside = (value, most) => Math.max(0, Math.min(most, value));
  return [inside(((event.clientX - frame.left) / frame.width) * width, width), inside(((event.clientY - frame.top) / frame.height) * height, height)];
}

function press(event) {
  const anew = event.button === 2 || (event.button === 0 && event.shiftKey);
  if ((event.button !== 0 && !anew) || drag || !canvas.picture || canvas.picture.conflict) return;
  const handle = event.target.closest("[data-handle]"), mark = event.target.closest("[data-box]");
  const from = { id: event.pointerId, x: event.clientX, y: event.clientY, start: point(event), moved: false };
  if (canvas.drawing) drag = { ...from, kind: "draw" };
  else if (anew) drag = { ...from, kind: "redraw" };
  else if (handle) {
    const number = Number(handle.dataset.of);
    if (number !== canvas.selected) select(number);
    drag = { ...from, kind: "resize", number, pull: handle.dataset.handle.split(" ").map(Number) };
  }
  else if (mark) {
    const number = Number(mark.dataset.box), already = number === canvas.selected;
    if (!already) select(number); // drawing anew under a finger would lose its events
    // A finger moves only what it chose before: else nobody could scroll over a box.
    if (event.pointerType !== "touch" || already) drag = { ...from, kind: "move", number };
  } else {
    select(null);
    if (event.pointerType !== "touch") drag = { ...from, kind: "pan", left: at("canvas").scrollLeft, top: at("canvas").scrollTop };
  }
  if (!drag) return;
  event.preventDefault();
  at("canvas").focus({ preventScroll: true });
  at("canvas-boxes").setPointerCapture(event.pointerId);
}

function move(event) {
  if (!drag) return look(event);
  if (drag.id !== event.pointerId) return;
  if (!drag.moved && Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < SLOP) return;
  drag.moved = true;
  if (drag.kind === "pan") {
    at("canvas").scrollTo(drag.left - event.clientX + drag.x, drag.top - event.clientY + drag.y);
    return;
  }
  const [x, y] = point(event), [startX, startY] = drag.start;
  if (draws(drag)) drag.box = [Math.min(x, startX), Math.min(y, startY), Math.max(x, startX), Math.max(y, startY)];
  else {
    const box = canvas.picture.box(drag.number);
    if (!box) return finish(false);
    drag.box = drag.kind === "move" ? moved(box.box, x - startX, y - startY) : pulled(box.box, drag.pull, x, y);
  }
  draw();
}

function release(event) {
  if (drag && drag.id === event.pointerId) finish(true);
}

function finish(take) {
  const done = drag;
  drag = null;
  if (!done) return;
  if (take && done.moved && done.box && large(done.box)) {
    if (done.kind === "draw") canvas.ondraw(done.box);
    else if (done.kind === "redraw") canvas.onredraw(done.box);
    else canvas.picture.change(done.number, { box: done.box });
  }
  draw();
}

export const isDragging = () => drag !== null;
export const cancel = () => finish(false);

const large = ([a, b, c, d]) => c - a >= LEAST && d - b >= LEAST;

// Move a box as a whole; it stops at the picture's edges.
export function moved([a, b, c, d], x, y) {
  const { width, height } = canvas.picture.base;
  const dx = Math.max(-a, Math.min(width - c, x)), dy = Math.max(-b, Math.min(height - d, y));
  return [a + dx, b + dy, c + dx, d + dy];
}

// Pull an edge or a corner to a point; a box turns over rather than vanish.
function pulled([a, b, c, d], [h1, v1], x, y) {
  const across = h1 === 0 ? [x, c] : h1 === 1 ? [a, x] : [a, c], down = v1 === 0 ? [y, d] : v1 === 1 ? [b, y] : [b, d];
  return [Math.min(...across), Math.min(...down), Math.max(...across), Math.max(...down)];
}

// Make a box wider or narrower at its right and lower edge.
export function resized([a, b, c, d], x, y) {
  const { width, height } = canvas.picture.base;
  return [a, b, Math.max(a + LEAST, Math.min(width, c + x)), Math.max(b + LEAST, Math.min(height, d + y))];
}
