"""Every option of a joint dictionary, declared once."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from unbraid._config import Config
from unbraid.sparse._method import NamedMethod

OrderWord = Literal["auto", "exchangeable", "time"]
"""What a caller knows of the order of the stimuli."""


class JointConfig(Config):
    """Options of one dictionary learned from several systems together."""

    method: NamedMethod = Field(default="auto", validate_default=True)
    """How the dictionary is learned from all units side by side: a method, or its name."""
    seeds: Annotated[int, Field(ge=1, le=100)] = 3
    """Dictionaries learned, each from its own random start."""
    evidence_share: Annotated[float, Field(gt=0, lt=1)] = 0.25
    """Share of the stimuli that all systems answered on which the evidence rests (2,000 at most);
    nothing is learned from them."""
    order: OrderWord = "auto"
    """Whether stimuli follow each other in time, or any order is as good; auto: it is tested."""
    permutations: Annotated[int, Field(ge=99)] = 4999
    """Pairings of wrong stimuli for each p-value."""
    refits: Annotated[int, Field(ge=0)] = 3
    """Dictionaries learned from wrong pairings: how many latents look shared where none is."""
    level: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    """False discovery rate of latents called shared; intervals have level ``1 - level``."""
    values: Literal["shared", "per system"] = "shared"
    """One code a latent for all systems, or a value for each system on a common support."""
    baselines: bool = True
    """Whether each system alone, matching and ridge are computed for comparison."""
    device: str | None = None
    """Where torch computes what has a twin there, such as "cuda" (see ``fit``); none: on the
    processor, by compiled kernels."""
