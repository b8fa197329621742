"""Judgments of people's recent past with what was known before, to fit like-probabilities on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from recagent.domain import Case, Event
from recagent.offline.backtest import Backtest, sample_of
from recagent.offline.data_set import Data
from recagent.offline.examples import OnProgress, source_proposals
from recagent.offline.splits import SHARE, events_by_user
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
        number: of people at most, a sample that is always the same; 0 is all.
        backtest: makes sources and queries.
        limit: proposals of each source; other items get no score, as when serving.
        on_progress: called with how many people are done.
    """
    by_user = events_by_user(data.events)
    cuts = {user_id: _cut(events) for user_id, events in by_user.items()}
    training = [e for e in data.events if (cut := cuts[e.user_id]) is None or e.at < cut]
    interactions = Interactions(training, scale=data.scale)
    sources = await backtest.sources(interactions)
    sample = sample_of(cuts, most=number)
    user_cuts = [(user, cut) for user, cut in cuts.items() if cut is not None and user in sample]
    judgments: list[Judgment] = []
    for done, (user_id, cut) in enumerate(user_cuts, start=1):
        events = by_user[user_id]
        before = [event for event in events if event.at < cut]
        seen_items = {event.item_id for event in before}
        held_out = {
            event.item_id: event
            for event in events[len(before) :]
            if event.kind in JUDGMENTS and event.item_id not in seen_items
        }
        person = rate(before, data.scale)
        for scene in sorted({event.scene for event in held_out.values()}):
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
            judgments += [
                Judgment(
                    user_id=user_id,
                    liked=is_liked(event, data.scale),
                    features=features.get(event.item_id, {}),
                    item=interactions.rate(event.item_id),
                    person=person,
                    group=group,
                )
                for event in held_out.values()
                if event.scene == scene
            ]
        on_progress(done, len(user_cuts))
    return judgments


def _cut(events: Sequence[Event]) -> datetime | None:
    """Returns the time at which the last fifth of the judgments begins; None without any."""
    judgments = [event for event in events if event.kind in JUDGMENTS]
    return judgments[-max(1, round(SHARE * len(judgments)))].at if judgments else None
