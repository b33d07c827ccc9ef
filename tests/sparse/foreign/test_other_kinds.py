"""Transcoders and crosscoders of other repositories, on their layouts, are refused by name."""

import json

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from unbraid import sparse
from unbraid.errors import InputError

HOOKS = {"hook_point": "blocks.8.ln2.hook_normalized", "out_hook_point": "blocks.8.hook_mlp_out"}
TRANSCODER, CROSSCODER = "a transcoder predicts another layer", "a crosscoder reads several layers"


def tensors(sae, names="W_enc b_enc W_dec b_dec"):
    held = ("W_enc", "b_enc", "W_dec", "b_dec")
    return {new: getattr(sae, old) for new, old in zip(names.split(), held, strict=True)}


def torched(values):
    return {name: torch.as_tensor(np.array(value)) for name, value in values.items()}


def refused(path, match, **options):
    options = options or {"activation": "relu", "centred": True}
    for given in ({}, options):  # before anything is asked for, and after it is answered
        with pytest.raises(InputError, match=match) as caught:
            sparse.load_foreign(path, **given)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("config", [{"is_transcoder": True}, HOOKS, {"d_in": 6, "d_out": 5}])
def test_transcoders_with_a_configuration_within(sae, tmp_path, config):
    path = tmp_path / "final.pt"
    torch.save({"cfg": config, "state_dict": torched(tensors(sae))}, path)
    refused(path, f"{list(config)[0]}=.*{TRANSCODER}")
    torch.save({"cfg": {}, "state_dict": torched(tensors(sae) | {"b_dec_out": sae.b_dec})}, path)
    refused(path, f"holds b_dec_out .6,.: {TRANSCODER}")


def test_sets_of_transcoders_and_those_across_layers(sae, tmp_path):
    held = {name: np.ascontiguousarray(value) for name, value in tensors(sae).items()}
    held["activation_function.threshold"] = sae.threshold
    save_file(held, tmp_path / "layer_0.safetensors")
    (tmp_path / "config.yaml").write_text(
        "model_kind: transcoder_set\nfeature_input_hook: mlp.hook_in\n"
    )
    refused(tmp_path / "layer_0.safetensors", f"model_kind='transcoder_set': {TRANSCODER}")
    (tmp_path / "config.yaml").write_text(
        "feature_input_hook: mlp.hook_in\nfeature_output_hook: hook_mlp_out\n"
    )
    refused(tmp_path / "layer_0.safetensors", f"feature_input_hook=.*{TRANSCODER}")
    (tmp_path / "config.yaml").unlink()  # nothing says it: the threshold is read by its name
    found = sparse.load_foreign(tmp_path, activation="jumprelu", centred=False)
    np.testing.assert_array_equal(found.encoder.threshold, sae.threshold)
    save_file({"W_enc_0": held["W_enc"], "b_enc_0": sae.b_enc}, tmp_path / "W_enc_0.safetensors")
    refused(tmp_path / "W_enc_0.safetensors", f"holds W_enc_0 .*{TRANSCODER}")


def test_crosscoders(sae, tmp_path):
    both = {
        "W_enc": np.stack([sae.W_enc] * 2), "W_dec": np.stack([sae.W_dec] * 2, 1),
        "b_enc": sae.b_enc, "b_dec": np.stack([sae.b_dec] * 2),
    }  # fmt: skip
    torch.save(torched(both), tmp_path / "0.pt")
    (tmp_path / "0_cfg.json").write_text(json.dumps({"dict_size": 10, "d_in": 6}))
    refused(tmp_path / "0.pt", rf"holds W_enc \(2, 6, 10\): {CROSSCODER}")
    torch.save(torched({"encoder.weight": both["W_enc"]}), tmp_path / "ae.pt")
    trainer = {"dict_class": "BatchTopKCrossCoder", "activation_dim": 6, "dict_size": 10}
    (tmp_path / "config.json").write_text(json.dumps({"trainer": trainer}))
    with pytest.raises(InputError, match=f"dict_class='BatchTopKCrossCoder': {CROSSCODER}"):
        sparse.load_foreign(tmp_path / "ae.pt")


