"""A scene's rules: what they exclude, what comes again, what a scene may know of a person.

Code applies them before anything is retrieved. The rules themselves are in ``domain.scenes``.
"""

from recagent.scenes.rules.catalogue import SceneCatalogue
from recagent.scenes.rules.exclusions import Exclusions, coordinates, kilometres, rule_exclusions
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
    "Exclusions",
    "Progress",
    "SceneCatalogue",
    "SeriesLimits",
    "check_rules",
    "coordinates",
    "exhausted",
    "kilometres",
    "missing_prerequisites",
    "nearest",
    "prerequisites",
    "readable_constraint",
    "rule_exclusions",
    "visible_profile",
    "without_rule_attributes",
]
