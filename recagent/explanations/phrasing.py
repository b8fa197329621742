"""A model joins evidence into friendlier sentences; code decides whether they may be shown.

Either the model refers to clauses by their ids in square brackets, which are filled in, and only
joins them. Or it writes the sentence itself and cites the ids: then the sentence must say no more
than they do (``verification``). Any other sentence is replaced.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import anyio
from pydantic import Field

from recagent import prompts
from recagent.domain import Claim, Evidence, Language, Scene
from recagent.errors import ModelError, ReplyError
from recagent.explanations.templates import claims, clause, sentence
from recagent.explanations.verification import unsupported_parts
from recagent.llm.retry import RetryBudget, RetryWindow
from recagent.llm.structured_replies import ReplyForm, ask_structured
from recagent.locale import LocalizedText
from recagent.ports import ChatModel

_REFERENCE = re.compile(r"\[(e\d+)\]")
_CITATION = re.compile(r"\s*\[e\d+\]")
# A sentence is a lead, references with joints between them, and nothing after. Leads say that what
# follows are reasons for the recommendation; joints only put one beside the other.
_LEADS: dict[Language, frozenset[str]] = {
    "en": frozenset(["", "because", "since", "as", "also", "recommended because"]),
    "zh": frozenset(["", "因为", "由于", "此外", "推荐理由", "理由是"]),
}
_JOINTS: dict[Language, frozenset[str]] = {
    "en": frozenset(["", "and", "and also", "also", "plus", "besides", "moreover"]),
    "zh": frozenset(["", "而且", "并且", "另外", "同时", "此外", "还", "也", "又"]),
}
_EDGES = " ,;:.，；：、。"


class SentencesReply(ReplyForm):
    """Sentences as the model writes them; of more than two, all are checked."""

    sentences: list[str] = Field(json_schema_extra={"minItems": 1, "maxItems": 2})


@dataclass(frozen=True, slots=True, kw_only=True)
class PhrasedExplanation:
    """Sentences, how many of the model's were accepted and replaced, and why it failed, if so."""

    claims: tuple[Claim, ...]
    accepted: int = 0
    replaced: int = 0
    degraded: LocalizedText | None = None


async def phrase_evidence(
    evidence: Sequence[Evidence],
    *,
    scenes: Mapping[str, Scene],
    model: ChatModel,
    lang: Language,
    attempts: int,
    window: RetryWindow,
    seconds: float,
    late: LocalizedText,
) -> PhrasedExplanation:
    """Returns checked sentences, and plain ones for the evidence that these leave out.

    Args:
        evidence: the evidence for one item.
        scenes: scenes by name, for their labels.
        model: writes the sentences; if it fails, they are plain and ``degraded`` says why.
        lang: language of prompt and sentences.
        attempts: how often the model may be asked.
        window: the retry budget that all requests share.
        seconds: time for the model.
        late: the reason that is given where that time was not enough.
    """
    if not evidence:
        return PhrasedExplanation(claims=())
    clauses = {piece.id: clause(piece, scenes=scenes, lang=lang) for piece in evidence}
    prompt = prompts.load("explain", "phrase", lang=lang)
    messages = prompt.chat(clauses=list(clauses.items()))

    try:
        with anyio.fail_after(seconds):
            reply = await ask_structured(
                model,
                messages,
                SentencesReply,
                max_tokens=prompt.front.max_tokens,
                budget=RetryBudget(attempts, window=window),
                unusable=partial(_unusable, model),
            )
    except (ModelError, TimeoutError) as error:
        reason = error.message if isinstance(error, ModelError) else late
        plain = claims(evidence, scenes=scenes, lang=lang)
        return PhrasedExplanation(claims=plain, degraded=reason)
    written = reply.form.sentences
    accepted: list[Claim] = []
    used: set[str] = set()
    for text in written:
        claim = joined_claim(text, clauses, lang=lang) or cited_claim(
            text, evidence, scenes=scenes, lang=lang
        )
        if claim is not None and not used & set(claim.evidence):
            accepted.append(claim)
            used |= set(claim.evidence)
    left = [piece for piece in evidence if piece.id not in used]
    return PhrasedExplanation(
        claims=(*accepted, *claims(left, scenes=scenes, lang=lang)),
        accepted=len(accepted),
        replaced=len(written) - len(accepted),
    )


def joined_claim(text: str, clauses: Mapping[str, str], *, lang: Language) -> Claim | None:
    """Returns the sentence with its references filled in; None if it says anything else."""
    lead, *rest = _REFERENCE.split(text.strip().rstrip(".!。！"))
    ids, between = rest[::2], rest[1::2]
    if not ids or len(set(ids)) < len(ids) or not set(ids) <= clauses.keys():
        return None
    *joints, tail = (part.strip(_EDGES).lower() for part in between)
    if lead.strip(_EDGES).lower() not in _LEADS[lang] or tail or not {*joints} <= _JOINTS[lang]:
        return None
    if any(not part for part in between[:-1]) or not _is_apart(lead, between, lang):
        return None
    filled = "".join(
        part for pair in zip([lead, *between], [*map(clauses.__getitem__, ids), ""], strict=True)
        for part in pair
    )  # fmt: skip
    return Claim(text=sentence(filled.strip(_EDGES), lang=lang), evidence=tuple(ids))


def cited_claim(
    text: str, evidence: Sequence[Evidence], *, scenes: Mapping[str, Scene], lang: Language
) -> Claim | None:
    """The sentence without its references if what these say supports all of it; None if not."""
    pieces = {piece.id: piece for piece in evidence}
    ids = _REFERENCE.findall(text)
    if not ids or len(set(ids)) < len(ids) or not set(ids) <= pieces.keys():
        return None
    plain = " ".join(_CITATION.sub("", text).split()).strip(_EDGES + "!！")
    if unsupported_parts(plain, [pieces[key] for key in ids], scenes=scenes, lang=lang):
        return None
    return Claim(text=sentence(plain, lang=lang), evidence=tuple(ids))


def _is_apart(lead: str, between: Sequence[str], lang: Language) -> bool:
    """Whether no clause would run into a word beside it; Chinese needs no spaces."""
    if lang == "zh":
        return True
    before = [lead, *between[:-1]]
    return all(not part or part[-1].isspace() for part in before) and all(
        part[0] in " ,;:." for part in between[:-1]
    )


def _unusable(model: ChatModel, text: str) -> ReplyError:
    return ReplyError(
        "model {model!r} wrote no sentences: {text!r}", model=model.name, text=text[:80], reply=text
    )
