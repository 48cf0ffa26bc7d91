// The label set that is open: what the server says of it, who reviews, and how it is asked.
import { ask } from "/server.js";

export const review = {
  name: "", // of the set
  set: null, // its summary
  person: "",
  chosen: null, // the class of the next box, kept over pictures
  candidates: false, // whether what scores below the threshold is shown
};

// A browser may forbid a page to keep anything; then it is asked again the next time.
export const kept = {
  get(key) { try { return localStorage.getItem(`skillbank ${key}`); } catch { return null; } },
  set(key, value) { try { localStorage.setItem(`skillbank ${key}`, value); } catch { /* see above */ } },
};

export const address = (path = "", name = review.name) => `/api/sets/${encodeURIComponent(name)}${path}`;
export const link = (...parts) => `#/review/${[review.name, ...parts].map(encodeURIComponent).join("/")}`;

export async function call(method, path, { body, version } = {}) {
  const headers = { "skillbank-person": encodeURIComponent(review.person) };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (version !== undefined) headers["if-match"] = `"${version}"`;
  const answer = await ask(address(path), { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  return answer.status === 204 ? null : answer.json();
}

export async function refresh() {
  const name = review.name, set = await call("GET", "");
  if (name === review.name && !(set.version < review.set?.version)) { // an older answer may come later
    review.set = set;
    if (!classes().some((one) => one.number === review.chosen)) review.chosen = classes()[0]?.number ?? null;
  }
  return set;
}

export const classes = () => review.set?.classes ?? [];
export const classOf = (number) => classes().find((one) => one.number === number);
export const className = (number) => classOf(number)?.name ?? `class ${number}`;

export function choose(number) {
  review.chosen = number;
  kept.set(`class of ${review.name}`, String(number));
}

// What was suggested for one run says nothing of another's scores.
function thresholdFor(box) {
  const one = classOf(box.class);
  return one && (one.threshold_run === null || box.origin === `run ${one.threshold_run}`) ? one.threshold : null;
}

// Whether a box is hidden until candidates are asked for: the slider moves this without the model. A class without a
// threshold of its own has that of the model that proposed, and the server says what comes of it.
export function isCandidate(box) {
  if (box.state !== "proposed") return false;
  const level = thresholdFor(box);
  return level === null || box.score === null ? !box.shown : box.score < level;
}
export const isShown = (box) => box.state !== "rejected" && (review.candidates || !isCandidate(box));

export const picturePath = (number, file) => address(`/pictures/${number}/${file}`);
