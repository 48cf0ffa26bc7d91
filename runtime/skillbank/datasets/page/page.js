// Choosing a class, splits and names; a picture enlarged. Without this script the page shows everything.
"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const at = (id) => document.getElementById(id);
const every = (what, inside = document) => [...inside.querySelectorAll(what)];
const chosen = { one: null, splits: new Set(every(".chip[data-split]").map((chip) => chip.dataset.split)) };
const numbers = new Intl.NumberFormat("en");
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const divided = chosen.splits.size > 0;

function drawBars(id, counts) {
  const most = Math.max(...counts, 1);
  every(".bar", at(id)).forEach((bar, place) => {
    bar.querySelector("i").style.setProperty("--high", counts[place] / most);
    bar.querySelector("b").textContent = counts[place] ? short.format(counts[place]) : "";
    bar.title = `${bar.querySelector("span").textContent}: ${numbers.format(counts[place])}`;
  });
}

function drawHeat(cells) {
  const heat = at("heat"), most = Math.max(...cells, 1), side = data.grid;
  heat.replaceChildren(...cells.flatMap((value, place) => {
    if (!value) return [];
    const cell = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    for (const [name, given] of Object.entries({ x: place % side, y: Math.floor(place / side), width: 1, height: 1 })) cell.setAttribute(name, given);
    cell.setAttribute("opacity", (value / most).toFixed(3));
    return [cell];
  }));
}

function drawAreas(areas) {
  const all = Math.max(areas.reduce((sum, each) => sum + each, 0), 1);
  every("div", at("areas")).forEach((row, place) => {
    row.querySelector("b").textContent = numbers.format(areas[place]);
    row.querySelector("u").style.width = `${(100 * areas[place]) / all}%`;
  });
}

function show() {
  const one = chosen.one, of = one === null ? data.all : data.classes[one];
  every(".class").forEach((button) => button.setAttribute("aria-pressed", String(button.dataset.class === one)));
  at("all").hidden = one === null;
  const hue = one === null ? "" : every(".class").find((button) => button.dataset.class === one).style.getPropertyValue("--hue");
  for (const id of ["sides", "aspects", "areas"]) at(id)?.style.setProperty("--bar", hue || "var(--main)");
  if (of && at("heat")) { drawHeat(of.heat); drawBars("sides", of.sides); drawBars("aspects", of.aspects); drawAreas(of.areas); }
  let seen = 0;
  every(".picture").forEach((picture) => {
    const fits = (one === null || picture.dataset.classes.split(" ").includes(one)) && (!divided || chosen.splits.has(picture.dataset.split));
    picture.hidden = !fits;
    seen += fits;
    every(".box", picture).forEach((box) => box.classList.toggle("off", one !== null && box.dataset.class !== one));
  });
  at("none").hidden = seen > 0;
}

every(".class").forEach((button) => button.addEventListener("click", () => {
  chosen.one = chosen.one === button.dataset.class ? null : button.dataset.class;
  show();
}));
at("all").addEventListener("click", () => { chosen.one = null; show(); });
every(".chip[data-split]").forEach((chip) => chip.addEventListener("click", () => {
  const name = chip.dataset.split, on = !chosen.splits.has(name);
  if (on) chosen.splits.add(name); else chosen.splits.delete(name);
  chip.setAttribute("aria-pressed", String(on));
  show();
}));
at("names").addEventListener("click", () => {
  const on = at("gallery").classList.toggle("named");
  at("names").setAttribute("aria-pressed", String(on));
});
at("find")?.addEventListener("input", () => {
  const wanted = at("find").value.trim().toLowerCase();
  every("#classes li").forEach((row) => { row.hidden = !row.querySelector(".name").textContent.toLowerCase().includes(wanted); });
});
every(".frame").forEach((frame) => frame.addEventListener("click", () => {
  const picture = frame.parentElement, caption = picture.querySelector("figcaption");
  at("stage").style.setProperty("--ratio", picture.style.getPropertyValue("--ratio"));
  at("stage").replaceChildren(...[...frame.children].map((child) => child.cloneNode(true)));
  at("caption").textContent = `${caption.title} · ${caption.querySelector("small").textContent}`;
  at("large").showModal();
}));
at("large").addEventListener("click", (event) => { if (event.target === at("large")) at("large").close(); });
