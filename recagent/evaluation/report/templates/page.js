"use strict";
(() => {
  const root = document.documentElement;
  const words = JSON.parse(document.getElementById("words").textContent);
  root.classList.add("scripted");

  // Light or dark: the address first (?theme=dark), then what was chosen here before.
  const stored = {
    get: () => { try { return localStorage.getItem("recagent-theme"); } catch { return null; } },
    set: (name) => { try { localStorage.setItem("recagent-theme", name); } catch { /* private */ } },
  };
  const wanted = new URLSearchParams(location.search).get("theme") || stored.get();
  if (wanted === "dark" || wanted === "light") root.dataset.theme = wanted;
  const toggle = document.querySelector(".theme");
  toggle.hidden = false;
  toggle.addEventListener("click", () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
    stored.set(root.dataset.theme);
  });

  for (const select of document.querySelectorAll("select.measure")) {
    select.addEventListener("change", () => {
      for (const each of select.closest("section").querySelectorAll(".matrix"))
        each.hidden = each.dataset.at !== select.value;
    });
  }
  addEventListener("beforeprint", () => {
    for (const each of document.querySelectorAll("details")) each.open = true;
  });

  // Every text goes in as text: nothing of the data is ever read as HTML.
  const make = (tag, options = {}, ...children) => {
    const made = document.createElement(tag);
    for (const [key, value] of Object.entries(options)) {
      if (key === "class") made.className = value;
      else if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
      else if (value !== undefined && value !== null) made.setAttribute(key, value);
    }
    made.append(...children.filter((child) => child !== null && child !== undefined));
    return made;
  };
  const fill = (text, values) => text.replace(/\{(\w+)\}/g, (_, name) => values[name]);

  // Longest common subsequence of two lists, as pairs of kind and element.
  const difference = (before, after) => {
    let start = 0;
    while (start < before.length && start < after.length && before[start] === after[start]) start++;
    let end = 0;
    while (end < before.length - start && end < after.length - start
      && before[before.length - 1 - end] === after[after.length - 1 - end]) end++;
    const a = before.slice(start, before.length - end), b = after.slice(start, after.length - end);
    const width = b.length + 1, longest = new Uint32Array((a.length + 1) * width);
    for (let i = a.length - 1; i >= 0; i--)
      for (let j = b.length - 1; j >= 0; j--)
        longest[i * width + j] = a[i] === b[j] ? longest[(i + 1) * width + j + 1] + 1
          : Math.max(longest[(i + 1) * width + j], longest[i * width + j + 1]);
    const found = before.slice(0, start).map((each) => ["same", each]);
    for (let i = 0, j = 0; i < a.length || j < b.length;) {
      if (i < a.length && j < b.length && a[i] === b[j]) { found.push(["same", a[i++]]); j++; }
      else if (j === b.length || (i < a.length && longest[(i + 1) * width + j] >= longest[i * width + j + 1]))
        found.push(["del", a[i++]]);
      else found.push(["add", b[j++]]);
    }
    return found.concat(before.slice(before.length - end).map((each) => ["same", each]));
  };

  const browser = (place) => {
    const run = place.dataset.run;
    const data = JSON.parse(document.getElementById("data-" + run).textContent);
    const asking = data.systems.map((_, at) => at).filter((at) => data.systems[at].model);
    const line = (at) => data.lines[at];
    const text = (lines) => lines.map(line).join("\n");
    const state = {
      first: asking.length > 1 ? asking[0] : data.reference,
      second: asking.length ? asking[asking.length - 1] : data.systems.length - 1,
      sort: "listed", find: "", view: "second", exchange: 0, open: data.cases[0],
    };

    const rank = (one, system) => {
      const answer = one.answers[system];
      return answer && !answer.error ? answer.rank : null;
    };
    const held = (one) => one.relevant.length ? line(one.items[one.relevant[0]]) : one.id;
    // How much nearer to the top the second system puts the held-out item, as 1/log2(1 + rank).
    const gain = (one) => {
      const worth = (at) => at ? 1 / Math.log2(1 + at) : 0;
      const [before, after] = [rank(one, state.first), rank(one, state.second)];
      return before === null || after === null ? 0 : worth(after) - worth(before);
    };
    const said = (at) => at === null ? "·" : at === 0 ? "–" : String(at);

    const choice = (label, value, options, on) => make("label", { class: "choice" }, label,
      make("select", { onchange: (event) => on(event.target.value) },
        ...options.map(([key, name]) => make("option",
          { value: key, selected: String(key) === String(value) ? "" : undefined }, name))));
    const systems = data.systems.map((each, at) => [at, each.letter + " " + each.name]);
    const list = make("ol", { class: "case-list", "aria-label": words.cases });
    const detail = make("div", { class: "case" });
    place.append(
      make("div", { class: "controls" },
        choice(words.first, state.first, systems, (value) => { state.first = Number(value); all(); }),
        choice(words.second, state.second, systems, (value) => { state.second = Number(value); all(); }),
        choice(words.sort, state.sort, ["listed", "gains", "losses"].map((key) => [key, words[key]]),
          (value) => { state.sort = value; all(); }),
        make("input", { type: "search", placeholder: words.find, "aria-label": words.find,
          oninput: (event) => { state.find = event.target.value.toLowerCase(); drawList(); } })),
      make("div", { class: "split" }, list, detail));

    const open = (one) => {
      state.open = one;
      state.exchange = 0;
      try { history.replaceState(null, "", `#case-${run}-${data.cases.indexOf(one)}`); } catch { /* no */ }
      for (const button of list.querySelectorAll("button"))
        if (data.cases[button.dataset.at] === one) button.setAttribute("aria-current", "true");
        else button.removeAttribute("aria-current");
      drawCase();
    };
    list.addEventListener("keydown", (event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
      if (!step) return;
      const buttons = [...list.querySelectorAll("button")];
      const next = buttons[buttons.indexOf(document.activeElement) + step];
      event.preventDefault();
      if (next) { next.focus(); open(data.cases[next.dataset.at]); }
    });

    const drawList = () => {
      const fits = (one) => !state.find || [one.person, one.id, ...one.items.map(line)]
        .some((each) => each.toLowerCase().includes(state.find));
      const shown = data.cases.filter(fits);
      if (state.sort !== "listed")
        shown.sort((a, b) => (gain(b) - gain(a)) * (state.sort === "gains" ? 1 : -1));
      let scene = null;
      list.replaceChildren(...shown.flatMap((one) => {
        const moved = gain(one);
        const row = make("li", {}, make("button", {
          type: "button", "data-at": data.cases.indexOf(one),
          "aria-current": one === state.open ? "true" : undefined, onclick: () => open(one) },
        make("span", { class: "title" }, held(one)), make("span", { class: "person" }, one.person),
        make("span", { class: "move " + (moved > 0 ? "gain" : moved < 0 ? "loss" : "") },
          said(rank(one, state.first)) + " → " + said(rank(one, state.second)))));
        if (state.sort !== "listed" || one.scene === scene) return [row];
        scene = one.scene;
        return [make("li", { class: "scene" }, scene.replaceAll("_", " ")), row];
      }));
      if (!shown.length) list.append(make("li", { class: "scene" }, words.none));
    };

    const titled = (name, ...children) => make("section", { class: "part" }, make("h4", {}, name), ...children);
    const slate = (one, system) => {
      const answer = one.answers[system];
      const name = data.systems[system].letter + " " + data.systems[system].name;
      if (!answer) return titled(name, make("p", { class: "quiet" }, "–"));
      if (answer.error) return titled(name, make("p", { class: "error" }, words.failed + ": " + answer.error));
      const most = Math.max(...answer.chances, 1e-9);
      const rows = answer.order.map((item, at) => {
        const bar = make("i");
        bar.style.width = 100 * answer.chances[at] / most + "%";
        const score = answer.scores[at];
        return make("li", {
          class: one.relevant.includes(item) ? "target" : "",
          title: `${words.probability} ${answer.chances[at]} · ${words.score} ${score === null ? "–" : score}` },
        make("span", { class: "no" }, String(at + 1)), make("span", { class: "what" }, line(one.items[item])),
        make("span", { class: "meter" }, bar),
        make("span", { class: "side" }, (100 * answer.chances[at]).toFixed(1) + "%"));
      });
      const rest = answer.more > 0 ? [make("p", { class: "quiet" }, fill(words.more, { n: answer.more }))] : [];
      const notes = answer.notes.map((each) => make("p", { class: "quiet" }, each));
      return titled(name, make("ol", { class: "slate" }, ...rows), ...rest, ...notes);
    };
    const landed = (one) => {
      const size = Math.max(one.listed || 100, 2);
      return make("table", { class: "landed" }, make("tbody", {}, ...data.systems.map((each, at) => {
        const place = rank(one, at), dot = make("i");
        if (place) dot.style.left = 100 * (Math.min(place, size) - 1) / (size - 1) + "%";
        return make("tr", {},
          make("th", { scope: "row" }, make("span", { class: "key" }, each.letter),
            make("span", { class: "name " + (each.model ? "model" : "baseline") }, each.name)),
          make("td", { class: "rank", title: place === 0 ? words["not ranked"] : words.rank }, said(place)),
          make("td", {}, place ? make("div", { class: "track" }, dot) : make("div", { class: "track" })));
      })));
    };

    const talk = (one) => {
      const part = titled(words.talk);
      const spoken = { first: one.talks[state.first], second: one.talks[state.second] };
      const view = state.view, name = (which) => data.systems[state[which]].name;
      const button = (which, label) => make("button", { type: "button", "aria-pressed": String(view === which),
        onclick: () => { state.view = which; state.exchange = 0; drawCase(); part.isConnected || focusView(which); },
        "data-view": which }, label);
      const bar = make("div", { class: "views", role: "group" },
        button("first", "A · " + name("first")), button("second", "B · " + name("second")),
        button("difference", words.difference));
      part.append(bar);
      const lacking = ["first", "second"].find((which) => !spoken[which] && (view === which || view === "difference"));
      if (lacking) {
        part.append(make("p", { class: "quiet" }, fill(words["no talk"], { system: name(lacking) })));
        return part;
      }
      const count = view === "difference" ? Math.min(spoken.first.length, spoken.second.length) : spoken[view].length;
      if (count > 1) bar.append(choice("", state.exchange,
        Array.from({ length: count }, (_, at) => [at, fill(words.exchange, { at: at + 1, n: count })]),
        (value) => { state.exchange = Number(value); drawCase(); }));
      if (view === "difference") part.append(diff(spoken.first[state.exchange], spoken.second[state.exchange]));
      else {
        const exchange = spoken[view][state.exchange];
        const turn = (role, lines, kind) => make("div", { class: "turn " + kind }, make("span", {}, role), make("pre", {}, text(lines)));
        part.append(...exchange.turns.map(([role, lines]) => turn(role, lines, "")), turn(words.reply, exchange.reply, "reply"));
      }
      return part;
    };
    const focusView = (which) => {
      const button = detail.querySelector(`[data-view="${which}"]`);
      if (button) button.focus({ preventScroll: true });
    };

    const diff = (before, after) => {
      const flat = (exchange) => exchange.turns.flatMap(([role, lines]) => [role, ...lines]);
      const steps = difference(flat(before), flat(after));
      if (steps.every(([kind]) => kind === "same")) return make("p", { class: "quiet" }, words.same);
      const out = make("pre", { class: "diff" });
      const row = (kind, ...content) => out.append(make("div", { class: kind }, ...content));
      for (let at = 0; at < steps.length;) {
        const [kind, what] = steps[at];
        if (kind === "same") {
          row(typeof what === "string" ? "role" : "", typeof what === "string" ? what : line(what));
          at++;
          continue;
        }
        const block = [];
        while (at < steps.length && steps[at][0] !== "same") block.push(steps[at++]);
        const texts = (wanted) => block.filter(([each]) => each === wanted)
          .map(([, each]) => typeof each === "string" ? each : line(each));
        const gone = texts("del"), come = texts("add");
        const marked = gone.map((each, index) => index < come.length ? wordwise(each, come[index]) : null);
        gone.forEach((each, index) => row("del", ...(marked[index] ? marked[index].del : [each])));
        come.forEach((each, index) => row("add", ...(marked[index] ? marked[index].add : [each])));
      }
      return out;
    };
    // Two lines that are alike, with the words that differ marked; null where they are not alike.
    const wordwise = (before, after) => {
      const parts = (each) => each.match(/[\p{L}\p{N}]+|\s+|[^\p{L}\p{N}\s]/gu) || [];
      const a = parts(before), b = parts(after);
      if (a.length * b.length > 250000) return null;
      const steps = difference(a, b);
      const same = steps.filter(([kind, each]) => kind === "same" && each.trim()).length;
      const size = Math.max(a.filter((each) => each.trim()).length, b.filter((each) => each.trim()).length);
      if (same * 2 < size) return null;
      const side = (wanted) => steps.filter(([kind]) => kind === "same" || kind === wanted)
        .map(([kind, each]) => kind === "same" ? each : make("mark", {}, each));
      return { del: side("del"), add: side("add") };
    };

    const drawCase = () => {
      const one = state.open;
      const history = one.history.map(([title, scene, says, date]) => make("li", { title: date },
        make("span", { class: "what" }, line(title)),
        make("span", { class: "side" }, (line(scene) === one.scene ? "" : line(scene).replaceAll("_", " ") + " · ") + line(says))));
      const listed = one.items.slice(0, one.listed).map((item, at) => make("li",
        { class: one.relevant.includes(at) ? "target" : "" }, make("span", { class: "no" }, String(at + 1)),
        make("span", { class: "what" }, line(item)),
        make("span", { class: "side" }, one.relevant.includes(at) ? words.target : "")));
      detail.replaceChildren(
        make("h3", {}, held(one)),
        make("p", { class: "sub" }, `${one.person} · ${one.scene.replaceAll("_", " ")} · ${one.id}`),
        make("div", { class: "two" },
          titled(words.where, landed(one)),
          titled(words.history, history.length ? make("ol", { class: "history" }, ...history)
            : make("p", { class: "quiet" }, words["no history"]))),
        make("div", { class: "two" }, slate(one, state.first), slate(one, state.second)),
        ...(listed.length ? [make("details", {}, make("summary", {}, words.candidates), make("ol", { class: "listed" }, ...listed))] : []),
        talk(one));
    };
    const all = () => { state.exchange = 0; drawList(); drawCase(); };
    const asked = location.hash.match(/^#case-(\d+)-(\d+)$/);
    if (asked && asked[1] === run && data.cases[asked[2]]) {
      state.open = data.cases[asked[2]];
      place.scrollIntoView({ behavior: "instant" });
    }
    all();
  };
  for (const place of document.querySelectorAll(".browser")) browser(place);
})();
