"""The cases that an experiment declares: drawn, given with the data, or of a researcher's own file.

Each line of a file (``cases.jsonl``) is checked against the data. It is one JSON object:
``user_id``, ``scene``, ``judgments`` (grade by item id), ``item_ids`` (the candidates in the order
in which they are listed; without them the whole scene is ranked), and ``before``: an ISO time, from
which on nothing of the person is known; ``wish``: what is wanted, in words, also by people of whom
nothing is known.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from recagent.domain import Case, Event
from recagent.errors import DataError
from recagent.evaluation.data.files import at_line, json_rows, valid_row
from recagent.evaluation.experiment import CasesSection
from recagent.locale import LocalizedText
from recagent.offline.cases import given_cases, limit_to_scenes, make_cases
from recagent.offline.cold_splits import split_new_items, split_new_people, split_new_scene
from recagent.offline.data_set import Data, Questions
from recagent.offline.splits import Split, events_by_user, split

Name = Annotated[str, Field(min_length=1)]


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, coerce_numbers_to_str=True)

    user_id: Name
    scene: Name
    judgments: Annotated[dict[Name, Annotated[int, Field(ge=0)]], Field(min_length=1)]
    item_ids: tuple[Name, ...] = ()
    before: datetime | None = None
    wish: str = ""

    @field_validator("before")
    @classmethod
    def _with_zone(cls, value: datetime | None) -> datetime | None:
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


def declared_cases(data: Data, section: CasesSection, *, folder: Path) -> Questions:
    """Returns the cases that ``[cases]`` declares, and what may be learnt from.

    Args:
        data: whom and what they are about.
        section: their origin, number and candidates.
        folder: where a file of cases is looked for.

    Raises:
        DataError: an unknown scene or set, too few items to draw from, or a broken file of cases.
    """
    if section.file:
        questions = load_cases(folder / section.file, data)
        return limit_to_scenes(questions, data, section.scenes, section.number)
    if section.given:
        return given_cases(
            data,
            section.given,
            scenes=section.scenes,
            number=section.number,
            seed=section.seed,
        )
    cut = _split(data, section)
    return make_cases(
        data,
        cut,
        scenes=section.scenes,
        number=section.number,
        candidates=section.candidates,
        negatives=section.negatives,
        seed=section.seed,
    )


def _split(data: Data, section: CasesSection) -> Split:
    match section.split:
        case "new-people":
            return split_new_people(
                data, people=section.people, share=section.share, at=section.at, shown=section.shown
            )
        case "new-items":
            return split_new_items(
                data,
                people=section.people,
                min_history=section.min_history,
                share=section.share,
                at=section.at,
            )
        case "new-scene":
            return split_new_scene(
                data, section.scenes, people=section.people, min_history=section.min_history
            )
        case how:
            return split(
                data,
                how=how,
                people=section.people,
                per_scene=section.per_scene,
                min_history=section.min_history,
                share=section.share,
                at=section.at,
            )


def load_cases(path: Path, data: Data) -> Questions:
    """Returns a file's cases, in its order; a person's history is their events before ``before``.

    Training holds everybody's events, of the people in the file only those before their first
    ``before``.

    Raises:
        DataError: the file cannot be read, or a line cannot be used: unknown person, scene or item,
            a judged item that is no candidate or is in the history, doubled ids. It names file,
            line and value.
    """
    events_of = events_by_user(data.events)
    items: dict[str, set[str]] = {scene: set() for scene in data.scenes}
    for item in data.items:
        items[item.scene].add(item.id)
    cases: dict[str, Case] = {}
    ends: dict[str, datetime] = {}
    for number, row in json_rows(path):
        with at_line(path, number):
            line = valid_row(_Line, row)
            is_known = line.user_id in events_of or line.user_id in data.users
            if not is_known and not line.wish:
                raise DataError("unknown person {user_id!r}", user_id=line.user_id)
            _check_items(line, items)
            events = events_of.get(line.user_id, [])
            history = [event for event in events if line.before is None or event.at < line.before]
            _check_seen(line, history, events)
            case_id = "/".join(filter(None, (line.user_id, line.scene, line.wish)))
            if case_id in cases:
                wish = LocalizedText(" with wish {wish!r}", wish=line.wish) if line.wish else ""
                raise DataError(
                    "{user_id!r} occurs twice in {scene!r}{wish}",
                    user_id=line.user_id,
                    scene=line.scene,
                    wish=wish,
                )
        if line.before:
            ends[line.user_id] = min(line.before, ends.get(line.user_id, line.before))
        cases[case_id] = Case(
            id=case_id,
            user_id=line.user_id,
            scene=line.scene,
            item_ids=line.item_ids,
            judgments=line.judgments,
            history=tuple(reversed(history)),
            user=data.users.get(line.user_id),
            wish=line.wish,
        )
    if not cases:
        raise DataError("{path!r} has no cases; write one JSON object per line", path=str(path))
    training = [
        event
        for event in data.events
        if event.user_id not in ends or event.at < ends[event.user_id]
    ]
    return Questions(cases=list(cases.values()), training=training)


def _check_items(line: _Line, items: Mapping[str, set[str]]) -> None:
    if line.scene not in items:
        raise DataError(
            "unknown scene {scene!r}; known scenes: {known}",
            scene=line.scene,
            known=", ".join(items),
        )
    for item_id in (*line.item_ids, *line.judgments):
        if item_id not in items[line.scene]:
            raise DataError(
                "scene {target_scene!r} has no item {item_id!r}",
                target_scene=line.scene,
                item_id=item_id,
            )
    for item_id, count in Counter(line.item_ids).items():
        if count > 1:
            raise DataError("candidate {item_id!r} is listed twice", item_id=item_id)
    for item_id in line.judgments:
        if line.item_ids and item_id not in line.item_ids:
            raise DataError(
                "missing candidate: {item_id!r} is judged but not listed", item_id=item_id
            )
    if not any(line.judgments.values()):
        raise DataError("no item is judged relevant")


def _check_seen(line: _Line, history: Sequence[Event], events: Sequence[Event]) -> None:
    seen_before, seen_ever = ({event.item_id for event in some} for some in (history, events))
    for item_id in line.judgments:
        if item_id in seen_before:
            raise DataError(
                "the judged item {item_id!r} is in the history; set before", item_id=item_id
            )
    for item_id in line.item_ids:
        if item_id in seen_ever and item_id not in line.judgments:
            raise DataError(
                "{user_id!r} has already seen the candidate {item_id!r}",
                user_id=line.user_id,
                item_id=item_id,
            )
