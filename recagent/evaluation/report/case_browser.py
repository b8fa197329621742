"""The cases that a report's reader can open: history, candidates, slates, prompts and replies.

Made as JSON for the page's script; every line of text is kept once, which also serves the diff.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson
from markupsafe import Markup

from recagent.domain import Case, Event
from recagent.evaluation.ranked_answers import ranked_answer
from recagent.evaluation.report.result_matrix import system_letters
from recagent.evaluation.run_folder import Run
from recagent.offline.data_set import ALL
from recagent.offline.results import ModelDialogue, Result

WITHOUT_TALK = 10  # cases of each scene that are shown where no conversation is kept
SHOWN = 20  # places of a ranking

Json = dict[str, Any]


def browsable_cases(run: Run) -> Json:
    """What the page's script needs of a run.

    Texts are lists of indices into ``lines``. An answer's ``order`` are indices into the case's
    ``items``; ``rank`` is that of the best relevant item, 0 where it is not ranked.
    """
    lines = _Lines()
    places = {name: at for at, name in enumerate(run.summary.systems)}
    marks = system_letters(run.summary.systems)
    shown_cases = _cases_to_show(run)
    answers: dict[str, list[Result]] = {}
    for result in run.results:
        if result.variant == ALL and result.system in places:
            answers.setdefault(result.case, []).append(result)
    talks: dict[str, list[ModelDialogue]] = {}
    for talk in run.conversations:
        if talk.system in places:
            talks.setdefault(talk.case, []).append(talk)
    cases: list[Json] = []
    for case in shown_cases:
        items = _items(case, answers.get(case.id, []))
        cases.append({
            "id": case.id,
            "scene": case.scene,
            "person": case.user_id,
            "history": [_event(event, run, lines) for event in case.history],
            "items": [lines.line(run.titles.get(key, key)) for key in items],
            "listed": len(case.item_ids),
            "relevant": [at for at, key in enumerate(items) if case.judgments.get(key, 0) > 0],
            "answers": {
                places[result.system]: _answer(case, result, items)
                for result in answers.get(case.id, [])
            },
            "talks": {
                places[talk.system]: [
                    {"turns": [[role, lines.text(text)] for role, text in exchange.prompt],
                     "reply": lines.text(exchange.reply)}
                    for exchange in talk.exchanges
                ]
                for talk in talks.get(case.id, [])
            },
        })  # fmt: skip
    systems = [
        {"name": name, "letter": marks[name],
         "model": run.manifest.kinds.get(name, "baseline") != "baseline"}
        for name in run.summary.systems
    ]  # fmt: skip
    return {"systems": systems, "reference": places.get(run.summary.reference, 0),
            "lines": lines.known, "cases": cases}  # fmt: skip


def as_script(value: object) -> Markup:
    """JSON that can stand in a script element: nothing in it begins a tag or a comment."""
    data = orjson.dumps(value, option=orjson.OPT_NON_STR_KEYS).decode()
    return Markup(data.replace("<", "\\u003c"))  # noqa: S704 - this is the escaping


class _Lines:
    """Lines of text, each kept once."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    @property
    def known(self) -> list[str]:
        return list(self._places)

    def line(self, text: str) -> int:
        return self._places.setdefault(text, len(self._places))

    def text(self, text: str) -> list[int]:
        return [self.line(line) for line in text.split("\n")]


def _cases_to_show(run: Run) -> list[Case]:
    """Cases with conversations; else the first of every scene."""
    with_dialogue = {talk.case for talk in run.conversations}
    if with_dialogue:
        return [case for case in run.cases.values() if case.id in with_dialogue]
    counts: dict[str, int] = {}
    cases: list[Case] = []
    for case in run.cases.values():
        counts[case.scene] = counts.get(case.scene, 0) + 1
        if counts[case.scene] <= WITHOUT_TALK:
            cases.append(case)
    return cases


def _items(case: Case, results: Sequence[Result]) -> list[str]:
    """The candidates as listed; without any, whatever was named first, and what is relevant."""
    ids = dict.fromkeys(case.item_ids)
    for result in results:
        if not result.error:
            ids.update(dict.fromkeys(ranked_answer(case, result.scores).ranking[:SHOWN]))
    ids.update(dict.fromkeys(key for key, grade in case.judgments.items() if grade > 0))
    return list(ids)


def _answer(case: Case, result: Result, items: Sequence[str]) -> Json:
    if result.error:
        return {"error": result.error}
    answer = ranked_answer(case, result.scores)
    places = {key: at for at, key in enumerate(items)}
    ranks = [at for at, key in enumerate(answer.ranking, start=1) if case.judgments.get(key, 0) > 0]
    shown = answer.ranking[:SHOWN]
    return {
        "order": [places[key] for key in shown],
        "chances": [round(answer.probabilities[key], 4) for key in shown],
        "scores": [_short(result.scores.get(key)) for key in shown],
        "more": len(answer.ranking) - len(shown),
        "rank": min(ranks, default=0),
        "notes": list(result.notes),
    }


def _event(event: Event, run: Run, lines: _Lines) -> list[Any]:
    value = "" if event.value is None else f"{event.value:g}"
    says = f"{event.kind} {value}".strip()
    title = lines.line(run.titles.get(event.item_id, event.item_id))
    return [title, lines.line(event.scene), lines.line(says), event.at.date().isoformat()]


def _short(score: float | None) -> float | None:
    return None if score is None else float(f"{score:.4g}")
