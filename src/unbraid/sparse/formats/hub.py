"""Dictionaries on the Hugging Face hub: fetched by name, pushed with a card that describes them."""

from __future__ import annotations

import json
import tempfile
import warnings
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from unbraid._folders import RECORD
from unbraid._optional import need
from unbraid.errors import InputError, UnbraidError
from unbraid.responses._files import as_path
from unbraid.sparse.formats import _layout
from unbraid.sparse.formats.native import save

if TYPE_CHECKING:
    from unbraid.sparse._dictionary import Dictionary

# what a layout that we read can consist of; a repository may hold terabytes beside it
_FILES = (
    "cfg.json",
    "config.json",
    "sae_weights.safetensors",
    "sae.safetensors",
    "ae.pt",
    "params.npz",
    "params.safetensors",
    "activation_scaler.json",
    "sae.pt",
    "model.safetensors",
    "model.safetensors.index.json",
    "model-*-of-*.safetensors",
)
_CONFIGURATIONS = ("cfg.json", "config.json", "hyperparams.json", "activation_scaler.json")


def located(
    name: str | Path,
    *,
    subfolder: str | None,
    revision: str | None,
    token: str | None,
    cache_folder: str | Path | None,
    offline: bool,
) -> Path:
    """Return the folder or weights file that a name means, fetched where it is not on disk."""
    inner = PurePosixPath(subfolder or ".")
    beside = inner.parent  # of a weights file: its configuration changes what it means
    if inner.is_absolute() or ".." in inner.parts:
        raise InputError(f"subfolder must be a path within the repository, got {subfolder!r}.")
    folder = as_path(name, "name")
    if not folder.exists():
        wanted = [str(inner / file) for file in _FILES] + ([str(inner)] if subfolder else [])
        if inner.suffix:  # a weights file
            wanted += [str(beside / file) for file in _CONFIGURATIONS]
            wanted += [str(beside.parent / "config.json")] if beside.name == "checkpoints" else []
        folder = _fetched(
            str(name),
            allow_patterns=wanted,
            revision=revision,
            token=token,
            cache_dir=cache_folder,
            local_files_only=offline,
        )
    return folder / inner


def save_pretrained(dictionary: Dictionary, folder: str | Path) -> Path:
    """Write a dictionary as ``save`` does, and a model card beside it.

    Parameters
    ----------
    dictionary : Dictionary
        What is written.
    folder : str or Path
        A new folder, or one that holds a dictionary, which is replaced.

    Returns
    -------
    Path
        The folder, whole or absent.

    Raises
    ------
    InputError
        A folder that holds something else, or cannot be written.

    Warns
    -----
    RuntimeWarning
        The card cannot say what the dictionary was learned from.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from unbraid.sparse import PCA, fit
    >>> learned = fit(np.random.default_rng(0).normal(size=(50, 3)), PCA())
    >>> folder = save_pretrained(learned, tempfile.mkdtemp() + "/pca")
    >>> (folder / "README.md").read_text().startswith("---")
    True
    """
    target = save(dictionary, as_path(folder, "folder"), {"README.md": _card(dictionary)})
    _warn_if_unsaid(dictionary)
    return target


def push_to_hub(
    dictionary: Dictionary,
    name: str,
    *,
    subfolder: str | None = None,
    revision: str | None = None,
    private: bool | None = None,
    token: str | None = None,
    message: str = "Add a dictionary",
) -> str:
    """Upload a dictionary and its card; the repository is made if it does not exist.

    Parameters
    ----------
    dictionary : Dictionary
        What is uploaded.
    name : str
        Repository, ``owner/name``.
    subfolder : str, optional
        Folder within it, for repositories of many dictionaries.
    revision : str, optional
        Branch to commit to.
    private : bool, optional
        Whether a new repository is private; by default as the owner's settings say.
    token : str, optional
        Access token with the right to write.
    message : str
        Commit message.

    Returns
    -------
    str
        Address of the commit.

    Raises
    ------
    InputError
        huggingface_hub is not installed; a name that is no repository's.
    UnbraidError
        The hub refused, or cannot be reached.

    Examples
    --------
    Without an account nothing is uploaded; ``save_pretrained`` writes the same files for
    inspection:

    >>> import tempfile
    >>> import numpy as np
    >>> from unbraid.sparse import PCA, fit
    >>> learned = fit(np.random.default_rng(0).normal(size=(50, 3)), PCA())
    >>> folder = save_pretrained(learned, tempfile.mkdtemp() + "/pca")
    >>> "README.md" in [file.name for file in folder.iterdir()]
    True
    """
    hub = _hub()
    with tempfile.TemporaryDirectory(prefix="unbraid-") as place:
        folder = save_pretrained(dictionary, Path(place) / "dictionary")
        try:
            api = hub.HfApi(token=token)
            api.create_repo(name, private=private, exist_ok=True)
            commit = api.upload_folder(
                repo_id=name,
                folder_path=folder,
                path_in_repo=subfolder,
                revision=revision,
                commit_message=message,
                ignore_patterns=RECORD,  # it is about the folder on this disk
            )
        except Exception as error:  # the hub's client raises many kinds
            raise _refused(name, error) from None
    return str(getattr(commit, "commit_url", commit))


def _fetched(name: str, **options: Any) -> Path:
    hub = _hub()
    try:
        return Path(hub.snapshot_download(name, **options))
    except Exception as error:  # the hub's client raises many kinds
        raise _refused(name, error) from None


def _hub() -> Any:
    return need(
        "huggingface_hub", "hf", "The Hugging Face hub", " A folder on disk is read without it."
    )


def _refused(name: str, error: Exception) -> UnbraidError:
    line = (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    if isinstance(error, ValueError):  # not a name that a repository can have
        return InputError(f"{name!r} is neither a folder nor a repository owner/name ({line}).")
    return UnbraidError(f"The hub could not serve {name!r}: {type(error).__name__}: {line}")


def _warn_if_unsaid(dictionary: Dictionary) -> None:
    """Say that SAELens will refuse what is saved, where it has no layout that means the same."""
    unsaid = _layout.unsaid(dictionary)
    if unsaid is not None:
        warnings.warn(
            f"SAELens has no layout for {unsaid}: it refuses the folder, which Unbraid opens.",
            RuntimeWarning,
            stacklevel=3,
        )


def _card(dictionary: Dictionary) -> str:
    m, p = dictionary.atoms.shape
    seen = dictionary.evidence
    rows = {
        "Variance unexplained (training stimuli)": seen.fvu,
        "Active latents per stimulus": seen.l0,
        "Share of latents never active": seen.dead,
    }
    known = [f"| {what} | {value:.4g} |" for what, value in rows.items() if value == value]
    table = ["", "| Evidence | Value |", "| --- | --- |", *known] if known else []
    described = json.dumps(dictionary.method.describe(), indent=1)
    return "\n".join([
        "---",
        "library_name: unbraid",
        "tags: [unbraid, sparse-autoencoder, dictionary-learning, interpretability]",
        "---",
        "",
        f"# A dictionary of {m} atoms in {p} dimensions",
        "",
        "```python",
        "from unbraid.sparse import from_pretrained",
        "",
        'codes = from_pretrained("owner/name").encode(x)',
        "```",
        "",
        "SAELens opens it too: `SAE.load_from_disk(folder)`."
        if _layout.unsaid(dictionary) is None
        else f"SAELens has no layout for {_layout.unsaid(dictionary)}, and refuses it.",
        *table,
        "",
        "Learned by:",
        "",
        "```json",
        described,
        "```",
        "",
    ])  # fmt: skip
