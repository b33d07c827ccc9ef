"""Studies of real systems: their parts by identities, the whole on small files of one layout."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
import scipy.stats
import torch
from PIL import Image as PIL

from unbraid import align, sparse, stats, studies
from unbraid.errors import InputError
from unbraid.responses import AveragePool, Positions, images, network, record
from unbraid.responses._formats.arrays.safetensors import write_tensors
from unbraid.studies.brains import it_rsa
from unbraid.studies.brains._brain import over_units
from unbraid.studies.brains._brain_dictionary import held_out_units_error, of_the_brain
from unbraid.studies.brains._nested import nested
from unbraid.studies.brains.dnn_brain import DnnBrain
from unbraid.studies.brains.it_rsa import ItRsa
from unbraid.studies.systems import _pooled, _v4
from unbraid.studies.systems._objects92 import objects92


def picture(rng):
    coarse = rng.integers(0, 256, (4, 4, 3), np.uint8)
    return PIL.fromarray(coarse).resize((24, 24))


def pack(path, pictures, order):
    with zipfile.ZipFile(path, "w") as archive:
        for i in order:
            stream = io.BytesIO()
            pictures[i].save(stream, "png")
            archive.writestr(f"image{i:04d}.png", stream.getvalue())


@pytest.fixture
def data(rng, tmp_path):
    """Small files of the same layout; the zip's own order is not that of the names."""
    import scipy.io

    folder = tmp_path / "v4_cowley"
    for name in ("images", "responses_raw", "responses_repeat_averaged"):
        (folder / name).mkdir(parents=True)
    shown = [picture(rng) for _ in range(24)]
    others = [picture(rng) for _ in range(12)] + shown[:3]
    pack(folder / "images" / "images_210325.zip", shown, rng.permutation(24))
    pack(folder / "images" / "images_201025.zip", others, rng.permutation(15))
    bright = np.array([[np.asarray(p)[..., c].mean() for p in shown] for c in (0, 1)])
    trials = bright[..., None] + rng.normal(size=(2, 24, 4))
    trials[:, :5, 3] = np.nan
    np.save(folder / "responses_raw" / "responses_210325.npy", trials)
    np.save(folder / "responses_repeat_averaged" / "responses_201025.npy", rng.random((2, 15)))
    where = tmp_path / "images92_rsatoolbox"
    where.mkdir()
    kind = [("image", object)]
    entries = np.empty((1, 92), dtype=kind)
    for i in range(92):
        entries[0, i]["image"] = np.asarray(picture(rng).resize((175, 175)))
    names = np.empty((1, 2), dtype=[("name", object), ("RDM", object)])
    for i, name in enumerate(("mIT_674neurons", "hIT_316vx")):
        names[0, i] = (name, rng.random((1, 4186)))
    scipy.io.savemat(
        where / "Kriegeskorte_Neuron2008_supplementalData.mat",
        {"stimuli_92objs": entries, "RDMs_mIT_hIT_fig1": names},
    )
    human = np.empty((1, 4, 2), dtype=[("RDM", object)])
    for place in np.ndindex(human.shape):
        half = np.triu(rng.random((92, 92)), 1)
        human[place]["RDM"] = half + half.T
    scipy.io.savemat(where / "92_brainRDMs.mat", {"RDMs": human})
    return tmp_path


@pytest.fixture
def weights(tmp_path):
    net = network("squeezenet1_1", untrained=True, rng=1)
    state = {k: v.numpy() for k, v in net.model.state_dict().items()}
    write_tensors(tmp_path / "squeezenet1_1.safetensors", state, {})
    return tmp_path


@pytest.mark.parametrize("side, size", [(28, 4), (13, 4), (14, 3), (5, 5), (7, 1)])
def test_cells_are_those_of_torch(rng, side, size):
    maps = rng.normal(size=(3, side, side)).astype("float32")
    ours = _pooled.cell_means(side * side, size) @ maps.reshape(3, -1).T
    theirs = torch.nn.functional.adaptive_avg_pool2d(torch.from_numpy(maps), size)
    np.testing.assert_allclose(ours.T.reshape(3, size, size), theirs, atol=1e-5)


