"""What people hold, on the command line: SAEs, one array of many, ids, pictures, saved runs."""

import json

import h5py
import numpy as np
import pytest
import scipy.io
from PIL import Image

import unbraid as ub

QUICK = ("--set", "metrics=semi_matching", "--set", "permutations=2", "--set", "resamples=20")


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """Three foreign files with several arrays each, two SAEs of other libraries, pictures."""
    folder = tmp_path_factory.mktemp("lab")
    rng = np.random.default_rng(0)
    z = rng.uniform(0.5, 1.5, (120, 10)) * (rng.random((120, 10)) < 0.15)
    x, y = z @ rng.normal(size=(10, 8)), z @ rng.normal(size=(10, 7))
    scipy.io.savemat(
        folder / "a.mat", {"responses": x.T, "times": np.arange(33.0)[:, None] @ [[1, 2.0]]}
    )
    with h5py.File(folder / "b.h5", "w") as f:
        f["area/V4"], f["area/IT"] = y, y[:, :3]
    np.savez(folder / "c.npz", x=x, other=y)
    np.save(folder / "x.npy", x)
    (folder / "ids.txt").write_text("".join(f"im{i:03d}.png\n" for i in range(120)))
    (folder / "groups.txt").write_text("".join(f"g{i // 3}\n" for i in range(120)))
    (folder / "pics").mkdir()
    for i in range(120):
        shade = np.full((40, 40, 3), i, np.uint8)
        Image.fromarray(shade).save(folder / "pics" / f"im{i:03d}.png")
    steps = ub.Training(steps=60)
    a = ub.fit(x, ub.TopK(n_latents=12, k=2, training=steps), rng=0)
    b = ub.fit(y, ub.TopK(n_latents=9, k=2, training=steps), rng=0)
    ub.export(a, folder / "sae_a", "sparsify")
    ub.export(b, folder / "sae_b", "saelens")
    return folder


@pytest.fixture
def run(run, lab, monkeypatch):
    monkeypatch.chdir(lab)
    return run


def test_two_saes_arrays_by_name_ids_and_pictures(run, lab):
    words = (
        "compare", "a.mat::responses", "b.h5::/area/V4", "-o", "run", "--axes", "units stimuli",
        "--axes", "stimuli units", "--stimuli", "ids.txt", "--dictionary-x", "sae_a",
        "--dictionary-y", "sae_b", "--names", "mouse", "macaque", "--pictures", "pics", *QUICK,
    )  # fmt: skip
    status, out, err = run(*words)
    assert status == 0, err
    result = ub.load_run(lab / "run")
    assert result.names == ("mouse", "macaque")
    assert result.stimuli[5] == "im005.png"
    expected = ub.compare(
        np.load("c.npz")["x"], np.load("c.npz")["other"], dictionaries=("sae_a", "sae_b"),
        metrics="semi_matching", permutations=2, resamples=20,
    )  # fmt: skip
    assert [s.value for s in result.scores] == pytest.approx([s.value for s in expected.scores])
    html = (lab / "run" / "report.html").read_text()
    assert html.count("data:image/png") >= 12
    assert "learned from are not known" in err
    assert "--x-train and --y-train, or --set train_share=SHARE, give them" in err


@pytest.fixture(scope="module")
def spikes(lab):
    """A folder of phy with a table of its trials, and features with ids under another name."""
    rng, folder = np.random.default_rng(1), lab / "phy"
    folder.mkdir()
    clusters = np.repeat(np.arange(8), 900)
    np.save(folder / "spike_times.npy", rng.integers(0, 125 * 1000, len(clusters)))
    np.save(folder / "spike_clusters.npy", clusters)
    lines = [f"{i}\t{'noise' if i == 3 else 'good'}" for i in range(8)]
    (folder / "cluster_group.tsv").write_text("\n".join(["cluster_id\tgroup", *lines]))
    names = [f"im{i:03d}.png" for i in range(120)]
    rows = [f"{i},{name}" for i, name in enumerate(names)]
    (lab / "trials.csv").write_text("\n".join(["at,picture", *rows]))
    np.savez(lab / "concepts.npz", z=rng.random((120, 3)), pic=names, other=rng.random((120, 5)))
    np.savez(lab / "model.npz", values=np.load(lab / "x.npy"), stimuli=names)
    return lab


