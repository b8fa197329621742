"""Past choices as examples: who chose what, among which candidates, with which features.

Candidates are those that a case names, or those that retrieval returns.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from recagent.domain import Case, Group
from recagent.ports import CandidateSource, ItemIndex, Query
from recagent.profiles.building import group_of
from recagent.retrieval import BY_GROUP, ByGroup, retrieve, weights_for

MakeQuery = Callable[[Case], Awaitable[Query]]
OnProgress = Callable[[int, int], None]  # how many are done, of how many
OnStage = Callable[[str, int, int | None], None]  # the same of a named stage; None: unknown


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Is one choice among candidates.

    Attributes:
        case: its id.
        group: of people, that the person was of.
        items: ids of the candidates, (n,).
        features: source scores of each candidate, (n,).
        chosen: index of what was chosen; None where retrieval missed it.
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
        """Says whether the person was new in the scene, as a head's columns have it."""
        return self.group == "new here"


@dataclass(frozen=True, slots=True, kw_only=True)
class RetrievalOptions:
    """Says how candidates are retrieved where cases name none; as ``retrieval.retrieve``."""

    weights: Mapping[str, float]
    limit: int
    width: int
    by_group: ByGroup = field(default_factory=lambda: BY_GROUP)


async def make_examples(
    cases: Sequence[Case],
    *,
    sources: Sequence[CandidateSource],
    make_query: MakeQuery,
    index: ItemIndex,
    retrieval: RetrievalOptions | None,
    on_progress: OnProgress,
) -> list[Example]:
    """Returns examples among retrieved candidates; without ``retrieval``, those that cases name."""
    examples: list[Example] = []
    for case in cases:
        query = await make_query(case)
        features: Mapping[str, Mapping[str, float]]
        if retrieval is None:
            features = await source_scores(case.item_ids, query, sources=sources, index=index)
        else:
            candidates = await retrieve(
                query,
                sources=sources,
                index=index,
                weights=weights_for(query, retrieval.weights, by_group=retrieval.by_group),
                limit=retrieval.limit,
                pool=retrieval.width,
            )
            features = {candidate.item.id: candidate.features for candidate in candidates}
        (chosen,) = case.judgments
        items = tuple(features)
        examples.append(
            Example(
                case=case.id,
                user_id=case.user_id,
                scene=case.scene,
                group=group_of(query.profile, case.scene),
                items=items,
                features=tuple(features.values()),
                chosen=items.index(chosen) if chosen in features else None,
            )
        )
        on_progress(len(examples), len(cases))
    return examples


async def source_scores(
    ids: Sequence[str], query: Query, *, sources: Sequence[CandidateSource], index: ItemIndex
) -> dict[str, dict[str, float]]:
    """Returns the scores of these items of the query's scene, by item and source."""
    others = (await index.items(query.scene.name)).keys() - set(ids)
    query = replace(query, exclude=frozenset(others))
    features: dict[str, dict[str, float]] = {item_id: {} for item_id in ids}
    for source in sources:
        for item_id, score in await source(query, limit=len(ids)):
            features[item_id][source.name] = score
    return features


async def source_proposals(
    query: Query, *, sources: Sequence[CandidateSource], limit: int
) -> dict[str, dict[str, float]]:
    """Returns the scores of each source's best ``limit`` items, by item and source, as served."""
    features: dict[str, dict[str, float]] = {}
    for source in sources:
        for item_id, score in await source(query, limit=limit):
            features.setdefault(item_id, {})[source.name] = score
    return features
