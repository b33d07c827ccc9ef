"""What counts as a unit of a layer: each rule turns a layer's output into rows of units."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, cast

import numpy as np
from pydantic import Field

from unbraid._config import Config
from unbraid._parse import parse_choice
from unbraid.errors import InputError


class Rule(Config):
    """How a layer's output ``(batch, ...)`` becomes units.

    ``units_of(output)`` gives a tensor ``(batch, units)``, or ``(batch, positions, units)`` when
    every position is to count as a stimulus of its own.
    """

    @abstractmethod
    def units_of(self, output: Any) -> Any:
        """Return the units of one batch of outputs, a torch tensor."""


class Flatten(Rule):
    """Every number of the output is a unit, in the layer's own order (channel, row, column)."""

    def units_of(self, output: Any) -> Any:
        """Return (batch, everything)."""
        return output.flatten(1)


class ChannelMean(Rule):
    """Each channel's mean over positions.

    Channels stand second in images ``(batch, channel, row, column)`` and last in sequences
    ``(batch, token, channel)``.
    """

    def units_of(self, output: Any) -> Any:
        """Return (batch, channels)."""
        return _positions_last(output, self).mean(-1)


class Center(Rule):
    """Each channel at the central position (row h // 2, column w // 2)."""

    clamp: bool = False
    """Negative values become 0, as in the published code for convolutional networks."""

    def units_of(self, output: Any) -> Any:
        """Return (batch, channels)."""
        _expect(output, (4,), self)
        height, width = output.shape[-2:]
        center = output[:, :, height // 2, width // 2]
        return center.clamp(min=0) if self.clamp else center


class ClassToken(Rule):
    """Each channel of one token of a sequence; the first is a vision transformer's class token."""

    token: int = 0
    """Number of the token; -1 is the last one."""

    def units_of(self, output: Any) -> Any:
        """Return (batch, channels)."""
        _expect(output, (3,), self)
        if not -output.shape[1] <= self.token < output.shape[1]:
            raise InputError(f"ClassToken(token={self.token}) of {output.shape[1]} tokens.")
        return output[:, self.token]


class Positions(Rule):
    """Every position (or token) is a stimulus of its own; units are the channels."""

    skip: int = Field(default=0, ge=0)
    """Tokens at the start of a sequence that are no positions: 1 leaves a class token out."""

    def units_of(self, output: Any) -> Any:
        """Return (batch, positions, channels), positions row by row."""
        rows = _positions_last(output, self).transpose(1, 2)
        return rows[:, self.skip :] if output.ndim == 3 else rows


class AveragePool(Rule):
    """Each channel averaged in a grid of size x size cells: channels * size**2 units."""

    size: int = Field(default=4, ge=1)
    """Cells along each side."""

    def units_of(self, output: Any) -> Any:
        """Return (batch, channels * size * size)."""
        from unbraid._torch import torch

        _expect(output, (4,), self)
        return torch.nn.functional.adaptive_avg_pool2d(output, self.size).flatten(1)


class RandomProjection(Rule):
    r"""A sparse random projection of all numbers of the output.

    ``y = R x`` with independent entries ``R_ij = +-1 / sqrt(density * n_units)`` with probability
    ``density`` and 0 otherwise, so that ``E |y|^2 = |x|^2``: inner products survive up to about
    ``1 / sqrt(n_units)``.

    References
    ----------
    Li, Hastie, Church (2006), Very sparse random projections: density ``1 / sqrt(p)``.
    """

    n_units: int = Field(default=4096, ge=1)
    """Units after the projection."""
    density: float | None = Field(default=None, gt=0, le=1)
    """Share of non-zero weights; none means 1 / sqrt(p)."""
    seed: int = Field(default=0, ge=0)
    """Seed of the weights."""

    def units_of(self, output: Any) -> Any:
        """Return (batch, n_units)."""
        flat = output.flatten(1)
        return flat @ _projection(self, flat.shape[1], flat).to(flat.dtype)


_RULES = (AveragePool, Center, ChannelMean, ClassToken, Flatten, Positions, RandomProjection)


def parse_rule(text: str) -> Rule:
    """Read a rule from text: its name in any case, or ``Name(option=value, ...)``.

    Parameters
    ----------
    text : str
        Such as ``"channelmean"`` or ``"AveragePool(size=2)"``.

    Returns
    -------
    Rule
        The rule with these options.

    Raises
    ------
    InputError
        No rule of that name; an option that it does not have.

    Examples
    --------
    >>> parse_rule("averagepool(size=2)")
    AveragePool(size=2)
    """
    return cast(Rule, parse_choice(text, {kind.__name__: kind for kind in _RULES}))


_PROJECTIONS: dict[Any, Any] = {}  # the last one used: every batch needs it


def _projection(rule: RandomProjection, n_inputs: int, like: Any) -> Any:
    """Return the dense-times-sparse factor (n_inputs, n_units)."""
    from unbraid._torch import torch

    key = (rule, n_inputs, like.device)
    if key not in _PROJECTIONS:
        rng = np.random.default_rng(rule.seed)
        density = rule.density or 1 / np.sqrt(n_inputs)
        counts = rng.binomial(n_inputs, density, size=rule.n_units)
        rows = np.concatenate([rng.choice(n_inputs, c, replace=False) for c in counts])
        columns = np.repeat(np.arange(rule.n_units), counts)
        signs = rng.choice([-1.0, 1.0], size=len(rows)) / np.sqrt(density * rule.n_units)
        matrix = torch.sparse_coo_tensor(
            torch.from_numpy(np.stack([rows, columns])),
            torch.from_numpy(signs).float(),
            (n_inputs, rule.n_units),
            device=like.device,
            check_invariants=False,
        ).coalesce()
        _PROJECTIONS.clear()
        _PROJECTIONS[key] = matrix
    return _PROJECTIONS[key]


def _positions_last(output: Any, rule: Rule) -> Any:
    """Return (batch, channels, positions); a plain vector has one position."""
    _expect(output, (2, 3, 4, 5), rule)
    if output.ndim == 3:
        return output.transpose(1, 2)
    return output.flatten(2) if output.ndim > 3 else output[:, :, None]


def _expect(output: Any, ranks: tuple[int, ...], rule: Rule) -> None:
    if output.ndim not in ranks:
        wanted = " or ".join(str(rank) for rank in ranks)
        raise InputError(
            f"{type(rule).__name__} needs an output with {wanted} axes (batch first), got shape "
            f"{tuple(output.shape)}. Use Flatten()."
        )
