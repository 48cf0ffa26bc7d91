"use strict";
// Draws the charts of the report into their <figure>s; the data stand in the page itself.
const data = JSON.parse(document.getElementById("data").textContent);
const goal = data.objectives[0], up = goal.direction === "maximize";
const counted = data.trials.filter((t) => t.scores);
const best = data.trials.find((t) => t.number === data.best);
const css = (name) => `var(--${name})`;
const COLOURS = { COMPLETE: css("main"), STOPPED: css("stopped"), FAILED: css("bad") };

function node(name, fields, parent, text) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(fields || {})) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  if (parent) parent.appendChild(made);
  return made;
}
function short(value) {
  if (value === null || value === undefined) return "";
  if (typeof value !== "number") return typeof value === "string" ? value : JSON.stringify(value);
  if (Number.isInteger(value) && Math.abs(value) < 1e6) return String(value);
  const size = Math.abs(value);
  return size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(1) : String(+value.toPrecision(4));
}
function told(trial) {
  const lines = [`trial ${trial.number}: ${trial.state.toLowerCase()}`];
  if (trial.scores) data.objectives.forEach((o, i) => lines.push(`${o.metric} ${short(trial.scores[i])}`));
  for (const [key, value] of Object.entries(trial.values)) lines.push(`${key} = ${short(value)}`);
  if (trial.reason) lines.push(trial.reason);
  return lines.join("\n");
}
function hint(shape, text) { node("title", {}, shape, text); return shape; }

// A scale maps values to pixels; numbers evenly or by order of magnitude, anything else by its place.
function scale(values, from, to, log) {
  const known = values.filter((v) => v !== null && v !== undefined);
  if (known.every((v) => typeof v === "number")) {
    const turn = log ? Math.log10 : (v) => v;
    let low = Math.min(...known.map(turn)), high = Math.max(...known.map(turn));
    if (!(high > low)) { low -= 0.5; high += 0.5; }
    const at = (v) => from + ((turn(v) - low) / (high - low)) * (to - from);
    return { at, ticks: log ? powers(low, high) : evenly(low, high), low, high };
  }
  const names = [...new Set(known.map((v) => JSON.stringify(v)))].sort();
  const at = (v) => from + ((names.indexOf(JSON.stringify(v)) + 0.5) / names.length) * (to - from);
  return { at, ticks: names.map((name) => JSON.parse(name)) };
}
function evenly(low, high) {
  const step = 10 ** Math.floor(Math.log10((high - low) / 4));
  const wide = [1, 2, 5, 10].map((m) => m * step).find((s) => (high - low) / s <= 5);
  const found = [];
  for (let v = Math.ceil(low / wide) * wide; v <= high + wide * 1e-9; v += wide) found.push(+v.toPrecision(10));
  return found;
}
function powers(low, high) {
  const found = [];
  for (let p = Math.ceil(low); p <= Math.floor(high); p++) found.push(10 ** p);
  return found.length > 1 ? found : [10 ** low, 10 ** high];
}
function chart(id, width, height) {
  const place = document.getElementById(id);
  return place ? node("svg", { viewBox: `0 0 ${width} ${height}`, role: "img" }, place) : null;
}
function axes(svg, x, y, box, names) {
  for (const tick of y.ticks) {
    node("line", { x1: box.left, x2: box.right, y1: y.at(tick), y2: y.at(tick), class: "axis" }, svg);
    node("text", { x: box.left - 6, y: y.at(tick) + 4, "text-anchor": "end" }, svg, short(tick));
  }
  for (const tick of x.ticks) {
    node("text", { x: x.at(tick), y: box.bottom + 16, "text-anchor": "middle" }, svg, short(tick).slice(0, 14));
  }
  node("text", { x: box.right, y: box.bottom + 31, "text-anchor": "end", class: "name" }, svg, names[0]);
  node("text", { x: box.left, y: box.top - 8, class: "name" }, svg, names[1]);
}
function path(points) { return points.map((p, i) => `${i ? "L" : "M"}${p[0].toFixed(1)},${p[1].toFixed(1)}`).join(""); }
const shades = [[48, 18, 117], [49, 104, 189], [31, 158, 137], [142, 201, 62], [250, 190, 40]];
function shade(part) { // from dark, the worst, to bright, the best
  const place = Math.min(0.9999, Math.max(0, part)) * (shades.length - 1), i = Math.floor(place), f = place - i;
  return `rgb(${shades[i].map((c, k) => Math.round(c + (shades[i + 1][k] - c) * f)).join(",")})`;
}
function quality() {
  const order = [...counted].sort((a, b) => (up ? 1 : -1) * (a.scores[0] - b.scores[0]));
  const place = new Map(order.map((t, i) => [t.number, order.length > 1 ? i / (order.length - 1) : 1]));
  return (trial) => shade(place.get(trial.number));
}

