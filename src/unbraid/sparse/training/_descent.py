"""Adam on named arrays, with everything that its next step depends on."""

from __future__ import annotations

import numpy as np

from unbraid._kernels.adam import adam


class Descent:
    """Adam on float32 arrays; the rows of those named ``unit`` are kept at unit length.

    Gradients are added to ``gradient``, which a step clears.
    """

    def __init__(self, weights: dict[str, np.ndarray], unit: tuple[str, ...] = ()) -> None:
        self.weights = {k: np.array(w, np.float32, order="C") for k, w in weights.items()}
        self.unit = unit
        self.gradient = {name: np.zeros_like(w) for name, w in self.weights.items()}
        self.moments = {name: np.zeros((2, *w.shape), np.float32) for name, w in weights.items()}
        self.steps = np.zeros(1, np.int64)

    def state(self) -> dict[str, np.ndarray]:
        """Return weights, moments and the number of steps, shared."""
        moments = {f"moments.{name}": array for name, array in self.moments.items()}
        return {**self.weights, **moments, "steps": self.steps}

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
