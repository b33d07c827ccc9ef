"""A device changes where codes and trainings are computed, not what comes out."""

import warnings
from typing import get_args

import numpy as np
import pytest
import torch

import unbraid as ub
from unbraid import sparse
from unbraid._kernels.codes import lasso_and_omp, lasso_descent
from unbraid._kernels.device import computing_on, device_here
from unbraid._kernels.products.sparse_rows import decode
from unbraid.errors import InputError
from unbraid.sparse.autoencoders._device_topk_net import DeviceTopKNet
from unbraid.sparse.autoencoders._sparse_net import SparseNet
from unbraid.sparse.inference._encoder import Activation
from unbraid.sparse.training._training import Autoencoder, Training

DEVICES = [
    "cpu",
    pytest.param(
        "cuda", marks=pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here")
    ),
]
SHORT = Training(steps=40)
PROBLEMS = {
    "omp": {"k": 5},
    "omp, signed": {"k": 5, "signed": True},
    "lasso": {"k": 20, "penalty": 0.3},
    "lasso, signed": {"k": 20, "penalty": 0.3, "signed": True},
    "lasso, little penalty": {"k": 20, "penalty": 1e-2},
    "lasso, few may be active": {"k": 4, "penalty": 0.3},
}


def problem(rng, p=20, m=60, n=300, kind=np.float64):
    atoms = rng.normal(size=(m, p))
    atoms[3], atoms[7] = atoms[4], 0  # one twice, one empty
    atoms /= np.maximum(np.linalg.norm(atoms, axis=1, keepdims=True), 1e-30)
    x = rng.normal(size=(n, p))
    x[5] = 0
    return x.astype(kind), atoms.astype(kind)


def responses(rng, n=600, p=12, features=20):
    z = rng.uniform(1, 2, (n, features)) * (rng.random((n, features)) < 0.12)
    return z @ rng.normal(size=(features, p)) + 0.01 * rng.normal(size=(n, p))


def dense(active, codes, m):
    return decode(active, codes, np.eye(m, dtype=codes.dtype), np.zeros(m, codes.dtype))


@pytest.fixture
def no_compiled_codes(monkeypatch):
    """Turn the compiled kernels of codes into an error."""

    def refuse(*_, **__):
        raise AssertionError("compiled kernel used")

    monkeypatch.setattr(lasso_and_omp, "in_blocks", refuse)
    monkeypatch.setattr(lasso_descent, "in_blocks", refuse)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("kind, near", [(np.float64, 1e-10), (np.float32, 1e-4)])
def test_codes_under_given_atoms(name, device, kind, near, rng, monkeypatch, no_compiled_codes):
    x, atoms = problem(rng, kind=kind)
    with computing_on(device):
        there = lasso_and_omp.pursue(x, atoms, **PROBLEMS[name])
    monkeypatch.undo()
    here = lasso_and_omp.pursue(x, atoms, **PROBLEMS[name])
    made = [dense(*found[:2], len(atoms)) @ atoms for found in (here, there)]
    np.testing.assert_allclose(made[1], made[0], atol=near)
    np.testing.assert_allclose(there[2], here[2], atol=1e-5)
    last = [int((row >= 0).sum()) for row in there[0]]
    assert all((row[:n] >= 0).all() for row, n in zip(there[0], last, strict=True))  # -1 at the end


@pytest.mark.parametrize("device", DEVICES)
def test_the_lasso_is_solved(device, rng):
    x, atoms = problem(rng)
    with computing_on(device):
        active, codes, _ = lasso_and_omp.pursue(x, atoms, k=20, penalty=0.3)
    z = dense(active, codes, len(atoms))
    slope = (z @ atoms - x) @ atoms.T + 0.3  # of the objective, code by code
    assert z.min() >= 0
    assert slope[:, :7].min() > -1e-5
    assert np.abs(slope[z > 0]).max() < 1e-9


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("m", [60, 1100])  # beyond 1,024 there is one round
def test_codes_that_go_on(device, signed, m, rng):
    x, atoms = rng.normal(size=(100, 20)), rng.normal(size=(m, 20))  # no atom twice: no ties
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    here, there = (lasso_descent.LassoCodes.none(len(x), 15, x.dtype) for _ in range(2))
    for penalty in (0.5, 0.3, 0.2):
        here.descend(x, atoms, penalty, signed)
        with computing_on(device):
            there.descend(x, atoms, penalty, signed)
        np.testing.assert_array_equal(there.active, here.active)
        np.testing.assert_allclose(there.codes, here.codes, atol=1e-10)


@pytest.mark.parametrize("device", DEVICES)
def test_topk_takes_the_same_steps(device, rng):
    training = Training(steps=30, dead_after=0.05)  # so that latents die, and learn again
    atoms = rng.normal(size=(40, 10))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    options = (atoms, 3, 500, training)
    here = SparseNet(*options, anneal=0.3)
    there = DeviceTopKNet(*options, anneal=0.3, device=device)
    dead = 0.0
    for step in range(30):
        x = rng.normal(size=(64, 10)).astype(np.float32)
        one, other = (net.step(x, 1e-2, step / 30) for net in (here, there))
        assert other.loss == pytest.approx(one.loss, rel=1e-5)
        assert other.dead == one.dead
        dead = max(dead, one.dead)
    assert dead > 0
    for name, array in here.state().items():
        np.testing.assert_allclose(there.state()[name], array, atol=1e-5, err_msg=name)
    assert there.error(x) == pytest.approx(here.error(x), rel=1e-5)


