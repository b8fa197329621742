"""Past choices as examples: who chose what, among which candidates, with which features.

Two kinds of candidates: those that a case names, and those that retrieval finds. Nothing is fitted.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from recagent.domain import Case, Group
from recagent.ports import CandidateSource, ItemIndex, Query
from recagent.profiles.building import group_of
from recagent.retrieval import ByGroup, retrieve, weights_for

Asking = Callable[[Case], Awaitable[Query]]
OnProgress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One choice.

    Attributes:
        case: its id.
        group: of people, that the person was of.
        items: ids of the candidates, (n,).
        features: scores of each by the sources that found it, (n,).
        chosen: place of what was chosen; None where retrieval did not find it.
    """

    case: str
    user_id: str
    scene: str
    group: Group
    items: tuple[str, ...]
    features: tuple[Mapping[str, float], ...]
    chosen: int | None

    @property
    def cold(self) -> bool:
        """Whether the person was new in the scene, as a head's columns have it."""
        return self.group == "new here"


async def frozen(
    cases: Sequence[Case],
    *,
    sources: Sequence[CandidateSource],
    asking: Asking,
    index: ItemIndex,
    on_progress: OnProgress,
) -> list[Example]:
    """Examples among the candidates that the cases name, each scored by every source."""
    found: list[Example] = []
    for case in cases:
        query = await asking(case)
        features = await scored(case.item_ids, query, sources=sources, index=index)
        found.append(_example(case, query, features))
        on_progress(len(found), len(cases))
    return found


async def scored(
    ids: Sequence[str], query: Query, *, sources: Sequence[CandidateSource], index: ItemIndex
) -> dict[str, dict[str, float]]:
    """What every source says of these items of the query's scene, by item and source."""
    others = (await index.items(query.scene.name)).keys() - set(ids)
    query = replace(query, exclude=frozenset(others))
    features: dict[str, dict[str, float]] = {item_id: {} for item_id in ids}
    for source in sources:
        for item_id, score in await source(query, limit=len(ids)):
            features[item_id][source.name] = score
    return features


async def proposed(
    query: Query, *, sources: Sequence[CandidateSource], limit: int
) -> dict[str, dict[str, float]]:
    """What every source says of its best ``limit`` items, by item and source: as when serving."""
    features: dict[str, dict[str, float]] = {}
    for source in sources:
        for item_id, score in await source(query, limit=limit):
            features.setdefault(item_id, {})[source.name] = score
    return features


async def retrieved(
    cases: Sequence[Case],
    *,
    sources: Sequence[CandidateSource],
    asking: Asking,
    index: ItemIndex,
    weights: Mapping[str, float],
    by_group: ByGroup,
    limit: int,
    width: int,
    on_progress: OnProgress,
) -> list[Example]:
    """Examples among the ``width`` candidates that retrieval fuses of ``limit`` of each source."""
    found: list[Example] = []
    for case in cases:
        query = await asking(case)
        candidates = await retrieve(
            query,
            sources=sources,
            index=index,
            weights=weights_for(query, weights, by_group=by_group),
            limit=limit,
            pool=width,
        )
        features = {each.item.id: each.features for each in candidates}
        found.append(_example(case, query, features))
        on_progress(len(found), len(cases))
    return found


def _example(case: Case, query: Query, features: Mapping[str, Mapping[str, float]]) -> Example:
    (wanted,) = case.judgments
    items = tuple(features)
    return Example(
        case=case.id,
        user_id=case.user_id,
        scene=case.scene,
        group=group_of(query.profile, case.scene),
        items=items,
        features=tuple(features.values()),
        chosen=items.index(wanted) if wanted in features else None,
    )
