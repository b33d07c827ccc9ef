"""Crosscoders: each published objective, and the faults that are published of them."""

import numpy as np
import pytest

from unbraid.errors import InputError
from unbraid.interpret import feature_correlations, mcc
from unbraid.sparse import (
    BatchTopKCrosscoder,
    Dictionary,
    L1Crosscoder,
    PartitionedCrosscoder,
    Sparc,
    Training,
    Usae,
    fit,
)

SHORT = {"steps": 500}
A, B = slice(0, 4), slice(4, 9)  # the units of two systems in the checks of objectives
P = 12  # units of each system in the worlds


def world(seed, n=1500, features=16, weak=0, value_noise=0.0):
    """Return two systems of 12 units that share all features, of which b holds some weakly."""
    rng = np.random.default_rng(seed)
    z = np.zeros((n, features))
    at = np.argsort(rng.random((n, features)), 1)[:, :2]
    np.put_along_axis(z, at, rng.uniform(0.5, 1.5, (n, 2)), 1)
    atoms = rng.normal(size=(2, features, P))
    atoms /= np.linalg.norm(atoms, axis=2, keepdims=True)
    atoms[1, :weak] *= 0.2
    other = z * np.exp(value_noise * rng.normal(size=z.shape))
    return np.hstack([z @ atoms[0], other @ atoms[1]]), z


def lengths_in(learned):
    return (np.linalg.norm(learned.atoms[:, part], axis=1) for part in (slice(P), slice(P, None)))


@pytest.mark.parametrize("seed", range(2))
def test_small_parts_are_pushed_to_zero_by_l1_and_kept_by_batch_topk(seed):
    x, z = world(seed, weak=5)
    ratio = {}
    for method in (
        BatchTopKCrosscoder(n_latents=32, k=2, sizes=(P, P), training=SHORT),
        L1Crosscoder(n_latents=32, penalty=1.0, sizes=(P, P), training=SHORT),
    ):
        learned = fit(x, method, rng=seed)
        codes = learned.encode(x)
        assert mcc(codes, z) > 0.9
        a, b = lengths_in(learned)
        best = feature_correlations(codes, z)[:, :5].argmax(axis=0)
        ratio[type(method)] = b[best] / a[best]
    np.testing.assert_allclose(ratio[BatchTopKCrosscoder], 0.2, atol=0.05)  # the truth
    assert np.median(ratio[L1Crosscoder]) < 0.1


def test_l1_splits_shared_features_into_one_latent_for_each_system():
    """Values that differ between systems, as in networks; both have twice the latents needed."""
    own = {}
    for kind, options in ((BatchTopKCrosscoder, {"k": 2}), (L1Crosscoder, {"penalty": 0.5})):
        found = []
        for seed in range(2):
            x, _ = world(seed, value_noise=0.4)
            learned = fit(x, kind(n_latents=32, sizes=(P, P), training=SHORT, **options), rng=seed)
            a, b = lengths_in(learned)
            delta = 0.5 * (1 + (b - a) / np.maximum(a, b))
            used = learned.encode(x).toarray().any(axis=0)
            found.append(int((used & ((delta < 0.1) | (delta > 0.9))).sum()))
        own[kind] = sum(found)
    assert own[BatchTopKCrosscoder] <= 4
    assert own[L1Crosscoder] > 10  # though no feature is any system's own


def test_latents_set_aside_touch_their_own_system_only():
    x, _ = world(0, n=600)
    method = PartitionedCrosscoder(
        n_latents=20, k=2, own_share=0.2, sizes=(P, P), training={"steps": 60}
    )
    learned = fit(x, method, rng=0)
    for mine, other in ((slice(0, 4), slice(P, None)), (slice(4, 8), slice(P))):
        assert not learned.atoms[mine, other].any()
        assert not learned.encoder.weights[other, mine].any()
    assert learned.atoms[8:].all()
    with pytest.raises(InputError, match="own_share must leave latents for all"):
        fit(x, PartitionedCrosscoder(n_latents=20, own_share=0.7, sizes=(P, P)), rng=0)


