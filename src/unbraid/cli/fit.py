"""A dictionary of one system."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from unbraid.cli.arguments._files import file_options, read
from unbraid.cli.arguments._options import (
    Axes,
    Config,
    Device,
    Json,
    Load,
    MaybeMethod,
    MaybeSeed,
    Order,
    Output,
    Select,
    Set,
    Stimuli,
    Time,
    Trials,
    finish,
)
from unbraid.cli.arguments._settings import settled


def fit(
    x: Annotated[Path, typer.Argument(metavar="X", help="Responses to learn from.")],
    *,
    output: Output,
    method: MaybeMethod = None,
    overrides: Set = None,
    device: Device = None,
    seed: MaybeSeed = None,
    order: Order = None,
    stimuli: Stimuli = None,
    axes: Axes = None,
    time: Time = None,
    select: Select = None,
    trials: Trials = False,
    load: Load = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Learn a dictionary of X. An earlier dictionary in the same folder is replaced.

    For example: unbraid fit x.npy -o d/

    By a method of your choice: unbraid fit x.npy -o d/ --method 'TopK(k=32, expansion=4)'
    """
    from unbraid import sparse
    from unbraid.sparse.formats.native import check_free
    from unbraid.stats import check_order

    check_free(output)
    asked = settled(config, {
        "method": method, "seed": seed, "order": order, "device": device, "stimuli": stimuli,
        "axes": axes, "time": time, "select": select, "trials": trials, "load": load,
    }, known=True)  # fmt: skip
    choice = sparse.parse_method(
        "auto" if asked["method"] is None else asked["method"]
    ).with_options(overrides or [])
    order = "auto" if asked["order"] is None else asked["order"]
    check_order(order)
    (own,) = file_options(asked, [x])
    learned = sparse.fit(
        read(x, own),
        choice,
        rng=asked["seed"] or 0,
        progress=not as_json,
        order=cast(Any, order),
        device=asked["device"],
    )
    learned.save(output)
    finish(output, learned.evidence.to_dict(), repr(learned), as_json)
