"""A saved run comes back equal in every field, in a fresh process; what is damaged is one line."""

import dataclasses
import json
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp

import unbraid as ub
from unbraid.errors import InputError
from unbraid.sparse.inference._prior import Prior


def differences(a, b, at="result"):
    """Name every place where two values differ, bit for bit; NaN equals NaN."""
    if type(a) is not type(b) and not (np.isscalar(a) and np.isscalar(b)):
        return [f"{at}: {type(a).__name__} and {type(b).__name__}"]
    if sp.issparse(a):
        found = [n for n in ("data", "indices", "indptr")
                 if getattr(a, n).tobytes() != getattr(b, n).tobytes()]  # fmt: skip
        same = {n: (getattr(a, n), getattr(b, n)) for n in ("stimuli", "gap", "made_by", "taken")}
        return [f"{at}.{n}" for n in found] + [
            line for n, (u, v) in same.items() for line in differences(u, v, f"{at}.{n}")
        ]
    if dataclasses.is_dataclass(a):
        left_out = {"controls"}
        return [
            line
            for f in dataclasses.fields(a)
            if f.name not in left_out
            for line in differences(getattr(a, f.name), getattr(b, f.name), f"{at}.{f.name}")
        ]
    if isinstance(a, np.ndarray):
        same = a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
        return [] if same or (a.dtype.kind == "U" and np.array_equal(a, b)) else [at]
    if isinstance(a, dict):
        if a.keys() != b.keys():
            return [f"{at}: {a.keys() ^ b.keys()}"]
        return [line for key in a for line in differences(a[key], b[key], f"{at}[{key!r}]")]
    if isinstance(a, list | tuple):
        if len(a) != len(b):
            return [f"{at}: {len(a)} and {len(b)}"]
        return [line for i in range(len(a)) for line in differences(a[i], b[i], f"{at}[{i}]")]
    return [] if a == b or (a != a and b != b) else [f"{at}: {a!r} and {b!r}"]


@pytest.fixture(scope="module")
def world():
    rng = np.random.default_rng(0)
    z = rng.uniform(0.5, 1.5, (500, 16)) * (rng.random((500, 16)) < 0.1)
    ids = [f"café {i}" for i in range(500)]
    a, b = (ub.Responses(z @ rng.normal(size=(16, p)), stimuli=ids) for p in (12, 10))
    return a, b, ub.Responses(z, stimuli=ids)


@pytest.fixture(scope="module", params=["learned", "given", "one side"])
def saved(request, world, tmp_path_factory):
    x, y, z = world
    folder = tmp_path_factory.mktemp("runs") / "run"
    few = {"permutations": 2, "resamples": 20, "metrics": ("semi_matching", "cka")}
    if request.param == "learned":
        method = ub.TopK(n_latents=16, k=2, training=ub.Training(steps=50))
        result = ub.compare(x, y, method=method, features=z, seeds=2, rng=0, **few)
    else:
        steps = ub.Training(steps=100)
        d = ub.fit(x, ub.Gated(n_latents=20, training=steps), rng=0)
        e = None
        if request.param == "given":
            rate, ones = np.full(12, 0.1), np.ones(12)
            e = ub.Dictionary(
                atoms=np.random.default_rng(1).normal(size=(12, 10)),
                offset=np.zeros(10),
                method=ub.SpikeAndSlab(),
                prior=Prior(rate=rate, mean=ones, variance=ones, noise=0.1),
                by="omp",
                k=2,
                penalty=0.1 + 0.2,
            )
        result = ub.compare(x, y, dictionaries=([d, d], e), **few)
    result.save(folder)
    return result, folder


def test_what_comes_back_is_equal_in_every_field(saved):
    result, folder = saved
    again = ub.load_run(folder)
    assert differences(result, again) == []
    assert type(again) is ub.Comparison
    pd.testing.assert_frame_equal(again.table(), result.table(), check_exact=True)
    assert again.lifted[0][0].controls == {}


