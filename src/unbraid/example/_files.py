"""The example's files: one function a form in which people hold responses."""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

_DAY = (1980, 1, 1, 0, 0, 0)  # of every file in the zip: the same bytes on any day
_HEADER = 116  # bytes of text at the start of a .mat, where SciPy writes the time of day


def write_table(path: Path, ids: Sequence[str], names: Sequence[str], values: np.ndarray) -> None:
    """Write a CSV of ids and one column per unit."""
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["stimulus", *names])
        for name, row in zip(ids, values, strict=True):
            writer.writerow([name, *(f"{value:.6g}" for value in row)])


def write_lines(path: Path, lines: Sequence[str]) -> None:
    """Write one line each."""
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")


def write_recording(path: Path, ids: Sequence[str], trials: np.ndarray) -> None:
    """Write a .mat as a lab has it: units x stimuli x repeats, ids in a cell, times beside."""
    from scipy.io import savemat

    held = io.BytesIO()
    n_units = trials.shape[2]
    savemat(
        held,
        {
            "responses": np.ascontiguousarray(trials.transpose(2, 1, 0)),
            "stimuli": np.array(list(ids), dtype=object)[:, None],
            "positions": np.stack([np.arange(n_units) % 4, np.arange(n_units) // 4], 1) * 0.1,
        },
    )
    text = b"MATLAB 5.0 MAT-file, written by unbraid example".ljust(_HEADER)
    path.write_bytes(text + held.getvalue()[_HEADER:])


def write_pictures(path: Path, ids: Sequence[str], images: np.ndarray, side: int) -> None:
    """Write a zip of PNG files called as the ids; each pixel becomes ``side`` x ``side``."""
    from PIL import Image

    with zipfile.ZipFile(path, "w") as archive:
        for name, image in zip(ids, images, strict=True):
            pixels = np.round(255 * (1 - image)).astype(np.uint8).repeat(side, 0).repeat(side, 1)
            held = io.BytesIO()
            Image.fromarray(pixels).save(held, "PNG")
            archive.writestr(zipfile.ZipInfo(name, _DAY), held.getvalue())
