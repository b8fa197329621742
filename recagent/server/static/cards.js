// The slate's cards. Texts of items go in as text, never as markup.
export function element(name, className, text) {
  const node = document.createElement(name);
  if (className) node.className = className;
  if (text) node.textContent = text;
  return node;
}

function facts(item) {
  const shown = Object.values(item.attributes)
    .flatMap((value) => value)
    .filter((value) => value !== "" && value !== null);
  return shown.slice(0, 8).map((value) => element("span", "fact", String(value)));
}

// What a language model said of the item, marked as such; a text of its own comes first.
function described(entry, words) {
  if (!entry.described?.length) return [];
  const texts = entry.described.filter((each) => each.values.join("").length > 60);
  const short = entry.described.filter((each) => !texts.includes(each))
    .map((each) => `${each.label}: ${each.values.join(", ")}`);
  const told = [...texts.map((each) => each.values.join(", ")), short.join(" · ")];
  const line = element("p", "described", told.filter(Boolean).join(" "));
  line.prepend(element("span", "by-model", words("byModel")), " ");
  return [line];
}

function change(entry, before, words) {
  if (!before) return null;
  const old = before.entries.find((each) => each.item.id === entry.item.id);
  if (!old) return element("span", "change fresh", words("fresh"));
  const moved = old.rank - entry.rank;
  if (!moved) return null;
  const mark = element("span", "change", moved > 0 ? `▲${moved}` : `▼${-moved}`);
  mark.setAttribute("role", "img");
  mark.setAttribute("aria-label", words(moved > 0 ? "up" : "down", { n: Math.abs(moved) }));
  return mark;
}

// Only what means the same on every slate: the share of the pool is told in the trace.
function likely(entry, words) {
  if (entry.like === null) return [];
  return [element("p", "likes", words("like", { p: `${Math.round(100 * entry.like)}%` }))];
}

// The scenes, other than this one, whose likes the reasons rest on.
export function carriedFrom(entries, slate) {
  const names = entries.flatMap((entry) => entry.reasons)
    .flatMap((reason) => reason.evidence).map((piece) => piece.facts.scene)
    .filter((name) => name && name !== slate.scene);
  return [...new Set(names)];
}

function carried(entry, slate, { words, scenes }) {
  return carriedFrom([entry], slate)
    .map((name) => scenes.find((each) => each.name === name)?.label ?? name)
    .map((label) => element("span", "carried", words("from", { scene: label })));
}

function pieceRow(piece) {
  const row = element("li", "", "");
  row.append(element("b", "", piece.kind), " ");
  const told = Object.entries(piece.facts).map(([name, value]) => `${name}: ${value}`);
  row.append(told.join(" · "));
  return row;
}

function whyPanel(entry, { words, onWhy }) {
  const panel = element("div", "why", "");
  panel.id = `why-${entry.item.id}`;
  panel.hidden = true;
  const fill = async () => {
    const why = await onWhy(entry);
    if (!why) return;
    const sentences = element("ul", "reasons", "");
    sentences.append(...why.reasons.map((reason) => element("li", "", reason.text)));
    const pieces = element("ul", "evidence", "");
    pieces.append(...why.reasons.flatMap((reason) => reason.evidence).map(pieceRow));
    const found = Object.entries(entry.features).filter(([name]) => name !== "fused");
    const sources = found.map(([name, score]) => `${name} ${score.toPrecision(3)}`).join(" · ");
    panel.replaceChildren(
      sentences, element("h4", "", words("evidence")), pieces,
      ...(sources ? [element("h4", "", words("sources")), element("p", "", sources)] : []),
    );
  };
  return { panel, fill };
}

function actions(entry, { words, onFeedback, onWhy }) {
  const row = element("div", "actions", "");
  const named = (key, title, press) => {
    const button = element("button", "", words(key));
    button.type = "button";
    button.setAttribute("aria-label", words(title, { title: entry.item.title }));
    button.addEventListener("click", press);
    return button;
  };
  const rate = (kind) => () => {
    for (const button of row.querySelectorAll("button")) button.disabled = true;
    onFeedback(entry, kind).finally(() => {
      for (const button of row.querySelectorAll("button")) button.disabled = false;
    });
  };
  const { panel, fill } = whyPanel(entry, { words, onWhy });
  const why = named("why", "whyTitle", async () => {
    const opens = panel.hidden;
    if (opens) await fill();
    panel.hidden = !opens;
    why.setAttribute("aria-expanded", String(opens));
    why.textContent = words(opens ? "hideWhy" : "why");
  });
  why.classList.add("quiet");
  why.setAttribute("aria-expanded", "false");
  why.setAttribute("aria-controls", panel.id);
  const good = named("good", "goodTitle", rate("like"));
  good.classList.add("good");
  const bad = named("bad", "badTitle", rate("dislike"));
  bad.classList.add("bad");
  row.append(good, bad, why);
  return [row, panel];
}

export function drawEntries(list, slate, options) {
  const { before, words } = options;
  if (!slate.entries.length) {
    list.replaceChildren(element("li", "empty", slate.empty));
    return;
  }
  list.replaceChildren(...slate.entries.map((entry) => {
    const card = element("li", "card", "");
    card.dataset.item = entry.item.id;
    const head = element("div", "card-head", "");
    const rank = element("span", "rank", String(entry.rank));
    rank.setAttribute("aria-hidden", "true"); // the list says it
    const name = element("h3", "", entry.item.title);
    const moved = change(entry, before, words);
    if (moved) name.append(" ", moved);
    const attributes = element("p", "facts", "");
    attributes.append(...facts(entry.item), ...carried(entry, slate, options));
    const told = element("div", "", "");
    told.append(name, attributes, ...described(entry, words), ...likely(entry, words));
    head.append(rank, told);
    const reasons = element("ul", "reasons", "");
    const lines = entry.reasons.map((reason) => element("li", "", reason.text));
    reasons.append(...(lines.length ? lines : [element("li", "", words("noReason"))]));
    card.append(head, reasons, ...actions(entry, options));
    return card;
  }));
}
