"""What a file is taken for, what its columns are, and how that is overruled."""

import pytest
from command import Command
from reading import read_events, read_items
from test_survey import ITEMS, shop

from recagent.config.data_sections import FileSettings
from recagent.config.settings import Settings
from recagent.errors import DataError
from recagent.ingest import read_catalogue, settings_for_files

# First rows of files as strangers have them: header, row, what the file is.
TOLD = [
    ("user,id,score", "ann,b1,4", "events"),
    ("userId,id,rating,date", "ann,b1,4,2024-05-01", "events"),
    ("用户编号,编号,评分", "小安,b1,4", "events"),
    ("会员号,书号,购买日期", "m1,9787020002207,2024-05-01", "events"),
    ("用户名,书名,打分", "小安,活着,5", "events"),
    ("手机号,货号,数量", "13800000000,h1,2", "events"),
    ("user,game,behaviour,value", "ann,Portal,play,3.5", "events"),
    ("user-id,game-title,value,", "1,Portal,3.5,", "events"),
    ("Member_number,Date,itemDescription", "18,21-07-2015,fruit\n18,21-07-2015,milk", "events"),
    ("CustomerID,StockCode,Description,Quantity,InvoiceDate", "1,85123A,Lamp,6,2010-12-01",
     "events"),
    ("listener_id,episode_id,podcast_id,seconds", "l1,e1,p1,120", "events"),
    ("uid,interests", "ann,tea", "users"),
    ("user_id,name,age", "1,Ann,31", "users"),
    ("id,username,city", "1,ann,Rome", "users"),
    ("会员号,姓名,性别,手机号", "m1,小安,女,13800000000", "users"),
    ("用户编号,昵称,年龄", "1,小安,31", "users"),
    ("id,title,reader", "a1,Dune,Scott Brick", "items"),
    ("书号,书名,定价", "9787020002207,红楼梦,59.7", "items"),
    ("货号,品名,售价", "h1,铁壶,88", "items"),
    ("SKU,Name,Price", "h1,Kettle,8", "items"),
    ("编号,书名,作者", "1,活着,余华", "items"),
]  # fmt: skip


def named(folder, header, *rows, holds=None, name="rows.csv"):
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return settings_for_files(Settings(_env_file=None), [path], columns={}, holds=holds).catalog


def held(catalog):
    return [kind for kind in ("items", "events", "users") if getattr(catalog, kind)]


@pytest.mark.parametrize(("header", "row", "holds"), TOLD)
def test_what_a_file_holds(tmp_path, header, row, holds):
    assert held(named(tmp_path, header, row)) == [holds]


def test_who_comes_twice_did_something_and_who_never_does_is_somebody(tmp_path):
    header = "user,name,joined"
    assert held(named(tmp_path, header, "ann,Dune,2024", "bob,Emma,2024", "ann,Kim,2024")) == [
        "events"
    ]
    assert held(named(tmp_path, header, "ann,Ann,2024", "bob,Bob,2024")) == ["users"]
    many = [f"u{at},n{at},{at}" for at in range(60)]
    assert held(named(tmp_path, "user,name,score", *many)) == ["users"]
    assert held(named(tmp_path, "user,name,score", *many, "u1,n5,3")) == ["events"]


@pytest.mark.parametrize("holds", ["items", "events", "users"])
@pytest.mark.parametrize(("header", "row", "_"), [TOLD[0], TOLD[11], TOLD[17]])
def test_what_a_file_is_taken_for_is_overruled(tmp_path, header, row, _, holds):
    assert held(named(tmp_path, header, row, holds={"rows.csv": holds})) == [holds]
    with pytest.raises(DataError, match=r"there is no file 'other.csv'; correct --holds"):
        named(tmp_path, header, row, holds={"other.csv": holds})


# In a log: header, the columns that are the person's and the item's.
WHOSE = [
    ("会员号,手机号,书号,日期", "会员号", "书号"),
    ("用户编号,昵称,商品编号,货号,时间", "用户编号", "商品编号"),
    ("customer_id,email,product_id,sku,ts", "customer_id", "product_id"),
    ("读者证号,书号,ISBN,借出日期", "读者证号", "书号"),
    ("订单编号,会员号,商品编码,条码,数量,下单时间", "会员号", "商品编码"),
    ("listener_id,episode_id,show_id,played_seconds,ts", "listener_id", "episode_id"),
    ("userid,artist_id,track_id,timestamp", "userid", "track_id"),
    ("user,restaurant_id,name,date", "user", "restaurant_id"),
]


