"""The ways in which real endpoints, and what people write of them, differ; and what is right.

docs/reference/servers.md shows them as a table, which a test compares with this.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bent_server import Answer, refused, wanted_labels, with_text

USED = "used"
KEY = "sk-1234"


def unbent(_body, reply, _asked):
    return reply


@dataclass(frozen=True, kw_only=True)
class Way:
    """One way, and what is right.

    Attributes:
        name: what is met with.
        right: ``used``, or a pattern of the message that names the thing and the next step.
        how: in words, for the table.
        chat: the answer to a chat request, from body, usual reply and how many there were.
        path: the answer to any request, from the handler and the server; None for the usual.
        mode: the way of scoring that it comes to.
        base_url: of the settings; ``{url}`` is the server's host.
        settings: further ones of ``[model]``.
        check: of the server after the request.
    """

    name: str
    right: str = USED
    how: str
    chat: Callable[[dict, dict, int], Any] = unbent
    path: Callable[[Any, Any], Any] | None = None
    mode: str = "label"
    models: Any = None
    prefix: str = "/v1"
    base_url: str = "{url}/v1"
    model: str = "m"
    key: str = KEY
    settings: tuple[tuple[str, Any], ...] = ()
    check: Callable[[Any], bool] = lambda _: True


def refuses(*names, status=400, says="Unsupported parameter: '{name}' is not supported."):
    """Refuses requests with one of these fields, the first that is there."""

    def chat(body, reply, _):
        for name in names:
            if name in body:
                return refused(says.format(name=name), status, param=name)
        return reply

    return chat


def o_series(body, reply, _):
    """OpenAI's reasoning models."""
    if "max_tokens" in body:
        return refused(
            "Unsupported parameter: 'max_tokens' is not supported with this model. Use "
            "'max_completion_tokens' instead.",
            param="max_tokens",
        )
    if body.get("temperature", 1) != 1:
        return refused(
            "Unsupported value: 'temperature' does not support 0 with this model. Only the "
            "default (1) value is supported.",
            param="temperature",
        )
    if "logprobs" in body:
        return refused("You are not allowed to request logprobs from this model.", 403)
    effort = body.get("reasoning_effort", "medium")
    if effort not in ("low", "medium", "high"):
        return refused(
            f"Unsupported value: '{effort}' is not supported with this model. Supported values "
            "are: 'low', 'medium', and 'high'.",
            param="reasoning_effort",
        )
    if "chat_template_kwargs" in body:
        return refused("Unrecognized request argument supplied: chat_template_kwargs")
    reply["usage"]["completion_tokens_details"] = {"reasoning_tokens": 64}
    return reply if body["max_completion_tokens"] > 1_000 else with_text(reply, "")


def deepseek(body, reply, _):
    form = body.get("response_format", {}).get("type")
    if form == "json_schema":
        return refused("This response_format type is unavailable now")
    said = " ".join(message["content"] for message in body["messages"]).lower()
    if form == "json_object" and "json" not in said:
        return refused("Prompt must contain the word 'json' to use response_format json_object")
    return without_logprobs(body, reply, 0)


def without_logprobs(_body, reply, _asked):
    reply["choices"][0]["logprobs"] = None
    return reply


def strict(body, reply, _):
    """OpenAI's strict schemas and Azure's."""
    if "minItems" in json.dumps(body.get("response_format", {})):
        return refused(
            "Invalid schema for response_format 'reply': In context=('properties', 'order'), "
            "'minItems' is not permitted.",
            param="response_format",
        )
    return without_logprobs(body, reply, 0)


def capped(body, reply, _):
    if body.get("top_logprobs", 0) > 5:
        return refused("Invalid value for 'top_logprobs': must be less than or equal to 5.")
    return reply


def thinking(chat):
    """A model that thinks, whatever it is told, and says its thoughts so."""

    def bent(body, reply, _):
        without_logprobs(body, reply, 0)
        return chat(reply, reply["choices"][0]["message"]["content"])

    return bent


def strict_and_thinking(body, reply, _):
    """It forbids fields that it does not know, and has the switch of reasoning_effort."""
    if "chat_template_kwargs" in body:
        detail = [{"type": "extra_forbidden", "loc": ["body", "chat_template_kwargs"]}]
        return Answer({"detail": detail}, 422)
    if body.get("reasoning_effort") == "none":
        return reply
    return with_text(reply, None, reasoning_content="The user wants a letter")


