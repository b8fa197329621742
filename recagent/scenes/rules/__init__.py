"""A scene's rules: what they keep away, what comes again, what a scene may know of a person.

Rules are kept by code, before anything is retrieved; which rules there are is in ``types``.
"""

from recagent.scenes.rules.excluding import Ruling, excluded, kilometres, place_of
from recagent.scenes.rules.grouped import Grouped
from recagent.scenes.rules.progress import Progress, SeriesLimits
from recagent.scenes.rules.readable import check_rules, nearest, readable
from recagent.scenes.rules.seeing import (
    exhausted,
    missing_prerequisites,
    prerequisites,
    reasonable,
    visible,
)

__all__ = [
    "Grouped",
    "Progress",
    "Ruling",
    "SeriesLimits",
    "check_rules",
    "excluded",
    "exhausted",
    "kilometres",
    "missing_prerequisites",
    "nearest",
    "place_of",
    "prerequisites",
    "readable",
    "reasonable",
    "visible",
]
