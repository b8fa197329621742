"""An adapter is learned in torch, and the embedded engine ranks with it. Needs the real weights."""

import random

import pytest
from examples import make_item, wait

from benchmarks.choices import (
    Beginnings,
    ChoiceLearner,
    Rivals,
    choices,
    liked_one,
    read_gguf,
)
from recagent import prompts
from recagent.errors import DataError, ModelError
from recagent.llm import weights
from recagent.llm.client import Engine
from recagent.llm.embedded import LlamaCppWire
from recagent.ports import Message
from recagent.training.adapters.gguf import write_gguf
from recagent.training.adapters.lora import Learner, LoraSettings
from recagent.training.adapters.training_texts import batches, training_texts

for library in ("torch", "transformers", "peft", "gguf"):
    pytest.importorskip(library, reason=f"no {library} here: .ci/tune runs these tests")

pytestmark = [
    pytest.mark.allow_hosts(["127.0.0.1"]),
    pytest.mark.filterwarnings("ignore::FutureWarning"),  # of transformers, about its own names
]

PROMPT = prompts.load("rerank", "likelihood")
THINGS = [make_item(f"t{at}", title) for at, title in enumerate(
    ["Garden hose", "Watering can", "Kettle", "Tea pot", "Hammer", "Nails"]
)]  # fmt: skip
PAIRS = [(0, 1), (2, 3), (4, 5)]  # who likes the first likes the second next


ASKED = (
    PROMPT.text(scene="", interests=(), wish="", liked=[THINGS[2]]),
    [" Tea pot\n", " Nails\n", " Watering can\n"],
)


@pytest.fixture(scope="module")
def learned(tmp_path_factory):
    """A learner of the pairs; what it said of a tea pot after a kettle before and after."""
    path = weights.find()
    if path is None:
        pytest.skip("no weights here: .ci/tune installs them")
    settings = LoraSettings(rank=4, rate=3e-3, batch=6, epochs=1, threads=1)
    learner = Learner(path, settings)
    chance = random.Random(0)  # noqa: S311
    before = learner.likelihoods(*ASKED)
    people = [[THINGS[one], THINGS[two]] for one, two in PAIRS] * 2
    for _ in range(12):
        made = training_texts(
            people,
            prompt=PROMPT,
            tokenize=learner.tokens,
            window=4,
            left_out=0.0,
            chance=chance,
        )
        for batch in batches([*made], size=6, chance=chance):
            learner.step(batch, steps=24)
    folder = tmp_path_factory.mktemp("adapter")
    learner.save(folder)
    file = folder / "own.gguf"
    write_gguf(folder, heads=learner.heads, key_heads=learner.key_heads, to=file)
    return before, learner.likelihoods(*ASKED), file


def engine_says(adapter):
    async def run():
        engine = Engine(LlamaCppWire(weights.find(), adapter=adapter))
        await engine.start()
        found = await engine.likelihood(ASKED[0], texts=ASKED[1])
        chat = await engine.chat([Message("user", "Say yes.")], max_tokens=8)
        again = await engine.likelihood(ASKED[0], texts=ASKED[1])
        await engine.close()
        return engine.name, found.values, chat.text, again.values

    return wait(run())


def test_it_learns_what_follows_what(learned):
    before, after, _ = learned
    assert after[0] > before[0] + 1.0
    assert max(after) == after[0]


def test_the_embedded_engine_says_what_torch_says(learned):
    before, after, file = learned
    name, values, *_ = engine_says(file)
    assert "+own#" in name
    assert values == pytest.approx(after, abs=1.0)  # weights of 4 bits, activations of 8
    assert engine_says(None)[1] == pytest.approx(before, abs=1.0)


def test_chats_are_the_untuned_models_and_do_not_disturb(learned):
    *_, file = learned
    _, values, chat, again = engine_says(file)
    assert chat == engine_says(None)[2]
    assert again == pytest.approx(values, abs=1e-3)


def test_a_file_that_is_no_adapter_is_named(tmp_path):
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"nothing")
    with pytest.raises(ModelError, match=r"broken\.gguf"):
        engine_says(broken)


def test_an_adapter_is_taken_up_again_from_its_file(learned):
    _, after, file = learned
    again = ChoiceLearner(weights.find(), LoraSettings(rank=4, threads=1))
    again.take(read_gguf(file, heads=again.heads, key_heads=again.key_heads))
    assert again.likelihoods(*ASKED) == pytest.approx(after, abs=0.2)  # in half precision
    other = ChoiceLearner(weights.find(), LoraSettings(rank=8, threads=1))
    with pytest.raises(DataError, match=r"adapter has no '0\.q_proj\.A'"):
        other.take(read_gguf(file, heads=again.heads, key_heads=again.key_heads))


def test_it_learns_a_choice_beside_rivals():
    path = weights.find()
    if path is None:
        pytest.skip("no weights here: .ci/tune installs them")
    learner = ChoiceLearner(path, LoraSettings(rank=4, rate=3e-3, threads=1))
    prefix, (right, *others) = ASKED
    asked = [right, *others, " Kettle\n"]
    before = learner.likelihoods(prefix, asked)
    people = [[THINGS[one], THINGS[two]] for one, two in PAIRS]
    chance = random.Random(0)  # noqa: S311
    rivals = Rivals({str(at): liked for at, liked in enumerate(people)}, chance=chance)
    losses = [
        learner.choose(
            [
                *choices(
                    people,
                    prompt=PROMPT,
                    tokenize=learner.tokens,
                    rivals=rivals,
                    teacher=liked_one,
                    beginnings=Beginnings([]),
                    number=3,
                    size=4,
                    chance=chance,
                )
            ],
            steps=24,
        )
        for _ in range(24)
    ]
    after = learner.likelihoods(prefix, asked)
    assert losses[-1] < losses[0] - 0.3
    assert max(after) == after[0]
    assert after[0] - after[1] > before[0] - before[1] + 1.0
