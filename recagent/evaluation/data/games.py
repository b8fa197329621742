"""Amazon Video Games with the frozen candidates of a published table, read where they lie.

Research only: no line of them is part of the package. Who is asked about, and among what, is as
published; only the order in which candidates are listed is ours.

Source: Hou et al., "Large language models are zero-shot rankers for recommender systems", ECIR
2024, arXiv 2305.08845.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence, Set
from pathlib import Path

from recagent.domain import Case, Event, Item, RatingScale, Scene
from recagent.errors import DataError
from recagent.evaluation.data.files import at_line, data_folder, fingerprint, table_rows
from recagent.evaluation.data.sequences import check_known, next_item_case, purchases_in_order
from recagent.offline.data_set import Data
from recagent.offline.order import stable_shuffle

SCENE = "games"
CANDIDATES = 20
_FEWEST = 3
_SETS = {"200": "candidates_200.tsv", "6k": "candidates_6k.tsv.gz"}
_ITEMS, _SEQUENCES = "items.tsv.gz", "sequences_test_inter.tsv.gz"

_NOTE = (
    "Amazon Video Games, research only. Candidates as published with LLMRank (ECIR 2024): the "
    "target and the first 19 others of each line. The 200 and the 6,000 people are two "
    "populations: their rows must not be mixed. There are no times: days are made up from the "
    "order. Some negatives of the 6,000 are games that the person has; they stay, as published."
)


def read_games(path: Path | None) -> Data:
    """Reads the data set in a folder; its sets of cases are ``200``, ``6k`` and ``validation``.

    Events are everybody's sequence without its last two items: the last is the target, the one
    before it is in the case's history alone. Validation is of all others: the last but one is the
    target, and the 19 other candidates are drawn alike, as the published ones seem to be.

    Raises:
        ConfigError: the folder or one of its files is not there.
        DataError: a line that cannot be used.
    """
    names = (_ITEMS, _SEQUENCES, *_SETS.values())
    home = data_folder(path, source="games", needs=names)
    items = [
        Item(id=item_id, scene=SCENE, title=title)
        for _, (item_id, title) in table_rows(home / _ITEMS, count=2, header=True)
    ]
    scenes = {item.id: SCENE for item in items}
    histories, targets = _sequences(home / _SEQUENCES, scenes)
    case_sets = {
        name: _cases(home / file, scenes, histories, targets) for name, file in _SETS.items()
    }
    reported = {case.user_id for cases in case_sets.values() for case in cases}
    case_sets["validation"] = _validation(histories, list(scenes), without=reported)
    training = [event for events in histories.values() for event in events[:-1]]
    return Data(
        name="games",
        scenes={SCENE: Scene(name=SCENE, labels={"en": "Video games", "zh": "电子游戏"})},
        items=items,
        events=sorted(training, key=lambda event: event.at),
        users={},
        scale=RatingScale(),
        case_sets=case_sets,
        fingerprint=fingerprint(home / name for name in names),
        note=_NOTE,
        timed=False,
    )


def _sequences(
    path: Path, scenes: Mapping[str, str]
) -> tuple[dict[str, list[Event]], dict[str, str]]:
    """Returns everybody's history, oldest first, and target."""
    histories: dict[str, list[Event]] = {}
    targets: dict[str, str] = {}
    for number, (user_id, sequence, target) in table_rows(path, count=3, header=True):
        ids = sequence.split()
        with at_line(path, number):
            check_known([*ids, target], scenes)
            if user_id in targets:
                raise DataError("person {user_id!r} is listed twice", user_id=user_id)
        histories[user_id] = purchases_in_order(user_id, ids, scenes=scenes)
        targets[user_id] = target
    return histories, targets


def _cases(
    path: Path,
    scenes: Mapping[str, str],
    histories: Mapping[str, Sequence[Event]],
    targets: Mapping[str, str],
) -> list[Case]:
    cases: list[Case] = []
    for number, (user_id, candidates) in table_rows(path, count=2, header=False):
        with at_line(path, number):
            if user_id not in targets:
                raise DataError("unknown person {user_id!r}", user_id=user_id)
            target = targets[user_id]
            others = [item_id for item_id in candidates.split() if item_id != target][
                : CANDIDATES - 1
            ]
            check_known(others, scenes)
            if len(set(others)) < CANDIDATES - 1:
                raise DataError(
                    "{count} candidates beside the target instead of 19", count=len(set(others))
                )
        cases.append(_case(f"{user_id}/{SCENE}", histories[user_id], target, others))
    if not cases:
        raise DataError("{path!r} has no candidates; give the file as published", path=str(path))
    return cases


def _validation(
    histories: Mapping[str, Sequence[Event]], items: Sequence[str], *, without: Set[str]
) -> list[Case]:
    """Returns a case of everybody with three items or more, but for ``without``."""
    cases: list[Case] = []
    for user_id, history in histories.items():
        if user_id in without or len(history) < _FEWEST:
            continue
        seen_items, target = {event.item_id for event in history}, history[-1].item_id
        chance = random.Random(f"validation {user_id}")  # noqa: S311 - not a secret
        drawn = chance.sample(items, min(len(items), CANDIDATES + len(seen_items)))
        others = [item_id for item_id in drawn if item_id not in seen_items][: CANDIDATES - 1]
        cases.append(_case(f"{user_id}/{SCENE}/validation", history[:-1], target, others))
    return cases


def _case(case_id: str, history: Sequence[Event], target: str, others: Sequence[str]) -> Case:
    listing = stable_shuffle([target, *others], "listing", history[0].user_id)
    return next_item_case(case_id, history, scene=SCENE, candidates=listing, target=target)
