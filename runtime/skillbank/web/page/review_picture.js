// A picture under review: what the server holds, what was done since, and how that is saved without losing anything.
//
// Everything is sent as it is done. While one request is under way the next operations wait; a version that has
// changed meanwhile (412) is taken up, and operations on boxes that nobody else touched are sent again on top of it.
// Only where two people changed the same box, or one accepts what he has not seen, is there a question.
import { call, isShown, isCandidate, review } from "./review_set.js";

const AGAIN = 3000; // ms after which a request that failed is sent again
const LATER = [401, 408, 429]; // answers after which the same may be taken
const IDLE = 120; // s: longer than this between two operations, nobody was looking
const pictures = new Map(); // by set and number; those with something unsaved outlive the view, and the set that is open
let temporary = 0; // numbers of boxes that the server has not seen: negative

export const unsaved = () => [...pictures.values()].some((one) => one.waiting.length || one.sending.length);

export async function load(number) {
  const { name } = review, key = `${name} ${number}`, known = pictures.get(key);
  if (known && known.busy) return known;
  const picture = new Picture(name, await call("GET", `/pictures/${number}`));
  for (const [other, one] of pictures) if (!one.busy) pictures.delete(other);
  pictures.set(key, picture);
  return picture;
}

window.addEventListener("beforeunload", (event) => { if (unsaved()) event.preventDefault(); });

class Picture extends EventTarget {
  constructor(name, state) {
    super();
    this.name = name; // of its set
    this.base = state;
    this.waiting = []; // done, not sent
    this.sending = []; // sent, not answered
    this.conflict = null; // the server's state that ours does not fit
    this.problem = "";
    this.apart = false; // whether one operation is sent at a time: something among them was refused
    this.refusals = 0;
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
    if (operation.op === "change" && last?.op === "change" && !last.unanswered && last.number === operation.number) Object.assign(last, operation);
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
    const made = this.waiting.findIndex((one) => one.key !== undefined && one.key === number && !one.unanswered);
    if (made < 0) this.do({ op: "reject", number });
    else {
      this.waiting.splice(made, 1);
      this.#derive();
    }
  }

  // A box that the server does not know yet: if it was not sent, it is made as it is now.
  #merge(number, fields) {
    const made = this.waiting.find((one) => one.key === number && !one.unanswered);
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

  // Wait until all is saved; false where a conflict or the server stands in the way, or something was refused.
  async saved() {
    const { refusals } = this;
    clearTimeout(this.timer);
    await this.send();
    while (this.flying) await this.flying;
    return !this.busy && refusals === this.refusals;
  }

  async send() {
    if (this.flying || this.conflict || !this.waiting.length) return this.flying;
    this.flying = this.#send().finally(() => { this.flying = null; });
    await this.flying;
    if (this.waiting.length && !this.problem && !this.conflict) return this.send();
  }

