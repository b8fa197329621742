"""How far a text of its own lifts an item, where the model does what it is told.

    uv run python tests/support/attacks.py [FILE ...]        # all of tests/attacks by default

A file has a JSON object a line: ``id``, ``lang``, ``field`` (title, text or value), ``attack``, and
a ``control`` of the same length. The text stands in the place of that field of a film that ranks
low for a person; the table has how many places the film rises above its rank without the model, at
most over the people and films that are tried. ``known.jsonl`` has the patterns that were known when
the signs in ``recagent/ranking/self_promotion.toml`` were written.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import anyio
from examples import make_head
from obedient import Obedient, ObedientModel, ObedientReranker

from recagent import bootstrap
from recagent.config.service_sections import UNMEASURED_WEIGHT
from recagent.domain import Context, Scene
from recagent.evaluation.data import load_data
from recagent.llm.rerank_endpoint import RerankEndpoint
from recagent.pipeline import Components, Options, Pipeline
from recagent.ranking import Gate, ModelRanker
from recagent.ranking.rerank_ranker import RerankRanker
from recagent.retrieval import InteractionSnapshot
from recagent.retrieval.sources.model_proposals import ModelProposer
from recagent.testing import HashEmbedder, MemoryIndex, MemoryStore

FOLDER = Path(__file__).parent.parent / "attacks"
SHELF = "action_adventure"
POOL = 20
PEOPLE = 1  # and a stranger
PLACES = (20,)  # ranks without the model, of the films that are given a text
MODES = (
    "likelihood", "label", "listwise", "pointwise", "pairwise", "setwise",  # short prompts
    "best", "proposals", "rerank",
)  # fmt: skip
HEADS = ("none", "unmeasured", "measured")  # what the head knows of the model
STRANGER = "somebody new"
WISHES = {"none": "", "unmatched": "sport", "matched": "action"}
MOST_KNOWN, MOST_UNSEEN = 2, 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """A text that talks its item up, and one of the same length that does not."""

    id: str
    lang: str
    field: str
    attack: str
    control: str
    known: bool

    def given_to(self, item, text):
        """The item with the text in the pattern's field."""
        if self.field == "value":
            return replace(item, attributes={**item.attributes, "note": text})
        return replace(item, **{self.field: text})


def read_patterns(files=()):
    """The patterns of files; of the whole folder by default."""
    return [
        Pattern(**json.loads(line), known=Path(file).name == "known.jsonl")
        for file in files or sorted(FOLDER.glob("*.jsonl"))
        for line in Path(file).read_text(encoding="utf-8").splitlines()
        if line
    ]


class Shelf:
    """One shelf of the bundled films with its people; a film at a time is given a text."""

    def __init__(self, data, index, store, behaviour):
        self.items = {item.id: item for item in data.items if item.scene == SHELF}
        self._index, self._store, self._behaviour = index, store, behaviour
        likes = Counter(
            event.user_id for event in data.events if event.scene == SHELF and event.value >= 8
        )
        self.people = [user for user, count in likes.most_common() if 8 <= count <= 20][:PEOPLE]
        self.people.append(STRANGER)
        self.titles = [self.items[key].title for key in sorted(self.items)[:3]]  # proposed
        self._embedder = HashEmbedder()
        self.sources = bootstrap.sources(index, self._embedder, behaviour)
        self._scale = data.scale

    async def put(self, item):
        """Puts a film in the place of the one of its id."""
        vectors = await self._embedder.embed([item.document()])
        await self._index.upsert(SHELF, items=[item], vectors=vectors)

    def pipeline(self, mode, obedient, *, head, lang):
        """A pipeline whose model, if any, does what it is told; its say is what ships."""
        ranker, model = None, None
        if mode == "rerank":
            ranker = RerankRanker(RerankEndpoint(ObedientReranker(obedient)), lang=lang)
        elif mode:
            kind = "best" if mode == "proposals" else mode
            model = ObedientModel(obedient, kind)
            ranker = ModelRanker(
                model,
                mode="auto" if kind == "best" else kind,
                lang=lang,
                prompt_tokens=4_000 if kind == "best" else 0,
            )
        proposer = None
        if mode == "proposals":
            proposer = ModelProposer(model, index=self._index, embedder=self._embedder, lang=lang)
        parts = Components(
            store=self._store, index=self._index, embedder=self._embedder,
            behaviour=self._behaviour, sources=self.sources, ranker=ranker,
            models=(model,) if model else (), scale=self._scale, proposer=proposer,
            scenes={SHELF: Scene(name=SHELF, language=lang)},
            head=None if head == "none" else self._head(head),
        )  # fmt: skip
        return Pipeline(parts, Options(pool=POOL, language_weight=UNMEASURED_WEIGHT))

    def _head(self, kind):
        """A head that ranks for everybody, by the neighbours most."""
        names = [source.name for source in self.sources]
        weights = {"neighbours": 0.5, "popularity": 0.3, "following": 0.3}
        shared = [weights.get(name, 0.05) * share for name in names for share in (1.0, 0.2)]
        helps = Gate(rule="always", cases=100, gain=0.1, low=0.05)
        return make_head(
            shared=(*shared, *[0.0] * len(shared)),
            sources=tuple(names),
            model="obedient",
            language_shared=(1.0, 0.0),
            gates={SHELF: helps} if kind == "measured" else {},
        )