@pytest.mark.parametrize(("header", "person", "item"), WHOSE)
def test_the_surest_ids_of_a_log_are_read(tmp_path, header, person, item):
    columns = header.split(",")
    when = [at for at, name in enumerate(columns) if name in ("数量", "played_seconds")]
    cells = [str(at + 1) if at in when else f"c{at}" for at in range(len(columns))]
    cells[-1] = "2024-05-01"
    path = tmp_path / "log.csv"
    path.write_text(f"{header}\n{','.join(cells)}\n", encoding="utf-8")
    (event,) = read_events(FileSettings(path=path, scene="books"))
    assert event.user_id == cells[columns.index(person)]
    assert event.item_id == cells[columns.index(item)]


@pytest.mark.parametrize(
    ("header", "item", "attributes"),
    [
        ("商品编号,货号,名称", "c0", {"货号"}),
        ("product_id,sku,name", "c0", {"sku"}),
        ("编号,书号,书名,定价", "c0", {"书号", "定价"}),
        ("书号,ISBN,书名", "c0", {"ISBN"}),
        ("货号,条码,品名", "c0", {"条码"}),
        ("条码,品名", "c0", set()),
        ("名称,SKU,条形码", "c1", {"条形码"}),
    ],
)
def test_the_surest_id_of_an_item_is_its_id_and_the_others_are_attributes(
    tmp_path, header, item, attributes
):
    path = tmp_path / "goods.csv"
    cells = [f"c{at}" for at in range(header.count(",") + 1)]
    path.write_text(f"{header}\n{','.join(cells)}\n", encoding="utf-8")
    (found,) = read_items(FileSettings(path=path, scene="books"))
    assert found.id == item
    assert found.attributes.keys() == attributes


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("cart", "click"), ("add_to_cart", "click"), ("AddToCart", "click"), ("加购", "click"),
        ("加入购物车", "click"), ("play", "view"), ("played", "view"), ("播放", "view"),
        ("浏览", "view"), ("试听", "view"), ("收藏", "like"), ("关注", "like"), ("点赞", "like"),
        ("不喜欢", "dislike"), ("不感兴趣", "dislike"), ("购买", "purchase"), ("付款", "purchase"),
        ("听完", "finish"), ("跳过", "skip"), ("Order", "purchase"), ("想读", "like"),
    ],
)  # fmt: skip
def test_kinds_of_shops_and_players(tmp_path, said, kind):
    path = tmp_path / "log.csv"
    path.write_text(f"user_id,item_id,timestamp,event\nann,b1,5,{said}\n", encoding="utf-8")
    (event,) = read_events(FileSettings(path=path, scene="books"))
    assert event.kind == kind


@pytest.mark.parametrize(
    ("said", "like"),
    [
        ("purchas", "purchase"), ("dislked", "dislike"), ("clik", "click"),
        ("商品收藏", "like"), ("用户不喜欢", "dislike"), ("加购成功", "click"),
        ("remove_from_cart", ""), ("取消收藏", ""), ("退货", ""), ("refund", ""), ("scan", ""),
    ],
)  # fmt: skip
def test_an_unknown_kind_is_named_with_the_one_that_may_be_meant(tmp_path, said, like):
    settings = shop(tmp_path, f"ann,b1,books,5,{said}\nann,b2,books,6,view\n", items=ITEMS)
    (line,) = read_catalogue(settings).report.lines()
    assert f"event kind '{said}' is none of" in line
    assert f'kinds = {{ "{said}" = "{like or "view"}" }}' in line
    assert (f"did you mean '{like}'?" in line) == bool(like)


def test_the_line_on_columns_says_how_to_overrule_what_a_file_is_taken_for(
    recagent: Command, tmp_path
):
    (tmp_path / "people.csv").write_text("user,name,score\nann,Dune,4\nbob,Emma,3\n")
    (tmp_path / "goods.csv").write_text("item_id,title\nDune,Dune\nEmma,Emma\n")
    files = [tmp_path / "goods.csv", tmp_path / "people.csv"]
    for lang, said in (("en", "say what the file holds"), ("zh", "说明文件内容")):
        shown = recagent("validate", *map(str, files), "--lang", lang)
        plain = "".join(shown.stdout.split())
        assert "".join(said.split()) in plain, shown.stdout
        assert "--holdspeople.csv=items" in plain
    again = recagent("validate", str(tmp_path / "people.csv"), "--holds", "people.csv=thing")
    assert again.returncode == 2
    assert "FILE=items, FILE=events or FILE=users" in " ".join(again.stderr.split())
