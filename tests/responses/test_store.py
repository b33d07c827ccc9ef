"""A folder of shards: what is written comes back, what was killed never looks whole."""

import json
import subprocess
import sys

import numpy as np
import pytest

from unbraid._folders import replacing
from unbraid.errors import InputError
from unbraid.responses import Store, StoreWriter, load, open_store, save
from unbraid.responses._formats.arrays.safetensors import write_tensors


def write(path, values, *, ids=True, block=7, **options):
    options = {"dtype": "float64", "rows_per_shard": 10} | options
    with StoreWriter(path, n_units=values.shape[1], **options) as writer:
        for start in range(0, len(values), block):
            part = values[start : start + block]
            names = [f"é{i}" for i in range(start, start + len(part))] if ids else None
            writer.append(part, names)
    return writer.store


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_everything_comes_back(rng, tmp_path, dtype):
    values = rng.normal(size=(37, 5))
    write(tmp_path / "r", values, dtype=dtype, units=list("abcde"), made_by={"layer": "fire7"})
    store = open_store(tmp_path / "r")
    assert repr(store) == f"Store(37 stimuli x 5 units, {dtype}, 4 shards)"
    stored = values.astype(dtype)
    index = rng.integers(0, 37, size=50)
    np.testing.assert_array_equal(store.rows(index), stored[index])
    assert store.rows(index).dtype == dtype
    np.testing.assert_array_equal(np.concatenate(list(store.blocks(4))), stored)
    x = load(tmp_path / "r")
    np.testing.assert_array_equal(x.values, stored)
    assert list(x.stimuli) == [f"é{i}" for i in range(37)]
    assert list(x.units) == list("abcde")
    assert x.made_by == {"layer": "fire7"}
    store.verify()


def test_one_shard_is_mapped(rng, tmp_path):
    values = rng.normal(size=(8, 5))
    store = write(tmp_path / "r", values, ids=False, rows_per_shard=100)
    assert store.stimuli is None
    assert np.shares_memory(store.read().values, store.shards[0])
    np.testing.assert_array_equal(store.rows([3, 3, 0]), values[[3, 3, 0]])


def test_the_library_reads_a_shard(rng, tmp_path):
    from safetensors.numpy import load_file

    values = rng.normal(size=(8, 5))
    write(tmp_path / "r", values)
    np.testing.assert_array_equal(
        load_file(tmp_path / "r" / "shard-00000.safetensors")["values"], values
    )
    shard = load(tmp_path / "r" / "shard-00000.safetensors")
    assert list(shard.stimuli[:2]) == ["é0", "é1"]


@pytest.mark.parametrize("n, size, pool", [(1000, 64, 512), (1000, 300, 256), (3, 64, 64)])
def test_batches_hold_every_row_once(tmp_path, n, size, pool):
    write(tmp_path / "r", np.arange(float(n))[:, None], ids=False, rows_per_shard=190)
    store = open_store(tmp_path / "r")
    batches = [b.ravel() for b in store.batches(size, 0, pool=pool)]
    assert sorted(np.concatenate(batches)) == list(range(n))
    assert {len(b) for b in batches[:-1]} <= {size}
    again = [b.ravel() for b in store.batches(size, 0, pool=pool)]
    np.testing.assert_array_equal(np.concatenate(batches), np.concatenate(again))
    if n > 3:
        other = np.concatenate([b.ravel() for b in store.batches(size, 1, pool=pool)])
        assert not np.array_equal(np.concatenate(batches), other)


def test_batches_are_shuffled(tmp_path):
    n = 16 * 256
    write(tmp_path / "r", np.arange(float(n))[:, None], ids=False, rows_per_shard=999, block=500)
    order = np.concatenate([b.ravel() for b in open_store(tmp_path / "r").batches(128, 0)])
    assert abs(np.corrcoef(order, np.arange(n))[0, 1]) < 0.08
    assert np.mean(np.diff(order) == 1) < 0.01


