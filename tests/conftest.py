"""One thread for every engine, one seed for all tests that take a generator."""

import os
import sys

import numpy as np
import pytest


@pytest.fixture
def rng(request):
    """A generator of seed 0, or that of ``@pytest.mark.seed``: a renamed test keeps its data."""
    mark = request.node.get_closest_marker("seed")
    return np.random.default_rng(0 if mark is None else mark.args[0])


@pytest.fixture(autouse=True, scope="session")
def one_thread():
    """On a busy machine, two threads make small trainings many times slower."""
    import torch

    torch.set_num_threads(1)
    for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")  # for the commands that tests start


@pytest.fixture
def run(capsys, monkeypatch, tmp_path):
    """Run a command in an empty folder; return status, stdout and stderr."""
    from unbraid import cli

    monkeypatch.chdir(tmp_path)

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["unbraid", *map(str, words)])
        status = 0
        try:
            cli.main()
        except SystemExit as stop:
            status = stop.code or 0
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run
