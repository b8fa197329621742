"""Makes the adapter that is part of the package: the embedded model, tuned on the bundled ratings.

    pip install -e '.[tune]'
    recagent models pull
    python benchmarks/tune_films.py --out recagent/tuned

Learned from the half of the people that is never reported (``recagent.offline.splits``), of each
all but the last two choices, as ``recagent tune`` does it; four fifths are read, the others decide
which epoch is kept. Half an hour to an hour on one core. The last line is one JSON object.

Its figures stand in docs/research/tuning.md.
"""

from __future__ import annotations

import json
import tempfile
import time
from dataclasses import asdict, replace
from pathlib import Path

from command import command, folder_for

from recagent import bootstrap
from recagent.evaluation.data import load_data
from recagent.offline.splits import is_among, split
from recagent.training.adapters.gguf import write_gguf
from recagent.training.adapters.lora import LoraSettings
from recagent.training.adapters.model_card import model_card
from recagent.training.adapters.routes import Route
from recagent.training.adapters.tune import CANDIDATES, tune

EPOCHS = 4


def main() -> None:
    """Train, and write the file and its card."""
    parser = command(__doc__)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--threads", type=int, default=0)
    options = parser.parse_args()
    options.out = folder_for(options)
    weights = bootstrap.find_weights()
    if weights is None:
        raise SystemExit("there are no weights; run 'recagent models pull'")
    data = load_data("demo")
    training = split(data, people="test").training
    own = [event for event in training if is_among(event.user_id, "validation")]
    if options.smoke:
        few = set(list(dict.fromkeys(event.user_id for event in own))[:120])
        own, options.epochs = [event for event in own if event.user_id in few], 1
    options.out.mkdir(parents=True, exist_ok=True)
    began = shown = time.monotonic()

    def say(stage: str, done: int, total: int | None) -> None:
        nonlocal shown
        if done == total or time.monotonic() - shown > 30:
            shown = time.monotonic()
            print(f"{shown - began:6.0f} s  {stage}: {done} of {total}", flush=True)

    with tempfile.TemporaryDirectory() as scratch:
        tuned, learner = tune(
            replace(data, events=own),
            base=weights,
            settings=LoraSettings(epochs=options.epochs, threads=options.threads),
            route=Route(),
            lang="en",
            to=Path(scratch),
            on_progress=say,
        )
        file = options.out / "films.gguf"
        write_gguf(Path(scratch), heads=learner.heads, key_heads=learner.key_heads, to=file)
    page = model_card(
        tuned,
        base=f"{weights.stem} (Apache-2.0)",
        data="MovieTweetings (MIT), the half of the bundled demo's people that is never reported",
        candidates=CANDIDATES,
    )
    made = (
        "\n`films.gguf` is made by `benchmarks/tune_films.py`. It is under the project's licence "
        "(Apache-2.0); the ratings are under MIT (`recagent/demo/LICENSE-MovieTweetings`).\n"
    )
    (options.out / "README.md").write_text(page + made, encoding="utf-8")
    print(json.dumps(asdict(tuned)))


if __name__ == "__main__":
    main()
