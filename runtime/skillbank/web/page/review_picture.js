// A picture under review: what the server holds, what was done since, and how that is saved without losing anything.
//
// Everything is sent as it is done. While one request is under way the next operations wait; a version that has
// changed meanwhile (412) is taken up, and operations on boxes that nobody else touched are sent again on top of it.
// Only where two people changed the same box, or one accepts what he has not seen, is there a question.
import { call, isShown, isCandidate } from "./review_set.js";

const AGAIN = 3000; // ms after which a request that failed is sent again
const IDLE = 120; // s: longer than this between two operations, nobody was looking
const pictures = new Map(); // those with something unsaved outlive the view
let temporary = 0; // numbers of boxes that the server has not seen: negative

export const unsaved = () => [...pictures.values()].some((one) => one.waiting.length || one.sending.length);

export async function load(number) {
  const known = pictures.get(number);
  if (known && known.busy) return known;
  const picture = new Picture(await call("GET", `/pictures/${number}`));
  for (const [other, one] of pictures) if (!one.busy) pictures.delete(other);
  pictures.set(number, picture);
  return picture;
}

window.addEventListener("beforeunload", (event) => { if (unsaved()) event.preventDefault(); });

class Picture extends EventTarget {
  constructor(state) {
    super();
    this.base = state;
    this.waiting = []; // done, not sent
    this.sending = []; // sent, not answered
    this.conflict = null; // the server's state that ours does not fit
    this.problem = "";
    this.since = performance.now();
    this.boxes = state.boxes;
  }

  get number() { return this.base.number; }
  get busy() { return this.waiting.length + this.sending.length > 0 || this.conflict !== null; }
  box(number) { return this.boxes.find((one) => one.number === number); }
  shown() { return this.boxes.filter(isShown); }

  // Do something; it shows at once and is saved in the background.
  do(operation) {
    if (this.conflict) return;
    const last = this.waiting.at(-1);
    if (operation.op === "change" && last?.op === "change" && last.number === operation.number) Object.assign(last, operation);
    else this.waiting.push(operation);
    this.#derive();
    // Keys that are held down make one change of many.
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(), operation.op === "change" ? 250 : 0);
  }

  add(number, box) {
    temporary -= 1;
    this.do({ op: "add", class: number, box: whole(box, this.base), key: temporary });
    return temporary;
  }

  change(number, fields) {
    if (fields.box) fields = { ...fields, box: whole(fields.box, this.base) };
    if (number < 0) this.#merge(number, fields);
    else this.do({ op: "change", number, ...fields });
  }

  // Nothing is deleted: a box that is not wanted is rejected, and a box that was never sent was never there.
  reject(number) {
    const made = this.waiting.findIndex((one) => one.key !== undefined && one.key === number);
    if (made < 0) this.do({ op: "reject", number });
    else {
      this.waiting.splice(made, 1);
      this.#derive();
    }
  }

  // A box that the server does not know yet: if it was not sent, it is made as it is now.
  #merge(number, fields) {
    const made = this.waiting.find((one) => one.key === number);
    if (made) {
      Object.assign(made, fields);
      this.#derive();
    } else this.do({ op: "change", number, ...fields });
  }

  #derive() {
    let boxes = this.base.boxes;
    for (const operation of [...this.sending, ...this.waiting]) boxes = after(boxes, operation);
    this.boxes = boxes;
    this.dispatchEvent(new Event("change"));
  }

  // Wait until all is saved; false where a conflict or the server stands in the way.
  async saved() {
    clearTimeout(this.timer);
    await this.send();
    while (this.flying) await this.flying;
    return !this.busy;
  }

  async send() {
    if (this.flying || this.conflict || !this.waiting.length) return this.flying;
    this.flying = this.#send().finally(() => { this.flying = null; });
    await this.flying;
    if (this.waiting.length && !this.problem && !this.conflict) return this.send();
  }

  async #send() {
    this.sending = this.waiting;
    this.waiting = [];
    const now = performance.now(), seconds = Math.min(IDLE, (now - this.since) / 1000);
    this.since = now;
    try {
      const operations = this.sending.map(({ key, ...operation }) => operation);
      const state = await call("POST", `/pictures/${this.number}/edits`, { version: this.base.version, body: { operations, seconds } });
      this.#rename(state);
      this.sending = [];
      this.base = state;
      this.problem = "";
    } catch (error) {
      this.waiting = [...this.sending, ...this.waiting];
      this.sending = [];
      if (error.status === 412) this.#meet(error.document.picture);
      else this.#fail(error);
    }
    this.#derive();
  }

  // The boxes that are new in the answer are those that were added, in this order: the version says that no other came.
  #rename(state) {
    const before = new Set(this.base.boxes.map((box) => box.number));
    const fresh = state.boxes.map((box) => box.number).filter((number) => !before.has(number)).sort((a, b) => a - b);
    const names = new Map(this.sending.filter((one) => one.op === "add").map((one, index) => [one.key, fresh[index]]));
    for (const one of this.waiting) if (names.has(one.number)) one.number = names.get(one.number);
    if (names.size) this.dispatchEvent(new CustomEvent("named", { detail: names }));
  }

  #meet(theirs) {
    const split = this.waiting.some((one) => !fits(one, this.base, theirs));
    if (split) this.conflict = theirs;
    else {
      this.dispatchEvent(new CustomEvent("merged", { detail: theirs }));
      this.base = theirs;
    }
  }

  #fail(error) {
    this.problem = error.message;
    // What the server refuses once it refuses again; what did not reach it is tried until it does.
    if (error.status && error.status < 500 && error.status !== 401) {
      this.refused = this.waiting;
      this.waiting = [];
      this.problem += " It was not saved, and what the server holds is shown.";
    } else this.timer = setTimeout(() => { this.problem = ""; this.send(); }, AGAIN);
  }

  // The answer to a conflict: put ours on top of theirs, or leave theirs.
  settle(mine) {
    const before = new Map(this.base.boxes.map((box) => [box.number, box]));
    const theirs = new Map(this.conflict.boxes.map((box) => [box.number, box]));
    this.base = this.conflict;
    this.conflict = null;
    this.waiting = mine ? this.waiting.flatMap((one) => onTop(one, before, theirs)) : [];
    this.#derive();
    return this.send();
  }

  // Take up what the server holds now, unless something here waits.
  async follow() {
    if (this.busy || this.flying) return;
    const state = await call("GET", `/pictures/${this.number}`);
    // What was asked before a change of ours was saved may answer after it, and would be older than what we hold.
    if (this.busy || this.flying || state.version <= this.base.version) return;
    this.base = state;
    this.#derive();
  }
}

