"""The note above a list on how well it matches a wish; empty where all of it does."""

from __future__ import annotations

from itertools import takewhile

from recagent.domain import Language, Slate
from recagent.locale import Phrases
from recagent.prompts import one_line

_PROPOSALS = "proposals"  # the feature of what a model proposed
_LONGEST = 80  # characters of a wish that the note repeats

# What a list begins with where a wish was made.
_NOTES = Phrases[str]("explanations", "wishes")


def wish_note(slate: Slate, *, lang: Language) -> str:
    """Returns how many entries match the wish, and which of its words match nothing.

    The note is empty without a wish, and where every entry matches all words.
    """
    match, forms = slate.trace.wish, _NOTES[lang]
    if match is None or not slate.entries:
        return ""
    facts = {
        "scene": one_line(slate.scene.label(lang)),
        "wish": one_line(match.wish, _LONGEST),
        "matches": str(match.matches),
        "missing": one_line(("、" if lang == "zh" else ", ").join(match.missing), _LONGEST),
        "order": forms["popular" if slate.trace.cold == "fully" else "taste"],
    }
    named = _leading(slate) if match.proposed else 0
    if named:
        facts["proposed"] = str(named)
        few = "one" if named == 1 else "few"
        key = "all proposed" if named == len(slate.entries) else f"{few} proposed"
        return forms[key].format(**facts)
    if not match.matches:
        return forms["left out" if match.left_out else "none"].format(**facts)
    keys = ["missing"] if match.missing else []
    if match.matches < len(slate.entries):
        few = "one" if match.matches == 1 else "few"
        keys.append(f"other {few}" if match.missing else few)
    return (" " if lang == "en" else "").join(forms[key].format(**facts) for key in keys)


def _leading(slate: Slate) -> int:
    """How many entries of a list come first because a model named them."""
    leading = takewhile(lambda entry: _PROPOSALS in entry.features, slate.entries)
    return sum(1 for _ in leading)
