// The drawer: how a slate came about.
import { element } from "./cards.js";

const number = (value) => (value === null || value === undefined ? "" : Number(value).toPrecision(3));

function facts(trace, words, coldWords) {
  const tokens = trace.usage.prompt + trace.usage.completion;
  const unmeasured = trace.head || trace.unserved ? "unmeasured" : "unfitted";
  const why = trace.unmeasured ? unmeasured : "gated";
  const model = trace.gated ? words(why) : (trace.model ?? words("noModel"));
  return [
    ["degraded", trace.degraded ?? words("notDegraded")],
    ["model", model],
    ["mode", trace.mode ?? ""],
    ["prompt", trace.prompt ?? ""],
    ["tokens", tokens ? String(tokens) : ""],
    ["seconds", trace.seconds.toFixed(2)],
    ["head", trace.head || words("noHead")],
    ["pool", String(trace.pool)],
    ["sources", Object.entries(trace.sources).map(([name, n]) => `${name} ${n}`).join(" · ")],
    ["sceneFrom", words(trace.scene_from)],
    ["cold", coldWords[trace.cold ?? "warm"]],
    ["moved", trace.moved ? String(trace.moved) : ""],
    ["repairs", trace.repairs ? String(trace.repairs) : ""],
    ["notes", trace.notes.join("; ")],
  ].filter(([, value]) => value);
}

function table(caption, heads, rows) {
  const whole = element("div", "scroll", "");
  whole.tabIndex = 0;
  whole.setAttribute("role", "region");
  whole.setAttribute("aria-label", caption);
  const made = element("table", "", "");
  made.append(element("caption", "", caption));
  const head = element("tr", "", "");
  for (const text of heads) {
    const cell = element("th", "", text);
    cell.scope = "col";
    head.append(cell);
  }
  const top = element("thead", "", "");
  top.append(head);
  const body = element("tbody", "", "");
  for (const row of rows) {
    const line = element("tr", row.some((value, at) => at === 0 && value) ? "kept" : "", "");
    line.append(...row.map((value) => element("td", "", value)));
    body.append(line);
  }
  made.append(top, body);
  whole.append(made);
  return whole;
}

function folded(title, text) {
  const whole = element("details", "", "");
  whole.append(element("summary", "", title), element("pre", "", text));
  return whole;
}

export function drawTrace(body, seen, { slate, words, coldWords }) {
  const list = element("dl", "", "");
  for (const [key, value] of facts(seen.trace, words, coldWords)) {
    const told = element("dd", key === "degraded" && seen.trace.degraded ? "alarm" : "", value);
    list.append(element("dt", "", words(key)), told);
  }
  const candidates = table(
    words("candidates"),
    ["#", words("title_"), words("shown"), words("own")],
    seen.candidates.map((each) => [
      each.rank ? String(each.rank) : "", each.title, number(each.probability), number(each.language),
    ]),
  );
  const names = [...new Set(slate.entries.flatMap((entry) => Object.keys(entry.features)))];
  const features = table(
    words("features"),
    ["#", words("title_"), ...names],
    slate.entries.map((entry) => [
      String(entry.rank), entry.item.title, ...names.map((name) => number(entry.features[name])),
    ]),
  );
  const parts = [list, candidates, ...(names.length ? [features] : [])];
  if (seen.prompt) parts.push(folded(words("promptText"), seen.prompt));
  parts.push(folded(words("raw"), JSON.stringify(seen.trace, null, 2)));
  body.replaceChildren(...parts);
}
