"""Small pictures with labels: scikit-learn's digits, and Fashion-MNIST from its own files."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unbraid.errors import InputError

FASHION_PLACES = ("fashion-mnist", "usr/share/datasets/fashion-mnist", ".")
DEBIAN = Path("/usr/share/datasets/fashion-mnist")
HOW_TO_GET = (
    "Fashion-MNIST is in Debian's package dataset-fashion-mnist (apt install "
    "dataset-fashion-mnist), or give data=FOLDER that holds its four .gz files"
)


@dataclass(frozen=True, eq=False)
class Pictures:
    """Pictures (n, 1, side, side) in [0, 1] with their classes, those that train first."""

    name: str
    images: np.ndarray
    labels: np.ndarray
    n_training: int


def digits(n_training: int, rng: np.random.Generator) -> Pictures:
    """Return scikit-learn's digits, 8 x 8, shuffled."""
    from sklearn.datasets import load_digits

    found = load_digits()
    order = rng.permutation(len(found.target))
    images = (found.images[order] / 16).astype(np.float32)[:, None]
    return Pictures("digits", images, found.target[order], min(n_training, len(order) * 2 // 3))


def fashion(data: Path | None, n_training: int, n_test: int) -> Pictures:
    """Return Fashion-MNIST, 28 x 28: its first training and its first test pictures."""
    folder = fashion_folder(data)
    if folder is None:
        raise InputError(f"{HOW_TO_GET}.")
    parts = [
        (_idx(folder / f"{part}-images-idx3-ubyte.gz", 3)[:n],
         _idx(folder / f"{part}-labels-idx1-ubyte.gz", 1)[:n])
        for part, n in (("train", n_training), ("t10k", n_test))
    ]  # fmt: skip
    for images, labels in parts:
        if len(images) != len(labels):
            raise InputError(f"{folder} holds {len(images)} pictures but {len(labels)} labels.")
    images = np.concatenate([part[0] for part in parts]).astype(np.float32)[:, None] / 255
    labels = np.concatenate([part[1] for part in parts]).astype(np.int64)
    return Pictures("fashion", images, labels, len(parts[0][0]))


def fashion_folder(data: Path | None) -> Path | None:
    """Return the folder of Fashion-MNIST's files, or None where there is none."""
    places = [data / place for place in FASHION_PLACES] if data is not None else []
    for folder in (*places, DEBIAN):
        if (folder / "train-images-idx3-ubyte.gz").is_file():
            return folder
    return None


def _idx(path: Path, rank: int) -> np.ndarray:
    """Read a gzipped IDX file of bytes, no more than its header declares."""
    try:
        with gzip.open(path) as stream:
            head = stream.read(4 * (1 + rank))
            shape = tuple(int(side) for side in np.frombuffer(head[4:], ">u4"))
            if head[:4] != bytes([0, 0, 8, rank]) or len(shape) != rank:
                raise InputError(f"{path} is not an IDX file of bytes with {rank} axes.")
            size = int(np.prod(shape, dtype=object))
            if size > 2**30:
                raise InputError(f"{path} claims {size} bytes, more than any such file has.")
            content = stream.read(size)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError(f"{path} cannot be read: {error}.") from None
    if len(content) < size:
        raise InputError(f"{path} is truncated: {len(content)} of {size} bytes.")
    return np.frombuffer(content, np.uint8).reshape(shape)
