"""Exports: what other programs read is what the run says."""

import csv
import shutil
import subprocess
from dataclasses import replace

import ir_measures
import pytest
from made_run import made_run

from recagent.errors import ConfigError
from recagent.evaluation.export import export
from recagent.offline.data_set import ALL
from recagent.offline.results import Result


@pytest.fixture(scope="module")
def run():
    return made_run(cases=12)


def rows(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_csv_holds_every_cell_comparison_and_value(run, tmp_path):
    cells, comparisons, values = export(run, form="csv", to=tmp_path / "new" / "folder")
    assert [path.name for path in (cells, comparisons, values)] == [
        "cells.csv", "comparisons.csv", "values.csv",
    ]  # fmt: skip
    first, read = run.summary.cells[0], rows(cells)
    assert len(read) == len(run.summary.cells)
    assert read[0] == {
        "system": first.system, "scene": "(all)", "measure": first.measure,
        "cases": str(first.cases), "mean": str(first.mean), "low": str(first.low),
        "high": str(first.high),
    }  # fmt: skip
    assert [float(row["p_holm"]) for row in rows(comparisons)] == [
        pair.p_holm for pair in run.summary.comparisons
    ]
    assert len(rows(values)) == sum(len(each.values) for each in run.values)


def test_names_with_commas_quotes_and_line_ends_survive_csv(tmp_path):
    run = made_run(cases=2)
    odd = 'a "quoted", name\nof two lines'
    cells = (replace(run.summary.cells[0], system=odd), *run.summary.cells[1:])
    run = replace(run, summary=replace(run.summary, cells=cells))
    assert rows(export(run, form="csv", to=tmp_path)[0])[0]["system"] == odd


@pytest.mark.parametrize("system", ["popularity", "likelihood.v1"])
def test_trec_files_give_the_nDCG_of_the_summary(run, tmp_path, system):  # noqa: N802
    export(run, form="trec", to=tmp_path)
    judged = list(ir_measures.read_trec_qrels(str(tmp_path / "qrels.txt")))
    ranked = list(ir_measures.read_trec_run(str(tmp_path / f"{system}.run")))
    measure = ir_measures.parse_measure("nDCG@10")
    mean = ir_measures.calc_aggregate([measure], judged, ranked)[measure]
    [cell] = [cell for cell in run.summary.cells
              if (cell.system, cell.scene, cell.measure) == (system, ALL, "nDCG@10")]  # fmt: skip
    assert mean == pytest.approx(cell.mean)


def test_trec_lines_have_six_fields_whatever_the_names_are(tmp_path):
    run = made_run(cases=2)
    case = next(iter(run.cases.values()))
    odd = replace(case, id="a case\tof 100%", item_ids=("x y", "z"), judgments={"x y": 1})
    systems = ("fused + 0.1 label · m", "fused + 0.1 label / m", "..")
    run = replace(
        run,
        cases={odd.id: odd},
        summary=replace(run.summary, systems=systems),
        results=[Result(system=name, case=odd.id, scores={"z": 1.0}) for name in systems],
    )
    qrels, first, second, third = export(run, form="trec", to=tmp_path)
    assert qrels.read_text() == "a%20case%09of%20100%25 0 x%20y 1\n"
    assert first.read_text("utf-8").splitlines() == [
        "a%20case%09of%20100%25 Q0 z 1 2 fused%20+%200.1%20label%20·%20m",
        "a%20case%09of%20100%25 Q0 x%20y 2 1 fused%20+%200.1%20label%20·%20m",
    ]
    assert [path.name for path in (first, second, third)] == [
        "fused_+_0.1_label_m.run", "fused_+_0.1_label_m-2.run", "system.run",
    ]  # fmt: skip


def test_failed_cases_have_no_line_in_a_trec_run(tmp_path):
    run = made_run(cases=2)
    failed = replace(run.results[0], scores={}, error="the server is down")
    run = replace(run, results=[failed, *run.results[1:]])
    export(run, form="trec", to=tmp_path)
    assert f"{failed.case} " not in (tmp_path / f"{failed.system}.run").read_text()


def test_the_latex_table_has_a_row_for_each_system(run, tmp_path):
    [path] = export(run, form="latex", to=tmp_path)
    text = path.read_text(encoding="utf-8")
    body = text.partition(r"\midrule")[2].partition(r"\bottomrule")[0].strip().splitlines()
    assert len(body) == len(run.summary.systems)
    assert body[4].startswith(r"e label\_recency.v1 & ")
    assert r"\textbf{" in body[5]
    assert r"\textsuperscript{a" in body[5]
    assert text.count("&") == 6 * (len(body) + 1)


def test_names_mean_nothing_to_latex(tmp_path):
    run = made_run(cases=2)
    odd = r"100% \input{x} & $y_1$ #~^"
    run = replace(run, summary=replace(run.summary, systems=(odd,), comparisons=()))
    [path] = export(run, form="latex", to=tmp_path)
    escaped = (
        r"a 100\% \textbackslash{}input\{x\} \& \$y\_1\$ \#\textasciitilde{}\textasciicircum{} & --"
    )
    assert escaped in path.read_text(encoding="utf-8")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="pdflatex is not installed")
def test_latex_takes_the_table(run, tmp_path):
    export(run, form="latex", to=tmp_path)
    frame = (
        r"\documentclass{article}\usepackage{booktabs}\begin{document}\input{matrix}\end{document}"
    )
    (tmp_path / "paper.tex").write_text(frame)
    command = ["pdflatex", "-interaction=batchmode", "-halt-on-error", "paper.tex"]
    assert subprocess.run(command, cwd=tmp_path, check=False, timeout=60).returncode == 0


def test_a_folder_that_cannot_be_written_to_is_named(run, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"cannot write exports to .*file"):
        export(run, form="csv", to=tmp_path / "file")
