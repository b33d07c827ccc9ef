"""Folders of phy and Kilosort: samples, clusters, labels by hand and by rule."""

import numpy as np
import pytest

import unbraid as ub
from unbraid import InputError, load

RATE, SHOWN = 30_000, list("abcabcab")
STARTS = 1.0 + 1.5 * np.arange(8)
GROUPS = {3: "good", 5: "noise", 8: "good", 9: "mua"}  # 11 was not looked at


@pytest.fixture
def folder(rng, tmp_path):
    """Five clusters of which phy labelled four, each with 300 spikes in 14 seconds."""
    folder = tmp_path / "phy"
    folder.mkdir()
    clusters = np.repeat([3, 5, 8, 9, 11], 300)
    samples = rng.integers(0, 14 * RATE, len(clusters))
    order = np.argsort(samples)
    np.save(folder / "spike_times.npy", samples[order].astype(np.uint64)[:, None])
    np.save(folder / "spike_clusters.npy", clusters[order].astype(np.int32))
    lines = [f"{number}\t{label}" for number, label in GROUPS.items()]
    (folder / "cluster_group.tsv").write_text("\n".join(["cluster_id\tgroup", *lines]) + "\n")
    (folder / "params.py").write_text(
        "dat_path = r'x.dat'\nn_channels_dat = 385\nsample_rate = 30000.\nhp_filtered = False\n"
    )
    np.save(folder / "amplitudes.npy", rng.random(len(clusters)))
    return folder


@pytest.fixture
def events(tmp_path):
    path = tmp_path / "trials.csv"
    lines = [f"{i},{at},{name}" for i, (at, name) in enumerate(zip(STARTS, SHOWN, strict=True))]
    path.write_text("\n".join(["trial,start_time,stimulus", *lines]))
    return path


def by_hand(folder, numbers, low, high):
    """Return the mean count of each stimulus and cluster, by plain comparison of times."""
    seconds = np.load(folder / "spike_times.npy").ravel() / RATE
    clusters = np.load(folder / "spike_clusters.npy")
    counts = np.array([
        [((seconds >= at + low) & (seconds < at + high) & (clusters == n)).sum() for n in numbers]
        for at in STARTS
    ])  # fmt: skip
    return np.stack([counts[[s == name for s in SHOWN]].mean(axis=0) for name in "abc"])


def test_counts_of_good_clusters(folder, events):
    x = load(folder, events=events, window=(0.1, 0.6))
    np.testing.assert_allclose(x.values, by_hand(folder, [3, 8], 0.1, 0.6))
    assert x.stimuli.tolist() == list("abc")
    assert x.units.tolist() == ["3", "8"]
    assert x.repeats.shape == (3, 3, 2)
    assert x.made_by["left_out"] == "3 of 5 clusters: 1 mua, 1 noise, 1 unlabelled"
    assert x.made_by["unread"] == ["amplitudes.npy"]
    x = load(folder, events=events, cells="good mua")
    np.testing.assert_allclose(x.values, by_hand(folder, [3, 8, 9], 0, 0.2))
    x = load(folder, events=events, cells="all")
    np.testing.assert_allclose(x.values, by_hand(folder, [3, 5, 8, 9, 11], 0, 0.2))
    with pytest.raises(InputError, match="2 good, 1 mua, 1 noise, 1 unlabelled.*cells='all'"):
        load(folder, events=events, cells="goood")


def test_labels_by_hand_come_before_those_of_kilosort(folder, events):
    text = "cluster_id\tKSLabel\n3\tgood\n5\tgood\n8\tgood\n9\tmua\n11\tgood\n"
    (folder / "cluster_KSLabel.tsv").write_text(text)
    assert load(folder, events=events).units.tolist() == ["3", "8", "11"]
    (folder / "cluster_group.tsv").write_text(text)  # as Kilosort calls its own, too
    (folder / "cluster_KSLabel.tsv").unlink()
    assert load(folder, events=events).units.tolist() == ["3", "5", "8", "11"]
    info = ["cluster_id\tamp\tKSLabel\tgroup", "3\t1\tgood\tnoise", "5\t1\tmua\t", "8\t1\tgood\t"]
    (folder / "cluster_group.tsv").unlink()
    (folder / "cluster_info.tsv").write_text("\n".join(info))
    x = load(folder, events=events)
    assert x.units.tolist() == ["8"]
    assert x.made_by["left_out"] == "4 of 5 clusters: 1 mua, 1 noise, 2 unlabelled"
    (folder / "cluster_info.tsv").unlink()
    with pytest.raises(InputError, match="says which clusters are good. Say cells='all'"):
        load(folder, events=events)


def test_what_is_missing_is_asked_for(folder, events):
    with pytest.raises(InputError, match="nothing in it says when .* say events=FILE, a table"):
        load(folder)
    (folder / "params.py").write_text("import os\nsample_rate = os.environ['RATE']\n")
    with pytest.raises(InputError, match=r"no params\.py that states sample_rate: say rate="):
        load(folder, events=events)
    x = load(folder, events=events, rate=RATE)
    np.testing.assert_allclose(x.values, by_hand(folder, [3, 8], 0, 0.2))
    seconds = np.load(folder / "spike_times.npy") / RATE
    np.save(folder / "spike_times.npy", seconds)
    np.testing.assert_array_equal(load(folder, events=events, rate=1).values, x.values)
    (folder / "params.py").write_text("sample_rate = 30000.0  # Hz")
    with pytest.raises(InputError, match="must hold samples, got fractions: say rate=1"):
        load(folder, events=events)


def test_times_that_cannot_be(folder, events):
    late = events.read_text() + "\n9,20.5,a"
    events.write_text(late)
    with pytest.raises(InputError, match="1 of 9 trials lie outside the recording"):
        load(folder, events=events)
    events.write_text("start,stimulus\n" + "\n".join(f"{at * 1000},a" for at in STARTS))
    with pytest.raises(InputError, match="Times must be seconds, not milliseconds or samples"):
        load(folder, events=events)
    np.save(folder / "spike_clusters.npy", np.zeros(7, int))
    with pytest.raises(InputError, match=r"must hold the cluster of each of 1500 spikes, got 7"):
        load(folder, events=events)


def test_the_command_line_takes_its_options(folder, events):
    with pytest.raises(InputError, match=r"On the command line: --load events=\.\.\."):
        ub.responses.load_plainly(folder)
