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


def plain_pursuit(h, atoms, steps, least, until_repeat):
    """Row by row, as the formula stands."""
    codes = np.zeros((len(h), len(atoms)))
    for row, left in zip(codes, h.astype(float), strict=True):
        for _ in range(steps):
            best = int((atoms @ left).argmax())
            value = max(0.0, float(atoms[best] @ left))
            repeated = row[best] > 0 or value == 0
            row[best] += value
            left = left - value * atoms[best]
            if (until_repeat and repeated) or np.linalg.norm(left) < least:
                break
    return codes


@pytest.mark.parametrize("options", [
    {"residual_threshold": 0.0, "max_iterations": 4, "stop_on_duplicate_support": False},
    {"residual_threshold": 0.8, "max_iterations": 9, "stop_on_duplicate_support": False},
    {"residual_threshold": 0.3, "max_iterations": None, "stop_on_duplicate_support": True},
    {"residual_threshold": 0.0, "max_iterations": 20, "apply_b_dec_to_input": False},
], ids=str)  # fmt: skip
def test_matching_pursuit_is_plain(sae, write_saelens, tmp_path, options):
    atoms = sae.W_dec / np.linalg.norm(sae.W_dec, axis=1, keepdims=True)
    folder = write_saelens({"W_dec": atoms, "b_dec": sae.b_dec}, "matching_pursuit", **options)
    learned = sparse.load_foreign(folder)
    sae.b_dec = sae.b_dec * options.get("apply_b_dec_to_input", True)
    steps, least = options["max_iterations"] or 6, options["residual_threshold"]
    until_repeat = options.get("stop_on_duplicate_support", True)
    codes = plain_pursuit(sae.x - sae.b_dec, atoms, steps, least, until_repeat)
    sae.W_dec = atoms
    assert sae.agrees(learned, codes, atol=1e-5)
    again = sparse.Dictionary.load(learned.save(tmp_path / "own"))
    assert sae.agrees(again, codes, atol=1e-5)
    half = sparse.load_foreign(folder, scale=2.0).encode(sae.x / 2)
    np.testing.assert_allclose(half.toarray(), codes, atol=1e-5)


def test_steps_that_are_never_taken_cost_no_memory(sae, write_saelens):
    atoms = sae.W_dec[:6] / np.linalg.norm(sae.W_dec[:6], axis=1, keepdims=True)
    options = {"max_iterations": 2**31 - 1, "residual_threshold": 1e9, "d_sae": 6}
    folder = write_saelens({"W_dec": atoms, "b_dec": sae.b_dec}, "matching_pursuit", **options)
    assert sparse.load_foreign(folder).encode(sae.x).l0 <= 1  # all are done after one step


def test_tanh_relu_of_a_folder_older_than_6(sae, formulas, write_saelens, tmp_path):
    for name in ("activation_fn_str", "activation_fn"):
        folder = write_saelens(tensors(sae), "standard", name, **{name: "tanh-relu"})
        learned = sparse.load_foreign(folder)
        assert sae.agrees(learned, np.tanh(formulas.relu(sae.scores())))
    again = sparse.Dictionary.load(learned.save(tmp_path / "own"))
    assert sae.agrees(again, np.tanh(formulas.relu(sae.scores())))


def test_a_scale_that_stands_beside_the_weights_is_used(sae, formulas, write_saelens):
    how = {"normalize_activations": "expected_average_only_in"}
    folder = write_saelens(tensors(sae), "standard", **how)
    (folder / "activation_scaler.json").write_text('{"scaling_factor": 0.5}')
    learned = sparse.load_foreign(folder)
    codes = formulas.relu(sae.scores(sae.x / 2))
    np.testing.assert_allclose(learned.encode(sae.x).toarray(), codes, atol=1e-5)
    with pytest.raises(InputError, match="holds the scale of the training; leave scale out"):
        sparse.load_foreign(folder, scale=2.0)


def test_hook_z_is_read_head_by_head(sae, formulas, write_saelens):
    folder = write_saelens(tensors(sae), "standard", reshape_activations="hook_z")
    with pytest.warns(RuntimeWarning, match="one head after the other"):
        learned = sparse.load_foreign(folder)
    assert sae.agrees(learned, formulas.relu(sae.scores()))


def test_what_was_not_used_stands_in_the_method(sae, write_saelens):
    folder = write_saelens(tensors(sae), "standard", lr=0.1, seed=3)
    assert set(sparse.load_foreign(folder).method.unread) == {
        "dtype", "device", "metadata", "lr", "seed",
    }  # fmt: skip


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
    ({"architecture": "skip_transcoder"}, "a transcoder predicts another layer"),
    ({"d_sae": "ten"}, "d_sae must be a whole number"),
    ({"d_sae": 11}, r"W_dec must have shape \(11, 6\), got \(10, 6\)"),
    ({"architecture": "topk"}, "k must be a whole number"),
    ({"architecture": "topk", "k": float("inf")}, "k must be a whole number"),
    ({"architecture": "topk", "k": 11}, r"k must lie in 1..10"),
    ({"architecture": "jumprelu"}, "must hold threshold to be a checkpoint of saelens"),
    ({"activation_fn": "gelu"}, "activation function 'gelu' of a standard SAE is not one"),
    ({"architecture": "gated", "activation_fn_str": "tanh-relu"}, "'tanh-relu' of a gated SAE"),
    ({"architecture": "topk", "k": 3, "activation_fn_kwargs": {"postact_fn": "Identity"}},
     "activation_fn_kwargs: postact_fn='Identity' is not a setting that this reader knows"),
    ({"architecture": "topk", "k": 3, "activation_fn_kwargs": {"k": 4}}, "k is both 4 and 3"),
    ({"rescale_acts_by_decoder_norm": True}, "rescale_acts_by_decoder_norm=True is not a setting"),
    ({"apply_b_dec_to_input": "no"}, "apply_b_dec_to_input must be True or False, got 'no'"),
    ({"reshape_activations": "flatten"}, "reshape_activations must be 'none' or 'hook_z'"),
    ({"architecture": ["standard"]}, "is no dictionary of its own input"),
    ({"architecture": "topk", "k": 10**30}, "k must be a whole number of at least 1"),
    ({"d_out": 6}, "d_out=6 is not a setting that this reader knows"),
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
