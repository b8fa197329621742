"""What can be said here, in the words of the catalogue."""

from __future__ import annotations

from recagent.chat.situation import Situation
from recagent.chat.wording import say
from recagent.domain import Language
from recagent.prompts import one_line

HELPING = frozenset(["hello", "help", "not understood"])  # sentences that say what can be said
_BOUNDS = {"year": "at least", "price": "at most", "length": "at most", "pages": "at most"}
_TOLD = 0.5  # of the items that tell an attribute are beyond the bound that is an example


def help_of(situation: Situation, lang: Language) -> str:
    """Examples of what can be asked for, with values and bounds of the scene."""
    vocabulary = situation.vocabulary
    counted = max(vocabulary.categories.values(), key=lambda own: own.total(), default=None)
    values = [one_line(value, 40) for value, _ in counted.most_common(2)] if counted else []
    parts = [say("help ask", lang, value=value) for value in values[:1]]
    parts += [say("help ban", lang, value=value) for value in values[1:]]
    for concept, side in _BOUNDS.items():
        attribute = vocabulary.of_concept(concept)
        if attribute is not None:
            bound = f"{vocabulary.quantile(attribute, _TOLD):g}"
            parts.append(say(f"help {side}", lang, attribute=attribute.replace("_", " "), n=bound))
            break
    return say("can say", lang, examples=say("help between", lang).join(parts))
