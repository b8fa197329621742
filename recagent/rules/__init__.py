"""A scene's rules: what they keep away, what comes again, what a scene may know of a person.

Rules are kept by code, before anything is retrieved; which rules there are is in ``types``.
"""

from recagent.rules.excluding import Ruling, excluded, kilometres, place_of
from recagent.rules.grouped import Grouped
from recagent.rules.seeing import missing, needs, reasonable, spent, visible

__all__ = [
    "Grouped",
    "Ruling",
    "excluded",
    "kilometres",
    "missing",
    "needs",
    "place_of",
    "reasonable",
    "spent",
    "visible",
]
