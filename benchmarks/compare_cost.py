"""CPU seconds and memory of `compare` beside what it foretells, and where the time goes.

Two systems hold the same sparse features, 1.5 times as many as units and 4 active, each by random
directions of its own. One job a process, all on one thread; kernels are compiled before. Reported:
CPU seconds, in all and by phase, peak memory, and both as foretold before the start.
Run: python benchmarks/compare_cost.py [--sizes 1000x128 ...] [--methods auto topk16] [-o FILE]
"""

import argparse
import json
import multiprocessing
import os
import resource
import time
import warnings
from pathlib import Path

import numpy as np

METHODS = {"auto": "Auto", "topk16": "TopK(k=16)", "topk32": "TopK(k=32)"}


def systems(n, p, seed):
    """Draw two systems of ``p`` units that hold the same features, and a little noise."""
    rng = np.random.default_rng([seed, n, p])
    n_features = 3 * p // 2
    on = rng.random((n, n_features)) < 4 / n_features
    z = on * rng.uniform(0.5, 1.5, on.shape)
    drawn = [z @ rng.normal(size=(n_features, p)) for _ in range(2)]
    return [x + 0.05 * x.std() * rng.normal(size=x.shape) for x in drawn]


def job(n, p, method, pipe):
    """Compare once, warm, and send what it took."""
    import unbraid as ub
    from unbraid._kernels.threads import one_thread
    from unbraid.comparison._config import CompareConfig
    from unbraid.comparison._cost import cost_of
    from unbraid.comparison._split import split

    warnings.simplefilter("ignore")
    chosen = METHODS[method]
    with one_thread():
        small = chosen.replace("16", "4").replace("32", "4")
        ub.compare(*systems(150, 16, 0), method=small, rng=0)  # compiles
        x, y = systems(n, p, 0)
        config = CompareConfig(method=chosen)
        told = cost_of(split(x, y, None, None, None, config, np.random.default_rng(0)), config)
        phases, last = {}, ["begins", time.process_time()]

        def heard(message, _):
            now = time.process_time()
            scored = last[0].startswith("scoring ")
            word = f"scoring {last[0].rpartition(' ')[2]}" if scored else last[0].split(":")[0]
            phases[word] = round(phases.get(word, 0.0) + now - last[1], 2)
            last[:] = [message, now]

        began, wall = time.process_time(), time.perf_counter()
        ub.compare(x, y, method=chosen, rng=0, progress=heard)
        heard("", 1.0)
    pipe.send({
        "n": n, "p": p, "method": chosen,
        "cpu_s": round(time.process_time() - began, 1), "foretold_s": round(told.seconds, 1),
        "wall_s": round(time.perf_counter() - wall, 1), "load": round(os.getloadavg()[0], 1),
        "gib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20, 2),
        "foretold_gib": round(told.memory / 2**30, 2), "phases": phases,
    })  # fmt: skip


def main():
    """Measure and print one line per job."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", nargs="+", default=["1000x128", "2000x256"])
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=["auto", "topk16"])
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    rows = []
    for size in options.sizes:
        for method in options.methods:
            receiver, sender = multiprocessing.Pipe(duplex=False)
            numbers = map(int, size.split("x"))
            context = multiprocessing.get_context("spawn")
            process = context.Process(target=job, args=(*numbers, method, sender))
            process.start()
            sender.close()
            rows.append(receiver.recv())
            process.join()
            print(json.dumps(rows[-1]), flush=True)
            if options.output:
                options.output.write_text(json.dumps(rows))


if __name__ == "__main__":
    main()
