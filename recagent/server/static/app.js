// The page: a person, a scene, their slate; why, feedback, talk, trace. State lives here.
import * as api from "./api.js";
import { WORDS, say } from "./words.js";
import { drawTrace } from "./trace.js";
import { carriedFrom, drawEntries, element } from "./cards.js";

const find = (id) => document.getElementById(id);
const asked = new URLSearchParams(location.search);

const state = {
  lang: asked.get("lang") ?? (navigator.language.startsWith("zh") ? "zh" : "en"),
  user: asked.get("user") ?? "",
  scene: asked.get("scene") ?? "",
  scenes: [],
  people: [],
  slate: null,
  talk: { scene: "", messages: [], state: "" },
  force: {}, // what the talk has put in force, as fields of a request for a slate
};
if (!WORDS[state.lang]) state.lang = "en";

const words = (key, facts) => say(state.lang, key, facts);
let underWay = new AbortController();
let talking = new AbortController();

// --- Language -------------------------------------------------------------------------------

function speak() {
  document.documentElement.lang = state.lang === "zh" ? "zh-CN" : "en";
  document.title = words("title");
  for (const node of document.querySelectorAll("[data-say]")) node.textContent = words(node.dataset.say);
  for (const node of document.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", words(node.dataset.label));
  }
  for (const node of document.querySelectorAll("[data-hint]")) node.placeholder = words(node.dataset.hint);
  for (const button of document.querySelectorAll("[data-lang]")) {
    button.setAttribute("aria-pressed", String(button.dataset.lang === state.lang));
  }
  find("starts").replaceChildren(...WORDS[state.lang].start.map((text) => {
    const chip = element("button", "chip", text);
    chip.type = "button";
    chip.addEventListener("click", () => converse(text));
    return chip;
  }));
}

let fading = 0;

function announce(text) {
  find("status").textContent = text;
  find("status").classList.add("seen");
  clearTimeout(fading);
  fading = setTimeout(() => find("status").classList.remove("seen"), 6000);
}

async function guarded(work) {
  try {
    return await work();
  } catch (error) {
    if (error.name === "AbortError") return undefined;
    if (error.status === 401) {
      find("key").showModal();
      return undefined;
    }
    if (!(error instanceof api.Refused)) console.error(error);
    announce(words("failed", { why: error.message || words("unreachable") }));
    return undefined;
  }
}

// --- Person and scenes ----------------------------------------------------------------------

function remember() {
  const facts = { user: state.user, scene: state.scene, lang: state.lang };
  history.replaceState(null, "", `?${new URLSearchParams(facts)}`);
}

function drawPeople() {
  find("user").value = state.user;
  find("people").replaceChildren(...state.people.map((id) => {
    const chip = element("button", "chip", id);
    chip.type = "button";
    chip.setAttribute("aria-pressed", String(id === state.user));
    chip.addEventListener("click", () => choosePerson(id));
    return chip;
  }));
}

function drawScenes() {
  find("scenes").replaceChildren(...state.scenes.map((scene) => {
    const tab = element("button", "tab", scene.label);
    tab.type = "button";
    tab.id = `tab-${scene.name}`;
    tab.role = "tab";
    tab.dataset.scene = scene.name;
    tab.setAttribute("aria-selected", String(scene.name === state.scene));
    tab.setAttribute("aria-controls", "slate");
    tab.tabIndex = scene.name === state.scene ? 0 : -1;
    tab.addEventListener("click", () => chooseScene(scene.name));
    return tab;
  }));
}

find("scenes").addEventListener("keydown", (event) => {
  const tabs = [...find("scenes").children];
  const at = tabs.indexOf(document.activeElement);
  const to = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: tabs.length - 1 }[event.key];
  if (to === undefined || at < 0) return;
  event.preventDefault();
  const next = tabs[(to + tabs.length) % tabs.length];
  next.focus();
  chooseScene(next.dataset.scene).then(() => find(`tab-${state.scene}`)?.focus());
});

async function choosePerson(id) {
  state.user = id;
  state.slate = null;
  state.scene = "";
  drawPeople();
  forgetTalk();
  await guarded(async () => {
    await drawProfile();
    await recommend();
  });
}

async function chooseScene(name) {
  if (name === state.scene) return;
  state.scene = name;
  state.slate = null;
  forgetTalk();
  drawScenes();
  await recommend();
}

