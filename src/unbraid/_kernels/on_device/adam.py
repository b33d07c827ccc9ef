"""Adam on tensors, with the steps of the compiled kernel of this name."""

from __future__ import annotations

from unbraid._kernels.adam import BETA1, BETA2, EPSILON
from unbraid._torch import torch


def adam(
    rows: torch.Tensor,
    moments: torch.Tensor,
    gradient: torch.Tensor,
    *,
    step: int,
    rate: float,
    unit: bool,
) -> None:
    """Take one Adam step on ``rows (m, p)`` in place, and clear ``gradient``.

    ``moments`` (2, m, p) are updated in place; with ``unit`` the gradient along each row is removed
    first, and each row brought back to unit length (Kingma and Ba, 2015, algorithm 1).
    """
    first, second = moments
    if unit:
        gradient -= (gradient * rows).sum(1, keepdim=True) * rows
    first.mul_(BETA1).add_(gradient, alpha=1 - BETA1)
    second.mul_(BETA2).addcmul_(gradient, gradient, value=1 - BETA2)
    size = second.sqrt().mul_((1 - BETA2**step) ** -0.5).add_(EPSILON)
    rows.addcdiv_(first, size, value=-rate / (1 - BETA1**step))
    gradient.zero_()
    if unit:
        length = rows.norm(dim=1, keepdim=True)
        rows /= torch.where(length > 0, length, 1)
