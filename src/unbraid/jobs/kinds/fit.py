"""Jobs that learn a dictionary."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from unbraid._validate import check_count
from unbraid.errors import InputError
from unbraid.jobs._job import Job
from unbraid.jobs.kinds._kind import JobCost, Kind, Write
from unbraid.jobs.kinds._loaded import load
from unbraid.jobs.kinds._options import seed_of
from unbraid.jobs.kinds._parts import ORDERS, check_share, learning_rows

if TYPE_CHECKING:  # heavy, and imported where it is called
    from unbraid.sparse import Method

METHOD = "method"
"""A job of this kind whose dictionary's method is taken: what ``auto`` chose serves all seeds."""
_NUMBERS = ("fvu", "l0", "dead", "density")
_TEXTS = 20_000  # bytes of the files beside the atoms
_PART = {"train_share": None, "split_seed": 0, "order": "exchangeable"}


class Fit(Kind):
    """A dictionary of one system, as ``unbraid fit``."""

    name: ClassVar[str] = "fit"

    def files(self, given: Mapping[str, Any]) -> dict[str, bool]:  # noqa: ARG002
        """Return what it reads."""
        return {"x": True}

    def options(self, given: Mapping[str, Any]) -> tuple[str, ...]:  # noqa: ARG002
        """Return the method, the seed, and which part of the stimuli is learned from."""
        return ("method", "seed", *_PART)

    def settings(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the method with all its options, the seed, and the part; none is all stimuli."""
        method = method_of(given.get("method", "auto")).describe()
        return {"method": method, "seed": seed_of(given), "part": part_of(given)}

    def compute(self, job: Job, used: Mapping[str, Path]) -> Write:
        """Learn."""
        from unbraid import sparse
        from unbraid.sparse.formats import native

        method = method_of(job.settings["method"])
        if METHOD in used:
            method = sparse.Dictionary.load(used[METHOD]).method
        x, part = load(job.files["x"]), job.settings["part"]
        x = x if part is None else x.take(learning_rows(x, part))
        order: Literal["auto", "time"] = "time" if part and part["order"] == "time" else "auto"
        learned = sparse.fit(x, method, rng=job.settings["seed"], progress=False, order=order)
        found = {**learned.evidence.to_dict(), "n_latents": learned.n_latents}
        told = {"result.json": json.dumps(found, indent=2, allow_nan=False) + "\n"}
        return lambda folder, beside: native.save(learned, folder, {**told, **beside})

    def summary(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return the evidence in numbers."""
        found = {name: result.get(name) for name in ("n_latents", *_NUMBERS)}
        return {**found, "warnings": len(result.get("warnings") or ())}

    def cost(self, job: Job) -> JobCost:
        """Return what one learning from a file of this size will take."""
        from unbraid.sparse._cost import cost_of_learning

        (n, p), part = load(job.files["x"]).shape, job.settings["part"]
        told = cost_of_learning(
            method_of(job.settings["method"]), n if part is None else round(part["share"] * n), p
        )
        return JobCost(seconds=told.seconds, memory=told.memory, disk=_TEXTS + 16.0 * p * p)


def part_of(given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return which part of the stimuli is learned from; None where it is all of them."""
    share, seed, order = (given.get(name, default) for name, default in _PART.items())
    if share is None:
        unused = [name for name in ("split_seed", "order") if name in given]
        if unused:
            raise InputError(f"{unused[0]} draws a train_share of the stimuli; give that too.")
        return None
    check_share(share)
    check_count(seed, "split_seed")
    if order not in ORDERS:
        raise InputError(f"order must be one of {', '.join(ORDERS)}, got {order!r}.")
    return {"share": share, "seed": seed, "order": order}


def method_of(given: Any) -> Method:
    """Return a method from its name, ``Name(option=value)``, or what ``describe`` gave."""
    from unbraid import sparse
    from unbraid.sparse._method import rebuilt

    if isinstance(given, sparse.Method):
        return given
    if isinstance(given, str):
        return sparse.parse_method(given)
    if isinstance(given, Mapping) and "name" in given:
        return rebuilt(given)
    raise InputError(f"method must be a name or Name(option=value), got {given!r}.")
