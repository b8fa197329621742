"""What every step of a request works with: the parts, the numbers, and what is read once a scene.

Requests are made ready in ``request``, and their candidates are ranked in ``candidates``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from typing import TypeVar

import anyio
from anyio import to_thread

from recagent.domain import Evidence, Item, Language, Profile, Scene, Unserved
from recagent.explanations import gather_evidence, gather_person_evidence
from recagent.explanations.ties import Choice, in_order, together
from recagent.pipeline.components import COLD_DIVERSITY, Components, Options
from recagent.pipeline.deadline import Deadline, RankingAllowance, RankingSpeed
from recagent.pipeline.fallback import FallbackChain
from recagent.ports import Query, ReasonsRequest
from recagent.profiles.building import group_of
from recagent.profiles.informative_values import Traits
from recagent.ranking import FixedBlend, Head, JointScorer
from recagent.retrieval import SceneCache, SceneText
from recagent.scenes.identification import indexed_scenes
from recagent.scenes.rules import SceneCatalogue, without_rule_attributes
from recagent.scenes.transfer import with_transfer

T = TypeVar("T")

_THREADS = 2  # that compute for requests at once; the store's readers have others


class Services:
    """The parts and numbers of a pipeline, and its joint scores. Holds nothing of a person."""

    def __init__(self, parts: Components, options: Options) -> None:
        self.parts = parts
        self.options = options
        self._blend = FixedBlend(
            language_weight=options.language_weight,
            temperature=options.temperature,
            closed=parts.head.closed if parts.head else frozenset(),
            worth=parts.worth,
        )
        self._heads = [
            replace(head, unmeasured=options.language_weight, worth=parts.worth)
            for head in (parts.head, parts.prior and _closed(parts.prior, by=parts.head))
            if head is not None
        ]
        self._deadline: Deadline | None = None
        self._is_for_another = False
        self._rankings: RankingAllowance | None = None
        self._speed = RankingSpeed()
        self._catalogues = SceneCache(SceneCatalogue)
        self._texts = SceneCache(SceneText)
        self._traits = SceneCache(Traits)
        self._computing = anyio.CapacityLimiter(_THREADS)

    def joint(self, query: Query) -> JointScorer:
        """Returns what ranks: a head that was tested on people like this; else prior or blend."""
        group = group_of(query.profile, query.scene.name)
        ranking = (head.of(group) for head in self._heads)
        return next((head for head in ranking if head is not None), self._blend)

    def unserved(self, query: Query) -> Unserved:
        """Returns why a fitted head does not rank here; empty where it does, or there is none."""
        head = self.parts.head
        return head.unserved(group_of(query.profile, query.scene.name)) if head else ""

    def within(self, deadline: Deadline) -> Services:
        """Returns the same services for requests that are parts of one with this deadline."""
        services = copy(self)
        services._deadline = deadline  # noqa: SLF001 - its own class
        return services

    def for_another(self) -> Services:
        """Returns the same services for requests that somebody makes on behalf of another."""
        services = copy(self)
        services._is_for_another = True  # noqa: SLF001 - its own class
        return services

    def ranking_at_most(self, times: int) -> Services:
        """Returns the same services for requests that may ask the ranking model so often in all."""
        services = copy(self)
        services._rankings = RankingAllowance(times)  # noqa: SLF001 - its own class
        return services

    def deadline(self) -> Deadline:
        """Returns the deadline of a request that begins now, unless it is a part of one."""
        return self._deadline or Deadline(self.options.deadline)

    def fallback(self, deadline: Deadline | None = None) -> FallbackChain:
        """Returns the steps of a request, which begins now unless its deadline is given."""
        deadline = deadline or self.deadline()
        return self._fallback(self.parts, deadline)

    def fallback_without_model(self, deadline: Deadline | None = None) -> FallbackChain:
        """Returns the same steps without the model's proposals, for rankings that are repeated."""
        parts, deadline = replace(self.parts, proposer=None), deadline or self.deadline()
        return self._fallback(parts, deadline)

    def _fallback(self, parts: Components, deadline: Deadline) -> FallbackChain:
        return FallbackChain(
            parts,
            self.options,
            speed=self._speed,
            deadline=deadline,
            is_for_another=self._is_for_another,
            rankings=self._rankings,
        )

    def language(self, scene: Scene) -> Language:
        """Returns the language of a scene's reasons."""
        return scene.language or self.options.lang

    def diversity(self, profile: Profile) -> float:
        """Returns the diversity of a person's slates, 0 to 1."""
        least = COLD_DIVERSITY if profile.cold == "fully" else 0.0
        return max(self.options.diversity, least)

    def transferred(self, profile: Profile, scene: Scene) -> Profile:
        """Returns the profile in which other scenes' taste has its learned weight in this one."""
        transfer = self.parts.head.transfer if self.parts.head else None
        return with_transfer(profile, target=scene.name, transfer=transfer)

    async def compute(self, work: Callable[[], T]) -> T:
        """Returns what may take long to compute, made in a thread: other requests go on."""
        return await to_thread.run_sync(work, limiter=self._computing)

    async def scenes(self) -> dict[str, Scene]:
        """Returns the indexed scenes by name."""
        return indexed_scenes(await self.parts.index.scenes(), self.parts.scenes)

    async def catalogue(self, scene: Scene) -> SceneCatalogue:
        """Returns a scene's items as rules read them."""
        items = await self.parts.index.items(scene.name)
        return self._catalogues(scene.name, items, scene.rules)

    async def text(self, scene: Scene) -> SceneText:
        """Returns the words of a scene's items, in which a wish is looked up."""
        return self._texts(scene.name, await self.parts.index.items(scene.name), None)

    async def reasons_request(
        self, items: Sequence[Item], query: Query, *, k: int
    ) -> ReasonsRequest:
        """Returns what a ranking model is to write reasons from."""
        gathered = await self.evidence(items, query, choice=in_order)
        return ReasonsRequest(
            k=k,
            evidence={item.id: pieces for item, pieces in zip(items, gathered, strict=True)},
            person=gather_person_evidence(query, scale=self.parts.scale),
        )

    async def evidence(
        self, items: Sequence[Item], query: Query, *, choice: Choice = together
    ) -> list[tuple[Evidence, ...]]:
        """Returns what supports each item of a list, in the order of the items."""
        interactions = await self.parts.behaviour()
        readable_items = [without_rule_attributes(item, query.scene) for item in items]
        catalogue = await self.parts.index.items(query.scene.name)
        text = SceneText({item.id: item for item in readable_items})
        return gather_evidence(
            readable_items,
            query,
            behaviour=interactions,
            scale=self.parts.scale,
            traits=self._traits(query.scene.name, catalogue, self.parts.silent),
            wished=text.matches(query.context.wish).words,
            labels=self.parts.labels,
            lang=self.language(query.scene),
            choice=choice,
        )


def _closed(prior: Head, *, by: Head | None) -> Head:
    """Returns the prior with the gates that a fit closed: what was tried does not help."""
    if by is None:
        return prior
    return replace(
        prior, gates={name: gate for name, gate in by.gates.items() if name in by.closed}
    )
