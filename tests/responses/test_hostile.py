"""Files that are missing, damaged or hostile: one line, no crash, no allocation on a claim."""

import io
import json
import os
import tracemalloc
import zipfile

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unbraid.errors import InputError
from unbraid.responses import Responses, load, save

SUFFIXES = [".npy", ".npz", ".safetensors"]
QUICK = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def refused(path, match):
    """Load must fail with one line that names the file."""
    with pytest.raises(InputError, match=match) as caught:
        load(path)
    message = str(caught.value)
    assert "\n" not in message
    assert str(path) in message


def npy_bytes(array, **options):
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def npy_claiming(shape, dtype="<f8", n_bytes=80):
    text = repr({"descr": dtype, "fortran_order": False, "shape": shape}).encode()
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(n_bytes)


def npz_of(members):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.npy", content)
    return stream.getvalue()


def tensors(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_missing_folder_empty(tmp_path, suffix):
    path = tmp_path / f"x{suffix}"
    refused(path, "does not exist")
    path.mkdir()
    refused(path, "is a folder, expected a file")
    path.rmdir()
    path.touch()
    refused(path, "is empty")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_unreadable(tmp_path, suffix, monkeypatch):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(b"x" * 100)
    path.chmod(0)
    if os.access(path, os.R_OK):  # root may read everything
        opened = type(path).open

        def denied(self, *args, **kwargs):
            if self == path:
                raise PermissionError(13, "Permission denied")
            return opened(self, *args, **kwargs)

        monkeypatch.setattr(type(path), "open", denied)
    refused(path, "cannot be read: Permission denied")


def test_names_that_no_file_can_have(tmp_path):
    refused(tmp_path / ("a" * 300 + ".npy"), "cannot be read: File name too long")
    (tmp_path / "x.npy").symlink_to(tmp_path / "y.npy")
    (tmp_path / "y.npy").symlink_to(tmp_path / "x.npy")
    refused(tmp_path / "x.npy", "does not exist")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes are a Unix thing")
def test_a_pipe_does_not_hang(tmp_path):
    os.mkfifo(tmp_path / "x.npy")
    refused(tmp_path / "x.npy", "is not a regular file")


def test_suffixes(tmp_path):
    for name, match in [
        ("x.pkl", "is a pickle.*never opened"),
        ("x.ckpt", "is a pickle.*never opened"),
    ]:
        refused(tmp_path / name, match)
    for name, match in [
        ("x", "no known suffix, got 'none'; known: .npy, .npz"),
        ("x.doc", "no known suffix, got '.doc'"),
        ("x.safetensor", "Did you mean .safetensors"),
    ]:
        (tmp_path / name).write_text("1")
        refused(tmp_path / name, match)


@pytest.mark.parametrize(
    "suffix, match",
    [
        (".npy", "is not a .npy file"),
        (".npz", "is not a whole .npz file"),
        (".safetensors", "header claims"),
    ],
)
def test_text_in_disguise(tmp_path, suffix, match):
    path = tmp_path / f"x{suffix}"
    path.write_text("1,2,3\n4,5,6\n" * 5)
    refused(path, match)


@pytest.mark.parametrize(
    "array, match",
    [
        (np.zeros(3), r"must have shape \(n_stimuli, n_units\), got \(3,\)"),
        (np.zeros((3, 2, 2)), r"got \(3, 2, 2\). Use x.reshape"),
        (np.zeros((0, 2)), "at least one stimulus"),
        (np.zeros((2, 0)), "at least one stimulus"),
        (np.array([["a", "b"]]), "must hold real numbers, got dtype <U1"),
        (np.zeros((2, 2), complex), "must hold real numbers, got dtype complex128"),
        (np.zeros((2, 2), "i4,f4"), "holds records"),
        (np.zeros((2, 2), "M8[s]"), "must hold real numbers"),
        (np.array([[1.0, np.nan]]), r"1 NaN or infinite value\(s\), the first \(nan\)"),
        (np.array([[1.0, 2.0], [np.inf, 2.0]]), r"at index \(1, 0\)"),
    ],
)
def test_not_a_matrix_of_numbers(tmp_path, array, match):
    np.save(tmp_path / "x.npy", array)
    refused(tmp_path / "x.npy", match)
    np.savez(tmp_path / "x.npz", values=array)
    refused(tmp_path / "x.npz", match)


def test_objects_are_never_unpickled(tmp_path):
    class Bomb:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "exploded"),))

    array = np.array([[Bomb()]], dtype=object)
    np.save(tmp_path / "x.npy", array, allow_pickle=True)
    refused(tmp_path / "x.npy", "holds Python objects, which are never unpickled")
    np.savez(tmp_path / "x.npz", values=array)
    refused(tmp_path / "x.npz", "holds Python objects, which are never unpickled")
    np.savez(tmp_path / "y.npz", values=np.eye(1), stimuli=array[0])
    refused(tmp_path / "y.npz", "stimuli must be strings or whole numbers, got dtype object")
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
@pytest.mark.parametrize(
    "ids, match",
    [
        (["a", "a", "b"], r"stimuli must be unique, got 1 duplicate"),
        (["a", "b"], "stimuli must be 3 ids, one per row or column, got 2 ids"),
    ],
)
def test_wrong_ids(tmp_path, suffix, ids, match):
    path = tmp_path / f"x{suffix}"
    if suffix == ".npz":
        np.savez(path, values=np.eye(3), stimuli=np.array(ids))
    else:
        from safetensors.numpy import save_file

        save_file({"values": np.eye(3)}, path, metadata={"stimuli": json.dumps(ids)})
    refused(path, match)


