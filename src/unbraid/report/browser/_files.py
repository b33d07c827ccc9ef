"""The files of a browser by name: a page, its script and style, an index, and data in parts."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from markupsafe import escape

from unbraid.report import _palette as palette
from unbraid.report._text import printable
from unbraid.report.browser._data import BrowserSide, LatentBrowser
from unbraid.report.browser._details import Places, detail_texts
from unbraid.report.browser._script import script, short, words
from unbraid.report.browser._stimuli import stimulus_records

FOLDER = "browser"
PAGE = f"{FOLDER}/index.html"
_PAGE = Path(__file__).parent / "page"
_SCRIPTS = (
    "format", "store", "heat", "tokens", "raster", "thumbnail", "strip", "histogram", "scatter",
    "braid", "latent", "list", "map", "keys", "table", "main",
)  # fmt: skip
"""In the order in which they are loaded: each uses those before it."""
_LATENTS, _STIMULI, _PICTURES = 256, 1024, 64  # in one file; of pictures fewer, they are large
_ROOM = 96 * 2**20  # bytes of what is shown of single latents
_PICTURE_ROOM = 48 * 2**20  # bytes of pictures: half of the room of a page


def browser_files(
    browser: LatentBrowser, *, room: int = _ROOM, picture_room: int = _PICTURE_ROOM
) -> dict[str, str]:
    """Return every file of a browser by its name, below the folder that its report is in.

    Parameters
    ----------
    browser : LatentBrowser
        What is shown.
    room : int
        Bytes for what is shown of single latents. Those that come first in ``BrowserSide.first``
        have it; the others are in the list and on the map only, and the page says so.
    picture_room : int
        Bytes for pictures; stimuli beyond are shown by their ids.

    Returns
    -------
    dict of name to text
        ``browser/index.html`` and what it loads. The same browser gives the same bytes.

    Notes
    -----
    The page reads its data by ``<script src>``, the one way that works from the disk: it needs
    no server and no network. It starts with ``index.js`` alone, about 40 bytes per latent.

    Examples
    --------
    >>> import unbraid as ub
    >>> latent = ub.report.LatentDetail(latent=0, strongest=((1, 2.0),))
    >>> density = ub.report.LatentMeasure(name="density", values=[0.5], help="Share of stimuli.")
    >>> kind = ub.report.LatentGroup(name="all", mark="full", help="Every latent.")
    >>> side = ub.report.BrowserSide(name="codes", measures=(density,), groups=(kind,), group=[0],
    ...                              details=lambda latents: [latent for _ in latents], first=[0])
    >>> shown = ub.report.LatentBrowser(title="One latent", sides=(side,), stimuli=("cat", "dog"))
    >>> "browser/index.html" in browser_files(shown)
    True
    """
    places, files = Places(len(browser.sides)), _own_files(browser)
    written: list[int] = []
    rooms = room // len(browser.sides)
    for at, (letter, side) in enumerate(zip("ab", browser.sides, strict=False)):
        texts = detail_texts(side, at, rooms, places)
        written.append(len(texts))
        for number, start in enumerate(range(0, len(side.group), _LATENTS)):
            part = [texts.get(j, "null") for j in range(start, start + _LATENTS)]
            part = part[: len(side.group) - start]
            name = f"{FOLDER}/{letter}-{number}.js"
            files[name] = f'unbraid.latents("{letter}",{number},[\n' + ",\n".join(part) + "\n]);\n"
    stimuli = stimulus_records(browser, picture_room, places)
    size = _STIMULI if browser.picture is None else _PICTURES
    for number, start in enumerate(range(0, len(stimuli), size)):
        part = stimuli[start : start + size]
        files[f"{FOLDER}/stimuli-{number}.js"] = script("stimuli", number, part)
    files[f"{FOLDER}/index.js"] = script("index", _index(browser, written, size, stimuli))
    return files


def _index(
    browser: LatentBrowser, written: list[int], size: int, stimuli: list[dict[str, Any]]
) -> dict[str, Any]:
    notes = [words(note) for note in browser.notes]
    for side, count in zip(browser.sides, written, strict=True):
        if count < len(side.group):
            notes.append(
                f"{words(side.name)}: {count:,} of {len(side.group):,} latents can be opened; "
                "the others would have made this folder too large, and are in the list and on "
                "the "
                "map only."
            )
    shown, wanted = (sum(name in each for each in stimuli) for name in ("picture", "id"))
    wanted -= sum("of" in each for each in stimuli)
    if browser.picture is not None and shown < wanted:
        notes.append(
            f"{shown:,} of {wanted:,} stimuli have their picture here; the others would "
            "have made this folder too large."
        )
    return {
        "title": words(browser.title),
        "latents": _LATENTS,
        "stimuli": size,
        "pictures": browser.picture is not None,
        "texts": browser.tokens is not None,
        "sides": [_side(side) for side in browser.sides],
        "notes": notes,
    }


def _side(side: BrowserSide) -> dict[str, Any]:
    return {
        "name": words(side.name),
        "size": len(side.group),
        "measures": [
            {
                "name": words(each.name),
                "help": words(each.help),
                "digits": each.digits,
                "falling": each.falling,
                "values": [short(value) for value in np.asarray(each.values).tolist()],
            }
            for each in side.measures
        ],
        "groups": [
            {"name": words(each.name), "help": words(each.help), "mark": each.mark}
            for each in side.groups
        ],
        "parts": side.parts,
        "group": [int(each) for each in side.group],
        "partner": None if side.partner is None else [int(each) for each in side.partner],
        "labels": {str(latent): words(label) for latent, label in side.labels.items()},
    }


def _own_files(browser: LatentBrowser) -> dict[str, str]:
    """Return the page with its script and style, the same for every browser but for the title."""
    html = (_PAGE / "index.html").read_text(encoding="utf-8")
    return {
        PAGE: html.replace("TITLE", str(escape(printable(browser.title)))),
        f"{FOLDER}/style.css": _style(),
        f"{FOLDER}/code.js": _code(),
    }


@cache
def _style() -> str:
    css = (_PAGE / "style.css").read_text(encoding="utf-8")
    return f"{palette.page_css()}\n{palette.ROLE_CSS}\n{css}"


@cache
def _code() -> str:
    parts = [(_PAGE / f"{name}.js").read_text(encoding="utf-8") for name in _SCRIPTS]
    return '"use strict";\n' + "\n".join(parts)
