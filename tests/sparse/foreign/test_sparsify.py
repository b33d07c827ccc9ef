"""Folders as sparsify writes them."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

from unbraid import sparse
from unbraid.errors import InputError


@pytest.fixture
def write(sae, tmp_path):
    def write(name="layers.5", **config):
        folder = tmp_path / name
        folder.mkdir()
        weights = {"encoder.weight": np.ascontiguousarray(sae.W_enc.T), "encoder.bias": sae.b_enc,
                   "W_dec": sae.W_dec, "b_dec": sae.b_dec}  # fmt: skip
        save_file(weights, folder / "sae.safetensors")
        common = {"activation": "topk", "expansion_factor": 2, "normalize_decoder": True,
                  "num_latents": 10, "k": 3, "multi_topk": False, "skip_connection": False,
                  "transcode": False, "d_in": 6}  # fmt: skip
        (folder / "cfg.json").write_text(json.dumps(common | config))
        return folder

    return write


def test_topk(sae, formulas, write):
    learned = sparse.load_foreign(write())
    assert sae.agrees(learned, formulas.top(formulas.relu(sae.scores())))
    assert learned.method.library == "sparsify"


def test_signed_keeps_the_largest_by_size(sae, formulas, write):
    learned = sparse.load_foreign(write(signed=True))
    scores = sae.scores()
    codes = formulas.top(scores, size=np.abs(scores))
    assert (codes < 0).any()
    assert sae.agrees(learned, codes)


@pytest.mark.parametrize("config, message", [
    ({"signed": "yes"}, "signed must be True or False, got 'yes'"),
    ({"transcode": True}, "a transcoder predicts another layer"),
    ({"skip_connection": True}, "a transcoder predicts another layer"),
    ({"activation": "groupmax"}, "activation must be 'topk', got 'groupmax'"),
    ({"num_latents": 0}, r"W_dec must have shape \(12, 6\), got \(10, 6\)"),
    ({"d_in": None}, "d_in must be a whole number"),
])  # fmt: skip
def test_what_cannot_be_read_costs_one_line(write, config, message):
    with pytest.raises(InputError, match=message):
        sparse.load_foreign(write(**config))


def test_many_hookpoints_are_listed(write, tmp_path):
    write("layers.5"), write("layers.6")
    with pytest.raises(InputError, match=r"2 checkpoints \(layers.5, layers.6\); give one"):
        sparse.load_foreign(tmp_path)


@pytest.mark.parametrize("apply", [True, False])
def test_export_and_back(sae, formulas, write_saelens, tmp_path, apply):
    weights = {name: getattr(sae, name) for name in ("W_enc", "W_dec", "b_enc", "b_dec")}
    ours = sparse.load_foreign(write_saelens(weights, "topk", k=3, apply_b_dec_to_input=apply))
    folder = sparse.export(ours, tmp_path / "out", "sparsify")
    codes = formulas.top(formulas.relu(sae.scores(centred=apply)))
    assert sae.agrees(sparse.load_foreign(folder), codes, atol=1e-5)
    assert sparse.export(ours, folder, "sparsify") == folder  # an exported one is replaced
