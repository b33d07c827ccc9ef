"""False discoveries and coverage of joint dictionaries, over many drawn worlds.

Claims: of the latents called shared at a false discovery rate of 5 %, no more are false; intervals
of the leave-units-out contrast cover what 1,500 fresh stimuli give for the same dictionary; the
same seed gives the same bits; the interval of the number of shared latents (least over seeds to
most, with all undecided ones) covers the number of shared features; the range over seeds does not.

    python benchmarks/joint_coverage.py --draws 100     # --first N: from draw N on; --fast: four
"""

from __future__ import annotations

import argparse
import json
import platform
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from joint_worlds import FOUND, QUICK, made, sparse_coding

import unbraid as ub
from unbraid import stats
from unbraid.interpret import feature_correlations
from unbraid.sharing.evidence._left_out import gains_of
from unbraid.sharing.evidence._pairings import pairings

SHARED, PRIVATE, UNITS, N = 8, 4, (10, 10), 900
FRESH = 1500


def world(seed: int, n: int) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """Draw eight shared features and four of each system alone, in ten units each, noise .1."""
    return made(SHARED, 2, UNITS, n, private=PRIVATE, noise=0.1, seed=seed)


def draw(seed: int) -> dict[str, Any]:
    """Join one world from two seeds, and compare with its truth and with fresh stimuli."""
    systems, z, kinds = world(seed, N + FRESH)
    seen = {name: x[:N] for name, x in systems.items()}
    method = sparse_coding(SHARED + 2 * PRIVATE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found = ub.joint(seen, method=method, rng=seed, **{**QUICK, "seeds": 2})
    r = np.abs(feature_correlations(found.encode(seen), z[:N]))
    said, best, one = np.array(found.evidence.kind), r.argmax(axis=1), r.max(axis=1) > FOUND
    shared = said == "shared"
    mixed = np.array([(kinds[row > 0.3] == "shared").all() and (row > 0.3).any() for row in r])
    count, undecided = found.counts["shared"], found.counts["undecided"].value
    row = {
        "seed": seed,
        "shared": int(shared.sum()),
        "false shared": int((shared & ~(mixed | (one & (kinds[best] == "shared")))).sum()),
        "recovered": int(one.sum()),
        "right": int((one & (said == kinds[best])).sum()),
        "wrong": int((one & (said != "undecided") & (said != kinds[best])).sum()),
        "range covers": int(count.low <= SHARED <= count.high - undecided),
        "interval of the count covers": int(count.low <= SHARED <= count.high),
    }
    for each, value in zip(found.contrast.systems, fresh_contrasts(found, systems), strict=True):
        row["intervals"] = row.get("intervals", 0) + 1
        row["cover"] = row.get("cover", 0) + int(each.low <= value <= each.high)
    return row


def fresh_contrasts(found: ub.Joint, systems: dict[str, np.ndarray]) -> list[float]:
    """Return the contrasts of the same dictionary on stimuli that it has not seen."""
    x = found.scale.apply(np.hstack([x[N:] for x in systems.values()]))
    x = x.astype(found.coder.atoms.dtype)
    rng = np.random.default_rng(0)
    pairs = pairings(len(x), stats.Order(in_time=False), rng)
    values = []
    for number in range(len(systems)):
        gains = gains_of(x, found.coder, found.sizes, number, pairs, lambda *_: None)
        values.append(gains.r2 - gains.wrong_r2)
    return values


def same_bits(seed: int) -> bool:
    """Join the same world twice."""
    systems, _, _ = world(seed, N)
    method = sparse_coding(SHARED + 2 * PRIVATE)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        one, two = (ub.joint(systems, method=method, rng=seed, **QUICK) for _ in range(2))
    a, b = one.arrays(), two.arrays()
    return a.keys() == b.keys() and all(np.array_equal(a[k], b[k], equal_nan=True) for k in a)


def main() -> None:
    """Print a line per draw and the sums, and write them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=100)
    parser.add_argument("--first", type=int, default=0, help="number of the first draw")
    parser.add_argument("--fast", action="store_true", help="four draws, for breakage")
    parser.add_argument("--json", help="write the rows here")
    asked = parser.parse_args()
    rows = []
    for seed in range(asked.first, asked.first + (4 if asked.fast else asked.draws)):
        rows.append(draw(seed))
        print(rows[-1], flush=True)  # noqa: T201
    total = {key: sum(row[key] for row in rows) for key in rows[0] if key != "seed"}
    total["same bits"] = same_bits(asked.first)
    print(f"{len(rows)} draws: {total}")  # noqa: T201
    if asked.json:
        about = {"machine": platform.machine(), "unbraid": version("unbraid")}
        Path(asked.json).write_text(json.dumps({**about, "rows": rows, "total": total}, indent=1))


if __name__ == "__main__":
    main()