def test_pooled_units_are_the_pooled_layer(data, weights):
    net = network("squeezenet1_1", weights)
    pictures = images(data / "v4_cowley" / "images" / "images_201025.zip").take(range(3))
    found = _pooled.pooled(net, pictures, {"fire5": {"units": None}}, 4, lambda *_: None)
    direct = record(
        net.model, pictures, "fire5", units=AveragePool(size=4), preprocess=net.preprocess
    )
    by_channel = direct["fire5"].values.reshape(3, 256, 16).transpose(0, 2, 1).reshape(3, -1)
    np.testing.assert_allclose(found["fire5", "units"], by_channel, rtol=1e-3, atol=1e-3)


def test_vectors_do_not_depend_on_what_is_recorded_together(data, weights, monkeypatch):
    net = network("squeezenet1_1", weights)
    pictures = images(data / "v4_cowley" / "images" / "images_201025.zip").take(range(3))
    layers = ("fire3", "fire7", "fire9")
    monkeypatch.setattr(_pooled, "_GROUP_BYTES", 4 * 3 * 196 * (384 + 512))
    whole = dict(_pooled.training_vectors(net, layers, pictures, 10**6, np.random.default_rng(0)))
    assert {k: x.shape for k, x in whole.items()} == {
        "fire3": (3 * 56 * 56, 128), "fire7": (3 * 196, 384), "fire9": (3 * 196, 512),
    }  # fmt: skip
    direct = record(net.model, pictures, "fire7", units=Positions(), preprocess=net.preprocess)
    rows = np.sort(direct["fire7"].values.sum(axis=1))
    np.testing.assert_allclose(np.sort(whole["fire7"].sum(axis=1)), rows, rtol=1e-4, atol=1e-2)
    few = dict(_pooled.training_vectors(net, layers, pictures, 30, np.random.default_rng(0)))
    assert all(len(x) == 30 for x in few.values())
    assert _pooled._groups(list("abc"), {"a": 1, "b": 2**40, "c": 1}) == [["a"], ["b"], ["c"]]
    assert _pooled._groups(list("abc"), {"a": 1, "b": 1, "c": 2**40}) == [["a", "b"], ["c"]]


def test_rows_belong_to_sorted_names(data):
    day = _v4.session(data, "210325")
    assert list(day.pictures.names) == sorted(day.pictures.names)
    red = [np.asarray(day.pictures[i])[..., 0].mean() for i in range(24)]
    assert np.corrcoef(red, day.responses.values[:, 0])[0, 1] > 0.99
    assert day.responses.repeats.shape == (4, 24, 2)


def test_training_pictures_are_never_tested_ones(data):
    tested = _v4.session(data, "210325").pictures
    others = _v4.session(data, "201025").pictures
    kept = _v4.other_pictures(others, tested)
    assert len(kept) == 12
    seen = {np.asarray(tested[i]).tobytes() for i in range(24)}
    assert not any(np.asarray(kept[i]).tobytes() in seen for i in range(12))


def test_responses_of_another_number_are_refused(data):
    path = data / "v4_cowley" / "responses_repeat_averaged" / "responses_201025.npy"
    np.save(path, np.ones((2, 14)))
    with pytest.raises(InputError, match="must have as many pictures as stimuli, got 15 and 14"):
        _v4.session(data, "201025")


def test_dissimilarities_agree_with_scipy(rng):
    from scipy.spatial.distance import pdist

    x = rng.normal(size=(9, 20))
    np.testing.assert_allclose(it_rsa.dissimilarities(x), pdist(x, "correlation"), atol=1e-12)


def test_ceiling_of_equal_subjects_is_one(rng):
    low, high = it_rsa.noise_ceiling(np.tile(rng.random(50), (4, 1)))
    assert low == pytest.approx(1)
    assert high == pytest.approx(1)