def in_text(bend):
    """Orders are written otherwise than as plain JSON; there are no log probabilities."""

    def chat(body, reply, _):
        without_logprobs(body, reply, 0)
        labels = wanted_labels(body)
        if labels is None or labels == ["Q"]:
            return with_text(reply, "So it is.")
        return with_text(reply, bend(labels[::-1]))

    return chat


def no_system(body, reply, _):
    if body["messages"][0]["role"] == "system":
        return refused("System role not supported")
    return reply


def usage(value):
    def chat(_body, reply, _asked):
        reply["usage"] = value
        return reply

    return chat


def tokens(change):
    """Log probabilities that cannot be used."""

    def chat(_body, reply, _asked):
        listed = reply["choices"][0]["logprobs"]
        if listed:
            for token in (listed["content"][0], *listed["content"][0]["top_logprobs"]):
                change(token)
        return reply

    return chat


def infinite(body, reply, asked):
    text = json.dumps(tokens(lambda token: token.update(logprob="∞"))(body, reply, asked))
    return Answer(text.replace('"\\u221e"', "-Infinity").encode())


def as_bytes(token):
    token |= {"token": "\ufffd", "bytes": [0xE4, 0xBA]}


def spaced(token):
    token["token"] = "▁" + token["token"]


def forgets_logprobs(body, reply, asked):
    return reply if asked <= 2 else without_logprobs(body, reply, asked)


def inside(message, code):
    def chat(_body, _reply, _asked):
        return {"error": {"message": message, "code": code}}

    return chat


def once(answer):
    """The answer once, after the trial; then the usual ones."""

    def chat(_body, reply, asked):
        return answer if asked == 3 else reply

    return chat


def busy_in_trial(_body, reply, asked):
    return refused("Rate limit reached", 429) if asked == 2 else reply


def redirect(handler, server):
    if handler.path.startswith("/v1/"):
        return Answer({}, 308, Location=server.url + "/api" + handler.path)
    return None


def elsewhere(_handler, _server):
    return Answer(b"<html>moved</html>", 302, Location="https://login.example.com/start")


def page(_handler, _server):
    return Answer(b"<!doctype html><title>Sign in</title>")


def one_that_chats(body, reply, _):
    if "embed" in body["model"] or body["model"] == "vectors":
        return refused(f"{body['model']} does not support chat", 400)
    return reply


def listing(*names):
    return {"object": "list", "data": [{"id": name, "object": "model"} for name in names]}


def basic(server):
    return all(head.get("authorization") == "Basic dXNlcjpwYXNz" for head in server.heads)


def bearer(server):
    return all(head.get("authorization") == f"Bearer {KEY}" for head in server.heads)


def azure(server):
    return all(
        path.startswith("/openai/deployments/m/chat/completions?api-version=2024-10-21")
        for path in server.paths if "tokenize" not in path
    ) and all(head["api-key"] == KEY for head in server.heads)  # fmt: skip


def unknown_model(_body, _reply, _asked):
    return refused("The model `m` does not exist or you do not have access to it.", 404)


def no_key(_handler, _server):
    return refused("Incorrect API key provided", 401)


def streamed(_body, _reply, _asked):
    return Answer(b'data: {"choices": [{"delta": {"content": "A"}}]}\n\ndata: [DONE]\n\n')


def too_long(_body, _reply, _asked):
    return refused("This model's maximum context length is 512 tokens. However, you requested 900.")


NO_LETTER = "The user wants an order"
CHANNELS = "<|channel|>analysis<|message|>Hm.<|end|><|start|>assistant<|channel|>final<|message|>"

