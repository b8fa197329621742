"""A made-up run for reports and exports: seeded numbers, films that do not exist."""

import math
import random
from collections import defaultdict
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from statistics import NormalDist, mean, median, stdev

from examples import make_event

from recagent.domain import Case, Usage
from recagent.evaluation.ranked_answers import ranked_answer
from recagent.evaluation.run_folder import Run
from recagent.llm.usage import Exchange
from recagent.offline.data_set import ALL
from recagent.offline.results import Manifest, ModelDialogue, Result, Values
from recagent.offline.summaries import (
    Cell,
    Comparison,
    Cost,
    Generalisation,
    Memorisation,
    OrderSensitivity,
    Reliability,
    Summary,
)

SCENES = ("scifi_fantasy", "horror", "drama")
# How well a system knows the target, in standard deviations of its other scores.
SKILL = {
    "random": 0.0, "popularity": 0.7, "knn": 0.9,
    "label.v1": 0.5, "label_recency.v1": 1.0, "likelihood.v1": 1.7,
}  # fmt: skip
KINDS = dict.fromkeys(SKILL, "baseline") | {
    "label.v1": "label", "label_recency.v1": "label", "likelihood.v1": "likelihood",
}  # fmt: skip
MEASURES = ("nDCG@10", "MRR", "accuracy", "log_loss", "ECE", "coverage@10")
FIRST = ["Silent", "Last", "Red", "Hidden", "Northern", "Glass", "Midnight", "Broken", "Paper"]
SECOND = ["Harbour", "Orbit", "Winter", "Letters", "Garden", "Signal", "House", "Empire", "Road"]
NOVEL = "(new here)", "(known here)"


