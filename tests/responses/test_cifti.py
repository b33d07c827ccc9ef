"""CIFTI files that nibabel writes: series cut by events, maps by name, parcels, structures."""

import numpy as np
import pytest

from unbraid import InputError, load

nibabel = pytest.importorskip("nibabel")
cifti2 = pytest.importorskip("nibabel.cifti2")

TR, N = 2.0, 50


@pytest.fixture
def grayordinates():
    inside = np.zeros((4, 4, 3), bool)
    inside[1:3, 1:3, 1] = True
    model = cifti2.BrainModelAxis
    return (
        model.from_surface([0, 4, 7], 10, name="CortexLeft")
        + model.from_surface([2, 3], 10, name="CortexRight")
        + model.from_mask(inside, name="thalamus_left", affine=np.eye(4))
    )


def write(path, values, rows, columns):
    nibabel.save(nibabel.Cifti2Image(values.astype("f4"), (rows, columns)), path)
    return path


@pytest.fixture
def series(rng, tmp_path, grayordinates):
    values = rng.normal(size=(N, len(grayordinates)))
    axis = cifti2.SeriesAxis(0, TR, N, unit="second")
    return write(tmp_path / "bold.dtseries.nii", values, axis, grayordinates), values


def test_a_dense_series_cut_by_events(series, tmp_path):
    path, values = series
    events = tmp_path / "events.tsv"
    events.write_text("onset\tduration\ttrial_type\n0\t4\tface\n20\t4\thouse\n40\t6\tface\n")
    x = load(path, events=events, delay=4.0)
    face = (values[2:4].mean(0) + values[22:25].mean(0)) / 2
    np.testing.assert_allclose(x.values, [face, values[12:14].mean(0)], rtol=1e-5)
    assert x.stimuli.tolist() == ["face", "house"]
    assert x.units.tolist()[1:6] == [
        "CORTEX_LEFT-4", "CORTEX_LEFT-7", "CORTEX_RIGHT-2", "CORTEX_RIGHT-3", "THALAMUS_LEFT-1-1-1",
    ]  # fmt: skip
    assert x.made_by["tr"] == TR
    right = load(path, events=events, delay=4.0, structures="cortex_right")
    np.testing.assert_array_equal(right.values, x.values[:, 3:5])
    with pytest.raises(InputError, match="no structure 'V1'; it has CORTEX_LEFT, CORTEX_RIGHT, TH"):
        load(path, structures="V1")
    with pytest.raises(InputError, match="a volume every 200 s is not possible"):
        load(path, events=events, tr=200)
    with pytest.raises(InputError, match="delay must be a number of seconds"):
        load(path, events=events, delay="4")
    plain = load(path)
    np.testing.assert_allclose(plain.values, values, rtol=1e-6)
    assert plain.stimuli is None
    with pytest.raises(InputError, match="stimuli must be 50 labels, one per row"):
        load(path, stimuli=["a"])


def test_maps_are_called_by_their_names(rng, tmp_path, grayordinates):
    values = rng.normal(size=(4, len(grayordinates)))
    names = cifti2.ScalarAxis(["cat", "dog", "owl", "cat"])
    path = write(tmp_path / "betas.dscalar.nii", values, names, grayordinates)
    x = load(path)
    assert x.stimuli.tolist() == ["cat", "dog", "owl"]
    np.testing.assert_allclose(x.values[0], (values[0] + values[3]) / 2, rtol=1e-5)
    with pytest.raises(InputError, match="holds maps, not a series in time"):
        load(path, events="events.tsv")


def test_parcels(rng, tmp_path, grayordinates):
    values = rng.normal(size=(N, 2))
    regions = [("V1", grayordinates[:2]), ("IT", grayordinates[3:5])]
    parcels = cifti2.ParcelsAxis.from_brain_models(regions)
    axis = cifti2.SeriesAxis(0, TR, N)
    x = load(write(tmp_path / "x.ptseries.nii", values, axis, parcels))
    np.testing.assert_allclose(x.values, values, rtol=1e-6)
    assert x.units.tolist() == ["V1", "IT"]
    with pytest.raises(InputError, match="holds parcels, which have no structures"):
        load(tmp_path / "x.ptseries.nii", structures="CORTEX_LEFT")


def test_what_is_no_series_and_no_whole_file(series, tmp_path, grayordinates):
    path, values = series
    whole = path.read_bytes()
    (tmp_path / "plain.nii").write_bytes(whole)
    with pytest.raises(InputError, match=r"is a CIFTI file: call it \*\.dtseries\.nii"):
        load(tmp_path / "plain.nii")
    path.write_bytes(whole[: len(whole) - 100])
    with pytest.raises(InputError, match="is truncated|is not a whole CIFTI file"):
        load(path)
    path.write_bytes(whole[:600] + b"\0" * 200 + whole[800:])
    with pytest.raises(InputError, match="is not a whole CIFTI file"):
        load(path)
    labels = cifti2.LabelAxis(["areas"], [{0: ("?", (0, 0, 0, 0)), 1: ("V1", (1, 0, 0, 1))}])
    maps = np.ones((1, len(grayordinates)))
    with pytest.raises(InputError, match="must hold a series or maps .* got label x brainmodel"):
        load(write(tmp_path / "areas.dlabel.nii", maps, labels, grayordinates))
