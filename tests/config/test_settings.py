"""Settings: which source wins, what relative paths mean, and what an error names."""

import os
from pathlib import Path

import pytest

from recagent import bootstrap
from recagent.config.settings import load
from recagent.domain import (
    AgeRule,
    Constraint,
    DistanceRule,
    FreshRule,
    PathRule,
    PersonRule,
    RepeatRule,
    Scene,
    SeriesRule,
)
from recagent.errors import ConfigError


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """An empty working directory and an environment without settings."""
    monkeypatch.chdir(tmp_path)
    for name in [name for name in os.environ if name.startswith(("OPENAI_", "RECAGENT_"))]:
        monkeypatch.delenv(name)
    return tmp_path


def write(text, name="recagent.toml"):
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_without_any_file_the_defaults_are_the_embedded_engine_and_english():
    settings = load()
    assert (settings.lang, settings.endpoint, settings.rank.pool) == ("en", "", 20)
    assert settings.data_dir == Path.cwd() / ".recagent"


def test_each_source_wins_over_the_ones_below_it(monkeypatch):
    write("[rank]\npool = 1\ntemperature = 0.1\ndiversity = 0.1\ndeadline = 1")
    write("RECAGENT_RANK__POOL=2\nRECAGENT_RANK__TEMPERATURE=0.2\nRECAGENT_RANK__DIVERSITY=0.2",
          name=".env")  # fmt: skip
    monkeypatch.setenv("RECAGENT_RANK__POOL", "3")
    monkeypatch.setenv("RECAGENT_RANK__TEMPERATURE", "0.3")
    rank = load(rank={"pool": 4}).rank
    assert (rank.pool, rank.temperature, rank.diversity, rank.deadline) == (4, 0.3, 0.2, 1.0)


def test_a_file_a_folder_and_the_working_directory_are_the_same_config(folder):
    path = write('lang = "zh"')
    assert load().lang == load(path).lang == load(folder).lang == "zh"


def test_pyproject_counts_only_where_there_is_no_file_of_our_own(folder):
    write('[tool.recagent]\nlang = "zh"\ndata_dir = "kept"', name="pyproject.toml")
    assert load().lang == "zh"
    assert load().data_dir == folder / "kept"
    write('lang = "en"')
    assert load().lang == "en"


@pytest.mark.parametrize(
    "items",
    ["'items.csv'", "['items.csv']", "{ path = 'items.csv' }", "[{ path = 'items.csv' }]"],
)
def test_a_file_of_the_catalogue_may_be_its_path_alone(items):
    path = write(f"[catalog]\nitems = {items}")
    assert [file.path for file in load(path).catalog.items] == [path.resolve().parent / "items.csv"]


def test_relative_paths_are_those_of_the_config_file(folder):
    path = write(
        'data_dir = "kept"\n'
        '[catalog]\nitems = [{ path = "raw/items.csv" }]\nevents = [{ path = "/events.csv" }]\n'
        '[model]\npath = "weights.gguf"\nadapter = "own.gguf"\n'
        '[embedder]\nkind = "endpoint"\nca_file = "own.pem"',
        name="shop/recagent.toml",
    )
    settings = load(path)
    assert settings.data_dir == folder / "shop" / "kept"
    assert settings.catalog.items[0].path == folder / "shop" / "raw" / "items.csv"
    assert settings.catalog.events[0].path == Path("/events.csv")
    assert settings.model.path == folder / "shop" / "weights.gguf"
    assert settings.model.adapter == folder / "shop" / "own.gguf"
    assert settings.embedder.ca_file == folder / "shop" / "own.pem"


def test_declared_scenes_are_scenes():
    write('[scenes.films]\nlabels = { en = "Films", zh = "电影" }')
    assert load().declared_scenes() == {
        "films": Scene(name="films", labels={"en": "Films", "zh": "电影"})
    }


SCENE = """
[scenes.films]
description = "Films for an evening."
tasks = { content = 3, person = 1 }
opt_in = "findable"
group = "series"
group_limit = 2
group_order = "volume"
editions = false
language = "zh"
prompts = { rerank = "label_recency", preference = "own/extract.v1.j2" }
learns_from = ["books"]
review = "human"
notice = { en = "No advice." }
rules = [
    { attribute = "stock", operator = "at least", value = 1, task = "item" },
    { attribute = "id", operator = "is not", value = ["f1", "f2"] },
    { attribute = "id", operator = "is not", person = "blocked" },
    { age = "rated" },
    { within_km = 2.5 },
    { fresh_days = 7, attribute = "day" },
    { prerequisites = "needs" },
    { repeat_days = 1 },
]
[scenes.books]
tasks = ["item"]
"""