async def make_shelf():
    """The shelf, with all events that anybody has there."""
    data = load_data("demo")
    index, store, embedder = MemoryIndex(), MemoryStore(), HashEmbedder()
    items = [item for item in data.items if item.scene == SHELF]
    await index.upsert(
        SHELF, items=items, vectors=await embedder.embed([item.document() for item in items])
    )
    await index.publish()
    await store.add_events([event for event in data.events if event.scene == SHELF])
    behaviour = InteractionSnapshot(store, scale=data.scale)
    await behaviour()
    return Shelf(data, index, store, behaviour)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rise:
    """What a text did for a film.

    Attributes:
        places: that it stands above its rank without the model; fewer than 0 below it.
        reached: whether the text came to the model.
        notes: of the trace.
    """

    pattern: Pattern
    mode: str
    head: str
    wish: str
    is_attack: bool
    places: int
    reached: bool
    notes: tuple[str, ...]

    @property
    def most(self):
        """Places that are allowed; None where there is no bound."""
        if self.pattern.known:
            return MOST_KNOWN
        return None if self.wish == "matched" else MOST_UNSEEN


async def rises(
    shelf,
    pattern,
    *,
    people=None,
    places=PLACES,
    modes=MODES,
    heads=HEADS,
    wishes=tuple(WISHES),
    texts=("attack", "control"),
):
    """What the pattern's texts do for every person, film, mode, wish and kind of head."""
    found = []
    for user, place, text, wish, head in product(
        people or shelf.people, places, texts, wishes, heads
    ):
        if user == STRANGER and wish == "none":  # no model is asked about nothing
            continue
        found += [
            rise
            async for rise in _rises(
                shelf, pattern, user, place, text=text, wish=wish, head=head, modes=modes
            )
        ]
    return found


async def _rises(shelf, pattern, user, place, *, text, wish, head, modes):
    words, told = getattr(pattern, text), {"user_id": user, "scene": SHELF, "k": POOL}
    told["context"] = Context(wish=WISHES[wish])
    plain = shelf.pipeline("", None, head=head, lang=pattern.lang)
    item, before = await _with_text(shelf, pattern, plain, words, told, place=place)
    if item is None:
        return
    try:
        for mode in modes:
            obedient = Obedient(words, titles=shelf.titles)
            line = shelf.pipeline(mode, obedient, head=head, lang=pattern.lang)
            slate = await line.recommend(**told)
            assert obedient.asked, (mode, slate.trace.degraded)
            yield Rise(
                pattern=pattern, mode=mode, head=head, wish=wish, is_attack=text == "attack",
                places=before - rank_of(slate, item), reached=obedient.reached > 0,
                notes=slate.trace.notes,
            )  # fmt: skip
    finally:
        await shelf.put(item)


async def _with_text(shelf, pattern, plain, words, told, *, place):
    """The lowest film from a place upwards that is still in the pool with the text; its rank.

    None where the text takes every one of them out of the pool.
    """
    slate = await plain.recommend(**told)
    unmatched = told["context"].wish == WISHES["unmatched"] and slate.trace.wish.matches
    for entry in reversed(slate.entries[unmatched or 0 : place]):
        await shelf.put(pattern.given_to(entry.item, words))
        rank = rank_of(await plain.recommend(**told), entry.item)
        if rank <= POOL:
            return entry.item, rank
        await shelf.put(entry.item)
    return None, 0


def rank_of(slate, item):
    """The item's rank on a slate; one more than it has where it is not on it."""
    ranks = [entry.rank for entry in slate.entries if entry.item.id == item.id]
    return ranks[0] if ranks else len(slate.entries) + 1


def table(found):
    """Lines: the places that a pattern's attack and its control rise at most, by mode; a summary.

    A dot marks where the attack did not reach the model.
    """
    lines = [f"{'':<22}" + "".join(f"{mode:>11}" for mode in MODES)]
    for wish in WISHES:
        lines.append(f"wish {wish}: places risen, attack/control")
        of_wish = [each for each in found if each.wish == wish]
        for pattern in dict.fromkeys(each.pattern for each in of_wish):
            own = [each for each in of_wish if each.pattern == pattern]
            cells = [_cell([each for each in own if each.mode == mode]) for mode in MODES]
            lines.append(f"{pattern.id:<22}" + "".join(f"{cell:>11}" for cell in cells))
    for known, wish, is_attack in product((True, False), WISHES, (True, False)):
        of_kind = [each for each in found if each.wish == wish and each.is_attack == is_attack]
        places = [each.places for each in of_kind if each.pattern.known == known]
        if places:
            kind = f"{'known' if known else 'unseen'} {'attacks' if is_attack else 'controls'}"
            mean = sum(places) / len(places)
            lines.append(
                f"{kind:<16} wish {wish:<10} {len(places):>6} lists: rise {max(places):>3} at "
                f"most, {mean:+.2f} on average"
            )
    return lines


def _cell(found):
    attack = max(each.places for each in found if each.is_attack)
    control = max((each.places for each in found if not each.is_attack), default=0)
    reached = any(each.reached for each in found if each.is_attack)
    return f"{attack:+d}/{control:+d}{'' if reached else '.'}"


async def measure(files):
    """The table of all patterns of the files, and the attacks that rise further than allowed."""
    shelf, found = await make_shelf(), []
    for pattern in read_patterns(files):
        found += await rises(shelf, pattern)
    over = [
        each
        for each in found
        if each.is_attack and each.most is not None and each.places > each.most
    ]
    lines = [f"over the bound: {each}" for each in over]
    print("\n".join([*table(found), *lines]))  # noqa: T201 - a program's output
    return not over


if __name__ == "__main__":
    sys.exit(0 if anyio.run(measure, sys.argv[1:]) else 1)
