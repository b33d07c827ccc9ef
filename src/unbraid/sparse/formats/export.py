"""A dictionary written for another library to open."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from safetensors import SafetensorError

from unbraid import _folders
from unbraid.errors import InputError, UnbraidError
from unbraid.responses._files import as_path
from unbraid.sparse.formats import _layout
from unbraid.sparse.formats._open import nearest
from unbraid.sparse.formats.foreign import dictionary_learning, sparsify

if TYPE_CHECKING:
    from unbraid.sparse._dictionary import Dictionary

WRITERS: dict[str, Callable[[Dictionary, Path], None]] = {
    "sparsify": sparsify.write,
    "dictionary_learning": dictionary_learning.write,
}
_FILES = {module.__name__.rpartition(".")[2]: (module.CONFIG, module.WEIGHTS)
          for module in (sparsify, dictionary_learning)}  # fmt: skip


def export(dictionary: Dictionary, folder: str | Path, format: str) -> Path:
    """Write a dictionary as another library does, for that library to open.

    Parameters
    ----------
    dictionary : Dictionary
        One with an encoder.
    folder : str or Path
        A new or empty folder; an exported checkpoint of the same format there is replaced.
    format : {"saelens", "sparsify", "dictionary_learning"}
        ``saelens`` is our own layout, which keeps everything; it is refused where SAELens would
        find other codes. The other two keep atoms, offset and encoder, and lose method and
        evidence.

    Returns
    -------
    Path
        The folder, whole or absent.

    Raises
    ------
    InputError
        A dictionary whose codes the library would not reproduce, such as one without an encoder.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from unbraid.sparse import PCA, fit, load_foreign
    >>> dictionary = fit(np.random.default_rng(0).normal(size=(50, 3)), PCA())
    >>> export(dictionary, tempfile.mkdtemp() + "/sae", "sparsify")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ...
    unbraid.errors.InputError: ...
    """
    target = as_path(folder, "folder")
    if format == "saelens":
        unsaid = _layout.unsaid(dictionary)
        if unsaid is not None:
            raise InputError(
                f"The saelens layout cannot hold {unsaid}; use dictionary.save(folder), which "
                "Unbraid opens and SAELens refuses."
            )
        return dictionary.save(target)
    if format not in WRITERS:
        raise InputError(f"There is no export format {format!r}; {nearest(format, WRITERS)}")
    try:
        kind = f"dictionary exported for {format}"
        with _folders.writing(target, kind, _FILES[format], overwrite=True) as new:
            WRITERS[format](dictionary, new)
    except (SafetensorError, RuntimeError) as error:  # what they make of a full disk
        reason = str(error).partition("\n")[0]
        raise UnbraidError(f"{target} could not be written: is the disk full? ({reason})") from None
    return target