def test_all_that_a_scene_declares_reaches_it(folder):
    scenes = load(write(SCENE)).declared_scenes()
    assert scenes["books"] == Scene(name="books", tasks=("item",))
    asked = Constraint(attribute="findable", operator="is", value=True, task="person")
    assert scenes["films"] == Scene(
        name="films",
        description="Films for an evening.",
        tasks=("content", "person"),
        quotas={"content": 3, "person": 1},
        language="zh",
        prompts={
            "rerank": "label_recency",
            "preference": str(folder / "own" / "extract.v1.j2"),
        },
        learns_from=("books",),
        review="human",
        notices={"en": "No advice."},
        rules=(
            Constraint(attribute="stock", operator="at least", value=1, task="item"),
            Constraint(attribute="id", operator="is not", value=("f1", "f2")),
            PersonRule(attribute="id", operator="is not", person="blocked"),
            AgeRule(age="rated"),
            DistanceRule(within_km=2.5),
            FreshRule(fresh_days=7, attribute="day"),
            PathRule(prerequisites="needs"),
            RepeatRule(repeat_days=1),
            asked,
            SeriesRule(group="series", limit=2, order="volume"),
        ),
        editions=False,
    )


def test_a_group_is_one_of_a_list_by_the_number_in_its_title_and_what_is_of_it_needs_it():
    write('[scenes.films]\ngroup = "saga"')
    assert load().declared_scenes()["films"].rules == (SeriesRule(group="saga"),)
    for line in ("group_limit = 2", 'group_order = "year"'):
        write(f"[scenes.films]\n{line}")
        with pytest.raises(ConfigError, match=r"set group to the attribute that names it"):
            load()
    write('[scenes.films]\ngroup = "saga"\ngroup_limit = 0')
    with pytest.raises(ConfigError, match=r"group_limit"):
        load()


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("{ fresh = 3 }", "'scenes.films.rules.0' (from recagent.toml"),
        ("{ fresh = 3 }", "or one of age, within_km, fresh_days, prerequisites, repeat_days"),
        ("3", "'scenes.films.rules.0' (from recagent.toml"),
        ("{ fresh_days = 0 }", "should be above 0, got 0"),
        ("{ within_km = -1 }", "should be above 0, got -1"),
        ("{ repeat_days = -1 }", "should be 0 or more, got -1"),
        ("{ age = 'rated', years = 3 }", "'scenes.films.rules.0.age.years'"),
        ("{ attribute = 'a', operator = 'over', value = 1 }", "operator' (from recagent.toml"),
        ("{ attribute = 'a', operator = 'is' }", "value' (from recagent.toml"),
    ],
)
def test_a_rule_that_is_none_is_named(rule, said):
    with pytest.raises(ConfigError) as caught:
        load(write(f"[scenes.films]\nrules = [{rule}]"))
    assert said in str(caught.value)


def test_a_scene_learns_from_declared_scenes_only():
    settings = load(write("[scenes.films]\nlearns_from = ['boks']\n[scenes.books]"))
    with pytest.raises(ConfigError, match=r"names 'boks', which is not declared.* books, films"):
        settings.declared_scenes()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("rnk = 3", "'recagent.toml': unknown key 'rnk'; known keys: attributes, catalog"),
        ("[rank]\npol = 3", "'rank.pol' (from recagent.toml"),
        ("[rank]\npool = 0", "'rank.pool' (from recagent.toml"),
        ("[model]\nmode = 'guess'", "'model.mode' (from recagent.toml"),
        ("model = 5", "'model' (from recagent.toml"),
        ("lang = 'fr'", "'lang' (from recagent.toml"),
        ("[[catalog.items]]\nscene = 'films'", "'catalog.items.0.path' (from recagent.toml"),
        ("[catalog]\nitems = 5", "'catalog.items' (from recagent.toml"),
        ("[catalog]\nitems = [5]", "'catalog.items.0' (from recagent.toml"),
        ("[catalog]\nlist_separator = ''", "'catalog.list_separator' (from recagent.toml"),
        ("[rank", "'recagent.toml' is not valid TOML"),
    ],
)
def test_an_unknown_key_or_a_bad_value_is_named(text, said):
    with pytest.raises(ConfigError) as caught:
        load(write(text))
    assert said in str(caught.value)


@pytest.mark.parametrize(
    "name", ["RANK__FEEDBACK", "RETRIEVAL__HALF_LIFE_DAYS", "MODEL__KEEP_HOURS"]
)
def test_a_number_without_end_is_no_setting(monkeypatch, name):
    monkeypatch.setenv(f"RECAGENT_{name}", "inf")
    with pytest.raises(ConfigError, match="finite"):
        load()


def test_bad_values_of_the_environment_are_named(monkeypatch):
    monkeypatch.setenv("RECAGENT_RANK__POOL", "many")
    with pytest.raises(ConfigError, match=r"'rank.pool'.*environment.*'many'"):
        load()
    monkeypatch.setenv("RECAGENT_RANK", "{pool")
    with pytest.raises(ConfigError, match=r'environment: .*"rank"'):
        load()


def test_an_override_that_is_no_setting_is_named():
    with pytest.raises(ConfigError, match="lng"):
        load(lng="zh")