@pytest.mark.parametrize("kind", [Usae, Sparc])
def test_one_system_tells_the_code_of_both(kind):
    x, z = world(0)
    learned = fit(x, kind(n_latents=32, k=2, sizes=(P, P), training={"steps": 700}), rng=0)
    assert mcc(learned.encode(x), z) > 0.85
    weights = learned.encoder.weights[:P] * 2  # of two systems' mean
    scores = np.maximum((x[:, :P] - learned.offset[:P]) @ weights, 0)
    codes = np.where(scores >= np.sort(scores, axis=1)[:, [-2]], scores, 0)
    left = x[:, P:] - codes @ learned.atoms[:, P:] - learned.offset[P:]
    explained = 1 - np.square(left).sum() / np.square(x[:, P:] - x[:, P:].mean(0)).sum()
    assert explained > 0.6
    a, b = lengths_in(learned)
    np.testing.assert_allclose(a, b, rtol=1e-4)


def test_sizes_are_those_of_the_units():
    x, _ = world(0, n=300)
    with pytest.raises(InputError, match=r"sizes must sum to the number of units, 24"):
        fit(x, BatchTopKCrosscoder(n_latents=8, k=2, sizes=(P, 3)), rng=0)
    asked = BatchTopKCrosscoder(expansion=2, k=2).sized((4, 5))
    assert (asked.sizes, asked.n_latents, asked.k) == ((4, 5), 18, 2)


def test_saved_and_read_again(tmp_path):
    x, _ = world(0, n=300)
    method = BatchTopKCrosscoder(n_latents=12, k=2, sizes=(P, P), training={"steps": 40})
    learned = fit(x, method, rng=0)
    again = Dictionary.load(learned.save(tmp_path / "d"))
    assert again.method == method
    assert (again.encode(x) != learned.encode(x)).nnz == 0
    assert learned.encode(x).l0 == pytest.approx(2, rel=0.1)


# Objectives: the formulas of the papers, written out once more in float64, and their differences


def batch_topk_loss(w, x, k=2):
    h = x - w["offset"]
    f = np.maximum(h @ w["encoder"].T + w["bias"], 0)
    size = f * (np.linalg.norm(w["atoms"][:, A], axis=1) + np.linalg.norm(w["atoms"][:, B], axis=1))
    f = np.where(size >= np.sort(size.ravel())[-k * len(x)], f, 0)
    return np.square(h - f @ w["atoms"]).sum(1).mean()


def l1_loss(w, x, penalty=0.3):
    h = x - w["offset"]
    f = np.maximum(h @ w["encoder"].T + w["bias"], 0)
    size = np.linalg.norm(w["atoms"][:, A], axis=1) + np.linalg.norm(w["atoms"][:, B], axis=1)
    return np.square(h - f @ w["atoms"]).sum(1).mean() + penalty * (f @ size).mean()


def largest(scores, k):
    """Keep the k largest positive entries of each row."""
    edge = np.sort(scores, axis=1)[:, [-k]]
    return np.where((scores >= edge) & (scores > 0), scores, 0)


