"""`unbraid interpret` as a user types it."""

import json

import numpy as np
import pytest
from PIL import Image

import unbraid as ub


@pytest.fixture
def files(tmp_path):
    rng = np.random.default_rng(0)
    z = rng.uniform(0.5, 1.5, (200, 8)) * (rng.random((200, 8)) < 0.15)
    x = z @ rng.normal(size=(8, 5))
    np.save(tmp_path / "x.npy", x)
    np.save(tmp_path / "e.npy", z @ rng.normal(size=(8, 12)))
    (tmp_path / "labels.txt").write_text("".join(f"{i % 3}\n" for i in range(200)))
    ub.fit(x, ub.PCA(one_sided=True), rng=0).save(tmp_path / "d")
    return tmp_path


QUICK = ("--set", "measures=[example_auc,label_purity]", "--set", "baselines=[pca]")


def test_a_page_is_written(run, files):
    words = ("interpret", "d", "x.npy", "--embeddings", "e.npy", "--labels", "labels.txt", *QUICK)
    status, out, err = run(*words, "-o", "page")
    assert status == 0, err
    assert "page/report.html" in out
    assert (files / "page" / "units.csv").is_file()
    status, out, _ = run(*words, "-o", "page", "--overwrite", "--json")
    assert status == 0 and json.loads(out)["verdict"]["sentence"]


def test_pictures_judge_where_nothing_else_does(run, files):
    (files / "p").mkdir()
    rng = np.random.default_rng(1)
    for i in range(200):
        Image.fromarray(rng.integers(0, 255, (20, 30, 3), np.uint8)).save(files / f"p/{i:03}.png")
    words = ("interpret", "d", "x.npy", "--pictures", "p", *QUICK, "-o", "page", "--json")
    status, out, err = run(*words)
    assert status == 0, err
    assert json.loads(out)["provenance"]["judge"] == "pixels"


def test_mistakes_are_one_line(run, files):
    status, _, err = run("interpret", "d", "x.npy", "-o", "page")
    assert status == 2 and "Something must say which stimuli are alike" in err
    status, _, err = run("interpret", "d", "x.npy", "-o", "page", "--labels", "x.npy")
    assert status == 2 and "one label per line" in err
    for option, name, hint in (
        ("--labels", "f.csv", "Numbers of each stimulus are features"),
        ("--features", "words.txt", "One label per line is given by --labels"),
        ("--embeddings", "d", "d is no folder of responses: it is a dictionary"),
    ):
        (files / "f.csv").write_text("a,b,c\n" + "1,2,3\n" * 200)
        (files / "words.txt").write_text("cat\ndog\n" * 100)
        status, _, err = run("interpret", "d", "x.npy", "-o", "page", option, name)
        assert status == 2 and hint in err
    assert not (files / "page").exists()
