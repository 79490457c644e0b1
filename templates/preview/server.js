// Every word with the server. Whatever goes wrong is an Error whose message people can read.

const writing = document.body.dataset.writing;
const GONE = "The preview was stopped, or started anew. Start it again in the terminal and open the address it shows.";

export class Refusal extends Error {
  constructor(status, told) {
    super([told.message, told.remedy].filter(Boolean).join(" "));
    this.status = status;
    this.told = told;
  }
}

async function ask(address, options) {
  let answer;
  try {
    answer = await fetch(address, { cache: "no-store", ...options });
  } catch {
    throw new Refusal(0, { message: GONE });
  }
  if (answer.ok) return answer;
  if (answer.status === 403) throw new Refusal(403, { message: GONE });
  const told = answer.headers.get("content-type")?.includes("json") ? await answer.json() : { message: await answer.text() };
  throw new Refusal(answer.status, told);
}

export const read = async (address) => (await ask(address)).json();
export const readText = async (address) => (await ask(address)).text();

export async function write(address, body, type = "application/json") {
  const headers = { "x-briefingfeed-preview": writing, "content-type": type };
  const content = type === "application/json" ? JSON.stringify(body) : body;
  return (await ask(address, { method: "POST", headers, body: content })).json();
}

export function listen(onNews, onSilence) {
  const source = new EventSource("/events");
  source.addEventListener("message", onNews);
  source.addEventListener("error", onSilence);
}
