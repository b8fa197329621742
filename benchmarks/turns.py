"""Talks as strangers type them: what the chat makes of each turn, and what code checks of it.

    uv run python benchmarks/turns.py                            # the 72 turns of kept/
    uv run python benchmarks/turns.py --talks benchmarks/kept/strangers.toml    # 98 more
    uv run python benchmarks/turns.py --talks benchmarks/kept/open_talks.toml   # 90 for building
    uv run python benchmarks/turns.py --talks FILE --out FOLDER  # other talks; a transcript each
    uv run python benchmarks/turns.py --reader model             # what the kept replies lead to

Every talk goes through ``Agent`` by rules alone, on its own copy of the bundled films or of a
template, each with its events. A transcript has for every turn what is wanted, the reply as a
terminal shows it, what is in force, and what was stored; who judges reads that and nothing else.
Verdicts (right, partly, misunderstood, ignored; an honest "I did not understand" that changes
nothing is ignored) are kept in benchmarks/kept/turn_verdicts.jsonl by talk, turn and reader, and
counted here. By code: **inversions**, words that a turn negates (or that its talk names under
``never``) in a wish or a positive condition from then on; **conditions_lost**, a hard condition
that is gone or looser after a turn that is not among the talk's ``lifts``; **stored_unasked**,
events after a turn that is not among its ``stores``.

Turns that a large hosted model read are replayed: its kept reply on the state that the talk had
before the turn (kept/turn_replies.jsonl.gz); ``otherwise`` counts those after which something else
is in force or stored than was. ``--replies FOLDER --record FILE`` makes recordings of replies that
stand in a folder, and writes down the requests that still need one. With
``--ranks`` that model orders the lists too, as a connected one does. Milliseconds are a turn's
without the model's. Its figures stand in docs/research/conversations.md. The last line is one JSON
object.
"""

from __future__ import annotations

import json
import re
import statistics
import tempfile
import time
import tomllib
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import anyio
from command import command
from scipy.stats import binomtest
from scripted import Catalogue, opened
from turn_recordings import RecordedTurn, ReplyFolder, read_recordings, write_recordings

from recagent.chat import Agent, Conversation, Question, ReplyPart, Shown, Words
from recagent.chat.conversation import Wants
from recagent.chat.remarks import shown_want
from recagent.cli.progress import prepared_demo
from recagent.domain import Constraint, Language
from recagent.locale import Phrases
from recagent.pipeline import Pipeline
from recagent.prompts import caption
from recagent.testing import ScriptedModel

KEPT = Path(__file__).parent / "kept"
TALKS = KEPT / "conversations.toml"
VERDICTS = KEPT / "turn_verdicts.jsonl"
RECORDINGS = KEPT / "turn_replies.jsonl.gz"
FAULTS = ("inversions", "conditions_lost", "stored_unasked")
Writer = Callable[["Talk", str], None]
POSITIVE = {"is", "mentions"}
NOBODY = "somebody new"
LISTS = Phrases[str]("cli", "output")
K = 5

# Deliberately not the rules' own patterns: words that follow a plain negation in their clause.
NEGATED = re.compile(
    r"\b(?:no more|nothing with|don'?t want anything with|don'?t want|but not|without|hate[ds]?|no)"
    r"\s+(?P<en>[a-z][\w'-]*)|(?:不要|不想看|别有|讨厌|我怕|怕)(?P<zh>[\u3400-\u9fff]{2,6})",
    re.IGNORECASE,
)
NO_OBJECT = {"too", "anything", "more", "the", "a", "an", "any", "idea", "thanks", "to", "older",
             "longer", "one", "that", "this", "it", "wait", "but"}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """One talk of a file.

    Attributes:
        name: file and number, from 1.
        turns: what is said, and what is wanted of the answer.
        never: from this turn on none of these words may be asked for.
        lifts: turns that take conditions away or change their bounds.
        stores: turns after which something more is stored; all may where the talk names none.
    """

    name: str
    on: Catalogue
    user: str
    lang: Language
    turns: tuple[tuple[str, str], ...]
    never: Mapping[int, Sequence[str]] = field(default_factory=dict[int, Sequence[str]])
    lifts: frozenset[int] = frozenset()
    stores: frozenset[int] | None = None


@dataclass(slots=True, kw_only=True)
class Told:
    """One turn as it went."""

    number: int
    said: str
    want: str
    reply: str
    in_force: list[str]
    stored: list[str]
    titles: list[str]
    state: str = ""
    model_reply: str = ""
    prompt: int = 0
    seconds: float = 0.0
    faults: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])


