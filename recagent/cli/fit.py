"""``recagent fit`` and ``recagent head``: learning from what is stored, and what was learned."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio
from rich.table import Table

from recagent import bootstrap
from recagent.cli import output
from recagent.cli.progress import progress
from recagent.config.settings import Settings
from recagent.domain import Language
from recagent.errors import ConfigError
from recagent.pipeline.artifacts import HEAD
from recagent.ranking import Gate, Head
from recagent.retrieval import SequenceModel
from recagent.training.fit import FitResult, fit

WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "learned": "learned from {choices} past choices, of which retrieval found {found:.0%}; "
        "nDCG@10 on people that the weights never saw: order of retrieval {retrieval:.3f}, "
        "head {ranked:.3f}, {gain:+.3f} [{low:+.3f}, {high:+.3f}]",
        "likes": "like-probability from {n} judgments",
        "no likes": "no like-probability: too few judgments of things that people did not like",
        "sequence": "the sequence model is a source from now on: {added:+.3f} [{low:+.3f}, "
        "{high:+.3f}]",
        "no sequence": "the sequence model is not kept, it does not surely help: {added:+.3f} "
        "[{low:+.3f}, {high:+.3f}]",
        "scenes": "scene of the next event, {n} times after all that was learned from: "
        "{accuracy:.1%} identified, {rule:.1%} by the rule (last event's or busiest), {gain:+.3f} "
        "[{low:+.3f}, {high:+.3f}]",
        "no scenes": "scenes stay with the rule (last event's or busiest): {accuracy:.1%} "
        "identified of {n}, {rule:.1%} by the rule, {gain:+.3f} [{low:+.3f}, {high:+.3f}]",
        "silent": "the language model will not be asked: {why}",
        "no model": "none is set", "no choices": "it was asked about no past choice",
        "few choices": "there are fewer past choices to ask it about than it takes to weigh it by "
        "(50)",
        "stopped": "nothing of this fit is kept; lists are ranked as before",
        "sample": "asked about a sample of {people:,} of {everybody:,} people",
        "few answers": "it answered about fewer past choices than it takes to weigh it by (50)",
        "saved": "head {name} ranks from now on ({path})",
        "idle": "head {name} ranks for nobody, so that lists stay as they are; it is kept ({path})",
        "source": "Source", "every scene": "shared", "score": "score", "log": "its logarithm",
        "gate": "Language model", "scene": "Scene", "rule": "asked", "cases": "cases",
        "gain": "gain", "low": "at least", "forced": "if always asked",
        "never": "never", "always": "always", "warm": "where people are known",
        "cold": "where people are new", "unsure": "where the rest is unsure",
        "whom": "Whom the head ranks for", "group": "Past choices of", "plain": "plain order",
        "adds": "head adds", "ranks": "ranks", "by head": "the head", "by plain": "the plain order",
        "not learned": "no such choice", "few cases": "too few to test it", "no gain": "no gain",
        "weights": "What a difference of one standard deviation within the pool adds to a score",
    },
    "zh": {
        "learned": "学自 {choices} 次过去的选择，其中检索找到 {found:.0%}；"
        "在权重没见过的用户上 nDCG@10：检索顺序 {retrieval:.3f}，"
        "排序头 {ranked:.3f}，{gain:+.3f} [{low:+.3f}, {high:+.3f}]",
        "likes": "喜欢概率学自 {n} 次评价",
        "no likes": "没有喜欢概率：不喜欢的评价太少",
        "sequence": "序列模型从现在起是一个来源：{added:+.3f} [{low:+.3f}, {high:+.3f}]",
        "no sequence": "没有保留序列模型，不能确定它有帮助：{added:+.3f} [{low:+.3f}, {high:+.3f}]",
        "scenes": "下一次行为的场景（学习之后的 {n} 次）：识别正确 {accuracy:.1%}，"
        "按规则（上一次行为的或最活跃的场景）{rule:.1%}，{gain:+.3f} [{low:+.3f}, {high:+.3f}]",
        "no scenes": "场景仍按规则（上一次行为的场景）：{n} 次中识别正确 {accuracy:.1%}，"
        "按规则 {rule:.1%}，{gain:+.3f} [{low:+.3f}, {high:+.3f}]",
        "silent": "不会调用语言模型：{why}",
        "no model": "没有设置模型", "no choices": "没有就任何过去的选择问过它",
        "few choices": "可问的过去选择太少，不足以衡量它（需要 50 个）",
        "stopped": "本次学习没有保存任何内容，列表仍按之前的方式排序",
        "sample": "在 {everybody:,} 位用户中抽取了 {people:,} 位来学习",
        "few answers": "它回答的过去选择太少，不足以衡量它（需要 50 个）",
        "saved": "从现在起由排序头 {name} 排序（{path}）",
        "idle": "排序头 {name} 不为任何人排序，列表保持不变；已保存（{path}）",
        "source": "来源", "every scene": "共用", "score": "分数", "log": "分数的对数",
        "gate": "语言模型", "scene": "场景", "rule": "调用", "cases": "样本",
        "gain": "增益", "low": "至少", "forced": "若总是调用",
        "never": "不调用", "always": "总是", "warm": "在用户已有记录时",
        "cold": "在用户初次来到时", "unsure": "在其余依据没有把握时",
        "whom": "排序头为谁排序", "group": "谁过去的选择", "plain": "默认顺序",
        "adds": "排序头增加", "ranks": "由谁排序", "by head": "排序头", "by plain": "默认顺序",
        "not learned": "没有这样的选择", "few cases": "太少，无法检验", "no gain": "没有提升",
        "weights": "候选中一个标准差的差别给分数加上多少",
    },
}  # fmt: skip


def run(settings: Settings, *, language_cases: int, sequence: bool, as_json: bool) -> None:
    """Fit, and print what held-out people say of it."""
    with progress() as advance:

        async def fitted() -> FitResult:
            return await fit(
                settings,
                language_cases=language_cases,
                sequence=sequence,
                on_progress=advance,
            )

        try:
            found = anyio.run(fitted)
        except KeyboardInterrupt as error:
            raise KeyboardInterrupt(WORDS[settings.lang]["stopped"]) from error
    if as_json:
        output.print_json(_json(found))
        return
    words, out = WORDS[settings.lang], output.console()
    gain, low, high = found.gain
    said = words["learned"].format(
        choices=found.choices,
        found=found.found,
        retrieval=found.retrieval,
        ranked=found.ranked,
        gain=gain,
        low=low,
        high=high,
    )
    if found.people < found.everybody:
        sample = words["sample"].format(people=found.people, everybody=found.everybody)
        out.print(sample, markup=False, highlight=False)
    likes = words["likes"].format(n=found.judgments) if found.judgments else words["no likes"]
    out.print(said, likes, sep="\n", markup=False, highlight=False)
    if found.sequence:
        added, least, most = found.sequence
        key = "sequence" if SequenceModel.name in found.head.scales else "no sequence"
        line = words[key].format(added=added, low=least, high=most)
        out.print(line, markup=False, highlight=False)
    if found.silent:
        out.print(words["silent"].format(why=words[found.silent]), markup=False, highlight=False)
    if found.scenes:
        key = "scenes" if found.scenes.identifier else "no scenes"
        gain, low, high = found.scenes.gain
        said = words[key].format(
            n=found.scenes.moments,
            accuracy=found.scenes.accuracy,
            rule=found.scenes.rule,
            gain=gain,
            low=low,
            high=high,
        )
        out.print(said, markup=False, highlight=False)
    _whom(found.head, settings.lang)
    _gates(found.head.gates, words)
    path = settings.data_dir / HEAD
    ranks = any(not own.unserved for own in found.head.tested.values())
    said = words["saved" if ranks else "idle"].format(name=found.head.name, path=path)
    out.print(said, markup=False, highlight=False)


def show_head(settings: Settings, *, as_json: bool) -> None:
    """Print the weights and gates of the head that ranks.

    Raises:
        ConfigError: none has been fitted.
    """
    head = bootstrap.head(settings)
    if head is None:
        raise ConfigError(
            "no head in {folder!r}; run 'recagent fit' to learn one", folder=str(settings.data_dir)
        )
    if as_json:
        output.print_json(head)
        return
    words = WORDS[settings.lang]
    scenes = {words["every scene"]: head.shared, **head.scenes}
    table = Table(words["source"], *scenes, title=words["weights"], title_justify="left")
    for at, source in enumerate(head.scales):
        cells = [f"{own[2 * at]:+.2f} / {own[2 * at + 1]:+.2f}" for own in scenes.values()]
        table.add_row(source, *cells)
    out = output.console()
    out.print(table, f"({words['score']} / {words['log']})", markup=False, highlight=False)
    _whom(head, settings.lang)
    _gates(head.gates, words)
    told = ", ".join(f"{key}: {value}" for key, value in head.told.items())
    out.print(f"{head.name}: {told}", style="dim", markup=False, highlight=False)


def _whom(head: Head, lang: Language) -> None:
    """Groups of people, what held-out choices of them say of the head, and who ranks for them."""
    words, said = WORDS[lang], output.WORDS[lang]
    names = (words["group"], words["cases"], f"{words['plain']}, nDCG@10", words["adds"])
    table = Table(*names, words["ranks"], title=words["whom"], title_justify="left")
    table.columns[0].no_wrap = True
    for group, own in head.tested.items():
        gain = f"{own.gain:+.3f} [{own.low:+.3f}, {own.high:+.3f}]" if own.cases else ""
        name, ranks = said[f"group {group}"], words["by head"]
        if own.unserved:
            ranks = f"{words['by plain']} ({words[own.unserved]})"
        table.add_row(name, str(own.cases), f"{own.plain:.3f}" if own.cases else "", gain, ranks)
    for group in ("declared only", "unknown"):
        table.add_row(said[f"group {group}"], "", "", "", words["by plain"])
    output.console().print(table, markup=False)


def _gates(gates: Mapping[str, Gate], words: Mapping[str, str]) -> None:
    if not gates:
        return
    columns = ("scene", "rule", "cases", "gain", "low", "forced")
    table = Table(*(words[name] for name in columns), title=words["gate"], title_justify="left")
    for scene, gate in sorted(gates.items()):
        numbers = (f"{value:+.3f}" for value in (gate.gain, gate.low, gate.forced))
        table.add_row(scene, words[gate.rule], str(gate.cases), *numbers)
    output.console().print(table)


def _json(found: FitResult) -> dict[str, Any]:
    head: Head = found.head
    return {
        "head": head.name,
        "people": found.people,
        "everybody": found.everybody,
        "choices": found.choices,
        "found": found.found,
        "ndcg10_retrieval": found.retrieval,
        "ndcg10_head": found.ranked,
        "gain": found.gain[0],
        "gain_low95": found.gain[1],
        "gain_high95": found.gain[2],
        "judgments": found.judgments,
        "sequence_gain": found.sequence,
        "language_model_not_asked": found.silent,
        "scene_moments": found.scenes.moments if found.scenes else 0,
        "scene_accuracy": found.scenes.accuracy if found.scenes else None,
        "scene_accuracy_rule": found.scenes.rule if found.scenes else None,
        "scene_gain": found.scenes.gain if found.scenes else None,
        "scene_identified": bool(found.scenes and found.scenes.identifier),
        "groups": head.tested,
        "gates": head.gates,
    }
