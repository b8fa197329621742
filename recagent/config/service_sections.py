"""Sections of ``recagent.toml`` on the service: index, models, retrieval, ranking and server.

Where values come from (file, environment, arguments) is ``config.settings``.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, SecretStr, field_validator, model_validator

from recagent.config.data_sections import SettingsSection, Share
from recagent.domain import Mode

UNMEASURED_WEIGHT = 1 / 3  # of a capable model that was not measured on the catalogue

Positive = Annotated[float, Field(gt=0)]
Price = Annotated[float, Field(ge=0)]


class IndexSettings(SettingsSection):
    """``[index]``: the Chroma server that several processes share; empty for the own folder."""

    url: str = ""
    """A Chroma server that several processes share, "http://127.0.0.1:8901". Empty: a folder in
    data_dir."""


class EmbedderSettings(SettingsSection):
    """``[embedder]``: the vectors that ship with wordllama, an endpoint, or fastembed."""

    kind: Literal["wordllama", "endpoint", "fastembed"] = "wordllama"
    """"wordllama": static English word vectors that come with the package; "endpoint": an
    OpenAI-compatible /v1/embeddings; "fastembed"."""
    name: str = ""
    """The embedding model, for an endpoint or fastembed."""
    base_url: str = ""
    """Address of the endpoint, "http://127.0.0.1:8903/v1". Empty: the server of [model], with its
    key, headers, proxy and certificates."""
    api_key: SecretStr = SecretStr("")
    """Its key. The key of [model] and OPENAI_API_KEY are never sent to an address that is named
    here."""
    api_version: str = ""
    """For an Azure OpenAI deployment, as in [model]."""
    headers: dict[str, SecretStr] = Field(default={})
    """Sent with every request."""
    proxy: SecretStr = SecretStr("")
    """Proxy for its requests. Empty: HTTPS_PROXY and its like count."""
    ca_file: Path | None = None
    """PEM file of the authority whose certificates are trusted; by default the usual ones."""
    prefixes: Literal["auto"] | dict[Literal["query", "passage"], str] = "auto"
    """What stands before a text: { query = "query: ", passage = "passage: " }; {} for nothing.
    "auto": what is known of E5, BGE, Qwen3, nomic, mxbai and EmbeddingGemma models, by name."""
    parameters: dict[Literal["query", "passage"], dict[str, str | int | bool]] = Field(default={})
    """Further fields of a request: { query = { input_type = "query" }, passage = { input_type =
    "document" } }."""
    dimensions: int = Field(default=0, ge=0)
    """Numbers of a vector, from a model that can shorten its own; 0: all of them."""
    batch: int = Field(default=64, ge=1)
    """Texts of one request; where the server takes fewer, fewer are sent."""
    concurrency: int = Field(default=8, ge=1)
    """Requests under way."""

    @model_validator(mode="after")
    def _of_an_endpoint(self) -> Self:
        if self.kind == "endpoint":
            return self
        # A key alone may stand in the environment for other settings.
        read = {"kind", "name", "api_key", *(["prefixes"] if self.kind == "fastembed" else [])}
        fields = type(self).model_fields.items()
        unread = [key for key, field in fields
                  if key not in read and getattr(self, key) != field.default]  # fmt: skip
        if unread:
            raise ValueError(f"{unread[0]} is not of kind {self.kind!r}; set kind = 'endpoint'")
        return self


class EngineSettings(SettingsSection):
    """One model: the embedded engine, or an OpenAI-compatible endpoint."""

    model_config = ConfigDict(protected_namespaces=())

    kind: Literal["auto", "embedded", "endpoint", "rerank", "none"] = "auto"
    """"auto": an endpoint if a base URL is set, else the embedded model; "rerank": a reranker
    behind /rerank or /score; "none": no model."""
    name: str = ""
    """Name of the endpoint's model; empty: the first that it lists."""
    base_url: str = ""
    """Address of an OpenAI-compatible server, "http://127.0.0.1:8000/v1"."""
    api_key: SecretStr = SecretStr("")
    """Its key. A key without a base URL sends nothing anywhere."""
    api_version: str = ""
    """For an Azure OpenAI deployment, "2024-10-21": base_url is then the resource's address, name
    the deployment's."""
    headers: dict[str, SecretStr] = Field(default={})
    """Sent with every request: { "X-Team" = "films" }."""
    proxy: SecretStr = SecretStr("")
    """Proxy for its requests, "http://proxy:3128". Empty: HTTPS_PROXY and its like count."""
    ca_file: Path | None = None
    """PEM file of the authority whose certificates are trusted; by default the usual ones."""
    cache_salt: SecretStr = SecretStr("")
    """Keeps one tenant's cached prompts in a vLLM apart from the others'."""
    path: Path | None = None
    """GGUF file of the embedded engine; by default the small model of the package."""
    adapter: Literal["auto", "none"] | Path = "auto"
    """LoRA adapter of the embedded engine: a GGUF file, "none", or "auto": what recagent tune
    made, and for the demo else the package's."""
    mode: Literal["auto"] | Mode = "auto"
    """How the model scores; "auto": an endpoint by listwise, where it can, else the first of
    likelihood, label, listwise.
    Pointwise, pairwise and setwise take 20 to 60 calls for a pool of 20."""
    prompt_tokens: int = Field(default=4000, ge=0)
    """Tokens that a prompt for an endpoint may have: it tells the model all that is known of person
    and candidates, as far as they go. 0: the short prompts of the embedded model."""
    threads: int = Field(default=0, ge=0)
    """Threads of the embedded engine for reading prompts; 0: all cores."""
    concurrency: int = Field(default=8, ge=1)
    """Requests under way to an endpoint."""

    @property
    def is_remote(self) -> bool:
        """Whether it is asked over HTTP."""
        served = self.kind in ("endpoint", "rerank")
        return served or (self.kind == "auto" and bool(self.base_url))

    @property
    def chats(self) -> bool:
        """Whether it is a language model, and no reranker."""
        return self.kind != "rerank"


