"""A period that both systems keep over the whole series, as if by one clock.

A rotation is no null for it: the period of one side keeps its phase against that of the other
wherever rows are paired as they came, and loses it where a rotated series is joined.
"""

from __future__ import annotations

import numpy as np

from unbraid.stats._lines import against_next
from unbraid.stats._order import SerialDependence

# Of two related series, whose spectra stand out at the same frequencies by chance, the share with a
# line on both sides; of independent ones hardly any. What it costs and what it leaves stands in
# docs/is-the-gain-real.md
_FALSE = 0.1
_FINE = 65  # frequencies tried between two neighbouring ones


def shared_period(first: SerialDependence, second: SerialDependence) -> float:
    """Return the stimuli of a cycle that two systems hold alike over the whole series; 0 for none.

    At some frequency both have a line: power that stands out from that of the next frequencies on
    either side, of one series or of all components together, once what lag 1 explains is taken
    out. Of independent series hardly any have one by chance; of related ones, whose spectra agree,
    about one in twenty, which then loses its p-value.

    Parameters
    ----------
    first, second : SerialDependence
        What ``serial_dependence`` found of the same stimuli of two systems.

    Returns
    -------
    float
        Stimuli a cycle, to about a tenth of a cycle over the series: of the strongest line, where
        there are several (a rhythm and its harmonics).

    Notes
    -----
    What keeps its phase over less than about a tenth of the series is no line. The ratio of powers
    is F-distributed where a spectrum is smooth, and ranks keep it near that for any responses.
    Cost O(n log n).

    References
    ----------
    Priestley (1981), Spectral analysis and time series, section 8.2 (tests for harmonic components
    on a background that is not white).

    Examples
    --------
    >>> import numpy as np
    >>> from unbraid.stats import serial_dependence
    >>> rng = np.random.default_rng(0)
    >>> turns, noise = np.arange(200)[:, None] / 12.5, rng.normal(size=(2, 200, 5))
    >>> x, y = np.sin(2 * np.pi * (turns + rng.random((2, 1, 5)))) + 0.5 * noise
    >>> round(shared_period(serial_dependence(x), serial_dependence(y)), 1)
    12.5
    >>> shared_period(serial_dependence(x), serial_dependence(noise[0]))
    0.0
    """
    if not (len(first.series) and len(second.series)):
        return 0.0
    both = np.maximum(*(against_next(side.series, side.n_leading) for side in (first, second)))
    if not len(both):
        return 0.0
    at = int(both.argmin())
    if both[at] > _FALSE / len(both):
        return 0.0
    n = first.series.shape[1]
    cycles = at + 1 + np.linspace(0, 1, _FINE)
    waves = np.exp(-2j * np.pi / n * np.arange(n)[:, None] * cycles)
    power = (np.abs(np.vstack([first.series, second.series]) @ waves) ** 2).sum(axis=0)
    return float(n / cycles[power.argmax()])
