"""What is known of a person, as pieces that any reason may rest on: wish, own words, likes."""

from __future__ import annotations

from recagent.domain import Evidence, RatingScale
from recagent.explanations.evidence import Piece, forbidding_constraints, judgment_facts
from recagent.ports import Query
from recagent.prompts import caption, one_line
from recagent.scenes.constraints import forbids, satisfies

_MOST_LIKED = 6  # newest liked items, those of the scene first
_TAGS = 8
_QUOTED = str.maketrans("“”«»《》", '""""  ')


def gather_person_evidence(query: Query, *, scale: RatingScale) -> tuple[Evidence, ...]:
    """Returns the wish, what a person says of themselves, interests and newest likes, as ``p1``....

    What a ban of the request, the scene or the person forbids is not among them.
    """
    profile, bans = query.profile, forbidding_constraints(query)

    def is_allowed(text: str) -> bool:
        return not any(forbids(ban, text) for ban in bans)

    pieces: list[Piece] = []
    if query.context.wish:
        pieces.append(("asked", (), {"wish": one_line(_unquoted(query.context.wish), 200)}))
    if profile.user.about:
        pieces.append(("about", (), {"words": one_line(_unquoted(profile.user.about), 200)}))
    tags = [*filter(is_allowed, profile.user.tags)][:_TAGS]
    if tags:
        pieces.append(("interest", tuple(tags), {"words": ", ".join(map(one_line, tags))}))
    newest = {event.item_id: event for event in reversed(profile.events)}
    liked = [
        item
        for item in map(profile.items.__getitem__, profile.liked)
        if item.id in newest
        and is_allowed(item.title)
        and all(satisfies(item, ban) for ban in bans)
    ]
    here_first = sorted(liked, key=lambda item: item.scene != query.scene.name)
    for item in here_first[:_MOST_LIKED]:
        facts = {"title": caption(item), **judgment_facts(newest[item.id], scale)}
        if item.scene != query.scene.name:
            facts["scene"] = item.scene
        pieces.append(("history", (item.id,), facts))
    return tuple(
        Evidence(id=f"p{number}", kind=kind, refs=refs, facts=facts)
        for number, (kind, refs, facts) in enumerate(pieces, start=1)
    )


def _unquoted(text: str) -> str:
    return text.translate(_QUOTED)
