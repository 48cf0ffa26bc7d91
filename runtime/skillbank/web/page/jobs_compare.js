// Jobs side by side: what they measured and on what, settings that differ, classes.
import { h, number } from "./dom.js";

const ENDED = ["COMPLETE", "ERROR", "CANCELED"];
const letter = (index) => String.fromCharCode(65 + index);
const short = (id) => id.split("-").slice(-3).join("-");

// A choice of a further job to put beside some; nothing where there is none.
export function others(ids, jobs) {
  const free = jobs.filter((job) => ENDED.includes(job.state) && !ids.includes(job.id));
  if (!free.length) return null;
  const choose = h("select", { id: "beside" }, h("option", { value: "" }, "choose a job"),
    free.map((job) => h("option", { value: job.id }, `${job.action} · ${job.skill} · ${short(job.id)}`)));
  choose.addEventListener("change", () => {
    if (choose.value) location.hash = `#/jobs/${[...ids, choose.value].map(encodeURIComponent).join("/")}`;
  });
  return h("section", { class: "card" }, h("label", { class: "title", for: "beside" }, "Compare with"), choose);
}

export function comparison(found, jobs) {
  const ids = found.jobs.map((job) => job.job);
  const measures = [
    ...names(found.jobs).map((name) => [name, found.jobs.map((job) => shown(job.metrics[name]))]),
    ["pictures/s", found.jobs.map((job) => shown(job.rate))],
    ["model, MiB", found.jobs.map((job) => shown(job.model_bytes === null ? null : job.model_bytes / 2 ** 20))],
  ];
  const settings = Object.entries(found.settings).map(([key, values]) => [h("code", {}, key), ids.map((id) => (id in values ? plain(values[id]) : ""))]);
  return [
    h("div", { class: "head" }, h("h1", {}, `${ids.length} jobs compared`)),
    found.unlike.length ? h("section", { class: "card failure" }, h("h2", {}, "Not comparable"), found.unlike.map((text) => h("p", {}, text))) : null,
    h("section", { class: "card" }, h("dl", { class: "facts" }, found.jobs.flatMap(facts))),
    card("Measured", found, measures),
    found.notes.length ? h("section", { class: "card" }, found.notes.map((text) => h("p", { class: "hint" }, text))) : null,
    card("Settings that differ", found, settings),
    card("Classes", found, classes(found)),
    others(ids, jobs),
  ].filter(Boolean);
}

function facts(job, index) {
  const places = (name, values) => (values.length ? `${name} ${values.join(", ")}` : "");
  const said = [`${job.skill} ${job.action}`, places("measured on", job.measured_on),
    job.trained_by && job.trained_by !== job.job ? `trained by ${short(job.trained_by)}` : "", places("trained on", job.trained_on), places("from", job.trained_from)];
  return [h("dt", {}, letter(index)), h("dd", {}, h("a", { href: `#/jobs/${encodeURIComponent(job.job)}` }, h("code", {}, short(job.job))), ` ${said.filter(Boolean).join("; ")}`)];
}

// Those first that every job has.
function names(jobs) {
  const all = [...new Set(jobs.flatMap((job) => Object.keys(job.metrics)))];
  const common = (name) => jobs.every((job) => name in job.metrics);
  return [...all.filter(common), ...all.filter((name) => !common(name))];
}

function classes(found) {
  const rows = new Map();
  for (const [index, job] of found.jobs.entries()) {
    for (const [name, values] of Object.entries(job.per_class)) {
      for (const [measure, value] of Object.entries(values)) {
        const title = `${name} ${measure}`.trim();
        if (!rows.has(title)) rows.set(title, found.jobs.map(() => null));
        rows.get(title)[index] = value;
      }
    }
  }
  return [...rows].filter(([, values]) => values.filter((value) => value !== null).length > 1).map(([title, values]) => [title, values.map(shown)]);
}

function card(title, found, rows) {
  if (!rows.length) return null;
  const head = h("tr", {}, h("th", {}, ""), found.jobs.map((_, index) => h("th", { class: "n" }, letter(index))));
  const body = rows.map(([name, values]) => h("tr", {}, h("td", {}, name), values.map((value) => h("td", { class: "n" }, value))));
  return h("section", { class: "card" }, h("h2", {}, title), h("div", { class: "scroll" }, h("table", {}, h("thead", {}, head), h("tbody", {}, body))));
}

const shown = (value) => (value === undefined || value === null ? "" : number(value));
const plain = (value) => (value !== null && typeof value === "object" ? JSON.stringify(value) : String(value));
