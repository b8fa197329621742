"""The agent's sentences in English and Chinese; items are named in them as the catalogue does."""

from __future__ import annotations

from collections.abc import Sequence

from recagent.chat.conversation import SCENE
from recagent.chat.lexicon import CONCEPTS
from recagent.domain import Constraint, Language, Value
from recagent.locale import Phrases
from recagent.prompts import one_line

POPULARITY = "popularity"  # how many people like an item: known of each, and no attribute

_FORMS = Phrases[str]("chat", "sentences")


def say(key: str, lang: Language, **facts: str) -> str:
    """A sentence with its facts filled in, each as one short line."""
    return _FORMS[lang][key].format(**{name: one_line(fact, 600) for name, fact in facts.items()})


def sentences(parts: Sequence[str], *, lang: Language) -> str:
    """Sentences one after the other."""
    return _FORMS[lang]["stop"].join(filter(None, parts))


def told(constraint: Constraint, *, lang: Language) -> str:
    """A constraint in words: "genres: not Horror"; one on ids by its own words."""
    forms = _FORMS[lang]
    values = constraint.value if isinstance(constraint.value, tuple) else (constraint.value,)
    shown = [f"{each:.6g}" if isinstance(each, float) else one_line(each) for each in values]
    if constraint.attribute == "id":
        return forms["its id"].format(what=constraint.words or forms["between"].join(shown))
    if constraint.attribute == SCENE:
        return forms["not from"].format(what=constraint.words)
    if constraint.attribute == POPULARITY:
        key = "less known" if constraint.operator == "at most" else "better known"
        return forms[key].format(n=shown[0])
    attribute = one_line(constraint.attribute).replace("_", " ")
    match constraint.operator:
        case "is":
            return forms["is"].format(attribute=attribute, what=forms["or"].join(shown))
        case "is not":
            what = forms["between"].join(forms["not"].format(what=each) for each in shown)
            return forms["is"].format(attribute=attribute, what=what)
        case "at least" | "at most":
            form = forms[constraint.operator]
            return form.format(attribute=attribute, value=shown[0])
        case "mentions":
            return forms["mentions it"].format(what=forms["or"].join(shown))
        case "does not mention":
            return forms["no mention"].format(what=forms["or"].join(shown))


def value_text(value: Value, *, lang: Language) -> str:
    """An attribute's value as one reads it: lists with commas, truth values as yes or no."""
    if isinstance(value, bool):
        return _FORMS[lang]["yes" if value else "no"]
    if isinstance(value, tuple):
        return listed([one_line(each, 200) for each in value], lang=lang)
    return f"{value:g}" if isinstance(value, float) else one_line(value, 400)


def listed(parts: Sequence[str], *, lang: Language) -> str:
    """Parts as a list within a sentence."""
    return _FORMS[lang]["between"].join(parts)


def clauses(parts: Sequence[str], *, lang: Language) -> str:
    """Parts that are lists themselves, as a list within a sentence."""
    return _FORMS[lang]["further"].join(parts)


def concept_name(concept: str, *, lang: Language) -> str:
    """How a concept of the lexicon is called."""
    said = [word for word in CONCEPTS[concept].said if word.isascii() == (lang == "en")]
    return said[0] if said else concept
