"""nDCG of the sequence model alone on LLMRank's Games: 20 candidates a person.

    python benchmarks/sequence_games.py --data FOLDER --out FOLDER --people validation
    python benchmarks/sequence_games.py --data FOLDER --out FOLDER --people test

Where there is no model in ``--out`` it is trained, which needs ``recagent[tune]``. The data are for
research only, and so is the model: keep the folder outside the project. Nobody's last two items are
trained on; the second-to-last ones decide when to stop. ``test`` asks the 6,000 published people
for the last item. ``validation`` asks 12,000 others for the second-to-last, among 19 items drawn
alike. The last line is one JSON object.

Its figures stand in docs/research/sequence-model.md and docs/research/head.md.
"""

from __future__ import annotations

import gzip
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import anyio
import numpy as np
import stand_in
from command import command, folder_for

from recagent.evaluation.data.games import read_games
from recagent.infrastructure.embeddings import WordLlamaEmbedder
from recagent.offline.resampling import intervals
from recagent.retrieval.sequence_encoder import SequenceWeights, encode, load_weights, save_weights
from recagent.training.sequence_training import Epoch, SequenceSettings, principal_vectors, train

CUTS = (1, 5, 10, 20)
VALIDATION = 12_000
SETTINGS = SequenceSettings(dimension=128, inner=128, epochs=14)

Question = tuple[str, Sequence[int], int, Sequence[int]]  # person, history, target, others


def main() -> int:
    """Train where there is no model, then ask."""
    parser = command(__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/games"))
    parser.add_argument("--out", type=Path)
    parser.add_argument("--people", choices=("validation", "test"), default="validation")
    asked = parser.parse_args()
    asked.out = folder_for(asked)
    if asked.smoke:
        asked.data = stand_in.games(asked.out / "games")
    if not (asked.data / "items.tsv.gz").is_file():
        print(
            f"no games data in {str(asked.data)!r}; name their folder with --data", file=sys.stderr
        )
        return 2
    data = read_games(asked.data)
    place = {item.id: at for at, item in enumerate(data.items)}
    with gzip.open(asked.data / "sequences_test_inter.tsv.gz", "rt") as file:
        lines = file.read().splitlines()[1:]
    histories = {
        person: [place[item_id] for item_id in said.split()]
        for person, said, _ in (line.split("\t") for line in lines)
    }
    if not (asked.out / "weights.npz").is_file():
        fit(histories, [item.title for item in data.items], list(place), asked.out)
    published: list[Question] = []
    for case in data.case_sets["6k"]:
        (target,) = case.judgments
        drawn = [place[item_id] for item_id in case.item_ids if item_id != target]
        published.append((case.user_id, histories[case.user_id], place[target], drawn))
    questions = published
    if asked.people == "validation":
        questions = others(histories, {person for person, *_ in published}, items=len(place))
    weights, vectors = load_weights(asked.out / "weights.npz"), np.load(asked.out / "vectors.npy")
    ranks = np.asarray([rank(question, weights, vectors) for question in questions])
    gains = np.stack([np.where(ranks < k, 1 / np.log2(ranks + 2), 0.0) for k in CUTS], axis=1)
    found = np.stack(intervals(100 * gains, people=[person for person, *_ in questions]), axis=1)
    for k, (mean, low, high) in zip(CUTS, found, strict=True):
        print(f"nDCG@{k:<3} {mean:.1f} [{low:.1f}, {high:.1f}]")
    print(json.dumps({"people": asked.people, "cases": len(ranks), "ndcg10": found[2].tolist()}))
    return 0


def fit(histories: dict[str, list[int]], titles: list[str], ids: list[str], out: Path) -> None:
    """Trains, and keeps weights, item vectors, and the item id of each vector."""
    words = anyio.run(WordLlamaEmbedder().embed, titles)
    model = train(
        list(histories.values()),
        items=len(titles),
        settings=SETTINGS,
        seed=1,
        progress=told,
        start=principal_vectors(words, dimension=SETTINGS.dimension),
    )
    out.mkdir(parents=True, exist_ok=True)
    np.save(out / "vectors.npy", model.vectors)
    (out / "items.txt").write_text("\n".join(ids) + "\n")
    save_weights(model.weights, out / "weights.npz")


def told(epoch: Epoch) -> None:
    """Print how training goes."""
    print(f"epoch {epoch.number}: loss {epoch.loss:.3f}, held out {epoch.held_out:.4f}", flush=True)


def others(histories: dict[str, list[int]], published: set[str], *, items: int) -> list[Question]:
    """People who are not among the published ones, asked for the newest item of their history."""
    draws = np.random.default_rng(11)
    free = [person for person in histories if person not in published]
    asked: list[Question] = []
    for at in draws.permutation(len(free))[:VALIDATION].tolist():
        *history, target = histories[free[at]]
        drawn = draws.permutation(items)[:20].tolist()
        asked.append((free[at], history, target, [item for item in drawn if item != target][:19]))
    return asked


def rank(question: Question, weights: SequenceWeights, vectors: np.ndarray) -> float:
    """Rank of the target from 0; of equal scores the middle."""
    _, history, target, drawn = question
    person = encode(vectors[history], weights)
    right, wrong = vectors[target] @ person, vectors[drawn] @ person
    return float((wrong > right).sum() + (wrong == right).sum() / 2)


if __name__ == "__main__":
    sys.exit(main())
