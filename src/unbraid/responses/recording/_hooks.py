"""Forward hooks: outputs of named modules, cloned at once, and the forward pass cut short."""

from __future__ import annotations

import difflib
import fnmatch
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from unbraid.errors import InputError

OUTPUT = "output"
"""The name of what the model itself returns."""
Select = int | str | Callable[[Any], Any] | None


@dataclass(frozen=True)
class Layer:
    """One wanted output: a module and which of its calls."""

    name: str
    """As asked for, with ``@call`` if it was given."""
    module: str
    call: int | None


@dataclass(eq=False)
class Tap:
    """What the hooks saw in one forward pass."""

    outputs: dict[str, Any] = field(default_factory=dict)
    calls: dict[str, int] = field(default_factory=dict)


class _Enough(BaseException):
    """Raised when every requested output is there; no Exception, so that no model catches it."""


def choose_layers(model: Any, layers: Any) -> list[Layer]:
    """Return the layers that names, globs (``fire*``) and patterns (``re.compile``) mean."""
    if isinstance(layers, str | re.Pattern):
        layers = [layers]
    if not isinstance(layers, Sequence) or not layers:
        raise InputError(f"layers must be one or more names, globs or patterns, got {layers!r}.")
    if not hasattr(model, "named_modules"):
        if list(layers) != [OUTPUT]:
            raise InputError(f"A plain function has one layer, {OUTPUT!r}, got {list(layers)}.")
        return [Layer(OUTPUT, OUTPUT, None)]
    names = [name for name, _ in model.named_modules(remove_duplicate=False) if name]
    chosen: dict[str, Layer] = {}
    for wanted in layers:
        for layer in _matching(wanted, names):
            chosen.setdefault(layer.name, layer)
    return list(chosen.values())


def _matching(wanted: Any, names: list[str]) -> list[Layer]:
    if isinstance(wanted, re.Pattern):
        found = [Layer(name, name, None) for name in names if wanted.search(name)]
    elif isinstance(wanted, str):
        module, at, number = wanted.rpartition("@")
        if at and not number.isdigit():
            raise InputError(f"A layer's call is written name@0, name@1, ..., got {wanted!r}.")
        module, call = (module, int(number)) if at else (wanted, None)
        same = [module] if module in names or module == OUTPUT else fnmatch.filter(names, module)
        found = [Layer(f"{name}@{call}" if at else name, name, call) for name in same]
    else:
        raise InputError(f"A layer is a name, a glob or a pattern, got {type(wanted).__name__}.")
    if not found:
        text = wanted.pattern if isinstance(wanted, re.Pattern) else wanted
        close = difflib.get_close_matches(str(text), names, n=3) or names[:6]
        raise InputError(f"The model has no layer {text!r}; it has e.g. {', '.join(close)}.")
    return found


def select_part(output: Any, how: Select, layer: str) -> Any:
    """Return the one tensor of a module's output that is meant."""
    from unbraid._torch import torch

    if callable(how):
        output = how(output)
    elif how is not None:
        try:
            output = getattr(output, how) if _has(output, how) else output[how]  # type: ignore[arg-type]
        except (KeyError, IndexError, TypeError, AttributeError):
            raise InputError(f"{layer} has no part {how!r}; it gives {_sketch(output)}.") from None
    if isinstance(output, tuple | list) and len(output) == 1:
        output = output[0]  # nothing else can be meant
    if not isinstance(output, torch.Tensor):
        raise InputError(
            f"{layer} gives {_sketch(output)}, not one tensor. Say which part is meant: "
            f"select={{{layer!r}: 0}} (a number, a name or a function)."
        )
    return output


@contextmanager
def tapped(
    model: Any, layers: Sequence[Layer], keep: Callable[[Layer, Any], Any], *, stop: bool
) -> Iterator[Tap]:
    """Attach hooks that store what ``keep`` returns of each layer, and remove them afterwards.

    ``keep`` runs inside the hook, before a later in-place operation can change the output. With
    ``stop``, the pass ends after the last wanted output: run it with ``run(model, inputs)``.
    """
    tap = Tap()
    inside = [layer for layer in layers if layer.module != OUTPUT]
    wanted = {layer.name for layer in layers}

    def hook_of(module: str) -> Callable[..., None]:
        mine = [layer for layer in inside if layer.module == module]

        def hook(_module: Any, _inputs: Any, output: Any) -> None:
            call = tap.calls.get(module, 0)
            tap.calls[module] = call + 1
            for layer in mine:
                if layer.call is None or layer.call == call:
                    tap.outputs[layer.name] = keep(layer, output)
            if stop and wanted <= tap.outputs.keys():
                raise _Enough

        return hook

    handles = []
    modules = dict(model.named_modules(remove_duplicate=False)) if inside else {}
    try:
        for name in dict.fromkeys(layer.module for layer in inside):
            _check_hookable(modules[name], name)
            handles.append(modules[name].register_forward_hook(hook_of(name)))
        yield tap
    finally:
        for handle in handles:
            handle.remove()


def run(model: Any, inputs: Any, tap: Tap, layers: Sequence[Layer], keep: Any) -> None:
    """Run one forward pass; inputs are a tensor, a tuple of arguments or named arguments."""
    from unbraid._torch import torch

    arguments = inputs if isinstance(inputs, tuple) else (inputs,)
    try:
        with torch.inference_mode():
            output = model(**inputs) if isinstance(inputs, Mapping) else model(*arguments)
    except _Enough:
        return
    for layer in layers:
        if layer.module == OUTPUT:
            tap.outputs[layer.name] = keep(layer, output)


def _check_hookable(module: Any, name: str) -> None:
    from unbraid._torch import torch

    if isinstance(module, torch.jit.ScriptModule):
        raise InputError(
            f"Layer {name!r} is compiled by TorchScript, which runs no hooks. Record the module "
            f"that was scripted or traced, or {OUTPUT!r}."
        )


def _has(output: Any, how: Any) -> bool:
    return isinstance(how, str) and not isinstance(output, dict) and hasattr(output, how)


def _sketch(output: Any) -> str:
    if isinstance(output, Mapping):
        return f"{type(output).__name__} with {', '.join(str(key) for key in output)}"
    if isinstance(output, tuple | list):
        shapes = [str(tuple(p.shape)) if hasattr(p, "shape") else type(p).__name__ for p in output]
        return f"a {type(output).__name__} of {', '.join(shapes)}"
    return f"a {type(output).__name__}"
