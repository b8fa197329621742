"""A comparison with the other candidates is shown where all of them tell that it holds."""

import tomllib

import pytest
from examples import make_item

from benchmarks.reason_sentences import COMPARED, KEPT, compared
from recagent.domain import Claim, Evidence, Scene
from recagent.explanations import checked_claim

SCENES = {"films": Scene(name="films")}
FUZZ = make_item("f1", "Hot Fuzz", scene="films", genres=("Action", "Comedy"), year=2007)
SHAUN = make_item("f3", "Shaun of the Dead", scene="films", genres=("Comedy", "Horror"), year=2004)
WAR = make_item("f4", "World War Z", scene="films", genres=("Action", "Horror"), year=2013)
BODIES = make_item("f5", "Warm Bodies", scene="films", genres=("Horror", "Romance"), year=2013)
UNKNOWN = make_item("f6", "Rec", scene="films")
CANDIDATES = (SHAUN, WAR, BODIES)
LIKED = Evidence(
    id="p1", kind="history", refs=("f1",),
    facts={"title": "Hot Fuzz (2007)", "kind": "rating", "rating": "9/10"},
)  # fmt: skip


def is_shown(text, *, item=SHAUN, candidates=CANDIDATES, lang="en"):
    end = {"en": "; you gave “Hot Fuzz” 9/10.", "zh": "；《Hot Fuzz》您打了 9/10 分。"}[lang]
    claim = checked_claim(
        Claim(text=text + end, evidence=("p1",)), [LIKED], items=[item], known={"f1": FUZZ},
        scenes=SCENES, lang=lang, candidates=candidates,
    )  # fmt: skip
    return claim is not None


@pytest.mark.parametrize(
    "text",
    [
        "The only comedy here",
        "Among these horror films it is the only one with comedy",
        "None of the others has comedy",
        "The oldest of these",
        "The oldest of the three",
        "The oldest horror film here",
        "It is older than the others",
        "A film older than “World War Z”",
        "Older than “Hot Fuzz”",
    ],
)
def test_a_true_comparison_is_shown(text):
    assert is_shown(text)


@pytest.mark.parametrize(
    "text",
    [
        "The only horror film here",
        "The only comedy",  # of all films?
        "The only comedy in the shop, and the oldest here",
        "The only comedy ever, of these",
        "Among these comedies films it is the only one with horror",
        "None of the others has comedy or horror",
        "None of the others has comedy, horror",
        "The newest of these",
        "The oldest of the four",
        "The second oldest here",
        "Not the oldest here",
        "Almost the oldest here",
        "The oldest but one of these",
        "Ten years older than the others",
        "9 older than the others",
        "A film newer than “World War Z”",
        "Older than “Rec”",
        "The cheapest here",  # no price is told
        "Like “Hot Fuzz”, the oldest here",  # which of the two?
        "“Hot Fuzz” is the oldest here",
        "The only one here",
        "The best of these",
        "The one horror film here",
        "The first horror film here",
        "The only one of these that you gave 9/10",
        "The only one of these without comedy",
        "None of the others is comedy, nor is any horror",
        "Nothing else here has comedy or horror",
        "No other here is horror",
        "Unlike the others here it is horror",
        "The oldest and the cheapest here",
        "Older and cheaper than the others",
        "It is older than the others by nine years",
        "The oldest of these is “World War Z”",
        "“World War Z” is newer than the others",
        "Like the others here a comedy",
        "A comedy, as are the others",
        "The others are comedies too",
        "It shares comedy with the others here",
    ],
)
def test_a_false_or_vague_one_is_not(text):
    assert not is_shown(text)


@pytest.mark.parametrize(
    "text",
    [
        "这里唯一的喜剧", "候选里只有它兼有喜剧和恐怖", "其他几部都没有喜剧", "这几部里最早的一部",
        "比别的都早", "年份比其余几部都早", "比《World War Z》早一些",
    ],
)  # fmt: skip
def test_in_chinese_too(text):
    assert is_shown(text, lang="zh")


@pytest.mark.parametrize(
    "text",
    [
        "这里唯一的恐怖片", "唯一的喜剧", "店里唯一的喜剧，这里最早", "别的都没有喜剧和恐怖",
        "别的都没有喜剧、恐怖", "这里最新的一部", "这里第二早", "几乎是这里最早",
        "比《World War Z》晚", "四部里最早的一部", "这里最便宜", "《Hot Fuzz》是这里最早的",
        "这里最好的一部", "就它一部恐怖片", "只有它没有喜剧", "比别的都早九年", "不比别的早",
        "这里最早的是《World War Z》", "和其他几部一样是喜剧", "别的都没有恐怖，只有喜剧",
    ],
)  # fmt: skip
def test_in_chinese_it_is_refused_too(text):
    assert not is_shown(text, lang="zh")


def test_one_that_does_not_tell_supports_no_comparison():
    for text in ("The only comedy here", "The oldest of these", "It is older than the others"):
        assert not is_shown(text, candidates=(*CANDIDATES, UNKNOWN))


def test_two_that_are_equal_are_both_not_the_newest():
    assert not is_shown("The newest here", item=WAR)
    assert is_shown("The newest here", item=WAR, candidates=(SHAUN, WAR))


def test_without_candidates_nothing_is_compared():
    assert not is_shown("The only comedy here", candidates=())
    assert not is_shown("候选里只有它是喜剧", candidates=(), lang="zh")
    assert not is_shown("The only comedy here", candidates=(SHAUN,))


def test_kept_comparisons_pass_where_they_are_true_and_no_false_one():
    kept, comparisons = (
        tomllib.loads(path.read_text(encoding="utf-8")) for path in (KEPT, COMPARED)
    )
    wrong: list[str] = []
    counts = compared(kept, comparisons, wrong)
    assert [each for each in wrong if "_false_" in each] == []
    assert counts["added_false_en"] + counts["added_false_zh"] > 1000
    for sort, least in (("added_true", 0.95), ("compared_true", 0.7)):
        number = counts[f"{sort}_en"] + counts[f"{sort}_zh"]
        assert counts[f"{sort}_en_shown"] + counts[f"{sort}_zh_shown"] >= least * number
