"""What a person likes in a few words of the model's own, as an input of other prompts.

One call per person and history; it scores nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from pydantic import BaseModel

from recagent.domain import Usage
from recagent.errors import ReplyError
from recagent.llm import retry
from recagent.llm.retry import RetryBudget
from recagent.llm.structured_replies import whole_or_cut
from recagent.ports import ChatModel, Reply, Schema
from recagent.prompts import Prompt, one_line

LENGTH = 120  # characters that are kept
_KEPT = 10_000  # texts

SCHEMA: Schema = {
    "type": "object",
    "properties": {"preference": {"type": "string"}},
    "required": ["preference"],
    "additionalProperties": False,
}


class PreferenceReply(BaseModel):
    """What the model is asked to write."""

    preference: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """The text, and what asking for it took; ``is_kept``: nothing, since it was in memory."""

    text: str
    usage: Usage = field(default_factory=Usage)
    calls: int = 0
    repairs: int = 0
    is_kept: bool = False


class Preferences:
    """Preference texts, each asked for once per model and rendered prompt."""

    def __init__(self) -> None:
        self._texts: dict[str, str] = {}

    async def __call__(
        self, model: ChatModel, prompt: Prompt, *, inputs: Mapping[str, object], budget: RetryBudget
    ) -> Preference:
        """The text for these inputs; empty, without a call, if they tell nothing of the person.

        A reply that ends within its text, as the token limit makes it, is kept as far as it goes;
        that and an empty text are counted as repairs.

        Raises:
            ModelError: no usable answer within the budget.
        """
        if not any(value for name, value in inputs.items() if name != "scene"):
            return Preference(text="")
        messages = prompt.chat(**inputs)
        key = f"{model.name} {prompt.id} {messages!r}"
        if key in self._texts:
            return Preference(text=self._texts[key], is_kept=True)
        usage = Usage()

        async def call() -> tuple[str, int, int]:
            nonlocal usage
            reply = await model.chat(messages, max_tokens=prompt.front.max_tokens, schema=SCHEMA)
            usage += reply.usage
            return *_text(model, reply), reply.calls

        text, repairs, calls = await retry.call(call, budget=budget)
        if len(self._texts) >= _KEPT:
            self._texts.clear()
        self._texts[key] = text
        return Preference(text=text, usage=usage, calls=calls, repairs=repairs)

    def forget(self) -> None:
        """Let go of all texts: whose they are is not known."""
        self._texts.clear()


def _text(model: ChatModel, reply: Reply) -> tuple[str, int]:
    """The reply's text, and 1 if it had to be repaired."""
    try:
        whole, repairs = whole_or_cut(reply.text, PreferenceReply)
    except ValueError as error:
        raise ReplyError(
            "model {model!r} wrote no preference: {text!r}",
            model=model.name,
            text=reply.text[:80],
            reply=reply.text,
        ) from error
    text = one_line(whole.preference, LENGTH)
    return text, repairs if text else 1
