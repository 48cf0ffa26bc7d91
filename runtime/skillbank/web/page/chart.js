// Curves over epochs or trials: one SVG, its legend, and the same numbers as a table.
import { h, number } from "./dom.js";

const HUES = ["var(--main)", "var(--best)", "var(--good)", "var(--wait)", "var(--soft)"];
const WIDE = 560, HIGH = 250, BOX = { left: 48, right: 548, top: 14, bottom: 212 };

function ticks(low, high) {
  const rough = (high - low) / 4 || 1, step = 10 ** Math.floor(Math.log10(rough));
  const wide = [1, 2, 5, 10].map((times) => times * step).find((size) => (high - low) / size <= 5);
  const found = [];
  for (let value = Math.ceil(low / wide) * wide; value <= high + wide * 1e-9; value += wide) found.push(+value.toPrecision(10));
  return found;
}

// curves: [{ name, points: [[x, y], ...], dots, hue }]
export function chart(title, below, curves) {
  const points = curves.flatMap((curve) => curve.points);
  let [xl, xh] = [Math.min(...points.map((p) => p[0])), Math.max(...points.map((p) => p[0]))];
  let [yl, yh] = [Math.min(...points.map((p) => p[1])), Math.max(...points.map((p) => p[1]))];
  if (xl === xh) [xl, xh] = [xl - 0.5, xh + 0.5];
  if (yl === yh) [yl, yh] = [yl - 0.5, yh + 0.5];
  const x = (value) => BOX.left + ((value - xl) / (xh - xl)) * (BOX.right - BOX.left);
  const y = (value) => BOX.bottom - ((value - yl) / (yh - yl)) * (BOX.bottom - BOX.top);
  const svg = h("svg:svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": `${title}: ${curves.map(summary).join("; ")}` });
  for (const tick of ticks(yl, yh)) {
    svg.append(h("svg:line", { x1: BOX.left, x2: BOX.right, y1: y(tick), y2: y(tick), class: "grid" }),
      h("svg:text", { x: BOX.left - 8, y: y(tick) + 4, "text-anchor": "end" }, number(tick)));
  }
  for (const tick of ticks(xl, xh).filter(Number.isInteger)) {
    svg.append(h("svg:text", { x: x(tick), y: BOX.bottom + 18, "text-anchor": "middle" }, number(tick)));
  }
  svg.append(h("svg:text", { x: BOX.right, y: BOX.bottom + 35, "text-anchor": "end" }, below));
  curves.forEach((curve, index) => {
    const hue = curve.hue || HUES[index % HUES.length];
    if (!curve.dots) {
      const path = curve.points.map((p, i) => `${i ? "L" : "M"}${x(p[0]).toFixed(1)},${y(p[1]).toFixed(1)}`).join("");
      svg.append(h("svg:path", { d: path, class: "curve", stroke: hue }));
    }
    for (const p of curve.points) {
      if (!curve.dots && curve.points.length > 40) break;
      svg.append(h("svg:circle", { cx: x(p[0]), cy: y(p[1]), r: 3.6, fill: hue, class: "point" },
        h("svg:title", {}, `${curve.name} ${number(p[1])} at ${below} ${number(p[0])}`)));
    }
  });
  return h("section", { class: "card chart" }, h("h2", {}, title),
    h("ul", { class: "legend" }, curves.map((curve, i) => h("li", { "--hue": curve.hue || HUES[i % HUES.length] }, curve.name))),
    svg, h("details", {}, h("summary", {}, "Numbers"), h("div", { class: "scroll" }, numbers(below, curves))));
}

const summary = (curve) => `${curve.name} from ${number(curve.points[0][1])} to ${number(curve.points.at(-1)[1])}`;

function numbers(below, curves) {
  const rows = [...new Set(curves.flatMap((curve) => curve.points.map((p) => p[0])))].sort((a, b) => a - b);
  const cell = (curve, at) => number(curve.points.find((p) => p[0] === at)?.[1]);
  return h("table", {},
    h("thead", {}, h("tr", {}, h("th", { class: "n" }, below), curves.map((curve) => h("th", { class: "n" }, curve.name)))),
    h("tbody", {}, rows.map((at) => h("tr", {}, h("td", { class: "n" }, number(at)), curves.map((curve) => h("td", { class: "n" }, cell(curve, at)))))));
}
