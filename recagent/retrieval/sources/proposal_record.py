"""Whether a model is worth asking for proposals: by its stated size, and by how it did so far.

A small model on a slow server takes half of a request's time and names nothing that is there.
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ValidationError

from recagent.locale import LocalizedText

logger = logging.getLogger(__name__)

LEAST_BILLIONS = 1.0  # parameters that a name may state
MOST_FAILED = 3  # requests in a row without a usable answer in time
REST = 3600.0  # seconds after these, until it is asked again
ENOUGH = 40  # titles after which a catalogue is known to be of known things, or not
FEWEST_FOUND = 0.1  # of them

# "135M", "0.5b", "30B-A3B"; not the "1m" of a context, nor the active part of a mixture.
_SIZE = re.compile(r"(?<![a-z0-9.])(?:(\d{3})m|(\d+(?:\.\d+)?)b)(?![a-z0-9])", re.IGNORECASE)


def stated_billions(name: str) -> float | None:
    """Returns how many billion parameters a model's name states; None where it states none."""
    sizes = [
        float(billions) if billions else float(millions) / 1000
        for millions, billions in _SIZE.findall(name)
    ]
    return max(sizes, default=None)


class _Kept(BaseModel):
    failed: int = 0
    failed_at: float = 0.0
    titles: dict[str, tuple[int, int]] = {}


@dataclass(slots=True, kw_only=True)
class ProposalRecord:
    """How one model did when it was asked for proposals; whether it can be kept changes nothing.

    Attributes:
        path: where it is kept between processes; None for in memory alone.
        clock: seconds since 1970.
    """

    path: Path | None = None
    clock: Callable[[], float] = time.time
    _kept: _Kept | None = field(default=None, init=False)

    def silence(self, model: str) -> LocalizedText | None:
        """Returns why the model of this name is not asked; None where it is."""
        size = stated_billions(model)
        if size is not None and size < LEAST_BILLIONS:
            return LocalizedText(
                "model {model!r} is not asked for proposals: its name states {millions:.0f} "
                "million parameters, and under a billion few know what a catalogue has; "
                "[retrieval] proposals = 'on' asks it",
                model=model,
                millions=1000 * size,
            )
        kept = self._loaded()
        if kept.failed >= MOST_FAILED and 0 <= self.clock() - kept.failed_at < REST:
            return LocalizedText(
                "model {model!r} is not asked for proposals for an hour: its last {count} answers "
                "were late or unusable",
                model=model,
                count=kept.failed,
            )
        return None

    def is_of_known_things(self, scene: str) -> bool:
        """Whether a scene's catalogue may be of things that the world knows by their titles."""
        written, found = self._loaded().titles.get(scene, (0, 0))
        return written < ENOUGH or found >= FEWEST_FOUND * written

    def add_titles(self, scene: str, *, written: int, found: int) -> None:
        """Counts titles that the model wrote and that the catalogue has."""
        kept = self._loaded()
        before, had = kept.titles.get(scene, (0, 0))
        kept.titles[scene] = before + written, had + found
        self._save()

    def add_answer(self, *, usable: bool) -> None:
        """Counts an answer that came in time and could be used, or one that did not."""
        kept = self._loaded()
        if usable and not kept.failed:
            return
        kept.failed = 0 if usable else kept.failed + 1
        kept.failed_at = self.clock()
        self._save()

    def _loaded(self) -> _Kept:
        if self._kept is None:
            try:
                text = self.path.read_bytes() if self.path else b"{}"
                self._kept = _Kept.model_validate_json(text)
            except (OSError, ValidationError) as error:
                if not isinstance(error, FileNotFoundError):
                    logger.info("the record of proposals is begun anew: %s", error)
                self._kept = _Kept()
        return self._kept

    def _save(self) -> None:
        if self.path is None:
            return
        written = self.path.with_suffix(".new")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            written.write_text(self._loaded().model_dump_json(), encoding="utf-8")
            written.replace(self.path)
        except OSError as error:
            logger.info("the record of proposals is not kept: %s", error)
