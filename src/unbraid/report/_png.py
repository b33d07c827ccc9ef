"""Small pictures as PNG data URIs."""

from __future__ import annotations

import base64
import io

import numpy as np


def png(image: np.ndarray) -> bytes:
    """Encode a uint8 array (height, width[, 1, 3 or 4]) as PNG: grey, RGB or RGBA."""
    from PIL import Image

    pixels = image[:, :, 0] if image.shape[2:] == (1,) else image
    stream = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(stream, "PNG", compress_level=9)
    return stream.getvalue()


def data_uri(image: np.ndarray) -> str:
    """Return the picture as a ``data:`` address."""
    return "data:image/png;base64," + base64.b64encode(png(image)).decode("ascii")
