"""A comparison on workers is the comparison in memory, but for what it says that it lacks."""

import os
import subprocess
import sys
import textwrap
import time
import warnings
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest
import scipy.sparse as sp

import unbraid as ub
from unbraid.comparison.streamed import _conclude, _pass, _plan, _split
from unbraid.errors import InputError
from unbraid.sparse import PCA, Pursuit, TopK

OPTIONS = {
    "method": Pursuit(n_latents=12, k=2), "seeds": 2, "order": "exchangeable",
    "metrics": ("semi_matching", "ridge", "procrustes"), "resamples": 50, "permutations": 2,
}  # fmt: skip
FEW = {"method": PCA(n_latents=4), "seeds": 1, "metrics": "semi_matching",
       "order": "exchangeable"}  # fmt: skip


def world(n=600, p=7, q=6, n_features=12, seed=0):
    rng = np.random.default_rng(seed)
    z = rng.random((n, n_features)) * (rng.random((n, n_features)) < 0.12)
    x, y = (z @ rng.normal(size=(n_features, units)) for units in (p, q))
    noise = 0.02 * rng.normal(size=(n, p + q))
    return x + noise[:, :p], y + noise[:, p:]


def stored(folder, values, stimuli=None, rows=100):
    with ub.responses.StoreWriter(
        folder, n_units=values.shape[1], dtype="float64", rows_per_shard=rows
    ) as writer:
        writer.append(values, stimuli=stimuli)
    return ub.open_store(folder)


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stores")
    return tuple(stored(folder / name, side) for name, side in zip("xy", world(), strict=True))


@pytest.fixture(scope="module")
def found(stores):
    with ThreadPoolExecutor(3) as pool, warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return ub.compare(*stores, on=pool, **OPTIONS)


@pytest.fixture(scope="module")
def in_memory():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        return ub.compare(*world(), **OPTIONS)


def by_name(result):
    return {(s.metric, s.source, s.target, s.systems, s.seed): s for s in result.scores}


def test_scores_are_those_in_memory(found, in_memory):
    ours, theirs = by_name(found), by_name(in_memory)
    assert {key for key in theirs if key[1] != "wide_expansion"} == set(ours)
    for key, score in ours.items():
        if key[1] == "shuffled_latents":  # other draws, within blocks of stimuli
            assert abs(score.value) < 0.2
            continue
        other = theirs[key]
        for name in ("value", "in_sample", "null", "coverage"):
            assert getattr(score, name) == pytest.approx(getattr(other, name), abs=1e-10), key
        np.testing.assert_allclose(score.per_target, other.per_target, atol=1e-10)
        wide = other.high - other.low
        assert abs(score.low - other.low) < 0.5 * wide + 0.01, key
        assert np.isnan(score.p_value) == np.isnan(other.p_value), key
    assert len(ours) > 60
    for one, other in zip(found.lifted, in_memory.lifted, strict=True):
        for mine, theirs_ in zip(one, other, strict=True):
            np.testing.assert_array_equal(mine.dictionary.atoms, theirs_.dictionary.atoms)
            assert mine.fvu == pytest.approx(theirs_.fvu)
            assert mine.dead == pytest.approx(theirs_.dead)
    assert found.verdict.tone == in_memory.verdict.tone


def test_the_answer_is_a_comparison_that_says_what_it_lacks(found, tmp_path):
    assert found.streamed.n == 300
    assert found.n_scored == 300
    assert found.streamed.n_groups == 50
    said = " ".join(found.warnings)
    assert "wide random expansion" in said
    assert "50 groups" in said
    doubt = _conclude.of_prediction(found.config, ("codes", "base"))
    assert doubt["ridge", "codes->base"] == "since no wide random expansion was compared with it"
    assert not any(metric == "semi_matching" for metric, _ in doubt)
    loaded = ub.load_run(found.save(tmp_path / "run"))
    assert loaded.streamed == found.streamed
    assert loaded.record() == found.record()
    assert "300 stimuli" in (tmp_path / "run" / "report.html").read_text()
    assert len(found.matched()) > 0


def same_bits(one, other):
    for a, b in zip(one.scores, other.scores, strict=True):
        for name in ("value", "low", "high", "null", "p_value"):
            assert np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True)
        for name in ("per_target", "influence", "replicates"):
            assert np.array_equal(getattr(a, name), getattr(b, name), equal_nan=True)


@pytest.fixture
def small_blocks(monkeypatch):
    monkeypatch.setattr(_pass, "_BLOCK", 2.0**13)
    monkeypatch.setattr(_pass, "_BLOCKS", 2)


class Later:
    """Runs what is submitted when its answer is asked for."""

    def submit(self, f, *args):
        future = Future()
        future.result = lambda: f(*args)
        return future


def test_one_and_three_workers_give_the_same_bits(stores, small_blocks):
    with ThreadPoolExecutor(3) as three:
        answers = [ub.compare(*stores, on=on, **FEW) for on in (three, Later())]
    same_bits(*answers)
    moments = by_name(ub.compare(*world(), **FEW))
    score = answers[0].scores[0]
    assert score.value == pytest.approx(
        moments["semi_matching", "base", "base", "x->y", None].value, abs=1e-10
    )


