"""Experiment files: what they declare, and what is said of one that is wrong, with its line."""

import pytest

from recagent import demo
from recagent.config.settings import Settings
from recagent.errors import ConfigError
from recagent.evaluation.experiment import load_experiment
from recagent.evaluation.language_models import model_settings
from recagent.evaluation.toml_lines import line_of

GOOD = """\
name = "films"
reference = "popularity"

[cases]
scenes = ["horror"]
number = 5

[models.small]
kind = "embedded"

[models.large]
kind = "endpoint"
base_url = "http://127.0.0.1:1/v1"

[[systems]]
baseline = ["popularity", "bm25"]

[[systems]]
prompt = ["label.v1", "mine/label_mine.v2.j2"]
model = ["small", "large"]

[[systems]]
mode = "likelihood"
model = "small"
join = 0.1
"""


@pytest.fixture
def write(tmp_path):
    def written(text):
        path = tmp_path / "films.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return written


def test_lists_become_a_system_each(write):
    systems = load_experiment(write(GOOD)).grid
    assert [system.name for system in systems] == [
        "popularity",
        "bm25",
        "label.v1 · small",
        "label.v1 · large",
        "label_mine.v2 · small",
        "label_mine.v2 · large",
        "fused + 0.1 likelihood",
    ]
    assert [system.model for system in systems][2:4] == ["small", "large"]


def test_without_a_model_of_its_own_a_prompt_is_asked_of_all_declared_ones(write):
    text = GOOD.replace('model = ["small", "large"]\n', "")
    assert len(load_experiment(write(text)).grid) == 7


def test_paths_begin_at_the_files_folder(write):
    path = write(GOOD)
    experiment = load_experiment(path)
    assert experiment.path(path.relative_to(path.parent)) == path


@pytest.mark.parametrize(
    ("change", "line", "says"),
    [
        (("number = 5", "number = -5"), 6, "cases.number"),
        (("number = 5", "numbr = 5"), 6, "cases.numbr"),
        (('"bm25"]', '"bm26"]'), 16, "unknown baseline 'bm26'"),
        (('reference = "popularity"', 'reference = "pop"'), 2, "unknown system 'pop'"),
        (
            ('model = "small"\njoin', 'model = "tiny"\njoin'),
            24,
            "no model 'tiny' in [models]; known",
        ),
        (("[models.large]", '[models.large]\napi_key = "sk-1"'), 12, "set OPENAI_API_KEY"),
        (("join = 0.1", "join = 1.5"), 25, "systems.2.join"),
        (('mode = "likelihood"', 'mode = "guess"'), 23, "systems.2.mode"),
        (('mode = "likelihood"', ""), 22, "a system is one of"),
        (('mode = "likelihood"', 'baseline = "bm25"'), 22, "a baseline takes no model"),
        (('name = "films"', 'name = "films"\nprimary = "nDGC@10"'), 2, "nDGC@10"),
        (('name = "films"', 'name = "films"\nmeasures = ["MRR", "luck"]'), 2, "luck"),
        (('prompt = ["label.v1", ', 'name = "x"\nprompt = ["label.v1", '), 18, "two systems"),
    ],
)
def test_what_is_wrong_is_told_with_file_and_line(write, change, line, says):
    path = write(GOOD.replace(*change, 1))
    with pytest.raises(ConfigError) as told:
        load_experiment(path)
    assert f"{str(path)!r}, line {line}:" in str(told.value)
    assert says in str(told.value)
    assert "sk-1" not in str(told.value)


def test_broken_toml_is_told_with_its_line(write):
    path = write(GOOD.replace("number = 5", "number = = 5"))
    with pytest.raises(ConfigError, match=r"films\.toml'.*line 6"):
        load_experiment(path)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"cannot read .*nowhere\.toml'"):
        load_experiment(tmp_path / "nowhere.toml")


def test_an_experiment_needs_a_system(write):
    with pytest.raises(ConfigError, match="systems"):
        load_experiment(write('name = "films"\n'))


def test_lines_of_dotted_keys_lists_and_tables_are_found():
    text = "a = 1\nb.c = 2\n\n[t]\nx = 1\n[[l]]\ny = 1\n[[l]]\ny = 2\n  [l.deep]\n  z = 3\n"
    assert line_of(text, ["b", "c"]) == 2
    assert line_of(text, ["t", "x"]) == 5
    assert line_of(text, ["l", 1, "y"]) == 9
    assert line_of(text, ["l", 1, "gone"]) == 8
    assert line_of(text, ["nowhere"]) == 1


ASKED = """\
name = "films"
reference = "popularity"

[data]
source = "demo"

[cases]
{cases}

[models.small]
kind = "embedded"
{adapter}

[[systems]]
baseline = "popularity"

[[systems]]
mode = "likelihood"
"""


@pytest.mark.parametrize(
    ("cases", "adapter", "is_refused"),
    [
        ("per_scene = true", "", True),
        ('split = "temporal"', "", True),
        ("per_scene = true", 'adapter = "none"', False),
        ("per_scene = true", 'adapter = "own.gguf"', False),
        ("per_scene = false", "", False),  # everybody's last like, which tuning never reads
        ('per_scene = true\npeople = "test"', "", False),
    ],
)
def test_a_model_that_was_tuned_on_what_is_asked_is_refused(
    write, tmp_path, monkeypatch, cases, adapter, is_refused
):
    package = tmp_path / "package.gguf"
    package.write_bytes(b"")
    monkeypatch.setattr("recagent.bootstrap.language_models.shipped_adapter", lambda _: package)
    experiment = load_experiment(write(ASKED.format(cases=cases, adapter=adapter)))
    settings = demo.settings().model_copy(update={"data_dir": tmp_path / "data"})
    if is_refused:
        with pytest.raises(ConfigError, match=r"models\.small\] the adapter was fine-tuned"):
            model_settings(experiment, settings)
    else:
        found = model_settings(experiment, settings)["small"]
        assert found.model.adapter in ("auto", "none", tmp_path / "own.gguf")


def test_an_adapter_of_ones_own_data_has_read_test_people_too(write, tmp_path):
    settings = Settings(data_dir=tmp_path)
    (tmp_path / "adapter.gguf").write_bytes(b"")
    text = ASKED.format(cases='per_scene = true\npeople = "test"', adapter="")
    with pytest.raises(ConfigError, match="adapter was fine-tuned"):
        model_settings(load_experiment(write(text)), settings)
