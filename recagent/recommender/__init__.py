"""The straight line and what it is made of; it builds no parts: ``wiring`` does."""

from recagent.recommender.deadline import Deadline
from recagent.recommender.line import StraightLine
from recagent.recommender.parts import Options, Parts

__all__ = ["Deadline", "Options", "Parts", "StraightLine"]
