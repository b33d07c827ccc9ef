"""In every layout a flag, a tensor or an activation that no rule took is refused by its name."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file, save_file

from unbraid import sparse
from unbraid.errors import InputError

NAMES = ("W_enc", "W_dec", "b_enc", "b_dec")


def in_torch(values):
    return {n: torch.as_tensor(np.array(v)) if isinstance(v, np.ndarray | np.generic) else v
            for n, v in values.items()}  # fmt: skip


def plain(sae, *more):
    return {name: getattr(sae, name) for name in (*NAMES, *more)}


def linear(sae):
    return {"encoder.weight": sae.W_enc.T, "encoder.bias": sae.b_enc, "decoder.weight": sae.W_dec.T}


class Layout:
    """One library's way of writing: ``write(tensors, settings)`` gives what to load."""

    def __init__(self, folder, sae):
        self.folder, self.sae = folder, sae
        self.options = {}

    def json(self, name, settings):
        (self.folder / name).write_text(json.dumps(settings))

    def saelens(self, tensors, settings):
        save_file(plain(self.sae) | tensors, self.folder / "sae_weights.safetensors")
        self.json("cfg.json", {"architecture": "standard", "d_in": 6, "d_sae": 10} | settings)
        return self.folder

    def native(self, tensors, settings):
        learned = sparse.load_foreign(self.saelens({}, {}))
        folder = learned.save(self.folder / "own")
        held = load_file(folder / "sae_weights.safetensors")
        save_file(held | tensors, folder / "sae_weights.safetensors")
        config = json.loads((folder / "cfg.json").read_text())
        (folder / "cfg.json").write_text(json.dumps(config | settings))
        return folder

    def native_own(self, tensors, settings):
        folder = self.native(tensors, {})
        config = json.loads((folder / "cfg.json").read_text())
        config["metadata"]["unbraid"] |= settings
        (folder / "cfg.json").write_text(json.dumps(config))
        return folder

    def sparsify(self, tensors, settings):
        weights = {"encoder.weight": np.ascontiguousarray(self.sae.W_enc.T),
                   "encoder.bias": self.sae.b_enc, "W_dec": self.sae.W_dec,
                   "b_dec": self.sae.b_dec}  # fmt: skip
        save_file(weights | tensors, self.folder / "sae.safetensors")
        self.json("cfg.json", {"d_in": 6, "num_latents": 10, "k": 3} | settings)
        return self.folder

    def dictionary_learning(self, tensors, settings):
        state = linear(self.sae) | {"bias": self.sae.b_dec} | tensors
        torch.save(in_torch(state), self.folder / "ae.pt")
        trainer = {"dict_class": "AutoEncoder", "activation_dim": 6, "lr": 0.1} | settings
        self.json("config.json", {"trainer": trainer, "buffer": {}})
        return self.folder

    def overcomplete(self, tensors, settings):
        atoms = self.sae.W_dec / np.linalg.norm(self.sae.W_dec, axis=1, keepdims=True)
        state = {"encoder.final_block.0.weight": self.sae.W_enc.T,
                 "encoder.final_block.0.bias": self.sae.b_enc,
                 "dictionary._weights": atoms}  # fmt: skip
        torch.save({"state_dict": in_torch(state | tensors), **settings}, self.folder / "sae.pt")
        self.options = {"k": 3}
        return self.folder / "sae.pt"

    def openai(self, tensors, settings):
        state = {"pre_bias": self.sae.b_dec, "latent_bias": self.sae.b_enc,
                 "encoder.weight": self.sae.W_enc.T, "decoder.weight": self.sae.W_dec.T,
                 "activation": "TopK"}  # fmt: skip
        more = {"activation_state_dict": {"k": 3, **settings}}
        torch.save(in_torch(state | tensors | more), self.folder / "0.pt")
        return self.folder

    def gemma_scope(self, tensors, settings):
        save_file(plain(self.sae, "threshold") | tensors, self.folder / "params.safetensors")
        self.json("config.json", {"type": "sae"} | settings)
        return self.folder

    def saev(self, tensors, settings):
        kind = {"cls": "Relu", "params": {}}
        header = {"schema": 5, "cfg": {"d_model": 6, "activation": kind} | settings}
        with (self.folder / "sae.pt").open("wb") as stream:
            stream.write(json.dumps(header).encode() + b"\n")
            torch.save(in_torch(plain(self.sae) | tensors), stream)
        return self.folder / "sae.pt"

    def generic(self, tensors, settings):
        state = {
            "state_dict": in_torch(linear(self.sae) | tensors),
            "config": {"top_k": 3} | settings,
        }
        torch.save(state, self.folder / "mine.pt")
        self.options = {"activation": "topk"}
        return self.folder / "mine.pt"

    def generic_beside(self, tensors, settings):
        held = {n: np.ascontiguousarray(v) for n, v in (linear(self.sae) | tensors).items()}
        save_file(held, self.folder / "mine.safetensors")
        self.json("mine_cfg.json", {"activation": "relu"} | settings)
        return self.folder / "mine.safetensors"


