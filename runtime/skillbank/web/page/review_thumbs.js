// Boxes over the small pictures of the grid: asked for together, drawn over them as one path for each class.
import { h } from "./dom.js";
import { call, review } from "./review_set.js";
import { colourOf } from "./review_canvas.js";

const PORTION = 100; // pictures asked about at once
const WAIT = 60; // ms in which cells come into sight together
const MOST = 5000; // pictures whose boxes are kept
const known = new Map(), wanted = new Map();
let timer = 0, busy = false;

const keyOf = (row) => `${review.name} ${row.number} ${row.version}`;

// What lies over a picture: filled at once where its boxes are known, else when they have come.
export function over(row) {
  const node = h("svg:svg", { class: "over", viewBox: `0 0 ${row.width} ${row.height}`, "aria-hidden": "true" }), key = keyOf(row);
  if (known.has(key)) fill(node, known.get(key));
  else if (row.shown) {
    wanted.set(key, { name: review.name, number: row.number, node });
    timer ||= setTimeout(ask, WAIT);
  }
  return node;
}

async function ask() {
  timer = 0;
  if (busy) return;
  busy = true;
  try {
    while (wanted.size) {
      // Scrolled away, or of a set that was left: asked for when it comes back.
      for (const [key, { name, node }] of wanted) if (name !== review.name || !node.isConnected) wanted.delete(key);
      const some = [...wanted].slice(0, PORTION);
      if (!some.length) return;
      for (const [key] of some) wanted.delete(key);
      const { pictures } = await call("GET", `/boxes?pictures=${some.map(([, { number }]) => number).join(",")}`);
      const found = new Map(pictures.map((one) => [one.number, one.boxes]));
      if (known.size > MOST) known.clear();
      for (const [key, { number, node }] of some) {
        known.set(key, found.get(number) ?? []);
        fill(node, known.get(key));
      }
    }
  } catch { /* a grid without boxes is still one, and the next look says what is wrong */ } finally {
    busy = false;
    if (wanted.size) timer ||= setTimeout(ask, WAIT);
  }
}

function fill(node, boxes) {
  const paths = new Map();
  for (const { class: number, box: [a, b, c, d], proposed } of boxes) {
    const key = `${number} ${proposed}`, there = paths.get(key) ?? { number, proposed, d: "" };
    there.d += `M${a} ${b}H${c}V${d}H${a}Z`;
    paths.set(key, there);
  }
  node.replaceChildren(...[...paths.values()].map(({ number, proposed, d }) => h("svg:path", { d, class: proposed ? "proposed" : null, "--hue": colourOf(number) })));
}
