"""Looking at the catalogue itself: what words find in it, and how two of its items differ."""

from __future__ import annotations

from collections.abc import Sequence

from recagent.chat.remarks import texts
from recagent.chat.situation import Situation
from recagent.chat.wording import listed, say
from recagent.domain import Constraint, Item, Language
from recagent.retrieval.sources.bm25 import tokens
from recagent.scenes.constraints import satisfies

COORDINATES = ("latitude", "longitude")


def found_by(
    words: str, *, situation: Situation, constraints: Sequence[Constraint]
) -> tuple[list[Item], int]:
    """The items that say all of the words, and how many more do but break a constraint.

    Those with the words in the title come first, and those of the present scene before others.
    """
    wanted = set(tokens(words))
    found: dict[str, Item] = {}
    for items in (situation.here, *situation.items.values()) if wanted else ():
        for key, item in items.items():
            if key not in found and wanted <= set(tokens(item.document())):
                found[key] = item
    kept = [item for item in found.values() if all(satisfies(item, each) for each in constraints)]
    kept.sort(key=lambda item: not wanted <= set(tokens(item.title)))
    return kept, len(found) - len(kept)


def differences(first: Item, second: Item, *, lang: Language) -> list[str]:
    """Sentences on what the attributes of two items have in common, and where they differ."""
    parts: list[str] = []
    names = dict.fromkeys((*first.attributes, *second.attributes))
    for attribute in (name for name in names if name not in COORDINATES):
        one, other = first.attributes.get(attribute, ()), second.attributes.get(attribute, ())
        if isinstance(one, tuple) or isinstance(other, tuple):
            parts += _of_lists(first, second, texts(one), texts(other), lang=lang)
            continue
        name = attribute.replace("_", " ")
        if one == other:
            parts.append(say("both", lang, what=f"{name} {one}"))
        else:
            facts = {"attribute": name, "first": first.title, "second": second.title}
            parts.append(say("differs", lang, a=str(one), b=str(other), **facts))
    return parts


def _of_lists(
    first: Item, second: Item, one: Sequence[str], other: Sequence[str], *, lang: Language
) -> list[str]:
    shared = [value for value in one if value in other]
    parts = [say("both", lang, what=listed(shared, lang=lang))] if shared else []
    for item, own, theirs in ((first, one, other), (second, other, one)):
        alone = [value for value in own if value not in theirs]
        if alone:
            parts.append(say("only", lang, title=item.title, what=listed(alone, lang=lang)))
    return parts
