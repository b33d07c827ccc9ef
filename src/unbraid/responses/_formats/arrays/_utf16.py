"""Text from the codes of MATLAB's letters."""

from __future__ import annotations

import numpy as np

from unbraid.responses._formats._damaged import Damaged


def text_of(codes: np.ndarray) -> str:
    """Return the text of UTF-16 codes, or of whole letters."""
    if codes.size and codes.max() > 0x10FFFF:
        raise Damaged("no such letter")
    text = "".join(map(chr, codes))
    return text.encode("utf-16", "surrogatepass").decode("utf-16")  # halves of a letter meet
