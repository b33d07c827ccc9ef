"""Every option of a joint dictionary, declared once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic
from pydantic import Field

from unbraid import sparse
from unbraid._config import Config, read
from unbraid._parse import choice_of
from unbraid._validate import check_count
from unbraid.errors import InputError


class JointConfig(Config):
    """Options of one dictionary learned from several systems together."""

    method: Any = Field(default="auto", validate_default=True)
    """How the dictionary is learned from all units side by side: a method, or its name."""
    seeds: Annotated[int, Field(ge=1, le=100)] = 3
    """Dictionaries learned, each from its own random start."""
    evidence_share: Annotated[float, Field(gt=0, lt=1)] = 0.25
    """Share of the stimuli that all systems answered on which the evidence rests (2,000 at most);
    nothing is learned from them."""
    order: Literal["auto", "exchangeable", "time"] = "auto"
    """Whether stimuli follow each other in time, or any order is as good; auto: it is tested."""
    permutations: Annotated[int, Field(ge=99)] = 4999
    """Pairings of wrong stimuli behind each p-value."""
    refits: Annotated[int, Field(ge=0)] = 3
    """Dictionaries learned from wrong pairings: how many latents look shared where none is."""
    level: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    """False discovery rate of latents called shared; intervals have level ``1 - level``."""
    values: Literal["shared", "per system"] = "shared"
    """One code a latent for all systems, or a value for each system on a common support."""
    baselines: bool = True
    """Whether each system alone, matching and ridge stand beside."""

    @pydantic.field_validator("method", mode="before")
    @classmethod
    def _name_or_method(cls, value: Any) -> Any:
        if isinstance(value, str):
            return sparse.parse_method(value)
        if isinstance(value, dict) and "name" in value:
            return choice_of(value, sparse.METHODS)
        if not isinstance(value, sparse.Method):
            raise InputError(
                f"method must be a method such as unbraid.TopK(k=32), or its name, got {value!r}"
            )
        return value

    @pydantic.field_serializer("method")
    def _described(self, value: Any) -> dict[str, Any]:
        return value.describe()


def read_joint_config(
    path: Path | None, overrides: Sequence[str], seed: int | None
) -> tuple[JointConfig, int]:
    """Return the options of a YAML file or a run's config.json, and the seed, else the file's."""
    options = read(JointConfig, path)
    own = options.pop("seed", 0)
    if own is None and seed is None:
        raise InputError(f"{path} was made by a generator, not by a seed: give a seed.")
    seed = own if seed is None else seed
    check_count(seed, "seed")
    return JointConfig(**options).with_options(overrides), seed
