// The pictures of a set as a grid: only those in sight are elements, so that ten thousand scroll smoothly.
import { at, h } from "./dom.js";
import { call, kept, link, picturePath, review, className } from "./review_set.js";
import { over } from "./review_thumbs.js";

const PORTION = 1000; // pictures asked for at once
const WIDE = 168; // px: least width of a cell
const UNDER = 44; // px below a picture: its name and how it stands
const GAP = 10;
const FILTERS = { all: "All", todo: "To do", unsure: "Unsure", disagreeing: "Disagreeing names", empty: "Empty",
  near_duplicates: "Near-duplicates", reviewed: "Reviewed", skipped: "Skipped", accepted: "Accepted unseen" };
const STATES = { todo: "to do", reviewed: "reviewed", skipped: "skipped", accepted: "accepted unseen" };

export const grid = { filter: "all", class: "", rows: [], complete: false };
let asked = 0, current = 0, cells = new Map(), columns = 1, frame = 0, shape = "";

let door = null;

export function start(given) {
  door = given;
  at("grid-filters").append(...Object.entries(FILTERS).map(([value, text]) =>
    h("button", { type: "button", "data-filter": value, "aria-pressed": "false" }, text)));
  at("grid-filters").addEventListener("click", (event) => event.target.dataset.filter && choose({ filter: event.target.dataset.filter }));
  at("grid-class").addEventListener("change", (event) => choose({ class: event.target.value }));
  at("grid").addEventListener("scroll", later, { passive: true });
  at("grid").addEventListener("keydown", steps);
  at("grid").addEventListener("focusin", (event) => {
    const cell = event.target.closest("[data-index]");
    if (cell) current = Number(cell.dataset.index);
  });
  new ResizeObserver(later).observe(at("grid"));
}

function choose(fields) {
  Object.assign(grid, fields, { rows: [] });
  kept.set(`filter of ${review.name}`, grid.filter);
  current = 0;
  at("grid").scrollTop = 0;
  open().catch((error) => door.problem(error.message));
}

// Read all rows of a filter, a portion at a time; the grid shows what has come.
export async function open() {
  const mine = (asked += 1), again = grid.rows.length > 0; // what was read stays until it is read anew
  controls();
  if (again) render();
  else grid.complete = false;
  if (again && document.activeElement === document.body) focus();
  at("grid-count").textContent = again ? at("grid-count").textContent : "Reading …";
  let rows = [], after = null;
  do {
    const query = new URLSearchParams({ filter: grid.filter, limit: PORTION });
    if (grid.class) query.set("class", grid.class);
    if (after !== null) query.set("after", after);
    const answer = await call("GET", `/pictures?${query}`);
    if (mine !== asked) return;
    rows = [...rows, ...answer.pictures];
    after = answer.next;
    if (!again || after === null) {
      const held = at("grid").contains(document.activeElement) && document.activeElement.closest("[data-index]");
      if (again || rows.length === answer.pictures.length) clear(); // what only grew keeps its cells
      grid.rows = rows;
      render();
      if (held) focus();
    }
  } while (after !== null);
  grid.complete = true;
  said();
}

function controls() {
  for (const button of at("grid-filters").children) button.setAttribute("aria-pressed", String(button.dataset.filter === grid.filter));
  const options = [["", "any class"], ...(review.set?.classes ?? []).map((one) => [String(one.number), one.name])];
  const text = JSON.stringify(options);
  if (at("grid-class").dataset.of !== text) {
    at("grid-class").replaceChildren(...options.map(([value, name]) => h("option", { value }, name)));
    at("grid-class").dataset.of = text;
  }
  at("grid-class").value = grid.class;
}

function said() {
  const count = grid.rows.length, of = grid.class ? ` with ${className(Number(grid.class))}` : "";
  at("grid-count").textContent = count ? `${count.toLocaleString("en")} ${count === 1 ? "picture" : "pictures"}${of}` : "";
  at("grid-empty").hidden = count > 0 || !grid.complete;
}

// Rows that were changed on the canvas, so that a way back shows them as they are.
export function update(state) {
  const row = grid.rows.find((one) => one.number === state.number);
  if (row) for (const key of Object.keys(row)) row[key] = state[key] ?? row[key];
}

