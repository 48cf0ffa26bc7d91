// Jobs: the list, and one of them with its curves, numbers and pictures.
import { at, h, number, span, when } from "./dom.js";
import { read } from "./server.js";
import { chart } from "./chart.js";
import { comparison, others } from "./jobs_compare.js";
import { watching } from "./visits.js";

const RUNNING = ["PENDING", "RUNNING", "UNKNOWN"];
let drawn = "";

export const { open, leave } = watching(look, (error) => {
  drawn = "";
  at("job").replaceChildren(h("p", { class: "problem", role: "alert" }, error.message));
  return 10000;
});

async function look(stays, id, ...beside) {
  const { jobs } = await read("api/jobs");
  if (!stays()) return 0;
  const chosen = id || jobs[0]?.id;
  at("job-list").replaceChildren(...jobs.map((job) => entry(job, chosen)));
  const one = `api/jobs/${encodeURIComponent(chosen)}`;
  const path = beside.length ? `${one}/comparison?beside=${beside.map(encodeURIComponent).join(",")}` : one;
  const shown = chosen && (await read(path));
  if (!stays()) return 0;
  const text = JSON.stringify([path, shown, jobs.filter((job) => !RUNNING.includes(job.state)).map((job) => job.id)]);
  if (text !== drawn) at("job").replaceChildren(...(!shown ? nothing() : beside.length ? comparison(shown, jobs) : page(shown, jobs))); // what has not changed stays as it is
  drawn = text;
  return jobs.some((job) => RUNNING.includes(job.state)) ? 2500 : 15000;
}

const nothing = () => [h("div", { class: "empty" }, h("p", {}, "No jobs yet. Start one:"),
  h("code", {}, 'skillbank run "train MODEL on DATA, no HPO"'))];

function entry(job, chosen) {
  const href = job.searches ? `#/experiments/${job.id}` : `#/jobs/${job.id}`;
  return h("li", {}, h("a", { href, "aria-current": job.id === chosen ? "true" : null },
    h("i", { class: `dot ${job.state}` }), h("strong", {}, job.searches ? `${job.action}, a search` : job.action),
    h("small", {}, when(job.created)), h("small", { class: "id" }, `${job.state.toLowerCase()} · …${job.id.split("-").slice(-2).join("-")}`)));
}

function page(job, jobs) {
  const seconds = (Date.parse(job.ended || new Date()) - Date.parse(job.created)) / 1000;
  const { epoch, epochs, eta_s: left } = job.progress;
  const tiles = Object.entries(job.metrics).map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, number(value))));
  if (epoch !== null && epochs) tiles.unshift(h("div", {}, h("dt", {}, "epoch"), h("dd", {}, `${Math.min(epoch + 1, epochs)} of ${epochs}`)));
  return [
    h("div", { class: "head" }, h("h1", {}, `${job.action} · ${job.skill}`),
      h("p", { class: "state" }, h("i", { class: `dot ${job.state}` }),
        `${job.state.toLowerCase()} · ${span(seconds)}${left && RUNNING.includes(job.state) ? `, about ${span(left)} left` : ""}`)),
    job.failure && h("section", { class: "card failure" }, h("h2", {}, job.failure.name), h("p", {}, job.failure.explanation),
      job.failure.evidence && h("code", {}, job.failure.evidence), job.failure.advice && h("p", {}, job.failure.advice),
      job.failure.from_skill && h("p", {}, `the skill ${job.failure.from_skill.skill} says: “${job.failure.from_skill.text}”`)),
    tiles.length ? h("dl", { class: "card tiles" }, tiles) : null,
    charts(job),
    job.report && h("p", {}, h("a", { class: "button", href: `api/jobs/${encodeURIComponent(job.id)}/report`, target: "_blank", rel: "noopener" }, "Full report")),
    pictures(job),
    RUNNING.includes(job.state) ? null : others([job.id], jobs),
    h("section", { class: "card" }, h("h2", {}, "Details"), h("dl", { class: "facts" }, facts(job))),
  ].filter(Boolean);
}

function charts(job) {
  const names = [...new Set(job.epochs.flatMap((epoch) => Object.keys(epoch.values)))];
  const curve = (name) => ({ name, points: job.epochs.filter((e) => name in e.values).map((e) => [e.epoch + 1, e.values[name]]) });
  const groups = [["Loss", names.filter((n) => /loss/i.test(n))], ["Metric", names.filter((n) => !/loss|lr|learning/i.test(n))]];
  const made = groups.map(([title, keys]) => [title, keys.map(curve).filter((c) => c.points.length > 1)]).filter(([, c]) => c.length);
  return made.length ? h("div", { class: "charts" }, made.map(([title, curves]) => chart(title, "epoch", curves))) : null;
}

function pictures(job) {
  if (!job.pictures.length) return null;
  const link = (name, index) => {
    const src = `api/jobs/${encodeURIComponent(job.id)}/pictures/${index}`;
    return h("a", { href: src, target: "_blank", rel: "noopener" }, h("img", { src, alt: "", loading: "lazy" }), h("span", {}, name));
  };
  return h("section", { class: "card" }, h("h2", {}, `Pictures (${job.pictures.length + job.more_pictures})`),
    h("div", { class: "pictures" }, job.pictures.map(link)));
}

function facts(job) {
  const best = job.checkpoints.find((c) => c.best) || job.checkpoints.find((c) => c.latest);
  const rows = [["Job", job.id], ["Platform", job.platform], ["Started", when(job.created)],
    [job.waits ? "Waits" : "Last word", job.message],
    ["Approved", job.approval?.said],
    ["Parent", job.parents.join(", ")], ["Best model", best?.path], ["Results", job.results]];
  return rows.filter(([, value]) => value).flatMap(([name, value]) => [
    h("dt", {}, name),
    h("dd", {}, name === "Parent" ? h("a", { href: `#/jobs/${job.parents[0]}` }, value) : ["Job", "Best model", "Results"].includes(name) ? h("code", {}, value) : value),
  ]);
}