def read_talks(path: Path) -> list[Talk]:
    """The talks of a file, in order."""
    found: list[Talk] = []
    for number, talk in enumerate(tomllib.loads(path.read_text(encoding="utf-8"))["talk"], start=1):
        found.append(
            Talk(
                name=f"{path.stem}/{number}", on=talk["on"], user=talk["user"], lang=talk["lang"],
                turns=tuple((said, want) for said, want in talk["turns"]),
                never={int(at): words for at, words in talk.get("never", {}).items()},
                lifts=frozenset(talk.get("lifts", ())),
                stores=frozenset(talk["stores"]) if "stores" in talk else None,
            )
        )  # fmt: skip
    return found


async def told(
    talk: Talk, *, reader: ScriptedModel | None = None, ranks: bool = False
) -> list[Told]:
    """Every turn of a talk, on a copy of its catalogue; with a reader it reads, else rules do.

    A reader that ``ranks`` also orders the lists and writes their reasons, as one that is connected
    does: two calls a turn.
    """
    with tempfile.TemporaryDirectory() as folder:
        line = await opened(talk.on, Path(folder), lang=talk.lang, reader=reader, ranks=ranks)
        try:
            return [each async for each in _turns(talk, line, reader)]
        finally:
            await line.close()


async def _turns(
    talk: Talk, line: Pipeline, reader: ScriptedModel | None, *, only: int = 0, state: str = ""
) -> AsyncIterator[Told]:
    """The turns of a talk; with ``only`` that one, on the state that the talk had before it."""
    agent = Agent(line, lang=talk.lang, k=K)
    conversation = Conversation(user_id=talk.user or NOBODY)
    if state:
        conversation = Conversation.from_json(state)
    never: list[str] = []
    for at, (said, _) in enumerate(talk.turns[: max(0, only - 1)], start=1):
        never = [] if at in talk.lifts else never
        never += [*talk.never.get(at, ()), *_negated(said)]
    known: set[tuple[str, str]] = set()  # faults count once in a talk
    before, wants = await _stored(line), conversation.wants
    for number, (said, want) in enumerate(talk.turns, start=1):
        if only and number != only:
            continue
        # A server keeps a conversation as JSON between two turns; so does a talk.
        state = conversation.to_json()
        conversation = Conversation.from_json(state)
        calls = len(reader.seen) if reader else 0
        began = time.perf_counter()
        parts = [each async for each in agent.say(conversation, said)]
        seconds = time.perf_counter() - began
        after = await _stored(line)
        now = conversation.wants
        turn = Told(
            number=number, said=said, want=want, reply=_shown(parts, talk.lang),
            in_force=[_want_text(each, talk.lang) for each in now.listed],
            stored=sorted((after - before).elements()),
            titles=[entry.item.title for each in parts if isinstance(each, Shown)
                    for entry in each.slate.entries],
        )  # fmt: skip
        turn.state, turn.seconds = state, seconds
        if reader and len(reader.seen) > calls:
            turn.prompt, turn.model_reply = _call(reader, calls)
        never = [] if number in talk.lifts else never  # what was not wanted may be now
        never += [*talk.never.get(number, ()), *_negated(said)]
        turn.faults += [("inversions", each) for each in _inverted(never, now)]
        if number not in talk.lifts:
            turn.faults += [("conditions_lost", each) for each in _lost(wants, now, talk.lang)]
        if talk.stores is not None and number not in talk.stores:
            turn.faults += [("stored_unasked", each) for each in turn.stored]
        turn.faults = [fault for fault in turn.faults if fault not in known]
        known.update(turn.faults)
        before, wants = after, now
        yield turn


def _call(reader: ScriptedModel, at: int) -> tuple[int, str]:
    """Characters of a prompt of a reader, and what it wrote; a turn's first is the reading."""
    messages = reader.seen[at]
    assert not isinstance(messages, str)  # noqa: S101 - a turn is a chat
    text = reader.reply if isinstance(reader.reply, str) else reader.reply(messages)
    return sum(len(each.content) for each in messages), text


async def replayed(talk: Talk, recordings: Sequence[RecordedTurn]) -> tuple[list[Told], list[str]]:
    """Each recorded turn of a talk on the state that was kept, and what is otherwise than kept."""
    differing: list[str] = []
    turns: list[Told] = []
    reply = ""
    reader = ScriptedModel(reply=lambda _: reply)
    with tempfile.TemporaryDirectory() as folder:
        line = await opened(talk.on, Path(folder), lang=talk.lang, reader=reader)
        try:
            for each in recordings:
                reply = each.reply
                async for turn in _turns(talk, line, reader, only=each.turn, state=each.state):
                    turns.append(turn)
                    if (turn.in_force, turn.stored) != (each.in_force, each.stored):
                        differing.append(f"{each.talk}, turn {each.turn}, {turn.said!r}")
        finally:
            await line.close()
    return turns, differing


