"""ResNet-20 for images of 32 pixels (He et al. 2016), with the names of published weights."""

from __future__ import annotations

from unbraid._torch import nn, torch
from unbraid.responses.pictures._preprocess import Preprocess

PREPROCESS = Preprocess(size=32, resize=None)
"""What its weights expect: 32 pixels, ImageNet's mean and standard deviation."""


class BasicBlock(nn.Module):
    """Two convolutions of 3 x 3, and a shortcut around them."""

    def __init__(self, n_in: int, n_out: int, stride: int) -> None:
        super().__init__()
        self.conv_1 = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)
        self.bn_1 = nn.BatchNorm2d(n_out)
        self.conv_2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.bn_2 = nn.BatchNorm2d(n_out)
        self.downsample = None
        if stride > 1 or n_in != n_out:
            shortcut = nn.Conv2d(n_in, n_out, 1, stride, bias=False)
            self.downsample = nn.Sequential(shortcut, nn.BatchNorm2d(n_out))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (batch, n_out, row, column), rectified."""
        y = torch.relu(self.bn_1(self.conv_1(x)))
        y = self.bn_2(self.conv_2(y))
        return torch.relu(y + (x if self.downsample is None else self.downsample(x)))


class ResNet20(nn.Module):
    """Three stages of three blocks with 16, 32 and 64 channels: ``stage_1.0`` to ``stage_3.2``."""

    def __init__(self, n_classes: int = 10) -> None:
        super().__init__()
        self.conv_1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.bn_1 = nn.BatchNorm2d(16)
        n_in = 16
        for number, n_out in enumerate((16, 32, 64), start=1):
            first = BasicBlock(n_in, n_out, stride=1 if number == 1 else 2)
            rest = [BasicBlock(n_out, n_out, stride=1) for _ in range(2)]
            setattr(self, f"stage_{number}", nn.Sequential(first, *rest))
            n_in = n_out
        self.fc = nn.Linear(n_in, n_classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits."""
        x = torch.relu(self.bn_1(self.conv_1(x)))
        for number in (1, 2, 3):
            x = getattr(self, f"stage_{number}")(x)
        return self.fc(x.mean((2, 3)))
