"""Everything that is learned from what is stored, in one go: a head, with factors and gates.

Where it is saved and what is said of it are the caller's business.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import orjson

from recagent import wiring
from recagent.evaluation.resampling import interval
from recagent.learning.fitting import fit_base, scales
from recagent.learning.gating import ndcg
from recagent.learning.judging import judgments
from recagent.learning.language import Pool, Silent, asked, pools, with_language
from recagent.learning.liking import fit_liking
from recagent.learning.past import DIMENSION, Retrieval, Study, past, studied
from recagent.learning.stored import stored
from recagent.ranking import Head
from recagent.recommender import Options, Parts, StraightLine
from recagent.retrieval import Behaviour
from recagent.settings import Settings

OnProgress = Callable[[str, int, int | None], None]
LANGUAGE_CASES = 40  # of each scene


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A head, and what held-out people say of it.

    Attributes:
        choices: past choices that it was learned from and tried on.
        found: share of them that retrieval found.
        retrieval: mean nDCG@10 of the order of retrieval, over all of these choices.
        ranked: the same of the head, by weights that never saw the person.
        gain: their mean difference and the ends of its 95% interval over people.
        judgments: that the like-probability was learned from; 0 where it was not.
        silent: why nothing is known of a language model's worth; empty where it is.
    """

    head: Head
    choices: int
    found: float
    retrieval: float
    ranked: float
    gain: tuple[float, float, float]
    judgments: int
    silent: Silent


async def fit(
    settings: Settings, *, language_cases: int = LANGUAGE_CASES, on_progress: OnProgress
) -> Fitted:
    """Learn from all stored events, and put head and factors where ``recommend`` finds them.

    Args:
        settings: name store, index and model.
        language_cases: past choices of each scene that the model is asked about; 0 asks nothing,
            and then it is not used.
        on_progress: told of stages and how far they are.

    Raises:
        DataError: too few past choices, or nothing stored.
        RetrievalError: the index cannot be read or written.
    """
    parts, options = wiring.parts_with(settings, learned=None), wiring.options(settings)
    place = wiring.home(settings)
    try:
        data = await stored(parts)
        study = Study(
            data=data, index=parts.index, embedder=parts.embedder, half_life=options.half_life
        )
        found = await _learned(study, parts, options, language_cases, on_progress)
        behaviour = Behaviour(data.events, scale=data.scale)
        ids, matrix = behaviour.factorised(DIMENSION)
        rows = {key: row for row, key in enumerate(ids)}
        vectors = wiring.learned_vectors(place, found.head.name)
        for scene in await parts.index.scenes():
            here = [key for key in await parts.index.items(scene) if key in rows]
            if here:
                chosen = matrix[[rows[key] for key in here]]
                await vectors.write(scene, ids=here, vectors=chosen)
        wiring.save_head(settings, found.head)
        await vectors.prune()
        return found
    finally:
        place.close()
        await StraightLine(parts, options).close()


async def _learned(
    study: Study, parts: Parts, options: Options, language_cases: int, on_progress: OnProgress
) -> Fitted:
    retrieval = Retrieval(
        weights=dict(options.source_weights), limit=options.limit, width=options.limit
    )
    questions = past(study.data)
    examples = await studied(
        questions,
        study=study,
        retrieval=retrieval,
        on_progress=lambda done, total: on_progress("choices", done, total),
    )
    scale = scales(examples, sources=wiring.SOURCES)
    base = fit_base(examples, scales=scale)
    judged = await judgments(
        study.data,
        study=study,
        limit=options.limit,
        on_progress=lambda done, total: on_progress("judgments", done, total),
    )
    liking = fit_liking(judged, scales=scale)
    head = Head(
        name="",
        scales=scale,
        shared=base.shared,
        scenes=base.scenes,
        liking=liking,
        told={"choices": str(len(examples)), "penalties": base.told},
    )
    head, silent = await _with_language(
        head,
        pools(questions[0].cases, examples, base, size=options.pool, number=language_cases),
        study,
        parts,
        on_progress,
    )
    plain = np.asarray(
        [ndcg(-np.arange(len(e.items), dtype=np.float64), e.chosen) for e in examples]
    )
    ranked = np.asarray([ndcg(s, e.chosen) for s, e in zip(base.held, examples, strict=True)])
    return Fitted(
        head=replace(head, name=_fingerprint(head)),
        choices=len(examples),
        found=float(np.mean([example.chosen is not None for example in examples])),
        retrieval=float(plain.mean()),
        ranked=float(ranked.mean()),
        gain=interval(ranked - plain, people=[example.user_id for example in examples]),
        judgments=len(judged) if liking else 0,
        silent=silent,
    )


async def _with_language(
    head: Head, chosen: Sequence[Pool], study: Study, parts: Parts, on_progress: OnProgress
) -> tuple[Head, Silent]:
    """The head with what the model is worth; why nothing is known of that, where it is not."""
    if parts.ranker is None:
        return head, "no model"
    if not chosen:
        return head, "no choices"
    spoken = await asked(
        chosen,
        study=study,
        ranker=parts.ranker,
        on_progress=lambda done, total: on_progress("language model", done, total),
    )
    return with_language(head, spoken)


def _fingerprint(head: Head) -> str:
    return hashlib.blake2b(orjson.dumps(head), digest_size=6).hexdigest()
