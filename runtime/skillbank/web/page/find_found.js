// What stands beside the picture: the objects, their scores on the threshold's line, what the model knows.
import { at, h, seen } from "./dom.js";

const LISTED = 30;

export const counted = (count, one, many) => `${count} ${count === 1 ? one : many}`;

// A model that was trained here knows what it was trained on, and may know nothing else.
export function knows(model) {
  const labels = model?.labels || [];
  if (!labels.length) return "";
  const more = labels.length - LISTED, listed = seen(labels.slice(0, LISTED).join(", "));
  return `This model was trained on ${counted(labels.length, "name", "names")}: ${listed}${more > 0 ? ` and ${more} more` : ""}. Of other things it may know nothing.`;
}

// made: the boxes on the picture, in the order of the objects.
export function rows(shown, made, colour) {
  at("found").replaceChildren(...shown.map((item, index) => row(item, () => made()[index], colour)));
}

function row(item, box, colour) {
  const point = (on) => () => {
    at("boxes").classList.toggle("focused", on);
    box()?.classList.toggle("on", on);
  };
  const name = `${item.phrase}, score ${item.score.toFixed(2)}`;
  return h("li", {},
    h("button", { type: "button", "--hue": colour(item.phrase), "aria-label": name,
        onmouseenter: point(true), onmouseleave: point(false), onfocus: point(true), onblur: point(false) },
      h("i", { class: "swatch" }), h("span", { class: "what" }, item.phrase),
      h("span", { class: "bar" }, h("i", { style: { width: `${100 * item.score}%` } })),
      h("span", { class: "score" }, item.score.toFixed(2))));
}

export function marks(found, level, colour) {
  const slider = at("threshold"), low = Number(slider.min), high = Number(slider.max);
  at("marks").replaceChildren(
    ...(found?.detections || []).map((item) => {
      const x = (1000 * (Math.min(item.score, high) - low)) / (high - low);
      return h("svg:line", { x1: x, x2: x, y1: 6, y2: 24, stroke: colour(item.phrase), class: item.score < level ? "off" : "on" });
    }),
  );
}