def test_a_writer_that_was_left_resumes(rng, tmp_path):
    values = rng.normal(size=(37, 3))
    ids = [str(i) for i in range(37)]
    options = {"n_units": 3, "dtype": "float64", "rows_per_shard": 10, "made_by": {"a": 1}}
    writer = StoreWriter(tmp_path / "r", **options)
    writer.append(values[:25], ids[:25])
    del writer  # two whole shards are on disk, five rows are lost
    with pytest.raises(InputError, match="has no manifest.json; writing it was not finished"):
        open_store(tmp_path / "r")
    (tmp_path / "r" / ".shard-00002.safetensors.x.tmp").write_bytes(b"half")
    resumed = StoreWriter(tmp_path / "r", **options)
    assert resumed.rows == 20
    for start in range(0, 37, 8):  # the same rows again: what is there is skipped
        resumed.append(values[start : start + 8], ids[start : start + 8], at=start)
    store = resumed.close()
    np.testing.assert_array_equal(store.read().values, values)
    assert list(store.stimuli) == ids
    assert sorted(p.name for p in (tmp_path / "r").iterdir()) == [
        "manifest.json",
        *[f"shard-0000{i}.safetensors" for i in range(4)],
    ]


def test_a_truncated_shard_is_written_again(rng, tmp_path):
    values = rng.normal(size=(30, 3))
    options = {"n_units": 3, "dtype": "float64", "rows_per_shard": 10}
    StoreWriter(tmp_path / "r", **options).append(values)
    shard = tmp_path / "r" / "shard-00001.safetensors"
    shard.write_bytes(shard.read_bytes()[:-1])
    writer = StoreWriter(tmp_path / "r", **options)
    assert writer.rows == 10
    writer.append(values, at=0)
    np.testing.assert_array_equal(writer.close().read().values, values)


def everything(writer, values):
    writer.append(values, at=0)
    return writer.close()


@pytest.mark.parametrize(
    "kept", [(), ("writing.json",), ("writing.json", "shard-00000.safetensors")]
)
@pytest.mark.parametrize("half", ["writing.json", "shard-00001.safetensors", "manifest.json"])
def test_a_writer_killed_at_any_step_resumes(tmp_path, kept, half):
    """Whatever temporary file was being written, and whatever was whole by then."""
    values = np.random.default_rng(0).normal(size=(17, 3))
    options = {"n_units": 3, "dtype": "float64", "rows_per_shard": 10}
    whole = StoreWriter(tmp_path / "whole", **options)
    plan = (tmp_path / "whole" / "writing.json").read_bytes()
    everything(whole, values)
    (tmp_path / "r").mkdir()
    for name in kept:
        there = plan if name == "writing.json" else (tmp_path / "whole" / name).read_bytes()
        (tmp_path / "r" / name).write_bytes(there)
    (tmp_path / "r" / f".{half}.a_1bc.tmp").write_bytes(b"half")
    store = everything(StoreWriter(tmp_path / "r", **options), values)
    np.testing.assert_array_equal(store.read().values, values)
    assert store.hashes == whole.store.hashes
    left = [path.name for path in (tmp_path / "r").iterdir()]
    assert sorted(left) == ["manifest.json", "shard-00000.safetensors", "shard-00001.safetensors"]


def test_files_of_others_stay(tmp_path):
    values = np.random.default_rng(0).normal(size=(17, 3))
    others = [".notes.tmp", ".writing.json.tmp", ".shard-1.safetensors.abc.tmp", "x.tmp", "notes"]
    folder = tmp_path / "r"
    options = {"n_units": 3, "rows_per_shard": 10}
    for other in others:
        folder.mkdir()
        (folder / ".writing.json.abc.tmp").touch()
        (folder / other).write_text("mine")
        with pytest.raises(InputError, match=f"r holds {other}, which no unfinished recording"):
            StoreWriter(folder, **options)
        assert (folder / other).read_text() == "mine"
        (folder / other).unlink()
        writer = StoreWriter(folder, **options)
        (folder / other).write_text("mine")
        (folder / ".manifest.json.abc.tmp").mkdir()  # a folder is nothing that a writer leaves
        everything(writer, values)
        assert (folder / other).read_text() == "mine"
        assert (folder / ".manifest.json.abc.tmp").is_dir()
        folder = folder / "r"
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file is a file, expected a folder"):
        StoreWriter(tmp_path / "file", **options)


