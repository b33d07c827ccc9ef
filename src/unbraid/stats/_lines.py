"""Lines in a spectrum: power at one frequency, against noise and against the next frequencies."""

from __future__ import annotations

import numpy as np
from scipy.special import fdtrc, gammaincc

_NEAR = 6  # frequencies on each side of a line, past the next one, that tell what is usual there
_WHITE = 0.99  # largest serial correlation that is taken out before frequencies are compared
_NOTHING = 1e-9  # of the mean power: what is left where a series is nothing but its period


def against_noise(series: np.ndarray) -> float:
    """Return the p-value of the strongest line of exchangeable series, alone or together.

    A line lies between two neighbouring frequencies. Their powers, divided by ``n``, are those of
    four normal numbers; the correlations of the series are known, so that together they make
    ``4 s``.
    """
    s, n = series.shape
    first = np.arange(1, (n - 1) // 2)
    if not s or not len(first):
        return 1.0
    waves = np.fft.rfft(series, axis=1) / np.sqrt(n)
    size, directions = np.linalg.eigh(series @ series.T / n)
    kept = size > 1e-6 * size.max()
    whole = (directions[:, kept] / np.sqrt(size[kept])).T @ waves
    alone, together = (np.abs(each) ** 2 for each in (waves, whole))
    power = alone[:, first] + alone[:, first + 1]
    all_power = (together[:, first] + together[:, first + 1]).sum(axis=0)
    best = min(s * gammaincc(2, power.max()), gammaincc(2 * kept.sum(), all_power.max()))
    return float(min(1.0, 2 * len(first) * best))


def against_next(series: np.ndarray, n_leading: int) -> np.ndarray:
    """Return the p-value of a line at 1.5, 2.5, ... cycles over the series, of all series together.

    The power of the frequencies on either side against that of the next ones, once what lag 1
    explains is taken out: a ratio of variances, F-distributed where the spectrum is smooth.
    """
    n = series.shape[1]
    first = np.arange(1, (n - 1) // 2)
    if not len(first):
        return np.empty(0)
    lag = np.clip(np.mean(series[:, 1:] * series[:, :-1], axis=1), -_WHITE, _WHITE)[:, None]
    white = np.hstack([series[:, :1] * np.sqrt(1 - lag**2), series[:, 1:] - lag * series[:, :-1]])
    power = np.abs(np.fft.fft(white, axis=1)) ** 2
    power[:, 0] = power[:, 1]  # the mean is no frequency
    line = power[:, first] + power[:, first + 1]
    away = np.concatenate([np.arange(-_NEAR - 1, -1), np.arange(3, _NEAR + 3)])
    usual = sum(power[:, (first + step) % n] for step in away) + len(away) * n * _NOTHING
    scale = len(away) / 2
    alone = fdtrc(4, 4 * scale, scale * line / usual).min(axis=0) * len(series)
    if not n_leading:
        return np.minimum(1.0, alone)
    ratio = scale * line[:n_leading].sum(axis=0) / usual[:n_leading].sum(axis=0)
    together = fdtrc(4 * n_leading, 4 * n_leading * scale, ratio)
    return np.minimum(1.0, 2 * np.minimum(alone, together))
