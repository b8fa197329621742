"""A model describes items: several in a request, by the attributes that the config declares.

What it does not know stays unknown: null, a value that is not allowed and an item that it leaves
out are no values. Files of descriptions are read and applied in ``descriptions``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Any, cast

from recagent import prompts
from recagent.config.data_sections import DescribedAttribute, DescribeSettings
from recagent.domain import Item, Language, Scene, Usage
from recagent.domain.comparing import folded
from recagent.errors import ReplyError
from recagent.ingest.descriptions import DescribedValue, Description
from recagent.llm.retry import RetryBudget, RetryWindow
from recagent.llm.structured_replies import ReplyForm, ask_structured
from recagent.llm.usage import estimated_tokens
from recagent.locale import Phrases
from recagent.ports import ChatModel, Message, Schema
from recagent.prompts import one_line

# What is asked where the config declares nothing.
_USUAL = Phrases[dict[str, Any]]("describe", "usual")

_UNKNOWN = frozenset(
    {"", "unknown", "none", "null", "n/a", "na", "not known", "not applicable", "?", "-",
     "未知", "不详", "不知道", "无", "空"}
)  # fmt: skip
_PHRASE, _LINE = 60, 240  # characters of a phrase and of a line of text that are kept
_PHRASE_TOKENS, _LINE_TOKENS = 6, 28  # that a model writes for one, about


class ItemsReply(ReplyForm):
    """What the model writes: an object for each item, with its number and the attributes."""

    items: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribeRequest:
    """A question about a few items of one scene.

    Attributes:
        items: (n,) they are numbered from 1 in the messages.
        max_tokens: of the reply.
    """

    items: tuple[Item, ...]
    messages: tuple[Message, ...]
    max_tokens: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DescribedItems:
    """What came of a request.

    Attributes:
        descriptions: of the items that the reply has.
        missing: how many it left out; they can be asked for again.
        refused: values that were not allowed, and so are not there.
    """

    descriptions: tuple[Description, ...]
    missing: int = 0
    refused: int = 0
    usage: Usage = field(default_factory=Usage)


def described_attributes(
    settings: DescribeSettings, lang: Language
) -> Mapping[str, DescribedAttribute]:
    """Returns what is asked of each item: the declared attributes, or the usual ones."""
    return settings.attributes or {
        name: DescribedAttribute(**fields)
        for name, fields in ((each["name"], each["attribute"]) for each in _USUAL[lang].values())
    }


def make_requests(
    items: Sequence[Item],
    done: frozenset[str],
    *,
    settings: DescribeSettings,
    scenes: Mapping[str, Scene],
    lang: Language,
) -> Iterator[DescribeRequest]:
    """Yields the requests for the items that are not done, each id once.

    The groups are of the whole catalogue, so that a request is the same before and after others
    were answered, and its reply is found in a batch's output.

    Args:
        items: of the catalogue, in its order.
        done: ids that need no description any more.
        settings: what is asked, and of how many at once.
        scenes: declared ones, by name.
        lang: of the usual attributes, and of the prompt where the scene says no other.
    """
    once = sorted({item.id: item for item in items}.values(), key=_scene_of)
    for name, of_scene in groupby(once, _scene_of):
        scene = scenes.get(name, Scene(name=name))
        prompt = prompts.load("describe", "items", lang=scene.language or lang)
        scene_items, size = [*of_scene], settings.per_request
        for start in range(0, len(scene_items), size):
            group = scene_items[start : start + size]
            left = tuple(item for item in group if item.id not in done)
            if not left:
                continue
            inputs = {
                "scene": scene.label(prompt.front.language),
                "attributes": [
                    {"name": key, "about": each.about, "choices": each.values, "most": each.most}
                    for key, each in described_attributes(settings, lang).items()
                ],
                "items": left,
            }
            yield DescribeRequest(
                items=left,
                messages=tuple(prompt.chat(**inputs)),
                max_tokens=prompt.front.max_tokens * len(left),
            )


async def describe(
    request: DescribeRequest,
    *,
    model: ChatModel,
    attributes: Mapping[str, DescribedAttribute],
    attempts: int,
    window: RetryWindow,
) -> DescribedItems:
    """Returns what the model says of a request's items.

    Args:
        request: the question.
        model: that answers it; a model of batch files too.
        attributes: that are asked for.
        attempts: retry budget.
        window: of all requests.

    Raises:
        ModelError: no usable reply within the budget.
    """
    reply = await ask_structured(
        model,
        request.messages,
        ItemsReply,
        max_tokens=request.max_tokens,
        budget=RetryBudget(attempts, window=window),
        unusable=partial(_unusable, model),
        schema=reply_schema(attributes),
        check=partial(_check, model, len(request.items)),
    )
    found: dict[str, Description] = {}
    refused = 0
    for written in reply.form.items:
        item = _meant(written, request.items)
        if item is None or item.id in found:
            continue
        values: dict[str, DescribedValue] = {}
        for name, attribute in attributes.items():
            value, wrong = read_value(written.get(name), attribute)
            refused += wrong
            if value:
                values[name] = value
        found[item.id] = Description(item_id=item.id, model=model.name, values=values)
    return DescribedItems(
        descriptions=tuple(found.values()),
        missing=len(request.items) - len(found),
        refused=refused,
        usage=reply.usage,
    )


def read_value(written: object, attribute: DescribedAttribute) -> tuple[DescribedValue, int]:
    """Returns an attribute's value, empty where it is unknown, and how many were not allowed."""
    parts = cast("list[object]", written) if isinstance(written, list) else [written]
    limit = _PHRASE if attribute.most > 1 else _LINE
    texts = [one_line(part, limit) for part in parts if isinstance(part, str | int | float)]
    texts = [text for text in texts if folded(text).strip(".") not in _UNKNOWN]
    wrong = 0
    if attribute.values:
        allowed = {folded(value): value for value in attribute.values}
        known = [allowed[folded(text)] for text in texts if folded(text) in allowed]
        wrong, texts = len(texts) - len(known), known
    texts = [*dict.fromkeys(texts)][: attribute.most]
    if attribute.most > 1:
        return tuple(texts), wrong
    return (texts[0] if texts else ""), wrong