def test_wrong_ids_beside_npy(tmp_path):
    np.save(tmp_path / "x.npy", np.eye(3))
    beside = tmp_path / "x.stimuli.txt"
    beside.write_text("a\nb\n")
    refused(tmp_path / "x.npy", "stimuli must be 3 ids")
    beside.write_text("a\nb\nc\n", encoding="utf-8-sig")  # as Windows marks it
    assert list(load(tmp_path / "x.npy").stimuli) == ["a", "b", "c"]
    beside.write_bytes(b"\xff\xfe\n")
    with pytest.raises(InputError, match="must be UTF-8 text, one stimulus id a line"):
        load(tmp_path / "x.npy")


@pytest.mark.parametrize("stimuli", ["{}", "[[1]]", "nonsense", '["a", 1.5, "c"]', "[" * 100_000])
def test_metadata_that_is_no_list_of_ids(tmp_path, stimuli):
    from safetensors.numpy import save_file

    save_file({"values": np.eye(3)}, tmp_path / "x.safetensors", metadata={"stimuli": stimuli})
    refused(tmp_path / "x.safetensors", "JSON")


@pytest.mark.parametrize("made_by, match", [("[1]", "must be a JSON object"), ("{", "not valid")])
def test_damaged_provenance(tmp_path, made_by, match):
    np.savez(tmp_path / "x.npz", values=np.eye(3), made_by=np.array(made_by))
    refused(tmp_path / "x.npz", match)


@pytest.mark.parametrize(
    "shape, dtype",
    [((10**6, 10**6), "<f8"), ((10**12, 1), "|b1"), ((11, 1), "<f8")],
)
def test_npy_header_that_claims_more_than_the_file(tmp_path, shape, dtype):
    path = tmp_path / "x.npy"
    path.write_bytes(npy_claiming(shape, dtype))
    refused(path, "must hold [0-9]+ bytes of numbers")
    (tmp_path / "x.npz").write_bytes(npz_of({"values": npy_claiming(shape, dtype)}))
    refused(tmp_path / "x.npz", "must hold [0-9]+ bytes of numbers")


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("shape", [(1,) * 65, (1,) * 33, (2**62, 2**62, 0), (0, 2**62, 2**62, 2)])
def test_shapes_that_no_array_can_have(tmp_path, suffix, shape):
    path, count = tmp_path / f"x{suffix}", 0 if 0 in shape else 1
    content = npy_claiming(shape, n_bytes=8 * count)
    if suffix == ".npz":
        content = npz_of({"values": content})
    elif suffix == ".safetensors":
        entry = {"dtype": "F64", "shape": list(shape), "data_offsets": [0, 8 * count]}
        content = tensors({"values": entry}, bytes(8 * count))
    path.write_bytes(content)
    refused(path, "must hold an array that memory could, got (65 axes|33 axes|shape)")


def test_parquet_ids_that_are_not_utf8(tmp_path):
    import pyarrow
    import pyarrow.parquet

    ids = pyarrow.array(["caf\u00e9", "b", "c"])
    table = pyarrow.table({"id": ids, "n": [1.0, 2.0, 3.0]})
    path = tmp_path / "x.parquet"
    pyarrow.parquet.write_table(table, path, compression="none")
    assert load(path).stimuli.tolist() == ["caf\u00e9", "b", "c"]
    path.write_bytes(path.read_bytes().replace(b"caf\xc3\xa9", b"caf\xc3\xff"))
    refused(path, "is not a whole Parquet file .*UTF")


