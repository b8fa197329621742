"""Leak checks: an answer that could be known beforehand is an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from recagent.domain import Case, Event
from recagent.errors import DataError
from recagent.offline.data_set import Data, Questions
from recagent.offline.results import Result
from recagent.offline.splits import events_by_user


def check_leaks(questions: Questions, data: Data) -> None:
    """Checks all cases.

    A candidate that is not judged must be one that the person never had an event on, before or
    after; only in cases that come with the data (``Data.case_sets``) published candidates stay.

    Of a global split, training and histories end for everybody at one moment: what was liked later,
    by anybody, is popularity that nobody could know.

    Raises:
        DataError: an event of a history is not before its target; a judged item is in the history,
            or in training for the same person; training holds an event of a person from after
            their history's end, or of anybody from after the moment of a global split; a candidate
            was met by the person. It names case, item and time.
    """
    _check_moment(questions)
    people = {case.user_id for case in questions.cases}
    training = events_by_user(event for event in questions.training if event.user_id in people)
    ever = events_by_user(event for event in data.events if event.user_id in people)
    published = {(case.id, case.item_ids) for cases in data.case_sets.values() for case in cases}
    for case in questions.cases:
        _check_history(case, ever.get(case.user_id, []))
        _check_training(case, training.get(case.user_id, []))
        if (case.id, case.item_ids) not in published:
            _check_candidates(case, ever.get(case.user_id, []))


def check_same_answers(plain: Result, altered: Result) -> None:
    """Refuses a system whose answer to a case changes with what people did later.

    Args:
        plain: its answer to the case as it stands.
        altered: its answer where the events after the moment of the split are others.

    Raises:
        DataError: the answers differ; names system and case.
    """
    if plain.scores != altered.scores:
        raise DataError(
            "system {system!r} answers case {case!r} otherwise when events after the moment of the "
            "split are others: it knows what happened later; have it learn from training events "
            "alone",
            system=plain.system,
            case=plain.case,
        )


def alter_later_events(data: Data, questions: Questions) -> Data:
    """Returns the data as if after the moment of the split everybody had met other items.

    Each later event is moved to the next item of its scene that has later events, in the order of
    their ids. Whatever learns from training alone cannot tell.

    Raises:
        DataError: the questions are not of a global split.
    """
    if questions.cut is None:
        raise DataError(
            "only a global split has a moment after which events can be altered; choose "
            'split = "global"'
        )
    moved: dict[tuple[str, str], str] = {}
    for scene in data.scenes:
        later = (e.item_id for e in data.events if e.at >= questions.cut and e.scene == scene)
        ids = sorted(set(later))
        moved |= {(scene, one): other for one, other in zip(ids, ids[1:] + ids[:1], strict=True)}
    events = [
        replace(event, item_id=moved.get((event.scene, event.item_id), event.item_id))
        if event.at >= questions.cut
        else event
        for event in data.events
    ]
    return replace(data, events=events)


def _check_moment(questions: Questions) -> None:
    """Refuses training events of the moment of a global split, or later."""
    if questions.cut is None:
        return
    for event in questions.training:
        if event.at >= questions.cut:
            raise DataError(
                "the training events contain {item_id!r} of {user_id!r} at {at!r}, not before the "
                "moment of the split, {cut!r}; remove it from them",
                item_id=event.item_id,
                user_id=event.user_id,
                at=event.at.isoformat(),
                cut=questions.cut.isoformat(),
            )


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
