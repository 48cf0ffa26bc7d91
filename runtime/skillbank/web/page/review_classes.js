// The classes of a set: names, descriptions, thresholds; added, merged, taken out.
import { at, h } from "./dom.js";
import { call, classes, refresh, review } from "./review_set.js";
import { colourOf } from "./review_canvas.js";

let door = null, suggested = new Map(); // by class: the threshold that what was reviewed speaks for

export function start(given) {
  door = given;
  at("class-add").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = at("class-new").value.trim();
    if (name) act(() => call("POST", "/classes", { body: { classes: [{ name }] } }), `${name} was added.`).then((done) => { if (done) at("class-new").value = ""; });
  });
  at("take-all").addEventListener("click", takeAll);
  at("class-merge").addEventListener("submit", (event) => {
    event.preventDefault();
    const into = Number(at("merge-into").value), numbers = marked().filter((number) => number !== into);
    if (!numbers.length) return door.problem("Mark the classes that are to become part of another one.");
    act(() => call("POST", "/classes/merge", { body: { classes: numbers, into } }), "They are one class now; Z takes it back.");
  });
}

export async function open() {
  await refresh();
  const { suggestions } = await call("GET", "/thresholds");
  suggested = new Map(suggestions.map((one) => [one.class, one]));
  render();
}

export function follow() {
  if (!at("class-table").contains(document.activeElement)) render();
}

const marked = () => [...document.querySelectorAll("#class-table [data-merge]:checked")].map((box) => Number(box.dataset.merge));

async function act(what, words) {
  door.problem("");
  try {
    await what();
    await refresh();
    door.said(words);
    door.progress();
    render();
    return true;
  } catch (error) {
    door.problem(error.message);
    return false;
  }
}

function render() {
  const before = new Set(marked()), into = at("merge-into").value; // what somebody is about to merge stays marked
  at("class-table").replaceChildren(...classes().map(row));
  for (const box of document.querySelectorAll("#class-table [data-merge]")) box.checked = before.has(Number(box.dataset.merge));
  at("merge-into").replaceChildren(...classes().map((one) => h("option", { value: one.number }, one.name)));
  if (classes().some((one) => String(one.number) === into)) at("merge-into").value = into;
  at("class-merge").hidden = classes().length < 2;
  at("take-all").hidden = advised().length === 0;
}

// What was learned counts before what is suggested.
const advised = () => (review.set.learned === null ? classes() : []).map((one) => [one, suggested.get(one.number)]).filter(([one, said]) => said && Math.abs(said.threshold - one.level) >= 0.005);
const taken = (said) => ({ threshold: thousandth(said.threshold), threshold_run: said.run });
const thousandth = (value) => Math.round(1000 * value) / 1000;

async function takeAll() {
  const change = async ([one, said]) => call("PATCH", `/classes/${one.number}`, { body: taken(said) });
  await act(async () => { for (const each of advised()) await change(each); }, "All have the suggested thresholds; Z takes them back one by one.");
}

function row(one) {
  const { proposed, accepted, edited, rejected } = one.counts;
  const field = (label, value, save, more = {}) => {
    const id = `${label.replaceAll(" ", "-")}-${one.number}`.toLowerCase();
    const give = (event) => { if (event.target.value !== value) save(event.target.value, event.target); };
    const node = more.rows ? h("textarea", { id, rows: more.rows, placeholder: more.placeholder, onchange: give }) : h("input", { id, type: "text", maxlength: 200, placeholder: more.placeholder, onchange: give });
    node.value = value;
    return h("div", { class: "field" }, h("label", { for: id }, label), node);
  };
  const patch = (body, words) => act(() => call("PATCH", `/classes/${one.number}`, { body }), words);
  const lines = (text) => text.split("\n").map((line) => line.trim()).filter(Boolean);
  return h("li", { class: "card", "--hue": colourOf(one.number) },
    h("div", { class: "line" }, h("strong", {}, h("i", { class: "swatch" }), one.name),
      h("small", {}, `${accepted + edited} accepted, ${proposed} proposed, ${rejected} rejected`)),
    h("div", { class: "fields" },
      field("Name", one.name, (name) => patch({ name }, `It is called ${name} now.`)),
      field("Threshold", one.threshold === null ? "" : String(one.threshold), (text) => threshold(one, text, patch), { placeholder: `the model's, ${one.level}` }),
      field("Descriptions", one.captions.join("\n"), (text) => patch({ captions: lines(text) }, "The next label run takes these descriptions; what people decided stays."), { rows: 3, placeholder: "one a line" }),
      field("But not", one.not_captions.join("\n"), (text) => patch({ not_captions: lines(text) }, "The next label run leaves these out; what people decided stays."), { rows: 3, placeholder: "one a line" })),
    one.threshold_run === null || one.threshold === null ? null : h("small", {}, `${one.threshold} was suggested for run ${one.threshold_run} and counts for its proposals alone.`),
    advice(one, patch),
    h("div", { class: "line" },
      h("label", { class: "check" }, h("input", { type: "checkbox", "data-merge": one.number }), " merge"),
      h("button", { type: "button", class: "small", onclick: () => remove(one) }, `Remove ${one.name}`)));
}

function advice(one, patch) {
  const [, said] = advised().find(([each]) => each.number === one.number) ?? [];
  if (!said) return null;
  const value = thousandth(said.threshold), percent = (share) => `${Math.round(100 * share)} %`;
  return h("div", { class: "line" },
    h("small", {}, `By ${said.n} decisions a threshold of ${value} for the model ${said.model} (run ${said.run}) gives a precision of ${percent(said.precision)} and a recall of ${percent(said.recall)}.`),
    h("button", { type: "button", class: "small", onclick: () => patch(taken(said), `${one.name} of run ${said.run} is shown from ${value} on.`) }, `Take ${value}`));
}

function threshold(one, text, patch) {
  const value = text.trim() === "" ? null : Number(text.replace(",", "."));
  if (value !== null && !(value >= 0 && value <= 1)) return door.problem("A threshold is a number from 0 to 1, or nothing for the model's own.");
  return patch({ threshold: value }, value === null ? `${one.name} has the model's threshold.` : `${one.name} is shown from ${value} on.`);
}

function remove(one) {
  const { accepted, edited } = one.counts, boxes = accepted + edited;
  const ask = at("remove"), { name } = review;
  at("remove-text").textContent = `${one.name} and its boxes${boxes ? `, ${boxes} of them accepted,` : ""} no longer count. Z takes it back.`;
  ask.addEventListener("close", () => {
    if (ask.returnValue === "yes" && name === review.name) act(() => call("DELETE", `/classes/${one.number}`), `${one.name} was removed.`);
  }, { once: true });
  ask.returnValue = "";
  ask.showModal();
}
