// Places on a picture: which box a rectangle that is drawn anew means, and which of several boxes is the surest.
import { isCandidate } from "./review_set.js";

const SAME = 0.3; // share of the two from which the rectangle means the box

// What the rectangle covers best is meant: a box that is shown before a candidate.
export function meant(picture, rectangle) {
  const near = picture.boxes.map((box) => ({ box, share: overlap(box.box, rectangle) })).filter(({ box, share }) => box.state !== "rejected" && share >= SAME);
  const shown = near.filter(({ box }) => !isCandidate(box)), hidden = near.filter(({ box }) => isCandidate(box));
  const best = (list, worth) => list.reduce((one, other) => (one && worth(one) >= worth(other) ? one : other), null)?.box ?? null;
  return best(shown, ({ share }) => share) ?? best(hidden, ({ box }) => sureness(box));
}

// How likely a box is right: as it was learned, else as sure as its model was.
export const sureness = (box) => box.chance ?? box.score ?? 0;

function overlap([a, b, c, d], [e, f, g, i]) {
  const both = Math.max(0, Math.min(c, g) - Math.max(a, e)) * Math.max(0, Math.min(d, i) - Math.max(b, f));
  return both / ((c - a) * (d - b) + (g - e) * (i - f) - both || 1);
}
