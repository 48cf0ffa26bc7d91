// The label set that is open: what the server says of it, who reviews, and how it is asked.
import { ask } from "./server.js";

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

export const address = (path = "", name = review.name) => `api/sets/${encodeURIComponent(name)}${path}`;
export const link = (...parts) => `#/review/${[review.name, ...parts].map(encodeURIComponent).join("/")}`;

// What was put off while a set was open may come due when none is any more: then nobody is asked.
export async function call(method, path, { body, version } = {}) {
  if (!review.name) throw new Error("No label set is open.");
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

// Whether a box is hidden until candidates are asked for. The server says so, of several names for one place, too; while
// a slider was moved and the server has not answered, its place counts.
export function isCandidate(box) {
  if (box.state !== "proposed") return false;
  const one = classOf(box.class);
  return one?.moved && box.score !== null ? box.score < one.level : !box.shown;
}
export const isShown = (box) => box.state !== "rejected" && (review.candidates || !isCandidate(box));

export const picturePath = (number, file) => address(`/pictures/${number}/${file}`);