def test_a_shard_of_another_hand_is_not_resumed(tmp_path):
    options = {"n_units": 3, "rows_per_shard": 10}
    StoreWriter(tmp_path / "r", **options)
    save(np.eye(3), tmp_path / "r" / "shard-00000.safetensors")
    assert StoreWriter(tmp_path / "r", **options).rows == 0
    write_tensors(tmp_path / "r" / "shard-00000.safetensors", {"other": np.eye(3)}, {})
    assert StoreWriter(tmp_path / "r", **options).rows == 0


KILLED = """
import os, sys
import numpy as np
from unbraid.responses import StoreWriter
writer = StoreWriter(sys.argv[1], n_units=4, dtype="float32", rows_per_shard=50)
replace = os.replace
for step in range(10):
    if step == int(sys.argv[2]):
        from unbraid.responses._formats.arrays import safetensors
        put = safetensors._put
        def kill(block, stream, digest):
            stream.write(block[: len(block) // 2]); stream.flush(); os._exit(9)
        safetensors._put = kill
    writer.append(np.full((37, 4), step, dtype="float32"), at=37 * step)
"""


@pytest.mark.parametrize("step", [1, 5])
def test_a_killed_process_leaves_nothing_that_looks_whole(tmp_path, step):
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path / "r"), str(step)], check=False, timeout=60
    )
    assert done.returncode == 9
    with pytest.raises(InputError, match="has no manifest"):
        open_store(tmp_path / "r")
    writer = StoreWriter(tmp_path / "r", n_units=4, dtype="float32", rows_per_shard=50)
    assert writer.rows == 50 * (37 * step // 50)
    truth = np.repeat(np.arange(10.0), 37)[:, None] * np.ones(4)
    writer.append(truth, at=0)
    np.testing.assert_array_equal(writer.close().read().values, truth)


@pytest.mark.parametrize(
    "change",
    [
        {"made_by": {"a": 2}},
        {"n_units": 4},
        {"dtype": "float32"},
        {"rows_per_shard": 11},
        {"units": list("abc")},
    ],
)
def test_another_plan_is_never_resumed(tmp_path, change):
    options = {"n_units": 3, "dtype": "float64", "rows_per_shard": 10, "made_by": {"a": 1}}
    StoreWriter(tmp_path / "r", **options)
    with pytest.raises(InputError, match="holds other unfinished responses"):
        StoreWriter(tmp_path / "r", **(options | change))


def test_writer_refuses(rng, tmp_path):
    values = rng.normal(size=(4, 3))
    write(tmp_path / "done", values)
    for name, match in [
        ("done", "holds finished responses already"),
        ("other", "holds file, which no"),
    ]:
        (tmp_path / name).mkdir(exist_ok=True)
        (tmp_path / name / "file").touch()
        with pytest.raises(InputError, match=match):
            StoreWriter(tmp_path / name, n_units=3)
    with pytest.raises(InputError, match="dtype must be one of float16, float32, float64"):
        StoreWriter(tmp_path / "a", n_units=3, dtype="int8")
    with pytest.raises(InputError, match="must be at least 1"):
        StoreWriter(tmp_path / "a", n_units=0)
    writer = StoreWriter(tmp_path / "b", n_units=3, dtype="float16", rows_per_shard=10)
    with pytest.raises(InputError, match="no rows were written"):
        writer.close()
    with pytest.raises(InputError, match="values must have 3 units, got 2"):
        writer.append(values[:, :2])
    with pytest.raises(InputError, match=r"rows 0\.\.4 are missing before row 5"):
        writer.append(values, at=5)
    with pytest.raises(InputError, match="values exceed the largest float16"):
        writer.append(values * 1e6)
    with pytest.raises(InputError, match="values must be finite, got 1 NaN"):
        writer.append(np.where(values == values[1, 1], np.nan, values))
    writer.append(values, list("abcd"))
    with pytest.raises(InputError, match="ids for all rows or for none"):
        writer.append(values)


def test_duplicate_ids_across_shards(rng, tmp_path):
    values = rng.normal(size=(4, 3))
    writer = StoreWriter(tmp_path / "r", n_units=3, rows_per_shard=2)
    writer.append(values[:2], list("ab"))
    writer.append(values[2:], list("ca"))
    with pytest.raises(InputError, match="stimuli must be unique"):
        writer.close()
    with pytest.raises(InputError, match="has no manifest"):
        open_store(tmp_path / "r")


def change_manifest(path, change):
    where = path / "manifest.json"
    manifest = json.loads(where.read_text())
    change(manifest)
    where.write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    "change, match",
    [
        (lambda m: m.update(version=9), "has version 9, this Unbraid reads 1"),
        (lambda m: m.update(format="x"), "is not a manifest of Unbraid's"),
        (lambda m: m.update(shape=[10**9, 3]), "is damaged"),
        (lambda m: m.update(shape=3), "is damaged"),
        (lambda m: m.update(dtype="object"), "is damaged"),
        (lambda m: m.update(dtype="nonsense"), "is damaged"),
        (lambda m: m.update(dtype="float32"), r"must hold values \(10, 3\) float32"),
        (lambda m: m.pop("shards"), "is damaged"),
        (lambda m: m["shards"][0].update(rows=9), "is damaged"),
        (lambda m: m["shards"].append({"rows": 0, "sha256": ""}), "shard-00002.*does not exist"),
    ],
)
def test_damaged_manifest(rng, tmp_path, change, match):
    write(tmp_path / "r", rng.normal(size=(15, 3)))
    change_manifest(tmp_path / "r", change)
    with pytest.raises(InputError, match=match):
        open_store(tmp_path / "r")


