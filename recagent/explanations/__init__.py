"""Why an item is on a slate: evidence that can be looked up, and sentences that say no more.

Evidence comes from events, attributes and counts; a model may only phrase it (``phrasing``,
``own_words``).
"""

from recagent.explanations.empty_slate import explain_empty_slate, ineffective_bans
from recagent.explanations.evidence import as_evidence, gather_evidence
from recagent.explanations.own_words import checked_claim
from recagent.explanations.person_evidence import gather_person_evidence
from recagent.explanations.phrasing import PhrasedExplanation, phrase_evidence
from recagent.explanations.query_match import wish_note
from recagent.explanations.templates import claims
from recagent.explanations.verification import unsupported_parts

__all__ = [
    "PhrasedExplanation",
    "as_evidence",
    "checked_claim",
    "claims",
    "explain_empty_slate",
    "gather_evidence",
    "gather_person_evidence",
    "ineffective_bans",
    "phrase_evidence",
    "unsupported_parts",
    "wish_note",
]
