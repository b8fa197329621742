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


async def label_ids(calls: Calls, labels: Sequence[str]) -> list[list[int]] | None:
    """Token ids of each label's variants ("A", " A"); None where ids cannot stand for them all."""
    ids = [
        sorted(
            {
                found[0]
                for text in (label, f" {label}")
                if len(found := await calls.tokens(text)) == 1
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
    told = reply.by_id()
    missing = [token for variants in ids for token in variants if token not in told]
    if missing:
        raise ReplyError(
            "model {model!r} gave no probabilities for the requested tokens {tokens}",
            model=calls.name,
            tokens=missing,
            reply=str(reply),
        )
    values = tuple(
        float(np.logaddexp.reduce([told[token] for token in variants])) for variants in ids
    )
    return Logprobs(values=values, usage=reply.usage.value())


async def listed(
    calls: Calls, messages: Sequence[Message], *, labels: Sequence[str], alternatives: int
) -> Logprobs:
    """Log probability of each label that is among the first token's alternatives.

    Raises:
        ModelError: the engine gives no log probabilities.
    """
    asking = {"logprobs": True, "top_logprobs": alternatives}
    reply, asked = await calls.chat(messages, max_tokens=1, asking=asking), 1
    if reply.first() is None:
        # It wanted to say a token that ends within a character, and withholds that. A label that
        # is forced by a bias leaves the probabilities as they were.
        token, asked = (await calls.tokens(labels[0]))[0], 2
        forced = {**asking, "logit_bias": {str(token): FORCE}}
        reply = await calls.chat(messages, max_tokens=1, asking=forced)
    first = reply.first()
    if first is None:
        raise ModelError("model {model!r} gave no log probabilities", model=calls.name)
    found: dict[str, float] = {}
    for token in first.top_logprobs:  # variants of one label (" A", "A") add up
        label = token.token.strip()
        found[label] = float(np.logaddexp(found.get(label, -math.inf), token.logprob))
    values = tuple(found.get(label) for label in labels)
    return Logprobs(values=values, usage=reply.usage.value(), calls=asked)