LAYOUTS = [name for name in vars(Layout) if not name.startswith("_") and name != "json"]


@pytest.fixture(params=LAYOUTS)
def layout(request, sae, tmp_path):
    """A library's layout; tests that some layouts have nothing for name the others."""
    made = Layout(tmp_path, sae)
    return SimpleNamespace(
        name=request.param, write=getattr(made, request.param), options=lambda: made.options
    )


def load(layout, tensors=(), settings=(), **options):
    path = layout.write(dict(tensors), dict(settings))
    return sparse.load_foreign(path, **layout.options(), **options)


def test_what_the_test_writes_can_be_read(layout, sae):
    assert load(layout).encode(sae.x).nnz > 0


@pytest.mark.parametrize("value", [True, False, 2.5, "tanh"])
def test_an_unknown_flag_does_not_load_silently(layout, value):
    with pytest.raises(InputError, match="mystery_flag") as caught:
        load(layout, settings={"mystery_flag": value})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["mystery", "encoder.scale", "b_skip"])
@pytest.mark.parametrize("shape", [(10,), (6,), ()])
def test_an_unknown_tensor_does_not_load_silently(layout, name, shape):
    with pytest.raises(InputError, match=name.replace(".", r"\.")) as caught:
        load(layout, tensors={name: np.full(shape, 0.5, np.float32)})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("layout", sorted({*LAYOUTS} - {"gemma_scope"}), indirect=True)
def test_a_threshold_beside_an_encoder_without_one(layout, sae):
    with pytest.raises(InputError, match="threshold"):
        load(layout, tensors={"threshold": sae.threshold})


@pytest.mark.parametrize("key", ["activation", "activation_fn", "architecture"])
def test_an_unknown_activation_does_not_load_silently(layout, key):
    with pytest.raises(InputError, match=f"softplus|{key}"):
        load(layout, settings={key: "softplus"})


@pytest.mark.parametrize("layout", [n for n in LAYOUTS if n[:6] != "native"], indirect=True)
def test_what_the_caller_ignores_is_left_out_and_noted(layout, sae):
    names = {"mystery_flag", "mystery"}
    ours = load(layout, {"mystery": np.ones(3, np.float32)}, {"mystery_flag": 1}, ignore=names)
    assert names <= set(ours.method.unread)
    expected = load(layout).encode(sae.x).toarray()
    np.testing.assert_array_equal(ours.encode(sae.x).toarray(), expected)
    with pytest.raises(InputError, match="ignore names 'mystery', which .* does not hold"):
        load(layout, ignore=["mystery"])


def test_an_exotic_tensor_dtype_is_still_seen(layout):
    with pytest.raises(InputError, match="mystery"):
        load(layout, tensors={"mystery": np.zeros((2, 3), np.int64)})


@pytest.mark.parametrize("name", ["saelens", "sparsify", "saev"])
def test_a_setting_given_twice_is_refused(sae, tmp_path, name):
    """Readers differ in which of two they take, and k is 3 or 4."""
    path = getattr(Layout(tmp_path, sae), name)({}, {"k": 3} if name == "sparsify" else {})
    where = next(p for p in (path, path / "cfg.json", *path.glob("*.pt")) if p.is_file())
    raw = where.read_bytes()
    where.write_bytes(raw.replace(b"{", b'{"twice": 1, "twice": 2, ', 1))
    with pytest.raises(InputError, match="names 'twice' twice: which is meant"):
        sparse.load_foreign(path)
