"""What was found out about an endpoint, kept on disk for a week.

Nobody pays for the trying at every start, and a server that is busy then is known all the same.
"""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson
from pydantic import TypeAdapter, ValidationError

from recagent.llm.probe import Findings

logger = logging.getLogger(__name__)

_WEEK = 7 * 24 * 3600.0  # seconds
_FORM = "1"  # of the files; another one makes all of them strange
_FINDINGS = TypeAdapter(Findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptFindings:
    """The file of one endpoint and model in a folder; whether it can be written changes nothing.

    Attributes:
        folder: it is made when something is written.
        address: without secrets.
        model: its name, as the settings say it.
        clock: seconds since 1970.
    """

    folder: Path
    address: str
    model: str
    clock: Callable[[], float] = time.time

    @property
    def _path(self) -> Path:
        key = "\0".join((_FORM, self.address, self.model)).encode()
        return self.folder / f"{hashlib.blake2b(key, digest_size=12).hexdigest()}.json"

    def load(self, name: str) -> Findings | None:
        """What was kept of the model that now answers; None where it must be tried."""
        try:
            record = orjson.loads(self._path.read_bytes())
            is_fresh = 0 <= self.clock() - float(record["at"]) < _WEEK
            if not is_fresh or record["name"] != name:
                return None
            return _FINDINGS.validate_python(record["findings"])
        except (OSError, ValueError, KeyError, TypeError, ValidationError) as error:
            if not isinstance(error, FileNotFoundError):
                logger.info("findings of %r are made anew: %s", self.address, error)
            return None

    def save(self, name: str, findings: Findings) -> None:
        """Keep what was found; whole or not at all."""
        record = {"at": self.clock(), "name": name, "findings": _plain(findings)}
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self.folder, suffix=".new", delete=False) as file:
                file.write(orjson.dumps(record))
            os.replace(file.name, self._path)  # noqa: PTH105
        except OSError as error:
            logger.info("findings of %r are not kept: %s", self.address, error)

    def forget(self) -> None:
        """Let the next start try anew."""
        self._path.unlink(missing_ok=True)


def _plain(findings: Findings) -> object:
    """As JSON values: sets become lists."""
    plain = asdict(findings)
    dialect = plain["dialect"]
    for name in ("left_out", "proven"):
        dialect[name] = sorted(dialect[name])
    return plain
