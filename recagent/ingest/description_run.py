"""Many requests for descriptions: asked at once, each answer written before the next stop.

What a request is and how its reply is read is in ``describing``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import anyio

from recagent.config.settings import Settings
from recagent.domain import Item, Usage
from recagent.errors import ModelError, ReplyError
from recagent.ingest.catalogue import read_catalogue
from recagent.ingest.describing import DescribeRequest, describe, described_attributes
from recagent.llm.batch_files import BatchModel
from recagent.llm.retry import RetryWindow
from recagent.ports import ChatModel


@dataclass(slots=True, kw_only=True)
class DescribeSummary:
    """What a run did.

    Attributes:
        described: items that were written.
        unknown: those of them of which the model knew nothing.
        refused: values that were not allowed.
        left: items without a usable answer.
    """

    described: int = 0
    unknown: int = 0
    refused: int = 0
    left: int = 0
    usage: Usage = field(default_factory=Usage)


def items_to_describe(settings: Settings) -> Sequence[Item]:
    """Returns the items of the catalogue's files, cleaned; events are read only without items.

    Raises:
        RecagentError: as ``read_catalogue``, and for a catalogue with errors.
    """
    alone: dict[str, object] = {"users": (), "descriptions": ()}
    if settings.catalog.items:
        alone["events"] = ()
    catalog = settings.catalog.model_copy(update=alone)
    catalogue = read_catalogue(settings.model_copy(update={"catalog": catalog}))
    if settings.cleaning.unusable == "stop":
        catalogue.refuse_problems(settings.lang)
    return catalogue.items


async def describe_all(
    requests: Sequence[DescribeRequest],
    *,
    model: ChatModel,
    settings: Settings,
    out: Path,
    on_progress: Callable[[str, int, int | None], None],
) -> DescribeSummary:
    """Asks for descriptions and adds them to a file as they come.

    Args:
        requests: that are asked, several at once.
        model: that answers; what a model of batch files has no reply to is left.
        settings: of the attributes and the model.
        out: the file, made if it is not there.
        on_progress: takes the stage, the items that are answered, and of how many.

    Raises:
        ModelError: the model does not answer; what is written stays.
    """
    summary, window = DescribeSummary(), RetryWindow()
    attributes = described_attributes(settings.describe, settings.lang)
    total = sum(len(each.items) for each in requests)
    slots = anyio.CapacityLimiter(settings.model.concurrency)
    waits = isinstance(model, BatchModel)

    async def ask(request: DescribeRequest) -> None:
        async with slots:
            try:
                found = await describe(
                    request,
                    model=model,
                    attributes=attributes,
                    attempts=1 if waits else settings.model.attempts,
                    window=window,
                )
            except ModelError as error:
                if not waits and not isinstance(error, ReplyError):
                    raise
                summary.left += len(request.items)
                return
        file.write(b"".join(each.line() for each in found.descriptions))
        file.flush()
        summary.described += len(found.descriptions)
        summary.unknown += sum(not each.values for each in found.descriptions)
        summary.refused += found.refused
        summary.left += found.missing
        summary.usage += found.usage
        on_progress("describing", summary.described + summary.left, total)

    with out.open("ab") as file:
        try:
            async with anyio.create_task_group() as group:
                for request in requests:
                    group.start_soon(ask, request)
        except ExceptionGroup as errors:
            first = errors.exceptions[0]
            raise first from first.__cause__
        finally:
            with anyio.CancelScope(shield=True):
                await model.close()
    return summary
