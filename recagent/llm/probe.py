"""What an engine can do, by trying each thing once on a few words.

Nothing is concluded from a model's or a server's name; what it means for ranking is said by
``capabilities``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import orjson

from recagent.domain.capabilities import Capabilities
from recagent.errors import ModelError
from recagent.llm import first_token, text_likelihood
from recagent.llm.reasoning_models import ASK, ROOM, stop_thinking, without_thought
from recagent.llm.requests import Calls, can, under
from recagent.llm.response_shapes import ChatShape, EmbeddingsShape
from recagent.ports import Logprobs, Message

# Servers cap the alternatives that they list: OpenAI at 20, others at 5, vLLM at what it was
# started with; llama.cpp does not.
WISHED_ALTERNATIVES = 1_000
_CAPS = (20, 5)

_REFUSED = (400, 422)  # how servers say that they do not know, or cap, a parameter
_JSON = 40  # tokens; enough for the object below, with spaces
_UNLIKELY = "Q"  # what no model says by itself when asked for an A
_LONG = " ".join(f"{number} sheep," for number in range(150))  # more than a block of any cache
_TEXTS = (" three", " elephants and")  # after "One, two,", the likelier first


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found, and how many alternatives to ask for: servers refuse more than their cap."""

    capabilities: Capabilities
    wished: int = WISHED_ALTERNATIVES


async def probe(calls: Calls) -> Findings:
    """Try everything; from then on ``calls`` carries what keeps the model from thinking first.

    Raises:
        ModelError: the engine does not answer, refuses us altogether, or is busy.
    """
    thinking = await stop_thinking(calls)
    wished, alternatives = await _alternatives(calls)
    by_id = alternatives > 0 and await can("labels by token id", _by_id(calls))
    way: Literal["levels", "forced"] | None = None
    if by_id and await can("likelihoods by token id", _level_by_level(calls)):
        way = "levels"
    elif await can("likelihoods step by step", _step_by_step(calls, wished)):
        way = "forced"
    capabilities = Capabilities(
        alternatives=alternatives,
        by_id=by_id,
        likelihood=way,
        schema=await can(
            "JSON under a schema", _keeps_schema(calls, ROOM if thinking == "on" else 0)
        ),
        cache=await can("word of its prefix cache", _tells_cache(calls)),
        embeddings=await can("embeddings", _embeds(calls)),
        thinking=thinking,
    )
    return Findings(capabilities=capabilities, wished=wished)


async def _alternatives(calls: Calls) -> tuple[int, int]:
    """How many to ask for, and how many then come; none where all is refused."""
    for wished in (WISHED_ALTERNATIVES, *_CAPS):
        try:
            asking = {"logprobs": True, "top_logprobs": wished}
            first = (await calls.chat(ASK, max_tokens=1, asking=asking)).first()
        except ModelError as error:
            if error.status not in _REFUSED:
                raise
            continue
        return wished, len(first.top_logprobs) if first else 0
    return WISHED_ALTERNATIVES, 0


async def _by_id(calls: Calls) -> bool:
    ids = await first_token.label_ids(calls, ["A", "elephant"])
    if ids is None:
        return False
    values = (await first_token.by_id(calls, ASK, ids=ids)).values
    return all(value is not None and value < 0 for value in values)


async def _level_by_level(calls: Calls) -> bool:
    return _ordered(await text_likelihood.level_by_level(calls, "One, two,", texts=_TEXTS))


async def _step_by_step(calls: Calls, wished: int) -> bool:
    found = await text_likelihood.step_by_step(
        calls, "One, two,", texts=_TEXTS, alternatives=wished
    )
    return _ordered(found)


def _ordered(found: Logprobs) -> bool:
    """Zeros would be the probabilities after a bias: every forced token is then certain."""
    likely, unlikely = found.values
    return likely is not None and unlikely is not None and unlikely < likely < 0


async def _keeps_schema(calls: Calls, room: int) -> bool:
    schema = {
        "type": "object",
        "properties": {"letter": {"type": "string", "enum": [_UNLIKELY]}},
        "required": ["letter"],
        "additionalProperties": False,
    }
    reply = await calls.chat(ASK, max_tokens=_JSON + room, asking=under(schema))
    try:
        return orjson.loads(without_thought(reply.text)) == {"letter": _UNLIKELY}
    except orjson.JSONDecodeError:
        return False


async def _tells_cache(calls: Calls) -> bool:
    """Some servers tell of it always, vLLM only where there was something in it."""
    if (await calls.chat(ASK, max_tokens=1)).cached() is not None:
        return True
    replies: list[ChatShape] = [
        await calls.chat([Message("user", _LONG)], max_tokens=1) for _ in range(2)
    ]
    return replies[1].cached() is not None


async def _embeds(calls: Calls) -> bool:
    body = {"model": calls.name, "input": ["sheep"]}
    return bool((await calls.post(EmbeddingsShape, "/v1/embeddings", body)).data)
