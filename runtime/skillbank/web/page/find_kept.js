// Pictures that stay over a refresh: in this browser's own store, so many and so much, and nowhere else.
const NAME = "skillbank", STORE = "pictures";
export const MOST = { pictures: 200, bytes: 400 << 20 };

let opened = null;

function open() {
  opened ??= new Promise((done, failed) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(STORE, { keyPath: "id", autoIncrement: true });
    asked.onsuccess = () => done(asked.result);
    asked.onerror = asked.onblocked = () => failed(asked.error);
  });
  return opened;
}

// Resolves when the transaction has ended, so that what was kept is there after a refresh.
async function change(work, mode = "readwrite") {
  const base = await open();
  return new Promise((done, failed) => {
    const turn = base.transaction(STORE, mode), asked = work(turn.objectStore(STORE));
    turn.oncomplete = () => done(asked.result);
    turn.onerror = turn.onabort = () => failed(turn.error);
  });
}

export const keep = (picture) => change((store) => store.add({ name: picture.name, type: picture.type, bytes: picture }));
export const drop = (id) => change((store) => store.delete(id));
export const clear = () => change((store) => store.clear());

export async function kept() {
  const rows = await change((store) => store.getAll(), "readonly");
  return rows.map((row) => ({ id: row.id, file: new File([row.bytes], row.name, { type: row.type }) }));
}
