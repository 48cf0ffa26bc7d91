// Approvals: the questions that wait for a person, each as a terminal asks it.
import { at, h, seen, when } from "./dom.js";
import { ask, read } from "./server.js";
import { lacks } from "./people.js";
import { watching } from "./visits.js";

let drawn = "", answers = 0;

export const { open, leave } = watching(look, (error) => {
  at("approvals-problem").textContent = seen(error.message);
  return 4000;
});

async function look(stays) {
  const before = answers, found = await read("api/questions");
  if (stays() && before === answers) { // what was asked before an answer was given still holds its question
    show(found);
    at("approvals-problem").textContent = "";
  }
  return 4000;
}

// What somebody is writing a code into is not drawn anew under their hands.
function show(found) {
  const text = JSON.stringify(found);
  if (text === drawn) return;
  drawn = text;
  at("questions").replaceChildren(...found.questions.map((each) => entry(each, found.asks_code)));
  at("questions-none").hidden = found.questions.length > 0;
}

function entry(each, asksCode) {
  const why = lacks("approve");
  const code = asksCode ? h("input", { type: "password", autocomplete: "off", "aria-label": "Approval code", placeholder: "approval code" }) : null;
  const button = (words, approve, kind) => h("button", { type: "button", class: kind, disabled: Boolean(why), title: why || null,
    onclick: () => answer(each, approve, code?.value) }, words);
  return h("li", { class: "card question", id: `question-${each.number}` },
    h("p", { class: "hint" }, `Asked by ${each.asked_by} · ${when(each.asked)}`),
    h("pre", { tabindex: "0", "aria-label": "The question" }, each.question),
    h("div", { class: "row" }, code, button("Approve, once", true, "primary"), button("Say no", false, "")));
}

async function answer(each, approve, code) {
  try {
    const body = JSON.stringify({ approve, question: each.question, code: code || null });
    const given = await ask(`api/questions/${each.number}`, { method: "POST", headers: { "content-type": "application/json" }, body });
    const left = await given.json();
    answers += 1;
    show(left);
    at("approvals-problem").textContent = "";
    at("approvals-said").textContent = approve ? "Approved, once. Whoever asked can go on." : "Whoever asked is told no.";
  } catch (error) {
    at("approvals-problem").textContent = seen(error.message);
  }
}
