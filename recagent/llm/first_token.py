"""Log probabilities of labels as a reply's first token: by their token ids, or out of a list.

Which of the two an engine can do is probed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from recagent.errors import ModelError, ReplyError
from recagent.llm.requests import Calls
from recagent.llm.text_likelihood import FORCE, MOST_IDS
from recagent.ports import Logprobs, Message


class NoLogprobsError(ReplyError):
    """The engine gave no log probabilities that can be used; asking again would give no others."""


async def label_ids(calls: Calls, labels: Sequence[str]) -> list[list[int]] | None:
    """Token ids of each label's variants ("A", " A"); None where ids cannot stand for them all."""
    ids = [
        sorted(
            {
                token_ids[0]
                for text in (label, f" {label}")
                if len(token_ids := await calls.tokens(text)) == 1
            }
        )
        for label in labels
    ]
    fit = all(ids) and sum(map(len, ids)) <= MOST_IDS
    return ids if fit else None


async def by_id(
    calls: Calls, messages: Sequence[Message], *, ids: Sequence[Sequence[int]]
) -> Logprobs:
    """Log probability of each label, its variants added up; none can be missing.

    Raises:
        ReplyError: an id that was asked for is not in the answer.
    """
    asking = {
        "logprobs": True,
        "logprob_token_ids": [token for variants in ids for token in variants],
        "return_tokens_as_token_ids": True,
    }
    reply = await calls.chat(messages, max_tokens=1, asking=asking)
    logprobs = reply.by_id()
    missing = [token for variants in ids for token in variants if token not in logprobs]
    if missing:
        raise ReplyError(
            "model {model!r} gave no probabilities for the requested tokens {tokens}",
            model=calls.name,
            tokens=missing,
            reply=str(reply),
        )
    values = tuple(
        float(np.logaddexp.reduce([logprobs[token] for token in variants])) for variants in ids
    )
    return Logprobs(values=values, usage=reply.usage.value())


async def listed(
    calls: Calls, messages: Sequence[Message], *, labels: Sequence[str], alternatives: int
) -> Logprobs:
    """Log probability of each label that is among the first token's alternatives.

    Raises:
        NoLogprobsError: the engine gives none, or none that is a number.
    """
    asking = {"logprobs": True, "top_logprobs": alternatives}
    reply, calls_made = await calls.chat(messages, max_tokens=1, asking=asking), 1
    usage = reply.usage.value()
    if reply.first() is None and "logprobs" not in calls.dialect.left_out:
        # It wanted to say a token that ends within a character, and withholds that. A label that
        # is forced by a bias leaves the probabilities as they were.
        token = await _token(calls, labels[0])
        if token is not None:
            forced = {**asking, "logit_bias": {str(token): FORCE}}
            reply, calls_made = await calls.chat(messages, max_tokens=1, asking=forced), 2
            usage += reply.usage.value()
    first = reply.first()
    logprobs: dict[str, float] = {}
    for token in first.top_logprobs if first else ():  # variants of one label (" A", "A") add up
        if token.logprob is not None:
            logprobs[token.text] = float(
                np.logaddexp(logprobs.get(token.text, -math.inf), token.logprob)
            )
    if not logprobs:
        raise NoLogprobsError(
            "model {model!r} gave no log probabilities",
            model=calls.name,
            reply=reply.text,
            retryable=False,
        )
    return Logprobs(
        values=tuple(logprobs.get(label) for label in labels), usage=usage, calls=calls_made
    )


async def _token(calls: Calls, label: str) -> int | None:
    """The token of a label; None where the server has no tokeniser."""
    try:
        return (await calls.tokens(label))[0]
    except ModelError:
        return None
