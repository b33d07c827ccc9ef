"""What each step of `Auto` gains, in recovery or in time, and in which worlds.

Worlds ``x = z A + offset + noise`` are drawn by a rule from their number: number modulo 2, 3, 5 and
so on sets few or many stimuli, noise, the law of the values, signs and families, so that each
class has several worlds. `Auto` learns from each with all steps and with each step left out
alone. Reported: mean correlation of the true features with codes matched one to one (MCC) on
stimuli nothing was learned from, and CPU seconds, both with and without; means over the worlds and
over each class of them. A step that does not run in a world changes nothing there. What is computed
from the same numbers with and without a step is computed once, and its CPU time counted in both, so
that a busy machine does not make the same work take longer in one of them. Drawn worlds are small;
``--named`` takes larger ones, of ``recovery.py``.
Run: python benchmarks/auto_ablation.py [--worlds 20] [--first 0] [--steps split ...] [-o FILE]
     python benchmarks/auto_ablation.py --named few300noise few400on --first 1 --worlds 2
     python benchmarks/auto_ablation.py --table FILE
Steps joined by + are left out together.
"""

import argparse
import hashlib
import json
import pickle
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment
from scipy.special import ndtr

import recovery
from unbraid._kernels.threads import one_thread
from unbraid.sparse._log import Log
from unbraid.sparse.auto import _search, auto
from unbraid.sparse.auto._plan import AutoPlan

N_TEST = 1000
SEED = 170_333  # of all worlds; the first five were looked at while steps were removed
NOISES = (0.0, 0.05, 0.15)  # standard deviation of a unit; features add about 0.4 to 0.8
LAWS = {
    "uniform": lambda rng, size: rng.uniform(0.3, 1.5, size),
    "exponential": lambda rng, size: rng.exponential(size=size),
    "half-normal": lambda rng, size: np.abs(rng.normal(size=size)),
    "gamma": lambda rng, size: rng.gamma(3, 0.4, size),
    "binary": lambda _, size: np.ones(size),
}
WITHOUT = sorted(AutoPlan().steps)


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """Stimuli to learn from, features and responses of others, and the classes it belongs to."""

    train: np.ndarray
    features: np.ndarray
    test: np.ndarray
    about: dict


