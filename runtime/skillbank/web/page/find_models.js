// Which model looks: chosen from those there are; and what to do where there is none.
import { at, h, seen, when } from "./dom.js";
import { ask, read } from "./server.js";

let chosen = null, switched = () => {};

export function start(told) {
  switched = told;
  at("models").addEventListener("change", (event) => choose(event.target.value));
}

export async function list() {
  let found;
  try {
    found = await read("api/models");
  } catch {
    return; // the line of the model says that the server is away
  }
  chosen = found.chosen;
  at("models").replaceChildren(...found.models.map((model) =>
    h("option", { value: model.id, selected: model.id === chosen }, words(model))));
  at("models-card").hidden = found.models.length < 2;
  const others = found.models.filter((model) => model.kind === "job" && model.id !== chosen);
  at("trained").replaceChildren(...others.slice(0, 5).map((model) =>
    h("li", {}, h("button", { type: "button", onclick: () => choose(model.id) }, `Use ${words(model)}`))));
  at("train-one").hidden = others.length > 0;
}

function words(model) {
  if (model.kind === "job") return `${model.name} · ${when(model.created)}`;
  if (model.kind === "hub") return `${model.name} (${model.kept ? "kept here" : "from the model hub"})`;
  return model.name;
}

// The server's state of the model: without one there is always a card that says what to do.
export function show(model) {
  at("no-model").hidden = model.state !== "failed";
  at("no-model-why").textContent = model.state === "failed" ? seen(model.message) : "";
}

async function choose(id) {
  at("models").disabled = true;
  at("models-problem").textContent = "";
  try {
    const body = JSON.stringify({ model: id });
    const answer = await ask("api/model", { method: "POST", headers: { "content-type": "application/json" }, body });
    chosen = id;
    switched((await answer.json()).model);
  } catch (error) {
    at("models").value = chosen;
    at("models-problem").textContent = seen(error.message);
  } finally {
    at("models").disabled = false;
  }
}
