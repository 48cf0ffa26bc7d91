// What the keyboard does on a picture; the table is also what the help shows.
import { at, h } from "./dom.js";
import { kept } from "./review_set.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
const HELP = [
  ["A", "accept what is shown, and go to the next picture"], ["S", "skip the picture"],
  ["N, P", "next and previous picture"], ["B, Shift+B", "select the next or the previous box"],
  ["Y", "accept the box under the pointer, or the selected one"], ["R, Delete", "reject the box under the pointer, or the selected one"],
  ["1 – 9", "class of the box under the pointer (a candidate becomes a box), or of the selected one, and of the next ones"],
  ["D", "draw a box; Enter puts one in the middle"], ["Arrows", "move the selected box (with Ctrl ten pixels)"],
  ["Shift+Arrows", "make it larger or smaller"], ["Z, Shift+Z", "undo, redo"], ["C", "show candidates below the threshold"],
  ["L", "let what is decided say what is shown of the rest, or the thresholds"], ["Right or Shift+drag", "draw the box under it anew"],
  ["+, −, 0", "zoom in, out, whole picture"], ["G", "back to the grid"], ["Escape", "let go of what is selected or drawn"], ["?", "this help"],
];
let actions = {};

export const on = () => kept.get("keys") !== "off";

export function start(given) {
  actions = given;
  document.addEventListener("keydown", press);
  at("help-keys").append(...HELP.flatMap(([keys, text]) => [h("dt", {}, keys.split(", ").flatMap((key, index) => [index ? " " : null, h("kbd", {}, key)])), h("dd", {}, text)]));
  at("keys-on").checked = on();
  at("keys-on").addEventListener("change", (event) => kept.set("keys", event.target.checked ? "on" : "off"));
  at("help-open").addEventListener("click", help);
}

export function help() {
  at("help").showModal();
}

const SINGLE = {
  a: "accept", s: "skip", n: "next", p: "previous", y: "yes", r: "reject", d: "draw", c: "candidates", g: "grid",
  z: "undo", b: "box", l: "learn", "+": "larger", "=": "larger", "-": "smaller", 0: "whole",
};

function press(event) {
  if (at("review").hidden || document.querySelector("dialog[open]")) return;
  const target = event.target, writes = target.matches?.("input:not([type=range]):not([type=checkbox]), textarea, select");
  if (writes || event.metaKey || event.altKey) return;
  if (event.key === "?" && on()) {
    event.preventDefault();
    help();
    return;
  }
  const name = wanted(event, target);
  if (!name || !actions.active(name[0])) return;
  event.preventDefault();
  actions[name[0]](...name.slice(1));
}

function wanted(event, target) {
  const { key } = event;
  if (key === "Escape") return ["escape"];
  if (key === "Delete" || key === "Backspace") return ["reject"];
  if (key === "Enter" && (target === document.body || target.id === "canvas" || target.id === "main")) return ["enter"];
  if (ARROWS[key]) {
    if (target.matches?.("input")) return null; // a slider's own
    const [x, y] = ARROWS[key], step = event.ctrlKey ? 10 : 1;
    return [event.shiftKey ? "size" : "nudge", x * step, y * step];
  }
  if (event.ctrlKey) return key.toLowerCase() === "z" ? [event.shiftKey ? "redo" : "undo"] : null;
  if (!on()) return null;
  if (/^[1-9]$/.test(key)) return ["pick", Number(key) - 1];
  const name = SINGLE[key.toLowerCase()];
  if (event.shiftKey && name === "undo") return ["redo"];
  if (name === "box") return ["box", event.shiftKey ? -1 : 1];
  if (event.shiftKey && /^[a-z]$/i.test(key)) return null;
  return name ? [name] : null;
}
