"""Every promise of the metrics' table: what changes nothing, what must change something."""

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unbraid.align import METRICS

FAST = {"permutations": 0, "resamples": 0}


def rotation(p, rng):
    return np.linalg.qr(rng.normal(size=(p, p)))[0]


MAPS = {
    "permutation": lambda x, rng: x[:, rng.permutation(x.shape[1])],
    "unit_scaling": lambda x, rng: x * np.exp(rng.normal(size=x.shape[1])),
    "common_scaling": lambda x, rng: x * np.exp(3 * rng.normal()),
    "shift": lambda x, rng: x + rng.normal(size=x.shape[1]),
    "rotation": lambda x, rng: x @ rotation(x.shape[1], rng),
    "sign_flip": lambda x, rng: -x,  # noqa: ARG005
    "linear": lambda x, rng: x @ (rotation(x.shape[1], rng) * np.exp(rng.normal(size=x.shape[1]))),
    "shuffle": lambda x, rng: x[rng.permutation(len(x))],
}

SAME = [(name, side, change) for name, metric in METRICS.items()
        for side, maps in (("x", metric.invariant_to), ("y", metric.target_invariant_to))
        for change in sorted(maps)]  # fmt: skip
OTHER = [(name, change) for name, metric in METRICS.items()
         for change in sorted(metric.changes_under)]  # fmt: skip


def systems(seed):
    rng = np.random.default_rng(seed)
    z = rng.laplace(size=(90, 6))
    x = z + 0.3 * rng.normal(size=z.shape)
    y = z[:, :4] * np.array([1.0, 2, 0.5, 1]) + 0.3 * rng.normal(size=(90, 4))
    return x, y, rng


@pytest.mark.parametrize("name, side, change", SAME)
@settings(max_examples=3, deadline=None, derandomize=True,
          suppress_health_check=[HealthCheck.function_scoped_fixture])  # fmt: skip
@given(seed=st.integers(0, 2**32 - 1))
def test_promised_invariance(name, side, change, seed):
    x, y, rng = systems(seed)
    compute = METRICS[name].compute
    plain = compute(x, y, **FAST).value
    changed = MAPS[change](x if side == "x" else y, rng)
    pair = (changed, y) if side == "x" else (x, changed)
    # jaccard sees signs, which sums in another order leave alone; the others sum in another order
    assert compute(*pair, **FAST).value == pytest.approx(plain, abs=2e-6)


@pytest.mark.parametrize("name, change", OTHER)
@settings(max_examples=3, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1))
def test_what_must_change_a_metric_does(name, change, seed):
    x, y, rng = systems(seed)
    compute = METRICS[name].compute
    plain, other = compute(x, y, **FAST).value, compute(MAPS[change](x, rng), y, **FAST).value
    assert abs(plain - other) > 1e-3
    if change == "shuffle":
        assert other < plain


@pytest.mark.parametrize("name", sorted(METRICS))
@settings(max_examples=3, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32 - 1))
def test_symmetry_and_range(name, seed):
    x, y, _ = systems(seed)
    metric = METRICS[name]
    there, back = metric.compute(x, y, **FAST).value, metric.compute(y, x, **FAST).value
    assert metric.low <= there <= metric.high + 1e-9
    if metric.symmetric:
        assert there == pytest.approx(back, abs=1e-9)
    assert metric.compute(x, x, **FAST).value == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("name", sorted(METRICS))
def test_the_table_names_the_function_and_what_is_held_out(name, rng):
    metric = METRICS[name]
    score = metric.compute(*systems(1)[:2], permutations=0, resamples=5)
    assert score.metric == name
    assert metric.compute.__name__ == name
    assert metric.summary[0].islower()
    assert bool(len(score.per_fold)) == metric.held_out
    assert score.low <= score.value <= score.high