def test_standardised_units_have_unit_sd_unless_they_hardly_vary(rng):
    x = rng.normal(3, 5, size=(200, 4)) * [1, 10, 1, 1e-9]
    z = _pooled.standardised(x)
    np.testing.assert_allclose(z.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(z[:, :3].std(axis=0), 1)
    assert z[:, 3].std() < 1e-6


def test_a_fair_search_finds_the_layer_and_nothing_in_noise(rng):
    good, bad, brain = rng.normal(size=(90, 4)), rng.normal(size=(90, 6)), rng.normal(size=(90, 3))
    linked = good @ rng.normal(size=(4, 3)) + 0.3 * brain
    found = nested({"good": good, "bad": bad}, linked, folds=3, rng=0)
    assert found.chosen == "good (3 of 3 folds)"
    assert found.value > 0.9
    # the best of many layers of noise, chosen where it is scored, would be above 0
    noise = {str(i): rng.normal(size=(90, 4)) for i in range(12)}
    assert abs(nested(noise, brain, folds=3, rng=0).value) < 0.15


def test_interval_over_units(rng):
    a, b = rng.normal(1, 0.1, 200), rng.normal(0, 0.1, 200)
    a[3] = np.nan
    found = over_units(a, b)
    assert found.low < 1 < found.high
    assert found.high - found.low == pytest.approx(4 * 0.1 * 2**0.5 / 200**0.5, rel=0.3)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # few stimuli, few steps: said in the result
def test_dnn_brain_from_end_to_end(data, weights):
    options = {"n_vectors": 1000, "steps": 5, "k": 4, "expansion": 0.25}
    study = DnnBrain(
        data=data, networks=weights, pool=2, resamples=20, folds=3, raw_layers=("fire2",),
        layers=("fire7", "fire9"), other_sessions=("201025",), n_pictures=24, **options,
    )  # fmt: skip
    result = studies.run(study)
    kinds = ["units", "codes", "codes, wide", "pursuit", "untrained", "random top-k",
             "random relu", "random relu, wide", "random network"]  # fmt: skip
    rows = {(r["session"], r["layer"], r["source"]): r for r in result.table}
    mine = [(layer, source) for day, layer, source in rows if day == "210325"]
    assert {k for layer, k in mine if layer == "fire7"} == set(kinds)
    assert {k for layer, k in mine if layer == "fire9"} == {*kinds, "shuffled"}
    assert {k for layer, k in mine if layer == "fire2"} == {"units", "random network"}
    chosen = {k for layer, k in mine if layer == "chosen inside folds"}
    assert chosen == {"neurons", "unbraided", "untrained", "expansion"}
    assert len([key for key in rows if key[0] == "201025"]) == 5
    assert "data" not in result.settings  # named by its choices, not by a machine's folders
    assert rows["210325", "fire7", "units"]["gain"] == 0
    assert all(-1 <= row["mean r"] <= 1 for row in result.table if "mean r" in row)
    halves = [row for row in result.table if "network to codes" in row]
    assert len(halves) == 2
    page = studies.save(result, data / "run") / "report.html"
    assert "random relu" in page.read_text(encoding="utf-8")
    assert "12 pictures that are not predicted" in result.notes[0]
    assert result.verdict.startswith(result.conclusion)
    assert "against random expansions (210325)" in result.conclusion


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_dnn_brain_of_prepared_betas(data, weights, rng):
    """Files of NSD's layout: ids name pictures, whatever the order and the zeros before them."""
    shown = [picture(rng) for _ in range(26)]
    folder, ids = data / "betas", rng.permutation(np.arange(100, 126))[:24]
    (data / "coco").mkdir()
    folder.mkdir()
    for number, each in zip(range(100, 126), shown, strict=True):
        each.save(data / "coco" / f"{number:012d}.png")
    red = np.array([np.asarray(shown[i - 100])[..., 0].mean() for i in ids])
    voxels = np.stack([red, rng.normal(size=24), -red], axis=1)
    np.save(folder / "subj2.npy", voxels + 0.01 * rng.normal(size=voxels.shape))
    np.save(folder / "subj2_images.npy", ids)
    np.save(folder / "subj2_ceilings.npy", np.array([0.9, 0.5, 0.8]))
    np.savez(folder / "subj2_regions.npz", red=np.array([True, False, True]))
    found, ceiling = _v4.prepared(folder, data / "coco", 2, "red")
    seen = [np.asarray(found.pictures[i])[..., 0].mean() for i in range(24)]
    assert np.corrcoef(seen, found.responses.values[:, 0])[0, 1] > 0.99
    np.testing.assert_array_equal(ceiling, [0.9, 0.8])
    study = DnnBrain(
        betas=folder, images=data / "coco", subject=2, region="red", networks=weights, pool=1,
        layers=("fire9",), raw_layers=(), n_vectors=1000, steps=3, k=2, expansion=0.25, folds=3,
        resamples=0, random_network=False, n_pictures=20,
    )  # fmt: skip
    result = studies.run(study)
    assert "(subject 2, red)" in result.conclusion
    assert "from 6 pictures" in result.notes[0]  # those that are not predicted
    assert all("median r / ceiling" in r for r in result.table if r["source"] == "units")
    with pytest.raises(InputError, match="give images=FOLDER"):
        _v4.prepared(folder, None, 2, None)
    np.save(folder / "subj2_images.npy", np.array([f"train2017/{i:012d}.jpg" for i in ids]))
    again, _ = _v4.prepared(folder, data / "coco", 2, "red")  # ids may be names of files
    assert again.pictures.names == found.pictures.names
    (data / "coco" / "more").mkdir()
    shown[0].save(data / "coco" / "more" / f"{ids[0]}.png")
    with pytest.raises(InputError, match="several pictures of the name of image 'train2017/"):
        _v4.prepared(folder, data / "coco", 2, "red")
    np.save(folder / "subj2_images.npy", np.arange(24))
    with pytest.raises(InputError, match="24 of 24 images are not in"):
        _v4.prepared(folder, data / "coco", 2, None)


def test_a_compact_matrix_has_the_same_ridge(rng):
    wide, brain = rng.normal(size=(40, 90)), rng.normal(size=(40, 3))
    brain += wide[:, :3]
    small = _pooled.compact(wide)
    assert small.shape == (40, 40)
    quiet = {"permutations": 0, "resamples": 0}
    a = align.ridge(_pooled.standardised(wide), brain, **quiet)
    b = align.ridge(small, brain, **quiet)
    np.testing.assert_allclose(a.per_target, b.per_target, atol=1e-8)


def test_coarser_cells_are_means_of_four(rng):
    maps = rng.normal(size=(3, 16, 5))  # 4 x 4 cells of 5 units
    found = _pooled.coarser(maps.reshape(3, -1), 4).reshape(3, 4, 5)
    np.testing.assert_allclose(found[:, 1], maps[:, [2, 3, 6, 7]].mean(axis=1))
    with pytest.raises(InputError, match="even number of cells"):
        _pooled.coarser(np.ones((2, 9)), 3)


def test_a_family_of_one_scores_as_ridge_does(rng):
    x = rng.normal(size=(80, 6))
    brain = x @ rng.normal(size=(6, 4)) + rng.normal(size=(80, 4))
    found = nested({"only": x}, brain, folds=4, resamples=200, rng=3)
    labels = stats.shuffled_folds(80, 4, 3)
    score = align.ridge(x, brain, folds=labels, permutations=0, resamples=200, rng=3)
    np.testing.assert_allclose(found.per_target, score.per_target, rtol=1e-10)
    np.testing.assert_allclose(found.interval.low, score.low, rtol=1e-10)
    np.testing.assert_allclose(found.interval.high, score.high, rtol=1e-10)
    assert np.quantile(found.replicates, 0.975) == pytest.approx(score.high, rel=0.05)


def test_a_dictionary_of_noise_is_no_dictionary(rng):
    brain, units = rng.normal(size=(120, 10)), rng.normal(size=(120, 8))
    for line in of_the_brain(brain, units, "noise", 0):
        assert line["held-out-units error"] > 0.9
        assert abs(line["agreement of halves"] - line["agreement by chance"]) < 0.15
        assert abs(line["network to codes"]) < 0.15


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_it_rsa_from_end_to_end(data, weights):
    study = ItRsa(
        data=data, networks=weights, layers=("fire9",), n_vectors=1000, steps=5, k=4, expansion=1,
        pool=1, resamples=20,
    )  # fmt: skip
    result = studies.run(study)
    assert [(row["layer"], row["source"]) for row in result.table][:7] == [
        ("pixels", "all units"), ("fire9", "all units"), ("fire9", "units"), ("fire9", "codes"),
        ("fire9", "untrained"), ("fire9", "random top-k"), ("fire9", "random relu"),
    ]  # fmt: skip
    chosen = {row["source"] for row in result.table if row["layer"] == "chosen on other objects"}
    assert chosen == {"pixels and all units", "neurons", "unbraided", "untrained", "expansion"}
    assert (studies.save(result, data / "run") / "report.html").is_file()
    by = {row["source"]: row["human"] for row in result.table if row["layer"].startswith("chosen")}
    assert f"human IT: units {by['neurons']:.3f}, codes {by['unbraided']:.3f}" in result.conclusion
    assert all(row["human low"] <= row["human high"] for row in result.table[:7])
    assert abs(result.table[0]["human"]) < 0.1  # dissimilarities here are noise


def test_missing_data_are_asked_for(tmp_path, monkeypatch):
    monkeypatch.delenv("UNBRAID_DATA", raising=False)
    monkeypatch.delenv("UNBRAID_NETWORKS", raising=False)
    with pytest.raises(InputError, match="needs real data: give data=FOLDER"):
        studies.run(DnnBrain())
    with pytest.raises(InputError, match="needs networks' weights: give networks=FOLDER"):
        _v4.networks_folder(tmp_path / "none")
    with pytest.raises(InputError, match="does not exist"):
        objects92(tmp_path)


def test_hidden_units_are_predicted_from_shown_ones_where_there_are_features(rng):
    codes = rng.uniform(1, 2, (300, 6)) * (rng.random((300, 6)) < 0.2)
    x = codes @ rng.normal(size=(6, 16))
    learned = sparse.fit(x[:200], sparse.Pursuit(n_latents=6, k=3), rng=0)
    assert held_out_units_error(learned, x[200:]) < 0.2
    assert held_out_units_error(learned, rng.normal(size=(100, 16))) > 0.9


def test_choosing_on_other_objects_is_not_optimistic(rng):
    """The best of many random geometries, chosen where it is scored, would be above 0."""
    rdms = {(str(i), "units"): rng.random(190) for i in range(60)}
    target = rng.random(190)
    best = max(scipy.stats.spearmanr(rdm, target).statistic for rdm in rdms.values())
    (row,) = it_rsa.chosen_elsewhere(rdms, {"human": target[None]}, rng)
    assert best > 0.07
    assert row["human"] < best / 2


@pytest.fixture
def recordings():
    root = Path(__file__).resolve().parents[2]
    data = Path(os.environ.get("UNBRAID_DATA", root.parent / "shared" / "data"))
    if not data.is_dir():
        pytest.skip("the real data are absent; set UNBRAID_DATA to their folder")
    return data


def test_v4_follows_the_sorted_names_and_not_the_order_of_the_zip(recordings):
    """Brightness and edges of a picture predict V4, if rows and pictures are matched."""
    day = _v4.session(recordings, "190925")
    rows = np.arange(len(day.pictures))

    def coarse(i):
        small = PIL.fromarray(day.pictures[i]).convert("L").resize((28, 28))
        gray = np.asarray(small, dtype=float)
        maps = gray[:27, :27], np.diff(gray, axis=1)[:27, :27], np.diff(gray, axis=0)[:27, :27]
        return np.concatenate([np.abs(m).reshape(9, 3, 9, 3).mean((1, 3)).ravel() for m in maps])

    path = recordings / "v4_cowley" / "images" / "images_190925.zip"
    with zipfile.ZipFile(path) as archive:
        packed = [day.pictures.names.index(name) for name in archive.namelist()]
    assert packed != sorted(packed)
    options = {"permutations": 0, "resamples": 0}
    brain = day.responses.values
    right = align.ridge(np.array([coarse(i) for i in rows]), brain, **options)
    wrong = align.ridge(np.array([coarse(i) for i in packed]), brain, **options)
    assert right.value > 0.4
    assert abs(wrong.value) < 0.05


@pytest.fixture
def real(recordings):
    nets = Path(os.environ.get("UNBRAID_NETWORKS", recordings / "networks"))
    if not nets.is_dir():
        pytest.skip("networks' weights are absent; set UNBRAID_NETWORKS to their folder")
    return recordings, nets


def test_reference_geometry_of_it(real):
    data, nets = real
    objects = objects92(data)
    assert it_rsa.noise_ceiling(objects.human) == pytest.approx((0.37, 0.67), abs=0.01)
    net = network("squeezenet1_1", nets)
    whole = record(
        net.model, objects.images, ["relu1", "fire8"], preprocess=net.preprocess, batch=8
    )
    for layer, (human, monkey) in {"relu1": (0.085, None), "fire8": (0.229, 0.433)}.items():
        rdm = it_rsa.dissimilarities(whole[layer].values)
        found = it_rsa._both(rdm, objects.human, objects.monkey, [])
        assert found["human"][0] == pytest.approx(human, abs=0.01)
        if monkey is not None:
            assert found["monkey"][0] == pytest.approx(monkey, abs=0.01)
