"""``recagent tune``: an adapter for the language model, learned from what is stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import anyio

from recagent.cli import output
from recagent.cli.progress import progress
from recagent.config.settings import Settings
from recagent.errors import ConfigError
from recagent.locale import Phrases
from recagent.offline.data_set import Data
from recagent.training.adapters.lora import LoraSettings
from recagent.training.adapters.routes import Route, parse_slice
from recagent.training.adapters.tune_stored import load_data, tune_stored

WORDS = Phrases[str]("cli", "tune")


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A route as it was written: places (``SCENE`` or ``SCENE:ATTRIBUTE=VALUE``), and people."""

    sources: Sequence[str] = ()
    targets: Sequence[str] = ()
    shots: int = 0

    def read(self, data: Data) -> Route:
        """The route, among the scenes and items of the data.

        Raises:
            ConfigError: a place is none, or likes are to be shown of targets that are not named.
        """
        if self.shots and not self.targets:
            raise ConfigError("--shots are likes in the targets; name them with --for")
        sources, targets = ([parse_slice(each, data) for each in written]
                            for written in (self.sources, self.targets))  # fmt: skip
        return Route(sources=sources or None, targets=targets or None, shots=self.shots)


def run(
    settings: Settings, *, base: Path | None, lora: LoraSettings, route: Written, as_json: bool
) -> None:
    """Tune, and print what held-out people say of it."""
    data = anyio.run(load_data, settings)
    way = route.read(data)
    with progress() as advance:
        kept = tune_stored(data, settings, base=base, lora=lora, route=way, on_progress=advance)
    tuned = kept.tuned
    if as_json:
        output.print_json(
            {
                **asdict(tuned),
                "folder": str(kept.folder) if kept.folder else None,
                "gguf": str(kept.gguf) if kept.gguf else None,
            }
        )
        return
    words = WORDS[settings.lang]
    after = ", ".join(f"{value:.3f}" for value in tuned.after)
    lines = [
        words["read"].format(likes=tuned.likes, people=tuned.people, asked=tuned.asked),
        words["ranks"].format(popularity=tuned.popularity, before=tuned.before, after=after),
        words["gain"].format(*tuned.gain),
        words["over"].format(*tuned.over_popularity),
    ]
    if kept.folder is None:
        lines.append(words["not"])
    if kept.gguf is not None:
        lines.append(words["embedded"].format(path=kept.gguf))
    if kept.folder is not None:
        lines.append(words["vllm"].format(path=kept.folder, rank=lora.rank))
    output.console().print(*lines, sep="\n", markup=False, highlight=False, soft_wrap=True)
