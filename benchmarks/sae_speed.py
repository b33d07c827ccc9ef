"""Claim: a TopK training step with sparse gradients costs a fraction of one with dense gradients.

Setting: 100,000 x 512 responses, 4096 latents, k = 32, Adam, batch 4096. Checked first: the
explained variance after equal steps agrees with dense float32 autograd. Then samples a second, CPU
seconds a sample and peak memory. Run: python benchmarks/sae_speed.py [--fast] [--threads N].
"""

import argparse
import json
import platform
import resource
import time
from pathlib import Path

import numpy as np
import torch

from unbraid.sparse import Training
from unbraid.sparse._sparse_net import SparseNet


class Dense:
    """The same autoencoder in plain torch: dense gradients, torch.optim.Adam, unit atoms."""

    def __init__(self, atoms, k):
        self.k = k
        self.atoms, self.encoder = (
            torch.from_numpy(atoms.copy()).requires_grad_() for _ in range(2)
        )
        m, p = atoms.shape
        self.bias, self.offset = (torch.zeros(s, requires_grad=True) for s in (m, p))
        weights = [self.atoms, self.encoder, self.bias, self.offset]
        self.optimizer = torch.optim.Adam(weights, lr=1e-3, fused=True)

    def step(self, x):
        """Take one step; return the loss."""
        x = torch.from_numpy(x)
        scores = (x - self.offset) @ self.encoder.T + self.bias
        top = torch.topk(scores, self.k, dim=1)
        codes = torch.zeros_like(scores).scatter(1, top.indices, top.values).relu()
        loss = (self.offset + codes @ self.atoms - x).square().sum(1).mean()
        self.optimizer.zero_grad()
        loss.backward()
        with torch.no_grad():
            g, a = self.atoms.grad, self.atoms
            g -= (g * a).sum(1, keepdim=True) * a
            self.optimizer.step()
            a /= a.norm(dim=1, keepdim=True)
        return float(loss.detach())


def batches(x, batch, steps, seed=0):
    """Yield random batches."""
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        yield x[rng.choice(len(x), batch, replace=False)]


def timed(step, x, batch, steps):
    """Return samples a second, by the wall and by the processor, after one step that compiles."""
    losses = []
    data = list(batches(x, batch, steps))
    step(data[0])  # compiles
    wall, cpu = time.perf_counter(), time.process_time()
    for rows in data[1:]:
        losses.append(step(rows))
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    n = batch * (steps - 1)
    return {"samples_per_s": n / wall, "samples_per_cpu_s": n / cpu, "loss": losses[-1]}


def main():
    """Compare, check, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fast", action="store_true")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("-o", "--output", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    n, p, m, k, batch = (4000, 64, 256, 8, 512) if options.fast else (100_000, 512, 4096, 32, 4096)
    rng = np.random.default_rng(1)
    truth = rng.normal(size=(2 * p, p)).astype(np.float32)
    truth /= np.linalg.norm(truth, axis=1, keepdims=True)
    x = np.zeros((n, p), np.float32)
    for _ in range(k):
        x += rng.uniform(0.5, 1.5, (n, 1)).astype(np.float32) * truth[rng.integers(2 * p, size=n)]
    x -= x.mean(0)
    x /= x.std()
    atoms = rng.normal(size=(m, p)).astype(np.float32)
    atoms /= np.linalg.norm(atoms, axis=1, keepdims=True)
    variance = float(np.square(x).sum(1).mean())
    rows = {}
    for name in ("float32", "bfloat16"):
        net = SparseNet(atoms.copy(), k, n, Training(precision=name))
        rows[f"sparse {name}"] = timed(lambda b, net=net: net.step(b, 1e-3, 1.0).loss, x, batch,
                                       options.steps)  # fmt: skip
    rows["dense float32"] = timed(Dense(atoms, k).step, x, batch, max(4, options.steps // 4)
                                  if not options.fast else options.steps)  # fmt: skip
    reference = Dense(atoms, k)
    steps = 6
    for rows_ in batches(x, batch, steps):
        reference_loss = reference.step(rows_)
    for name in ("float32", "bfloat16"):
        net = SparseNet(atoms.copy(), k, n, Training(precision=name))
        for rows_ in batches(x, batch, steps):
            loss = net.step(rows_, 1e-3, 1.0).loss
        gap = abs(loss - reference_loss) / variance
        rows[f"sparse {name}"]["explained_variance_gap_to_dense"] = gap
        assert gap < 0.005, (name, gap)
    result = {
        "setting": {"n": n, "p": p, "m": m, "k": k, "batch": batch, "threads": options.threads},
        "machine": platform.processor() or platform.machine(),
        "versions": {"torch": torch.__version__, "numpy": np.__version__},
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "rows": rows,
    }
    text = json.dumps(result, indent=1)
    print(text)
    if options.output:
        options.output.write_text(text)


if __name__ == "__main__":
    main()
