"""Formats that are not read, and what to do with a file of each."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from pathlib import Path

from unbraid.errors import InputError
from unbraid.responses._files import check_file

_PICKLES = {".pkl", ".pickle", ".th", ".joblib", ".ckpt", ".p", ".jbl"}
_FILES_SHOWN = 4  # names in a message of one line
_DICTIONARIES = {"cfg.json", "sae_weights.safetensors", "sae.safetensors", "ae.pt", "params.npz"}
_PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"}
_EPOCHS = (
    "in Python: epochs = {call}, then unbraid.from_trials(epochs.get_data().mean(2), stimuli), "
    "as the docs' page Bring your own shows"
)
_SPIKES = "export its sorted spikes as NWB or as a folder of phy (SpikeInterface writes both)"
_OTHERS = {
    ".gii": "in Python: numpy.stack([d.data for d in nibabel.load(FILE).darrays]) are its maps, "
    "one per row; save them as .npy",
    ".fif": _EPOCHS.format(call="mne.read_epochs(FILE)"),
    ".set": _EPOCHS.format(call="mne.read_epochs_eeglab(FILE)"),
    ".vhdr": _EPOCHS.format(call="mne.Epochs(mne.io.read_raw_brainvision(FILE), events)"),
    ".eeg": "open the .vhdr beside it by mne.io.read_raw_brainvision",
    ".edf": _EPOCHS.format(call="mne.Epochs(mne.io.read_raw(FILE), events)"),
    ".bdf": _EPOCHS.format(call="mne.Epochs(mne.io.read_raw(FILE), events)"),
    ".nev": _SPIKES,
    ".ns5": _SPIKES,
    ".plx": _SPIKES,
    ".rhd": _SPIKES,
    ".smr": _SPIKES,
    **dict.fromkeys(
        sorted(_PICTURES),
        "it is a picture; unbraid record NETWORK FOLDER -o R makes responses to pictures",
    ),
    ".tif": "it holds pictures; responses are what was extracted from them (.npy, .nwb, Suite2p)",
    ".tiff": "it holds pictures; responses are what was extracted from them (.npy, .nwb, Suite2p)",
    ".rds": "in R: write.csv(x, 'x.csv')",
    ".rdata": "in R: write.csv(x, 'x.csv')",
    ".sav": "save it as CSV UTF-8",
    ".json": "save it as CSV UTF-8, or as .npz",
    ".jsonl": "save it as CSV UTF-8, or as .npz",
    ".zip": "unpack it first (only .zarr.zip is read packed)",
    ".tar": "unpack it first",
    ".mgh": "convert it to NIfTI (.nii.gz)",
    ".mgz": "convert it to NIfTI (.nii.gz)",
    ".h4": "convert it to HDF5 (.h5)",
    ".xls": "save it as CSV UTF-8",
    ".xlsx": "save it as CSV UTF-8",
    ".feather": "save it as Parquet",
    ".gz": "unpack it first (.nii.gz and text tables are read packed)",
}
"""Suffix of a format that is not read, though its name may be like another's -> what to do."""


def no_responses(path: Path, readers: Collection[str]) -> InputError:
    """Return the error for a folder that is none of those that are read."""
    held = sorted(each for each in path.iterdir() if not each.name.startswith("."))
    names = {each.name for each in held}
    shown = ", ".join(each.name for each in held[:_FILES_SHOWN]) + ", ..." * (
        len(held) > _FILES_SHOWN
    )
    if any(name.startswith("shard-") for name in names):
        what = "writing it was not finished; record again to resume"
    elif not held:
        what = "it is empty"
    elif "result.json" in names:
        what = "it is a saved run: unbraid report writes its page, unbraid.load_run reads it"
    elif names & _DICTIONARIES:
        what = (
            "it is a dictionary. Give responses there, and the dictionary as such (compare: "
            "--dictionary-x, in Python dictionaries=)"
        )
    elif any(each.suffix.lower() in _PICTURES for each in held):
        what = f"it holds pictures; unbraid record NETWORK {path} -o FOLDER makes responses to them"
    elif readable := [each.name for each in held if each.suffix.lower() in readers]:
        readable.sort(key=lambda name: name.endswith(".txt"))  # notes and ids come last
        more = ", ..." * (len(readable) > _FILES_SHOWN)
        what = f"give one of the files in it ({', '.join(readable[:_FILES_SHOWN])}{more})"
    else:
        what = (
            f"it holds {shown}. Read are folders that unbraid record wrote (manifest.json), of "
            "Suite2p, phy, THINGSvision, NIfTI images and of activations in .arrow"
        )
    return InputError(f"{path} is no folder of responses: {what}.")


def not_read(path: Path, suffix: str, readers: Collection[str]) -> InputError:
    """Return the error for a suffix that no reader has."""
    if suffix in _PICKLES:
        return InputError(
            f"{path} is a pickle, which could run any program and is never opened. "
            "Save the responses as .safetensors or .npz."
        )
    check_file(path)
    if suffix in _OTHERS:
        raise InputError(f"{path}: {suffix} is not read; {_OTHERS[suffix]}.")
    close = difflib.get_close_matches(suffix, readers, n=1, cutoff=0.75)
    hint = f" Did you mean {close[0]}?" if close else ""
    return InputError(
        f"{path} has no known suffix, got {suffix or 'none'!r}; known: {', '.join(readers)}.{hint}"
    )
