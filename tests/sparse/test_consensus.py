"""What seeds agree on: true atoms stay, chance ones go, and the result is a dictionary."""

import numpy as np
import pytest

from unbraid.errors import InputError, TrainingError
from unbraid.sparse import (
    PCA,
    Consensus,
    Dictionary,
    RandomDictionary,
    TopK,
    consensus,
    fit,
    fit_seeds,
    stability,
)

TOPK = TopK(k=2, n_latents=48, training={"steps": 500, "learning_rate": 1e-2})


def holding(*atoms, signed=False):
    return Dictionary(
        atoms=np.array(atoms, float), offset=np.zeros(len(atoms[0])), method=PCA(), signed=signed
    )


@pytest.fixture
def learned(make_world):
    """Return a world and four seeds' dictionaries, twice as wide as it has features."""
    world = make_world(n_units=20, n=2200)
    return world, fit_seeds(world.x[:1500], TOPK, seeds=range(4))


def test_stability_by_hand():
    first, second = holding([1, 0], [0, 2]), holding([0, 3], [0.6, 0.8])
    third = holding([-1, 0])
    both = stability([first, second])
    np.testing.assert_allclose(both[0], [0.6, 1.0])
    np.testing.assert_allclose(both[1], [1.0, 0.6])
    np.testing.assert_allclose(stability([first, second, third])[0], [0.3, 0.5])
    flipped = holding([-1, 0], signed=True)  # with signed codes per sign says nothing
    np.testing.assert_allclose(stability([first, second, flipped])[0], [0.8, 0.5])


def test_what_is_stable_is_true(learned):
    world, found = learned
    share = np.concatenate(stability(found))
    true = np.concatenate([(each.atoms @ world.atoms.T).max(1) > 0.9 for each in found])
    assert 0.3 < true.mean() < 0.7  # half of the atoms are chance: the width is double
    pairs = share[true][:, None] > share[~true]  # area under the curve
    assert pairs.mean() > 0.95, f"a true atom is the more stable in {pairs.mean():.1%} of pairs"
    for each, own in zip(found, stability(found), strict=True):
        np.testing.assert_array_equal(each.evidence.stability, own)


def test_the_consensus_holds_the_truth_and_little_else(learned, tmp_path):
    world, found = learned
    agreed = consensus(found)
    cosine = agreed.atoms @ world.atoms.T
    false, missed = (cosine.max(1) < 0.9).mean(), (cosine.max(0) < 0.9).mean()
    single = np.mean([((each.atoms @ world.atoms.T).max(1) < 0.9).mean() for each in found])
    caught = f"false {false:.1%}, of single seeds {single:.1%}; features missed {missed:.1%}"
    assert false <= 0.1 < 0.3 < single, caught
    assert missed <= 0.1, caught
    np.testing.assert_allclose(np.linalg.norm(agreed.atoms, axis=1), 1, rtol=1e-6)
    assert (np.diff(agreed.evidence.stability) <= 0).all()
    test = slice(1500, None)
    codes = agreed.encode(world.x[test])
    singles = [world.mcc(each.encode(world.x[test], by="fista"), test) for each in found]
    assert world.mcc(codes, test) >= np.mean(singles)
    again = Dictionary.load(agreed.save(tmp_path / "d"))
    assert again.method == agreed.method
    assert again.evidence.stability == agreed.evidence.stability
    np.testing.assert_array_equal(again.encode(world.x[test]).toarray(), codes.toarray())


def test_groups_and_their_mean_by_hand():
    a, b = (np.array([np.cos(t), np.sin(t)]) for t in (0.1, -0.1))
    agreed = consensus([holding(a, [0, 1]), holding(b, [-0.7, 0.7]), holding([0, -1])], share=0.6)
    np.testing.assert_allclose(agreed.atoms, [[1, 0]], atol=1e-12)
    np.testing.assert_allclose(agreed.evidence.stability, [2 / 3 * np.cos(0.1)])
    signed = [holding(a, signed=True), holding(-b, signed=True)]
    np.testing.assert_allclose(np.abs(consensus(signed, share=1.0).atoms), [[1, 0]], atol=1e-12)
    # what the most stable dictionary does not hold is found among the others
    e = np.eye(3)
    late = consensus([holding(e[0], e[1]), holding(*e), holding(e[0], e[2])], share=0.6)
    np.testing.assert_allclose(late.atoms[0], e[0])
    np.testing.assert_allclose(np.sort(late.atoms[1:].argmax(1)), [1, 2])
    assert len(late.atoms) == 3


def test_as_a_method_it_learns_its_own_seeds(make_world):
    world = make_world(n_units=20, n=1000)
    method = Consensus(
        of=TopK(k=2, n_latents=32, training={"steps": 250, "learning_rate": 1e-2}), n_seeds=2
    )
    agreed, again = (fit(world.x, method, rng=1) for _ in range(2))
    np.testing.assert_array_equal(agreed.atoms, again.atoms)
    assert agreed.evidence.fvu < 0.3
    assert agreed.evidence.fvu_held_out_units < 0.5
    assert agreed.method.n_latents == agreed.n_latents == len(agreed.evidence.stability)
    control = fit(world.x, RandomDictionary(of=agreed.method), rng=1)
    assert control.atoms.shape == agreed.atoms.shape
    few = fit(world.x, method.model_copy(update={"n_latents": 5}), rng=1)
    np.testing.assert_array_equal(few.atoms, agreed.atoms[:5])


def test_what_cannot_agree_is_told():
    first = holding([1, 0])
    with pytest.raises(InputError, match="two or more to agree, got .Dictionary"):
        stability([first])
    for given in ([], first, ["a", "b"]):
        with pytest.raises(InputError, match="two or more"):
            consensus(given)
    wider = Dictionary(atoms=np.eye(3), offset=np.zeros(3), method=PCA())
    with pytest.raises(InputError, match=r"same units .*2 units \(none\), 3 units \(none\)"):
        stability([first, wider])
    with pytest.raises(TrainingError, match="No atom is held by 2 of 2 dictionaries at a cosine"):
        consensus([first, holding([0, 1])], share=1.0)
