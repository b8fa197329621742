"""Scripted conversations: case files, an agent talked to as they say, and what was wrong.

Whether constraints are obeyed is judged by those that the case declares, not by those that the
agent read; whether reasons are true is looked up in the person's events and the catalogue.
"""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from recagent import bootstrap, demo, templates
from recagent.bootstrap.rankers import build_rankers
from recagent.chat import Agent, Conversation, Noted, Question, ReplyPart, Shown, Words
from recagent.config.settings import load
from recagent.domain import (
    Answer,
    Constraint,
    Evidence,
    Explanation,
    Item,
    Language,
    Operator,
    Profile,
    Value,
)
from recagent.errors import DataError
from recagent.ingest.loading import load_catalogue
from recagent.pipeline import Pipeline
from recagent.ports import ChatModel
from recagent.prompts import caption
from recagent.retrieval import SceneText
from recagent.retrieval.sources.model_proposals import ModelProposer
from recagent.scenes.constraints import satisfies

Condition = tuple[str, Operator, str | int | float | tuple[str, ...]]
Catalogue = Literal[
    "demo", "shop", "shop-zh", "travel", "health", "books", "music", "education", "news", "video"
]

_PATIENCE = 600.0  # seconds of a turn: what is tried here is not the time


class ScriptedTurn(BaseModel):
    """What is said, and what must come of it.

    Attributes:
        must: conditions that hold from here on; every slate is checked for them.
        gone: conditions that hold no more.
        rather: attributes that a preference is on after this turn.
        says: texts that the answer contains.
        unclear: texts within what was not understood.
        shows: whether a slate comes.
        asks: whether a question comes.
        scene: where the talk is afterwards.
    """

    model_config = ConfigDict(extra="forbid")

    say: str
    must: tuple[Condition, ...] = ()
    gone: tuple[Condition, ...] = ()
    rather: tuple[str, ...] = ()
    says: tuple[str, ...] = ()
    unclear: tuple[str, ...] = ()
    shows: bool | Literal["either"] = True
    asks: bool | None = None
    scene: str | None = None


class Script(BaseModel):
    """One scripted conversation."""

    model_config = ConfigDict(extra="forbid")

    id: str
    catalogue: Catalogue = "demo"
    user: str
    scene: str | None = None
    lang: Language = "en"
    turns: tuple[ScriptedTurn, ...]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    script: tuple[Script, ...]


@dataclass(slots=True, kw_only=True)
class Outcome:
    """How one script went.

    Attributes:
        failures: what was not as declared, with the turn's number from 1.
        slates: shown.
        entries: on all of them.
        broken: entries that break a condition of the script that is in force.
        foreign: entries that are not in the scene's catalogue.
        claims: sentences of reasons.
        untrue: those of them whose evidence is not to be found.
    """

    id: str
    failures: list[str] = field(default_factory=list[str])
    slates: int = 0
    entries: int = 0
    broken: int = 0
    foreign: int = 0
    claims: int = 0
    untrue: int = 0


def read_scripts(folder: Path) -> list[Script]:
    """All scripts of a folder's TOML files, by file and place.

    Raises:
        DataError: a file that is no script, or two scripts of one id.
    """
    scripts: list[Script] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            scripts += _File.model_validate(tomllib.loads(path.read_text(encoding="utf-8"))).script
        except (ValidationError, tomllib.TOMLDecodeError) as error:
            raise DataError(f"conversations in {str(path)!r} cannot be read: {error}") from error
    ids = [script.id for script in scripts]
    doubled = sorted({each for each in ids if ids.count(each) > 1})
    if doubled:
        raise DataError(f"two conversations are called {doubled[0]!r}; rename one")
    return scripts