AUTOENCODERS = [
    kind
    for kind in sparse.METHODS.values()
    if issubclass(kind, Autoencoder) and kind.on_device and "systems" not in kind.model_fields
]


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("kind", AUTOENCODERS, ids=lambda kind: kind.__name__)
def test_every_autoencoder(kind, device, rng):
    x = responses(rng)
    fields = {"n_latents": 24, "training": SHORT}
    if "sizes" in kind.model_fields:
        fields["sizes"] = (6, 6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        here = sparse.fit(x, kind(**fields), rng=0)
        there = sparse.fit(x, kind(**fields), rng=0, device=device)
    np.testing.assert_allclose(there.atoms, here.atoms, atol=1e-5)
    np.testing.assert_allclose(there.offset, here.offset, atol=1e-5)
    one, other = (d.encode(x).toarray() for d in (here, there))
    on_device = here.encode(x, device=device).toarray()
    np.testing.assert_allclose(on_device, one, atol=1e-5)
    assert (np.abs(one - other) < 1e-4).mean() > 0.999  # an edge may fall the other way


@pytest.mark.parametrize("device", DEVICES)
def test_every_encoder(device, rng):
    x = rng.normal(size=(50, 8))
    options = {"weights": rng.normal(size=(8, 20)), "bias": rng.normal(size=20), "k": 4}
    options |= {"threshold": rng.normal(size=20), "scale": rng.uniform(0.5, 2, 20)}
    rules = {"until_repeat": True, "tolerance": 0.1}
    kinds = ("topk", "signed_topk", "abstopk", "relu", "tanh_relu", "jumprelu", "gated",
             "pursuit", "signed_pursuit")  # fmt: skip
    assert set(kinds) == set(get_args(Activation))
    for kind in kinds:
        for more in ({}, rules):
            encoder = sparse.Encoder(activation=kind, **options, **more)
            atoms = encoder.weights.T / np.linalg.norm(encoder.weights.T, axis=1)[:, None]
            here = encoder(x, atoms).toarray()
            with computing_on(device):
                there = encoder(x, atoms).toarray()
            np.testing.assert_allclose(there, here, atol=1e-10, err_msg=kind)


@pytest.mark.parametrize("device", DEVICES)
def test_pursuit_and_sparse_coding_learn_there(device, rng, no_compiled_codes, monkeypatch):
    x = responses(rng, n=150, features=12)
    methods = [
        sparse.Pursuit(n_latents=12, k=2, restarts=1, cycles=2),
        sparse.SparseCoding(n_latents=12, iterations=2, cycles=0),
    ]
    there = [sparse.fit(x, method, rng=0, device=device) for method in methods]
    monkeypatch.undo()
    here = [sparse.fit(x, method, rng=0) for method in methods]
    for one, other in zip(here, there, strict=True):
        assert other.evidence.fvu == pytest.approx(one.evidence.fvu, rel=0.05)


@pytest.mark.parametrize("device", DEVICES)
def test_training_goes_on_after_a_kill(device, rng, tmp_path):
    x, method = responses(rng), sparse.TopK(n_latents=24, k=3, training=SHORT)
    whole = sparse.fit(x, method, rng=0, device=device)

    def kill(_, share):
        if share > 0.5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        sparse.fit(x, method, rng=0, device=device, checkpoint=tmp_path, progress=kill)
    assert any(tmp_path.iterdir())
    again = sparse.fit(x, method, rng=0, device=device, checkpoint=tmp_path)
    np.testing.assert_array_equal(again.atoms, whole.atoms)


@pytest.mark.parametrize("device", DEVICES)
def test_the_main_jobs(device, rng):
    z = rng.uniform(1, 2, (240, 12)) * (rng.random((240, 12)) < 0.2)
    x, y = z @ rng.normal(size=(12, 8)), z @ rng.normal(size=(12, 9))
    few = {"method": sparse.TopK(n_latents=16, k=3, training=SHORT), "seeds": 1, "resamples": 10}
    few |= {"metrics": ("ridge",), "permutations": 0}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        here, there = (ub.compare(x, y, device=where, **few) for where in (None, device))
        assert there.config.device == device
        for one, other in zip(here.scores, there.scores, strict=True):
            assert other.value == pytest.approx(one.value, abs=1e-4, nan_ok=True)
        small = {"method": sparse.SparseCoding(n_latents=6, iterations=2, cycles=0)}
        small |= {"seeds": 1, "refits": 0, "baselines": False, "permutations": 99}
        found = [ub.joint({"a": x, "b": y}, device=where, **small) for where in (None, device)]
    counts = [{kind: count.value for kind, count in each.counts.items()} for each in found]
    assert counts[0] == counts[1]


def test_nothing_stays_behind(rng):
    sparse.fit(responses(rng), sparse.TopK(n_latents=24, k=3, training=SHORT), device="cpu")
    assert device_here() is None


def test_what_has_no_twin_is_refused(rng):
    x = responses(rng)
    with pytest.raises(InputError, match="PCA learns on the processor only, got device='cpu'"):
        sparse.fit(x, sparse.PCA(n_latents=4), device="cpu")
    with pytest.raises(InputError, match="leave device out"):
        ub.compare(x, x, method=sparse.ICA(), device="cpu")
    with pytest.raises(InputError, match="device must be one on which torch computes"):
        sparse.fit(x, sparse.TopK(), device="card")
    learned = sparse.fit(x, sparse.PCA(n_latents=4))
    with pytest.raises(InputError, match="by='posterior' is computed on the processor"):
        learned.encode(x, by="posterior", device="cpu")
