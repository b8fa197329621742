"""Says why a slate is empty: everything is seen, or a condition or a rule leaves nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from recagent.domain import Constraint, Language
from recagent.domain.comparing import Plain, read
from recagent.explanations.evidence import constraint_facts
from recagent.explanations.templates import constraint_words
from recagent.locale import Phrases
from recagent.prompts import one_line
from recagent.scenes.constraints import FORBIDDING, plain
from recagent.scenes.rules import SceneCatalogue, nearest

_MOST = 3  # values or conditions that are named
_FEW = 8  # values of an attribute that are all named where none is like the wanted
_FORMS = Phrases[str]("explanations", "empty")


def explain_empty_slate(
    catalogue: SceneCatalogue,
    constraints: Sequence[Constraint],
    *,
    seen_items: AbstractSet[str],
    lang: Language,
) -> str:
    """Returns one sentence on why nothing of a scene can be shown.

    Args:
        catalogue: the scene's items.
        constraints: the request's.
        seen_items: ids of what the person has seen and what does not come again.
        lang: language of the sentence.
    """
    forms, items = _FORMS[lang], catalogue.items
    groups: dict[str, list[Constraint]] = {}
    for each in constraints:
        if each.attribute != "id":  # what was shown before
            groups.setdefault(each.words or repr(each), []).append(each)
    if not groups:
        return forms["seen" if items.keys() <= seen_items else "rules"]
    names = {
        key: constraint_words(constraint_facts(group[0]), lang) for key, group in groups.items()
    }
    listed = forms["comma"].join(
        forms["quoted"].format(what=one_line(name)) for name in list(names.values())[:_MOST]
    )
    matching = {
        key: {item_id for item_id, item in items.items()
              if all(catalogue.satisfies(item, each) for each in group)}
        for key, group in groups.items()
    }  # fmt: skip
    for key, group in groups.items():
        if not matching[key]:
            hint = _hint(catalogue, group[0], forms)
            return forms["no match"].format(what=one_line(names[key]), hint=hint)
    matches = set[str].intersection(*matching.values())
    if not matches:
        return forms["none together"].format(what=listed)
    form = "all seen" if matches <= seen_items else "all excluded"
    return forms[form].format(what=listed, n=len(matches))


def ineffective_bans(
    catalogue: SceneCatalogue, constraints: Sequence[Constraint], *, lang: Language
) -> list[str]:
    """Returns a sentence on each ban of a value that no item has."""
    sentences: list[str] = []
    for each in constraints:
        is_value = each.operator == "is not" and each.attribute not in ("", "id", "title", "text")
        if not is_value or catalogue.breaking(each):
            continue
        hint = _hint(catalogue, each, _FORMS[lang])
        words = one_line(constraint_words(constraint_facts(each), lang))
        sentences.append(_FORMS[lang]["unmet"].format(what=words, hint=hint))
    return sentences


def _hint(catalogue: SceneCatalogue, constraint: Constraint, forms: Mapping[str, str]) -> str:
    """Returns what the attribute has instead: its range, or the most similar values."""
    name = constraint.attribute
    values: list[Plain] = [
        value
        for item in catalogue.values(name)
        for value in plain(catalogue.value(item, name) or ())
    ]
    if constraint.operator in ("at least", "at most"):
        numbers = [number for value in values if (number := read(value).number) is not None]
        if not numbers:
            return ""
        low, high = f"{min(numbers):.6g}", f"{max(numbers):.6g}"
        return forms["between"].format(name=one_line(name), low=low, high=high)
    if constraint.operator not in ("is", *FORBIDDING):
        return ""
    texts = sorted({value for value in values if isinstance(value, str)})
    close = [
        each for wanted in plain(constraint.value) if isinstance(wanted, str)
        for each in nearest(wanted, texts)
    ]  # fmt: skip
    form = "nearest" if close else "has"
    if not close and len(texts) <= _FEW:  # "cheap" of low, medium, high
        close = texts
    listed = forms["comma"].join(forms["quoted"].format(what=one_line(each)) for each in close)
    return forms[form].format(name=one_line(name), values=listed) if close else ""
