"""Adam on tensors that stay on a device, in the place of the compiled `_descent`."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid._kernels.on_device.adam import adam
from unbraid._torch import torch


class DeviceDescent:
    """``Descent`` where the weights, their gradients and moments lie on a device."""

    def __init__(self, weights: dict[str, np.ndarray], unit: tuple[str, ...], device: Any) -> None:
        self.unit, self.device, self.steps = unit, torch.device(device), 0
        self._tensors: dict[str, torch.Tensor] = {}
        self._moments: dict[str, torch.Tensor] = {}
        self.gradient: dict[str, Any] = {}
        for name, array in weights.items():
            host = torch.from_numpy(np.array(array, np.float32, order="C"))
            tensor = host.to(self.device).requires_grad_()
            tensor.grad = torch.zeros_like(tensor)  # summed in place
            self._tensors[name], self.gradient[name] = tensor, tensor.grad
            self._moments[name] = torch.zeros((2, *tensor.shape), device=self.device)

    @property
    def weights(self) -> dict[str, np.ndarray]:
        """The weights, copied to the host."""
        return {name: _host(tensor) for name, tensor in self._tensors.items()}

    def tensors(self) -> dict[str, torch.Tensor]:
        """Return the weights as tensors, whose gradients are those of the descent."""
        return self._tensors

    def state(self) -> dict[str, np.ndarray]:
        """Return weights, moments and the number of steps, copied to the host."""
        moments = {f"moments.{name}": _host(array) for name, array in self._moments.items()}
        return {**self.weights, **moments, "steps": np.array([self.steps])}

    def restore(self, arrays: dict[str, np.ndarray]) -> None:
        """Go back to a state."""
        with torch.no_grad():
            for name, tensor in self._tensors.items():
                tensor.copy_(torch.from_numpy(arrays[name]))
                self._moments[name].copy_(torch.from_numpy(arrays[f"moments.{name}"]))
        self.steps = int(arrays["steps"][0])

    def step(self, rate: float) -> None:
        """Take one step along the gradient and clear it."""
        self.steps += 1
        with torch.no_grad():
            for name, tensor in self._tensors.items():
                rows = (1, -1) if tensor.ndim < 2 else tensor.shape
                adam(
                    tensor.view(rows),
                    self._moments[name].view(2, *tensor.view(rows).shape),
                    self.gradient[name].view(rows),
                    step=self.steps,
                    rate=rate,
                    unit=name in self.unit,
                )


def _host(tensor: torch.Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy().copy()
