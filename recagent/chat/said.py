"""What an agent says in a turn, piece by piece; how it is shown is decided elsewhere."""

from __future__ import annotations

from dataclasses import dataclass

from recagent.domain import Answer, Constraint, Explanation, Slate


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """A sentence or a few. Items are named in it only as the catalogue names them.

    Attributes:
        explanations: those whose claims the words say.
        answers: likewise, of questions about the ranking.
        is_first: whether it comes before all other words of the reply.
    """

    text: str
    explanations: tuple[Explanation, ...] = ()
    answers: tuple[Answer, ...] = ()
    is_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A slate, with the plain reasons of each of its entries in their order."""

    slate: Slate
    explanations: tuple[Explanation, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """What is in force now, and what the last words asked that cannot be done.

    Attributes:
        constraints: what every slate keeps to.
        preferences: what items had better keep to.
        wish: words that steer the order and filter nothing.
        not_understood: the person's words, one for each thing that cannot be expressed here.
    """

    constraints: tuple[Constraint, ...] = ()
    preferences: tuple[Constraint, ...] = ()
    wish: str = ""
    not_understood: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One question, and answers that it can be answered with; any other text is an answer too."""

    text: str
    options: tuple[str, ...]


ReplyPart = Words | Shown | Noted | Question
