"""Folders as dictionary_learning writes them: every class against its formula."""

import json

import numpy as np
import pytest
import torch

from unbraid import sparse
from unbraid.errors import InputError


def state_of(sae, kind):
    linear = {"encoder.weight": sae.W_enc.T, "decoder.weight": sae.W_dec.T}
    plain = {"W_enc": sae.W_enc, "b_enc": sae.b_enc, "W_dec": sae.W_dec, "b_dec": sae.b_dec}
    kept = {"k": np.int32(3), "threshold": np.float32(0.7)}
    return {
        "AutoEncoder": linear | {"encoder.bias": sae.b_enc, "bias": sae.b_dec},
        "AutoEncoderNew": linear | {"encoder.bias": sae.b_enc, "decoder.bias": sae.b_dec},
        "GatedAutoEncoder": linear | {"decoder_bias": sae.b_dec, "r_mag": sae.r_mag,
                                      "gate_bias": sae.b_gate, "mag_bias": sae.b_enc},
        "AutoEncoderTopK": linear | kept | {"encoder.bias": sae.b_enc, "b_dec": sae.b_dec},
        "BatchTopKSAE": linear | kept | {"encoder.bias": sae.b_enc, "b_dec": sae.b_dec},
        "MatryoshkaBatchTopKSAE": plain | kept | {"group_sizes": np.array([4, 6])},
        "JumpReluAutoEncoder": plain | {"threshold": sae.threshold},
    }[kind]  # fmt: skip


def codes_of(sae, formulas, kind):
    h = sae.x - sae.b_dec
    if kind == "GatedAutoEncoder":
        pre = h @ sae.W_enc
        return (pre + sae.b_gate > 0) * formulas.relu(np.exp(sae.r_mag) * pre + sae.b_enc)
    if kind in ("AutoEncoder", "AutoEncoderNew"):
        return formulas.relu(sae.scores(centred=kind == "AutoEncoder"))
    if kind == "AutoEncoderTopK":
        return formulas.top(formulas.relu(sae.scores()))
    if kind == "JumpReluAutoEncoder":
        return formulas.jump(sae.scores(centred=False), sae.threshold)
    return formulas.jump(sae.scores(), 0.7)


KINDS = ["AutoEncoder", "AutoEncoderNew", "GatedAutoEncoder", "AutoEncoderTopK", "BatchTopKSAE",
         "MatryoshkaBatchTopKSAE", "JumpReluAutoEncoder"]  # fmt: skip


@pytest.fixture
def write(tmp_path):
    def write(state, kind=None, name="ae.pt"):
        path = tmp_path / "trainer_0" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        tensors = {key: torch.as_tensor(np.array(value)) for key, value in state.items()}
        torch.save(tensors, path)
        if kind:
            config = {"trainer": {"dict_class": kind, "activation_dim": 6}, "buffer": {}}
            (tmp_path / "trainer_0" / "config.json").write_text(json.dumps(config))
        return tmp_path / "trainer_0"

    return write


@pytest.mark.parametrize("kind", KINDS)
def test_every_class(sae, formulas, write, kind):
    learned = sparse.load_foreign(write(state_of(sae, kind), kind))
    assert sae.agrees(learned, codes_of(sae, formulas, kind))
    assert learned.method.architecture == kind


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in KINDS[3:5]])
def test_the_class_is_told_from_tensors_alone(sae, formulas, write, kind):
    folder = write(state_of(sae, kind), name="ae_100.pt")
    learned = sparse.load_foreign(folder / "ae_100.pt", "dictionary_learning")
    assert sae.agrees(learned, codes_of(sae, formulas, kind))


def test_a_checkpoint_takes_the_configuration_above_it(sae, formulas, write):
    write(state_of(sae, "BatchTopKSAE"), "BatchTopKSAE", "checkpoints/ae_100.pt")
    folder = write(state_of(sae, "BatchTopKSAE"), "BatchTopKSAE")
    learned = sparse.load_foreign(folder / "checkpoints" / "ae_100.pt")
    assert sae.agrees(learned, codes_of(sae, formulas, "BatchTopKSAE"))


def test_topk_and_batchtopk_cannot_be_told_apart(sae, write):
    folder = write(state_of(sae, "AutoEncoderTopK"))
    with pytest.raises(InputError, match="fit AutoEncoderTopK and BatchTopKSAE alike; put"):
        sparse.load_foreign(folder, "dictionary_learning")
    with pytest.raises(InputError, match="nothing says what its encoder does. Give activation="):
        sparse.load_foreign(folder)


def test_an_unknown_class(sae, write):
    with pytest.raises(InputError, match="dict_class must be one of AutoEncoder, .*'IdentityDict'"):
        sparse.load_foreign(write(state_of(sae, "AutoEncoder"), "IdentityDict"))


def test_a_wrong_k_is_refused(sae, write):
    folder = write(state_of(sae, "AutoEncoderTopK"), "AutoEncoderTopK")
    with pytest.raises(InputError, match="was trained with k=3, got k=4; leave k out"):
        sparse.load_foreign(folder, k=4)


def test_an_interrupted_run_has_its_biases_scaled(sae, formulas, tmp_path):
    state = state_of(sae, "AutoEncoder")
    for name in ("bias", "encoder.bias"):
        state[name] = state[name] / 4
    tensors = {key: torch.as_tensor(np.array(value)) for key, value in state.items()}
    torch.save({"step": 10, "ae": tensors, "norm_factor": 4.0, "optimizer": {"lr": 0.1}},
               tmp_path / "ae.pt")  # fmt: skip
    learned = sparse.load_foreign(tmp_path)
    assert sae.agrees(learned, codes_of(sae, formulas, "AutoEncoder"))


@pytest.mark.parametrize("kind", ["AutoEncoder", "AutoEncoderNew", "GatedAutoEncoder",
                                  "AutoEncoderTopK", "JumpReluAutoEncoder"])  # fmt: skip
def test_export_and_back(sae, formulas, write, tmp_path, kind):
    ours = sparse.load_foreign(write(state_of(sae, kind), kind))
    folder = sparse.export(ours, tmp_path / "out", "dictionary_learning")
    again = sparse.load_foreign(folder)
    assert sae.agrees(again, codes_of(sae, formulas, kind), atol=1e-5)


def test_a_jumprelu_encoder_that_centres(sae, formulas, write_saelens, tmp_path):
    names = ("W_enc", "W_dec", "b_enc", "b_dec", "threshold")
    folder = write_saelens({name: getattr(sae, name) for name in names}, "jumprelu")
    out = sparse.export(sparse.load_foreign(folder), tmp_path / "out", "dictionary_learning")
    codes = formulas.jump(sae.scores(), sae.threshold)
    assert sae.agrees(sparse.load_foreign(out), codes, atol=1e-5)


def test_a_gated_encoder_that_does_not_centre(sae, write, write_saelens, tmp_path):
    parts = {"W_enc": sae.W_enc, "W_dec": sae.W_dec, "b_dec": sae.b_dec, "b_mag": sae.b_enc,
             "b_gate": sae.b_gate, "r_mag": sae.r_mag}  # fmt: skip
    ours = sparse.load_foreign(write_saelens(parts, "gated", apply_b_dec_to_input=False))
    again = sparse.load_foreign(sparse.export(ours, tmp_path / "out", "dictionary_learning"))
    codes = ours.encode(sae.x).toarray()
    np.testing.assert_allclose(again.encode(sae.x).toarray(), codes, atol=1e-5)
