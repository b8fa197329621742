"""``recagent chat``: a conversation in the terminal or over a pipe; it shows what is said."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from recagent.cli.opening import load_settings
from recagent.cli.options import Config, Demo, Lang, SlateLength
from recagent.locale import Phrases

if TYPE_CHECKING:
    from rich.console import Console

    from recagent.chat import Conversation, Noted, Question, ReplyPart, Shown
    from recagent.config.settings import Settings
    from recagent.domain import Language

Person = Annotated[str | None, typer.Option(help="The person's id. [default: somebody new]")]
SceneName = Annotated[str | None, typer.Option(help="Scene. [default: the likeliest]")]
Json = Annotated[bool, typer.Option("--json", help="Print a JSON object for each piece.")]

_NOBODY = "you"  # a person of whom nothing is known
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
    """Talk about what is recommended; what you say of it becomes constraints that code checks."""
    import anyio  # noqa: PLC0415

    from recagent.chat import Conversation  # noqa: PLC0415

    settings = load_settings(config, demo, lang)
    conversation = Conversation(user_id=user or _NOBODY, scene=scene)
    anyio.run(_talk, settings, conversation, k, json)


async def _talk(settings: Settings, conversation: Conversation, k: int, as_json: bool) -> None:
    from anyio import to_thread  # noqa: PLC0415

    from recagent.api import AsyncRecommender  # noqa: PLC0415
    from recagent.chat import Agent  # noqa: PLC0415
    from recagent.cli import output  # noqa: PLC0415

    words, out = WORDS[settings.lang], output.console()
    is_asked = sys.stdin.isatty() and not as_json
    if is_asked:
        out.print(words["hello"], style="dim", markup=False)
    async with AsyncRecommender.from_settings(settings) as line:
        remote = any(engine.is_remote for engine in settings.engines[:1])
        agent = Agent(line, lang=settings.lang, k=k, reading="critiques" if remote else "acts")
        await agent.begin(conversation)
        while True:
            if is_asked:
                typer.echo(words["prompt"], nl=False)
            text = await to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True)
            if not text or text.strip().lower() in _QUIT:
                return
            if not text.strip():
                continue
            async for said in agent.say(conversation, text.strip()):
                if as_json:
                    typer.echo(_json_line(said))
                else:
                    _show(said, out, settings.lang)


def _show(said: ReplyPart, out: Console, lang: Language) -> None:
    from recagent.chat import Question, Shown, Words  # noqa: PLC0415

    match said:
        case Words():
            out.print(said.text, markup=False, highlight=False)
        case Shown():
            _show_slate(said, out, WORDS[lang])
        case Question():
            _show_question(said, out)
        case _:  # what is in force is said in words too, and shown by /list
            pass


def _show_slate(said: Shown, out: Console, words: Mapping[str, str]) -> None:
    from recagent.prompts import caption, one_line  # noqa: PLC0415

    for entry, why in zip(said.slate.entries, said.explanations, strict=True):
        reasons = " ".join(claim.text for claim in why.claims) or words["none"]
        out.print(f"{entry.rank:>2}. {caption(entry.item)}", markup=False, highlight=False)
        out.print(f"    {reasons}", style="dim", markup=False, highlight=False)
    trace, notice = said.slate.trace, said.explanations[0].notice
    if trace.review or notice:
        line = " ".join(filter(None, [words["review"] if trace.review else "", notice]))
        out.print(one_line(line, 400), markup=False, highlight=False)
    if trace.degraded:
        line = f"{words['degraded']}: {one_line(trace.degraded, 400)}"
        out.print(line, style="bold red", markup=False, highlight=False)


def _show_question(said: Question, out: Console) -> None:
    options = "  ".join(f"{at}) {option}" for at, option in enumerate(said.options, start=1))
    out.print(f"{said.text}\n    {options}", markup=False, highlight=False)


def _json_line(said: ReplyPart) -> str:
    import orjson  # noqa: PLC0415

    from recagent.chat import Question, Shown, Words  # noqa: PLC0415
    from recagent.cli import output  # noqa: PLC0415
    from recagent.cli.ranking_questions import answer_json  # noqa: PLC0415

    match said:
        case Words():
            reasons = [output.explanation_json(why) for why in said.explanations]
            answers = [answer_json(answer) for answer in said.answers]
            value = {"words": said.text, "explanations": reasons, "answers": answers}
        case Shown():
            value = {"shown": output.slate_json(said.slate, said.explanations)}
        case Question():
            value = {"question": said.text, "options": said.options}
        case _:
            value = {"noted": _noted_json(said)}
    return orjson.dumps(value).decode()


def _noted_json(said: Noted) -> dict[str, Any]:
    from dataclasses import asdict  # noqa: PLC0415

    return asdict(said)
