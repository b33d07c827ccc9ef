"""A small convolutional network, trained from a seed without touching torch's global state."""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np

from unbraid._progress import Progress
from unbraid.responses import Network
from unbraid.studies.systems._small_pictures import Pictures

_LEARNING_RATE = 2e-3  # of Adam: it learns in the few epochs given


def trained(
    pictures: Pictures, *, channels: int, depth: int, epochs: int, seed: Any, tell: Progress
) -> tuple[Network, float]:
    """Return a network of ``depth`` rectified convolutions, and its accuracy on test pictures.

    3 x 3 kernels, all with ``channels`` outputs and named ``layer0`` on; the one in the middle
    halves the map, and so does the first for pictures of 16 pixels and more. A linear readout of
    the last layer, averaged in 2 x 2 cells, names the class.
    Trained by Adam on cross entropy; initial weights (He) and the order come from ``seed``.
    """
    from unbraid._torch import torch

    rng = np.random.default_rng(seed)
    net = _build(pictures.images.shape[-1], channels, depth, rng)
    images, labels = torch.from_numpy(pictures.images), torch.from_numpy(pictures.labels)
    n, batch = pictures.n_training, 32
    optimiser = torch.optim.Adam(net.parameters(), lr=_LEARNING_RATE)
    steps = epochs * (n // batch)
    schedule = torch.optim.lr_scheduler.LinearLR(optimiser, 1.0, 0.05, total_iters=steps)
    for epoch in range(epochs):
        order = torch.from_numpy(rng.permutation(n))
        for start in range(0, n - batch + 1, batch):
            rows = order[start : start + batch]
            loss = torch.nn.functional.cross_entropy(net(images[rows]), labels[rows])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
        tell(f"training, epoch {epoch + 1} of {epochs}", (epoch + 1) / epochs)
    net.eval()
    with torch.inference_mode():
        right = [
            (net(images[start : start + 256]).argmax(1) == labels[start : start + 256]).numpy()
            for start in range(n, len(images), 256)
        ]
    names = tuple(f"layer{i}" for i in range(depth))
    return Network(pictures.name, net, None, names), float(np.concatenate(right).mean())


def _build(side: int, channels: int, depth: int, rng: np.random.Generator) -> Any:
    """Return the untrained network, its weights drawn from NumPy."""
    from unbraid._torch import nn, torch

    layers: dict[str, nn.Module] = {}
    for i in range(depth):
        stride = 2 if i == depth // 2 or (i == 0 and side >= 16) else 1
        conv = nn.utils.skip_init(
            nn.Conv2d, 1 if i == 0 else channels, channels, 3, stride, padding=1
        )
        layers[f"layer{i}"] = nn.Sequential(conv, nn.ReLU())
    layers["pool"] = nn.Sequential(nn.AdaptiveAvgPool2d(2), nn.Flatten())
    layers["readout"] = nn.utils.skip_init(nn.Linear, 4 * channels, 10)
    net = nn.Sequential(OrderedDict(layers))
    with torch.no_grad():
        for parameter in net.parameters():
            if parameter.ndim > 1:
                sd = (2 / parameter[0].numel()) ** 0.5
                parameter.copy_(torch.from_numpy(rng.normal(0, sd, tuple(parameter.shape))))
            else:
                parameter.zero_()
    return net
