"""Prompt files to messages: versioned, checked at loading, rendered in a sandbox.

A prompt file is YAML front matter between two ``---`` lines, then sections that begin with a line
``[[system]]``, ``[[user]]``, ``[[assistant]]`` (a chat) or ``[[text]]`` (plain text to be
continued). Sections are split *before* they are rendered, so that no item text can forge a role.
This module does not talk to models.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

import yaml
from jinja2 import StrictUndefined, Template, TemplateError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import BaseModel, ConfigDict, ValidationError

from recagent.errors import PromptError
from recagent.protocols import Message
from recagent.types import Item, Language

_FRONT = re.compile(r"\A---\n(.*?)\n---\n(.*)\Z", re.DOTALL)
_SECTION = re.compile(r"^\[\[(system|user|assistant|text)\]\]\n", re.MULTILINE)
_FILE = re.compile(r"(?P<name>[a-z_]+)\.v(?P<version>\d+)(?:\.(?P<lang>[a-z]{2}))?\.j2")

_NO_CONTROL = str.maketrans("<>", "‹›")
_BRACKETED_CONTROL = re.compile(r"\[(/?(?:INST|SYSTEM_PROMPT))\]")


class FrontMatter(BaseModel):
    """The declarations at the head of a prompt file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    version: int
    purpose: Literal["rerank", "explain"]
    language: Language
    inputs: tuple[str, ...]
    output: Literal["label", "likelihood", "order", "sentences"]
    max_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A loaded prompt. ``id`` is what traces carry: ``rerank/label.v1.en#1a2b3c4d``."""

    id: str
    front: FrontMatter
    sections: tuple[tuple[str, Template], ...]

    def chat(self, **inputs: object) -> list[Message]:
        """Messages for a chat model.

        Raises:
            PromptError: inputs that are not the declared ones, or a template that fails.
        """
        return [
            Message(cast("Literal['system', 'user', 'assistant']", role), text)
            for role, text in self._render(inputs)
        ]

    def text(self, **inputs: object) -> str:
        """Plain text for a model to continue; raises as ``chat``."""
        return "".join(text for _, text in self._render(inputs))

    def _render(self, inputs: Mapping[str, object]) -> list[tuple[str, str]]:
        if set(inputs) != set(self.front.inputs):
            raise PromptError(
                f"prompt {self.id!r} takes the inputs {sorted(self.front.inputs)}, "
                f"got {sorted(inputs)}"
            )
        try:
            return [(role, template.render(**inputs)) for role, template in self.sections]
        except Exception as error:  # a template can raise anything
            raise PromptError(f"prompt {self.id!r} cannot be rendered: {error}") from error


def folder() -> Path:
    """Where the prompt files are: beside the package in a checkout, inside it in a wheel."""
    packaged = Path(__file__).parent / "_prompts"
    return packaged if packaged.is_dir() else Path(__file__).parent.parent / "prompts"


@cache
def load(purpose: str, name: str, *, lang: Language = "en", root: Path | None = None) -> Prompt:
    """The newest version of a prompt in a language.

    Raises:
        PromptError: no such file, or one whose declarations and templates do not agree.
    """
    where = (root or folder()) / purpose
    found: list[tuple[int, Path]] = []
    for path in where.glob(f"{name}.v*.j2"):
        match = _FILE.fullmatch(path.name)
        if match and (match["lang"] or "en") == lang:
            found.append((int(match["version"]), path))
    if not found:
        raise PromptError(f"no prompt {purpose}/{name} in language {lang!r} under {str(where)!r}")
    return parse(max(found)[1])


def parse(path: Path) -> Prompt:
    """Read and check one prompt file; raises as ``load``."""
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(f"prompt {str(path)!r} cannot be read: {error}") from error
    parts = _FRONT.match(source)
    if not parts:
        raise PromptError(f"prompt {str(path)!r} must begin with front matter between '---' lines")
    try:
        front = FrontMatter.model_validate(yaml.safe_load(parts[1]))
    except (ValidationError, yaml.YAMLError) as error:
        raise PromptError(f"prompt {str(path)!r}, front matter: {error}") from error
    match = _FILE.fullmatch(path.name)
    declared = (front.name, front.version, front.language)
    if not match or (match["name"], int(match["version"]), match["lang"] or "en") != declared:
        raise PromptError(f"prompt {str(path)!r}: file name and front matter {declared} differ")
    sections = _sections(path, parts[2])
    if (front.output == "likelihood") != (sections[0][0] == "text"):
        raise PromptError(
            f"prompt {str(path)!r}: output 'likelihood' goes with a section [[text]] and no other"
        )
    _check_inputs(path, front, sections)
    digest = hashlib.sha256(source.encode()).hexdigest()[:8]
    environment = _environment()
    return Prompt(
        id=f"{front.purpose}/{front.name}.v{front.version}.{front.language}#{digest}",
        front=front,
        sections=tuple((role, environment.from_string(body)) for role, body in sections),
    )


def _sections(path: Path, body: str) -> list[tuple[str, str]]:
    before, *rest = _SECTION.split(body)
    pairs = [
        (role, text.removesuffix("\n")) for role, text in zip(rest[::2], rest[1::2], strict=True)
    ]
    roles = [role for role, _ in pairs]
    if before.strip() or not pairs or ("text" in roles and roles != ["text"]):
        raise PromptError(
            f"prompt {str(path)!r}: after the front matter come sections [[system]], [[user]], "
            "[[assistant]], or one section [[text]]"
        )
    return pairs


def _check_inputs(path: Path, front: FrontMatter, sections: list[tuple[str, str]]) -> None:
    environment = _environment()
    used: set[str] = set()
    for _, body in sections:
        try:
            used |= meta.find_undeclared_variables(environment.parse(body))
        except TemplateError as error:
            raise PromptError(f"prompt {str(path)!r}: {error}") from error
    if used != set(front.inputs):
        raise PromptError(
            f"prompt {str(path)!r} declares the inputs {sorted(front.inputs)} "
            f"and uses {sorted(used)}; make them equal"
        )


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    cast("Any", environment).filters |= {"line": one_line, "caption": caption}
    return environment


def one_line(value: Any, limit: int = 60) -> str:
    """Foreign text as one short line that cannot add lines, turns or candidates.

    Control tokens of chat templates (``<|im_end|>``, ``</s>``, ``[INST]``) are respelled, since
    a server would read it as one.
    """
    text = " ".join(str(value).split())
    text = "".join(char for char in text if char.isprintable())
    text = _BRACKETED_CONTROL.sub(r"(\1)", text.translate(_NO_CONTROL))
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def caption(item: Item) -> str:
    """An item in a few words: its title, with the year where it has one."""
    year = item.attributes.get("year")
    title = one_line(item.title)
    return title if year is None else f"{title} ({one_line(year, 12)})"
