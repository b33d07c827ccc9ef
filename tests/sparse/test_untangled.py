"""Families: what a latent shares with those that its feature needs is not its own."""

import numpy as np
import pytest

from unbraid.sparse import Dictionary, TopK, Untangled, fit
from unbraid.sparse.learning._alternating import Coded
from unbraid.sparse.learning._untangle import untangle
from unbraid.worlds import FeatureHierarchy


def turn_of(codes):
    """Return the codes (n, m) as of one iteration, with nothing left over."""
    active = np.broadcast_to(np.arange(codes.shape[1], dtype=np.int32), codes.shape)
    return Coded(active, codes, np.zeros((len(codes), 1), codes.dtype))


def absorbed(rng, chain, n=2000, p=200):
    """Return true atoms (5, p), atoms that absorb, and their codes: a chain of three, two alone."""
    truth = np.linalg.qr(rng.normal(size=(p, 5)))[0].T
    atoms = truth.copy()
    codes = np.where(rng.random((n, 5)) < 0.2, rng.uniform(0.8, 1.2, (n, 5)), 0)
    if chain:
        depth = rng.integers(0, 4, n)  # none, parent, child, grandchild
        codes[:, :3] = (depth[:, None] == [1, 2, 3]) * np.sqrt([1, 2, 3])
        atoms[1] = truth[:2].sum(axis=0) / np.sqrt(2)
        atoms[2] = truth[:3].sum(axis=0) / np.sqrt(3)
    return truth, atoms, codes


def test_a_chain_that_was_absorbed_comes_apart(rng):
    truth, atoms, codes = absorbed(rng, chain=True)
    new, changed = untangle(atoms, turn_of(codes))
    assert changed == 2
    np.testing.assert_allclose(new, truth, atol=1e-10)
    # every stimulus is still a sum of atoms with codes that are not negative
    exact = codes @ atoms @ np.linalg.pinv(new)
    assert exact.min() > -1e-10
    np.testing.assert_allclose(exact @ new, codes @ atoms, atol=1e-10)


def test_what_was_not_absorbed_is_left_alone(rng):
    truth, atoms, codes = absorbed(rng, chain=False)
    new, changed = untangle(atoms, turn_of(codes))
    assert changed == 0
    np.testing.assert_array_equal(new, atoms)
    atoms[1] = 0.5 * truth[0] + np.sqrt(0.75) * truth[1]  # alike, but neither needs the other
    assert untangle(atoms, turn_of(codes))[1] == 0


def test_a_companion_that_is_always_there_is_taken_out(rng):
    truth, atoms, codes = absorbed(rng, chain=False)
    atoms[1] = 0.4 * truth[0] + np.sqrt(0.84) * truth[1]
    codes[:, 0] = np.maximum(codes[:, 0], 0.6 * codes[:, 1])
    new, changed = untangle(atoms, turn_of(codes))
    assert changed == 1
    np.testing.assert_allclose(new[1], truth[1], atol=1e-10)


@pytest.mark.parametrize(
    ("cosine", "size", "signed", "changed"),
    [(0.6, 0.5, False, 0), (-0.6, 0.5, True, 0), (-0.6, 0.5, False, 1), (0.6, 0.2, False, None)],
)
def test_what_only_corrects_a_latent_is_not_taken_out_of_it(rng, cosine, size, signed, changed):
    truth, atoms, codes = absorbed(rng, chain=False)
    atoms[1] = cosine * truth[0] + 0.8 * truth[1]
    codes[:, 1] = size * ((codes[:, 0] > 0) | (rng.random(len(codes)) < 0.05))
    new, count = untangle(atoms, turn_of(codes), signed=signed)
    same = [i for i in range(5) if i != changed]
    assert count == (changed is not None)
    np.testing.assert_array_equal(new[same], atoms[same])
    assert new[0] @ new[1] == pytest.approx(cosine if changed is None else 0, abs=1e-10)


@pytest.fixture(scope="module")
def family():
    world = FeatureHierarchy(
        n_roots=3, children=4, depth=2, alone=17, active_roots=1.6, zipf=0.5, given_parent=0.2,
        exclusive=True, magnitude="normal", n_units=48,
    )  # fmt: skip
    return world.sample(10_000, rng=9)


def test_features_of_families_are_recovered_from_one_that_absorbs_them(family, mcc, tmp_path):
    n_features = family.features.shape[1]
    train, test = family.responses[:8000], family.responses[8000:]
    truth = family.features[8000:].toarray()
    wide = TopK(n_latents=n_features, k=3, training={"steps": 500})
    absorbing = fit(train, wide, rng=0)
    learned = fit(train, Untangled(of=wide), rng=0)
    codes = learned.encode(test)
    assert mcc(truth, absorbing.encode(test)) < 0.9
    assert mcc(truth, absorbing.encode(test, by="fista")) < 0.94
    assert mcc(truth, codes) > 0.96
    assert learned.fvu(test, codes) < 0.03
    assert codes.l0 < 2 * family.features.nnz / 10_000
    np.testing.assert_allclose(np.linalg.norm(learned.atoms, axis=1), 1, rtol=1e-5)
    again = Dictionary.load(learned.save(tmp_path / "d"))
    assert again.method == learned.method
    np.testing.assert_array_equal(again.encode(test).toarray(), codes.toarray())


def test_scale_and_offset_of_the_units_do_not_matter(family):
    x = family.responses[:2000]
    method = Untangled(of=TopK(n_latents=40, k=3, training={"steps": 60}), iterations=2, rounds=4)
    first = fit(x, method, rng=0)
    other = fit(100 * x + 30, method, rng=0)
    assert other.evidence.fvu == pytest.approx(first.evidence.fvu, rel=0.05, abs=2e-3)
    np.testing.assert_allclose(other.penalty, 100 * first.penalty, rtol=0.05)
