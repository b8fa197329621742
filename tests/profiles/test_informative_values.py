"""Which values speak: reasons on four catalogues, with what exports have in their columns."""

from dataclasses import replace

import pytest
from examples import SCALE, make_event, make_item, make_query, wait
from line import make_line

from recagent.domain import Constraint, Context, PersonRule, Scene, User
from recagent.domain.addresses import is_address
from recagent.explanations import claims, gather_evidence
from recagent.pipeline import Pipeline
from recagent.profiles.informative_values import Traits, is_worded
from recagent.retrieval import Interactions

NO_IMAGE = "https://s.gr-assets.com/assets/nophoto/book/111x148.png"


def fillers(count, **columns):
    """Other items; what is a list goes round."""
    return [
        make_item(f"x{n}", f"Other {n}", **{k: v[n % len(v)] for k, v in columns.items()})
        for n in range(count)
    ]


def reason(item, liked, others, *, lang="en", bans=(), rules=(), user=None, silent=frozenset()):
    """The sentences for an item whose person liked another, in a scene of all of these."""
    scene = Scene(name="books", rules=rules)
    query = make_query(
        items=[liked], events=[make_event("ann", liked.id, value=9)], liked=[liked.id],
        scene=scene, user=user,
    )  # fmt: skip
    query = replace(query, context=Context(constraints=bans))
    traits = Traits({each.id: each for each in (item, liked, *others)}, silent)
    behaviour = Interactions((), scale=SCALE)
    (found,) = gather_evidence([item], query, behaviour=behaviour, scale=SCALE, traits=traits)
    kept = [piece for piece in found if piece.kind != "constraint"]
    return [claim.text for claim in claims(kept, scenes={}, lang=lang)]


RA = make_item(
    "ra", "Ra", designer="Reiner Knizia", mechanics=("Auction", "Set Collection", "Push Your Luck"),
    publisher="Rio Grande", lang="en", c1="v0", c2="v0", image=NO_IMAGE, thumb="img/none.jpg",
    published="1999-01-01", bgg_id="B000X1", note="No description is available for this item yet.",
)  # fmt: skip
MODERN_ART = make_item(
    "ma", "Modern Art", designer="Reiner Knizia", mechanics=("Auction", "Hand Management"),
    publisher="Rio Grande", lang="en", c1="v0", c2="v0", image=NO_IMAGE, thumb="img/none.jpg",
    published="1999-01-01", bgg_id="B000X1", note="No description is available for this item yet.",
)  # fmt: skip
BOARD_GAMES = fillers(
    58, designer=[f"Designer {n}." for n in "ABCDEFGHIJ"], lang=["en", "en", "en", "de"],
    mechanics=[("Auction", "Dice Rolling"), ("Hand Management",), ("Dice Rolling",), ("Trading",)],
    publisher=["Rio Grande", *(f"House {n}x" for n in "abcdefghi")], c1=["v0", "v1"], c2=["v0"],
    image=[NO_IMAGE, "https://x/y.png"],
)  # fmt: skip


