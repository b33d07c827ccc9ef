"""torch and its parts, imported only where something needs them.

``from unbraid._torch import torch`` in place of ``import torch``: without torch it raises one line
that says what to install.
"""

from __future__ import annotations

from unbraid._optional import need_torch

need_torch()

import torch  # noqa: E402
from torch import distributed, nn  # noqa: E402
from torch.nn import functional  # noqa: E402

__all__ = ["distributed", "functional", "nn", "torch"]
