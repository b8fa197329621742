# /// script
# requires-python = ">=3.11,<3.13"
# dependencies = ["rectools[torch]>=0.19,<0.20", "scipy>=1.13"]
# ///
"""SASRec of RecTools (Apache-2.0), on the CPU: ``rectools_models.py FOLDER``.

The paper's width and one head, the newest 50 likes, a bounded number of passes, and the loss gBCE
with 256 negatives, which is far cheaper here than softmax over all items. What the person
likes at the time of the case is read; nothing else is known of them.

Source: Kang and McAuley, "Self-attentive sequential recommendation", ICDM 2018, arXiv 1808.09781;
gBCE: Petrov and Macdonald, "gSASRec", RecSys 2023, arXiv 2308.07192.
"""

from __future__ import annotations

import json
import logging
import sys
import time
import warnings
from importlib.metadata import version
from pathlib import Path

import pandas as pd
from files import BEST, Problem, read_problem, write_about

EPOCHS = 60
STEPS = 3000  # of training at most, whatever the size of the data
BATCH, LENGTH, FACTORS, NEGATIVES = 128, 50, 64, 256
THREADS = 1


def frame(pairs: list[tuple[str, str]]) -> pd.DataFrame:
    """Returns likes as the library has interactions; their order is their time."""
    table = pd.DataFrame(pairs, columns=["user_id", "item_id"])
    table["weight"] = 1.0
    table["datetime"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(table.index, unit="s")
    return table


def answers(problem: Problem, folder: Path) -> None:
    """Trains, and ranks for all cases at once."""
    import torch  # noqa: PLC0415 - seconds, which a check need not take
    from rectools.dataset import Dataset  # noqa: PLC0415
    from rectools.models import SASRecModel  # noqa: PLC0415

    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    began = time.perf_counter()
    passes = max(1, min(EPOCHS, STEPS * BATCH // max(1, len(problem.people()))))
    model = SASRecModel(
        epochs=passes, n_factors=FACTORS, n_heads=1, session_max_len=LENGTH, batch_size=BATCH,
        loss="gBCE", n_negatives=NEGATIVES, deterministic=True, verbose=0,
        recommend_torch_device="cpu",
    )  # fmt: skip
    model.fit(Dataset.construct(frame(list(problem.likes))))
    trained = time.perf_counter() - began
    known = {item for _, item in problem.likes}
    asked = [case for case in problem.cases if any(item in known for item in case.liked)]
    began = time.perf_counter()
    pairs = [(case.name, item) for case in asked for item in case.liked if item in known]
    ranked: dict[str, dict[str, float]] = {}
    if asked:
        most = BEST if all(case.is_whole for case in asked) else len(known)
        found = model.recommend(
            users=[case.name for case in asked], dataset=Dataset.construct(frame(pairs)), k=most,
            filter_viewed=all(case.is_whole for case in asked),
        )  # fmt: skip
        for user, group in found.groupby("user_id"):
            ranked[str(user)] = dict(zip(group["item_id"], group["score"], strict=True))
    seconds = (time.perf_counter() - began) / max(1, len(asked))
    with (folder / "answers.jsonl").open("w", encoding="utf-8") as file:
        for case in problem.cases:
            allowed = set(case.candidates)
            scores = ranked.get(case.name, {})
            kept = {item: float(value) for item, value in scores.items() if item in allowed}
            row = {"case": case.name, "scores": kept, "seconds": seconds}
            file.write(json.dumps(row) + "\n")
    write_about(folder, f"rectools {version('rectools')}", trained)


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    logging.disable(logging.WARNING)
    if "--check" not in sys.argv:
        home = Path(sys.argv[-1])
        answers(read_problem(home), home)
