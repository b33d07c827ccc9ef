"""Formats that are not read, and what to do with a file of each."""

from __future__ import annotations

import difflib
from collections.abc import Collection
from pathlib import Path

from unbraid.errors import InputError
from unbraid.responses._files import check_file

_PICKLES = {".pkl", ".pickle", ".th", ".joblib", ".ckpt", ".p", ".jbl"}
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
