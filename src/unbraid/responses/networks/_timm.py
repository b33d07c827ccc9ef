"""Models of timm with the preprocessing that their configuration states."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unbraid.errors import InputError
from unbraid.responses._files import parse_json
from unbraid.responses.networks._zoo import library
from unbraid.responses.pictures._preprocess import Preprocess


def build(name: str, weights: Path | None) -> tuple[Any, Preprocess, dict[str, Any]]:
    """Return a model without weights, its preprocessing, and what is said of it.

    ``name`` may end in a tag, as timm lists them (``vit_base_patch16_224.dino``); without one, all
    weights of the model must state the same preprocessing. A ``config.json`` of timm beside the
    weights says it itself.
    """
    timm = library("timm")
    stated = _beside(name, weights)
    if not stated:
        _check_one_way(timm, name)
    try:
        model = timm.create_model(name, pretrained=False, **stated)
    except (RuntimeError, TypeError) as error:
        raise InputError(f"timm has no model {name!r} ({str(error).splitlines()[0]}).") from None
    how = timm.data.resolve_model_data_config(model)
    tag = "config.json beside the weights" if stated else model.pretrained_cfg.get("tag")
    return model, preprocess(how, name), {"prepared as for": tag, "timm": timm.__version__}


def preprocess(how: Mapping[str, Any], name: str) -> Preprocess:
    """Return what timm's evaluation does to an image, by its data configuration."""
    channels, *size = how["input_size"]
    if channels != 3:
        raise InputError(f"timm:{name} takes images of {channels} channels, expected 3.")
    before = [math.floor(side / how["crop_pct"]) for side in size]
    options: dict[str, Any] = {"size": tuple(size), "resize": tuple(before)}
    if how["crop_mode"] == "squash":
        options["fit"] = "stretch"
    elif how["crop_mode"] == "border":
        fill = tuple(round(255 * shade) for shade in how["mean"])
        options |= {"fit": "inside", "fill": fill}
    elif how["crop_mode"] != "center":
        raise InputError(f"timm:{name} has a crop_mode {how['crop_mode']!r} that is not known.")
    elif before[0] == before[1]:
        options["resize"] = before[0]
    return Preprocess(
        filter=how["interpolation"], mean=tuple(how["mean"]), std=tuple(how["std"]), **options
    )


def _check_one_way(timm: Any, name: str) -> None:
    """Refuse a model whose weights state different preprocessing, unless one is named."""
    if "." in name:
        return
    resolve = timm.data.resolve_data_config
    ways = {
        tagged: preprocess(resolve(pretrained_cfg=stated.to_dict()), tagged)
        for tagged, stated in timm.models.get_arch_pretrained_cfgs(name).items()
    }
    if len({*ways.values()}) > 1:
        raise InputError(
            f"timm prepares images for {name} in different ways; say for which weights: "
            f"timm:{next(iter(ways))} (it has {', '.join(ways)})."
        )


def _beside(name: str, weights: Path | None) -> dict[str, Any]:
    """Return the options that timm wrote beside weights, if it did."""
    where = None if weights is None else weights.parent / "config.json"
    if where is None or not where.is_file():
        return {}
    config = parse_json(where.read_bytes(), str(where))
    if not isinstance(config, dict) or not isinstance(config.get("pretrained_cfg"), dict):
        return {}
    built = config.get("architecture")
    if built != name.partition(".")[0]:
        raise InputError(f"{where} belongs to timm:{built}, not to timm:{name}.")
    counted = {"num_classes": config["num_classes"]} if "num_classes" in config else {}
    return counted | (config.get("model_args") or {}) | {"pretrained_cfg": config["pretrained_cfg"]}