const same = (a, b) => a && b && a.class === b.class && a.state === b.state && a.box.every((value, index) => Math.abs(value - b.box[index]) < 1e-6);

function fits(operation, base, theirs) {
  if (operation.op === "add" || operation.number < 0) return true;
  const old = new Map(base.boxes.map((box) => [box.number, box])), now = new Map(theirs.boxes.map((box) => [box.number, box]));
  if (operation.op === "review") return operation.state !== "reviewed" || (old.size === now.size && [...old].every(([number, box]) => same(box, now.get(number))));
  return same(old.get(operation.number), now.get(operation.number));
}

function onTop(operation, before, theirs) {
  if (operation.number === undefined || operation.number < 0 || theirs.has(operation.number)) {
    const gone = theirs.get(operation.number)?.state === "rejected" && operation.op === "change";
    return gone ? [{ op: "restore", number: operation.number }, operation] : [operation];
  }
  const old = before.get(operation.number); // a box that a new run has replaced: what was made of it is a box of its own
  if (operation.op === "reject" || !old) return [];
  return [{ op: "add", class: operation.class ?? old.class, box: operation.box ?? old.box, key: --temporary }];
}

function after(boxes, operation) {
  const changed = (fields) => boxes.map((box) => (box.number === operation.number ? { ...box, ...fields } : box));
  switch (operation.op) {
    case "add":
      return [...boxes, { number: operation.key, class: operation.class, box: operation.box, score: null, caption: null, origin: "", state: "accepted" }];
    case "change":
      return changed({ ...(operation.class === undefined ? {} : { class: operation.class }), ...(operation.box ? { box: operation.box } : {}), state: "edited" });
    case "accept":
      return changed({ state: "accepted" });
    case "reject":
      return changed({ state: "rejected" });
    case "restore":
      return changed({ state: "proposed" });
    default: // a review accepts what is shown and undecided
      return operation.state === "reviewed" ? boxes.map((box) => (box.state === "proposed" && !isCandidate(box) ? { ...box, state: "accepted" } : box)) : boxes;
  }
}

// Inside the picture, the right way round, to a tenth of a pixel.
function whole([a, b, c, d], { width, height }) {
  const tenth = (value, most) => Math.round(10 * Math.max(0, Math.min(most, value))) / 10;
  return [tenth(Math.min(a, c), width), tenth(Math.min(b, d), height), tenth(Math.max(a, c), width), tenth(Math.max(b, d), height)];
}

export function inWords(operations) {
  const said = { add: "added", change: "changed", accept: "accepted", reject: "rejected", restore: "brought back" };
  const counts = new Map();
  for (const one of operations) counts.set(one.op, (counts.get(one.op) ?? 0) + 1);
  return [...counts].map(([op, count]) => (op === "review" ? "the picture's state" : `${said[op]} ${count} ${count === 1 ? "box" : "boxes"}`)).join(", ");
}
