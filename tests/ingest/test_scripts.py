"""How much of a catalogue the default embedder reads, and what ``validate`` says of it."""

import pytest
from examples import raw

from recagent.config.data_sections import CatalogSettings
from recagent.config.service_sections import EmbedderSettings
from recagent.config.settings import Settings
from recagent.domain import Item
from recagent.ingest import read_catalogue
from recagent.ingest.catalogue_notes import readable_share

SHARES = {
    ("The Quiet Orchard", "Night Trains of Europe"): 1.0,
    ("Amélie", "Le Fabuleux Destin"): 1.0,
    ("Война и мир",): 1.0,
    ("三体", "流浪地球"): 0.0,
    ("進撃の巨人", "鬼滅の刃"): 0.0,
    ("기생충", "올드보이"): 0.0,
    ("ألف ليلة وليلة",): 0.0,
    ("三体 Three Body",): 2 / 3,
    ("1984", "2046"): 1.0,
    (): 1.0,
}


@pytest.mark.parametrize("titles", SHARES)
def test_how_much_of_the_texts_the_default_embedder_reads(titles):
    items = [Item(id=title, scene="s", title=title) for title in titles]
    assert readable_share(items) == pytest.approx(SHARES[titles])


def notes(folder, titles, **settings):
    path = folder / "items.csv"
    rows = "".join(f"{place},{scene},{title}\n" for place, (scene, title) in enumerate(titles))
    path.write_text(f"item_id,scene,title\n{rows}", encoding="utf-8")
    found = read_catalogue(
        Settings(_env_file=None, catalog=CatalogSettings(items=(raw(path),)), **settings)
    )
    return {kind: each.examples for (kind, _), each in found.report.notes.items()}


def test_a_scene_that_the_default_vectors_cannot_read_is_said_with_the_next_step(tmp_path):
    titles = [("anime", "進撃の巨人"), ("anime", "鬼滅の刃"), ("books", "Dune"), ("图书", "三体")]
    (first, second) = notes(tmp_path, titles)["english vectors"]
    assert str(first) == (
        "the default vectors read 0% of the words in scene 'anime': they know no Chinese, Japanese "
        "or Korean; items are still found by their characters and by behaviour; for vectors set "
        '[embedder] kind = "fastembed", name = "BAAI/bge-small-zh-v1.5" (or kind = "endpoint") '
        "and run recagent index"
    )
    assert second.line("zh") == (
        "默认的向量模型只读得懂场景 '图书' 中 0% 的词：它不认识中文、日文和韩文；"
        "仍可凭字词和行为数据检索；"
        '要用向量，请设置 [embedder] kind = "fastembed"、name = "BAAI/bge-small-zh-v1.5"'
        '（或 kind = "endpoint"），然后运行 recagent index'
    )


def test_a_few_foreign_titles_and_other_embedders_are_no_matter(tmp_path):
    titles = [("books", "Dune"), ("books", "The Three Body Problem"), ("books", "三体")]
    assert "english vectors" not in notes(tmp_path, titles)
    own = EmbedderSettings(kind="fastembed", name="BAAI/bge-small-zh-v1.5")
    assert "english vectors" not in notes(tmp_path, [("书", "三体")], embedder=own)
