"""A scene's rules: what they keep away, what comes again, what a scene may know of a person.

Rules are kept by code, before anything is retrieved; which rules there are is in ``types``.
"""

from recagent.rules.excluding import Ruling, excluded, kilometres, place_of
from recagent.rules.grouped import Grouped
from recagent.rules.progress import Limits, Progress
from recagent.rules.readable import check_rules, nearest, readable
from recagent.rules.seeing import missing, needs, reasonable, spent, visible

__all__ = [
    "Grouped",
    "Limits",
    "Progress",
    "Ruling",
    "check_rules",
    "excluded",
    "kilometres",
    "missing",
    "nearest",
    "needs",
    "place_of",
    "readable",
    "reasonable",
    "spent",
    "visible",
]