class ModelSettings(EngineSettings):
    """``[model]``: the first model, its retries, and the models that answer where it does not."""

    attempts: int = Field(default=3, ge=1)
    """Retry budget of one request."""
    keep_hours: float = Field(default=24.0, ge=0)
    """Hours for which replies are kept in data_dir and reused for the same question; 0: not
    kept."""
    price: tuple[Price, Price] | tuple[()] = ()
    """What a million tokens of prompt and of completion cost, [0.15, 0.6]. Empty: the public
    price list is asked by the model's name (extra eval); on this machine they cost nothing."""
    reasons: bool = True
    """Whether an endpoint's ranking reply for a list that people read carries a sentence on the
    list and a reason for each of its first 10 entries, checked before they are shown. They take up
    to 110 tokens each."""
    then: tuple[EngineSettings, ...] = ()
    """Models that are called in this order if the ones before do not answer: [{ base_url =
    "http://other:8902/v1" }, { kind = "embedded" }]."""

    @model_validator(mode="after")
    def _engines_only(self) -> Self:
        if any(engine.kind == "none" for engine in (self, *self.then)) and self.then:
            raise ValueError("kind 'none' asks no model: it has no then, and is no entry of one")
        return self


class RankSettings(SettingsSection):
    """``[rank]``; docs/research/before-a-fit.md shows how the defaults were chosen."""

    pool: int = Field(default=20, ge=1, le=200)
    """Candidates that the model scores."""
    language_weight: Literal["auto"] | Share = "auto"
    """Weight w of a model that was not measured here: w z(language) + (1 - w) z(all else), with and
    without a fit. "auto": a third for an endpoint, 0 for the embedded model."""
    temperature: Positive = 1.5
    """Of the softmax that gives `probability`, the share of the pool."""
    feedback: Annotated[float, Field(ge=0)] = 0.0
    """How far answers to earlier lists may move a score (the largest |log f|), 2.0 for example;
    0: not at all."""
    diversity: Share = 0.0
    """Weight of diversity against score; 0.5 at least for a person without any data."""
    new_items: Share = 0.0
    """Share of places for items that nobody liked or judged yet, best first for the person; not in
    lists for a wish. 0.1 gives every list of ten one of them."""
    deadline: Positive = 30.0
    """Seconds for one request."""


