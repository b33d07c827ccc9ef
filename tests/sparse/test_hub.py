"""The hub, played by a folder: what is asked for, what comes back, what is said when it fails."""

import json
import shutil
import sys
from fnmatch import fnmatch
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from safetensors.numpy import save_file

from unbraid import sparse
from unbraid.errors import InputError, UnbraidError
from unbraid.sparse import Dictionary, Pursuit

UNSAID = pytest.mark.filterwarnings("ignore:SAELens has no layout for:RuntimeWarning")


@pytest.fixture
def learned(make_world):
    return sparse.fit(make_world(n=400).x, Pursuit(n_latents=24, k=2), rng=0)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Stand in for huggingface_hub: repositories are folders."""
    place = tmp_path / "hub"
    calls = []

    class Api:
        def __init__(self, token=None):
            calls.append(("token", token))

        def create_repo(self, name, private, exist_ok):
            (place / name).mkdir(parents=True, exist_ok=exist_ok)
            calls.append(("private", private))

        def upload_folder(
            self, *, repo_id, folder_path, path_in_repo, revision, commit_message, ignore_patterns
        ):
            calls.append((commit_message, revision))
            shutil.copytree(
                folder_path,
                place / repo_id / (path_in_repo or ""),
                dirs_exist_ok=True,
                ignore=shutil.ignore_patterns(ignore_patterns),
            )
            return SimpleNamespace(commit_url=f"hub/{repo_id}/commit/1")

    def snapshot_download(name, *, allow_patterns, **options):
        calls.append(options)
        if "/" not in name:
            raise ValueError("Repo id must be in the form 'namespace/repo_name'")
        if not (place / name).is_dir():
            raise OSError("404 Client Error\nmore lines")
        got = tmp_path / "fetched"
        for path in (place / name).rglob("*"):
            inner = str(path.relative_to(place / name))
            if path.is_file() and any(fnmatch(inner, pattern) for pattern in allow_patterns):
                (got / inner).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(path, got / inner)
        return str(got)

    fake = SimpleNamespace(HfApi=Api, snapshot_download=snapshot_download)
    monkeypatch.setitem(sys.modules, "huggingface_hub", fake)
    monkeypatch.chdir(tmp_path)
    return SimpleNamespace(place=place, calls=calls, got=tmp_path / "fetched")


def same(one, other):
    np.testing.assert_array_equal(one.atoms, other.atoms)
    return one.method == other.method


@UNSAID
def test_pushed_and_fetched(hub, learned):
    assert learned.push_to_hub("me/dictionary", private=True) == "hub/me/dictionary/commit/1"
    assert ("private", True) in hub.calls
    assert same(Dictionary.from_pretrained("me/dictionary", revision="abc"), learned)
    assert hub.calls[-1]["revision"] == "abc"
    assert "# A dictionary of 24 atoms in 14 dimensions" in (
        hub.place / "me" / "dictionary" / "README.md"
    ).read_text(encoding="utf-8")


@UNSAID
def test_only_the_dictionary_is_fetched(hub, learned):
    sparse.push_to_hub(learned, "me/many", subfolder="layers.5")
    sparse.push_to_hub(learned, "me/many", subfolder="layers.6")
    (hub.place / "me/many/layers.5/corpus.bin").write_bytes(b"terabytes")
    assert same(sparse.from_pretrained("me/many", subfolder="layers.5"), learned)
    fetched = {str(path.relative_to(hub.got)) for path in hub.got.rglob("*") if path.is_file()}
    assert fetched == {"layers.5/cfg.json", "layers.5/sae_weights.safetensors"}


def test_a_weights_file_comes_with_the_configuration_beside_it(hub, rng):
    folder = hub.place / "me/params/layer_5"
    folder.mkdir(parents=True)
    shapes = {"w_enc": (6, 9), "w_dec": (9, 6), "b_enc": (9,), "b_dec": (6,), "threshold": (9,)}
    weights = {name: rng.normal(size=shape).astype(np.float32) for name, shape in shapes.items()}
    save_file(weights, folder / "params.safetensors")
    (folder / "config.json").write_text('{"type": "transcoder"}')
    with pytest.raises(InputError, match="a transcoder predicts another layer"):
        sparse.from_pretrained("me/params", subfolder="layer_5/params.safetensors")
    (folder / "config.json").write_text('{"type": "sae"}')
    learned = sparse.from_pretrained("me/params", subfolder="layer_5/params.safetensors")
    assert learned.encoder.activation == "jumprelu"


@UNSAID
def test_folders_need_no_hub(learned, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    folder = learned.save_pretrained(tmp_path / "many" / "one")
    assert same(sparse.from_pretrained(folder), learned)
    assert same(sparse.from_pretrained(tmp_path / "many", subfolder="one"), learned)
    with pytest.raises(InputError, match=r"pip install 'unbraid\[hf\]'"):
        sparse.from_pretrained("me/dictionary")
    with pytest.raises(InputError, match=r"pip install 'unbraid\[hf\]'"):
        learned.push_to_hub("me/dictionary")


@UNSAID
def test_the_card_describes_the_dictionary(learned, tmp_path):
    folder = sparse.save_pretrained(learned, tmp_path / "one")
    sparse.save_pretrained(learned, folder)  # again, in place
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\nlibrary_name: unbraid\n")
    described = card.split("```json\n")[1].split("\n```")[0]
    assert json.loads(described) == learned.method.describe()
    assert f"| {learned.evidence.l0:.4g} |" in card


@pytest.mark.parametrize("subfolder", ["../other", "/etc", "a/../../b"])
def test_subfolders_stay_inside(subfolder, tmp_path):
    with pytest.raises(InputError, match="must be a path within the repository"):
        sparse.from_pretrained(tmp_path, subfolder=subfolder)


@pytest.mark.usefixtures("hub")
def test_refusals_cost_one_line(tmp_path):
    with pytest.raises(UnbraidError, match="could not serve 'me/missing': OSError: 404 Client"):
        sparse.from_pretrained("me/missing")
    with pytest.raises(InputError, match="'missing' is neither a folder nor a repository"):
        sparse.from_pretrained("missing")
    with pytest.raises(InputError, match="no other library's layout fits"):
        sparse.from_pretrained(tmp_path)


@UNSAID
def test_the_real_client_reads_its_own_cache(learned, tmp_path, monkeypatch):
    import huggingface_hub as hub

    revision = "0" * 40
    snapshot = tmp_path / "models--me--dictionary" / "snapshots" / revision
    learned.save_pretrained(snapshot)
    (snapshot.parent.parent / "refs").mkdir()
    (snapshot.parent.parent / "refs" / "main").write_text(revision)
    got = sparse.from_pretrained("me/dictionary", cache_folder=tmp_path, offline=True)
    assert same(got, learned)
    with pytest.raises(UnbraidError, match="could not serve 'me/missing'"):
        sparse.from_pretrained("me/missing", cache_folder=tmp_path, offline=True)
    with pytest.raises(InputError, match="neither a folder nor a repository"):
        sparse.from_pretrained("a/b/c", cache_folder=tmp_path, offline=True)
    sent = {}
    monkeypatch.setattr(hub.HfApi, "create_repo", lambda self, name, **options: None)
    monkeypatch.setattr(
        hub.HfApi,
        "upload_folder",
        lambda self, **o: sent.update(o, files=list(Path(o["folder_path"]).iterdir())) or "done",
    )
    assert learned.push_to_hub("me/dictionary", token="none") == "done"
    assert sent["ignore_patterns"] == ".unbraid.json"
    assert {path.name for path in sent["files"]} == {
        ".unbraid.json", "README.md", "cfg.json", "sae_weights.safetensors",
    }  # fmt: skip
