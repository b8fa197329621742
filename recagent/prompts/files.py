"""One prompt file to a ``Prompt``: versioned, checked at loading, rendered in a sandbox.

A prompt file is YAML front matter between two ``---`` lines, then sections that begin with a line
``[[system]]``, ``[[user]]``, ``[[assistant]]`` (a chat) or ``[[text]]`` (plain text to be
continued). Sections are split *before* they are rendered, so that no item text can forge a role.
What its inputs hold is not decided here: ``ranking.prompt_inputs`` and ``explanations`` fill them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

import yaml
from jinja2 import StrictUndefined, Template, TemplateSyntaxError, meta, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment
from pydantic import BaseModel, ConfigDict, ValidationError

from recagent.domain import Language, Mode
from recagent.errors import PromptError
from recagent.ports import Message
from recagent.prompts.kinds import KINDS, Output, Purpose
from recagent.prompts.words import caption, full_caption, one_line

FILE = re.compile(r"(?P<name>[a-z_]+)\.v(?P<version>\d+)(?:\.(?P<lang>[a-z]{2}))?\.j2")

_FRONT = re.compile(r"\A---\n(.*?)\n---\n(.*)\Z", re.DOTALL)
_SECTION = re.compile(r"^\[\[(system|user|assistant|text)\]\]\n", re.MULTILINE)
_TEMPLATE = "<template>"  # jinja's name for the code of a template made from a string


class FrontMatter(BaseModel):
    """The declarations at the head of a prompt file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    version: int
    purpose: Purpose
    language: Language
    inputs: tuple[str, ...]
    output: Output
    max_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptSection:
    """One turn of a prompt; ``line`` is that of the file on which its text begins."""

    role: str
    text: str
    line: int

    def parsed(self) -> nodes.Template:
        """Its syntax tree; raises TemplateSyntaxError."""
        return _environment().parse(self.text)

    def compiled(self) -> Template:
        return _environment().from_string(self.text)


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """A loaded prompt. ``id`` is what traces carry: ``rerank/label.v1.en#1a2b3c4d``."""

    id: str
    front: FrontMatter
    path: Path
    sections: tuple[tuple[PromptSection, Template], ...]

    @property
    def mode(self) -> Mode:
        """The scoring mode that the prompt's output is for.

        Raises:
            PromptError: it is not for ranking.
        """
        mode = KINDS[self.front.output].mode
        if mode is None:
            raise PromptError(
                "prompt {prompt!r} is for {purpose!r}, not for ranking; choose one with purpose "
                "'rerank'",
                prompt=self.id,
                purpose=self.front.purpose,
            )
        return mode

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
                "prompt {prompt!r} takes the inputs {declared}, got {given}",
                prompt=self.id,
                declared=sorted(self.front.inputs),
                given=sorted(inputs),
            )
        rendered: list[tuple[str, str]] = []
        for section, template in self.sections:
            try:
                rendered.append((section.role, template.render(**inputs)))
            except Exception as error:  # a template can raise anything
                raise PromptError(
                    "prompt {path!r}, line {line}, cannot be rendered: {error}",
                    path=str(self.path),
                    line=_failed_at(error, section),
                    error=error,
                ) from error
        return rendered


def parse(path: Path) -> Prompt:
    """Read and check one prompt file.

    Raises:
        PromptError: it cannot be read, or its name, declarations and templates do not agree; the
            message names file and line.
    """
    try:
        source = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise PromptError(
            "cannot read prompt {path!r}: {error}", path=str(path), error=error
        ) from error
    parts = _FRONT.match(source)
    if not parts:
        raise PromptError(
            "prompt {path!r} must begin with front matter between '---' lines", path=str(path)
        )
    front = _front_matter(path, parts[1])
    sections = _sections(path, source, start=parts.start(2))
    if KINDS[front.output].continued != (sections[0].role == "text"):
        raise PromptError(
            "prompt {path!r}, line {line}: only outputs 'likelihood' and 'act' use a section "
            "[[text]], and they need it",
            path=str(path),
            line=sections[0].line - 1,
        )
    used = _used(path, sections)
    _check_inputs(path, front, used, declared_at=_line_of("inputs", parts[1]))
    digest = hashlib.sha256(source.encode()).hexdigest()[:8]
    return Prompt(
        id=f"{front.purpose}/{front.name}.v{front.version}.{front.language}#{digest}",
        front=front,
        path=path,
        sections=tuple((section, section.compiled()) for section in sections),
    )


