"""Scripted conversations, the hearing of turns, and what critiques are worth, on bundled data.

    uv run python benchmarks/conversations.py            # replies of the model from a file
    uv run python benchmarks/conversations.py --full     # the embedded model live, more people

**Scripts** (eval/cases/chat): every condition that a script declares is checked on every slate by
the code of ``scenes.constraints``, every reason is looked up in events and catalogue. **Hearing**:
which act a turn is that no rule tells, by the embedded model (eval/cases/chat/hearing, written by
the same hand as the prompts' examples, before they were tried). **Simulated people**: each wants
the last film that they liked, held out, in its scene. After a slate without it they say "no X" of a
genre that most of the slate has and the film has not, or "X" of a genre that it has, or its decade
(with critiques), or only "more" (without). Turns until the film is on a slate of 5, 10 at most,
counted as 11 where it never was; the difference is paired over people, its 95% interval
bootstrapped. The last line is one JSON object.

Its figures stand in docs/research/conversations.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import numpy as np
from command import command
from kept_replies import FileReplies, remembered
from scipy import stats
from scripted import Outcome, opened, read_scripts, run_script

from recagent import bootstrap, demo, prompts
from recagent.chat import Agent, Conversation, Shown
from recagent.chat.hearing import HEARD, likely_act
from recagent.cli.progress import prepared_demo
from recagent.domain import Event, Item, RatingScale
from recagent.infrastructure.storage import SqlEventStore
from recagent.llm.retry import RetryBudget, RetryWindow
from recagent.pipeline import Components, Pipeline
from recagent.ports import ChatModel, Message
from recagent.profiles.building import is_liked
from recagent.retrieval import InteractionSnapshot

CASES = Path(__file__).parent.parent / "eval" / "cases" / "chat"
REPLIES = CASES / "replies.json"
MOST_TURNS = 10
K = 5


async def scripts(model: ChatModel, folder: Path) -> list[Outcome]:
    """Every script, on a line for its catalogue and language."""
    lines: dict[tuple[str, str], Pipeline] = {}
    outcomes: list[Outcome] = []
    for script in read_scripts(CASES):
        key = (script.catalogue, script.lang)
        if key not in lines:
            lines[key] = await opened(
                script.catalogue, made(folder / "-".join(key)), lang=script.lang, models=[model]
            )
        agent = Agent(lines[key], lang=script.lang, k=K)
        outcomes.append(await run_script(script, line=lines[key], agent=agent))
        for failure in outcomes[-1].failures:
            print(f"# {failure}")
    for line in lines.values():
        await replace_models(line).close()
    return outcomes


def made(folder: Path) -> Path:
    """The folder, which is there now."""
    folder.mkdir()
    return folder


def replace_models(line: Pipeline) -> Pipeline:
    """The line without models, whose closing leaves them open for what comes next."""
    return Pipeline(replace(line.parts, models=()))


async def hearing(model: ChatModel, *, live: bool) -> dict[str, object]:
    """How many of the turns that no rule tells are heard rightly, and by two baselines.

    ``labels``: the model's letter for an act, given the same examples; less what it says of empty
    turns, with --full alone. ``embedder``: the act of the nearest example.
    """
    turns = tomllib.loads((CASES / "hearing" / "turns.toml").read_text(encoding="utf-8"))["turn"]
    found: dict[str, dict[str, list[bool]]] = {}
    for turn in turns:
        lang, said = turn["lang"], turn["say"]
        budget = RetryBudget(1, window=RetryWindow())
        heard = {
            "channel": (await likely_act(said, model=model, lang=lang, budget=budget)).act,
            "embedder": await by_embedder(said, lang=lang),
        }
        if live:
            heard["labels"] = await by_labels(said, model=model, lang=lang)
        for how, act in heard.items():
            found.setdefault(lang, {}).setdefault(how, []).append(act == turn["act"])
    return {
        lang: {
            how: {"right": sum(right), "n": len(right), "interval": wilson(sum(right), len(right))}
            for how, right in by_way.items()
        }
        for lang, by_way in found.items()
    }


def examples(lang: str) -> dict[str, list[str]]:
    """The messages of each act's prompt."""
    prompt = prompts.load("chat", "act", lang=lang)
    return {
        act: [line[2:] for line in prompt.text(act=act).splitlines() if line.startswith("- ")]
        for act in HEARD
    }


