"""The model's part in the ranking: modes, labels in blocks, generated orders and their repair."""

import pytest
from examples import make_item, make_query, wait
from hypothesis import given
from hypothesis import strategies as st

from recagent import prompts
from recagent.domain import Candidate, Scene, Usage
from recagent.errors import ConfigError, ModelError, PromptError, ReplyError
from recagent.ports import Logprobs
from recagent.ranking import ModelRanker
from recagent.ranking.scoring.label import ANCHORS, BLOCK, LABELS, join_blocks, label_blocks
from recagent.ranking.scoring.listwise import order_schema, repair_order
from recagent.testing import ScriptedModel, json_order

pytestmark = pytest.mark.usefixtures("no_wait_between_attempts")

BOOKS = [make_item(f"b{number}", f"Title {number}", year=1900 + number) for number in range(50)]


def rank(model, *, size=3, mode="auto", attempts=3, query=None):
    candidates = [Candidate(item=item, features={}) for item in BOOKS[:size]]
    ranker = ModelRanker(model, mode=mode, attempts=attempts)
    return wait(ranker(query or make_query(), candidates=candidates))


def only(mode, **script):
    return ScriptedModel(modes=frozenset({mode}), **script)


# Modes


@pytest.mark.parametrize(
    ("able", "chosen"),
    [({"listwise", "label", "likelihood"}, "likelihood"), ({"listwise", "label"}, "label"),
     ({"listwise"}, "listwise")],
)  # fmt: skip
def test_auto_takes_the_first_of_likelihood_label_listwise(able, chosen):
    scores = rank(ScriptedModel(modes=frozenset(able), reply=json_order("CAB")))
    assert scores.mode == chosen
    assert scores.prompt.startswith(f"rerank/{chosen}.v1.en#")


def test_a_mode_that_the_engine_lacks_is_a_config_error_with_those_it_has():
    with pytest.raises(ConfigError, match="'scripted' cannot score by 'label', only by listwise"):
        rank(only("listwise"), mode="label")


def test_a_scene_has_its_own_language_and_prompts():
    model = ScriptedModel(modes=frozenset({"label", "likelihood"}))
    own = Scene(name="books", language="zh", prompts={"rerank": "label_recency"})
    scores = rank(model, query=make_query(scene=own))
    assert (scores.mode, scores.prompt.split("#")[0]) == ("label", "rerank/label_recency.v1.zh")
    scores = rank(model, query=make_query(scene=Scene(name="books", language="zh")))
    assert scores.prompt.startswith("rerank/likelihood.v1.zh#")


def test_a_scenes_prompt_must_be_there_be_for_ranking_and_fit_the_engine(tmp_path):
    def ranked(name):
        scene = Scene(name="books", prompts={"rerank": name})
        rank(only("listwise"), query=make_query(scene=scene))

    with pytest.raises(ConfigError, match=r"'rerank/label.v1.en#.*scores by 'label'"):
        ranked("label")
    with pytest.raises(PromptError, match="no prompt rerank/labels"):
        ranked("labels")
    own = tmp_path / "extract.v1.j2"
    own.write_text((prompts.folder() / "preference" / "extract.v1.j2").read_text(encoding="utf-8"))
    with pytest.raises(PromptError, match="not for ranking"):
        ranked(str(own))


def test_an_engine_without_any_mode_is_said_to_be_one():
    with pytest.raises((ConfigError, ModelError), match="scripted"):
        rank(ScriptedModel(modes=frozenset()))


def test_likelihood_scores_captions_as_what_follows_the_prompt():
    asked = []

    def preference(text):
        asked.append(text)
        return -float(len(asked))

    scores = rank(only("likelihood", preference=preference))
    assert asked == [" Title 0 (1900)\n", " Title 1 (1901)\n", " Title 2 (1902)\n"]
    assert scores.scores == (-1.0, -2.0, -3.0)
    assert (scores.calls, scores.repairs, scores.usage) == (1, 0, Usage(prompt=1))


def test_a_likelihood_that_is_left_out_is_a_model_error():
    with pytest.raises(ModelError, match="left out the likelihood"):
        rank(only("likelihood", preference=lambda text: None if "1" in text else -1.0))


def test_bounded_likelihoods_are_told():
    class Bounded(ScriptedModel):
        async def likelihood(self, prefix, *, texts):  # noqa: ARG002
            return Logprobs(values=(-1.0,) * len(texts), usage=Usage(), bounded=2)

    assert tuple(map(str, rank(Bounded()).notes)) == (
        "for 2 tokens only an upper bound of the probability is known",
    )


