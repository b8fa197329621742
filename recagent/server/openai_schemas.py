"""OpenAI's schemas, as far as they mean something here; other fields of a client are ignored.

``recagent`` in a response is an extension: slates and constraints as data, which clients ignore.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from recagent.domain import Language
from recagent.server.schemas import Id, RequestBody

NAME = "recagent"
MOST_MESSAGES = 5_000
LONGEST_STATE = 1_000_000  # characters


def _whole(text: object) -> object:
    """Returns a text in which half of a surrogate pair, as a cut emoji leaves it, is replaced."""
    if not isinstance(text, str):
        return text
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


Text = Annotated[str, BeforeValidator(_whole)]


class MessagePart(BaseModel):
    """A part of a message; only texts are read."""

    model_config = ConfigDict(extra="ignore")

    type: str
    text: Text | None = None


class ChatMessage(BaseModel):
    """One message of a conversation."""

    model_config = ConfigDict(extra="ignore")

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: Text | tuple[MessagePart, ...] | None = None

    def text(self) -> str:
        """Its text, that of all parts in a row."""
        if isinstance(self.content, tuple):
            return "\n".join(part.text or "" for part in self.content if part.type == "text")
        return self.content or ""

    @property
    def is_text_alone(self) -> bool:
        """Whether it has no picture, sound or file."""
        return not isinstance(self.content, tuple) or all(
            part.type == "text" for part in self.content
        )


class StreamOptions(RequestBody):
    """What else a stream brings."""

    model_config = ConfigDict(extra="ignore")

    include_usage: bool = False


class ResponseFormat(BaseModel):
    """How an answer is wanted; only text is given."""

    model_config = ConfigDict(extra="ignore")

    type: str = "text"


class CarriedState(RequestBody):
    """What a client brings that keeps the conversation's state beside its messages.

    Attributes:
        state: as it came with the last answer.
    """

    model_config = ConfigDict(extra="ignore")

    state: Annotated[str, Field(max_length=LONGEST_STATE)] = ""


class ChatRequest(RequestBody):
    """A conversation to answer: ``recagent`` or ``recagent/SCENE`` with a person as ``user``.

    Attributes:
        lang: of the answer; ours, not OpenAI's.
        recagent: ours too. With it, ``{}`` at the first turn, the state of the conversation comes
            beside the text alone; without it, the text carries it as well.
    """

    model_config = ConfigDict(extra="ignore")

    model: Annotated[str, Field(max_length=300)]
    messages: Annotated[tuple[ChatMessage, ...], Field(min_length=1, max_length=MOST_MESSAGES)]
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    user: Id | None = None
    n: Literal[1] | None = None
    response_format: ResponseFormat | None = None
    lang: Language | None = None
    recagent: CarriedState | None = None


class Tokens(BaseModel):
    """What the model behind the slates read and wrote; zero where it was not asked."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    total_tokens: int = 0


class AssistantMessage(BaseModel):
    """The message of an answer that is not streamed."""

    role: Literal["assistant"] = "assistant"
    content: str


class CompletionChoice(BaseModel):
    """The one answer."""

    index: Literal[0] = 0
    message: AssistantMessage
    finish_reason: Literal["stop"] = "stop"
    logprobs: None = None


class Completion(BaseModel):
    """An answer that is not streamed."""

    id: str
    object: Literal["chat.completion"] = "chat.completion"
    created: int
    model: str
    choices: tuple[CompletionChoice, ...]
    usage: Tokens
    recagent: tuple[dict[str, Any], ...] = ()


class Model(BaseModel):
    """A scene as a model."""

    id: str
    object: Literal["model"] = "model"
    created: int = 0
    owned_by: Literal["recagent"] = "recagent"


class Models(BaseModel):
    """``recagent``, and every scene as ``recagent/SCENE``."""

    object: Literal["list"] = "list"
    data: tuple[Model, ...]
