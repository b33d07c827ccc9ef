"""Small pictures as PNG data URIs, written with the standard library alone."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np

_COLOUR_TYPE = {1: 0, 3: 2, 4: 6}  # channels -> grey, RGB, RGBA


def png(image: np.ndarray) -> bytes:
    """Encode a uint8 array (height, width[, 3 or 4]) as PNG."""
    pixels = image[:, :, None] if image.ndim == 2 else image
    height, width, channels = pixels.shape
    header = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPE[channels], 0, 0, 0)
    rows = np.zeros((height, 1 + width * channels), dtype=np.uint8)  # first byte: no filter
    rows[:, 1:] = pixels.reshape(height, -1)
    data = zlib.compress(rows.tobytes(), 9)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", data)
        + _chunk(b"IEND", b"")
    )


def data_uri(image: np.ndarray) -> str:
    """Return the picture as a ``data:`` address."""
    return "data:image/png;base64," + base64.b64encode(png(image)).decode("ascii")


def _chunk(name: bytes, data: bytes) -> bytes:
    body = name + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
