"""Log probabilities of given texts: by their tokens' ids, or by forcing one token after the other.

Which of the two an engine can do is probed; both read the same numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from recagent.domain import Usage
from recagent.errors import ModelError, ReplyError
from recagent.llm.requests import Calls
from recagent.ports import Logprobs

FORCE = 100  # the largest bias that OpenAI's protocol allows
MOST_IDS = 128  # tokens that vLLM takes by id in one request

Path = tuple[int, ...]  # token ids after the prefix


async def level_by_level(calls: Calls, prefix: str, *, texts: Sequence[str]) -> Logprobs:
    """Over a tree of the texts' shared starts, all nodes of a depth in one request, by token id.

    A node's request reads its one or two new tokens, the rest is in the engine's prefix cache.
    vLLM could tell all of it in one request (``prompt_logprobs``), but reads the prefix anew for
    every text then, and dies of it on a CPU where it serves adapters.

    Raises:
        ModelError: the engine does not tell of tokens by id.
    """
    start, tokens = await calls.tokens(prefix), [await calls.tokens(text) for text in texts]
    wanted = _tree(tokens)
    known: dict[Path, float] = {}
    calls_made = 0
    for depth in range(max(map(len, tokens))):
        level = {path: after for path, after in wanted.items() if len(path) == depth}
        for nodes in _requests(level):
            ids = sorted(set[int]().union(*nodes.values()))
            asking = {
                "logprobs": 1,
                "logprob_token_ids": ids,
                "return_tokens_as_token_ids": True,
            }
            reply = await calls.complete([[*start, *path] for path in nodes], asking=asking)
            calls_made += 1
            logprobs = {choice.index: choice.by_id() for choice in reply.choices}
            for index, (path, after) in enumerate(nodes.items()):
                missing = after - logprobs.get(index, {}).keys()
                if missing:
                    raise ReplyError(
                        "model {model!r} gave no probabilities for the requested tokens {tokens}",
                        model=calls.name,
                        tokens=sorted(missing),
                        reply=str(reply),
                    )
                known |= {(*path, token): logprobs[index][token] for token in after}
    return _summed(start, tokens, known, calls=calls_made)


def _tree(tokens: Sequence[Path]) -> dict[Path, set[int]]:
    """The tokens that come next in any text, by all that comes before them."""
    wanted: dict[Path, set[int]] = {}
    for text in tokens:
        for depth, token in enumerate(text):
            wanted.setdefault(text[:depth], set()).add(token)
    return wanted


def _requests(level: Mapping[Path, set[int]]) -> list[dict[Path, set[int]]]:
    """The paths with their next tokens, as many in a request as a server takes ids at once.

    A path that alone has more goes into several requests.
    """
    requests: list[dict[Path, set[int]]] = [{}]
    ids: set[int] = set()
    for path, after in level.items():
        ordered = sorted(after)
        for start in range(0, len(ordered), MOST_IDS):
            some = set(ordered[start : start + MOST_IDS])
            if len(ids | some) > MOST_IDS:
                requests.append({})
                ids = set()
            requests[-1][path] = some
            ids |= some
    return requests


def _summed(
    start: Path,
    tokens: Sequence[Path],
    known: Mapping[Path, float],
    *,
    calls: int,
    bounded: int = 0,
) -> Logprobs:
    values = tuple(sum(known[text[: depth + 1]] for depth in range(len(text))) for text in tokens)
    usage = Usage(prompt=len(start) + len(known))
    return Logprobs(values=values, usage=usage, calls=calls, bounded=bounded)


async def step_by_step(
    calls: Calls, prefix: str, *, texts: Sequence[str], alternatives: int
) -> Logprobs:
    """Over a tree of the texts' shared starts.

    Each step forces one known token by a bias and reads its log probability, which engines
    report as it was before the bias. The engine's prefix cache makes a step cost one token.

    Raises:
        ModelError: the engine gives no log probabilities.
    """
    start = await calls.tokens(prefix)
    tokens = [await calls.tokens(text) for text in texts]
    wanted = _tree(tokens)
    known: dict[Path, float] = {}
    calls_made = bounded = 0
    walk = _Walk(calls, alternatives)
    for path in sorted(wanted):
        left = wanted[path]
        while left:
            token = left.pop()
            steps, exact = await walk.step([*start, *path], token, several=bool(left))
            calls_made += 1 if exact else 2
            bounded += not exact
            known |= {(*path, each): steps[each] for each in {token} | left & steps.keys()}
            left -= steps.keys()
    return _summed(start, tokens, known, calls=calls_made, bounded=bounded)


@dataclass(frozen=True, slots=True)
class _Walk:
    calls: Calls
    alternatives: int

    async def step(
        self, prompt: Sequence[int], token: int, *, several: bool
    ) -> tuple[dict[int, float], bool]:
        """Log probabilities after ``prompt`` by token id, ``token``'s among them; whether exact.

        An engine withholds a token that ends within a character (Chinese, emoji). Then a plain
        token is forced instead, and a token that is not among the alternatives gets the smallest
        probability listed: an upper bound.
        """
        listed = self.alternatives if several else 1
        steps = await self._forced(prompt, token, listed=listed)
        if token in steps:
            return steps, True
        plain = (await self.calls.tokens("a"))[0]
        steps = await self._forced(prompt, plain, listed=self.alternatives)
        if not steps:
            raise ModelError("model {model!r} gave no log probabilities", model=self.calls.name)
        return {token: min(steps.values()), **steps}, token in steps

    async def _forced(self, prompt: Sequence[int], token: int, *, listed: int) -> dict[int, float]:
        """What the engine tells when it must say ``token`` next: log probabilities by token id."""
        asking = {"logprobs": listed, "logit_bias": {str(token): FORCE}}
        logprobs = (await self.calls.complete(prompt, asking=asking)).choices[0].logprobs
        first = logprobs.first() if logprobs else None
        if first is None:
            # OpenAI's older shape, without ids.
            plain = logprobs.token_logprobs if logprobs else None
            return {token: plain[0]} if plain and plain[0] is not None else {}
        alternatives = [*first.top_logprobs, first]
        return {
            each.id: each.logprob
            for each in alternatives
            if each.id is not None and each.logprob is not None
        }
