"""What an image processor of transformers does to an image, as one Preprocess; else refused."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from unbraid.errors import InputError
from unbraid.responses.pictures._preprocess import Preprocess

_FILTERS: Any = dict(enumerate(("nearest", "lanczos", "bilinear", "bicubic", "box", "hamming")))
"""As Pillow numbers them."""
_PLAIN = {
    *("Beit", "Bit", "Blip", "ChineseCLIP", "CLIP", "DeiT", "DINOv3ViT", "DPT", "Llava", "OwlViT"),
    *("MobileNetV1", "MobileNetV2", "Pvt", "Segformer", "Siglip", "Tipsv2", "ViT"),
}
"""Processors that resize, crop, scale and normalise, and do nothing else."""
_OWN = {"ConvNext", "EfficientNet", "Levit", "MobileViT", "PoolFormer"}
"""Processors with a rule of their own, written out below."""
_USED = {
    *("do_resize", "size", "resample", "do_center_crop", "crop_size", "do_rescale"),
    *("rescale_factor", "do_normalize", "image_mean", "image_std"),
}
_NO_MATTER = {
    *("image_processor_type", "feature_extractor_type", "processor_class", "do_convert_rgb"),
    *("default_to_square", "data_format", "input_data_format", "return_tensors", "device"),
    *("disable_grouping", "do_reduce_labels", "reduce_labels"),
}
_WARPED = 384  # side from which ConvNeXt's processor stretches and crops nothing


def image_preprocess(options: Any, where: str) -> Preprocess:
    """Return what an image processor's options mean; as its ``to_dict`` gives them, all of them.

    An option that is set and not understood is refused, and so is a processor whose rule is not
    known: each that is was compared with the library's own output.
    """
    if not isinstance(options, Mapping):
        raise InputError(f"{where} must hold a JSON object, got {type(options).__name__}.")
    kind, options = _kind(options, where), dict(options)
    flipped = options.pop("do_flip_channel_order", None) if kind == "MobileViT" else None
    options = _in_plain_words(kind, options)
    odd = [
        name for name in options.keys() - _USED - _NO_MATTER if options[name] not in (None, False)
    ]
    if odd:
        raise InputError(
            f"{where}: {min(odd)}={options[min(odd)]!r} is not understood; give "
            "preprocess=Preprocess(...) yourself."
        )
    missing = [name for name in _needed(options) if options.get(name) is None]
    if missing:
        raise InputError(f"{where} does not say {missing[0]}.")
    if not options.get("do_resize"):
        raise InputError(f"{where} does not resize; give preprocess=Preprocess(...) yourself.")
    if options["resample"] not in _FILTERS:
        raise InputError(f"{where}: there is no resample={options['resample']!r} in Pillow.")
    rescaled, normal = options.get("do_rescale"), options.get("do_normalize")
    return Preprocess(
        **_sides(options, where),
        center="floor",
        filter=_FILTERS[options["resample"]],
        scale=1 / options["rescale_factor"] if rescaled else 1.0,
        mean=_numbers(options["image_mean"]) if normal else (0.0,),
        std=_numbers(options["image_std"]) if normal else (1.0,),
        channels="bgr" if flipped else "rgb",
    )


def _kind(options: Mapping[str, Any], where: str) -> str:
    """Return a processor's name without what its versions were called beside it."""
    said = options.get("image_processor_type") or options.get("feature_extractor_type")
    kind = re.sub(r"(ImageProcessor|FeatureExtractor)(Fast|Pil)?$", "", str(said))
    if kind not in _PLAIN | _OWN:
        raise InputError(
            f"{where}: what {said} does to an image is not known here (known: "
            f"{', '.join(sorted(_PLAIN | _OWN))}); give preprocess=Preprocess(...) yourself."
        )
    return kind


def _in_plain_words(kind: str, options: dict[str, Any]) -> dict[str, Any]:
    """Say what processors with a rule of their own do in the options of plain ones."""
    size = options.get("size")
    side = size.get("shortest_edge") if isinstance(size, Mapping) else None
    if kind == "EfficientNet":
        return _twice_normalised(options)
    if kind == "DPT" and options.get("ensure_multiple_of") == 1:
        options["ensure_multiple_of"] = None
    if side is None:
        return options
    part = options.pop("crop_pct", None) if kind in ("ConvNext", "PoolFormer") else None
    if kind == "ConvNext" and side >= _WARPED:
        return {**options, "size": {"height": side, "width": side}}
    if kind == "ConvNext":  # the side is that of the crop
        options |= {"crop_size": {"height": side, "width": side}, "do_center_crop": True}
    if part is not None:
        options["size"] = {"shortest_edge": int(side / part)}
    if kind == "Levit":
        options["size"] = {"shortest_edge": int(256 / 224 * side)}
    return options


def _twice_normalised(options: dict[str, Any]) -> dict[str, Any]:
    """Return EfficientNet's options: an offset of one, and the deviation divided by twice."""
    normal, deviation = options.get("do_normalize"), options.get("image_std")
    offset, top = options.pop("rescale_offset", None), options.pop("include_top", None)
    if not isinstance(deviation, list | tuple):
        return options
    mean = options.get("image_mean") if normal else [0.0] * len(deviation)
    std = deviation if normal else [1.0] * len(deviation)
    if offset and isinstance(mean, list | tuple):
        mean = [m + 1 for m in mean]
    if top:
        std = [s * d for s, d in zip(std, deviation, strict=True)]
    return {**options, "do_normalize": True, "image_mean": mean, "image_std": std}


def _needed(options: Mapping[str, Any]) -> list[str]:
    """Return the options that must be given, for what is done."""
    steps = {
        "do_resize": ("size", "resample"),
        "do_center_crop": ("crop_size",),
        "do_rescale": ("rescale_factor",),
        "do_normalize": ("image_mean", "image_std"),
    }
    return [name for step, names in steps.items() if options.get(step) for name in names]


def _sides(options: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return size, resize and fit."""
    size = _named(options["size"])
    crop = _named(options["crop_size"]) if options.get("do_center_crop") else None
    if crop is not None and set(crop) != {"height", "width"}:
        raise InputError(
            f"{where}: crop_size must have a height and a width, got {json.dumps(crop)}."
        )
    inner = None if crop is None else (crop["height"], crop["width"])
    if set(size) == {"height", "width"}:
        outer: Any = (size["height"], size["width"])
        found = {"size": inner or outer, "resize": outer, "fit": "stretch"}
        least = outer
    elif set(size) == {"shortest_edge"} and inner:
        found = {"size": inner, "resize": size["shortest_edge"]}
        least = (size["shortest_edge"],) * 2
    else:
        raise InputError(
            f"{where} must bring every image to one size, got size={json.dumps(options['size'])}"
            f"{'' if inner else ' and no crop'}."
        )
    if inner and (inner[0] > least[0] or inner[1] > least[1]):
        raise InputError(
            f"{where} crops {inner} from images of {least}, whose margins its versions fill "
            "differently; give preprocess=Preprocess(...) yourself."
        )
    return found


def _named(size: Any) -> dict[str, int]:
    """Return sides by name; others than numbers are left out."""
    named = size if isinstance(size, Mapping) else {}
    return {key: side for key, side in named.items() if side is not None}


def _numbers(value: Any) -> tuple[float, ...]:
    return tuple(value) if isinstance(value, list | tuple) else (value,)
