"""A scene's rules: what they keep away, what comes again, what a scene may know of a person.

Rules are kept by code, before anything is retrieved; which rules there are is in ``types``.
"""

from recagent.scenes.rules.catalogue import SceneCatalogue
from recagent.scenes.rules.exclusions import Ruling, kilometres, place_of, rule_exclusions
from recagent.scenes.rules.progress import Progress, SeriesLimits
from recagent.scenes.rules.readable import check_rules, nearest, readable_constraint
from recagent.scenes.rules.visibility import (
    exhausted,
    missing_prerequisites,
    prerequisites,
    visible_profile,
    without_rule_attributes,
)

__all__ = [
    "Progress",
    "Ruling",
    "SceneCatalogue",
    "SeriesLimits",
    "check_rules",
    "exhausted",
    "kilometres",
    "missing_prerequisites",
    "nearest",
    "place_of",
    "prerequisites",
    "readable_constraint",
    "rule_exclusions",
    "visible_profile",
    "without_rule_attributes",
]
