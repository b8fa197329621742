"""Learning without a command: what ``index`` and ``serve`` do with the events that are there.

It is ``fit`` in a bounded time: it asks no language model and trains no sequence model. What was
measured of a model stays.
"""

from __future__ import annotations

from dataclasses import dataclass

from recagent import bootstrap
from recagent.config.settings import Settings
from recagent.errors import ConfigError, DataError
from recagent.locale import LocalizedText
from recagent.offline.examples import OnStage
from recagent.pipeline import artifacts
from recagent.ranking import Head
from recagent.retrieval import SequenceModel
from recagent.training.fit import QUICK, FitResult, fit

LEAST_NEW = 500  # events, below which nothing is learned again


@dataclass(frozen=True, slots=True, kw_only=True)
class Learned:
    """Says what was learned; ``reason`` is why nothing was, and empty where something was."""

    result: FitResult | None = None
    reason: LocalizedText | DataError | None = None


def is_due(events: int, *, learned_from: int, again: float) -> bool:
    """Returns whether so many events are enough more than those that were learned from."""
    return events - learned_from >= max(LEAST_NEW, again * learned_from)


async def learn(settings: Settings, *, on_progress: OnStage) -> Learned:
    """Learns from the stored events, and saves what was learned where ``recommend`` finds it.

    Args:
        settings: name store and index.
        on_progress: as ``fit`` takes it.

    Raises:
        RecagentError: the store or the index cannot be used.
    """
    before = _readable_head(settings)
    if before is not None and SequenceModel.name in before.sources:
        return Learned(
            reason=LocalizedText(
                "the sequence model would be lost; 'recagent fit --sequence' learns anew"
            )
        )
    try:
        result = await fit(
            settings, language_cases=0, effort=QUICK, measured=before, on_progress=on_progress
        )
    except DataError as error:
        return Learned(reason=error)
    return Learned(result=result)


def _readable_head(settings: Settings) -> Head | None:
    """Returns what was learned before; None where this version finds nothing to read."""
    try:
        return artifacts.load(settings.data_dir, sources=bootstrap.SOURCES)
    except ConfigError:
        return None
