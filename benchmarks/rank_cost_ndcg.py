"""Keeps of a run what ``rank_cost.py`` needs: nDCG@10 of every case, and where it comes from.

    uv run python benchmarks/rank_cost_ndcg.py RUN

RUN is a folder that ``recagent eval run eval/experiments/rank_cost.toml --out RUN`` wrote.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from recagent.evaluation.run_folder import load_run

KEPT = Path(__file__).parent / "data" / "rank_cost_ndcg.json"
SYSTEMS = ("label.v1", "listwise.v1")


def main(folder: str) -> None:
    """Read the run and write the file: cases that both systems answered."""
    run = load_run(Path(folder))
    found = {
        system: {each.case: each.values["nDCG@10"] for each in run.values if each.system == system}
        for system in SYSTEMS
    }
    cases = [case for case in run.cases if all(case in values for values in found.values())]
    kept = {
        "command": "RECAGENT_RANK__DEADLINE=300 recagent eval run eval/experiments/rank_cost.toml",
        "model": "SmolLM2-135M-Instruct (dequantised from Q4_1, float32) on vLLM",
        "date": (run.manifest.finished or "")[:10],
        "left_out": len(run.cases) - len(cases),
        "repairs": {
            system: sum(result.repairs for result in run.results if result.system == system)
            for system in SYSTEMS
        },
        "cases": cases,
        **{
            system: [round(values[case] or 0.0, 6) for case in cases]
            for system, values in found.items()
        },
    }
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps(kept) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
