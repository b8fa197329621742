"""Settings to language models, and to the files and caches that they use."""

from __future__ import annotations

import hashlib
import logging
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from urllib.parse import urlsplit

from recagent.config.service_sections import EmbedderSettings, EngineSettings
from recagent.config.settings import Settings
from recagent.errors import ConfigError, DataError
from recagent.infrastructure.embeddings import EmbeddingRequests, EndpointEmbedder
from recagent.llm.address import Access
from recagent.llm.address import shown as shown_address
from recagent.llm.client import Engine
from recagent.llm.embedded import LlamaCppWire
from recagent.llm.kept_findings import KeptFindings
from recagent.llm.rerank_endpoint import RerankEndpoint, RerankWire
from recagent.llm.response_cache import BRIEFLY, SqliteReplyCache
from recagent.llm.transport import HttpWire, Wire
from recagent.llm.weights import find as find_weights
from recagent.llm.weights import shipped_adapter
from recagent.pipeline import artifacts
from recagent.ports import ChatModel, ReplyCache
from recagent.ranking.model_worth import ModelWorth
from recagent.retrieval.sources.proposal_record import ProposalRecord

logger = logging.getLogger(__name__)

REPLIES = "replies.db"  # in the data folder
_LONGEST_EMBEDDING = 600.0  # seconds for one batch of texts
_DEMO = Path(__file__).parents[1] / "demo"  # the bundled films


def model(settings: Settings) -> ChatModel | None:
    """The first language model that ``[model]`` names; None where it names none."""
    return next(iter(models(settings)), None)


def models(settings: Settings) -> tuple[ChatModel, ...]:
    """The language models that ``[model]`` names, in the order in which they are asked."""
    return tuple(
        Engine(_wire(settings, engine), findings_cache=_findings(settings, engine))
        for engine in settings.engines
        if engine.chats
    )


def reranker(settings: Settings, engine: EngineSettings) -> RerankEndpoint:
    """The reranker of an engine that is one.

    Raises:
        ConfigError: nobody says where it is.
    """
    return RerankEndpoint(_wire(settings, engine))


def forget_findings(settings: Settings) -> None:
    """Let the next start find out anew what the endpoints can do."""
    for engine in settings.engines:
        if engine.is_remote:
            _findings(settings, engine).forget()
    if settings.engines and (path := proposal_record(settings).path) is not None:
        path.unlink(missing_ok=True)


def proposal_record(settings: Settings) -> ProposalRecord:
    """How the first model did when it was asked for proposals."""
    key = hashlib.blake2b(engine_key(settings).encode(), digest_size=12).hexdigest()
    return ProposalRecord(path=settings.data_dir / "kept" / "endpoints" / f"proposals-{key}.json")


def _findings(settings: Settings, engine: EngineSettings) -> KeptFindings:
    """Returns where the findings about an engine are kept."""
    return KeptFindings(
        folder=settings.data_dir / "kept" / "endpoints",
        address=_place(settings, engine),
        model=engine.name,
    )


def _place(settings: Settings, engine: EngineSettings) -> str:
    """Returns where an engine is, without secrets.

    What the embedded engine can do depends on its files and its library alone.
    """
    if engine.is_remote:
        return f"{shown_address(engine.base_url)} {engine.api_version}"
    files = (engine.path or find_weights(), adapter(settings, engine))
    states = [(path, path.stat()) for path in files if path and path.is_file()]
    stamps = [f"{path} {state.st_size} {state.st_mtime_ns}" for path, state in states]
    return " ".join([*stamps, f"xllamacpp {_library_version()}"])


def engine_key(settings: Settings) -> str:
    """Address and name of the first model, by which what was measured of it is kept.

    The name alone where no address is known: then a batch file is what asks it.
    """
    engine = next(iter(settings.engines), None)
    if engine is None or (engine.name and not engine.is_remote):
        return settings.model.name
    return f"{_place(settings, engine)} {engine.name}".strip()


def worth(settings: Settings) -> ModelWorth | None:
    """What past choices showed of the first model; None where nothing did, or a weight is set.

    Raises:
        ConfigError: as ``pipeline.artifacts.load_worths``.
    """
    if settings.rank.language_weight != "auto":
        return None
    known = artifacts.load_worths(settings.data_dir)
    return next((each for each in known if is_first_model(each.engine, settings)), None)


def is_unmeasured(settings: Settings, *, model: str, prompt: str, scene: str) -> bool:
    """Whether nothing is known of the worth of a model that answered, and no weight is set."""
    if settings.rank.language_weight != "auto":
        return False
    return not any(
        (each.model, True, True) == (model, prompt in each.prompts, scene in each.scenes)
        for each in artifacts.load_worths(settings.data_dir)
        if is_first_model(each.engine, settings)
    )


