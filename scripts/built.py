"""Build the sdist and the wheel, and use the wheel where nothing else is installed.

A fresh virtual environment holds the wheel and what it asks for: no torch, no POT, no source tree.
In it README and the pages of docs run as they stand.

    python scripts/built.py
"""

from __future__ import annotations

import subprocess
import sys
import tarfile
import tempfile
import venv
import zipfile
from pathlib import Path

import follow

ROOT = Path(__file__).parent.parent
IN_SDIST = (
    "src/unbraid/__init__.py",
    "tests/conftest.py",
    "docs/conventions.md",
    "benchmarks/recovery.py",
    "scripts/built.py",
    *("Makefile", "constraints.txt", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE"),
)
IN_WHEEL = ("unbraid/__init__.py", "unbraid/py.typed", "unbraid/cli/__init__.py")
ABSENT = ("torch", "ot", "matplotlib", "pytest")
COMMANDS = (
    "compare model_a.npy model_b.npz -o compared --set seeds=1 --set permutations=2 --json",
    "fit model_a.npy -o dictionary --method SparseCoding(n_latents=8)",
    "encode dictionary model_a.npy -o codes.npz --by fista",
    "study list",
    "bound --units 512 --active 20",
    "doctor",
)
PAGES = ("README.md", "docs/index.md", "docs/bring-your-own.md", "docs/interpret.md",
         "docs/joint.md", "docs/scale.md", "docs/is-the-gain-real.md")  # fmt: skip
NEEDS_TORCH = "fit model_a.npy -o other --method ReluL1"
DATA = """
import numpy as np
import unbraid as ub
rng = np.random.default_rng(0)
z = rng.uniform(0.5, 1.5, (300, 8)) * (rng.random((300, 8)) < 0.15)
np.save("model_a.npy", z @ rng.normal(size=(8, 6)))
ub.save(z @ rng.normal(size=(8, 6)), "model_b.npz")
"""


def build(folder: Path) -> tuple[Path, Path]:
    """Return the sdist, and the wheel that is built from it."""
    run([sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)], ROOT)
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    return sdist, wheel


def missing(sdist: Path, wheel: Path) -> list[str]:
    """Return what the archives should hold and do not."""
    with tarfile.open(sdist) as archive:
        packed = {name.partition("/")[2] for name in archive.getnames()}
    with zipfile.ZipFile(wheel) as archive:
        installed = set(archive.namelist())
    return [n for n in IN_SDIST if n not in packed] + [n for n in IN_WHEEL if n not in installed]


def run(command: list[str], folder: Path, status: int = 0) -> str:
    """Run a command in a folder; return what it printed, or stop where its status is another."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if done.returncode != status:
        sys.exit(f"{' '.join(command)}\nstatus {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout + done.stderr


def main() -> None:
    """Build, look into the archives, install, use."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sdist, wheel = build(folder / "dist")
        if absent := missing(sdist, wheel):
            sys.exit(f"The archives lack {', '.join(absent)}.")
        venv.create(folder / "env", with_pip=True)
        bin_ = folder / "env" / ("Scripts" if sys.platform == "win32" else "bin")
        python, unbraid = str(bin_ / "python"), str(bin_ / "unbraid")
        run([python, "-m", "pip", "install", "--quiet", str(wheel)], folder)
        found = f"import importlib.util as u; print([n for n in {ABSENT!r} if u.find_spec(n)])"
        if run([python, "-c", found], folder).strip() != "[]":
            sys.exit("The wheel alone brings torch, POT, matplotlib or the tests' libraries.")
        for page in PAGES:
            follow.follow((ROOT / page).read_text(encoding="utf-8"), folder, python)
        run([python, "-c", DATA], folder)
        for command in COMMANDS:
            run([unbraid, *command.split()], folder)
        told = run([unbraid, *NEEDS_TORCH.split()], folder, status=2)
        if "pip install 'unbraid[torch]'" not in told:
            sys.exit(f"What needs torch does not say so: {told}")
    print(f"{sdist.name} and {wheel.name} are whole, and work without torch and POT.")


if __name__ == "__main__":
    main()