def _negated(said: str) -> list[str]:
    words = (match["en"] or match["zh"] for match in NEGATED.finditer(said.casefold()))
    return [word for word in words if word not in NO_OBJECT and not word.startswith("太")]


def _inverted(never: Sequence[str], wants: Wants) -> list[str]:
    asked = list(wants.wishes)
    for each in (*wants.constraints, *wants.preferences):
        if each.operator in POSITIVE:
            asked += each.value if isinstance(each.value, tuple) else [str(each.value)]
    return [f"{word!r} in {text!r}" for word in dict.fromkeys(never) for text in asked
            if word.casefold() in text.casefold()]  # fmt: skip


def _lost(before: Wants, after: Wants, lang: Language) -> list[str]:
    """Hard conditions of before that nothing of after is as strict as."""
    return [shown_want((each,), lang=lang) for each in before.constraints
            if not any(_is_as_strict(new, each) for new in after.constraints)]  # fmt: skip


def _is_as_strict(new: Constraint, old: Constraint) -> bool:
    if (new.attribute, new.operator) != (old.attribute, old.operator):
        return False
    if isinstance(new.value, int | float) and isinstance(old.value, int | float):
        return {"at most": new.value <= old.value, "at least": new.value >= old.value}.get(
            new.operator, new.value == old.value
        )
    return new.value == old.value


async def _stored(line: Pipeline) -> Counter[str]:
    """What is stored, one text an event."""
    found: Counter[str] = Counter()
    async for batch in line.parts.store.all_events():
        found.update(f"{each.user_id} {each.kind} {each.scene}/{each.item_id}" for each in batch)
    return found


def _want_text(want: tuple[Constraint, ...] | str, lang: Language) -> str:
    if isinstance(want, str):
        return f"wish {shown_want(want, lang=lang)}"
    return shown_want(want, lang=lang)


def _shown(parts: Sequence[ReplyPart], lang: Language) -> str:
    """A reply as ``recagent chat`` prints it."""
    lines: list[str] = []
    for each in parts:
        match each:
            case Words():
                lines.append(each.text)
            case Question():
                options = "  ".join(f"{n}) {one}" for n, one in enumerate(each.options, start=1))
                lines.append(f"{each.text}\n    {options}")
            case Shown():
                for entry, why in zip(each.slate.entries, each.explanations, strict=True):
                    reasons = " ".join(claim.text for claim in why.claims) or LISTS[lang]["none"]
                    lines += [f"{entry.rank:>2}. {caption(entry.item)}", f"    {reasons}"]
                if each.explanations and each.explanations[0].notice:
                    lines.append(each.explanations[0].notice)
            case _:
                pass
    return "\n".join(lines)


def transcript(talk: Talk, turns: Sequence[Told]) -> str:
    """A talk for somebody who judges it."""
    lines = [f"# {talk.name}: on {talk.on}, person {talk.user or 'somebody new'}", ""]
    for each in turns:
        lines += [f"## {talk.name} turn {each.number}", f"said:   {each.said}",
                  f"wanted: {each.want}", "reply:",
                  *(f"    | {line}" for line in each.reply.splitlines()),
                  f"in force: {'; '.join(each.in_force) or '-'}",
                  f"stored:   {'; '.join(each.stored) or '-'}",
                  *(f"by code: {kind}: {what}" for kind, what in each.faults), ""]  # fmt: skip
    return "\n".join(lines)


def counted(talks: Sequence[Talk], reader: str) -> dict[str, Any] | None:
    """How many of the turns were judged, and how; None where none was."""
    if not VERDICTS.is_file():
        return None
    turns = {(talk.name, number) for talk in talks for number in range(1, 1 + len(talk.turns))}
    kept = map(json.loads, VERDICTS.read_text(encoding="utf-8").splitlines())
    own = [
        each for each in kept
        if each["reader"] == reader and (each["talk"], each["turn"]) in turns
    ]  # fmt: skip
    verdicts = Counter(each["verdict"] for each in own)
    if not own:
        return None
    low, high = binomtest(verdicts["right"], len(own)).proportion_ci(method="wilson")
    return {
        "share": round(verdicts["right"] / len(own), 3), "n": len(own),
        "interval": [round(float(low), 3), round(float(high), 3)], **verdicts,
        "inversions": sum("inversion" in each for each in own),
        "conditions_lost": sum("lost" in each for each in own),
    }  # fmt: skip