def test_a_prompt_tells_the_newest_likes_oldest_first():
    liked = [f"b{number}" for number in range(10)]
    model = only("likelihood")
    rank(model, query=make_query(items=BOOKS, liked=liked))
    told = [line for line in str(model.seen[0]).splitlines() if line.startswith("- ")]
    assert told == [f"- Title {number} ({1900 + number})" for number in reversed(range(8))]


# Labels


def test_a_missing_label_gets_a_nat_less_than_the_least_listed_one_and_is_counted():
    listed = {"A": -0.5, "C": -2.0}
    scores = rank(only("label", preference=listed.get), size=4)
    assert scores.scores == (-0.5, -3.0, -2.0, -3.0)
    assert scores.repairs == 2


def test_a_reply_without_any_label_is_tried_again_within_the_budget():
    model = only("label", preference=lambda _: None)
    with pytest.raises(ReplyError, match="listed none of the labels ABC"):
        rank(model, attempts=2)
    assert len(model.seen) == 2


def test_more_than_twenty_candidates_go_in_blocks_and_keep_their_order():
    def by_title(title):
        return -float(title.removeprefix("Title "))

    class Blockwise(ScriptedModel):
        """Prefers low numbers, and shifts every block's scale."""

        async def label_logprobs(self, messages, *, labels):
            offered = [line.split(" ", 1) for line in messages[-1].content.splitlines()
                       if line[:1] in LABELS and line[1:2] == " "]  # fmt: skip
            self.seen.append(messages)
            shift = 100.0 * len(self.seen)
            titles = dict(offered)
            values = tuple(by_title(titles[label]) - shift for label in labels)
            return Logprobs(values=values, usage=Usage(prompt=10))

    scores = rank(Blockwise(modes=frozenset({"label"})), size=45)
    assert scores.scores == pytest.approx([-float(number) - 100 for number in range(45)])
    assert (scores.calls, scores.usage.prompt) == (3, 30)


@given(size=st.integers(0, 200))
def test_blocks_cover_every_position_once_and_share_their_anchors(size):
    first, *later = label_blocks(size)
    assert first == list(range(min(size, BLOCK)))
    assert all(block[:ANCHORS] == first[:ANCHORS] for block in later)
    assert all(ANCHORS < len(block) <= BLOCK for block in later)
    new = [at for block in later for at in block[ANCHORS:]]
    assert first + new == list(range(size))


@given(
    truth=st.lists(st.floats(-50, 50), min_size=1, max_size=90),
    shifts=st.lists(st.floats(-50, 50), min_size=6, max_size=6),
)
def test_blocks_that_differ_by_a_shift_join_on_the_first_ones_scale(truth, shifts):
    blocks = label_blocks(len(truth))
    shifted = zip(blocks, [0.0, *shifts], strict=False)
    scores = [[truth[at] + shift for at in block] for block, shift in shifted]
    assert join_blocks(blocks, scores) == pytest.approx(truth, abs=1e-9)


# Generated orders


def test_unknown_doubled_and_missing_labels_are_repaired_and_counted():
    scores = rank(only("listwise", reply=json_order(["C", "Z", "C", "A"])), size=4)
    assert scores.scores == (-1.0, -2.0, 0.0, -3.0)  # C A, then B D as they stood
    assert scores.repairs == 4


@given(order=st.lists(st.sampled_from("ABCDEFxyz")), size=st.integers(1, 6))
def test_a_repaired_order_is_always_a_permutation(order, size):
    labels = list("ABCDEF"[:size])
    whole, repairs = repair_order(order, labels)
    assert sorted(whole) == labels
    good = list(dict.fromkeys(label for label in order if label in labels))
    assert whole[: len(good)] == good
    unusable = len([label for label in order if label not in labels])
    doubled = len(order) - unusable - len(good)
    assert repairs == unusable + doubled + (size - len(good))
    assert (repairs == 0) == (sorted(order) == labels)


@pytest.mark.parametrize("junk", ["I think B is best", '{"order": "B"}', '{"order": ["?"]}', "{}"])
def test_junk_is_asked_again_within_the_budget(junk):
    replies = iter([junk, json_order("BA")])
    model = only("listwise", reply=lambda _: next(replies))
    scores = rank(model, size=2, attempts=2)
    assert scores.scores == (-1.0, 0.0)
    assert (scores.calls, scores.usage) == (2, Usage(prompt=2, completion=2))
    with pytest.raises(ReplyError) as caught:
        rank(only("listwise", reply=junk), attempts=2)
    assert caught.value.reply == junk


def test_many_candidates_have_labels_of_their_own_and_a_schema_that_names_them():
    scores = rank(only("listwise", reply=json_order(["AA", "AX"])), size=50).scores
    assert sorted(range(50), key=lambda at: -scores[at])[:3] == [26, 49, 0]
    schema = order_schema(["A", "B"])
    assert schema["properties"]["order"]["items"]["enum"] == ["A", "B"]
