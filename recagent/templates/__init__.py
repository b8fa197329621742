"""The starting points that ``recagent init`` copies: a config file, and the shops' data."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from recagent.errors import ConfigError

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """The templates there are."""
    return sorted(path.name for path in FOLDER.iterdir() if (path / "recagent.toml").is_file())


def copy(name: str, *, to: Path) -> list[Path]:
    """Copy a template's files and ``.env.example`` into a folder; all of them or none.

    Returns:
        The files that were written.

    Raises:
        ConfigError: no such template, a file that is there already, or a folder that cannot be
            written to.
    """
    if name not in names():
        raise ConfigError(
            "unknown template {name!r}; choose one of {known}", name=name, known=", ".join(names())
        )
    chinese = name.endswith("-zh")
    env = FOLDER / ("env.example.zh" if chinese else "env.example")
    files = {path: to / path.name for path in sorted((FOLDER / name).iterdir())}
    files[env] = to / ".env.example"
    there = [str(target) for target in files.values() if target.exists()]
    if there:
        raise ConfigError(
            "nothing was written because {files} would be overwritten; move it away, or run "
            "'recagent init' in another folder",
            files=", ".join(there),
        )
    try:
        to.mkdir(parents=True, exist_ok=True)
        for path, target in files.items():
            target.write_bytes(path.read_bytes())
    except OSError as error:
        for target in files.values():
            with suppress(OSError):
                target.unlink()
        raise ConfigError(
            "cannot write to folder {folder!r}: {error}", folder=str(to), error=error
        ) from error
    return list(files.values())
