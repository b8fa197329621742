"""A small made catalogue with people who like one of two tastes, for evaluations that are quick."""

from __future__ import annotations

import random

PEOPLE = 24
ITEMS = 40


def write_shop(folder):
    """``recagent.toml``, items and events of two scenes; people like odd or even things."""
    rng = random.Random(5)  # noqa: S311
    items = ["item_id,scene,title,topics"]
    events = ["user_id,item_id,timestamp,kind"]
    for at in range(ITEMS):
        for scene in ("books", "films"):
            taste = "trains" if at % 2 else "gardens"
            items.append(f"{scene[0]}{at},{scene},{taste.title()} {scene} {at},{taste}")
    for person in range(PEOPLE):
        mine = [at for at in range(ITEMS) if at % 2 == person % 2]
        day = 1
        for scene in ("books", "films"):
            for at in rng.sample(mine, 6):
                events.append(f"p{person:02},{scene[0]}{at},2026-05-{day:02}T12:00:00,like")
                day += 1
    (folder / "items.csv").write_text("\n".join(items) + "\n")
    (folder / "events.csv").write_text("\n".join(events) + "\n")
    (folder / "recagent.toml").write_text(
        '[catalog]\nitems = [{ path = "items.csv" }]\nevents = [{ path = "events.csv" }]\n'
    )
    return folder


def write_experiment(folder, *, url, systems, name="small", more=""):
    """An experiment on the shop of this folder; ``systems`` is TOML, ``more`` goes before it."""
    path = folder / f"{name}.toml"
    path.write_text(
        f'name = "{name}"\nmeasures = ["nDCG@10", "MRR", "ECE"]\nconversations = 2\n{more}\n'
        '[data]\nsource = "config"\npath = "."\n'
        '[cases]\nsplit = "leave-one-out"\nper_scene = true\npeople = "all"\ncandidates = 8\n'
        'negatives = "uniform"\nmin_history = 3\n'
        f'[models.stub]\nkind = "endpoint"\nbase_url = "{url}"\n'
        f"{systems}"
    )
    return path


PROMPTS = '[[systems]]\nbaseline = ["popularity", "knn"]\n[[systems]]\nprompt = ["label.v1"]\n'