@pytest.mark.parametrize("text", ["[tool]\nrecagent = 5", "tool = 5"])
def test_a_pyproject_of_the_wrong_shape_is_a_config_error(text):
    write(text, name="pyproject.toml")
    with pytest.raises(ConfigError, match=r"pyproject\.toml"):
        load()


def test_a_config_file_that_is_not_there_or_not_text(folder):
    with pytest.raises(
        ConfigError, match=r"'nowhere\.toml' does not exist; correct the path, or create one with"
    ):
        load(Path("nowhere.toml"))
    (folder / "recagent.toml").write_bytes(b'lang = "\xe9"')
    with pytest.raises(ConfigError, match=r"'recagent\.toml' is not valid TOML"):
        load()


def test_a_rating_scale_upside_down_is_refused():
    with pytest.raises(ConfigError, match="low=5 must be below high=1"):
        load(write("[ratings]\nlow = 5\nhigh = 1")).ratings.scale()


def test_openai_variables_select_the_endpoint_unless_the_config_says_otherwise(monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://from-environment/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "sk-environment")
    settings = load()
    assert (settings.endpoint, settings.api_key) == ("http://from-environment/v1", "sk-environment")
    own = load(model={"base_url": "http://own/v1", "api_key": "sk-own"})
    assert (own.endpoint, own.api_key) == ("http://own/v1", "sk-own")
    assert load(model={"kind": "embedded"}).endpoint == ""
    assert load(model={"kind": "none"}).endpoint == ""


def test_openai_variables_are_read_from_dotenv():
    write("OPENAI_BASE_URL=http://dotenv/v1\nOPENAI_API_KEY=sk-dotenv", name=".env")
    assert (load().endpoint, load().api_key) == ("http://dotenv/v1", "sk-dotenv")


def test_a_key_alone_selects_no_endpoint(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    assert load().endpoint == ""


def test_a_key_is_never_shown(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    monkeypatch.setenv("RECAGENT_MODEL__API_KEY", "sk-secret")
    settings = load()
    assert settings.api_key == "sk-secret"
    for shown in (repr(settings), str(settings), settings.model_dump_json()):
        assert "sk-secret" not in shown


@pytest.mark.parametrize("line", ['api_key = ["sk-secret"]', 'api_kye = "sk-secret"'])
def test_a_mistyped_key_is_not_repeated_in_the_error(line):
    with pytest.raises(ConfigError) as caught:
        load(write(f"[model]\n{line}"))
    assert "sk-secret" not in str(caught.value)


def test_the_environments_key_goes_to_the_first_model_alone(tmp_path, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://first/v1")
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    path = tmp_path / "recagent.toml"
    path.write_text(
        '[[model.then]]\nbase_url = "http://second/v1"\n[[model.then]]\npath = "m.gguf"\n'
    )
    first, second, third = load(path).engines
    assert (first.base_url, first.api_key.get_secret_value()) == ("http://first/v1", "secret")
    assert (second.base_url, second.api_key.get_secret_value()) == ("http://second/v1", "")
    assert (third.is_remote, third.path) == (False, tmp_path / "m.gguf")


def test_models_after_none_are_refused(tmp_path):
    path = tmp_path / "recagent.toml"
    path.write_text(
        '[model]\nkind = "none"\napi_key = "secret"\n[[model.then]]\nkind = "embedded"\n'
    )
    with pytest.raises(ConfigError, match="kind 'none' asks no model") as caught:
        load(path)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("lines", "weight"),
    [
        ("", 0.0),
        ('[model]\nkind = "none"', 0.0),
        ('[model]\nbase_url = "http://127.0.0.1:1/v1"', 1 / 3),
        ("[rank]\nlanguage_weight = 0.4", 0.4),
        ('[model]\nbase_url = "http://127.0.0.1:1/v1"\n[rank]\nlanguage_weight = 0', 0.0),
    ],
)
def test_before_a_fit_only_an_endpoint_has_a_weight_of_its_own(lines, weight):
    assert bootstrap.options(load(write(lines))).language_weight == weight


def test_a_source_that_is_not_named_keeps_its_weight():
    before = load().retrieval.weights
    write("[retrieval]\nweights = { following = 2.0 }")
    assert load().retrieval.weights == {**before, "following": 2.0}


def test_an_attribute_can_be_ignored_or_be_no_reason_but_a_title_is_needed():
    write("[attributes]\nimage = { ignore = true }\nmaker = { reason = false }\n")
    settings = load()
    assert settings.attributes["image"].ignore
    assert not settings.attributes["maker"].reason
    assert bootstrap.parts_with(
        settings.model_copy(update={"model": settings.model.model_copy(update={"kind": "none"})}),
        learned=None,
    ).silent == {"maker"}
    write("[attributes]\ntitle = { ignore = true }\n")
    with pytest.raises(ConfigError, match="an item needs its title"):
        load()
