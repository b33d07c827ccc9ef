"""Where the real data are, if they are."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def real_data():
    """Folder of the real recordings: UNBRAID_DATA, or shared/data beside the repository."""
    root = Path(__file__).resolve().parents[2]
    folder = Path(os.environ.get("UNBRAID_DATA", root.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("the real data are absent; set UNBRAID_DATA to their folder")
    return folder
