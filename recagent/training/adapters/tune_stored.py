"""``recagent tune``: tunes on stored events, and keeps the adapter if it is better."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from recagent import bootstrap
from recagent.config.settings import Settings
from recagent.errors import ConfigError
from recagent.offline.data_set import Data
from recagent.offline.examples import OnStage
from recagent.pipeline import Pipeline, artifacts
from recagent.training.adapters.gguf import write_gguf
from recagent.training.adapters.lora import LoraSettings
from recagent.training.adapters.model_card import model_card
from recagent.training.adapters.routes import Route
from recagent.training.adapters.tune import CANDIDATES, TuneFigures, tune
from recagent.training.stored_data import load_stored_data

FOLDER = "adapter"  # in the data folder: what peft and vLLM read, with the model card


@dataclass(frozen=True, slots=True, kw_only=True)
class TuneResult:
    """Is the outcome of tuning.

    Attributes:
        tuned: figures.
        folder: of the adapter as peft and vLLM read it; None if it was no better and nothing is
            kept.
        gguf: the file that the embedded engine reads from now on; None for another model.
    """

    tuned: TuneFigures
    folder: Path | None
    gguf: Path | None


async def load_data(settings: Settings) -> Data:
    """Returns what the settings' store and index hold."""
    parts = bootstrap.parts(settings)
    try:
        return await load_stored_data(parts)
    finally:
        await Pipeline(parts).close()


def tune_stored(
    data: Data,
    settings: Settings,
    *,
    base: Path | None,
    lora: LoraSettings,
    route: Route,
    on_progress: OnStage,
) -> TuneResult:
    """Tunes, and keeps the adapter in the data folder if it is significantly better.

    Args:
        data: what is stored.
        settings: whose data folder and language count.
        base: a model's folder or GGUF file; None for the embedded engine's own weights.
        lora: how it is trained.
        route: where likes are read, and where choices are asked.
        on_progress: called with a stage, what is done of it, and its total.

    Raises:
        ConfigError: a library of the extra ``tune`` is missing, or there are no weights.
        DataError: too little is stored.
        ModelError: the weights cannot be read.
    """
    weights = base or settings.model.path or bootstrap.find_weights()
    if weights is None or not weights.exists():
        where = str(weights or "")
        raise ConfigError(
            "no weights to fine-tune at {path!r}; run 'recagent models pull'", path=where
        )
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=settings.data_dir) as scratch:
        made = Path(scratch) / FOLDER
        tuned, learner = tune(
            data,
            base=weights,
            settings=lora,
            route=route,
            lang=settings.lang,
            to=made,
            on_progress=on_progress,
        )
        if not tuned.is_better:
            return TuneResult(tuned=tuned, folder=None, gguf=None)
        page = model_card(tuned, base=weights.stem, data="stored events", candidates=CANDIDATES)
        (made / "README.md").write_text(page, encoding="utf-8")
        gguf = None
        if base is None:
            file = Path(scratch) / artifacts.ADAPTER
            write_gguf(made, heads=learner.heads, key_heads=learner.key_heads, to=file)
            gguf = file.replace(settings.data_dir / artifacts.ADAPTER)
        shutil.rmtree(settings.data_dir / FOLDER, ignore_errors=True)
        return TuneResult(tuned=tuned, folder=made.replace(settings.data_dir / FOLDER), gguf=gguf)
