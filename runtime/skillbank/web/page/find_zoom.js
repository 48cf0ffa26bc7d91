// The picture as large as its room allows, small ones enlarged; closer by wheel, pinch, keys and buttons.
import { at } from "./dom.js";

const MOST = 16, STEP = 1.25, ENLARGED = 8;
let zoom = 1, changed = () => {};
const fingers = new Map();
let apart = 0;

export function start(told) {
  const view = at("view");
  changed = told;
  view.addEventListener("wheel", (event) => {
    if (at("shown").hidden) return;
    event.preventDefault();
    closer(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), event.clientX, event.clientY);
  }, { passive: false });
  view.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const by = { "+": STEP, "=": STEP, "-": 1 / STEP }[event.key];
    if (by) closer(by);
    else if (event.key === "0") whole();
    else return;
    event.preventDefault();
  });
  view.addEventListener("pointerdown", (event) => {
    fingers.set(event.pointerId, event);
    apart = distance();
    if (zoom > 1 && event.pointerType === "mouse") view.setPointerCapture(event.pointerId);
  });
  view.addEventListener("pointermove", (event) => {
    const before = fingers.get(event.pointerId);
    if (!before) return;
    if (fingers.size === 1 && event.pointerType === "mouse") {
      view.scrollLeft -= event.clientX - before.clientX;
      view.scrollTop -= event.clientY - before.clientY;
    }
    fingers.set(event.pointerId, event);
    if (fingers.size !== 2) return;
    const [a, b] = fingers.values(), now = distance();
    if (apart && now) closer(now / apart, (a.clientX + b.clientX) / 2, (a.clientY + b.clientY) / 2);
    apart = now;
  });
  for (const kind of ["pointerup", "pointercancel", "pointerleave"])
    view.addEventListener(kind, (event) => fingers.delete(event.pointerId) && (apart = distance()));
  at("closer").addEventListener("click", () => closer(STEP));
  at("farther").addEventListener("click", () => closer(1 / STEP));
  at("whole").addEventListener("click", whole);
  at("picture").addEventListener("load", lay);
  new ResizeObserver(lay).observe(at("drop"));
}

export function whole() {
  zoom = 1;
  lay();
}

function distance() {
  if (fingers.size !== 2) return 0;
  const [a, b] = fingers.values();
  return Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY);
}

// What lies below the pointer stays below it.
function closer(by, x, y) {
  const view = at("view"), room = view.getBoundingClientRect();
  const left = (x ?? room.left + room.width / 2) - room.left, top = (y ?? room.top + room.height / 2) - room.top;
  const before = zoom;
  zoom = Math.min(MOST, Math.max(1, zoom * by));
  const ratio = zoom / before, from = [view.scrollLeft + left, view.scrollTop + top];
  lay();
  view.scrollLeft = from[0] * ratio - left;
  view.scrollTop = from[1] * ratio - top;
}

function lay() {
  const image = at("picture"), view = at("view");
  if (!image.naturalWidth || at("shown").hidden) return;
  const wide = at("drop").clientWidth - 28, high = Math.min(0.7 * innerHeight, 740);
  const fit = Math.min(wide / image.naturalWidth, high / image.naturalHeight, ENLARGED);
  view.style.width = `${Math.min(wide, fit * image.naturalWidth * zoom)}px`;
  view.style.height = `${Math.min(high, fit * image.naturalHeight * zoom)}px`;
  image.style.width = `${fit * image.naturalWidth * zoom}px`;
  image.style.height = `${fit * image.naturalHeight * zoom}px`;
  view.classList.toggle("near", zoom > 1);
  at("farther").disabled = at("whole").disabled = zoom === 1;
  at("closer").disabled = zoom === MOST;
  changed();
}
