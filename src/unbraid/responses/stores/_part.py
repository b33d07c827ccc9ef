"""Some rows of a store, which stay on disk."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from unbraid.responses.stores._store import Store


@dataclass(frozen=True, eq=False)
class StorePart:
    """Some rows of a store, read where they are asked for."""

    store: Store
    index: np.ndarray
    """(n,) their numbers in the store."""

    def __len__(self) -> int:
        return len(self.index)

    @property
    def shape(self) -> tuple[int, int]:
        """Stimuli and units."""
        return len(self.index), self.store.shape[1]

    @property
    def dtype(self) -> np.dtype:
        """Type of the numbers on disk."""
        return self.store.dtype

    @property
    def shards(self) -> tuple[np.ndarray, ...]:
        """The store's memory maps."""
        return self.store.shards

    def rows(self, index: Any) -> np.ndarray:
        """Return the rows of these numbers among the part's."""
        return self.store.rows(self.index[np.asarray(index, dtype=np.int64)])
