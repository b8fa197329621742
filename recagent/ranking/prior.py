"""The prior: weights that rank where there is too little to learn from.

They were learned on other people's choices in other data, see ``told`` in the file, by
``benchmarks/prior.py``; docs/research/before-a-fit.md has what they are worth elsewhere.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from pydantic import TypeAdapter

from recagent.ranking.head import Head

FILE = "prior.json"


@cache
def prior() -> Head:
    """Returns the head that comes with the package."""
    data = files("recagent.ranking").joinpath(FILE).read_bytes()
    return TypeAdapter(Head).validate_json(data)
