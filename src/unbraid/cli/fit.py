"""A dictionary of one system."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from unbraid.cli._options import Json, MaybeText, Method, Output, Seed, Set, finish


def fit(
    x: Annotated[Path, typer.Argument(metavar="X", help="Responses to learn from.")],
    *,
    output: Output,
    method: Method = "auto",
    overrides: Set = None,
    seed: Seed = 0,
    order: Annotated[str, typer.Option(help="Stimuli: auto, exchangeable or time.")] = "auto",
    device: Annotated[
        MaybeText, typer.Option(help="Where torch computes, e.g. cuda; default: the processor.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Learn a dictionary of X. An earlier dictionary in the same folder is replaced.

    For example: unbraid fit x.npy -o d/

    By a method of your choice: unbraid fit x.npy -o d/ --method 'TopK(k=32, expansion=4)'
    """
    from unbraid import responses, sparse
    from unbraid.sparse.formats.native import check_free
    from unbraid.stats import check_order

    check_free(output)
    choice = sparse.parse_method(method).with_options(overrides or [])
    check_order(order)
    learned = sparse.fit(
        responses.load_plainly(x),
        choice,
        rng=seed,
        progress=not as_json,
        order=cast(Any, order),
        device=device,
    )
    learned.save(output)
    finish(output, learned.evidence.to_dict(), repr(learned), as_json)
