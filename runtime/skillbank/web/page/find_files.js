// Downloads: labels of one picture or of all, as the server writes them, and pictures with their boxes.
import { ask, save } from "./server.js";
import { drawn } from "./boxes.js";
import { zipped } from "./zip.js";

// pictures: {name, width, height, detections, image()} with the boxes that are shown.
export async function download(format, pictures, words, colour) {
  const stem = pictures.length === 1 ? pictures[0].name.replace(/\.[^.]*$/, "") || "picture" : "pictures";
  const named = differing(pictures);
  if (format === "picture") {
    if (named.length === 1) {
      save(await drawn(await named[0].image(), named[0].detections, colour), `${stem}-found.png`);
      return;
    }
    const files = [];
    for (const picture of named) {
      const blob = await drawn(await picture.image(), picture.detections, colour);
      files.push([`${picture.name.replace(/\.[^.]*$/, "")}-found.png`, new Uint8Array(await blob.arrayBuffer())]);
    }
    save(zipped(files), `${stem}-found.zip`);
    return;
  }
  const body = JSON.stringify({
    format, descriptions: words,
    pictures: named.map(({ name, width, height, detections }) => ({ name, width, height, detections })),
  });
  const answer = await ask("labels", { method: "POST", headers: { "content-type": "application/json" }, body });
  const said = /filename="[^"]*\.(\w+)"/.exec(answer.headers.get("content-disposition") || "");
  save(await answer.blob(), `${stem}-${format}.${said ? said[1] : "json"}`);
}

// Two pictures may be called alike; their labels are told apart by the name before the dot.
function differing(pictures) {
  const taken = new Set();
  return pictures.map((picture) => {
    const [, stem, suffix] = /^(.*?)(\.[^.]*)?$/s.exec(picture.name);
    let name = stem;
    for (let count = 2; taken.has(name.toLowerCase()); count += 1) name = `${stem}_${count}`;
    taken.add(name.toLowerCase());
    return { ...picture, name: `${name}${suffix || ""}` };
  });
}