async function drawProfile() {
  const known = await api.profile(state.user, state.lang);
  const most = Math.max(1, ...known.scenes.map((scene) => scene.events));
  const seen = known.scenes.filter((scene) => scene.events).sort((a, b) => b.events - a.events);
  find("known-none").hidden = seen.length > 0;
  find("known-none").textContent = words("nothing");
  find("known").replaceChildren(...seen.map((scene) => {
    const row = element("li", "", "");
    row.dataset.scene = scene.name;
    const bar = element("span", "bar", "");
    bar.style.setProperty("--share", `${(100 * scene.events) / most}%`);
    row.append(element("span", "name", scene.label), bar,
      element("span", "count", words(scene.events === 1 ? "event" : "events", { n: scene.events })));
    return row;
  }));
  find("liked-title").hidden = !known.liked.length;
  find("liked").replaceChildren(...known.liked.slice(0, 6).map((liked) => {
    const row = element("li", "", "");
    const scene = state.scenes.find((each) => each.name === liked.item.scene);
    row.append(element("span", "", liked.item.title), element("small", "", scene?.label ?? ""));
    return row;
  }));
}

// --- Slate ----------------------------------------------------------------------------------

async function recommend({ quietly = false } = {}) {
  underWay.abort();
  underWay = new AbortController();
  find("entries").setAttribute("aria-busy", "true");
  find("slate").classList.toggle("waiting", !quietly);
  if (!quietly) announce(words("loading"));
  const before = state.slate;
  const { wish, ...force } = state.force;
  const ask = {
    user: state.user, scene: state.scene || null, lang: state.lang, reasons: true, ...force,
    wish: [find("wish").value.trim(), wish].filter(Boolean).join("; "),
  };
  const slate = await guarded(() => api.recommend(ask, underWay.signal));
  if (!slate) {
    find("slate").classList.remove("waiting");
    return null;
  }
  show(slate, before);
  if (!quietly) {
    announce(words("ready", { n: slate.entries.length, user: slate.user, scene: slate.label }));
  }
  return slate;
}

function show(slate, before) {
  state.slate = slate;
  state.scene = slate.scene;
  remember();
  drawScenes();
  find("slate").classList.remove("waiting");
  find("slate-title").textContent = slate.label;
  find("about").textContent = about(slate);
  find("degraded").hidden = !slate.trace.degraded;
  find("degraded").textContent = `${words("degraded")}: ${slate.trace.degraded}`;
  const review = slate.trace.review ? words("review") : "";
  const notice = [slate.sentence, slate.wish_note, review, slate.notice].filter(Boolean).join(" ");
  find("notice").hidden = !notice;
  find("notice").textContent = notice;
  find("open-trace").disabled = false;
  const entries = find("entries");
  entries.setAttribute("aria-busy", "false");
  drawEntries(entries, slate, { before, words, scenes: state.scenes, onFeedback, onWhy });
}

function about(slate) {
  const from = carriedFrom(slate.entries, slate);
  for (const row of find("known").children) {
    row.classList.toggle("source", from.includes(row.dataset.scene));
  }
  if (slate.trace.cold === "fully") return words("coldNobody", { user: slate.user });
  if (slate.trace.cold !== "scene") return words("warm", { user: slate.user });
  const labels = state.scenes.filter((scene) => from.includes(scene.name)).map((scene) => scene.label);
  const known = [...find("known").querySelectorAll(".name")].map((node) => node.textContent);
  const joined = (labels.length ? labels : known).join(state.lang === "zh" ? "、" : ", ");
  return words("coldScene", { user: slate.user, from: joined });
}

async function onFeedback(entry, kind) {
  await guarded(async () => {
    await api.feedback({
      user: state.user, item: entry.item.id, scene: entry.item.scene, kind,
      impression: state.slate.trace.id,
    }, state.lang);
    const old = new Set(state.slate.entries.map((each) => each.item.id));
    const slate = await recommend({ quietly: true });
    await drawProfile();
    if (!slate) return;
    about(slate);
    const n = slate.entries.filter((each) => !old.has(each.item.id)).length;
    const facts = { user: state.user, title: entry.item.title, n };
    announce(words(kind === "like" ? "savedLike" : "savedDislike", facts));
    find("slate").focus({ preventScroll: true });
  });
}

async function onWhy(entry) {
  const ask = { user: state.user, item: entry.item.id, scene: entry.item.scene, lang: state.lang };
  return guarded(() => api.explain(ask));
}

// --- Talk -----------------------------------------------------------------------------------

