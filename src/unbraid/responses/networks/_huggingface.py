"""Models of Hugging Face's transformers, vision and text, from a local folder; no pickles."""

from __future__ import annotations

import json
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unbraid.errors import InputError
from unbraid.responses._files import as_path, parse_json
from unbraid.responses._formats._foreign import need, reading
from unbraid.responses.networks._zoo import Network, said_of, seeded
from unbraid.responses.pictures._processor import image_preprocess

_PREFIXES = ("cls_token", "distillation_token", "dist_token", "register_tokens", "reg_token")


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


def huggingface(folder: Any, *, tokens: int = 64, untrained: bool = False, rng: Any = 0) -> Network:
    """Open a transformers model in a local folder, with its preprocessing and its blocks.

    Parameters
    ----------
    folder : str or Path
        As ``save_pretrained`` writes it: ``config.json``, weights in ``.safetensors``, and
        ``preprocessor_config.json`` (images) or a tokenizer (text).
    tokens : int
        Texts are cut or padded to so many tokens.
    untrained : bool
        Random weights in place of the folder's, as transformers starts them from ``rng``.
    rng : int or Generator
        What random weights are drawn from; torch's own generator is not touched.

    Returns
    -------
    Network
        ``layers`` are the model's blocks. Their outputs are (batch, tokens, channels): use
        ``ClassToken()``, ``ChannelMean()`` or ``Positions()``.

    Raises
    ------
    InputError
        Not such a folder; weights only as a pickle, or missing; an image processor whose rule is
        not known.

    Warns
    -----
    RuntimeWarning
        Weights that the folder holds and its configuration has no place for (other than heads).

    Notes
    -----
    Nothing is downloaded, no code of the folder is run. Images are prepared by ``Preprocess`` as
    the folder's image processor does with Pillow. A pooler without weights in the folder, which
    transformers would start at random, is taken out.
    Of a model of images and texts (CLIP) the tower is opened that the folder prepares stimuli for,
    images first. A short text's padding has outputs, too: ``ChannelMean()`` and ``Positions()``
    take them along, ``ClassToken()`` does not; give texts of one length, or ``tokens`` that fits.

    Examples
    --------
    >>> huggingface("no-model")
    Traceback (most recent call last):
    ...
    unbraid.errors.InputError: no-model is not a folder of a transformers model (no config.json).
    """
    path = as_path(folder, "folder")
    if not (path / "config.json").is_file():
        raise InputError(f"{path} is not a folder of a transformers model (no config.json).")
    files = sorted(path.glob("*.safetensors"))
    if not files and not untrained:
        raise InputError(f"{path} has no .safetensors weights; pickled ones are never opened.")
    transformers = need("transformers", "hf", "a transformers model")
    origin: dict[str, Any] = {"network": path.name, "transformers": transformers.__version__}
    with reading(path, "transformers"), seeded(rng):
        model, info = _model(path, transformers, untrained)
    preprocess = _preprocess(path, transformers, tokens)
    tower = "text_model" if isinstance(preprocess, Tokens) else "vision_model"
    whole, model = model, getattr(model, tower, model)  # of two towers (CLIP's) the one for images
    if untrained:
        origin["weights"] = said_of(None, rng)
    else:
        origin["weights"] = [said_of(file, rng) for file in files]
        origin["not used"] = _check_weights(path, whole, model, info)
    return Network(path.name, model.eval(), preprocess, blocks(model), prefix(model), origin)


def _model(path: Path, transformers: Any, untrained: bool) -> tuple[Any, dict[str, Any]]:
    """Return the model, and what transformers says of loading its weights."""
    local = {"local_files_only": True, "trust_remote_code": False}
    if untrained:
        config = transformers.AutoConfig.from_pretrained(str(path), **local)
        return transformers.AutoModel.from_config(config, trust_remote_code=False), {}
    model, info = transformers.AutoModel.from_pretrained(
        str(path), use_safetensors=True, output_loading_info=True, **local
    )
    return model, info


def _check_weights(path: Path, whole: Any, model: Any, info: Mapping[str, Any]) -> list[str]:
    """Refuse weights that would be random, tell those that are not used, and return them."""
    own = {id(parameter) for parameter in [*model.parameters(), *model.buffers()]}
    places = {**dict(whole.named_parameters()), **dict(whole.named_buffers())}
    absent = {*info["missing_keys"], *(key for key, *_ in info["mismatched_keys"])}
    absent = {key for key in absent if key not in places or id(places[key]) in own}
    if getattr(model, "pooler", None) is not None:
        names = {id(parameter) for parameter in model.pooler.parameters()}
        pooler = {key for key in absent if key in places and id(places[key]) in names}
        if pooler:
            model.pooler = None
            absent -= pooler
    if absent:
        raise InputError(
            f"{path} has no weights for {len(absent)} of the model's parameters, e.g. "
            f"{min(absent)}; untrained=True (--untrained) makes all of them random."
        )
    unused = sorted(info["unexpected_keys"])
    base = f"{whole.base_model_prefix}."
    parts = {name for name, _ in whole.named_children()}
    inside = [key for key in unused if key.removeprefix(base).partition(".")[0] in parts]
    if inside:
        warnings.warn(
            f"{path} holds {len(inside)} weights that its configuration has no place for, e.g. "
            f"{inside[0]}.",
            RuntimeWarning,
            stacklevel=4,
        )
    return unused


def prefix(model: Any) -> int:
    """Return how many tokens of a vision transformer stand before those of the image."""
    named = {name.rpartition(".")[2]: p for name, p in model.named_parameters()}
    return sum(named[name].shape[-2] for name in _PREFIXES if name in named)


def blocks(model: Any) -> tuple[str, ...]:
    """Return the names of a model's blocks: the members of its longest list of modules."""
    from unbraid._torch import torch

    lists = {n: m for n, m in model.named_modules() if isinstance(m, torch.nn.ModuleList)}
    if not lists:
        return tuple(name for name, _ in model.named_children())
    longest = max(lists, key=lambda name: len(lists[name]))
    return tuple(f"{longest}.{i}" for i in range(len(lists[longest])))


def _preprocess(path: Path, transformers: Any, tokens: int) -> Any:
    if _sees(path):
        with reading(path, "transformers image processor"):
            processor = transformers.AutoImageProcessor.from_pretrained(
                str(path), local_files_only=True, trust_remote_code=False
            )
            options = json.loads(processor.to_json_string())
        return image_preprocess(options, f"{path}'s image processor")
    with reading(path, "transformers tokenizer"):
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            str(path), local_files_only=True, trust_remote_code=False
        )
    return Tokens(tokenizer, tokens)


def _sees(path: Path) -> bool:
    """Return whether a folder prepares images."""
    whole = path / "processor_config.json"  # of several processors at once
    if whole.is_file():
        options = parse_json(whole.read_bytes(), str(whole))
        if isinstance(options, dict) and "image_processor" in options:
            return True
    return (path / "preprocessor_config.json").is_file()
