"""recagent recommends from a catalogue to a person in a scene, and says why.

Names load when they are first used, so that ``import recagent`` stays light.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recagent.api import AsyncRecommender, Recommender
    from recagent.domain import (
        Answer,
        Claim,
        Constraint,
        Context,
        Edits,
        Entry,
        Event,
        Evidence,
        Explanation,
        Item,
        Scene,
        Slate,
        Trace,
        User,
    )
    from recagent.errors import (
        ConfigError,
        ConstraintError,
        DataError,
        ModelError,
        NotFoundError,
        PromptError,
        RecagentError,
        ReplyError,
        RetrievalError,
    )

__version__ = "0.1.0"

_HOME = {
    "recagent.api": ("AsyncRecommender", "Recommender"),
    "recagent.errors": (
        "ConfigError", "ConstraintError", "DataError", "ModelError", "NotFoundError", "PromptError",
        "RecagentError", "ReplyError", "RetrievalError",
    ),
    "recagent.domain": (
        "Answer", "Claim", "Constraint", "Context", "Edits", "Entry", "Event", "Evidence",
        "Explanation",
        "Item", "Scene", "Slate", "Trace", "User",
    ),
}  # fmt: skip
_MODULE = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "Answer",
    "AsyncRecommender",
    "Claim",
    "ConfigError",
    "Constraint",
    "ConstraintError",
    "Context",
    "DataError",
    "Edits",
    "Entry",
    "Event",
    "Evidence",
    "Explanation",
    "Item",
    "ModelError",
    "NotFoundError",
    "PromptError",
    "RecagentError",
    "Recommender",
    "ReplyError",
    "RetrievalError",
    "Scene",
    "Slate",
    "Trace",
    "User",
    "__version__",
]


def __getattr__(name: str) -> object:
    if name in _MODULE:
        return getattr(import_module(_MODULE[name]), name)
    raise AttributeError(f"module 'recagent' has no attribute {name!r}")
