"""What an engine can do, by at most four short requests.

Nothing is concluded from a model's or a server's name; what it means for ranking is said by
``capabilities``. What four requests leave open is taken for possible where a refusal would mend it
(``llm.dialect``), and else for impossible.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from typing import Any, Literal

import orjson

from recagent.domain.capabilities import Capabilities
from recagent.errors import ModelError, ReplyError
from recagent.llm.dialect import RequestDialect
from recagent.llm.reasoning_models import ROOM, SWITCHES, opens_a_thought, thinks, without_thought
from recagent.llm.requests import NOTHING, Calls, OutOfTriesError, chat_messages, under
from recagent.llm.response_shapes import ChatShape, TokensShape
from recagent.llm.text_likelihood import FORCE
from recagent.ports import Message

logger = logging.getLogger(__name__)

TRIES = 4  # requests
MOST_ALTERNATIVES = 1_000  # that a server of one's own is asked for
FEW_ALTERNATIVES = 20  # that hosted services list at most

_ASK = (Message("user", "Say A."),)
_SHORT = 8  # tokens; enough for a tag that opens a thought
_JSON = 40  # tokens; enough for the object below, with spaces
_UNLIKELY = "Q"  # what no model says by itself when asked for an A
_COUNTING = "One, two, three, four"
_LAST_WORD = "four"
_IMPROBABLE = -0.5  # log probability that "One" has less than after "three,", and a bias lifts to 0
_FEWEST_TOKENS = 4

Way = Literal["levels", "forced"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What was found, and how the engine is asked from then on.

    Attributes:
        wished: alternatives that are asked for.
        switched: whether each chat request carries the switch that stops thoughts.
        is_whole: whether nothing is left to be tried.
    """

    capabilities: Capabilities = field(default_factory=Capabilities)
    wished: int = MOST_ALTERNATIVES
    dialect: RequestDialect = field(default_factory=RequestDialect)
    switched: bool = False
    is_whole: bool = True


@dataclass(slots=True)
class ProbeProgress:
    """What is known so far; a start that fails half-way goes on from here."""

    tries_left: int = TRIES
    thinking: Literal["none", "off", "on"] | None = None
    alternatives: int = 0
    schema: bool | None = None
    tokens: TokensShape | None = None
    has_tokens: bool | None = None
    by_id: bool = False
    way: Way | None = None


async def probe(calls: Calls, progress: ProbeProgress) -> Findings:
    """Try what is not known yet; ``calls`` then carries what keeps the model from thinking first.

    Raises:
        ModelError: the engine refuses us altogether, or is busy: the next call goes on from here.
    """
    is_whole = True
    calls.tries_left = progress.tries_left
    try:
        await _try_all(calls, progress)
    except OutOfTriesError:
        logger.info("what %d requests did not show is learned in use", TRIES)
    except ModelError as error:
        if error.retryable:
            calls.tries_left += 1  # nothing was tried
        if error.status != HTTPStatus.TOO_MANY_REQUESTS or progress.thinking is None:
            raise
        is_whole = False  # it answers: what is still open is tried at the next start
    finally:
        progress.tries_left, calls.tries_left = calls.tries_left or 0, None
    capabilities = Capabilities(
        alternatives=0 if "logprobs" in calls.dialect.left_out else progress.alternatives,
        by_id=progress.by_id,
        likelihood=progress.way,
        schema=progress.schema is not False and calls.dialect.format.startswith("schema"),
        cache=calls.tells_cache,
        thinking=progress.thinking or "none",
        refused=refused(calls.dialect),
    )
    return Findings(
        capabilities=capabilities,
        wished=MOST_ALTERNATIVES if progress.has_tokens else FEW_ALTERNATIVES,
        dialect=calls.dialect,
        switched=bool(calls.extras),
        is_whole=is_whole,
    )


def refused(dialect: RequestDialect) -> tuple[str, ...]:
    """What a request lacks since the endpoint refused it."""
    forms = {"object": ("json_schema",), "text": ("response_format",)}
    return (
        *sorted(dialect.left_out),
        *(("max_tokens",) if dialect.limit != "max_tokens" else ()),
        *forms.get(dialect.format, ()),
        *(() if dialect.system else ("system",)),
    )


async def _try_all(calls: Calls, progress: ProbeProgress) -> None:
    if progress.thinking is None:
        await _try_chat(calls, progress)
    if progress.thinking == "on" and not calls.extras:
        await _try_switches(calls, progress)
    if progress.schema is None:
        room = ROOM if progress.thinking == "on" else 0
        progress.schema = await _keeps_schema(calls, room)
    if progress.has_tokens is None and progress.thinking == "none":
        await _try_tokens(calls, progress)
    if progress.tokens is not None and progress.way is None:
        await _try_texts(calls, progress, progress.tokens)


async def _try_chat(calls: Calls, progress: ProbeProgress) -> None:
    asking = {"logprobs": True, "top_logprobs": FEW_ALTERNATIVES}
    reply = await calls.chat(_ASK, max_tokens=_SHORT, asking=asking)
    progress.thinking = "on" if thinks(reply) else "none"
    progress.alternatives = _readable(reply)