WAYS = (
    # What a request may not have
    Way(
        name="`max_tokens` is refused",
        how="`max_completion_tokens` takes its place",
        chat=refuses(
            "max_tokens",
            says="Unsupported parameter: '{name}'. Use 'max_completion_tokens' instead.",
        ),
    ),
    Way(name="`temperature` is refused", how="it is left out", chat=refuses("temperature")),
    *(
        Way(
            name=f"`logprobs` is refused with {status}",
            how="an order is asked for",
            mode="listwise",
            chat=refuses("logprobs", status=status, says="{name}? no"),
        )
        for status in (400, 403, 404, 422, 500, 501)
    ),
    Way(
        name="`logprobs` is refused without a word",
        how="an order is asked for",
        mode="listwise",
        chat=refuses("logprobs", says="Bad request"),
    ),
    Way(name="at most 5 log probabilities", how="5 are asked for", chat=capped),
    Way(
        name="`json_schema` is refused (DeepSeek)",
        how="`json_object`, and the schema in words",
        mode="listwise",
        chat=deepseek,
    ),
    Way(
        name="`response_format` is refused",
        how="the schema in words",
        mode="listwise",
        chat=lambda body, reply, asked: refuses("response_format")(
            body, without_logprobs(body, reply, asked), asked
        ),
    ),
    Way(
        name="`minItems` is refused (OpenAI strict, Azure)",
        how="the schema without sizes of lists",
        mode="listwise",
        chat=strict,
    ),
    Way(
        name="system messages are refused",
        how="they stand before the first thing the user says",
        chat=no_system,
    ),
    # Models that think
    Way(
        name="OpenAI's reasoning models",
        how="`max_completion_tokens`, no temperature, an order, the least effort that they name",
        mode="listwise",
        chat=o_series,
        check=lambda server: server.chats[-1]["reasoning_effort"] == "low",
    ),
    Way(
        name="thoughts in `reasoning_content`, fields it does not know forbidden",
        how='`reasoning_effort = "none"`',
        chat=strict_and_thinking,
    ),
    Way(
        name="thoughts in `<think>`",
        how="they are cut, replies get room for them",
        mode="listwise",
        chat=thinking(
            lambda reply, text: with_text(reply, f"<think>\n{NO_LETTER}\n</think>\n\n{text}")
        ),
    ),
    Way(
        name="thoughts in gpt-oss channels",
        how="the final channel counts",
        mode="listwise",
        chat=thinking(lambda reply, text: with_text(reply, CHANNELS + text)),
    ),
    Way(
        name="content as parts (Mistral)",
        how="parts of text count, parts of thinking do not",
        mode="listwise",
        chat=thinking(
            lambda reply, text: with_text(
                reply,
                [
                    {"type": "thinking", "thinking": [{"type": "text", "text": NO_LETTER}]},
                    {"type": "text", "text": text},
                ],
            )
        ),
    ),
    # How replies are written
    Way(
        name="JSON in a fence",
        how="read",
        mode="listwise",
        chat=in_text(lambda order: "```json\n" + json.dumps({"order": order}) + "\n```"),
    ),
    Way(
        name="prose around the JSON",
        how="read",
        mode="listwise",
        chat=in_text(
            lambda order: "Sure! Here it is:\n" + json.dumps({"order": order}) + "\nEnjoy {them}."
        ),
    ),
    Way(
        name="trailing commas",
        how="read",
        mode="listwise",
        chat=in_text(
            lambda order: '{"order": [' + "".join(f'"{label}", ' for label in order) + "],}"
        ),
    ),
    Way(name="a bare list", how="read", mode="listwise", chat=in_text(json.dumps)),
    Way(
        name="labels as `[A]`",
        how="read",
        mode="listwise",
        chat=in_text(lambda order: json.dumps({"order": [f"[{label}]" for label in order]})),
    ),
    Way(
        name="labels as `A.` with titles",
        how="read",
        mode="listwise",
        chat=in_text(lambda order: json.dumps({"order": [f"{label}. Title" for label in order]})),
    ),
    Way(
        name="labels as ` a`",
        how="read",
        mode="listwise",
        chat=in_text(lambda order: json.dumps({"order": [f" {label.lower()}" for label in order]})),
    ),
    Way(
        name="an order in plain lines",
        how="read",
        mode="listwise",
        chat=in_text(
            lambda order: "\n".join(f"{rank}. {label}" for rank, label in enumerate(order, 1))
        ),
    ),
    Way(name="usage is null", how="bookkeeping: counted as nothing", chat=usage(None)),
    Way(
        name="usage with fractions and nulls",
        how="bookkeeping: rounded up",
        chat=usage(
            {"prompt_tokens": 99.5, "completion_tokens": None, "prompt_tokens_details": None}
        ),
    ),
    # Log probabilities
    Way(
        name="log probabilities that are null",
        how="an order is asked for",
        mode="listwise",
        chat=tokens(lambda token: token.update(logprob=None)),
    ),
    Way(
        name="log probabilities that are infinite",
        how="an order is asked for",
        mode="listwise",
        chat=infinite,
    ),
    Way(
        name="log probabilities of byte tokens",
        how="an order is asked for",
        mode="listwise",
        chat=tokens(as_bytes),
    ),
    Way(
        name="tokens with a mark for the space before them (`▁A`, `ĠA`)",
        how="read",
        chat=tokens(spaced),
    ),
    Way(
        name="log probabilities in the trial and none later",
        how="an order is asked for, in the same request",
        mode="listwise",
        chat=forgets_logprobs,
    ),
    # Errors
    Way(
        name="an error inside a 200",
        how="it is that error",
        right="with an error: Provider is out of credit",
        chat=inside("Provider is out of credit", 402),
    ),
    Way(
        name="an error inside a 200 that passes",
        how="tried again",
        chat=once({"error": {"message": "Upstream overloaded", "code": 502}}),
    ),
    Way(
        name="a 429 during the trial",
        how="what is open is tried at the next start",
        chat=busy_in_trial,
    ),
    Way(
        name="a web page with status 200",
        how="named",
        right="with JSON.*is the base URL right",
        path=page,
    ),
    Way(
        name="an empty object for a reply",
        how="named",
        right="not in OpenAI's format",
        chat=lambda *_: {},
    ),
    Way(
        name="a stream that nobody asked for",
        how="named",
        right="in a stream.*switch streaming off",
        chat=streamed,
    ),
    Way(
        name="a model that is not there",
        how="the server's words",
        right="does not exist",
        chat=unknown_model,
    ),
    Way(
        name="a prompt that is too long",
        how="the server's words",
        right="maximum context length",
        chat=too_long,
    ),
    Way(
        name="a wrong key",
        how="named",
        right="set \\[model\\] api_key or OPENAI_API_KEY",
        path=no_key,
    ),
    # Addresses and keys
    Way(
        name="a redirect within the host", how="followed, and kept", prefix="/api/v1", path=redirect
    ),
    Way(
        name="a redirect to another host",
        how="named: the key is not sent there",
        right="redirects to 'https://login.example.com/start'; set \\[model\\] base_url",
        path=elsewhere,
    ),
    Way(
        name="an address without `/v1`",
        how="found",
        base_url="{url}",
        model="",
        models=listing("m"),
    ),
    Way(name="an address with the whole path", how="cut", base_url="{url}/v1/chat/completions"),
    Way(
        name="an embedding model listed first",
        how="the first that seems to chat",
        model="",
        models=listing("nomic-embed-text", "m"),
        chat=one_that_chats,
    ),
    Way(
        name="an embedding model listed first, by no telling name",
        how="named, with what is listed",
        right="the server lists vectors, m: set \\[model\\] name",
        model="",
        models=listing("vectors", "m"),
        chat=one_that_chats,
    ),
    Way(name="models as a bare list", how="read", model="", models=[{"id": "m"}]),
    Way(
        name="no models listed",
        how="named",
        right="lists no models; set \\[model\\] name",
        model="",
        models=listing(),
    ),
    Way(
        name="a netrc file for the host, beside a proxy variable",
        how="the key counts",
        check=bearer,
    ),
    Way(
        name="user and password in the address",
        how="sent as such, and never shown",
        base_url="{user}/v1",
        key="",
        check=basic,
    ),
    Way(name="a key with a line break at its end", how="cut", key=f"{KEY}\n", check=bearer),
    Way(
        name="a key with a line break within",
        how="named",
        right="line break or a letter that cannot be sent",
        key="sk-\n1234",
    ),
    Way(
        name="an address with Azure's `api-version`",
        how="the deployment's path, the header `api-key`",
        prefix="/openai/deployments/m",
        base_url="{url}/?api-version=2024-10-21",
        check=azure,
    ),
    Way(
        name="an address that is none",
        how="named",
        right="must begin with http:// or https://",
        base_url="localhost:8000",
    ),
)