def test_processes_give_the_bits_of_threads(stores):
    with ThreadPoolExecutor(1) as pool:
        here = ub.compare(*stores, on=pool, **FEW)
    with ProcessPoolExecutor(1) as processes:
        same_bits(here, ub.compare(*stores, on=processes, **FEW))


def test_dask_gives_the_bits_of_threads(stores):
    distributed = pytest.importorskip("distributed")
    one = {"processes": False, "n_workers": 1, "threads_per_worker": 1, "dashboard_address": None}
    with ThreadPoolExecutor(1) as pool, distributed.Client(**one) as client:
        here = ub.compare(*stores, on=pool, **FEW)
        same_bits(here, ub.compare(*stores, on=client, **FEW))


@pytest.mark.parametrize("kind", [np.asarray, sp.csr_array, ub.Responses])
def test_arrays_are_sent(kind, stores):
    sides = [kind(side) for side in world()]
    with ThreadPoolExecutor(1) as pool:
        there = ub.compare(*sides, on=pool, **FEW)
        same_bits(there, ub.compare(*stores, on=pool, **FEW))


def test_given_dictionaries_and_units_only(stores):
    x, y = world()
    dictionary = ub.fit(x, TopK(n_latents=10, k=2), rng=0)
    options = {"dictionaries": (dictionary, None), "metrics": ("semi_matching", "ridge"),
               "order": "exchangeable"}  # fmt: skip
    with ThreadPoolExecutor(1) as pool:
        found = by_name(ub.compare(*stores, on=pool, **options))
    expected = by_name(ub.compare(x, y, **options))
    for key, score in found.items():
        if key[1] != "shuffled_latents":
            assert score.value == pytest.approx(expected[key].value, abs=1e-10), key
    assert ("semi_matching", "codes", "base", "x->y", 0) in found


def test_groups_stay_together(stores):
    groups = np.arange(600) // 5
    options = {**FEW, "order": "auto"}
    with ThreadPoolExecutor(1) as pool:
        found = by_name(ub.compare(*stores, on=pool, groups=groups, **options))
    expected = by_name(ub.compare(*world(), groups=groups, **options))
    key = "semi_matching", "codes", "codes", "x->y", 0
    assert found[key].value == pytest.approx(expected[key].value, abs=1e-10)
    assert np.isnan(found[key].p_value)  # rows in any order are no null
    assert "no p-value: groups keep dependent stimuli together" in " ".join(found[key].warnings)


def test_samples_are_named(stores, monkeypatch):
    monkeypatch.setattr(_split, "_SAMPLE_LEAST", 100)
    monkeypatch.setattr(_split, "_SAMPLE_MOST", 100)
    monkeypatch.setattr(_split, "_SHOWN", 80)
    with ThreadPoolExecutor(1) as pool:
        found = ub.compare(*stores, on=pool, **FEW)
        assert found.streamed.learned_from == found.streamed.sampled == (100, 100)
        assert found.lifted[0][0].codes.shape[0] == len(found.rows) == 80
        said = " ".join(found.warnings)
        assert "learned from 100 of the 300 training stimuli" in said
        assert "are of 80 scored stimuli" in said
        trained = {**FEW, "method": TopK(n_latents=10, k=2)}
        found = ub.compare(*stores, on=pool, **trained)
    assert found.streamed.learned_from == (300, 300)  # an autoencoder reads them from the disk
    assert "controls were learned from 100 of the 300" in " ".join(found.warnings)


def test_fewer_groups_where_sums_are_large(stores, monkeypatch):
    monkeypatch.setattr(_plan, "_SUMS", 1.0)
    with ThreadPoolExecutor(1) as pool:
        found = ub.compare(*stores, on=pool, **FEW)
    assert found.streamed.n_groups == 10
    monkeypatch.setattr(_plan, "check_memory", refuse)
    with pytest.raises(InputError, match=r"Moments of 11 sides of up to 7 columns in 10 groups"):
        ub.compare(*stores, on=Later(), **FEW)


def refuse(n_bytes, what, remedy):
    raise InputError(f"{what} {n_bytes} {remedy}")


