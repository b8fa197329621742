"""Amazon reviews of people who buy both art supplies and office products, read where they lie.

Research only: no line of them is part of the package. Candidates are frozen in the files.

Source: URLLM, arXiv 2406.03085, whose cut of the reviews this is.
"""

from __future__ import annotations

from collections.abc import Container, Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from recagent.domain import Case, Event, Item, RatingScale, Scene
from recagent.errors import DataError
from recagent.evaluation.data.files import (
    at_line,
    data_folder,
    fingerprint,
    json_rows,
    table_rows,
    valid_row,
)
from recagent.evaluation.data.sequences import next_item_case, purchases_in_order
from recagent.offline.data_set import Data
from recagent.offline.order import stable_shuffle

SCENES = {
    "art": Scene(name="art", labels={"en": "Art & craft supplies", "zh": "美术与手工用品"}),
    "office": Scene(name="office", labels={"en": "Office products", "zh": "办公用品"}),
}
KINDS = ("uniform", "popular")
_ITEMS, _PEOPLE = "items.tsv.gz", "users.train_test.jsonl.gz"
_CANDIDATES = "candidates_20.test.jsonl.gz"


class _Person(BaseModel):
    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)

    user_id: str
    split: Literal["train", "test"]
    history: Annotated[tuple[str, ...], Field(min_length=1)]
    targets: dict[str, str]


class _Candidates(BaseModel):
    model_config = ConfigDict(frozen=True, coerce_numbers_to_str=True)

    user_id: str
    target_scene: str
    kind: Literal["uniform", "popular"]
    target: str
    candidates: tuple[str, ...]


def read_art_office(path: Path | None) -> Data:
    """Reads the data set in a folder; its sets of cases are ``uniform`` and ``popular``.

    Events are everybody's histories, and the targets of the train people. A case whose target is
    in its own history is left out; the note says how many.

    Raises:
        ConfigError: the folder or one of its files is not there.
        DataError: a line that cannot be used.
    """
    names = (_ITEMS, _PEOPLE, _CANDIDATES)
    home = data_folder(path, source="art_office", needs=names)
    items = _items(home / _ITEMS)
    scenes = {item.id: item.scene for item in items}
    histories, train = _people(home / _PEOPLE, scenes)
    case_sets, repeated = _cases(home / _CANDIDATES, scenes, histories)
    training = [event for events in (*histories.values(), *train.values()) for event in events]
    return Data(
        name="art_office",
        scenes=SCENES,
        items=items,
        events=sorted(training, key=lambda event: event.at),
        users={},
        scale=RatingScale(),
        case_sets=case_sets,
        fingerprint=fingerprint(home / name for name in names),
        note=(
            "Amazon reviews, research only, of people with a history in both scenes. There are no "
            f"times: days are made up from the order. {repeated} cases are left out whose target "
            "is in their own history."
        ),
        timed=False,
    )


def _items(path: Path) -> list[Item]:
    items: list[Item] = []
    for number, (item_id, scene, title, category) in table_rows(path, count=4, header=True):
        with at_line(path, number):
            if scene not in SCENES:
                raise DataError("unknown scene {scene!r}", scene=scene)
        attributes = {"category": category} if category.strip() else {}
        items.append(Item(id=item_id, scene=scene, title=title, attributes=attributes))
    return items


def _people(
    path: Path, scenes: Mapping[str, str]
) -> tuple[dict[str, list[Event]], dict[str, list[Event]]]:
    """Returns histories, oldest first, of test people; of train people with their targets."""
    test: dict[str, list[Event]] = {}
    train: dict[str, list[Event]] = {}
    for number, row in json_rows(path):
        with at_line(path, number):
            person = valid_row(_Person, row)
            ids = list(person.history)
            if person.split == "train":
                ids += person.targets.values()
            events = purchases_in_order(person.user_id, ids, scenes=scenes)
        group = test if person.split == "test" else train
        group[person.user_id] = events
    return test, train


def _cases(
    path: Path, scenes: Mapping[str, str], histories: Mapping[str, list[Event]]
) -> tuple[dict[str, list[Case]], int]:
    """Returns cases by the kind of their negatives, and how many people and scenes are left out."""
    case_sets: dict[str, list[Case]] = {kind: [] for kind in KINDS}
    repeated: set[str] = set()
    for number, row in json_rows(path):
        with at_line(path, number):
            line = valid_row(_Candidates, row)
            _check(line, scenes, histories)
        case_id = f"{line.user_id}/{line.target_scene}"
        history = histories[line.user_id]
        if any(event.item_id == line.target for event in history):
            repeated.add(case_id)
            continue
        listing = stable_shuffle(line.candidates, "listing", case_id)
        case_sets[line.kind].append(
            next_item_case(
                case_id, history, scene=line.target_scene, candidates=listing, target=line.target
            )
        )
    return case_sets, len(repeated)


def _check(line: _Candidates, scenes: Mapping[str, str], people: Container[str]) -> None:
    if line.user_id not in people:
        raise DataError("unknown test person {user_id!r}", user_id=line.user_id)
    for item_id in line.candidates:
        if scenes.get(item_id) != line.target_scene:
            raise DataError(
                "scene {target_scene!r} has no item {item_id!r}",
                target_scene=line.target_scene,
                item_id=item_id,
            )
    if line.target not in line.candidates:
        raise DataError("missing candidate: the target {target!r}", target=line.target)
