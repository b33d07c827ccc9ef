"""saev, OpenAI and Gemma Scope: one weights file each."""

import json

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from unbraid import sparse
from unbraid.errors import InputError


def tensors(values):
    return {key: torch.as_tensor(np.array(value)) for key, value in values.items()}


@pytest.fixture
def saev(sae, tmp_path):
    def write(header, **more):
        path = tmp_path / "sae.pt"
        plain = {name: getattr(sae, name) for name in ("W_enc", "W_dec", "b_enc", "b_dec")}
        with path.open("wb") as stream:
            stream.write(json.dumps(header).encode() + b"\n")
            torch.save(tensors(plain | more), stream)
        return path

    return write


@pytest.mark.parametrize("header, centred", [
    ({"d_vit": 6, "exp_factor": 2}, True),  # 0.1.0, without a schema
    ({"schema": 1, "cls": "Relu", "cfg": {"d_vit": 6}}, False),
    ({"schema": 2, "cfg": {"activation": {"cls": "Relu", "params": {}}}}, False),
    ({"schema": 5, "cfg": {"d_model": 6, "activation": {"kind": "relu"}}}, False),
])  # fmt: skip
def test_saev_relu(sae, formulas, saev, header, centred):
    learned = sparse.load_foreign(saev(header))
    assert sae.agrees(learned, formulas.relu(sae.scores(centred=centred)))


@pytest.mark.parametrize("header", [
    {"schema": 1, "cls": "TopK", "cfg": {"top_k": 3}},
    {"schema": 2, "cfg": {"activation": {"cls": "BatchTopK", "params": {"top_k": 3}}}},
    {"schema": 5, "cfg": {"activation": {"kind": "top-k", "top_k": 3}}},
])  # fmt: skip
def test_saev_topk_keeps_negative_scores(sae, formulas, saev, header):
    sae.b_enc[2:] -= 4  # fewer than 3 positive scores
    codes = formulas.top(sae.scores(centred=False))
    assert (codes < 0).any()
    assert sae.agrees(sparse.load_foreign(saev(header)), codes)


def test_saev_batchtopk_keeps_its_threshold(sae, formulas, saev):
    header = {"schema": 5, "cfg": {"activation": {"kind": "batch-top-k", "top_k": 3}}}
    learned = sparse.load_foreign(saev(header, **{"activation.threshold": np.float32(0.7)}))
    assert sae.agrees(learned, formulas.jump(sae.scores(centred=False), 0.7))


@pytest.mark.parametrize("header, message", [
    ({"schema": 6, "cfg": {}}, "saev schema 6; schemas up to 5"),
    ({"schema": 5, "cfg": {"activation": {"kind": "softmax"}}}, "must be Relu, TopK or BatchTopK"),
    ({"schema": 1, "cls": "Softmax", "cfg": {}}, "must be Relu, TopK or BatchTopK, got 'Softmax'"),
    ({"schema": 5, "cfg": {}}, "must be Relu, TopK or BatchTopK, got ''"),
    ([1], "must begin with a line of JSON"),
])  # fmt: skip
def test_saev_refusals(saev, header, message):
    with pytest.raises(InputError, match=message):
        sparse.load_foreign(saev(header), "saev")


def openai(sae, **more):
    state = {"pre_bias": sae.b_dec, "encoder.weight": sae.W_enc.T, "latent_bias": sae.b_enc,
             "decoder.weight": sae.W_dec.T, "stats_last_nonzero": np.zeros(10, int)}  # fmt: skip
    return tensors(state) | more


def test_openai_relu(sae, formulas, tmp_path):
    torch.save(openai(sae, activation="ReLU", activation_state_dict={}), tmp_path / "ae.pt")
    learned = sparse.load_foreign(tmp_path / "ae.pt", "openai")
    assert sae.agrees(learned, formulas.relu(sae.scores()))


def test_openai_topk_means_layer_norm(sae, formulas, tmp_path):
    state = {"k": 3, "postact_fn": "ReLU"}
    torch.save(openai(sae, activation="TopK", activation_state_dict=state), tmp_path / "0.pt")
    learned = sparse.load_foreign(tmp_path)
    codes = formulas.top(formulas.relu(sae.scores(formulas.layer_norm(sae.x))))
    assert sae.agrees(learned, codes)
    assert learned.transform == "layer_norm"


def test_openai_topk_without_relu(sae, formulas, tmp_path):
    sae.b_enc[2:] -= 4
    state = {"k": 3, "postact_fn": "Identity"}
    torch.save(openai(sae, activation="TopK", activation_state_dict=state), tmp_path / "0.pt")
    codes = formulas.top(sae.scores(formulas.layer_norm(sae.x)))
    assert (codes < 0).any()
    assert sae.agrees(sparse.load_foreign(tmp_path), codes)


def test_openai_tied(sae, tmp_path):
    state = openai(sae, activation="ReLU")
    del state["decoder.weight"]
    torch.save(state, tmp_path / "0.pt")
    np.testing.assert_array_equal(sparse.load_foreign(tmp_path).atoms, sae.W_enc.T)


def test_openai_other_activations(sae, tmp_path):
    torch.save(openai(sae, activation="Tanh"), tmp_path / "0.pt")
    with pytest.raises(InputError, match="activation must be 'ReLU' or 'TopK', got 'Tanh'"):
        sparse.load_foreign(tmp_path)


def gemma(sae, lower):
    names = {name: getattr(sae, name) for name in ("W_enc", "W_dec")}
    names = {(name.lower() if lower else name): value for name, value in names.items()}
    return names | {"b_enc": sae.b_enc, "b_dec": sae.b_dec, "threshold": sae.threshold}


@pytest.mark.parametrize("lower", [True, False])
@pytest.mark.parametrize("ends", ["npz", "safetensors"])
def test_gemma_scope(sae, formulas, tmp_path, lower, ends):
    if ends == "npz":
        np.savez(tmp_path / "params.npz", **gemma(sae, lower))
    else:
        save_file(gemma(sae, lower), tmp_path / "params.safetensors")
        (tmp_path / "config.json").write_text('{"architecture": "jump_relu", "type": "sae"}')
    codes = formulas.jump(sae.scores(centred=False), sae.threshold)
    learned = sparse.load_foreign(tmp_path)
    assert sae.agrees(learned, codes)
    assert learned.atoms.flags.writeable and learned.encoder.weights.flags.writeable


@pytest.mark.parametrize("config, more", [
    ({"type": "transcoder"}, {}),
    ({"hf_hook_point_in": "a", "hf_hook_point_out": "b"}, {}),
    ({"type": "crosscoder"}, {}),
    ({"affine_connection": True}, {}),
    ({}, {"affine_skip_connection": np.zeros((6, 6), np.float32)}),
])  # fmt: skip
def test_gemma_scope_transcoders_are_refused(sae, tmp_path, config, more):
    save_file(gemma(sae, True) | more, tmp_path / "params.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match="a transcoder predicts another layer"):
        sparse.load_foreign(tmp_path)


def test_half_precision_is_widened(sae, tmp_path):
    halves = {name: torch.as_tensor(value).bfloat16() for name, value in gemma(sae, True).items()}
    from safetensors.torch import save_file as save_torch

    save_torch(halves, tmp_path / "params.safetensors")
    with pytest.raises(InputError, match="nothing says what its encoder does"):
        sparse.load_foreign(tmp_path)  # its config.json, which transcoders have too, is missing
    learned = sparse.load_foreign(tmp_path, "gemma_scope")
    assert learned.atoms.dtype == np.float32
    np.testing.assert_array_equal(learned.atoms, halves["w_dec"].float().numpy())
