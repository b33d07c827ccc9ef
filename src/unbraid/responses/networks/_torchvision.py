"""Models of torchvision with the preprocessing that it states for each of their weights."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

from unbraid.errors import InputError
from unbraid.responses.networks._zoo import library
from unbraid.responses.pictures._preprocess import Preprocess
from unbraid.responses.stores._shards import sha256

_HASH = re.compile(r"-([0-9a-f]{8,})\.\w+$")  # in the address of weights, of the file's own hash


def build(name: str, weights: Path | None) -> tuple[Any, Preprocess, dict[str, Any]]:
    """Return a model without weights, its preprocessing, and what is said of it.

    ``name`` may end in the name of weights, as torchvision's enumeration lists them:
    ``resnet50.IMAGENET1K_V2``. Without it, a file that torchvision published is known by its hash;
    otherwise all weights of the model must state the same preprocessing.
    """
    torchvision = library("torchvision")
    models = library("torchvision.models")
    name, _, tag = name.partition(".")
    try:
        members = list(models.get_model_weights(name))
    except (ValueError, KeyError):
        raise InputError(f"torchvision has no model {name!r}.") from None
    chosen = _choose(name, tag, members, weights)
    how = preprocess(name, chosen)
    options: dict[str, Any] = {}
    if name.startswith("vit_"):  # the number of positions follows from the size
        options["image_size"] = how.size
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about how it will start its weights some day
        model = models.get_model(name, weights=None, **options)
    about = {"prepared as for": chosen.name, "torchvision": torchvision.__version__}
    if hasattr(model, "transform_input"):  # so do all weights of those that can
        model.transform_input = True
        about["transform_input"] = True
    return model, how, about


def _choose(name: str, tag: str, members: list[Any], weights: Path | None) -> Any:
    """Return the member of the enumeration that is meant."""
    names = ", ".join(member.name for member in members)
    known = _known(members, weights)
    if tag and tag not in [member.name for member in members]:
        raise InputError(f"torchvision's {name} has no weights {tag!r}; it has {names}.")
    if tag and known is not None and known.name != tag:
        raise InputError(f"{weights} is {name}.{known.name} by its hash, not {name}.{tag}.")
    if tag:
        return next(member for member in members if member.name == tag)
    if known is not None:
        return known
    if not members:
        raise InputError(f"torchvision states no preprocessing for {name}.")
    if len({repr(member.transforms()) for member in members}) > 1:
        raise InputError(
            f"torchvision prepares images for {name} in different ways; say for which weights: "
            f"torchvision:{name}.{members[0].name} (it has {names})."
        )
    return members[0]


def _known(members: list[Any], weights: Path | None) -> Any:
    """Return the member that a file is, by the hash in its address; else None."""
    if weights is None or not weights.is_file():
        return None
    digest = sha256(weights)
    for member in members:
        found = _HASH.search(str(member.url))
        if found and digest.startswith(found[1]):
            return member
    return None


def preprocess(name: str, member: Any) -> Preprocess:
    """Return what torchvision's ``ImageClassification`` does to an image."""
    how = member.transforms()
    try:
        (resize,), (*_, size) = how.resize_size, how.crop_size
        return Preprocess(
            size=size,
            resize=resize,
            filter=how.interpolation.value,
            mean=tuple(how.mean),
            std=tuple(how.std),
        )
    except (AttributeError, TypeError, ValueError):
        raise InputError(
            f"torchvision prepares images for {name} by {type(how).__name__}, which crops no "
            "square; give the model to record() with a preprocess of your own."
        ) from None
