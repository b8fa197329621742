"""Whom a head ranks for: people like those on whom it was learned and tested.

How it is tested is ``training.group_tests``; which group a person is of is ``profiles.group_of``.
"""

from __future__ import annotations

from dataclasses import dataclass

from recagent.domain import Unserved


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupTestResult:
    """What held-out choices of a group of people say of a head.

    Attributes:
        cases: held-out choices, each ranked by weights that never saw the person.
        plain: their mean nDCG@10 in the order that stands without a head.
        gain: what the head adds to it.
        low: lower end of the 95% interval of ``gain`` over people.
        high: upper end.
        unserved: why the head does not rank for the group; empty where it does.
    """

    cases: int = 0
    plain: float = 0.0
    gain: float = 0.0
    low: float = 0.0
    high: float = 0.0
    unserved: Unserved = "not learned"
