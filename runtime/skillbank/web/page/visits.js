// Where one is on the page. Whoever goes elsewhere while the server is asked decides what is shown: an answer that comes
// later draws nothing, leads nowhere and asks nothing more.
let count = 0;

export const moved = () => { count += 1; };

// Returns what says whether one is still there: at the same address, opened once.
export function staying() {
  const visit = count, address = location.hash;
  return () => visit === count && address === location.hash;
}

// A view that is looked at again and again while one stays. `look(stays, ...where)` asks, draws, and returns after how many
// milliseconds it wants to look again; `failed(error)` says what is wrong, and returns that too.
export function watching(look, failed) {
  let timer = 0;
  async function open(...where) {
    clearTimeout(timer);
    const stays = staying();
    let wait = 0;
    try {
      wait = await look(stays, ...where);
    } catch (error) {
      if (stays()) wait = failed(error);
    }
    if (stays()) timer = setTimeout(() => open(...where), wait);
  }
  return { open, leave: () => clearTimeout(timer) };
}
