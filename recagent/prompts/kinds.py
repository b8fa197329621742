"""The kinds of prompts: what an output is for, and which inputs its prompts may ask for.

What the inputs hold is decided where they are filled: ``ranking.prompt_inputs``, ``explanations``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from recagent.domain import Mode

Purpose = Literal["rerank", "explain", "preference", "imagine", "propose", "chat", "describe"]
Output = Literal[
    "label", "likelihood", "order", "best", "best_with_reasons", "grade", "pair", "set",
    "sentences", "preference", "descriptions", "proposals", "act", "critique", "turn",
    "descriptions_of_items",
]  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptKind:
    """What goes with an output: purpose, scoring mode, and inputs that it may and must ask for.

    ``continued``: whether its prompts are plain text, of which continuations are scored.
    """

    purpose: Purpose
    mode: Mode | None = None
    may: frozenset[str]
    must: frozenset[str] = frozenset()
    continued: bool = False


_PERSON = frozenset(
    {"scene", "interests", "wish", "liked", "latest", "liked_here", "liked_elsewhere"}
)
_TOLD = _PERSON | {"preference", "similar"}
_IN_FULL = frozenset(
    {"today", "about", "declared", "history", "conditions", "preferences", "dialogue", "best"}
)
_CITED = frozenset({"reasons", "evidence", "person"})
_LISTED = _TOLD | {"candidates"}
_TURN = frozenset({"turn"})
_MUST_LIST = frozenset({"candidates"})

KINDS: Mapping[Output, PromptKind] = {
    "likelihood": PromptKind(purpose="rerank", mode="likelihood", may=_TOLD, continued=True),
    "label": PromptKind(purpose="rerank", mode="label", may=_LISTED | {"example"}, must=_MUST_LIST),
    "order": PromptKind(purpose="rerank", mode="listwise", may=_LISTED, must=_MUST_LIST),
    "best": PromptKind(
        purpose="rerank", mode="listwise", may=_LISTED | _IN_FULL, must=_MUST_LIST | {"best"}
    ),
    "best_with_reasons": PromptKind(
        purpose="rerank",
        mode="listwise",
        may=_LISTED | _IN_FULL | _CITED,
        must=_MUST_LIST | {"best"} | _CITED,
    ),
    "grade": PromptKind(
        purpose="rerank", mode="pointwise", may=_TOLD | {"item"}, must=frozenset({"item"})
    ),
    "pair": PromptKind(purpose="rerank", mode="pairwise", may=_LISTED, must=_MUST_LIST),
    "set": PromptKind(purpose="rerank", mode="setwise", may=_LISTED | {"example"}, must=_MUST_LIST),
    "sentences": PromptKind(purpose="explain", may=frozenset({"clauses"})),
    "preference": PromptKind(purpose="preference", may=_PERSON),
    "descriptions": PromptKind(purpose="imagine", may=_PERSON),  # released, and asked no more
    "proposals": PromptKind(
        purpose="propose", may=_PERSON | {"history", "dialogue", "conditions", "preferences"}
    ),
    "act": PromptKind(
        purpose="chat", may=frozenset({"act"}), must=frozenset({"act"}), continued=True
    ),
    "descriptions_of_items": PromptKind(
        purpose="describe",
        may=frozenset({"scene", "attributes", "items"}),
        must=frozenset({"attributes", "items"}),
    ),
    "critique": PromptKind(purpose="chat", may=_TURN | {"scene", "attributes"}, must=_TURN),
    "turn": PromptKind(
        purpose="chat",
        may=_TURN
        | {"scene", "scenes", "attributes", "catalogue", "person", "whom", "dialogue", "shown"}
        | {"named", "earlier", "before", "focus", "in_force", "set_aside", "knowledge"},
        must=_TURN,
    ),
}
