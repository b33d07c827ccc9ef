"""Models of Hugging Face's transformers, vision and text, from a local folder; no pickles."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unbraid.errors import InputError
from unbraid.responses._files import as_path
from unbraid.responses._formats._foreign import need, reading
from unbraid.responses._formats._named import parse_json
from unbraid.responses._preprocess import Preprocess
from unbraid.responses._zoo import Network

_FILTERS: dict[int, Any] = {
    0: "nearest",
    1: "lanczos",
    2: "bilinear",
    3: "bicubic",
    4: "box",
}  # Pillow's numbers


_PREFIXES = ("cls_token", "distillation_token", "dist_token", "register_tokens", "reg_token")
_WARPED = 384  # side from which ConvNeXt's processor stretches and crops nothing


class Tokens:
    """Texts as a fixed number of tokens: the tokenizer of a folder, cut and padded."""

    def __init__(self, tokenizer: Any, n: int) -> None:
        self.tokenizer, self.n = tokenizer, n
        if tokenizer.pad_token is None:  # GPT's have none; what is padded is masked
            tokenizer.pad_token = tokenizer.eos_token or tokenizer.unk_token

    def __repr__(self) -> str:
        return f"Tokens({type(self.tokenizer).__name__}, {self.n})"

    def __call__(self, lines: Sequence[str]) -> Mapping[str, Any]:
        """Return the named arguments of the model."""
        if not all(isinstance(line, str) for line in lines):
            raise InputError("This network reads texts: give a list of them, or a .txt of lines.")
        return dict(
            self.tokenizer(
                list(lines),
                padding="max_length",
                truncation=True,
                max_length=self.n,
                return_tensors="pt",
            )
        )


def huggingface(folder: Any, *, tokens: int = 64) -> Network:
    """Open a transformers model in a local folder, with its preprocessing and its blocks.

    Parameters
    ----------
    folder : str or Path
        As ``save_pretrained`` writes it: ``config.json``, weights in ``.safetensors``, and
        ``preprocessor_config.json`` (images) or a tokenizer (text).
    tokens : int
        Texts are cut or padded to so many tokens.

    Returns
    -------
    Network
        ``layers`` are the model's blocks. Their outputs are (batch, tokens, channels): use
        ``ClassToken()``, ``ChannelMean()`` or ``Positions()``.

    Raises
    ------
    InputError
        Not such a folder; weights only as a pickle; an image processor that is not square.

    Notes
    -----
    Nothing is downloaded, no code of the folder is run. Images are prepared by ``Preprocess``.
    Of a model of images and texts (CLIP) the tower is opened that the folder prepares stimuli for,
    images first. A short text's padding has outputs, too: ``ChannelMean()`` and ``Positions()``
    take them along, ``ClassToken()`` does not; give texts of one length, or ``tokens`` that fits.
    """
    path = as_path(folder, "folder")
    if not (path / "config.json").is_file():
        raise InputError(f"{path} is not a folder of a transformers model (no config.json).")
    if not list(path.glob("*.safetensors")):
        raise InputError(f"{path} has no .safetensors weights; pickled ones are never opened.")
    transformers = need("transformers", "hf", "a transformers model")
    with reading(path, "transformers"):
        model = transformers.AutoModel.from_pretrained(
            str(path), local_files_only=True, trust_remote_code=False, use_safetensors=True
        )
    preprocess = _preprocess(path, transformers, tokens)
    tower = "text_model" if isinstance(preprocess, Tokens) else "vision_model"
    model = getattr(model, tower, model)  # of two towers (CLIP's) the one that sees the stimuli
    return Network(path.name, model.eval(), preprocess, blocks(model), prefix(model))


def prefix(model: Any) -> int:
    """Return how many tokens of a vision transformer stand before those of the image."""
    named = {name.rpartition(".")[2]: p for name, p in model.named_parameters()}
    return sum(named[name].shape[-2] for name in _PREFIXES if name in named)


def blocks(model: Any) -> tuple[str, ...]:
    """Return the names of a model's blocks: the members of its longest list of modules."""
    import torch

    lists = {n: m for n, m in model.named_modules() if isinstance(m, torch.nn.ModuleList)}
    if not lists:
        return tuple(name for name, _ in model.named_children())
    longest = max(lists, key=lambda name: len(lists[name]))
    return tuple(f"{longest}.{i}" for i in range(len(lists[longest])))


def _preprocess(path: Path, transformers: Any, tokens: int) -> Any:
    where = path / "preprocessor_config.json"
    if where.is_file():
        options = parse_json(where.read_bytes(), str(where))
        return image_preprocess(options, str(where))
    with reading(path, "transformers tokenizer"):
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            str(path), local_files_only=True, trust_remote_code=False
        )
    return Tokens(tokenizer, tokens)


def image_preprocess(options: Any, where: str) -> Preprocess:
    """Return what an image processor's configuration means."""
    if not isinstance(options, Mapping):
        raise InputError(f"{where} must hold a JSON object, got {type(options).__name__}.")
    options = _cropped(options)
    size, crop = _side(options.get("size"), where), _side(options.get("crop_size"), where)
    shorter = "shortest_edge" in size or options.get("size_divisor") is not None
    cropped = bool(options.get("do_center_crop")) and crop
    if not options.get("do_resize", True):
        raise InputError(f"{where} does not resize; give preprocess=Preprocess(...) yourself.")
    edge = next(iter(size.values()), None)
    if edge is None or len(set(size.values())) > 1 or (shorter and not cropped):
        raise InputError(f"{where} must resize to a square, got {json.dumps(options.get('size'))}.")
    normal = options.get("do_normalize", True)
    scale = options.get("rescale_factor", 1 / 255) if options.get("do_rescale", True) else 1.0
    return Preprocess(
        size=next(iter(crop.values())) if cropped else edge,
        resize=edge if shorter else None,
        filter=_FILTERS.get(options.get("resample", 2), "bilinear"),
        scale=1 / scale,
        mean=tuple(options.get("image_mean") or (0.0,)) if normal else (0.0,),
        std=tuple(options.get("image_std") or (1.0,)) if normal else (1.0,),
    )


def _cropped(options: Mapping[str, Any]) -> Mapping[str, Any]:
    """Say as others do what ConvNeXt's processor, which is ResNet's too, calls ``crop_pct``.

    A side below 384 is cut from the centre of an image whose shorter side is ``side / crop_pct``.
    """
    kind = str(options.get("image_processor_type", options.get("feature_extractor_type", "")))
    if "ConvNext" not in kind:
        return options
    size = options.get("size", {"shortest_edge": _WARPED})
    side = size.get("shortest_edge") if isinstance(size, Mapping) else size
    if not isinstance(side, int) or side >= _WARPED:
        return {**options, "size": side}
    shorter = int(side / options.get("crop_pct", 224 / 256))
    return {
        **options,
        "size": {"shortest_edge": shorter},
        "crop_size": side,
        "do_center_crop": True,
    }


def _side(size: Any, where: str) -> dict[str, int]:
    """Return sides by name: a number, or height and width, or the shortest edge."""
    if isinstance(size, int):
        return {"side": size}
    if size is None or isinstance(size, Mapping):
        return {k: v for k, v in (size or {}).items() if isinstance(v, int)}
    raise InputError(f"{where}: a size must be a number or named numbers, got {size!r}.")
