"""Cross-entropy of what people took next among all items, with its slopes, in torch.

People and items are unit vectors; torch comes in as an argument.
"""

from __future__ import annotations

from typing import Any


def catalogue_loss(
    torch: Any, people: Any, *, items: Any, targets: Any, negatives: int
) -> tuple[float, Any, Any]:
    """Returns mean cross-entropy in nats, its slopes by people (p, d), and by items (n, d).

    Of more than ``negatives`` items, so many are drawn and stand for all. Slopes are written out:
    autograd goes several times more often over the (p, negatives) matrix, which doubles the time.
    Logits are at most 1 / temperature, so ``exp`` overflows only below a temperature of .012.

    Args:
        torch: the module.
        people: (p, d) unit rows over the temperature, without gradients.
        items: (n, d) unit rows, without gradients.
        targets: (p,) number of the item that each took.
        negatives: drawn at most.

    Source: Klenitskiy and Vasilev, "Turning dross into gold loss: is BERT4Rec really better than
    SASRec?", RecSys 2023; the draw counts as in Jean, Cho, Memisevic, Bengio, "On using very large
    target vocabulary for neural machine translation", ACL 2015.
    """
    drawn = torch.randperm(len(items))[:negatives]
    others = items[drawn]
    weight = len(items) / len(drawn)  # number of items that a drawn one stands for
    position = torch.full((len(items),), -1)
    position[drawn] = torch.arange(len(drawn))
    hit = position[targets]
    rows = (hit >= 0).nonzero()[:, 0]
    powers = (people @ others.T).exp_()
    powers[rows, hit[rows]] = 0.0
    right = (people * items[targets]).sum(dim=1)
    total = powers.sum(dim=1) * weight + right.exp()
    share = (weight / (total * len(people)))[:, None]
    missed = ((right.exp() / total - 1.0) / len(people))[:, None]
    by_people = (powers @ others) * share + missed * items[targets]
    by_items = torch.zeros_like(items)
    by_items[drawn] = powers.T @ (people * share)
    by_items.index_add_(0, targets, missed * people)
    return float((total.log() - right).mean()), by_people, by_items
