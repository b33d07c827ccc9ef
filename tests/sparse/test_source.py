"""Training from memory maps and stores: the same dictionary, or bounded memory, said before."""

import numpy as np
import pytest

from unbraid.errors import InputError
from unbraid.responses import StoreWriter, open_store
from unbraid.sparse import BatchTopK, Longon2025Dnn, Pursuit, TopK, fit
from unbraid.sparse.training._memory import needed
from unbraid.sparse.training._source import OnDisk, TrainingStimuli
from unbraid.sparse.training._training import Training

METHOD = TopK(k=2, n_latents=24, training={"steps": 60})


def write(folder, x, rows=700):
    with StoreWriter(folder, n_units=x.shape[1], rows_per_shard=rows) as writer:
        writer.append(x)
    return open_store(folder)


@pytest.fixture
def x(make_world):
    return make_world(n=2000).x.astype(np.float32)


def mapped(tmp_path, x):
    np.save(tmp_path / "x.npy", x)
    return np.load(tmp_path / "x.npy", mmap_mode="r")


STREAMED = [METHOD, BatchTopK(k=2, n_latents=24, training={"steps": 40}), Longon2025Dnn(epochs=1)]


@pytest.mark.parametrize("method", STREAMED, ids=lambda method: type(method).__name__)
def test_what_fits_the_pool_trains_as_from_memory(tmp_path, x, method):
    whole = fit(x, method, rng=0)
    for place in (mapped(tmp_path, x), write(tmp_path / "store", x)):
        learned = fit(place, method, rng=0)
        np.testing.assert_array_equal(learned.atoms, whole.atoms)
        np.testing.assert_array_equal(learned.encoder.bias, whole.encoder.bias)
        assert learned.evidence.fvu == pytest.approx(whole.evidence.fvu, rel=1e-6)


def test_a_pool_smaller_than_the_data_gives_every_stimulus_once_a_pass(tmp_path, x, monkeypatch):
    monkeypatch.setattr("unbraid.sparse.training._source._POOL_ROWS", 512)
    store = write(tmp_path / "store", x)
    rng = np.random.default_rng(3)
    source = TrainingStimuli(OnDisk(store), 0.1, rng, x.mean(0))
    assert (source.pool, len(source)) == (512, 1800)
    order = source.order(rng)
    assert sorted(order) == list(range(1800))
    assert np.abs(np.diff(order)).mean() > 100  # shuffled, not only in runs
    assert len(np.unique(order[:512] // 256)) <= 3  # yet read from few places
    again = np.concatenate([source.batch(order, start, 60) for start in range(0, 1800, 60)])
    expected = (x[source.rows[order]] - source.offset) / source.scale
    np.testing.assert_allclose(again, expected, rtol=1e-5, atol=1e-6)


def test_training_in_pools_finds_as_much_and_resumes(tmp_path, make_world, monkeypatch):
    monkeypatch.setattr("unbraid.sparse.training._source._POOL_ROWS", 512)
    world = make_world(n_units=20)
    method = TopK(k=2, n_latents=48, training={"learning_rate": 1e-2, "steps": 500})
    store = write(tmp_path / "store", world.x)
    learned = fit(store, method, rng=0)
    assert world.mcc(learned.encode(world.x)) > 0.8

    from unbraid.sparse.training._checkpoint import Checkpoint

    save = Checkpoint.save

    def breaking(checkpoint, *state):
        save(checkpoint, *state)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Checkpoint, "save", breaking)
        fit(store, method, rng=0, checkpoint=tmp_path / "state")
    resumed = fit(store, method, rng=0, checkpoint=tmp_path / "state")
    np.testing.assert_array_equal(resumed.atoms, learned.atoms)


def test_memory_is_said_before_the_start_and_refused_where_it_cannot_fit(x, tmp_path, monkeypatch):
    caught = []
    monkeypatch.setattr("unbraid.sparse.training._memory._MUCH", 1)
    fit(x, METHOD, rng=0, progress=lambda message, share: caught.append(message))
    assert caught[0].startswith("about ")
    assert caught[0].endswith("MiB of memory")
    monkeypatch.setattr("unbraid.responses._files.free_memory", lambda: 10_000)
    with pytest.raises(InputError, match="Training 24 latents on 14 units needs .* are free"):
        fit(x, METHOD, rng=0)
    with pytest.raises(InputError, match="GiB of memory"):
        fit(write(tmp_path / "store", x), Pursuit(), rng=0)  # would read it whole


def test_memory_is_bounded_by_the_pool(tmp_path):
    few, many = (OnDisk(np.broadcast_to(np.float32(0), (n, 512))) for n in (10**6, 10**9))
    need = [needed(x, 4096, Training(batch_size=4096), dense=False) for x in (few, many)]
    assert need[1] - need[0] == 32 * (10**9 - 10**6)  # the order of a pass alone
    assert need[0] < 2**29


def test_an_odd_layout_and_a_large_offset_lose_nothing(x):
    whole = fit(x, METHOD, rng=0)
    np.testing.assert_array_equal(fit(np.asfortranarray(x), METHOD, rng=0).atoms, whole.atoms)
    far = fit(x.astype(np.float64) + 1e6, METHOD, rng=0)
    np.testing.assert_allclose(far.atoms, whole.atoms, atol=1e-3)


def test_nan_in_a_store_is_told(tmp_path, x):
    store = write(tmp_path / "store", x)
    shard = np.memmap(tmp_path / "store" / "shard-00001.safetensors", "f4", "r+")
    shard[-3] = np.nan
    shard.flush()
    with pytest.raises(InputError, match="must be finite, got 1 NaN"):
        fit(store, METHOD, rng=0)
