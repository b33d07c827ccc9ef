"""Networks by name, with their weights from a folder of safetensors."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from unbraid import _validate
from unbraid._documented import documented_choice
from unbraid.errors import InputError
from unbraid.responses._files import as_path, check_file
from unbraid.responses._formats._foreign import need, reading
from unbraid.responses._formats.arrays import safetensors
from unbraid.responses.pictures._preprocess import Preprocess
from unbraid.responses.stores._shards import sha256

NETWORKS = (
    "squeezenet1_1",
    "efficientnet_lite0",
    "efficientnet_lite1",
    "efficientnet_lite2",
    "resnet20_cifar10",
)


@documented_choice
@dataclass(frozen=True, eq=False)
class Network:
    """A network with what its input needs and the layers worth recording."""

    name: str
    """Its name, on pages and in ``made_by``."""
    model: Any
    """The torch module, in evaluation mode."""
    preprocess: Any
    """What turns a batch of stimuli into the model's input; None where nothing does."""
    layers: tuple[str, ...]
    """Names of the layers worth recording, in the order of the forward pass."""
    prefix: int = 0
    """Tokens before those of the image, in the outputs of a vision transformer."""
    origin: dict[str, Any] = field(default_factory=dict)
    """Where its weights and its preprocessing come from; written beside what is recorded."""

    def __repr__(self) -> str:
        return f"Network({self.name}, {len(self.layers)} layers)"


def network(name: str, weights: Any = None, *, untrained: bool = False, rng: Any = 0) -> Network:
    """Build a network of a known name: for ImageNet's pictures, or CIFAR-10's.

    Parameters
    ----------
    name : str
        ``squeezenet1_1``, ``efficientnet_lite0``, ``1``, ``2``, or ``resnet20_cifar10``.
    weights : str or Path, optional
        Folder that holds ``NAME.safetensors`` (``scripts/fetch_networks.py`` makes it), or such a
        file, or a state dict as torch saves it.
    untrained : bool
        Random weights in their place, He-normal, biases zero, drawn from ``rng``: the control.
    rng : int, Generator or None
        What random weights are drawn from; torch's own generator is not touched.

    Returns
    -------
    Network
        In evaluation mode; ``record(net, pictures, net.layers)`` records it.

    Raises
    ------
    InputError
        Unknown name; weights missing or of another network; weights and ``untrained``.

    Examples
    --------
    >>> net = network("resnet20_cifar10", untrained=True)
    >>> net.origin["weights"]
    {'untrained': True, 'seed': 0}
    """
    if name not in NETWORKS:
        raise InputError(f"There is no network {name!r}; known: {', '.join(NETWORKS)}.")
    from unbraid._torch import torch

    path = weights_file(name, weights, untrained)
    with seeded(0):  # what torch draws is replaced
        model, preprocess, layers = _build(name)
    if path is None:
        _randomise(model, rng)
    else:
        path = path / f"{name}.safetensors" if path.is_dir() else path
        _fill(model, path)
    model.to(memory_format=torch.channels_last)  # convolutions on a CPU take half the time
    origin = {"network": name, "weights": said_of(path, rng)}
    return Network(name, model.eval(), preprocess, layers, origin=origin)


def weights_file(name: str, weights: Any, untrained: bool) -> Path | None:
    """Return where weights are, or None if random ones are requested."""
    if untrained and weights is not None:
        raise InputError(f"{name}: give weights or untrained=True (--untrained), not both.")
    if weights is None and not untrained:
        raise InputError(
            f"{name} comes without weights: give weights=FILE (--weights FILE), or untrained=True "
            "(--untrained) for random ones."
        )
    return None if weights is None else as_path(weights, "weights")


def said_of(path: Path | None, rng: Any) -> dict[str, Any]:
    """Return what is said of weights: the file and its hash, or that they are random."""
    if path is None:
        return {"untrained": True, "seed": int(rng) if isinstance(rng, int | np.integer) else None}
    return {"file": path.name, "sha256": sha256(path)}


def library(name: str) -> Any:
    """Import a library of networks, which may be built for another torch."""
    from unbraid._torch import torch

    try:
        return need(name, "vision", "such a network")
    except InputError:
        raise
    except Exception as error:  # a RuntimeError of torch, mostly
        text = (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
        raise InputError(
            f"{name} does not import beside torch {torch.__version__} ({text}); install the "
            "version of torchvision that belongs to it."
        ) from None


@contextmanager
def seeded(rng: Any) -> Iterator[None]:
    """Let torch draw from one NumPy generator; its own state is as before afterwards."""
    from unbraid._torch import torch

    state = torch.random.get_rng_state()
    torch.default_generator.manual_seed(int(_validate.as_rng(rng).integers(2**63)))
    try:
        yield
    finally:
        torch.random.set_rng_state(state)


def _build(name: str) -> tuple[Any, Preprocess, tuple[str, ...]]:
    if name == "squeezenet1_1":
        from unbraid.responses.networks.architectures import squeezenet

        fires = tuple(f"fire{number}" for number in range(2, 10))
        return squeezenet.SqueezeNet(), squeezenet.PREPROCESS, ("relu1", *fires)
    if name == "resnet20_cifar10":
        from unbraid.responses.networks.architectures import cifar_resnet

        ends = tuple(f"stage_{stage}.{block}" for stage in (1, 2, 3) for block in range(3))
        return cifar_resnet.ResNet20(), cifar_resnet.PREPROCESS, ends
    from unbraid.responses.networks.architectures import efficientnet_lite

    variant = int(re.sub(r"\D", "", name))
    model = efficientnet_lite.EfficientNetLite(variant)
    blocks = tuple(f"_blocks.{i}" for i in range(len(model._blocks)))
    return model, efficientnet_lite.preprocess(variant), blocks


def read_state(path: Path) -> dict[str, Any]:
    """Return the tensors of a state dict; of torch's own files nothing but tensors is unpickled."""
    from unbraid._torch import torch

    check_file(path)
    if path.suffix == ".safetensors":
        found, _ = safetensors.read_header(path)
        return {k: torch.from_numpy(safetensors.numbers(path, t).copy()) for k, t in found.items()}
    with reading(path, "torch state dict"):
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
        state = state.get("state_dict", state)
        return {k.removeprefix("module."): v for k, v in state.items()}


def _fill(model: Any, path: Path) -> None:
    state = read_state(path)
    own = {k: v for k, v in model.state_dict().items() if not k.endswith("num_batches_tracked")}
    state = {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")}
    odd = [k for k in own if k not in state or state[k].shape != own[k].shape]
    odd += [k for k in state if k not in own]
    if odd:
        raise InputError(
            f"{path} holds other weights than {type(model).__name__}'s, e.g. {odd[0]}."
        )
    model.load_state_dict(state, strict=False)


def _randomise(model: Any, rng: Any) -> None:
    """Give every kernel He-normal weights from one NumPy generator; torch's state is untouched."""
    from unbraid._torch import torch

    rng = _validate.as_rng(rng)
    draw: Callable[..., Any] = rng.normal
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim > 1:
                sd = (2 / parameter[0].numel()) ** 0.5
                parameter.copy_(torch.from_numpy(draw(0, sd, size=tuple(parameter.shape))))
            elif name.endswith("bias"):
                parameter.zero_()
