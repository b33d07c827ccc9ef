"""Run the tests that rounding could turn, as other processors would run them.

Linear algebra, torch and compiled loops pick their kernels by the processor, and kernels round
differently. Each environment below makes one machine answer as another would; those whose
instructions this machine lacks are named and left out.

    python scripts/processors.py            the sensitive files under each environment
    python scripts/processors.py tests      every test under each
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

SENSITIVE = (
    "tests/kernels",
    "tests/recovery",
    "tests/align/test_known_answers.py",
    "tests/sparse/test_auto.py",
    "tests/sparse/test_pursuit.py",
    "tests/sparse/test_sparse_coding.py",
    "tests/sparse/test_spike_and_slab.py",
    "tests/sparse/test_topk.py",
    "tests/studies/test_fast.py",
)
ENVIRONMENTS = (
    # instructions needed, variables
    ("AVX2", {"OPENBLAS_CORETYPE": "Haswell", "ATEN_CPU_CAPABILITY": "avx2"}),
    ("AVX2", {"OPENBLAS_CORETYPE": "Zen", "OMP_NUM_THREADS": "2", "OPENBLAS_NUM_THREADS": "2"}),
    ("SSE3", {"OPENBLAS_CORETYPE": "Prescott", "ATEN_CPU_CAPABILITY": "default"}),
    ("SSE3", {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}),
)


def can_run(instructions: str) -> bool:
    """Whether this processor has the instructions; x86 only."""
    from numpy._core._multiarray_umath import __cpu_features__

    return platform.machine() in ("x86_64", "AMD64") and bool(__cpu_features__.get(instructions))


def main(paths: list[str]) -> int:
    """Run the tests under each environment; return 0 if all pass."""
    root = Path(__file__).parent.parent
    failed = []
    for instructions, variables in ENVIRONMENTS:
        name = " ".join(f"{key}={value}" for key, value in variables.items())
        if not can_run(instructions):
            print(f"left out, this processor lacks {instructions}: {name}", flush=True)
            continue
        print(f"as another processor: {name}", flush=True)
        command = [sys.executable, "-m", "pytest", "-n", "auto", "--dist", "worksteal"]
        if subprocess.run(
            [*command, *(paths or SENSITIVE)], cwd=root, env={**os.environ, **variables}
        ).returncode:
            failed.append(name)
    for name in failed:
        print(f"failed: {name}")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
