"""A request made ready: whose it is, in which scene, and what must not come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from recagent.domain import Constraint, Context, Profile, Scene, Task
from recagent.domain.attribute_labels import Labels, with_catalogue_names
from recagent.errors import DataError
from recagent.explanations import explain_empty_slate, ineffective_bans
from recagent.locale import AnyText
from recagent.pipeline.fallback import FallbackChain
from recagent.pipeline.feedback import check_time
from recagent.pipeline.quotas import NO_QUOTAS
from recagent.pipeline.services import Services
from recagent.ports import Query
from recagent.profiles.building import MAX_EVENTS, without_likes
from recagent.scenes.identification import IdentifiedScene, scene_by_rule
from recagent.scenes.rules import (
    Progress,
    SceneCatalogue,
    check_rules,
    exhausted,
    readable_constraint,
    rule_exclusions,
    visible_profile,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request made ready.

    Attributes:
        query: it excludes all that must not come.
        seen_items: ids of items that the person has already interacted with, with all editions of
            them, and that do not come again.
        progress: how far the person is in series, and which editions they have seen.
        quotas: shares of the tasks; empty where the best come, of any task.
        notes: what a reader should know: a rule that could not be kept.
        fallback: the steps that may fail, with the deadline of the request and what has failed.
    """

    query: Query
    seen_items: frozenset[str]
    progress: Progress
    quotas: Mapping[Task, int]
    fallback: FallbackChain
    notes: tuple[AnyText, ...] = ()


async def identify_scene(
    services: Services,
    profile: Profile,
    *,
    name: str | None,
    context: Context,
    fallback: FallbackChain,
) -> IdentifiedScene:
    """Returns the scene that is named, or the most likely one of a request that names none.

    Raises:
        DataError: an unknown scene, or a time without zone.
    """
    check_time(context.at)
    scenes, classifier = await services.scenes(), services.parts.identifier
    if not name and classifier is not None:
        wish = await fallback.wish_by_scene(context.wish, scenes)
        probability = classifier(profile.events, context, scenes=scenes, wish=wish)
        if probability:
            best = max(sorted(probability), key=lambda key: probability[key])
            return IdentifiedScene(
                scene=scenes[best], taken_from="identified", probability=probability
            )
    interactions = await services.parts.behaviour()
    return scene_by_rule(
        name,
        profile=profile,
        scenes=scenes,
        activity=interactions.activity,
        is_staying=interactions.is_staying,
    )


async def prepare_request(
    services: Services,
    profile: Profile,
    *,
    scene: Scene,
    context: Context,
    fallback: FallbackChain,
    task: Task | None = None,
) -> Request:
    """Returns the request, without what the scene's rules, the context or the past keep away.

    Raises:
        DataError: a task that the scene does not have, or a time without zone.
        ConstraintError: a constraint that the scene's items cannot be asked for.
        ConfigError: a rule of the scene that no item can be asked for.
    """
    if task and scene.tasks and task not in scene.tasks:
        raise DataError(
            "scene {scene!r} does not recommend {task!r}; it recommends {known}",
            scene=scene.name,
            task=task,
            known=", ".join(scene.tasks),
        )
    check_time(context.at)
    catalogue = await services.catalogue(scene)
    check_rules(catalogue, scene=scene.name)
    labels = services.parts.labels
    seen = await _seen_items(services, profile)

    def prepared() -> Request:
        readable = replace(
            context,
            constraints=_readable(context.constraints, catalogue, scene, labels),
            preferences=_readable(context.preferences, catalogue.for_preferences, scene, labels)
            if context.preferences
            else (),
        )
        exclusions = rule_exclusions(
            catalogue, scene=scene, profile=profile, context=readable, task=task
        )
        progress = Progress(catalogue, scene=scene, seen=seen)
        seen_items = progress.with_editions(
            exhausted(seen, scene=scene, profile=profile, at=context.at)
        )
        return Request(
            query=Query(
                profile=services.transferred(visible_profile(profile, scene), scene),
                scene=scene,
                context=readable,
                exclude=exclusions.excluded | seen_items | progress.waiting,
            ),
            seen_items=seen_items,
            progress=progress,
            quotas=scene.quotas if task is None else NO_QUOTAS,
            fallback=fallback,
            notes=(
                *filter(None, [without_likes(profile.events, services.parts.scale)]),
                *exclusions.notes,
                *progress.notes(exclusions.excluded),
                *ineffective_bans(catalogue, readable.constraints, lang=services.language(scene)),
            ),
        )

    return await services.compute(prepared)


async def why_empty(services: Services, request: Request) -> str:
    """Returns why a request has no candidate, in the scene's language."""
    query = request.query
    catalogue = await services.catalogue(query.scene)
    return await services.compute(
        lambda: explain_empty_slate(
            catalogue,
            query.context.constraints,
            seen_items=request.seen_items,
            lang=services.language(query.scene),
        )
    )


def _readable(
    constraints: Sequence[Constraint], catalogue: SceneCatalogue, scene: Scene, labels: Labels
) -> tuple[Constraint, ...]:
    named = (with_catalogue_names(each, labels) for each in constraints)
    return tuple(readable_constraint(catalogue, each, scene=scene.name) for each in named)


async def _seen_items(services: Services, profile: Profile) -> frozenset[str]:
    """Ids of all that the person has any event on; most profiles have every event."""
    if len(profile.events) < MAX_EVENTS:
        return frozenset(event.item_id for event in profile.events)
    return await services.parts.store.seen(profile.user.id)
