"""What an engine can do, as it showed when it was tried.

The trying is in ``llm.probe``; nothing here is guessed from a model's or a server's name.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from recagent.domain.slates import Mode

_FEWEST = 2  # alternatives; one alone orders nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What one engine can do.

    Attributes:
        alternatives: log probabilities that it lists for a generated token; 0 for none.
        by_id: whether it tells the log probability of every token that is asked for by its id.
        likelihood: how the probability of given texts is had. ``levels``: a request for all their
            first tokens, one for all their second ones, and so on; ``forced``: one for each token;
            None: not at all.
        schema: whether it keeps to a JSON schema.
        cache: whether its replies tell how many tokens came from its prefix cache.
        refused: parameters of a request that it does not take, and so does not get.
        thinking: ``none``; ``off``: it thinks before it answers, and was told not to; ``on``: it
            thinks, and nothing that was tried stops that.
    """

    alternatives: int = 0
    by_id: bool = False
    likelihood: Literal["levels", "forced"] | None = None
    schema: bool = False
    cache: bool = False
    refused: tuple[str, ...] = ()
    thinking: Literal["none", "off", "on"] = "none"

    @property
    def modes(self) -> frozenset[Mode]:
        """The ways of scoring that rest on these.

        The first token of a model that thinks is a thought's, so its labels would be noise.
        """
        modes: set[Mode] = {"listwise"}
        if self.thinking != "on" and (self.by_id or self.alternatives >= _FEWEST):
            modes.add("label")
        if self.likelihood is not None:
            modes.add("likelihood")
        return frozenset(modes)
