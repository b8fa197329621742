"""Judged events of people's recent past, with what was known before: for like-probabilities."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from recagent.domain import Case, Event
from recagent.offline.models import Data
from recagent.offline.splits import SHARE
from recagent.profiles.building import JUDGMENTS, group_of, is_liked, rate
from recagent.retrieval import Interactions
from recagent.training.backtest import Study
from recagent.training.examples import OnProgress, proposed
from recagent.training.liking import Judgment


async def judgments(
    data: Data,
    *,
    number: int = 0,
    study: Study,
    limit: int,
    on_progress: OnProgress,
) -> list[Judgment]:
    """The last fifth of each person's judgments, on items that they had not met before.

    Everything that is known of item and person is from before the person's cut; what others did
    after their own cuts is not known either.

    Args:
        data: whose events are judged.
        number: of people at most, those with the earliest events; 0 is all.
        study: where sources are asked.
        limit: proposals of each; what it does not propose it says nothing of, as when serving.
        on_progress: told how many people are done.
    """
    by_user: dict[str, list[Event]] = {}
    for event in data.events:
        by_user.setdefault(event.user_id, []).append(event)
    cuts = {user_id: _cut(events) for user_id, events in by_user.items()}
    training = [e for e in data.events if (at := cuts[e.user_id]) is None or e.at < at]
    behaviour = Interactions(training, scale=data.scale)

    sources = await study.sources(behaviour)
    asked = [user_id for user_id in by_user if cuts[user_id]][: number or None]
    found: list[Judgment] = []
    for done, user_id in enumerate(asked, start=1):
        at = cuts[user_id]
        events = by_user[user_id]
        before = [event for event in events if at is not None and event.at < at]
        met = {event.item_id for event in before}
        held = {e.item_id: e for e in events[len(before) :] if _judges(e) and e.item_id not in met}
        person = rate(before, data.scale)
        for scene in sorted({event.scene for event in held.values()}):
            here = [event for event in held.values() if event.scene == scene]
            case = Case(
                id=user_id,
                user_id=user_id,
                scene=scene,
                item_ids=(),
                judgments={},
                history=tuple(reversed(before)),
                user=data.users.get(user_id),
            )
            query = await study.query(case)
            group = group_of(query.profile, scene)
            features = await proposed(query, sources=sources, limit=limit)
            found += [
                Judgment(
                    user_id=user_id,
                    liked=is_liked(event, data.scale),
                    features=features.get(event.item_id, {}),
                    item=behaviour.rate(event.item_id),
                    person=person,
                    group=group,
                )
                for event in here
            ]
        on_progress(done, len(asked))
    return found


def _judges(event: Event) -> bool:
    return event.kind in JUDGMENTS


def _cut(events: Sequence[Event]) -> datetime | None:
    """Time of the first of the last fifth of the judgments; None without any."""
    judged = [event for event in events if _judges(event)]
    return judged[-max(1, round(SHARE * len(judged)))].at if judged else None
