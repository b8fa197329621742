"""One request from beginning to end, and the parts that serve it; ``bootstrap`` builds them."""

from recagent.pipeline.components import Components, Options
from recagent.pipeline.deadline import Deadline
from recagent.pipeline.recommend import Pipeline

__all__ = ["Components", "Deadline", "Options", "Pipeline"]
