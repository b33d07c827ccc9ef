"""Stimuli as texts: their ids, and thumbnails until the room for pictures is full."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np

from unbraid.report._gallery import check_image
from unbraid.report._png import data_uri
from unbraid.report.browser._data import LatentBrowser
from unbraid.report.browser._details import Places
from unbraid.report.browser._script import words

_SIDE = 96  # pixels: what a thumbnail shows on a fine screen
_SHARP = 32  # pixels up to which a picture is kept as it is, pixel by pixel
_QUALITY = 82  # of JPEG: a small picture shows no artefacts
_LISTED = 12  # latents that a stimulus is among the strongest of, of each side


def stimulus_records(browser: LatentBrowser, room: int, places: Places) -> list[dict[str, Any]]:
    """Return id, latents and picture of each stimulus in use.

    Pictures until ``room`` bytes are full; the latents come as ``BrowserSide.first`` has them.
    Parts of one stimulus refer to the first of them, which has its picture and words.
    """
    records: list[dict[str, Any]] = []
    shown: dict[int, int] = {}  # whole stimulus -> the record that has its picture and words
    for number, row in enumerate(places.used):
        latents = [liked.get(row, [])[:_LISTED] for liked in places.liked]
        record: dict[str, Any] = {"id": words(browser.stimuli[row]), "latents": latents}
        records.append(record)
        if browser.at is not None:
            record["at"] = int(browser.at[row])
        whole = row if browser.whole is None else int(browser.whole[row])
        if whole in shown:
            record["of"] = shown[whole]
            continue
        shown[whole] = number
        if browser.tokens is not None:
            record["tokens"] = [words(each) for each in browser.tokens(row)]
        if browser.picture is not None and room > 0:
            image = browser.picture(row)
            check_image(image, f"picture of stimulus {browser.stimuli[row]!r}")
            uri = _uri(image)
            room -= len(uri)
            if room >= 0:
                record["picture"] = uri
    return records


def _uri(image: np.ndarray) -> str:
    if max(image.shape[:2]) <= _SHARP or image.shape[2:] == (4,):
        return data_uri(image)
    from PIL import Image

    small = Image.fromarray(image)
    small.thumbnail((_SIDE, _SIDE))
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=_QUALITY)
    return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