async def opened(
    catalogue: Catalogue,
    folder: Path,
    *,
    lang: Language,
    reader: ChatModel | None = None,
    ranks: bool = False,
) -> Pipeline:
    """A line on a copy of a bundled catalogue, so that what people say of items stays there.

    A reader reads turns, and titles that it names are looked up. It ``ranks`` too, as a model
    behind an endpoint does, or slates are ranked without a language model: replies that are kept
    would be out of date with every change of retrieval.
    """
    rank = {"deadline": _PATIENCE}
    model: dict[str, object] = {"kind": "none"}
    if ranks:  # weighs and is asked as what an endpoint serves; nothing is sent to this address
        model = {"kind": "endpoint", "base_url": "http://127.0.0.1:9", "keep_hours": 0}
    if catalogue == "demo":
        shutil.copytree(demo.settings().data_dir, folder / "demo")
        plain = demo.settings(lang=lang, model=model, rank=rank)
        settings = plain.model_copy(update={"data_dir": folder / "demo"})
    else:
        templates.copy(catalogue, to=folder)
        settings = load(folder, lang=lang, model=model, rank=rank, data_dir=folder / "data")
        await load_catalogue(settings, on_progress=_unheard)
    parts = bootstrap.parts(settings)
    if reader is not None:
        proposer = ModelProposer(reader, index=parts.index, embedder=parts.embedder, lang=lang)
        parts = replace(parts, reader=reader, proposer=proposer)
    if reader is not None and ranks:
        rankers, _ = build_rankers(
            settings,
            [reader],
            window=parts.window,
            replies=[None],
            preferences=parts.preferences,
            scale=parts.scale,
        )
        parts = replace(parts, models=[reader], ranker=rankers[0])
    return Pipeline(parts, bootstrap.options(settings))


async def run_script(script: Script, *, line: Pipeline, agent: Agent) -> Outcome:
    """Talk to the agent as the script says, and count what was wrong."""
    conversation = Conversation(user_id=script.user, scene=script.scene)
    outcome = Outcome(id=script.id)
    in_force: list[Constraint] = []
    for number, turn in enumerate(script.turns, start=1):
        before = await line.profile(script.user)
        # A server keeps a conversation as JSON between two turns; so does a script.
        conversation = Conversation.from_json(conversation.to_json())
        said = [each async for each in agent.say(conversation, turn.say)]
        gone = [_constraint(each) for each in turn.gone]
        in_force = [each for each in in_force if each not in gone]
        in_force += [_constraint(each) for each in turn.must]
        wrong = [*_unmet(turn, said, conversation), *_not_in_force(turn, conversation)]
        outcome.failures += [f"{script.id}, turn {number}: {each}" for each in wrong]
        await _judge(said, in_force, outcome, line=line, profile=before)
    return outcome


async def _judge(
    said: Sequence[ReplyPart],
    in_force: Sequence[Constraint],
    outcome: Outcome,
    *,
    line: Pipeline,
    profile: Profile,
) -> None:
    """Count what was shown, and what of it was wrong."""
    for each in said:
        if isinstance(each, Shown):
            items = await line.parts.index.items(each.slate.scene.name)
            told = [one for one in in_force if _is_told(one, items)]
            shown = [entry.item for entry in each.slate.entries]
            outcome.slates += 1
            outcome.entries += len(shown)
            outcome.foreign += sum(items.get(item.id) != item for item in shown)
            outcome.broken += sum(
                not all(satisfies(item, constraint) for constraint in told) for item in shown
            )
        for why in each.explanations if isinstance(each, Shown | Words) else ():
            _cite(outcome, why, partial(_is_true, item=why.item, profile=profile))
        for answer in each.answers if isinstance(each, Words) else ():
            _cite(outcome, answer, partial(_is_answered, answer=answer, profile=profile))


def _cite(
    outcome: Outcome, told: Explanation | Answer, is_true: Callable[[Evidence], bool]
) -> None:
    """Count sentences, and those whose evidence is not to be found."""
    pieces = {piece.id: piece for piece in told.evidence}
    for claim in told.claims:
        cited = [pieces.get(key) for key in claim.evidence]
        outcome.claims += 1
        outcome.untrue += not cited or not all(piece and is_true(piece) for piece in cited)


def _unheard(stage: str, done: int, total: int | None) -> None:
    """Nobody waits for this."""


def _is_told(constraint: Constraint, items: Mapping[str, Item]) -> bool:
    """Whether a scene's items tell the attribute; one that no item tells rests."""
    return not constraint.attribute or any(
        constraint.attribute in item.attributes for item in items.values()
    )


