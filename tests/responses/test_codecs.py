"""Codecs and filters by list: nothing is run, nothing outside is read, nothing inflates unasked."""

import json
import zipfile
import zlib

import h5py
import numpy as np
import pytest
import zarr

from unbraid.errors import InputError
from unbraid.responses import load

VALUES = np.random.default_rng(0).normal(size=(6, 4))


def refused(path, match):
    with pytest.raises(InputError, match=match) as caught:
        load(path)
    assert "\n" not in str(caught.value)
    assert path.name in str(caught.value)


def old(path, text=None, chunk=b"", **change):
    """Write an array of version 2 by hand; ``text`` replaces its metadata."""
    about = {
        "zarr_format": 2, "shape": [2, 1], "chunks": [2, 1], "dtype": "<f8", "fill_value": None,
        "order": "C", "compressor": None, "filters": None,
    }  # fmt: skip
    path.mkdir(exist_ok=True)
    (path / ".zarray").write_text(text or json.dumps(about | change))
    (path / "0.0").write_bytes(chunk or np.ones(2).tobytes())
    return path


@pytest.mark.parametrize(
    "word", ['"pickle"', '"\\u0070ickle"', '"pickl\\u0065"', '"pic\\u006ble" ']
)
@pytest.mark.parametrize("place", ["filters", "compressor"])
def test_pickles_are_never_opened_however_they_are_spelt(tmp_path, word, place):
    codec = f'{{"id": {word}}}'
    where = f'"filters": [{codec}], "compressor": null' if place == "filters" else (
        f'"filters": null, "compressor": {codec}')  # fmt: skip
    text = ('{"zarr_format": 2, "shape": [1], "chunks": [1], "dtype": "|O", "fill_value": null, '
            f'"order": "C", {where}}}')  # fmt: skip
    refused(old(tmp_path / "x.zarr", text), "holds pickled objects, which are never opened")
    with zipfile.ZipFile(tmp_path / "z.zarr", "w") as archive:
        archive.writestr(".zarray", text)
    refused(tmp_path / "z.zarr", "holds pickled objects, which are never opened")
    group = tmp_path / "g.zarr"
    group.mkdir()
    (group / ".zgroup").write_text('{"zarr_format": 2}')
    deep = {"metadata": {"a/.zarray": json.loads(text)}}
    (group / ".zmetadata").write_text(json.dumps(deep))
    refused(group, "holds pickled objects, which are never opened")


@pytest.mark.parametrize("name", ["msgpack2", "json2", "categorize", "pcodec", "zfpy", "lzma", "x"])
def test_codecs_of_version_2_are_by_list(tmp_path, name):
    refused(old(tmp_path / "x.zarr", filters=[{"id": name}]), f"has the codec '{name}', which is")
    refused(old(tmp_path / "x.zarr", compressor={"id": name}), f"has the codec '{name}', which is")


@pytest.mark.parametrize(
    "change, match",
    [
        ({"filters": [{}]}, "has the codec 'None'"),
        ({"filters": "pickle"}, "has damaged codecs"),
        ({"filters": ["pickle"]}, "has damaged codecs"),
        ({"scale": 2}, "says 'scale', which is not known"),
        ({"shape": [2, 2**62]}, "claims|chunks are missing"),
        ({"shape": [2, -1]}, "is not a whole zarr|damaged shape"),
        ({"chunks": [2**40, 2**40]}, "whole zarr|array that memory could|one chunk claims"),
        ({"chunks": [2, 0]}, "is not a whole zarr|damaged shape"),
    ],
)
def test_metadata_of_version_2(tmp_path, change, match):
    refused(old(tmp_path / "x.zarr", **change), match)


def new(path, codecs, **change):
    zarr.create_array(str(path), data=VALUES, overwrite=True)
    about = json.loads((path / "zarr.json").read_text())
    about |= {"codecs": codecs or about["codecs"]} | change
    (path / "zarr.json").write_text(json.dumps(about))
    return path


RAW = {"name": "bytes", "configuration": {"endian": "little"}}
GZIP = {"name": "gzip", "configuration": {"level": 5}}


@pytest.mark.parametrize(
    "codecs, change, match",
    [
        ([{"name": "numcodecs.pickle"}], {}, "has the codec 'numcodecs.pickle'"),
        ([RAW, {"name": "numcodecs.lzma"}], {}, "has the codec 'numcodecs.lzma'"),
        ([RAW, GZIP, GZIP], {}, "is compressed twice"),
        ([{"name": "sharding_indexed"}], {}, "shards within codecs"),
        (None, {"storage_transformers": [{"name": "x"}]}, "has storage transformers"),
        (None, {"scale": 2}, "says 'scale', which is not known"),
        (None, {"chunk_grid": {"name": "rectangular"}}, "is not a whole zarr|another grid"),
    ],
)
def test_codecs_of_version_3_are_by_list(tmp_path, codecs, change, match):
    refused(new(tmp_path / "x.zarr", codecs, **change), match)
    group = tmp_path / "g.zarr"
    zarr.open_group(str(group), mode="w")
    inner = json.loads((tmp_path / "x.zarr" / "zarr.json").read_text())
    about = json.loads((group / "zarr.json").read_text())
    kept = {"kind": "inline", "must_understand": False, "metadata": {"a": inner}}
    (group / "zarr.json").write_text(json.dumps(about | {"consolidated_metadata": kept}))
    refused(group, match + "|exactly one numeric matrix")


