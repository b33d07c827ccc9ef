"""A result never depends on where it was computed: dask, submitit (both skipped if absent)."""

from pathlib import Path

import pytest

from unbraid import jobs
from unbraid.errors import InputError
from unbraid.jobs.executors.dask import Dask
from unbraid.jobs.executors.slurm import submit_shares

TIMES = ("ran.json", ".unbraid.json")


def bytes_of(folder):
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.glob("jobs/*/*/*"))
        if path.name not in TIMES
    }


@pytest.fixture
def plan(spec):
    return jobs.plan_of(spec, Path.cwd())


@pytest.fixture
def wanted(plan, tmp_path):
    with jobs.Local(workers=1) as pool:
        jobs.run(plan, tmp_path / "local", pool)
    return bytes_of(tmp_path / "local")


def test_what_is_not_installed_is_said_in_one_line(plan, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "distributed", None)
    monkeypatch.setitem(__import__("sys").modules, "submitit", None)
    with pytest.raises(InputError, match=r"pip install 'unbraid\[dist\]'"):
        Dask()
    with pytest.raises(InputError, match=r"pip install 'unbraid\[dist\]', or start shards"):
        submit_shares(plan, tmp_path / "run", 2)


@pytest.mark.filterwarnings("ignore")
def test_dask_gives_the_same_bytes(plan, tmp_path, wanted):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None
    ) as cluster:
        for number, given in enumerate((cluster.scheduler_address, distributed.Client(cluster))):
            with Dask(given) as pool:
                assert jobs.run(plan, tmp_path / f"{number}", pool).failed == {}
            assert bytes_of(tmp_path / f"{number}") == wanted
    with pytest.raises(InputError, match="No dask scheduler answers at"):
        Dask("tcp://127.0.0.1:9")


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("cluster", ["debug", "local"])
def test_shares_of_slurm_give_the_same_bytes(plan, tmp_path, wanted, cluster):
    pytest.importorskip("submitit")
    tasks = submit_shares(plan, tmp_path / "run", 2, cluster=cluster, timeout_min=5)
    told = [task.result() for task in tasks]
    assert [one["failed"] for one in told] == [0, 0]
    assert sum(one["jobs"] for one in told) == 9
    assert bytes_of(tmp_path / "run") == wanted


@pytest.mark.filterwarnings("ignore")
def test_the_script_for_slurm_asks_for_an_array(plan, tmp_path, monkeypatch):
    pytest.importorskip("submitit")
    slurm = pytest.importorskip("submitit.slurm.slurm")
    text = slurm._make_sbatch_string(
        command="python task.py", folder=tmp_path, map_count=4, cpus_per_task=8, time=240,
        signal_delay_s=90,
    )  # fmt: skip
    assert "#SBATCH --array=0-3" in text
    assert "#SBATCH --cpus-per-task=8" in text
    assert "--signal=USR2@90" in text
