"""Why an item is on a slate: evidence that is really there, and sentences that say no more than it.

Evidence comes first, from events, attributes and counts; a model may only phrase it (``phrasing``).
"""

from recagent.explaining.evidence import gather, numbered
from recagent.explaining.nothing import unheeded, why_nothing
from recagent.explaining.phrasing import Phrased, phrased
from recagent.explaining.sentences import claims
from recagent.explaining.verifying import verify
from recagent.explaining.wishing import wish_note

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