def test_what_cannot_be_is_refused(stores, rng):
    x, y = stores
    with ThreadPoolExecutor(1) as on:
        for options, line in [
            ({"metrics": ("rsa", "ridge")}, "metrics rsa need single stimuli.*store.read"),
            ({"protocol": "longon2025"}, "on needs protocol='unbraid', got 'longon2025'"),
            ({"frozen": True}, "frozen controls are not computed on workers"),
            ({"fold_kind": "contiguous"}, "on needs shuffled or grouped folds"),
            ({"metrics": "ridge", "folds": 2}, "ridge needs at least 3 folds, got 2"),
        ]:
            with pytest.raises(InputError, match=line):
                ub.compare(x, y, on=on, **options)
        with pytest.raises(InputError, match="features, judge cannot be used with on"):
            ub.compare(x, y, on=on, features=rng.normal(size=(600, 2)), judge=rng.normal(size=9))
        with pytest.raises(InputError, match="x and y are the same responses"):
            ub.compare(x, x, on=on)
        a, b = world()
        with pytest.raises(InputError, match="one row per stimulus each, got 600 and 599"):
            ub.compare(x, ub.Responses(b[1:]), on=on, **FEW)
        with pytest.raises(InputError, match="ridge from moments needs at least as many"):
            ub.compare(a[:40], b[:40], on=on, **{**FEW, "metrics": "ridge",
                                                 "method": TopK(n_latents=60, k=2)})  # fmt: skip
        slow = rng.normal(size=(2, 600, 4)).cumsum(axis=1)
        with pytest.raises(InputError, match="depend on their order in time on both sides"):
            ub.compare(*slow, on=on, **{**FEW, "order": "auto"})
    with pytest.raises(InputError, match="on must have submit"):
        ub.compare(x, y, on="dask", **FEW)


def test_the_default_metrics_that_need_single_stimuli_are_named(stores):
    options = {name: value for name, value in FEW.items() if name != "metrics"}
    with ThreadPoolExecutor(1) as pool:
        found = ub.compare(*stores, on=pool, **options)
    assert "rsa" not in found.config.scored
    assert any("rsa" in line for line in found.streamed.left_out)
    assert "the metric rsa, which needs single stimuli" in " ".join(found.warnings)


def test_other_ids_are_refused(tmp_path):
    x, y = world(n=100)
    names = [f"s{i}" for i in range(100)]
    one = stored(tmp_path / "x", x, names)
    other = stored(tmp_path / "y", y, [*names[:97], "s98", "s97", "s99"])
    with pytest.raises(InputError, match="same order, got 's97' and 's98' in row 97"):
        ub.compare(one, other, on=Later(), **FEW)
    agreeing = stored(tmp_path / "z", y, names)
    found = ub.compare(one, agreeing, on=Later(), **FEW)
    assert set(found.stimuli) < set(names)


def test_a_late_nan_is_refused(tmp_path, small_blocks):
    x, y = world()
    stored(tmp_path / "x", x), stored(tmp_path / "y", y)
    shard = sorted((tmp_path / "y").glob("shard-*.safetensors"))[-1]
    shard.write_bytes(shard.read_bytes()[:-8] + np.float64(np.nan).tobytes())  # the last number
    sides = [ub.open_store(tmp_path / name) for name in "xy"]
    with (
        ThreadPoolExecutor(2) as pool,
        pytest.raises(InputError, match=r"^y .*must be finite"),
    ):
        ub.compare(*sides, on=pool, **FEW)


def test_a_store_that_changes_is_refused(tmp_path, small_blocks):
    sides = [stored(tmp_path / name, side) for name, side in zip("xy", world(), strict=True)]
    shard = sorted((tmp_path / "y").glob("shard-*.safetensors"))[-1]

    class Changing(Later):
        calls = 0

        def submit(self, f, *args):
            self.calls += 1
            if self.calls == 3:
                os.utime(shard, ns=(time.time_ns(), time.time_ns()))
            return super().submit(f, *args)

    with pytest.raises(InputError, match=r"y \(.*\) was changed while it was read"):
        ub.compare(*sides, on=Changing(), **FEW)


def test_memory_stays_within_a_cap(tmp_path):
    """Two stores of 120 MB each, as doubles; compared in 100 MB beyond what imports take."""
    rng = np.random.default_rng(0)
    for name in "xy":
        with ub.responses.StoreWriter(tmp_path / name, n_units=50, dtype="float32") as writer:
            for _ in range(6):
                writer.append(rng.standard_normal((50_000, 50), dtype=np.float32))
    code = f"""
        import resource, warnings
        import unbraid as ub
        from unbraid.comparison.streamed import _pass, _split
        from concurrent.futures import ThreadPoolExecutor
        from unbraid.sparse import PCA
        warnings.simplefilter("ignore")
        import numpy as np
        _pass._UNDER_WAY = 2
        _pass._BLOCK, _split._SAMPLE_MOST = 2.0**23, 4096
        small = np.random.default_rng(0).normal(size=(2, 100, 4))
        options = dict(method=PCA(n_latents=4), seeds=1, metrics="semi_matching",
                       order="exchangeable")
        with ThreadPoolExecutor(1) as pool:
            ub.compare(*small, on=pool, **options)
            status = open("/proc/self/status").read()
            now = 1024 * int(status.split("VmData:")[1].split()[0])
            resource.setrlimit(resource.RLIMIT_DATA, (now + 100 * 2**20,) * 2)
            x, y = (ub.open_store({str(tmp_path)!r} + "/" + name) for name in "xy")
            found = ub.compare(x, y, on=pool, **options)
        print(found.streamed.n)
        try:
            x.rows(np.arange(len(x))).astype(np.float64)
        except MemoryError:
            print("capped")
    """
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == ["150000", "capped"], done.stderr[-2000:]