@pytest.mark.parametrize(
    "header",
    [
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (-1, 2), }",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': (True, 2), }",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': 5, }",
        b"{'descr': '<f8', 'fortran_order': False, 'shape': '12', }",
        b"{'descr': '<q8', 'fortran_order': False, 'shape': (1, 2), }",
        b"{'descr': '<f8', 'shape': (1, 2), }",
        b"__import__('os').abort()",
        b"(" * 5000,
        b"[1, 2",
        b"\\d\xff",
        b"",
    ],
)
def test_damaged_npy_headers(tmp_path, header):
    path = tmp_path / "x.npy"
    path.write_bytes(b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(16))
    refused(path, "has a damaged .npy header")


@pytest.mark.parametrize(
    "content, match",
    [
        (b"\x93NUMPY", "unknown .npy version"),
        (b"\x93NUMPY\x09\x00\x10\x00", "unknown .npy version"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff", "a header of 4294967295 bytes"),
        (b"\x93NUMPY\x01\x00\x10\x00abc", "truncated within its header"),
        (npy_bytes(np.eye(3)) + b"more", "damaged"),
        (npy_bytes(np.eye(3))[:-1], "truncated"),
    ],
)
def test_damaged_npy_files(tmp_path, content, match):
    (tmp_path / "x.npy").write_bytes(content)
    refused(tmp_path / "x.npy", match)


def test_zip_bomb(tmp_path):
    zeros = npy_bytes(np.zeros((1, 2**20)))  # 8 MiB of zeros
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("values.npy", "w", force_zip64=True) as member,
    ):
        member.write(npy_claiming((48, 2**20), n_bytes=0))
        for _ in range(48):
            member.write(zeros[-(2**23) :])
    (tmp_path / "x.npz").write_bytes(stream.getvalue())
    assert (tmp_path / "x.npz").stat().st_size < 2**20
    tracemalloc.start()
    refused(tmp_path / "x.npz", "looks like a zip bomb")
    assert tracemalloc.get_traced_memory()[1] < 2**24
    tracemalloc.stop()


def test_more_than_the_memory(tmp_path, monkeypatch):
    np.savez(tmp_path / "x.npz", values=np.eye(30))
    monkeypatch.setattr("unbraid.responses._files.free_memory", lambda: 100)
    refused(tmp_path / "x.npz", "GiB of memory, .* GiB are free")


def test_npz_that_lies_about_its_size(tmp_path):
    whole = npz_of({"values": npy_bytes(np.eye(100))})
    for size in (80_128, 10**12):  # the directory's claim, patched
        old, new = (80_128).to_bytes(4, "little"), (size % 2**32).to_bytes(4, "little")
        (tmp_path / "x.npz").write_bytes(whole.replace(old, new))
        if size != 80_128:
            refused(tmp_path / "x.npz", "must hold|whole")


def test_encrypted_and_odd_zips(tmp_path):
    whole = bytearray(npz_of({"values": npy_bytes(np.eye(10))}))
    whole[whole.index(b"PK\x01\x02") + 8] |= 1  # the flag of an encrypted member
    (tmp_path / "x.npz").write_bytes(whole)
    refused(tmp_path / "x.npz", "encrypted")
    with zipfile.ZipFile(tmp_path / "y.npz", "w") as archive:
        archive.writestr("hello.txt", "hello")
    refused(tmp_path / "y.npz", "must hold an array named 'values'.*it holds nothing")


def test_odd_names_of_arrays_stay_on_one_line(tmp_path):
    path = tmp_path / "x.npz"
    path.write_bytes(npz_of({"a\n" + "b" * 500: npy_bytes(np.eye(2)), "c": npy_bytes(np.eye(2))}))
    refused(path, "it holds a\\?b+ \\(2, 2\\) float64, c")


def test_which_array_is_not_guessed(tmp_path):
    np.savez(tmp_path / "x.npz", a=np.eye(2), b=np.eye(3))
    refused(tmp_path / "x.npz", r"exactly one numeric matrix .* it holds a \(2, 2\) float64, b")


@pytest.mark.parametrize(
    "change, match",
    [
        ({"indptr": np.array([0, 9, 3])}, "must rise from 0"),
        ({"indptr": np.array([1, 2, 3])}, "must rise from 0"),
        ({"indptr": np.array([0, 1])}, r"shape must be \(1, n_units\)"),
        ({"indptr": np.array([], int)}, "indptr must hold"),
        ({"indices": np.array([0, 1, 9])}, r"indices must lie in 0\.\.3"),
        ({"indices": np.array([0, -1, 2])}, "indices must lie"),
        ({"indices": np.array([0.0, 1, 2])}, "must be vectors, the last two whole"),
        ({"shape": np.array([2, 4, 1])}, "shape must be"),
        ({"shape": np.array([10**9, 4])}, "shape must be"),
        ({"data": np.array([1.0, np.nan, 2])}, "must be finite"),
        ({"data": np.array([1.0, 2])}, "must rise from 0"),
    ],
)
def test_damaged_sparse_codes(tmp_path, change, match):
    parts = {
        "data": np.array([1.0, 2.0, 3.0]),
        "indices": np.array([0, 1, 2]),
        "indptr": np.array([0, 2, 3]),
        "shape": np.array([2, 4]),
    }
    np.savez(tmp_path / "x.npz", **parts)
    assert load(tmp_path / "x.npz").shape == (2, 4)
    np.savez(tmp_path / "x.npz", **(parts | change))
    refused(tmp_path / "x.npz", match)