@pytest.mark.parametrize("codec", ["blosc", "gzip", "zstd", None])
@pytest.mark.parametrize("sharded", [False, True])
def test_known_codecs_are_read(tmp_path, codec, sharded):
    compressors = {
        "blosc": zarr.codecs.BloscCodec(), "gzip": zarr.codecs.GzipCodec(),
        "zstd": zarr.codecs.ZstdCodec(), None: None,
    }[codec]  # fmt: skip
    more = {"shards": (6, 4)} if sharded else {}
    path = tmp_path / "x.zarr"
    zarr.create_array(str(path), data=VALUES, chunks=(3, 2), compressors=compressors, **more)
    np.testing.assert_array_equal(load(path).values, VALUES)


def test_old_filters_are_read(tmp_path):
    import numcodecs

    for filters in ([numcodecs.Delta("f8")], [numcodecs.FixedScaleOffset(0, 2**20, "f8", "i8")]):
        zarr.create_array(
            str(tmp_path / "x.zarr"), data=VALUES, zarr_format=2, filters=filters, overwrite=True,
            compressors=numcodecs.Zlib(),
        )  # fmt: skip
        np.testing.assert_allclose(load(tmp_path / "x.zarr").values, VALUES, atol=1e-5)


def test_links_of_zarr_are_not_followed(tmp_path):
    path = old(tmp_path / "x.zarr")
    (path / "0.1").symlink_to("/dev/zero")
    refused(path, "holds symbolic links")


# --- HDF5


def test_filters_of_hdf5_are_by_list(tmp_path):
    path = tmp_path / "x.h5"
    for options in (
        {"compression": "gzip", "shuffle": True, "fletcher32": True}, {"compression": "lzf"}, {},
    ):  # fmt: skip
        with h5py.File(path, "w") as file:
            file.create_dataset("values", data=VALUES, chunks=(2, 4), **options)
            text = {"compression": "gzip", "shuffle": True} if options else {}
            file.create_dataset("stimuli", data=list("abcdef"), chunks=(2,), **text)
        np.testing.assert_array_equal(load(path).values, VALUES)
        assert load(path).stimuli.tolist() == list("abcdef")
    with h5py.File(path, "w") as file:
        space = h5py.h5s.create_simple((6, 4))
        plan = h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        plan.set_chunk((6, 4))
        plan.set_filter(h5py.h5z.FILTER_NBIT)
        h5py.h5d.create(file.id, b"values", h5py.h5t.IEEE_F64LE, space, plan)
        file["values"][:] = VALUES
    refused(path, "is stored with the filter .*, which is not read")


def test_virtual_and_external_data_are_not_followed(tmp_path):
    path = tmp_path / "x.h5"
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["values"] = VALUES
    layout = h5py.VirtualLayout((6, 4), "f8")
    layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "values", (6, 4))
    with h5py.File(path, "w") as file:
        file.create_virtual_dataset("values", layout)
    refused(path, "is stored in other files, which are not followed")
    with h5py.File(path, "w") as file:
        file["values"] = VALUES
        file["stimuli"] = h5py.ExternalLink("other.h5", "values")
    refused(path, "stimuli must be strings|is a link to another file")


def test_groups_in_a_circle_end(tmp_path):
    """Two links back to the root: a million paths to one dataset."""
    for suffix in (".h5", ".nc", ".mat"):
        with h5py.File(tmp_path / f"x{suffix}", "w") as file:
            file["a/values"] = VALUES
            file["a/b"], file["a/c"], file["d"] = file["/"], file["a"], file["/"]
        try:
            load(tmp_path / f"x{suffix}")
        except InputError as error:
            assert "\n" not in str(error)


def test_texts_in_chunks_that_claim_more_than_the_file(tmp_path):
    import struct

    path = tmp_path / "x.h5"
    for options in ({}, {"compression": "gzip"}, {"compression": "gzip", "shuffle": True}):
        with h5py.File(path, "w") as file:
            file["values"] = VALUES
            data = file.create_dataset("stimuli", data=list("abcdef"), chunks=(6,), **options)
            _, stored = data.id.read_direct_chunk((0,))
            raw = bytes(stored)
            raw = zlib.decompress(raw) if "compression" in options else raw
            if "shuffle" in options:
                raw = np.frombuffer(raw, "u1").reshape(16, -1).T.tobytes()
            raw = struct.pack("<I", 2**31) + raw[4:]
            if "shuffle" in options:
                raw = np.frombuffer(raw, "u1").reshape(-1, 16).T.tobytes()
            raw = zlib.compress(raw) if "compression" in options else raw
            data.id.write_direct_chunk((0,), raw)
        refused(path, "stimuli claims a text of 2147483648 bytes")
