"""How much memory can be allocated: in the machine, in each control group, under the limits."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path

_GROUPS, _OWN = Path("/sys/fs/cgroup"), Path("/proc/self/cgroup")
_FILES = {  # by version of control groups: limit, use, and what of the use is cached files
    2: ("memory.max", "memory.current", ("inactive_file", "active_file")),
    1: ("memory.limit_in_bytes", "memory.usage_in_bytes",
        ("total_inactive_file", "total_active_file")),
}  # fmt: skip


def free_in_machine() -> float:
    """Return bytes free without swapping; infinity where the system does not say."""
    try:
        for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return float(line.split()[1]) * 1024
        return float(os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (OSError, ValueError, AttributeError):
        return math.inf


def free_in_groups(root: Path = _GROUPS, own: Path = _OWN) -> float:
    """Return what the control groups leave that this process is in: a container's, a Slurm job's.

    The least of its group and of all above it. Cached files count as free: the system drops them.
    """
    return min((_left(*group) for group in _groups(root, own)), default=math.inf)


def free_by_limits() -> float:
    """Return what the limits of this process leave: of addresses and of data (``ulimit -v -d``)."""
    try:
        import resource

        limits = {"VmSize:": resource.RLIMIT_AS, "VmData:": resource.RLIMIT_DATA}
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
        used = {line.split()[0]: 1024.0 * int(line.split()[1]) for line in lines if "kB" in line}
        most = {name: resource.getrlimit(limit)[0] for name, limit in limits.items()}
    except (ImportError, OSError, ValueError, AttributeError):
        return math.inf
    bounded = {name: at for name, at in most.items() if at != resource.RLIM_INFINITY}
    return min((at - used.get(name, 0.0) for name, at in bounded.items()), default=math.inf)


def _groups(root: Path, own: Path) -> Iterator[tuple[Path, int]]:
    """Yield the folder of each control group of memory that holds this process, and its version.

    A container without a name space of its own shows its group at the root, under another path
    than ``own`` says.
    """
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        lines = []
    places = {(root, 2): "/", (root / "memory", 1): "/"}
    for line in lines:
        _, _, rest = line.partition(":")
        kinds, _, path = rest.partition(":")
        if not kinds:
            places[root, 2] = path
        elif "memory" in kinds.split(","):
            places[root / "memory", 1] = path
    for (base, version), path in places.items():
        parts = [part for part in path.split("/") if part not in ("", "..")]
        for depth in range(len(parts) + 1):
            yield base.joinpath(*parts[:depth]), version


def _left(group: Path, version: int) -> float:
    """Return the bytes that a control group leaves; infinity where it has no limit."""
    limit, use, cached = _FILES[version]
    try:
        most = float((group / limit).read_text(encoding="ascii"))  # "max" where there is none
        used = float((group / use).read_text(encoding="ascii"))
        lines = (group / "memory.stat").read_text(encoding="ascii").splitlines()
        told = dict(line.split() for line in lines)
        return most - used + sum(float(told.get(name, 0)) for name in cached)
    except (OSError, ValueError):
        return math.inf