async def recorded(
    talks: Sequence[Talk], replies: Path, write: Writer | None, *, ranks: bool
) -> list[RecordedTurn]:
    """The turns of talks as a model reads them whose replies are in a folder."""
    made: list[RecordedTurn] = []
    for talk in talks:
        turns = await told(talk, reader=ScriptedModel(reply=ReplyFolder(replies)), ranks=ranks)
        if write is not None:
            write(talk, transcript(talk, turns))
        made += [
            RecordedTurn(
                talk=talk.name, turn=each.number, state=each.state, reply=each.model_reply,
                in_force=each.in_force, stored=each.stored, prompt=each.prompt,
            )
            for each in turns
        ]  # fmt: skip
    return made


async def replay(
    talks: Sequence[Talk], faults: Counter[str], out: Writer | None
) -> dict[str, Any] | None:
    """What is otherwise than kept, and the faults, of the recorded turns; None without any.

    With ``out`` each talk's transcript is written.
    """
    kept = read_recordings(RECORDINGS)
    count, differing, characters, replies = 0, list[str](), list[int](), list[int]()
    seconds: list[float] = []
    for talk in talks:
        own = [each for each in kept if each.talk == talk.name and each.turn <= len(talk.turns)]
        turns, differ = await replayed(talk, own) if own else ([], [])
        if out is not None and turns:
            out(talk, transcript(talk, turns))
        count += len(turns)
        differing += differ
        characters += [each.prompt for each in turns if each.prompt]
        replies += [len(each.reply) for each in own if each.prompt]
        seconds += [each.seconds for each in turns]
        faults.update(kind for each in turns for kind, _ in each.faults)
    for each in differing:
        print(f"# otherwise than kept: {each}")
    if not count:
        return None
    return {
        "n": count, "otherwise": len(differing), "read_by_model": len(characters),
        "prompt_characters": round(statistics.mean(characters)),
        "reply_characters": round(statistics.mean(replies)),
        "median_milliseconds": round(1000 * statistics.median(seconds)),
    }  # fmt: skip


def written(out: Path | None) -> Writer:
    """Prints transcripts, or keeps each in a folder."""

    def write(talk: Talk, text: str) -> None:
        if out is None:
            print(text)
        else:
            (out / f"{talk.name.replace('/', '_')}.txt").write_text(text + "\n", encoding="utf-8")

    return write


async def main(talks: Sequence[Talk], write: Writer, reader: str) -> dict[str, Any]:
    """Talk, print, and count; transcripts are of what the reader makes of the turns."""
    faults: Counter[str] = Counter()
    with_model: Counter[str] = Counter()
    for talk in talks:
        turns = await told(talk)
        if reader == "rules":
            write(talk, transcript(talk, turns))
        for each in turns:
            for kind, what in each.faults:
                faults[kind] += 1
                print(f"# {talk.name}, turn {each.number}, {each.said!r}: {kind}: {what}")
    return {
        "benchmark": "turns",
        "turns": sum(len(talk.turns) for talk in talks),
        "right_without_model": counted(talks, "rules"),
        "right_with_model": counted(talks, "model"),
        "replayed": await replay(talks, with_model, write if reader == "model" else None),
        "with_model": {kind: with_model[kind] for kind in FAULTS},
        **{kind: faults[kind] for kind in FAULTS},
    }


if __name__ == "__main__":
    parser = command(__doc__)
    parser.add_argument("--talks", type=Path, default=TALKS, help="a TOML file of talks")
    parser.add_argument("--only", type=int, nargs="+", help="numbers of talks, from 1")
    parser.add_argument("--replies", type=Path, help="a folder of replies of a model that reads")
    parser.add_argument("--record", type=Path, help="where these are kept with their states")
    parser.add_argument("--ranks", action="store_true", help="with --replies: that it ranks too")
    parser.add_argument("--reader", choices=["rules", "model"], default="rules",
                        help="whose transcripts are written")  # fmt: skip
    parser.add_argument("--out", type=Path, help="a folder for transcripts; printed without it")
    options = parser.parse_args()
    chosen = read_talks(options.talks)
    if options.smoke:
        chosen = [replace(talk, turns=talk.turns[:2]) for talk in chosen[:1]]
    if options.only:
        chosen = [talk for at, talk in enumerate(chosen, start=1) if at in options.only]
    if options.out:
        options.out.mkdir(parents=True, exist_ok=True)
    if any(talk.on == "demo" for talk in chosen):
        prepared_demo()
    if options.replies and options.record:
        out = written(options.out) if options.out else None
        make = partial(recorded, chosen, options.replies, out, ranks=options.ranks)
        write_recordings(options.record, anyio.run(make))
        raise SystemExit
    print(
        json.dumps(
            anyio.run(main, chosen, written(options.out), options.reader), ensure_ascii=False
        )
    )
