"""SAELens itself opens what we save, and we open what it saves; `make peers` runs it.

Last run by hand with sae-lens 6.54.12 and torch 2.13.
"""

import importlib

import numpy as np
import pytest
import torch

from unbraid import sparse
from unbraid.sparse import Dictionary, Encoder, Imported

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]
SOURCE = Imported(library="saelens", architecture="made for a test")


@pytest.fixture(scope="module")
def saelens():
    return importlib.import_module("sae_lens")


def made(sae, activation, **options):
    more = {
        "topk": {"k": 3}, "abstopk": {"k": 3}, "relu": {}, "jumprelu": {"threshold": sae.threshold},
        "gated": {"threshold": sae.b_gate, "scale": np.exp(sae.r_mag)},
    }[activation]  # fmt: skip
    centred = options.pop("centred", True)
    encoder = Encoder(weights=sae.W_enc, bias=sae.b_enc, activation=activation, centred=centred,
                      **more)  # fmt: skip
    return Dictionary(atoms=sae.W_dec, offset=sae.b_dec, encoder=encoder, method=SOURCE, **options)


@pytest.mark.parametrize("activation", ["topk", "abstopk", "relu", "jumprelu", "gated"])
@pytest.mark.parametrize("options", [
    {}, {"centred": False}, {"transform": "layer_norm"}, {"transform": "constant_norm_rescale"},
], ids=str)  # fmt: skip
def test_saelens_opens_ours(saelens, sae, tmp_path, activation, options):
    ours = made(sae, activation, **options)
    theirs = saelens.SAE.load_from_disk(ours.save(tmp_path / "sae"))
    x = torch.as_tensor(sae.x)
    with torch.no_grad():
        codes = theirs.encode(x)
        np.testing.assert_allclose(ours.encode(sae.x).toarray(), codes.numpy(), atol=2e-6)
        back = theirs.decode(codes).numpy()
    decoded = ours.decode(ours.encode(sae.x))
    np.testing.assert_allclose(decoded, back, atol=1e-5)
    assert theirs.cfg.metadata.unbraid["format_version"] == 1


@pytest.mark.parametrize("by", ["omp", "fista", "posterior"])
def test_saelens_refuses_codes_that_it_has_no_layout_for(saelens, sae, tmp_path, by):
    ours = Dictionary(atoms=sae.W_dec, offset=sae.b_dec, method=SOURCE, by=by, k=3)
    with pytest.raises(KeyError, match=f"unbraid_{by}"):
        saelens.SAE.load_from_disk(ours.save(tmp_path / "sae"))


def test_saelens_opens_our_pursuit(saelens, sae, tmp_path):
    atoms = sae.W_dec / np.linalg.norm(sae.W_dec, axis=1, keepdims=True)
    encoder = Encoder(weights=np.ascontiguousarray(atoms.T), bias=np.zeros(10, np.float32),
                      activation="pursuit", k=4)  # fmt: skip
    ours = Dictionary(atoms=atoms, offset=sae.b_dec, method=SOURCE, encoder=encoder, k=4)
    theirs = saelens.SAE.load_from_disk(ours.save(tmp_path / "sae"))
    with torch.no_grad():
        codes = theirs.encode(torch.as_tensor(sae.x)).numpy()
    np.testing.assert_allclose(ours.encode(sae.x).toarray(), codes, atol=1e-5)


@pytest.mark.parametrize("options", [
    {"residual_threshold": 0.0, "max_iterations": 4, "stop_on_duplicate_support": False},
    {"residual_threshold": 0.5, "max_iterations": 9, "stop_on_duplicate_support": False},
    {"residual_threshold": 0.3},
    {"residual_threshold": 0.3, "apply_b_dec_to_input": False},
], ids=str)  # fmt: skip
def test_we_open_a_pursuit_of_saelens(saelens, sae, tmp_path, options):
    kind, config = saelens.registry.get_sae_class("matching_pursuit")
    theirs = randomised(kind(config(d_in=6, d_sae=10, **options)))
    with torch.no_grad():
        theirs.W_dec /= theirs.W_dec.norm(dim=1, keepdim=True)
    theirs.save_model(tmp_path)
    ours = sparse.load_foreign(tmp_path)
    with torch.no_grad():
        codes = theirs.encode(torch.as_tensor(sae.x))
        back = theirs.decode(codes).numpy()
    np.testing.assert_allclose(ours.encode(sae.x).toarray(), codes.numpy(), atol=1e-5)
    np.testing.assert_allclose(ours.decode(ours.encode(sae.x)), back, atol=1e-5)
    again = saelens.SAE.load_from_disk(ours.save(tmp_path / "again"))
    with torch.no_grad():
        np.testing.assert_array_equal(again.encode(torch.as_tensor(sae.x)), codes)


def randomised(theirs):
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, value in theirs.named_parameters():
            value.copy_(torch.randn(value.shape, generator=generator))
            if name == "threshold":
                value.abs_()
    return theirs


@pytest.mark.parametrize("architecture, options", [
    ("standard", {}),
    ("standard", {"apply_b_dec_to_input": False}),
    ("standard", {"normalize_activations": "layer_norm"}),
    ("jumprelu", {}),
    ("gated", {}),
    ("topk", {"k": 3}),
    ("topk", {"k": 3, "rescale_acts_by_decoder_norm": True}),
    ("abstopk", {"k": 3}),
], ids=str)  # fmt: skip
def test_we_open_saelens(saelens, sae, tmp_path, architecture, options):
    kind, config = saelens.registry.get_sae_class(architecture)
    theirs = randomised(kind(config(d_in=6, d_sae=10, **options)))
    theirs.save_model(tmp_path)
    ours = sparse.load_foreign(tmp_path)
    with torch.no_grad():
        codes = theirs.encode(torch.as_tensor(sae.x))
        back = theirs.decode(codes).numpy()
    np.testing.assert_allclose(ours.encode(sae.x).toarray(), codes.numpy(), atol=1e-5)
    if not options.get("normalize_activations"):
        decoded = ours.decode(ours.encode(sae.x))
        np.testing.assert_allclose(decoded, back, atol=1e-5)


@pytest.mark.parametrize("rescale", [True, False])
@pytest.mark.parametrize("how", ["save_model", "save_inference_model"])
def test_we_open_a_batchtopk_training(saelens, sae, tmp_path, rescale, how):
    kind, config = saelens.registry.get_sae_training_class("batchtopk")
    theirs = randomised(kind(config(d_in=6, d_sae=10, k=3, rescale_acts_by_decoder_norm=rescale)))
    theirs.topk_threshold = torch.tensor(1.5, dtype=torch.float64)
    theirs.save_inference_model(tmp_path / "judge")
    judge = saelens.SAE.load_from_disk(tmp_path / "judge")
    getattr(theirs, how)(tmp_path / "sae")
    ours = sparse.load_foreign(tmp_path / "sae")
    with torch.no_grad():
        codes = judge.encode(torch.as_tensor(sae.x))
        back = judge.decode(codes).numpy()
    np.testing.assert_allclose(ours.encode(sae.x).toarray(), codes.numpy(), atol=1e-5)
    np.testing.assert_allclose(ours.decode(ours.encode(sae.x)), back, atol=1e-5)
