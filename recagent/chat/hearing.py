"""Which act a turn is, by the language model, where no rule tells.

It chooses from a closed set by score and writes nothing: each act's prompt lists messages of people
who want just that, and the act is heard under whose list the person's words are likeliest.

Source: Min et al., "Noisy channel language model prompting for few-shot text classification", 2022.
Choosing by a label's probability instead hardly beats chance with the embedded model.
"""

from __future__ import annotations

from dataclasses import dataclass

from recagent import prompts
from recagent.chat.acts import Act
from recagent.domain import Language
from recagent.errors import ModelError
from recagent.llm import retry
from recagent.llm.retry import RetryBudget
from recagent.ports import ChatModel
from recagent.prompts import one_line

HEARD: tuple[Act, ...] = ("critique", "explain", "compare", "list", "undo", "help", "chat")
MARGIN = 1.0  # nats by which an act must be ahead of wanting something; closer calls are wishes

_LONGEST = 200  # characters of a turn that are scored


@dataclass(frozen=True, slots=True, kw_only=True)
class Likely:
    """The act that was heard, and the log probabilities of the words, by act."""

    act: Act
    scores: dict[Act, float]


async def likely_act(turn: str, *, model: ChatModel, lang: Language, budget: RetryBudget) -> Likely:
    """The act under which the words are likeliest; ``critique`` where it is close.

    Raises:
        ModelError: no answer within the budget, or an engine that tells no likelihoods.
    """
    prompt = prompts.load("chat", "act", lang=lang)
    text = f" {one_line(turn, _LONGEST)}\n"
    if "likelihood" not in await model.start():
        raise ModelError("model {model!r} does not support likelihoods", model=model.name)
    scores: dict[Act, float] = {}
    for act in HEARD:
        prefix = prompt.text(act=act)

        async def call(prefix: str = prefix) -> float | None:
            return (await model.likelihood(prefix, texts=[text])).values[0]

        value = await retry.call(call, budget=budget)
        if value is None:
            raise ModelError("model {model!r} left out the likelihood of a turn", model=model.name)
        scores[act] = value
    best = max(HEARD, key=lambda act: scores[act])
    is_sure = scores[best] >= scores["critique"] + MARGIN
    return Likely(act=best if is_sure else "critique", scores=scores)
