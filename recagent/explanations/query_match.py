"""What is said above a list of how it answers a wish; nothing where all of it does."""

from __future__ import annotations

from recagent.domain import Language, Slate
from recagent.locale import Phrases
from recagent.prompts import one_line

_LONGEST = 80  # characters of a wish that are said again

# What a list begins with where a wish was made.
_NOTES = Phrases[str]("explanations", "wishes")


def wish_note(slate: Slate, *, lang: Language) -> str:
    """That nothing matches the wish, or only so many, or that a word of it matches nothing.

    Empty without a wish, and where all that is shown matches all of its words.
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
    said = ["missing"] if match.missing else []
    if match.matches < len(slate.entries):
        few = "one" if match.matches == 1 else "few"
        said.append(f"other {few}" if match.missing else few)
    return (" " if lang == "en" else "").join(forms[key].format(**facts) for key in said)
