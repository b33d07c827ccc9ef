"""Jobs that learn a dictionary."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from unbraid._validate import check_count
from unbraid.errors import InputError
from unbraid.jobs._job import Job
from unbraid.jobs.kinds._kind import Kind, Write
from unbraid.jobs.kinds._loaded import load

if TYPE_CHECKING:  # heavy, and imported where it is called
    from unbraid.sparse import Method

_NUMBERS = ("fvu", "l0", "dead", "density")


class Fit(Kind):
    """A dictionary of one system, as ``unbraid fit``."""

    name: ClassVar[str] = "fit"

    def files(self, given: Mapping[str, Any]) -> dict[str, bool]:  # noqa: ARG002
        """Return what it reads."""
        return {"x": True}

    def options(self, given: Mapping[str, Any]) -> tuple[str, ...]:  # noqa: ARG002
        """Return the method and the seed."""
        return ("method", "seed")

    def settings(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the method with all its options, and the seed."""
        seed = given.get("seed", 0)
        check_count(seed, "seed")
        return {"method": method_of(given.get("method", "auto")).describe(), "seed": seed}

    def compute(self, job: Job, used: Mapping[str, Path]) -> Write:  # noqa: ARG002
        """Learn."""
        from unbraid import sparse
        from unbraid.sparse.formats import native

        method = method_of(job.settings["method"])
        learned = sparse.fit(load(job.files["x"]), method, rng=job.settings["seed"])
        found = {**learned.evidence.to_dict(), "n_latents": learned.n_latents}
        told = {"result.json": json.dumps(found, indent=2, allow_nan=False) + "\n"}
        return lambda folder, beside: native.save(learned, folder, {**told, **beside})

    def summary(self, result: Mapping[str, Any]) -> dict[str, Any]:
        """Return the evidence in numbers."""
        found = {name: result.get(name) for name in ("n_latents", *_NUMBERS)}
        return {**found, "warnings": len(result.get("warnings") or ())}


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
