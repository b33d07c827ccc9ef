"""MATLAB structures and cells of trials: version 5 by SciPy, 7.3 as MATLAB lays it out."""

import struct

import numpy as np
import pytest

from unbraid.errors import InputError
from unbraid.responses import load

IDS = [f"image {i}" for i in range(4)]


@pytest.fixture
def trials(rng):
    """Trials of each of four stimuli: another number of rows each, five units."""
    return [rng.normal(size=(2 + i, 5)) for i in range(4)]


def cell_array(items, shape):
    cells = np.empty(len(items), dtype=object)
    cells[:] = items
    return cells.reshape(shape)


def save_5(path, arrays, compressed=False):
    from scipy.io import savemat

    savemat(path, arrays, do_compression=compressed)


def save_73(path, name, items, shape):
    """Write a cell array as MATLAB 7.3 does: references, every axis turned."""
    import h5py

    with h5py.File(path, "w", userblock_size=512) as file:
        references = []
        for i, item in enumerate(items):
            cell = file.create_dataset(f"#refs#/{i}", data=item.T)
            cell.attrs["MATLAB_class"] = np.bytes_(b"double")
            references.append(cell.ref)
        data = np.array(references, dtype=h5py.ref_dtype).reshape(shape[::-1])
        file[name] = data
        file[name].attrs["MATLAB_class"] = np.bytes_(b"cell")
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(128))


def check_trials(x, trials):
    np.testing.assert_allclose(x.values, [t.mean(axis=0) for t in trials])
    assert x.repeats.shape == (5, 4, 5)
    assert np.isnan(x.repeats[2:, 0]).all()
    np.testing.assert_array_equal(x.repeats[:4, 2], trials[2])


@pytest.mark.parametrize("compressed", [True, False])
def test_a_structure_with_trials_of_each_stimulus(trials, tmp_path, compressed):
    path = tmp_path / "x.mat"
    inner = {"spikes": cell_array(trials, (4, 1)), "names": cell_array(IDS, (4, 1)), "fs": 1000.0}
    save_5(path, {"data": {"session": inner, "n": 4.0}, "note": "V4"}, compressed)
    x = load(path, values="spikes", stimuli="data/session/names", axes="stimuli repeats units")
    check_trials(x, trials)
    assert x.stimuli.tolist() == IDS
    with pytest.raises(InputError, match="has no array 'data'; it holds .*data/session/spikes"):
        load(path, values="data")


def test_cells_of_version_73(trials, tmp_path):
    path = tmp_path / "x.mat"
    save_73(path, "spikes", trials, (1, 4))
    check_trials(load(path, values="spikes", axes="stimuli repeats units"), trials)


@pytest.mark.parametrize("version", [5, 73])
def test_a_cell_for_each_stimulus_and_unit(rng, tmp_path, version):
    path = tmp_path / "x.mat"
    cells = cell_array([rng.normal(size=(1, 1 + (i * 7) % 4)) for i in range(12)], (4, 3))
    if version == 5:
        save_5(path, {"spikes": cells})
    else:
        save_73(path, "spikes", list(cells.ravel(order="F")), (4, 3))
    x = load(path, values="spikes", axes="stimuli units repeats")
    means = [[cells[i, j].mean() for j in range(3)] for i in range(4)]
    np.testing.assert_allclose(x.values, means)


def test_a_stimulus_without_trials(trials, tmp_path):
    save_5(tmp_path / "x.mat", {"spikes": cell_array([*trials[:3], np.empty((0, 0))], (4, 1))})
    with pytest.raises(InputError, match="no repeat, the first is stimulus 3, unit 0"):
        load(tmp_path / "x.mat", values="spikes", axes="stimuli repeats units")


def test_one_large_cell_does_not_fill_the_memory(tmp_path):
    items = [np.ones((1, 10**5)), *[np.ones((10, 1))] * 199]
    save_5(tmp_path / "x.mat", {"spikes": cell_array(items, (200, 1))}, True)
    with pytest.raises(InputError, match="largest cell, of .100000,., is too large"):
        load(tmp_path / "x.mat", values="spikes")


def element(kind, content):
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


def test_strings_and_tables_do_not_disturb(rng, tmp_path):
    """What MATLAB writes of its objects: no size, only names, and a nameless workspace."""
    path = tmp_path / "x.mat"
    values = rng.normal(size=(4, 5))
    save_5(path, {"resp": values, "ids": [3, 1, 2, 0]})
    flags = element(6, struct.pack("<II", 17, 0))
    names = [element(1, text) for text in (b"stimuli", b"MCOS", b"string")]
    path.write_bytes(path.read_bytes() + element(14, flags + b"".join(names)))
    with pytest.raises(InputError, match=r"stimuli is a structure, an object .* cellstr\(ids\)"):
        load(path)
    x = load(path, stimuli="ids")
    assert x.stimuli.tolist() == ["3", "1", "2", "0"]
    np.testing.assert_array_equal(x.values, values)


@pytest.mark.parametrize("compressed", [True, False])
def test_damaged_structures_are_one_line(trials, rng, tmp_path, compressed):
    path = tmp_path / "x.mat"
    save_5(path, {"data": {"spikes": cell_array(trials, (4, 1)), "deep": {"a": 1}}}, compressed)
    whole = path.read_bytes()
    for _ in range(300):
        damaged = bytearray(whole[: rng.integers(130, len(whole))] if rng.random() < 0.3 else whole)
        for at in rng.integers(128, len(damaged), 3):
            damaged[at] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            load(path, values="spikes", axes="stimuli repeats units")
        except InputError as error:
            assert "\n" not in str(error)


def test_damaged_words_of_version_73(trials, tmp_path):
    path = tmp_path / "x.mat"
    save_73(path, "spikes", trials, (1, 4))
    path.write_bytes(path.read_bytes().replace(b"cell", b"ce\xd5l"))
    with pytest.raises(InputError, match="is not a whole MATLAB 7.3 file .*utf-8"):
        load(path, values="spikes")
