"""What this machine has, what is broken, and how to repair it."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec

_CORE = ("numpy", "scipy", "scikit-learn", "numba", "safetensors", "pydantic", "PyYAML", "typer",
         "rich", "Jinja2", "MarkupSafe", "pandas", "pillow", "threadpoolctl")  # fmt: skip
_EXTRAS = {
    "torch": ("torch",),
    "published": ("POT",),
    "plot": ("matplotlib",),
    "brain": ("nibabel", "h5netcdf", "h5py", "xarray", "zarr"),
    "hf": ("transformers", "huggingface_hub"),
    "vision": ("torchvision", "timm"),
    "dist": ("dask", "distributed", "submitit"),
    "results": ("duckdb", "pyarrow"),
}


@dataclass(frozen=True)
class Finding:
    """One thing that was checked."""

    name: str
    ok: bool
    found: str
    mend: str = ""


def examine() -> list[Finding]:
    """Look at the interpreter, the packages, the devices, the memory and three small sums."""
    return [
        Finding(
            "python", sys.version_info >= (3, 11), platform.python_version(), "Use 3.11 or up."
        ),
        Finding("machine", True, f"{platform.machine()}, {os.cpu_count()} cores, {_memory()}"),
        *[_package(name, needed=True) for name in _CORE],
        *[_extra(name, packages) for name, packages in _EXTRAS.items()],
        _run("device", _device, "Install torch again: pip install 'unbraid[torch]'"),
        _run("numba compiles", _compiles, "Install numba again: pip install --upgrade numba"),
        _run("exact transport", _transports, "Install POT again: pip install 'unbraid[published]'"),
        _run("torchvision beside torch", _torchvision, "Remove it: pip uninstall torchvision"),
    ]


def _package(name: str, needed: bool) -> Finding:
    try:
        return Finding(name, True, version(name))
    except PackageNotFoundError:
        return Finding(name, not needed, "not installed", f"pip install {name}")


def _extra(name: str, packages: tuple[str, ...]) -> Finding:
    absent = [package for package in packages if not _package(package, needed=True).ok]
    found = f"without {', '.join(absent)}" if absent else "complete"
    return Finding(f"extra [{name}]", True, found, f"pip install 'unbraid[{name}]'")


def _memory() -> str:
    try:
        size = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return "memory unknown"
    return f"{size / 2**30:.0f} GiB"


def _run(name: str, check: Callable[[], str], mend: str) -> Finding:
    try:
        return Finding(name, True, check())
    except Exception as error:  # any failure here is what the user wants to know
        return Finding(name, False, f"{type(error).__name__}: {str(error).splitlines()[0]}", mend)


def _device() -> str:
    if find_spec("torch") is None:
        return "cpu: numpy and numba, without torch"
    torch = import_module("torch")
    if torch.cuda.is_available():
        return f"cuda: {torch.cuda.get_device_name()}"
    return f"cpu, {torch.get_num_threads()} threads"


def _compiles() -> str:
    numba = import_module("numba")
    return f"1 + 1 = {numba.njit(lambda a: a + 1)(1)}"


def _transports() -> str:
    if find_spec("ot") is None:
        return "own solver, without POT"
    ot = import_module("ot")
    plan = ot.emd([0.5, 0.5], [0.5, 0.5], [[0.0, 1.0], [1.0, 0.0]])
    return f"mass {plan.sum():.0f}"


def _torchvision() -> str:
    try:
        found = version("torchvision")
    except PackageNotFoundError:
        return "not installed, and not needed"
    import_module("torchvision")
    return found
