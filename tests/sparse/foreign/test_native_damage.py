"""Our own folder, changed by hand or by a bad disk, costs one line."""

import json

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from unbraid import sparse
from unbraid.errors import InputError
from unbraid.sparse import Dictionary


@pytest.fixture
def folder(sae, write_saelens, tmp_path):
    names = ("W_enc", "W_dec", "b_enc", "b_dec")
    foreign = write_saelens({name: getattr(sae, name) for name in names}, "topk", "foreign", k=3)
    return sparse.load_foreign(foreign).save(tmp_path / "own")


@pytest.mark.parametrize("name, value, message", [
    ("by", "lars", "by cannot be 'lars'"),
    ("by", ["omp"], "by cannot be"),
    ("k", 0, "k cannot be 0"),
    ("signed", 1, "signed cannot be 1"),
    ("penalty", -1, "penalty cannot be -1"),
    ("shuffled", "x", "shuffled cannot be 'x'"),
    ("transform", "fft", "transform cannot be 'fft'"),
    ("evidence", 3, "evidence must be a JSON object, got 3"),
    ("method", 3, "method cannot be read. .* name and options, got 3"),
])  # fmt: skip
def test_options(folder, name, value, message):
    config = json.loads((folder / "cfg.json").read_text())
    config["metadata"]["unbraid"][name] = value
    (folder / "cfg.json").write_text(json.dumps(config))
    with pytest.raises(InputError, match=message):
        Dictionary.load(folder)


@pytest.mark.parametrize("change, message", [
    ({"k": "x"}, "k of the topk encoder must be in 1..10, got 'x'"),
    ({"k": 11}, "k of the topk encoder must be in 1..10, got 11"),
    ({"d_in": None}, "d_sae and d_in must be whole numbers, got 10, None"),
    ({"architecture": "jumprelu"}, "lack W_enc, b_enc, threshold of the jumprelu encoder"),
    ({"architecture": "softmax"}, "architecture 'softmax' is not known"),
])  # fmt: skip
def test_configuration(folder, change, message):
    config = json.loads((folder / "cfg.json").read_text())
    (folder / "cfg.json").write_text(json.dumps(config | change))
    with pytest.raises(InputError, match=message):
        Dictionary.load(folder)


def test_weights(folder):
    tensors = load_file(folder / "sae_weights.safetensors")
    tensors["W_dec"][0, 0] = np.nan
    save_file(tensors, folder / "sae_weights.safetensors")
    with pytest.raises(InputError, match="W_dec holds NaN or infinite values"):
        Dictionary.load(folder)