def test_one_dictionary_held_twice_is_one(saved):
    result, folder = saved
    again = ub.load_run(folder)
    for seed, pair in enumerate(result.lifted):
        for side in (0, 1):
            before = result.lifted[0][side]
            if before is not None:
                same = pair[side].dictionary is before.dictionary
                assert (
                    again.lifted[seed][side].dictionary is again.lifted[0][side].dictionary
                ) is same


def test_saved_again_it_is_the_same_file(saved, tmp_path):
    _, folder = saved
    ub.load_run(folder).save(tmp_path / "again")
    for name in ("config.json", "result.json", "arrays.safetensors", "report.html"):
        assert (tmp_path / "again" / name).read_bytes() == (folder / name).read_bytes(), name


@pytest.mark.parametrize("saved", ["one side"], indirect=True)
def test_a_fresh_process_reads_the_same(saved):
    result, folder = saved
    code = (
        "import unbraid as ub, sys; r = ub.load_run(sys.argv[1]); c = r.of_side(0)[0].codes; "
        "print(repr(r.scores[0].value), r.verdict.sentence, float(c.sum()), c.stimuli[3])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
    ).stdout
    codes = result.of_side(0)[0].codes
    assert out == (
        f"{result.scores[0].value!r} {result.verdict.sentence} {float(codes.sum())} "
        f"{codes.stimuli[3]}\n"
    )


def spoiled(folder, tmp_path, how):
    import shutil

    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    result, arrays = copy / "result.json", copy / "arrays.safetensors"
    text, raw = result.read_text(), arrays.read_bytes()
    if how == "no folder":
        return tmp_path / "nowhere"
    if how == "a file":
        return result
    if how == "no result":
        result.unlink()
    elif how == "cut result":
        result.write_text(text[:100])
    elif how == "no kind":
        result.write_text(json.dumps({"scores": []}))
    elif how == "other kind":
        result.write_text(text.replace('"comparison"', '"symphony"', 1))
    elif how == "kinds":
        result.write_text(text.replace('"comparison"', '["comparison"]', 1))
    elif how == "no arrays":
        arrays.unlink()
    elif how == "cut arrays":
        arrays.write_bytes(raw[:-100])
    elif how == "cut header":
        arrays.write_bytes(raw[:200])
    elif how == "newer":
        arrays.write_bytes(raw.replace(b'\\"version\\": 1', b'\\"version\\": 9', 1))
    elif how == "one bit":
        arrays.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    elif how == "strange class":
        arrays.write_bytes(raw.replace(b'\\"Verdict\\"', b'\\"Popen12\\"', 1))
    elif how == "strange field":
        arrays.write_bytes(raw.replace(b'\\"sentence\\"', b'\\"sentense\\"', 1))
    elif how == "strange config":
        arrays.write_bytes(raw.replace(b'\\"level\\": 0.95', b'\\"level\\": 9.95', 1))
    return copy


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("no folder", "is no folder"),
        ("a file", "is no folder"),
        ("no result", "no saved run, or not a whole one"),
        ("cut result", "damaged or cut short"),
        ("no kind", "does not say its kind"),
        ("other kind", "kind 'symphony', which this Unbraid cannot load"),
        ("kinds", "which this Unbraid cannot load"),
        ("one bit", "arrays.safetensors is not as it was written.*Compare again, or copy the run"),
        ("no arrays", "is missing: the run is not whole"),
        ("cut arrays", "damaged or cut short"),
        ("cut header", "damaged or cut short"),
        ("newer", "is of version 9, and this Unbraid reads 1"),
        ("strange class", "damaged, or of another version"),
        ("strange field", "damaged, or of another version"),
        ("strange config", "level"),
    ],
)
@pytest.mark.parametrize("saved", ["one side"], indirect=True)
def test_a_damaged_run_is_one_line(saved, tmp_path, how, message):
    with pytest.raises(InputError, match=message) as caught:
        ub.load_run(spoiled(saved[1], tmp_path, how))
    assert "\n" not in str(caught.value)
