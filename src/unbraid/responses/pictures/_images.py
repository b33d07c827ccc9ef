"""Images as stimuli: from a folder, a zip (names sorted), a list of files, or an array."""

from __future__ import annotations

import hashlib
import io
import os
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from unbraid._documented import documented_answer
from unbraid.errors import InputError
from unbraid.responses._files import as_path, check_file, check_memory
from unbraid.responses.pictures._pixels import rgb

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP", "PPM")  # no other parser sees a file
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm")
MOST_PIXELS = 100_000_000  # 300 MB of colour: Pillow warns of a bomb just below
_MOST_BYTES = 2**29  # of a member of an archive: no picture takes more
_COPIES = 24  # bytes per pixel while a picture becomes bytes: its numbers as floats, and colours
_TILE = (322, 323)  # tags of TIFF: width and height of a tile


@documented_answer
@dataclass(frozen=True, eq=False, repr=False)
class Images:
    """Images under their names, decoded when they are used.

    ``images[i]`` is an array (height, width, 3) of bytes; ``names`` are the stimulus ids.
    """

    names: tuple[str, ...]
    """Stimulus ids: paths relative to what all images share."""
    source: str
    """The folder, zip or list that they are from, as text."""
    _read: Sequence[Callable[[], bytes]] = field(repr=False)
    white: float | None = None
    """Which number is white, where it is not the largest that the file's numbers can be."""
    background: tuple[int, ...] | None = None
    """Colour behind transparent pixels."""

    def __len__(self) -> int:
        return len(self.names)

    def __repr__(self) -> str:
        return f"Images({len(self)} from {self.source})"

    def __getitem__(self, row: int) -> np.ndarray:
        where = f"{self.source}: {self.names[row]}"
        return _decode(self._read[row](), where, self.white, self.background)

    def take(self, rows: Any) -> Images:
        """Return some of the images, in this order."""
        rows = np.arange(len(self))[np.asarray(rows)]
        names = tuple(self.names[row] for row in rows)
        return replace(self, names=names, _read=[self._read[row] for row in rows])

    def fingerprint(self) -> str:
        """Return a hash of all names and files' bytes, in order, and of how they are shown."""
        digest = hashlib.sha256()
        if self.white is not None or self.background is not None:
            digest.update(f"{self.white} {self.background}\0".encode())
        for name, read in zip(self.names, self._read, strict=True):
            content = read()
            digest.update(f"{name}\0{len(content)}\0".encode() + content)
        return digest.hexdigest()


def images(source: Any, *, white: float | None = None, background: str | None = None) -> Images:
    """Images of a folder, a zip file, or a list of files.

    Parameters
    ----------
    source : str, Path or list of them
        A folder is searched at every depth. **Names are sorted** in folders and zips: the order
        inside a zip is an accident of packing, and responses are stored in the order of names. A
        list is kept in its own order.
    white : float, optional
        The number that is white. Default: 1 of floats, 255 of 8 bits, 65535 of 16.
    background : str, optional
        Colour behind transparent pixels, as Pillow names it: ``"white"``, ``"#808080"``.

    Returns
    -------
    Images
        One after the other under their names; an image is decoded when it is used.

    Raises
    ------
    InputError
        Missing or damaged files; no image in the folder; two files of one name in a list. When an
        image is decoded: one that is damaged, cut off, or of more than 10^8 pixels; several
        pictures in one file (animations, pages); transparent pixels without ``background``; numbers
        that are not finite, negative, above white, or whole ones of 32 bits without ``white``; and
        without ``white`` numbers that all lie far below it (above 0, but none above 1/16 of white
        in 8 bits and floats, 1/4 in 16), as where twelve bits were saved in sixteen.

    Notes
    -----
    Names are paths relative to what all images share, so that a folder and its zip give the same.
    A pixel's byte is ``round(255 value / white)``; of colours of 16 bits the upper eight count.
    Gray becomes three equal channels; palettes, CMYK and YCbCr become colours by Pillow's formulas;
    colour profiles are not applied. Pictures stand upright as their camera noted (EXIF). Of a
    camera's file of several views (MPO) the first is shown.

    Files are parsed as JPEG, PNG, BMP, GIF, TIFF, WebP or PPM whatever they are called, and as
    nothing else.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from PIL import Image
    >>> folder = Path(tempfile.mkdtemp())
    >>> for name in ("b.png", "a.png"):
    ...     Image.new("RGB", (4, 3), "red").save(folder / name)
    >>> found = images(folder)
    >>> found.names, found[0].shape
    (('a.png', 'b.png'), (3, 4, 3))
    """
    if white is not None and not (isinstance(white, int | float) and 0 < white < np.inf):
        raise InputError(f"white must be a positive number, got {white!r}.")
    behind = None if background is None else _colour(background)
    return replace(_found(source), white=white, background=behind)


def _found(source: Any) -> Images:
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
            files = [m for m in archive.infolist() if not m.is_dir()]
            members = {m.filename.lstrip("/"): m for m in files}
            outside = [name for name in members if ".." in PurePosixPath(name).parts]
            if outside or len(members) < len(files):
                what = f"{outside[0]!r}, outside itself" if outside else "two of one name"
                raise InputError(f"{path} holds {what}: pack the pictures again.")
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


def _decode(content: bytes, where: str, white: Any, background: Any) -> np.ndarray:

    from PIL import Image, UnidentifiedImageError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(content), formats=FORMATS) as picture:
                _check_size(picture, where)
                if getattr(picture, "is_animated", False) and picture.format != "MPO":
                    raise InputError(
                        f"{where} holds several pictures (an animation, or pages); save each as a "
                        "file of its own."
                    )
                return rgb(picture, where, white=white, background=background)
    except InputError:
        raise
    except UnidentifiedImageError:
        raise InputError(
            f"{where} is not a readable image: it is cut off, or none of {', '.join(FORMATS)}, or "
            "a rare kind of one."
        ) from None
    except Exception as error:  # decoders raise errors of any type on damaged files
        text = (str(error).splitlines() or [type(error).__name__])[0]
        raise InputError(f"{where} is not a readable image ({text}).") from None


def _check_size(picture: Any, where: str) -> None:
    """Refuse a picture that would fill the memory, before it is decoded."""
    sides = [picture.size]
    if picture.format == "TIFF" and _TILE[0] in picture.tag_v2:
        sides.append(tuple(int(picture.tag_v2.get(tag, 1)) for tag in _TILE))
    for width, height in sides:
        if width * height > MOST_PIXELS:
            raise InputError(f"{where} has {width} x {height} pixels, at most 10^8 are decoded.")
    check_memory(_COPIES * max(width * height for width, height in sides), where)


def _colour(name: str) -> tuple[int, ...]:
    from PIL import ImageColor

    try:
        return ImageColor.getrgb(name)[:3]
    except (ValueError, AttributeError, TypeError):
        raise InputError(
            f"background must be a colour such as 'white' or '#808080', got {name!r}."
        ) from None