KeyScope = Literal["recommend", "feedback", "read", "metrics", "admin"]
ORDINARY_SCOPES: tuple[KeyScope, ...] = ("recommend", "feedback", "read", "metrics")
SHORTEST_KEY = 16  # characters


class KeySettings(SettingsSection):
    """A key, what it may be used for, and for whom."""

    key: SecretStr
    """At least 16 characters."""
    scopes: tuple[KeyScope, ...] = ORDINARY_SCOPES
    """What it allows: lists, reasons and talks; feedback; profiles and traces of the person asked
    for; /metrics; and for operators "admin": raw scores, and traces of everybody."""
    people: str = ""
    """How the ids begin of the people for whom it may be used, "shop1-"; empty for all."""

    @field_validator("key")
    @classmethod
    def _is_long(cls, key: SecretStr) -> SecretStr:
        if len(key.get_secret_value().strip()) < SHORTEST_KEY:
            raise ValueError(f"a key needs at least {SHORTEST_KEY} characters")
        return key


def _key_alone(value: object) -> object:
    return {"key": value} if isinstance(value, str | SecretStr) else value


class ServerSettings(SettingsSection):
    """``[server]``: who may use ``recagent serve``, how often, and how much at once."""

    keys: tuple[Annotated[KeySettings, BeforeValidator(_key_alone)], ...] = ()
    """Bearer keys: ["a long key"] or [{ key = "a long key", scopes = ["recommend"], people =
    "shop1-" }]. Without any, only this machine is answered."""
    proxies: tuple[str, ...] = ()
    """Addresses of proxies whose X-Forwarded headers are believed, ["127.0.0.1"]."""
    rate: int = Field(default=600, ge=0)
    """Requests a minute for each key, or each address if there are no keys; 0: any number."""
    max_message: int = Field(default=4000, ge=1)
    """Characters of a wish or of one message of a conversation."""
    people: tuple[str, ...] = ()
    """Ids that the web page proposes; any other may be typed."""
    state_key: SecretStr = SecretStr("")
    """Signs what a client carries of a conversation. Empty: a key that is made once and kept in
    data_dir; set one where several servers answer the same people."""


class ChatSettings(SettingsSection):
    """``[chat]``: conversations."""

    reading: Literal["auto", "rules"] = "auto"
    """Who reads what a person says: "auto": the first model, if it is behind an endpoint, else
    rules; "rules": always rules."""
    knowledge: bool = False
    """Whether a model behind an endpoint may answer from its own knowledge what the catalogue
    does not say; such an answer is marked and never stored."""


class LearnSettings(SettingsSection):
    """``[learn]``: learning to rank without a command."""

    automatic: bool = True
    """Whether index and serve learn to rank from events by themselves, and lists follow the
    package's weights where there are too few; false: only recagent fit learns, and the sources'
    weights of [retrieval] order the lists until then."""
    again: Share = 0.1
    """How many more events than it last learned from make serve learn again, as a share of
    these; 500 at least. 0: serve does not learn again."""


_SOURCE_WEIGHTS = {
    "neighbours": 4.0, "popularity": 0.5, "lexical_here": 0.0, "recent": 0.0, "walks": 0.0,
    "following": 0.0, "factors": 0.0, "sequence": 0.0,
}  # fmt: skip


class RetrievalSettings(SettingsSection):
    """``[retrieval]``: proposals and weights of the sources."""

    limit: int = Field(default=100, ge=1)
    """Proposals of each source."""
    weights: dict[str, Annotated[float, Field(ge=0)]] = _SOURCE_WEIGHTS
    """Weights of the sources; one that is not named keeps its weight (text, transfer and
    lexical have 1). A source of weight 0 proposes nothing and runs only if a fitted head
    needs it."""
    proposals: Literal["auto", "on", "off"] = "auto"
    """"auto": a capable model behind an endpoint proposes titles or descriptions for a wish, for
    people who are new in a scene, and where too little is found; "on": any model behind one;
    "off": it is not asked to."""
    half_life_days: Positive = 30.0
    """Half-life of a liked item's weight."""

    @field_validator("weights")
    @classmethod
    def _others_keep_theirs(cls, given: dict[str, float]) -> dict[str, float]:
        return {**_SOURCE_WEIGHTS, **given}
