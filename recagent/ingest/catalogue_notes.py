"""Notes on a catalogue as a whole, as on busy people and ids that are almost alike.

Also in which scripts it is written, and how much of it the default embedder can read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from recagent.config.settings import Settings
from recagent.domain import Item, User
from recagent.ingest.event_counts import Amounts, EventCounts
from recagent.ingest.item_ids import alike_pairs, report_unknown_items
from recagent.ingest.report import Report, shown

# Above this a note is made where the settings say nothing.
SUSPICIOUS_PER_DAY = 1_000

# A scene of whose words the default embedder reads a smaller share is noted.
READABLE = 0.75

_TEXT_FIELDS = ("title", "text", "about", "tags", "device", "place")
_LETTER = re.compile("[A-Za-z]")
_OTHERS_HAN = re.compile("[\u3040-\u30ff\uac00-\ud7af]")  # Japanese and Korean have Han too
# The word pieces of WordLlama are Latin and Cyrillic; of other scripts it has single characters.
_READABLE = re.compile("[A-Za-z\u00c0-\u024f\u0400-\u052f\u1e00-\u1eff]+")
_BY_CHARACTER = re.compile(
    "[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]"
)
_LETTERS = re.compile(r"[^\W\d_]+")
_CHARACTERS_A_WORD = 2  # Chinese, Japanese and Korean words have about two


def note_whole(
    settings: Settings,
    report: Report,
    people: EventCounts,
    *,
    items: Sequence[Item],
    users: Sequence[User],
    amounts: Amounts,
) -> None:
    """Adds the notes on the catalogue as a whole."""
    report.people = len(people)
    _note_busy(settings, report, people)
    if settings.catalog.users:
        missing = len(set(people) - {user.id for user in users})
        if missing:
            report.note("undeclared person", value=missing)
    _note_ids(settings, report, people, items)
    known = {name for each in (*items, *users) for name in each.attributes}
    for name in settings.attributes:
        if name not in known and name not in _TEXT_FIELDS:
            report.note("unused attribute", field=name)
    for scene in report.scenes if settings.scenes else ():
        if scene not in settings.scenes:
            report.note("undeclared scene", value=scene)
    if settings.embedder.kind == "wordllama":
        _note_unreadable(report, items)
    _note_amounts(report, amounts)


def _note_ids(
    settings: Settings, report: Report, people: EventCounts, items: Sequence[Item]
) -> None:
    """Notes ids that are almost alike; reports files with mostly unknown ones."""
    ids = dict.fromkeys(item.id for item in items)
    report_unknown_items(settings, report, ids.keys())
    if alike := alike_pairs(ids):
        report.note("alike ids", value=len(alike), facts=_first_of(alike))
    if alike := alike_pairs(people):
        report.note("alike people", value=len(alike), facts=_first_of(alike))


def _note_amounts(report: Report, amounts: Amounts) -> None:
    """Notes how the amounts of events are read, for each scene and kind."""
    for (scene, kind), usual in amounts.usual().items():
        facts = {"kind": kind, "usual": f"{usual:.3g}", "lowest": f"{amounts.lowest:.3g}",
                 "highest": f"{amounts.highest:.6g}"}  # fmt: skip
        report.note("amounts", value=scene, facts=facts)


def _first_of(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    first, other = sorted(pairs[0])
    return {"first": shown(first), "other": shown(other)}


def _note_busy(settings: Settings, report: Report, people: EventCounts) -> None:
    """Notes people who may be bots, and those without clock times, who cannot be judged."""
    limit = settings.cleaning.max_events_per_day or SUSPICIOUS_PER_DAY
    unclear = people.without_clock(limit)
    if unclear:
        facts = {"limit": f"{limit:g}"}
        report.note("no clock", value=unclear, facts=facts)
    if not settings.cleaning.max_events_per_day:
        busy = people.busier_than(SUSPICIOUS_PER_DAY)
        if busy:
            facts = {"limit": str(SUSPICIOUS_PER_DAY), "first": shown(busy[0])}
            report.note("busy people", value=len(busy), facts=facts)


def _note_unreadable(report: Report, items: Sequence[Item]) -> None:
    """Notes the scenes that the default embedder can hardly read."""
    scenes: dict[str, list[Item]] = {scene: [] for scene in report.scenes}
    for item in items:
        scenes[item.scene].append(item)
    for scene, scene_items in scenes.items():
        # All ASCII is readable, so that a scene is not below the share unless its other items are.
        others = readable_share(item for item in scene_items if not is_ascii(item))
        share = readable_share(scene_items) if others < READABLE else 1.0
        if share < READABLE:
            facts = {"share": f"{share:.0%}"}
            report.note("english vectors", value=scene, facts=facts)


def script(title: str) -> str:
    """Returns ``Chinese`` for Han without kana or hangul, else ``Latin`` or ``other``."""
    if title.isascii():
        return "Latin" if _LETTER.search(title) else "other"
    if _OTHERS_HAN.search(title):
        return "other"
    if any("\u3400" <= char <= "\u9fff" for char in title):
        return "Chinese"
    return "Latin" if any(char.isascii() and char.isalpha() for char in title) else "other"


def is_ascii(item: Item) -> bool:
    """Returns whether all words of an item are of ASCII characters."""
    return (
        item.title.isascii()
        and item.text.isascii()
        and all(str(value).isascii() for value in item.attributes.values())
    )


def readable_share(items: Iterable[Item]) -> float:
    """Returns the share of the words of items that wordllama, the default embedder, can read.

    It reads what is written in Latin or Cyrillic letters, and no Chinese, Japanese, Korean, Arabic,
    Greek or Thai, of which it has single characters at most. 1 where there are no words.
    """
    readable = words = 0.0
    for item in items:
        text = item.document()
        rest, characters = _BY_CHARACTER.subn(" ", text)
        readable_here = len(_READABLE.findall(rest))
        others = 0 if rest.isascii() else len(_LETTERS.findall(_READABLE.sub(" ", rest)))
        readable += readable_here
        words += readable_here + others + characters / _CHARACTERS_A_WORD
    return readable / words if words else 1.0
