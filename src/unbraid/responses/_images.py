"""Images as stimuli: from a folder, a zip (names sorted), a list of files, or an array."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from unbraid.errors import InputError
from unbraid.responses._files import as_path, check_file

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
MOST_PIXELS = 100_000_000
_MOST_BYTES = 2**29


@dataclass(frozen=True, eq=False, repr=False)
class Images:
    """Images under their names, decoded when asked for.

    ``images[i]`` is an array (height, width, 3) of bytes; ``names`` are the stimulus ids. Gray
    becomes three equal channels, transparency is dropped, of an animation the first picture counts,
    16 bits become 8, and a camera's note on rotation is not followed.
    """

    names: tuple[str, ...]
    source: str
    _read: Sequence[Callable[[], bytes]] = field(repr=False)

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"Images({len(self)} from {self.source})"

    def __getitem__(self, row: int) -> np.ndarray:
        return _decode(self._read[row](), f"{self.source}: {self.names[row]}")

    def take(self, rows: Any) -> Images:
        """Return some of the images, in this order."""
        rows = np.arange(len(self))[np.asarray(rows)]
        names = tuple(self.names[row] for row in rows)
        return Images(names, self.source, [self._read[row] for row in rows])

    def fingerprint(self) -> str:
        """Return a hash of all names and files' bytes, in order."""
        digest = hashlib.sha256()
        for name, read in zip(self.names, self._read, strict=True):
            content = read()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()


def images(source: Any) -> Images:
    """Images of a folder, a zip file, or a list of files.

    Parameters
    ----------
    source : str, Path or list of them
        A folder is searched at every depth. **Names are sorted** in folders and zips: the order
        inside a zip is an accident of packing, and responses are stored in the order of names. A
        list is kept in its own order.

    Raises
    ------
    InputError
        Missing or damaged files; no image in the folder; two files of one name in a list.

    Notes
    -----
    Names are paths relative to what all images share, so that a folder and its zip give the same.
    """
    if isinstance(source, list | tuple):
        paths = [as_path(path) for path in source]
        for path in paths:
            check_file(path)
        return _make(
            [path.absolute().as_posix() for path in paths], "a list", [p.read_bytes for p in paths]
        )
    path = as_path(source)
    if path.is_dir():
        found = {p.relative_to(path).as_posix(): p for p in path.rglob("*") if p.is_file()}
        names = sorted(name for name in found if _is_image(name))
        return _make(names, str(path), [found[name].read_bytes for name in names])
    check_file(path)
    try:
        with zipfile.ZipFile(path) as archive:
            members = {m.filename.lstrip("/"): m for m in archive.infolist() if not m.is_dir()}
            if any(m.file_size > _MOST_BYTES for m in members.values()):
                raise InputError(f"{path} holds a member of more than {_MOST_BYTES} bytes.")
    except InputError:
        raise
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError(f"{path} must be a folder or a zip of images: {error}.") from None
    names = sorted(name for name in members if _is_image(name))
    return _make(names, str(path), [partial(_unzip, path, members[name]) for name in names])


def _make(names: list[str], source: str, read: Sequence[Callable[[], bytes]]) -> Images:
    if not names:
        raise InputError(f"{source} holds no image ({', '.join(SUFFIXES)}).")
    shared = os.path.commonpath([str(PurePosixPath(name).parent) for name in names])
    short = [str(PurePosixPath(name).relative_to(shared)) if shared else name for name in names]
    if len(set(short)) < len(short):
        raise InputError(f"{source}: names of images must differ.")
    return Images(tuple(short), source, read)


def _is_image(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
    return path.suffix.lower() in SUFFIXES and not hidden


def _unzip(path: Path, member: zipfile.ZipInfo) -> bytes:
    """Return one member's bytes, no more than it declares, without parsing the directory again."""
    try:
        with path.open("rb") as stream:
            stream.seek(member.header_offset)
            local = stream.read(30)
            if local[:4] != b"PK\x03\x04" or member.flag_bits & 1:
                raise zipfile.BadZipFile("no local header, or encrypted")
            stream.seek(sum(struct.unpack_from("<HH", local, 26)), os.SEEK_CUR)
            packed = stream.read(member.compress_size)
        if member.compress_type == zipfile.ZIP_DEFLATED:
            packed = zlib.decompressobj(-15).decompress(packed, member.file_size)
        elif member.compress_type != zipfile.ZIP_STORED:
            raise zipfile.BadZipFile("compressed in an uncommon way")
        if zlib.crc32(packed) != member.CRC:
            raise zipfile.BadZipFile("its checksum differs")
        return packed
    except (zipfile.BadZipFile, zlib.error, struct.error, OSError, ValueError) as error:
        raise InputError(f"{path}: {member.filename} is damaged ({error}).") from None


def _decode(content: bytes, where: str) -> np.ndarray:
    import warnings

    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content)) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise InputError(f"{where} has {picture.width} x {picture.height} pixels.")
                return rgb(picture, where)
    except InputError:
        raise
    except UnidentifiedImageError:
        raise InputError(f"{where} is not a readable image (of no known format).") from None
    except Exception as error:  # the decoders raise what they like on damaged files
        text = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{where} is not a readable image ({text}).") from None


def rgb(picture: Any, where: str) -> np.ndarray:
    """Return a Pillow image of any mode as bytes (height, width, 3)."""
    return np.asarray(_eight_bits(picture, where).convert("RGB"))


def _eight_bits(picture: Any, where: str) -> Any:
    """Return a picture of bytes; Pillow would cut larger numbers off at 255."""
    from PIL import Image

    if picture.mode.startswith("I;16"):
        return Image.fromarray((np.asarray(picture) >> 8).astype(np.uint8))
    if picture.mode in ("I", "F"):
        low, high = picture.getextrema()
        if not 0 <= low <= high <= 255:
            raise InputError(f"{where} has pixels from {low} to {high}; save it with 8 bits.")
    return picture