def made_run(*, systems=tuple(SKILL), scenes=SCENES, cases=40, told=10, seed=5, titles=None):
    """A run whose ``titles`` can be replaced, by item id."""
    dice = random.Random(seed)  # noqa: S311
    called = _titles(dice, scenes) | dict(titles or {})
    asked = [_case(dice, scene, number) for scene in scenes for number in range(cases)]
    results = [_result(dice, system, case) for system in systems for case in asked]
    results += [
        _result(dice, system, case, variant)
        for system in systems if KINDS[system] != "baseline"
        for case in asked[: cases // 2]
        for variant in ("order-1", "order-2", "masked", "swapped")
    ]  # fmt: skip
    by_id = {case.id: case for case in asked}
    values = [_values(by_id[result.case], result) for result in results]
    seen = [case for scene in scenes
            for case in [case for case in asked if case.scene == scene][:told]]  # fmt: skip
    return Run(
        folder=Path("runs/made-up"),
        manifest=_manifest(systems, asked),
        cases=by_id,
        results=results,
        conversations=[_conversation(system, case, called) for case in seen
                       for system in systems if KINDS[system] != "baseline"],
        values=values,
        summary=_summary(dice, systems, scenes, by_id, results, values),
        titles=called,
    )  # fmt: skip


def _titles(dice, scenes):
    return {f"{scene}-{at}": f"The {dice.choice(FIRST)} {dice.choice(SECOND)} ({1950 + at})"
            for scene in scenes for at in range(70)}  # fmt: skip


def _case(dice, scene, number):
    drawn = [f"{scene}-{at}" for at in dice.sample(range(70), 28)]
    person = f"person-{dice.randrange(400)}"
    history = [make_event(person, item_id, scene=scene, value=float(dice.randint(6, 10)), days=-at)
               for at, item_id in enumerate(drawn[20:])]  # fmt: skip
    return Case(
        id=f"{person}/{scene}/{number}",
        user_id=person,
        scene=scene,
        item_ids=tuple(drawn[:20]),
        judgments={dice.choice(drawn[:20]): 1},
        history=tuple(history),
    )


def _result(dice, system, case, variant=ALL):
    target = next(iter(case.judgments))
    skill = SKILL[system] * (0.6 if case.scene == "horror" else 1.1)
    skill *= {"masked": 0.7, "swapped": 0.4}.get(variant, 1)
    scores = {key: dice.gauss(skill if key == target else 0, 1) for key in case.item_ids}
    asks = KINDS[system] != "baseline"
    failed = system == "label.v1" and dice.random() < 0.02
    tokens = {"likelihood.v1": 1900, "label.v1": 420, "label_recency.v1": 450}.get(system, 0)
    return Result(
        system=system,
        case=case.id,
        variant=variant,
        scores={} if failed else scores,
        calls=int(asks),
        cached=int(asks and dice.random() < 0.2),
        usage=Usage(prompt=dice.randint(tokens, tokens + 90) if asks else 0, completion=int(asks)),
        repairs=int(asks and dice.random() < 0.03),
        seconds=tokens / 900 * dice.uniform(0.7, 1.6) if asks else 0.001,
        error="the server at 127.0.0.1:8080 did not answer" if failed else None,
    )


def _values(case, result):
    if result.error:
        return Values(system=result.system, case=case.id, variant=result.variant, values={})
    said = ranked_answer(case, result.scores)
    target = next(iter(case.judgments))
    rank = said.ranking.index(target) + 1
    return Values(
        system=result.system,
        case=case.id,
        variant=result.variant,
        values={
            "nDCG@10": 1 / math.log2(rank + 1) if rank <= 10 else 0.0,
            "MRR": 1 / rank,
            "accuracy": float(rank == 1),
            "log_loss": -math.log(said.probabilities[target]),
        },
    )


def _summary(dice, systems, scenes, cases, results, values):
    kept = defaultdict(dict)  # (system, scene, measure) -> {case: value}
    for each in values:
        if each.variant == ALL:
            case = cases[each.case]
            slices = NOVEL[int(case.user_id[-1]) % 3 > 0]
            for name, value in each.values.items():
                for scene in (ALL, case.scene, slices):
                    kept[each.system, scene, name][case.id] = value
    cells = [_cell(*key, list(found.values())) for key, found in kept.items()]
    cells += [
        Cell(system=system, scene=scene, measure=name, cases=len(cases), mean=dice.uniform(0, 0.4))
        for system in systems for scene in (ALL, *scenes) for name in ("ECE", "coverage@10")
    ]  # fmt: skip
    pairs = [(scene, *pair) for scene in (ALL, *scenes) for pair in combinations(systems, 2)]
    asked = [system for system in systems if KINDS[system] != "baseline"]
    return Summary(
        primary="nDCG@10",
        reference="popularity",
        candidates=20,
        systems=systems,
        scenes=scenes,
        measures=MEASURES,
        cells=tuple(cells),
        comparisons=_comparisons(pairs, kept),
        costs=tuple(_cost(system, results) for system in systems),
        orders=tuple(_order(dice, system) for system in asked),
        memorisation=tuple(_memorisation(dice, system) for system in asked),
        reliability=tuple(
            Reliability(system=system, probability=p, observed=max(0, p * dice.uniform(0.4, 1.5)),
                        candidates=80)
            for system in systems for p in [0.012 * 1.4**at for at in range(10)]
        ),
        generalisation=tuple(
            Generalisation(scene=scene, system=systems[-1], best=best, gap=gap)
            for scene, best, gap in zip(
                scenes, [systems[-1], systems[0], systems[-1]], [0.0, 0.021, 0.0], strict=False
            )
        ) if len(scenes) > 1 else (),
        failed=sum(result.error is not None for result in results),
    )  # fmt: skip


def _cell(system, scene, measure, found):
    half = 1.96 * stdev(found) / math.sqrt(len(found)) if len(found) > 1 else 0
    middle = mean(found)
    return Cell(system=system, scene=scene, measure=measure, cases=len(found), mean=middle,
                low=middle - half, high=middle + half)  # fmt: skip


def _comparisons(pairs, kept):
    made = []
    for scene, base, new in pairs:
        first, second = kept[base, scene, "nDCG@10"], kept[new, scene, "nDCG@10"]
        deltas = [second[case] - first[case] for case in first.keys() & second.keys()]
        error = max(1e-6, stdev(deltas) / math.sqrt(len(deltas)))
        delta = mean(deltas)
        p = 2 * NormalDist().cdf(-abs(delta) / error)
        made.append(Comparison(
            base=base, new=new, scene=scene, measure="nDCG@10", cases=len(deltas),
            people=len(deltas), delta=delta, low=delta - 1.96 * error, high=delta + 1.96 * error,
            p=p, p_holm=p, detectable=4.2 * error,
        ))  # fmt: skip
    adjusted, highest = {}, 0.0
    for at, pair in enumerate(sorted(made, key=lambda pair: pair.p)):
        highest = max(highest, min(1.0, pair.p * (len(made) - at)))
        adjusted[pair.scene, pair.base, pair.new] = highest
    return tuple(replace(pair, p_holm=adjusted[pair.scene, pair.base, pair.new]) for pair in made)


def _cost(system, results):
    mine = [result for result in results if result.system == system]
    seconds = sorted(result.seconds for result in mine)
    return Cost(
        system=system,
        results=len(mine),
        failed=sum(result.error is not None for result in mine),
        calls=sum(result.calls for result in mine),
        cached=sum(result.cached for result in mine),
        usage=sum((result.usage for result in mine), Usage()),
        cost=0.0,
        repairs=sum(result.repairs for result in mine),
        invalid=sum(result.invalid for result in mine),
        seconds_median=median(seconds),
        seconds_p95=seconds[int(0.95 * len(seconds))],
    )


def _order(dice, system):
    steep = {"label.v1": 0.75, "label_recency.v1": 0.9}.get(system, 1.0)
    weights = [steep**at * dice.uniform(0.7, 1.3) for at in range(20)]
    return OrderSensitivity(
        system=system, cases=20, orders=3, tau=1 - 0.9 * (1 - steep) - 0.2, same_top=steep - 0.3,
        spread=0.05, first=tuple(weight / sum(weights) for weight in weights),
    )  # fmt: skip


def _memorisation(dice, system):
    plain = 0.28 + 0.1 * SKILL[system]
    masked, swapped = plain - dice.uniform(0.01, 0.08), plain - dice.uniform(0.05, 0.12)
    return Memorisation(
        system=system, cases=20, plain=plain, masked=masked, swapped=swapped, random=0.26,
        kept_masked=(masked - 0.26) / (plain - 0.26),
        kept_swapped=(swapped - 0.26) / (plain - 0.26),
    )  # fmt: skip


def _conversation(system, case, titles):
    recent = "newest first" if "recency" in system else "newest last"
    liked = [titles[event.item_id] for event in case.history[:6]]
    told = [f"- {title}" for title in (liked if "recency" in system else reversed(liked))]
    letters = [f"{chr(65 + at)} {titles[key]}" for at, key in enumerate(case.item_ids)]
    system_turn = "You pick what a person will like. You answer with one letter."
    if system == "likelihood.v1":
        prompt = (
            ("user", "\n".join(["Films that one person liked, one after the other:", *told])),
        )
        reply = "\n".join(f"{title}: {-9 - at / 3:.2f}" for at, title in enumerate(letters))
        return ModelDialogue(system=system, case=case.id,
                            exchanges=(Exchange(prompt=prompt, reply=reply),) * 2)  # fmt: skip
    last = "Letter of the best next one:"
    if "recency" in system:
        last = "What they liked last counts most. Letter of the best next one:"
    user = "\n".join([f"Liked so far, {recent}:", *told, "", f"{case.scene}:", *letters, last])
    exchange = Exchange(prompt=(("system", system_turn), ("user", user)), reply="C")
    return ModelDialogue(system=system, case=case.id, exchanges=(exchange,))


def _manifest(systems, cases):
    return Manifest(
        name="demo",
        began="2026-11-03T09:12:44+00:00",
        finished="2026-11-03T09:21:02+00:00",
        recagent="0.1.0",
        git="66a3903c0ffee0123456789abcdef0123456789a+changes",
        python="3.12.8",
        platform="Linux-6.1-x86_64",
        packages={"recagent": "0.1.0", "chromadb": "1.5.9", "numpy": "2.3.5", "scipy": "1.17.1"},
        prompts={name: f"rerank/{name} 3f9a1c" for name in systems if KINDS[name] != "baseline"},
        models={"embedded": {"model": "SmolLM2-135M-Instruct-Q4_1", "engine": "llama.cpp"}},
        kinds={name: KINDS[name] for name in systems},
        data={
            "name": "demo", "fingerprint": "9b1d0a7e", "items": 2000, "events": 41000,
            "people": len({case.user_id for case in cases}),
            "note": "Ratings from MovieTweetings; scenes are genres, so a film may stand in two.",
        },
        experiment={"about": "Which prompts and baselines rank a held-out film best?",
                    "cases": {"split": "leave-one-out", "seed": 7, "number": 40}},
        arguments=["eval", "run", "eval/experiments/demo.toml"],
        folder="../../experiments",
    )  # fmt: skip
