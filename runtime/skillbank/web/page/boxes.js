// Boxes on a picture: on the page as elements, in a saved copy as pixels; and their colours.
import { h } from "./dom.js";

// White letters can be read on each of them, and neighbours differ.
const HUES = ["#2457d6", "#c2410c", "#15803d", "#a21caf", "#0e7490", "#b91c1c", "#6d28d9", "#854d0e"];
export const hue = (place) => HUES[place % HUES.length];

export function place(holder, detections, size, colour) {
  const made = detections.map((item) => {
    const [left, top, right, bottom] = item.box, share = (value, whole) => `${(100 * value) / whole}%`;
    const inside = (top / size.height) * holder.clientHeight < 22, tail = left / size.width > 0.78;
    return h(
      "div",
      {
        class: `box${inside ? " inside" : ""}${tail ? " tail" : ""}`,
        "--hue": colour(item.phrase),
        style: {
          left: share(left, size.width), top: share(top, size.height),
          width: share(right - left, size.width), height: share(bottom - top, size.height),
        },
      },
      h("b", {}, item.phrase, h("i", {}, item.score.toFixed(2))),
    );
  });
  holder.replaceChildren(...made.slice().reverse()); // the surest is drawn last, on top
  return made;
}

export async function drawn(picture, detections, colour) {
  const scale = Math.max(1, Math.ceil(960 / Math.max(picture.naturalWidth, picture.naturalHeight)));
  const canvas = document.createElement("canvas");
  canvas.width = picture.naturalWidth * scale;
  canvas.height = picture.naturalHeight * scale;
  const pen = canvas.getContext("2d"), letter = Math.max(14, Math.round(Math.max(canvas.width, canvas.height) / 60));
  pen.imageSmoothingQuality = "high";
  pen.drawImage(picture, 0, 0, canvas.width, canvas.height);
  pen.font = `560 ${letter}px system-ui, sans-serif`;
  pen.textBaseline = "middle";
  for (const item of detections.slice().reverse()) {
    const [left, top, right, bottom] = item.box.map((value) => value * scale);
    const words = `${item.phrase}  ${item.score.toFixed(2)}`, high = letter * 1.6, wide = pen.measureText(words).width + letter;
    const x = Math.max(0, Math.min(left, canvas.width - wide)), y = top >= high ? top - high : top;
    pen.strokeStyle = pen.fillStyle = colour(item.phrase);
    pen.lineWidth = Math.max(2, letter / 6);
    pen.strokeRect(left, top, right - left, bottom - top);
    pen.fillRect(x, y, wide, high);
    pen.fillStyle = "#fff";
    pen.fillText(words, x + letter / 2, y + high / 2);
  }
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}
