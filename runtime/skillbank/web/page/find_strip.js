// The row of pictures: a small copy of each, how many objects it has, which one is shown.
import { at, h } from "./dom.js";

const SIDE = 104;

// pictures: {file, found, problem, waiting, thumbnail}; told: {choose(index), remove(index)}.
export function strip(pictures, current, counted, told) {
  const list = at("strip"), focus = list.contains(document.activeElement);
  at("pictures-bar").hidden = pictures.length === 0;
  list.hidden = pictures.length < 2;
  at("pictures-count").textContent = pictures.length === 1 ? "1 picture" : `${pictures.length} pictures`;
  list.replaceChildren(...pictures.map((picture, index) => {
    const objects = counted(picture);
    const state = picture.problem ? "not readable" : objects === null ? (picture.waiting ? "waiting" : "") : `${objects} ${objects === 1 ? "object" : "objects"}`;
    const node = h("li", {}, h("button", { type: "button", class: "thumb", "aria-current": index === current ? "true" : null,
      tabindex: index === current ? 0 : -1, "aria-label": `${picture.file.name}${state ? `, ${state}` : ""}`, onclick: () => told.choose(index) },
      h("b", { class: picture.problem ? "bad" : "" }, picture.problem ? "!" : objects === null ? "" : objects)));
    node.firstChild.prepend(picture.thumbnail);
    return node;
  }));
  const shown = list.children[current]?.firstChild;
  if (focus) shown?.focus();
  shown?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

export function thumbnail(picture) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIDE;
  picture.thumbnail = canvas;
  draw(picture, picture.file);
}

// A picture that no browser shows keeps an empty place until the server has sent what the model sees.
export async function draw(picture, blob) {
  let image;
  try {
    image = await createImageBitmap(blob);
  } catch {
    return;
  }
  const pen = picture.thumbnail.getContext("2d"), scale = Math.max(SIDE / image.width, SIDE / image.height);
  pen.imageSmoothingQuality = "high";
  pen.drawImage(image, (SIDE - image.width * scale) / 2, (SIDE - image.height * scale) / 2, image.width * scale, image.height * scale);
  image.close();
}