def _is_answered(piece: Evidence, *, answer: Answer, profile: Profile) -> bool:
    """Whether a piece of an answer is found in the ranking, the items or the person's past."""
    ids, ranks = {item.id for item in answer.items}, answer.ranks
    match piece.kind:
        case "place":
            return str(ranks.get(piece.refs[0])) == piece.facts["rank"]
        case "rank":
            ordered = [ranks.get(key, 0) for key in piece.refs]
            told = [piece.facts["rank"], piece.facts["other_rank"]]
            return ordered == sorted(ordered) and [*map(str, ordered)] == told
        case "lead" | "varied" | "ruled" | "wished":
            return bool(piece.refs) and piece.refs[0] in {*ids, *ranks}
        case "seen":
            return piece.refs[0] in {event.item_id for event in profile.events}
        case (
            "broken" | "barred" | "needs" | "earlier" | "edition" | "group" | "unfound" | "unwished"
        ):
            return piece.refs[0] in ids and piece.refs[0] not in ranks
        case "absent":
            return not ids
        case _:
            about = [item for item in answer.items if caption(item) == piece.facts.get("item")]
            return bool(about) and _is_true(piece, item=about[0], profile=profile)


def _is_true(piece: Evidence, *, item: Item, profile: Profile) -> bool:
    """Whether a piece of evidence is found where it says that it is."""
    own = {text for value in item.attributes.values() for text in _texts(value)}
    match piece.kind:
        case "attribute":
            other = profile.items.get(piece.refs[0])
            shared = set(piece.refs[1:])
            theirs = other.attributes.values() if other else ()
            return bool(shared) and shared <= own and shared <= {
                text for value in theirs for text in _texts(value)
            }  # fmt: skip
        case "people":
            return piece.refs[0] in profile.items
        case "wish":
            says = SceneText({item.id: item})
            return all(ref in own or item.id in says.matches(ref).grades for ref in piece.refs)
        case "tag":
            return set(piece.refs) <= set(profile.user.tags)
        case "popularity" | "share":
            return piece.refs == (item.id,)
        case "constraint" | "preference":
            told = {*item.attributes, "", "title", "text"}
            return piece.refs[0] in told or "not" in piece.facts["operator"]
        case _:  # of answers
            return False


def _unmet(turn: ScriptedTurn, said: Sequence[ReplyPart], conversation: Conversation) -> list[str]:
    """What the turn expects of the answer, and is not so."""
    words = " ".join(each.text for each in said if isinstance(each, Words | Question))
    unclear = " ".join(
        text for each in said if isinstance(each, Noted) for text in each.not_understood
    )
    shows = any(isinstance(each, Shown) for each in said)
    asks = any(isinstance(each, Question) for each in said)
    wrong = [f"does not say {text!r} but {words!r}" for text in turn.says if text not in words]
    wrong += [f"does not give up on {text!r}" for text in turn.unclear if text not in unclear]
    if turn.shows != "either" and shows != turn.shows:
        wrong.append(f"shows {'a' if shows else 'no'} slate: {words!r}")
    if turn.asks is not None and asks != turn.asks:
        wrong.append(f"asks {'a' if asks else 'no'} question")
    if turn.scene is not None and conversation.scene != turn.scene:
        wrong.append(f"is in scene {conversation.scene!r}")
    return wrong


def _not_in_force(turn: ScriptedTurn, conversation: Conversation) -> list[str]:
    wants = conversation.wants
    held = {_key(each) for each in wants.constraints}
    preferred = {each.attribute for each in wants.preferences}
    wrong = [f"{each} is not in force" for each in turn.must if _key(_constraint(each)) not in held]
    wrong += [f"{each} is still in force" for each in turn.gone if _key(_constraint(each)) in held]
    return wrong + [f"no preference on {name!r}" for name in turn.rather if name not in preferred]


def _constraint(condition: Condition) -> Constraint:
    attribute, operator, value = condition
    return Constraint(attribute=attribute, operator=operator, value=value)


def _key(constraint: Constraint) -> tuple[str, str, object]:
    value = constraint.value
    if isinstance(value, tuple):
        return constraint.attribute, constraint.operator, frozenset(value)
    if isinstance(value, float):
        return constraint.attribute, constraint.operator, round(value, 6)
    return constraint.attribute, constraint.operator, value


def _texts(value: Value) -> tuple[str, ...]:
    if isinstance(value, str):
        return (value,)
    return value if isinstance(value, tuple) else ()
