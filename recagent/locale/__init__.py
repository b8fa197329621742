"""What people read, in their language: English templates with named places, and translations.

A text keeps its template and the values of its places until somebody reads it. ``zh.toml`` has the
Chinese template under the English one, as gettext's catalogues do. A sentence that has been
rendered is never parsed again. Where code chooses a text by a key, ``phrases/`` has it in every
language.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from typing import Any, Literal, Protocol, TypeVar, runtime_checkable

Language = Literal["en", "zh"]
T = TypeVar("T")
LANGUAGES: tuple[Language, ...] = ("en", "zh")


def language_named(name: object) -> Language | None:
    """Returns the language of this name; None where there is none."""
    return next((lang for lang in LANGUAGES if lang == name), None)


@runtime_checkable
class Localizable(Protocol):
    """Something that can be rendered in every language; ``str`` of it is English."""

    def in_language(self, lang: Language) -> str:
        """Returns it as people read it in ``lang``."""
        ...


_for_clients: ContextVar[bool] = ContextVar("for_clients", default=False)


@contextmanager
def for_clients() -> Generator[None]:
    """What is rendered within is read by clients: a text that is not for them gives its other."""
    token = _for_clients.set(True)
    try:
        yield
    finally:
        _for_clients.reset(token)


def is_for_clients() -> bool:
    """Whether what is rendered now is read by clients of a server."""
    return _for_clients.get()


class LocalizedText:
    """A text for people, in every language; a value that does not change. ``str`` tells all of it.

    Attributes:
        template: in English, with the names of the values in braces; without values it is the
            text itself, braces and all.
        values: by name; one that is localizable itself is rendered in the same language.
        public: what clients of a server read in its place; None where they may read it.
    """

    __slots__ = ("public", "template", "values")

    def __init__(self, template: str, /, **values: object) -> None:
        self.template = template
        self.values: Mapping[str, object] = values
        self.public: LocalizedText | None = None

    def told_as(self, public: LocalizedText) -> LocalizedText:
        """Returns the same text, of which clients read ``public`` instead."""
        text = LocalizedText(self.template, **self.values)
        text.public = public
        return text

    def in_language(self, lang: Language) -> str:
        """Returns the text in ``lang``; its English template where that is not translated."""
        is_public = _for_clients.get()
        if is_public and self.public is not None:
            return self.public.in_language(lang)
        if lang == "en" and not is_public:
            return str(self)
        values = {
            name: value.in_language(lang) if isinstance(value, Localizable) else value
            for name, value in self.values.items()
        }
        return _filled(translations(lang).get(self.template, self.template), values)

    def __str__(self) -> str:
        return _filled(self.template, self.values)

    def __repr__(self) -> str:
        return f"LocalizedText({str(self)!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, LocalizedText) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


AnyText = str | LocalizedText


def render(text: AnyText, lang: Language) -> str:
    """Returns a text in ``lang``; a plain string is what it is."""
    return text if isinstance(text, str) else text.in_language(lang)


def joined(texts: Sequence[AnyText]) -> AnyText:
    """Returns one or more texts after each other, as one."""
    whole: AnyText = texts[0]
    for text in texts[1:]:
        whole = LocalizedText("{first}; {rest}", first=whole, rest=text)
    return whole


def render_unique(texts: Sequence[AnyText], lang: Language) -> str | None:
    """Returns the different texts after each other in ``lang``; None where there are none."""
    return render(joined(list(dict.fromkeys(texts))), lang) if texts else None


class Phrases(Mapping[Language, Mapping[str, T]]):
    """Texts by language and key, from one table of ``phrases/``; it is read when first needed.

    Args:
        file: name of the file, without ``.toml``.
        table: name of the table in it.
    """

    def __init__(self, file: str, table: str, /) -> None:
        self._file, self._table = file, table

    def __getitem__(self, lang: Language) -> Mapping[str, T]:
        return _toml(f"phrases/{self._file}")[self._table][lang]

    def __iter__(self) -> Iterator[Language]:
        return iter(LANGUAGES)

    def __len__(self) -> int:
        return len(LANGUAGES)


def translations(lang: Language) -> Mapping[str, str]:
    """Returns the templates of ``lang`` by the English ones; none for English itself."""
    return {} if lang == "en" else _toml(lang)


@cache
def _toml(name: str) -> Mapping[str, Any]:
    import tomllib  # noqa: PLC0415 - only who reads a text waits for it
    from pathlib import Path  # noqa: PLC0415

    path = Path(__file__).parent / f"{name}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def _filled(template: str, values: Mapping[str, object]) -> str:
    return template.format_map(values) if values else template
