"""What ``recagent fit`` learned, as files of the data folder: head, models' worth, classifier.

Vectors that belong to a head are in the index. A head is written last and in one step, so that
what it needs is there when it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from recagent.errors import ConfigError
from recagent.locale import LocalizedText
from recagent.ranking import Head
from recagent.ranking.model_worth import ModelWorth
from recagent.retrieval import SequenceModel, SequenceWeights, save_weights
from recagent.scenes.classifier import SceneClassifier

HEAD = "head.json"
ADAPTER = "adapter.gguf"  # what `recagent tune` made

SCENES = "scenes.json"
MODELS = "models.json"  # what language models are worth

_HEAD = TypeAdapter(Head)
_WORTHS = TypeAdapter(tuple[ModelWorth, ...])
_IDENTIFIER = TypeAdapter(SceneClassifier)


def load(folder: Path, *, sources: Sequence[str]) -> Head | None:
    """Returns the head that was fitted for a data folder; None before any was.

    Args:
        folder: where it is looked for.
        sources: names of the sources that exist.

    Raises:
        ConfigError: its file is broken, or what it needs is not there.
    """
    path = folder / HEAD
    if not path.is_file():
        return None
    again = LocalizedText("run 'recagent fit' again, or delete the file")
    unread = ConfigError(
        "this version cannot read the head {path!r}; {advice}", path=str(path), advice=again
    )
    try:
        head = _HEAD.validate_json(path.read_bytes())
    except ValidationError as error:
        raise unread from error
    weights = [head.shared, *head.scenes.values(), *head.few_scenes.values()]
    if not head.unserved("few likes"):
        weights.append(head.few_shared)
    if any(len(row) != 4 * len(head.sources) for row in weights):
        raise unread
    missing = [name for name in head.sources if name not in sources]
    if missing:
        raise ConfigError(
            "{path!r} needs source {source!r}, which is missing; {advice}",
            path=str(path),
            source=missing[0],
            advice=again,
        )
    beside = weights_file(folder, head.name)
    if SequenceModel.name in head.sources and not beside.is_file():
        raise ConfigError(
            "{path!r} needs {file!r}, which is missing; {advice}",
            path=str(path),
            file=str(beside),
            advice=again,
        )
    return head


def save(folder: Path, head: Head, *, weights: SequenceWeights | None) -> Path:
    """Save a head where ``load`` finds it, with a sequence model's weights, and return its path.

    Weights of other heads are deleted.
    """
    current = weights_file(folder, head.name)
    if weights is not None:
        save_weights(weights, current)
    path = _write_whole(folder / HEAD, _HEAD.dump_json(head, indent=1))
    for other in folder.glob(weights_file(folder, "*").name):
        if other != current:
            other.unlink()
    return path


def load_identifier(folder: Path) -> SceneClassifier | None:
    """Returns the scene classifier that was fitted for a data folder; None before that.

    Raises:
        ConfigError: its file is broken.
    """
    path = folder / SCENES
    if not path.is_file():
        return None
    try:
        return _IDENTIFIER.validate_json(path.read_bytes())
    except ValidationError as error:
        raise ConfigError(
            "this version cannot read the scene classifier {path!r}; run 'recagent fit' again, "
            "or delete the file",
            path=str(path),
        ) from error


def save_identifier(folder: Path, identifier: SceneClassifier | None) -> None:
    """Save it where ``load_identifier`` finds it; None deletes an older one."""
    path = folder / SCENES
    if identifier is None:
        path.unlink(missing_ok=True)
    else:
        _write_whole(path, _IDENTIFIER.dump_json(identifier, indent=1))


def load_worths(folder: Path) -> tuple[ModelWorth, ...]:
    """Returns what models were found to be worth on a data folder's catalogue, newest first.

    Raises:
        ConfigError: its file is broken.
    """
    path = folder / MODELS
    if not path.is_file():
        return ()
    try:
        return _WORTHS.validate_json(path.read_bytes())
    except ValidationError as error:
        raise ConfigError(
            "this version cannot read what models are worth, {path!r}; run 'recagent fit "
            "--model-only' again, or delete the file",
            path=str(path),
        ) from error


def save_worth(folder: Path, worth: ModelWorth) -> None:
    """Save what a model is worth, in place of what was known of it by these prompts."""
    key = worth.engine, worth.model, worth.prompts
    others = [
        each for each in load_worths(folder) if (each.engine, each.model, each.prompts) != key
    ]
    _write_whole(folder / MODELS, _WORTHS.dump_json((worth, *others), indent=1))


def _write_whole(path: Path, data: bytes) -> Path:
    """Write a file in one step; of one that cannot be written nothing is left."""
    written = path.with_suffix(".new")
    try:
        written.write_bytes(data)
    except OSError:
        written.unlink(missing_ok=True)
        raise
    return written.replace(path)


def weights_file(folder: Path, head: str) -> Path:
    """Returns the path of the sequence model's weights that were trained with this head."""
    return folder / f"sequence-{head}.npz"
