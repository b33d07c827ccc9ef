"""The method of a dictionary that another library trained."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from unbraid.errors import InputError
from unbraid.sparse._method import Method

if TYPE_CHECKING:
    from unbraid.sparse._dictionary import Dictionary
    from unbraid.sparse._log import Log


class Imported(Method):
    """Where an imported dictionary comes from. It names a past training and cannot repeat it."""

    can_learn: ClassVar[bool] = False

    library: str
    """The layout it was read from, as ``load_foreign`` calls it."""
    architecture: str
    """What that library calls its kind of autoencoder."""
    source: str = ""
    """Name of the file or folder."""
    layer: str = ""
    """The layer that it was trained on, where the file names it."""
    notes: tuple[str, ...] = ()
    """What the layout says that the dictionary does not do by itself."""
    unread: tuple[str, ...] = ()
    """Tensors and settings of the file that were not used: they change no code."""

    def with_unread(self, names: tuple[str, ...], layer: str = "") -> Imported:
        """Return the same, with what was left unread and the layer that the file names."""
        return Imported(**{**self.model_dump(), "unread": names, "layer": layer})

    def learn(self, x: np.ndarray, rng: np.random.Generator, log: Log) -> Dictionary:  # noqa: ARG002
        """Refuse: the options of the training are the other library's."""
        raise self._refusal()

    def untrained(self, x: np.ndarray, rng: np.random.Generator) -> Dictionary:  # noqa: ARG002
        """Refuse, for the same reason."""
        raise self._refusal()

    def _refusal(self) -> InputError:
        return InputError(
            f"Imported names a dictionary that {self.library} trained; it cannot be fitted again. "
            "Choose a method such as TopK(k=32, expansion=4)."
        )
