"""A dictionary of one system."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from unbraid.cli._options import Json, Method, Output, Seed, Set, finish


def fit(
    x: Annotated[Path, typer.Argument(metavar="X", help="Responses to learn from.")],
    output: Output,
    method: Method = "auto",
    overrides: Set = None,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Learn a dictionary of X: unbraid fit x.npy -o d/. An earlier one is replaced."""
    from unbraid import responses, sparse
    from unbraid.sparse.formats.native import check_free

    check_free(output)
    choice = sparse.parse_method(method).with_options(overrides or [])
    learned = sparse.fit(responses.load_plainly(x), choice, rng=seed, progress=not as_json)
    learned.save(output)
    finish(output, learned.evidence.to_dict(), repr(learned), as_json)
