"""The note above a list on how well it matches a wish; empty where all of it does."""

from __future__ import annotations

from recagent.domain import Language, Slate
from recagent.locale import Phrases
from recagent.prompts import one_line

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
    if not match.matches:
        return forms["left out" if match.left_out else "none"].format(**facts)
    keys = ["missing"] if match.missing else []
    if match.matches < len(slate.entries):
        few = "one" if match.matches == 1 else "few"
        keys.append(f"other {few}" if match.missing else few)
    return (" " if lang == "en" else "").join(forms[key].format(**facts) for key in keys)
