"""The straight line and what it is made of; it builds no parts: ``bootstrap`` does."""

from recagent.pipeline.deadline import Deadline
from recagent.pipeline.parts import Options, Parts
from recagent.pipeline.recommend import Pipeline

__all__ = ["Deadline", "Options", "Parts", "Pipeline"]
