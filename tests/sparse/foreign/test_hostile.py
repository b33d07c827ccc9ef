"""Files that are damaged, or made to harm, cost one line that names them and nothing else."""

import io
import json
import pickle
import zipfile

import numpy as np
import pytest
import torch

from unbraid import sparse
from unbraid.errors import InputError, UnbraidError


class Trap:
    def __reduce__(self):
        return (open, ("trap-was-sprung", "w"))


def refused(path, message, **options):
    with pytest.raises(InputError, match=message) as caught:
        sparse.load_foreign(path, **options)
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)
    return True


def torch_state(sae):
    state = {"pre_bias": sae.b_dec, "encoder.weight": sae.W_enc.T, "latent_bias": sae.b_enc,
             "decoder.weight": sae.W_dec.T}  # fmt: skip
    return {key: torch.as_tensor(np.array(value)) for key, value in state.items()}


def test_pickled_objects_never_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"model": Trap()}, tmp_path / "model.pt")
    assert refused(tmp_path / "model.pt", "pickled Python objects, which are never loaded")
    (tmp_path / "plain.pt").write_bytes(pickle.dumps(Trap()))
    assert refused(tmp_path / "plain.pt", "not a file that torch.save writes")
    np.savez(tmp_path / "params.npz", W_enc=np.array([Trap()], object))
    assert refused(tmp_path / "params.npz", "never unpickled")
    assert not (tmp_path / "trap-was-sprung").exists()


def test_a_whole_pickled_module(tmp_path):
    torch.save(torch.nn.Linear(2, 2), tmp_path / "model.pt")
    assert refused(tmp_path / "model.pt", r"torch.save\(model.state_dict\(\)")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.6, 0.99])
def test_truncated_torch_files(sae, tmp_path, share):
    path = tmp_path / "weights.pt"
    torch.save(torch_state(sae), path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    assert refused(path, "is empty|truncated or damaged|not a file that torch.save")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.99])
def test_truncated_safetensors(sae, write_saelens, share):
    folder = write_saelens({"W_dec": sae.W_dec, "b_dec": sae.b_dec}, "standard")
    path = folder / "sae_weights.safetensors"
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(InputError, match="sae_weights.safetensors"):
        sparse.load_foreign(folder)


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_truncated_npz(sae, tmp_path, share):
    path = tmp_path / "params.npz"
    np.savez(path, W_enc=sae.W_enc)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    assert refused(path, "not a whole .npz")


def test_an_npz_that_claims_terabytes(tmp_path):
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, {"descr": "<f8", "fortran_order": False, "shape": (10**6, 10**6)}
    )
    with zipfile.ZipFile(tmp_path / "params.npz", "w") as archive:
        archive.writestr("W_enc.npy", header.getvalue())
    assert refused(tmp_path / "params.npz", "must hold 8000000000000 bytes")


def test_a_safetensors_header_that_claims_terabytes(tmp_path):
    header = json.dumps({"w_enc": {"dtype": "F32", "shape": [10**6, 10**6],
                                   "data_offsets": [0, 4 * 10**12]}}).encode()  # fmt: skip
    path = tmp_path / "params.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header)
    assert refused(path, "truncated or damaged")
    path.write_bytes((2**60).to_bytes(8, "little") + header)
    assert refused(path, "not a whole .safetensors")


def test_a_tensor_that_repeats_its_storage(sae, tmp_path):
    state = torch_state(sae) | {"encoder.weight": torch.zeros(1).expand(10**6, 10**6)}
    torch.save(state, tmp_path / "weights.pt")
    assert refused(tmp_path / "weights.pt", "claims more numbers than the file holds")


def test_a_sparse_tensor(sae, tmp_path):
    state = torch_state(sae) | {"encoder.weight": torch.eye(3).to_sparse()}
    torch.save(state, tmp_path / "weights.pt")
    assert refused(tmp_path / "weights.pt", "not dense")


def test_a_compressed_record(sae, tmp_path):
    torch.save(torch_state(sae), tmp_path / "stored.pt")
    with (
        zipfile.ZipFile(tmp_path / "stored.pt") as stored,
        zipfile.ZipFile(tmp_path / "packed.pt", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in stored.namelist():
            packed.writestr(name, stored.read(name))
    assert refused(tmp_path / "packed.pt", "is compressed, which torch.save never does")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_training_that_diverged(sae, write_saelens, value):
    sae.W_dec[3, 2] = value
    names = ("W_enc", "W_dec", "b_enc", "b_dec")
    folder = write_saelens({name: getattr(sae, name) for name in names}, "standard")
    with pytest.raises(InputError, match="W_dec holds NaN or infinite values"):
        sparse.load_foreign(folder)


@pytest.mark.parametrize("text", ["[", "[1]", "\ufeff", '{"d_in": ' + "[" * 100_000, '"x"'])
def test_a_configuration_that_is_none(sae, write_saelens, text):
    folder = write_saelens({"W_dec": sae.W_dec}, "standard")
    (folder / "cfg.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="cfg.json"):
        sparse.load_foreign(folder)


@pytest.mark.parametrize("content", [[1, 2], {"a": torch.zeros(2)}, {"encoder.weight": "text"}])
def test_torch_files_of_something_else(tmp_path, content):
    torch.save(content, tmp_path / "weights.pt")
    assert refused(tmp_path / "weights.pt", "must hold a dict|holds no encoder and no decoder")


def test_a_name_that_holds_no_array(sae, tmp_path):
    torch.save(torch_state(sae) | {"encoder.weight": "text"}, tmp_path / "weights.pt")
    assert refused(
        tmp_path / "weights.pt",
        "must hold encoder.weight to be a checkpoint of openai",
        format="openai",
    )


@pytest.mark.parametrize("format", ["saelens", "sparsify", "dictionary_learning"])
def test_what_cannot_be_written_is_one_line_and_leaves_nothing(rng, tmp_path, format):
    import resource

    learned = sparse.fit(rng.normal(size=(60, 30)), sparse.RandomDictionary(), rng=0)
    least, most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, most))  # as on a disk with no more space
    try:
        with pytest.raises(UnbraidError, match="could not be written") as caught:
            sparse.export(learned, tmp_path / "out", format)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (least, most))
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []
