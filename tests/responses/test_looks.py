"""Orientation, and what is no response: one warning each, and none for what is."""

import warnings

import h5py
import numpy as np
import pytest
from scipy.io import savemat

from unbraid.errors import InputError
from unbraid.responses import load, save

RNG = np.random.default_rng(0)


def said(path, **options):
    """Return the warnings of a load, one line each."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        load(path, **options)
    return [str(w.message) for w in caught]


def slow(n_cells, n_frames, rho=0.9, offset=50.0):
    """Traces of cells: slow in time, about each cell's own baseline."""
    noise = RNG.normal(size=(n_cells, n_frames))
    for t in range(1, n_frames):
        noise[:, t] = rho * noise[:, t - 1] + (1 - rho**2) ** 0.5 * noise[:, t]
    return noise + offset * RNG.normal(size=(n_cells, 1))


@pytest.mark.parametrize("name", ["F.npy", "Fneu.npy", "spks.npy"])
def test_suite2p_is_refused_until_its_axes_are_said(tmp_path, name):
    traces = slow(20, 200)
    np.save(tmp_path / name, traces)
    with pytest.raises(InputError, match='as Suite2p writes it, units x time: say axes="units sti'):
        load(tmp_path / name)
    np.testing.assert_array_equal(load(tmp_path / name, axes="units stimuli").values, traces.T)
    assert load(tmp_path / name, axes="stimuli units").shape == traces.shape


def test_known_names_in_containers(tmp_path):
    traces = slow(20, 200)
    savemat(tmp_path / "Fall.mat", {"F": traces, "Fneu": traces, "iscell": np.ones((20, 2))})
    with pytest.raises(InputError, match="F is, as Suite2p writes it"):
        load(tmp_path / "Fall.mat", values="F")
    assert load(tmp_path / "Fall.mat", values="F", axes="units stimuli").shape == (200, 20)
    with h5py.File(tmp_path / "cnmf.hdf5", "w") as file:
        file["estimates/C"] = traces
    with pytest.raises(InputError, match="estimates/C is, as CaImAn writes it"):
        load(tmp_path / "cnmf.hdf5")
    savemat(tmp_path / "plain.mat", {"F": traces.T})  # nothing else of Suite2p's
    assert load(tmp_path / "plain.mat").shape == (200, 20)


@pytest.mark.parametrize("rho, offset", [(0.9, 50.0), (0.9, 0.0), (0.7, 5.0)])
def test_points_in_time_as_units_are_told(tmp_path, rho, offset):
    for shape in ((20, 400), (64, 1000), (219, 2000)):
        np.save(tmp_path / "x.npy", slow(*shape, rho, offset))
        (found,) = said(tmp_path / "x.npy")
        assert f"has {shape[1]} units and {shape[0]} stimuli, and neighbouring units" in found
        assert said(tmp_path / "x.npy", axes="units stimuli") == []


def test_ordinary_responses_are_not_accused(tmp_path):
    """Many units, few stimuli, shared baselines, low rank, sparse, sorted: no warning."""
    for seed in range(10):
        rng = np.random.default_rng(seed)
        latent = rng.normal(size=(30, 5)) @ rng.normal(size=(5, 400))
        for values in (
            rng.normal(size=(30, 400)),
            latent + 0.1 * rng.normal(size=latent.shape),
            rng.normal(size=(30, 1)) + rng.normal(size=(30, 400)),
            np.maximum(latent - 2, 0),
            rng.normal(size=(30, 30)),
            rng.normal(size=(30, 1)),
            np.sort(rng.normal(size=(30, 4)), axis=0),
            np.eye(30),
            np.zeros((30, 9)),
        ):
            np.save(tmp_path / "x.npy", values)
            assert said(tmp_path / "x.npy") == []


def test_matrices_between_stimuli_are_told(tmp_path):
    x = RNG.normal(size=(30, 8))
    centred = x - x.mean(axis=1, keepdims=True)
    for matrix, kind in [
        (((x[:, None] - x) ** 2).sum(-1), "dissimilarities"),
        (1 - np.corrcoef(x), "dissimilarities"),
        (np.corrcoef(x), "similarities or correlations"),
        (centred @ centred.T, "covariances or a Gram matrix"),
    ]:
        values = matrix * (1 - np.eye(30)) if kind == "dissimilarities" else matrix
        for dtype in ("f8", "f4"):
            np.savez(tmp_path / "x.npz", values=values.astype(dtype))
            (found,) = said(tmp_path / "x.npz")
            assert f"square symmetric matrix, like {kind}" in found


def test_times_are_told(tmp_path):
    times = np.sort(RNG.uniform(0, 100, 50))
    for column in (times, np.round(times * 1000), np.arange(50)):
        with h5py.File(tmp_path / "x.h5", "w") as file:
            file["values"] = column[:, None]
        (found,) = said(tmp_path / "x.h5")
        assert "only rises, like times of spikes" in found


def test_cells_of_spike_times_are_told(tmp_path):
    """Averaged as if they were repeats, the times would be numbers without a meaning."""
    cells = np.empty((6, 4), dtype=object)
    for place in np.ndindex(6, 4):
        cells[place] = np.sort(RNG.uniform(0, 2, size=(1, int(RNG.integers(3, 20)))))
    savemat(tmp_path / "x.mat", {"spikes": cells})
    (found,) = said(tmp_path / "x.mat", values="spikes", axes="stimuli units repeats")
    assert "spikes: its cells hold numbers that only rise, like times of spikes" in found


def test_what_was_never_written_is_told(tmp_path):
    values = RNG.normal(size=(40, 20))
    values[25:] = 0
    np.save(tmp_path / "x.npy", values)
    (found,) = said(tmp_path / "x.npy")
    assert "ends in 15 rows that hold only zeros" in found
    values[:, 1:] *= RNG.random((40, 19)) < 0.1  # codes, with rows that are silent
    np.save(tmp_path / "x.npy", values)
    assert said(tmp_path / "x.npy") == []


def test_stores_and_codes_are_what_they_are(tmp_path):
    import scipy.sparse as sp

    save(sp.csr_array(np.corrcoef(RNG.normal(size=(9, 4)))), tmp_path / "x.npz")
    assert said(tmp_path / "x.npz") == []
