"""``recagent chat``: a conversation in the terminal or over a pipe."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Annotated, Any

import anyio
import orjson
import typer
from anyio import to_thread

from recagent.api import AsyncRecommender
from recagent.chat import Agent, Conversation, Question, ReplyPart, Shown, Words
from recagent.cli import output
from recagent.cli.opening import load_settings
from recagent.cli.options import Config, Demo, Lang, SlateLength
from recagent.config.settings import Settings
from recagent.domain import Language, person_id
from recagent.locale import Phrases
from recagent.prompts import caption

Person = Annotated[str | None, typer.Option(help="The person's id. [default: somebody new]")]
SceneName = Annotated[str | None, typer.Option(help="Scene. [default: the likeliest]")]
Json = Annotated[bool, typer.Option("--json", help="Print a JSON object for each piece.")]

_NOBODY = "you"  # somebody without an id, of whom nothing is stored
_QUIT = {"/quit", "/exit", "/q", "quit", "exit", "退出", "再见"}

WORDS = Phrases[str]("cli", "chat")


def chat(
    user: Person = None,
    scene: SceneName = None,
    k: SlateLength = 5,
    lang: Lang = None,
    config: Config = None,
    demo: Demo = False,
    json: Json = False,
) -> None:
    """Talk about recommendations; conditions you name are enforced."""
    settings = load_settings(config, demo, lang)
    conversation = Conversation(user_id=person_id(user), scene=scene)
    anyio.run(_talk, settings, conversation, k, json)


async def _talk(settings: Settings, conversation: Conversation, k: int, as_json: bool) -> None:
    words = WORDS[settings.lang]
    with_prompt = sys.stdin.isatty() and not as_json
    if with_prompt:
        output.print_line(words["hello"], style="dim")
    async with AsyncRecommender.from_settings(settings) as recommender:
        line = recommender if conversation.user_id else recommender.visiting()
        conversation.user_id = conversation.user_id or _NOBODY
        agent = Agent(line, lang=settings.lang, k=k)
        with output.waiting():
            await agent.begin(conversation)
        while True:
            if with_prompt:
                typer.echo(words["prompt"], nl=False)
            text = await to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True)
            if not text or text.strip().lower() in _QUIT:
                return
            if not text.strip():
                continue
            answer = agent.say(conversation, text.strip())
            doing = words["reading"]
            while (piece := await _next_piece(answer, doing)) is not None:
                doing = ""
                if as_json:
                    typer.echo(orjson.dumps(_piece_json(piece)).decode())
                else:
                    _print_piece(piece, settings.lang)


async def _next_piece(answer: AsyncIterator[ReplyPart], doing: str) -> ReplyPart | None:
    """Returns the next piece of an answer, None after the last; until it comes something moves."""
    with output.waiting(doing):
        return await anext(answer, None)


def _print_piece(piece: ReplyPart, lang: Language) -> None:
    """Prints a piece of a reply; conditions are not printed, as its words and /list name them."""
    match piece:
        case Words():
            output.print_line(piece.text)
        case Shown():
            _print_slate(piece, lang)
        case Question():
            options = "  ".join(f"{n}) {option}" for n, option in enumerate(piece.options, start=1))
            output.print_line(f"{piece.text}\n    {options}")
        case _:
            pass


def _print_slate(shown: Shown, lang: Language) -> None:
    """Prints a list, with the main reason of each item; asked why, the conversation tells all."""
    for entry, why in zip(shown.slate.entries, shown.explanations, strict=True):
        reason = why.claims[0].text if why.claims else output.WORDS[lang]["none"]
        output.print_line(f"{entry.rank:>2}. {caption(entry.item)}")
        output.print_line(f"    {reason}", style="dim")
    trace = shown.slate.trace
    output.print_notice(shown.explanations[0].notice, lang=lang, review=trace.review)
    if trace.degraded:
        output.print_degraded(trace.degraded, lang=lang)


def _piece_json(piece: ReplyPart) -> dict[str, Any]:
    match piece:
        case Words():
            return {
                "words": piece.text,
                "explanations": [output.explanation_json(why) for why in piece.explanations],
                "answers": [output.answer_json(answer) for answer in piece.answers],
            }
        case Shown():
            return {"shown": output.slate_json(piece.slate, piece.explanations)}
        case Question():
            return {"question": piece.text, "options": piece.options}
        case _:
            return {"noted": asdict(piece)}
