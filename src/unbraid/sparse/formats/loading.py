"""Dictionaries read from disk or the hub: ``load_foreign`` and ``from_pretrained``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from unbraid.sparse._dictionary import Dictionary
from unbraid.sparse.formats._open import open_foreign, open_pretrained
from unbraid.sparse.inference._encoder import Activation


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
        ``generic`` for an autoencoder of one's own. Recognised by the names of the files and
        tensors unless given; names that several libraries use are read as ``generic``.
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
    return open_foreign(
        Dictionary,
        path,
        format,
        activation=activation,
        k=k,
        threshold=threshold,
        centred=centred,
        normalization=normalization,
        scale=scale,
        ignore=ignore,
    )


def from_pretrained(
    name: str | Path,
    *,
    subfolder: str | None = None,
    revision: str | None = None,
    token: str | None = None,
    cache_folder: str | Path | None = None,
    offline: bool = False,
    **options: Any,
) -> Dictionary:
    """Read a dictionary from the hub, or from a folder on disk.

    Parameters
    ----------
    name : str
        A repository, ``owner/name``, or a folder that exists.
    subfolder : str, optional
        Folder (or weights file) within it, such as ``layers.5``.
    revision : str, optional
        Branch, tag or commit. Give a commit to get the same dictionary tomorrow.
    token : str, optional
        Access token; by default the one that ``hf auth login`` stored.
    cache_folder : str, optional
        Where downloads are kept.
    offline : bool
        Use what was downloaded before, and nothing else.
    **options
        Those of ``load_foreign``: ``format``, ``activation``, ``k``, ...

    Returns
    -------
    Dictionary
        Ours, or any layout that ``load_foreign`` reads.

    Raises
    ------
    InputError
        A name that is neither, a layout that cannot be read, or huggingface_hub not installed.
    UnbraidError
        The hub refused, or cannot be reached.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> from unbraid.sparse import PCA, fit, save_pretrained
    >>> learned = fit(np.random.default_rng(0).normal(size=(50, 3)), PCA(), rng=0)
    >>> folder = save_pretrained(learned, tempfile.mkdtemp() + "/pca")
    >>> np.array_equal(from_pretrained(folder).atoms, learned.atoms)
    True
    """
    return open_pretrained(
        Dictionary,
        name,
        subfolder=subfolder,
        revision=revision,
        token=token,
        cache_folder=cache_folder,
        offline=offline,
        **options,
    )
