"""What is served to known people, newcomers and strangers, without a command and after a fit.

    uv run python benchmarks/stranger.py --demo                 # some minutes
    uv run python benchmarks/stranger.py FOLDER                 # one with a recagent.toml
    uv run python benchmarks/stranger.py --demo --new items     # things that nobody met yet
    uv run python benchmarks/stranger.py --demo --new scene     # each scene as if it had no events
    uv run python benchmarks/stranger.py --data art_office --path FOLDER --new scene
    uv run python benchmarks/stranger.py --smoke                # some seconds: does it run at all

Of each test person the last thing that they liked is held out, with all that they did from then on;
the rest of everybody's events is stored, indexed, learned from and asked as a user would, without a
language model: by the fixed weights of ``[learn] automatic = false``, by the prior that comes with
the package, by what ``recagent index`` learns, and after ``recagent fit``.

Each is asked in the scene of what was held out, for ten items of the whole scene
that the person is not known to have met: once as they are known; once as if they had never been in
the scene (of people with likes elsewhere); once as if nothing were known but the thing that they
liked last there; and once as if nothing were known. What others did counts everywhere, and so does
the person's own past in the counts of what goes together.

With ``--new items`` nobody has an event with a tenth of the things that somebody liked, by a hash,
and what is held out is one of them; with ``--new beside`` it is another. With ``--new scene``
nobody has an event in the scene that is asked for, one scene after the other. Games have scenes by
the platform that their titles name.

Beside what is served stand popularity and an item-kNN of six lines. nDCG@10, HR@10 and the share of
places that things without events have ("new"), 95% intervals over people; differences are paired.
The last line is one JSON object.

Its figures stand in docs/research/before-a-fit.md.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from collections.abc import Mapping, Sequence, Set
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
from recagent.config.service_sections import LearnSettings
from recagent.config.settings import Settings, load
from recagent.domain import Event, Scene, User
from recagent.errors import RecagentError
from recagent.evaluation.data import load_data
from recagent.offline.data_set import Data
from recagent.offline.order import stable_hash
from recagent.offline.resampling import interval
from recagent.offline.splits import People, is_among
from recagent.pipeline import Pipeline
from recagent.profiles.building import is_liked
from recagent.retrieval import index_items
from recagent.training.automatic import learn
from recagent.training.fit import FitResult, fit

K = 10
PEOPLE, FEW = 300, 25  # who are asked about; with --smoke
CROWD = 120  # whose events there are, with --smoke
GROUPS = ("known", "new here", "one like", "stranger")
PLATFORMS = {
    "nintendo": re.compile(r"nintendo|\bwii\b|game ?boy|gamecube|\bgba\b|\b3?ds\b", re.IGNORECASE),
    "playstation": re.compile(r"playstation|\bps[ps1234]?\b|\bvita\b", re.IGNORECASE),
    "xbox": re.compile(r"xbox", re.IGNORECASE),
}

Key = tuple[str, str]  # a scene and an item


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


def cases_of(
    data: Data, *, people: People, most: int, hidden: Set[Key], targets: Set[Key]
) -> tuple[list[Case], list[Event]]:
    """The cases, and the events of everybody without what is held out.

    Nobody has an event with what is ``hidden``.
    """
    own: dict[str, list[Event]] = {}
    for event in data.events:
        own.setdefault(event.user_id, []).append(event)
    asked = sorted(
        (each for each in own if is_among(each, people)), key=partial(stable_hash, "one", 0)
    )
    cases: dict[str, Case] = {}
    for user_id in asked:
        events = own[user_id]
        for at in range(len(events) - 1, 0, -1):
            event, before = events[at], events[:at]
            is_new = all(each.item_id != event.item_id for each in before)
            if is_new and is_liked(event, data.scale) and (event.scene, event.item_id) in targets:
                history = tuple(e for e in reversed(before) if (e.scene, e.item_id) not in hidden)
                cases[user_id] = Case(user_id=user_id, scene=event.scene, target=event.item_id,
                                      history=history)  # fmt: skip
                break
        if len(cases) == most:
            break
    kept = [e for user, events in own.items() if user not in cases for e in events]
    kept += [event for case in cases.values() for event in reversed(case.history)]
    kept = [event for event in kept if (event.scene, event.item_id) not in hidden]
    return list(cases.values()), sorted(kept, key=lambda event: event.at)


def hidden_of(data: Data, new: str) -> list[frozenset[Key]]:
    """What nobody has met: a tenth of the things that were liked, or all of each scene in turn."""
    if new in ("items", "beside"):
        liked = {(e.scene, e.item_id) for e in data.events if is_liked(e, data.scale)}
        return [frozenset(key for key in liked if stable_hash("new", 0, key[1]) % 10 == 0)]
    scenes = sorted({item.scene for item in data.items}) if new == "scene" else ()
    found = [frozenset((i.scene, i.id) for i in data.items if i.scene == name) for name in scenes]
    return found or [frozenset()]


def by_platform(data: Data) -> Data:
    """The games with a scene for each maker of the platform that their titles name."""
    home = {
        item.id: next((name for name, how in PLATFORMS.items() if how.search(item.title)), "other")
        for item in data.items
    }
    return replace(
        data,
        scenes={name: Scene(name=name) for name in sorted(set(home.values()))},
        items=[replace(item, scene=home[item.id]) for item in data.items],
        events=[replace(e, scene=home[e.item_id]) for e in data.events if e.item_id in home],
    )


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


def gains(shown: Sequence[str], target: str, met: Set[str]) -> tuple[float, float, float]:
    """NDCG@10 and HR@10 of one list, and its share of things that nobody ever met."""
    found = target in shown
    new = float(np.mean([item not in met for item in shown])) if shown else 0.0
    return (1 / np.log2(shown.index(target) + 2) if found else 0.0, float(found), new)


async def served(
    settings: Settings, cases: Sequence[Case], data: Data
) -> dict[str, dict[str, list[str]]]:
    """What is served to each case, by group and person."""
    parts = bootstrap.parts(settings)
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
    line += f"  new {values[:, 2].mean():.3f}"
    figures: dict[str, Any] = {
        "ndcg10": round(mean, 4),
        "hr10": round(float(values[:, 1].mean()), 4),
        "new": round(float(values[:, 2].mean()), 4),
    }
    for other, theirs in minus.items():
        gain, least, most = interval(values[:, 0] - theirs[:, 0], people=people)
        line += f"  - {other}: {gain:+.3f} [{least:+.3f}, {most:+.3f}]"
        figures[f"minus_{other}"] = [round(gain, 4), round(least, 4), round(most, 4)]
    print(line, flush=True)
    return figures


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Cases of one store, what was counted there, and what was shown, by method and group."""

    cases: Sequence[Case]
    counts: Counts
    met: Set[str]
    shown: Mapping[str, Mapping[str, Mapping[str, list[str]]]]

    def values(self, group: str, data: Data) -> tuple[list[str], dict[str, list[Any]]]:
        """People of a group, and of each method the ``gains`` of what each was shown."""
        pairs = [(c, known) for c in self.cases if (known := c.known(group, data)) is not None]
        values: dict[str, list[Any]] = {}
        for name, score in (("popularity", self.counts.popularity), ("knn", self.counts.knn)):
            for case, known in pairs:
                liked = [event.item_id for event in known if is_liked(event, data.scale)]
                best = self.counts.best(score(liked), case, known)
                values.setdefault(name, []).append(gains(best, case.target, self.met))
        for name, found in self.shown.items():
            values[name] = [gains(found[group][c.user_id], c.target, self.met) for c, _ in pairs]
        return [case.user_id for case, _ in pairs], values


