"""Scripted conversations, and what critiques are worth, on bundled data; rules read all turns.

    uv run python benchmarks/conversations.py            # 30 simulated people
    uv run python benchmarks/conversations.py --full     # 150

**Scripts** (eval/cases/chat): every condition that a script declares is checked on every slate by
the code of ``scenes.constraints``, every reason is looked up in events and catalogue. **Simulated
people**: each wants the last film that they liked, held out, in its scene. After a slate without it
they say "no X" of a genre that most of the slate has and the film has not, or "X" of a genre that
it has, or its decade (with critiques), or only "more" (without). Turns until the film is on a slate
of 5, 10 at most, counted as 11 where it never was; the difference is paired over people, its 95%
interval bootstrapped. The last line is one JSON object.

Its figures stand in docs/research/conversations.md.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import numpy as np
from command import command
from scipy import stats
from scripted import Outcome, opened, read_scripts, run_script

from recagent import bootstrap, demo
from recagent.chat import Agent, Conversation, Shown
from recagent.cli.progress import prepared_demo
from recagent.domain import Event, Item, RatingScale
from recagent.infrastructure.storage import SqlEventStore
from recagent.pipeline import Components, Pipeline
from recagent.profiles.building import is_liked
from recagent.retrieval import InteractionSnapshot

CASES = Path(__file__).parent.parent / "eval" / "cases" / "chat"
MOST_TURNS = 10
K = 5


async def scripts(folder: Path) -> list[Outcome]:
    """Every script, on a line for its catalogue and language."""
    lines: dict[tuple[str, str], Pipeline] = {}
    outcomes: list[Outcome] = []
    for script in read_scripts(CASES):
        key = (script.catalogue, script.lang)
        if key not in lines:
            lines[key] = await opened(
                script.catalogue, made(folder / "-".join(key)), lang=script.lang
            )
        agent = Agent(lines[key], lang=script.lang, k=K)
        outcomes.append(await run_script(script, line=lines[key], agent=agent))
        for failure in outcomes[-1].failures:
            print(f"# {failure}")
    for line in lines.values():
        await line.close()
    return outcomes


def made(folder: Path) -> Path:
    """The folder, which is there now."""
    folder.mkdir()
    return folder


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
    """Both parts."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        outcomes = await scripts(folder)
        people = await simulated(arguments.people or (150 if arguments.full else 30), folder)
    total = {
        name: sum(getattr(each, name) for each in outcomes)
        for name in ("slates", "entries", "broken", "foreign", "claims", "untrue")
    }
    passed = sum(not each.failures for each in outcomes)
    print(f"scripts: {passed} of {len(outcomes)} as declared; {total}")
    print(f"simulated people: {people}")
    return {
        "benchmark": "conversations",
        "mode": "full" if arguments.full else "quick",
        "scripts": {"n": len(outcomes), "passed": passed, **total},
        "simulated": people,
        "seconds": round(time.monotonic() - began, 1),
    }


if __name__ == "__main__":
    parser = command(__doc__)
    parser.add_argument("--quick", action="store_true", help="the default")
    parser.add_argument("--full", action="store_true", help="150 people")
    parser.add_argument("--people", type=int, default=0, help="simulated; 30, or 150 with --full")
    options = parser.parse_args()
    if options.smoke:
        options.people = 2
    prepared_demo()
    result = anyio.run(main, options)
    print(json.dumps(result, ensure_ascii=False))
    sys.exit(0 if result["scripts"]["passed"] == result["scripts"]["n"] else 1)