def test_damaged_folder(rng, tmp_path):
    with pytest.raises(InputError, match="is not a folder of responses"):
        open_store(tmp_path / "none")
    with pytest.raises(InputError, match="is no folder of responses: it is empty"):
        load(tmp_path)
    path = tmp_path / "r"
    write(path, rng.normal(size=(15, 3)))
    shard = path / "shard-00000.safetensors"
    whole = shard.read_bytes()
    shard.write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
    store = open_store(path)
    assert isinstance(store, Store)
    for read in (store.verify, lambda: load(path)):
        with pytest.raises(InputError, match="differs from its hash"):
            read()
    with pytest.raises(InputError, match=r"rows must lie in 0\.\.14"):
        store.rows([15])
    shard.write_bytes(whole[:-1])
    with pytest.raises(InputError, match="truncated or damaged"):
        open_store(path)
    (path / "manifest.json").write_text("{")
    with pytest.raises(InputError, match="is not valid JSON"):
        open_store(path)


def test_what_another_process_is_writing_is_not_swept(rng, tmp_path):
    writer = StoreWriter(tmp_path / "r", n_units=3)
    writer.append(rng.normal(size=(4, 3)))
    with replacing(tmp_path / "r" / "shard-00000.safetensors") as temporary:
        temporary.write_bytes(b"half")
        writer.close()
        assert temporary.read_bytes() == b"half"
        writer.store.verify()
        temporary.write_bytes((tmp_path / "r" / "shard-00000.safetensors").read_bytes())
    open_store(tmp_path / "r").verify()
    assert len(list((tmp_path / "r").iterdir())) == 2
