"""Claim: none yet. This measures what ``device=`` gains on a card, once one is at hand.

Checked first, on the device itself: codes of OMP and the lasso, and thirty TopK steps, against the
compiled kernels on the processor. Then, each after a warm-up: the device's own speed of float32
products of the step's shapes (its roofline here); TopK steps a second, and the share of that speed
that five products of B m p a step are; codes a second by the encoder and by the lasso; the
processor's own numbers beside them.

Run: python benchmarks/gpu.py [--device cuda] [--small] [-o FILE]     (under 8 minutes on a card)
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

from unbraid._kernels.codes import lasso_and_omp
from unbraid._kernels.device import computing_on
from unbraid.sparse import Encoder, Training
from unbraid.sparse.autoencoders._device_topk_net import DeviceTopKNet
from unbraid.sparse.autoencoders._sparse_net import SparseNet

FULL = [(768, 8), (768, 32), (4096, 8), (4096, 32)]  # units, latents a unit
SMALL = [(64, 4)]
K, RATE = 32, 1e-3


def unit_rows(rng, m, p):
    """Return rows of unit length, float32."""
    rows = rng.standard_normal((m, p), np.float32)
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def wait(device):
    """Wait until the device has done what it was asked for."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)


def rate(work, device, seconds):
    """Return how often ``work`` is done in a second, after a warm-up."""
    work()
    wait(device)
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        work()
        count += 1
        wait(device)
    return count / (time.perf_counter() - began)


def check(device):
    """Return the largest differences between the device and the compiled kernels."""
    rng = np.random.default_rng(0)
    atoms, x = unit_rows(rng, 200, 40), rng.standard_normal((500, 40), np.float32)
    wrong = {}
    for name, rules in {"omp": {"k": 6}, "lasso": {"k": 40, "penalty": 0.3}}.items():
        sides = []
        for where in (None, device):
            with computing_on(where):
                active, codes, _ = lasso_and_omp.pursue(x, atoms, **rules)
            dense = np.zeros((len(x), len(atoms) + 1), np.float32)
            np.put_along_axis(dense, active.astype(np.int64), codes, axis=1)
            sides.append(dense[:, :-1] @ atoms)
        wrong[name] = float(np.abs(sides[0] - sides[1]).max())
    nets = [
        SparseNet(atoms, 5, len(x), Training(), anneal=0.3),
        DeviceTopKNet(atoms, 5, len(x), Training(), anneal=0.3, device=device),
    ]
    for step in range(30):
        for net in nets:
            net.step(x[step * 16 : (step + 1) * 16], 1e-2, step / 30)
    wrong["topk"] = float(np.abs(nets[0].state()["atoms"] - nets[1].state()["atoms"]).max())
    return wrong


def measure(p, wide, device, batch, seconds):
    """Return the rates of one size."""
    rng = np.random.default_rng(1)
    m = wide * p
    atoms, x = unit_rows(rng, m, p), rng.standard_normal((batch, p), np.float32)
    left = torch.from_numpy(x).to(device)
    right = torch.from_numpy(atoms).to(device).T
    line = {"units": p, "latents": m, "batch": batch}
    products = rate(lambda: left @ right, device, seconds)
    line["products' teraflop/s"] = 2 * products * batch * m * p / 1e12
    net = DeviceTopKNet(atoms, K, 10**6, Training(), anneal=0.0, device=device)
    steps = rate(lambda: net.step(x, RATE, 1.0), device, seconds)
    line["topk samples/s"] = steps * batch
    line["topk share of the products' speed"] = 5 * steps / products
    encoder = Encoder(weights=np.ascontiguousarray(atoms.T), bias=np.zeros(m, np.float32),
                      activation="topk", k=K)  # fmt: skip
    jobs = {"encoder": lambda: encoder(x, atoms)}
    if m <= 8 * 4096:  # the lasso keeps the atoms' products: m^2 numbers
        penalty = float(np.quantile(np.abs(x[:64] @ atoms.T), 0.999))
        jobs["lasso"] = lambda: lasso_and_omp.pursue(x[:256], atoms, k=p, penalty=penalty)
    for name, job in jobs.items():
        rows = 256 if name == "lasso" else batch
        for where in (device, None):
            with computing_on(where):
                line[f"{name} codes/s, {where or 'compiled'}"] = rows * rate(job, device, seconds)
    host = SparseNet(atoms, K, 10**6, Training())
    line["topk samples/s, compiled"] = batch * rate(lambda: host.step(x, RATE, 1.0), "cpu", seconds)
    return line


def main():
    """Check, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--small", action="store_true", help="try the script itself")
    parser.add_argument("-o", "--output", type=Path)
    asked = parser.parse_args()
    found = {"device": asked.device, "torch": torch.__version__, "differences": check(asked.device)}
    if torch.device(asked.device).type == "cuda":
        found["card"] = torch.cuda.get_device_name(asked.device)
    print(json.dumps(found, indent=1))
    found["sizes"] = []
    for p, wide in SMALL if asked.small else FULL:
        batch, seconds = (256, 0.2) if asked.small else (4096, 5.0)
        found["sizes"].append(measure(p, wide, asked.device, batch, seconds))
        print(json.dumps(found["sizes"][-1], indent=1), flush=True)
    if asked.output:
        asked.output.write_text(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