ENTRY = {"dtype": "F32", "shape": [2, 2], "data_offsets": [0, 16]}


@pytest.mark.parametrize(
    "content, match",
    [
        (b"\x05", "header claims"),
        ((2**63).to_bytes(8, "little") + b"{}" * 9, "header claims 9223372036854775808 bytes"),
        (tensors(b"{nonsense}"), "header is not valid JSON"),
        (tensors(b"[1, 2, 3]"), "must be a JSON object"),
        (tensors({"__metadata__": {"a": 1}}), "must map names to strings"),
        (tensors({"values": 3}), "entry for 'values' is damaged"),
        (tensors({"values": ENTRY | {"shape": [-2, -2]}}, bytes(16)), "is damaged"),
        (tensors({"values": ENTRY | {"shape": [2.0, 2]}}, bytes(16)), "is damaged"),
        (tensors({"values": ENTRY | {"data_offsets": [0]}}, bytes(16)), "is damaged"),
        (tensors({"values": ENTRY | {"dtype": "F8_E4M3"}}, bytes(16)), "has dtype F8_E4M3"),
        (tensors({"values": ENTRY}, bytes(15)), "truncated or damaged"),
        (tensors({"values": ENTRY | {"shape": [10**6, 10**6]}}, bytes(16)), "needs 4000000000000"),
        (
            tensors({"values": ENTRY | {"shape": [10**6, 10**6], "data_offsets": [0, 4 * 10**12]}}),
            "the file has 0",
        ),
        (tensors({}), "it holds nothing"),
    ],
)
def test_damaged_safetensors(tmp_path, content, match):
    (tmp_path / "x.safetensors").write_bytes(content)
    refused(tmp_path / "x.safetensors", match)


def whole_file(suffix, folder):
    x = Responses(np.arange(12.0).reshape(4, 3), stimuli=list("abcd"), made_by={"a": 1})
    save(x, folder / f"whole{suffix}")
    return (folder / f"whole{suffix}").read_bytes()


def harmless(path):
    """Load gives responses or an InputError: nothing else comes out."""
    try:
        assert isinstance(load(path), Responses)
    except InputError as error:
        assert "\n" not in str(error)


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_truncated_anywhere(tmp_path, suffix):
    whole = whole_file(suffix, tmp_path)
    path = tmp_path / f"cut{suffix}"
    for length in range(1, len(whole), 3 if suffix == ".npz" else 1):
        path.write_bytes(whole[:length])
        with pytest.raises(InputError):
            load(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
@QUICK
@given(data=st.binary(min_size=0, max_size=300))
def test_random_bytes(tmp_path, suffix, data):
    path = tmp_path / f"x{suffix}"
    path.write_bytes(data)
    harmless(path)


@pytest.mark.parametrize("suffix", SUFFIXES)
@QUICK
@given(data=st.data())
def test_flipped_bytes(tmp_path, suffix, data):
    whole = bytearray(whole_file(suffix, tmp_path))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / f"x{suffix}"
    path.write_bytes(whole)
    harmless(path)


@QUICK
@given(text=st.text(max_size=80))
def test_random_npy_header(tmp_path, text):
    raw = text.encode("utf-8", "replace")
    path = tmp_path / "x.npy"
    path.write_bytes(b"\x93NUMPY\x03\x00" + len(raw).to_bytes(4, "little") + raw + bytes(32))
    harmless(path)


@QUICK
@given(
    header=st.dictionaries(
        st.sampled_from(["values", "__metadata__", "indptr", "data", "indices"]),
        st.recursive(
            st.none() | st.integers() | st.text(max_size=5) | st.floats(),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.sampled_from(["dtype", "shape", "data_offsets"]), inner)
            ),
            max_leaves=8,
        ),
    )
)
def test_random_safetensors_header(tmp_path, header):
    path = tmp_path / "x.safetensors"
    path.write_bytes(tensors(header, bytes(64)))
    harmless(path)
