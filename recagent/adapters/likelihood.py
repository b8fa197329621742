"""Log probabilities of given texts: all in one request, or by forcing one token after the other.

Which of the two an engine can do is probed; both read the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recagent.adapters.calls import Calls
from recagent.adapters.shapes import TextChoice
from recagent.errors import ModelError, ReplyError
from recagent.protocols import Logprobs
from recagent.types import Usage

FORCE = 100  # the largest bias that OpenAI's protocol allows


async def in_one_request(calls: Calls, prefix: str, *, texts: Sequence[str]) -> Logprobs:
    """Prefix and text as a prompt each, all in one request, which tells of each prompt token.

    Such a request does not read vLLM's prefix cache: it reads the prefix once for each text, in
    one pass. Walking down a tree of the texts instead reads less, and takes a pass for each level.

    Raises:
        ModelError: the engine does not tell prompt tokens' log probabilities.
    """
    start = await calls.tokens(prefix)
    tokens = [await calls.tokens(text) for text in texts]
    prompts = [[*start, *text] for text in tokens]
    reply = await calls.complete(prompts, asking={"prompt_logprobs": 0})
    choices = {choice.index: choice for choice in reply.choices}
    if len(choices) != len(texts):
        raise ReplyError(
            f"model {calls.name!r} left out some of {len(texts)} prompts", reply=str(reply)
        )
    values = tuple(
        _of_prompt(calls.name, choices[at], text, skip=len(start)) for at, text in enumerate(tokens)
    )
    return Logprobs(values=values, usage=reply.usage.value())


def _of_prompt(name: str, choice: TextChoice, text: Sequence[int], *, skip: int) -> float:
    listed = (choice.prompt_logprobs or [])[skip:]
    if len(listed) != len(text):
        raise ModelError(f"model {name!r} gave no log probabilities")
    found = [told.get(token) if told else None for told, token in zip(listed, text, strict=True)]
    if any(each is None for each in found):
        raise ModelError(f"model {name!r} gave no log probabilities")
    return sum(each.logprob for each in found if each is not None)


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
    wanted: dict[tuple[int, ...], set[int]] = {}
    for text in tokens:
        for depth, token in enumerate(text):
            wanted.setdefault(text[:depth], set()).add(token)
    known: dict[tuple[int, ...], float] = {}
    asked = bounded = 0
    walk = _Walk(calls, alternatives)
    for path in sorted(wanted):
        left = wanted[path]
        while left:
            token = left.pop()
            steps, exact = await walk.step([*start, *path], token, several=bool(left))
            asked += 1 if exact else 2
            bounded += not exact
            known |= {(*path, found): steps[found] for found in {token} | left & steps.keys()}
            left -= steps.keys()
    values = tuple(sum(known[text[: depth + 1]] for depth in range(len(text))) for text in tokens)
    usage = Usage(prompt=len(start) + len(known))
    return Logprobs(values=values, usage=usage, calls=asked, bounded=bounded)


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
            raise ModelError(f"model {self.calls.name!r} gave no log probabilities")
        return {token: min(steps.values()), **steps}, token in steps

    async def _forced(self, prompt: Sequence[int], token: int, *, listed: int) -> dict[int, float]:
        """What the engine tells when it must say ``token`` next: log probabilities by token id."""
        asking = {"logprobs": listed, "logit_bias": {str(token): FORCE}}
        said = (await self.calls.complete(prompt, asking=asking)).choices[0].logprobs
        first = said.first() if said else None
        if first is None:
            plain = said.token_logprobs if said else None  # OpenAI's older shape, without ids
            return {token: plain[0]} if plain and plain[0] is not None else {}
        steps = {other.id: other.logprob for other in first.top_logprobs if other.id is not None}
        return steps if first.id is None else {**steps, first.id: first.logprob}
