"""A picture's numbers as bytes: one stated rule for each kind of picture, or a refusal."""

from __future__ import annotations

from typing import Any

import numpy as np

from unbraid.errors import InputError

_NEARLY_BLACK = 16 / 255  # of white: nobody would see what a picture of such numbers shows
_TOO_DARK = 1 / 4  # of a container of more than 8 bits: cameras of 10 to 14 bits end below
_BITS, _INVERTED, _ROTATION, _EXTRA, _SIGN = 258, 262, 274, 338, 339  # tags of TIFF


def rgb(
    picture: Any, where: str, *, white: float | None = None, background: Any = None
) -> np.ndarray:
    """Return a Pillow image of any mode as bytes (height, width, 3): ``round(255 value / white)``.

    ``white`` is 2^bits - 1 of whole numbers and 1 of floats, unless it is given; of whole numbers
    of 32 bits, and of signed ones, it must be. Pixels that are not opaque are laid over the colour
    ``background``, and refused without one. What a camera notes of rotation is followed. Palettes,
    CMYK and YCbCr become colours as Pillow's formulas say; colour profiles are not applied, and of
    colours of 16 bits the upper eight count.
    """
    bits, inverted = _bits(picture), _check_tags(picture, where)  # both gone after loading
    picture.load()
    picture = _upright(picture)
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        colours, alpha = _of_gray(picture, where, white, bits)
        colours = 255 - colours if inverted else colours  # Pillow turns those of 8 bits itself
    else:
        colours, alpha = _of_bytes(picture, where, white, bits)
    if alpha is None or alpha.min() == 255:
        return colours
    if background is None:
        raise InputError(
            f"{where} has transparent pixels, and what is seen behind them is not known; give "
            "images(..., background='white') or record --background white."
        )
    share = alpha[:, :, None] / 255
    return np.rint(colours * share + np.asarray(background) * (1 - share)).astype(np.uint8)


def _of_gray(
    picture: Any, where: str, white: float | None, bits: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Turn numbers of more than 8 bits, one per pixel, into colours, and their opacity."""
    values = np.asarray(picture)
    see_through = picture.info.get("transparency")
    alpha = None if see_through is None else np.where(values == see_through, 0, 255)
    if picture.mode == "F":
        full, limit, kind = 1.0, _NEARLY_BLACK, "floats"
    elif bits:
        full, limit, kind = 2.0**bits - 1, _TOO_DARK, f"numbers of {bits} bits"
    else:
        full, limit, kind = np.nan, 0.0, "whole numbers of 32 bits or with a sign"
    white = _check_range(values, where, white, full, limit, kind)
    gray = np.rint(np.asarray(values, np.float64) * (255 / white)).astype(np.uint8)
    return np.repeat(gray[:, :, None], 3, axis=2), alpha


def _of_bytes(
    picture: Any, where: str, white: float | None, bits: int
) -> tuple[np.ndarray, np.ndarray | None]:
    """Turn a picture that Pillow holds as bytes into colours, and their opacity."""
    numbers = picture.mode in ("L", "LA", "La", "RGB", "RGBA", "RGBa")
    alpha = None
    if _may_be_transparent(picture):
        whole = picture.convert("LA") if picture.mode == "La" else picture  # it leads nowhere else
        values = np.asarray(whole.convert("RGBA"))
        values, alpha = values[:, :, :3], values[:, :, 3]
    else:
        values = np.asarray(picture.convert("RGB"))
    if white is None and not numbers:
        return values, alpha
    if white is not None and white not in (255, 2.0**bits - 1) and (bits > 8 or white > 255):
        raise InputError(
            f"{where} has colours of {bits} bits, of which eight are read: white={white:g} cannot "
            "be applied. Save it as a picture of 8 bits."
        )
    white = 255.0 if bits > 8 and white is not None else white
    limit = _TOO_DARK if bits > 8 else _NEARLY_BLACK
    white = _check_range(values, where, white, 255.0, limit, f"numbers of {bits} bits")
    return (values if white == 255 else np.rint(values * (255 / white)).astype(np.uint8)), alpha


def _check_range(
    values: np.ndarray, where: str, white: float | None, full: float, limit: float, kind: str
) -> float:
    """Return the value that is white; numbers that it cannot be white of are refused."""
    low, high = float(values.min()), float(values.max())
    known = full if white is None else float(white)
    remedy = "give images(..., white=VALUE) or record --white VALUE, the value that is white"
    if not np.isfinite([low, high]).all():
        raise InputError(f"{where} has pixels that are not finite (NaN or infinite).")
    if np.isnan(known):
        raise InputError(
            f"{where} holds {kind}, from {low:g} to {high:g}: which of them is white is not known; "
            f"{remedy}."
        )
    if low < 0 or high > known:
        raise InputError(
            f"{where} holds {kind} from {low:g} to {high:g}, expected 0 to {known:g}; {remedy}."
        )
    if white is None and low < high <= limit * full:
        raise InputError(
            f"{where} holds {kind}, none above {high:g} of {full:g}: it would be dark, as where "
            f"numbers of fewer bits were saved so; {remedy} ({full:g} if it is so dark)."
        )
    return known


def _bits(picture: Any) -> int:
    """Return how many bits a whole number of the file has; 0 where none of them is white."""
    if picture.mode == "I" and picture.format not in ("PNG", "PPM"):
        return 0
    if picture.format == "TIFF":
        return max(8, *picture.tag_v2.get(_BITS, (1,)))
    if picture.mode.startswith("I"):
        return 16
    tile = getattr(picture, "tile", None)  # Pillow keeps the upper eight of colours of 16 bits
    return 16 if tile and ";16" in str(tile[0][3]) else 8


def _check_tags(picture: Any, where: str) -> bool:
    """Refuse what Pillow reads past in a TIFF; return whether its zero is white."""
    if picture.format != "TIFF":
        return False
    tags = picture.tag_v2
    signs, extra = tags.get(_SIGN, (1,)), tags.get(_EXTRA, ())
    if 2 in signs and picture.mode == "L":
        raise InputError(f"{where} holds bytes with a sign, which no picture has; save it again.")
    if 0 in extra:
        raise InputError(
            f"{where} has channels beside its colours ({len(extra)}, of no stated meaning); save "
            "the colours alone."
        )
    return tags.get(_INVERTED) == 0


def _may_be_transparent(picture: Any) -> bool:
    if picture.mode in ("LA", "La", "PA", "RGBA", "RGBa") or "transparency" in picture.info:
        return True
    return picture.mode == "P" and picture.palette.mode.endswith("A")


def _upright(picture: Any) -> Any:
    """Turn a picture as its camera noted; a note that cannot be read says nothing."""
    from PIL import ImageOps

    try:
        turned = picture.getexif().get(_ROTATION, 1) != 1
    except Exception:  # parsers of such notes raise errors of any type
        return picture
    return ImageOps.exif_transpose(picture) if turned else picture
