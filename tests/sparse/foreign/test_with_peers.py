"""sparsify, dictionary_learning, overcomplete and saev judge what we read and write.

`make peers` installs and runs them. Last run by hand with eai-sparsify 1.3.3,
dictionary-learning 0.1.0, overcomplete 0.3.0, saev 0.1.0 and torch 2.13.
"""

import importlib
import json

import numpy as np
import pytest
import torch

from unbraid import sparse
from unbraid.sparse import Dictionary, Encoder, Imported

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]
SOURCE = Imported(library="unbraid", architecture="made for a test")


def peer(name):
    return importlib.import_module(name)


def randomised(theirs):
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, value in theirs.named_parameters():
            value.copy_(torch.randn(value.shape, generator=generator))
            if name == "threshold":
                value.abs_()
    return theirs


def agree(ours, theirs, x, atol=1e-5):
    with torch.no_grad():
        codes = theirs.encode(torch.as_tensor(x))
        codes = codes[1] if isinstance(codes, tuple) else codes
        back = theirs.decode(codes).numpy()
    np.testing.assert_allclose(ours.encode(x).toarray(), codes.numpy(), atol=atol)
    np.testing.assert_allclose(ours.decode(ours.encode(x)), back, atol=5 * atol)


def agree_sparsify(ours, theirs, x):
    with torch.no_grad():
        found = theirs.encode(torch.as_tensor(x))
        back = theirs.decode(found.top_acts, found.top_indices).numpy()
    codes = np.zeros((len(x), ours.n_latents), np.float32)
    np.put_along_axis(codes, found.top_indices.numpy(), found.top_acts.numpy(), 1)
    np.testing.assert_allclose(ours.encode(x).toarray(), codes, atol=1e-5)
    np.testing.assert_allclose(ours.decode(codes), back, atol=1e-5)


def made(sae, activation, centred=True):
    more = {
        "topk": {"k": 3}, "relu": {}, "jumprelu": {"threshold": sae.threshold},
        "gated": {"threshold": sae.b_gate, "scale": np.exp(sae.r_mag)},
    }[activation]  # fmt: skip
    encoder = Encoder(weights=sae.W_enc, bias=sae.b_enc, activation=activation, centred=centred,
                      **more)  # fmt: skip
    return Dictionary(atoms=sae.W_dec, offset=sae.b_dec, encoder=encoder, method=SOURCE)


@pytest.mark.parametrize("centred", [True, False])
def test_sparsify_opens_ours(sae, tmp_path, centred):
    sparsify = peer("sparsify")
    ours = made(sae, "topk", centred)
    folder = sparse.export(ours, tmp_path / "layers.5", "sparsify")
    agree_sparsify(ours, sparsify.SparseCoder.load_from_disk(folder), sae.x)


@pytest.mark.parametrize("options", [{"expansion_factor": 2}, {"num_latents": 10}])
def test_we_open_sparsify(sae, tmp_path, options):
    sparsify = peer("sparsify")
    theirs = randomised(sparsify.SparseCoder(6, sparsify.SparseCoderConfig(k=3, **options)))
    theirs.save_to_disk(tmp_path)
    agree_sparsify(sparse.load_foreign(tmp_path), theirs, sae.x)


@pytest.mark.parametrize("centred", [True, False])
@pytest.mark.parametrize("activation, name", [
    ("relu", "dictionary:AutoEncoder"),
    ("gated", "dictionary:GatedAutoEncoder"),
    ("jumprelu", "dictionary:JumpReluAutoEncoder"),
    ("topk", "trainers.top_k:AutoEncoderTopK"),
])  # fmt: skip
def test_dictionary_learning_opens_ours(sae, tmp_path, activation, name, centred):
    module, _, kind = name.partition(":")
    library = peer(f"dictionary_learning.{module}")
    ours = made(sae, activation, centred)
    folder = sparse.export(ours, tmp_path / "out", "dictionary_learning")
    options = {"normalize_decoder": False} if kind == "AutoEncoder" else {}
    agree(ours, getattr(library, kind).from_pretrained(str(folder / "ae.pt"), **options), sae.x)
    config = json.loads((folder / "config.json").read_text())
    assert config["trainer"]["dict_class"] == kind


