// Requests to the server that this page came from, and to no other.
export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

let key = sessionStorage.getItem("key") ?? "";

export function useKey(value) {
  key = value;
  sessionStorage.setItem("key", value);
}

async function send(path, body, signal) {
  const headers = key ? { Authorization: `Bearer ${key}` } : {};
  if (body) headers["Content-Type"] = "application/json";
  let answer;
  try {
    answer = await fetch(path, {
      method: body ? "POST" : "GET", headers, signal, body: body && JSON.stringify(body),
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused("", 0);
  }
  if (!answer.ok) {
    const said = await answer.json().catch(() => null);
    throw new Refused(said?.error?.message ?? answer.statusText, answer.status);
  }
  return answer;
}

const query = (facts) => new URLSearchParams(facts).toString();

export const scenes = async (lang) => (await send(`v1/scenes?${query({ lang })}`)).json();
export const profile = async (user, lang) => (await send(`v1/profile?${query({ user, lang })}`)).json();
export const recommend = async (ask, signal) => (await send("v1/recommend", ask, signal)).json();
export const explain = async (ask) => (await send("v1/explain", ask)).json();
export const feedback = async (said, lang) => (await send(`v1/feedback?${query({ lang })}`, said)).json();
export const trace = async (id, user, lang) =>
  (await send(`v1/trace?${query({ id, user, lang })}`)).json();
export const hasChat = () => send("v1/models").then(() => true, () => false);

// The pieces of an answer as they come: {text} and, of slates and the like, {data}.
export async function* talk(request, signal) {
  const answer = await send("v1/chat/completions", { ...request, stream: true }, signal);
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n\n");
    rest = lines.pop();
    for (const line of lines) {
      const data = line.replace(/^data: /, "");
      if (data === "[DONE]") return;
      const chunk = JSON.parse(data);
      if (chunk.error) throw new Refused(chunk.error.message, 500);
      yield { text: chunk.choices[0]?.delta.content ?? "", data: chunk.recagent ?? null };
    }
  }
}
