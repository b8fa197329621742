"""Everybody's past as questions whose answers are known: who liked what next, with what known.

Cut again and again at the last choice that is left, so that one person gives several examples, and
no source has seen what is asked. Cases that are reported must not be among the events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from typing import Literal

from recagent import bootstrap
from recagent.domain import Case, Context, Event, RatingScale, User
from recagent.evaluation.cases import make_cases
from recagent.offline.models import Data, Questions
from recagent.offline.order import hashed
from recagent.offline.splits import People, is_among, split
from recagent.ports import CandidateSource, Embedder, ItemIndex, Query
from recagent.profiles.building import is_liked, profile_of, without
from recagent.retrieval import BY_GROUP, ByGroup, Factors, FactorVectors, Interactions
from recagent.scenes.transfer import TransferMap, carried
from recagent.training.examples import Asking, Example, OnProgress, frozen, retrieved
from recagent.training.sequenced import NextItemModel

Cut = Literal["new here", "few likes"]  # groups as which people can be asked who are of neither

PASSES = 4
DIMENSION = 64  # of factors; the best of 64, 128 and 256 on validation people of one data set


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Study:
    """Where questions are asked.

    Attributes:
        data: that the questions are of.
        index: of its items.
        embedder: that the index was made with.
        half_life: of a liked item's weight.
        sequence: a model that was trained without any of the questions; None for none.
        transfer: what other scenes' taste weighs; None where all weigh the same.
    """

    data: Data
    index: ItemIndex
    embedder: Embedder
    half_life: timedelta
    sequence: NextItemModel | None = None
    transfer: TransferMap | None = None

    async def query(self, case: Case, *, cut: Cut | None = None) -> Query:
        """What was known before the choice; what the person had met by then must not come again.

        With a ``cut`` less is known: of "new here" nothing that they had done in the case's scene,
        of "few likes" nothing but what they liked last there.
        """
        profile = await profile_of(
            case.user or User(id=case.user_id),
            case.history if cut != "few likes" else self._last_like(case),
            index=self.index,
            embedder=self.embedder,
            scale=self.data.scale,
            half_life=self.half_life,
        )
        met = frozenset(event.item_id for event in case.history if not case.item_ids)
        scene = self.data.scenes[case.scene]
        if cut == "new here":
            profile = without(profile, case.scene)
        profile = carried(profile, target=case.scene, transfer=self.transfer)
        return Query(profile=profile, scene=scene, context=Context(), exclude=met)

    def _last_like(self, case: Case) -> Sequence[Event]:
        """What the person did with the item that they liked last in the case's scene."""
        here = [event for event in case.history if event.scene == case.scene]
        liked = next(event.item_id for event in here if is_liked(event, self.data.scale))
        return [event for event in here if event.item_id == liked]

    async def sources(self, behaviour: Interactions) -> Sequence[CandidateSource]:
        """All candidate sources, with this behaviour and the factors that can be learned of it."""

        async def counted() -> Interactions:
            return behaviour

        scenes = {name: await self.index.items(name) for name in await self.index.scenes()}
        factors = FactorVectors(*behaviour.factorised(DIMENSION), scenes=scenes)
        return [
            *bootstrap.sources(self.index, self.embedder, counted),
            Factors(factors),
            *([self.sequence.source()] if self.sequence else []),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval:
    """How candidates are found where cases name none; as ``retrieval.retrieve``."""

    weights: dict[str, float]
    limit: int
    width: int
    by_group: ByGroup = field(default_factory=lambda: BY_GROUP)


def past(
    data: Data,
    *,
    people: People = "all",
    candidates: int | Literal["all"] = "all",
    passes: int = PASSES,
    most: int = 0,
) -> list[Questions]:
    """The last choice of everybody, then the one before it ..., each with what was known by then.

    Args:
        data: whose events may all be learned from.
        people: whose choices are asked.
        candidates: that a case names, or ``"all"``: none, they are to be retrieved.
        passes: choices of each person at most.
        most: people at most, the same ones in every pass; 0 is all.
    """
    known = {event.user_id for event in data.events if is_among(event.user_id, people)}
    asked = set(sorted(known, key=partial(hashed, "people", 0))[: most or None])
    found: list[Questions] = []
    for _ in range(passes):
        cut = split(data, people="all")
        held = [held for held in cut.held if held.user_id in asked]
        found.append(make_cases(data, replace(cut, held=held), candidates=candidates))
        data = replace(data, events=cut.training)
    return found


async def studied(
    questions: Sequence[Questions],
    *,
    study: Study,
    retrieval: Retrieval | None = None,
    cut: Cut | None = None,
    on_progress: OnProgress,
) -> list[Example]:
    """Examples of all questions, each with sources that count only its own training events.

    Args:
        questions: as ``past`` makes them.
        study: where they are asked.
        retrieval: finds candidates; without it the cases name them.
        cut: ask as if less were known of the person: "new here" about those who did something in
            the case's scene and something elsewhere, "few likes" about those who liked more in the
            case's scene than one item.
        on_progress: told how many of all cases are done.
    """
    if cut:
        can = _is_both if cut == "new here" else partial(_likes_more, scale=study.data.scale)
        questions = [replace(each, cases=list(filter(can, each.cases))) for each in questions]
    total = sum(len(each.cases) for each in questions)
    found: list[Example] = []
    asking: Asking = partial(study.query, cut=cut)
    for each in questions:
        behaviour = Interactions(each.training, scale=study.data.scale)

        sources, done = await study.sources(behaviour), len(found)

        def advance(here: int, _: int, done: int = done) -> None:
            on_progress(done + here, total)

        if retrieval is None:
            found += await frozen(
                each.cases, sources=sources, asking=asking, index=study.index, on_progress=advance
            )
        else:
            found += await retrieved(
                each.cases,
                sources=sources,
                asking=asking,
                index=study.index,
                weights=retrieval.weights,
                by_group=retrieval.by_group,
                limit=retrieval.limit,
                width=retrieval.width,
                on_progress=advance,
            )
    return found


def _is_both(case: Case) -> bool:
    """Whether the person did something in the case's scene, and something elsewhere."""
    here = [event.scene == case.scene for event in case.history]
    return any(here) and not all(here)


def _likes_more(case: Case, *, scale: RatingScale) -> bool:
    """Whether the person liked several items of the case's scene."""
    here = (event for event in case.history if event.scene == case.scene)
    return len({event.item_id for event in here if is_liked(event, scale)}) > 1
