"""A joint dictionary as plain JSON data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from unbraid._answers import plain
from unbraid.sharing._saved import KIND

if TYPE_CHECKING:
    from unbraid.sharing._joint import Joint


def record_of(result: Joint) -> dict[str, Any]:
    """Return everything but arrays."""
    systems = [_plain_of(vars(each)) for each in result.contrast.systems]
    return {
        "kind": KIND,
        "verdict": result.verdict.record(),
        "warnings": list(result.warnings),
        "systems": [
            {
                "name": name,
                "n_units": size,
                "variance": plain(result.variance[name]),
                "carried_by_shared": plain(result.carried[name]),
            }
            for name, size in zip(result.names, result.sizes, strict=True)
        ],
        "counts": {kind: vars(count) for kind, count in result.counts.items()},
        "expected_shared": plain(result.expected_shared),
        "contrast": {**_plain_of(vars(result.contrast)), "systems": systems},
        "beside": [_plain_of(vars(each)) for each in result.beside],
        "bounds": [_plain_of(vars(each)) for each in result.bounds],
        "latents": {"kind": list(result.evidence.kind)},
        "coder": {
            "by": result.coder.by,
            "penalty": result.coder.penalty,
            "k": result.coder.k,
            "signed": result.coder.signed,
            "floor": result.coder.floor,
            "least": plain(result.coder.least),
        },
        "joint_rows": result.joint_rows,
        "provenance": result.provenance,
    }


def _plain_of(data: Mapping[str, Any]) -> dict[str, Any]:
    return {name: plain(value) for name, value in data.items() if name != "systems"}
