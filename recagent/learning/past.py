"""Everybody's past as questions whose answers are known: who liked what next, with what known.

Cut again and again at the last choice that is left, so that one person gives several examples, and
no source has seen what is asked. Cases that are reported must not be among the events.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Literal

from recagent import wiring
from recagent.evaluation.cases import make_cases
from recagent.evaluation.nouns import Data, Questions
from recagent.evaluation.order import hashed
from recagent.evaluation.splits import People, is_among, split
from recagent.learning.examples import Asking, Example, OnProgress, frozen, retrieved
from recagent.learning.sequenced import NextItemModel
from recagent.profiles import profile_of, without
from recagent.protocols import CandidateSource, Embedder, ItemIndex, Query
from recagent.retrieval import Behaviour, Factors, HeldVectors
from recagent.transfer import TransferMap, carried
from recagent.types import Case, Context, User

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

    async def query(self, case: Case, *, as_new: bool = False) -> Query:
        """What was known before the choice; what the person had met by then must not come again.

        With ``as_new`` what they had done in the case's scene is not known.
        """
        profile = await profile_of(
            case.user or User(id=case.user_id),
            case.history,
            index=self.index,
            embedder=self.embedder,
            scale=self.data.scale,
            half_life=self.half_life,
        )
        met = frozenset(event.item_id for event in case.history if not case.item_ids)
        scene = self.data.scenes[case.scene]
        if as_new:
            profile = without(profile, case.scene)
        profile = carried(profile, target=case.scene, transfer=self.transfer)
        return Query(profile=profile, scene=scene, context=Context(), exclude=met)

    async def sources(self, behaviour: Behaviour) -> Sequence[CandidateSource]:
        """All candidate sources, with this behaviour and the factors that can be learned of it."""

        async def counted() -> Behaviour:
            return behaviour

        scenes = {name: await self.index.items(name) for name in await self.index.scenes()}
        factors = HeldVectors(*behaviour.factorised(DIMENSION), scenes=scenes)
        return [
            *wiring.sources(self.index, self.embedder, counted),
            Factors(factors),
            *([self.sequence.source()] if self.sequence else []),
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Retrieval:
    """How candidates are found where cases name none; as ``retrieval.retrieve``."""

    weights: dict[str, float]
    limit: int
    width: int


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
    as_new: bool = False,
    on_progress: OnProgress,
) -> list[Example]:
    """Examples of all questions, each with sources that count only its own training events.

    Args:
        questions: as ``past`` makes them.
        study: where they are asked.
        retrieval: finds candidates; without it the cases name them.
        as_new: ask as if the person were new in the case's scene; only about those who are not, and
            who did something elsewhere.
        on_progress: told how many of all cases are done.
    """
    if as_new:
        questions = [replace(each, cases=list(filter(_is_both, each.cases))) for each in questions]
    total = sum(len(each.cases) for each in questions)
    found: list[Example] = []
    asking: Asking = partial(study.query, as_new=as_new)
    for each in questions:
        behaviour = Behaviour(each.training, scale=study.data.scale)

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
                limit=retrieval.limit,
                width=retrieval.width,
                on_progress=advance,
            )
    return found


def _is_both(case: Case) -> bool:
    """Whether the person did something in the case's scene, and something elsewhere."""
    here = [event.scene == case.scene for event in case.history]
    return any(here) and not all(here)
