"""Memory that may be taken: of the machine, of every control group, under the process's limits."""

import math
import subprocess
import sys

import pytest

from unbraid.responses._free_memory import free_by_limits, free_in_groups

STAT = {2: "anon 5\ninactive_file 30\nactive_file 10\n",
        1: "cache 9\ntotal_inactive_file 30\ntotal_active_file 10\n"}  # fmt: skip
NAMES = {2: ("memory.max", "memory.current"),
         1: ("memory.limit_in_bytes", "memory.usage_in_bytes")}  # fmt: skip


def group(folder, version, limit, used):
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in zip(NAMES[version], (limit, used), strict=True):
        (folder / name).write_text(f"{value}\n")
    (folder / "memory.stat").write_text(STAT[version])


@pytest.mark.parametrize("version", [1, 2])
def test_the_least_of_a_group_and_those_above_it_counts_and_cached_files_are_free(
    tmp_path, version
):
    root = tmp_path / "memory" if version == 1 else tmp_path
    own = tmp_path / "own"
    own.write_text("3:cpu,memory:/job/step\n" if version == 1 else "0::/job/step\n")
    unlimited = 2**63 - 4096 if version == 1 else "max"
    group(root / "job" / "step", version, unlimited, 100)
    assert free_in_groups(tmp_path, own) > 2**60
    group(root / "job", version, 1000, 700)
    assert free_in_groups(tmp_path, own) == 1000 - 700 + 40
    group(root / "job" / "step", version, 500, 400)
    assert free_in_groups(tmp_path, own) == 140
    own.write_text("0::/elsewhere/../..\n")  # a container shows its group at the root
    group(root, version, 800, 750)
    assert free_in_groups(tmp_path, own) == 90


def test_without_groups_there_is_no_limit(tmp_path):
    assert free_in_groups(tmp_path, tmp_path / "none") == math.inf


@pytest.mark.skipif(sys.platform != "linux", reason="limits are read from /proc")
@pytest.mark.parametrize("limit", ["RLIMIT_DATA", "RLIMIT_AS"])
def test_limits_of_the_process_count(limit):
    code = (
        f"import resource; most = 2**33; resource.setrlimit(resource.{limit}, (most, most))\n"
        "from unbraid.responses._free_memory import free_by_limits\n"
        "before = free_by_limits(); held = bytearray(2**27); held[::4096] = b'1' * 2**15\n"
        "print(before, before - free_by_limits(), most)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, taken, most = map(float, told.stdout.split())
    assert 0 < before < most
    assert taken == pytest.approx(2**27, rel=0.1)
    assert free_by_limits() == math.inf or free_by_limits() > 0
