"""Everything that is learned from what is stored, in one go: a head, with factors and gates.

Where it is saved and what is said of it are the caller's business.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import orjson
from anyio import to_thread

from recagent import bootstrap
from recagent.config.settings import Settings
from recagent.domain import Event, Group, Item
from recagent.errors import DataError
from recagent.offline.models import Questions
from recagent.offline.resampling import interval
from recagent.pipeline import Options, Parts, Pipeline, artifacts
from recagent.profiles.building import without_likes
from recagent.ranking import GroupTestResult, Head
from recagent.retrieval import Factors, Interactions, SequenceModel
from recagent.scenes.transfer import TransferMap
from recagent.training.backtest import DIMENSION, Retrieval, Study, past, studied
from recagent.training.examples import Example
from recagent.training.fitting import FEWEST, fit_base, scales
from recagent.training.gating import ndcg
from recagent.training.identifying import FittedClassifier, fit_identifier
from recagent.training.judgments import judgments
from recagent.training.language import ScoredPool, Silent, asked, pools, with_language
from recagent.training.liking import fit_liking
from recagent.training.sequence import Epoch
from recagent.training.sequenced import NextItemModel, Titles, titles_of, trained
from recagent.training.stored import stored
from recagent.training.tested import outcome
from recagent.training.transfer import fit_transfer
from recagent.training.transfer_examples import PASSES, choices, described

if TYPE_CHECKING:
    from recagent.domain.arrays import Floats


OnProgress = Callable[[str, int, int | None], None]
LANGUAGE_CASES = 40  # of each scene, or more where these are few in all
ENOUGH = 60  # in all, some of which may get no answer
MOST_PEOPLE = 2_000  # who are asked about; of more a sample is drawn
LEAST_PEOPLE = 400  # however many items there are
_ITEMS = 10_000  # of the largest scene, above which a question costs more and fewer are asked


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """A head, and what held-out people say of it.

    Attributes:
        people: how many were asked about at most; a sample where there are more.
        everybody: people with events.
        choices: past choices that it was learned from and tried on.
        found: share of them that retrieval found.
        retrieval: mean nDCG@10 of the order of retrieval, over all of these choices.
        ranked: the same of the head, by weights that never saw the person.
        gain: their mean difference and the ends of its 95% interval over people.
        judgments: that the like-probability was learned from; 0 where it was not.
        sequence: what a sequence model added to the head's nDCG@10, and the ends of its interval;
            None where none was trained. It is part of the head if that is surely above zero.
        silent: why nothing is known of a language model's worth; empty where it is.
        scenes: what tells a person's scene, and how well; None for too few events.
    """

    head: Head
    people: int
    everybody: int
    choices: int
    found: float
    retrieval: float
    ranked: float
    gain: tuple[float, float, float]
    judgments: int
    sequence: tuple[float, float, float] | None
    silent: Silent
    scenes: FittedClassifier | None = None


async def fit(
    settings: Settings,
    *,
    language_cases: int = LANGUAGE_CASES,
    sequence: bool = False,
    on_progress: OnProgress,
) -> Fitted:
    """Learn from all stored events, and put what was learned where ``recommend`` finds it.

    Args:
        settings: name store, index and model.
        language_cases: past choices of each scene that the model is asked about, more where all
            scenes together have fewer than it takes to weigh the answers by; 0 asks nothing,
            and then it is not used.
        sequence: whether a sequence model is trained too; it is kept if it surely helps.
        on_progress: told of stages and how far they are.

    Raises:
        ConfigError: a sequence model is wanted and torch is not installed.
        DataError: too few past choices, or nothing stored.
        RetrievalError: the index cannot be read or written.
    """
    parts, options = bootstrap.parts_with(settings, learned=None), bootstrap.options(settings)
    place = bootstrap.home(settings)
    try:
        data = await stored(parts)
        why = without_likes(data.events, data.scale)
        if why:
            raise DataError(f"nothing can be learned: {why}; see [ratings] in recagent.toml")
        study = Study(
            data=data, index=parts.index, embedder=parts.embedder, half_life=options.half_life
        )
        titles = await titles_of(parts.index) if sequence else None
        found = await _learned(study, parts, options, language_cases, titles, on_progress)
        head = found.head
        ids, matrix = Interactions(data.events, scale=data.scale).factorised(DIMENSION)
        rows = {key: row for row, key in enumerate(ids)}
        factors = bootstrap.learned_vectors(settings, place, source=Factors.name, version=head.name)
        for scene in await parts.index.scenes():
            here = [key for key in await parts.index.items(scene) if key in rows]
            if here:
                chosen = matrix[[rows[key] for key in here]]
                await factors.write(scene, ids=here, vectors=chosen)
        weights = None
        following = bootstrap.learned_vectors(
            settings, place, source=SequenceModel.name, version=head.name
        )
        if titles is not None and SequenceModel.name in head.scales:
            model = await _trained(data.events, study, titles, "sequence model of all", on_progress)
            for scene in titles.scenes:
                own, vectors = model.of(scene)
                await following.write(scene, ids=own, vectors=vectors)
            weights = model.weights
        on_progress("scenes", 0, None)
        scenes = await to_thread.run_sync(lambda: fit_identifier(data.events, scenes=data.scenes))
        artifacts.save_identifier(settings.data_dir, scenes.identifier if scenes else None)
        artifacts.save(settings.data_dir, head, weights=weights)
        await factors.prune()
        await following.prune()
        return replace(found, scenes=scenes)
    finally:
        place.close()
        await Pipeline(parts, options).close()


def people_asked(items: Sequence[Item]) -> int:
    """How many people are asked about, so that a fit takes minutes whatever is stored.

    A question costs about as much as its scene is large, so the largest scene decides.
    """
    largest = max(Counter(item.scene for item in items).values(), default=0)
    return max(LEAST_PEOPLE, round(MOST_PEOPLE * min(1.0, _ITEMS / max(1, largest))))


async def _trained(
    events: Sequence[Event], study: Study, titles: Titles, stage: str, on_progress: OnProgress
) -> NextItemModel:
    def epoch(done: Epoch) -> None:
        on_progress(stage, done.number, None)

    return await to_thread.run_sync(
        lambda: trained(events, scale=study.data.scale, titles=titles, progress=epoch)
    )


async def _learned(
    study: Study,
    parts: Parts,
    options: Options,
    language_cases: int,
    titles: Titles | None,
    on_progress: OnProgress,
) -> Fitted:
    retrieval = Retrieval(
        weights=dict(options.source_weights),
        by_group=options.group_weights,
        limit=options.limit,
        width=options.limit,
    )
    asked_about = people_asked(study.data.items)
    questions = past(study.data, most=asked_about)
    if titles is not None:
        # Nothing after anybody's first question is trained on, so that no question is known.
        first = questions[-1].training
        model = await _trained(first, study, titles, "sequence model", on_progress)
        study = replace(study, sequence=model)
    study = replace(study, transfer=await _transfer(study, asked_about, on_progress))
    examples = await studied(
        questions,
        study=study,
        retrieval=retrieval,
        on_progress=lambda done, total: on_progress("choices", done, total),
    )
    as_new = await studied(
        questions,
        study=study,
        retrieval=retrieval,
        cut="new here",
        on_progress=lambda done, total: on_progress("choices as if new", done, total),
    )
    few = await _few(examples, questions[0], study, retrieval, on_progress)
    learned = [*examples, *as_new]
    people = [example.user_id for example in examples]
    counted = scales(
        learned, sources=[each for each in bootstrap.SOURCES if each != SequenceModel.name]
    )
    scale, added = counted, None
    base = fit_base(learned, scales=scale)
    if titles is not None:
        wider = scales(learned, sources=bootstrap.SOURCES)
        tried = fit_base(learned, scales=wider)
        real = len(examples)
        gains = _ndcgs(examples, tried.held[:real]) - _ndcgs(examples, base.held[:real])
        added = interval(gains, people=people)
        if added[1] > 0:
            scale, base = wider, tried
    judged = await judgments(
        study.data,
        number=asked_about,
        study=study,
        limit=options.limit,
        on_progress=lambda done, total: on_progress("judgments", done, total),
    )
    # Without the sequence model, which was trained on some of what is judged.
    liking = fit_liking(judged, scales=counted)
    shown = dict[Group, GroupTestResult]()
    for group in ("known", "new here"):
        those = [at for at, example in enumerate(learned) if example.group == group]
        shown[group] = outcome([learned[at] for at in those], [base.held[at] for at in those])
    head = Head(
        name="",
        tested=shown,
        scales=scale,
        shared=base.shared,
        scenes=base.scenes,
        transfer=study.transfer,
        liking=liking,
        told={"choices": str(len(examples)), "penalties": base.told},
    )
    head = _with_few(head, few)
    served: list[Group] = [group for group in shown if not head.unserved(group)]
    head, silent = await _with_language(
        head,
        pools(
            questions[0].cases,
            examples,
            base,
            groups=served,
            size=options.pool,
            number=language_cases and max(language_cases, -(-ENOUGH // len(study.data.scenes))),
        ),
        study,
        parts,
        on_progress,
    )
    everybody = len({event.user_id for event in study.data.events})
    plain = _ndcgs(examples, [-np.arange(len(e.items), dtype=np.float64) for e in examples])
    ranked = _ndcgs(examples, base.held[: len(examples)])
    return Fitted(
        head=replace(head, name=_fingerprint(head)),
        people=min(asked_about, everybody),
        everybody=everybody,
        choices=len(examples),
        found=float(np.mean([example.chosen is not None for example in examples])),
        retrieval=float(plain.mean()),
        ranked=float(ranked.mean()),
        gain=interval(ranked - plain, people=people),
        judgments=len(judged) if liking else 0,
        sequence=added,
        silent=silent,
    )


async def _few(
    examples: Sequence[Example],
    newest: Questions,
    study: Study,
    retrieval: Retrieval,
    on_progress: OnProgress,
) -> list[Example]:
    """Choices of people with few likes, and newest choices of others as if they had one like."""
    made = await studied(
        [newest],
        study=study,
        retrieval=retrieval,
        cut="few likes",
        on_progress=lambda done, total: on_progress("choices as if of one like", done, total),
    )
    return [each for each in [*examples, *made] if each.group == "few likes"]


def _with_few(head: Head, few: Sequence[Example]) -> Head:
    """The head with weights of their own for people with few likes, where these can be learned."""
    try:
        found = fit_base(few, scales=head.scales)
    except DataError:
        own = GroupTestResult(cases=len(few), unserved="few cases")
        return replace(head, tested={**head.tested, "few likes": own})
    own = outcome(few, found.held)
    return replace(
        head,
        tested={**head.tested, "few likes": own},
        few_shared=found.shared,
        few_scenes=found.scenes,
    )


async def _transfer(study: Study, most: int, on_progress: OnProgress) -> TransferMap | None:
    """The transfer map; None where there is only one scene, or nobody has been in two."""
    if len(await study.index.scenes()) < 2:
        return None
    found = await choices(
        past(study.data, passes=PASSES, most=most),
        study=study,
        on_progress=lambda done, total: on_progress("transfer", done, total),
    )
    pairs = await described(study.index, study.data.events)
    return await to_thread.run_sync(lambda: fit_transfer(found, scenes=pairs))


def _ndcgs(examples: Sequence[Example], scores: Sequence[Floats]) -> Floats:
    return np.asarray([ndcg(s, e.chosen) for s, e in zip(scores, examples, strict=True)])


async def _with_language(
    head: Head, chosen: Sequence[ScoredPool], study: Study, parts: Parts, on_progress: OnProgress
) -> tuple[Head, Silent]:
    """The head with what the model is worth; why nothing is known of that, where it is not."""
    if parts.ranker is None:
        return head, "no model"
    if not chosen:
        return head, "no choices"
    if len(chosen) < FEWEST:  # its answers could not be weighed: they are not asked for
        return head, "few choices"
    spoken = await asked(
        chosen,
        study=study,
        ranker=parts.ranker,
        on_progress=lambda done, total: on_progress("language model", done, total),
    )
    return with_language(head, spoken, model=parts.models[0].name)


def _fingerprint(head: Head) -> str:
    return hashlib.blake2b(orjson.dumps(head), digest_size=6).hexdigest()
