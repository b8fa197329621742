"""Why an item is on a slate: evidence that is really there, and sentences that say no more than it.

Evidence comes first, from events, attributes and counts; a model may only phrase it (``phrasing``).
"""

from recagent.explanations.empty_slate import explain_empty_slate, unheeded
from recagent.explanations.evidence import gather_evidence, numbered
from recagent.explanations.phrasing import PhrasedExplanation, phrased
from recagent.explanations.query_match import wish_note
from recagent.explanations.templates import claims
from recagent.explanations.verification import unsupported_parts

__all__ = [
    "PhrasedExplanation",
    "claims",
    "explain_empty_slate",
    "gather_evidence",
    "numbered",
    "phrased",
    "unheeded",
    "unsupported_parts",
    "wish_note",
]
