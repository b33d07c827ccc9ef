"""Adam on named arrays, with everything that its next step depends on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from unbraid._kernels.adam import adam
from unbraid._kernels.device import device_here

if TYPE_CHECKING:
    from unbraid.sparse.training._device_descent import DeviceDescent


def descent_here(
    weights: dict[str, np.ndarray], unit: tuple[str, ...] = ()
) -> Descent | DeviceDescent:
    """Return Adam on arrays, or on tensors where a device was asked for."""
    if (device := device_here()) is None:
        return Descent(weights, unit)
    from unbraid.sparse.training._device_descent import DeviceDescent

    return DeviceDescent(weights, unit, device)


class Descent:
    """Adam on float32 arrays; the rows of those named ``unit`` are kept at unit length.

    Gradients are added to ``gradient``, which a step clears.
    """

    def __init__(self, weights: dict[str, np.ndarray], unit: tuple[str, ...] = ()) -> None:
        self.weights = {k: np.array(w, np.float32, order="C") for k, w in weights.items()}
        self.unit, self.device = unit, "cpu"
        self.gradient = {name: np.zeros_like(w) for name, w in self.weights.items()}
        self.moments = {name: np.zeros((2, *w.shape), np.float32) for name, w in weights.items()}
        self.steps = np.zeros(1, np.int64)

    def state(self) -> dict[str, np.ndarray]:
        """Return weights, moments and the number of steps, shared."""
        moments = {f"moments.{name}": array for name, array in self.moments.items()}
        return {**self.weights, **moments, "steps": self.steps}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Go back to a state."""
        for name, array in self.state().items():
            array[...] = arrays[name]

    def tensors(self) -> dict[str, Any]:
        """Return torch tensors that share the weights and their gradients."""
        from unbraid._torch import torch

        tensors = {}
        for name, array in self.weights.items():
            tensors[name] = torch.from_numpy(array).requires_grad_()
            tensors[name].grad = torch.from_numpy(self.gradient[name])  # summed in place
        return tensors

    def step(self, rate: float) -> None:
        """Take one step along the gradient and clear it."""
        self.steps += 1
        for name, weight in self.weights.items():
            rows = weight if weight.ndim == 2 else weight.reshape(1, -1)
            adam(
                rows,
                self.moments[name].reshape(2, *rows.shape),
                self.gradient[name].reshape(rows.shape),
                step=int(self.steps[0]),
                rate=rate,
                unit=name in self.unit,
            )
