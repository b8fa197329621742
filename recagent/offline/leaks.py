"""Leak checks: an answer that could be known beforehand is an error."""

from __future__ import annotations

from collections.abc import Sequence

from recagent.domain import Case, Event
from recagent.errors import DataError
from recagent.offline.data_set import Data, Questions
from recagent.offline.splits import events_by_user


def check_leaks(questions: Questions, data: Data) -> None:
    """Checks all cases.

    A candidate that is not judged must be one that the person never had an event on, before or
    after; only in cases that come with the data (``Data.case_sets``) published candidates stay.

    Raises:
        DataError: an event of a history is not before its target; a judged item is in the history,
            or in training for the same person; training holds an event of a person from after
            their history's end; a candidate was met by the person. It names case, item and time.
    """
    people = {case.user_id for case in questions.cases}
    training = events_by_user(event for event in questions.training if event.user_id in people)
    ever = events_by_user(event for event in data.events if event.user_id in people)
    published = {(case.id, case.item_ids) for cases in data.case_sets.values() for case in cases}
    for case in questions.cases:
        _check_history(case, ever.get(case.user_id, []))
        _check_training(case, training.get(case.user_id, []))
        if (case.id, case.item_ids) not in published:
            _check_candidates(case, ever.get(case.user_id, []))


def _check_history(case: Case, events: Sequence[Event]) -> None:
    targets = [
        event.at
        for event in events
        if event.item_id in case.judgments and event.scene == case.scene
    ]
    for event in case.history:
        if event.user_id != case.user_id:
            raise DataError(
                "case {case!r}: its history contains {item_id!r} of another person, {user_id!r}; "
                "use only the person's own events",
                case=case.id,
                item_id=event.item_id,
                user_id=event.user_id,
            )
        if event.item_id in case.judgments:
            raise DataError(
                "case {case!r}: the judged item {item_id!r} is in the history; end the history "
                "before it",
                case=case.id,
                item_id=event.item_id,
            )
        if targets and event.at >= min(targets):
            raise DataError(
                "case {case!r}: {item_id!r} in the history, at {at!r}, is not before the target "
                "at {target!r}; end the history before the target",
                case=case.id,
                item_id=event.item_id,
                at=event.at.isoformat(),
                target=min(targets).isoformat(),
            )


def _check_training(case: Case, training: Sequence[Event]) -> None:
    end = max((event.at for event in case.history), default=None)
    for event in training:
        if event.item_id in case.judgments:
            raise DataError(
                "case {case!r}: the judged item {item_id!r} of {user_id!r} is in the training "
                "events; remove it from them",
                case=case.id,
                item_id=event.item_id,
                user_id=case.user_id,
            )
        if end is None or event.at > end:
            raise DataError(
                "case {case!r}: the training events contain {item_id!r} of {user_id!r} at "
                "{at!r}, after their history; remove it from them",
                case=case.id,
                item_id=event.item_id,
                user_id=case.user_id,
                at=event.at.isoformat(),
            )


def _check_candidates(case: Case, events: Sequence[Event]) -> None:
    seen_items = {event.item_id for event in (*events, *case.history)}
    for item_id in case.item_ids:
        if item_id in seen_items and item_id not in case.judgments:
            raise DataError(
                "case {case!r}: {user_id!r} has already seen the candidate {item_id!r}; choose "
                "one that they have not",
                case=case.id,
                user_id=case.user_id,
                item_id=item_id,
            )