function later() {
  if (!frame) frame = requestAnimationFrame(() => { frame = 0; render(); });
}

function clear() {
  cells = new Map();
  at("grid-sheet").replaceChildren();
}

export function render() {
  const view = at("grid"), inner = view.clientWidth - 2;
  if (!inner || !view.checkVisibility()) return;
  columns = Math.max(2, Math.floor((inner + GAP) / (WIDE + GAP)));
  const side = Math.floor((inner - GAP * (columns - 1)) / columns), high = side + UNDER + GAP;
  const now = `${columns} ${side}`;
  if (shape !== now) {
    shape = now;
    clear();
  }
  at("grid-sheet").style.height = `${Math.ceil(grid.rows.length / columns) * high}px`;
  const first = Math.max(0, Math.floor(view.scrollTop / high) - 2) * columns;
  const last = Math.min(grid.rows.length, (Math.ceil((view.scrollTop + view.clientHeight) / high) + 2) * columns);
  current = Math.min(current, Math.max(0, grid.rows.length - 1));
  const focused = document.activeElement?.closest?.("#grid [data-index]");
  if (!focused && (current < first || current >= last)) current = Math.min(first + 2 * columns, Math.max(0, last - 1)); // Tab leads to what is seen
  for (const [index, cell] of cells) {
    if ((index < first || index >= last) && cell !== focused) {
      cell.remove();
      cells.delete(index);
    }
  }
  const made = document.createDocumentFragment();
  for (let index = first; index < last; index += 1) {
    if (cells.has(index)) continue;
    const cell = cellOf(index, side);
    Object.assign(cell.style, { left: `${(index % columns) * (side + GAP)}px`, top: `${Math.floor(index / columns) * high}px`, width: `${side}px` });
    cells.set(index, cell);
    made.append(cell);
  }
  at("grid-sheet").append(made);
  for (const [index, cell] of cells) {
    cell.firstChild.tabIndex = index === current ? 0 : -1;
    cell.setAttribute("aria-setsize", grid.rows.length);
  }
}

function cellOf(index, side) {
  const row = grid.rows[index];
  const told = [STATES[row.state], row.shown === 1 ? "1 box" : `${row.shown} boxes`];
  if (row.clashes) told.push("names disagree");
  if (row.reviewed_by) told.push(row.reviewed_by);
  return h("div", { role: "listitem", "data-index": index, "aria-setsize": grid.rows.length, "aria-posinset": index + 1 },
    h("a", { href: link("picture", String(row.number)), class: `cell ${row.state}`, tabindex: -1 },
      h("img", { src: `${picturePath(row.number, "thumbnail")}?v=${row.look}`, alt: "", width: side, height: side, decoding: "async", draggable: "false" }), over(row),
      h("span", { class: "name" }, row.name), h("small", {}, told.join(" · "))));
}

function steps(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const page = Math.max(1, Math.floor(at("grid").clientHeight / ((at("grid-sheet").firstChild?.clientHeight ?? WIDE) + GAP))) * columns;
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, PageDown: page, PageUp: -page, Home: -grid.rows.length, End: grid.rows.length }[event.key];
  if (!step || !grid.rows.length) return;
  event.preventDefault();
  focus(Math.max(0, Math.min(grid.rows.length - 1, current + step)));
}

export function focus(index = current) {
  current = index;
  const view = at("grid");
  const cell = cells.get(index), high = cell?.offsetHeight ?? at("grid-sheet").firstChild?.offsetHeight ?? WIDE + UNDER;
  const top = Math.floor(index / columns) * (high + GAP);
  if (top < view.scrollTop) view.scrollTop = top;
  else if (top + high > view.scrollTop + view.clientHeight) view.scrollTop = top + high - view.clientHeight;
  render();
  cells.get(index)?.firstChild.focus({ preventScroll: true });
}

// The picture before or after another one, in the order that is shown.
export function beside(number, step, wanted = () => true) {
  const place = grid.rows.findIndex((row) => row.number === number);
  for (let index = place + step; place >= 0 && index >= 0 && index < grid.rows.length; index += step) {
    if (wanted(grid.rows[index])) return grid.rows[index].number;
  }
  return null;
}

export function stand(number) {
  const index = grid.rows.findIndex((row) => row.number === number);
  if (index >= 0) current = index;
  return index;
}
