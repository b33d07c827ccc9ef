"""Small files that claim much: each reader under a limit of its address space, one line each.

Every file is read in a process of its own that may take 1 GiB more than it has; what it took is
measured, so that a check that comes after the allocation shows.
"""

import gzip
import json
import os
import resource
import struct
import zlib
from pathlib import Path

import h5py
import nibabel
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zarr

from unbraid.errors import InputError
from unbraid.responses import load

ROOM = 2**30
CLAIMED = 2**32  # bytes
STEP = bytes(2**22)


def raw_deflate(first=b""):
    """Return what inflates to ``first`` and 4 GiB of zeros: one flushed block, again and again."""
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    head = squeeze.compress(first) + squeeze.flush(zlib.Z_FULL_FLUSH)
    block = squeeze.compress(STEP) + squeeze.flush(zlib.Z_FULL_FLUSH)
    return head + block * (CLAIMED // len(STEP)) + squeeze.flush()


RAW = raw_deflate()
ZLIB, GZIP = b"\x78\x01" + RAW, gzip.compress(b"", mtime=0)[:10] + RAW


def npz(path):
    about = repr({"descr": "<f8", "fortran_order": False, "shape": (2**14, 2**15)}).encode()
    about += b" " * (-(len(about) + 11) % 64) + b"\n"
    about = b"\x93NUMPY\x01\x00" + len(about).to_bytes(2, "little") + about
    content = raw_deflate(about)
    whole = len(about) + CLAIMED
    extra = struct.pack("<HHQQ", 1, 16, whole, len(content))  # sizes of 64 bits
    sizes = struct.pack("<HHIIIHH", 0, 0, 0, 2**32 - 1, 2**32 - 1, 10, len(extra))
    local = b"PK\3\4" + struct.pack("<HHH", 45, 0, 8) + sizes + b"values.npy" + extra + content
    central = b"PK\1\2" + struct.pack("<HHHH", 45, 45, 0, 8) + sizes + bytes(14) + b"values.npy"
    end = struct.pack("<HHHHIIH", 0, 0, 1, 1, len(central + extra), len(local), 0)
    path.write_bytes(local + central + extra + b"PK\5\6" + end)


def npy(path):
    about = repr({"descr": "<f8", "fortran_order": False, "shape": (2**14, 2**15)}).encode()
    head = b"\x93NUMPY\x01\x00" + len(about).to_bytes(2, "little") + about
    with path.open("wb") as stream:  # whole, but sparse on disk
        stream.write(head)
        stream.truncate(len(head) + CLAIMED)


def safetensors(path):
    entry = {"dtype": "F64", "shape": [2**14, 2**15], "data_offsets": [0, CLAIMED]}
    text = json.dumps({"values": entry}).encode()
    with path.open("wb") as stream:
        stream.write(len(text).to_bytes(8, "little") + text)
        stream.truncate(8 + len(text) + CLAIMED)


def chunk(file, name, *, shape=(4, 2), chunks=None):
    data = file.create_dataset(
        name, shape, "f8", chunks=chunks or shape, compression="gzip", maxshape=(None,) * len(shape)
    )
    data.id.write_direct_chunk((0,) * len(shape), ZLIB)
    return data


def hdf5(path):
    with h5py.File(path, "w") as file:
        chunk(file, "values")


def hdf5_chunk(path):
    with h5py.File(path, "w") as file:
        chunk(file, "values", chunks=(2**14, 2**14))


def hdf5_sparse(path):
    with h5py.File(path, "w") as file:
        group = file.create_group("X")
        group.attrs.update({"encoding-type": "csc_matrix", "shape": (2**40, 2)})
        group["data"], group["indices"], group["indptr"] = np.ones(2), [0, 1], [0, 1, 2]


def matlab_73(path):
    with h5py.File(path, "w", userblock_size=512) as file:
        chunk(file, "values").attrs["MATLAB_class"] = np.bytes_(b"double")
    with path.open("r+b") as stream:
        stream.write(b"MATLAB 7.3 MAT-file".ljust(128))


def element(kind, content):
    return struct.pack("<II", kind, len(content)) + content + bytes(-len(content) % 8)


def matlab(path):
    head = element(6, struct.pack("<II", 6, 0)) + element(5, struct.pack("<ii", 2**14, 2**14))
    head += element(1, b"values") + struct.pack("<II", 9, 2**31)
    squeeze = zlib.compressobj(1)
    packed = squeeze.compress(struct.pack("<II", 14, 2**31 + len(head)) + head)
    packed += squeeze.compress(STEP) + squeeze.flush()
    begin = b"MATLAB 5.0".ljust(124) + b"\0\1IM"
    path.write_bytes(begin + struct.pack("<II", 15, len(packed)) + packed)


def matlab_4(path):
    path.write_bytes(struct.pack("<5i", 0, 2**16, 2**13, 0, 7) + b"values\0" + bytes(64))


def nwb(path):
    with h5py.File(path, "w") as file:
        for name in ("start_time", "stimulus_id"):
            file[f"intervals/trials/{name}"] = np.arange(4.0)
        file["units/id"], file["units/spike_times_index"] = [0], [4]
        chunk(file, "units/spike_times", shape=(4,))


def netcdf(path):
    with h5py.File(path, "w") as file:
        chunk(file, "rate")


def netcdf_index(path):
    """A coordinate of one axis, which xarray reads when it opens the file."""
    with h5py.File(path, "w") as file:
        file["rate"] = np.ones((3, 2))
        file.create_dataset("x", (2**38,), "f8", chunks=(2**20,)).make_scale("x")


def netcdf_classic(path):
    from scipy.io import netcdf_file

    with netcdf_file(path, "w") as file:
        file.createDimension("presentation", 3)
        file.createDimension("neuroid", 2)
        file.createVariable("rate", "f8", ("presentation", "neuroid"))[:] = 1
    content = bytearray(path.read_bytes())
    at = content.index(b"presentation") + 12
    content[at : at + 4] = struct.pack(">i", 2**29)
    path.write_bytes(content)


def nifti(path):
    whole = path.with_suffix("")
    nibabel.save(nibabel.Nifti1Image(np.zeros((2, 2, 2, 2), "f4"), np.eye(4)), whole)
    head = bytearray(whole.read_bytes()[:352])
    whole.unlink()
    head[40:56] = struct.pack("<8h", 4, 1024, 1024, 32, 32, 1, 1, 1)  # 4 GiB
    path.write_bytes(gzip.compress(bytes(head)) + GZIP)


def zarr_of(path, content, compressor=None, **change):
    path.mkdir()
    about = {
        "zarr_format": 2, "shape": [4, 2], "chunks": [4, 2], "dtype": "<f8", "fill_value": 0,
        "order": "C", "compressor": compressor and {"id": compressor}, "filters": None,
    }  # fmt: skip
    (path / ".zarray").write_text(json.dumps(about | change))
    (path / "0.0").write_bytes(content)


def zarr_chunk(path):
    zarr_of(path, ZLIB, "zlib", chunks=[2**14, 2**13])


def zarr_shard(path):
    zarr.create_array(str(path), data=np.ones((4, 2)), chunks=(2, 2), shards=(4, 2),
                      compressors=zarr.codecs.GzipCodec())  # fmt: skip
    index = struct.pack("<4Q", 0, len(GZIP), 0, len(GZIP))
    shard = GZIP + index + b"\0\0\0\0"
    next(p for p in path.rglob("c/*/*") if p.is_file()).write_bytes(shard)


def blosc_head(claimed):
    return struct.pack("<4B3I", 2, 1, 1, 8, claimed, 64, 80) + bytes(64)


def parquet(path):
    """Zeros, said in the footer to be more than a hundred million of them."""
    pq.write_table(pa.table({"a": pa.array(np.zeros(2**21, "f4"))}), path, row_group_size=2**21)
    content = path.read_bytes()
    footer = int.from_bytes(content[-8:-4], "little") + 8
    old, new = b"\x80\x80\x80\x02", b"\x80\x80\x80\x7f"  # 2^21, and 127 * 2^20
    assert old in content[-footer:]
    path.write_bytes(content[:-footer] + content[-footer:].replace(old, new))


def parquet_texts(path):
    """One text of 1 MiB, 8,192 times: 8 GiB once each is written out."""
    text = pa.array(["x" * 2**20]).dictionary_encode().take(pa.array(np.zeros(2**13, "i4")))
    table = pa.table({"id": text, "a": pa.array(np.zeros(2**13))})
    pq.write_table(table, path, compression="zstd", store_schema=False)


def arrow(path):
    table = pa.table({"h": pa.FixedSizeListArray.from_arrays(pa.array(np.arange(64.0)), 8)})
    options = pa.ipc.IpcWriteOptions(compression="lz4")
    with (
        pa.OSFile(str(path), "wb") as sink,
        pa.ipc.new_stream(sink, table.schema, options=options) as writer,
    ):
        writer.write_table(table)
    content = path.read_bytes()
    assert content.count(struct.pack("<q", 512)) == 1
    path.write_bytes(content.replace(struct.pack("<q", 512), struct.pack("<q", CLAIMED)))


BOMBS = {
    "x.npy": npy, "x.npz": npz, "x.safetensors": safetensors, "inflates.h5": hdf5,
    "chunk.h5": hdf5_chunk, "sparse.h5": hdf5_sparse, "old.mat": matlab_4, "five.mat": matlab,
    "x73.mat": matlab_73, "x.nwb": nwb, "inflates.nc": netcdf, "index.nc": netcdf_index,
    "classic.nc": netcdf_classic, "x.nii.gz": nifti, "chunk.zarr": zarr_chunk,
    "shard.zarr": zarr_shard,
    "gzip.zarr": lambda path: zarr_of(path, GZIP, "gzip"),
    "zlib.zarr": lambda path: zarr_of(path, ZLIB, "zlib"),
    "blosc.zarr": lambda path: zarr_of(path, blosc_head(CLAIMED - 1), "blosc"),
    "lz4.zarr": lambda path: zarr_of(path, struct.pack("<I", 2**31 - 1), "lz4"),
    "zstd.zarr": lambda path: zarr_of(
        path, b"\x28\xb5\x2f\xfd\xe0" + struct.pack("<Q", CLAIMED) + b"\1\0\0", "zstd"),
    "texts.zarr": lambda path: zarr_of(
        path, struct.pack("<I", 2**30), dtype="|O", filters=[{"id": "vlen-utf8"}]),
    "runs.parquet": parquet, "texts.parquet": parquet_texts, "x.arrow": arrow,
}  # fmt: skip


def read_with_a_limit(path):
    """Return what loading said, and the bytes it took, in a process that may take 1 GiB more."""
    end, begin = os.pipe()
    child = os.fork()
    if not child:
        try:
            pages = int(Path("/proc/self/statm").read_text().split()[0])
            most = pages * resource.getpagesize() + ROOM
            resource.setrlimit(resource.RLIMIT_AS, (most, most))
            Path("/proc/self/clear_refs").write_text("5")  # begin the peak anew
            before = peak()
            try:
                said = f"loaded {load(path)}"
            except InputError as error:
                said = f"refused {error}"
            except BaseException as error:
                said = f"{type(error).__name__} {error}"
            os.write(begin, f"{peak() - before}\0{said}".encode())
        finally:
            os._exit(0)
    os.close(begin)
    with os.fdopen(end, "rb") as stream:
        took, _, said = stream.read().decode().partition("\0")
    _, status = os.waitpid(child, 0)
    assert status == 0, f"ended by signal {status}"
    return int(took), said


def peak():
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * int(next(s for s in lines if s.startswith("VmHWM")).split()[1])


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="Linux alone")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_refused_before_room_is_made(tmp_path, name):
    path = tmp_path / name
    BOMBS[name](path)
    took, said = read_with_a_limit(path)
    assert said.startswith("refused"), said[:300]
    assert "\n" not in said
    assert str(path) in said
    assert took < ROOM / 4, f"{took} bytes: {said[:200]}"


def test_more_memory_than_a_limit_leaves_is_not_free(monkeypatch):
    """The limit of the address space counts as well as the machine's memory."""
    from unbraid.responses import _files

    monkeypatch.setattr(_files, "free_in_machine", lambda: 100.0)
    monkeypatch.setattr(_files, "free_in_groups", lambda: 50.0)
    monkeypatch.setattr(_files, "free_by_limits", lambda: 20.0)
    assert _files.free_memory() == 20
    monkeypatch.setattr(_files, "free_by_limits", lambda: float("inf"))
    assert _files.free_memory() == 50