def is_first_model(engine: str, settings: Settings) -> bool:
    """Whether what is kept under an engine's key is of the first model."""
    return bool(engine) and engine in (engine_key(settings), settings.model.name)


def adapter(settings: Settings, engine: EngineSettings) -> Path | None:
    """The LoRA adapter that an embedded engine gets, as ``[model] adapter`` says.

    The package's own was tuned on the bundled films, and is for them alone.
    """
    if engine.is_remote or engine.adapter == "none":
        return None
    if engine.adapter != "auto":
        return engine.adapter
    tuned_adapter = settings.data_dir / artifacts.ADAPTER
    if tuned_adapter.is_file():
        return tuned_adapter
    is_demo = any(file.path.parent == _DEMO for file in settings.catalog.items)
    return shipped_adapter(engine.path or find_weights()) if is_demo else None


def identity(settings: Settings, engine: EngineSettings, name: str) -> str:
    """All that the replies of the model ``name`` depend on besides the request.

    A server does not tell which weights it serves under a name.
    """
    if engine.is_remote:
        server = urlsplit(engine.base_url)
        return f"{name} at {server.hostname}:{server.port or ''}{server.path}"
    weights, tuned = engine.path or find_weights(), adapter(settings, engine)
    digests = "+".join(_digest(path) for path in (weights, tuned) if path and path.is_file())
    library = f"xllamacpp {_library_version()}"
    return f"{weights.stem if weights else ''}#{digests or 'no weights'} {library}"


def _library_version() -> str:
    try:
        return version("xllamacpp")
    except PackageNotFoundError:
        return "none"


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()[:16]


def _wire(settings: Settings, engine: EngineSettings) -> Wire:
    if not engine.is_remote:
        return LlamaCppWire(
            engine.path or find_weights(),
            adapter=adapter(settings, engine),
            threads=engine.threads,
        )
    if not engine.base_url:
        raise ConfigError("[model] kind = 'endpoint' needs base_url or OPENAI_BASE_URL")
    kind = HttpWire if engine.chats else RerankWire
    return kind(
        base_url=engine.base_url,
        api_key=engine.api_key.get_secret_value(),
        name=engine.name,
        concurrency=engine.concurrency,
        timeout=settings.rank.deadline,
        access=access(engine),
    )


def access(engine: EngineSettings | EmbedderSettings) -> Access:
    """Headers, proxy and the like of a model's endpoint."""
    is_embedder = isinstance(engine, EmbedderSettings)
    return Access(
        section="[embedder]" if is_embedder else "[model]",
        headers=engine.headers,
        api_version=engine.api_version,
        proxy=engine.proxy.get_secret_value(),
        ca_file=engine.ca_file,
        cache_salt="" if is_embedder else engine.cache_salt.get_secret_value(),
    )


def embeddings_endpoint(settings: Settings) -> EndpointEmbedder:
    """The embedding model behind an endpoint: its own, or that of the first language model.

    Raises:
        ConfigError: nobody says which model, or where it is.
    """
    section = settings.embedder
    place: EmbedderSettings | EngineSettings = section
    if not section.base_url:
        known = {"base_url": settings.model.base_url or settings.openai_base_url}
        place = settings.model.model_copy(update=known)
    if not (section.name and place.base_url):
        raise ConfigError("[embedder] kind = 'endpoint' needs a name and a base URL")
    own_key = section.api_key.get_secret_value()
    wire = HttpWire(
        base_url=place.base_url,
        api_key=own_key if section.base_url else own_key or settings.api_key,
        name=section.name,
        concurrency=section.concurrency,
        timeout=_LONGEST_EMBEDDING,
        access=access(place),
    )
    requests = EmbeddingRequests(
        dimensions=section.dimensions,
        parameters=section.parameters,
        batch=section.batch,
        attempts=settings.model.attempts,
    )
    return EndpointEmbedder(wire, name=section.name, requests=requests)


def reply_cache(path: Path) -> ReplyCache:
    """The cache of models' replies in a file, which is made if it is not there."""
    return SqliteReplyCache(path)


def forget_replies(settings: Settings) -> int:
    """Forget the replies that slates kept; how many there were."""
    path = settings.data_dir / REPLIES
    if not path.is_file():
        return 0
    replies = SqliteReplyCache(path)
    try:
        return replies.clear()
    finally:
        replies.close()


def kept_replies(settings: Settings) -> ReplyCache | None:
    """Returns the cache of the replies that slates keep; None where none are kept, or can be."""
    if not settings.model.keep_hours or not settings.engines:
        return None
    keep = 3600 * settings.model.keep_hours
    try:
        return SqliteReplyCache(settings.data_dir / REPLIES, keep=keep, busy=BRIEFLY)
    except DataError as error:
        logger.warning("replies are not kept: %s", error)
        return None
