"""What is served to known people, newcomers and strangers, before a fit and after it.

    uv run python benchmarks/stranger.py --demo                 # some minutes
    uv run python benchmarks/stranger.py FOLDER                 # one with a recagent.toml
    uv run python benchmarks/stranger.py --smoke                # some seconds: does it run at all

Of each test person the last thing that they liked is held out, with all that they did from then on;
the rest of everybody's events is stored, indexed, fitted and asked as a user would, without a
language model. Each is asked in the scene of what was held out, for ten items of the whole scene
that the person is not known to have met: once as they are known; once as if they had never been in
the scene (of people with likes elsewhere); once as if nothing were known but the thing that they
liked last there; and once as if nothing were known. What others did counts everywhere, and so does
the person's own past in the counts of what goes together.

Beside what is served stand popularity and an item-kNN of six lines. nDCG@10 and HR@10, 95%
intervals over people; differences are paired. The last line is one JSON object.

Its figures stand in docs/research/before-a-fit.md.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import anyio
import numpy as np
from command import command
from scipy import sparse

from recagent import bootstrap, demo
from recagent.config.settings import Settings, load
from recagent.domain import Event, User
from recagent.errors import RecagentError
from recagent.evaluation.data import load_data
from recagent.offline.data_set import Data
from recagent.offline.order import stable_hash
from recagent.offline.resampling import interval
from recagent.offline.splits import People, is_among
from recagent.pipeline import Pipeline
from recagent.profiles.building import is_liked
from recagent.retrieval import index_items
from recagent.training.fit import fit

K = 10
PEOPLE, FEW = 300, 25  # who are asked about; with --smoke
CROWD = 120  # whose events there are, with --smoke
GROUPS = ("known", "new here", "one like", "stranger")


@dataclass(frozen=True, kw_only=True)
class Case:
    """A test person, what they liked last, and what they did before it, newest first."""

    user_id: str
    scene: str
    target: str
    history: tuple[Event, ...]

    def known(self, group: str, data: Data) -> tuple[Event, ...] | None:
        """What is known of them as one of a group; None where they cannot be taken for one."""
        here = [event for event in self.history if event.scene == self.scene]
        liked = [event for event in here if is_liked(event, data.scale)]
        elsewhere = tuple(event for event in self.history if event.scene != self.scene)
        match group:
            case "known":
                return self.history if liked else None
            case "new here":
                return elsewhere if any(is_liked(e, data.scale) for e in elsewhere) else None
            case "one like":
                return (liked[0],) if liked else None
        return ()


def cases_of(data: Data, *, people: People, most: int) -> tuple[list[Case], list[Event]]:
    """The cases, and the events of everybody without what is held out."""
    own: dict[str, list[Event]] = {}
    for event in data.events:
        own.setdefault(event.user_id, []).append(event)
    asked = sorted(
        (each for each in own if is_among(each, people)), key=partial(stable_hash, "one", 0)
    )
    items = {(item.scene, item.id) for item in data.items}
    cases: dict[str, Case] = {}
    for user_id in asked:
        events = own[user_id]
        for at in range(len(events) - 1, 0, -1):
            event, before = events[at], events[:at]
            is_new = all(each.item_id != event.item_id for each in before)
            if is_new and is_liked(event, data.scale) and (event.scene, event.item_id) in items:
                cases[user_id] = Case(user_id=user_id, scene=event.scene, target=event.item_id,
                                      history=tuple(reversed(before)))  # fmt: skip
                break
        if len(cases) == most:
            break
    kept = [e for user, events in own.items() if user not in cases for e in events]
    kept += [event for case in cases.values() for event in reversed(case.history)]
    return list(cases.values()), sorted(kept, key=lambda event: event.at)


class Cut:
    """A store in which some people are known as a case has it; what is shown is not kept."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.known: dict[str, tuple[Event, ...]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def person(self, user_id: str, *, limit: int) -> tuple[User | None, Sequence[Event]]:
        if user_id not in self.known:
            return await self._store.person(user_id, limit=limit)
        return None, self.known[user_id][:limit]

    async def seen(self, user_id: str) -> frozenset[str]:
        return frozenset(event.item_id for event in self.known[user_id])

    async def add_impression(self, impression: object) -> None:
        """Nothing."""


