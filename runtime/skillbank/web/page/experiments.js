// Experiments: the list, and one of them with its best trial, its history and its trials.
import { at, h, number, span, when } from "./dom.js";
import { read } from "./server.js";
import { chart } from "./chart.js";
import { watching } from "./visits.js";

const OTHERS = ["var(--main)", "var(--good)", "var(--wait)", "var(--soft)"]; // the best one has its own
let drawn = "";

export const { open, leave } = watching(look, (error) => {
  drawn = "";
  at("experiment").replaceChildren(h("p", { class: "problem", role: "alert" }, error.message));
  return 10000;
});

async function look(stays, id) {
  const { experiments } = await read("api/experiments");
  if (!stays()) return 0;
  const chosen = id || experiments[0]?.experiment;
  at("experiment-list").replaceChildren(...experiments.map((one) => entry(one, chosen)));
  const report = chosen && (await read(`api/experiments/${encodeURIComponent(chosen)}`));
  if (!stays()) return 0;
  const text = JSON.stringify(report);
  if (text !== drawn) at("experiment").replaceChildren(...(report ? page(report) : nothing()));
  drawn = text;
  return experiments.some((one) => one.running) ? 5000 : 20000;
}

const nothing = () => [h("div", { class: "empty" }, h("p", {}, "No experiments yet. Start one:"),
  h("code", {}, 'skillbank run "train MODEL on DATA"'))];

function entry(one, chosen) {
  const best = one.score === null ? "" : ` · best ${number(one.score)}`;
  return h("li", {}, h("a", { href: `#/experiments/${one.experiment}`, "aria-current": one.experiment === chosen ? "true" : null },
    h("i", { class: `dot ${one.state}` }), h("strong", {}, one.algorithm), h("small", {}, when(one.created)),
    h("small", { class: "id" }, `${one.state.toLowerCase()} · ${one.ended} of ${one.recommendations} trials${best}`)));
}

function page(report) {
  const goal = report.objectives[0], best = report.trials.find((trial) => trial.number === report.best);
  const tile = (name, value, kind) => h("div", { class: kind }, h("dt", {}, name), h("dd", {}, value));
  const tiles = [
    best && tile(`best ${goal.metric}`, number(best.scores[0]), "best"),
    report.default_scores && tile("default configuration", number(report.default_scores[0])),
    tile("trials", String(report.trials.length)),
    tile("time", span(report.seconds)),
  ].filter(Boolean);
  return [
    h("div", { class: "head" }, h("h1", {}, `${report.algorithm} search · ${report.skill}`),
      h("p", { class: "state" }, h("i", { class: `dot ${report.state}` }), `${report.state.toLowerCase()}${report.message ? ` · ${report.message}` : ""}`)),
    h("dl", { class: "card tiles" }, tiles),
    charts(report, goal),
    best && h("section", { class: "card" }, h("h2", {}, `What trial ${best.number} changed`), values(report)),
    h("section", { class: "card" }, h("h2", {}, "Trials"), h("div", { class: "scroll" }, trials(report))),
    h("p", {}, h("a", { class: "button", href: `api/experiments/${encodeURIComponent(report.experiment)}/report`, target: "_blank", rel: "noopener" }, "Full report"),
      " ", h("span", { class: "hint" }, "importance, parallel coordinates, slices, slots over time")),
  ].filter(Boolean);
}

function charts(report, goal) {
  const scored = report.trials.filter((trial) => trial.scores), better = goal.direction === "maximize" ? Math.max : Math.min;
  if (!scored.length) return null;
  let record = scored[0].scores[0];
  const line = scored.map((trial) => [trial.number, (record = better(record, trial.scores[0]))]);
  const made = [chart("History", "trial", [
    { name: "best so far", points: line, hue: "var(--best)" },
    { name: goal.metric, points: scored.map((trial) => [trial.number, trial.scores[0]]), dots: true, hue: "var(--main)" },
  ])];
  const curved = report.trials.filter((trial) => trial.curve.length > 1);
  const chosen = curved.filter((t) => t.number === report.best).concat(curved.filter((t) => t.number !== report.best).slice(0, 4));
  const points = (trial) => trial.curve.map((point) => [point[0], point[1]]);
  if (chosen.length) {
    made.push(chart("Curves", "epoch", chosen.map((trial, index) => ({
      name: trial.number === report.best ? `trial ${trial.number}, the best` : `trial ${trial.number}`,
      points: points(trial), hue: trial.number === report.best ? "var(--best)" : OTHERS[index % OTHERS.length],
    }))));
  }
  return h("div", { class: "charts" }, made);
}

function values(report) {
  const same = (key, value) => JSON.stringify(value) === JSON.stringify(report.defaults[key]);
  const cells = Object.entries(report.best_overrides).filter(([key, value]) => !same(key, value));
  if (!cells.length) return h("p", { class: "hint" }, "Nothing: the default configuration is the best.");
  return h("div", { class: "scroll" }, h("table", {},
    h("thead", {}, h("tr", {}, h("th", {}, "parameter"), h("th", { class: "n" }, "default"), h("th", { class: "n" }, "best"))),
    h("tbody", {}, cells.map(([key, value]) => h("tr", {}, h("td", {}, h("code", {}, key)), h("td", { class: "n" }, plain(report.defaults[key])), h("td", { class: "n" }, plain(value)))))));
}

const plain = (value) => (value !== null && typeof value === "object" ? JSON.stringify(value) : number(value));

function trials(report) {
  const scores = (trial) => report.objectives.map((_, i) => h("td", { class: "n" }, trial.scores ? number(trial.scores[i]) : ""));
  return h("table", {},
    h("thead", {}, h("tr", {}, h("th", {}, "trial"), h("th", {}, "state"), report.objectives.map((o) => h("th", { class: "n" }, o.metric)),
      h("th", { class: "n" }, "epochs"), h("th", { class: "n" }, "time"), h("th", {}, "job"))),
    h("tbody", {}, report.trials.map((trial) => h("tr", { class: trial.number === report.best ? "best" : null },
      h("td", {}, String(trial.number)), h("td", {}, trial.state.toLowerCase()), scores(trial),
      h("td", { class: "n" }, String(trial.epochs ?? trial.curve.at(-1)?.[0] ?? "")), h("td", { class: "n" }, span(trial.seconds)),
      h("td", {}, trial.job ? h("a", { href: `#/jobs/${trial.job}` }, h("code", {}, trial.job.split("-").slice(-3).join("-"))) : "")))));
}
