"""Recurrent networks that read a sequence and repeat it: trained onions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pydantic import Field
from scipy.special import expit

from unbraid import _validate
from unbraid._config import Config
from unbraid._documented import documented_answer
from unbraid._kernels.threads import one_thread
from unbraid._progress import Progress
from unbraid.errors import TrainingError

if TYPE_CHECKING:
    import torch


@documented_answer
@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Repeater:
    """A trained network of gated recurrent units (GRU) with its embedding and readout."""

    embedding: np.ndarray
    """(n_tokens + 1, n_units): input of each token; the last row requests the first token."""
    gates: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
    """Weights (3 n_units, n_units) of input and state, then their biases: reset, update, new."""
    readout: tuple[np.ndarray, np.ndarray]
    """Weights (n_tokens, n_units) and bias."""
    config: RepeatWorld
    """The options that it was trained with."""
    loss: float
    """Mean cross entropy over the last 100 steps, in nats."""

    def __repr__(self) -> str:
        c = self.config
        return f"Repeater({c.n_units} units, {c.length} of {c.n_tokens} tokens, {self.loss:.4f})"

    def responses(self, tokens: np.ndarray) -> np.ndarray:
        """Return the state (n, n_units) after reading sequences of tokens (n, length)."""
        state = np.zeros((len(tokens), self.config.n_units))
        for column in tokens.T:
            state = self._after(state, column)
        return state

    def repeat(self, responses: np.ndarray) -> np.ndarray:
        """Return the tokens (n, length) that the network produces from its state, each fed back."""
        state, said = responses, np.full(len(responses), self.config.n_tokens)
        weights, bias = self.readout
        tokens = []
        for _ in range(self.config.length):
            state = self._after(state, said)
            said = (state @ weights.T + bias).argmax(axis=1)
            tokens.append(said)
        return np.column_stack(tokens)

    def _after(self, state: np.ndarray, tokens: np.ndarray) -> np.ndarray:
        to_input, to_state, input_bias, state_bias = self.gates
        given = np.split(self.embedding[tokens] @ to_input.T + input_bias, 3, axis=1)
        held = np.split(state @ to_state.T + state_bias, 3, axis=1)
        reset, update = expit(given[0] + held[0]), expit(given[1] + held[1])
        return (1 - update) * np.tanh(given[2] + reset * held[2]) + update * state


class RepeatWorld(Config):
    """Gated recurrent networks trained to repeat random sequences of tokens.

    Cross entropy, AdamW with a rate that falls to 0 over the second half of training, gradients
    clipped to length 1; while it learns to produce a sequence, the network is fed the true one.
    Narrow networks store a token's place by magnitude, wide ones so that a linear readout finds it.

    References
    ----------
    Csordas et al. (2024), Recurrent neural networks learn to store and generate sequences using
    non-linear representations, arXiv 2408.10920: 30 tokens, sequences of 2 to 9, 48 units and more,
    40,000 steps.
    """

    n_tokens: int = Field(default=10, ge=2)
    """Different tokens."""
    length: int = Field(default=4, ge=1)
    """Tokens of a sequence."""
    n_units: int = Field(default=16, ge=1)
    """Units of the state, and of the embedding."""
    steps: int = Field(default=5_000, ge=1)
    """Training steps."""
    batch_size: int = Field(default=256, ge=1)
    """Sequences a step."""
    learning_rate: float = Field(default=5e-3, gt=0)
    """Of AdamW."""
    weight_decay: float = Field(default=0.1, ge=0)
    """Of AdamW."""

    def tokens(self, n: int, *, rng: int | np.random.Generator | None = None) -> np.ndarray:
        """Draw n sequences of independent tokens (n, length)."""
        return _validate.as_rng(rng).integers(self.n_tokens, size=(n, self.length))

    def train(
        self,
        *,
        rng: int | np.random.Generator | None = None,
        progress: Progress | None = None,
    ) -> Repeater:
        """Train one network.

        Parameters
        ----------
        rng : int, Generator or None
            Rules initial weights and sequences; torch's generator is left alone.
        progress : callable, optional
            Called as ``progress(message, fraction)``.

        Raises
        ------
        TrainingError
            The loss is not finite.

        Notes
        -----
        Cost a step: about ``72 batch_size length n_units^2`` operations.
        """
        with one_thread():
            return self._train(_validate.as_rng(rng), progress)

    def _train(self, rng: np.random.Generator, progress: Progress | None) -> Repeater:
        from unbraid._torch import functional, torch

        embedding, gates, readout = self._start(rng)
        free = [embedding, *gates.parameters(), *readout]
        optimizer = torch.optim.AdamW(free, lr=self.learning_rate, weight_decay=self.weight_decay)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: min(1.0, 2 * (1 - step / self.steps))
        )
        asked = torch.full((1, self.batch_size), self.n_tokens)
        late: list[float] = []
        for step in range(self.steps):
            tokens = torch.from_numpy(self.tokens(self.batch_size, rng=rng).T.copy())
            _, state = gates(embedding[tokens])
            said, _ = gates(embedding[torch.cat([asked, tokens[:-1]])], state)
            logits = said @ readout[0].T + readout[1]
            loss = functional.cross_entropy(logits.flatten(0, 1), tokens.flatten())
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(free, 1.0)
            optimizer.step()
            schedule.step()
            late = [*late[-99:], float(loss.detach())]
            if progress is not None and step % 100 == 0:
                message = f"network of {self.n_units} units, loss {late[-1]:.4f}"
                progress(message, (step + 1) / self.steps)
        if not np.isfinite(late).all():
            raise TrainingError(f"The loss became {late[-1]}; lower learning_rate.")
        return Repeater(
            embedding=_plain(embedding),
            gates=tuple(map(_plain, gates.parameters())),  # type: ignore[arg-type]
            readout=(_plain(readout[0]), _plain(readout[1])),
            config=self,
            loss=float(np.mean(late)),
        )

    def _start(
        self, rng: np.random.Generator
    ) -> tuple[torch.Tensor, torch.nn.GRU, tuple[torch.Tensor, torch.Tensor]]:
        """Draw initial weights as torch's layers do, from ``rng``."""
        from unbraid._torch import torch

        def drawn(*shape: int) -> torch.Tensor:
            bound = 1 / np.sqrt(self.n_units)
            return torch.from_numpy(rng.uniform(-bound, bound, shape).astype(np.float32))

        gates = torch.nn.GRU(self.n_units, self.n_units, device="meta").to_empty(device="cpu")
        with torch.no_grad():
            for weights in gates.parameters():
                weights.copy_(drawn(*weights.shape))
        shape = (self.n_tokens + 1, self.n_units)
        embedding = torch.from_numpy(rng.normal(size=shape).astype(np.float32)).requires_grad_()
        readout = drawn(self.n_tokens, self.n_units), drawn(self.n_tokens)
        return embedding, gates, (readout[0].requires_grad_(), readout[1].requires_grad_())


def _plain(weights: torch.Tensor) -> np.ndarray:
    return weights.detach().numpy().astype(np.float64)