def draw(number):
    """Draw world ``number``; sizes are drawn, classes go round."""
    rng = np.random.default_rng([SEED, number])
    few, noise, law = number % 2 == 0, NOISES[number % 3], list(LAWS)[number % 5]
    signed, families = number // 2 % 4 == 1, number // 2 % 4 == 3
    zipf, far = (0.7 if number // 3 % 3 == 2 else 0.0), float(number // 5 % 2)
    k = int(rng.integers(2, 5))
    n_features = round(np.exp(rng.uniform(np.log(12), np.log(28))))
    n = round(np.exp(rng.uniform(*np.log((150, 350) if few else (400, 1000)))))
    n_units = max(10, round(rng.uniform(2.0, 3.4) * k * np.log(n_features / k)))
    share = np.arange(1, n_features + 1.0) ** -zipf
    together = 0.5 if families else 0.0
    common = rng.normal(size=(n + N_TEST, n_features))[:, np.arange(n_features) // 4]
    keys = np.sqrt(together) * common
    keys += np.sqrt(1 - together) * rng.normal(size=keys.shape)
    z = (ndtr(keys) < k * share / share.sum()) * LAWS[law](rng, keys.shape)
    if signed:
        z *= rng.choice([-1, 1], z.shape)
    atoms = rng.normal(size=(n_features, n_units))
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    x = z @ atoms + far * rng.normal(size=n_units) + noise * rng.normal(size=(len(z), n_units))
    about = {"n": n, "features": n_features, "units": n_units, "k": k, "few": few, "noise": noise,
             "law": law, "signed": signed, "families": families, "zipf": zipf,
             "offset": far}  # fmt: skip
    return World(train=x[:n], features=z[n:], test=x[n:], about=about)


def named(name, seed):
    """Draw a world of ``recovery.py``, as its table has it."""
    drawn = recovery.draw(name, seed)
    features, test = drawn.tests[""]
    return World(train=drawn.train, features=features, test=test, about={"named": name})


def mcc(z, codes):
    """Return the mean matched absolute correlation; unmatched and constant features count 0."""
    c = np.asarray(codes.toarray(), float)
    z = (z - z.mean(0)) / np.maximum(z.std(0), 1e-12)
    c = (c - c.mean(0)) / np.maximum(c.std(0), 1e-12)
    r = np.abs(z.T @ c) / len(z)
    i, j = linear_sum_assignment(-r)
    return float(r[i, j].sum() / np.sum(z.std(0) > 0.5))


@dataclass(eq=False)
class Shared:
    """Keeps what the parts of `Auto` make of the same numbers, and the CPU seconds each took."""

    kept: dict[bytes, tuple[Any, Any, float]] = field(default_factory=dict)
    saved: float = 0.0
    """CPU seconds not spent again since this was last set to zero."""

    def wrap(self, module: Any, name: str) -> None:
        """Keep the results of a function that a module calls by a name."""
        setattr(module, name, self._keeping(name, getattr(module, name)))

    def _keeping(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def kept(*values: Any, **options: Any) -> Any:
            streams = [each for each in values if isinstance(each, np.random.Generator)]
            key = hashlib.sha256(pickle.dumps((name, values, options))).digest()
            if key in self.kept:
                found, states, seconds = self.kept[key]
                self.saved += seconds
                for stream, state in zip(streams, states, strict=True):
                    stream.bit_generator.state = state
                return found
            began, saved = time.process_time(), self.saved
            found = function(*values, **options)
            seconds = time.process_time() - began + self.saved - saved
            self.kept[key] = found, [each.bit_generator.state for each in streams], seconds
            return found

        return kept


def learn(world, plan, shared, seed=0):
    """Return what `Auto` with these steps makes of a world."""
    shared.saved = 0.0
    rng, started = np.random.default_rng(seed), time.process_time()
    with one_thread():
        made = auto.learned(world.train, plan, rng, Log())
        seconds = time.process_time() - started + shared.saved
        found = mcc(world.features, made.encode(world.test))
    return {"mcc": round(found, 4), "cpu_s": round(seconds, 2), "latents": made.n_latents,
            "method": type(made.method).__name__}  # fmt: skip


CLASSES = {
    "all": lambda _: True,
    "few stimuli": lambda row: row["few"],
    "many stimuli": lambda row: not row["few"],
    "no noise": lambda row: row["noise"] == 0,
    "noise .05": lambda row: row["noise"] == 0.05,
    "noise .15": lambda row: row["noise"] == 0.15,
    "signed": lambda row: row["signed"],
    "families": lambda row: row["families"],
    "Zipf's law": lambda row: row["zipf"] > 0,
    "offset": lambda row: row["offset"] > 0,
    "binary": lambda row: row["law"] == "binary",
}


def table(rows):
    """Return lines of a table: what each step gains in each class of worlds, and its time."""
    full = {row["world"]: row for row in rows if not row["without"]}
    yield "| left out | CPU s | changed | " + " | ".join(CLASSES) + " |"
    yield "| --- " * (3 + len(CLASSES)) + "|"
    for step in ["", *sorted({row["without"] for row in rows} - {""})]:
        own = {row["world"]: row for row in rows if row["without"] == step}
        cells = []
        for belongs in CLASSES.values():
            here = [number for number in own if belongs(full[number])]
            mean = np.mean([own[number]["mcc"] for number in here]) if here else np.nan
            whole = np.mean([full[number]["mcc"] for number in here]) if here else np.nan
            cells.append(f"{mean:.3f}" if not step else f"{whole - mean:+.3f}")
        seconds = sum(row["cpu_s"] for row in own.values())
        changed = sum(row["mcc"] != full[number]["mcc"] for number, row in own.items())
        yield f"| {step or 'nothing'} | {seconds:.0f} | {changed} | " + " | ".join(cells) + " |"


def main():
    """Measure and print one line per world and step left out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=20)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--named", nargs="+", choices=recovery.WORLDS, default=[])
    parser.add_argument("--steps", nargs="*", default=list(WITHOUT), help="such as replace+split")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--table", type=Path, help="print the table of a file; nothing is measured")
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    if options.table:
        print(*table(json.loads(options.table.read_text())), sep="\n")
        return
    warnings.simplefilter("ignore")
    rows = []
    shared = Shared()
    learn(draw(10_000), AutoPlan(), shared)  # compiles
    for name in ("learn_sparse_coding", "refine"):
        shared.wrap(_search, name)
    for name in ("complete", "sampled", "again", "finish", "finish_sampled"):
        shared.wrap(auto, name)
    numbers = range(options.first, options.first + options.worlds)
    pairs = [(f"{name} {seed}", name, seed) for name in options.named for seed in numbers]
    for number, name, seed in pairs or [(number, "", number) for number in numbers]:
        world = named(name, seed) if name else draw(number)
        shared.kept.clear()
        for step in ["", *options.steps]:
            plan = AutoPlan(steps=AutoPlan().steps - set(step.split("+")))
            row = {"world": number, "without": step, **learn(world, plan, shared, options.seed)}
            rows.append(row | ({} if step else world.about))
            print(json.dumps(rows[-1]), flush=True)
            if options.output:
                options.output.write_text(json.dumps(rows))


if __name__ == "__main__":
    main()
