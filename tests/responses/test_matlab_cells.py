"""MATLAB structures and cells of trials: version 5 by SciPy, 7.3 as MATLAB lays it out."""

import struct

import h5py
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


def structs_73(path, fields, shape):
    """Write an array of structures as MATLAB 7.3 does: a field is references without a class."""

    def write(file, name, item):
        if isinstance(item, dict):
            group = file.create_group(name)
            group.attrs["MATLAB_class"] = np.bytes_(b"struct")
            for key, value in item.items():
                write(file, f"{name}/{key}", value)
            return group
        text = isinstance(item, str)
        data = np.frombuffer(item.encode("utf-16le"), "u2")[:, None] if text else np.asarray(item).T
        made = file.create_dataset(name, data=data)
        made.attrs["MATLAB_class"] = np.bytes_(b"char" if text else b"double")
        if text:
            made.attrs["MATLAB_int_decode"] = np.int32(2)
        return made

    with h5py.File(path, "w", userblock_size=512) as file:
        group = file.create_group("RDMs")
        group.attrs["MATLAB_class"] = np.bytes_(b"struct")
        for field, items in fields.items():
            places = [write(file, f"#refs#/{field}{i}", item).ref for i, item in enumerate(items)]
            group[field] = np.array(places, dtype=h5py.ref_dtype).reshape(shape[::-1])
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(128))


def test_an_array_of_structures_of_version_73(rng, tmp_path):
    path, values = tmp_path / "x.mat", rng.normal(size=(6, 4, 5))
    names = [f"subject {i}" for i in range(6)]
    inner = [{"rate": 2 * one, "deeper": {"n": one + 1}} for one in values]
    structs_73(path, {"RDM": list(values), "name": names, "more": inner}, (2, 3))
    for place, expected in (("1,1", values[0]), ("2,1", values[1]), ("1,2", values[2])):
        np.testing.assert_array_equal(load(path, values=f"RDMs({place}).RDM").values, expected)
    x = load(path, values="RDMs(2,3).more.rate")
    np.testing.assert_array_equal(x.values, 2 * values[5])
    x = load(path, values="RDMs(2,3).more.deeper.n")
    np.testing.assert_array_equal(x.values, values[5] + 1)
    with pytest.raises(InputError, match=r"it holds RDMs\(1,1\)/RDM \(4, 5\) float64"):
        load(path)
    structs_73(path, {"RDM": list(values), "name": names}, (1, 6))
    np.testing.assert_array_equal(load(path, values="RDMs(3)/RDM").values, values[2])
    with pytest.raises(InputError, match=r"no array 'RDMs\(7\)/RDM'; it holds RDMs\(1\)/RDM"):
        load(path, values="RDMs(7).RDM")


def test_one_cell_of_an_array_of_cells(rng, tmp_path):
    """Areas of different sizes in cells, and structures in cells: ``areas{2}``, ``a{2}.rate``."""
    path, areas = tmp_path / "x.mat", [rng.normal(size=(6, p)) for p in (3, 5, 4)]
    save_5(path, {"areas": cell_array(areas, (1, 3)), "other": np.ones((6, 2))}, True)
    for name, expected in (("areas{1}", areas[0]), ("areas{3}", areas[2])):
        np.testing.assert_array_equal(load(path, values=name).values, expected)
    with pytest.raises(InputError, match=r"no array 'areas\{4\}'; it holds areas\{1\}"):
        load(path, values="areas{4}")
    save_73(path, "areas", areas, (1, 3))
    np.testing.assert_array_equal(load(path, values="areas{2}").values, areas[1])
    records = [{"rate": area, "inside": cell_array([area, area + 1], (1, 2))} for area in areas]
    save_5(path, {"a": cell_array(records, (1, 3))}, True)
    np.testing.assert_array_equal(load(path, values="a{2}.rate").values, areas[1])
    np.testing.assert_array_equal(load(path, values="a{2}.inside{2}").values, areas[1] + 1)
    with pytest.raises(InputError, match=r"it holds a\{1\}/rate \(6, 3\) float64, a\{1\}/inside"):
        load(path)
    structs_73(path, {"RDM": areas, "more": [{"rate": area} for area in areas]}, (1, 3))
    with h5py.File(path, "a") as file:  # a cell array of structures
        file["cells"] = file["RDMs/more"][()]
        file["cells"].attrs["MATLAB_class"] = np.bytes_(b"cell")
    np.testing.assert_array_equal(load(path, values="cells{3}.rate").values, areas[2])


def test_a_structure_that_contains_itself(rng, tmp_path):
    path = tmp_path / "x.mat"
    structs_73(path, {"RDM": list(rng.normal(size=(2, 4, 5)))}, (1, 2))
    with h5py.File(path, "a") as file:
        loop = np.array([file["RDMs"].ref] * 2, dtype=h5py.ref_dtype)[:, None]
        file["RDMs/loop"] = loop
    with pytest.raises(InputError, match="too many or too deep structures"):
        load(path)


def test_damaged_structures_of_version_73_are_one_line(rng, tmp_path):
    path = tmp_path / "x.mat"
    structs_73(path, {"RDM": list(rng.normal(size=(3, 4, 5)))}, (1, 3))
    whole = path.read_bytes()
    for _ in range(200):
        damaged = bytearray(whole)
        for at in rng.integers(512, len(damaged), 5):
            damaged[at] = rng.integers(256)
        path.write_bytes(damaged)
        try:
            load(path, values="RDMs(2).RDM")
        except InputError as error:
            assert "\n" not in str(error)
