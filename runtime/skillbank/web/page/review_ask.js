// The model asked about the picture that is open: for words as boxes of the chosen class, or for all classes again.
import { at, h, seen } from "./dom.js";
import { call, className, review } from "./review_set.js";

let model = null, door = null, one = null, busy = false;

export function start(given, canvas) {
  [door, one] = [given, canvas];
  at("ask-form").addEventListener("submit", (event) => {
    event.preventDefault();
    const words = at("ask-words").value.trim();
    if (!words) return at("ask-words").focus();
    if (review.chosen === null) return door.problem("The set has no class yet; add one under Classes.");
    find({ class: review.chosen, words }, `“${words}”`);
  });
  at("ask-again").addEventListener("click", () => find({}, "the classes"));
  shown();
}

export function learn(about) {
  const before = model?.state;
  model = about;
  if (before !== model.state) shown();
}

// Without a model the card says what to do, and nothing else of Review needs one.
function shown() {
  const ready = model?.state === "ready";
  for (const id of ["ask-words", "ask-find", "ask-again"]) at(id).disabled = !ready;
  if (ready || !model) return at("ask-said").replaceChildren();
  at("ask-said").replaceChildren(...(model.state === "loading" ? ["The model is being loaded."]
    : [`Reviewing needs no model; to ask one, choose it under `, h("a", { href: "#/find" }, "Find"), " or start skillbank web --checkpoint MODEL."]));
}

async function find(body, what) {
  const number = one.number(), as = body.class === undefined ? "" : ` as ${className(body.class)}`;
  const { name } = review;
  if (busy || number === null || !(await one.saved()) || name !== review.name) return;
  busy = true; // what is disabled would lose the focus
  at("ask-said").textContent = `Looking for ${seen(what)} …`;
  try {
    const { added, found, picture } = await call("POST", `/pictures/${number}/find`, { body });
    if (one.number() === number) await one.follow();
    const beside = found - added ? `, ${found - added} there before` : "";
    const closed = added && picture.state !== "todo" ? "; the picture is not to do: C shows them" : "";
    at("ask-said").textContent = seen(found ? `${added} ${added === 1 ? "box" : "boxes"} for ${what}${as}${beside}${closed}.` : `Nothing found for ${what}.`);
  } catch (error) {
    at("ask-said").textContent = seen(error.message);
  } finally {
    busy = false;
  }
}
