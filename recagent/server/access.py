"""What the caller of a request may do, and for whom: by the scopes and people of its key."""

from __future__ import annotations

from contextvars import ContextVar
from dataclasses import dataclass, field

from recagent.config.service_sections import ORDINARY_SCOPES, KeyScope
from recagent.errors import RecagentError


class AccessError(RecagentError):
    """A key does not allow what was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks.

    Attributes:
        scopes: what the caller may do.
        people: how the ids begin of the people for whom it may be done; empty for all.
    """

    scopes: frozenset[KeyScope] = field(default_factory=lambda: frozenset(ORDINARY_SCOPES))
    people: str = ""

    def check(self, scope: KeyScope, person: str | None = None) -> None:
        """Checks that the caller may do this, for this person if one is named.

        Raises:
            AccessError: it may not.
        """
        if scope not in self.scopes:
            raise AccessError("this key has no scope {scope!r}", scope=scope)
        if person and not person.startswith(self.people):
            raise AccessError("this key is for other people")

    @property
    def is_operator(self) -> bool:
        """Whether raw scores and everybody's traces may be read."""
        return "admin" in self.scopes


# Without keys only this machine asks, as an ordinary caller.
CALLER: ContextVar[Caller] = ContextVar("caller", default=Caller())  # noqa: B039 - it is frozen
