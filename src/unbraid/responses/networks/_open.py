"""One way to name a model: a known network, a folder of transformers, torchvision's or timm's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unbraid.errors import InputError
from unbraid.responses._files import as_path, check_file
from unbraid.responses.networks import _timm, _torchvision
from unbraid.responses.networks._huggingface import blocks, huggingface, prefix
from unbraid.responses.networks._zoo import (
    NETWORKS,
    Network,
    network,
    read_state,
    said_of,
    seeded,
    weights_file,
)


def open_network(
    name: Any, weights: Any = None, *, untrained: bool = False, rng: Any = 0
) -> Network:
    """Open a network by name, with the preprocessing that it needs.

    Parameters
    ----------
    name : str or Path
        One of ``squeezenet1_1``, ``efficientnet_lite0`` to ``2``, ``resnet20_cifar10``; a folder
        that transformers' ``save_pretrained`` wrote; ``torchvision:NAME`` or ``timm:NAME`` where
        those import. Where the library prepares images differently for the weights that it has of
        one model, ``NAME.WEIGHTS`` says which: ``torchvision:resnet50.IMAGENET1K_V2``,
        ``timm:vit_base_patch16_224.dino``.
    weights : str or Path
        File (``.safetensors``, or a state dict as torch saves it, read with
        ``weights_only=True``), or a folder of such files named after the network. A folder of
        transformers brings its own. There is no default: nothing is downloaded.
    untrained : bool
        Random weights in their place, as the library starts them: the control.
    rng : int or Generator
        What random weights are drawn from; torch's own generator is not touched.

    Returns
    -------
    Network
        ``record(net, pictures, net.layers)`` records it; ``net.origin`` says the file of the
        weights and its hash, or that they are random, whose preprocessing it has, and the version
        of its library.

    Raises
    ------
    InputError
        Unknown name, missing library, weights that are missing or do not fit; preprocessing that
        is not stated, or in several ways.

    Examples
    --------
    >>> net = open_network("resnet20_cifar10", untrained=True, rng=3)
    >>> net.name, len(net.layers) > 3
    ('resnet20_cifar10', True)
    """
    text = str(name)
    if text in NETWORKS:
        return network(text, weights, untrained=untrained, rng=rng)
    library, colon, model_name = text.partition(":")
    if colon and library in _BUILD:
        path = weights_file(text, weights, untrained)
        path = None if path is None else _file_in(path, model_name)
        with seeded(rng):
            model, preprocess, about = _BUILD[library](model_name, path)
        if path is not None:
            _fill(model, path)
        origin = {"network": text, "weights": said_of(path, rng), **about}
        return Network(text, model.eval(), preprocess, blocks(model), prefix(model), origin)
    if as_path(name, "name").is_dir():
        if weights is not None:
            raise InputError("A folder of transformers brings its own weights; leave weights out.")
        return huggingface(name, untrained=untrained, rng=rng)
    raise InputError(
        f"There is no network {text!r}; give one of {', '.join(NETWORKS)}, a folder that "
        "transformers wrote, torchvision:NAME or timm:NAME."
    )


_BUILD = {"torchvision": _torchvision.build, "timm": _timm.build}


def _file_in(path: Path, name: str) -> Path:
    """Return the file of weights that a folder holds; a file itself."""
    if not path.is_dir():
        check_file(path)
        return path
    names = [f"{name}.safetensors", f"{name}.pth", "model.safetensors", "pytorch_model.bin"]
    found = [path / each for each in names if (path / each).is_file()]
    if not found:
        raise InputError(f"{path} holds none of {', '.join(names)}.")
    return found[0]


def _fill(model: Any, path: Path) -> None:
    """Load a state dict without unpickling anything but tensors."""
    state = read_state(path)
    try:
        model.load_state_dict(state)
    except (RuntimeError, TypeError) as error:
        first = [line.strip() for line in str(error).splitlines() if line.strip()][-1]
        raise InputError(f"{path} does not fit {type(model).__name__}: {first[:160]}") from None
