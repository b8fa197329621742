"""Learning to rank without a command, and the line that says what came of it."""

from __future__ import annotations

from functools import partial
from typing import Any

import anyio

from recagent import bootstrap
from recagent.cli.progress import progress
from recagent.config.settings import Settings
from recagent.errors import ConfigError
from recagent.locale import Phrases
from recagent.training.automatic import Learned, learn

WORDS = Phrases[str]("cli", "learning")


def learn_with_progress(settings: Settings, *, changed: bool) -> Learned | None:
    """Learns where the settings want it and there is something new, with bars.

    Args:
        settings: name store and index.
        changed: whether there are other events than the last time.
    """
    if not settings.learn.automatic or not (changed or _is_unlearned(settings)):
        return None
    with progress() as advance:
        return anyio.run(partial(learn, settings, on_progress=advance))


def _is_unlearned(settings: Settings) -> bool:
    try:
        return bootstrap.head(settings) is None
    except ConfigError:  # of another version, and learned anew
        return True


def learned_line(learned: Learned, settings: Settings) -> str:
    """Returns what was learned and what it gains for people it did not learn from, in one line."""
    words, result = WORDS[settings.lang], learned.result
    if result is None:
        why = learned.reason.in_language(settings.lang) if learned.reason else ""
        key = "by prior" if bootstrap.prior_head(settings) else "by weights"
        return words["nothing"].format(why=why, instead=words[key])
    gain = result.beside
    line = words["learned"].format(
        choices=result.choices, people=result.people, head=gain.head, popularity=gain.popularity,
        more=_signed(gain.over_popularity), best=gain.best, alone=gain.best_alone,
        over=_signed(gain.over_best),
    )  # fmt: skip
    if any(not group.unserved for group in result.head.tested.values()):
        return line
    return words["idle"].format(learned=line)


def learned_json(learned: Learned) -> dict[str, Any]:
    """Returns the same as plain values."""
    result = learned.result
    if result is None:
        return {"head": "", "reason": str(learned.reason)}
    return {"head": result.head.name, "choices": result.choices, "people": result.people,
            "ndcg10": result.beside, "groups": result.head.tested}  # fmt: skip


def _signed(interval: tuple[float, float, float]) -> str:
    gain, low, high = interval
    return f"{gain:+.3f} [{low:+.3f}, {high:+.3f}]"
