"""The latents of a joint dictionary as a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from unbraid.sharing._joint import Joint


def table_of(result: Joint) -> pd.DataFrame:
    """Return one row per latent."""
    import pandas as pd

    seen, names = result.evidence, np.array(result.names)
    columns: dict[str, Any] = {"latent": np.arange(result.n_latents), "kind": list(seen.kind)}
    for number, name in enumerate(names):
        columns[f"share_{name}"] = seen.share[:, number]
    columns["delta"] = seen.delta()
    columns["systems"] = seen.effective()
    for number, name in enumerate(names):
        columns[f"gain_{name}"] = seen.gain[:, number]
    columns |= {"p": seen.p, "q": seen.q, "stability": seen.stability, "active": seen.active}
    if len(seen.faint):
        columns["faint_in"] = ["+".join(names[row]) for row in seen.faint]
    if result.config.values == "per system":
        columns["values_r"] = result.values_r
    return pd.DataFrame(columns)
