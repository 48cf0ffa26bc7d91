// May the rest be accepted unseen?
import { at, h } from "/dom.js";

export async function open() {
  at("audit").replaceChildren(h("p", {}, ""));
}
