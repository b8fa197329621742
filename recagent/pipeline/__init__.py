"""One request from beginning to end, and the parts that serve it; ``bootstrap`` builds them."""

from recagent.pipeline.deadline import Deadline
from recagent.pipeline.parts import Options, Parts
from recagent.pipeline.recommend import Pipeline

__all__ = ["Deadline", "Options", "Parts", "Pipeline"]
