"""A training killed at any moment goes on to the same bits."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from unbraid.errors import InputError, TrainingError
from unbraid.responses._formats.arrays.safetensors import write_tensors
from unbraid.sparse import (
    AbsTopK,
    Archetypal,
    BatchTopK,
    BatchTopKCrosscoder,
    Gated,
    JumpRelu,
    Longon2025Dnn,
    Longon2025Toy,
    MatchingPursuit,
    Matryoshka,
    Pursuit,
    ReluL1,
    TopK,
    Usae,
    fit,
)
from unbraid.sparse.autoencoders._sparse_net import SparseNet
from unbraid.sparse.training._checkpoint import Checkpoint

METHOD = TopK(k=2, n_latents=24, training={"steps": 400, "batch_size": 64})
SHORT = {"steps": 60, "batch_size": 50}
METHODS = [
    *(kind(k=2, n_latents=14, training=SHORT)
      for kind in (BatchTopK, AbsTopK, MatchingPursuit, Archetypal)),
    Matryoshka(k=2, n_latents=14, levels=2, training=SHORT),
    *(kind(n_latents=14, training=SHORT) for kind in (ReluL1, JumpRelu, Gated)),
    BatchTopKCrosscoder(n_latents=14, k=2, sizes=(5, 7), training=SHORT),
    Usae(n_latents=14, k=2, sizes=(5, 7), training=SHORT),
    Longon2025Toy(n_latents=14, k=2, batch_size=32, epochs=5),
    Longon2025Dnn(n_latents=14, k=2, epochs=6),
]  # fmt: skip
SCRIPT = """
import sys, numpy as np, torch
torch.set_num_threads(1)
from unbraid.sparse import TopK, fit
x = np.random.default_rng(5).normal(size=(800, 12))
method = TopK(k=2, n_latents=24, training={"steps": 400, "batch_size": 64})
fit(x, method, rng=1, checkpoint=sys.argv[1])
"""


@pytest.fixture
def x():
    return np.random.default_rng(5).normal(size=(800, 12))


def stopped(x, folder, step):
    """Break a training off after a step, as a kill would."""

    class Killed(BaseException):
        pass

    whole_step = SparseNet.step

    def breaking(net, *arguments):
        if net.descent.steps[0] >= step:
            raise Killed
        return whole_step(net, *arguments)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(SparseNet, "step", breaking)
        fit(x, METHOD, rng=1, checkpoint=folder)


@pytest.mark.parametrize("step", [21, 100, 200])
def test_broken_off_and_resumed_is_the_same(x, tmp_path, step):
    whole = fit(x, METHOD, rng=1)
    stopped(x, tmp_path, step)
    stopped(x, tmp_path, min(399, step + 15))
    resumed = fit(x, METHOD, rng=1, checkpoint=tmp_path)
    np.testing.assert_array_equal(resumed.atoms, whole.atoms)
    np.testing.assert_array_equal(resumed.encoder.weights, whole.encoder.weights)
    assert len(resumed.evidence.history) == len(whole.evidence.history)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("method", METHODS, ids=lambda method: type(method).__name__)
def test_every_autoencoder_goes_on_to_the_same_bits(x, tmp_path, method):
    whole = fit(x, method, rng=1)
    whole_save, saves = Checkpoint.save, []

    def breaking(checkpoint, *state):
        whole_save(checkpoint, *state)
        saves.append(state)
        if len(saves) in (3, 10):
            raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Checkpoint, "save", breaking)
        for _ in range(2):
            with pytest.raises(KeyboardInterrupt):
                fit(x, method, rng=1, checkpoint=tmp_path)
        resumed = fit(x, method, rng=1, checkpoint=tmp_path)
    np.testing.assert_array_equal(resumed.atoms, whole.atoms)
    np.testing.assert_array_equal(resumed.encoder.weights, whole.encoder.weights)
    np.testing.assert_array_equal(resumed.encoder.bias, whole.encoder.bias)
    assert len(resumed.evidence.history) == len(whole.evidence.history)
    assert list(tmp_path.iterdir()) == []


def test_options_that_differ_are_noticed_though_the_start_is_the_same(x, tmp_path):
    stopped(x, tmp_path, 100)
    other = METHOD.model_copy(update={"anneal": 0.5})
    with pytest.raises(InputError, match="other options"):
        fit(x, other, rng=1, checkpoint=tmp_path)


def test_a_loss_that_breaks_keeps_the_last_good_state(x, tmp_path, monkeypatch):
    whole_step = SparseNet.step

    def breaking(net, *arguments):
        show = whole_step(net, *arguments)
        return show if net.descent.steps[0] < 100 else type(show)(np.nan, 0.0, 0.0)

    with monkeypatch.context() as patch:
        patch.setattr(SparseNet, "step", breaking)
        with pytest.raises(TrainingError, match="became nan at step 100 .* last good state is"):
            fit(x, METHOD, rng=1, checkpoint=tmp_path)
    resumed = fit(x, METHOD, rng=1, checkpoint=tmp_path)  # the cause mended, it goes on
    np.testing.assert_array_equal(resumed.atoms, fit(x, METHOD, rng=1).atoms)


def test_killed_in_a_loop_and_resumed_is_the_same(x, tmp_path):
    whole = fit(x, METHOD, rng=1)
    file = tmp_path / "training.safetensors"
    for _ in range(2):
        before = file.stat().st_mtime_ns if file.exists() else 0
        child = subprocess.Popen([sys.executable, "-c", SCRIPT, str(tmp_path)])
        while child.poll() is None:
            if file.exists() and file.stat().st_mtime_ns > before:
                os.kill(child.pid, signal.SIGKILL)
                child.wait()
            time.sleep(0.001)
    resumed = fit(x, METHOD, rng=1, checkpoint=tmp_path)
    np.testing.assert_array_equal(resumed.atoms, whole.atoms)


def test_damage_and_strangers_are_told(x, tmp_path, monkeypatch):
    stopped(x, tmp_path, 100)
    with pytest.raises(InputError, match="another seed, other options or other responses"):
        fit(x, METHOD, rng=2, checkpoint=tmp_path)
    file = tmp_path / "training.safetensors"
    good = file.read_bytes()
    numbers, weights = good.index(b"cursor"), len(good) - 40
    for damaged in (good[:1000], *(_flipped(good, at) for at in (numbers, numbers + 10, weights))):
        file.write_bytes(damaged)
        with pytest.raises(InputError, match="is damaged .* delete it"):
            fit(x, METHOD, rng=1, checkpoint=tmp_path)
    write_tensors(
        file, {"x": np.ones(1)}, {"numbers": "[" * 100_000, "content": "", "identity": ""}
    )
    with pytest.raises(InputError, match="is damaged .* delete it"):
        fit(x, METHOD, rng=1, checkpoint=tmp_path)
    with pytest.raises(InputError, match="kept by autoencoders only.* got method Pursuit"):
        fit(x, Pursuit(), rng=1, checkpoint=tmp_path)


def _flipped(data, at):
    """Return the bytes with one bit of one of them changed."""
    return data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]


def test_a_full_disk_leaves_the_last_good_state(x, tmp_path, monkeypatch):
    stopped(x, tmp_path, 100)
    good = (tmp_path / "training.safetensors").read_bytes()

    def full(path, *_):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("unbraid.sparse.training._checkpoint.write_tensors", full)
    with pytest.raises(TrainingError, match="No space left on device.*last good state is kept"):
        fit(x, METHOD, rng=1, checkpoint=tmp_path)
    assert (tmp_path / "training.safetensors").read_bytes() == good
    assert len(list(tmp_path.iterdir())) == 1
