"""How many of a list are what, and whether a liked item shares all, is counted by code."""

import pytest
from examples import make_item

from recagent.domain import Claim, Evidence, Scene
from recagent.explanations import checked_claim

SCENES = {"films": Scene(name="films")}
ALIEN = make_item("f0", "Alien", scene="films", genres=("Horror", "Sci-Fi"), year=1979)
SHAUN = make_item("f1", "Shaun of the Dead", scene="films", genres=("Comedy", "Horror"), year=2004)
THING = make_item("f2", "The Thing", scene="films", genres=("Horror", "Sci-Fi"), year=1982)
SCREAM = make_item("f3", "Scream", scene="films", genres=("Comedy", "Horror"), year=1996)
FLY = make_item("f4", "The Fly", scene="films", genres=("Horror", "Sci-Fi", "Drama"), year=1986)
FILMS = (SHAUN, THING, SCREAM, FLY)
EVIDENCE = (
    Evidence(id="p1", kind="asked", refs=(), facts={"wish": "something scary, 80s horror"}),
    Evidence(
        id="p2", kind="history", refs=("f0",),
        facts={"title": "Alien (1979)", "kind": "rating", "rating": "10/10", "scene": "comedy"},
    ),
    Evidence(id="p3", kind="interest", refs=("comedy",), facts={"words": "comedy"}),
)  # fmt: skip


def is_shown(text, *, items=FILMS, lang="en", ids=("p2", "p3")):
    claim = checked_claim(
        Claim(text=text, evidence=ids), EVIDENCE, items=items, known={"f0": ALIEN},
        scenes=SCENES, lang=lang,
    )  # fmt: skip
    return claim is not None


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("All are horror, going by “Alien”, your 10/10.", True),
        ("All are sci-fi, going by “Alien”, your 10/10.", False),
        ("Every film is horror, going by “Alien”, your 10/10.", True),
        ("Not all are horror, going by “Alien”, your 10/10.", False),
        ("Mostly comedies, going by “Alien”, your 10/10.", False),  # two of four
        ("Two are comedies, going by “Alien”, your 10/10.", True),
        ("Three of them are comedies, going by “Alien”, your 10/10.", False),
        ("One of these is drama, going by “Alien”, your 10/10.", True),
        ("The first two are horror, going by “Alien”, your 10/10.", True),
        ("The first two are all comedies, going by “Alien”, your 10/10.", False),
        ("Going by your likes: “Alien”, all of it horror.", True),
        ("Horror, going by your likes: comedy.", False),
        ("All are comedies, your interest.", False),
    ],
)
def test_a_sentence_on_a_list_has_to_count_right(text, holds):
    assert is_shown(text) is holds


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("都是恐怖片，依据是您打了 10/10 分的《Alien》。", True),
        ("都是科幻片，依据是您打了 10/10 分的《Alien》。", False),
        ("四部都是恐怖片，依据是您打了 10/10 分的《Alien》。", True),
        ("五部都是恐怖片，依据是您打了 10/10 分的《Alien》。", False),
        ("前两部都是恐怖片，依据是您打了 10/10 分的《Alien》。", True),
        ("其中两部是喜剧，依据是您打了 10/10 分的《Alien》。", True),
        ("其中三部是喜剧，依据是您打了 10/10 分的《Alien》。", False),
        ("大多是喜剧，依据是您打了 10/10 分的《Alien》。", False),
    ],
)
def test_in_chinese_too(text, holds):
    assert is_shown(text, lang="zh") is holds


@pytest.mark.parametrize(
    ("text", "item", "holds"),
    [
        ("Both genres of “Alien”, your 10/10, are here.", THING, True),
        ("The two genres of “Alien”, your 10/10.", FLY, True),
        ("All three genres of “Alien”, your 10/10.", FLY, False),
        ("Every genre of “Alien”, your 10/10, is here.", SHAUN, False),
        ("It is horror, and you gave “Alien” 10/10; both are sci-fi.", SHAUN, False),
        ("The same genres as “Alien”, your 10/10.", THING, True),
        ("The same genres as “Alien”, your 10/10.", FLY, False),
        ("Shares both genres with “Alien”, your 10/10.", SHAUN, False),
        ("An eighties horror film, like “Alien”, your 10/10.", THING, False),  # which is no such
        ("You gave “Alien” 10/10; both are from the eighties.", THING, False),
        ("“Alien”, from the eighties, your 10/10.", THING, False),
        ("A comedy, as you asked; you gave “Alien” 10/10.", SHAUN, False),  # only an interest
        ("You gave “Alien” 10/10, and both are comedies.", SHAUN, False),  # but its scene is so
        ("From the eighties; horror like “Alien”, your 10/10.", THING, True),
        ("From the 1980s; horror like “Alien”, your 10/10.", FLY, True),
        ("From the nineties; horror like “Alien”, your 10/10.", THING, False),
        ("Seventies horror like “Alien”, your 10/10.", THING, False),
    ],
)
def test_what_a_liked_item_shares_is_looked_up(text, item, holds):
    assert is_shown(text, items=(item,)) is holds


@pytest.mark.parametrize(
    ("text", "item", "holds"),
    [
        ("《Alien》（您打了 10/10 分）的类型它都有。", THING, True),
        ("《Alien》（您打了 10/10 分）的类型它都有。", SHAUN, False),
        ("与您打了 10/10 分的《Alien》类型一致。", THING, True),
        ("与您打了 10/10 分的《Alien》类型一致。", SHAUN, False),
        ("两个类型都与您打了 10/10 分的《Alien》重合。", SHAUN, False),
        ("八十年代的恐怖片，和您打了 10/10 分的《Alien》一样。", THING, False),
        ("您给《Alien》打了 10/10 分，两部都是科幻恐怖片。", FLY, True),
        ("您给《Alien》打了 10/10 分，两部都是科幻恐怖片。", SHAUN, False),
        ("八十年代的恐怖片，接近您打了 10/10 分的《Alien》。", THING, True),
        ("80年代的恐怖片，接近您打了 10/10 分的《Alien》。", SCREAM, False),
        ("科幻与您打了 10/10 分的《Alien》重合。", THING, True),
        ("喜剧与您打了 10/10 分的《Alien》重合。", SHAUN, False),
    ],
)
def test_it_is_looked_up_in_chinese_too(text, item, holds):
    assert is_shown(text, items=(item,), lang="zh") is holds
