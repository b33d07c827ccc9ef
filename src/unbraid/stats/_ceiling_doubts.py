"""What makes a noise ceiling doubtful: few repeated stimuli, noise that is not alike."""

from __future__ import annotations

import numpy as np

_BIAS = 0.15  # at this standard error of a reliability, over its power 3/4, ceilings are off by .01
_APART = 0.02  # between two estimates of the reliability, of which one assumes alike repeats
_FEWEST = 20  # with this many stimuli or more, noise of two kinds can be distinguished
_ERRORS = 3.0  # standard errors between two variances that are called different


def of_few(reliability: np.ndarray, error: np.ndarray, n: int, floor: float) -> tuple[str, ...]:
    """Return a line if ceilings are off by more than about .01 for lack of repeated stimuli.

    ``error``: (q,) standard error of each reliability; it falls as ``1 / sqrt(n)``.
    """
    known = ~np.isnan(reliability) & ~np.isnan(error)
    known &= (reliability >= floor) | ~(reliability[known] >= floor).any()
    if not known.any():
        return ()
    usual = max(float(np.median(reliability[known])), floor, 0.01)
    ratio = float(np.median(error[known])) / (_BIAS * usual**0.75)
    if ratio <= 1:
        return ()
    return (
        f"noise ceilings rest on {n} stimuli with repeats: those of units above the floor are too "
        "high, and those of all units too low, by more than about .01; at this reliability "
        f"({usual:.2f}) about {_rounded(n * ratio**2)} stimuli with repeats are needed.",
    )


def of_repeats(
    reliability: np.ndarray, error: np.ndarray, mean_var: np.ndarray, covariance: np.ndarray
) -> tuple[str, ...]:
    """Return a line if some repeats are noisier than others, which halves of them do not allow.

    ``covariance / mean_var``: (q,) mean covariance of two repeats over the variance of the mean of
    all, the reliability whatever the noise of each repeat is. By chance the two differ by about
    the square of the standard error.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        exact = np.where(mean_var > 0, covariance / mean_var, np.nan)
    known = ~np.isnan(exact + reliability + error)
    if not known.any():
        return ()
    halves, whole = float(np.median(reliability[known])), float(np.median(exact[known]))
    if abs(halves - whole) <= _APART + float(np.median(error[known])) ** 2:
        return ()
    return (
        f"repeats differ in their noise: halves of them give a median reliability of {halves:.2f}, "
        f"their variances and covariances {whole:.2f}. Leave noisy repeats out, or scale repeats.",
    )


def of_once(expected: np.ndarray, seen: np.ndarray, n_once: int, n_more: int) -> tuple[str, ...]:
    """Return a line if stimuli shown once vary otherwise than those shown more often predict.

    ``expected``, ``seen``: (q,) variance over the stimuli shown once of each unit's response.
    """
    use = (expected > 0) & (seen > 0)
    if min(n_once, n_more) < _FEWEST or not use.any():
        return ()
    ratio = float(np.median(np.log(seen[use] / expected[use])))
    if abs(ratio) <= _ERRORS * np.sqrt(2 / n_once + 2 / n_more):
        return ()
    return (
        f"stimuli shown once vary {np.exp(ratio):.2g} times as much as those shown more often "
        "predict: their noise or their signals differ, and ceilings assume that they do not.",
    )


def _rounded(count: float) -> int:
    """Return two leading digits of a number."""
    step = 10 ** max(0, len(str(int(count))) - 2)
    return int(-(-count // step) * step)
