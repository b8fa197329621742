"""The model card of an adapter: a page beside its files."""

from __future__ import annotations

from dataclasses import asdict, fields

from recagent.training.adapters.tune import TuneFigures

_PAGE = """\
# A LoRA adapter that ranks by likelihood

Trained as `recagent tune` does it on {base}, to continue a list of what one person liked, in \
order of time.

| | |
|---|---|
| data | {data}: {likes:,} likes of {people:,} people; nobody's last choice |
| wording | prompt `{prompt}`, captions alone are learned |
| adapter | rank {rank}, all linear layers, half precision |
| training | {epochs} epochs, batches of {batch} texts of up to {window} likes, {left_out:.0%} of \
them left out at random, Adam from {rate:g} to zero, seed {seed} |

## What it is worth

{asked} choices of people whose likes were not read, each among {candidates} candidates drawn in
proportion to popularity. They also chose the epoch. nDCG@10, 95% intervals over people.

| ranking | nDCG@10 |
|---|---|
| popularity | {popularity:.3f} |
| untuned model | {before:.3f} |
| tuned, after each epoch | {after} |

The best epoch over the untuned model {gain}, over popularity {over}.

It ranks; it is not for chats. Whether a scene's slates use it is what `recagent fit` decides.
"""


def model_card(tuned: TuneFigures, *, base: str, data: str, candidates: int) -> str:
    """Returns the page in Markdown.

    Args:
        tuned: the figures of the training.
        base: name of the model.
        data: name of the training data.
        candidates: of each choice.
    """
    figures = {field.name: getattr(tuned, field.name) for field in fields(tuned)}
    values = {
        **asdict(tuned.settings),
        **figures,
        "base": base,
        "data": data,
        "candidates": candidates,
        "after": ", ".join(f"{value:.3f}" for value in tuned.after),
        "gain": _interval(tuned.gain),
        "over": _interval(tuned.over_popularity),
    }
    return _PAGE.format(**values)


def _interval(values: tuple[float, float, float]) -> str:
    mean, low, high = values
    return f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]"
