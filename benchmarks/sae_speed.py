"""Claim: a TopK training step costs a fraction of what it costs elsewhere, and learns as much.

Setting: 100,000 x 512 responses, 4096 latents, k = 32, Adam, batch 4096. Checked first: after equal
steps from one start, the explained variance is that of dense float32 autograd to .005. Then, each
in a process of its own: samples a second by the wall and by the processor, peak memory, explained
variance (about the mean) and dead share after equal steps; the peers that PEERS can import stand
beside. ``fit`` is the whole of ``unbraid.fit``, from responses whose mean is twice their spread.

Run: python benchmarks/sae_speed.py [--fast] [--threads N] [--steps N] [--peers PYTHON] [-o FILE]
"""

import argparse
import json
import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import scipy.sparse as sp
import torch
from sae_peers import PEERS, RATE, allow_absent, dense

FULL, FAST = (100_000, 512, 4096, 32, 4096), (4000, 64, 256, 8, 512)


def responses(n, p, k):
    """Return sums of k of 2 p random features, unit variance."""
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(2 * p, p)).astype(np.float32)
    truth /= np.linalg.norm(truth, axis=1, keepdims=True)
    sizes = rng.uniform(0.5, 1.5, n * k).astype(np.float32)
    active = rng.integers(2 * p, size=n * k)
    x = sp.csr_array((sizes, active, np.arange(0, n * k + 1, k)), (n, 2 * p)) @ truth
    x -= x.mean(0)
    x /= x.std()
    return x


def ours(k, n, atoms):
    """Return step and reconstruction of our training."""
    from unbraid._kernels.products.sparse_rows import decode
    from unbraid.sparse import Training
    from unbraid.sparse.autoencoders._sparse_net import SparseNet

    net = SparseNet(atoms, k, n, Training())

    def reconstruct(x):
        active, codes = net._encode(x.numpy() - net.offset, k)
        return torch.from_numpy(decode(active, codes, net.atoms, net.offset))

    return lambda x: net.step(x.numpy(), RATE, 1.0), reconstruct


def unit(m, p):
    """Return the common start."""
    atoms = np.random.default_rng(2).normal(size=(m, p)).astype(np.float32)
    return atoms / np.linalg.norm(atoms, axis=1, keepdims=True)


def trainer(name, setting):
    """Return (step, decode) by name."""
    n, p, m, k, _ = setting
    if name == "unbraid":
        return ours(k, n, unit(m, p))
    if name == "dense autograd":
        return dense(p, m, k, torch.from_numpy(unit(m, p)))
    allow_absent()
    torch.manual_seed(0)
    return PEERS[name](p, m, k)


def explained(decode, x):
    """Return the explained variance about the mean."""
    with torch.no_grad():
        wrong = (decode(x) - x).square().sum()
    return 1 - float(wrong / (x - x.mean(0)).square().sum())


def batches(x, batch, steps):
    """Yield random batches, the same for all."""
    rng = np.random.default_rng(0)
    for _ in range(steps):
        yield torch.from_numpy(x[rng.choice(len(x), batch, replace=False)])


def peak_mb():
    """Return the most memory this process has held (not what its parent held before it)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")


def measure(name, setting, steps):
    """Train by one implementation; return its row."""
    n, p, m, k, batch = setting
    x = responses(n, p, k)
    if name == "unbraid fit":
        return measure_fit(x, m, k, batch, steps)
    step, decode = trainer(name, setting)
    wall, cpu = [], []
    for rows in batches(x, batch, steps + 1):
        started, used = time.perf_counter(), time.process_time()
        step(rows)
        wall.append(time.perf_counter() - started)
        cpu.append(time.process_time() - used)
    return {
        "samples_per_s": batch / float(np.median(wall[1:])),
        "samples_per_cpu_s": batch / float(np.median(cpu[1:])),
        "peak_mb": peak_mb(),
        "explained": explained(decode, torch.from_numpy(x[:4096])),
    }


def measure_fit(x, m, k, batch, steps):
    """Train by ``unbraid.fit`` from responses that are not centred, evidence included."""
    import unbraid as ub

    x += 2 * x.std()
    training = {"steps": steps, "batch_size": batch, "learning_rate": RATE}
    wall, cpu = time.perf_counter(), time.process_time()
    learned = ub.fit(x, ub.TopK(k=k, n_latents=m, training=training), rng=0)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    return {
        "samples_per_s": batch * steps / wall,
        "samples_per_cpu_s": batch * steps / cpu,
        "peak_mb": peak_mb(),
        "explained": 1 - learned.evidence.fvu,
        "dead": learned.evidence.dead,
    }


def check_equal(setting, steps=6):
    """Return the gap in explained variance to dense autograd after equal steps from one start."""
    n, p, m, k, batch = setting
    x = responses(min(n, 2 * batch * steps), p, k)
    values = {}
    for name in ("dense autograd", "unbraid"):
        step, decode = trainer(name, setting)
        for rows in batches(x, min(batch, 1024), steps):
            step(rows)
        values[name] = explained(decode, torch.from_numpy(x[:2048]))
    gap = abs(values["unbraid"] - values["dense autograd"])
    if gap > 0.005:
        raise SystemExit(f"explained variance differs from dense autograd: {values}")
    return gap


def row_of(name, options, python):
    """Measure in a process of its own, so that its peak of memory is its own."""
    command = [python, __file__, "--only", name, "--threads", str(options.threads),
               "--steps", str(options.steps)]  # fmt: skip
    done = subprocess.run(command + ["--fast"] * options.fast, capture_output=True, text=True)
    if done.returncode:
        return {"failed": (done.stderr.strip().splitlines() or ["killed"])[-1]}
    return json.loads(done.stdout.splitlines()[-1])  # peers may print before


def main():
    """Check, measure, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--peers", help="interpreter that has the other libraries")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    setting = FAST if options.fast else FULL
    if options.only:
        print(json.dumps(measure(options.only, setting, options.steps)))
        return
    gap = check_equal(setting)
    names = ["unbraid", "unbraid fit", "dense autograd"]
    todo = [(name, sys.executable) for name in names]
    todo += [(name, options.peers) for name in PEERS if options.peers]
    rows = {}
    for name, python in todo:
        rows[name] = row_of(name, options, python)
        print(name, rows[name], file=sys.stderr, flush=True)
    ours_now = rows["unbraid"]["samples_per_cpu_s"]
    for row in rows.values():
        if "samples_per_cpu_s" in row:
            row["ours_is_faster_by"] = ours_now / row["samples_per_cpu_s"]
    result = {
        "setting": dict(zip(["n", "p", "m", "k", "batch"], setting, strict=True)),
        "threads": options.threads,
        "machine": platform.processor() or platform.machine(),
        "versions": {"torch": torch.__version__, "numpy": np.__version__},
        "gap_to_dense_after_equal_steps": gap,
        "rows": rows,
    }
    text = json.dumps(result, indent=1)
    print(text)
    if options.output:
        options.output.write_text(text)


if __name__ == "__main__":
    main()