function forgetTalk() {
  talking.abort();
  state.talk = { scene: "", messages: [], state: "" };
  find("log").replaceChildren();
  state.force = {};
  find("force").replaceChildren();
  find("force-title").hidden = true;
}

function logged(who) {
  const turn = element("div", `turn ${who}`, "");
  const text = element("p", "", "");
  turn.append(element("span", "who", words(who)), text);
  find("log").append(turn);
  turn.scrollIntoView({ block: "nearest" });
  return text;
}

async function converse(text) {
  if (!text.trim() || !state.slate) return;
  talking.abort();
  talking = new AbortController();
  const { signal } = talking;
  const talk = state.talk;
  // A talk keeps the scene in which it began, so that the server finds it again.
  if (!talk.messages.length) talk.scene = state.scene;
  talk.messages.push({ role: "user", content: text });
  logged("you").textContent = text;
  const answer = logged("it");
  answer.parentElement.classList.add("waiting");
  let whole = "";
  const done = await guarded(async () => {
    const request = {
      model: `recagent/${talk.scene}`, user: state.user, messages: talk.messages, lang: state.lang,
      recagent: { state: talk.state },
    };
    for await (const piece of api.talk(request, signal)) {
      whole += piece.text;
      if (piece.data?.state) talk.state = piece.data.state;
      else if (piece.data) drawPiece(answer, piece.data);
      else answer.append(piece.text);
      find("log").scrollTop = find("log").scrollHeight;
    }
    await drawProfile();
    about(state.slate);
    return true;
  });
  answer.parentElement.classList.remove("waiting");
  if (done) {
    talk.messages.push({ role: "assistant", content: whole });
  } else {
    talk.messages.pop(); // what was not answered was not said
    answer.append(element("span", "alarm", find("status").textContent));
  }
  find("log").scrollTop = find("log").scrollHeight;
}

function drawPiece(answer, data) {
  if (data.shown) {
    show(data.shown, state.slate);
    const titles = data.shown.entries.map((entry) => entry.item.title);
    const joined = titles.join(state.lang === "zh" ? "、" : ", ");
    const facts = { n: titles.length, titles: joined };
    answer.append(element("span", "shown", words("slateShown", facts)));
  }
  if (data.noted) {
    const { constraints, preferences, wish } = data.noted;
    state.force = { constraints, wish, ...(preferences.length ? { preferences } : {}) };
    const held = data.noted.in_force.map((text) => element("li", "", text));
    find("force").replaceChildren(...held);
    find("force-title").hidden = !held.length;
  }
  if (data.question) {
    answer.append(element("span", "", data.question));
    for (const option of data.options) {
      const chip = element("button", "chip", option);
      chip.type = "button";
      chip.addEventListener("click", () => converse(option));
      answer.append(chip);
    }
  }
}

// --- What is pressed ------------------------------------------------------------------------

find("person-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const id = find("user").value.trim();
  if (id) choosePerson(id);
});
find("wish-form").addEventListener("submit", (event) => {
  event.preventDefault();
  recommend();
});
find("talk-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = find("say").value;
  find("say").value = "";
  converse(text);
});
find("say").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    find("talk-form").requestSubmit();
  }
});
for (const button of document.querySelectorAll("[data-lang]")) {
  button.addEventListener("click", async () => {
    state.lang = button.dataset.lang;
    speak();
    await guarded(load);
  });
}
find("open-trace").addEventListener("click", () => guarded(async () => {
  const seen = await api.trace(state.slate.trace.id, state.slate.user, state.lang);
  drawTrace(find("trace-body"), seen, { slate: state.slate, words, coldWords: WORDS[state.lang].coldValue });
  find("trace").showModal();
}));
find("close-trace").addEventListener("click", () => find("trace").close());
find("trace").addEventListener("click", (event) => {
  if (event.target === find("trace")) find("trace").close();
});
find("key-form").addEventListener("submit", () => {
  api.useKey(find("key-value").value);
  guarded(begin);
});

// --- Beginning ------------------------------------------------------------------------------

async function load() {
  const found = await api.scenes(state.lang);
  state.scenes = found.scenes;
  state.people = found.people;
  if (!state.scenes.some((scene) => scene.name === state.scene)) state.scene = "";
  state.user ||= state.people[0] ?? "";
  drawPeople();
  drawScenes();
  if (!state.user) return;
  await drawProfile();
  await recommend();
}

async function begin() {
  await load();
  find("talk").hidden = !(await api.hasChat());
  document.body.classList.toggle("with-talk", !find("talk").hidden);
}

speak();
guarded(begin);
