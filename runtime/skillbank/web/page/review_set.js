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
// An answer that comes when the set has been left is nobody's any more, and an error without a word ends what waited for it;
// what is done to a set that is named stays there, whichever is open.
export async function call(method, path, { body, version, name } = {}) {
  const set = name ?? review.name;
  if (!set) throw new Error("No label set is open.");
  const headers = { "skillbank-person": encodeURIComponent(review.person) };
  if (body !== undefined) headers["content-type"] = "application/json";
  if (version !== undefined) headers["if-match"] = `"${version}"`;
  const stays = () => name !== undefined || set === review.name;
  let found;
  try {
    const answer = await ask(address(path, set), { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
    found = answer.status === 204 ? null : await answer.json();
  } catch (error) {
    throw stays() ? error : new Error("");
  }
  if (!stays()) throw new Error("");
  return found;
}

export async function refresh() {
  const set = await call("GET", "");
  if (!(set.version < review.set?.version)) { // an older answer may come later
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
