"""Why an item is on a slate: evidence that is really there, and sentences that say no more than it.

Evidence comes first, from events, attributes and counts; a model may only phrase it (``phrasing``).
"""

from recagent.explanations.empty_slate import unheeded, why_nothing
from recagent.explanations.evidence import gather, numbered
from recagent.explanations.phrasing import Phrased, phrased
from recagent.explanations.query_match import wish_note
from recagent.explanations.templates import claims
from recagent.explanations.verification import verify

__all__ = [
    "Phrased",
    "claims",
    "gather",
    "numbered",
    "phrased",
    "unheeded",
    "verify",
    "why_nothing",
    "wish_note",
]
