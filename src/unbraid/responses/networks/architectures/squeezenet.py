"""SqueezeNet 1.1 (Iandola et al. 2016), with the names of its authors' layers."""

from __future__ import annotations

from unbraid._torch import nn, torch
from unbraid.responses.pictures._preprocess import Preprocess

PREPROCESS = Preprocess(
    size=227,
    resize=None,
    scale=1.0,
    mean=(104.006, 116.669, 122.679),
    std=(1.0,),
    channels="bgr",
)
"""What its weights expect: 227 pixels, blue first, the mean of ImageNet subtracted."""

# squeeze and expand channels; a pool stands before fire2, fire4 and fire6
_FIRES = {2: (16, 64), 3: (16, 64), 4: (32, 128), 5: (32, 128)}
_FIRES |= {6: (48, 192), 7: (48, 192), 8: (64, 256), 9: (64, 256)}


class Fire(nn.Module):
    """A squeeze of 1 x 1, then 1 x 1 and 3 x 3 side by side."""

    def __init__(self, n_in: int, squeeze: int, expand: int) -> None:
        super().__init__()
        self.squeeze1x1 = nn.Conv2d(n_in, squeeze, 1)
        self.expand1x1 = nn.Conv2d(squeeze, expand, 1)
        self.expand3x3 = nn.Conv2d(squeeze, expand, 3, padding=1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (batch, 2 * expand, row, column), rectified."""
        x = torch.relu(self.squeeze1x1(x))
        return torch.relu(torch.cat([self.expand1x1(x), self.expand3x3(x)], dim=1))


class SqueezeNet(nn.Module):
    """SqueezeNet 1.1: ``conv1`` (rectified by ``relu1``), ``fire2`` to ``fire9``, ``conv10``."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, stride=2)
        self.relu1 = nn.ReLU()
        n_in = 64
        for number, (squeeze, expand) in _FIRES.items():
            setattr(self, f"fire{number}", Fire(n_in, squeeze, expand))
            n_in = 2 * expand
        self.conv10 = nn.Conv2d(n_in, 1000, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of ImageNet's 1000 classes."""
        x = self.relu1(self.conv1(x))
        for number in _FIRES:
            if number in (2, 4, 6):
                x = nn.functional.max_pool2d(x, 3, 2, ceil_mode=True)
            x = getattr(self, f"fire{number}")(x)
        return torch.relu(self.conv10(x)).mean((2, 3))
