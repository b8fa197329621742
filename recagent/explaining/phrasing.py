"""A model joins evidence into friendlier sentences; code decides whether they may be shown.

The model never writes a fact: it refers to clauses by their id in square brackets, and every other
word must be one of a short list that says nothing. A sentence that breaks this is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, ValidationError

from recagent import prompts
from recagent.errors import ModelError, ReplyError
from recagent.explaining.sentences import claims, clause, sentence
from recagent.protocols import ChatModel, Reply, Schema
from recagent.ranking.asking import Budget, ask
from recagent.types import Claim, Evidence, Language, Scene

_REFERENCE = re.compile(r"\[(e\d+)\]")
# A reference that its clause can take the place of without running into its neighbours.
_STANDING: dict[Language, re.Pattern[str]] = {
    "en": re.compile(r"(?<!\S)\[e\d+\](?![^\s,.;:!?])"),
    "zh": re.compile(r"\[e\d+\](?!\s*\[)"),
}
_PUNCTUATION = re.compile(r"[\s,.;:!?'\"()\-，。；：！？、“”‘’（）]+")

# Words that join clauses and claim nothing. No "not", no "you", no quantity, no praise of the item.
_EN = """a also and as because here is since so that this too what why may might be
recommended reason reasons more moreover besides plus for one"""
_ZH = "因为 由于 而且 并且 另外 同时 所以 推荐 理由 还 也 又 此外 是 这"
_GLUE: dict[Language, frozenset[str]] = {
    "en": frozenset(_EN.split()),
    "zh": frozenset(_ZH.split()),
}

SCHEMA: Schema = {
    "type": "object",
    "properties": {
        "sentences": {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 2}
    },
    "required": ["sentences"],
    "additionalProperties": False,
}


class SentencesReply(BaseModel):
    """What the model is asked to write."""

    sentences: list[str]


async def phrased(
    evidence: Sequence[Evidence],
    *,
    scenes: Mapping[str, Scene],
    model: ChatModel,
    lang: Language,
    attempts: int,
) -> tuple[tuple[Claim, ...], int, int]:
    """Checked sentences, how many of them are the model's, and how many of its own were replaced.

    Evidence that no accepted sentence uses is said plainly, so that nothing is lost either. A model
    that does not answer counts as one replaced sentence.
    """
    if not evidence:
        return (), 0, 0
    clauses = {piece.id: clause(piece, scenes=scenes, lang=lang) for piece in evidence}
    prompt = prompts.load("explain", "phrase", lang=lang)
    messages = prompt.chat(clauses=list(clauses.items()))

    async def call() -> list[str]:
        await model.start()
        reply = await model.chat(messages, max_tokens=prompt.front.max_tokens, schema=SCHEMA)
        return _parsed(model, reply)

    try:
        written = await ask(call, budget=Budget(attempts))
    except ModelError:
        return claims(evidence, scenes=scenes, lang=lang), 0, 1
    accepted: list[Claim] = []
    used: set[str] = set()
    for text in written:
        claim = checked(text, clauses, lang=lang)
        if claim is not None and not used & set(claim.evidence):
            accepted.append(claim)
            used |= set(claim.evidence)
    left = [piece for piece in evidence if piece.id not in used]
    plain = claims(left, scenes=scenes, lang=lang)
    return (*accepted, *plain), len(accepted), len(written) - len(accepted)


def checked(text: str, clauses: Mapping[str, str], *, lang: Language) -> Claim | None:
    """The sentence with its references filled in; None if it says anything of its own."""
    ids = _REFERENCE.findall(text)
    if len(_STANDING[lang].findall(text)) < len(ids):
        return None
    glue = _REFERENCE.sub(" ", text)
    if not ids or len(set(ids)) < len(ids) or not set(ids) <= clauses.keys():
        return None
    if not _is_glue(glue, _GLUE[lang], spaced=lang == "en"):
        return None
    filled = _REFERENCE.sub(lambda found: clauses[found[1]], text).strip().rstrip(".。")
    return Claim(text=sentence(filled, lang=lang), evidence=tuple(ids))


def _is_glue(text: str, words: frozenset[str], *, spaced: bool) -> bool:
    parts = [part for part in _PUNCTUATION.split(text.lower()) if part]
    if spaced:
        return all(part in words for part in parts)
    return all(_segments(part, words) for part in parts)


def _segments(text: str, words: frozenset[str]) -> bool:
    """Whether ``text`` can be cut into ``words``: Chinese has no spaces."""
    reachable = {0}
    for end in range(1, len(text) + 1):
        if any(text[start:end] in words for start in reachable):
            reachable.add(end)
    return len(text) in reachable


def _parsed(model: ChatModel, reply: Reply) -> list[str]:
    try:
        return SentencesReply.model_validate_json(reply.text).sentences
    except ValidationError as error:
        raise ReplyError(
            f"model {model.name!r} wrote no sentences: {reply.text[:80]!r}", reply=reply.text
        ) from error