def test_options_of_one_format_are_for_its_files(run, spikes):
    loads = ("--load", "events=trials.csv", "--load", "window=[0, 0.8]", "--load", "align=at",
             "--load", "rate=1000")  # fmt: skip
    status, _, err = run(
        "compare", "phy", "model.npz", "-o", "phy_run", *loads, "--stimuli", "picture", "--stimuli",
        "stimuli", "--features", "concepts.npz::z", "--stimuli", "pic", "--method", "PCA", *QUICK,
        "--set", "seeds=1",
    )  # fmt: skip
    assert status == 0, err
    result = ub.load_run(spikes / "phy_run")
    assert set(result.stimuli) < {f"im{i:03d}.png" for i in range(120)}
    assert "in the order" not in err  # all three are matched by id
    assert "window" in (spikes / "phy_run" / "result.json").read_text()


@pytest.fixture(scope="module")
def voxels(lab):
    """Voxels x trials in a .mat, a table with a row per trial, and a model with its own ids."""
    rng, x = np.random.default_rng(2), np.load(lab / "x.npy")
    order = rng.permutation(np.repeat(np.arange(120), 2))
    noise = rng.normal(size=(240, x.shape[1])) / 4
    scipy.io.savemat(lab / "betas.mat", {"betas": (x[order] + noise).T})
    rows = [f"{t},im{i:03d}.png,k{i % 20},{t // 24}" for t, i in enumerate(order)]
    (lab / "shown.csv").write_text("\n".join(["trial,image,kind,run", *rows]))
    (lab / "one.csv").write_text("\n".join(["image", *(f"im{i:03d}.png" for i in range(120))]))
    np.save(lab / "own.npy", x)
    (lab / "own.stimuli.txt").write_text("".join(f"im{i:03d}.png\n" for i in range(120)))
    return lab, order


VOXELS = ("betas.mat", "own.npy", "--axes", "units stimuli", "--axes", "-", "--stimuli",
          "shown.csv::image", "--stimuli", "-", "--trials")  # fmt: skip


def test_voxels_with_a_table_of_trials(run, voxels):
    lab, order = voxels
    status, _, err = run("compare", *VOXELS, "-o", "vox", "--groups", "shown.csv::kind",
                         "--method", "PCA", "--set", "seeds=1", *QUICK)  # fmt: skip
    assert status == 0, err
    result = ub.load_run(lab / "vox")
    assert result.scores[0].value > 0.9  # though rows stand in different orders
    assert result.scores[0].normalised > 0.9  # repeats give the ceiling
    status, _, err = run("fit", "betas.mat", "-o", "voxd", "--axes", "units stimuli", "--stimuli",
                         "shown.csv", "--trials", "--method", "PCA")  # fmt: skip
    assert status == 0, err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((*VOXELS[:4], *VOXELS[6:]), "--axes, given once, is for all files; '-' in place of"),
        ((*VOXELS[:7], "one.csv", *VOXELS[8:]), "one.csv has 120 lines, and betas.mat 240 rows"),
        (
            VOXELS[:-1],
            "names 120 rows more than once; if rows of one name are repeats, say --trials",
        ),
        (
            (*VOXELS[:7], "shown.csv::pic", *VOXELS[8:]),
            "no column 'pic'; it has trial, image, kind",
        ),
        ((*VOXELS[:7], "nope.csv", *VOXELS[8:]), "--stimuli nope.csv could not be read: No such"),
        ((*VOXELS, "--groups", "shown.csv::run"), "stand in groups"),
        (
            (*VOXELS, "--groups", "shown.csv"),
            "--groups shown.csv has several columns; it has trial",
        ),
        ((VOXELS[0], "x.npy", *VOXELS[2:]), "only where ids say which: give one per trial"),
    ],
)
def test_wrong_tables_of_trials_are_one_line(run, voxels, words, message):
    status, _, err = run("compare", *words, "-o", "wrong", *QUICK)
    assert status == 2
    (line,) = [line for line in err.splitlines() if line.startswith("Error")]
    assert message in line


def test_labels_may_be_a_column(run, voxels):
    rows = [f"im{i:03d}.png,{'ab'[i % 2]}" for i in range(120)]
    (voxels[0] / "kinds.csv").write_text("\n".join(["image,kind", *rows]))
    words = ("interpret", "sae_a", "own.npy", "--set", "measures=[label_purity]", "--set",
             "baselines=[]", "--set", "seeds=1", "--labels")  # fmt: skip
    status, _, err = run(*words, "kinds.csv::kind", "-o", "labels_page")
    assert status == 0, err
    status, _, err = run(*words, "kinds.csv::kin", "-o", "labels_page2")
    assert status == 2
    assert "--labels kinds.csv has no column 'kin'; it has image, kind" in err


