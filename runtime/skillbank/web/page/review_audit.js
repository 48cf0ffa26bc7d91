// May the rest be accepted unseen? What a random sample says of it, by class.
import { at, h } from "./dom.js";
import { call, className, refresh, review } from "./review_set.js";
import { ask } from "./review_one.js";

const percent = (value) => `${(100 * value).toFixed(1)} %`;

let door = null;

export function start(given) {
  door = given;
}

export async function open() {
  const audit = await call("GET", "/audit");
  at("audit").replaceChildren(
    h("section", { class: `card verdict ${audit.verdict}` }, h("h2", {}, "May the rest be accepted unseen?"),
      h("p", { id: "audit-verdict" }, answer(audit)),
      h("p", { class: "hint" }, "Only pictures drawn by chance count here: what the queue asks first is what the model found hard. "
        + "A proposal counts as right when it was accepted, or only pulled a little."
        + (audit.earlier ? ` ${audit.earlier} reviewed before the latest model looked, or before the set had learned, do not count.` : "")),
      audit.verdict === "yes" && review.set.todo ? rest(audit) : null,
      audit.waiting.length ? h("div", { class: "row" }, h("button", { type: "button", class: "primary", onclick: () => ask("sample") }, "Review the sample")) : null),
    audit.pictures ? h("section", { class: "card" }, table(audit)) : "",
  );
}

export const follow = open;

// Offered only where the answer is yes; the server asks the sample again before it does so.
function rest({ rest: count }) {
  const left = Math.max(0, review.set.todo - count), some = left === 1 ? "1 stays" : `${left} stay`;
  const why = `${some} to do: the latest model has not looked at ${left === 1 ? "it, somebody is reviewing it, or it shows" : "them, somebody is reviewing them, or they show"} proposals of no run.`;
  return h("div", { class: "row" },
    count ? h("button", { type: "button", id: "accept-rest", onclick: accept }, `Accept the other ${count} unseen`) : null,
    h("span", { class: "hint" }, [count ? "They do not count as reviewed: nobody has looked at them. Z takes it back." : "", left ? why : ""].filter(Boolean).join(" ")));
}

async function accept() {
  at("accept-rest").disabled = true;
  try {
    const { pictures, boxes, left } = await call("POST", "/accept", { body: {} });
    await refresh();
    door.progress();
    await open();
    door.said(`${pictures} ${pictures === 1 ? "picture" : "pictures"} with ${boxes} ${boxes === 1 ? "box" : "boxes"} accepted unseen.`
      + (left ? ` ${left} stay to do: the latest model has not looked at them, somebody is reviewing them, or they show proposals of no run.` : ""));
  } catch (error) {
    door.problem(error.message);
    if (at("accept-rest")) at("accept-rest").disabled = false;
  }
}

function answer({ verdict, target, pictures, earlier, more, overall }) {
  if (!pictures) return `Nobody knows yet: no picture of the random sample is reviewed${earlier ? " since the latest model looked or the set learned" : ""}.`;
  const both = `Of what is shown ${said(overall.precision)} is right, of what is there ${said(overall.recall)} is shown`;
  const of = `in ${pictures} ${pictures === 1 ? "picture" : "pictures"} drawn by chance`;
  if (verdict === "yes") return `Yes. ${both}, ${of}; both are at least ${percent(target)} with 95 % certainty.`;
  if (verdict === "no") return `No. ${both}, ${of}; that is less than ${percent(target)}. Move a threshold, or train on what is reviewed.`;
  return `It cannot be said yet. ${both}, ${of}.${more ? ` About ${more} more would tell.` : ""}`;
}

const said = (share) => (share.of ? `${percent(share.low)} to ${percent(share.high)}` : "an unknown share");

function table(audit) {
  const cells = (share) => [h("td", { class: "n" }, share.of ? percent(share.value) : "–"),
    h("td", { class: "n" }, share.of ? `${percent(share.low)} – ${percent(share.high)}` : "–"), h("td", { class: "n" }, `${share.hits} of ${share.of}`)];
  const row = (name, rates) => h("tr", {}, h("th", { scope: "row" }, name), cells(rates.precision), cells(rates.recall));
  const head = (text) => [h("th", { class: "n", scope: "col" }, text), h("th", { class: "n", scope: "col" }, "95 % interval"), h("th", { class: "n", scope: "col" }, "boxes")];
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Precision and recall" }, h("table", {},
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Class"), head("Precision"), head("Recall"))),
    h("tbody", {}, audit.classes.map((one) => row(className(one.class), one)), row("all", audit.overall))));
}
