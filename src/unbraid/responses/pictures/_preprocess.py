"""What is done to an image before a network sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field

from unbraid._config import Config
from unbraid.errors import InputError
from unbraid.responses.pictures._images import MOST_PIXELS

Side = Annotated[int, Field(ge=1)]
Sides = Side | tuple[Side, Side]  # of a square, or (height, width)


class Preprocess(Config):
    """Resize, crop, scale and normalise images; the defaults are those of ImageNet networks.

    ``value = (byte / scale - mean) / std`` for each channel, after the image was brought to
    ``resize`` as ``fit`` says and ``size`` was cut from its centre.
    """

    size: Sides | None = 224
    """What the network sees: the side of a square, or (height, width); none keeps the images."""
    resize: Sides | None = 256
    """Size before the crop, or its shorter side if one number; none stretches to ``size``."""
    fit: Literal["cover", "stretch", "inside"] = "cover"
    """Proportions are kept and ``resize`` is covered; not kept; kept, and all fits inside."""
    center: Literal["round", "floor"] = "round"
    """Where an odd margin is cut: torchvision and timm round half of it to even, others down."""
    fill: tuple[int, ...] = (0,)
    """Colour of margins, where the image is smaller than ``size``."""
    filter: Literal["bilinear", "bicubic", "nearest", "box", "lanczos", "hamming"] = "bilinear"
    """How pixels are interpolated (with antialiasing, as Pillow does)."""
    scale: float = Field(default=255.0, gt=0)
    """Bytes are divided by this first."""
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    """Subtracted from each channel, in the order of ``channels``."""
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    """Divides each channel."""
    channels: Literal["rgb", "bgr", "gray"] = "rgb"
    """Order of the channels."""

    def __call__(self, images: Sequence[Any]) -> Any:
        """Return a float32 tensor (batch, channels, height, width)."""
        from unbraid._torch import torch

        arrays = [self._one(image) for image in images]
        if len({array.shape for array in arrays}) > 1:
            raise InputError("Images differ in size; give Preprocess(size=...) to make them equal.")
        return torch.from_numpy(np.stack(arrays))

    def _one(self, image: Any) -> np.ndarray:
        from PIL import Image

        if isinstance(image, str):
            raise InputError(
                f"Preprocess needs images, got the text {image[:60]!r}. Files are given as "
                "images([...]), a folder or a zip."
            )
        image = np.asarray(image)
        if image.ndim == 2:
            image = np.repeat(image[:, :, None], 3, axis=2)
        if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise InputError(
                "Preprocess needs images (height, width, 3) of dtype uint8, got "
                f"{image.shape} {image.dtype}. Give preprocess=None to use arrays as they are."
            )
        picture = Image.fromarray(image)
        if self.size is not None:
            picture = self._cut(self._resized(picture), _pair(self.size))
        if self.channels == "gray":
            picture = picture.convert("L")
        array = np.atleast_3d(np.asarray(picture, dtype=np.float32)) / np.float32(self.scale)
        array = array[:, :, ::-1] if self.channels == "bgr" else array
        mean, std = np.asarray(self.mean, np.float32), np.asarray(self.std, np.float32)
        try:
            return np.ascontiguousarray(((array - mean) / std).transpose(2, 0, 1))
        except ValueError:
            raise InputError(
                f"mean and std must have 1 or {array.shape[2]} numbers, got {self.mean}."
            ) from None

    def _resized(self, picture: Any) -> Any:
        """Return the image in the size before the crop."""
        from PIL import Image

        wanted = self.size if self.resize is None else self.resize
        stretched = self.resize is None or self.fit == "stretch"
        width, height = picture.size
        if stretched:
            high, wide = _pair(wanted)
        elif isinstance(wanted, int) and self.fit == "cover":  # the longer side is cut off
            short = min(width, height)
            high, wide = height * wanted // short, width * wanted // short
        else:  # both sides are rounded
            ratios = [
                side / goal for side, goal in zip((height, width), _pair(wanted), strict=True)
            ]
            ratio = max(ratios) if self.fit == "inside" else min(ratios)
            high, wide = (max(1, round(side / ratio)) for side in (height, width))
        if wide * high > MOST_PIXELS:
            raise InputError(
                f"An image of {width} x {height} pixels would become {wide} x {high}; cut it first."
            )
        if (wide, high) == picture.size:
            return picture
        return picture.resize((wide, high), Image.Resampling[self.filter.upper()])

    def _cut(self, picture: Any, size: tuple[int, int]) -> Any:
        """Return the centre of an image; what is missing is filled."""
        from PIL import Image

        width, height = picture.size
        left, top = (
            self._margin(side, goal) for side, goal in ((width, size[1]), (height, size[0]))
        )
        box = (left, top, left + size[1], top + size[0])
        if min(left, top) >= 0:
            return picture.crop(box)
        whole = Image.new("RGB", size[::-1], tuple(np.broadcast_to(self.fill, 3).tolist()))
        whole.paste(picture, (-left, -top))
        return whole

    def _margin(self, side: int, goal: int) -> int:
        """Return what is cut before the centre; below 0, what is added there."""
        if goal > side:
            return -((goal - side) // 2)
        return round((side - goal) / 2) if self.center == "round" else (side - goal) // 2


def _pair(sides: Any) -> tuple[int, int]:
    return (sides, sides) if isinstance(sides, int) else sides