class Counts:
    """Popularity, and the item-kNN that anybody would write first."""

    def __init__(self, data: Data, events: Sequence[Event]) -> None:
        liked = {(e.user_id, e.item_id) for e in events if is_liked(e, data.scale)}
        self.rows = {item: at for at, item in enumerate(sorted({item for _, item in liked}))}
        people = {user: at for at, user in enumerate(sorted({user for user, _ in liked}))}
        pairs = [(self.rows[item], people[user]) for user, item in liked]
        rows, columns = zip(*pairs, strict=True)
        self.matrix = sparse.csr_matrix((np.ones(len(pairs)), (rows, columns)))
        self.likes = np.asarray(self.matrix.sum(axis=1)).ravel()
        self.scenes: dict[str, list[str]] = {}
        for item in data.items:
            self.scenes.setdefault(item.scene, []).append(item.id)

    def popularity(self, liked: Sequence[str]) -> np.ndarray:  # noqa: ARG002
        return self.likes

    def knn(self, liked: Sequence[str]) -> np.ndarray:
        unit = sparse.diags(1 / np.sqrt(self.likes)) @ self.matrix
        mine = [self.rows[item] for item in liked if item in self.rows]
        scores = np.zeros(len(self.likes))
        if mine:
            scores = np.asarray((unit @ unit[mine].T).sum(axis=1)).ravel()
        return scores + 1e-9 * self.likes

    def best(self, scores: np.ndarray, case: Case, known: Sequence[Event]) -> list[str]:
        met = {event.item_id for event in known}
        free = [item for item in self.scenes[case.scene] if item not in met]
        score = {item: scores[self.rows[item]] if item in self.rows else -1.0 for item in free}
        return sorted(free, key=lambda item: -score[item])[:K]


def gains(shown: Sequence[str], target: str) -> tuple[float, float]:
    """NDCG@10 and HR@10 of one list."""
    return (1 / np.log2(shown.index(target) + 2), 1.0) if target in shown else (0.0, 0.0)


async def served(
    settings: Settings, cases: Sequence[Case], data: Data, *, learned: bool
) -> dict[str, dict[str, list[str]]]:
    """What is served to each case, by group and person; before a fit, or by what was learned."""
    parts = bootstrap.parts(settings) if learned else bootstrap.parts_with(settings, learned=None)
    store = Cut(parts.store)
    line = Pipeline(replace(parts, store=store), bootstrap.options(settings))
    await parts.behaviour()
    found: dict[str, dict[str, list[str]]] = {}
    for group in GROUPS:
        for case in cases:
            known = case.known(group, data)
            if known is not None:
                store.known[case.user_id] = known
                slate = await line.recommend(case.user_id, scene=case.scene, k=K)
                shown = [entry.item.id for entry in slate.entries]
                found.setdefault(group, {})[case.user_id] = shown
    await line.close()
    return found


def row(
    name: str, people: Sequence[str], values: np.ndarray, minus: Mapping[str, np.ndarray]
) -> Any:
    """Print a row; its figures."""
    mean, low, high = interval(values[:, 0], people=people)
    line = f"  {name:<14} {mean:.3f} [{low:.3f}, {high:.3f}]  HR {values[:, 1].mean():.3f}"
    figures: dict[str, Any] = {
        "ndcg10": round(mean, 4),
        "hr10": round(float(values[:, 1].mean()), 4),
    }
    for other, theirs in minus.items():
        gain, least, most = interval(values[:, 0] - theirs[:, 0], people=people)
        line += f"  - {other}: {gain:+.3f} [{least:+.3f}, {most:+.3f}]"
        figures[f"minus_{other}"] = [round(gain, 4), round(least, 4), round(most, 4)]
    print(line, flush=True)
    return figures


