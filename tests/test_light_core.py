"""The core works without torch and POT; what needs them says in one line what to install."""

import os
import subprocess
import sys

import numpy as np
import pytest

WITHOUT = """
import sys

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("torch", "ot", "matplotlib"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

sys.meta_path.insert(0, Absent())
"""

LIBRARY = """
import warnings
import numpy as np
import unbraid as ub

rng = np.random.default_rng(0)
features = rng.uniform(0.5, 1.5, (400, 8)) * (rng.random((400, 8)) < 0.15)
x, y = features @ rng.normal(size=(8, 6)), features @ rng.normal(size=(8, 6))
warnings.simplefilter("ignore")
quick = ub.Training(steps=40, batch_size=300)  # two blocks of rows, so two threads
dead = ub.TopK(k=2, n_latents=24, training=ub.Training(steps=40, dead_after=0.2))
for method in (ub.TopK(k=2, n_latents=12, training=quick), dead, ub.SparseCoding(n_latents=8),
               ub.PCA()):
    print(ub.fit(x, method, rng=0).encode(x).shape[0])
few = x[:80, :3]  # Auto tries many dictionaries
print("Auto", ub.fit(few, ub.Auto(most_expansion=1), rng=0).encode(few).shape[0])
print(len(ub.sparse.fit_seeds(x, dead, seeds=[0, 1])))
with ub.sparse.together() as ranks:
    print("alone", ranks.size)
for metric in ("semi_matching", "soft_matching", "ridge", "cka", "rsa", "procrustes"):
    print(metric, float(getattr(ub.align, metric)(x, y).value) <= 1)
quick = dict(seeds=1, metrics=["semi_matching", "ridge"], permutations=2, resamples=20)
result = ub.compare(x, y, method=ub.TopK(k=2, n_latents=12), features=features, **quick, rng=0)
result.save("run")
ub.Dictionary.load(ub.fit(x, dead, rng=0).save("dictionary") or "dictionary")
for needy in (lambda: ub.fit(x, ub.ReluL1(), rng=0),
              lambda: ub.align.ridge(x, y, device="cpu"),
              lambda: ub.open_network("squeezenet1_1", untrained=True),
              lambda: ub.worlds.NamingNetworks().build(rng=0),
              lambda: ub.align.soft_matching(x, y, protocol="longon2025")):
    try:
        needy()
        print("LIGHT")
    except ub.InputError as error:
        print("NEEDS", error)
heavy = [name for name in ("torch", "ot", "matplotlib") if name in sys.modules]
print("loaded", heavy)
"""


def run(code, folder, *words):
    command = [sys.executable, "-c", WITHOUT + code, *words]
    two = {**os.environ, "OMP_NUM_THREADS": "2"}  # threads take another way without torch
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=two)


def test_scores_dictionaries_and_comparisons_need_neither(tmp_path):
    done = run(LIBRARY, tmp_path)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "run" / "report.html").is_file()
    assert "False" not in done.stdout
    assert "LIGHT" not in done.stdout
    assert "loaded []" in done.stdout
    told = [line for line in done.stdout.splitlines() if line.startswith("NEEDS")]
    assert [line.count("pip install 'unbraid[torch]'") for line in told] == [1, 1, 1, 1, 0]
    assert "pip install 'unbraid[published]'" in told[-1]


@pytest.mark.parametrize(
    "words, extra",
    [
        (("demo",), "torch"),
        (("fit", "x.npy", "-o", "d", "--method", "ReluL1"), "torch"),
        (("record", "squeezenet1_1", "x.npy", "-o", "r", "--untrained"), "torch"),
        (("compare", "x.npy", "x.npy", "-o", "r", "--set", "protocol=longon2025"), "published"),
    ],
)
def test_the_command_line_says_what_to_install(tmp_path, words, extra):
    np.save(tmp_path / "x.npy", np.random.default_rng(0).normal(size=(60, 4)))
    done = run("from unbraid.__main__ import main; main()", tmp_path, *words)
    assert done.returncode == 2, done.stderr
    assert f"pip install 'unbraid[{extra}]'" in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
