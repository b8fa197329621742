"""The prompt library: files by purpose, name, version and language, and how they are named.

What a file must look like is in ``files``. This package does not talk to models.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from recagent.domain import Language
from recagent.errors import PromptError
from recagent.locale import LocalizedText
from recagent.prompts.files import FILE, FrontMatter, Prompt, parse
from recagent.prompts.kinds import KINDS, PromptKind
from recagent.prompts.words import caption, one_line

__all__ = [
    "KINDS",
    "FrontMatter",
    "Prompt",
    "PromptKind",
    "caption",
    "find",
    "folder",
    "load",
    "one_line",
    "parse",
]

_REFERENCE = re.compile(r"(?:(?P<purpose>[a-z_]+)/)?(?P<name>[a-z_]+)(?:\.v(?P<version>\d+))?")


def folder() -> Path:
    """Where the prompt files are: beside the package in a checkout, inside it in a wheel."""
    package = Path(__file__).parent.parent
    packaged = package / "_prompts"
    return packaged if packaged.is_dir() else package.parent / "prompts"


@cache
def load(
    purpose: str,
    name: str,
    *,
    lang: Language = "en",
    version: int | None = None,
    root: Path | None = None,
) -> Prompt:
    """A prompt in a language; the newest version if none is wanted.

    Raises:
        PromptError: no such file, or one whose declarations and templates do not agree.
    """
    base = root or folder()
    versions = _versions(base / purpose, lang)
    fitting = [
        (number, path)
        for listed_name, number, path in versions
        if listed_name == name and (version is None or number == version)
    ]
    if not fitting:
        wanted = name if version is None else f"{name}.v{version}"
        known = [f"{listed_name}.v{number}" for listed_name, number, _ in versions]
        raise PromptError(
            "no prompt {purpose}/{name} in language {language!r} in {folder!r}; {known}",
            purpose=purpose,
            name=wanted,
            language=lang,
            folder=str(base),
            known=_nearest(wanted, known),
        )
    return parse(max(fitting)[1])


def find(reference: str, *, lang: Language, base: Path) -> Prompt:
    """The prompt that a person means.

    Args:
        reference: ``label`` (its newest version), ``label.v1``, ``rerank/label.v1``, or the path
            of a file of their own, ``mine/label.v2.j2``; the purpose is ``rerank`` by default.
        lang: of a prompt of the library; a file says its own.
        base: the folder where paths begin.

    Raises:
        PromptError: there is no such prompt (the message names near ones), or it is broken.
    """
    if reference.endswith(".j2"):
        path = base / reference
        if path.is_file():
            return parse(path)
        beside = [other.name for other in path.parent.glob("*.j2")]
        known = [
            f"{listed_name}.v{number}"
            for listed_name, number, _ in _versions(folder() / "rerank", lang)
        ]
        raise PromptError(
            "no prompt file {path!r}; {known}",
            path=str(path),
            known=_nearest(path.name, [*beside, *known]),
        )
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise PromptError(
            "{prompt!r} is neither a prompt's name, such as 'label', 'label.v1' or "
            "'rerank/label.v1', nor a file, such as 'mine/label.v2.j2'",
            prompt=reference,
        )
    version = int(match["version"]) if match["version"] else None
    return load(match["purpose"] or "rerank", match["name"], lang=lang, version=version)


def _versions(directory: Path, lang: Language) -> list[tuple[str, int, Path]]:
    """Name, version and path of the prompts in a folder that are in a language."""
    matches = ((FILE.fullmatch(path.name), path) for path in sorted(directory.glob("*.j2")))
    return [
        (match["name"], int(match["version"]), path)
        for match, path in matches
        if match and (match["lang"] or "en") == lang
    ]


def _nearest(wanted: str, known: Iterable[str]) -> LocalizedText:
    """Names like the wanted one, or all there are if none is like it."""
    names = sorted(set(known))
    near = get_close_matches(wanted, names, n=4, cutoff=0.5)
    if near:
        return LocalizedText("similar names: {names}", names=", ".join(near))
    return LocalizedText("known names: {names}", names=", ".join(names) or "none")
