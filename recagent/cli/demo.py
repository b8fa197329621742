"""``recagent demo``: one real person, their likes, and two slates."""

from __future__ import annotations

from typing import Any

from rich.table import Table
from rich.text import Text

from recagent import demo
from recagent.api import Recommender
from recagent.cli import show
from recagent.cli.progress import prepared_demo
from recagent.errors import DataError
from recagent.prompts import caption
from recagent.settings import Settings
from recagent.types import Language, Profile

_LIKED = 8

WORDS: dict[Language, dict[str, str]] = {
    "en": {
        "about": "Real film ratings (MovieTweetings, MIT licence). The scenes are genre shelves of "
        "one kind of goods.",
        "liked": "{person} rated {n} films in {scenes} scenes; what they liked last",
        "scene": "Scene", "item": "Item", "rating": "Rating",
        "next": "Next: recagent recommend {person} --demo --scene {scene} --wish \"a comedy\"\n"
        "      recagent explain {person} {item} --demo",
    },
    "zh": {
        "about": "真实的电影评分（MovieTweetings，MIT 许可）。各场景是同一类商品按类型划分的货架。",
        "liked": "{person} 在 {scenes} 个场景里评过 {n} 部电影；最近喜欢的",
        "scene": "场景", "item": "商品", "rating": "评分",
        "next": "下一步：recagent recommend {person} --demo --lang zh --scene {scene} --wish Comedy"
        "\n        recagent explain {person} {item} --demo --lang zh",
    },
}  # fmt: skip


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
    settings = prepared_demo(reset=reset, **({} if lang is None else {"lang": lang}))
    person, new_scene = user or demo.PERSON, scene or demo.NEW_SCENE
    if new_scene not in settings.scenes:
        raise DataError(f"unknown scene {new_scene!r}; the demo has {', '.join(settings.scenes)}")
    with Recommender.from_settings(settings) as recommender:
        profile = recommender.profile(person)
        if not profile.events:
            raise DataError(f"{person!r} is not in the demo data; its people are u0000 to u1649")
        if not as_json:
            _introduce(profile, settings)
            warm = demo.WARM_SCENE if user is None else None
            slate = recommender.recommend(person, scene=warm, k=k)
            show.slate_table(slate, recommender.reasons(slate), lang=settings.lang)
        slate = recommender.recommend(person, scene=new_scene, k=k)
        reasons = recommender.reasons(slate)
    if as_json:
        show.print_json(show.slate_json(slate, reasons))
        return
    show.slate_table(slate, reasons, lang=settings.lang)
    facts: dict[str, Any] = {"person": person, "scene": new_scene, "item": slate.entries[0].item.id}
    show.console().print(
        WORDS[settings.lang]["next"].format(**facts), markup=False, highlight=False
    )


def _introduce(profile: Profile, settings: Settings) -> None:
    words, lang = WORDS[settings.lang], settings.lang
    scenes = settings.declared_scenes()
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
        rating = "" if value is None else f"{value:g}/{settings.ratings.high:g}"
        table.add_row(Text(caption(item)), rating, scenes[item.scene].label(lang))
    out = show.console()
    out.print(words["about"], style="dim", markup=False)
    out.print(table)
