"""What an unknown configuration says of an encoder, in the common words for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from unbraid.errors import InputError
from unbraid.sparse.formats.foreign.checkpoint._settings import Settings, shorten
from unbraid.sparse.inference._encoder import Activation

_ACTIVATION = ("activation", "activation_fn", "activation_fn_str", "activation_function",
               "activation_type", "act_fn", "sae_type", "architecture", "arch", "sae_class",
               "model_class", "model_type", "type", "variant", "dict_class")  # fmt: skip
K = ("k", "top_k", "topk", "k_active", "n_active", "num_active", "sae_k")
_CENTRED = ("apply_b_dec_to_input", "subtract_b_dec", "subtract_decoder_bias", "centred")
_THRESHOLD = ("threshold", "jumprelu_threshold", "jump_relu_threshold")
_TIED = ("tied", "tied_weights", "tie_weights", "tied_decoder")
_LAYER_NORM = ("input_unit_norm",)  # (x - mean) / (sd + 1e-5) of each stimulus, sd with n - 1
_UNITS = ("d_in", "input_dim", "act_size", "activation_dim", "n_inputs", "d_vit", "in_dim",
          "input_size", "d_input", "d_act")  # fmt: skip
_SIZES = (*_UNITS, "d_model", "d_sae", "dict_size", "n_latents", "num_latents", "hidden_dim",
          "latent_dim", "n_features", "num_features", "d_hidden", "n_hidden", "n_dirs", "d_dict",
          "nb_concepts", "hidden_size", "d_latent", "n_dirs_local", "width")  # fmt: skip
_PART_OF = {"sae", "model", "architecture", "encoder", "autoencoder"}
_RUN = {"train", "training", "trainer", "data", "dataset", "wandb", "logging", "run", "eval",
        "optim", "optimizer", "scheduler", "metrics", "history", "buffer", "loss"}  # fmt: skip
_RUN_WORDS = ("wandb", "checkpoint", "optim", "sched", "warmup", "warm_up", "decay", "epoch",
              "batch", "seed", "dataset", "_path", "_dir", "log_", "eval_", "loss", "coeff",
              "learning_rate", "lr_", "_lr", "tokens", "device", "resampl", "adam", "grad",
              "checkpointing", "save_", "num_workers", "resume", "hook_", "layer_idx",
              "layer_id")  # fmt: skip
_CHANGING = ("activ", "act_fn", "norm", "scal", "thresh", "mean", "std", "center", "centre", "bias",
             "cap", "clip", "sign", "abs", "relu", "skip", "transcod", "topk", "top_k", "gate",
             "tied", "whiten", "encod", "decod", "out")  # fmt: skip
_OFF = {"none", "null", "no", ""}
_NAMES: dict[str, Activation] = {
    "relu": "relu", "standard": "relu", "vanilla": "relu", "reluskip": "relu",
    "topk": "topk", "topkrelu": "topk", "topksae": "topk", "autoencodertopk": "topk",
    "topkautoencoder": "topk", "signedtopk": "signed_topk", "abstopk": "abstopk",
    "jumprelu": "jumprelu", "jumprelusae": "jumprelu", "batchtopk": "jumprelu",
    "batchtopksae": "jumprelu", "globalmatryoshkatopk": "jumprelu", "tanhrelu": "tanh_relu",
    "relusae": "relu", "vanillasae": "relu",
    "matchingpursuit": "pursuit", "pursuit": "pursuit",
}  # fmt: skip


class Stated:
    """The settings in an unknown file or beside it, under any common name."""

    def __init__(self, parts: list[Settings]) -> None:
        self.parts = parts

    def activation(self) -> tuple[Activation | None, str]:
        """Return the activation and where it is named; one that has no rule is refused."""
        found: dict[Activation, str] = {}
        for part, name, value in self._named(_ACTIVATION):
            if value is None or isinstance(value, Mapping):
                continue
            plain = "".join(c for c in str(value).lower() if c.isalnum())
            if plain in ("sae", "sparseautoencoder", "autoencoder"):
                continue  # says nothing of the activation
            if plain not in _NAMES:
                raise InputError(
                    f"{part.where}: {name}={shorten(value)} has no rule here; read are relu, topk, "
                    "abstopk, batchtopk, jumprelu and tanh-relu. If it names none of them, and is "
                    f"none, give ignore=[{name!r}] and activation=."
                )
            found[_NAMES[plain]] = f"{name}={value!r} in {part.where}"
        if len(found) > 1:
            raise InputError(f"Two activations are named: {' and '.join(found.values())}.")
        return next(iter(found.items())) if found else (None, "")

    def k(self) -> int | None:
        """Return the number of active latents."""
        return self._one(K)

    def threshold(self) -> Any:
        """Return a threshold for all latents."""
        return self._one(_THRESHOLD)

    def centred(self) -> bool | None:
        """Return whether the output's bias is subtracted from the input."""
        return self._flag(_CENTRED)

    def tied(self) -> bool:
        """Return whether the decoder is the encoder, transposed."""
        return bool(self._flag(_TIED))

    def layer_norm(self) -> bool:
        """Return whether each stimulus is brought to mean 0 and sd 1 first."""
        return bool(self._flag(_LAYER_NORM))

    def units(self) -> set[int]:
        """Return the numbers of units that are stated."""
        return {value for _, _, value in self._named(_UNITS) if type(value) is int}

    def check_sizes(self, p: int, m: int) -> None:
        """Refuse a configuration that is another file's."""
        for part, name, value in self._named(_SIZES):
            if type(value) is int and value not in (p, m):
                raise InputError(
                    f"{part.where}: {name}={value} fits neither the {p} units nor the {m} latents "
                    "of the weights; the configuration is another file's, or the weights are a "
                    f"transcoder's. Where it means neither, give ignore=[{name!r}]."
                )

    def leave_the_rest(self) -> None:
        """Count as read what is off, or belongs to the training by its name."""
        for part in self.parts:
            for name in part:
                if _is_of_the_run(name.lower()) or _is_off(name.lower(), part.peek(name)):
                    part.leave(name)

    def _named(self, names: tuple[str, ...]) -> list[tuple[Settings, str, Any]]:
        return [
            (part, name, part.get(name)) for part in self.parts for name in names if name in part
        ]

    def _one(self, names: tuple[str, ...]) -> Any:
        found = [(p, n, v) for p, n, v in self._named(names) if v is not None]
        if any(value != found[0][2] for _, _, value in found):
            both = " and ".join(f"{name}={value!r}" for _, name, value in found)
            raise InputError(f"{found[0][0].where}: {both} are stated, and differ.")
        return found[0][2] if found else None

    def _flag(self, names: tuple[str, ...]) -> bool | None:
        value = self._one(names)
        if value is not None and not isinstance(value, bool):
            raise InputError(f"{' or '.join(names)} must be true or false, got {value!r}.")
        return value


def spread(part: Settings) -> list[Settings]:
    """Return settings with the sections that describe the model beside them; a run's are left."""
    parts = [part]
    for name in list(part):
        value = part.peek(name)
        if isinstance(value, Mapping) and name.lower() in _PART_OF:
            parts += spread(part.section(name))
        elif isinstance(value, Mapping) and name.lower() in _RUN:
            part.leave(name)
    return parts


def _is_of_the_run(name: str) -> bool:
    return any(word in f"{name}_" for word in _RUN_WORDS) and not any(
        word in name for word in _CHANGING
    )


def _is_off(name: str, value: Any) -> bool:
    """Return whether a setting that could change codes is switched off, or multiplies by one."""
    if value is None or (isinstance(value, str) and value.lower() in _OFF):
        return True
    if value is False:
        off = ("norm", "scal", "center", "centre", "cap", "clip", "skip", "transcod", "gate",
               "sign", "abs", "whiten", "glu_", "decoder_norm")  # fmt: skip
        return any(word in name for word in off)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if number and value == 1:
        return any(word in name for word in ("norm", "scal", "factor"))
    return number and value == 0 and any(word in name for word in ("mean", "center", "dropout"))
