"""What learning a dictionary will cost: a rough estimate from its sizes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from unbraid.sparse._method import Method
from unbraid.sparse.auto.auto import Auto
from unbraid.sparse.training._training import Autoencoder

# Seconds of one core at 2 GHz, measured at 300 to 20,000 stimuli and 16 to 256 units. Auto's at 100
# stimuli of 16 units (3.3 s), 250 of 64 (5 to 8), 500 of 128 (23, where codes are sampled), 1,000
# of 128 (19): about the root of the responses. With many it is at least as much for each as was
# measured of large ones.
_AUTO, _AUTO_POWER = 0.07, 0.5
_SEARCH_EACH = 6e-5  # Auto, at least, per response
_KNOWN = 0.5  # of that where another seed has found width and offset: .4 to .6
_SUPPORT_EACH = 1e-6  # codes by l0, per stimulus and latent: .03 ms of 64 latents, 1 ms of 1,000
_LEARN, _LEARN_EACH = 1.0, 3.5e-5  # one learning of known width, per response
_ROWS_LEARNED = 12_000  # stimuli learned from at most
_STEP, _STEP_EACH = 7e-4, 1e-10  # an autoencoder's step, per response times latent
START = 0.55 * 2**30  # bytes of the interpreter, the packages and compiled kernels


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Time and memory of a job."""

    seconds: float
    """On one core."""
    memory: float
    """Bytes."""

    def __str__(self) -> str:
        minutes = self.seconds / 60
        time = f"{self.seconds:.0f} s" if minutes < 2 else f"{minutes:.0f} min"
        time = time if minutes < 120 else f"{minutes / 60:.0f} h"
        return f"about {time} on one core, {self.memory / 2**30:.1f} GiB of memory (roughly)"


def cost_of_learning(method: Method, n: int, p: int) -> Cost:
    """Return what learning one dictionary from ``n`` stimuli of ``p`` units will cost."""
    m = width_of(method, n, p)
    seconds = learning_seconds(method, n, p, m)
    return Cost(seconds=seconds, memory=START + 8.0 * (4 * n * p + 2 * m * p + n * min(m, 64)))


def width_of(method: Method, n: int, p: int) -> int:
    """Return the latents to expect; what Auto will choose is not known: two per unit."""
    given: Any = getattr(method, "n_latents", None)
    if given is not None:
        return int(given)
    asked = round(getattr(method, "expansion", 2.0) * p)
    return max(2, min(asked, n // 3) if isinstance(method, Auto) else asked)


def learning_seconds(method: Method, n: int, p: int, m: int) -> float:
    """Return the seconds of one learning by a method that may have to search for its width."""
    if isinstance(method, Auto):
        responses = min(n, _ROWS_LEARNED) * p
        return max(_AUTO * responses**_AUTO_POWER, _SEARCH_EACH * responses)
    return again_seconds(method, n, p, m)


def again_seconds(method: Method, n: int, p: int, m: int) -> float:
    """Return the seconds of one learning whose width and activity are known."""
    if isinstance(method, Autoencoder):
        training = method.training
        return training.steps_for(n) * (_STEP + _STEP_EACH * training.batch_for(n) * m * p)
    if isinstance(method, Auto):
        return _KNOWN * learning_seconds(method, n, p, m)
    return _LEARN + _LEARN_EACH * min(n, _ROWS_LEARNED) * p


def l0_seconds(n: int, m: int) -> float:
    """Return the seconds that codes of ``n`` stimuli by the fewest of ``m`` latents take."""
    return _SUPPORT_EACH * n * m
