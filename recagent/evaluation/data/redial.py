"""Real requests for films: turns of dialogues, each answered by films of the bundled catalogue.

One scene holds all films of the demo. What was named in a dialogue stands as liked: crowd workers
rarely say so, and where they do it is in the words.

Source: Li et al., "Towards deep conversational recommendations", NeurIPS 2018 (CC BY 4.0).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from recagent.domain import Case, Scene
from recagent.evaluation.data.declared import read_demo
from recagent.evaluation.data.files import at_line, fingerprint, json_rows, valid_row
from recagent.evaluation.data.sequences import check_known, purchases_in_order
from recagent.offline.data_set import Data

SCENE = "films"
TURNS = Path(__file__).parent / "redial" / "valid.jsonl.gz"
CASE_SET = "turns"

_NOTE = (
    "ReDial (Li et al., NeurIPS 2018, CC BY 4.0), validation split: turns of dialogues between "
    "crowd workers, limited to films of the demo. Targets are the films that one worker proposed "
    "next; many turns say little, some only greet. Films that were named before stand as liked."
)


class _Turn(BaseModel):
    model_config = ConfigDict(frozen=True)

    id: Annotated[str, Field(pattern=r"^[^/]+/[^/]+$")]
    dialogue: Annotated[tuple[str, ...], Field(min_length=1)]
    mentioned: tuple[str, ...] = ()
    targets: Annotated[tuple[str, ...], Field(min_length=1)]


def read_redial(path: Path | None) -> Data:
    """Reads the turns that come with the package, or those of a file of the same form.

    The set of cases is ``turns``: the last utterance is the wish, those before it the dialogue, the
    films that the answer names are judged relevant, in its order. A dialogue is a person. Events
    are the demo's ratings.

    Raises:
        DataError: the file cannot be read, or a line cannot be used.
    """
    demo, file = read_demo(None), path or TURNS
    items = [replace(item, scene=SCENE) for item in demo.items]
    scenes = {item.id: SCENE for item in items}
    cases: list[Case] = []
    for number, row in json_rows(file):
        with at_line(file, number):
            cases.append(_case(valid_row(_Turn, row), scenes))
    return Data(
        name="redial",
        scenes={SCENE: Scene(name=SCENE, labels={"en": "Films", "zh": "电影"})},
        items=items,
        events=[replace(event, scene=SCENE) for event in demo.events],
        users={},
        scale=demo.scale,
        case_sets={CASE_SET: cases},
        fingerprint=fingerprint([file], declarations=demo.fingerprint),
        note=_NOTE,
    )


def _case(turn: _Turn, scenes: Mapping[str, str]) -> Case:
    check_known((*turn.mentioned, *turn.targets), scenes)
    user_id = f"dialogue {turn.id.split('/')[0]}"
    purchases = purchases_in_order(user_id, turn.mentioned, scenes=scenes)
    return Case(
        id=turn.id,
        user_id=user_id,
        scene=SCENE,
        item_ids=(),
        judgments=dict.fromkeys(turn.targets, 1),
        history=tuple(replace(event, kind="like") for event in reversed(purchases)),
        wish=turn.dialogue[-1],
        dialogue=turn.dialogue[:-1],
    )