  async #send() {
    const unnamed = this.waiting.findIndex((one) => one.number < 0); // it waits for the number of its box
    this.sending = this.waiting.splice(0, this.apart ? 1 : unnamed > 0 ? unnamed : this.waiting.length);
    const now = performance.now(), seconds = Math.min(IDLE, (now - this.since) / 1000);
    this.since = now;
    try {
      const operations = this.sending.map(({ key, unanswered, ...operation }) => operation);
      const state = await call("POST", `/pictures/${this.number}/edits`, { name: this.name, version: this.base.version, body: { operations, seconds } });
      this.#rename(state);
      this.sending = [];
      this.base = state;
      this.problem = "";
      this.apart &&= this.waiting.length > 0;
    } catch (error) {
      const sent = this.sending;
      this.waiting = [...sent, ...this.waiting];
      this.sending = [];
      if (error.status === 412) this.#meet(error.document.picture);
      else if (error.status >= 400 && error.status < 500 && !LATER.includes(error.status)) this.#refuse(error, sent);
      else this.#fail(error, sent);
    }
    this.#derive();
  }

  // The boxes that are new in the answer are those that were added, in this order: the version says that no other came.
  #rename(state) {
    const before = new Set(this.base.boxes.map((box) => box.number));
    const fresh = state.boxes.map((box) => box.number).filter((number) => !before.has(number)).sort((a, b) => a - b);
    this.#name(new Map(this.sending.filter((one) => one.op === "add").map((one, index) => [one.key, fresh[index]])));
  }

  #name(names) {
    for (const one of this.waiting) if (names.has(one.number)) one.number = names.get(one.number);
    if (names.size) this.dispatchEvent(new CustomEvent("named", { detail: names }));
  }

  #meet(theirs) {
    this.problem = ""; // the server has answered
    this.#done(theirs);
    const split = this.waiting.some((one) => !fits(one, this.base, theirs));
    if (split) this.conflict = theirs;
    else {
      this.dispatchEvent(new CustomEvent("merged", { detail: theirs }));
      this.base = theirs;
    }
  }

  // What the server has done already, though its answer was lost, is not done a second time.
  #done(theirs) {
    const before = new Set(this.base.boxes.map((box) => box.number)), names = new Map(), ours = new Set();
    const made = (one) => theirs.boxes.find((box) => !before.has(box.number) && !ours.has(box.number) && box.origin === review.person && at(box, one.box));
    this.waiting = this.waiting.filter((one) => {
      const box = one.op === "add" && one.unanswered ? made(one) : undefined;
      if (box) names.set(one.key, box.number);
      if (!box && !(one.unanswered && isDone(one, theirs))) return true;
      if (one.op === "review") for (const each of theirs.boxes) ours.add(each.number);
      else ours.add(box?.number ?? one.number);
      return false;
    });
    this.#name(names);
    this.base = { ...this.base, boxes: [...this.base.boxes.filter((box) => !ours.has(box.number)), ...theirs.boxes.filter((box) => ours.has(box.number))] };
  }

  // What the server refuses once it refuses again, and only that is let go: what came along is sent by itself.
  #refuse(error, sent) {
    this.apart = true;
    if (sent.length > 1) return;
    const [gone] = sent;
    this.waiting = this.waiting.filter((one) => one !== gone && (gone.op !== "add" || one.number !== gone.key));
    this.apart = this.waiting.length > 0;
    this.refusals += 1;
    const said = `Not saved in ${this.base.name}: ${inWords([gone])}, since ${error.message}. What the server holds is shown.`;
    window.dispatchEvent(new CustomEvent("refused", { detail: said })); // whatever is open by now
  }

  // What did not reach the server is tried until it does.
  #fail(error, sent) {
    for (const one of sent) one.unanswered = true;
    this.problem = error.message;
    this.timer = setTimeout(() => { this.problem = ""; this.send(); }, AGAIN);
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
    const state = await call("GET", `/pictures/${this.number}`, { name: this.name });
    // What was asked before a change of ours was saved may answer after it, and would be older than what we hold.
    if (this.busy || this.flying || state.version <= this.base.version) return;
    this.base = state;
    this.#derive();
  }
}

const same = (a, b) => a && b && a.class === b.class && a.state === b.state && a.box.every((value, index) => Math.abs(value - b.box[index]) < 1e-6);

const at = (box, corners) => box.box.every((value, index) => Math.abs(value - corners[index]) < 0.06);

function isDone(operation, theirs) {
  if (operation.op === "add") return false;
  if (operation.op === "review") return theirs.state === operation.state;
  const now = theirs.boxes.find((box) => box.number === operation.number);
  switch (operation.op) {
    case "change":
      return now && (operation.class === undefined || now.class === operation.class) && (!operation.box || at(now, operation.box));
    case "accept":
      return now && ["accepted", "edited"].includes(now.state);
    case "reject":
      return now?.state === "rejected";
    default:
      return now && now.state !== "rejected";
  }
}

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