def test_the_rarest_attribute_is_named_and_rubbish_is_not():
    assert reason(RA, MODERN_ART, BOARD_GAMES) == [
        "It shares the designer Reiner Knizia with “Modern Art”, which you gave 9/10."
    ]


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"image": NO_IMAGE}, "an address"),
        ({"thumb": "covers/none.jpg"}, "a path"),
        ({"file": "none.webp"}, "the name of a file"),
        ({"site": "example.com/shop"}, "an address without scheme"),
        ({"lang": "en"}, "a language code"),
        ({"lang": "eng"}, "a language code that few have"),
        ({"c1": "v0", "c2": "v0", "c3": "v0"}, "coded columns"),
        ({"codes": ("v0", "v0", "v7")}, "a coded list"),
        ({"asin": "B00X4WHP5E"}, "an id"),
        ({"uuid": "0b8f2f0e-8f6c-4b52-9f0a-3d1c0ddc1d11"}, "an id"),
        ({"similar": ("x1", "x2")}, "ids of items"),
        ({"published": "2024-05-01"}, "a date"),
        ({"published": "2024年5月"}, "a date in Chinese"),
        ({"isbn": "9780140449136"}, "a number"),
        ({"publisher": "Penguin"}, "a publisher that a tenth have"),
        ({"format": "Paperback"}, "what nearly all have"),
        ({"maker": "Unknown"}, "no value"),
        ({"作者": "未知"}, "no value in Chinese"),
        ({"blurb": "A gripping tale of love and loss that will keep you reading all night long."},
         "a sentence"),
        ({}, "a title"),
    ],
)  # fmt: skip
def test_what_is_no_evidence(columns, why):
    one, two = make_item("b1", "Black Duty", **columns), make_item("b2", "Duty Black", **columns)
    others = fillers(
        58, publisher=["Penguin", *(f"House {n}y" for n in "abcdefghi")], lang=["en", "fre", "ger"],
        format=["Paperback", "Paperback", "Paperback", "Hardcover"], c1=["v0", "v1"], c2=["v1"],
    )  # fmt: skip
    assert reason(one, two, others) == [], why


@pytest.mark.parametrize(
    ("columns", "en", "zh"),
    [
        ({"designer": "Reiner Knizia"}, "It shares the designer Reiner Knizia with",
         "designer 也是 Reiner Knizia"),
        ({"设计师": "克尼齐亚"}, "It shares the 设计师 克尼齐亚 with", "设计师也是克尼齐亚"),
        ({"genres": ("Gothic", "Epistolary", "Satire")},
         "It is Gothic and Epistolary again, like",
         "也是 Gothic、Epistolary"),
        ({"genres": ("Gothic",)}, "It is Gothic again, like", "也是 Gothic"),
        ({"categories": ("Gothic",)}, "It is Gothic again, like", "也是 Gothic"),
        ({"series": "Dune"}, "It shares the series Dune with", "series 也是 Dune"),
        ({"made_by": "Acme Toys"}, "It shares the made by Acme Toys with",
         "made by 也是 Acme Toys"),
        ({"platform": ("PC", "Switch")}, "It shares the platform PC and Switch",
         "platform 也是 PC、Switch"),
        ({"decade": "1980s"}, "It shares the decade 1980s", "decade 也是 1980s"),
        ({"类别": ("绿茶", "礼盒")}, "It shares the 类别 绿茶 and 礼盒", "类别也是绿茶、礼盒"),
    ],
)  # fmt: skip
def test_what_is_evidence_is_said_under_the_catalogues_own_name(columns, en, zh):
    one, two = make_item("b1", **columns), make_item("b2", **columns)
    others = fillers(58, genres=[("Satire",), ("Romance",), ("Crime",)])
    assert reason(one, two, others)[0].startswith(en)
    assert reason(one, two, others, lang="zh")[0] == f"{zh}，和您打了 9 分的“Title b2”一样。"


def test_two_values_that_are_rare_together_are_evidence_and_one_that_is_not_is_none():
    others = fillers(
        57, genres=[("Drama", "Comedy"), ("Drama",), ("Comedy",), ("War",), ("War", "Romance")]
    )
    both = (
        make_item("b1", genres=("Drama", "Romance")),
        make_item("b2", genres=("Drama", "Romance")),
    )
    assert reason(*both, others)[0].startswith("It is Drama and Romance again")
    one = make_item("b1", genres=("Comedy",)), make_item("b2", genres=("Comedy", "War"))
    assert reason(*one, others) == []


def test_the_rarer_of_two_likes_is_cited():
    def shares(items, liked):
        query = make_query(
            items=liked, liked=[each.id for each in liked],
            events=[make_event("ann", each.id) for each in liked],
        )  # fmt: skip
        traits = Traits({each.id: each for each in items})
        behaviour = Interactions((), scale=SCALE)
        (found,) = gather_evidence(
            items[:1], query, behaviour=behaviour, scale=SCALE, traits=traits
        )
        return found[0].refs

    item = make_item("b0", tags=("Sea", "Whales"))
    common = [make_item(f"c{n}", tags=("Sea",)) for n in range(5)]
    rare = make_item("r", tags=("Whales",))
    assert shares([item, *common, rare, *fillers(60)], [common[0], rare]) == ("r", "Whales")