def table(
    data: Data,
    cases: Sequence[Case],
    counts: Counts,
    shown: Mapping[str, Mapping[str, Mapping[str, list[str]]]],
) -> dict[str, Any]:
    """Print the groups' rows; their figures."""
    figures: dict[str, Any] = {}
    for group in GROUPS:
        asked = [(case, known) for case in cases if (known := case.known(group, data)) is not None]
        if len(asked) < 2:
            continue
        people = [case.user_id for case, _ in asked]
        lists: dict[str, list[list[str]]] = {}
        for name, score in (("popularity", counts.popularity), ("knn", counts.knn)):
            lists[name] = [
                counts.best(
                    score([e.item_id for e in known if is_liked(e, data.scale)]), case, known
                )
                for case, known in asked
            ]
        for name, found in shown.items():
            lists[name] = [found[group][user_id] for user_id in people]
        values = {
            name: np.asarray(
                [gains(own, c.target) for own, (c, _) in zip(each, asked, strict=True)]
            )
            for name, each in lists.items()
        }
        print(f"\n{group}: {len(people)} people, nDCG@10")
        figures[group] = {"people": len(people)}
        for name, own in values.items():
            minus = {other: values[other] for other in ("popularity", "knn") if other != name}
            figures[group][name] = row(name, people, own, minus)
    return figures


def few_of(data: Data) -> Data:
    """A hundred people's events, and the items in them: enough to see that it runs."""
    people = sorted({event.user_id for event in data.events}, key=partial(stable_hash, "few", 0))
    chosen = set(people[:CROWD])
    events = [event for event in data.events if event.user_id in chosen]
    met = {event.item_id for event in events}
    return replace(data, events=events, items=[item for item in data.items if item.id in met])


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Store, ask, fit, ask again."""
    data = load_data("demo") if options.demo else load_data("config", path=options.folder)
    declared = demo.settings() if options.demo else load(options.folder)
    data = few_of(data) if options.smoke else data
    most = FEW if options.smoke else options.people
    cases, events = cases_of(data, people=options.split, most=most)
    counts, shown = Counts(data, events), {}
    with TemporaryDirectory(prefix="recagent-") as folder:
        chosen = {"data_dir": Path(folder), "store_url": ""}
        model = declared.model.model_copy(update={"kind": "none", "then": ()})
        settings = declared.model_copy(update={**chosen, "model": model})
        async with AsyncExitStack() as closing:
            index, store = bootstrap.index(settings), bootstrap.event_store(settings)
            closing.push_async_callback(index.close)
            closing.push_async_callback(store.close)
            await index_items(data.items, index=index, embedder=bootstrap.embedder(settings),
                              fingerprint=bootstrap.fingerprint, on_progress=quiet)  # fmt: skip
            await store.keep_scale(data.scale)
            await store.add_users(data.users.values())
            await store.add_events(events)
        ask = partial(served, settings, cases, data)
        shown["before a fit"] = await ask(learned=False)
        if not options.no_fit:
            try:
                found = await fit(settings, language_cases=0, on_progress=quiet)
            except RecagentError as error:
                print(f"not fitted: {error}")
            else:
                for group, own in found.head.tested.items():
                    print(f"head, {group}: {own}")
                shown["after a fit"] = await ask(learned=True)
    print(f"\n{data.name}: {len(events)} events, {len(data.items)} items, {options.split} people")
    return {"data": data.name, "split": options.split, **table(data, cases, counts, shown)}


def quiet(*_: object) -> None:
    """No progress."""


def main() -> None:
    """Measure and print."""
    parser = command(__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="with a recagent.toml")
    parser.add_argument("--demo", action="store_true", help="the bundled films")
    parser.add_argument("--people", type=int, default=PEOPLE, help="who are asked about, at most")
    parser.add_argument("--split", choices=("test", "validation"), default="test")
    parser.add_argument("--no-fit", action="store_true", help="only before a fit")
    options = parser.parse_args()
    options.demo |= options.smoke
    if options.demo == (options.folder is not None):
        parser.error("name a folder with a recagent.toml, or --demo")
    try:
        print(json.dumps(anyio.run(measure, options)))
    except RecagentError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
