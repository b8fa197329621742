"""What a person likes in a few words of the model's own, as an input of other prompts.

One call per person and history; it scores nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

from recagent.domain import Usage
from recagent.errors import ReplyError
from recagent.llm.retry import RetryBudget
from recagent.llm.structured_replies import ReplyForm, ask_structured
from recagent.ports import ChatModel
from recagent.prompts import Prompt, one_line

LENGTH = 120  # characters that are kept
_KEPT = 10_000  # texts


class PreferenceReply(ReplyForm):
    """A preference as the model writes it."""

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
        reply = await ask_structured(
            model,
            messages,
            PreferenceReply,
            max_tokens=prompt.front.max_tokens,
            budget=budget,
            unusable=partial(_unusable, model),
        )
        text = one_line(reply.form.preference, LENGTH)
        if len(self._texts) >= _KEPT:
            self._texts.clear()
        self._texts[key] = text
        repairs = reply.repairs if text else 1
        return Preference(text=text, usage=reply.usage, calls=reply.calls, repairs=repairs)

    def forget(self) -> None:
        """Let go of all texts: whose they are is not known."""
        self._texts.clear()


def _unusable(model: ChatModel, text: str) -> ReplyError:
    return ReplyError(
        "model {model!r} wrote no preference: {text!r}",
        model=model.name,
        text=text[:80],
        reply=text,
    )
