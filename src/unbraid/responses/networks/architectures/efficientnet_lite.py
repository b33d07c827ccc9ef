"""EfficientNet-Lite 0 to 2: EfficientNet without squeeze-and-excitation, with ReLU6."""

from __future__ import annotations

import math

from unbraid._torch import nn, torch
from unbraid.responses.pictures._preprocess import Preprocess

VARIANTS = {0: (1.0, 1.0, 224), 1: (1.0, 1.1, 240), 2: (1.1, 1.2, 260)}
"""Width, depth and image size."""

# repeats, kernel, stride, expansion, channels in, channels out (of width 1)
_STAGES = (
    (1, 3, 1, 1, 32, 16),
    (2, 3, 2, 6, 16, 24),
    (2, 5, 2, 6, 24, 40),
    (3, 3, 2, 6, 40, 80),
    (3, 5, 1, 6, 80, 112),
    (4, 5, 2, 6, 112, 192),
    (1, 3, 1, 6, 192, 320),
)


def preprocess(variant: int) -> Preprocess:
    """Return what a variant's weights expect: its own size, ``(byte - 127) / 128``."""
    size = VARIANTS[variant][2]
    return Preprocess(size=size, resize=None, scale=1.0, mean=(127.0,), std=(128.0,))


class SameConv(nn.Conv2d):
    """A convolution padded as TensorFlow pads: the odd pixel at the far side."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return ceil(size / stride) rows and columns."""
        pads = []
        for side, kernel, stride in zip(x.shape[:1:-1], self.kernel_size, self.stride, strict=True):
            total = max((math.ceil(side / stride) - 1) * stride + kernel - side, 0)
            pads += [total // 2, total - total // 2]
        return super().forward(nn.functional.pad(x, pads))


class InvertedResidual(nn.Module):
    """An inverted bottleneck: widen, filter each channel, project, add."""

    def __init__(self, n_in: int, n_out: int, kernel: int, stride: int, expand: int) -> None:
        super().__init__()
        wide = n_in * expand
        if expand > 1:
            self._expand_conv = SameConv(n_in, wide, 1, bias=False)
            self._bn0 = nn.BatchNorm2d(wide, eps=1e-3)
        self._depthwise_conv = SameConv(wide, wide, kernel, stride, groups=wide, bias=False)
        self._bn1 = nn.BatchNorm2d(wide, eps=1e-3)
        self._project_conv = SameConv(wide, n_out, 1, bias=False)
        self._bn2 = nn.BatchNorm2d(n_out, eps=1e-3)
        self.widens, self.adds = expand > 1, stride == 1 and n_in == n_out

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (batch, n_out, row, column), not rectified."""
        relu = nn.functional.relu6
        y = relu(self._bn0(self._expand_conv(x))) if self.widens else x
        y = relu(self._bn1(self._depthwise_conv(y)))
        y = self._bn2(self._project_conv(y))
        return x + y if self.adds else y


class EfficientNetLite(nn.Module):
    """EfficientNet-Lite: ``_blocks.0`` and on; names are those of its published weights."""

    def __init__(self, variant: int = 0) -> None:
        super().__init__()
        width, depth, _ = VARIANTS[variant]
        self._conv_stem = SameConv(3, 32, 3, 2, bias=False)
        self._bn0 = nn.BatchNorm2d(32, eps=1e-3)
        blocks, last = [], len(_STAGES) - 1
        for stage, (repeats, kernel, stride, expand, n_in, n_out) in enumerate(_STAGES):
            count = repeats if stage in (0, last) else math.ceil(depth * repeats)
            n_in, n_out = 32 if stage == 0 else _round(n_in * width), _round(n_out * width)
            for turn in range(count):
                first = turn == 0
                blocks.append(
                    InvertedResidual(
                        n_in if first else n_out, n_out, kernel, stride if first else 1, expand
                    )
                )
        self._blocks = nn.ModuleList(blocks)
        self._conv_head = SameConv(_round(320 * width), 1280, 1, bias=False)
        self._bn1 = nn.BatchNorm2d(1280, eps=1e-3)
        self._fc = nn.Linear(1280, 1000)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return the logits of ImageNet's 1000 classes."""
        x = nn.functional.relu6(self._bn0(self._conv_stem(x)))
        for block in self._blocks:
            x = block(x)
        x = nn.functional.relu6(self._bn1(self._conv_head(x)))
        return self._fc(x.mean((2, 3)))


def _round(channels: float) -> int:
    """Return the multiple of 8 nearest to a number, never more than 10 % below it."""
    rounded = max(8, int(channels + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * channels else rounded