def _front_matter(path: Path, text: str) -> FrontMatter:
    try:
        front = FrontMatter.model_validate(yaml.safe_load(text))
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(map(str, first["loc"]))
        raise PromptError(
            "prompt {path!r}, line {line}, front matter: {key}: {problem}",
            path=str(path),
            line=_line_of(key, text),
            key=key,
            problem=first["msg"],
        ) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 2 if error.problem_mark else 1
        raise PromptError(
            "prompt {path!r}, line {line}, front matter: {problem}",
            path=str(path),
            line=line,
            problem=error.problem,
        ) from error
    except yaml.YAMLError as error:
        raise PromptError(
            "prompt {path!r}, line 1, front matter: {error}", path=str(path), error=error
        ) from error
    match = FILE.fullmatch(path.name)
    declared = (front.name, front.version, front.language)
    if not match or (match["name"], int(match["version"]), match["lang"] or "en") != declared:
        raise PromptError(
            "prompt {path!r}: the file name does not match the front matter {declared}; call the "
            "file NAME.vVERSION.j2, or NAME.vVERSION.zh.j2 in Chinese",
            path=str(path),
            declared=declared,
        )
    kind = KINDS[front.output]
    if kind.purpose != front.purpose:
        raise PromptError(
            "prompt {path!r}, line {line}: output {output!r} belongs to purpose {wanted!r}, not "
            "{purpose!r}",
            path=str(path),
            line=_line_of("output", text),
            output=front.output,
            wanted=kind.purpose,
            purpose=front.purpose,
        )
    return front


def _sections(path: Path, source: str, *, start: int) -> list[PromptSection]:
    heads = list(_SECTION.finditer(source, start))
    ends = [*(head.start() for head in heads[1:]), len(source)]
    sections = [
        PromptSection(
            role=head[1],
            text=source[head.end() : end].removesuffix("\n"),
            line=_line_at(source, head.end()),
        )
        for head, end in zip(heads, ends, strict=False)
    ]
    roles = [section.role for section in sections]
    before = source[start : heads[0].start()] if heads else source[start:]
    if before.strip() or not heads or ("text" in roles and roles != ["text"]):
        raise PromptError(
            "prompt {path!r}, line {line}: the front matter must be followed by sections "
            "[[system]], [[user]], [[assistant]], or by a single section [[text]]",
            path=str(path),
            line=_line_at(source, start),
        )
    return sections


def _used(path: Path, sections: Sequence[PromptSection]) -> dict[str, int]:
    """The names that the templates do not define themselves, each with its first line."""
    used: dict[str, int] = {}
    for section in sections:
        try:
            tree = section.parsed()
            names = meta.find_undeclared_variables(tree)
            section.compiled()
        except TemplateSyntaxError as error:
            raise PromptError(
                "prompt {path!r}, line {line}: {problem}",
                path=str(path),
                line=section.line + error.lineno - 1,
                problem=error.message,
            ) from error
        for node in tree.find_all(nodes.Name):
            if node.name in names:
                used.setdefault(node.name, section.line + node.lineno - 1)
    return used


def _check_inputs(
    path: Path, front: FrontMatter, used: Mapping[str, int], *, declared_at: int
) -> None:
    declared, kind = set(front.inputs), KINDS[front.output]
    if declared != set(used):
        unlike = sorted(
            [(used[name], name) for name in used.keys() - declared]
            + [(declared_at, name) for name in declared - used.keys()]
        )
        lines = ", ".join(f"{name!r} in line {line}" for line, name in unlike)
        raise PromptError(
            "prompt {path!r} declares the inputs {declared} but uses {used} ({lines}); make them "
            "match",
            path=str(path),
            declared=sorted(declared),
            used=sorted(used),
            lines=lines,
        )
    for name in sorted(declared - kind.may):
        raise PromptError(
            "prompt {path!r}, line {line}: output {output!r} has no input {input!r}; known "
            "inputs: {known}",
            path=str(path),
            line=used[name],
            input=name,
            output=front.output,
            known=", ".join(sorted(kind.may)),
        )
    for name in sorted(kind.must - declared):
        raise PromptError(
            "prompt {path!r}, line {line}: output {output!r} needs the input {input!r}",
            path=str(path),
            line=declared_at,
            output=front.output,
            input=name,
        )


def _line_of(key: str, front: str) -> int:
    """The line of the file on which a key of the front matter stands; 1 if it does not."""
    first = re.escape(key.partition(".")[0])
    at = re.search(rf"^{first}\s*:", front, re.MULTILINE) if key else None
    return _line_at(front, at.start()) + 1 if at else 1


def _line_at(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


def _failed_at(error: BaseException, section: PromptSection) -> int:
    """The line of the file where a template failed; its section's first if nothing tells."""
    line, trace = 1, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _TEMPLATE:
            line = trace.tb_lineno
        trace = trace.tb_next
    return section.line + line - 1


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
    )
    cast("Any", environment).filters |= {
        "line": one_line, "caption": caption, "full_caption": full_caption,
    }  # fmt: skip
    return environment
