"""``recagent demo``: one real person, their likes, and two slates."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from rich.text import Text

from recagent import demo
from recagent.api import Recommender
from recagent.cli import output
from recagent.cli.progress import prepared_demo
from recagent.config.settings import Settings
from recagent.domain import Language, Profile, RatingScale, Slate
from recagent.errors import DataError
from recagent.locale import Phrases
from recagent.prompts import caption

_LIKED = 8

WORDS = Phrases[str]("cli", "demo")


def run(
    *,
    user: str | None,
    scene: str | None,
    k: int,
    lang: Language | None,
    reset: bool,
    as_json: bool,
) -> None:
    """Show the demo; with ``as_json`` only the slate of the scene where the person is new."""
    settings = prepared_demo(reset=reset, alone=False, **({} if lang is None else {"lang": lang}))
    person, new_scene = user or demo.PERSON, scene or demo.NEW_SCENE
    _check_scene(settings, new_scene)
    with Recommender.from_settings(settings) as recommender:
        profile = recommender.profile(person)
        _check_person(profile)
        if not as_json:
            _introduce(profile, settings)
            warm = demo.WARM_SCENE if user is None else None
            slate = recommender.recommend(person, scene=warm, k=k)
            output.slate_table(slate, recommender.reasons(slate), lang=settings.lang)
        slate = recommender.recommend(person, scene=new_scene, k=k)
        reasons = recommender.reasons(slate)
    if as_json:
        output.print_json(output.slate_json(slate, reasons, lang=settings.lang))
        return
    output.slate_table(slate, reasons, lang=settings.lang)
    facts: dict[str, Any] = {"person": person, "scene": new_scene, "item": slate.entries[0].item.id}
    output.console().print(
        WORDS[settings.lang]["next"].format(**facts), markup=False, highlight=False
    )


def run_cross(*, user: str | None, scene: str | None, k: int, lang: Language | None) -> None:
    """Show one person in a scene where they are new, without transfer and with it.

    Raises:
        DataError: an unknown scene or person, or one who is not new there.
    """
    settings = prepared_demo(reset=False, alone=False, **({} if lang is None else {"lang": lang}))
    person, name = user or demo.PERSON, scene or demo.CROSS_SCENE
    _check_scene(settings, name)
    alone = settings.scenes[name].model_copy(update={"learns_from": ()})
    apart = settings.model_copy(update={"scenes": {**settings.scenes, name: alone}})
    words, out, shown = WORDS[settings.lang], output.console(), list[Slate]()
    for title, chosen in (("without", apart), ("with", settings)):
        with Recommender.from_settings(chosen) as recommender:
            profile = recommender.profile(person)
            _check_person(profile)
            if not profile.is_cold(name):
                raise DataError(
                    "{user_id!r} is not new in scene {scene!r}; choose another scene",
                    user_id=person,
                    scene=name,
                )
            if not shown:
                _introduce(profile, settings)
            slate = recommender.recommend(person, scene=name, k=k)
            label = slate.scene.label(settings.lang)
            out.print(words[title].format(person=person, scene=label), style="bold", markup=False)
            output.slate_table(slate, recommender.reasons(slate), lang=settings.lang)
            shown.append(slate)
    before, after = ({entry.item.id for entry in slate.entries} for slate in shown)
    scenes = settings.declared_scenes()
    told = {
        piece.facts["scene"]
        for entry in shown[1].entries
        for piece in entry.evidence
        if piece.kind in ("attribute", "people") and "scene" in piece.facts
    }
    labels = ", ".join(sorted(scenes[each].label(settings.lang) for each in told))
    said = words["carried"].format(new=len(after - before), k=len(after), scenes=labels)
    out.print(said, markup=False, highlight=False)


def _check_scene(settings: Settings, name: str) -> None:
    if name not in settings.scenes:
        raise DataError(
            "unknown scene {scene!r}; the demo has {known}",
            scene=name,
            known=", ".join(settings.scenes),
        )


def _check_person(profile: Profile) -> None:
    if not profile.events:
        raise DataError(
            "{user_id!r} is not in the demo data; its people are u0000 to u1649",
            user_id=profile.user.id,
        )


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
    out = output.console()
    out.print(words["about"], style="dim", markup=False)
    out.print(table)
