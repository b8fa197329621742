"""The seams: what recagent asks of the outside world, and of parts that you may replace.

Not implementations: those are in ``llm``, ``infrastructure``, ``retrieval`` and ``ranking``. Any
object with these methods will do; there is nothing to register.
"""

from recagent.ports.event_store import EventStore
from recagent.ports.indexes import ItemIndex, ItemVectors
from recagent.ports.models import (
    ChatModel,
    Embedder,
    Logprobs,
    Message,
    Reply,
    ReplyCache,
    Schema,
    TextRole,
)
from recagent.ports.ranking import CandidateSource, LanguageScores, Query, Ranker, ReasonsRequest

__all__ = [
    "CandidateSource",
    "ChatModel",
    "Embedder",
    "EventStore",
    "ItemIndex",
    "ItemVectors",
    "LanguageScores",
    "Logprobs",
    "Message",
    "Query",
    "Ranker",
    "ReasonsRequest",
    "Reply",
    "ReplyCache",
    "Schema",
    "TextRole",
]