async def by_labels(turn: str, *, model: ChatModel, lang: str) -> str:
    """The act whose letter gains most by the turn. Source: Zhao et al., "Calibrate before use"."""
    letters = "ABCDEFG"
    shown = [
        f"Message: {message}\nLetter: {letter}"
        for at in range(2)
        for letter, messages in zip(letters, examples(lang).values(), strict=True)
        for message in messages[at : at + 1]
    ]

    async def asked(text: str) -> np.ndarray:
        body = "\n".join([*shown, f"Message: {text}\nLetter:"])
        reply = await model.label_logprobs([Message("user", body)], labels=list(letters))
        return np.asarray([-30.0 if value is None else value for value in reply.values])

    gained = await asked(turn) - np.mean([await asked(text) for text in ("N/A", "...")], axis=0)
    return HEARD[int(gained.argmax())]


async def by_embedder(turn: str, *, lang: str) -> str:
    """The act of the example whose vector is nearest."""
    embedder = bootstrap.embedder(demo.settings())
    (own,) = await embedder.embed([turn], role="query")
    nearest = {
        act: float((await embedder.embed(messages, role="passage") @ own).max())
        for act, messages in examples(lang).items()
    }
    return max(nearest, key=nearest.__getitem__)


def wilson(right: int, n: int) -> list[float]:
    """95% interval of a share. Source: Wilson, 1927."""
    found = stats.binomtest(right, n).proportion_ci(method="wilson")
    return [round(float(found.low), 3), round(float(found.high), 3)]


def genres(item: Item) -> tuple[str, ...]:
    """Genres of a film."""
    value = item.attributes["genres"]
    return value if isinstance(value, tuple) else (str(value),)


def next_critique(target: Item, slate: Sequence[Item], said: set[str]) -> str:
    """What a truthful person says next: the most telling thing that they have not said."""
    counted = Counter(genre for item in slate for genre in genres(item))
    own = set(genres(target))
    unwanted = [genre for genre, count in counted.most_common() if genre not in own and count > 1]
    missing = sorted(own, key=lambda genre: counted[genre])
    decade = int(str(target.attributes["year"])) // 10 * 10
    candidates = [
        *(f"no {genre}" for genre in unwanted[:1]),
        *(genre for genre in missing if counted[genre] < len(slate)),
        *(f"no {genre}" for genre in unwanted[1:]),
        f"from the {decade}s",
    ]
    return next((each for each in candidates if each not in said), "more")


async def turns_until(agent: Agent, target: Item, user_id: str, *, critiques: bool) -> int:
    """Turns until the target is on a slate; one more than are tried where it never was."""
    conversation, text, said = Conversation(user_id=user_id, scene=target.scene), "recommend", set()
    for turn in range(1, MOST_TURNS + 1):
        shown: list[Item] = []
        async for each in agent.say(conversation, text):
            if isinstance(each, Shown):
                shown = [entry.item for entry in each.slate.entries]
        if any(item.id == target.id for item in shown):
            return turn
        text = next_critique(target, shown, said) if critiques else "more"
        said.add(text)
    return MOST_TURNS + 1


