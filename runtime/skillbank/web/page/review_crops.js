// Rows of crops of one class: click those that are wrong, then the rest is accepted at once.
import { at, h } from "./dom.js";
import { address, call, classes, link, refresh, review } from "./review_set.js";

const SCREEN = 60; // crops at once
let door = null, boxes = [], wrong = new Set(), more = null, chosen = "", busy = false, asked = 0, seen = null;

export function start(given) {
  door = given;
  at("crops-class").addEventListener("change", (event) => { location.hash = link("crops", event.target.value); });
  at("crops-state").addEventListener("change", () => shown(next(null)));
  at("crops-accept").addEventListener("click", accept);
  at("crops-more").addEventListener("click", () => shown(next(more)));
  at("crops-move").addEventListener("submit", (event) => {
    event.preventDefault();
    move();
  });
  at("crop-list").addEventListener("click", (event) => {
    const button = event.target.closest("[data-box]");
    if (button) turn(Number(button.dataset.box));
  });
  at("crop-list").addEventListener("keydown", steps);
}

export async function open(number) {
  const all = classes();
  chosen = all.some((one) => String(one.number) === number) ? number : String(review.chosen ?? all[0]?.number ?? "");
  at("crops-class").replaceChildren(...all.map((one) => h("option", { value: one.number }, `${one.name} (${one.counts.proposed})`)));
  at("crops-class").value = chosen;
  at("crops-into").replaceChildren(...all.filter((one) => String(one.number) !== chosen).map((one) => h("option", { value: one.number }, one.name)));
  await next(null);
}

const shown = (asking) => asking.catch((error) => door.problem(error.message));

export const follow = () => (wrong.size || busy ? undefined : next(null)); // what is being marked stays where it is

async function next(after) {
  const mine = (asked += 1);
  wrong = new Set();
  if (!chosen) boxes = [];
  else {
    const query = new URLSearchParams({ class: chosen, state: at("crops-state").value, limit: SCREEN });
    if (after !== null) query.set("after", after);
    const answer = await call("GET", `/crops?${query}`);
    if (mine !== asked) return; // another class, or others of it, were asked for meanwhile
    boxes = answer.boxes;
    seen = answer.version; // what others decide from now on is theirs
    more = answer.next;
  }
  render();
}

function render() {
  at("crop-list").replaceChildren(...boxes.map((box, index) => h("li", {},
    h("button", { type: "button", class: "crop", "data-box": box.number, "aria-pressed": "false", tabindex: index ? -1 : 0,
        "aria-label": `${index + 1}: ${box.name}, score ${box.score === null ? "none" : box.score.toFixed(2)}; wrong?` },
      h("img", { src: address(`/boxes/${box.number}/crop?v=${box.box.map((value) => Math.round(value)).join("-")}`), alt: "", loading: "lazy", draggable: "false" }),
      h("span", { class: "score" }, box.score === null ? "" : box.score.toFixed(2))))));
  told();
}

function turn(number) {
  if (!wrong.delete(number)) wrong.add(number);
  at("crop-list").querySelector(`[data-box="${number}"]`)?.setAttribute("aria-pressed", String(wrong.has(number)));
  told();
}

function told() {
  const decided = at("crops-state").value === "decided";
  const rest = boxes.length - wrong.size, marked = wrong.size ? `${wrong.size} wrong, ` : "";
  at("crops-accept").disabled = boxes.length === 0 || (decided && wrong.size === 0);
  at("crops-accept").textContent = decided ? `Reject ${wrong.size}` : wrong.size ? `Reject ${wrong.size}, accept ${rest}` : `Accept all ${rest}`;
  at("crops-count").textContent = boxes.length ? `${marked}${rest} ${decided ? "right" : "to accept"}${more === null ? "" : ", more behind"}` : "";
  at("crops-more").hidden = more === null;
  at("crops-move").hidden = wrong.size === 0 || classes().length < 2;
  at("crops-none").hidden = boxes.length > 0;
}

export function accept() {
  const decided = at("crops-state").value === "decided", marked = boxes.filter((box) => wrong.has(box.number));
  const some = decided ? marked : boxes; // what was decided stays but for what is marked
  const decisions = Object.fromEntries(some.map((box) => [box.number, wrong.has(box.number) ? "reject" : "accept"]));
  return give({ decisions }, (count) => `${boxesOf(count)} decided, ${wrong.size} of them rejected.`);
}

// Boxes of one class become another one: how a class is split, and how a wrong name is mended in a row.
function move() {
  const into = Number(at("crops-into").value), name = classes().find((one) => one.number === into)?.name;
  return give({ reclass: [...wrong], class: into }, (count) => `${boxesOf(count)} became ${name}.`);
}

const boxesOf = (count) => `${count} ${count === 1 ? "box" : "boxes"}`;

async function give(body, words) {
  if (busy || !boxes.length) return;
  busy = true;
  try {
    const { changed, left } = await call("POST", "/decisions", { body: { ...body, seen } });
    door.said(words(changed) + (left ? ` ${boxesOf(left)} that somebody else has changed meanwhile ${left === 1 ? "stays" : "stay"} as ${left === 1 ? "it is" : "they are"}.` : ""));
    await refresh();
    door.progress();
    await next(null);
    at("crop-list").querySelector("button")?.focus();
  } catch (error) {
    door.problem(error.message);
  } finally {
    busy = false;
  }
}

function steps(event) {
  const all = [...at("crop-list").querySelectorAll("button")], place = all.indexOf(document.activeElement);
  if (place < 0 || event.ctrlKey || event.altKey || event.metaKey) return;
  const top = all[0].offsetTop, wide = Math.max(1, all.findIndex((node) => node.offsetTop !== top));
  const columns = all.some((node) => node.offsetTop !== top) ? wide : all.length;
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns, Home: -all.length, End: all.length }[event.key];
  if (!step) return;
  event.preventDefault();
  const to = all[Math.max(0, Math.min(all.length - 1, place + step))];
  all[place].tabIndex = -1;
  to.tabIndex = 0;
  to.focus();
}
