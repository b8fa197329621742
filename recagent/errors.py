"""The exceptions that recagent raises; it raises no others on purpose.

    RecagentError
    ├── ConfigError      settings, scenes or files that do not fit together
    ├── DataError        a catalogue, an event or a request that cannot be used as it is
    │   ├── NotFoundError    it names a scene or an item that is not there
    │   ├── ConflictError    what is to be stored is stored already, and differently
    │   ├── ConstraintError  a condition names no attribute, or its value cannot be read
    │   └── StoreError       the event store cannot be read or written now
    ├── PromptError      a prompt file that is broken or was given the wrong inputs
    ├── RetrievalError   an index that is missing, or was made with another embedder
    └── ModelError       a language model or embedder that did not answer
        └── ReplyError   it answered, and the answer cannot be used

Adapters translate their vendors' errors into these with ``raise ... from error``.
"""

from collections.abc import Mapping

from recagent.locale import AnyText, Language, LocalizedText


class RecagentError(Exception):
    """Base of all errors that recagent raises; its message names the thing and the next step.

    Attributes:
        message: in every language; ``str`` of the error is the English one.
        public: what clients of a server read in place of a message with addresses, paths or what a
            vendor's library says; None where the message is about their request.
    """

    public: LocalizedText | None = None

    def __init__(self, message: AnyText, /, **values: object) -> None:
        """A message as it stands, or its template and the values that are named there."""
        self.message = _message(message, values)
        if self.public is not None:
            self.message = self.message.told_as(self.public)
        super().__init__(str(self.message))

    def in_language(self, lang: Language) -> str:
        """The message as people read it in ``lang``."""
        return self.message.in_language(lang)


class ConfigError(RecagentError):
    """Settings, scenes or files do not fit together."""

    public = LocalizedText("the server's settings do not fit together; its log says more")


class DataError(RecagentError):
    """A catalogue, an event or a request cannot be used as it is."""


class NotFoundError(DataError):
    """A request names a scene or an item that is not there."""


class ConflictError(DataError):
    """What is to be stored is stored already, and differently; what was stored stays."""


class ConstraintError(DataError):
    """A condition names an attribute that no item has, or its value cannot be read."""


class StoreError(DataError):
    """The event store cannot be read or written now; nothing was stored by half.

    Attributes:
        busy: whether another process writes, so that the same may succeed a moment later.
    """

    public = LocalizedText("the event store does not answer now; nothing was stored: try again")

    def __init__(self, message: AnyText, /, *, busy: bool = False, **values: object) -> None:
        super().__init__(message, **values)
        self.busy = busy


class PromptError(RecagentError):
    """A prompt file is broken or was given inputs that it does not declare."""

    public = LocalizedText("a prompt of the server is broken; its log says more")


class RetrievalError(RecagentError):
    """An index is missing, or does not fit the embedder that asks it."""

    public = LocalizedText("the index does not answer now; try again")


class ModelError(RecagentError):
    """A language model or an embedder did not answer.

    Attributes:
        retryable: whether the same call may succeed a moment later.
        status: of HTTP, where there is one.
        retry_after: seconds that the server asks to be left alone, if it does.
    """

    public = LocalizedText("the model does not answer now")

    def __init__(
        self,
        message: AnyText,
        /,
        *,
        retryable: bool = False,
        status: int | None = None,
        retry_after: float | None = None,
        **values: object,
    ) -> None:
        super().__init__(message, **values)
        self.retryable = retryable
        self.status = status
        self.retry_after = retry_after


class ReplyError(ModelError):
    """A model answered, and the answer cannot be used.

    Attributes:
        reply: the answer as it came.
    """

    def __init__(
        self, message: AnyText, /, *, reply: str, retryable: bool = True, **values: object
    ) -> None:
        super().__init__(_message(message, values), retryable=retryable)
        self.reply = reply


def _message(message: AnyText, values: Mapping[str, object]) -> LocalizedText:
    return LocalizedText(message, **values) if isinstance(message, str) else message
