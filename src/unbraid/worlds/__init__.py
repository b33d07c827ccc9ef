"""Systems whose features are known, so that what is measured can be checked against the truth."""

from unbraid.worlds.canvases import Canvases, CanvasSplit, HandwrittenCanvases
from unbraid.worlds.naming_networks import NamingNetwork, NamingNetworks, NamingWorld

__all__ = [
    "CanvasSplit",
    "Canvases",
    "HandwrittenCanvases",
    "NamingNetwork",
    "NamingNetworks",
    "NamingWorld",
]