def test_options_that_no_file_has_are_one_line(run, spikes):
    for words, message in (
        (("--load", "tr=2"), "--load tr=... is no option of these files: phy has events, window,"),
        (("--load", "window"), "--load must be KEY=VALUE, such as"),
        (("--load", "stimuli=picture"), "--load stimuli=... is --stimuli here"),
        (("--load", "window=[0, 1]", "--load", "window=[0, 2]"), "given once, or once for each"),
        (("--load", "window=0.5, 0.1", "--load", "events=trials.csv"), "got [0.5, 0.1]"),
        ((), "On the command line: --load events=...;"),
    ):
        status, _, err = run("fit", "phy", "-o", "d", *words)
        assert status == 2
        assert message in err
    (spikes / "fit.yaml").write_text(
        "method: PCA\nstimuli: picture\n"
        "load: {events: trials.csv, window: [0, 1], align: at, rate: 1000}\n"
    )
    status, _, err = run("fit", "phy", "-o", "d", "--config", "fit.yaml")
    assert status == 0, err


def test_a_page_is_written_anew_without_computing(run, lab, monkeypatch):
    words = ("compare", "c.npz::x", "c.npz::other", "-o", "again", "--dictionary-x", "sae_a",
             "--stimuli", "ids.txt", "--groups", "groups.txt", *QUICK)  # fmt: skip
    assert run(*words)[0] == 0
    files = {p.name: p.read_bytes() for p in (lab / "again").iterdir() if p.is_file()}
    monkeypatch.setattr("unbraid.comparison.scores._score_all.score", None)
    status, out, err = run("report", "again", "--json")
    assert status == 0, err
    assert json.loads(out)["kind"] == "comparison"
    for name, before in files.items():
        if name != ".unbraid.json":
            assert (lab / "again" / name).read_bytes() == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("a.mat", "b.h5::area/V4"), "On the command line: a.mat::NAME"),
        (("x.npy::y", "x.npy"), "x.npy holds one array"),
        (("c.npz::", "x.npy"), "names no array after"),
        (("c.npz::nope", "x.npy"), "nope"),
        (("x.npy", "x.npy", "--stimuli", "nope.txt"), "--stimuli nope.txt could not be read"),
        (("x.npy", "x.npy", "--stimuli", "short.txt"), "has 2 lines, and x.npy 120 rows"),
        (("x.npy", "x.npy", "--axes", "a", "--axes", "b", "--axes", "c"), "once for each, got 3"),
        (("x.npy", "x.npy", "--groups", "short.txt"), "120 stimuli"),
        (("x.npy", "x.npy", "--parts-x", "x.npy"), "--parts-x must have rows STIMULUS@NUMBER"),
        (("x.npy", "x.npy", "--labels", "short.txt", "--embeddings", "x.npy"), "give --embeddings"),
        (("x.npy", "x.npy", "--tokens", "short.txt"), "short.txt must be JSON"),
        (("x.npy", "x.npy", "--pictures", "short.txt"), "short.txt must be a folder or a zip"),
        (("x.npy", "x.npy", "--dictionary-x", "nope"), "nope does not exist; give the folder"),
        (("x.npy", "x.npy", "--dictionary-x", "them/sae"), "from_pretrained('them/sae')"),
        (("x.npy", "x.npy", "--dictionary-x", "sae_a,sae_b"), "one by one: repeat the option"),
        (("sae_a", "x.npy", "--dictionary-x", "sae_a"), "sae_a is no folder of responses: it is a"),
        (("c.npz::x", "c.npz::other", "--dictionary-x", "sae_b"), "--dictionary-x"),
        (("x.npy", "x.npy", "--dictionary-x", "sae_a", "--method", "PCA"), "or --dictionary-x"),
        (("x.npy", "x.npy", "--dictionary-x", "sae_a", "--set", "frozen=true"), "give --x-train"),
        (("x.npy", "x.npy", "--dictionary-x", "sae_a", "--dictionary-x", "sae_a",
          "--dictionary-x", "sae_a", "--dictionary-y", "sae_a", "--dictionary-y", "sae_a"),
         "got 3 and 2"),
    ],
)  # fmt: skip
def test_wrong_uses_are_one_line(run, lab, words, message):
    (lab / "short.txt").write_text("a\nb\n")
    status, _, err = run("compare", *words, "-o", "wrong", *QUICK)
    assert status == 2
    (line,) = [line for line in err.splitlines() if line.startswith("Error")]
    assert message in line
    assert not (lab / "wrong").exists()


def test_pictures_that_do_not_match_are_one_line(run, lab):
    run("compare", "c.npz::x", "c.npz::other", "-o", "plain", "--dictionary-x", "sae_a",
        "--dictionary-y", "sae_b", *QUICK)  # fmt: skip
    status, _, err = run("report", "plain", "--pictures", "pics")
    assert status == 2
    assert "under its id" in err and "im000.png" in err
    status, _, err = run("report", "pics")
    assert status == 2 and "pics" in err


