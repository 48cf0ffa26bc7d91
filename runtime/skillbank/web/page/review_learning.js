// Learning: what people decide says what is shown of the rest. One key or button switches it, and a line says how it stands.
import { at } from "./dom.js";
import { call, refresh, review } from "./review_set.js";

const FEWEST = 3; // reviewed pictures that say enough to begin with
let door = null;

export function start(given) {
  door = given;
}

export async function turn() {
  try {
    await call("POST", "/learning", { body: { learns: !review.set.learns } });
    await refresh();
    door.said(review.set.learns ? "What is decided says what is shown of the rest." : "Scores and thresholds say what is shown.");
    return true;
  } catch (error) {
    door.problem(error.message);
    return false;
  }
}

export function render() {
  const { learns, learned } = review.set;
  at("learn").setAttribute("aria-pressed", String(learns));
  at("learned").textContent = !learns ? "Thresholds say what is shown; L lets your decisions say it."
    : learned === null ? `It learns once ${FEWEST} pictures are reviewed; a threshold that you move counts for its class.`
      : `Learned from ${learned} reviewed ${learned === 1 ? "picture" : "pictures"}; a threshold that you move counts for its class.`;
}
