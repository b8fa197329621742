"""Tuning without torch: the texts that are learned, and which adapter the embedded engine gets."""

import random

import pytest
from examples import make_item

from recagent import fitted, prompts, wiring
from recagent.errors import ConfigError, PromptError
from recagent.sections import EngineSettings
from recagent.settings import Settings
from recagent.tuning.card import card
from recagent.tuning.lora import LoraSettings
from recagent.tuning.texts import Text, batches, texts
from recagent.tuning.tune import Tuned

LIKED = [make_item(f"f{at}", f"Film {at}", year=1990 + at) for at in range(7)]
CHANCE = random.Random
PROMPT = prompts.load("rerank", "likelihood")


def letters(text):
    return [ord(letter) for letter in text]


def written(text):
    return "".join(map(chr, text.tokens))


def made(people, *, window=24, left_out=0.0, prompt=PROMPT):
    return list(
        texts(
            people,
            prompt=prompt,
            tokenize=letters,
            window=window,
            left_out=left_out,
            chance=CHANCE(0),
        )
    )


def test_a_text_is_what_the_prompt_says_and_what_is_then_asked():
    (text,) = made([LIKED])
    *before, last = LIKED
    asked = PROMPT.text(scene="", interests=(), wish="", liked=before)
    assert written(text) == f"{asked} {prompts.caption(last)}\n"


def test_captions_alone_are_learned_and_the_first_is_not():
    (text,) = made([LIKED[:3]])
    learned = "".join(chr(text.tokens[at]) for at in text.learned)
    assert learned == " Film 1 (1991)\n Film 2 (1992)\n"


def test_a_long_list_is_cut_into_windows_that_hold_everything_once():
    cut = made([LIKED], window=3)
    titles = [line for text in cut for line in written(text).splitlines() if "Film" in line]
    assert len(titles) == len(set(titles)) >= len(LIKED) - 1  # one alone teaches nothing
    assert all(written(text).count("Film") <= 3 for text in cut)


def test_what_is_left_out_differs_from_time_to_time():
    chance = CHANCE(1)

    def once():
        return [
            *texts(
                [LIKED],
                prompt=PROMPT,
                tokenize=letters,
                window=24,
                left_out=0.5,
                chance=chance,
            )
        ]

    assert once() != once()


def test_a_prompt_that_tells_only_the_newest_cannot_be_tuned_on():
    with pytest.raises(PromptError, match="likelihood_recent"):
        made([LIKED], prompt=prompts.load("rerank", "likelihood_recent"))


def test_batches_hold_every_text_once():
    chance = CHANCE(0)
    found = [Text(tokens=tuple(range(length)), learned=(1,)) for length in range(2, 25)]
    parts = batches(found, size=4, chance=chance)
    assert sorted(len(text.tokens) for part in parts for text in part) == list(range(2, 25))
    assert max(map(len, parts)) == 4


def test_the_adapter_of_the_data_folder_comes_before_the_packages(tmp_path):
    settings, engine = Settings(data_dir=tmp_path), EngineSettings()
    assert wiring.adapter(settings, engine) != tmp_path / fitted.ADAPTER
    (tmp_path / fitted.ADAPTER).write_bytes(b"")
    assert wiring.adapter(settings, engine) == tmp_path / fitted.ADAPTER
    off = engine.model_copy(update={"adapter": "none"})
    assert wiring.adapter(settings, off) is None


def test_foreign_weights_and_endpoints_get_no_adapter(tmp_path):
    settings = Settings(data_dir=tmp_path)
    foreign = EngineSettings(path=tmp_path / "own.gguf")
    remote = EngineSettings(kind="endpoint", base_url="http://127.0.0.1:1/v1")
    assert wiring.adapter(settings, foreign) is None
    assert wiring.adapter(settings, remote) is None


def test_replies_of_another_adapter_are_not_kept_replies(tmp_path):
    settings, engine = Settings(data_dir=tmp_path), EngineSettings()
    without = wiring.identity(settings, engine, "m")
    (tmp_path / fitted.ADAPTER).write_bytes(b"one")
    one = wiring.identity(settings, engine, "m")
    (tmp_path / fitted.ADAPTER).write_bytes(b"other")
    assert len({without, one, wiring.identity(settings, engine, "m")}) == 3


def test_a_model_card_tells_what_the_adapter_is_worth():
    tuned = Tuned(
        people=100,
        likes=2000,
        asked=30,
        popularity=0.3,
        before=0.31,
        after=(0.33, 0.35),
        gain=(0.04, 0.01, 0.07),
        over_popularity=(0.05, -0.01, 0.11),
        settings=LoraSettings(),
        prompt="rerank/likelihood.v1",
    )
    page = card(tuned, base="small", data="films", candidates=20)
    assert "+0.040 [+0.010, +0.070]" in page
    assert "+0.050 [-0.010, +0.110]" in page
    assert "2,000 likes of 100 people" in page
    assert tuned.is_better


def test_tuning_without_its_libraries_names_the_extra(monkeypatch, tmp_path):
    monkeypatch.setitem(__import__("sys").modules, "torch", None)
    from recagent.tuning.lora import Learner

    with pytest.raises(ConfigError, match=r"recagent\[tune\]"):
        Learner(tmp_path, LoraSettings())