@pytest.mark.parametrize("name, options", [
    ("dictionary:AutoEncoder", {}),
    ("dictionary:AutoEncoderNew", {}),
    ("dictionary:GatedAutoEncoder", {}),
    ("dictionary:JumpReluAutoEncoder", {}),
    ("trainers.top_k:AutoEncoderTopK", {"k": 3}),
    ("trainers.batch_top_k:BatchTopKSAE", {"k": 3}),
    ("trainers.matryoshka_batch_top_k:MatryoshkaBatchTopKSAE", {"k": 3, "group_sizes": [4, 6]}),
])  # fmt: skip
def test_we_open_dictionary_learning(sae, tmp_path, name, options):
    module, _, kind = name.partition(":")
    library = peer(f"dictionary_learning.{module}")
    theirs = randomised(getattr(library, kind)(6, 10, **options))
    if "k" in options:
        theirs.threshold.copy_(torch.tensor(0.7))
    torch.save(theirs.state_dict(), tmp_path / "ae.pt")
    config = {"trainer": {"dict_class": kind, "activation_dim": 6, "dict_size": 10}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    agree(sparse.load_foreign(tmp_path), theirs, sae.x)


@pytest.mark.parametrize("name", ["SAE", "TopKSAE", "BatchTopKSAE", "JumpSAE", "RATopKSAE"])
def test_we_open_overcomplete(sae, tmp_path, name):
    library = peer("overcomplete.sae")
    x = torch.as_tensor(sae.x)
    options = {"top_k": 3} if "TopK" in name else {}
    if name == "RATopKSAE":
        options["points"] = x[:8]
    theirs = getattr(library, name)(6, 10, **options)
    first = next(key for key in theirs.state_dict() if key.endswith("0.weight"))
    assert first == "encoder.final_block.0.weight"
    randomised(theirs)
    given = {"k": 3} if name in ("TopKSAE", "RATopKSAE") else {}
    if name == "BatchTopKSAE":
        theirs.running_threshold = torch.tensor(0.7)
        given = {"threshold": 0.7}
    elif name == "SAE":
        given = {"threshold": 0}
    theirs.eval()
    torch.save(theirs.state_dict(), tmp_path / "weights.pt")
    agree(sparse.load_foreign(tmp_path, **given), theirs, sae.x)


@pytest.mark.parametrize("normalization", ["l2", "max_l2", "identity"])
def test_we_open_a_pursuit_of_overcomplete(sae, tmp_path, normalization):
    library = peer("overcomplete.sae")
    options = {"dictionary_params": {"normalization": normalization, "use_multiplier": True}}
    theirs = randomised(library.MpSAE(6, 10, k=5, **options))
    with torch.no_grad():
        theirs.dictionary._weights *= 0.3
        theirs.dictionary.multiplier.fill_(-0.2)
    theirs.eval()
    torch.save(theirs.state_dict(), tmp_path / "weights.pt")
    given = {"k": 5, "activation": "pursuit", "normalization": normalization}
    agree(sparse.load_foreign(tmp_path, **given), theirs, sae.x)


def test_we_open_saev(sae, tmp_path):
    library, config = peer("saev.nn"), peer("saev.config")
    theirs = randomised(library.SparseAutoencoder(config.SparseAutoencoder(d_vit=6, exp_factor=2)))
    library.dump(str(tmp_path / "sae.pt"), theirs)
    back, codes, _ = theirs(torch.as_tensor(sae.x))
    ours = sparse.load_foreign(tmp_path / "sae.pt")
    np.testing.assert_allclose(ours.encode(sae.x).toarray(), codes.detach().numpy(), atol=1e-5)
    np.testing.assert_allclose(ours.decode(ours.encode(sae.x)), back.detach().numpy(), atol=5e-5)