NO_DICE = Constraint(attribute="mechanics", operator="is not", value="dice", words="no dice")


@pytest.mark.parametrize(
    "bans",
    [(NO_DICE,), (Constraint(attribute="", operator="does not mention", value="dice"),),
     (Constraint(attribute="mechanics", operator="is not", value="Dice Rolling"),)],
)  # fmt: skip
def test_nothing_forbidden_is_cited(bans):
    one = make_item("b1", mechanics=("Dice Rolling", "Bluffing"))
    two = make_item("b2", mechanics=("Dice Rolling",))
    assert reason(one, two, fillers(20))[0].startswith("It shares the mechanic Dice Rolling")
    assert reason(one, two, fillers(20), bans=bans) == []
    assert reason(one, two, fillers(20), rules=bans) == []
    town = make_item("b3", "Dice Town", mechanics=("Bluffing",))
    assert reason(one, town, fillers(20), bans=(NO_DICE,)) == []
    tagged = User(id="ann", tags=("dice", "bluffing"))
    (left,) = reason(one, two, fillers(20), bans=(NO_DICE,), user=tagged)
    assert left == "It matches your interest: bluffing."


def test_what_a_person_muted_is_cited_nowhere():
    one, two = make_item("b1", topics=("Tax", "Sea")), make_item("b2", topics=("Tax",))
    muted = PersonRule(attribute="topics", operator="is not", person="muted")
    ann = User(id="ann", attributes={"muted": ("tax",)})
    assert reason(one, two, fillers(20), rules=(muted,), user=ann) == []
    assert reason(one, two, fillers(20), rules=(muted,))


def test_an_attribute_that_is_declared_no_reason_is_none():
    assert reason(RA, MODERN_ART, BOARD_GAMES, silent={"designer"}) == []


@pytest.mark.parametrize(
    "text",
    ["http://a.b/c.jpg", "https://a.b", "//cdn.x.com/a", "www.example.com", "a/b/c.png", "x.JPG",
     "/images/7", "C:\\\\img\\\\a.bmp", "ann@example.com", "example.com/x",
     "data:image/png;base64,iVB"],
)  # fmt: skip
def test_an_address(text):
    assert is_address(text)
    assert not is_worded(text)


@pytest.mark.parametrize(
    "text", ["Auction/Bidding", "AC/DC", "and/or", "St. John", "Dr. Who", "3.5", "科幻/悬疑", "R&B",
             "Node.js is fun", "Yahoo!", "U.S.A."]
)  # fmt: skip
def test_no_address(text):
    assert not is_address(text)


def test_addresses_are_neither_embedded_nor_searched():
    item = make_item(
        "b1", "Emma", image=NO_IMAGE, files=("a/b.jpg", "Regency"), text="See https://x.y/z now"
    )
    assert item.document() == "Emma Regency See now"


def test_a_reason_of_the_settings_reaches_slates_and_tags():
    items = [make_item(f"b{n}", maker="Acme Toys" if n < 4 else f"Maker {n}.") for n in range(60)]

    async def main(silent):
        events = [make_event("ann", f"b{n}") for n in range(3)]
        line, parts = await make_line(items, events)
        quiet = Pipeline(replace(parts, silent=silent), line._options)
        why = await quiet.explain("ann", "b3")
        return [claim.text for claim in why.claims], (await quiet.profile("ann")).tags

    told, tags = wait(main(frozenset()))
    assert told[0].startswith("It shares the maker Acme Toys with")
    assert set(tags) == {"Acme Toys"}
    told, tags = wait(main(frozenset({"maker"})))
    assert not any("Acme" in text for text in told)
    assert tags == {}
