"""Small random autoencoders, and the formulas of their codes written out."""

import json

import numpy as np
import pytest
from safetensors.numpy import save_file

P, M, K = 6, 10, 3


class Sae:
    """Random weights in canonical shapes, and every activation's formula."""

    def __init__(self, rng):
        def draw(*shape):
            return rng.normal(size=shape).astype(np.float32)

        self.W_enc, self.W_dec = draw(P, M), draw(M, P)
        self.b_enc, self.b_dec = draw(M) / 4, draw(P)
        self.r_mag, self.b_gate = draw(M) / 4, draw(M) / 4
        self.threshold = np.abs(draw(M))
        self.x = draw(50, P) + self.b_dec

    def scores(self, x=None, centred=True):
        x = self.x if x is None else x
        return (x - self.b_dec * centred) @ self.W_enc + self.b_enc

    def reconstruct(self, codes):
        return codes @ self.W_dec + self.b_dec

    def given_back(self, reconstruction, transform):
        """Undo what an input transform took from each stimulus."""
        if transform == "layer_norm":
            scale = self.x.std(1, ddof=1, keepdims=True) + 1e-5
            return reconstruction * scale + self.x.mean(1, keepdims=True)
        if transform == "constant_norm_rescale":
            return reconstruction * np.linalg.norm(self.x, axis=1, keepdims=True) / np.sqrt(P)
        return reconstruction

    def agrees(self, dictionary, codes, atol=2e-6):
        """Whether encode and decode are the codes and the reconstruction by the formula."""
        ours = dictionary.encode(self.x)
        np.testing.assert_allclose(ours.toarray(), codes, atol=atol)
        again = self.given_back(self.reconstruct(codes), dictionary.transform)
        np.testing.assert_allclose(dictionary.decode(ours), again, rtol=1e-6, atol=10 * atol)
        assert 0 < ours.count_nonzero() < ours.shape[0] * M  # the activation does something
        return True


def relu(scores):
    return np.maximum(scores, 0)


def top(scores, k=K, size=None):
    """Keep the k largest entries of each row, by ``size`` where given."""
    size = scores if size is None else size
    kept = np.argsort(-size, axis=1)[:, :k]
    out = np.zeros_like(scores)
    np.put_along_axis(out, kept, np.take_along_axis(scores, kept, 1), 1)
    return out


def jump(scores, threshold):
    return relu(scores) * (scores > threshold)


def layer_norm(x):
    centred = x - x.mean(1, keepdims=True)
    return centred / (x.std(1, ddof=1, keepdims=True) + 1e-5)


@pytest.fixture
def sae(rng):
    return Sae(rng)


@pytest.fixture
def formulas():
    """The activations, as plain functions of the scores."""

    class Formulas:
        pass

    Formulas.relu, Formulas.top = staticmethod(relu), staticmethod(top)
    Formulas.jump, Formulas.layer_norm = staticmethod(jump), staticmethod(layer_norm)
    return Formulas


@pytest.fixture
def write_saelens(tmp_path):
    """Write a folder as SAELens does."""

    def write(tensors, architecture, name="sae", **config):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        save_file({n: np.ascontiguousarray(t) for n, t in tensors.items()},
                  folder / "sae_weights.safetensors")  # fmt: skip
        common = {
            "architecture": architecture, "d_in": P, "d_sae": M, "dtype": "float32",
            "device": "cpu", "apply_b_dec_to_input": True, "normalize_activations": "none",
            "reshape_activations": "none", "metadata": {"sae_lens_version": "6.54.12"},
        }  # fmt: skip
        (folder / "cfg.json").write_text(json.dumps(common | config))
        return folder

    return write