def test_a_config_holds_what_says_how_files_are_read(run, lab):
    (lab / "all.yaml").write_text(
        "axes: [units stimuli, stimuli units]\nstimuli: ids.txt\ngroups: groups.txt\n"
        "names: [mouse, macaque]\npictures: pics\ndictionary_x: sae_a\ndictionary_y: [sae_b]\n"
        "metrics: semi_matching\npermutations: 2\nresamples: 20\nseed: 3\n"
    )
    words = ("compare", "a.mat::responses", "b.h5::area/V4", "--config", "all.yaml")
    assert run(*words, "-o", "by_file")[0] == 0
    by_words = (
        *words[:3], "--axes", "units stimuli", "--axes", "stimuli units", "--stimuli", "ids.txt",
        "--groups", "groups.txt", "--dictionary-x", "sae_a", "--dictionary-y", "sae_b", *QUICK,
        "--seed", "3",
    )  # fmt: skip
    assert run(*by_words, "-o", "by_words")[0] == 0
    found, other = ub.load_run(lab / "by_file"), ub.load_run(lab / "by_words")
    assert found.names == ("mouse", "macaque") and found.stimuli[0] == "im000.png"
    assert [s.value for s in found.scores] == [s.value for s in other.scores]
    # what is said on the command line comes before
    assert run(*words, "--names", "cat", "dog", "-o", "named")[0] == 0
    assert ub.load_run(lab / "named").names == ("cat", "dog")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("stimulli: ids.txt", "unknown option 'stimulli'; did you mean 'stimuli'?"),
        ("dictionary-x: sae_a", "unknown option 'dictionary-x'"),
        ("trials: 3", "trials must be true or false, got 3"),
        ("axes: 3", "axes must be text, or a list of them, got 3"),
        ("stimuli: [a, b, c]", "got 3"),
    ],
)
@pytest.mark.parametrize("command", ["compare", "joint", "fit", "encode", "interpret"])
def test_wrong_entries_of_a_config_are_one_line(run, lab, command, text, message):
    (lab / "wrong.yaml").write_text(text + "\n")
    files = {"compare": ("x.npy", "x.npy"), "joint": ("x.npy", "c.npz::x"), "fit": ("x.npy",)}
    words = (command, *files.get(command, ("sae_a", "x.npy")), "--config", "wrong.yaml")
    status, _, err = run(*words, "-o", "wrong.npz")
    assert status == 2 and err.count("Error") == 1
    assert (
        message.replace("once for each, ", "" if command != "compare" else "once for each, ") in err
    )
    assert not (lab / "wrong.npz").exists()


def test_every_command_takes_options_of_files(run, lab):
    turned = ("--axes", "units stimuli", "--stimuli", "ids.txt")
    assert (
        run("fit", "a.mat::responses", "-o", "d", "--method", "PCA(n_latents=4)", *turned)[0] == 0
    )
    assert run("encode", "d", "a.mat::responses", "-o", "codes.npz", *turned)[0] == 0
    codes = ub.load(lab / "codes.npz")
    assert codes.stimuli[1] == "im001.png"
    assert codes.values.shape == (120, 4)
    words = ("interpret", "d", "a.mat::responses", *turned, "--features", "c.npz::other",
             "--set", "measures=sparse_probe_1", "--set", "baselines=[]", "-o", "page")  # fmt: skip
    status, _, err = run(*words)
    assert status == 0, err


def test_part_of_a_file_by_coordinate(run, lab):
    xr = pytest.importorskip("xarray")
    pytest.importorskip("h5netcdf")
    x = np.load(lab / "x.npy")
    made = xr.DataArray(
        np.hstack([x, x[:, :3] + 1]),
        dims=("presentation", "neuroid"),
        coords={
            "layer": ("neuroid", ["V4"] * 8 + ["IT"] * 3),
            "stimulus_id": ("presentation", [f"im{i}" for i in range(120)]),
        },
        name="rates",
    )
    made.to_netcdf(lab / "assembly.nc", engine="h5netcdf")
    status, _, err = run("fit", "assembly.nc", "-o", "both", "--method", "PCA(n_latents=2)")
    assert status == 2 and "--select" in err and "several systems" in err
    fit = ("fit", "assembly.nc", "-o", "it", "--method", "PCA(n_latents=2)", "--select")
    assert run(*fit, "layer=IT")[0] == 0
    assert ub.Dictionary.load(lab / "it").atoms.shape == (2, 3)
    status, _, err = run(*fit, "layer")
    assert status == 2 and "--select must be COORDINATE=VALUE" in err
    status, _, err = run(*fit, "layer=V1")
    assert status == 2 and "never" in err
