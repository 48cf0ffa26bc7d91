// Asking the server; its sentence is what an error says.
export async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Error("The server does not answer; is it still running?");
  }
  if (answer.status === 401) window.dispatchEvent(new Event("locked"));
  if (answer.ok) return answer;
  const document = await answer.json().catch(() => null);
  const said = document?.error?.message ?? `The server answered ${answer.status}.`;
  throw Object.assign(new Error(said), { status: answer.status, after: Number(answer.headers.get("retry-after")), document });
}

export const read = async (path) => (await ask(path)).json();

export async function enter(token) {
  await ask("session", { method: "POST", headers: { authorization: `Bearer ${token}` } });
}

export function save(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