async def simulated(people: int, folder: Path) -> dict[str, object]:
    """Turns with truthful critiques and without, paired over people; each one's target held out."""
    source = await opened("demo", made(folder / "all"), lang="en")
    items = {
        scene: await source.parts.index.items(scene) for scene in await source.parts.index.scenes()
    }
    events = [event async for batch in source.parts.store.all_events() for event in batch]
    chosen = targets(events, source.parts.scale, people)
    held_out = {(event.user_id, event.item_id) for event in chosen}
    store = SqlEventStore(f"sqlite:///{folder / 'history.db'}")
    await store.add_events(e for e in events if (e.user_id, e.item_id) not in held_out)
    parts = source.parts
    line = await with_store(parts, store)
    agent = Agent(line, k=K)
    pairs = [
        [await turns_until(agent, items[event.scene][event.item_id], event.user_id, critiques=how)
         for how in (False, True)]
        for event in chosen
    ]  # fmt: skip
    await store.close()
    await source.close()
    found = np.asarray(pairs, dtype=float)
    gain = found[:, 0] - found[:, 1]
    interval = stats.bootstrap((gain,), np.mean, n_resamples=5_000, rng=0, method="percentile")
    low, high = interval.confidence_interval
    return {
        "n": len(pairs), "most_turns": MOST_TURNS, "k": K,
        "turns_without": round(float(found[:, 0].mean()), 2),
        "turns_with": round(float(found[:, 1].mean()), 2),
        "fewer_turns": round(float(gain.mean()), 2),
        "interval": [round(float(low), 2), round(float(high), 2)],
        "found_without": round(float((found[:, 0] <= MOST_TURNS).mean()), 3),
        "found_with": round(float((found[:, 1] <= MOST_TURNS).mean()), 3),
    }  # fmt: skip


async def with_store(parts: Components, store: SqlEventStore) -> Pipeline:
    """The same line on another store, with counts from that one alone."""
    behaviour = InteractionSnapshot(store, scale=parts.scale)
    sources = bootstrap.sources(parts.index, parts.embedder, behaviour)
    wanted = {source.name for source in parts.sources}
    kept = [source for source in sources if source.name in wanted]
    return Pipeline(
        replace(parts, store=store, behaviour=behaviour, sources=kept),
        bootstrap.options(demo.settings(model={"kind": "none"})),
    )


def targets(events: Sequence[Event], scale: RatingScale, people: int) -> list[Event]:
    """The last liked film of so many people with five events or more, evenly over their ids."""
    own: dict[str, list[Event]] = {}
    for event in sorted(events, key=lambda event: event.at):
        own.setdefault(event.user_id, []).append(event)
    last = [
        [event for event in theirs if is_liked(event, scale)][-1]
        for _, theirs in sorted(own.items())
        if len(theirs) > 5 and any(is_liked(event, scale) for event in theirs)
    ]
    step = max(1, len(last) // people)
    return last[::step][:people]


async def main(arguments: argparse.Namespace) -> dict[str, Any]:
    """All three parts."""
    began = time.monotonic()
    replies = FileReplies(REPLIES)
    live = None
    if arguments.full:
        replies.clear()
        live = bootstrap.model(demo.settings(model={"adapter": "none"}))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        outcomes = await scripts(remembered(replies, model=live), folder)
        # A meter takes what comes again for a retry, so each part has one of its own.
        heard = await hearing(remembered(replies, model=live), live=arguments.full)
        replies.close()  # what was asked is kept, whatever happens to the rest
        people = await simulated(arguments.people or (150 if arguments.full else 30), folder)
    if live is not None:
        await live.close()
    total = {
        name: sum(getattr(each, name) for each in outcomes)
        for name in ("slates", "entries", "broken", "foreign", "claims", "untrue")
    }
    passed = sum(not each.failures for each in outcomes)
    print(f"scripts: {passed} of {len(outcomes)} as declared; {total}")
    print(f"hearing: {heard}")
    print(f"simulated people: {people}")
    return {
        "benchmark": "conversations",
        "mode": "full" if arguments.full else "quick",
        "scripts": {"n": len(outcomes), "passed": passed, **total},
        "hearing": heard,
        "simulated": people,
        "seconds": round(time.monotonic() - began, 1),
    }


if __name__ == "__main__":
    parser = command(__doc__)
    parser.add_argument("--quick", action="store_true", help="the default")
    parser.add_argument("--full", action="store_true", help="the embedded model live, 150 people")
    parser.add_argument("--people", type=int, default=0, help="simulated; 30, or 150 with --full")
    options = parser.parse_args()
    if options.smoke:
        options.people = 2
    prepared_demo()
    result = anyio.run(main, options)
    print(json.dumps(result, ensure_ascii=False))
    sys.exit(0 if result["scripts"]["passed"] == result["scripts"]["n"] else 1)
