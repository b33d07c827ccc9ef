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
    def load(state, **options):
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


def test_relaxed_archetypal_atoms_are_fused(sae, load, rng):
    points, mixture = rng.normal(size=(5, 6)), rng.normal(size=(10, 5))
    relax = 0.1 * rng.normal(size=(10, 6))
    state = linear(sae)
    del state["dictionary._weights"]
    state |= {"dictionary.W": mixture, "dictionary.C": points, "dictionary.Relax": relax}
    share = np.maximum(mixture, 0)
    share /= share.sum(1, keepdims=True) + 1e-8
    expected = (share @ points + relax) * np.exp(0.5)
    np.testing.assert_allclose(load(state, k=3).atoms, expected, atol=1e-6)


def test_matching_pursuit_has_only_atoms(sae, load):
    learned = load({"dictionary._weights": sae.W_dec}, k=2)
    assert learned.by == "omp"
    assert learned.encode(sae.x).l0 <= 2


@pytest.mark.parametrize("options", [{}, {"k": 3, "threshold": 1.0}])
def test_k_or_threshold_must_be_given(sae, load, options):
    with pytest.raises(InputError, match=r"give k=model.top_k for a TopKSAE, threshold=float"):
        load(linear(sae), **options)


@pytest.mark.parametrize("more", ["Q", "encoder.mlp_blocks.0.weight"])
def test_deeper_encoders_are_refused(sae, load, more):
    with pytest.raises(InputError, match="only a linear encoder"):
        load(linear(sae) | {more: np.zeros(3)}, k=3)