@pytest.mark.parametrize("kind, match", [("clt", TRANSCODER), ("crosscoder", CROSSCODER),
                                         ("jumprelu_transcoder", TRANSCODER)])  # fmt: skip
def test_kinds_of_saelens(sae, tmp_path, kind, match):
    held = {name: np.ascontiguousarray(value) for name, value in tensors(sae).items()}
    save_file(held, tmp_path / "sae_weights.safetensors")
    config = {"architecture": kind, "d_in": 6, "d_sae": 10, "metadata": {}}
    (tmp_path / "cfg.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match=f"architecture='{kind}': {match}"):
        sparse.load_foreign(tmp_path)


MOSS = {
    "sae_type": "sae", "d_model": 6, "expansion_factor": 1.67, "use_decoder_bias": True,
    "act_fn": "relu", "norm_activation": "inference", "sparsity_include_decoder_norm": False,
    "hook_point_in": "blocks.6.hook_mlp_out", "hook_point_out": "blocks.6.hook_mlp_out",
    "use_glu_encoder": False, "jumprelu_threshold_window": 2.0,
}  # fmt: skip


@pytest.mark.parametrize(
    "change, match",
    [
        ({"norm_activation": "dataset-wise"}, "norm_activation='dataset-wise' scale inputs"),
        ({"sparsity_include_decoder_norm": True}, "sparsity_include_decoder_norm=True scale"),
        ({"hook_point_out": "blocks.6.hook_mlp_in"}, TRANSCODER),
        ({"sae_type": "crosscoder"}, CROSSCODER),
    ],
)
def test_files_of_openmoss(sae, formulas, tmp_path, change, match):
    """Called as SAELens calls its own, beside another configuration; older ones a folder below."""
    names = "W_E b_E W_D b_D"
    held = {name: np.ascontiguousarray(v) for name, v in tensors(sae, names).items()}
    save_file(held, tmp_path / "sae_weights.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(MOSS))
    found = sparse.load_foreign(tmp_path, centred=False)
    expected = formulas.relu(sae.scores(centred=False))
    np.testing.assert_allclose(found.encode(sae.x).toarray(), expected, atol=1e-5)
    (tmp_path / "config.json").write_text(json.dumps(MOSS | change))
    with pytest.raises(InputError, match=match):
        sparse.load_foreign(tmp_path, centred=False)
    below = tmp_path / "checkpoints"
    below.mkdir()
    save_file(held, below / "final.safetensors")
    (tmp_path / "config.json").unlink()
    (tmp_path / "hyperparams.json").write_text(json.dumps(MOSS | change))
    with pytest.raises(InputError, match=match):
        sparse.load_foreign(below / "final.safetensors", centred=False)


def test_batch_topk_with_its_input_normalised(sae, formulas, tmp_path):
    """As the published BatchTopK and Matryoshka code saves it: unit norm of each stimulus."""
    torch.save(torched(tensors(sae) | {"threshold": np.float32(0.4)}), tmp_path / "sae.pt")
    config = {"act_size": 6, "dict_size": 10, "sae_type": "global-matryoshka-topk", "top_k": 3,
              "input_unit_norm": True, "bandwidth": 0.001, "seed": 49}  # fmt: skip
    (tmp_path / "config.json").write_text(json.dumps(config))
    found = sparse.load_foreign(tmp_path / "sae.pt", centred=True)
    x = sae.x - sae.x.mean(1, keepdims=True)
    x = x / (x.std(1, ddof=1, keepdims=True) + 1e-5)
    expected = formulas.jump(sae.scores(x), 0.4)
    np.testing.assert_allclose(found.encode(sae.x).toarray(), expected, atol=1e-5)
