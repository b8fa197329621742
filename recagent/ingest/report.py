"""What was found in raw files and what was done about it: counted, with examples.

Its sentences, in English and Chinese, are in ``locale/phrases/problems.toml``.
"""

from __future__ import annotations

import dataclasses
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from recagent.domain import Language
from recagent.locale import Phrases

# What is wrong, the next step, and the next step on the command line where that is another one.
PROBLEMS = Phrases[Sequence[str]]("problems", "problems")
STEPS = Phrases[str]("problems", "steps")
LINES = Phrases[str]("problems", "lines")
# Kinds of problem that are worth knowing and stop nothing.
NOTES = frozenset(
    {"several scenes", "amounts", "no times", "alike ids", "alike people", "prices", "thousands",
     "orphan kept", "many lines", "early time", "undeclared scene", "undeclared person",
     "other prices", "mixed column", "not filled", "html", "busy people", "repeats",
     "near duplicates", "no clock", "unused attribute", "hidden column",
     "english vectors", "read as", "unread columns", "scale", "none liked", "one scene",
     "day-first", "month-first", "decimal commas", "items of log", "ids of log",
     "attributes of log", "empty quota", "unread meant", "attribute meant"}
)  # fmt: skip

_SHOWN = 60  # characters of a value
_FACT = 200  # of what we say about it
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing that is wrong, or worth knowing, at one place.

    Attributes:
        kind: a key of ``PROBLEMS``.
        file: where; empty for the catalogue as a whole.
        row: from 1, the header apart; None where it is no single row's.
        field: column or attribute.
        value: as it stands there, shortened to one line.
        facts: further words that the sentence needs.
        by_command: whether the next step is one for the command line, where that is another.
    """

    kind: str
    file: str = ""
    row: int | None = None
    field: str = ""
    value: str = ""
    facts: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    by_command: bool = False

    def says(self, lang: Language = "en") -> str:
        """Returns what is wrong."""
        return PROBLEMS[lang][self.kind][0].format_map(self._facts())

    def fix(self, lang: Language = "en") -> str:
        """Returns the next step."""
        next_steps = PROBLEMS[lang][self.kind][1:]
        return next_steps[-1 if self.by_command else 0].format_map(self._facts())

    def line(self, lang: Language = "en") -> str:
        """Returns all of it in one line: file, row, what is wrong, the next step."""
        row = "" if self.row is None else LINES[lang]["row"].format(row=self.row)
        places = LINES[lang]["list"].join(filter(None, [self.file and repr(self.file), row]))
        place = f"{places}{LINES[lang]['colon']}" if places else ""
        return f"{place}{self.says(lang)}{LINES[lang]['then']}{self.fix(lang)}"

    def place(self, lang: Language = "en") -> str:
        """Returns its row, and what stands there."""
        row = LINES[lang]["row"].format(row=self.row)
        return f"{row} {self.value!r}" if self.value else row

    def in_language(self, lang: Language) -> str:
        """Returns the same as ``line``."""
        return self.line(lang)

    def __str__(self) -> str:
        return self.line()

    def _facts(self) -> dict[str, str]:
        key = _toml_key(self.field or self.value)
        return {**self.facts, "field": self.field, "value": self.value, "key": key}


@dataclass(slots=True, kw_only=True)
class ProblemGroup:
    """All problems of one kind in one file: how many, and the first few."""

    count: int = 0
    examples: list[Problem] = dataclasses.field(default_factory=list[Problem])

    def line(self, lang: Language = "en", *, with_file: bool = True) -> str:
        """Returns one line: how many, the first as a sentence, the rows of the other kept ones.

        Args:
            lang: of the sentence.
            with_file: whether the file is named.
        """
        first, *others = self.examples
        sentence = (first if with_file else dataclasses.replace(first, file="")).line(lang)
        places = [other.place(lang) for other in others if other.row is not None]
        also = LINES[lang]["also"].format(others=LINES[lang]["list"].join(places)) if places else ""
        return f"{self.count} × {sentence}{also}" if self.count > 1 else f"{sentence}{also}"


@dataclass(slots=True, kw_only=True)
class ChangeSummary:
    """What one cleaning step did to one field: how often, and the first case."""

    count: int = 0
    before: str = ""
    after: str = ""


class Report:
    """Collects problems, notes and changes, in the order in which they are met.

    Attributes:
        files: every file that was read.
        scenes: items by scene.
        scripts: items by the script of their title: ``Chinese``, ``Latin``, ``other``.
        people: number of those who have an event.
        columns: by file, our field -> column: problems name fields by the file's own columns.
        item_columns: by file of events, the columns of which items were made.
        changes: by step, field, and file or scene, what was cleaned.
    """

    def __init__(self, *, examples: int = 5, by_command: bool = False) -> None:
        """Makes an empty report.

        Args:
            examples: how many problems of one kind and file are kept; all are counted.
            by_command: whether the files were named on the command line and not in a config file,
                so that the advice is one for there.
        """
        self.by_command = by_command
        self.files: list[Reading] = []
        self.scenes: Counter[str] = Counter()
        self.scripts: Counter[str] = Counter()
        self.people = 0
        self._limit = examples
        self.columns: dict[str, Mapping[str, str]] = {}
        self.item_columns: dict[str, frozenset[str]] = {}
        self.changes: dict[tuple[str, str, str], ChangeSummary] = {}
        self._groups: dict[tuple[str, str], ProblemGroup] = {}

    def note(
        self,
        kind: str,
        *,
        file: str = "",
        row: int | None = None,
        field: str = "",
        value: object = "",
        facts: Mapping[str, str] | None = None,
    ) -> None:
        """Count a problem or a note; the arguments are the attributes of ``Problem``."""
        if self.counted(kind, file):
            return
        problem = Problem(
            kind=kind,
            file=file,
            row=row,
            field=shown(self._column(file, field)),
            value=shown(value),
            facts=facts or {},
            by_command=self.by_command,
        )
        group = self._groups.setdefault((kind, file), ProblemGroup())
        group.count += 1
        if len(group.examples) < self._limit:
            group.examples.append(problem)

    def counted(self, kind: str, file: str) -> bool:
        """Count one more of a kind that has its examples already; False where it has not."""
        group = self._groups.get((kind, file))
        if group is None or len(group.examples) < self._limit:
            return False
        group.count += 1
        return True

    def _column(self, file: str, field: str) -> str:
        return self.columns.get(file, {}).get(field, field)

    def changed(
        self, step: str, field: str, *, source: str, before: str, after: str, count: int = 1
    ) -> None:
        """Count a change that a cleaning step made to ``field`` in ``source`` (a file or scene)."""
        key = (step, self._column(source, field), source)
        change = self.changes.setdefault(key, ChangeSummary())
        if not change.count:
            change.before, change.after = _as_it_is(before), _as_it_is(after)
        change.count += count

    @property
    def problems(self) -> Mapping[tuple[str, str], ProblemGroup]:
        """By kind and file, what costs a row or a value."""
        return {key: group for key, group in self._groups.items() if key[0] not in NOTES}

    @property
    def notes(self) -> Mapping[tuple[str, str], ProblemGroup]:
        """By kind and file, what costs nothing and is worth knowing."""
        return {key: group for key, group in self._groups.items() if key[0] in NOTES}

    def examples(self) -> Iterator[Problem]:
        """Yields the kept problems, file by file as they were read, and row by row."""
        problems = [problem for group in self.problems.values() for problem in group.examples]
        yield from sorted(
            problems, key=lambda problem: (self._rank(problem.file), problem.row or 0)
        )

    def lines(self, lang: Language = "en") -> list[str]:
        """Returns a line for each kind of problem of a file, file by file as they were read."""
        groups = sorted(self.problems.items(), key=lambda pair: self._rank(pair[0][1]))
        return [group.line(lang) for _, group in groups]

    def _rank(self, file: str) -> int:
        ranks = {reading.file: rank for rank, reading in enumerate(self.files)}
        return ranks.get(file, len(ranks))


@dataclass(slots=True, kw_only=True, eq=False)
class Reading:
    """One file that is being read into a report; ``rows`` are ``used`` or ``left_out``.

    Attributes:
        report: of all files; this one joins them.
        file: its name, see ``file_name``.
        layout: ``CSV``, ``JSON lines``, ``Parquet``, ``RecBole``...
        holds: ``items``, ``events`` or ``users``.
        left_out: rows by the reason: a kind of problem, or a cleaning step.
        first: the first row, of a file without a header, whose columns are called by numbers.
    """

    report: Report
    file: str
    holds: str
    layout: str
    encoding: str = ""
    rows: int = 0
    first: Sequence[str] = ()
    left_out: Counter[str] = dataclasses.field(default_factory=Counter[str])

    def __post_init__(self) -> None:
        self.report.files.append(self)

    @property
    def used(self) -> int:
        """Rows that became an item, an event or a person."""
        return self.rows - self.left_out.total()

    def unusable(
        self, row: int | None, kind: str, *, field: str = "", value: object = "", **facts: object
    ) -> None:
        """Leave a row out, and say why; raises as ``Report.note``."""
        self.left_out[kind] += 1
        self.note(row, kind, field=field, value=value, **facts)

    def note(
        self, row: int | None, kind: str, *, field: str = "", value: object = "", **facts: object
    ) -> None:
        """Say something of a row that stays; raises as ``Report.note``."""
        if not self.report.counted(kind, self.file):  # only the first of millions need their words
            words = {name: shown(fact, limit=_FACT) for name, fact in facts.items()}
            self.report.note(kind, file=self.file, row=row, field=field, value=value, facts=words)

    def leave_out(self, step: str, *, field: str, value: object) -> None:
        """Leave a row out because a cleaning step says so."""
        self.left_out[step] += 1
        self.changed(step, field, before=str(value), after="")

    def changed(self, step: str, field: str, *, before: str, after: str, count: int = 1) -> None:
        """Count what a cleaning step did to a value that ``count`` rows have."""
        self.report.changed(step, field, source=self.file, before=before, after=after, count=count)


def shown(value: object, *, limit: int = _SHOWN) -> str:
    """Returns a foreign value as one printable line of ``limit`` characters."""
    text = " ".join(str(value)[: 10 * limit].split())
    text = "".join(char if char.isprintable() else _escaped(char) for char in text)
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _as_it_is(value: str) -> str:
    """Returns the beginning of a value with its spaces, since a step may change just these."""
    text = "".join(char if char.isprintable() else _escaped(char) for char in value[: 2 * _SHOWN])
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"


def _toml_key(name: str) -> str:
    """Returns a name as TOML wants it for a key: in quotes, unless it is of plain letters."""
    return name if _PLAIN_KEY.fullmatch(name) else f'"{name}"'


def _escaped(char: str) -> str:
    is_byte = "\udc80" <= char <= "\udcff"  # as surrogateescape keeps one that is no text
    return f"\\x{ord(char) - 0xDC00:x}" if is_byte else repr(char)[1:-1]


def file_name(path: Path) -> str:
    """Returns a file's name in reports: relative to the working directory if below it."""
    here = Path.cwd()
    return str(path.relative_to(here) if path.is_relative_to(here) else path)
