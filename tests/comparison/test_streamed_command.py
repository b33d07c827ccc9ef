"""``unbraid compare a/ b/ --on``: stores larger than memory, from the command line."""

import json
import os

import numpy as np
import pytest

import unbraid as ub
from unbraid.cli.arguments._workers import workers_of
from unbraid.errors import UnbraidError

WORDS = ("-o", "run", "--method", "PCA(n_latents=4)", "--order", "exchangeable",
         "--set", "seeds=1", "--set", "metrics=semi_matching")  # fmt: skip


@pytest.fixture
def stores(tmp_path, rng):
    z = rng.normal(size=(300, 4))
    for name in "xy":
        with ub.responses.StoreWriter(tmp_path / name, n_units=5, dtype="float64") as writer:
            writer.append(z @ rng.normal(size=(4, 5)) + rng.normal(size=(300, 5)))
    return tmp_path


def test_a_run_by_local_workers(run, stores):
    before = dict(os.environ)
    status, _, err = run("compare", "x", "y", "--on", "local", *WORDS)
    assert status == 0, err
    record = json.loads((stores / "run" / "result.json").read_text())
    assert record["streamed"]["n"] == record["n_alignment_stimuli"] == 150
    assert "block by block" in err
    assert ub.load_run(stores / "run").streamed.n_groups == 50
    assert dict(os.environ) == before


def test_what_is_refused(run, stores):
    np.save(stores / "y.npy", np.zeros((300, 5)))
    for words, line in [
        (("x", "y", "--on", "cluster"), "--on is local, dask or an address"),
        (("x", "y", "--on", "local", "--common"), "--common reads both systems whole"),
        (("x", "y", "--on", "local", "--set", "metrics=rsa"), "metrics rsa need single stimuli"),
        (("x", "y", "--on", "local", "--select", "a=b"), "leave out --select"),
    ]:
        status, _, err = run("compare", *words, *WORDS[:2])
        assert status == 2, err
        assert line in " ".join(err.split()), err
    assert not (stores / "run").exists()


def test_a_dead_worker_is_named():
    with pytest.raises(UnbraidError, match="A worker ended before its call did"):  # noqa: SIM117
        with workers_of("local") as pool:
            pool.submit(os._exit, 1).result()
