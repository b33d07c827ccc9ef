"""What is done to an image before a network sees it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from pydantic import Field

from unbraid._config import Config
from unbraid.errors import InputError
from unbraid.responses._images import MOST_PIXELS


class Preprocess(Config):
    """Resize, crop, scale and normalise images; the defaults are those of ImageNet networks.

    ``value = (byte / scale - mean) / std`` for each channel, after ``Resize(resize)`` of the
    shorter side and ``CenterCrop(size)``, or after stretching to ``size x size``.
    """

    size: int | None = Field(default=224, ge=1)
    """Side of the square that the network sees; none keeps the images as they are."""
    resize: int | None = Field(default=256, ge=1)
    """Shorter side before the central crop; none stretches the whole image to the square."""
    filter: Literal["bilinear", "bicubic", "nearest", "box", "lanczos"] = "bilinear"
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
        import torch

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
            picture = self._to_square(picture, self.size)
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

    def _to_square(self, picture: Any, size: int) -> Any:
        from PIL import Image

        how = Image.Resampling[self.filter.upper()]
        if self.resize is None:
            return picture.resize((size, size), how) if picture.size != (size, size) else picture
        width, height = picture.size
        short = min(width, height)
        wide, high = width * self.resize // short, height * self.resize // short
        if wide * high > MOST_PIXELS:
            raise InputError(
                f"An image of {width} x {height} pixels would become {wide} x {high}; cut it first."
            )
        if (wide, high) != picture.size:
            picture = picture.resize((wide, high), how)
        left, top = round((wide - size) / 2), round((high - size) / 2)
        return picture.crop((left, top, left + size, top + size))