def table(data: Data, asked: Sequence[Asked]) -> dict[str, Any]:
    """Print the groups' rows; their figures."""
    figures: dict[str, Any] = {}
    for group in GROUPS:
        parts = [each.values(group, data) for each in asked]
        people = [user_id for own, _ in parts for user_id in own]
        if len(people) < 2:
            continue
        names = next(values for own, values in parts if own)
        values = {
            name: np.asarray([row for own, each in parts if own for row in each[name]])
            for name in names
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


async def ask(
    options: argparse.Namespace, data: Data, declared: Settings, hidden: Set[Key], most: int
) -> Asked:
    """Store, ask, fit, ask again."""
    every = {(item.scene, item.id) for item in data.items}
    targets = hidden if options.new in ("items", "scene") else every - hidden
    cases, events = cases_of(data, people=options.split, most=most, hidden=hidden, targets=targets)
    shown: dict[str, Any] = {}
    with TemporaryDirectory(prefix="recagent-") as folder:
        chosen = {"data_dir": Path(folder), "store_url": ""}
        model = declared.model.model_copy(update={"kind": "none", "then": ()})
        rank = declared.rank.model_copy(update={"new_items": options.share})
        settings = declared.model_copy(update={**chosen, "model": model, "rank": rank})
        async with AsyncExitStack() as closing:
            index, store = bootstrap.index(settings), bootstrap.event_store(settings)
            closing.push_async_callback(index.close)
            closing.push_async_callback(store.close)
            await index_items(data.items, index=index, embedder=bootstrap.embedder(settings),
                              fingerprint=bootstrap.fingerprint, on_progress=quiet)  # fmt: skip
            await store.keep_scale(data.scale)
            await store.add_users(data.users.values())
            await store.add_events(events)
        fixed = settings.model_copy(update={"learn": LearnSettings(automatic=False)})
        settings = settings.model_copy(update={"learn": LearnSettings()})
        shown["fixed weights"] = await served(fixed, cases, data)
        shown["prior"] = await served(settings, cases, data)
        learned = await learn(settings, on_progress=quiet)
        if learned.result is None:
            print(f"nothing learned: {learned.reason}")
        else:
            tell(learned.result)
            shown["index"] = await served(settings, cases, data)
            if not options.no_fit:
                tell(await fit(settings, language_cases=0, on_progress=quiet))
                shown["after a fit"] = await served(settings, cases, data)
    met = {event.item_id for event in events}
    return Asked(cases=cases, counts=Counts(data, events), met=met, shown=shown)


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Ask with all stored, or with what is hidden in turn."""
    data = load_data(options.data, path=options.path)
    data = by_platform(data) if options.data == "games" else data
    declared = load(options.path) if options.data == "config" else demo.settings()
    data = few_of(data) if options.smoke else data
    hidden = hidden_of(data, options.new)
    most = (FEW if options.smoke else options.people) // len(hidden)
    asked = [await ask(options, data, declared, each, most) for each in hidden]
    print(f"\n{data.name}: {len(data.events)} events, {len(data.items)} items, {options.split} "
          f"people{f', new {options.new}' if options.new else ''}")  # fmt: skip
    return {"data": data.name, "split": options.split, "new": options.new, **table(data, asked)}


def tell(found: FitResult) -> None:
    """Print whom a head ranks for."""
    for group, own in found.head.tested.items():
        print(f"head, {group}: {own}")


def quiet(*_: object) -> None:
    """No progress."""


def main() -> None:
    """Measure and print."""
    parser = command(__doc__)
    parser.add_argument("folder", type=Path, nargs="?", help="with a recagent.toml")
    parser.add_argument("--demo", action="store_true", help="the bundled films")
    parser.add_argument("--data", choices=("demo", "config", "art_office", "games"))
    parser.add_argument("--path", type=Path, help="of the data")
    parser.add_argument(
        "--new", choices=("items", "scene", "beside"), default="", help="without any event"
    )
    parser.add_argument("--people", type=int, default=PEOPLE, help="who are asked about, at most")
    parser.add_argument("--split", choices=("test", "validation"), default="test")
    parser.add_argument("--share", type=float, default=0.0, help="[rank] new_items")
    parser.add_argument("--no-fit", action="store_true", help="only without a command")
    options = parser.parse_args()
    if options.demo or options.smoke:
        options.data = "demo"
    elif options.folder is not None:
        options.data, options.path = "config", options.folder
    if options.data is None:
        parser.error("name a folder with a recagent.toml, --demo or --data")
    try:
        print(json.dumps(anyio.run(measure, options)))
    except RecagentError as error:
        print(error, file=sys.stderr)
        raise SystemExit(2) from error


if __name__ == "__main__":
    main()
