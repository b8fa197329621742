"""A turn as it would be spelled: missing apostrophes, short forms, and a letter that is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache

from rapidfuzz import process
from rapidfuzz.distance import OSA

from recagent.chat import lexicon
from recagent.chat.lexicon import CONCEPTS, FILLERS, SHADES
from recagent.chat.vocabulary import Vocabulary

_WORD = re.compile(
    r"(?<![\w'/@#.&-])(?:w/o?(?=\s)|[^\W\d_][\w]*(?:'[a-z]+)?|\d\w+)(?![\w'])", re.ASCII
)
_SHORT, _LONG = 5, 8  # letters from which one may be wrong, and two


def spelled(text: str, *, vocabulary: Vocabulary, is_said: Callable[[str], bool]) -> str:
    """The text with its known words as they are spelled.

    Args:
        text: of a turn.
        vocabulary: of the scene, whose values are known words.
        is_said: whether the catalogue says a word anywhere; then it is right as it stands.
    """
    meant_words = _known() | vocabulary.words

    def right(match: re.Match[str]) -> str:
        word = match[0].lower()
        if word in lexicon.typed():
            return lexicon.typed()[word]
        if (
            word in meant_words
            or word in _right()
            or word in FILLERS
            or not word.isalpha()
            or (match.start() and match[0][:1].isupper())
        ):
            return match[0]
        meant = _nearest(word, meant_words)
        return match[0] if meant is None or is_said(word) else meant

    return _WORD.sub(right, text.replace("’", "'"))


def _nearest(word: str, known: frozenset[str]) -> str | None:
    """The known word that this is nearly; one that begins otherwise is another."""
    most = 2 if len(word) >= _LONG else 1 if len(word) >= _SHORT else 0
    near = [each for each in known if each[:1] == word[:1] and len(each) >= _SHORT]
    if not most:  # a short word may only lack a letter within it
        longer = [each for each in near if len(each) == len(word) + 1 and each[-1] == word[-1]]
        most, near = 1, longer if len(word) == _SHORT - 1 else []
    found = process.extractOne(word, near, scorer=OSA.distance, score_cutoff=most)
    if found is None or word.rstrip("s") == found[0] or found[0].rstrip("s") == word:
        return None
    return found[0]


@cache
def _known() -> frozenset[str]:
    """Words of the rules themselves, in English and of one word each."""
    phrases = [
        *lexicon.words("spelling", "words"), *lexicon.words("fillers", "talk"),
        *(said for concept in CONCEPTS.values()
          for said in (*concept.said, *concept.more, *concept.less)),
        *(said for shade in SHADES for said in shade.said),
        *(said for name in ("newest", "oldest", "cheapest", "shortest")
          for said in lexicon.words("said", name)),
    ]  # fmt: skip
    return frozenset(word for phrase in phrases for word in phrase.split() if word.isascii())


@cache
def _right() -> frozenset[str]:
    """All other English words of the rules, which are right as they stand."""
    return frozenset(re.findall(r"[a-z]{3,}", lexicon.whole().lower()))
