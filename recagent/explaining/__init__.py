"""Why an item is on a slate: evidence that is really there, and sentences that say no more than it.

Evidence comes first, from events, attributes and counts; a model may only phrase it (``phrasing``).
"""

from recagent.explaining.evidence import gather
from recagent.explaining.phrasing import Phrased, phrased
from recagent.explaining.sentences import claims

__all__ = ["Phrased", "claims", "gather", "phrased"]
