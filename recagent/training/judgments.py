"""Judgments of people's recent past with what was known before, to fit like-probabilities on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from recagent.domain import Case, Event
from recagent.offline.backtest import Backtest
from recagent.offline.data_set import Data
from recagent.offline.examples import OnProgress, source_proposals
from recagent.offline.splits import SHARE
from recagent.profiles.building import JUDGMENTS, group_of, is_liked, rate
from recagent.retrieval import Interactions
from recagent.training.like_probability import Judgment


async def backtest_judgments(
    data: Data,
    *,
    number: int = 0,
    backtest: Backtest,
    limit: int,
    on_progress: OnProgress,
) -> list[Judgment]:
    """Returns the last fifth of each person's judgments, on items that were new to them.

    Everything that is known of item and person is from before the person's cut; what others did
    after their own cuts is not known either.

    Args:
        data: whose events are judged.
        number: of people at most, those with the earliest events; 0 is all.
        backtest: makes sources and queries.
        limit: proposals of each source; other items get no score, as when serving.
        on_progress: called with how many people are done.
    """
    by_user: dict[str, list[Event]] = {}
    for event in data.events:
        by_user.setdefault(event.user_id, []).append(event)
    cuts = {user_id: _cut(events) for user_id, events in by_user.items()}
    training = [e for e in data.events if (at := cuts[e.user_id]) is None or e.at < at]
    behaviour = Interactions(training, scale=data.scale)

    sources = await backtest.sources(behaviour)
    user_ids = [user_id for user_id in by_user if cuts[user_id]][: number or None]
    judged: list[Judgment] = []
    for done, user_id in enumerate(user_ids, start=1):
        at = cuts[user_id]
        events = by_user[user_id]
        before = [event for event in events if at is not None and event.at < at]
        met = {event.item_id for event in before}
        held_out = {
            e.item_id: e for e in events[len(before) :] if _judges(e) and e.item_id not in met
        }
        person = rate(before, data.scale)
        for scene in sorted({event.scene for event in held_out.values()}):
            here = [event for event in held_out.values() if event.scene == scene]
            case = Case(
                id=user_id,
                user_id=user_id,
                scene=scene,
                item_ids=(),
                judgments={},
                history=tuple(reversed(before)),
                user=data.users.get(user_id),
            )
            query = await backtest.query(case)
            group = group_of(query.profile, scene)
            features = await source_proposals(query, sources=sources, limit=limit)
            judged += [
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
        on_progress(done, len(user_ids))
    return judged


def _judges(event: Event) -> bool:
    return event.kind in JUDGMENTS


def _cut(events: Sequence[Event]) -> datetime | None:
    """Returns the time at which the last fifth of the judgments begins; None without any."""
    judged = [event for event in events if _judges(event)]
    return judged[-max(1, round(SHARE * len(judged)))].at if judged else None