function history() {
  const svg = chart("history", 560, 300);
  if (!svg || !counted.length) return;
  const box = { left: 52, right: 548, top: 28, bottom: 258 };
  const x = scale(data.trials.map((t) => t.number), box.left, box.right);
  const y = scale(counted.map((t) => t.scores[0]), box.bottom, box.top);
  x.ticks = x.ticks.filter(Number.isInteger);
  axes(svg, x, y, box, ["trial", goal.metric]);
  const line = [];
  let record = null;
  for (const trial of counted) {
    const better = record === null || (up ? trial.scores[0] > record : trial.scores[0] < record);
    if (better) {
      if (record !== null) line.push([x.at(trial.number), y.at(record)]);
      record = trial.scores[0];
    }
    line.push([x.at(trial.number), y.at(record)]);
  }
  node("path", { d: path(line), fill: "none", stroke: css("best"), "stroke-width": 2 }, svg);
  if (data.default_scores) {
    const level = y.at(data.default_scores[0]);
    node("line", { x1: box.left, x2: box.right, y1: level, y2: level, stroke: css("soft"), "stroke-dasharray": "4 4" }, svg);
    node("text", { x: box.right, y: level - 4, "text-anchor": "end" }, svg, "default configuration");
  }
  for (const trial of data.trials) {
    const spot = trial.scores
      ? { cx: x.at(trial.number), cy: y.at(trial.scores[0]), r: trial === best ? 6 : 4 }
      : { cx: x.at(trial.number), cy: box.bottom, r: 3 };
    const colour = trial === best ? css("best") : COLOURS[trial.state] || css("pale");
    hint(node("circle", { ...spot, fill: colour, class: "dot" }, svg), told(trial));
  }
}
function curves() {
  const svg = chart("curves", 560, 300), shown = data.trials.filter((t) => t.curve.length);
  if (!svg || !shown.length) return;
  const box = { left: 52, right: 548, top: 28, bottom: 258 }, points = shown.flatMap((t) => t.curve);
  const x = scale(points.map((p) => p[0]), box.left, box.right), y = scale(points.map((p) => p[1]), box.bottom, box.top);
  x.ticks = x.ticks.filter(Number.isInteger);
  axes(svg, x, y, box, ["epoch", goal.metric]);
  for (const trial of [...shown].sort((a, b) => (a === best) - (b === best))) {
    const first = trial === best, line = trial.curve.map((p) => [x.at(p[0]), y.at(p[1])]);
    const style = first ? { stroke: css("best"), "stroke-width": 2.6 } : { stroke: css("main"), "stroke-opacity": 0.38, "stroke-width": 1.6 };
    hint(node("path", { d: path(line), fill: "none", class: "trial", ...style }, svg), told(trial));
    if (line.length === 1) hint(node("circle", { cx: line[0][0], cy: line[0][1], r: 3, fill: style.stroke }, svg), told(trial));
  }
}
function importance() {
  const rows = Object.entries(data.importance), svg = rows.length ? chart("importance", 560, 26 * rows.length + 10) : null;
  if (!svg) return;
  rows.forEach(([key, share], i) => {
    node("text", { x: 238, y: 26 * i + 20, "text-anchor": "end", class: "name" }, svg, key.length > 38 ? `…${key.slice(-37)}` : key);
    node("rect", { x: 248, y: 26 * i + 8, width: Math.max(1, share * 250), height: 16, rx: 3, fill: css("main") }, svg);
    node("text", { x: 254 + share * 250, y: 26 * i + 20 }, svg, `${(100 * share).toFixed(0)} %`);
  });
}
function varied() {
  return data.parameters.filter((key) => {
    const tried = counted.filter((t) => key in t.values).map((t) => JSON.stringify(t.values[key]));
    return new Set(tried).size > 1;
  });
}
function parallel() {
  const keys = varied(), svg = keys.length && counted.length > 1 ? chart("parallel", 1140, 330) : null;
  if (!svg) return;
  const colour = quality(), step = 1060 / keys.length, top = 44, bottom = 262;
  const lines = keys.map((key, i) => {
    const values = counted.filter((t) => key in t.values).map((t) => t.values[key]);
    return { key, x: 40 + i * step, scale: scale(values, bottom, top, data.log_scale.includes(key)) };
  });
  lines.push({ key: null, x: 1100, scale: scale(counted.map((t) => t.scores[0]), bottom, top) });
  const order = [...counted].sort((a, b) => (up ? 1 : -1) * (a.scores[0] - b.scores[0]));
  for (const trial of order) {
    const points = [];
    for (const { key, x, scale: s } of lines) {
      const value = key === null ? trial.scores[0] : trial.values[key];
      if (value !== undefined) points.push([x, s.at(value)]);
    }
    const style = { stroke: colour(trial), "stroke-width": trial === best ? 3 : 1.5, "stroke-opacity": trial === best ? 1 : 0.6 };
    hint(node("path", { d: path(points), fill: "none", class: "trial", ...style }, svg), told(trial));
  }
  for (const { key, x, scale: s } of lines) {
    node("line", { x1: x, x2: x, y1: top, y2: bottom, stroke: css("soft"), "stroke-width": 1 }, svg);
    for (const tick of s.ticks) node("text", { x: x + 4, y: s.at(tick) - 2 }, svg, short(tick).slice(0, 12));
    const name = key === null ? goal.metric : key.split(".").slice(-1)[0];
    const label = node("text", { x: x - 6, y: bottom + 16, class: "name", transform: `rotate(18 ${x - 6} ${bottom + 16})` }, svg, name);
    hint(label, key || goal.metric);
  }
}
function slices() {
  const colour = quality();
  varied().forEach((key) => {
    const holder = document.createElement("div"), tried = counted.filter((t) => key in t.values);
    document.getElementById("slices").appendChild(holder);
    const svg = node("svg", { viewBox: "0 0 260 190" }, holder), box = { left: 40, right: 250, top: 24, bottom: 150 };
    const log = data.log_scale.includes(key);
    const x = scale(tried.map((t) => t.values[key]), box.left + 6, box.right - 6, log);
    const y = scale(counted.map((t) => t.scores[0]), box.bottom, box.top);
    x.ticks = x.ticks.length > 4 ? x.ticks.filter((_, i) => i % 2 === 0) : x.ticks;
    axes(svg, x, y, box, [log ? "log" : "", key.length > 36 ? `…${key.slice(-35)}` : key]);
    for (const trial of tried) {
      const spot = { cx: x.at(trial.values[key]), cy: y.at(trial.scores[0]), r: trial === best ? 5.5 : 3.5 };
      const style = { fill: trial === best ? css("best") : colour(trial), "fill-opacity": 0.85, class: "dot" };
      hint(node("circle", { ...spot, ...style }, svg), told(trial));
    }
  });
}
function pareto() {
  const svg = data.objectives.length > 1 && counted.length ? chart("pareto", 560, 300) : null;
  if (!svg) return;
  const box = { left: 60, right: 548, top: 28, bottom: 258 };
  const x = scale(counted.map((t) => t.scores[0]), box.left, box.right), y = scale(counted.map((t) => t.scores[1]), box.bottom, box.top);
  axes(svg, x, y, box, [goal.metric, data.objectives[1].metric]);
  const front = counted.filter((t) => data.pareto.includes(t.number)).sort((a, b) => a.scores[0] - b.scores[0]);
  node("path", { d: path(front.map((t) => [x.at(t.scores[0]), y.at(t.scores[1])])), fill: "none", stroke: css("best"), "stroke-width": 1.5 }, svg);
  for (const trial of counted) {
    const fill = data.pareto.includes(trial.number) ? css("best") : css("main");
    hint(node("circle", { cx: x.at(trial.scores[0]), cy: y.at(trial.scores[1]), r: 4.5, fill, class: "dot" }, svg), told(trial));
  }
}
function timeline() {
  const ran = data.trials.filter((t) => t.started), lanes = [...new Set(ran.map((t) => `${t.place} ${t.slot}`))].sort();
  const svg = ran.length ? chart("timeline", 1140, 26 * lanes.length + 34) : null;
  if (!svg) return;
  const until = (t) => Date.parse(t.ended || ran.map((r) => r.ended || r.started).sort().slice(-1)[0]);
  const begun = Math.min(...ran.map((t) => Date.parse(t.started)));
  const x = scale([0, ...ran.map((t) => (until(t) - begun) / 60000)], 40, 1130);
  for (const tick of x.ticks) node("text", { x: x.at(tick), y: 26 * lanes.length + 28, "text-anchor": "middle" }, svg, `${short(tick)} min`);
  for (const trial of ran) {
    const lane = lanes.indexOf(`${trial.place} ${trial.slot}`), left = x.at((Date.parse(trial.started) - begun) / 60000);
    const width = Math.max(1.5, x.at((until(trial) - begun) / 60000) - left - 1);
    const fill = trial === best ? css("best") : COLOURS[trial.state] || css("pale");
    hint(node("rect", { x: left, y: 26 * lane + 4, width, height: 18, rx: 3, fill, class: "dot" }, svg), told(trial));
    if (width > 22) node("text", { x: left + 5, y: 26 * lane + 17, style: "fill: #fff" }, svg, trial.number);
  }
}
for (const draw of [history, curves, importance, parallel, slices, pareto, timeline]) draw();
