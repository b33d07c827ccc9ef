"""Dictionaries that other libraries trained, read into ours, and ours written for them."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from unbraid import _folders
from unbraid.errors import InputError, UnbraidError
from unbraid.responses._files import as_path
from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse.formats import _layout
from unbraid.sparse.formats.foreign import (
    dictionary_learning,
    gemma_scope,
    generic,
    openai,
    overcomplete,
    saelens,
    saev,
    sparsify,
)
from unbraid.sparse.formats.foreign._assemble import Parts, assemble
from unbraid.sparse.formats.foreign._imported import Imported
from unbraid.sparse.formats.foreign._recognise import recognise
from unbraid.sparse.formats.foreign._source import Given, Source
from unbraid.sparse.formats.native import own_fields
from unbraid.sparse.inference._encoder import Activation

READERS: dict[str, Callable[[Source], Parts]] = {
    "saelens": saelens.read,
    "sparsify": sparsify.read,
    "dictionary_learning": dictionary_learning.read,
    "overcomplete": overcomplete.read,
    "saev": saev.read,
    "openai": openai.read,
    "gemma_scope": gemma_scope.read,
    "generic": generic.read,
}
WRITERS: dict[str, Callable[[Dictionary, Path], None]] = {
    "sparsify": sparsify.write,
    "dictionary_learning": dictionary_learning.write,
}
_FILES = {module.__name__.rpartition(".")[2]: (module.CONFIG, module.WEIGHTS)
          for module in (sparsify, dictionary_learning)}  # fmt: skip


def load_foreign(
    path: str | Path,
    format: str | None = None,
    *,
    activation: Activation | None = None,
    k: int | None = None,
    threshold: float | None = None,
    centred: bool | None = None,
    normalization: str | None = None,
    scale: float | None = None,
    ignore: Iterable[str] = (),
) -> Dictionary:
    """Read a sparse autoencoder that another library trained.

    Its weights are brought to ``codes = activation((x - offset) @ weights + bias)`` and
    ``x ~ offset + codes @ atoms``; ``encode`` and ``decode`` then agree with the library's own.

    Parameters
    ----------
    path : str or Path
        A checkpoint's folder or its weights file.
    format : str, optional
        Library that wrote it, a key of ``READERS``: ``saelens``, ``sparsify``,
        ``dictionary_learning``, ``overcomplete``, ``saev``, ``openai`` or ``gemma_scope``;
        ``generic`` for an autoencoder of one's own. Told from the names of the files and tensors
        unless given; names that several libraries use are read as ``generic``.
    activation : str, optional
        What the encoder does, where the file does not say: ``relu``, ``topk``, ``signed_topk``,
        ``abstopk``, ``jumprelu`` or ``tanh_relu`` (see ``Encoder``).
    k : int, optional
        Active latents, where the file does not say.
    threshold : float, optional
        Score above which a latent stays (``jumprelu``, and what batch top-k encodes with), where
        the file does not say.
    centred : bool, optional
        Whether the output's bias is subtracted before encoding, where the file does not say.
    normalization : {"l2", "max_l2", "l1", "max_l1", "identity"}, optional
        How ``overcomplete`` normalises atoms that are not of unit length in the file.
    scale : float, optional
        The factor that the training multiplied its responses by, folded into the weights, so that
        ``encode`` takes them as they are.
    ignore : sequence of str
        Tensors, settings or configuration files to leave unread although this reader does not know
        that they change nothing.

    Returns
    -------
    Dictionary
        ``method`` is an ``Imported`` that names the library and the file, and in ``unread`` what of
        the file was not used. Input transforms (layer normalisation) are kept as ``transform``.

    Raises
    ------
    InputError
        A file that is damaged, hostile, of an unknown layout, or that two layouts fit; one that
        holds pickled objects; a transcoder, which predicts another layer; an activation without a
        rule; a tensor or a setting that no rule used and that could change the codes.

    Notes
    -----
    Nothing is unpickled, and sizes are checked before anything is allocated. Names never decide
    what several libraries mean differently by them: a state dict of ``encoder.weight`` and
    ``decoder.weight`` alone is asked for ``activation=``.

    Examples
    --------
    >>> from unbraid.sparse import load_foreign
    >>> load_foreign("layers.5")  # doctest: +SKIP
    Dictionary(24576 atoms in 768 dimensions by Imported, ...)
    """
    if format is not None and format not in READERS:
        raise InputError(f"There is no format {format!r}; {_known(format, READERS)}")
    if scale is not None and not 0 < scale < float("inf"):
        raise InputError(f"scale must be a positive number, got {scale!r}.")
    names = frozenset([ignore] if isinstance(ignore, str) else _names(ignore))
    given = Given(
        activation=activation,
        k=k,
        threshold=threshold,
        centred=centred,
        normalization=normalization,
        scale=scale,
        ignore=names,
    )
    source = recognise(as_path(path), format, given)
    if source.library == "saelens" and own_fields(source.weights.parent) is not None:
        source.says_all()
        return Dictionary.load(source.weights.parent)
    parts = READERS[source.library](source)
    parts = replace(parts, method=parts.method.with_unread(source.unread()))
    return assemble(parts if scale is None else parts.scaled(scale))


def export(dictionary: Dictionary, folder: str | Path, format: str) -> Path:
    """Write a dictionary as another library does, for that library to open.

    Parameters
    ----------
    dictionary : Dictionary
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
    """
    from safetensors import SafetensorError

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
        raise InputError(f"There is no export format {format!r}; {_known(format, WRITERS)}")
    try:
        kind = f"dictionary exported for {format}"
        with _folders.writing(target, kind, _FILES[format], overwrite=True) as new:
            WRITERS[format](dictionary, new)
    except (SafetensorError, RuntimeError) as error:  # what they make of a full disk
        reason = str(error).partition("\n")[0]
        raise UnbraidError(f"{target} could not be written: is the disk full? ({reason})") from None
    return target


def _names(ignore: Any) -> list[str]:
    """Return names of what to ignore, refusing anything else."""
    names = list(ignore) if isinstance(ignore, Iterable) else [ignore]
    if not all(isinstance(name, str) for name in names):
        raise InputError(f"ignore must be names of tensors, settings or files, got {ignore!r}.")
    return names


def _known(name: Any, table: dict[str, Any]) -> str:
    close = difflib.get_close_matches(str(name).lower(), table, n=1)
    return f"did you mean {close[0]!r}?" if close else f"known are {', '.join(table)}."


__all__ = ["READERS", "WRITERS", "Imported", "export", "load_foreign"]
