"""``recagent tune``: an adapter for the language model, learned from what is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import anyio

from recagent.cli import output
from recagent.cli.progress import progress
from recagent.config.settings import Settings
from recagent.domain import Language
from recagent.errors import ConfigError
from recagent.offline.data_set import Data
from recagent.training.adapters.lora import LoraSettings
from recagent.training.adapters.routes import Route, parse_slice
from recagent.training.adapters.tune_stored import load_data, tune_stored

WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "read": "read {likes} likes of {people} people, and asked about {asked} choices of others",
        "ranks": "nDCG@10: popularity {popularity:.3f}, untuned {before:.3f}, tuned {after}",
        "gain": "over the untuned model {:+.3f} [{:+.3f}, {:+.3f}]",
        "over": "over popularity {:+.3f} [{:+.3f}, {:+.3f}]",
        "not": "not surely better than the untuned model: nothing is kept, nothing changes",
        "embedded": "the embedded engine ranks with {path} from now on; 'recagent fit' decides "
        "anew where it is asked",
        "vllm": "vLLM serves it: recagent vllm serve MODEL --lora tuned={path} "
        "--max-lora-rank {rank}",
    },
    "zh": {
        "read": "读取了 {people} 位用户的 {likes} 次喜欢，并询问了其他用户的 {asked} 次选择",
        "ranks": "nDCG@10：热门度 {popularity:.3f}，未微调 {before:.3f}，微调后 {after}",
        "gain": "比未微调的模型 {:+.3f} [{:+.3f}, {:+.3f}]",
        "over": "比热门度 {:+.3f} [{:+.3f}, {:+.3f}]",
        "not": "不能确定比未微调的模型好：什么都没有保留，什么都不改变",
        "embedded": "从现在起内置引擎用 {path} 排序；请再运行 'recagent fit'，由它决定在哪里调用",
        "vllm": "用 vLLM 提供服务：recagent vllm serve MODEL --lora tuned={path} "
        "--max-lora-rank {rank}",
    },
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A route as it was written: places (``SCENE`` or ``SCENE:ATTRIBUTE=VALUE``), and people."""

    sources: Sequence[str] = ()
    targets: Sequence[str] = ()
    shots: int = 0

    def read(self, data: Data) -> Route:
        """The route, among the scenes and items of the data.

        Raises:
            ConfigError: a place is none, or likes are to be shown of targets that are not named.
        """
        if self.shots and not self.targets:
            raise ConfigError("--shots are likes in the targets; name them with --for")
        sources, targets = ([parse_slice(each, data) for each in written]
                            for written in (self.sources, self.targets))  # fmt: skip
        return Route(sources=sources or None, targets=targets or None, shots=self.shots)


def run(
    settings: Settings, *, base: Path | None, lora: LoraSettings, route: Written, as_json: bool
) -> None:
    """Tune, and print what held-out people say of it."""
    data = anyio.run(load_data, settings)
    way = route.read(data)
    with progress() as advance:
        kept = tune_stored(data, settings, base=base, lora=lora, route=way, on_progress=advance)
    tuned = kept.tuned
    if as_json:
        output.print_json(
            {
                **asdict(tuned),
                "folder": str(kept.folder) if kept.folder else None,
                "gguf": str(kept.gguf) if kept.gguf else None,
            }
        )
        return
    words = WORDS[settings.lang]
    after = ", ".join(f"{value:.3f}" for value in tuned.after)
    lines = [
        words["read"].format(likes=tuned.likes, people=tuned.people, asked=tuned.asked),
        words["ranks"].format(popularity=tuned.popularity, before=tuned.before, after=after),
        words["gain"].format(*tuned.gain),
        words["over"].format(*tuned.over_popularity),
    ]
    if kept.folder is None:
        lines.append(words["not"])
    if kept.gguf is not None:
        lines.append(words["embedded"].format(path=kept.gguf))
    if kept.folder is not None:
        lines.append(words["vllm"].format(path=kept.folder, rank=lora.rank))
    output.console().print(*lines, sep="\n", markup=False, highlight=False, soft_wrap=True)
