"""The report: one file that needs no network, says what the run found, and trusts no text."""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from made_run import KINDS, SKILL, made_run

from recagent.errors import ConfigError
from recagent.evaluation.report import write_report
from recagent.evaluation.report.case_browser import browsable_cases
from recagent.evaluation.report.charts import quality
from recagent.evaluation.report.headline import headline
from recagent.evaluation.report.label_positions import Point, label_positions
from recagent.evaluation.report.numbers import chance, plain, share, signed
from recagent.evaluation.report.page import SPOKEN, WORDS
from recagent.evaluation.report.result_matrix import (
    corrected_comparisons,
    result_matrix,
    system_letters,
    worst_scenes,
)
from recagent.llm.usage import Exchange
from recagent.offline.data_set import ALL
from recagent.offline.results import ModelDialogue, Result

EN = WORDS["en"]
HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(2)> \"quoted\" & 'single' <!-- {{ 7*7 }}"
)
CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None
)


@pytest.fixture(scope="module")
def run():
    return made_run()


@pytest.fixture(scope="module")
def written(run, tmp_path_factory):
    path = tmp_path_factory.mktemp("report") / "report.html"
    write_report([run], path)
    return path


class Tags(HTMLParser):
    """Elements with their attributes, and the texts of scripts, as a browser would see them."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.scripts, self._in_script = [], [], False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._in_script = tag == "script"
        if self._in_script:
            self.scripts.append("")

    def handle_data(self, data):
        if self._in_script:
            self.scripts[-1] += data

    def handle_endtag(self, tag):  # noqa: ARG002
        self._in_script = False


def data_of(text, run=1):
    [found] = re.findall(rf'<script type="application/json" id="data-{run}">(.*?)</script>', text)
    return json.loads(found)


# What was found, in words.


def test_the_headline_says_who_beats_the_reference_and_what_could_be_seen(run):
    head, more = headline(run.summary, EN)
    assert head.startswith("likelihood.v1 beats popularity in 2 of 3 scenes: +0.")
    assert "95% interval" in head
    assert re.match(
        r"With 120 cases, differences of 0\.\d{3} or more can be seen; with the 40 of", more[0]
    )
    assert more[-1] == "Significantly worse than popularity: random."


def test_without_a_significant_win_the_headline_says_so(run):
    unsure = tuple(replace(pair, p_holm=0.4) for pair in run.summary.comparisons)
    head, more = headline(replace(run.summary, comparisons=unsure), EN)
    assert head.startswith(
        "Corrected for 60 comparisons, no system is shown to beat popularity: the best, likelihood"
    )
    assert "Not told apart from likelihood.v1: " in more[1]


def test_a_win_over_all_that_no_scene_shows_is_said_as_that(run):
    only_all = tuple(
        pair if pair.scene == ALL else replace(pair, p_holm=0.4) for pair in run.summary.comparisons
    )
    head, _ = headline(replace(run.summary, comparisons=only_all), EN)
    assert "beats popularity over all scenes, though in no single scene" in head


def test_a_sure_win_is_told_before_a_larger_unsure_one(run):
    pairs = tuple(
        replace(
            pair, delta=0.05, p_holm=0.01 if (pair.base, pair.new) == ("popularity", "knn") else 1
        )
        for pair in run.summary.comparisons
    )
    head, _ = headline(replace(run.summary, comparisons=pairs), EN)
    assert head.startswith("knn beats popularity in 3 of 3 scenes: +0.050")
    one = tuple(pair if pair.scene == "horror" else replace(pair, p_holm=1) for pair in pairs)
    head, _ = headline(replace(run.summary, comparisons=one), EN)
    assert head.startswith("knn beats popularity in 1 of 3 scenes: +0.050")


def test_comparisons_of_a_single_scene_are_counted_once():
    run = made_run(scenes=("horror",), cases=8)
    assert len(run.summary.comparisons) == 30
    assert len(corrected_comparisons(run.summary)) == 15


def with_main(run, new, base, **changed):
    """The run with a declared main comparison, over all scenes, that is not corrected."""
    pairs = tuple(
        replace(pair, is_main=True, p_holm=pair.p, **changed)
        if (pair.scene, pair.new, pair.base) == (ALL, new, base) else pair
        for pair in run.summary.comparisons
    )  # fmt: skip
    return replace(run, summary=replace(run.summary, comparisons=pairs))


@pytest.mark.parametrize(
    ("p", "delta", "en", "zh"),
    [(0.03, 0.05, "knn beats popularity", "knn 优于 popularity"),
     (0.03, -0.05, "knn is worse than popularity", "knn 差于 popularity"),
     (0.2, 0.05, "knn and popularity are not told apart", "knn 与 popularity 无法区分")],
)  # fmt: skip
def test_the_declared_main_comparison_is_the_headline_and_is_not_corrected(run, p, delta, en, zh):
    named = with_main(run, "knn", "popularity", p=p, delta=delta).summary
    named = replace(named, comparisons=tuple(
        replace(pair, p_holm=p) if pair.is_main else pair for pair in named.comparisons
    ))  # fmt: skip
    head, more = headline(named, EN)
    assert head.startswith(f"Main comparison: {en}: ")
    assert f"p {chance(p)}, not corrected)" in head
    assert "corrected for the 59 other comparisons" in more[0]
    head, more = headline(named, WORDS["zh"])
    assert head.startswith(f"主要比较：{zh}：")
    assert "未校正" in head
    assert "经其余 59 次比较的校正" in more[0]


def test_the_page_marks_the_main_comparison_and_counts_the_others_alone(run, tmp_path):
    path = tmp_path / "report.html"
    write_report([with_main(run, "knn", "popularity")], path)
    text = path.read_text(encoding="utf-8")
    (row,) = re.findall(r'<tr class="[^"]*\bmain"><th.*?</tr>', text)
    assert EN["main"] in row
    assert f"<td>{EN['uncorrected']}</td>" in row
    assert row == re.search(r'class="plain comparisons">.*?<tbody>\s*(<tr.*?</tr>)', text, re.S)[1]
    assert "Holm over all 59 comparisons" in text
    assert "knn − popularity over all scenes, is tested at the full level" in text
    assert EN["read main"] in text


def test_a_run_without_a_main_comparison_says_nothing_of_one(written):
    text = written.read_text(encoding="utf-8")
    assert EN["uncorrected"] not in text
    assert EN["read main"] not in text
    assert "Holm over all 60 comparisons" in text


def test_with_one_scene_the_main_comparison_leaves_the_corrected_ones():
    run = made_run(scenes=("horror",), cases=8)
    pairs = tuple(replace(pair, is_main={pair.new, pair.base} == {"knn", "popularity"})
                  for pair in run.summary.comparisons)  # fmt: skip
    found = replace(run.summary, comparisons=pairs)
    assert len(corrected_comparisons(found)) == 14
    head, more = headline(found, EN)
    assert head.startswith("Main comparison: ")
    assert not any("scenes" in said for said in more)


def test_a_single_system_is_told_by_its_mean():
    run = made_run(systems=("popularity",), cases=5)
    head, more = headline(run.summary, EN)
    assert re.match(r"popularity reaches 0\.\d{3} in nDCG@10 .* over 15 cases\.$", head)
    assert more == ()


def test_where_lower_is_better_the_smaller_one_wins(run):
    pairs = tuple(
        replace(pair, measure="log_loss", delta=-pair.delta, low=-pair.high, high=-pair.low)
        for pair in run.summary.comparisons
    )
    summary = replace(run.summary, primary="log_loss", comparisons=pairs)
    assert headline(summary, EN)[0].startswith("likelihood.v1 beats popularity in 2 of 3 scenes: −")
    assert result_matrix(summary, "log_loss").rows[5].entries[0].beats == "abcde"


# The matrix.


def test_the_matrix_has_scenes_slices_letters_and_one_best_a_column(run):
    shown = result_matrix(run.summary, "nDCG@10")
    assert shown.columns == (ALL, *run.summary.scenes, "(known here)", "(new here)")
    assert [row.letter for row in shown.rows] == list("abcdef")
    assert shown.rows[5].entries[0].beats == "abcde"
    assert shown.rows[0].entries[0].beats == ""
    for column in range(len(shown.columns)):
        assert sum(row.entries[column].best for row in shown.rows) == 1


def test_a_single_scene_is_not_shown_twice():
    run = made_run(scenes=("horror",), cases=8)
    assert result_matrix(run.summary, "nDCG@10").columns == ("horror", "(known here)", "(new here)")


def test_letters_do_not_run_out():
    names = system_letters([f"system {at}" for at in range(120)])
    assert len(set(names.values())) == 120
    assert [names["system 0"], names["system 26"], names["system 52"]] == ["a", "A", "a1"]


def test_numbers_are_written_alike():
    assert (plain(0.41234), plain(-0.5, 1), plain(None), plain(float("nan"))) == (
        "0.412", "−0.5", "", "",
    )  # fmt: skip
    assert (signed(0.04), signed(-0.04), signed(-0.0001)) == ("+0.040", "−0.040", "0.000")
    assert (chance(0.0001), chance(0.0123), chance(1.0)) == ("<.001", ".012", "1")
    assert (share(0.62), share(-0.1), share(None)) == ("62%", "−10%", "")


def test_a_plot_rounds_its_coordinates_and_none_of_its_numbers():
    points = [
        Point(
            name="v1.2345", cost=cost, mean=0.41, low=0.4, high=0.5, is_model=True, says="0.41234"
        )
        for cost in (0.0011, 0.0099)
    ]
    drawn = quality(points, measure="nDCG@10", cost="seconds", none="none")
    assert "<title>0.41234</title>" in drawn
    assert ">v1.2345</text>" in drawn
    assert ">0.002</text>" in drawn
    assert not re.search(r' d="[^"]*\.\d{3}', drawn)


def test_names_of_near_points_do_not_lie_on_each_other():
    places = label_positions(
        [(10, 100, "popularity"), (11, 101, "knn"), (12, 99, "bm25")], width=400
    )
    heights = sorted(place["ly"] for place in places)
    assert all(upper - lower >= 12 for lower, upper in pairwise(heights))
    [far] = label_positions([(390, 50, "a long name of a system")], width=400)
    assert far["align"] == "right"


# The cases to be read.


def test_every_kept_case_has_its_candidates_answers_and_prompts(run):
    shown = browsable_cases(run)
    assert len(shown["cases"]) == 30
    for told in shown["cases"]:
        case = run.cases[told["id"]]
        titles = [shown["lines"][at] for at in told["items"]]
        assert titles == [run.titles[key] for key in case.item_ids]
        [target] = told["relevant"]
        assert case.item_ids[target] in case.judgments
        for said in told["answers"].values():
            if "error" not in said:
                assert sorted(said["order"]) == list(range(20))
                assert said["order"][said["rank"] - 1] == target
        assert set(told["talks"]) == {3, 4, 5}


def test_prompts_and_replies_are_kept_to_the_letter(run):
    shown = browsable_cases(run)
    told = shown["cases"][0]
    [exchange] = told["talks"][3]
    wanted = next(talk for talk in run.conversations
                  if (talk.system, talk.case) == ("label.v1", told["id"]))  # fmt: skip
    turns = tuple((role, "\n".join(shown["lines"][at] for at in lines))
                  for role, lines in exchange["turns"])  # fmt: skip
    assert turns == wanted.exchanges[0].prompt


def test_a_run_of_baselines_shows_the_first_cases_of_every_scene():
    run = replace(made_run(cases=15), conversations=())
    assert [told["scene"] for told in browsable_cases(run)["cases"]].count("horror") == 10


def test_where_the_whole_scene_is_ranked_what_was_named_and_what_was_missed_are_shown():
    run = made_run(cases=2)
    case = next(iter(run.cases.values()))
    open_case = replace(case, item_ids=(), judgments={"horror-69": 1})
    scores = {f"horror-{at}": 1.0 - at for at in range(60)}
    result = Result(system="knn", case=case.id, scores=scores)
    run = replace(run, cases={case.id: open_case}, results=[result], conversations=())
    [told] = browsable_cases(run)["cases"]
    said = told["answers"][2]
    assert (len(told["items"]), told["listed"], len(said["order"])) == (21, 0, 20)
    assert (said["rank"], said["more"], told["relevant"]) == (0, 40, [20])


# The page.


def test_the_page_needs_no_network(written):
    text = written.read_text(encoding="utf-8")
    page = Tags(text)
    for tag, attributes in page.tags:
        assert tag not in {"link", "img", "iframe", "object", "base"}
        assert not {"src", "srcset", "action"} & attributes.keys()
        assert attributes.get("href", "#").startswith("#")
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_the_page_shows_every_part(run, written):
    text = written.read_text(encoding="utf-8")
    parts = ["matrix", "quality", "deltas", "calibration", "order", "memory", "tables",
             "people-browser", "how", "read"]  # fmt: skip
    assert [part for part in parts if f'id="{part}-1"' not in text] == []
    assert text.count("<svg role=") == 1 + 4 + len(SKILL) + 3 + 1
    assert f"{run.summary.failed} questions failed" in text
    assert "#01fe" not in text
    assert "var(--model)" in text


def test_texts_of_the_data_are_never_read_as_html(tmp_path):
    run = made_run(
        systems=tuple(SKILL), cases=4, titles={f"horror-{at}": HOSTILE for at in range(70)}
    )
    case = next(case for case in run.cases.values() if case.scene == "horror")
    exchange = Exchange(prompt=(("user", f"</script>{HOSTILE}"),), reply=f"</ScRiPt >{HOSTILE}")
    talk = ModelDialogue(system="label.v1", case=case.id, exchanges=(exchange,))
    manifest = replace(run.manifest, name=HOSTILE, arguments=[HOSTILE],
                       data={"name": HOSTILE, "note": HOSTILE})  # fmt: skip
    run = replace(run, conversations=[talk], manifest=manifest)
    path = tmp_path / "report.html"
    write_report([run], path)
    text = path.read_text(encoding="utf-8")
    page = Tags(text)
    assert not any(tag == "img" or "onerror" in attributes for tag, attributes in page.tags)
    assert len(page.scripts) == 3
    assert not any("alert(1)" in script for script in page.scripts[1:])
    assert "<" not in page.scripts[0]
    assert data_of(text)["lines"].count(HOSTILE) == 1
    assert "7*7" in text
    assert "{{ 49" not in text


def test_names_of_systems_and_scenes_are_escaped_in_plots_too(tmp_path):
    run = made_run(cases=4)
    summary = run.summary
    named = replace(
        summary, systems=tuple(name.replace("knn", "<b>knn") for name in summary.systems)
    )
    cells = tuple(
        replace(each, system=each.system.replace("knn", "<b>knn")) for each in summary.cells
    )
    pairs = tuple(
        replace(
            each, base=each.base.replace("knn", "<b>knn"), new=each.new.replace("knn", "<b>knn")
        )
        for each in summary.comparisons
    )
    costs = tuple(
        replace(each, system=each.system.replace("knn", "<b>knn")) for each in summary.costs
    )
    run = replace(run, summary=replace(named, cells=cells, comparisons=pairs, costs=costs))
    path = tmp_path / "report.html"
    write_report([run], path)
    text = path.read_text(encoding="utf-8")
    assert "&lt;b&gt;knn" in text
    assert not any(tag == "b" for tag, _ in Tags(text).tags)


def test_several_runs_stand_on_one_page(run, tmp_path):
    other = made_run(scenes=("horror",), cases=6, seed=2)
    path = tmp_path / "report.html"
    write_report([run, replace(other, manifest=replace(other.manifest, name="second"))], path)
    text = path.read_text(encoding="utf-8")
    assert 'href="#run-2">second</a>' in text
    assert len(data_of(text, 2)["cases"]) == 6
    ids = [attributes["id"] for _, attributes in Tags(text).tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_a_run_of_one_baseline_has_a_page_too(tmp_path):
    run = made_run(systems=("popularity",), scenes=("horror",), cases=4)
    bare = replace(run.summary, reliability=(), generalisation=(), comparisons=(), costs=())
    path = tmp_path / "report.html"
    write_report([replace(run, summary=bare, conversations=(), titles={})], path)
    text = path.read_text(encoding="utf-8")
    assert 'id="matrix-1"' in text
    assert 'id="quality-1"' not in text
    assert "horror-" in text


def test_the_page_speaks_chinese(run, tmp_path):
    path = tmp_path / "report.html"
    write_report([run], path, lang="zh")
    text = path.read_text(encoding="utf-8")
    assert '<html lang="zh-CN">' in text
    assert "likelihood.v1 在 3 个场景中的 2 个优于 popularity" in text


def test_both_languages_say_the_same_things_with_the_same_gaps():
    for words in (WORDS, SPOKEN):
        assert words["en"].keys() == words["zh"].keys()
        for key, said in words["en"].items():
            gaps = sorted(re.findall(r"{\w+}", said))
            assert sorted(re.findall(r"{\w+}", words["zh"][key])) == gaps, key


def test_a_file_that_cannot_be_written_is_named(run, tmp_path):
    with pytest.raises(ConfigError, match=r"cannot write report .*missing"):
        write_report([run], tmp_path / "missing" / "report.html")


@pytest.mark.slow
def test_a_large_run_stays_a_small_file(tmp_path):
    more = {f"label.v{at}": "label" for at in range(2, 6)}
    KINDS.update(more)
    SKILL.update(dict.fromkeys(more, 0.8))
    try:
        run = made_run(systems=tuple(SKILL), cases=150, told=20)
    finally:
        for name in more:
            del KINDS[name], SKILL[name]
    path = tmp_path / "report.html"
    write_report([run], path)
    assert len(run.summary.systems) == 10
    assert len(data_of(path.read_text(encoding="utf-8"))["cases"]) == 60
    assert path.stat().st_size < 1_500_000


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="NO CHROMIUM: the report's script was not tried")
def test_a_browser_opens_the_page_without_an_error(tmp_path):
    run = made_run(cases=4, titles={f"horror-{at}": HOSTILE for at in range(70)})
    path = tmp_path / "report.html"
    write_report([run], path)
    at = next(
        at for at, told in enumerate(browsable_cases(run)["cases"]) if told["scene"] == "horror"
    )
    command = [
        CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
        f"--user-data-dir={tmp_path / 'profile'}", "--disable-background-networking",
        "--disable-component-update", "--disable-sync", "--enable-logging=stderr",
        "--dump-dom", f"{path.as_uri()}?theme=dark#case-1-{at}",
    ]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "CONSOLE" not in done.stderr
    page = Tags(done.stdout)
    assert ("html", {"lang": "en", "data-theme": "dark", "class": "scripted"}) in page.tags
    assert not any(tag == "img" for tag, _ in page.tags)
    assert sum(attributes.get("class") == "slate" for _, attributes in page.tags) == 2
    buttons = [attributes for tag, attributes in page.tags if tag == "button"]
    assert [each["data-at"] for each in buttons if "aria-current" in each] == [str(at)]
    assert sum("data-at" in each for each in buttons) == 12


def test_the_worst_scene_of_each_system_is_its_smallest_mean(run, written):
    summary = run.summary
    found = {cell.system: cell for cell in worst_scenes(summary)}
    assert found.keys() == set(summary.systems)
    for cell in summary.cells:
        if cell.measure == summary.primary and cell.scene in summary.scenes:
            assert found[cell.system].mean <= cell.mean
    assert EN["worst"] in written.read_text(encoding="utf-8")
    assert worst_scenes(replace(summary, scenes=summary.scenes[:1])) == []
