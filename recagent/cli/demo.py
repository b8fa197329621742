"""``recagent demo``: one real person, their likes and two lists."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from recagent import bootstrap
from recagent import demo as data
from recagent.api import Recommender
from recagent.cli import output
from recagent.cli.opening import load_settings
from recagent.cli.options import Json, Lang, SlateLength
from recagent.config.service_sections import UNMEASURED_WEIGHT
from recagent.config.settings import Settings
from recagent.domain import Context, Profile, RatingScale, Slate
from recagent.errors import DataError
from recagent.llm.batch_files import BatchModel, read_replies
from recagent.locale import Phrases
from recagent.pipeline import Pipeline
from recagent.prompts import caption

_LIKED = 8

WORDS = Phrases[str]("cli", "demo")


def demo(
    user: Annotated[str | None, typer.Option(help="Another person of the demo data.")] = None,
    scene: Annotated[str | None, typer.Option(help="Another scene to be new in.")] = None,
    k: SlateLength = 5,
    lang: Lang = None,
    cross: Annotated[
        bool, typer.Option("--cross", help="A new scene without and with taste carried over.")
    ] = False,
    reset: Annotated[
        bool, typer.Option("--reset", help="Forget events added to the demo.")
    ] = False,
    json: Json = False,
) -> None:
    """Show a real person's list in a known scene and in a new one.

    Above the lists stand the likes that they are made of.
    """
    settings = load_settings(None, True, lang, reset=reset)
    person = user or data.PERSON
    new_scene = scene or (data.CROSS_SCENE if cross else data.NEW_SCENE)
    if new_scene not in settings.scenes:
        raise DataError(
            "unknown scene {scene!r}; scenes of the demo: {known}",
            scene=new_scene,
            known=", ".join(settings.scenes),
        )
    if cross:
        _show_transfer(settings, person, new_scene, k)
        return
    with Recommender.from_settings(settings) as recommender:
        profile = _profile(recommender, person)
        if not json:
            _introduce(profile, settings)
            warm_scene = data.WARM_SCENE if user is None else None
            slate = recommender.recommend(person, scene=warm_scene, k=k, with_reasons=True)
            output.slate_table(slate, recommender.reasons(slate), lang=settings.lang)
        slate = recommender.recommend(person, scene=new_scene, k=k, with_reasons=True)
        reasons = recommender.reasons(slate)
    if json:
        output.print_json(output.slate_json(slate, reasons, lang=settings.lang))
        return
    output.slate_table(slate, reasons, lang=settings.lang)
    if not user and not scene and not any(engine.is_remote for engine in settings.engines):
        _show_recorded(settings, profile, k)
    line = WORDS[settings.lang]["next"].format(
        person=person, scene=new_scene, item=slate.entries[0].item.id
    )
    output.print_line(line)


def _show_recorded(settings: Settings, profile: Profile, k: int) -> None:
    """Prints what a large model makes of the same person, without and with a wish.

    Its replies are recorded. They are for the data and the prompts of the package: where events
    were added, or a head was fitted, there are none.
    """
    words, person = WORDS[settings.lang], profile.user.id
    batch = BatchModel(words["large model"], read_replies([data.RECORDED]))
    parts = bootstrap.with_batch(bootstrap.parts(settings), settings, batch)
    options = replace(bootstrap.options(settings), language_weight=UNMEASURED_WEIGHT, reasons=True)
    with Recommender(Pipeline(parts, options)) as recommender:
        for key, wish in (("recorded", ""), ("recorded wish", words["wish"])):
            context = Context(wish=wish, at=profile.events[0].at)
            slate = recommender.recommend(
                person, scene=data.NEW_SCENE, k=k, context=context, with_reasons=True
            )
            if batch.requests:
                output.print_line(words["not recorded"], style="dim")
                return
            output.print_line("")
            output.print_line(words[key].format(person=person, wish=wish), style="bold")
            output.slate_table(slate, recommender.reasons(slate), lang=settings.lang)
    output.print_line(words["connect"])


def _show_transfer(settings: Settings, person: str, name: str, k: int) -> None:
    """Shows one person in a scene where they are new, without transfer and with it.

    Raises:
        DataError: the person is unknown, or not new there.
    """
    alone = settings.scenes[name].model_copy(update={"learns_from": ()})
    apart = settings.model_copy(update={"scenes": {**settings.scenes, name: alone}})
    words, slates = WORDS[settings.lang], list[Slate]()
    for title, variant in (("without", apart), ("with", settings)):
        with Recommender.from_settings(variant) as recommender:
            profile = _profile(recommender, person)
            if not profile.is_cold(name):
                raise DataError(
                    "{user_id!r} is not new in scene {scene!r}; choose another scene",
                    user_id=person,
                    scene=name,
                )
            if not slates:
                _introduce(profile, settings)
            slate = recommender.recommend(person, scene=name, k=k)
            label = slate.scene.label(settings.lang)
            output.print_line(words[title].format(person=person, scene=label), style="bold")
            output.slate_table(slate, recommender.reasons(slate), lang=settings.lang)
            slates.append(slate)
    before, after = ({entry.item.id for entry in slate.entries} for slate in slates)
    scenes = settings.declared_scenes()
    sources = {
        piece.facts["scene"]
        for entry in slates[1].entries
        for piece in entry.evidence
        if piece.kind in ("attribute", "people") and "scene" in piece.facts
    }
    labels = ", ".join(sorted(scenes[source].label(settings.lang) for source in sources))
    line = words["carried"].format(new=len(after - before), k=len(after), scenes=labels)
    output.print_line(line)


def _profile(recommender: Recommender, person: str) -> Profile:
    profile = recommender.profile(person)
    if not profile.events:
        raise DataError(
            "{user_id!r} is not in the demo data; its people are u0000 to u1649", user_id=person
        )
    return profile


def _introduce(profile: Profile, settings: Settings) -> None:
    words, lang = WORDS[settings.lang], settings.lang
    scenes, scale = settings.declared_scenes(), settings.ratings.scale() or RatingScale()
    title = words["liked"].format(
        person=profile.user.id,
        n=len({event.item_id for event in profile.events}),
        scenes=len({event.scene for event in profile.events}),
    )
    table = Table(title=title, title_justify="left", title_style="bold")
    table.add_column(words["item"], overflow="fold")
    table.add_column(words["rating"], justify="right")
    table.add_column(words["scene"])
    values = {event.item_id: event.value for event in reversed(profile.events)}
    for item_id in list(profile.liked)[:_LIKED]:
        item = profile.items[item_id]
        value = values[item_id]
        rating = "" if value is None else f"{value:g}/{scale.high:g}"
        table.add_row(Text(caption(item)), rating, scenes[item.scene].label(lang))
    output.print_line(words["about"], style="dim")
    output.console().print(table)