def _readable(reply: ChatShape) -> int:
    """How many of a token's alternatives have a text and a finite log probability."""
    first = reply.first()
    listed = first.top_logprobs if first else []
    return sum(
        each.logprob is not None and bool(each.text) and "\ufffd" not in each.text
        for each in listed
    )


async def _try_switches(calls: Calls, progress: ProbeProgress) -> None:
    """The least effort that the server takes, and whether it stops the model from thinking."""
    calls.extras = SWITCHES
    for effort in ("none", "minimal"):
        if effort != "none" and calls.dialect.effort != "none":
            return  # it said which it takes, or takes none
        calls.dialect = replace(calls.dialect, effort=effort)
        asking = {"logprobs": True, "top_logprobs": FEW_ALTERNATIVES}
        reply = await calls.chat(_ASK, max_tokens=_SHORT, asking=asking)
        if not thinks(reply):
            progress.thinking, progress.alternatives = "off", _readable(reply)
            return
        if calls.tries_left == 1:  # for the form of replies
            return


async def _keeps_schema(calls: Calls, room: int) -> bool:
    schema = {
        "type": "object",
        "properties": {"letter": {"type": "string", "enum": [_UNLIKELY]}},
        "required": ["letter"],
        "additionalProperties": False,
    }
    reply = await calls.chat(_ASK, max_tokens=_JSON + room, asking=under(schema))
    try:
        return orjson.loads(without_thought(reply.text)) == {"letter": _UNLIKELY}
    except orjson.JSONDecodeError:
        return False


async def _try_tokens(calls: Calls, progress: ProbeProgress) -> None:
    """A tokeniser is what servers of one's own have; vLLM shows the chat template's end, too."""
    # llama.cpp reads "content", vLLM "messages".
    body = {
        **chat_messages([Message("user", _COUNTING)]),
        "content": _COUNTING,
        "model": calls.name,
        "add_generation_prompt": True,
        "return_token_strs": True,
        "add_special": False,
    }
    try:
        reply = await calls.post(TokensShape, "/tokenize", body)
    except ModelError as error:
        if _says_nothing(error):
            raise
        progress.has_tokens = False
        return
    progress.has_tokens, progress.tokens = True, reply
    if reply.token_strs and opens_a_thought(reply.token_strs):
        progress.thinking = "on"
        await _try_switches(calls, progress)


async def _try_texts(calls: Calls, progress: ProbeProgress, reply: TokensShape) -> None:
    """How probabilities of given texts are had: by id, as vLLM tells them, or token by token."""
    texts = reply.token_strs or []
    at = next((i for i, text in enumerate(texts) if _LAST_WORD in text), len(reply.tokens) - 1)
    if at + 1 < _FEWEST_TOKENS:
        return
    start, likely = reply.tokens[:at], reply.tokens[at]
    ways = (_by_id, _forced) if texts else (_forced, _by_id)
    for way in ways:
        try:
            worked = await way(calls, start, likely)
        except ModelError as error:
            if _says_nothing(error):
                raise
            logger.info("the engine gives no likelihoods %s: %s", way.__name__, error)
            continue
        if worked:
            progress.by_id = way is _by_id
            progress.way = "levels" if way is _by_id else "forced"
            return


async def _by_id(calls: Calls, start: Sequence[int], likely: int) -> bool:
    unlikely = next((token for token in start if token != likely), likely)
    asking = {
        "logprobs": 1,
        "logprob_token_ids": sorted({likely, unlikely}),
        "return_tokens_as_token_ids": True,
    }
    logprobs = (await calls.complete([start], asking=asking)).choices[0].by_id()
    return _ordered(logprobs, likely, unlikely)


def _ordered(logprobs: Mapping[int, float], likely: int, unlikely: int) -> bool:
    return {likely, unlikely} <= logprobs.keys() and logprobs[unlikely] < logprobs[likely] < 0


async def _forced(calls: Calls, start: Sequence[int], likely: int) -> bool:
    """Whether a token that a bias forces comes with its log probability from before the bias."""
    unlikely = next((token for token in start if token != likely), likely)
    asking: dict[str, Any] = {
        "logprobs": MOST_ALTERNATIVES,
        "logit_bias": {str(unlikely): FORCE},
    }
    logprobs = (await calls.complete(start, asking=asking)).choices[0].logprobs
    first = logprobs.first() if logprobs else None
    logprob = first.logprob if first is not None and first.id == unlikely else None
    return logprob is not None and logprob < _IMPROBABLE


def _says_nothing(error: ModelError) -> bool:
    """A server that is busy or gone; 500 is also how servers fail at what they do not know."""
    unable = isinstance(error, ReplyError) or error.status == HTTPStatus.INTERNAL_SERVER_ERROR
    return error.retryable and not unable


def apply(findings: Findings, calls: Calls) -> None:
    """Ask from now on as the findings say."""
    calls.dialect = findings.dialect
    calls.extras = SWITCHES if findings.switched else NOTHING