def reply_schema(attributes: Mapping[str, DescribedAttribute]) -> Schema:
    """Returns the JSON schema of a reply: every attribute of every item, or null."""
    properties: dict[str, Any] = {"number": {"type": "integer"}}
    for name, attribute in attributes.items():
        text: dict[str, Any] = {"type": "string"}
        if attribute.values:
            text["enum"] = list(attribute.values)
        value = {"type": "array", "items": text} if attribute.most > 1 else text
        properties[name] = {"anyOf": [value, {"type": "null"}]}
    item = {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
    return {
        "type": "object",
        "properties": {"items": {"type": "array", "items": item}},
        "required": ["items"],
        "additionalProperties": False,
    }


def estimated_usage(
    requests: Sequence[DescribeRequest], attributes: Mapping[str, DescribedAttribute]
) -> Usage:
    """Returns about how many tokens requests take, read and written, without retries."""
    read = sum(estimated_tokens(message.content) for each in requests for message in each.messages)
    of_item = sum(
        estimated_tokens(name) + _expected_tokens(attribute)
        for name, attribute in attributes.items()
    )
    return Usage(prompt=read, completion=of_item * sum(len(each.items) for each in requests))


def _expected_tokens(attribute: DescribedAttribute) -> int:
    if attribute.most > 1:
        return _PHRASE_TOKENS * min(attribute.most, 4)
    return _PHRASE_TOKENS if attribute.values else _LINE_TOKENS


def _scene_of(item: Item) -> str:
    return item.scene


def _meant(written: Mapping[str, Any], items: Sequence[Item]) -> Item | None:
    number: object = written.get("number")
    if not isinstance(number, int) or isinstance(number, bool):
        return None
    return items[number - 1] if 1 <= number <= len(items) else None


def _check(model: ChatModel, count: int, form: ItemsReply, text: str) -> None:
    numbers = {written.get("number") for written in form.items}
    if not numbers & set(range(1, count + 1)):
        raise _unusable(model, text)


def _unusable(model: ChatModel, text: str) -> ReplyError:
    return ReplyError(
        "model {model!r} described no item: {text!r}", model=model.name, text=text[:80], reply=text
    )
