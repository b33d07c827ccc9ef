"""Folders as SAELens writes them: every architecture against its formula."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from unbraid import sparse
from unbraid.errors import InputError

NAMES = ("W_enc", "W_dec", "b_enc", "b_dec")


def tensors(sae, *more):
    return {name: getattr(sae, name) for name in (*NAMES, *more)}


def test_standard(sae, formulas, write_saelens):
    folder = write_saelens(tensors(sae), "standard")
    learned = sparse.load_foreign(folder)
    assert sae.agrees(learned, formulas.relu(sae.scores()))
    assert learned.method.library == "saelens"
    assert learned.method.architecture == "standard"


@pytest.mark.parametrize("apply", [True, False])
def test_topk_centred_or_not(sae, formulas, write_saelens, apply):
    folder = write_saelens(tensors(sae), "topk", k=3, apply_b_dec_to_input=apply)
    codes = formulas.top(formulas.relu(sae.scores(centred=apply)))
    assert sae.agrees(sparse.load_foreign(folder), codes)


def test_topk_chosen_by_score_times_atom_length(sae, formulas, write_saelens):
    folder = write_saelens(tensors(sae), "topk", k=3, rescale_acts_by_decoder_norm=True)
    length = np.linalg.norm(sae.W_dec, axis=1)
    codes = formulas.top(formulas.relu(sae.scores() * length))
    learned = sparse.load_foreign(folder)
    np.testing.assert_allclose(learned.encode(sae.x).toarray(), codes, atol=1e-5)
    np.testing.assert_allclose(
        learned.decode(codes), codes / length @ sae.W_dec + sae.b_dec, atol=1e-5
    )


def test_abstopk_keeps_signs(sae, formulas, write_saelens):
    scores = sae.scores()
    codes = formulas.top(scores, size=np.abs(scores))
    learned = sparse.load_foreign(write_saelens(tensors(sae), "abstopk", k=3))
    assert sae.agrees(learned, codes)
    assert (codes < 0).any()
    assert learned.signed


def test_jumprelu(sae, formulas, write_saelens):
    folder = write_saelens(tensors(sae, "threshold"), "jumprelu")
    codes = formulas.jump(sae.scores(), sae.threshold)
    assert sae.agrees(sparse.load_foreign(folder), codes)


def test_gated(sae, formulas, write_saelens):
    parts = tensors(sae, "b_gate", "r_mag")
    parts["b_mag"] = parts.pop("b_enc")
    h = sae.x - sae.b_dec
    size = h @ (sae.W_enc * np.exp(sae.r_mag)) + sae.b_enc
    codes = (h @ sae.W_enc + sae.b_gate > 0) * formulas.relu(size)
    assert sae.agrees(sparse.load_foreign(write_saelens(parts, "gated")), codes)


def test_batchtopk_of_a_training(sae, formulas, write_saelens):
    parts = tensors(sae) | {"topk_threshold": np.float64(0.7).reshape(())}
    folder = write_saelens(parts, "matryoshka_batchtopk", k=3, rescale_acts_by_decoder_norm=False)
    codes = formulas.jump(sae.scores(), 0.7)
    assert sae.agrees(sparse.load_foreign(folder), codes)


def test_batchtopk_trains_with_atom_lengths_unless_told_otherwise(sae, formulas, write_saelens):
    parts = tensors(sae) | {"topk_threshold": np.float64(0.7).reshape(())}
    learned = sparse.load_foreign(write_saelens(parts, "batchtopk", k=3))
    codes = formulas.jump(sae.scores() * np.linalg.norm(sae.W_dec, axis=1), 0.7)
    np.testing.assert_allclose(learned.encode(sae.x).toarray(), codes, atol=1e-5)


def test_matching_pursuit_becomes_orthogonal_pursuit(sae, write_saelens):
    parts = {"W_dec": sae.W_dec, "b_dec": sae.b_dec}
    folder = write_saelens(parts, "matching_pursuit", max_iterations=3)
    with pytest.warns(RuntimeWarning, match="orthogonal matching pursuit"):
        learned = sparse.load_foreign(folder)
    assert learned.by == "omp"
    assert learned.encode(sae.x).l0 <= 3


def test_layer_norm(sae, formulas, write_saelens):
    folder = write_saelens(tensors(sae), "standard", normalize_activations="layer_norm")
    codes = formulas.relu(sae.scores(formulas.layer_norm(sae.x)))
    assert sae.agrees(sparse.load_foreign(folder), codes)


def test_constant_norm(sae, formulas, write_saelens):
    folder = write_saelens(tensors(sae), "standard", normalize_activations="constant_norm_rescale")
    x = sae.x * np.sqrt(6) / np.linalg.norm(sae.x, axis=1, keepdims=True)
    assert sae.agrees(sparse.load_foreign(folder), formulas.relu(sae.scores(x)))


def test_average_norm_is_said_and_folded_by_scale(sae, formulas, write_saelens):
    how = {"normalize_activations": "expected_average_only_in"}
    folder = write_saelens(tensors(sae), "standard", **how)
    with pytest.warns(RuntimeWarning, match="scale=sqrt"):
        learned = sparse.load_foreign(folder, scale=0.5)
    codes = formulas.relu(sae.scores(sae.x / 2))
    np.testing.assert_allclose(learned.encode(sae.x).toarray(), codes, atol=1e-5)
    np.testing.assert_allclose(learned.decode(codes), 2 * sae.reconstruct(codes), atol=1e-5)
    assert "scale=" in learned.evidence.warnings[0]


def test_a_folder_older_than_6(sae, formulas, tmp_path):
    save_file(tensors(sae) | {"scaling_factor": np.full(10, 2, np.float32)},
              tmp_path / "sae_weights.safetensors")  # fmt: skip
    config = {"d_in": 6, "d_sae": 10, "activation_fn_str": "topk", "hook_point": "blocks.0",
              "activation_fn_kwargs": {"k": 3}, "normalize_activations": False,
              "finetuning_scaling_factor": True}  # fmt: skip
    (tmp_path / "cfg.json").write_text(json.dumps(config))
    learned = sparse.load_foreign(tmp_path)
    codes = formulas.top(formulas.relu(sae.scores()))
    np.testing.assert_allclose(learned.encode(sae.x).toarray(), codes, atol=2e-6)
    np.testing.assert_allclose(learned.decode(codes), 2 * codes @ sae.W_dec + sae.b_dec, atol=1e-5)


def test_dictionary_load_takes_it_and_save_keeps_it(sae, formulas, write_saelens, tmp_path):
    first = sparse.Dictionary.load(write_saelens(tensors(sae, "threshold"), "jumprelu"))
    again = sparse.Dictionary.load(first.save(tmp_path / "again"))
    assert again.method == first.method
    assert sae.agrees(again, formulas.jump(sae.scores(), sae.threshold))
    assert sparse.load_foreign(tmp_path / "again").method == first.method


@pytest.mark.parametrize("config, message", [
    ({"normalize_activations": "covariance_whitening"}, "fold it into the weights"),
    ({"architecture": "temporal"}, "no dictionary of its own input"),
    ({"architecture": "skip_transcoder"}, "no dictionary of its own input"),
    ({"d_sae": "ten"}, "d_sae must be a whole number"),
    ({"d_sae": 11}, r"W_dec must have shape \(11, 6\), got \(10, 6\)"),
    ({"architecture": "topk"}, "k must be a whole number"),
    ({"architecture": "topk", "k": float("inf")}, "k must be a whole number"),
    ({"architecture": "topk", "k": 11}, r"k must lie in 1..10"),
    ({"architecture": "jumprelu"}, "must hold threshold to be a checkpoint of saelens"),
])  # fmt: skip
def test_what_cannot_be_read_costs_one_line(sae, write_saelens, config, message):
    folder = write_saelens(tensors(sae), **({"architecture": "standard"} | config))
    with pytest.raises(InputError, match=message) as caught:
        sparse.load_foreign(folder)
    assert "\n" not in str(caught.value)


def test_k_is_part_of_the_folder(sae, write_saelens):
    with pytest.raises(InputError, match="k is part of a saelens checkpoint"):
        sparse.load_foreign(write_saelens(tensors(sae), "topk", k=3), k=4)


def test_imported_cannot_be_fitted(sae, write_saelens):
    method = sparse.load_foreign(write_saelens(tensors(sae), "standard")).method
    with pytest.raises(InputError, match="cannot be fitted again"):
        sparse.fit(sae.x, method)
