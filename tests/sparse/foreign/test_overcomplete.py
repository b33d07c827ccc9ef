"""State dicts of overcomplete, which leave out how latents are kept."""

import numpy as np
import pytest
import torch

from unbraid import sparse
from unbraid.errors import InputError


def linear(sae):
    return {
        "encoder.final_block.0.weight": sae.W_enc.T,
        "encoder.final_block.0.bias": sae.b_enc,
        "dictionary._weights": 3 * sae.W_dec,
        "dictionary.multiplier": np.float32(0.5),
    }


@pytest.fixture
def load(tmp_path):
    def load(state, normalization="l2", **options):
        options["normalization"] = normalization
        tensors = {key: torch.as_tensor(np.array(value)) for key, value in state.items()}
        torch.save(tensors, tmp_path / "weights.pt")
        return sparse.load_foreign(tmp_path / "weights.pt", **options)

    return load


@pytest.fixture
def fused(sae):
    """What their eval() makes of the weights; there is no offset."""
    length = np.linalg.norm(sae.W_dec, axis=1, keepdims=True)
    sae.W_dec = sae.W_dec / length * np.exp(0.5)
    sae.b_dec = np.zeros(6, np.float32)
    return sae


@pytest.mark.parametrize("how", ["topk", "batchtopk", "plain", "jump"])
def test_activations(sae, formulas, load, fused, how):
    state = linear(sae)
    scores = fused.scores()
    if how == "topk":
        learned = load(state, k=3)
        codes = formulas.top(formulas.relu(scores))
    elif how == "jump":
        learned = load(state | {"thresholds": np.log(sae.threshold)})
        codes = formulas.jump(scores, sae.threshold)
    else:
        threshold = 0.7 if how == "batchtopk" else 0
        learned = load(state, threshold=threshold)
        codes = formulas.relu(scores) * (scores >= threshold)
    assert fused.agrees(learned, codes)


def test_a_score_equal_to_the_threshold_stays(sae, load):
    score = np.float32(0.7)
    state = linear(sae) | {"encoder.final_block.0.weight": np.zeros((10, 6)),
                           "encoder.final_block.0.bias": np.full(10, score)}  # fmt: skip
    learned = load(state, threshold=float(score))
    assert learned.encode(sae.x).l0 == 10
    jump = load(state | {"thresholds": np.log(np.full(10, score))})
    assert np.isclose(jump.encoder.threshold, score).all()
    assert jump.encode(sae.x).l0 == 10


def test_relaxed_archetypal_atoms_are_fused(sae, load, rng):
    points, mixture = rng.normal(size=(5, 6)), rng.normal(size=(10, 5))
    relax = 0.1 * rng.normal(size=(10, 6))
    state = linear(sae)
    del state["dictionary._weights"]
    state |= {"dictionary.W": mixture, "dictionary.C": points, "dictionary.Relax": relax}
    with pytest.raises(InputError, match=r"are no mixtures .* Call model.eval\(\) before"):
        load(state, k=3)
    share = np.maximum(mixture, 0) + 0.01
    share /= share.sum(1, keepdims=True)
    expected = (share @ points + relax) * np.exp(0.5)
    learned = load(state | {"dictionary.W": share}, k=3)
    np.testing.assert_allclose(learned.atoms, expected, atol=1e-6)


@pytest.mark.seed(1)
def test_matching_pursuit_is_plain_and_may_fall_below_zero(rng, load):
    atoms = rng.normal(size=(4, 6))  # few: some stimuli point away from all of them
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    x = rng.normal(size=(50, 6)).astype(np.float32)
    with pytest.warns(RuntimeWarning, match="Give activation='pursuit' to confirm it"):
        learned = load({"dictionary._weights": atoms}, k=5)
    assert load({"dictionary._weights": atoms}, k=5, activation="pursuit").by == "encoder"
    codes, left = np.zeros((50, 4)), x.astype(float)
    for _ in range(5):
        scores = left @ atoms.T
        best, rows = scores.argmax(1), np.arange(50)
        codes[rows, best] += scores[rows, best]
        left = x - codes @ atoms
    assert (codes < 0).any()
    np.testing.assert_allclose(learned.encode(x).toarray(), codes, atol=1e-5)
    with pytest.raises(InputError, match="its codes are found by pursuit, got activation='topk'"):
        load({"dictionary._weights": atoms}, k=5, activation="topk")


def test_the_normalisation_is_asked_for_where_it_matters(sae, load):
    state = {"dictionary._weights": sae.W_dec}
    with pytest.raises(InputError, match="Give normalization='l2'"):
        load(state, None, k=2, activation="pursuit")
    with pytest.raises(InputError, match="normalization must be one of l2, max_l2"):
        load(state, "l3", k=2, activation="pursuit")
    lengths = np.linalg.norm(sae.W_dec, axis=1, keepdims=True)
    sums = np.abs(sae.W_dec).sum(1, keepdims=True)
    right = {"l2": lengths, "max_l2": lengths.max(), "l1": sums, "max_l1": sums.max(),
             "identity": 1}  # fmt: skip
    for name, by in right.items():
        atoms = load(state, name, k=2, activation="pursuit").atoms
        np.testing.assert_allclose(atoms, sae.W_dec / by, atol=1e-6)
    state = {"dictionary._weights": sae.W_dec / lengths}  # as model.eval() leaves them
    assert load(state, None, k=2, activation="pursuit").n_latents == 10


@pytest.mark.parametrize("options", [{}, {"k": 3, "threshold": 1.0}])
def test_k_or_threshold_must_be_given(sae, load, options):
    with pytest.raises(InputError, match=r"give k=model.top_k for a TopKSAE, threshold=float"):
        load(linear(sae), **options)


@pytest.mark.parametrize("more", ["Q", "encoder.mlp_blocks.0.weight"])
def test_deeper_encoders_are_refused(sae, load, more):
    with pytest.raises(InputError, match="only a linear encoder"):
        load(linear(sae) | {more: np.zeros(3)}, k=3)
