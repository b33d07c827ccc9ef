"""How many features a number of units allows."""

from __future__ import annotations

from typing import Annotated

import typer

from unbraid import _terminal
from unbraid.cli.arguments._options import Json
from unbraid.errors import InputError


def bound(
    units: Annotated[int, typer.Option(min=1, help="Number of units M.")],
    active: Annotated[float, typer.Option(min=0, help="Features active at once, K.")],
    as_json: Json = False,
) -> None:
    """How many features M = K ln(N/K) allows.

    For example: unbraid bound --units 512 --active 20

    For programs: unbraid bound --units 512 --active 20 --json
    """
    from unbraid import theory

    if active > units:
        told = f"{active:g} features active at a time cannot be separated in {units} units"
        raise InputError(f"{told}; --active is at most --units.")
    features = theory.features_possible(n_units=units, active=active)
    line = f"{units} units can hold up to {features:.4g} features, {active:g} active at a time."
    _terminal.show({"units": units, "active": active, "features": features}, line, as_json)