def usae_loss(w, x, constant=None, k=2, weight=0.1):
    total, parts = 0.0, (A, B)
    for i, own in enumerate(parts):
        scores = np.maximum((x[:, own] - w["offset"][own]) @ w[f"encoder.{i}"].T, 0)
        codes = largest(scores, k)
        rest = largest(scores - codes, scores.shape[1] // 2)
        for j, part in enumerate(parts):
            left = x[:, part] - w["offset"][part] - codes @ w[f"atoms.{j}"]
            total += np.abs(left).sum(1).mean() / 2
            still = left if constant is None else constant[i, j]
            total += weight * np.square(still - rest @ w[f"atoms.{j}"]).mean() / 2
    return total


def usae_residuals(w, x, k=2):
    found = {}
    for i, own in enumerate((A, B)):
        codes = largest(np.maximum((x[:, own] - w["offset"][own]) @ w[f"encoder.{i}"].T, 0), k)
        for j, part in enumerate((A, B)):
            found[i, j] = x[:, part] - w["offset"][part] - codes @ w[f"atoms.{j}"]
    return found


def sparc_loss(w, x, sizes, k=2):
    h = [x[:, part] - w["offset"][part] for part in (A, B)]
    scores = [h[i] @ w[f"encoder.{i}"].T for i in (0, 1)]
    together = scores[0] + scores[1]
    chosen = together >= np.sort(together, axis=1)[:, [-k]]
    total = 0.0
    for i in (0, 1):
        codes = np.where(chosen, np.maximum(scores[i], 0), 0)
        for j in (0, 1):
            total += np.square(h[j] - codes @ w[f"atoms.{j}"]).sum() / sizes[j]
    return total


def stepped(net, x):
    """Return the loss of a batch and its gradient by name, taking a step of no length."""
    gradient = {}
    whole = net.descent.step

    def keep(rate):
        gradient.update({name: g.copy() for name, g in net.descent.gradient.items()})
        whole(rate)

    net.descent.step = keep
    return net.step(x.astype(np.float32), 0.0, 1.0).loss, gradient


def check(loss, gradient, formula, weights, rng):
    assert loss == pytest.approx(formula(weights), rel=1e-5)
    for name, array in weights.items():
        for flat in rng.choice(array.size, 4, replace=False):
            at, moved = np.unravel_index(flat, array.shape), []
            for step in (1e-4, -1e-4):
                other = {key: value.copy() for key, value in weights.items()}
                other[name][at] += step
                moved.append(formula(other))
            slope = (moved[0] - moved[1]) / 2e-4
            assert gradient[name][at] == pytest.approx(slope, rel=2e-2, abs=2e-3), (name, at)


@pytest.mark.parametrize(
    ("method", "formula"),
    [
        (BatchTopKCrosscoder(n_latents=7, k=2, sizes=(4, 5)), batch_topk_loss),
        (L1Crosscoder(n_latents=7, penalty=0.3, sizes=(4, 5)), l1_loss),
    ],
    ids=["batch topk", "l1"],
)
def test_crosscoders_train_on_the_stated_objective(method, formula, monkeypatch, rng):
    from unbraid.sparse.autoencoders import _autoencode, _dense_net

    kept = {}

    def caught(method, x, rng, log, rule, **options):
        kept["rule"] = rule
        raise KeyboardInterrupt

    monkeypatch.setattr(_autoencode, "learn", caught)
    x = rng.normal(size=(30, 9))
    with pytest.raises(KeyboardInterrupt):
        fit(x, method, rng=0)
    weights = {"atoms": rng.normal(size=(7, 9)), "offset": 0.1 * rng.normal(size=9),
               "encoder": rng.normal(size=(7, 9)), "bias": 0.1 * rng.normal(size=7)}  # fmt: skip
    weights = {name: w.astype(np.float32).astype(np.float64) for name, w in weights.items()}
    net = _dense_net.DenseNet(weights, kept["rule"], 30, Training(), unit=False)
    x = x.astype(np.float32).astype(np.float64)
    loss, gradient = stepped(net, x)
    check(loss, gradient, lambda w: formula(w, x), weights, rng)


@pytest.mark.parametrize("method", [Usae(n_latents=7), Sparc(n_latents=7)], ids=["usae", "sparc"])
def test_universal_ones_train_on_the_stated_objective(method, rng):
    from unbraid.sparse.crosscoders._universal_net import UniversalNet

    x = rng.normal(size=(30, 9)).astype(np.float32).astype(np.float64)
    net = UniversalNet(rng.normal(size=(7, 9)), [A, B], method.objective(2), 30, Training())
    net.descent.weights["offset"][:] = 0.1 * rng.normal(size=9)
    net.descent.weights["encoder.1"] += 0.3 * rng.normal(size=(7, 5))
    weights = {name: w.astype(np.float64) for name, w in net.descent.weights.items()}
    loss, gradient = stepped(net, x)
    if isinstance(method, Usae):
        constant = usae_residuals(weights, x)
        check(loss, gradient, lambda w: usae_loss(w, x, constant), weights, rng)
        return
    sizes = [np.square(x[:, part] - weights["offset"][part]).sum() for part in (A, B)]
    check(loss, gradient, lambda w: sparc_loss(w, x, sizes), weights, rng)
