"""Two processes with half of each batch learn what one learns with the whole."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from unbraid.sparse import BatchTopK, Gated, TopK, fit, together
from unbraid.sparse.training._ranks import Ranks

OPTIONS = {"steps": 40, "batch_size": 101, "dead_after": 0.2, "learning_rate": 1e-3}
METHODS = {
    "topk": TopK(k=2, n_latents=40, training=OPTIONS),
    "batch_topk": BatchTopK(k=2, n_latents=40, training=OPTIONS),
    "gated": Gated(n_latents=40, training=OPTIONS),
}
FOREIGN = ("matplotlib.pyplot", "torchvision", "wandb", "transformers")
SCRIPT = """
import sys, importlib.util, json, pathlib
import numpy as np
from unbraid.errors import InputError
from unbraid.sparse import fit, together
spec = importlib.util.spec_from_file_location("ranks_test", sys.argv[1])
test = importlib.util.module_from_spec(spec)
spec.loader.exec_module(test)
with together() as ranks:
    assert ranks.size == 2
    arrays = test.learned()
    try:
        fit(test.responses(), test.METHODS["topk"], rng=ranks.rank)
    except InputError as error:
        said = str(error)
    loaded = [name for name in test.FOREIGN if name in sys.modules]
    own = pathlib.Path(sys.argv[2], str(ranks.rank))  # two processes in one pipe mix their lines
    own.with_suffix(".json").write_text(json.dumps({"said": said, "loaded": loaded}))
    np.savez(own.with_suffix(".npz"), **arrays)
"""


def responses():
    rng = np.random.default_rng(4)
    z = rng.uniform(0.5, 1.5, (600, 20)) * (rng.random((600, 20)) < 0.1)
    return z @ rng.normal(size=(20, 12)) + 3.0


def learned():
    """Return what each method ends with: weights, threshold, dead latents, course."""
    arrays = {}
    for name, method in METHODS.items():
        dictionary = fit(responses(), method, rng=0)
        encoder = dictionary.encoder
        arrays[f"{name}.atoms"] = dictionary.atoms
        arrays[f"{name}.weights"] = encoder.weights
        arrays[f"{name}.bias"] = encoder.bias
        arrays[f"{name}.offset"] = dictionary.offset
        if encoder.threshold is not None:
            arrays[f"{name}.threshold"] = encoder.threshold
        history = dictionary.evidence.history
        for number in ("loss", "dead", "held_out"):
            arrays[f"{name}.{number}"] = np.array([line[number] for line in history])
    return arrays


def test_two_processes_learn_what_one_learns(tmp_path):
    command = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    script = tmp_path / "train.py"
    script.write_text(SCRIPT)
    done = subprocess.run(
        [sys.executable, *command, str(script), __file__, str(tmp_path)],
        capture_output=True, text=True, timeout=240, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    for rank in (0, 1):
        caught = json.loads((tmp_path / f"{rank}.json").read_text())
        assert caught["said"].startswith("Every process must be given the same responses")
        assert caught["loaded"] == []  # a training needs no pictures and no trackers
    alone = learned()
    assert max(alone["topk.dead"]) > 0.02  # dead latents are revived on the way
    ranks = [np.load(tmp_path / f"{rank}.npz") for rank in (0, 1)]
    for name, expected in alone.items():
        np.testing.assert_array_equal(ranks[0][name], ranks[1][name])
        np.testing.assert_allclose(ranks[0][name], expected, rtol=1e-5, atol=1e-6, err_msg=name)


def test_alone_nothing_changes(rng):
    values = rng.random(50)
    with together() as ranks:
        assert (ranks.size, ranks.rank) == (1, 0)
        ranks.check_same("ab" * 16, "anything")
        assert ranks.edge(values, 2, 5) == np.sort(values)[-10]
        assert ranks.edge(values, 20, 5) == 0  # fewer than wanted: all may stay
    step = Ranks().average({}, 7, np.ones(3, bool), [0.5])
    assert (step.n, step.losses) == (7, [0.5])


@pytest.mark.parametrize("size", [2, 3])
def test_shares_of_a_batch_are_disjoint_and_whole(size):
    shares = []
    for rank in range(size):
        ranks = Ranks()
        ranks.rank, ranks.size = rank, size
        shares.append(ranks.share(np.arange(11)))
    np.testing.assert_array_equal(np.sort(np.concatenate(shares)), np.arange(11))
